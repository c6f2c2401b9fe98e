//! How bytes become rows: csv, json, ndjson, xml, xlsx, in the encodings that Chinese departments use.
//!
//! A [`Reader`] streams: it holds one row (or one page of a workbook) and never a file. What can't be read is a
//! broken row with its place and its bytes, so that neighbours are never harmed: a bad byte, an open quote, a cell
//! too many cost one row; a file whose structure is lost costs what follows the place, as one row of
//! [`FaultKind::FileUnreadable`]. Errors are left for what is no fault of the file's content: a disk that fails.
//!
//! The rows of a file are the same however its bytes arrive and wherever its reading is cut and resumed; the tests
//! of each format read at every cut. Writers for what the hub sends stand in [`write`].

use std::io::{self, Read, Seek};

use adapter::{Fault, FaultKind, PAGE_BYTES_MAX, PAGE_ROWS, Place, Rows, RowsSize, Words};

mod config;
mod csv;
mod date;
mod encoding;
mod flat;
mod json;
pub mod limits;
mod lines;
#[cfg(test)]
mod testing;
mod window;
pub mod write;
mod xlsx;
mod xml;

pub use config::{
    AsciiChar, CsvConfig, FormatConfig, HeaderRows, JsonConfig, Merged, NdjsonConfig, Quote, Sheet, SkipRows,
    XlsxConfig, XmlConfig,
};
pub use date::civil_date;
pub use encoding::{Encoding, answer_text};

/// What a file is read from.
pub trait Input: Read + Seek + Send {}
impl<T: Read + Seek + Send> Input for T {}

/// Opens a file's content as what it was declared to be. Nothing is read yet.
///
/// `name` is the name under which its rows are listed in [`Rows::files`].
pub fn open(config: &FormatConfig, name: &str, input: Box<dyn Input + 'static>) -> Reader {
    let body = match config {
        FormatConfig::Csv(config) => Body::Csv(Box::new(csv::Csv::new(config, Box::new(input)))),
        FormatConfig::Json(config) => Body::Json(Box::new(json::Json::new(config, Box::new(input)))),
        FormatConfig::Ndjson(config) => Body::Ndjson(Box::new(json::ndjson::Ndjson::new(config, Box::new(input)))),
        FormatConfig::Xml(config) => Body::Xml(Box::new(xml::Xml::new(config, Box::new(input)))),
        FormatConfig::Xlsx(config) => Body::Xlsx(Box::new(xlsx::Xlsx::new(config, input))),
    };
    Reader { name: name.to_owned(), body, prepared: false, refusal: None, rows_read: 0, page: RowsSize::default() }
}

/// Reads the rows of one file.
pub struct Reader {
    name: String,
    body: Body,
    prepared: bool,
    /// A refusal met before the first row was asked for.
    refusal: Option<Refusal>,
    rows_read: u64,
    /// What the last page came to hold.
    page: RowsSize,
}

enum Body {
    Csv(Box<csv::Csv>),
    Json(Box<json::Json>),
    Ndjson(Box<json::ndjson::Ndjson>),
    Xml(Box<xml::Xml>),
    Xlsx(Box<xlsx::Xlsx>),
    Ended,
}

impl Reader {
    /// The columns that the file itself declares; none where it has no header (JSON, XML) or can't be read.
    pub fn header(&mut self) -> io::Result<Option<&[String]>> {
        self.prepare()?;
        Ok(match &self.body {
            Body::Csv(csv) => Some(csv.columns()),
            Body::Xlsx(xlsx) => Some(xlsx.columns()),
            Body::Json(_) | Body::Ndjson(_) | Body::Xml(_) | Body::Ended => None,
        })
    }

    /// The encoding that the file's bytes are in, as [`Rows::encoding`] has it; empty where it can't be read.
    pub fn encoding(&mut self) -> io::Result<&'static str> {
        self.prepare()?;
        Ok(match &self.body {
            Body::Csv(csv) => csv.encoding().name(),
            Body::Json(json) => json.encoding().name(),
            Body::Ndjson(ndjson) => ndjson.encoding().name(),
            Body::Xml(xml) => xml.encoding().name(),
            // Its texts are UTF-8 always.
            Body::Xlsx(_) => Encoding::Utf8.name(),
            Body::Ended => "",
        })
    }

    /// True: this file's rows may stand in one page with those that are there.
    pub fn fits(&mut self, rows: &Rows) -> io::Result<bool> {
        let encoding = self.encoding()?;
        let header = self.header()?;
        if rows.is_empty() && rows.columns().is_empty() {
            return Ok(true);
        }
        let same_header = match header {
            Some(columns) => rows.declared && rows.columns() == columns,
            None => !rows.declared,
        };
        Ok(same_header && (encoding.is_empty() || rows.encoding == encoding))
    }

    /// Adds rows until there are `rows_max` or they have `bytes_max`. False: the file has no more.
    ///
    /// The rows must fit (see [`Reader::fits`]). An error is one of reading, not of content.
    pub fn next(&mut self, rows: &mut Rows, rows_max: usize, bytes_max: usize) -> io::Result<bool> {
        let encoding = self.encoding()?;
        if let Some(columns) = self.header()?
            && rows.columns().is_empty()
        {
            columns.iter().for_each(|name| {
                rows.column(name);
            });
            rows.declared = true;
        }
        if rows.encoding.is_empty() {
            rows.encoding = encoding.to_owned();
        }
        let file = rows.files.iter().position(|f| *f == self.name).unwrap_or_else(|| {
            rows.files.push(self.name.clone());
            rows.files.len() - 1
        });
        let before = rows.len();
        if before == 0 {
            rows.reserve_like(&self.page);
        }
        let mut out = Out { rows, file: file as u32, rows_max, bytes_max };
        if out.full() {
            return Ok(self.refusal.is_some() || !matches!(self.body, Body::Ended));
        }
        let result = match (self.refusal.take(), &mut self.body) {
            (Some(refusal), _) => Err(Stop::Refused(refusal)),
            (None, Body::Csv(csv)) => csv.next(&mut out),
            (None, Body::Json(json)) => json.next(&mut out),
            (None, Body::Ndjson(ndjson)) => ndjson.next(&mut out),
            (None, Body::Xml(xml)) => xml.next(&mut out),
            (None, Body::Xlsx(xlsx)) => xlsx.next(&mut out),
            (None, Body::Ended) => Ok(false),
        };
        let more = match result {
            Ok(more) => more,
            Err(Stop::Io(error)) => return Err(error),
            Err(Stop::Refused(refusal)) => {
                out.refused(refusal);
                false
            }
        };
        self.rows_read += (rows.len() - before) as u64;
        self.page = rows.counts();
        if !more {
            self.body = Body::Ended;
        }
        Ok(more)
    }

    /// Passes over the next `n` rows. False: the file has fewer.
    pub fn skip(&mut self, n: u64) -> io::Result<bool> {
        let (target, mut more) = (self.rows_read + n, true);
        while self.rows_read < target && more {
            let rows_max = (target - self.rows_read).min(PAGE_ROWS as u64) as usize;
            more = self.next(&mut Rows::default(), rows_max, PAGE_BYTES_MAX)?;
        }
        Ok(self.rows_read == target)
    }

    /// How many rows the file has given so far, broken ones included.
    pub fn rows_read(&self) -> u64 {
        self.rows_read
    }

    fn prepare(&mut self) -> io::Result<()> {
        if self.prepared {
            return Ok(());
        }
        let result = match &mut self.body {
            Body::Csv(csv) => csv.prepare(),
            Body::Json(json) => json.prepare(),
            Body::Ndjson(ndjson) => ndjson.prepare(),
            Body::Xml(xml) => xml.prepare(),
            Body::Xlsx(xlsx) => xlsx.prepare(),
            Body::Ended => Ok(()),
        };
        match result {
            Ok(()) => {}
            Err(Stop::Io(error)) => return Err(error),
            Err(Stop::Refused(refusal)) => {
                self.refusal = Some(refusal);
                self.body = Body::Ended;
            }
        }
        self.prepared = true;
        Ok(())
    }
}

/// Where rows go, and when it is enough.
struct Out<'a> {
    rows: &'a mut Rows,
    /// Index of the file in `rows.files`.
    file: u32,
    rows_max: usize,
    bytes_max: usize,
}

impl Out<'_> {
    fn full(&self) -> bool {
        self.rows.len() >= self.rows_max || self.rows.size() >= self.bytes_max
    }

    fn place(&self, line: u64, offset: u64) -> Place {
        Place { file: self.file, line, offset }
    }

    fn broken(&mut self, place: Place, kind: FaultKind, args: Vec<String>, raw: &[u8]) {
        self.rows.push_broken(place, Fault { kind, args }, raw);
    }

    fn refused(&mut self, refusal: Refusal) {
        let place = self.place(refusal.line, refusal.offset);
        self.broken(place, FaultKind::FileUnreadable, vec![refusal.what, refusal.hint], &refusal.raw);
    }
}

/// A limit of bytes that every format has.
const ROW_BYTES: (&str, &str) = ("该行的字节数", "bytes");

/// Why a file, or the rest of it, can't be read as what it was declared to be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Refusal {
    /// Both languages, as a fault's argument has them.
    what: String,
    hint: String,
    line: u64,
    offset: u64,
    /// The bytes at the place, cut at [`limits::KEPT_BYTES_MAX`].
    raw: Vec<u8>,
}

impl Refusal {
    fn new(what: impl Into<Words>, hint: impl Into<Words>) -> Self {
        Self { what: what.into().to_text(), hint: hint.into().to_text(), ..Self::default() }
    }

    fn empty() -> Self {
        Self::new(
            ("文件是空的", "the file is empty"),
            (
                "请对方重新提供该文件；导出中断会留下这样的文件",
                "ask the sender for the file again; an export that ended early leaves such files",
            ),
        )
    }

    fn at(mut self, line: u64, offset: u64, raw: &[u8]) -> Self {
        self.raw = raw[..raw.len().min(limits::KEPT_BYTES_MAX)].to_vec();
        Self { line, offset, ..self }
    }
}

/// Why reading stopped.
enum Stop {
    Refused(Refusal),
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::testing::read;

    /// Bytes put together from the pieces that matter to a format.
    fn soup(pieces: &'static [&'static [u8]]) -> impl Strategy<Value = Vec<u8>> {
        proptest::collection::vec(proptest::sample::select(pieces), 0..40).prop_map(|pieces| pieces.concat())
    }

    const CSV: &[&[u8]] = &[
        b"A,B\n",
        b"\"",
        b"\"\"",
        b",",
        b"\n",
        b"\r\n",
        b"\r",
        b"a",
        b" ",
        b"\xb9\xab",
        b"\xb9",
        b"\xff",
        b"\x81\x30\x81\x30",
        b"'",
        b"=",
    ];
    const JSON: &[&[u8]] = &[
        b"[",
        b"]",
        b"{",
        b"}",
        b"\"a\"",
        b"\"",
        b":",
        b",",
        b"\\",
        b"1",
        b"-1.5e3",
        b"null",
        b"true",
        b" ",
        b"\n",
        b"\xb9\xab",
        b"\x81\x5c",
        b"\xb9",
        b"{\"a\":1}",
        b"\"s\":[1,{\"b\":2}]",
    ];
    const XML: &[&[u8]] = &[
        b"<R>",
        b"</R>",
        b"<ROW>",
        b"</ROW>",
        b"<a>",
        b"</a>",
        b"<a b='1'/>",
        b"<",
        b">",
        b"&",
        b"&amp;",
        b";",
        b"'",
        b"\"",
        b"<!--",
        b"-->",
        b"<![CDATA[",
        b"]]>",
        b"<?x",
        b"?>",
        b"<!DOCTYPE",
        b"x",
        b" ",
        b"\n",
        b"\xe5\x85\xac",
        b"\xff",
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(96))]

        // `read` itself compares what is read at every cut, byte by byte, row by row, and resumed after every row.
        #[test]
        fn any_csv_is_read_alike_however_it_arrives(bytes in soup(CSV)) {
            read("csv = { encoding = 'gbk' }", &bytes);
            read("csv = { columns = ['A', 'B'], trim = true, unguard = true, comment = '=' }", &bytes);
            read("csv = { encoding = 'utf-16le', columns = ['A', 'B'] }", &bytes);
        }

        #[test]
        fn any_json_is_read_alike_however_it_arrives(bytes in soup(JSON)) {
            read("json = { encoding = 'gbk', repeat = 's' }", &bytes);
            read("ndjson = { encoding = 'gbk', repeat = 's' }", &bytes);
            read("json = { encoding = 'gbk', rows = 'a' }", &[b"{\"a\":", bytes.as_slice()].concat());
        }

        #[test]
        fn any_xml_is_read_alike_however_it_arrives(bytes in soup(XML)) {
            read("xml = { row = 'ROW', repeat = 'a' }", &bytes);
            read("xml = { row = 'R.ROW' }", &[b"<R><ROW><a>1</a></ROW>", bytes.as_slice(), b"</R>"].concat());
        }
    }
}
