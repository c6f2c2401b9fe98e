//! The language as a whole: small mappings, few columns, the whole of what they make.

mod each;
mod examples;
mod mistakes;
mod order;
mod reasons;
mod rules;

use std::path::Path;
use std::sync::LazyLock;

use adapter::{Cell, Place, Rows};

use super::{Found, Item, Mapping, load};
use crate::diagnostic::{Diagnostic, Lang};
use crate::schema::{Level, Schema};

static SCHEMA: LazyLock<Schema> = LazyLock::new(|| Schema::embedded().expect("the embedded schema has no mistake"));

/// Reads a mapping that must be right.
fn mapping(text: &str) -> Mapping {
    with_common(text, None)
}

fn with_common(text: &str, common: Option<&str>) -> Mapping {
    let common = common.map(|text| (Path::new("from/s/common.toml"), text));
    match load("s/m", Path::new("from/s/m.toml"), text, common, &SCHEMA) {
        Ok(mapping) => mapping,
        Err(found) => panic!("{}", found.iter().map(|d| d.to_string()).collect::<Vec<_>>().join("\n")),
    }
}

/// What is wrong with a mapping, as a person reads it; each mistake must be told in both languages.
fn mistakes(text: &str, lang: Lang) -> String {
    match load("s/m", Path::new("m.toml"), text, None, &SCHEMA) {
        Ok(_) => "no mistake".to_owned(),
        Err(found) => {
            found.iter().for_each(Diagnostic::assert_told_in_both_languages);
            found.iter().map(|d| d.render(lang)).collect::<Vec<_>>().join("\n")
        }
    }
}

/// Rows under a header; `~` stands for an absent cell.
fn rows(columns: &[&str], cells: &[&[&str]]) -> Rows {
    let mut rows = Rows::with_header(columns.iter().map(|c| (*c).to_owned()).collect());
    rows.encoding = "GBK".to_owned();
    for (line, row) in cells.iter().enumerate() {
        rows.begin(Place { line: line as u64 + 2, ..Place::default() });
        for cell in *row {
            rows.push(if *cell == "~" { Cell::Absent } else { Cell::Text(cell) });
        }
    }
    rows
}

/// The moment of reading in these tests: 2026-03-17 08:00 in Beijing.
const READ_US: i64 = 1_773_705_600_000_000;

fn apply(mapping: &Mapping, rows: &Rows, found: &Found) -> Vec<Item> {
    let bound = mapping.bind(rows.columns(), rows.declared).expect("the rows have every column");
    let mut items = Vec::new();
    for row in 0..rows.len() {
        bound.apply(rows, row, found, READ_US, &mut items);
    }
    items
}

/// Everything that the rows make, in words.
fn shown(mapping: &Mapping, rows: &Rows, found: &Found) -> String {
    apply(mapping, rows, found).iter().map(|item| item_shown(mapping, item)).collect::<Vec<_>>().join("\n")
}

fn item_shown(mapping: &Mapping, item: &Item) -> String {
    let mut words = vec![format!("row {}", item.row)];
    if mapping.has_each() {
        words.push(format!("element {}", item.element));
    }
    if item.filtered {
        words.push("filtered".to_owned());
    }
    if item.withdraw {
        words.push("withdraw".to_owned());
    }
    for (name, part) in [("identity", &item.identity), ("group", &item.group)] {
        words.extend(part.as_ref().map(|part| format!("{name} {}", part.replace('\u{1f}', "|"))));
    }
    if mapping.has_version() {
        words.push(format!("version {}", item.version));
    }
    let mut lines = vec![words.join(", ")];
    for id in 0..item.draft.fields() {
        lines.extend(item.draft.get(id).map(|value| format!("  {} = {value}", mapping.dataset().fields[id].name)));
    }
    lines.extend(item.waits.iter().map(|(number, value)| format!("  waits for look-up {number}: {value}")));
    for reason in &item.reasons {
        let level = if reason.level == Level::Warn { "warning" } else { "refused" };
        lines.push(format!("  {level} {}: {}", reason.code.name(), reason.render(Lang::En)));
    }
    lines.join("\n")
}

/// One field by one rule, for each value of column A: what it became, or why not.
fn field(field: &str, rule: &str, values: &[&str]) -> String {
    let dataset = SCHEMA.datasets().iter().find(|d| d.field(field).is_some()).expect("a dataset has the field");
    let mapping = mapping(&format!("dataset = \"{}\"\n[fields]\n{field} = {rule}\n", dataset.code));
    let columns: Vec<&str> = mapping.columns().iter().map(String::as_str).collect();
    let one = |value: &&str| {
        let cells: Vec<&str> = value.split('|').collect();
        let item = apply(&mapping, &rows(&columns, &[&cells]), &Found::default()).remove(0);
        let made = (0..item.draft.fields()).filter_map(|id| {
            let value = item.draft.get(id)?;
            let name = &mapping.dataset().fields[id].name;
            Some(if name == field { value.to_owned() } else { format!("{name} {value}") })
        });
        let reasons = item.reasons.iter().map(|reason| {
            let level = if reason.level == Level::Warn { "warning " } else { "" };
            format!("{level}{}", reason.render(Lang::En))
        });
        let all: Vec<String> = made.chain(reasons).collect();
        format!("{value:?} → {}", if all.is_empty() { "nothing".to_owned() } else { all.join("; ") })
    };
    values.iter().map(one).collect::<Vec<_>>().join("\n")
}
