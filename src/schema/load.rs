//! How a [`Schema`] comes to be: embedded files, overridden file by file by a directory, read, resolved, checked.
//!
//! Everything wrong is told at once, each with file, line and column: a person who edits ten files wants ten
//! messages. Nothing of a schema with a mistake in it is used.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rust_embed::RustEmbed;

use super::codes::CodeSet;
use super::read::{Unresolved, UnresolvedField, UnresolvedParent};
use super::table::{Document, Word, nothing, perhaps, say};
use super::{Dataset, Field, FieldId, Identifier, Parent, Parts, Unit, read, rules};
use crate::diagnostic::Diagnostic;

#[derive(RustEmbed)]
#[folder = "mappings/schema/"]
struct EmbeddedDatasets;

#[derive(RustEmbed)]
#[folder = "mappings/codes/"]
struct EmbeddedCodes;

/// Larger than any file of the schema: the division codes have 200 KB.
const FILE_BYTES_MAX: u64 = 8 << 20;
/// `schema/<business>/<file>`, and no more.
const DEPTH_MAX: usize = 3;

const CONDITIONS: &str = "schema/conditions.toml";
const PERSONAL: &str = "schema/personal.toml";
/// Not a code set: days off and shifted working days.
const HOLIDAYS: &str = "codes/holidays.csv";
const REGIONS: &str = "region";
const TRADE_CLASSES: &str = "trade_class";

/// All datasets and code sets, resolved and checked.
#[derive(Debug)]
pub struct Schema {
    datasets: Vec<Arc<Dataset>>,
    by_name: HashMap<String, usize>,
    code_sets: BTreeMap<String, Arc<CodeSet>>,
    digests: Vec<[u8; 32]>,
}

impl Schema {
    /// The schema in the binary.
    pub fn embedded() -> Result<Self, Vec<Diagnostic>> {
        Self::load(None)
    }

    /// The schema in the binary, under the files of a `mappings/` directory: a file of the same path replaces, another
    /// one adds.
    pub fn load(overriding: Option<&Path>) -> Result<Self, Vec<Diagnostic>> {
        let mut found = Vec::new();
        let mut files = embedded_files(&mut found);
        if let Some(directory) = overriding {
            override_files(directory, &mut files, &mut found);
        }
        let code_sets = code_sets(&files, &mut found);
        let (unresolved, mut documents): (Vec<_>, Vec<_>) = datasets(&files).into_iter().unzip();
        let by_name = names(&unresolved, &mut documents);
        let mut resolved: Vec<Dataset> = (unresolved.iter().zip(&mut documents))
            .map(|(dataset, document)| resolve(dataset, document, &code_sets))
            .collect();
        for (dataset, document) in unresolved.iter().zip(&mut documents) {
            parents(dataset, document, &resolved, &by_name);
        }
        found.extend(documents.iter_mut().flat_map(|document| document.found.drain(..)));
        for (name, apply) in [(CONDITIONS, rules::conditions as fn(&mut _, &mut [_], &_)), (PERSONAL, rules::personal)]
        {
            if let Some(file) = files.get(name) {
                let mut document = Document::new(&file.path, &file.text);
                apply(&mut document, &mut resolved, &by_name);
                found.append(&mut document.found);
            }
        }
        if !found.is_empty() {
            return Err(found);
        }
        let texts: Vec<&str> = documents.iter().map(|document| document.text).collect();
        Ok(Self::assemble(resolved, &texts, code_sets, &files))
    }

    /// Sorts by depth and number, and digests each dataset with what it uses.
    fn assemble(
        datasets: Vec<Dataset>,
        texts: &[&str],
        code_sets: BTreeMap<String, Arc<CodeSet>>,
        files: &BTreeMap<String, File>,
    ) -> Self {
        let mut datasets: Vec<_> = datasets
            .into_iter()
            .zip(texts)
            .map(|(dataset, text)| {
                let digest = digest(&dataset, text, files);
                (Arc::new(dataset), digest)
            })
            .collect();
        datasets.sort_by_cached_key(|(d, _)| (d.depth, d.number.parse::<u32>().unwrap_or(u32::MAX), d.code.clone()));
        let (datasets, digests): (Vec<_>, Vec<_>) = datasets.into_iter().unzip();
        let mut by_name = HashMap::with_capacity(2 * datasets.len());
        for (place, dataset) in datasets.iter().enumerate() {
            for name in [&dataset.number, &dataset.code] {
                by_name.insert(name.clone(), place);
            }
        }
        by_name.remove("");
        Self { datasets, by_name, code_sets, digests }
    }

    /// A dataset by its number or its code.
    pub fn dataset(&self, code_or_number: &str) -> Option<&Arc<Dataset>> {
        self.by_name.get(code_or_number).map(|&place| &self.datasets[place])
    }

    /// All datasets, parents before children: sorted by depth, then number.
    pub fn datasets(&self) -> &[Arc<Dataset>] {
        &self.datasets
    }

    pub fn code_set(&self, name: &str) -> Option<&Arc<CodeSet>> {
        self.code_sets.get(name)
    }

    /// All code sets, sorted by name.
    pub fn code_sets(&self) -> impl Iterator<Item = &Arc<CodeSet>> {
        self.code_sets.values()
    }

    /// Changes when the dataset's text, its conditions or a code set that it uses changes.
    ///
    /// # Panics
    /// If the dataset is not of this schema.
    pub fn digest(&self, dataset: &Dataset) -> [u8; 32] {
        self.digests[self.by_name[&dataset.code]]
    }
}

/// A file of the schema, from the binary or from the overriding directory.
struct File {
    /// What a person is told: the path they would look for.
    path: PathBuf,
    text: Cow<'static, str>,
}

fn embedded_files(found: &mut Vec<Diagnostic>) -> BTreeMap<String, File> {
    let mut files = BTreeMap::new();
    let datasets = EmbeddedDatasets::iter().map(|name| (format!("schema/{name}"), EmbeddedDatasets::get(&name)));
    let codes = EmbeddedCodes::iter().map(|name| (format!("codes/{name}"), EmbeddedCodes::get(&name)));
    for (name, file) in datasets.chain(codes) {
        let Some(file) = file else { continue };
        let path = Path::new("mappings").join(&name);
        let text = match file.data {
            Cow::Borrowed(bytes) => std::str::from_utf8(bytes).map(Cow::Borrowed).ok(),
            Cow::Owned(bytes) => String::from_utf8(bytes).map(Cow::Owned).ok(),
        };
        match text {
            Some(text) => drop(files.insert(name, File { path, text })),
            None => found.push(not_utf8(&path)),
        }
    }
    files
}

fn not_utf8(path: &Path) -> Diagnostic {
    Diagnostic::whole(path, "it is not UTF-8", "save it as UTF-8 (from Excel: `CSV UTF-8 (comma delimited)`)")
        .in_chinese("不是 UTF-8 编码", "另存为 UTF-8（Excel 中选“CSV UTF-8（逗号分隔）”）")
}

/// Replaces and adds the files of a directory. What is no schema file (mappings, rules) is left alone.
fn override_files(directory: &Path, files: &mut BTreeMap<String, File>, found: &mut Vec<Diagnostic>) {
    for folder in ["schema", "codes"] {
        if directory.join(folder).is_dir() {
            override_folder(&directory.join(folder), folder, 1, files, found);
        }
    }
}

fn override_folder(
    folder: &Path,
    name: &str,
    depth: usize,
    files: &mut BTreeMap<String, File>,
    found: &mut Vec<Diagnostic>,
) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => {
            let diagnostic = Diagnostic::whole(folder, format!("the folder cannot be read: {error}"), "");
            found.push(diagnostic.in_chinese(format!("无法读取文件夹：{error}"), ""));
            return;
        }
    };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = format!("{name}/{}", entry.file_name().to_string_lossy());
        if path.is_dir() {
            if depth < DEPTH_MAX {
                override_folder(&path, &name, depth + 1, files, found);
            }
            continue;
        }
        if !name.ends_with(if name.starts_with("codes/") { ".csv" } else { ".toml" }) {
            continue;
        }
        match read_file(&path) {
            Ok(text) => drop(files.insert(name, File { path, text: Cow::Owned(text) })),
            Err(diagnostic) => found.push(*diagnostic),
        }
    }
}

fn read_file(path: &Path) -> Result<String, Box<Diagnostic>> {
    let cannot = |error: std::io::Error| {
        let diagnostic = Diagnostic::whole(path, format!("it cannot be read: {error}"), "");
        Box::new(diagnostic.in_chinese(format!("无法读取：{error}"), ""))
    };
    let bytes = fs::metadata(path).map_err(cannot)?.len();
    if bytes > FILE_BYTES_MAX {
        let message = format!("it has {bytes} bytes, more than {FILE_BYTES_MAX}");
        let diagnostic = Diagnostic::whole(path, message, "is this a schema file?");
        let message = format!("有 {bytes} 字节，超过 {FILE_BYTES_MAX}");
        return Err(Box::new(diagnostic.in_chinese(message, "这是数据规范的文件吗？")));
    }
    String::from_utf8(fs::read(path).map_err(cannot)?).map_err(|_| Box::new(not_utf8(path)))
}

fn code_sets(files: &BTreeMap<String, File>, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Arc<CodeSet>> {
    let mut sets = BTreeMap::new();
    for (name, file) in files.iter().filter(|(name, _)| name.starts_with("codes/") && *name != HOLIDAYS) {
        let name = name.trim_start_matches("codes/").trim_end_matches(".csv");
        match CodeSet::read(name, &file.path, &file.text) {
            Ok(set) => drop(sets.insert(name.to_owned(), Arc::new(set))),
            Err(diagnostics) => found.extend(diagnostics),
        }
    }
    sets
}

/// Reads every dataset's file.
fn datasets(files: &BTreeMap<String, File>) -> Vec<(Unresolved, Document<'_>)> {
    let of_dataset = |name: &str| name.starts_with("schema/") && name != CONDITIONS && name != PERSONAL;
    let files = files.iter().filter(|(name, _)| of_dataset(name));
    files
        .map(|(_, file)| {
            let mut document = Document::new(&file.path, &file.text);
            (read::dataset(&mut document), document)
        })
        .collect()
}

/// Numbers and codes to places; one name in two files is noted at the later.
fn names(datasets: &[Unresolved], documents: &mut [Document<'_>]) -> HashMap<String, usize> {
    let mut names: HashMap<String, usize> = HashMap::with_capacity(2 * datasets.len());
    for (place, dataset) in datasets.iter().enumerate() {
        for word in [&dataset.number, &dataset.code].into_iter().filter(|word| !word.text.is_empty()) {
            if let Some(&earlier) = names.get(&word.text) {
                let other = documents[earlier].file.display();
                let message = say(
                    format!("`{}` 已是 {other} 的名称", word.text),
                    format!("`{}` is already the name of {other}", word.text),
                );
                let hint = say(
                    "要替换一个数据集，文件须在同名文件夹中并同名",
                    "to replace a dataset, give the file the same folder and name",
                );
                documents[place].wrong(word.at, message, hint);
            } else {
                names.insert(word.text.clone(), place);
            }
        }
    }
    names
}

/// Turns names into positions and code sets, but for the parents: those need the other datasets.
fn resolve(dataset: &Unresolved, document: &mut Document<'_>, code_sets: &BTreeMap<String, Arc<CodeSet>>) -> Dataset {
    let mut places: HashMap<&str, FieldId> = HashMap::with_capacity(dataset.fields.len());
    for (id, field) in dataset.fields.iter().enumerate() {
        if places.insert(&field.name.text, id).is_some() {
            let name = &field.name.text;
            let message = say(format!("字段 `{name}` 出现两次"), format!("the field `{name}` is there twice"));
            document.wrong(field.name.at, message, nothing());
        }
    }
    let mut fields: Vec<_> =
        dataset.fields.iter().map(|field| resolve_field(field, document, &places, code_sets)).collect();
    beginnings(&mut fields);
    let mut place = |word: &Word| place(word, document, &places);
    let key = dataset.key.iter().filter_map(&mut place).collect();
    let [version_field, event_time_field, disclosure_by] =
        [&dataset.version_field, &dataset.event_time_field, &dataset.disclosure_by]
            .map(|word| word.as_ref().and_then(&mut place));
    let parents = dataset.parents.iter().map(|parent| resolve_parent(parent, &mut place)).collect();
    Dataset {
        number: dataset.number.text.clone(),
        code: dataset.code.text.clone(),
        name_zh: dataset.name_zh.clone(),
        name_en: dataset.name_en.clone(),
        business: dataset.business.clone(),
        depth: dataset.depth,
        extension: dataset.extension,
        confidence: dataset.confidence,
        source: dataset.source.clone(),
        parts: parts(&fields, document, code_sets),
        fields,
        key,
        key_source: dataset.key_source.clone(),
        parents,
        version_field,
        version_source: dataset.version_source.clone(),
        event_time_field,
        disclosure_by,
        conditions: Vec::new(),
    }
}

fn place(word: &Word, document: &mut Document<'_>, places: &HashMap<&str, FieldId>) -> Option<FieldId> {
    let place = places.get(word.text.as_str()).copied();
    if place.is_none() {
        let message =
            say(format!("数据集没有字段 `{}`", word.text), format!("the dataset has no field `{}`", word.text));
        document.wrong(word.at, message, perhaps(&word.text, places.keys().copied()));
    }
    place
}

fn resolve_parent(parent: &UnresolvedParent, place: &mut impl FnMut(&Word) -> Option<FieldId>) -> Parent {
    Parent {
        dataset: parent.dataset.text.clone(),
        fields: parent.fields.iter().filter_map(|(child, of)| Some((place(child)?, of.text.clone()))).collect(),
        required: parent.required,
        list: parent.list,
        any_of: parent.any_of.clone(),
        source: parent.source.clone(),
    }
}

fn resolve_field(
    field: &UnresolvedField,
    document: &mut Document<'_>,
    places: &HashMap<&str, FieldId>,
    code_sets: &BTreeMap<String, Arc<CodeSet>>,
) -> Field {
    let in_field = field.unit_field.as_ref().and_then(|word| place(word, document, places)).map(Unit::InField);
    Field {
        name: field.name.text.clone(),
        name_zh: field.name_zh.clone(),
        name_en: field.name_en.clone(),
        kind: field.kind,
        length_max: field.length_max,
        fixed: field.fixed,
        digits: field.digits,
        required: field.required,
        list: field.list,
        codes: field.codes.as_ref().and_then(|word| code_set(&word.text, word.at, document, code_sets)),
        composed_of: composition(field, document, code_sets),
        identifiers: field.identifiers.clone(),
        internal_codes: field.internal_codes,
        document_type: field.document_type.as_ref().and_then(|word| place(word, document, places)),
        begins_with: None,
        unit: in_field.or(field.unit),
        unit_source: field.unit_source.clone(),
        public: field.public,
        personal: None,
        search: field.search,
        wire_name: field.wire_name.clone(),
        source: field.source.clone(),
        note: field.note.clone(),
    }
}

/// A tender project's code begins with its project's, a section's with its tender project's, where both are there.
fn beginnings(fields: &mut [Field]) {
    let single = |kind| fields.iter().position(|field| !field.list && field.identifiers == [kind]);
    let (project, tender_project) = (single(Identifier::ProjectCode), single(Identifier::TenderProjectCode));
    for field in fields {
        field.begins_with = match field.identifiers[..] {
            [Identifier::TenderProjectCode] => project,
            [Identifier::SectionCode] => tender_project,
            _ => None,
        };
    }
}

/// `composed_of = ["country:3", "region:6"]`.
fn composition(
    field: &UnresolvedField,
    document: &mut Document<'_>,
    code_sets: &BTreeMap<String, Arc<CodeSet>>,
) -> Vec<(Arc<CodeSet>, usize)> {
    let mut composition = Vec::new();
    for word in &field.composed_of {
        match word.text.split_once(':').map(|(name, width)| (name, width.parse())) {
            Some((name, Ok(width))) => {
                composition.extend(code_set(name, word.at, document, code_sets).map(|set| (set, width)));
            }
            _ => {
                let (zh, en) = (format!("`{}` 不是代码段", word.text), format!("`{}` is no part of a code", word.text));
                document.wrong(word.at, say(zh, en), say("代码集:宽度", "code set:width"));
            }
        }
    }
    composition
}

fn code_set(
    name: &str,
    at: usize,
    document: &mut Document<'_>,
    code_sets: &BTreeMap<String, Arc<CodeSet>>,
) -> Option<Arc<CodeSet>> {
    let set = code_sets.get(name);
    if set.is_none() {
        let mut hint = perhaps(name, code_sets.keys().map(String::as_str));
        if hint.is_empty() {
            hint = say(format!("添加 codes/{name}.csv"), format!("add codes/{name}.csv"));
        }
        document.wrong(at, say(format!("没有代码集 `{name}`"), format!("there is no code set `{name}`")), hint);
    }
    set.cloned()
}

/// The sets that the dataset's identifiers are composed of.
fn parts(fields: &[Field], document: &mut Document<'_>, code_sets: &BTreeMap<String, Arc<CodeSet>>) -> Option<Parts> {
    use Identifier::{DealCode, ProjectCode, SectionCode, TenderProjectCode};
    let composed = |kind: &Identifier| matches!(kind, DealCode | ProjectCode | SectionCode | TenderProjectCode);
    if !fields.iter().any(|field| field.identifiers.iter().any(composed)) {
        return None;
    }
    let regions = code_set(REGIONS, 0, document, code_sets)?;
    let trade_classes = code_set(TRADE_CLASSES, 0, document, code_sets)?;
    Some(Parts { regions, trade_classes })
}

/// Checks that parents exist, that they have the fields, and that they lie above.
fn parents(dataset: &Unresolved, document: &mut Document<'_>, resolved: &[Dataset], by_name: &HashMap<String, usize>) {
    for parent in &dataset.parents {
        let Some(&above) = by_name.get(&parent.dataset.text) else {
            rules::no_dataset(document, &parent.dataset, by_name);
            continue;
        };
        let above = &resolved[above];
        if above.depth >= dataset.depth {
            let (name, theirs, ours) = (above.label(), above.depth, dataset.depth);
            let message = say(
                format!("上级 {name} 的深度为 {theirs}，本数据集为 {ours}"),
                format!("the parent {name} has depth {theirs}, this dataset {ours}"),
            );
            let hint = say("深度须大于每个上级", "a dataset's depth is above that of each of its parents");
            document.wrong(parent.dataset.at, message, hint);
        }
        for (_, of) in &parent.fields {
            rules::field(document, of, above);
        }
    }
}

/// BLAKE3 over the dataset's text, its conditions, and the text of each code set it uses.
fn digest(dataset: &Dataset, text: &str, files: &BTreeMap<String, File>) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(text);
    for condition in &dataset.conditions {
        part(&format!("{:?} {:?} {:?}", condition.when, condition.require, condition.one_of));
    }
    let composed = dataset.fields.iter().flat_map(|field| field.composed_of.iter().map(|(set, _)| set));
    let mut sets: Vec<_> = dataset.fields.iter().filter_map(|field| field.codes.as_ref()).chain(composed).collect();
    if let Some(parts) = &dataset.parts {
        sets.extend([&parts.regions, &parts.trade_classes]);
    }
    let names: std::collections::BTreeSet<_> = sets.iter().map(|set| set.name.as_str()).collect();
    for name in names {
        part(files.get(&format!("codes/{name}.csv")).map(|file| file.text.as_ref()).unwrap_or_default());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_schema_loads() {
        let schema = Schema::embedded().unwrap_or_else(|found| {
            panic!("{}", found.iter().map(|d| format!("{d}\n")).collect::<String>());
        });
        assert_eq!(schema.datasets().len(), 127);
    }
}
