//! Writes `mappings/schema/<business>/*.toml` and `mappings/codes/*.csv` from the dictionary beside this file.
//!
//! `cargo run -p generate` writes; a test runs the same function and finds no difference. What a person decides
//! stands in `units.toml` here and in `mappings/schema/{conditions,personal}.toml`, which this program never touches.

mod codes;
mod dataset;
mod dictionary;
mod form;
mod units;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// Every generated file by its path below `mappings/`.
type Files = BTreeMap<PathBuf, String>;

fn main() -> io::Result<()> {
    let mappings = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = generate();
    for stale in present(&mappings)?.into_keys().filter(|path| !files.contains_key(path)) {
        fs::remove_file(mappings.join(stale))?;
    }
    for (path, text) in &files {
        let path = mappings.join(path);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)?;
    }
    Ok(())
}

/// The whole output, in memory.
fn generate() -> Files {
    let mut files = Files::new();
    let dictionary: dictionary::Dictionary = parse(include_str!("../dictionary.json"));
    let mut units = units::Units::read(include_str!("../units.toml"));
    for dataset in &dictionary.datasets {
        files.insert(dataset::path(dataset), dataset::text(dataset, &mut units));
    }
    units.assert_used();
    codes::write(&mut files);
    files
}

fn parse<T: serde::de::DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).expect("the dictionary's files are part of this program")
}

/// The generated files that are there now: all CSV of `codes/` and all TOML in the folders of `schema/`.
fn present(mappings: &Path) -> io::Result<Files> {
    let mut files = Files::new();
    let folders = match fs::read_dir(mappings.join("schema")) {
        Ok(entries) => entries.collect::<Result<Vec<_>, _>>()?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let folders = folders.iter().map(|entry| entry.path()).filter(|path| path.is_dir());
    for folder in folders.chain([mappings.join("codes")]).filter(|folder| folder.exists()) {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            let below = path.strip_prefix(mappings).map_err(io::Error::other)?.to_owned();
            files.insert(below, fs::read_to_string(path)?);
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_repository_holds_what_the_generator_writes() {
        let present = present(&Path::new(env!("CARGO_MANIFEST_DIR")).join("..")).expect("mappings can be read");
        let written = generate();
        let differ: Vec<_> = written.keys().filter(|path| present.get(*path) != written.get(*path)).collect();
        let stale: Vec<_> = present.keys().filter(|path| !written.contains_key(*path)).collect();
        assert!(differ.is_empty() && stale.is_empty(), "run `cargo run -p generate`: {differ:?} {stale:?}");
        assert_eq!(written.keys().filter(|path| path.starts_with("schema")).count(), 127);
    }
}
