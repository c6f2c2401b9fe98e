//! Reads a TOML file into a serde type and reports *every* mistake in it, each at its own place.
//!
//! Serde stops at the first error. So the reader keeps the parsed document, tries, notes the error, takes what was
//! wrong out of the document and tries again: an unknown key goes, a value of the wrong type goes, a missing key is
//! filled with an empty value, and where nothing fits, the table around it goes. To know which part an error means,
//! every key and value gets a number in place of its position (two tables may share a position: `[job.from.files]`
//! makes `from` and `files` at one place); the real positions are put back for the last, clean pass.
//!
//! Before that, `${env:NAME}` and `${file:PATH}` in any string are replaced, and no message repeats what came in.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::path::Path;

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::words;
use crate::diagnostic::Diagnostic;

/// Largest configuration file: a city's system is some hundred lines, so this is a wrong file.
pub(super) const FILE_BYTES_MAX: usize = 1 << 20;
/// Mistakes after which a file is given up: nobody reads more, and each costs a pass.
const MISTAKES_MAX: usize = 100;

/// Where `${env:…}` and `${file:…}` are looked up; tests bring their own environment.
pub(super) struct Secrets<'a> {
    pub(super) env: &'a dyn Fn(&str) -> Option<String>,
    /// Directory that relative paths start from.
    pub(super) base: &'a Path,
}

/// Reads `text`; the value is there whenever enough of it could be understood to go on looking for other mistakes.
pub(super) fn read<T: DeserializeOwned>(
    file: &Path,
    text: &str,
    secrets: &Secrets<'_>,
) -> (Option<T>, Vec<Diagnostic>) {
    let (document, syntax) = DeTable::parse_recoverable(text);
    if !syntax.is_empty() {
        // What follows a broken line is guesswork: types are checked once the text is TOML.
        let at = |e: &toml::de::Error| e.span().map_or(0, |s| s.start);
        // A broken head puts its keys into the table above, where they may look like doubles.
        let double = |e: &&toml::de::Error| e.message() == "duplicate key";
        let doubles_only = syntax.iter().all(|e| double(&e));
        let told = syntax.iter().filter(|e| doubles_only || !double(e)).take(MISTAKES_MAX);
        return (None, told.map(|e| words::syntax(e.message()).at(file, text, at(e))).collect());
    }
    let mut reader = Reader::new(file, text);
    let span = document.span();
    reader.root = reader.number_table(document.into_inner(), secrets);
    reader.run(span)
}

/// What the reader knows of a numbered key or value.
struct Node {
    /// Bytes in the text; empty for what the reader put in itself.
    span: Range<usize>,
    /// Put in where a key was missing: what is wrong with it is not the person's mistake.
    filler: bool,
}

struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    nodes: Vec<Node>,
    root: DeTable<'a>,
    /// Values that came by reference, and the reference: the message shows the latter.
    hidden: Vec<(String, String)>,
    diagnostics: Vec<Diagnostic>,
    /// Keys taken out (table's number, key): that they are missing then is no mistake of its own.
    removed: HashSet<(usize, String)>,
    /// Fillers tried so far for a missing key.
    fillers: HashMap<(usize, String), usize>,
}

/// The number of the document itself.
const ROOT: usize = usize::MAX;

/// What an error's place turned out to be.
enum Found {
    /// An entry of a table: the table's number and the key.
    Entry(usize, String),
    /// An element of a list, by its own number.
    Element(usize),
}

impl<'a> Reader<'a> {
    fn new(file: &'a Path, text: &'a str) -> Self {
        Self {
            file,
            text,
            nodes: Vec::new(),
            root: DeTable::new(),
            hidden: Vec::new(),
            diagnostics: Vec::new(),
            removed: HashSet::new(),
            fillers: HashMap::new(),
        }
    }

    fn run<T: DeserializeOwned>(mut self, span: Range<usize>) -> (Option<T>, Vec<Diagnostic>) {
        // Each pass takes something out or puts one of few fillers in, so the passes end by themselves.
        while self.diagnostics.len() < MISTAKES_MAX {
            let numbered = Spanned::new(ROOT..ROOT, self.root.clone());
            let error = match T::deserialize(toml::de::Deserializer::from(numbered)) {
                Err(error) => error,
                Ok(_) => {
                    let placed = place_table(&self.nodes, self.root.clone());
                    let value = T::deserialize(toml::de::Deserializer::from(Spanned::new(span, placed))).ok();
                    return (value, self.diagnostics);
                }
            };
            if !self.repair(&error) {
                break;
            }
        }
        (None, self.diagnostics)
    }

    /// Notes the error and takes its cause out of the document. False: nothing more can be done.
    fn repair(&mut self, error: &toml::de::Error) -> bool {
        let number = error.span().map_or(ROOT, |s| s.start);
        if let Some(key) = words::missing_key(error.message()) {
            return self.fill(number, key);
        }
        if number == ROOT {
            self.report(number, error.message());
            return false;
        }
        if self.nodes[number].filler {
            // The filler did not fit: the next one, or nothing in this table.
            let Some(Found::Entry(table, key)) = find_in_table(&self.root, ROOT, number) else { return false };
            return self.fill(table, &key);
        }
        // A table that is empty because its wrong key went has been reported with that key.
        if !(error.message().starts_with("wanted exactly 1") && self.removed.iter().any(|(table, _)| *table == number))
        {
            self.report(number, error.message());
        }
        self.remove(number)
    }

    fn report(&mut self, number: usize, message: &str) {
        let mut message = message.to_owned();
        for (value, reference) in &self.hidden {
            message = message.replace(value.as_str(), reference);
        }
        let start = self.nodes.get(number).map_or(0, |n| n.span.start);
        let diagnostic = words::of_serde(&message).at(self.file, self.text, start);
        self.diagnostics.push(diagnostic);
    }

    /// A key is missing in a table: reports it once and puts something in its place.
    fn fill(&mut self, table: usize, key: &str) -> bool {
        let slot = (table, key.to_owned());
        let tried = self.fillers.get(&slot).copied().unwrap_or(0);
        if tried == 0 && !self.removed.contains(&slot) {
            let start = self.nodes.get(table).map_or(0, |n| n.span.start);
            self.diagnostics.push(words::missing(key).at(self.file, self.text, start));
        }
        let Some(value) = filler(tried) else {
            // Nothing fits: the table as a whole can't be read.
            return table != ROOT && self.remove(table);
        };
        self.fillers.insert(slot, tried + 1);
        let number = self.node(0..0, true);
        let Some(target) = table_mut(&mut self.root, ROOT, table) else { return false };
        target.insert(Spanned::new(number..number, key.to_owned().into()), Spanned::new(number..number, value));
        true
    }

    fn remove(&mut self, number: usize) -> bool {
        match find_in_table(&self.root, ROOT, number) {
            Some(Found::Entry(table, key)) => {
                if let Some(target) = table_mut(&mut self.root, ROOT, table) {
                    target.remove(key.as_str());
                }
                self.removed.insert((table, key));
                true
            }
            Some(Found::Element(number)) => {
                remove_element_in_table(&mut self.root, number);
                true
            }
            None => false,
        }
    }

    fn node(&mut self, span: Range<usize>, filler: bool) -> usize {
        self.nodes.push(Node { span, filler });
        self.nodes.len() - 1
    }

    fn number_table(&mut self, table: DeTable<'a>, secrets: &Secrets<'_>) -> DeTable<'a> {
        let mut out = DeTable::new();
        for (key, value) in table {
            let number = self.node(key.span(), false);
            let key = Spanned::new(number..number, key.into_inner());
            out.insert(key, self.number(value, secrets));
        }
        out
    }

    fn number(&mut self, value: Spanned<DeValue<'a>>, secrets: &Secrets<'_>) -> Spanned<DeValue<'a>> {
        let span = value.span();
        let number = self.node(span.clone(), false);
        let value = match value.into_inner() {
            DeValue::Table(t) => DeValue::Table(self.number_table(t, secrets)),
            DeValue::Array(a) => DeValue::Array(a.into_iter().map(|v| self.number(v, secrets)).collect()),
            DeValue::String(s) if s.contains("${") => match secrets.resolve(&s) {
                Ok(resolved) => {
                    if resolved != *s && !resolved.is_empty() {
                        self.hidden.push((resolved.clone(), s.into_owned()));
                    }
                    DeValue::String(resolved.into())
                }
                Err(words) => {
                    self.diagnostics.push(words.at(self.file, self.text, span.start));
                    DeValue::String(s)
                }
            },
            other => other,
        };
        Spanned::new(number..number, value)
    }
}

/// What is put in place of a missing key, in turn.
fn filler<'a>(tried: usize) -> Option<DeValue<'a>> {
    match tried {
        0 => Some(DeValue::String("".into())),
        1 => Some(DeValue::Array(toml::de::DeArray::new())),
        2 => Some(DeValue::Table(DeTable::new())),
        3 => Some(DeValue::Integer(toml::de::DeInteger::default())),
        4 => Some(DeValue::Boolean(false)),
        _ => None,
    }
}

fn find_in_table(table: &DeTable<'_>, own: usize, number: usize) -> Option<Found> {
    table.iter().find_map(|(key, value)| {
        if key.span().start == number || value.span().start == number {
            return Some(Found::Entry(own, key.get_ref().to_string()));
        }
        find_in_value(value, number)
    })
}

fn find_in_value(value: &Spanned<DeValue<'_>>, number: usize) -> Option<Found> {
    match value.get_ref() {
        DeValue::Table(t) => find_in_table(t, value.span().start, number),
        DeValue::Array(a) => a.iter().find_map(|v| {
            if v.span().start == number { Some(Found::Element(number)) } else { find_in_value(v, number) }
        }),
        _ => None,
    }
}

fn table_mut<'t, 'a>(table: &'t mut DeTable<'a>, own: usize, number: usize) -> Option<&'t mut DeTable<'a>> {
    if own == number {
        return Some(table);
    }
    table.iter_mut().find_map(|(_, value)| table_in_value_mut(value, number))
}

fn table_in_value_mut<'t, 'a>(value: &'t mut Spanned<DeValue<'a>>, number: usize) -> Option<&'t mut DeTable<'a>> {
    let own = value.span().start;
    match value.get_mut() {
        DeValue::Table(t) => table_mut(t, own, number),
        DeValue::Array(a) => a.iter_mut().find_map(|v| table_in_value_mut(v, number)),
        _ => None,
    }
}

fn remove_element_in_table<'a>(table: &mut DeTable<'a>, number: usize) {
    for (_, value) in table.iter_mut() {
        remove_element_in_value(value.get_mut(), number);
    }
}

fn remove_element_in_value<'a>(value: &mut DeValue<'a>, number: usize) {
    match value {
        DeValue::Table(t) => remove_element_in_table(t, number),
        DeValue::Array(a) => {
            let mut kept = toml::de::DeArray::new();
            for mut element in std::mem::replace(a, toml::de::DeArray::new()) {
                if element.span().start != number {
                    remove_element_in_value(element.get_mut(), number);
                    kept.push(element);
                }
            }
            *a = kept;
        }
        _ => {}
    }
}

/// The document with real positions in place of the numbers.
fn place_table<'a>(nodes: &[Node], table: DeTable<'a>) -> DeTable<'a> {
    let place = |number: usize| nodes.get(number).map_or(0..0, |n| n.span.clone());
    table
        .into_iter()
        .map(|(key, value)| (Spanned::new(place(key.span().start), key.into_inner()), place_value(nodes, value)))
        .collect()
}

fn place_value<'a>(nodes: &[Node], value: Spanned<DeValue<'a>>) -> Spanned<DeValue<'a>> {
    let span = nodes.get(value.span().start).map_or(0..0, |n| n.span.clone());
    let value = match value.into_inner() {
        DeValue::Table(t) => DeValue::Table(place_table(nodes, t)),
        DeValue::Array(a) => DeValue::Array(a.into_iter().map(|v| place_value(nodes, v)).collect()),
        other => other,
    };
    Spanned::new(span, value)
}

/// Longest secret: a private key in PEM is some kilobytes.
const SECRET_BYTES_MAX: u64 = 64 << 10;

impl Secrets<'_> {
    /// Replaces every reference; `$${` stands for a plain `${`.
    fn resolve(&self, text: &str) -> Result<String, words::Say> {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                out.push_str(&rest[..at - 1]);
                out.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            out.push_str(&rest[..at]);
            let (reference, tail) = rest[at + 2..].split_once('}').ok_or_else(|| words::reference_open(text))?;
            out.push_str(&self.look_up(reference)?);
            rest = tail;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn look_up(&self, reference: &str) -> Result<String, words::Say> {
        match reference.split_once(':') {
            Some(("env", name)) => (self.env)(name).ok_or_else(|| words::env_missing(name)),
            Some(("file", path)) => {
                let whole = self.base.join(path);
                let read = std::fs::metadata(&whole).and_then(|meta| {
                    if meta.len() > SECRET_BYTES_MAX {
                        return Err(std::io::ErrorKind::FileTooLarge.into());
                    }
                    std::fs::read_to_string(&whole)
                });
                // Editors end a file with a line break; a secret does not.
                read.map(|s| s.trim_end_matches(['\r', '\n']).to_owned()).map_err(|e| words::secret_file(&whole, &e))
            }
            _ => Err(words::reference_unknown(reference)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::diagnostic::Failure;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Outer {
        name: String,
        port: u16,
        inner: Vec<Inner>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        text: String,
        kind: Kind,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        Plain,
        Boxed(Box<Inner>),
    }

    fn outer(text: &str) -> (Option<Outer>, String) {
        let env = |name: &str| match name {
            "TOKEN" => Some("s3cret".to_owned()),
            "PORT" => Some("no-number-s3cret".to_owned()),
            _ => None,
        };
        let (value, diagnostics) = read(Path::new("a.toml"), text, &Secrets { env: &env, base: Path::new("/nowhere") });
        diagnostics.iter().for_each(Diagnostic::assert_told_in_both_languages);
        (value, Failure::from(diagnostics).to_string())
    }

    #[test]
    fn all_missing_keys_are_told_and_none_twice() {
        insta::assert_snapshot!(outer("[[inner]]\n[[inner]]\ntext = \"t\"\nkind.boxed = {}\n").1, @r"
        error: a.toml:1:1: the key `text` is missing
        hint: `exchange-hub config reference` explains every key
        error: a.toml:1:1: the key `kind` is missing
        hint: `exchange-hub config reference` explains every key
        error: a.toml:4:14: the key `text` is missing
        hint: `exchange-hub config reference` explains every key
        error: a.toml:4:14: the key `kind` is missing
        hint: `exchange-hub config reference` explains every key
        error: a.toml:1:1: the key `name` is missing
        hint: `exchange-hub config reference` explains every key
        error: a.toml:1:1: the key `port` is missing
        hint: `exchange-hub config reference` explains every key
        error: 6 mistakes found
        ");
    }

    #[test]
    fn what_remains_readable_is_returned_so_that_more_mistakes_are_found() {
        let (value, told) =
            outer("name = \"n\"\nport = \"x\"\ninner = [{ text = \"a\", kind = \"plain\" }, { text = 1 }]\n");
        insta::assert_snapshot!(told, @r#"
        error: a.toml:3:51: expected a text, found the number `1`
        hint: a text stands in double quotes
        error: a.toml:3:42: the key `kind` is missing
        hint: `exchange-hub config reference` explains every key
        error: a.toml:2:8: expected a whole number, 0 or more, found the text "x"
        hint: a number stands without quotes
        error: 3 mistakes found
        "#);
        assert_eq!(value.map(|v| (v.name, v.port, v.inner.len())), Some(("n".to_owned(), 0, 1)));
    }

    #[test]
    fn references_are_replaced_and_what_came_in_is_never_repeated() {
        let good = outer("name = \"a ${env:TOKEN} $${b}\"\nport = 1\ninner = []\n").0.unwrap();
        assert_eq!(good.name, "a s3cret ${b}");
        let (_, told) = outer("name = \"n\"\nport = \"${env:PORT}\"\ninner = [\"${file:x}\", \"${env:TOKEN\"]\n");
        insta::assert_snapshot!(told, @r#"
        error: a.toml:3:10: the file `/nowhere/x` cannot be read: it does not exist
        hint: a relative path starts at the folder of hub.toml; the file must be UTF-8 text that this account may read
        error: a.toml:3:23: `${` is never closed by `}`
        hint: write ${env:NAME} or ${file:PATH}; a plain `${` is written `$${`
        error: a.toml:3:10: expected a table, found the text "${file:x}"
        error: a.toml:3:23: expected a table, found the text "${env:TOKEN"
        error: a.toml:2:8: expected a whole number, 0 or more, found the text "${env:PORT}"
        hint: a number stands without quotes
        error: 5 mistakes found
        "#);
    }

    #[test]
    fn a_secret_file_loses_its_line_break_and_has_a_limit() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("key"), "s3cret\r\n").unwrap();
        std::fs::write(folder.path().join("big"), vec![b'a'; SECRET_BYTES_MAX as usize + 1]).unwrap();
        let secrets = Secrets { env: &|_| None, base: folder.path() };
        assert_eq!(secrets.resolve("${file:key}!").ok().as_deref(), Some("s3cret!"));
        let told = secrets.resolve("${file:big}").err().unwrap().message;
        assert!(told.en.ends_with(": it is too large") && told.zh.ends_with("：文件太大"), "{told:?}");
    }

    #[test]
    fn a_file_full_of_mistakes_ends() {
        let text = (0..500).map(|i| format!("k{i} = {i}\n")).collect::<String>();
        let (value, told) = outer(&text);
        assert!(value.is_none());
        assert_eq!(told.lines().filter(|l| l.contains("unknown key")).count(), MISTAKES_MAX);
    }
}
