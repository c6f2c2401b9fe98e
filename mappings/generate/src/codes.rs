//! Code sets as CSV that opens in Excel: first rows of `#key,value`, then a header row, then one code a row.

use std::path::PathBuf;

use crate::Files;
use crate::dictionary::{Code, CodeSet, CodeSets, Divisions, Holidays, Tree};
use crate::parse;

/// Excel reads UTF-8 as UTF-8 only behind this mark.
const BYTE_ORDER_MARK: char = '\u{feff}';

pub(crate) fn write(files: &mut Files) {
    let sets: CodeSets = parse(include_str!("../codesets.json"));
    for (name, set) in &sets.code_sets {
        let values = whole(name).unwrap_or_else(|| set.values.clone());
        files.insert(PathBuf::from(format!("codes/{name}.csv")), code_set(name, set, &values));
    }
    files.insert(PathBuf::from("codes/holidays.csv"), holidays());
}

/// The whole list of a set of which codesets.json has an extract only.
fn whole(name: &str) -> Option<Vec<Code>> {
    match name {
        "region" => {
            let divisions: Divisions = parse(include_str!("../divisions.json"));
            Some(divisions.values.into_iter().chain(divisions.retired).collect())
        }
        "expert_class" | "bid_section_class" => Some(parse::<Tree>(include_str!("../expert_classes.json")).values),
        "procurement_catalogue" => Some(parse::<Tree>(include_str!("../procurement_catalogue.json")).values),
        _ => None,
    }
}

fn code_set(name: &str, set: &CodeSet, values: &[Code]) -> String {
    let mut out = String::from(BYTE_ORDER_MARK);
    row(&mut out, &["#name_zh", &set.name_zh]);
    row(&mut out, &["#confidence", &set.confidence]);
    if let Some(prefixes) = incomplete(name) {
        row(&mut out, &["#incomplete", prefixes]);
    }
    row(&mut out, &["#source", &set.source]);
    // A note that says "only an extract here" is no longer true of the whole list.
    let of_extract =
        |note: &str| note.starts_with("values here") || note.contains("levels here") || note.ends_with(" here");
    if let Some(note) = set.note.as_deref().filter(|note| !note.is_empty() && !of_extract(note)) {
        row(&mut out, &["#note", note]);
    }
    row(&mut out, &["code", "name_zh", "name_en", "retired", "remark"]);
    for value in values {
        let retired = value.last_seen.as_deref().map(|year| format!("after {year}")).unwrap_or_default();
        row(&mut out, &[&value.code, &value.zh, value.en.as_deref().unwrap_or_default(), &retired, &remark(value)]);
    }
    out
}

/// Beginnings under which a set of good confidence is known to be incomplete: a code there warns.
fn incomplete(name: &str) -> Option<&'static str> {
    // Mining, state property and the newer construction letter: seen in part, the rest recalled or inferred.
    (name == "trade_class").then_some("C E G")
}

fn remark(value: &Code) -> String {
    let mut parts = Vec::new();
    if let Some(dataset) = &value.dataset {
        parts.push(format!("dataset {dataset}"));
    }
    if value.statistical_only {
        parts.push("statistics bureau only, not GB/T 2260".to_owned());
    }
    if value.doubtful {
        parts.push("name doubtful".to_owned());
    }
    if let Some(years) = value.max_years {
        parts.push(format!("at most {years} years"));
    }
    parts.join("; ")
}

/// Days off and shifted working days; every other day is a working day from Monday to Friday.
fn holidays() -> String {
    let holidays: Holidays = parse(include_str!("../holidays.json"));
    let mut out = String::from(BYTE_ORDER_MARK);
    row(&mut out, &["#name_zh", &holidays.meta.name_zh]);
    row(&mut out, &["#source", &holidays.meta.source]);
    row(&mut out, &["#note", &holidays.meta.statutory_note]);
    row(&mut out, &["date", "kind", "name_zh"]);
    for year in holidays.years.values() {
        let off = year.holidays.iter().map(|day| (day, "holiday"));
        let mut days: Vec<_> = off.chain(year.workdays.iter().map(|day| (day, "workday"))).collect();
        days.sort_by_key(|(day, _)| &day.date);
        for (day, kind) in days {
            row(&mut out, &[&day.date, kind, day.zh.as_deref().unwrap_or_default()]);
        }
    }
    out
}

fn row(out: &mut String, cells: &[&str]) {
    let quote = |cell: &&str| {
        if cell.contains([',', '"', '\n', '\r']) {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            (*cell).to_owned()
        }
    };
    out.push_str(&cells.iter().map(quote).collect::<Vec<_>>().join(","));
    out.push_str("\r\n");
}
