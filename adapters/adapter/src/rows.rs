//! Rows as a source gave them, packed: all text of a page in one buffer, cells as spans into it.
//!
//! A page of 1,000 rows has some 26,000 cells; a string for each would cost more than parsing them.
//! The same packed form, compressed, is what a batch keeps for as long as its retention lasts, so
//! its layout is versioned (see [`Rows::encode`]) and frozen by a fixture in the tests.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What a source gave for one column of one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cell<'a> {
    /// The source has no such column for this row, or says null.
    Absent,
    /// Decoded text, kept as it came: not trimmed, not normalised.
    Text(&'a str),
    /// Bytes that are no text in the declared encoding (`Rows::encoding`).
    Bytes(&'a [u8]),
}

/// Where a row stood in its source, for a person who has to find it there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Index into [`Rows::files`]; meaningless while that list is empty (databases, queues).
    pub file: u32,
    /// Line of the file, row of the sheet, number of the element: counted from 1. 0 = not known.
    pub line: u64,
    /// Byte offset at which the row begins, where the format has one. 0 otherwise.
    pub offset: u64,
}

/// Why a row could not be cut into cells. Such a row is one cell of bytes, in full or cut at a limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub kind: FaultKind,
    /// Figures or words for the message, in the order that `kind` names them; words as [`crate::Words::to_text`].
    pub args: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// A byte that is no text in the declared encoding. Args: encoding, byte offset in the file, the bytes in hex,
    /// and where it shows what the row looks like instead, those words.
    Undecodable,
    /// A quote was opened and never closed. Args: line where it opened.
    UnclosedQuote,
    /// Fewer cells than the header has columns. Args: found, expected.
    Short,
    /// More cells than the header has columns. Args: found, expected.
    Long,
    /// Above [`crate::ROW_BYTES_MAX`] or a limit of the format. Args: found, limit, what was counted.
    TooLarge,
    /// Not of the format's shape. Args: what was wrong.
    Malformed,
    /// The whole file could not be read as what it was declared to be; its rows before this point, if any, were
    /// taken. Args: what was wrong, what to do.
    FileUnreadable,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Span {
    cells: Range<u32>,
    place: Place,
    /// Index into `faults`, plus one; 0 = the row is whole.
    fault: u32,
}

/// The rows of one page.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Columns in the order in which they were met. A row may have fewer cells than there are columns.
    columns: Vec<String>,
    /// True: the columns are the source's own declared header, complete; a mapping that names another is wrong.
    /// False: names were met in the rows (JSON, XML), and one that is not here may come tomorrow.
    pub declared: bool,
    /// Names of the files that the rows stand in.
    pub files: Vec<String>,
    /// The encoding that byte cells were declared to be in, e.g. `GBK`.
    pub encoding: String,
    rows: Vec<Span>,
    /// Start and length of each cell; see `KIND_*` for the two high bits of the length.
    cells: Vec<(u32, u32)>,
    text: String,
    bytes: Vec<u8>,
    faults: Vec<Fault>,
}

/// How much a page holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RowsSize {
    rows: usize,
    cells: usize,
    text: usize,
}

const ABSENT: u32 = u32::MAX;
const IS_BYTES: u32 = 1 << 31;

/// A packed page that can't be read: another program's, a newer version's, or damaged.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum RowsError {
    #[error("the stored rows have format version {0}, and this program reads version 1 only")]
    Version(u8),
    #[error("the stored rows are damaged: {0}")]
    Damaged(&'static str),
    #[error("the stored rows are larger than {limit} bytes")]
    TooLarge { limit: usize },
}

impl Rows {
    /// Rows under a declared header.
    pub fn with_header(columns: Vec<String>) -> Self {
        Self { columns, declared: true, ..Self::default() }
    }

    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The position of a column, added if it is new (formats without a header).
    pub fn column(&mut self, name: &str) -> usize {
        self.columns.iter().position(|c| c == name).unwrap_or_else(|| {
            self.columns.push(name.to_owned());
            self.columns.len() - 1
        })
    }

    pub fn len(&self) -> usize {
        self.rows.len()
    }

    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Bytes that the page takes up, for the page limit: content, and the places of rows and cells.
    pub fn size(&self) -> usize {
        self.text.len() + self.bytes.len() + self.cells.len() * 8 + self.rows.len() * 28
    }

    /// Makes room for as much as another page held, since the pages of one source are alike.
    pub fn reserve_like(&mut self, other: &RowsSize) {
        self.rows.reserve(other.rows);
        self.cells.reserve(other.cells);
        self.text.reserve(other.text);
    }

    /// What a page holds, to be given to [`Rows::reserve_like`] of the next.
    pub fn counts(&self) -> RowsSize {
        RowsSize { rows: self.rows.len(), cells: self.cells.len(), text: self.text.len() }
    }

    /// Begins a row; cells follow by [`Rows::push`] or [`Rows::set`].
    pub fn begin(&mut self, place: Place) {
        let at = self.cells.len() as u32;
        self.rows.push(Span { cells: at..at, place, fault: 0 });
    }

    /// Appends the next cell of the row begun last.
    pub fn push(&mut self, cell: Cell<'_>) {
        let packed = self.pack(cell);
        self.cells.push(packed);
        if let Some(row) = self.rows.last_mut() {
            row.cells.end += 1;
        }
    }

    /// Sets one column of the row begun last, filling the columns before it with [`Cell::Absent`].
    pub fn set(&mut self, column: usize, cell: Cell<'_>) {
        let Some(row) = self.rows.last() else { return };
        let (start, have) = (row.cells.start as usize, row.cells.len());
        for _ in have..=column {
            self.push(Cell::Absent);
        }
        self.cells[start + column] = self.pack(cell);
    }

    /// A row that could not be cut: one cell of its bytes, and why.
    pub fn push_broken(&mut self, place: Place, fault: Fault, raw: &[u8]) {
        self.begin(place);
        self.push(Cell::Bytes(raw));
        self.faults.push(fault);
        if let Some(row) = self.rows.last_mut() {
            row.fault = self.faults.len() as u32;
        }
    }

    fn pack(&mut self, cell: Cell<'_>) -> (u32, u32) {
        match cell {
            Cell::Absent => (0, ABSENT),
            Cell::Text(t) => {
                let at = self.text.len() as u32;
                self.text.push_str(t);
                (at, t.len() as u32)
            }
            Cell::Bytes(b) => {
                let at = self.bytes.len() as u32;
                self.bytes.extend_from_slice(b);
                (at, b.len() as u32 | IS_BYTES)
            }
        }
    }

    pub fn row(&self, index: usize) -> Row<'_> {
        let span = &self.rows[index];
        Row { rows: self, cells: &self.cells[span.cells.start as usize..span.cells.end as usize], span }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = Row<'_>> {
        (0..self.len()).map(|i| self.row(i))
    }
}

/// One row of [`Rows`].
#[derive(Clone, Copy)]
pub struct Row<'a> {
    rows: &'a Rows,
    cells: &'a [(u32, u32)],
    span: &'a Span,
}

impl<'a> Row<'a> {
    /// The cell under a column's position; [`Cell::Absent`] where the row has none.
    #[inline]
    pub fn cell(&self, column: usize) -> Cell<'a> {
        match self.cells.get(column) {
            None | Some(&(_, ABSENT)) => Cell::Absent,
            Some(&(at, len)) if len & IS_BYTES != 0 => {
                let at = at as usize;
                Cell::Bytes(&self.rows.bytes[at..at + (len & !IS_BYTES) as usize])
            }
            Some(&(at, len)) => Cell::Text(&self.rows.text[at as usize..at as usize + len as usize]),
        }
    }

    /// The cell's text; none if it is absent or bytes.
    #[inline]
    pub fn text(&self, column: usize) -> Option<&'a str> {
        match self.cell(column) {
            Cell::Text(t) => Some(t),
            _ => None,
        }
    }

    /// Number of cells, absent ones included.
    pub fn cells(&self) -> usize {
        self.cells.len()
    }

    pub fn place(&self) -> Place {
        self.span.place
    }

    /// The name of the file that the row stands in.
    pub fn file(&self) -> Option<&'a str> {
        self.rows.files.get(self.span.place.file as usize).map(String::as_str)
    }

    /// Why the row could not be cut into cells.
    pub fn fault(&self) -> Option<&'a Fault> {
        self.span.fault.checked_sub(1).map(|i| &self.rows.faults[i as usize])
    }
}

/// The head of a packed page: all that is not a cell, as JSON, since it is small and may grow.
#[derive(Serialize, Deserialize)]
struct Head {
    columns: Vec<String>,
    declared: bool,
    files: Vec<String>,
    encoding: String,
    faults: Vec<Fault>,
}

const VERSION: u8 = 1;
/// A batch ends at [`crate::PAGE_BYTES_MAX`] or after one row above it, so this is never met by our own.
const PACKED_BYTES_MAX: usize = 64 << 20;

impl Rows {
    /// Packs the page: version byte, then little-endian u32 counts and sections.
    ///
    /// `1 | head length | head (JSON) | rows | {cells, file, line, offset, fault} each | cells | {at, len} each |
    /// text length | text | bytes length | bytes`, the whole compressed by zstd (level 1).
    pub fn encode(&self) -> Vec<u8> {
        let head = serde_json::to_vec(&Head {
            columns: self.columns.clone(),
            declared: self.declared,
            files: self.files.clone(),
            encoding: self.encoding.clone(),
            faults: self.faults.clone(),
        })
        .expect("strings and numbers always serialise");
        let mut out = Vec::with_capacity(head.len() + self.cells.len() * 8 + self.rows.len() * 28 + self.size() + 32);
        out.push(VERSION);
        let put = |out: &mut Vec<u8>, n: u32| out.extend_from_slice(&n.to_le_bytes());
        put(&mut out, head.len() as u32);
        out.extend_from_slice(&head);
        put(&mut out, self.rows.len() as u32);
        for row in &self.rows {
            put(&mut out, row.cells.len() as u32);
            put(&mut out, row.place.file);
            out.extend_from_slice(&row.place.line.to_le_bytes());
            out.extend_from_slice(&row.place.offset.to_le_bytes());
            put(&mut out, row.fault);
        }
        put(&mut out, self.cells.len() as u32);
        for &(at, len) in &self.cells {
            put(&mut out, at);
            put(&mut out, len);
        }
        put(&mut out, self.text.len() as u32);
        out.extend_from_slice(self.text.as_bytes());
        put(&mut out, self.bytes.len() as u32);
        out.extend_from_slice(&self.bytes);
        zstd::bulk::compress(&out, 1).expect("compressing into memory cannot fail")
    }

    /// Reads what [`Rows::encode`] packed, checking every span, so that a damaged page is an error and not a panic later.
    pub fn decode(packed: &[u8]) -> Result<Self, RowsError> {
        let raw = zstd::bulk::decompress(packed, PACKED_BYTES_MAX)
            .map_err(|_| RowsError::TooLarge { limit: PACKED_BYTES_MAX })?;
        let mut read = Reader { raw: &raw };
        match read.take(1)?[0] {
            VERSION => {}
            other => return Err(RowsError::Version(other)),
        }
        let head_len = read.u32()? as usize;
        let head: Head = serde_json::from_slice(read.take(head_len)?).map_err(|_| RowsError::Damaged("head"))?;
        let count = read.u32()? as usize;
        let mut rows = Vec::with_capacity(count.min(PACKED_BYTES_MAX / 28));
        let mut at = 0u32;
        for _ in 0..count {
            let cells = read.u32()?;
            let place = Place { file: read.u32()?, line: read.u64()?, offset: read.u64()? };
            let fault = read.u32()?;
            let end = at.checked_add(cells).ok_or(RowsError::Damaged("cells"))?;
            if fault as usize > head.faults.len() {
                return Err(RowsError::Damaged("fault"));
            }
            rows.push(Span { cells: at..end, place, fault });
            at = end;
        }
        if read.u32()? != at {
            return Err(RowsError::Damaged("number of cells"));
        }
        let packed_cells = read.take(at as usize * 8)?;
        let word = |b: &[u8]| u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        let cells: Vec<(u32, u32)> = packed_cells.chunks_exact(8).map(|c| (word(&c[..4]), word(&c[4..]))).collect();
        let text_len = read.u32()? as usize;
        let text = std::str::from_utf8(read.take(text_len)?).map_err(|_| RowsError::Damaged("text"))?.to_owned();
        let bytes_len = read.u32()? as usize;
        let bytes = read.take(bytes_len)?.to_vec();
        for &(at, len) in &cells {
            let whole = match len {
                ABSENT => true,
                _ if len & IS_BYTES != 0 => at as usize + (len & !IS_BYTES) as usize <= bytes.len(),
                _ => text.get(at as usize..at as usize + len as usize).is_some(),
            };
            if !whole {
                return Err(RowsError::Damaged("span"));
            }
        }
        let Head { columns, declared, files, encoding, faults } = head;
        Ok(Self { columns, declared, files, encoding, rows, cells, text, bytes, faults })
    }
}

struct Reader<'a> {
    raw: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Result<&'a [u8], RowsError> {
        let (head, tail) = self.raw.split_at_checked(n).ok_or(RowsError::Damaged("ends too early"))?;
        self.raw = tail;
        Ok(head)
    }
    fn u32(&mut self) -> Result<u32, RowsError> {
        let b = self.take(4)?;
        Ok(u32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
    fn u64(&mut self) -> Result<u64, RowsError> {
        Ok(u64::from(self.u32()?) | u64::from(self.u32()?) << 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Rows {
        let mut rows = Rows::with_header(vec!["XMBH".into(), "GGBT".into()]);
        rows.files.push("a.csv".into());
        rows.encoding = "GBK".into();
        rows.begin(Place { file: 0, line: 2, offset: 11 });
        rows.push(Cell::Text("E4207040001000012"));
        rows.push(Cell::Absent);
        rows.push_broken(
            Place { file: 0, line: 3, offset: 40 },
            Fault { kind: FaultKind::Short, args: vec!["1".into(), "2".into()] },
            b"\xb9\xab",
        );
        rows
    }

    #[test]
    fn packed_rows_come_back_as_they_were() {
        let rows = sample();
        assert_eq!(Rows::decode(&rows.encode()), Ok(rows));
    }

    /// Batches outlive upgrades: what version 1 wrote must be read for ever.
    #[test]
    fn version_one_is_read_as_it_was_written() {
        let fixture = include_bytes!("../tests/rows.v1.bin");
        assert_eq!(Rows::decode(fixture), Ok(sample()));
    }

    #[test]
    fn a_damaged_page_is_an_error_wherever_it_is_cut() {
        let raw = zstd::bulk::decompress(&sample().encode(), PACKED_BYTES_MAX).unwrap();
        for cut in 0..raw.len() {
            assert!(Rows::decode(&zstd::bulk::compress(&raw[..cut], 1).unwrap()).is_err(), "cut at {cut}");
        }
        assert_eq!(Rows::decode(&zstd::bulk::compress(&[9], 1).unwrap()), Err(RowsError::Version(9)));
    }

    #[test]
    fn a_row_of_named_cells_fills_what_is_missing() {
        let mut rows = Rows::default();
        let (a, b) = (rows.column("a"), rows.column("b"));
        rows.begin(Place::default());
        rows.set(b, Cell::Text("2"));
        rows.begin(Place::default());
        rows.set(a, Cell::Text("1"));
        assert_eq!(rows.row(0).cell(a), Cell::Absent);
        assert_eq!(rows.row(0).text(b), Some("2"));
        assert_eq!(rows.row(1).cell(b), Cell::Absent);
    }
}
