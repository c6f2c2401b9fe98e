//! How a mapping's text becomes a [`Mapping`], or the whole list of what is wrong with it.
//!
//! Every mistake is told at its word, with what was probably meant. Nothing of a mapping with a mistake in it is used.
//! Names of columns become slots, names of fields become positions; what is only known at the source (does it have the
//! column?) is asked when the mapping is bound, or here, where the mapping lists its `columns`.

mod codes;
mod each;
mod examples;
mod order;
mod rule;
mod special;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::convert::clean::Width;
use super::row::{Placeholders, Reading};
use super::rule::{Rule, Source, UnitField};
use super::{Assign, FieldRule, Later, Lookup, Mapping, Name, WhenLost};
use crate::diagnostic::{Diagnostic, Words, nearest, place};
use crate::schema::table::{Document, Word, perhaps, say};
use crate::schema::{Dataset, FieldId, Schema};
use rule::Built;

/// Largest mapping read: the longest hand-written one has some hundred lines.
const TEXT_BYTES_MAX: usize = 1 << 20;

const KEYS: &[&str] = &[
    "dataset",
    "columns",
    "when",
    "identity",
    "identity_space",
    "version",
    "withdraw_when",
    "when_lost",
    "parents",
    "reason",
    "placeholders",
    "deal_code_check",
    "fields",
    "tables",
    "each",
    "example",
];
const COMMON_KEYS: &[&str] = &["placeholders", "deal_code_check", "fields", "tables"];

type Node<'i> = Spanned<DeValue<'i>>;

/// Reads a mapping.
///
/// `name` is system and file name (`ezhou/award`), `common` what all mappings of the system share (`common.toml`).
/// Returns every mistake of both texts, in the order of the text.
pub fn load(
    name: &str,
    file: &Path,
    text: &str,
    common: Option<(&Path, &str)>,
    schema: &Schema,
) -> Result<Mapping, Vec<Diagnostic>> {
    for (file, text) in common.into_iter().chain([(file, text)]) {
        if text.len() > TEXT_BYTES_MAX {
            let message =
                say(format!("超过 {TEXT_BYTES_MAX} 字节"), format!("it is larger than {TEXT_BYTES_MAX} bytes"));
            let hint = say("映射是给人读的文本", "a mapping is a text that people read");
            return Err(vec![Diagnostic::whole(file, message, hint)]);
        }
    }
    let mut own = Document::new(file, text);
    let (common_file, common_text) = common.unwrap_or((file, ""));
    let mut shared = Document::new(common_file, common_text);
    let (root, shared_root) = (own.root(), shared.root());
    let loader = Loader::new(name, schema);
    let mapping = loader.mapping(&mut own, &root, &mut shared, &shared_root);
    let mut found = own.found;
    found.extend(shared.found);
    found.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    match mapping {
        Some(mapping) if found.is_empty() => Ok(mapping),
        _ => Err(found),
    }
}

/// What is gathered while a mapping is read.
struct Loader<'s> {
    name: &'s str,
    schema: &'s Schema,
    dataset: Option<Arc<Dataset>>,
    /// The source's columns, where the mapping lists them.
    declared: Option<Vec<String>>,
    names: Vec<Name>,
    by_name: HashMap<String, usize>,
    tables: HashMap<String, Arc<HashMap<String, String>>>,
    placeholders: Placeholders,
    /// Fields that a rule fills, and the constant where it is one.
    filled: HashMap<FieldId, Option<String>>,
    lookups: Vec<Lookup>,
    lookup_values: Vec<Vec<Rule>>,
    assigns: Vec<Assign>,
    given: Vec<Rule>,
    stamps: Vec<FieldId>,
    later: Vec<Later>,
    code_sets: BTreeSet<String>,
    /// Slots that differ from element to element of `each`.
    split_slots: Vec<usize>,
    /// Where rules point at other fields: file, place, field.
    pointed: Vec<(PathBuf, usize, FieldId)>,
    /// Fields of which codes are assigned: file, place, field, and whether it is the platform.
    assigned_from: Vec<(PathBuf, usize, FieldId, bool)>,
    rules: Vec<FieldRule>,
}

impl<'s> Loader<'s> {
    fn new(name: &'s str, schema: &'s Schema) -> Self {
        Self {
            name,
            schema,
            dataset: None,
            declared: None,
            names: Vec::new(),
            by_name: HashMap::new(),
            tables: HashMap::new(),
            placeholders: Placeholders::default(),
            filled: HashMap::new(),
            lookups: Vec::new(),
            lookup_values: Vec::new(),
            assigns: Vec::new(),
            given: Vec::new(),
            stamps: Vec::new(),
            later: Vec::new(),
            code_sets: BTreeSet::new(),
            split_slots: Vec::new(),
            pointed: Vec::new(),
            assigned_from: Vec::new(),
            rules: Vec::new(),
        }
    }

    fn mapping<'d>(
        mut self,
        own: &mut Document<'d>,
        root: &DeTable<'_>,
        shared: &mut Document<'d>,
        shared_root: &DeTable<'_>,
    ) -> Option<Mapping> {
        own.only(root, KEYS);
        shared.only(shared_root, COMMON_KEYS);
        self.dataset = self.find_dataset(own, root);
        self.shared_settings(own, root, shared, shared_root);
        if root.contains_key("columns") {
            let columns = own.list(root, "columns");
            self.declared = Some(columns.into_iter().map(|word| word.text).collect());
        }
        let each = root.get("each").and_then(|node| self.each(own, node));
        let when = root.get("when").and_then(|node| self.condition(own, node, "when"));
        let identity = root.get("identity").map(|node| self.identity(own, node)).unwrap_or_default();
        if let (Some(each), Some(node)) = (&each, root.get("identity"))
            && !identity.is_empty()
            && !identity.iter().any(|part| part.element)
        {
            let names = each.slots().map(|slot| self.names[slot].text.as_str()).collect::<Vec<_>>().join(", ");
            let message = say("同一行的各元素会有相同的标识", "every element of a row would have the same identity");
            let hint = say(format!("加上 {names} 之一"), format!("add one of {names}"));
            own.wrong(node.span().start, message, hint);
        }
        let version = root.get("version").and_then(|node| self.version(own, node));
        self.fields(own, root, shared, shared_root);
        self.pointed_at(own, shared);
        self.assignable(own, shared);
        let withdraw_when = root.get("withdraw_when").and_then(|node| self.condition(own, node, "withdraw_when"));
        let when_lost = self.choice(own, root, "when_lost", &["keep", "withdraw"]);
        let parents = self.choice(own, root, "parents", &["wait", "warn"]);
        let reason = own.text(root, "reason");
        if let (Some("warn"), None) = (parents, &reason) {
            let at = root.get("parents").map_or(0, |node| node.span().start);
            let message = say("`parents = \"warn\"` 须写明原因", "`parents = \"warn\"` needs its reason");
            let hint =
                say("加上 reason = \"为何尚无上级数据\"", "add reason = \"why nobody supplies the parents yet\"");
            own.wrong(at, message, hint);
        }
        let examples = self.examples(own, root);
        let dataset = self.dataset.clone()?;
        let place = |field: FieldId| self.rules.iter().position(|rule| rule.field == field);
        let rule_of = (0..dataset.fields.len()).map(place).collect();
        let volatile = self.volatile(version.as_ref().map(|v| v.column));
        Some(Mapping {
            name: self.name.to_owned(),
            file: own.file.to_owned(),
            digest: self.digest(&dataset, own.text, shared.text),
            dataset,
            parents_warn: parents == Some("warn"),
            reason: reason.map(|word| word.text).unwrap_or_default(),
            identity_space: own.text(root, "identity_space").map(|word| word.text).unwrap_or_default(),
            when_lost: if when_lost == Some("withdraw") { WhenLost::Withdraw } else { WhenLost::Keep },
            deal_code_check: flag(own, root, "deal_code_check")
                .or_else(|| flag(shared, shared_root, "deal_code_check"))
                .unwrap_or(true),
            columns: self.names.iter().filter(|name| !name.made).map(|name| name.text.clone()).collect(),
            names: self.names,
            when,
            withdraw_when,
            each,
            identity,
            version,
            rules: self.rules,
            rule_of,
            lookups: self.lookups,
            lookup_values: self.lookup_values,
            assigns: self.assigns,
            given: self.given,
            stamps: self.stamps,
            later: self.later,
            volatile,
            examples,
        })
    }

    fn find_dataset(&self, doc: &mut Document<'_>, root: &DeTable<'_>) -> Option<Arc<Dataset>> {
        let word = doc.needed(root, "dataset", 0);
        let found = self.schema.dataset(&word.text);
        if found.is_none() && !word.text.is_empty() {
            self.no_dataset(doc, &word);
        }
        found.cloned()
    }

    fn no_dataset(&self, doc: &mut Document<'_>, word: &Word) {
        let near = nearest(&word.text, self.schema.datasets().iter().map(|d| d.code.as_str()));
        let hint = match near.and_then(|code| self.schema.dataset(code)) {
            Some(near) => maybe(&near.code, &near.name_zh),
            None => say("用 `exchange-hub schema list` 列出数据集", "`exchange-hub schema list` names them"),
        };
        let name = &word.text;
        doc.wrong(word.at, say(format!("没有数据集 `{name}`"), format!("there is no dataset `{name}`")), hint);
    }

    /// Tables and placeholders: the mapping's own go before the system's.
    fn shared_settings<'d>(
        &mut self,
        own: &mut Document<'d>,
        root: &DeTable<'_>,
        shared: &mut Document<'d>,
        shared_root: &DeTable<'_>,
    ) {
        self.read_tables(shared, shared_root);
        self.read_tables(own, root);
        let (doc, table) = if root.contains_key("placeholders") { (own, root) } else { (shared, shared_root) };
        if table.contains_key("placeholders") {
            self.placeholders = placeholders(doc, table);
        }
    }

    fn read_tables(&mut self, doc: &mut Document<'_>, root: &DeTable<'_>) {
        let Some(node) = root.get("tables") else { return };
        let Some(tables) = node.get_ref().as_table() else {
            return doc.mistyped(node, "tables", say("表 [tables.<名称>]", "tables [tables.<name>]"));
        };
        for (key, node) in tables {
            if let Some(table) = codes::table(doc, node, key.get_ref()) {
                self.tables.insert(key.get_ref().to_string(), Arc::new(table));
            }
        }
    }

    /// The rules of `[fields]`, then those of the system that the dataset has a field for and the mapping does not set.
    fn fields<'d>(
        &mut self,
        own: &mut Document<'d>,
        root: &DeTable<'_>,
        shared: &mut Document<'d>,
        shared_root: &DeTable<'_>,
    ) {
        let rules = sorted(own, root, "fields");
        let shared_rules = sorted(shared, shared_root, "fields");
        if rules.is_empty() && shared_rules.is_empty() {
            let hint = say("加上 [fields]，每行 字段 = \"列\"", "add [fields] with FIELD = \"COLUMN\"");
            own.wrong(0, say("没有任何规则", "there is no rule"), hint);
        }
        let Some(dataset) = self.dataset.clone() else { return };
        let mut todo = Vec::new();
        for (word, node) in &rules {
            match dataset.field(&word.text) {
                Some(field) => todo.push((field, *node, true)),
                None => {
                    no_field(own, &dataset, word);
                }
            }
        }
        for (word, node) in &shared_rules {
            match dataset.field(&word.text) {
                Some(field) if todo.iter().any(|(taken, ..)| *taken == field) => {}
                Some(field) => todo.push((field, *node, false)),
                None => self.known_anywhere(shared, word),
            }
        }
        self.filled = todo.iter().map(|(field, node, _)| (*field, constant(node))).collect();
        for (field, node, mine) in todo {
            self.field(if mine { own } else { shared }, field, node);
        }
        // An amount whose unit another field says comes after that field.
        self.rules.sort_by_key(|rule| matches!(rule.unit, UnitField::Read(_)));
    }

    fn known_anywhere(&self, doc: &mut Document<'_>, word: &Word) {
        let fields = || self.schema.datasets().iter().flat_map(|d| d.fields.iter().map(|f| f.name.as_str()));
        if !fields().any(|name| name == word.text) {
            let name = &word.text;
            let message = say(format!("没有数据集有字段 `{name}`"), format!("no dataset has a field `{name}`"));
            doc.wrong(word.at, message, perhaps(name, fields()));
        }
    }

    /// A rule may point at a field whose rule makes its value from the row alone.
    fn pointed_at<'d>(&self, own: &mut Document<'d>, shared: &mut Document<'d>) {
        for (file, at, field) in &self.pointed {
            let rule = self.rules.iter().find(|rule| rule.field == *field);
            let plain = rule.is_some_and(|rule| !matches!(rule.rule.source, Source::Lookup(_) | Source::Field(_)));
            if plain {
                continue;
            }
            let name = self.dataset.as_ref().map(|dataset| dataset.fields[*field].name.as_str()).unwrap_or_default();
            let message = match rule {
                None => {
                    say(format!("`{name}` 没有取自原始行的规则"), format!("`{name}` has no rule that reads the row"))
                }
                Some(_) => say(
                    format!("`{name}` 自身取自另一记录或字段"),
                    format!("`{name}` itself comes from another record or field"),
                ),
            };
            let doc = if own.file == file { &mut *own } else { &mut *shared };
            doc.wrong(*at, message, say("改为读取列", "read the column instead"));
        }
    }

    fn field(&mut self, doc: &mut Document<'_>, field: FieldId, node: &Node<'_>) {
        let span = node.span();
        let written = doc.text[span.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
        let (line, _) = place(doc.text, span.start);
        let source = if doc.file.file_stem().is_some_and(|stem| stem == "common") {
            self.name.rsplit_once('/').map_or_else(|| "common".to_owned(), |(system, _)| format!("{system}/common"))
        } else {
            self.name.to_owned()
        };
        let place = format!("{source}:{line}");
        let built = self.rule(doc, node, Some(field));
        let later = || Later { field, written: written.clone(), place: place.clone() };
        match built {
            Some(Built::Rule(rule, unit)) => self.rules.push(FieldRule { field, rule, unit, written, place }),
            Some(Built::Assign(assign, kept)) => {
                self.later.push(later());
                self.assigns.push(assign);
                if let Some(rule) = kept {
                    self.rules.push(FieldRule { field, rule, unit: UnitField::Fixed, written, place });
                }
            }
            Some(Built::Stamp) => {
                self.later.push(later());
                self.stamps.push(field);
            }
            Some(Built::Nothing) | None => {}
        }
    }

    /// Stamps, and what is copied from the version column.
    fn volatile(&self, version: Option<usize>) -> Vec<FieldId> {
        let from_version =
            |rule: &&FieldRule| version.is_some_and(|slot| matches!(rule.rule.source, Source::Column(s) if s == slot));
        let copied = self.rules.iter().filter(from_version).map(|rule| rule.field);
        let all: BTreeSet<FieldId> = self.stamps.iter().copied().chain(copied).collect();
        all.into_iter().collect()
    }

    fn digest(&self, dataset: &Dataset, own: &str, shared: &str) -> [u8; 32] {
        let mut hash = blake3::Hasher::new();
        for text in [own, shared] {
            hash.update(&(text.len() as u64).to_le_bytes()).update(text.as_bytes());
        }
        hash.update(&self.schema.digest(dataset));
        for lookup in &self.lookups {
            hash.update(&self.schema.digest(&lookup.dataset));
        }
        for set in self.code_sets.iter().filter_map(|name| self.schema.code_set(name)) {
            hash.update(set.name.as_bytes());
            for value in &set.values {
                for part in [&value.code, &value.name_zh] {
                    hash.update(&(part.len() as u64).to_le_bytes()).update(part.as_bytes());
                }
            }
        }
        *hash.finalize().as_bytes()
    }

    /// One of a few words.
    fn choice<'w>(&self, doc: &mut Document<'_>, table: &DeTable<'_>, key: &str, words: &[&'w str]) -> Option<&'w str> {
        let word = doc.text(table, key)?;
        let found = words.iter().find(|w| **w == word.text).copied();
        if found.is_none() {
            not_one_of(doc, key, &word, words);
        }
        found
    }

    /// The slot of a column, noted as wrong where the mapping lists its columns and this is none of them.
    fn slot(&mut self, doc: &mut Document<'_>, word: &Word) -> usize {
        if let Some(slot) = self.by_name.get(&word.text) {
            return *slot;
        }
        let known = self.declared.as_ref().is_none_or(|columns| columns.contains(&word.text));
        if !known {
            let columns = self.declared.iter().flatten().map(String::as_str);
            let made = self.names.iter().filter(|name| name.made).map(|name| name.text.as_str());
            let hint = match nearest(&word.text, columns.chain(made)) {
                Some(near) => maybe(near, ""),
                None => say("它不在 `columns` 中", "it is not listed in `columns`"),
            };
            let name = &word.text;
            doc.wrong(word.at, say(format!("没有列 `{name}`"), format!("there is no column `{name}`")), hint);
        }
        self.add_name(doc, word, false)
    }

    fn add_name(&mut self, doc: &Document<'_>, word: &Word, made: bool) -> usize {
        let (line, column) = place(doc.text, word.at);
        self.names.push(Name { text: word.text.clone(), made, file: doc.file.to_owned(), line, column });
        self.by_name.insert(word.text.clone(), self.names.len() - 1);
        self.names.len() - 1
    }

    /// How names, conditions and parts of identities are read.
    fn plain_reading(&self) -> Reading {
        Reading { width: Some(Width::Text), placeholders: self.placeholders.clone() }
    }
}

fn flag(doc: &mut Document<'_>, table: &DeTable<'_>, key: &str) -> Option<bool> {
    table.contains_key(key).then(|| doc.flag(table, key))
}

fn placeholders(doc: &mut Document<'_>, table: &DeTable<'_>) -> Placeholders {
    let texts = doc.list(table, "placeholders");
    Placeholders::new(texts.into_iter().map(|word| super::rule::key_of(&word.text)).collect())
}

/// The entries of a table, in the order of the text.
fn sorted<'a, 'i>(doc: &mut Document<'_>, root: &'a DeTable<'i>, key: &str) -> Vec<(Word, &'a Node<'i>)> {
    let Some(node) = root.get(key) else { return Vec::new() };
    let Some(table) = node.get_ref().as_table() else {
        doc.mistyped(node, key, say("表", "a table"));
        return Vec::new();
    };
    let by_place: BTreeMap<usize, _> = table.iter().map(|(key, node)| (key.span().start, (key, node))).collect();
    by_place.into_iter().map(|(at, (key, node))| (Word { text: key.get_ref().to_string(), at }, node)).collect()
}

/// The constant that a rule gives, if it gives one.
fn constant(node: &Node<'_>) -> Option<String> {
    node.get_ref().as_table()?.get("const")?.get_ref().as_str().map(str::to_owned)
}

/// Notes that a dataset has no such field, with the one that was probably meant, by name or by Chinese name.
fn no_field(doc: &mut Document<'_>, dataset: &Dataset, word: &Word) {
    let name = word.text.as_str();
    let by_label = dataset.fields.iter().find(|field| field.name_zh == name);
    let near = || nearest(name, dataset.fields.iter().map(|field| field.name.as_str())).and_then(|n| dataset.field(n));
    let hint = match by_label.or_else(|| near().map(|field| &dataset.fields[field])) {
        Some(field) => maybe(&field.name, &field.name_zh),
        None => {
            let label = dataset.label();
            let command = format!("`exchange-hub schema show {label}`");
            say(format!("用 {command} 列出字段"), format!("{command} names them"))
        }
    };
    let code = &dataset.code;
    doc.wrong(word.at, say(format!("{code} 没有字段 `{name}`"), format!("{code} has no field `{name}`")), hint);
}

/// "Did you mean", with the Chinese name where there is one.
fn maybe(name: &str, label: &str) -> Words {
    match label {
        "" => say(format!("是否为 `{name}`？"), format!("`{name}`?")),
        label => say(format!("是否为 `{name}`（{label}）？"), format!("`{name}` ({label})?")),
    }
}

/// Notes a word that is none of a few.
fn not_one_of(doc: &mut Document<'_>, key: &str, word: &Word, words: &[&str]) {
    let name = &word.text;
    let hint = match nearest(name, words.iter().copied()) {
        Some(near) => maybe(near, ""),
        None => one_of(words),
    };
    doc.wrong(word.at, say(format!("`{key}` 不能是 `{name}`"), format!("`{key}` cannot be `{name}`")), hint);
}

fn one_of(words: &[&str]) -> Words {
    say(format!("应为 {} 之一", words.join("、")), format!("one of {}", words.join(", ")))
}

/// Notes a key without effect.
fn idle(doc: &mut Document<'_>, at: usize, key: &str, hint: Words) {
    doc.wrong(at, say(format!("`{key}` 在此不起作用"), format!("`{key}` does nothing here")), hint);
}
