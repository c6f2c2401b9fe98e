//! How fast rows become records: decode, parse, map, validate, write the body; no store.
//!
//! The hub's way (a reader of `formats`, a mapping read from a file, the schema's checks) beside the same by hand
//! (`benches/bare`), in turn, on one thread, over the generated workload. Prints rows per second and core, stage by
//! stage, and the ratio. Asserts that both make the same records, and no figure.
//!
//!     cargo bench --bench map [-- ROWS]

#![allow(clippy::print_stdout, clippy::expect_used, reason = "a program whose purpose is what it prints")]

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use adapter::{PAGE_BYTES_MAX, PAGE_ROWS, Rows};
use bare::meter::Meter;
use bare::target::NOTICE;
use exchange_hub::mapping::{self, Found, Mapping};
use exchange_hub::schema::{self, CheckOptions, Schema};
use formats::{CsvConfig, Encoding, FormatConfig};

const ROWS: usize = 100_000;
/// Odd, so that there is a middle one.
const ROUNDS: usize = 5;
/// Some instant: no version of the workload depends on it.
const READ_US: i64 = 1_772_000_000_000_000;

/// How far the hub's way is gone.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Until {
    Read,
    Mapped,
    Checked,
    Written,
}

const STAGES: [(Until, &str); 4] = [
    (Until::Read, "decode + CSV into rows"),
    (Until::Mapped, "+ map"),
    (Until::Checked, "+ validate"),
    (Until::Written, "+ body and fingerprint"),
];

fn main() {
    // Cargo itself adds `--bench`.
    let rows = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(ROWS);
    let directory = tempfile::tempdir().expect("a temporary directory can be made");
    let csv = directory.path().join("notices.csv");
    generate(rows, &csv);
    let schema = Schema::embedded().expect("the embedded schema is right");
    let mapping = load(&schema);

    same_records(&csv, &mapping);
    let (mut by_hand, mut by_hub) = (Vec::new(), vec![Vec::new(); STAGES.len()]);
    for _ in 0..ROUNDS {
        by_hand.push(measured(rows, || bare_loop(&csv, |_| ())));
        for ((until, _), times) in STAGES.iter().zip(&mut by_hub) {
            times.push(measured(rows, || hub_loop(&csv, &mapping, *until, |_, _| ())));
        }
    }
    let hand = median(&mut by_hand);
    println!("{:<28} {:>9} rows/s/core  {:>6} µs/row", "by hand, all of it", per_second(hand), micros(hand));
    let mut hub = 0.0;
    for ((_, name), times) in STAGES.iter().zip(&mut by_hub) {
        hub = median(times);
        println!("{:<28} {:>9} rows/s/core  {:>6} µs/row", format!("hub: {name}"), per_second(hub), micros(hub));
    }
    println!("hub / by hand: {:.2} of its rows per second", hand / hub);
}

fn generate(rows: usize, csv: &Path) {
    let script = root().join("benches/generate.py");
    let made = Command::new("python3").arg(script).arg(rows.to_string()).arg(csv).status();
    assert!(made.is_ok_and(|status| status.success()), "benches/generate.py needs python3");
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn load(schema: &Schema) -> Mapping {
    let file = root().join("benches/mapping/notice.toml");
    let text = std::fs::read_to_string(&file).expect("the mapping is there");
    mapping::load("bench/notice", &file, &text, None, schema).unwrap_or_else(|wrong| {
        let lines: Vec<String> = wrong.iter().map(|d| d.render(Default::default())).collect();
        panic!("{}", lines.join("\n"))
    })
}

/// Processor seconds a row.
fn measured(rows: usize, run: impl FnOnce() -> usize) -> f64 {
    let meter = Meter::default();
    assert_eq!(run(), rows, "every row makes a record");
    meter.cpu_s() / rows as f64
}

fn bare_loop(csv: &Path, mut each: impl FnMut(bare::map::Record)) -> usize {
    let mut reader = bare::rows::open(csv).expect("the workload is there");
    let (mut row, mut count) = (csv::StringRecord::new(), 0);
    while reader.read_record(&mut row).expect("the workload is CSV") {
        each(bare::map::record(&NOTICE, |column| &row[column]).expect("the workload is right"));
        count += 1;
    }
    count
}

fn hub_loop(csv: &Path, mapping: &Mapping, until: Until, mut each: impl FnMut(String, [u8; 16])) -> usize {
    let format = FormatConfig::Csv(CsvConfig { encoding: Encoding::Gbk, ..CsvConfig::default() });
    let mut reader = formats::open(&format, "notices.csv", Box::new(File::open(csv).expect("the workload is there")));
    let options = CheckOptions { deal_code_check: mapping.deal_code_check(), pending: &[] };
    let (found, mut items, mut count) = (Found::default(), Vec::new(), 0);
    loop {
        let mut rows = Rows::default();
        let more = reader.next(&mut rows, PAGE_ROWS, PAGE_BYTES_MAX).expect("the workload can be read");
        count += rows.len();
        let bound = mapping.bind(rows.columns(), rows.declared).expect("the workload has every column");
        for row in 0..if until >= Until::Mapped { rows.len() } else { 0 } {
            items.clear();
            bound.apply(&rows, row, &found, READ_US, &mut items);
            for item in &mut items {
                if until >= Until::Checked {
                    schema::check(mapping.dataset(), &item.draft, &options, &mut item.reasons);
                }
                assert!(item.reasons.is_empty(), "the workload is right: {:?}", item.reasons);
                if until >= Until::Written {
                    let (body, fingerprint) = schema::body(mapping.dataset(), &item.draft, mapping.volatile());
                    each(body, fingerprint);
                }
            }
        }
        if !more {
            return count;
        }
    }
}

/// Both ways make the same records, or there is nothing to compare.
fn same_records(csv: &Path, mapping: &Mapping) {
    let mut records = Vec::new();
    bare_loop(csv, |record| records.push((record.body, record.fingerprint)));
    let mut at = 0;
    hub_loop(csv, mapping, Until::Written, |body, fingerprint| {
        assert_eq!((&body, fingerprint), (&records[at].0, records[at].1), "record {at}");
        at += 1;
    });
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

fn per_second(cpu_s: f64) -> String {
    format!("{:.0}", 1.0 / cpu_s)
}

fn micros(cpu_s: f64) -> String {
    format!("{:.2}", cpu_s * 1e6)
}
