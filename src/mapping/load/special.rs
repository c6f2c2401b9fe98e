//! `lookup`, `assign`, `stamp`, `expr`: what needs more than the row's own cells, or more than a rule.

use std::sync::Arc;

use toml::de::DeTable;

use super::rule::Built;
use super::{Loader, Node, maybe, no_field};
use crate::diagnostic::{Words, nearest};
use crate::mapping::expression::{Expression, Parsed};
use crate::mapping::rule::Rule;
use crate::mapping::{Assign, Given, Lookup, Missing};
use crate::schema::table::{Document, Word, nothing, say};
use crate::schema::{Dataset, FieldId};

/// What can be assigned.
const ALGORITHMS: &[&str] = &["unified-deal-code"];
/// The field that names the platform on which a transaction happened, in every dataset that has one.
const PLATFORM: &str = "PLATFORM_CODE";
/// Length of the credit code of a platform's operator.
const CREDIT_CODE_CHARS: usize = 18;

impl Loader<'_> {
    pub(super) fn lookup(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>, at: usize) -> Option<usize> {
        let word = doc.text(table, "lookup")?;
        let Some(dataset) = self.schema.dataset(&word.text).cloned() else {
            self.no_dataset(doc, &word);
            return None;
        };
        let take = doc.needed(table, "take", at);
        let taken = field_of(doc, &dataset, &take);
        let missing = match self.word_of(doc, table, "missing", &["wait", "default", "quarantine"]).as_deref() {
            Some("default") => Missing::Default,
            Some("quarantine") => Missing::Quarantine,
            _ => Missing::Wait,
        };
        let Some(node) = table.get("where") else {
            doc.wrong(at, say("缺少 `where`", "`where` is missing"), where_hint());
            return None;
        };
        let Some(wanted) = node.get_ref().as_table().filter(|wanted| !wanted.is_empty()) else {
            doc.mistyped(node, "where", say("表 { 字段 = \"列\" }", "a table { FIELD = \"COLUMN\" }"));
            return None;
        };
        let mut values: Vec<(FieldId, Rule)> = Vec::new();
        for (key, node) in wanted {
            let word = Word { text: key.get_ref().to_string(), at: key.span().start };
            let field = field_of(doc, &dataset, &word);
            let rule = self.looked_for(doc, node, &dataset, field);
            values.extend(field.zip(rule));
        }
        values.sort_by_key(|(field, _)| *field);
        let (fields, rules) = values.into_iter().unzip();
        self.lookups.push(Lookup { dataset, fields, take: taken?, missing });
        self.lookup_values.push(rules);
        Some(self.lookups.len() - 1)
    }

    /// The value looked for, read as the other dataset reads its field.
    fn looked_for(
        &mut self,
        doc: &mut Document<'_>,
        node: &Node<'_>,
        dataset: &Arc<Dataset>,
        field: Option<FieldId>,
    ) -> Option<Rule> {
        let rule = match (node.get_ref().as_str(), field) {
            (Some(_), Some(field)) => {
                let own = self.dataset.replace(dataset.clone());
                let rule = self.rule(doc, node, Some(field));
                self.dataset = own;
                rule
            }
            _ => self.rule(doc, node, None),
        };
        match rule {
            Some(Built::Rule(rule, _)) => Some(rule),
            Some(_) => {
                doc.wrong(node.span().start, say("没有要查找的值", "nothing is looked for"), where_hint());
                None
            }
            None => None,
        }
    }

    pub(super) fn stamp(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>, field: FieldId) -> Option<Built> {
        self.word_of(doc, table, "stamp", &["version"])?;
        let dataset = self.dataset.clone()?;
        let field = &dataset.fields[field];
        if field.kind != crate::schema::Kind::DateTime {
            let at = table.get("stamp").map_or(0, |node| node.span().start);
            let name = &field.name;
            let message = say(
                format!("`{name}` 不是时间，不能由系统写入时间"),
                format!("`{name}` is no time, so it cannot be stamped"),
            );
            doc.wrong(at, message, nothing());
        }
        Some(Built::Stamp)
    }

    pub(super) fn assign(
        &mut self,
        doc: &mut Document<'_>,
        table: &DeTable<'_>,
        field: FieldId,
        at: usize,
    ) -> Option<Built> {
        let algorithm = self.word_of(doc, table, "assign", ALGORITHMS);
        let class = match table.get("class") {
            None => {
                let hint = say(
                    "class = \"A01\"：交易分类，代码集 trade_class",
                    "class = \"A01\": the class of trade, code set trade_class",
                );
                doc.wrong(at, say("缺少 `class`", "`class` is missing"), hint);
                None
            }
            Some(node) => match node.get_ref().as_str() {
                Some(code) => {
                    let word = Word { text: code.to_owned(), at: node.span().start };
                    self.class_is_known(doc, &word);
                    Some(Given::Const(word.text))
                }
                None => self.given(doc, node),
            },
        };
        let platform = self.platform(doc, table, at);
        let words = match table.get("by") {
            Some(node) if node.get_ref().as_array().is_some() => doc.words(node),
            _ => vec![doc.needed(table, "by", at)],
        };
        let by: Vec<FieldId> =
            words.iter().filter(|w| !w.text.is_empty()).filter_map(|word| self.own_field(doc, word)).collect();
        let dataset = self.dataset.clone()?;
        let lists = by.iter().filter(|by| dataset.fields[**by].list).count();
        if lists > 0 && by.len() > 1 {
            let at = table.get("by").map_or(at, |node| node.span().start);
            let message = say("列表字段不能与其他字段合用", "a list cannot be joined with other fields here");
            doc.wrong(at, message, say("by = \"列表字段\"", "by = \"THE_LIST\" alone"));
        }
        let kept = if table.contains_key("from") {
            let source = DeTable::from_iter(
                table.iter().filter(|(key, _)| key.get_ref() == "from").map(|(k, v)| (k.clone(), v.clone())),
            );
            match self.rule(doc, &toml::Spanned::new(at..at, toml::de::DeValue::Table(source)), Some(field)) {
                Some(Built::Rule(rule, _)) => Some(rule),
                _ => None,
            }
        } else {
            None
        };
        let assign = Assign { field, algorithm: algorithm?, class: class?, platform: platform?, by, list: lists > 0 };
        Some(Built::Assign(assign, kept))
    }

    fn class_is_known(&self, doc: &mut Document<'_>, word: &Word) {
        let Some(set) = self.schema.code_set("trade_class").filter(|set| set.refuses()) else { return };
        if set.by_code(&word.text).is_none() {
            let hint = set.by_name(&word.text).map_or_else(nothing, |value| maybe(&value.code, ""));
            let name = &word.text;
            doc.wrong(word.at, say(format!("`{name}` 不是交易分类"), format!("`{name}` is no class of trade")), hint);
        }
    }

    /// The platform in the code: a field, a constant, a rule; unless said, the record's PLATFORM_CODE.
    fn platform(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>, at: usize) -> Option<Given> {
        let dataset = self.dataset.clone()?;
        let Some(node) = table.get("platform") else {
            let field = dataset.field(PLATFORM);
            if field.is_none() {
                let message =
                    say(format!("{} 没有字段 {PLATFORM}", dataset.code), format!("{} has no {PLATFORM}", dataset.code));
                let hint =
                    say("加上 platform = \"平台运行机构的信用代码\"", "add platform = \"the operator's credit code\"");
                doc.wrong(at, message, hint);
            }
            return field.map(Given::Field);
        };
        match node.get_ref().as_str() {
            None => self.given(doc, node),
            Some(text) => match dataset.field(text) {
                Some(field) => Some(Given::Field(field)),
                None if text.len() == CREDIT_CODE_CHARS => Some(Given::Const(text.to_owned())),
                None => {
                    let near = nearest(text, dataset.fields.iter().map(|field| field.name.as_str()));
                    let hint = near.map_or_else(
                        || say("字段，或 18 位信用代码", "a field, or a credit code of 18 characters"),
                        |near| maybe(near, ""),
                    );
                    let message = say(format!("`{text}` 不是平台"), format!("`{text}` is no platform"));
                    doc.wrong(node.span().start, message, hint);
                    None
                }
            },
        }
    }

    /// A part of a code that comes from a rule.
    fn given(&mut self, doc: &mut Document<'_>, node: &Node<'_>) -> Option<Given> {
        let rule = self.value(doc, node)?;
        self.given.push(rule);
        Some(Given::Item(self.given.len() - 1))
    }

    /// An expression with its columns bound to slots.
    pub(super) fn expression(&mut self, doc: &mut Document<'_>, node: &Node<'_>, key: &str) -> Option<Expression> {
        let Some(text) = node.get_ref().as_str() else {
            doc.mistyped(node, key, say("引号中的表达式", "an expression in quotes"));
            return None;
        };
        let span = node.span();
        // Offsets in the expression are offsets in the file only where nothing was escaped.
        let raw = &doc.text[span.clone()];
        let start = raw.find(text).map(|inner| span.start + inner);
        let place = |at: usize| start.map_or(span.start, |start| start + at);
        match Parsed::new(text) {
            Ok(parsed) => {
                let mut slots = Vec::new();
                for name in &parsed.columns {
                    let word = Word { text: name.clone(), at: place(text.find(name.as_str()).unwrap_or(0)) };
                    slots.push(self.slot(doc, &word));
                }
                Some(parsed.bound(slots, self.plain_reading()))
            }
            Err(wrong) => {
                doc.wrong(place(wrong.at), wrong.message, wrong.hint);
                None
            }
        }
    }
}

fn where_hint() -> Words {
    say("where = { 字段 = \"列\" }", "where = { FIELD = \"COLUMN\" }")
}

fn field_of(doc: &mut Document<'_>, dataset: &Dataset, word: &Word) -> Option<FieldId> {
    let found = dataset.field(&word.text);
    if found.is_none() && !word.text.is_empty() {
        no_field(doc, dataset, word);
    }
    found
}
