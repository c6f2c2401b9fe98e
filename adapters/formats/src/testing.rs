//! What the tests of all formats share: reading a text, showing rows, cutting input at every byte.

use std::fmt::Write as _;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use adapter::{Cell, Fault, FaultKind, PAGE_BYTES_MAX, PAGE_ROWS_MAX, Rows, Words};

use crate::{FormatConfig, Reader, open};

/// A file whose reads return what was asked for, but never across `cut`, and at most `step` bytes.
struct Chopped {
    bytes: Cursor<Vec<u8>>,
    cut: u64,
    step: usize,
}

impl Read for Chopped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let at = self.bytes.position();
        let mut max = into.len().min(self.step);
        if at < self.cut {
            max = max.min((self.cut - at) as usize);
        }
        self.bytes.read(&mut into[..max])
    }
}

impl Seek for Chopped {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

/// A format's options as a configuration writes them, e.g. `csv = {}`.
pub(crate) fn config(toml: &str) -> FormatConfig {
    toml::from_str(toml).unwrap()
}

fn reader(config: &FormatConfig, bytes: &[u8], cut: u64, step: usize) -> Reader {
    open(config, "a.txt", Box::new(Chopped { bytes: Cursor::new(bytes.to_vec()), cut, step }))
}

fn all(mut reader: Reader) -> Rows {
    let mut rows = Rows::default();
    while reader.next(&mut rows, PAGE_ROWS_MAX, PAGE_BYTES_MAX * 4).unwrap() {}
    rows.iter().filter_map(|row| row.fault()).for_each(speaks_chinese);
    rows
}

/// What a fault says, in English.
pub(crate) fn args(fault: &Fault) -> Vec<String> {
    fault.args.iter().map(|arg| Words::of_text(arg).en).collect()
}

/// What a fault says, in English and Chinese, a line each.
pub(crate) fn told(fault: &Fault) -> String {
    let lines = fault.args.iter().map(|arg| Words::of_text(arg)).map(|words| format!("{}\n{}", words.en, words.zh));
    lines.collect::<Vec<_>>().join("\n")
}

/// Whatever a fault says in words it says in Chinese too: checked of every fault that any test meets.
fn speaks_chinese(fault: &Fault) {
    let words = match fault.kind {
        FaultKind::FileUnreadable => &fault.args[..2],
        FaultKind::Malformed => &fault.args[..1],
        FaultKind::TooLarge => &fault.args[2..3],
        FaultKind::Undecodable => &fault.args[3..],
        FaultKind::UnclosedQuote | FaultKind::Short | FaultKind::Long => &[],
    };
    for text in words {
        let zh = Words::of_text(text).zh;
        assert!(zh.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "no Chinese in `{zh}`");
    }
}

/// The rows of a file, which are the same wherever its bytes are cut and its reading resumed.
pub(crate) fn read(toml: &str, bytes: &[u8]) -> Rows {
    let config = config(toml);
    let rows = all(reader(&config, bytes, 0, usize::MAX));
    assert_eq!(all(reader(&config, bytes, 0, 1)), rows, "read byte by byte");
    for cut in 1..bytes.len() {
        assert_eq!(all(reader(&config, bytes, cut as u64, usize::MAX)), rows, "cut at {cut}");
    }
    let shown = lines(&rows);
    for n in 0..=rows.len() {
        let mut resumed = reader(&config, bytes, 0, usize::MAX);
        assert!(resumed.skip(n as u64).unwrap());
        assert_eq!(lines(&all(resumed)), shown[n..], "resumed after {n}");
    }
    let mut one_by_one = reader(&config, bytes, 0, usize::MAX);
    let mut single = Vec::new();
    loop {
        let mut page = Rows::default();
        let more = one_by_one.next(&mut page, 1, PAGE_BYTES_MAX).unwrap();
        single.extend(lines(&page));
        if !more {
            break;
        }
    }
    assert_eq!(single, shown, "read row by row");
    rows
}

/// Reads once, for files too large to be cut everywhere.
pub(crate) fn read_once(toml: &str, bytes: &[u8]) -> Rows {
    all(reader(&config(toml), bytes, 0, usize::MAX))
}

/// Header and rows as a person would write them down.
pub(crate) fn show(rows: &Rows) -> String {
    let head = if rows.declared { format!("{}\n", rows.columns().join(" | ")) } else { String::new() };
    head + &lines(rows).join("\n")
}

fn lines(rows: &Rows) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let place = row.place();
            let mut line = format!("{}@{}", place.line, place.offset);
            if let Some(fault) = row.fault() {
                write!(line, " {:?}{:?}", fault.kind, args(fault)).unwrap();
            }
            let columns = rows.columns().len().max(usize::from(row.fault().is_some()));
            for i in 0..columns {
                let name = match (rows.declared, row.fault()) {
                    (false, None) => format!("{}=", rows.columns()[i]),
                    _ => String::new(),
                };
                match row.cell(i) {
                    Cell::Absent => {}
                    Cell::Text(text) => write!(line, " [{name}{text}]").unwrap(),
                    Cell::Bytes(bytes) => write!(line, " <{}>", bytes.escape_ascii()).unwrap(),
                }
            }
            line
        })
        .collect()
}
