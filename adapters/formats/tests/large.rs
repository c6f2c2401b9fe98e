//! Files larger than any buffer, read in pieces of odd sizes, as disks and networks give them.

#![allow(clippy::unwrap_used, reason = "clippy knows only functions marked as tests")]

use std::fmt::Write as _;
use std::io::{self, Cursor, Read, Seek, SeekFrom};

use adapter::Rows;
use formats::FormatConfig;

/// Reads give from 1 to 70,001 bytes, in a pattern that never falls together with rows.
struct Odd {
    bytes: Cursor<Vec<u8>>,
    turn: usize,
}

impl Read for Odd {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        const SIZES: [usize; 7] = [70_001, 1, 4_097, 2, 65_537, 3, 13];
        self.turn += 1;
        let n = SIZES[self.turn % SIZES.len()].min(into.len());
        self.bytes.read(&mut into[..n])
    }
}

impl Seek for Odd {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

const ROWS: usize = 4_000;

/// All values of the first column, which must be the numbers from 0 on; every row must be whole.
fn assert_all(config: &str, bytes: Vec<u8>) {
    let config: FormatConfig = toml::from_str(config).unwrap();
    for pieces in [false, true] {
        let bytes = Cursor::new(bytes.clone());
        let mut reader = match pieces {
            false => formats::open(&config, "a", Box::new(bytes)),
            true => formats::open(&config, "a", Box::new(Odd { bytes, turn: 0 })),
        };
        let (mut n, mut more) = (0, true);
        while more {
            let mut rows = Rows::default();
            more = reader.next(&mut rows, 1_000, 4 << 20).unwrap();
            for row in rows.iter() {
                assert_eq!(row.fault(), None, "row {n}");
                assert_eq!(row.text(0).map(str::parse), Some(Ok(n)), "row {n}");
                assert_eq!(row.text(1), Some(text(n).as_str()), "row {n}");
                n += 1;
            }
        }
        assert_eq!(n, ROWS);
    }
}

fn text(n: usize) -> String {
    format!("鄂州市第{n}号公告, \"中标\"结果\n{}", "公告".repeat(n % 60))
}

#[test]
fn csv_of_every_encoding() {
    let mut csv = String::from("N,T\r\n");
    for n in 0..ROWS {
        writeln!(csv, "{n},\"{}\"", text(n).replace('"', "\"\"")).unwrap();
    }
    assert_all("csv = {}", csv.clone().into_bytes());
    assert_all("csv = { encoding = 'gbk' }", encoding_rs::GBK.encode(&csv).0.into_owned());
    assert_all("csv = { encoding = 'utf-16be' }", csv.encode_utf16().flat_map(u16::to_be_bytes).collect());
}

#[test]
fn json_of_both_kinds() {
    let line = |n| format!("{{\"N\":{n},\"T\":{}}}", serde_json::to_string(&text(n)).unwrap());
    let lines: Vec<String> = (0..ROWS).map(line).collect();
    let document = format!("{{\"head\":{{}},\"data\":[{}]}}", lines.join(",\n"));
    assert_all("json = { rows = 'data' }", document.clone().into_bytes());
    assert_all("json = { rows = 'data', encoding = 'gb18030' }", encoding_rs::GB18030.encode(&document).0.into_owned());
    assert_all("ndjson = {}", lines.join("\n").into_bytes());
}

#[test]
fn xml_by_our_own_writer() {
    let mut xml = formats::write::Xml::new("ROWS", "ROW").unwrap();
    for n in 0..ROWS {
        xml.record([("N", n.to_string().as_str()), ("T", text(n).as_str())]).unwrap();
    }
    let bytes = xml.finish();
    let text = String::from_utf8(bytes.clone()).unwrap().replace("UTF-8", "GBK");
    assert_all("xml = { row = 'ROW' }", bytes);
    assert_all("xml = { row = 'ROW' }", encoding_rs::GBK.encode(&text).0.into_owned());
}
