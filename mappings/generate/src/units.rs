//! The units of amounts: from the field's note, else from `units.toml`.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::dictionary::Field;

/// The unit words of the schema, longest first where one begins another.
const WORDS: [&str; 10] = ["元/年吨", "万元", "元", "平方公里", "平方米", "公顷", "亩", "吨", "天", "年"];

pub(crate) struct Units {
    /// By `<number>.<field>`.
    by_hand: BTreeMap<String, Entry>,
    used: BTreeSet<String>,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) unit: Option<String>,
    pub(crate) field: Option<String>,
    pub(crate) source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    unit: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    of: toml::Value,
    unit: Option<String>,
    field: Option<String>,
    source: String,
}

impl Units {
    pub(crate) fn read(text: &str) -> Self {
        let file: File = toml::from_str(text).expect("units.toml is part of this program");
        let mut by_hand = BTreeMap::new();
        for row in file.unit {
            let entry = Entry { unit: row.unit, field: row.field, source: row.source };
            let names = match row.of {
                toml::Value::Array(names) => names,
                name => vec![name],
            };
            for name in names {
                let name = name.as_str().expect("`of` holds names").to_owned();
                assert!(by_hand.insert(name, entry.clone()).is_none(), "a field is named twice in units.toml");
            }
        }
        Self { by_hand, used: BTreeSet::new() }
    }

    /// The unit of a number; none for counts, scores and ranks.
    pub(crate) fn of(&mut self, number: &str, field: &Field) -> Option<Entry> {
        if !matches!(field.kind.as_str(), "decimal" | "integer") || field.code_set.is_some() {
            return None;
        }
        let name = format!("{number}.{}", field.name);
        if let Some(entry) = self.by_hand.get(&name) {
            self.used.insert(name);
            return Some(entry.clone());
        }
        let unit = noted(field.note.as_deref()?)?;
        Some(Entry { unit: Some(unit.to_owned()), field: None, source: String::new() })
    }

    /// A name in units.toml that no dataset has would be a decision lost in silence.
    pub(crate) fn assert_used(&self) {
        let unused: Vec<_> = self.by_hand.keys().filter(|name| !self.used.contains(*name)).collect();
        assert!(unused.is_empty(), "units.toml names what is no number of the dictionary: {unused:?}");
    }
}

/// The unit that a note states: 单位：万元, 单位平方公里, 采购单总金额,单位;元, or the bare unit.
fn noted(note: &str) -> Option<&'static str> {
    let stated = match note.split_once("单位") {
        Some((_, rest)) => rest.trim_start_matches(['：', ':', ';', '；', '=', ' ']),
        None if WORDS.contains(&note) => note,
        None => return None,
    };
    WORDS.into_iter().chain(["%"]).find(|word| stated.starts_with(word))
}
