//! What ships: each mapping with its own examples, and what `config/` makes of `config/samples/`.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as its test does")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange_hub::config::Config;
use exchange_hub::diagnostic::Lang;
use exchange_hub::mapping;
use exchange_hub::pipeline::{Hub, work};
use exchange_hub::schema::{Level, Reason, Schema};
use exchange_hub::store;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every mapping file under `mappings/from`, with the name that jobs use.
fn mappings() -> Vec<(String, PathBuf)> {
    let mut found = Vec::new();
    for system in entries(&root().join("mappings/from")) {
        for file in entries(&system) {
            let stem = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
            if file.extension().is_some_and(|e| e == "toml") && stem(&file) != "common" {
                found.push((format!("{}/{}", stem(&system), stem(&file)), file));
            }
        }
    }
    found.sort();
    found
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_mapping_loads_and_its_examples_hold() {
    let schema = Schema::embedded().unwrap();
    let mut wrong = Vec::new();
    for (name, file) in mappings() {
        let common = file.with_file_name("common.toml");
        let text = std::fs::read_to_string(&file).unwrap();
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

/// A copy of what ships, in a directory of its own.
pub(crate) fn shipped() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    copy(&root().join("config"), &dir.path().join("config"));
    copy(&root().join("mappings/from"), &dir.path().join("mappings/from"));
    for file in entries(&dir.path().join("config/systems")) {
        let text = std::fs::read_to_string(&file).unwrap();
        // A copy is young: no file of it changes any more.
        let text = text.replace("[job.from.files]\n", "[job.from.files]\nready = { stable_ms = 0 }\n");
        std::fs::write(&file, text).unwrap();
    }
    dir
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in entries(from) {
        let target = to.join(entry.file_name().unwrap());
        if entry.is_dir() {
            copy(&entry, &target);
        } else {
            std::fs::copy(&entry, &target).unwrap();
        }
    }
}

async fn books(hub: &Hub) -> String {
    let books = hub.db.read(|c| store::books(c, 0, i64::MAX)).await.unwrap();
    assert!(books.balanced);
    let mut lines = Vec::new();
    for m in &books.mappings {
        let there = store::Outcome::ALL.iter().filter(|o| m.outcomes.get(**o) > 0);
        let counts: Vec<String> = there.map(|o| format!("{} {}", o.name(), m.outcomes.get(*o))).collect();
        lines.push(format!("{}: {} = {}", m.mapping, m.items, counts.join(" + ")));
    }
    lines.extend(books.feeds.iter().map(|f| format!("{}: {} of {} up to date", f.feed, f.up_to_date, f.owed)));
    lines.join("\n")
}

/// How many open items are refused for which reason.
async fn refusals(hub: &Hub) -> String {
    const OPEN: &str = "select reasons from item where state = 'quarantined'";
    let found: Vec<String> = hub.db.read(|c| c.rows(OPEN, [], |r| r.get(0))).await.unwrap();
    let mut counts: BTreeMap<String, u32> = BTreeMap::new();
    for reasons in found {
        let reasons: Vec<Reason> = serde_json::from_str(&reasons).unwrap();
        let mut codes: Vec<String> =
            reasons.iter().filter(|r| r.level == Level::Refuse).map(|r| r.code.name()).collect();
        codes.sort();
        codes.dedup();
        codes.into_iter().for_each(|code| *counts.entry(code).or_default() += 1);
    }
    counts.iter().map(|(code, n)| format!("{code} {n}")).collect::<Vec<_>>().join("\n")
}

/// The figures stand, with why, in config/samples/EXPECTED.md.
#[tokio::test]
async fn the_samples_come_out_as_expected_and_are_known_the_second_time() {
    let site = shipped();
    let config = Config::load(&site.path().join("config/hub.toml")).unwrap();
    let schema = Arc::new(Schema::load(config.overriding().as_deref()).unwrap());
    let hub = Arc::new(Hub::open(config, schema).await.unwrap());
    let once = work::once(hub.clone(), &|_, _| {}).await.unwrap();
    assert!(once.jobs.iter().all(|(_, run)| run.is_ok()));
    let first = books(&hub).await;
    insta::assert_snapshot!(first, @"
    ezhou/award: 133 = accepted 105 + unchanged 3 + superseded 7 + filtered 9 + waiting 4 + quarantined 5
    ezhou/correction: 46 = accepted 6 + filtered 40
    ezhou/exception: 11 = accepted 6 + filtered 1 + waiting 2 + quarantined 2
    ezhou/procurement-notice: 46 = accepted 34 + filtered 11 + quarantined 1
    ezhou/project: 133 = accepted 59 + unchanged 8 + superseded 62 + filtered 3 + quarantined 1
    ezhou/section: 133 = accepted 116 + unchanged 3 + superseded 7 + filtered 3 + waiting 1 + quarantined 3
    ezhou/tender-notice: 133 = accepted 57 + unchanged 3 + superseded 67 + filtered 3 + waiting 2 + quarantined 1
    ezhou/tender-project: 133 = accepted 57 + unchanged 3 + superseded 67 + filtered 3 + waiting 1 + quarantined 2
    finance/award: 202 = accepted 149 + unchanged 5 + superseded 11 + withdrawn 3 + filtered 15 + waiting 6 + quarantined 13
    finance/project: 202 = accepted 162 + unchanged 11 + superseded 2 + withdrawn 3 + filtered 15 + quarantined 9
    portal/award: 23 = filtered 19 + quarantined 4
    portal/candidate: 23 = filtered 20 + quarantined 3
    portal/clarification: 23 = filtered 20 + quarantined 3
    portal/contract: 23 = filtered 19 + quarantined 4
    portal/correction: 23 = filtered 22 + quarantined 1
    portal/notice: 23 = filtered 20 + waiting 3
    portal/opening: 23 = filtered 20 + quarantined 3
    portal/other-notice: 23 = filtered 22 + quarantined 1
    portal/project: 23 = filtered 20 + quarantined 3
    portal/result: 23 = filtered 22 + quarantined 1
    row: 4 = quarantined 4
    subjects/legal-person: 87 = accepted 80 + superseded 1 + quarantined 6
    province/archive: 834 of 834 up to date
    province/rehearsal: 821 of 834 up to date
    ");
    // The receiver's own memory is the judge: what is up to date, but for six that were withdrawn unsent.
    let received = || std::fs::read_to_string(site.path().join("data/rehearsal.ndjson")).unwrap();
    let before = received();
    assert_eq!(before.lines().count(), 815);
    insta::assert_snapshot!(refusals(&hub).await, @"
    credit_code 3
    date_ambiguous 1
    date_impossible 1
    date_unreadable 2
    identity_empty 2
    key_taken 3
    lookup_missing 12
    money_unreadable 1
    name_unknown 2
    not_in_code_set 1
    not_in_table 2
    pattern_unmatched 2
    region_unknown 2
    required 27
    required_when 8
    row_long 1
    row_short 1
    row_unclosed_quote 1
    row_undecodable 1
    tender_code 6
    too_long 2
    unit_unknown 1
    version_unreadable 3
    ");
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    assert_eq!(books(&hub).await, first);
    assert_eq!(received(), before);
}
