//! The house in order: arrows between modules and crates point one way, no test is forgotten, the map stays short.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// Modules of the hub from the ground up: each may use those on lower floors only, as ARCHITECTURE.md draws them.
const FLOORS: &[&[&str]] = &[
    &["diagnostic", "fault"],
    &["schema", "schedule", "telemetry", "rehearsal"],
    &["mapping", "store"],
    &["adapters", "queue"],
    &["config"],
    &["profile"],
    &["pipeline"],
    &["console"],
    &["cli"],
];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            files.push(path);
        }
    }
    files
}

/// The module that a file belongs to: the first name below `src/`.
fn module(file: &Path) -> String {
    let below = file.strip_prefix(root().join("src")).unwrap();
    below.iter().next().unwrap().to_string_lossy().trim_end_matches(".rs").to_owned()
}

fn floor(module: &str) -> Option<usize> {
    FLOORS.iter().position(|f| f.contains(&module))
}

#[test]
fn arrows_between_modules_point_down() {
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let from = module(&file);
        if from == "lib" || from == "main" {
            continue;
        }
        let own = floor(&from).unwrap_or_else(|| panic!("module {from} stands on no floor"));
        let text = std::fs::read_to_string(&file).unwrap();
        for (at, _) in text.match_indices("crate::") {
            let to: String = text[at + 7..].chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            match floor(&to) {
                Some(other) if to != from && other >= own => wrong.push(format!("{} uses {to}", file.display())),
                _ => {}
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_registry_names_adapters() {
    let names = ["adapter_files", "adapter_web"];
    for file in rust_files(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        // The reference of the configuration is compared with the adapters' own options in a test.
        let is_test = file.ends_with("config/reference/drift.rs");
        let allowed = module(&file) == "adapters" || is_test;
        assert!(allowed || !names.iter().any(|n| text.contains(n)), "{} names an adapter", file.display());
    }
}

/// `adapters/* → formats → adapter`, and nothing of the hub.
#[test]
fn arrows_between_crates_point_to_the_kit() {
    let own = |manifest: &str| -> BTreeSet<String> {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        let table: toml::Table = text.parse().unwrap();
        let ours = ["adapter", "formats", "adapter-files", "adapter-web", "exchange-hub"];
        table["dependencies"].as_table().unwrap().keys().filter(|k| ours.contains(&k.as_str())).cloned().collect()
    };
    let set = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<BTreeSet<_>>();
    assert_eq!(own("adapters/adapter/Cargo.toml"), set(&[]));
    assert_eq!(own("adapters/formats/Cargo.toml"), set(&["adapter"]));
    assert_eq!(own("adapters/files/Cargo.toml"), set(&["adapter", "formats"]));
    assert_eq!(own("adapters/web/Cargo.toml"), set(&["adapter"]));
}

/// The lists that `tests/torture` works through are what stands in the code, each name once.
#[test]
fn every_kill_point_and_planted_bug_is_on_its_list() {
    assert_eq!(named_in_code("fault!(\""), listed("points.txt"));
    assert_eq!(named_in_code("planted!(\""), listed("bugs.txt"));
}

/// What stands in quotes behind these words, sorted.
fn named_in_code(words: &str) -> Vec<String> {
    let mut names = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = std::fs::read_to_string(&file).unwrap();
        let code = text.lines().filter(|l| !l.trim_start().starts_with("//"));
        names.extend(code.filter_map(|l| l.split_once(words)?.1.split('"').next().map(str::to_owned)));
    }
    names.sort();
    names
}

/// The first word of each line of a list, sorted.
fn listed(file: &str) -> Vec<String> {
    let list = std::fs::read_to_string(root().join("tests/torture").join(file)).unwrap();
    let lines = list.lines().filter(|l| !l.starts_with('#'));
    let mut names: Vec<String> = lines.filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect();
    names.sort();
    names
}

#[cfg(not(feature = "faults"))]
#[test]
fn the_program_itself_has_no_kill_points() {
    let program = std::fs::read(env!("CARGO_BIN_EXE_exchange-hub")).unwrap();
    // Each name stands behind these words, so that one look is enough for all.
    let has = |word: &str| memchr::memmem::find(&program, word.as_bytes()).is_some();
    for words in ["kill point ", "HUB_FAULT", "planted bug ", "HUB_BUG"] {
        assert!(!has(words), "{words}");
    }
}

#[test]
fn no_test_module_is_forgotten() {
    let main = std::fs::read_to_string(root().join("tests/it/main.rs")).unwrap();
    for entry in std::fs::read_dir(root().join("tests/it")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_module = path.extension().is_some_and(|e| e == "rs") && name != "main";
        assert!(!is_module || main.contains(&format!("mod {name};")), "tests/it/{name}.rs is not run");
    }
}

#[test]
fn the_map_of_the_house_stays_short() {
    let map = std::fs::read_to_string(root().join("ARCHITECTURE.md")).unwrap();
    assert!(map.lines().count() <= 250);
}
