//! `when`, `withdraw_when`, `identity`, `version`: which rows count, and in what order.

use toml::de::DeValue;

use super::{Loader, Node};
use crate::mapping::condition::{Allowed, Condition};
use crate::mapping::convert::clean::Width;
use crate::mapping::row::{Placeholders, Reading};
use crate::mapping::rule::key_of;
use crate::mapping::{IdentityPart, Version};
use crate::schema::table::{Document, Word, say};

impl Loader<'_> {
    /// A table of columns and the values they must have, or an expression.
    pub(super) fn condition(&mut self, doc: &mut Document<'_>, node: &Node<'_>, key: &str) -> Option<Condition> {
        let Some(table) = node.get_ref().as_table() else {
            return self.expression(doc, node, key).map(Condition::Expression);
        };
        let mut columns = Vec::new();
        for (name, node) in table {
            let word = Word { text: name.get_ref().to_string(), at: name.span().start };
            let (node, not) = match node.get_ref().as_table() {
                Some(inner) => match inner.get("not") {
                    Some(values) if inner.len() == 1 => (values, true),
                    _ => {
                        let name = &word.text;
                        let message = say(
                            format!("`{name}` 应为值、值的列表或 {{ not = … }}"),
                            format!("`{name}` must be a value, a list of them, or {{ not = … }}"),
                        );
                        let hint = say("带点的列名要加引号", "a column's name with points in it stands in quotes");
                        doc.wrong(node.span().start, message, hint);
                        continue;
                    }
                },
                None => (node, false),
            };
            let values = match node.get_ref() {
                DeValue::String(one) => vec![key_of(one)],
                DeValue::Array(_) => doc.words(node).into_iter().map(|word| key_of(&word.text)).collect(),
                _ => {
                    doc.mistyped(node, &word.text, say("文本或文本列表", "a text or a list of texts"));
                    continue;
                }
            };
            columns.push(Allowed { slot: self.slot(doc, &word), values, not });
        }
        // What stands in the column is compared as it is: 无 may be a value to look for.
        let reading = Reading { width: Some(Width::Text), placeholders: Placeholders::default() };
        Some(Condition::Table { columns, reading })
    }

    /// Columns, or rules, that together tell one row of the source from another.
    pub(super) fn identity(&mut self, doc: &mut Document<'_>, node: &Node<'_>) -> Vec<IdentityPart> {
        let one = [node];
        let many: Vec<&Node<'_>> = match node.get_ref().as_array() {
            Some(items) => items.iter().collect(),
            None => one.to_vec(),
        };
        let mut parts = Vec::new();
        for item in many {
            let first = self.names.len();
            let name = match item.get_ref() {
                DeValue::String(name) => name.to_string(),
                DeValue::Table(rule) => {
                    rule.get("from").and_then(|n| n.get_ref().as_str()).unwrap_or("identity").to_owned()
                }
                _ => String::new(),
            };
            let element = self.by_name.get(&name).is_some_and(|slot| self.names[*slot].made || self.is_split(*slot));
            let made_before = *self.by_name.get(&name).unwrap_or(&first) < first;
            if let Some(rule) = self.value(doc, item) {
                parts.push(IdentityPart { rule, name, element: element && made_before });
            }
        }
        parts
    }

    /// The column whose value orders the versions of a row.
    pub(super) fn version(&mut self, doc: &mut Document<'_>, node: &Node<'_>) -> Option<Version> {
        let reading = Reading { width: Some(Width::Ascii), placeholders: self.placeholders.clone() };
        let (word, forms) = match node.get_ref() {
            DeValue::String(column) => {
                (Word { text: column.to_string(), at: node.span().start }, Some(Default::default()))
            }
            DeValue::Table(table) => {
                doc.only(table, &["from", "as", "form"]);
                let word = doc.needed(table, "from", node.span().start);
                let forms = self.forms(doc, table);
                let number = self.word_of(doc, table, "as", &["datetime", "integer"]).as_deref() == Some("integer");
                (word, (!number).then_some(forms))
            }
            _ => {
                let expected = say("列名或表 { from = \"…\" }", "a column or a table { from = \"…\" }");
                doc.mistyped(node, "version", expected);
                return None;
            }
        };
        Some(Version { column: self.slot(doc, &word), name: word.text, reading, forms })
    }
}
