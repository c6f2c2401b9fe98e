//! What stands by hand beside the generated datasets: `conditions.toml` (what is required when) and `personal.toml`
//! (which fields are personal data, of what kind). Both name datasets by number or code.

use std::collections::HashMap;

use toml::de::DeTable;

use super::table::{Document, Word, perhaps, say};
use super::{Condition, Dataset, FieldId, Personal};

/// Puts the conditions into their datasets; a name that does not exist is noted.
pub(super) fn conditions(document: &mut Document<'_>, datasets: &mut [Dataset], by_name: &HashMap<String, usize>) {
    let root = document.root();
    document.only(&root, &["condition"]);
    for (table, at) in document.tables(&root, "condition") {
        document.only(table, &["dataset", "when", "require", "one_of", "source"]);
        let word = document.needed(table, "dataset", at);
        let source = document.needed(table, "source", at).text;
        let Some(place) = place(document, &word, by_name) else { continue };
        let dataset = &datasets[place];
        let when = when(document, table, dataset);
        let [require, one_of] = ["require", "one_of"].map(|key| {
            let words = document.list(table, key);
            words.iter().filter_map(|word| field(document, word, dataset)).collect::<Vec<_>>()
        });
        if !table.contains_key("require") && !table.contains_key("one_of") {
            let keys = ["require = [\"FIELD\"]", "one_of = [\"A\", \"B\"]"];
            let hint = say(format!("添加 {}", keys.join(" 或 ")), format!("add {}", keys.join(" or ")));
            document.wrong(at, say("条件没有提出任何要求", "the condition demands nothing"), hint);
        }
        datasets[place].conditions.push(Condition { when, require, one_of, source });
    }
}

/// `when = { PRICE_FORM_CODE = ["1"] }`; an empty list: the field is present.
fn when(document: &mut Document<'_>, table: &DeTable<'_>, dataset: &Dataset) -> Vec<(FieldId, Vec<String>)> {
    let Some(value) = table.get("when") else { return Vec::new() };
    let Some(pairs) = value.get_ref().as_table() else {
        document.mistyped(value, "when", say("表 { FIELD = [\"value\"] }", "a table { FIELD = [\"value\"] }"));
        return Vec::new();
    };
    let mut when = Vec::new();
    for key in pairs.keys() {
        let name = Word { text: key.get_ref().as_ref().to_owned(), at: key.span().start };
        let values = document.list(pairs, &name.text);
        let Some(id) = field(document, &name, dataset) else { continue };
        for value in &values {
            if let Some(set) = dataset.fields[id].codes.as_ref().filter(|set| set.refuses())
                && set.by_code(&value.text).is_none()
            {
                let message = say(
                    format!("`{}` 不在代码集 {} 中", value.text, set.name),
                    format!("`{}` is not in code set {}", value.text, set.name),
                );
                document.wrong(value.at, message, say("该条件永远不会成立", "the condition would never hold"));
            }
        }
        when.push((id, values.into_iter().map(|word| word.text).collect()));
    }
    when
}

/// Marks the fields that hold personal data; a name that does not exist is noted.
pub(super) fn personal(document: &mut Document<'_>, datasets: &mut [Dataset], by_name: &HashMap<String, usize>) {
    let root = document.root();
    for (key, value) in root.iter() {
        let name = Word { text: key.get_ref().as_ref().to_owned(), at: key.span().start };
        let Some(place) = place(document, &name, by_name) else { continue };
        let Some(table) = value.get_ref().as_table() else {
            document.mistyped(value, &name.text, say("表 [DATASET]", "a table [DATASET]"));
            continue;
        };
        for key in table.keys() {
            let name = Word { text: key.get_ref().as_ref().to_owned(), at: key.span().start };
            let Some(kind) = document.text(table, &name.text) else { continue };
            let id = field(document, &name, &datasets[place]);
            let kind = personal_kind(document, &kind);
            if let Some(id) = id {
                datasets[place].fields[id].personal = kind;
            }
        }
    }
}

fn personal_kind(document: &mut Document<'_>, word: &Word) -> Option<Personal> {
    let kind = Personal::WORDS.iter().find(|(known, _)| *known == word.text).map(|(_, kind)| *kind);
    if kind.is_none() {
        let kinds = Personal::WORDS.map(|(known, _)| known).join(", ");
        let message = say(
            format!("未知的个人信息类型 `{}`", word.text),
            format!("the kind `{}` of personal data is not known", word.text),
        );
        document.wrong(word.at, message, say(format!("应为 {kinds} 之一"), format!("one of {kinds}")));
    }
    kind
}

impl Personal {
    const WORDS: [(&str, Self); 6] = [
        ("name", Self::Name),
        ("id_number", Self::IdNumber),
        ("telephone", Self::Telephone),
        ("email", Self::Email),
        ("address", Self::Address),
        ("other", Self::Other),
    ];

    /// The word that personal.toml has for it.
    pub fn word(self) -> &'static str {
        Self::WORDS.iter().find(|(_, kind)| *kind == self).map_or("other", |(word, _)| word)
    }
}

fn place(document: &mut Document<'_>, name: &Word, by_name: &HashMap<String, usize>) -> Option<usize> {
    let place = by_name.get(&name.text).copied();
    if place.is_none() {
        no_dataset(document, name, by_name);
    }
    place
}

pub(super) fn no_dataset(document: &mut Document<'_>, name: &Word, by_name: &HashMap<String, usize>) {
    let hint = perhaps(&name.text, by_name.keys().map(String::as_str));
    let message = say(format!("没有数据集 `{}`", name.text), format!("there is no dataset `{}`", name.text));
    document.wrong(name.at, message, hint);
}

/// A field's position; a name that the dataset does not have is noted.
pub(super) fn field(document: &mut Document<'_>, name: &Word, dataset: &Dataset) -> Option<FieldId> {
    let id = dataset.field(&name.text);
    if id.is_none() {
        let hint = perhaps(&name.text, dataset.fields.iter().map(|f| f.name.as_str()));
        let message = say(
            format!("数据集 {} 没有字段 `{}`", dataset.label(), name.text),
            format!("dataset {} has no field `{}`", dataset.label(), name.text),
        );
        document.wrong(name.at, message, hint);
    }
    id
}
