//! Code sets: lists of codes with what is known of them, read from CSV that people edit in Excel.
//!
//! A file begins with rows of `#key,value` (name_zh, confidence, incomplete, source, note), then a header row with at
//! least `code` and `name_zh`, then one code a row. A code with anything under `retired` was valid once and warns.

use std::collections::HashMap;
use std::path::Path;

use super::table::say;
use crate::diagnostic::{Diagnostic, Words};

/// More codes than any list has: the whole procurement catalogue has 4,272.
const CODES_MAX: usize = 100_000;

/// Up to so many codes are compared one by one.
const HANDFUL: usize = 12;

/// A list of codes.
#[derive(Debug)]
pub struct CodeSet {
    pub name: String,
    pub name_zh: String,
    /// A set of low confidence, or without values, warns and never refuses.
    pub confidence: Confidence,
    /// Beginnings under which the list is known to be incomplete: an unknown code there warns, elsewhere it is wrong.
    pub incomplete: Vec<String>,
    /// Where the list is known from.
    pub source: String,
    pub values: Vec<CodeValue>,
    by_code: HashMap<String, usize>,
    by_name: HashMap<String, usize>,
}

/// How well something is known: seen in a working system, partly seen, recalled, not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    None,
    Low,
    Medium,
    High,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeValue {
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    /// True: once valid, now withdrawn; it warns.
    pub retired: bool,
}

/// What a set says of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Membership<'a> {
    In,
    Retired(&'a CodeValue),
    /// Not in the list, and the list is whole.
    Out,
    /// Not in the list, and the list is not whole.
    Unknown,
}

impl Confidence {
    /// Reads `high`, `medium`, `low` or `none`.
    pub fn read(word: &str) -> Option<Self> {
        Some(match word {
            "high" => Self::High,
            "medium" => Self::Medium,
            "low" => Self::Low,
            "none" => Self::None,
            _ => return None,
        })
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
            Self::None => "none",
        }
    }
}

impl CodeSet {
    pub fn new(name: String, name_zh: String, confidence: Confidence, values: Vec<CodeValue>) -> Self {
        let mut by_code = HashMap::with_capacity(values.len());
        let mut by_name = HashMap::with_capacity(values.len());
        // The first of two values with one name wins, but a code in force wins over a retired one.
        let (retired, current): (Vec<_>, Vec<_>) = values.iter().enumerate().partition(|(_, v)| v.retired);
        for (i, value) in current.into_iter().chain(retired) {
            by_code.entry(value.code.clone()).or_insert(i);
            by_name.entry(value.name_zh.clone()).or_insert(i);
        }
        Self { name, name_zh, confidence, incomplete: Vec::new(), source: String::new(), values, by_code, by_name }
    }

    pub fn by_code(&self, code: &str) -> Option<&CodeValue> {
        // Of a handful of codes, comparing finds sooner than hashing; most sets are so.
        if self.values.len() <= HANDFUL {
            return self.values.iter().find(|value| value.code == code);
        }
        self.by_code.get(code).map(|&i| &self.values[i])
    }

    pub fn by_name(&self, name_zh: &str) -> Option<&CodeValue> {
        self.by_name.get(name_zh).map(|&i| &self.values[i])
    }

    /// True: a value that is not in the list is wrong, and not merely unknown to us.
    pub fn refuses(&self) -> bool {
        self.confidence > Confidence::Low && !self.values.is_empty()
    }

    /// What the set says of a code.
    pub fn judge(&self, code: &str) -> Membership<'_> {
        match self.by_code(code) {
            Some(value) if value.retired => Membership::Retired(value),
            Some(_) => Membership::In,
            None if !self.refuses() || self.incomplete.iter().any(|beginning| code.starts_with(beginning.as_str())) => {
                Membership::Unknown
            }
            None => Membership::Out,
        }
    }

    /// Reads a code set's file; every row that cannot be read is a diagnostic.
    pub(crate) fn read(name: &str, file: &Path, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let sheet = Sheet::read(file, text, &["code", "name_zh"])?;
        let mut found = Vec::new();
        let confidence = sheet.about("confidence").unwrap_or("none");
        let confidence = Confidence::read(confidence).unwrap_or_else(|| {
            let hint = say(
                "在前几行写 #confidence,high（或 medium、low、none）",
                "write #confidence,high (or medium, low, none) in the first rows",
            );
            let message =
                say(format!("未知的可信度 `{confidence}`"), format!("the confidence `{confidence}` is not known"));
            found.push(Diagnostic::whole(file, message, hint));
            Confidence::None
        });
        let [code, name_zh] = [sheet.column("code"), sheet.column("name_zh")].map(Option::unwrap_or_default);
        let (name_en, retired) = (sheet.column("name_en"), sheet.column("retired"));
        let cell = |row: &csv::StringRecord, column: Option<usize>| {
            column.and_then(|c| row.get(c)).unwrap_or_default().trim().to_owned()
        };
        let mut values = Vec::with_capacity(sheet.rows.len());
        for row in &sheet.rows {
            let value = CodeValue {
                code: cell(row, Some(code)),
                name_zh: cell(row, Some(name_zh)),
                name_en: cell(row, name_en),
                retired: !cell(row, retired).is_empty(),
            };
            if value.code.is_empty() {
                let hint = say("填写代码或删除该行", "fill in the code or delete the row");
                found.push(sheet.at(row, code, say("该行没有代码", "the row has no code"), hint));
            }
            values.push(value);
        }
        let mut set = Self::new(name.to_owned(), sheet.about("name_zh").unwrap_or(name).to_owned(), confidence, values);
        set.source = sheet.about("source").unwrap_or_default().to_owned();
        let incomplete = sheet.about("incomplete").unwrap_or_default();
        set.incomplete = incomplete.split_whitespace().map(str::to_owned).collect();
        if found.is_empty() { Ok(set) } else { Err(found) }
    }
}

/// A CSV file with `#key,value` rows before its header.
pub(super) struct Sheet {
    file: std::path::PathBuf,
    about: Vec<(String, String)>,
    header: Vec<String>,
    pub(super) rows: Vec<csv::StringRecord>,
}

impl Sheet {
    /// Cuts the text into rows and finds the header, which must have these columns.
    pub(super) fn read(file: &Path, text: &str, columns: &[&str]) -> Result<Self, Vec<Diagnostic>> {
        let text = text.trim_start_matches('\u{feff}');
        let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
        let mut sheet = Self { file: file.to_owned(), about: Vec::new(), header: Vec::new(), rows: Vec::new() };
        for row in reader.records() {
            let row = row.map_err(|error| {
                let hint = say(
                    "在 Excel 中另存为“CSV UTF-8（逗号分隔）”",
                    "save it from Excel as `CSV UTF-8 (comma delimited)`",
                );
                let message = say(format!("无法按 CSV 读取：{error}"), format!("it cannot be read as CSV: {error}"));
                vec![Diagnostic::whole(file, message, hint)]
            })?;
            let first = row.get(0).unwrap_or_default().trim();
            if sheet.header.is_empty() {
                match first.strip_prefix('#') {
                    Some(key) => {
                        let value = row.get(1).unwrap_or_default().trim();
                        sheet.about.push((key.trim().to_owned(), value.to_owned()));
                    }
                    None => sheet.header = row.iter().map(|cell| cell.trim().to_owned()).collect(),
                }
            } else if row.iter().any(|cell| !cell.trim().is_empty()) {
                sheet.rows.push(row);
            }
            if sheet.rows.len() > CODES_MAX {
                let message = say(format!("超过 {CODES_MAX} 行"), format!("it has more than {CODES_MAX} rows"));
                let hint = say("代码集是供人查阅的清单", "a code set is a list for people, not a table");
                return Err(vec![Diagnostic::whole(file, message, hint)]);
            }
        }
        let missing = columns.iter().filter(|name| sheet.column(name).is_none());
        let missing: Vec<_> = missing
            .map(|name| {
                let header = columns.join(",");
                let hint = say(format!("表头行为 `{header}`"), format!("the header row is `{header}`"));
                let message = say(format!("没有列 `{name}`"), format!("there is no column `{name}`"));
                Diagnostic::whole(file, message, hint)
            })
            .collect();
        if missing.is_empty() { Ok(sheet) } else { Err(missing) }
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    pub(super) fn about(&self, key: &str) -> Option<&str> {
        self.about.iter().find(|(k, _)| k == key).map(|(_, value)| value.as_str())
    }

    /// A diagnostic at a row; the column is that of the cell, counted in cells.
    pub(super) fn at(&self, row: &csv::StringRecord, cell: usize, message: Words, hint: Words) -> Diagnostic {
        let line = row.position().map_or(0, |position| position.line() as u32);
        let whole = Diagnostic::whole(&self.file, message, hint);
        Diagnostic { line, column: cell as u32 + 1, ..whole }
    }
}
