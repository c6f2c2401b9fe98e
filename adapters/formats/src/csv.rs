//! CSV, line by line: cut from the raw bytes, decoded, then split.
//!
//! A quoted cell may span lines only if its quote is closed, and closed in such a way that the row then has as many
//! cells as the header; otherwise the line on which it opened is broken alone and reading goes on with the next
//! one. A general CSV parser would read on to the next quote, wherever it is, and call all that one cell.

use std::io::{self, Read};

use adapter::{Cell, FaultKind, ROW_BYTES_MAX};

use crate::config::CsvConfig;
use crate::encoding::{Bad, Encoding, undecodable};
use crate::limits::{COLUMNS_MAX, LOOKS_LIKE_A_ROW_COLUMNS_MIN, QUOTED_LINES_MAX};
use crate::lines::{Found, Line, Lines};
use crate::split::{Splitter, State};
use crate::window::open_window;
use crate::{Out, Refusal, Stop, write};

pub(crate) struct Csv {
    config: CsvConfig,
    lines: Lines,
    columns: Vec<String>,
    /// The row at hand, decoded.
    text: String,
    splitter: Splitter,
    probe: Splitter,
    probe_text: String,
}

/// How far a row reaches, and what was met on the way.
struct Extent {
    /// Bytes of the window that belong to it, line breaks between its lines included.
    end: usize,
    /// Where the next row begins.
    next: usize,
    lines: u64,
    bad: Option<Bad>,
    state: State,
}

impl Csv {
    pub(crate) fn new(config: &CsvConfig, input: Box<dyn Read + Send>) -> Self {
        let splitter = Splitter::new(config);
        Self {
            config: config.clone(),
            lines: Lines::new(input),
            columns: config.columns.clone(),
            text: String::new(),
            probe: splitter.clone(),
            probe_text: String::new(),
            splitter,
        }
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.config.encoding
    }

    /// Reads up to the first row.
    pub(crate) fn prepare(&mut self) -> Result<(), Stop> {
        open_window(&mut self.lines.window, self.config.encoding)?;
        for _ in 0..self.config.skip_lines {
            if !self.lines.pass()? {
                return Err(Refusal::new(
                    format!("the file ends before line {}, which `skip_lines` leaves out", self.config.skip_lines),
                    "lower `skip_lines`, or ask the sender for the file again",
                )
                .into());
            }
        }
        if self.columns.is_empty() { self.read_header() } else { Ok(check_columns(&self.columns)?) }
    }

    fn read_header(&mut self) -> Result<(), Stop> {
        let line = loop {
            match self.lines.find(0)? {
                Found::Line(line) if self.is_left_out(line) => self.lines.consume(line.next, 1),
                Found::Line(line) => break line,
                Found::End => {
                    return Err(Refusal::new(
                        "the file has no header line",
                        "name the columns by `columns = [...]` if it has none, or ask the sender for the file again",
                    )
                    .into());
                }
                Found::TooLong => {
                    return Err(Refusal::new(
                        format!("the first line is longer than {ROW_BYTES_MAX} bytes"),
                        "see whether the file is CSV at all",
                    )
                    .into());
                }
            }
        };
        let extent = self.read_extent(line, None)?;
        let raw = self.lines.window.raw(&self.lines.window.data()[..extent.end]).into_owned();
        let (number, offset) = (self.lines.number, self.lines.window.offset());
        let refuse = |what: String, hint: &str| Err(Refusal::new(what, hint).at(number, offset, &raw).into());
        if let Some(bad) = extent.bad {
            let at = self.lines.window.offset_of(bad.at);
            return refuse(
                format!("the header does not decode as {} at byte {at}", self.config.encoding.name()),
                "set `encoding` to what the file is written in, e.g. `gbk` or `utf-8`",
            );
        }
        if extent.state != State::Complete {
            return refuse("a quote in the header is not closed".into(), "correct the header, or set `quote`");
        }
        if self.text.trim_end_matches('\r').contains('\r') && extent.lines == 1 {
            return refuse(
                "its lines end with CR alone".into(),
                "have the file written with LF or CR LF at the end of each line",
            );
        }
        self.columns = (0..self.splitter.len()).map(|i| self.splitter.cell(&self.text, i).trim().to_owned()).collect();
        for (i, name) in self.columns.iter_mut().enumerate() {
            if name.is_empty() {
                *name = format!("#{}", i + 1);
            }
        }
        if let Err(refusal) = check_columns(&self.columns) {
            return Err(refusal.at(number, offset, &raw).into());
        }
        self.lines.consume(extent.next, extent.lines);
        Ok(())
    }

    /// Reads rows until it is enough. False: the file has no more.
    pub(crate) fn next(&mut self, out: &mut Out<'_>) -> Result<bool, Stop> {
        while !out.full() {
            match self.lines.find(0)? {
                Found::End => return Ok(false),
                Found::TooLong => self.lines.too_long(out)?,
                Found::Line(line) if self.is_left_out(line) => self.lines.consume(line.next, 1),
                Found::Line(line) => self.row(line, out)?,
            }
        }
        Ok(true)
    }

    fn row(&mut self, line: Line, out: &mut Out<'_>) -> Result<(), Stop> {
        let expected = self.columns.len();
        let extent = self.read_extent(line, Some(expected))?;
        let place = out.place(self.lines.number, self.lines.window.offset());
        let found = self.splitter.len();
        if extent.bad.is_none() && extent.state == State::Complete && found == expected {
            out.rows.begin(place);
            for i in 0..found {
                let cell = self.splitter.cell(&self.text, i);
                out.rows.push(Cell::Text(if self.config.unguard { write::unguard(cell) } else { cell }));
            }
            self.lines.consume(extent.next, extent.lines);
            return Ok(());
        }
        let (kind, args) = match (extent.bad, extent.state) {
            (Some(bad), _) => {
                let spot = &self.lines.window.data()[bad.at..bad.at + bad.len];
                (FaultKind::Undecodable, undecodable(self.config.encoding, &self.lines.window, bad.at, spot))
            }
            (None, State::Open) => (FaultKind::UnclosedQuote, vec![self.lines.number.to_string()]),
            (None, State::Stray) => (
                FaultKind::Malformed,
                vec!["a quoted cell goes on after its closing quote; a quote inside it must be doubled".into()],
            ),
            (None, State::Complete) => {
                let kind = if found < expected { FaultKind::Short } else { FaultKind::Long };
                (kind, vec![found.to_string(), expected.to_string()])
            }
        };
        out.broken(place, kind, args, &self.lines.window.raw(&self.lines.window.data()[..extent.end]));
        self.lines.consume(extent.next, extent.lines);
        Ok(())
    }

    /// Decodes and splits the row that begins with `line`, reading on while a quote is open. With no number of
    /// columns to hold it to (the header), the first closing quote ends it.
    fn read_extent(&mut self, line: Line, expected: Option<usize>) -> io::Result<Extent> {
        self.text.clear();
        self.splitter.clear();
        let bad = self.config.encoding.decode(&self.lines.window.data()[line.start..line.end], &mut self.text);
        let state = self.splitter.feed(&self.text, 0);
        let alone = Extent { end: line.end, next: line.next, lines: 1, bad, state };
        if state != State::Open {
            return Ok(alone);
        }
        match self.read_on(&alone, expected)? {
            Some(whole) => Ok(whole),
            None => Ok(alone),
        }
    }

    /// Looks for the line on which the open quote is closed. None: it must be taken for one that was never closed.
    fn read_on(&mut self, first: &Extent, expected: Option<usize>) -> io::Result<Option<Extent>> {
        let mut extent = Extent { state: State::Open, ..*first };
        // Lines after the first that by themselves are whole rows, and how many lines those were.
        let mut like_rows = 0;
        while (extent.lines as usize) < QUOTED_LINES_MAX {
            let Found::Line(line) = self.lines.find(extent.next)? else { return Ok(None) };
            let from = self.text.len();
            self.text.push_str(if extent.next - extent.end == 2 { "\r\n" } else { "\n" });
            let bad = self.config.encoding.decode(&self.lines.window.data()[line.start..line.end], &mut self.text);
            let bad = bad.map(|bad| Bad { at: line.start + bad.at, ..bad });
            extent.state = self.splitter.feed(&self.text, from);
            extent = Extent {
                end: line.end,
                next: line.next,
                lines: extent.lines + 1,
                bad: extent.bad.or(bad),
                state: extent.state,
            };
            let Some(expected) = expected else {
                match extent.state {
                    State::Open => continue,
                    State::Complete => return Ok(Some(extent)),
                    State::Stray => return Ok(None),
                }
            };
            let inner_lines = extent.lines - 2;
            match extent.state {
                State::Open if self.splitter.len() > expected => return Ok(None),
                State::Open => like_rows += u64::from(self.is_like_a_row(line, expected)),
                State::Stray => return Ok(None),
                State::Complete => {
                    let all_like_rows = inner_lines > 0 && like_rows == inner_lines;
                    let right =
                        self.splitter.len() == expected && !(all_like_rows && expected >= LOOKS_LIKE_A_ROW_COLUMNS_MIN);
                    let short = self.splitter.len() < expected && like_rows == 0 && !self.is_like_a_row(line, expected);
                    return Ok((right || short).then_some(extent));
                }
            }
        }
        Ok(None)
    }

    fn is_like_a_row(&mut self, line: Line, expected: usize) -> bool {
        self.probe.clear();
        self.probe_text.clear();
        self.config.encoding.decode(&self.lines.window.data()[line.start..line.end], &mut self.probe_text);
        self.probe.feed(&self.probe_text, 0) == State::Complete && self.probe.len() == expected
    }

    /// Blank lines and comments are no rows.
    fn is_left_out(&self, line: Line) -> bool {
        let bytes = &self.lines.window.data()[line.start..line.end];
        match bytes.first() {
            None => true,
            Some(first) => self.config.comment.is_some_and(|c| c.0 == *first),
        }
    }
}

/// Refuses a header that names one column twice: a mapping could not say which it means.
pub(crate) fn check_columns(columns: &[String]) -> Result<(), Refusal> {
    if columns.len() > COLUMNS_MAX {
        return Err(Refusal::new(
            format!("the header has {} columns, and {COLUMNS_MAX} is the limit", columns.len()),
            "see whether `delimiter` is right",
        ));
    }
    let mut first = std::collections::HashMap::with_capacity(columns.len());
    let mut doubles = Vec::new();
    for (i, name) in columns.iter().enumerate() {
        match first.get(name.as_str()) {
            Some(earlier) => doubles.push(format!("columns {earlier} and {} are both named `{name}`", i + 1)),
            None => {
                first.insert(name.as_str(), i + 1);
            }
        }
    }
    if doubles.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        doubles.join("; "),
        "have one of them renamed, or give the columns names of your own by `columns` and `skip_lines`",
    ))
}
