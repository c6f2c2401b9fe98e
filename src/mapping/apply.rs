//! A row's way through a mapping: bound to a source's columns once, then one pass a row.

use std::collections::BTreeSet;

use adapter::Rows;

use super::convert::Problem;
use super::convert::datetime::Civil;
use super::convert::decimal::leading;
use super::convert::money::MoneyUnit;
use super::row::{Context, NOWHERE};
use super::rule::{IN_TEN_THOUSAND, IN_YUAN, UnitField, lookup_value};
use super::{FieldRule, Found, Given, Item, Mapping, MissingColumn, Version, WhenLost};
use crate::diagnostic::nearest;
use crate::schema::{Draft, Level, Reason, ReasonCode, index_value};

/// A version later than the moment of reading by more than this is a typing error: a day.
const AHEAD_MAX_US: i64 = 86_400_000_000;

/// A mapping with its columns found in a source's rows.
#[derive(Debug)]
pub struct Bound<'m> {
    pub(super) mapping: &'m Mapping,
    /// Slot → column of the rows.
    pub(super) at: Vec<usize>,
}

impl Mapping {
    /// Finds the mapping's columns among the source's.
    ///
    /// `declared`: the names are the source's own complete header, so that a name that is not among them is wrong; else
    /// (JSON, XML) it may come with a later row, and counts as empty.
    pub fn bind(&self, columns: &[String], declared: bool) -> Result<Bound<'_>, Vec<MissingColumn>> {
        let mut missing = Vec::new();
        let at = self.names.iter().map(|name| {
            let found = columns.iter().position(|column| *column == name.text);
            // A header typed with a blank or a byte order mark before its name is that name.
            let found = found.or_else(|| columns.iter().position(|column| super::rule::key_of(column) == name.text));
            if found.is_none() && declared && !name.made {
                missing.push(MissingColumn {
                    name: name.text.clone(),
                    nearest: nearest(&name.text, columns.iter().map(String::as_str)).map(str::to_owned),
                    file: name.file.clone(),
                    line: name.line,
                    column: name.column,
                });
            }
            found.unwrap_or(NOWHERE)
        });
        let at = at.collect();
        if missing.is_empty() { Ok(Bound { mapping: self, at }) } else { Err(missing) }
    }
}

impl Bound<'_> {
    pub fn mapping(&self) -> &Mapping {
        self.mapping
    }

    /// The distinct values that the rows' look-ups look for, by look-up, canonical (`schema::index_value`).
    pub fn needs(&self, rows: &Rows, _read_us: i64) -> Vec<BTreeSet<String>> {
        let mut needs = vec![BTreeSet::new(); self.mapping.lookups.len()];
        if needs.is_empty() {
            return needs;
        }
        for row in 0..rows.len() {
            if rows.row(row).fault().is_some() {
                continue;
            }
            self.elements(rows, row, None, |cx, state| {
                if matches!(state, State::Filtered | State::Unwanted) {
                    return;
                }
                for (number, values) in needs.iter_mut().enumerate() {
                    if let Some(value) = lookup_value(number, cx) {
                        values.insert(value);
                    }
                }
            });
        }
        needs
    }

    /// Everything that this row makes: one filtered item where `when` is false or `each` is empty, else one item an
    /// element. `read_us` is the moment of reading, in UTC microseconds, against which a version is judged.
    pub fn apply(&self, rows: &Rows, row: usize, found: &Found, read_us: i64, items: &mut Vec<Item>) {
        let mut element = 0;
        self.elements(rows, row, Some(found), |cx, state| {
            let mut item = Item { row: row as u32, element, ..Item::default() };
            element += 1;
            match state {
                State::Filtered | State::Unwanted => {
                    item.filtered = true;
                    self.key_only(cx, &mut item);
                    self.order(cx, read_us, &mut item);
                    item.reasons.clear();
                    if matches!(state, State::Unwanted) && self.mapping.when_lost == WhenLost::Keep {
                        item.group = None;
                    }
                }
                State::Taken(problem) => {
                    if let Some((setting, problem)) = problem {
                        self.reasons([problem].into_iter(), setting, "", self.mapping.name(), &mut item);
                    }
                    self.fill(cx, &mut item);
                    self.order(cx, read_us, &mut item);
                    self.withdrawal(cx, &mut item);
                }
            }
            items.push(item);
        });
    }

    /// Identity and version of a row that makes one item at most, and nothing else of it; none where one of them can't
    /// be read.
    pub fn identified(&self, rows: &Rows, row: usize, read_us: i64) -> Option<Item> {
        let mut cx = Context::new(self.mapping, rows.row(row), &self.at, &rows.encoding);
        let mut item = Item { row: row as u32, ..Item::default() };
        self.order(&mut cx, read_us, &mut item);
        (item.reasons.is_empty() && item.identity.is_some()).then_some(item)
    }

    /// Calls `each` for every element of the row, or once where the mapping has no `each` or filters the row.
    pub(super) fn elements(
        &self,
        rows: &Rows,
        row: usize,
        found: Option<&Found>,
        mut visit: impl FnMut(&mut Context<'_>, State),
    ) {
        let mapping = self.mapping;
        let mut cx = Context::new(mapping, rows.row(row), &self.at, &rows.encoding);
        cx.found = found;
        let state = match &mapping.when {
            Some(when) => State::of(when.holds(&mut cx)),
            None => State::Taken(None),
        };
        let Some(each) = &mapping.each else { return visit(&mut cx, state) };
        if matches!(state, State::Filtered) {
            return visit(&mut cx, State::Unwanted);
        }
        let elements = each.elements(&cx);
        if elements.list.is_empty() {
            return visit(&mut cx, State::Filtered);
        }
        for (n, cells) in elements.list.iter().enumerate() {
            let number = (n + 1).to_string();
            let mut cells = cells.clone();
            cells.extend(each.number.map(|slot| (slot, number.as_str())));
            let mut cx = Context::new(mapping, rows.row(row), &self.at, &rows.encoding);
            cx.found = found;
            cx.element = &cells;
            let own = match (&elements.problem, &each.when) {
                (Some(problem), _) => State::Taken(Some(("each", problem.clone()))),
                (None, Some(when)) => State::of(when.holds(&mut cx)),
                (None, None) => State::Taken(None),
            };
            let state = match (&state, own) {
                (State::Taken(Some(problem)), State::Taken(None)) => State::Taken(Some(problem.clone())),
                (_, own) => own,
            };
            visit(&mut cx, state);
        }
    }

    /// Fills every field.
    pub(super) fn fill(&self, cx: &mut Context<'_>, item: &mut Item) {
        let mapping = self.mapping;
        item.draft = Draft::new(mapping.dataset.fields.len());
        for rule in &mapping.rules {
            self.fill_one(rule, cx, item);
        }
        for (number, rule) in mapping.given.iter().enumerate() {
            let mut given = String::new();
            rule.eval(cx, &mut given);
            let problems = std::mem::take(&mut cx.problems);
            if !problems.is_empty() {
                let is_part = |part: &Given| *part == Given::Item(number);
                let assign = mapping.assigns.iter().find(|a| is_part(&a.class) || is_part(&a.platform));
                let field = assign.map(|assign| &mapping.dataset.fields[assign.field]);
                let (name, label) = field.map_or(("", ""), |field| (&field.name, &field.name_zh));
                self.reasons(problems.into_iter(), name, label, mapping.name(), item);
            }
            item.given.push(given);
        }
        item.waits = std::mem::take(&mut cx.waits);
        item.looked_at = std::mem::take(&mut cx.looked_at);
        if item.waits.is_empty() {
            for assign in &mapping.assigns {
                self.assignable(assign, item);
            }
        }
    }

    pub(super) fn fill_one(&self, rule: &FieldRule, cx: &mut Context<'_>, item: &mut Item) {
        if let UnitField::Read(unit) = rule.unit {
            cx.unit = match item.draft.get(unit) {
                Some(IN_TEN_THOUSAND) => MoneyUnit::TEN_THOUSAND,
                _ => MoneyUnit::YUAN,
            };
        }
        let waits = cx.waits.len();
        item.draft.write(rule.field, |out| rule.rule.eval(cx, out));
        if cx.waits.len() > waits {
            item.failed.push(rule.field);
        }
        match rule.unit {
            UnitField::Set(unit) | UnitField::Read(unit)
                if item.draft.get(rule.field).is_some() && item.draft.get(unit).is_none() =>
            {
                item.draft.set(unit, IN_YUAN);
            }
            _ => {}
        }
        if !cx.problems.is_empty() {
            let field = &self.mapping.dataset.fields[rule.field];
            let problems = std::mem::take(&mut cx.problems);
            if problems.iter().any(|problem| problem.level == Level::Refuse) {
                item.failed.push(rule.field);
            }
            self.reasons(problems.into_iter(), &field.name, &field.name_zh, &rule.place, item);
        }
    }

    /// A code can be assigned only to values that are there.
    fn assignable(&self, assign: &super::Assign, item: &mut Item) {
        if item.draft.get(assign.field).is_some() {
            return;
        }
        let fields = &self.mapping.dataset.fields;
        let empty = assign.by.iter().find(|by| item.draft.get(**by).is_none());
        if let Some(by) = empty.copied().filter(|by| !item.failed.contains(by)) {
            let (field, by) = (&fields[assign.field], &fields[by]);
            let by = format!("{}（{}）", by.name_zh, by.name);
            let problem = Problem::new(ReasonCode::AssignEmpty, "", &[&by]);
            item.failed.push(assign.field);
            self.reasons([problem].into_iter(), &field.name, &field.name_zh, self.mapping.name(), item);
        }
    }

    /// Of a filtered row only what finds its record is made: the key, where the source names no identity.
    fn key_only(&self, cx: &mut Context<'_>, item: &mut Item) {
        let mapping = self.mapping;
        if !mapping.identity.is_empty() || mapping.each.is_some() {
            return;
        }
        item.draft = Draft::new(mapping.dataset.fields.len());
        for rule in mapping.rules.iter().filter(|rule| mapping.dataset.key.contains(&rule.field)) {
            item.draft.write(rule.field, |out| rule.rule.eval(cx, out));
            cx.problems.clear();
            cx.waits.clear();
            cx.looked_at.clear();
        }
    }

    /// Identity and version.
    fn order(&self, cx: &mut Context<'_>, read_us: i64, item: &mut Item) {
        let mapping = self.mapping;
        if !mapping.identity.is_empty() {
            self.identify(cx, item);
        }
        if let Some(version) = &mapping.version {
            match version.read(cx, read_us) {
                (at, None) => item.version = at,
                (at, Some(problem)) => {
                    item.version = at;
                    self.reasons([problem].into_iter(), &version.name, "", mapping.name(), item);
                }
            }
        }
    }

    fn identify(&self, cx: &mut Context<'_>, item: &mut Item) {
        let parts = &self.mapping.identity;
        let number = self.mapping.each.as_ref().and_then(|each| each.number);
        let unnamed = cx.element.iter().all(|(slot, text)| text.is_empty() || Some(*slot) == number);
        let mut values = Draft::new(parts.len());
        for (i, part) in parts.iter().enumerate() {
            let told = cx.problems.len();
            values.write(i, |out| part.rule.eval(cx, out));
            // A filtered row of `each` has no element to name, nor has one that could not be cut into elements.
            let nameless = part.element && unnamed;
            if values.get(i).is_none() && cx.problems.len() == told && !nameless {
                cx.problems.push(Problem::new(ReasonCode::IdentityEmpty, "", &[&part.name]));
            }
            let problems = std::mem::take(&mut cx.problems);
            self.reasons(problems.into_iter(), &part.name, "", self.mapping.name(), item);
        }
        let whole = |wanted: &dyn Fn(usize) -> bool| {
            let chosen: Vec<usize> = (0..parts.len()).filter(|i| wanted(*i)).collect();
            let there = chosen.iter().all(|i| values.get(*i).is_some());
            there.then(|| index_value(chosen.iter().map(|i| values.get(*i))))
        };
        item.identity = whole(&|_| true);
        if self.mapping.each.is_some() {
            item.group = whole(&|i| !parts[i].element);
        }
    }

    fn withdrawal(&self, cx: &mut Context<'_>, item: &mut Item) {
        let Some(condition) = &self.mapping.withdraw_when else { return };
        match condition.holds(cx) {
            Ok(withdraw) => item.withdraw = withdraw,
            Err(problem) => self.reasons([problem].into_iter(), "withdraw_when", "", self.mapping.name(), item),
        }
    }

    /// Gives problems the name of the field or column that has them.
    pub(super) fn reasons(
        &self,
        problems: impl Iterator<Item = Problem>,
        field: &str,
        label: &str,
        place: &str,
        item: &mut Item,
    ) {
        for Problem { code, level, value, args } in problems {
            let args: Vec<&str> = args.iter().map(String::as_str).collect();
            let reason = Reason::refuse(code, field, label, &value, &args, place);
            item.reasons.push(Reason { level, ..reason });
        }
    }
}

/// Whether an element goes on.
pub(super) enum State {
    Filtered,
    /// A row of `each` whose own `when` is false: it says nothing of its elements.
    Unwanted,
    /// With what is wrong with it as a whole, and the setting that found it.
    Taken(Option<(&'static str, Problem)>),
}

impl State {
    fn of(holds: Result<bool, Problem>) -> Self {
        match holds {
            Ok(true) => Self::Taken(None),
            Ok(false) => Self::Filtered,
            // What cannot be judged is shown to a person rather than left out.
            Err(problem) => Self::Taken(Some(("when", problem))),
        }
    }
}

impl Version {
    /// The version of a row, and what is wrong with it; 0 where the column is empty or unreadable.
    fn read(&self, cx: &mut Context<'_>, read_us: i64) -> (i64, Option<Problem>) {
        let mut scratch = std::mem::take(&mut cx.scratch);
        let text = cx.text(self.column, &self.reading, &mut scratch);
        let result = match (text, &self.forms) {
            (None, _) => (0, cx.problems.pop()),
            (Some(text), None) => {
                let whole = leading(text)
                    .filter(|(number, rest)| rest.is_empty() && number.exponent >= 0 && !number.negative)
                    .and_then(|(number, _)| {
                        let size = 10u128.checked_pow(number.exponent as u32)?;
                        i64::try_from(number.digits.checked_mul(size)?).ok()
                    });
                whole.map_or_else(|| (0, Some(unreadable(text))), |number| (number, None))
            }
            (Some(text), Some(forms)) => match forms.read(text).map(Civil::instant_us) {
                Ok(at) if at > read_us.saturating_add(AHEAD_MAX_US) => {
                    (read_us, Some(Problem::warning(ReasonCode::VersionFuture, text, &[])))
                }
                Ok(at) => (at, None),
                Err(_) => (0, Some(unreadable(text))),
            },
        };
        cx.scratch = scratch;
        result
    }
}

#[cold]
fn unreadable(text: &str) -> Problem {
    Problem::new(ReasonCode::VersionUnreadable, text, &[])
}
