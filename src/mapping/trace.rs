//! One row, field by field: what came from where, for a person who wants to know why.

use adapter::{Cell, Rows};

use super::apply::Bound;
use super::rule::{Part, Rule, Source};
use super::{Found, Item};
use crate::schema::Reason;

/// What one item of a row became, and how.
#[derive(Debug)]
pub struct Trace {
    pub item: Item,
    pub fields: Vec<FieldTrace>,
}

/// What one field became, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldTrace {
    /// Standard name and Chinese name.
    pub field: String,
    pub label: String,
    /// The columns read, with what the source gave, as it came; none: absent.
    pub columns: Vec<(String, Option<String>)>,
    /// The rule as written.
    pub rule: String,
    /// Where the rule stands, e.g. `ezhou/award:12`.
    pub place: String,
    pub result: Option<String>,
    pub reasons: Vec<Reason>,
}

impl Bound<'_> {
    /// Maps a row as [`Bound::apply`] does, and tells what every rule read and made.
    pub fn trace(&self, rows: &Rows, row: usize, found: &Found, read_us: i64) -> Vec<Trace> {
        let mut items = Vec::new();
        self.apply(rows, row, found, read_us, &mut items);
        let mapping = self.mapping;
        // By item: what its element has under each slot that differs from element to element.
        let mut elements: Vec<Vec<(usize, String)>> = Vec::new();
        self.elements(rows, row, None, |cx, _| {
            elements.push(cx.element.iter().map(|(slot, text)| (*slot, (*text).to_owned())).collect());
        });
        let explain = |item: &Item, element: &[(usize, String)]| {
            let rules = mapping.rules.iter().filter(|_| !item.filtered);
            let fields = rules.map(|rule| {
                let field = &mapping.dataset.fields[rule.field];
                let mut slots = Vec::new();
                read_by(&rule.rule, self, &mut slots);
                slots.dedup();
                FieldTrace {
                    field: field.name.clone(),
                    label: field.name_zh.clone(),
                    columns: slots.into_iter().map(|slot| self.given(rows, row, element, slot)).collect(),
                    rule: rule.written.clone(),
                    place: rule.place.clone(),
                    result: item.draft.get(rule.field).map(str::to_owned),
                    reasons: item.reasons.iter().filter(|r| r.field == field.name).cloned().collect(),
                }
            });
            fields.collect()
        };
        items
            .into_iter()
            .zip(&elements)
            .map(|(item, element)| Trace { fields: explain(&item, element), item })
            .collect()
    }

    fn given(&self, rows: &Rows, row: usize, element: &[(usize, String)], slot: usize) -> (String, Option<String>) {
        let name = self.mapping.names[slot].text.clone();
        if let Some((_, text)) = element.iter().find(|(s, _)| *s == slot) {
            return (name, Some(text.clone()));
        }
        let cell = self.at.get(slot).map_or(Cell::Absent, |column| rows.row(row).cell(*column));
        let given = match cell {
            Cell::Absent => None,
            Cell::Text(text) => Some(text.to_owned()),
            Cell::Bytes(bytes) => Some(format!("{bytes:02X?}")),
        };
        (name, given)
    }
}

/// The slots that a rule reads, in order.
fn read_by(rule: &Rule, bound: &Bound<'_>, slots: &mut Vec<usize>) {
    match &rule.source {
        Source::Column(slot) | Source::Present { column: slot, .. } => slots.push(*slot),
        Source::First(all) => slots.extend(all),
        Source::Const(_) => {}
        Source::Concat { parts, .. } => slots.extend(parts.iter().filter_map(|part| match part {
            Part::Column(slot) => Some(*slot),
            Part::Literal(_) => None,
        })),
        Source::Expression(expression) => slots.extend(expression.slots()),
        Source::Field(field) => {
            if let Some(rule) = bound.mapping.rule_of(*field) {
                read_by(&rule.rule, bound, slots);
            }
        }
        Source::Lookup(number) => {
            for value in &bound.mapping.lookup_values[*number] {
                read_by(value, bound, slots);
            }
        }
    }
}
