//! Walks a TOML document and keeps the place of every word, so that all that is wrong is told at once.
//!
//! Serde stops at its first error; a file that a person edits deserves the whole list.

use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::diagnostic::{Diagnostic, Words, nearest, no_toml};
pub(crate) use crate::diagnostic::{nothing, say};

/// A text under reading, and what is wrong with it so far.
pub(crate) struct Document<'t> {
    pub(crate) file: &'t Path,
    pub(crate) text: &'t str,
    pub(crate) found: Vec<Diagnostic>,
    /// True: it is no TOML, so that what seems missing may only not have been understood.
    broken: bool,
}

/// A word of the document with its place in bytes.
#[derive(Debug, Clone)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) at: usize,
}

impl<'t> Document<'t> {
    pub(crate) fn new(file: &'t Path, text: &'t str) -> Self {
        Self { file, text, found: Vec::new(), broken: false }
    }

    /// The root table. What cannot be parsed is noted; the rest is still returned.
    pub(crate) fn root(&mut self) -> DeTable<'t> {
        let (root, errors) = DeTable::parse_recoverable(self.text);
        self.broken = !errors.is_empty();
        for error in errors {
            let at = error.span().map_or(0, |span| span.start);
            let (message, hint) = no_toml(error.message());
            self.wrong(at, message, hint);
        }
        root.into_inner()
    }

    pub(crate) fn wrong(&mut self, at: usize, message: Words, hint: Words) {
        self.found.push(Diagnostic::at(self.file, self.text, at, message, hint));
    }

    /// Notes each key that is none of `known`, with the nearest one that is.
    pub(crate) fn only(&mut self, table: &DeTable<'_>, known: &[&str]) {
        for key in table.keys() {
            let name = key.get_ref().as_ref();
            if !known.contains(&name) {
                let hint = match nearest(name, known.iter().copied()) {
                    Some(near) => say(format!("是否为 `{near}`？"), format!("`{near}`?")),
                    None => say(format!("应为 {} 之一", known.join("、")), format!("one of {}", known.join(", "))),
                };
                self.wrong(key.span().start, say(format!("未知的键 `{name}`"), format!("unknown key `{name}`")), hint);
            }
        }
    }

    /// A text that may be absent.
    pub(crate) fn text(&mut self, table: &DeTable<'_>, key: &str) -> Option<Word> {
        let value = table.get(key)?;
        match value.get_ref().as_str() {
            Some(text) => Some(Word { text: text.to_owned(), at: value.span().start }),
            None => {
                self.mistyped(value, key, say("引号中的文本", "a text in quotes"));
                None
            }
        }
    }

    /// A text that must be there; noted at `within` if it is not.
    pub(crate) fn needed(&mut self, table: &DeTable<'_>, key: &str, within: usize) -> Word {
        if !table.contains_key(key) && !self.broken {
            let message = say(format!("缺少 `{key}`"), format!("`{key}` is missing"));
            self.wrong(within, message, say(format!("添加 {key} = \"…\""), format!("add {key} = \"…\"")));
        }
        self.text(table, key).unwrap_or(Word { text: String::new(), at: within })
    }

    /// False where absent.
    pub(crate) fn flag(&mut self, table: &DeTable<'_>, key: &str) -> bool {
        let Some(value) = table.get(key) else { return false };
        value.get_ref().as_bool().unwrap_or_else(|| {
            self.mistyped(value, key, say("true 或 false", "true or false"));
            false
        })
    }

    pub(crate) fn number(&mut self, table: &DeTable<'_>, key: &str) -> Option<u32> {
        let value = table.get(key)?;
        let number = self.whole(value);
        if number.is_none() {
            self.mistyped(value, key, say("整数", "a whole number"));
        }
        number
    }

    pub(crate) fn whole(&self, value: &Spanned<DeValue<'_>>) -> Option<u32> {
        value.get_ref().as_integer().and_then(|i| u32::from_str_radix(i.as_str(), i.radix()).ok())
    }

    /// A list of texts; empty where absent.
    pub(crate) fn list(&mut self, table: &DeTable<'_>, key: &str) -> Vec<Word> {
        let Some(value) = table.get(key) else { return Vec::new() };
        match value.get_ref().as_array() {
            Some(_) => self.words(value),
            None => {
                self.mistyped(value, key, say("列表 [\"…\"]", "a list [\"…\"]"));
                Vec::new()
            }
        }
    }

    /// The texts of a list value.
    pub(crate) fn words(&mut self, value: &Spanned<DeValue<'_>>) -> Vec<Word> {
        let mut words = Vec::new();
        for item in value.get_ref().as_array().into_iter().flatten() {
            match item.get_ref().as_str() {
                Some(text) => words.push(Word { text: text.to_owned(), at: item.span().start }),
                None => {
                    let message = say("此处应为引号中的文本", "a text in quotes is expected here");
                    self.wrong(item.span().start, message, nothing());
                }
            }
        }
        words
    }

    /// The tables of `[[key]]`, each with its place; none where absent.
    pub(crate) fn tables<'a, 'i>(&mut self, table: &'a DeTable<'i>, key: &str) -> Vec<(&'a DeTable<'i>, usize)> {
        let Some(value) = table.get(key) else { return Vec::new() };
        let Some(items) = value.get_ref().as_array() else {
            self.mistyped(value, key, say(format!("表的列表 [[{key}]]"), format!("a list of tables [[{key}]]")));
            return Vec::new();
        };
        let mut tables = Vec::new();
        for item in items.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span().start)),
                None => {
                    self.wrong(item.span().start, say("此处应为表", "a table is expected here"), nothing());
                }
            }
        }
        tables
    }

    pub(crate) fn mistyped(&mut self, value: &Spanned<DeValue<'_>>, key: &str, expected: Words) {
        let given = kind(value.get_ref());
        let message = say(
            format!("`{key}` 应为{}，而不是{}", expected.zh, given.zh),
            format!("`{key}` must be {}, not {}", expected.en, given.en),
        );
        self.wrong(value.span().start, message, nothing());
    }
}

/// What a value is, in words.
fn kind(value: &DeValue<'_>) -> Words {
    match value {
        DeValue::String(_) => say("文本", "a text"),
        DeValue::Integer(_) => say("整数", "a whole number"),
        DeValue::Float(_) => say("小数", "a number with a point"),
        DeValue::Boolean(_) => say(" true 或 false", "true or false"),
        DeValue::Datetime(_) => say("日期时间", "a date"),
        DeValue::Array(_) => say("列表", "a list"),
        DeValue::Table(_) => say("表", "a table"),
    }
}

/// "Did you mean", or nothing if no known name is like it.
pub(crate) fn perhaps<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Words {
    nearest(name, known).map_or_else(nothing, |near| say(format!("是否为 `{near}`？"), format!("`{near}`?")))
}
