//! The dictionary as it was collected: the shapes of the JSON files beside this program.
//!
//! Only what is written on is read. `enforced` (what the Fujian receiver checks) is read for fields that no table
//! describes: there it is all that is known about their width.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
pub(crate) struct Dictionary {
    pub(crate) datasets: Vec<Dataset>,
}

#[derive(Deserialize)]
pub(crate) struct Dataset {
    pub(crate) data_no: String,
    pub(crate) code: String,
    pub(crate) name_zh: String,
    pub(crate) name_en: String,
    pub(crate) business: String,
    pub(crate) fields: Vec<Field>,
    pub(crate) key: Vec<String>,
    pub(crate) key_source: String,
    pub(crate) parents: Vec<Parent>,
    pub(crate) version_field: Option<String>,
    pub(crate) version_source: String,
    pub(crate) event_time_field: Option<String>,
    pub(crate) order: u16,
    pub(crate) provenance: Provenance,
    pub(crate) confidence: String,
    pub(crate) disclosure_by: Option<String>,
    #[serde(default)]
    pub(crate) extension_of_national: bool,
}

#[derive(Deserialize)]
pub(crate) struct Provenance {
    pub(crate) primary: String,
    pub(crate) validators: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Parent {
    pub(crate) dataset: String,
    /// Child field → parent field, in the dictionary's order.
    #[serde(deserialize_with = "pairs")]
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) required: bool,
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) list: bool,
    pub(crate) any_of: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Field {
    pub(crate) name: String,
    pub(crate) zh: String,
    pub(crate) en: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) max_length: Option<u32>,
    pub(crate) fixed_length: Option<bool>,
    pub(crate) precision: Option<u32>,
    pub(crate) scale: Option<u32>,
    /// `true`, `false`, `"unknown"` or `"conditional"`.
    pub(crate) required: serde_json::Value,
    pub(crate) code_set: Option<String>,
    pub(crate) composed_of: Option<Vec<String>>,
    pub(crate) value_domain: Option<String>,
    pub(crate) disclosure: String,
    pub(crate) note: Option<String>,
    pub(crate) multi_value: Option<String>,
    pub(crate) wire_name: Option<String>,
    pub(crate) source: String,
    pub(crate) enforced: Option<Enforced>,
}

/// What the receiver checks: here only the form of fields that it alone knows.
#[derive(Deserialize)]
pub(crate) struct Enforced {
    pub(crate) max_length: Option<u32>,
    pub(crate) fixed_length: Option<u32>,
    pub(crate) int_digits: Option<u32>,
    pub(crate) dec_digits: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct CodeSets {
    pub(crate) code_sets: BTreeMap<String, CodeSet>,
}

#[derive(Deserialize)]
pub(crate) struct CodeSet {
    pub(crate) name_zh: String,
    pub(crate) values: Vec<Code>,
    #[serde(default)]
    pub(crate) source: String,
    pub(crate) confidence: String,
    pub(crate) note: Option<String>,
}

#[derive(Deserialize, Clone)]
pub(crate) struct Code {
    pub(crate) code: String,
    pub(crate) zh: String,
    pub(crate) en: Option<String>,
    pub(crate) dataset: Option<String>,
    #[serde(default)]
    pub(crate) statistical_only: bool,
    #[serde(default)]
    pub(crate) doubtful: bool,
    pub(crate) last_seen: Option<String>,
    pub(crate) max_years: Option<u32>,
}

#[derive(Deserialize)]
pub(crate) struct Divisions {
    pub(crate) values: Vec<Code>,
    pub(crate) retired: Vec<Code>,
}

#[derive(Deserialize)]
pub(crate) struct Tree {
    pub(crate) values: Vec<Code>,
}

#[derive(Deserialize)]
pub(crate) struct Holidays {
    pub(crate) meta: HolidaysMeta,
    pub(crate) years: BTreeMap<String, Year>,
}

#[derive(Deserialize)]
pub(crate) struct HolidaysMeta {
    pub(crate) name_zh: String,
    pub(crate) source: String,
    pub(crate) statutory_note: String,
}

#[derive(Deserialize)]
pub(crate) struct Year {
    pub(crate) holidays: Vec<Day>,
    pub(crate) workdays: Vec<Day>,
}

#[derive(Deserialize)]
pub(crate) struct Day {
    pub(crate) date: String,
    pub(crate) zh: Option<String>,
}

/// An object's entries in the order of the text, which a map would lose.
fn pairs<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, String)>, D::Error> {
    struct Pairs;
    impl<'de> Visitor<'de> for Pairs {
        type Value = Vec<(String, String)>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object of texts")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut pairs = Vec::new();
            while let Some(pair) = map.next_entry()? {
                pairs.push(pair);
            }
            Ok(pairs)
        }
    }
    deserializer.deserialize_map(Pairs)
}
