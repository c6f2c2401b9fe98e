//! One row, field by field: what came from where, for a person who wants to know why.

use adapter::{Cell, Rows};
use chrono::{DateTime, FixedOffset};

use super::apply::Bound;
use super::convert::money::MoneyUnit;
use super::rule::{Convert, IN_TEN_THOUSAND, Part, Rule, Source, UnitField, lookup_value};
use super::{FieldRule, Found, Given, Item, Mapping};
use crate::schema::Reason;

/// What one item of a row became, and how.
#[derive(Debug)]
pub struct Trace {
    pub item: Item,
    /// The version as a person reads it: a time of Beijing, or the number; none where the mapping names no version.
    pub version: Option<String>,
    pub fields: Vec<FieldTrace>,
    /// Codes that are assigned when the record is stored; not those that the source has already.
    pub assigned: Vec<Assigned>,
    pub stamped: Vec<Stamped>,
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
    /// The unit of an amount or area in the record.
    pub unit: Option<&'static str>,
    /// What is looked up for it.
    pub lookup: Option<LookedUp>,
    pub reasons: Vec<Reason>,
}

/// A look-up of one field of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookedUp {
    /// Its number in [`Mapping::lookups`].
    pub number: usize,
    /// The value looked for, `schema::index_value`; none where a column of `where` is empty, so that nothing is looked up.
    pub value: Option<String>,
    /// The rule's `default`.
    pub default: Option<String>,
}

/// A code that will be assigned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assigned {
    pub field: String,
    pub label: String,
    pub rule: String,
    pub place: String,
    /// The fields whose values own the code, with these values.
    pub by: Vec<(String, Option<String>)>,
    /// True: one code for each element.
    pub list: bool,
    pub class: String,
    pub platform: String,
}

/// A field that gets the time of storing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    pub field: String,
    pub label: String,
    pub rule: String,
    pub place: String,
}

impl Bound<'_> {
    /// Maps a row as [`Bound::apply`] does, and tells what every rule read and made.
    pub fn trace(&self, rows: &Rows, row: usize, found: &Found, read_us: i64) -> Vec<Trace> {
        let mut items = Vec::new();
        self.apply(rows, row, found, read_us, &mut items);
        let mapping = self.mapping;
        // By item: what its element has under each slot that differs from element to element.
        let mut elements: Vec<Element> = Vec::new();
        self.elements(rows, row, None, |cx, _| {
            let cells = cx.element.iter().map(|(slot, text)| (*slot, (*text).to_owned())).collect();
            let looked_for = (0..mapping.lookups.len()).map(|number| lookup_value(number, cx)).collect();
            elements.push(Element { cells, looked_for });
        });
        let explain = |item: &Item, element: &Element| {
            let rules = mapping.rules.iter().filter(|_| !item.filtered);
            let fields = rules.map(|rule| {
                let field = &mapping.dataset.fields[rule.field];
                let mut slots = Vec::new();
                read_by(&rule.rule, self, &mut slots);
                slots.dedup();
                let lookup = match rule.rule.source {
                    Source::Lookup(number) => {
                        let value = element.looked_for[number].clone();
                        Some(LookedUp { number, value, default: rule.rule.default.clone() })
                    }
                    _ => None,
                };
                FieldTrace {
                    field: field.name.clone(),
                    label: field.name_zh.clone(),
                    columns: slots.into_iter().map(|slot| self.given(rows, row, &element.cells, slot)).collect(),
                    rule: rule.written.clone(),
                    place: rule.place.clone(),
                    result: item.draft.get(rule.field).map(str::to_owned),
                    unit: item.draft.get(rule.field).and_then(|_| unit(rule, item)),
                    lookup,
                    reasons: item.reasons.iter().filter(|r| r.field == field.name).cloned().collect(),
                }
            });
            fields.collect()
        };
        items
            .into_iter()
            .zip(&elements)
            .map(|(item, element)| Trace {
                version: mapping.version_shown(item.version),
                fields: explain(&item, element),
                assigned: mapping.assigned(&item),
                stamped: mapping.stamped(&item),
                item,
            })
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

/// What one element of a row has of its own.
struct Element {
    /// By slot.
    cells: Vec<(usize, String)>,
    /// By look-up.
    looked_for: Vec<Option<String>>,
}

/// The unit in which an amount or area stands in the record.
fn unit(rule: &FieldRule, item: &Item) -> Option<&'static str> {
    match (&rule.rule.convert, rule.unit) {
        (Convert::Money { into: Some(into), .. }, _) => Some(into.name()),
        (Convert::Money { .. }, UnitField::Read(unit)) if item.draft.get(unit) == Some(IN_TEN_THOUSAND) => {
            Some(MoneyUnit::TEN_THOUSAND.name())
        }
        (Convert::Money { .. }, _) => Some(MoneyUnit::YUAN.name()),
        (Convert::Area { into, .. }, _) => Some(into.name()),
        _ => None,
    }
}

impl Mapping {
    fn version_shown(&self, version: i64) -> Option<String> {
        let beijing = FixedOffset::east_opt(8 * 3600)?;
        match self.version.as_ref()?.forms {
            Some(_) if version != 0 => {
                let at = DateTime::from_timestamp_micros(version)?.with_timezone(&beijing);
                Some(at.format("%Y-%m-%d %H:%M:%S").to_string())
            }
            _ => Some(version.to_string()),
        }
    }

    fn assigned(&self, item: &Item) -> Vec<Assigned> {
        let fields = &self.dataset.fields;
        let open = self.assigns.iter().filter(|a| !item.filtered && item.draft.get(a.field).is_none());
        let part = |given: &Given| match given {
            Given::Const(text) => text.clone(),
            Given::Field(field) => item.draft.get(*field).unwrap_or_default().to_owned(),
            Given::Item(at) => item.given.get(*at).cloned().unwrap_or_default(),
        };
        open.map(|assign| {
            let (rule, place) = self.written(assign.field);
            Assigned {
                field: fields[assign.field].name.clone(),
                label: fields[assign.field].name_zh.clone(),
                rule,
                place,
                by: assign
                    .by
                    .iter()
                    .map(|f| (fields[*f].name.clone(), item.draft.get(*f).map(str::to_owned)))
                    .collect(),
                list: assign.list,
                class: part(&assign.class),
                platform: part(&assign.platform),
            }
        })
        .collect()
    }

    fn stamped(&self, item: &Item) -> Vec<Stamped> {
        let stamps = self.stamps.iter().filter(|_| !item.filtered);
        stamps
            .map(|stamp| {
                let ((rule, place), field) = (self.written(*stamp), &self.dataset.fields[*stamp]);
                Stamped { field: field.name.clone(), label: field.name_zh.clone(), rule, place }
            })
            .collect()
    }

    fn written(&self, field: usize) -> (String, String) {
        let later = self.later.iter().find(|later| later.field == field);
        later.map(|later| (later.written.clone(), later.place.clone())).unwrap_or_default()
    }
}

/// The slots that a rule reads, in order.
fn read_by(rule: &Rule, bound: &Bound<'_>, slots: &mut Vec<usize>) {
    if let Convert::Money { unit_from: Some(unit), .. } = &rule.convert {
        read_source(rule, bound, slots);
        read_by(unit, bound, slots);
    } else {
        read_source(rule, bound, slots);
    }
}

fn read_source(rule: &Rule, bound: &Bound<'_>, slots: &mut Vec<usize>) {
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
