//! `lookup`, `assign`, `stamp`, `expr`: what needs more than the row's own cells, or more than a rule.

use std::sync::Arc;

use toml::de::DeTable;

use super::rule::Built;
use super::{Loader, Node, maybe, no_field};
use crate::diagnostic::{Words, nearest};
use crate::mapping::expression::{Expression, Parsed};
use crate::mapping::rule::{Rule, Source};
use crate::mapping::{Assign, Given, Lookup, Missing};
use crate::schema::table::{Document, Word, nothing, say};
use crate::schema::{Dataset, FieldId, Membership, deal_code_possible};

/// What can be assigned.
const ALGORITHMS: &[&str] = &["unified-deal-code"];
/// The field that names the platform on which a transaction happened, in every dataset that has one.
const PLATFORM: &str = "PLATFORM_CODE";
/// Length of the credit code of a platform's operator.
const CREDIT_CODE_CHARS: usize = 18;
/// The code set of classes of trade.
const CLASSES: &str = "trade_class";
/// A class and a platform of which codes can be made, to judge the other by.
const CLASS_LIKE: &str = "A01";
const PLATFORM_LIKE: &str = "12350100MB02709751";

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
            let in_list = field.is_some_and(|field| dataset.fields[field].list);
            if in_list {
                let (code, name) = (&dataset.code, &word.text);
                let message = say(
                    format!("{code} 的 `{name}` 是列表，不能按其中的元素查找"),
                    format!("`{name}` of {code} is a list, and a look-up does not find what stands in one"),
                );
                doc.wrong(word.at, message, say("改按单值字段查找", "look up by a field with one value"));
            }
            let rule = self.looked_for(doc, node, &dataset, field, in_list);
            values.extend(field.zip(rule));
        }
        values.sort_by_key(|(field, _)| *field);
        let (fields, rules) = values.into_iter().unzip();
        self.lookups.push(Lookup { dataset, fields, take: taken?, missing });
        self.lookup_values.push(rules);
        Some(self.lookups.len() - 1)
    }

    /// The value looked for, read as the other dataset reads its field. `told`: that this is a list is told already.
    fn looked_for(
        &mut self,
        doc: &mut Document<'_>,
        node: &Node<'_>,
        dataset: &Arc<Dataset>,
        field: Option<FieldId>,
        told: bool,
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
            Some(Built::Rule(rule, _)) => {
                // A list field of this record may be pointed at: mostly it has one element.
                if rule.split.is_some() && !told {
                    let message = say(
                        "按列表查找：列表会作为一个整体查找，其中的元素查不到",
                        "a list is looked for as a whole, so that none of its elements is found",
                    );
                    let hint = say(
                        "用 [each] 让每个元素成为一条记录，再逐个查找",
                        "make a record of each element by [each]; then each is looked up",
                    );
                    doc.wrong(node.span().start, message, hint);
                }
                Some(rule)
            }
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
                None => {
                    self.classes_are_known(doc, node);
                    self.given(doc, node)
                }
            },
        };
        let platform = self.platform(doc, table, at);
        if let Some(Given::Field(field)) = platform {
            let at = table.get("platform").map_or(at, |node| node.span().start);
            self.assigned_from.push((doc.file.to_owned(), at, field, true));
        }
        let words = match table.get("by") {
            Some(node) if node.get_ref().as_array().is_some() => doc.words(node),
            _ => vec![doc.needed(table, "by", at)],
        };
        let by: Vec<FieldId> =
            words.iter().filter(|w| !w.text.is_empty()).filter_map(|word| self.own_field(doc, word)).collect();
        let place = table.get("by").map_or(at, |node| node.span().start);
        self.assigned_from.extend(by.iter().map(|by| (doc.file.to_owned(), place, *by, false)));
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
        let set = self.schema.code_set(CLASSES);
        let judged = set.map_or(Membership::Unknown, |set| set.judge(&word.text));
        if judged != Membership::Out && deal_code_possible(&word.text, PLATFORM_LIKE) {
            return;
        }
        let hint = set.and_then(|set| set.by_name(&word.text)).map_or_else(
            || say("三位代码，如 A01，见代码集 trade_class", "three characters such as A01: code set trade_class"),
            |value| maybe(&value.code, ""),
        );
        let name = &word.text;
        doc.wrong(word.at, say(format!("`{name}` 不是交易分类"), format!("`{name}` is no class of trade")), hint);
    }

    /// Every class that a rule itself writes; what it copies is known with the row only.
    fn classes_are_known(&self, doc: &mut Document<'_>, node: &Node<'_>) {
        let Some(rule) = node.get_ref().as_table() else { return };
        for key in ["const", "then", "else", "default"] {
            if let Some(value) = rule.get(key).and_then(|node| node.get_ref().as_str().map(|text| (text, node.span())))
            {
                self.class_is_known(doc, &Word { text: value.0.to_owned(), at: value.1.start });
            }
        }
        let Some(table) = rule.get("table") else { return };
        let mut classes: Vec<(String, usize)> = match table.get_ref().as_table() {
            Some(own) => {
                own.values().filter_map(|node| Some((node.get_ref().as_str()?.to_owned(), node.span().start))).collect()
            }
            None => {
                let named = table.get_ref().as_str().and_then(|name| self.tables.get(name));
                named.iter().flat_map(|table| table.values()).map(|c| (c.clone(), table.span().start)).collect()
            }
        };
        classes.sort();
        classes.dedup();
        for (text, at) in classes.into_iter().filter(|(text, _)| !text.is_empty()) {
            self.class_is_known(doc, &Word { text, at });
        }
    }

    /// A code is made of fields: without a rule for them, or with a constant of which none can be made, no row ever
    /// gets one.
    pub(super) fn assignable<'d>(&self, own: &mut Document<'d>, shared: &mut Document<'d>) {
        let Some(dataset) = &self.dataset else { return };
        for (file, at, field, is_platform) in &self.assigned_from {
            let name = &dataset.fields[*field].name;
            let doc = if own.file == file { &mut *own } else { &mut *shared };
            match self.rules.iter().find(|rule| rule.field == *field).map(|rule| &rule.rule.source) {
                None => {
                    let mapping = self.name;
                    let message = say(
                        format!("{mapping} 没有 `{name}` 的规则，永远分配不了代码"),
                        format!("{mapping} has no rule for `{name}`, so no code can ever be assigned"),
                    );
                    let hint = match is_platform {
                        true => say(
                            "填写该字段，或加上 platform = \"平台运行机构的信用代码\"",
                            "fill it, or add platform = \"the operator's credit code\"",
                        ),
                        false => say("填写该字段，或在 by 中改用其他字段", "fill it, or name other fields in `by`"),
                    };
                    doc.wrong(*at, message, hint);
                }
                Some(Source::Const(platform)) if *is_platform => self.platform_fits(doc, platform, *at),
                Some(_) => {}
            }
        }
    }

    fn platform_fits(&self, doc: &mut Document<'_>, platform: &str, at: usize) {
        if !deal_code_possible(CLASS_LIKE, platform) {
            let message = say(
                format!("平台 `{platform}` 不是有效的信用代码，不能组成统一交易标识码"),
                format!("the platform `{platform}` is no right credit code, so no deal code can be made of it"),
            );
            let hint = say(
                "写平台运行机构的 18 位统一社会信用代码，含正确的校验位",
                "write the operator's credit code: 18 characters, the last of them the right check character",
            );
            doc.wrong(at, message, hint);
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
        let constant = |node: &Node<'_>| node.get_ref().as_table()?.get("const")?.get_ref().as_str().map(str::to_owned);
        match node.get_ref().as_str() {
            None => {
                if let Some(platform) = constant(node) {
                    self.platform_fits(doc, &platform, node.span().start);
                }
                self.given(doc, node)
            }
            Some(text) => match dataset.field(text) {
                Some(field) => Some(Given::Field(field)),
                None if text.len() == CREDIT_CODE_CHARS => {
                    self.platform_fits(doc, text, node.span().start);
                    Some(Given::Const(text.to_owned()))
                }
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
