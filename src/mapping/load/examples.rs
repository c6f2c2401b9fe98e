//! `[[example]]`: a row and what it must become.

use std::collections::{BTreeMap, BTreeSet};

use toml::de::{DeTable, DeValue};

use super::{Loader, Node, no_field};
use crate::diagnostic::place;
use crate::mapping::example::{Example, Expected};
use crate::schema::table::{Document, Word, perhaps, say};
use crate::schema::{Dataset, FieldId, ReasonCode};

const KEYS: &[&str] = &["row", "record", "records", "filtered", "withdraw", "reasons", "found"];

impl Loader<'_> {
    pub(super) fn examples(&mut self, doc: &mut Document<'_>, root: &DeTable<'_>) -> Vec<Example> {
        let mut examples = Vec::new();
        for (table, at) in doc.tables(root, "example") {
            doc.only(table, KEYS);
            let line = place(doc.text, at).0;
            let row = match table.get("row") {
                Some(node) => texts(doc, node, "row"),
                None => {
                    let hint = say("row = { 列 = \"值\" }", "row = { COLUMN = \"value\" }");
                    doc.wrong(at, say("缺少 `row`", "`row` is missing"), hint);
                    BTreeMap::new()
                }
            };
            let mut expected = Vec::new();
            if let Some(node) = table.get("record") {
                expected.push(self.expected(doc, node));
            }
            for node in table.get("records").and_then(|n| n.get_ref().as_array()).into_iter().flat_map(|a| a.iter()) {
                expected.push(self.expected(doc, node));
            }
            let compare = table.contains_key("record") || table.contains_key("records");
            examples.push(Example {
                line,
                row,
                expected: compare.then_some(expected),
                filtered: doc.flag(table, "filtered"),
                withdraw: doc.flag(table, "withdraw"),
                reasons: table.contains_key("reasons").then(|| reasons(doc, table)),
                found: self.found(doc, table),
            });
        }
        examples
    }

    /// The fields that an example compares; the empty text means absent.
    fn expected(&self, doc: &mut Document<'_>, node: &Node<'_>) -> Expected {
        let Some(dataset) = self.dataset.clone() else { return Vec::new() };
        self.fields_of(doc, node, &dataset)
    }

    fn fields_of(&self, doc: &mut Document<'_>, node: &Node<'_>, dataset: &Dataset) -> Vec<(FieldId, String)> {
        let mut fields = Vec::new();
        if let Some(table) = node.get_ref().as_table() {
            for (key, _) in table {
                if dataset.field(key.get_ref()).is_none() {
                    let word = Word { text: key.get_ref().to_string(), at: key.span().start };
                    no_field(doc, dataset, &word);
                }
            }
        }
        for (name, value) in texts(doc, node, "record") {
            fields.extend(dataset.field(&name).map(|field| (field, value)));
        }
        fields
    }

    /// Records that are there already, for look-ups: by dataset, their fields.
    fn found(&self, doc: &mut Document<'_>, table: &DeTable<'_>) -> Vec<(String, Vec<(FieldId, String)>)> {
        let Some(node) = table.get("found") else { return Vec::new() };
        let Some(datasets) = node.get_ref().as_table() else {
            let expected = say("表 { 数据集 = [{ 字段 = \"值\" }] }", "a table { DATASET = [{ FIELD = \"value\" }] }");
            doc.mistyped(node, "found", expected);
            return Vec::new();
        };
        let mut found = Vec::new();
        for (key, node) in datasets {
            let Some(dataset) = self.schema.dataset(key.get_ref()) else {
                let word = Word { text: key.get_ref().to_string(), at: key.span().start };
                self.no_dataset(doc, &word);
                continue;
            };
            let Some(records) = node.get_ref().as_array() else {
                let expected = say("记录列表 [{ 字段 = \"值\" }]", "a list of records [{ FIELD = \"value\" }]");
                doc.mistyped(node, key.get_ref(), expected);
                continue;
            };
            for record in records.iter() {
                found.push((dataset.code.clone(), self.fields_of(doc, record, dataset)));
            }
        }
        found
    }
}

fn reasons(doc: &mut Document<'_>, table: &DeTable<'_>) -> BTreeSet<ReasonCode> {
    let mut codes = BTreeSet::new();
    for word in doc.list(table, "reasons") {
        match ReasonCode::ALL.iter().find(|code| code.name() == word.text) {
            Some(code) => drop(codes.insert(*code)),
            None => {
                let names: Vec<String> = ReasonCode::ALL.iter().map(|code| code.name()).collect();
                let (name, hint) = (&word.text, perhaps(&word.text, names.iter().map(String::as_str)));
                doc.wrong(word.at, say(format!("没有原因代码 `{name}`"), format!("there is no reason `{name}`")), hint);
            }
        }
    }
    codes
}

/// A table of texts; numbers are taken as they are written.
fn texts(doc: &mut Document<'_>, node: &Node<'_>, key: &str) -> BTreeMap<String, String> {
    let Some(table) = node.get_ref().as_table() else {
        doc.mistyped(node, key, say("表", "a table"));
        return BTreeMap::new();
    };
    let mut texts = BTreeMap::new();
    for (name, node) in table {
        let text = match node.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(number) => number.as_str().to_owned(),
            DeValue::Float(number) => number.as_str().to_owned(),
            _ => {
                doc.mistyped(node, name.get_ref(), say("引号中的文本", "a text in quotes"));
                continue;
            }
        };
        texts.insert(name.get_ref().to_string(), text);
    }
    texts
}
