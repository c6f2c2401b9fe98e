//! The schema's files: embedded in the binary, overridden and added to by a directory.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use rust_embed::RustEmbed;

use crate::diagnostic::{Diagnostic, io_words, nothing, say};

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

/// A file of the schema, from the binary or from the overriding directory.
pub(super) struct File {
    /// What a person is told: the path they would look for.
    pub(super) path: PathBuf,
    pub(super) text: Cow<'static, str>,
}

pub(super) fn embedded(found: &mut Vec<Diagnostic>) -> BTreeMap<String, File> {
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
    let hint = say(
        "另存为 UTF-8（Excel 中选“CSV UTF-8（逗号分隔）”）",
        "save it as UTF-8 (from Excel: `CSV UTF-8 (comma delimited)`)",
    );
    Diagnostic::whole(path, say("不是 UTF-8 编码", "it is not UTF-8"), hint)
}

/// Replaces and adds the files of a directory. What is no schema file (mappings, rules) is left alone.
pub(super) fn overriding(directory: &Path, files: &mut BTreeMap<String, File>, found: &mut Vec<Diagnostic>) {
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
            let why = io_words(&error);
            let message = say(format!("无法读取文件夹：{}", why.zh), format!("the folder cannot be read: {}", why.en));
            found.push(Diagnostic::whole(folder, message, nothing()));
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
        let why = io_words(&error);
        let message = say(format!("无法读取：{}", why.zh), format!("it cannot be read: {}", why.en));
        Box::new(Diagnostic::whole(path, message, nothing()))
    };
    let bytes = fs::metadata(path).map_err(cannot)?.len();
    if bytes > FILE_BYTES_MAX {
        let message = say(
            format!("有 {bytes} 字节，超过 {FILE_BYTES_MAX}"),
            format!("it has {bytes} bytes, more than {FILE_BYTES_MAX}"),
        );
        let hint = say("这是数据规范的文件吗？", "is this a schema file?");
        return Err(Box::new(Diagnostic::whole(path, message, hint)));
    }
    String::from_utf8(fs::read(path).map_err(cannot)?).map_err(|_| Box::new(not_utf8(path)))
}
