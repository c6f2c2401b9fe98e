//! The mappings that ship, each with its own examples.

use std::path::{Path, PathBuf};

use exchange_hub::diagnostic::Lang;
use exchange_hub::mapping;
use exchange_hub::schema::Schema;

/// Every mapping file under `mappings/from`, with the name that jobs use.
fn mappings() -> Vec<(String, PathBuf)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings/from");
    let mut found = Vec::new();
    for system in std::fs::read_dir(&root).expect("mappings/from is there").map(|e| e.expect("readable").path()) {
        for file in std::fs::read_dir(&system).expect("a folder of a system").map(|e| e.expect("readable").path()) {
            let stem = |path: &Path| path.file_stem().expect("a name").to_string_lossy().into_owned();
            if file.extension().is_some_and(|e| e == "toml") && stem(&file) != "common" {
                found.push((format!("{}/{}", stem(&system), stem(&file)), file));
            }
        }
    }
    found.sort();
    found
}

#[test]
fn every_mapping_loads_and_its_examples_hold() {
    let schema = Schema::embedded().expect("the embedded schema is sound");
    let mut wrong = Vec::new();
    for (name, file) in mappings() {
        let common = file.with_file_name("common.toml");
        let text = std::fs::read_to_string(&file).expect("a mapping");
        let common_text = std::fs::read_to_string(&common).ok();
        let common = common_text.as_deref().map(|text| (common.as_path(), text));
        let mapping = match mapping::load(&name, &file, &text, common, &schema) {
            Ok(mapping) => mapping,
            Err(mistakes) => {
                wrong.extend(mistakes.iter().map(|m| m.render(Lang::En)));
                continue;
            }
        };
        assert!(mapping.examples() > 0, "{name} has no example");
        for outcome in mapping.test() {
            let place = format!("{}:{}", file.display(), outcome.line);
            wrong.extend(outcome.mismatches.iter().map(|m| format!("{place}: {}", m.render(Lang::En))));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
