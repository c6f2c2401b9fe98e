//! Every key of the configuration, with type, default and explanation: what `config reference` prints.
//!
//! Written by hand, since it says in two languages what a doc comment says in one; a test compares the names with
//! those that serde knows and the defaults with those that the program takes, so it cannot drift.

mod adapters;
#[cfg(test)]
mod drift;
mod hub;
mod system;

use crate::diagnostic::Words;

/// A file of the configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// `config/hub.toml`.
    Hub,
    /// `config/systems/<system>.toml`.
    System,
}

impl File {
    pub fn name(self) -> &'static str {
        match self {
            Self::Hub => "config/hub.toml",
            Self::System => "config/systems/<system>.toml",
        }
    }
}

/// What may stand behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    Texts,
    Path,
    Number,
    Numbers,
    /// With a fraction.
    Decimal,
    Boolean,
    Schedule,
    Pattern,
    Pointer,
    /// `all`, `now` or a date.
    Start,
    OneOf(&'static [&'static str]),
    /// `[a.b]` with keys of its own.
    Table,
    /// `[[a]]`, as often as wanted.
    Tables,
    /// Any keys, each with one of these.
    Map(&'static [&'static str]),
    /// Any keys, each with a text.
    TextMap,
    /// A text or a whole number.
    TextOrNumber,
    /// A text or a list of texts.
    TextOrTexts,
    /// This word, or a table with keys of its own.
    WordOrTable(&'static str),
}

impl Kind {
    pub fn words(self) -> Words {
        let (zh, en) = match self {
            Self::Text => ("文字", "text"),
            Self::Texts => ("文字列表", "list of texts"),
            Self::Path => ("路径", "path"),
            Self::Number => ("整数", "whole number"),
            Self::Numbers => ("整数列表", "list of whole numbers"),
            Self::Decimal => ("小数", "number"),
            Self::Boolean => ("true/false", "true/false"),
            Self::Schedule => ("时间表", "schedule"),
            Self::Pattern => ("正则表达式", "regular expression"),
            Self::Pointer => ("JSON 指针", "JSON pointer"),
            Self::Start => ("\"all\"、\"now\" 或日期", "\"all\", \"now\" or a date"),
            Self::Table => ("表", "table"),
            Self::Tables => ("表（可多个）", "tables"),
            Self::TextMap => ("表，值为文字", "table of texts"),
            Self::TextOrNumber => ("文字或整数", "text or whole number"),
            Self::TextOrTexts => ("文字或文字列表", "text or list of texts"),
            Self::WordOrTable(word) => return Words::new(format!("{word} 或表"), format!("{word} or table")),
            Self::OneOf(values) => return Words::new(values.join(" | "), values.join(" | ")),
            Self::Map(values) => {
                return Words::new(
                    format!("表，值为 {}", values.join(" | ")),
                    format!("table of {}", values.join(" | ")),
                );
            }
        };
        Words::new(zh, en)
    }
}

/// What stands where a key is not written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// The key must be written.
    Required,
    /// Nothing: the explanation says what then holds.
    Nothing,
    /// This, as TOML.
    Value(&'static str),
}

/// One key.
#[derive(Debug)]
pub struct Key {
    pub file: File,
    /// From the top of the file, `job.from.files.directory`.
    pub path: &'static str,
    pub kind: Kind,
    pub default: Absent,
    pub zh: &'static str,
    pub en: &'static str,
}

/// All keys, in the order in which a person would write them.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    [hub::KEYS, system::JOBS, adapters::SOURCES, system::FEEDS, adapters::SINKS].into_iter().flatten()
}
