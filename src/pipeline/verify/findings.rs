//! What a verification found, in words.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use serde::Serialize;

use crate::diagnostic::Lang;

/// Every table that is checked. One that is not here is a finding, so that a new table cannot be forgotten.
pub const TABLES: &[&str] = &[
    "assigned_code",
    "attachment",
    "attempt",
    "batch",
    "batch_outcome",
    "batch_rows",
    "counter",
    "delivery",
    "feed",
    "file_seen",
    "item",
    "item_need",
    "job",
    "mapping",
    "record",
    "record_attachment",
    "record_index",
    "record_ref",
    "request",
    "revision",
    "run",
    "scope",
    "seen",
    "slot",
    "source",
    "version",
];

/// Something that does not agree with the rest of the store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The table; `database` for the file itself.
    pub table: &'static str,
    /// The row as `column=value …`; empty where the table as a whole is meant.
    pub key: String,
    pub what_zh: String,
    pub what_en: String,
}

impl Finding {
    pub fn what(&self, lang: Lang) -> &str {
        lang.pick(&self.what_zh, &self.what_en)
    }

    /// One line for a person: table, key, what does not agree.
    pub fn render(&self, lang: Lang) -> String {
        let head = format!("{} {}", self.table, self.key);
        format!("{}{}{}", head.trim_end(), lang.pick("：", ": "), self.what(lang))
    }
}

/// What a verification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// Empty: the books are proved.
    pub findings: Vec<Finding>,
    /// What could not be judged today, and why. No damage.
    pub notes: Vec<Finding>,
    /// How many rows of each table were read one by one.
    pub rows: BTreeMap<&'static str, u64>,
}

/// Most findings of one table that are told one by one: whoever reads more than this restores a backup.
const FINDINGS_MAX: usize = 200;

#[derive(Debug, Default)]
pub(super) struct Found {
    findings: Vec<Finding>,
    /// By table: how many there are in all.
    counts: BTreeMap<&'static str, usize>,
    /// By table and words: how often, and the first key.
    notes: BTreeMap<(&'static str, String, String), (u64, String)>,
    rows: BTreeMap<&'static str, u64>,
}

impl Found {
    pub(super) fn add(
        &mut self,
        table: &'static str,
        key: fmt::Arguments<'_>,
        what_zh: impl Into<String>,
        what_en: impl Into<String>,
    ) {
        let count = self.counts.entry(table).or_default();
        *count += 1;
        if *count <= FINDINGS_MAX {
            let (what_zh, what_en) = (what_zh.into(), what_en.into());
            self.findings.push(Finding { table, key: key.to_string(), what_zh, what_en });
        }
    }

    /// A figure that was counted again.
    pub(super) fn differs<T: Display>(
        &mut self,
        table: &'static str,
        key: fmt::Arguments<'_>,
        column: &str,
        stored: T,
        counted: T,
    ) {
        self.add(
            table,
            key,
            format!("{column} 记为 {stored}，重新核算应为 {counted}"),
            format!("{column} says {stored}; counted again it is {counted}"),
        );
    }

    /// A number that refers to nothing.
    pub(super) fn dangles(&mut self, table: &'static str, key: fmt::Arguments<'_>, column: &str, of: &str) {
        self.add(
            table,
            key,
            format!("{column} 所指的行不在表 {of} 中"),
            format!("{column} refers to a row that is not in table {of}"),
        );
    }

    /// A word that means nothing, or a figure that cannot be.
    pub(super) fn unknown(&mut self, table: &'static str, key: fmt::Arguments<'_>, column: &str, value: impl Display) {
        self.add(
            table,
            key,
            format!("{column} 的值“{value}”不可能出现"),
            format!("{column} holds \"{value}\", which cannot be"),
        );
    }

    /// What cannot be judged today; alike ones are counted, and the first is named.
    pub(super) fn note(
        &mut self,
        table: &'static str,
        key: fmt::Arguments<'_>,
        what_zh: impl Into<String>,
        what_en: impl Into<String>,
    ) {
        let note = self.notes.entry((table, what_zh.into(), what_en.into())).or_insert_with(|| (0, key.to_string()));
        note.0 += 1;
    }

    pub(super) fn read(&mut self, table: &'static str, rows: u64) {
        *self.rows.entry(table).or_default() += rows;
    }

    /// True: a table has as many findings as are told.
    pub(super) fn is_full(&self, table: &'static str) -> bool {
        self.counts.get(table).is_some_and(|count| *count >= FINDINGS_MAX)
    }

    pub(super) fn done(self) -> Verified {
        let mut findings = self.findings;
        for (table, count) in self.counts.into_iter().filter(|(_, count)| *count > FINDINGS_MAX) {
            let more = count - FINDINGS_MAX;
            findings.push(Finding {
                table,
                key: String::new(),
                what_zh: format!("另有 {more} 处"),
                what_en: format!("{more} more"),
            });
        }
        let notes = self.notes.into_iter().map(|((table, what_zh, what_en), (count, key))| match count {
            1 => Finding { table, key, what_zh, what_en },
            _ => Finding {
                table,
                key,
                what_zh: format!("{what_zh}（共 {count} 处，此为第一处）"),
                what_en: format!("{what_en} ({count} in all, this is the first)"),
            },
        });
        Verified { findings, notes: notes.collect(), rows: self.rows }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_findings_of_one_table_are_counted_and_alike_notes_are_one() {
        let mut found = Found::default();
        for id in 0..FINDINGS_MAX + 3 {
            found.differs("run", format_args!("id={id}"), "rows", 1, 2);
        }
        for id in 0..2 {
            found.note("record", format_args!("id={id}"), "数据集已不在标准中", "the dataset is no longer there");
        }
        let verified = found.done();
        assert_eq!(verified.findings.len(), FINDINGS_MAX + 1);
        let told = |finding: &Finding| [finding.render(Lang::Zh), finding.render(Lang::En)];
        assert_eq!(
            told(&verified.findings[7]),
            ["run id=7：rows 记为 1，重新核算应为 2", "run id=7: rows says 1; counted again it is 2"]
        );
        assert_eq!(told(&verified.findings[FINDINGS_MAX]), ["run：另有 3 处", "run: 3 more"]);
        assert_eq!(
            told(&verified.notes[0]),
            [
                "record id=0：数据集已不在标准中（共 2 处，此为第一处）",
                "record id=0: the dataset is no longer there (2 in all, this is the first)"
            ]
        );
        assert_eq!(verified.notes.len(), 1);
    }
}
