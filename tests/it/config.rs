//! Sample configurations: what is good is read, what is wrong is reported whole, in both languages.

use std::path::Path;

use super::fixture;
use exchange_hub::config::{Config, Snapshot, Start};
use exchange_hub::diagnostic::{Failure, Lang};

fn environment(name: &str) -> Option<String> {
    (name == "FINANCE_DROP").then(|| "drop/finance".to_owned())
}

fn mistakes(name: &str, lang: Lang) -> String {
    let diagnostics = Config::load_with(Path::new(&fixture(name)), &environment).expect_err("the sample is wrong");
    Failure::from(diagnostics).render(lang).replace(&format!("tests/it/fixtures/config/{name}/"), "")
}

#[test]
fn a_good_configuration_is_read_whole() {
    let config = Config::load_with(Path::new(&fixture("valid")), &environment).unwrap();
    assert_eq!(config.systems.len(), 2);
    assert_eq!(config.store_path(), Path::new("tests/it/fixtures/config/valid/data/hub.db"));
    assert_eq!(config.socket_path(), Path::new("tests/it/fixtures/config/valid/data/hub.sock"));

    let (system, job) = config.job("finance/nightly").unwrap();
    assert_eq!(system.contact.department, "信息科");
    assert!(job.paused && job.snapshot == Snapshot::No);
    assert_eq!(job.vanished_share.0, 0.1);
    assert_eq!(job.mappings[0].as_str(), "finance/notice");

    let (_, feed) = config.feed("province/results").unwrap();
    assert_eq!((feed.batch_records_max.get(), feed.concurrency.get()), (50, 4));
    assert_eq!((feed.retry.first_ms, feed.retry.max_ms), (500, 600_000));
    assert_eq!(feed.receipts.len(), 2);
    assert_eq!(feed.start, Start::Now);
    assert!(!feed.datasets.all && config.feed("province/all").unwrap().1.datasets.all);
    assert!(matches!(config.feed("province/all").unwrap().1.start, Start::Date(d) if d.to_string() == "2026-01-31"));
}

#[test]
fn every_mistake_of_every_file_is_reported_at_its_place() {
    insta::assert_snapshot!(mistakes("invalid", Lang::En));
}

#[test]
fn every_mistake_is_reported_in_chinese() {
    insta::assert_snapshot!(mistakes("invalid", Lang::Zh));
}
