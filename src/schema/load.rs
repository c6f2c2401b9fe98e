//! How a [`Schema`] comes to be: embedded files, overridden file by file by a directory, read, resolved, checked.
//!
//! Everything wrong is told at once, each with file, line and column: a person who edits ten files wants ten
//! messages. Nothing of a schema with a mistake in it is used.

mod files;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use self::files::File;
use super::codes::{CodeSet, Confidence};
use super::holidays::Holidays;
use super::read::Unresolved;
use super::table::{Document, say};
use super::{Dataset, read, rules};
use crate::diagnostic::Diagnostic;

const CONDITIONS: &str = "schema/conditions.toml";
const PERSONAL: &str = "schema/personal.toml";
/// Not a code set: days off and shifted working days.
const HOLIDAYS: &str = "codes/holidays.csv";

/// All datasets and code sets, resolved and checked.
#[derive(Debug)]
pub struct Schema {
    datasets: Vec<Arc<Dataset>>,
    by_name: HashMap<String, usize>,
    code_sets: BTreeMap<String, Arc<CodeSet>>,
    holidays: Holidays,
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
        let mut files = files::embedded(&mut found);
        if let Some(directory) = overriding {
            files::overriding(directory, &mut files, &mut found);
        }
        let code_sets = code_sets(&files, &mut found);
        let holidays = match files.get(HOLIDAYS).map(|file| Holidays::read(&file.path, &file.text)) {
            Some(Err(diagnostics)) => {
                found.extend(diagnostics);
                Holidays::default()
            }
            read => read.and_then(Result::ok).unwrap_or_default(),
        };
        let (unresolved, mut documents): (Vec<_>, Vec<_>) = datasets(&files).into_iter().unzip();
        let by_name = names(&unresolved, &mut documents);
        let mut resolved: Vec<Dataset> = (unresolved.iter().zip(&mut documents))
            .map(|(dataset, document)| resolve::dataset(dataset, document, &code_sets))
            .collect();
        for (dataset, document) in unresolved.iter().zip(&mut documents) {
            resolve::parents(dataset, document, &resolved, &by_name);
        }
        dropped_zeros(&resolved, &files, &mut found);
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
            found.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
            return Err(found);
        }
        let texts: Vec<&str> = documents.iter().map(|document| document.text).collect();
        Ok(Self { holidays, ..Self::assemble(resolved, &texts, code_sets, &files) })
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
        Self { datasets, by_name, code_sets, holidays: Holidays::default(), digests }
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

    /// Days off and shifted working days.
    pub fn holidays(&self) -> &Holidays {
        &self.holidays
    }

    /// Changes when the dataset's text, its conditions or a code set that it uses changes.
    ///
    /// # Panics
    /// If the dataset is not of this schema.
    pub fn digest(&self, dataset: &Dataset) -> [u8; 32] {
        self.digests[self.by_name[&dataset.code]]
    }
}

fn code_sets(files: &BTreeMap<String, File>, found: &mut Vec<Diagnostic>) -> BTreeMap<String, Arc<CodeSet>> {
    let mut sets = BTreeMap::new();
    for (name, file) in files.iter().filter(|(name, _)| name.starts_with("codes/") && *name != HOLIDAYS) {
        let name = name.trim_start_matches("codes/").trim_end_matches(".csv");
        match CodeSet::read(name, &file.path, &file.text) {
            Ok(set) => drop(sets.insert(name.to_owned(), Arc::new(set))),
            Err(diagnostics) => {
                found.extend(diagnostics);
                // Stands in, so that its users are not told that there is no such set.
                let empty = CodeSet::new(name.to_owned(), String::new(), Confidence::None, Vec::new());
                sets.insert(name.to_owned(), Arc::new(empty));
            }
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

/// Excel turns 01 into 1 when a person opens a code set as it is: such a code could never stand in its field.
fn dropped_zeros(datasets: &[Dataset], files: &BTreeMap<String, File>, found: &mut Vec<Diagnostic>) {
    let mut told = BTreeSet::new();
    for field in datasets.iter().flat_map(|dataset| &dataset.fields).filter(|field| field.fixed && !field.list) {
        let (Some(set), Some(length)) = (&field.codes, field.length_max) else { continue };
        let short = |code: &str| code.len() < length as usize && code.bytes().all(|b| b.is_ascii_digit());
        let Some(value) = set.values.iter().find(|value| short(&value.code)) else { continue };
        let Some(file) = files.get(&format!("codes/{}.csv", set.name)).filter(|_| told.insert(&set.name)) else {
            continue;
        };
        let (code, name) = (&value.code, &field.name);
        let message = say(
            format!("代码 `{code}` 短于 {name} 要求的 {length} 位"),
            format!("the code `{code}` is shorter than the {length} characters of {name}"),
        );
        let hint = say(
            "Excel 会去掉前导零：导入时将 `code` 列设为文本",
            "Excel drops leading zeros: import the file with the column `code` as text",
        );
        found.push(Diagnostic::whole(&file.path, message, hint));
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
    let names: BTreeSet<_> = sets.iter().map(|set| set.name.as_str()).collect();
    for name in names {
        part(files.get(&format!("codes/{name}.csv")).map(|file| file.text.as_ref()).unwrap_or_default());
    }
    *hasher.finalize().as_bytes()
}
