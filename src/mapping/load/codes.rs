//! `table` and `code`: from the source's words to the standard's.

use std::collections::HashMap;
use std::sync::Arc;

use toml::de::DeTable;

use super::{Loader, Node, maybe};
use crate::diagnostic::{Lang, nearest};
use crate::mapping::rule::{Codes, Source, key_of, without_zero_fraction};
use crate::schema::table::{Document, Word, nothing, say};
use crate::schema::{CodeSet, Field, check_constant};

/// Codes that a hint shows.
const CODES_SHOWN: usize = 8;

impl Loader<'_> {
    /// How values become codes: by the rule's table, by the set it names, else by the set of the field. A table alone is
    /// closed: a source's own 3 that its table does not have must never pass for the standard's 3.
    pub(super) fn codes(
        &mut self,
        doc: &mut Document<'_>,
        rule: &DeTable<'_>,
        field: Option<&Field>,
        word: Option<&str>,
        source: &Source,
    ) -> Option<Codes> {
        if let (Source::Const(_) | Source::Present { .. }, Some(field)) = (source, field) {
            for key in ["const", "then", "else"] {
                if let Some(word) = doc.text(rule, key) {
                    self.value_fits(doc, &word, field);
                }
            }
            return None;
        }
        let table = rule.get("table").and_then(|node| self.table_of(doc, node));
        let said = self.code_set(doc, rule);
        let implied = field.filter(|_| word.is_none() && table.is_none()).and_then(|field| field.codes.clone());
        let explicit = rule.contains_key("table") || rule.contains_key("code");
        let set = said.or(implied);
        if set.is_none() && !explicit {
            return None;
        }
        let otherwise = doc.text(rule, "else");
        if let Some(field) = field {
            self.table_gives_codes(doc, rule, field);
            if let Some(otherwise) = &otherwise {
                self.value_fits(doc, otherwise, field);
            }
        }
        Some(Codes {
            table,
            ambiguous: set.as_deref().map(ambiguous).unwrap_or_default(),
            otherwise: otherwise.map(|word| word.text),
            strict: explicit && set.as_ref().is_none_or(|set| set.refuses()),
            set,
        })
    }

    fn code_set(&mut self, doc: &mut Document<'_>, rule: &DeTable<'_>) -> Option<Arc<CodeSet>> {
        let word = doc.text(rule, "code")?;
        let found = self.schema.code_set(&word.text).cloned();
        match &found {
            Some(set) => drop(self.code_sets.insert(set.name.clone())),
            None => {
                let near = nearest(&word.text, self.schema.code_sets().map(|set| set.name.as_str()));
                let hint = near.and_then(|name| self.schema.code_set(name)).map_or_else(
                    || say("代码集见 mappings/codes", "mappings/codes has them"),
                    |set| maybe(&set.name, &set.name_zh),
                );
                let name = &word.text;
                doc.wrong(word.at, say(format!("没有代码集 `{name}`"), format!("there is no code set `{name}`")), hint);
            }
        }
        found
    }

    /// A table written here, or the name of one under `[tables]`.
    fn table_of(&self, doc: &mut Document<'_>, node: &Node<'_>) -> Option<Arc<HashMap<String, String>>> {
        let Some(name) = node.get_ref().as_str() else { return table(doc, node, "table").map(Arc::new) };
        let found = self.tables.get(name).cloned();
        if found.is_none() {
            let near = nearest(name, self.tables.keys().map(String::as_str));
            let hint = match near {
                Some(near) => maybe(near, ""),
                None => say(format!("加上 [tables.{name}]"), format!("add [tables.{name}]")),
            };
            let message = say(format!("没有对照表 `{name}`"), format!("there is no table `{name}`"));
            doc.wrong(node.span().start, message, hint);
        }
        found
    }

    /// The values of a table written in the rule are codes of the field.
    fn table_gives_codes(&self, doc: &mut Document<'_>, rule: &DeTable<'_>, field: &Field) {
        let Some(table) = rule.get("table").and_then(|node| node.get_ref().as_table()) else { return };
        for node in table.values() {
            if let Some(value) = node.get_ref().as_str() {
                self.value_fits(doc, &Word { text: value.to_owned(), at: node.span().start }, field);
            }
        }
    }

    /// A value written in the mapping is one that the field can have: else every record with it would be refused.
    pub(super) fn value_fits(&self, doc: &mut Document<'_>, word: &Word, field: &Field) {
        if self.no_code(doc, word, field) {
            return;
        }
        let Some(dataset) = &self.dataset else { return };
        let id = dataset.field(&field.name);
        for reason in id.map(|id| check_constant(dataset, id, &word.text)).unwrap_or_default() {
            let message = say(reason.render(Lang::Zh), reason.render(Lang::En));
            doc.wrong(word.at, message, say("每条记录都会因此被退回", "every record with it would be refused"));
        }
    }

    /// Notes a value that is none of the field's codes, if those are known.
    fn no_code(&self, doc: &mut Document<'_>, word: &Word, field: &Field) -> bool {
        let Some(set) = field.codes.as_ref().filter(|set| set.refuses()) else { return false };
        let incomplete = || set.incomplete.iter().any(|beginning| word.text.starts_with(beginning.as_str()));
        let elements = if field.list { word.text.split(';').collect() } else { vec![word.text.as_str()] };
        let unknown = elements.into_iter().find(|code| !code.is_empty() && set.by_code(code).is_none());
        let Some(code) = unknown.filter(|_| !incomplete()) else { return false };
        let hint = match set.by_name(code) {
            Some(value) => {
                let (code, name) = (&value.code, &value.name_zh);
                say(format!("{name}的代码是 `{code}`"), format!("`{code}` is {name}"))
            }
            None => {
                let few = set.values.iter().take(CODES_SHOWN).map(|value| format!("{} {}", value.code, value.name_zh));
                let few: Vec<String> = few.collect();
                say(few.join("、"), few.join(", "))
            }
        };
        let (name, label) = (&set.name, &set.name_zh);
        let message = say(
            format!("`{code}` 不是代码集 `{name}`（{label}）的代码"),
            format!("`{code}` is no code of `{name}` ({label})"),
        );
        doc.wrong(word.at, message, hint);
        true
    }
}

/// A table of words: keys as values are compared, so that `１`, `1` and `1.0` are one.
pub(super) fn table(doc: &mut Document<'_>, node: &Node<'_>, name: &str) -> Option<HashMap<String, String>> {
    let Some(entries) = node.get_ref().as_table() else {
        doc.mistyped(node, name, say("表 { \"来源的写法\" = \"代码\" }", "a table { \"their word\" = \"code\" }"));
        return None;
    };
    let mut table = HashMap::with_capacity(entries.len());
    for (key, node) in entries {
        match node.get_ref().as_str() {
            Some(value) => {
                let key_text = key_of(key.get_ref());
                let plain = without_zero_fraction(&key_text).to_owned();
                if let Some(other) = table.insert(plain, value.to_owned())
                    && other != value
                {
                    let key_text = key.get_ref();
                    let message = say(
                        format!("`{key_text}` 在表中出现两次，另一处为 `{other}`"),
                        format!("`{key_text}` stands in the table twice, once as `{other}`"),
                    );
                    doc.wrong(key.span().start, message, nothing());
                }
            }
            None => doc.mistyped(node, key.get_ref(), say("引号中的文本", "a text in quotes")),
        }
    }
    Some(table)
}

/// Names that several codes in force have: a list of divisions has many.
fn ambiguous(set: &CodeSet) -> HashMap<String, String> {
    /// Codes that a reason shows.
    const SHOWN: usize = 5;
    let mut by_name: HashMap<&str, Vec<&str>> = HashMap::with_capacity(set.values.len());
    for value in set.values.iter().filter(|value| !value.retired) {
        by_name.entry(&value.name_zh).or_default().push(&value.code);
    }
    let several = by_name.into_iter().filter(|(_, codes)| codes.len() > 1);
    several
        .map(|(name, codes)| {
            let more = if codes.len() > SHOWN { " …" } else { "" };
            (name.to_owned(), format!("{}{more}", codes[..codes.len().min(SHOWN)].join(" ")))
        })
        .collect()
}
