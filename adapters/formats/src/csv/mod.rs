//! CSV, line by line: cut from the raw bytes, decoded, then split.
//!
//! A quoted cell may span lines only if its quote is closed, and closed in such a way that the row then has as many
//! cells as the header; otherwise the line on which it opened is broken alone and reading goes on with the next
//! one. A general CSV parser would read on to the next quote, wherever it is, and call all that one cell.

use std::io::{self, Read};

use adapter::{Cell, FaultKind, ROW_BYTES_MAX, Words};

use crate::config::CsvConfig;
use crate::encoding::{Bad, Encoding, LOOKS_LIKE_GBK, looks_like_gbk, undecodable};
use crate::limits::{COLUMNS_MAX, LOOKS_LIKE_A_ROW_COLUMNS_MIN, QUOTED_LINES_MAX};
use crate::lines::{Found, Line, Lines};
use crate::window::open_window;
use crate::{Out, Refusal, Stop, write};

mod split;

use split::{Splitter, State};

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
                    (
                        format!("文件不足 `skip_lines` 要跳过的 {} 行", self.config.skip_lines),
                        format!("the file ends before line {}, which `skip_lines` leaves out", self.config.skip_lines),
                    ),
                    (
                        "请调低 `skip_lines`，或请对方重新提供该文件",
                        "lower `skip_lines`, or ask the sender for the file again",
                    ),
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
                        ("文件没有表头行", "the file has no header line"),
                        (
                            "如果本来就没有表头，请用 `columns = [...]` 写明列名；否则请对方重新提供该文件",
                            "name the columns by `columns = [...]` if it has none, or ask the sender for the file again",
                        ),
                    )
                    .into());
                }
                Found::TooLong => {
                    return Err(Refusal::new(
                        (
                            format!("第一行超过 {ROW_BYTES_MAX} 字节"),
                            format!("the first line is longer than {ROW_BYTES_MAX} bytes"),
                        ),
                        ("请核对该文件是否是 CSV", "see whether the file is CSV at all"),
                    )
                    .into());
                }
            }
        };
        let extent = self.read_extent(line, None)?;
        let raw = self.lines.window.raw(&self.lines.window.data()[..extent.end]).into_owned();
        let (number, offset) = (self.lines.number, self.lines.window.offset());
        let refuse = |what: Words, hint: (&str, &str)| Err(Refusal::new(what, hint).at(number, offset, &raw).into());
        if let Some(bad) = extent.bad {
            let (at, encoding) = (self.lines.window.offset_of(bad.at), self.config.encoding);
            let (like, hint) = match looks_like_gbk(encoding, &raw) {
                true => (LOOKS_LIKE_GBK, ("请设 `encoding = \"gbk\"`", "set `encoding = \"gbk\"`")),
                false => (
                    ("", ""),
                    (
                        "请把 `encoding` 设为文件的实际编码，如 `gbk` 或 `utf-8`",
                        "set `encoding` to what the file is written in, e.g. `gbk` or `utf-8`",
                    ),
                ),
            };
            return refuse(
                Words::new(
                    format!("表头第 {at} 字节处不是 {} 编码{}", encoding.name(), like.0),
                    format!("the header does not decode as {} at byte {at}{}", encoding.name(), like.1),
                ),
                hint,
            );
        }
        if extent.state != State::Complete {
            return refuse(
                Words::new("表头中的引号没有结束", "a quote in the header is not closed"),
                ("请改正表头，或设置 `quote`", "correct the header, or set `quote`"),
            );
        }
        if self.text.trim_end_matches('\r').contains('\r') && extent.lines == 1 {
            return refuse(
                Words::new("各行只以 CR 结尾", "its lines end with CR alone"),
                (
                    "请对方输出的文件每行以 LF 或 CR LF 结尾",
                    "have the file written with LF or CR LF at the end of each line",
                ),
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
                let raw = &self.lines.window.data()[..extent.end];
                (FaultKind::Undecodable, undecodable(self.config.encoding, &self.lines.window, bad, raw))
            }
            (None, State::Open) => (FaultKind::UnclosedQuote, vec![self.lines.number.to_string()]),
            (None, State::Stray) => {
                let what = Words::new(
                    "带引号的单元格在结束引号之后还有内容；其中的引号须写成两个",
                    "a quoted cell goes on after its closing quote; a quote inside it must be doubled",
                );
                (FaultKind::Malformed, vec![what.to_text()])
            }
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
            (
                format!("表头有 {} 列，上限是 {COLUMNS_MAX}", columns.len()),
                format!("the header has {} columns, and {COLUMNS_MAX} is the limit", columns.len()),
            ),
            ("请核对 `delimiter` 是否正确", "see whether `delimiter` is right"),
        ));
    }
    let mut first = std::collections::HashMap::with_capacity(columns.len());
    let (mut zh, mut en) = (Vec::new(), Vec::new());
    for (i, name) in columns.iter().enumerate() {
        match first.get(name.as_str()) {
            Some(earlier) => {
                let (earlier, later) = (*earlier, i + 1);
                zh.push(format!("第 {earlier} 列和第 {later} 列都叫 `{name}`"));
                en.push(format!("columns {earlier} and {later} are both named `{name}`"));
            }
            None => {
                first.insert(name.as_str(), i + 1);
            }
        }
    }
    if en.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        (zh.join("；"), en.join("; ")),
        (
            "请对方改名，或用 `columns` 和 `skip_lines` 自行写明列名",
            "have one of them renamed, or give the columns names of your own by `columns` and `skip_lines`",
        ),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{args, read, read_once, show, told};

    fn gbk(text: &str) -> Vec<u8> {
        encoding_rs::GBK.encode(text).0.into_owned()
    }

    fn utf16(text: &str, big_endian: bool) -> Vec<u8> {
        let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
        text.encode_utf16().flat_map(bytes).collect()
    }

    #[test]
    fn quoted_cells_hold_delimiters_quotes_and_line_breaks() {
        let text = "A,B\r\n1,\"a,b\"\r\n\r\n2,\"say \"\"x\"\"\"\n3,\"two\r\nlines\"\n,\n4,a\"b\"";
        insta::assert_snapshot!(show(&read("csv = {}", text.as_bytes())).escape_debug().to_string().replace("\\n", "\n"), @r#"
        A | B
        2@5 [1] [a,b]
        4@16 [2] [say \"x\"]
        5@30 [3] [two\r
        lines]
        7@45 [] []
        8@47 [4] [a\"b\"]
        "#);
    }

    #[test]
    fn a_second_byte_that_looks_like_a_delimiter_is_none() {
        // 0x5C and 0x7C are the second bytes of these characters.
        let bytes = gbk("名|乗\n誠|乗\n");
        assert!(bytes.windows(2).any(|w| w[1] == b'|' && w[0] > 0x80));
        insta::assert_snapshot!(show(&read("csv = { encoding = 'gbk', delimiter = '|' }", &bytes)), @r"
        名 | 乗
        2@6 [誠] [乗]
        ");
    }

    #[test]
    fn a_bad_byte_costs_its_own_row_and_tells_its_place() {
        let mut bytes = gbk("编号,名称\n1,公告\n2,X\n3,结果\n");
        let at = bytes.iter().position(|b| *b == b'X').unwrap();
        bytes.splice(at..=at, [0xb9, 0xff]);
        insta::assert_snapshot!(show(&read("csv = { encoding = 'gbk' }", &bytes)), @r#"
        编号 | 名称
        2@10 [1] [公告]
        3@17 Undecodable["GBK", "19", "b9 ff"] <2,\xb9\xff>
        4@22 [3] [结果]
        "#);
    }

    #[test]
    fn a_bad_byte_before_a_line_break_or_a_delimiter_swallows_neither() {
        let bytes = b"A,B\n1,\xb9\n\xb9,2\n3,4\n";
        insta::assert_snapshot!(show(&read("csv = { encoding = 'gb18030' }", bytes)), @r#"
        A | B
        2@4 Undecodable["GB18030", "6", "b9"] <1,\xb9>
        3@8 Undecodable["GB18030", "8", "b9"] <\xb9,2>
        4@12 [3] [4]
        "#);
    }

    #[test]
    fn half_a_character_at_the_end_of_the_file_is_found() {
        let mut bytes = "甲,乙\n丙,丁".as_bytes().to_vec();
        bytes.pop();
        insta::assert_snapshot!(show(&read("csv = {}", &bytes)), @r#"
        甲 | 乙
        2@8 Undecodable["UTF-8", "12", "e4 b8"] <\xe4\xb8\x99,\xe4\xb8>
        "#);
    }

    #[test]
    fn an_unclosed_quote_breaks_its_own_line_only() {
        let last_quote = b"A,B,C,D\n1,2,3,4\n1,\"2,3,4\n1,2,3,4\n1,2,3,4\n";
        insta::assert_snapshot!(show(&read("csv = {}", last_quote)), @r#"
        A | B | C | D
        2@8 [1] [2] [3] [4]
        3@16 UnclosedQuote["3"] <1,\"2,3,4>
        4@25 [1] [2] [3] [4]
        5@33 [1] [2] [3] [4]
        "#);
        let all_quoted = b"\"A\",\"B\"\n\"1\",\"2\n\"3\",\"4\"\n\"5,\"6\"\n\"7\",\"8\"\n";
        insta::assert_snapshot!(show(&read("csv = {}", all_quoted)), @r#"
        A | B
        2@8 UnclosedQuote["2"] <\"1\",\"2>
        3@15 [3] [4]
        4@23 Malformed["a quoted cell goes on after its closing quote; a quote inside it must be doubled"] <\"5,\"6\">
        5@30 [7] [8]
        "#);
    }

    #[test]
    fn a_quote_that_closes_only_after_whole_rows_was_never_closed() {
        let bytes = b"A,B,C,D\n1,2,3,\"4\n1,2,3,4\n1,2,3,4\"\n1,2,3,4\n";
        insta::assert_snapshot!(show(&read("csv = {}", bytes)), @r#"
        A | B | C | D
        2@8 UnclosedQuote["2"] <1,2,3,\"4>
        3@17 [1] [2] [3] [4]
        4@25 [1] [2] [3] [4"]
        5@34 [1] [2] [3] [4]
        "#);
    }

    #[test]
    fn a_row_over_several_lines_that_is_short_is_one_broken_row() {
        let bytes = b"A,B,C\n1,\"x\ny\"\n1,2,3\n";
        insta::assert_snapshot!(show(&read("csv = {}", bytes)), @r#"
        A | B | C
        2@6 Short["2", "3"] <1,\"x\ny\">
        4@14 [1] [2] [3]
        "#);
    }

    #[test]
    fn a_bad_byte_inside_a_cell_of_two_lines_breaks_both_lines_as_one_row() {
        let bytes = b"A,B\n1,\"x\n\xff\"\n3,4\n";
        insta::assert_snapshot!(show(&read("csv = {}", bytes)), @r#"
        A | B
        2@4 Undecodable["UTF-8", "9", "ff"] <1,\"x\n\xff\">
        4@12 [3] [4]
        "#);
    }

    #[test]
    fn short_and_long_rows_are_broken_alone() {
        let bytes = b"A,B\n1\n1,2,3\n1,2\n1,2,\n";
        insta::assert_snapshot!(show(&read("csv = {}", bytes)), @r#"
        A | B
        2@4 Short["1", "2"] <1>
        3@6 Long["3", "2"] <1,2,3>
        4@12 [1] [2]
        5@16 Long["3", "2"] <1,2,>
        "#);
    }

    #[test]
    fn a_row_above_the_limit_is_broken_alone() {
        let mut bytes = b"A,B\n1,2\n3,".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', ROW_BYTES_MAX));
        bytes.extend(b"\n5,6\n");
        let rows = read_once("csv = {}", &bytes);
        assert_eq!(rows.row(1).fault().unwrap().kind, FaultKind::TooLarge);
        assert_eq!(args(rows.row(1).fault().unwrap()), ["8388611", "8388608", "bytes"]);
        assert_eq!((rows.row(2).text(0), rows.row(2).place().line), (Some("5"), 4));
    }

    #[test]
    fn utf_16_of_both_kinds_is_read_with_offsets_of_the_file() {
        let text = "\u{feff}甲,乙\r\n1,𠮷\r\n2,\"a\nb\"\r\n";
        for (big_endian, name) in [(false, "utf-16le"), (true, "utf-16be")] {
            let mut bytes = utf16(text, big_endian);
            let good = bytes.len();
            bytes.extend(utf16("3,", big_endian));
            bytes.extend(if big_endian { [0xd8, 0x42] } else { [0x42, 0xd8] });
            let rows = read(&format!("csv = {{ encoding = '{name}' }}"), &bytes);
            assert_eq!(rows.encoding, name.to_uppercase());
            assert_eq!(rows.row(0).text(1), Some("𠮷"));
            assert_eq!(rows.row(0).place().offset, 12);
            assert_eq!(rows.row(1).text(1), Some("a\nb"));
            assert_eq!(rows.row(2).place().offset, good as u64);
            assert_eq!(rows.row(2).fault().unwrap().args[1], (good + 4).to_string());
            assert_eq!(rows.row(2).cell(0), Cell::Bytes(&bytes[good..]));
        }
    }

    #[test]
    fn options_choose_columns_lines_comments_and_blanks() {
        let bytes = b"exported 2026\n# a note\n 1 ;' x '\n2;3\n";
        let config = "csv = { columns = ['A', 'B'], skip_lines = 1, comment = '#', delimiter = ';', quote = \"'\" }";
        insta::assert_snapshot!(show(&read(config, bytes)), @r"
        A | B
        3@23 [ 1 ] [ x ]
        4@33 [2] [3]
        ");
        let trimmed = "csv = { columns = ['A', 'B'], skip_lines = 2, delimiter = ';', quote = \"'\", trim = true }";
        insta::assert_snapshot!(show(&read(trimmed, b"\n\n 1 ; ' x ' \n")), @r"
        A | B
        3@2 [1] [x]
        ");
        insta::assert_snapshot!(show(&read("csv = { quote = 'none' }", b"A,B\n\"1,2\"\n")), @r#"
        A | B
        2@4 ["1] [2"]
        "#);
        insta::assert_snapshot!(show(&read("csv = { unguard = true }", b"A,B\n'=1,'x\n")), @r"
        A | B
        2@4 [=1] ['x]
        ");
    }

    #[test]
    fn a_header_without_rows_gives_columns_and_no_rows() {
        let rows = read("csv = {}", b"A,,C\n");
        assert_eq!((rows.columns(), rows.len()), (["A", "#2", "C"].map(str::to_owned).as_slice(), 0));
    }

    /// What is no text, or text of another kind, in the words that a person reads.
    #[test]
    fn what_a_file_is_instead_is_told() {
        let told = |bytes: &[u8]| {
            let rows = read("csv = {}", bytes);
            rows.iter().filter_map(|row| row.fault()).map(told).collect::<Vec<_>>().join("\n")
        };
        let wide = |text: &str| text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        let all = [
            told("编号,名称\n1,甲\0\0\0\n".as_bytes()),
            told(b"XMBH,XMMC\n1,a\0\n"),
            told(b"PK\x03\x04\x14\0\0\0\x08\0abcdefgh\x13\0\0\0[Content_Types].xml"),
            told(b"PK\x03\x04\x14\0\0\0\x08\0abcdefgh\x05\0\0\0a.csv"),
            told(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0"),
            told(&wide("项目编号,项目名称\r\n1,甲\r\n")),
            told(&wide("A,B\r\n1,2\r\n")),
            told(&gbk("编号,名称\n1,甲\n")),
            told(&gbk("A,B\n1,建设工程项目\n2,x\n")),
            told(b"A,B\n1,\xe5\xbb\xba\xe8\xae\xe5\xb7\xa5\xe7\xa8\x8b\n"),
        ];
        insta::assert_snapshot!(all.join("\n\n"), @r#"
        it has NUL bytes, the first at byte 19
        含有 NUL 字节，第一个在第 19 字节处
        have it written without NUL bytes; programs pad fields of a fixed length with them
        请对方输出不含 NUL 字节的文本；定长字段常以它补齐

        it has NUL bytes, the first at byte 13
        含有 NUL 字节，第一个在第 13 字节处
        have it written without NUL bytes; programs pad fields of a fixed length with them
        请对方输出不含 NUL 字节的文本；定长字段常以它补齐

        it is no text, but an Excel workbook (zip)
        这不是文本，而是 Excel 工作簿（zip）
        read it by `format.xlsx`, or have it saved as text
        请用 `format.xlsx` 读取它，或请对方另存为文本

        it is no text, but a zip archive
        这不是文本，而是 zip 压缩包
        have it delivered as a text file
        请对方以文本文件提供

        it is no text, but a file of old Office programs, such as .xls
        这不是文本，而是旧版 Office 文件（如 .xls）
        have it delivered as a text file
        请对方以文本文件提供

        it was declared to be UTF-8, but it looks like UTF-16LE
        声明为 UTF-8，实际像是 UTF-16LE
        set `encoding = "utf-16le"`, or have the file written as UTF-8
        请设 `encoding = "utf-16le"`，或请对方以 UTF-8 输出

        it was declared to be UTF-8, but it looks like UTF-16LE
        声明为 UTF-8，实际像是 UTF-16LE
        set `encoding = "utf-16le"`, or have the file written as UTF-8
        请设 `encoding = "utf-16le"`，或请对方以 UTF-8 输出

        the header does not decode as UTF-8 at byte 0; it looks like GBK
        表头第 0 字节处不是 UTF-8 编码；看来是 GBK
        set `encoding = "gbk"`
        请设 `encoding = "gbk"`

        UTF-8
        UTF-8
        6
        6
        bd
        bd
        ; it looks like GBK
        ；看来是 GBK

        UTF-8
        UTF-8
        9
        9
        e8 ae
        e8 ae
        "#);
    }

    /// Every way in which a whole file is refused, in the words that a person reads.
    #[test]
    fn a_file_that_is_not_what_was_declared_is_one_broken_row() {
        let refused = |config: &str, bytes: &[u8]| {
            let rows = read(config, bytes);
            assert_eq!((rows.len(), rows.declared), (1, false));
            let fault = rows.row(0).fault().unwrap().clone();
            assert_eq!(fault.kind, FaultKind::FileUnreadable);
            told(&fault)
        };
        let text = "项目编号,项目名称\n1,2\n";
        insta::assert_snapshot!(refused("csv = {}", b""), @"
        the file is empty
        文件是空的
        ask the sender for the file again; an export that ended early leaves such files
        请对方重新提供该文件；导出中断会留下这样的文件
        ");
        insta::assert_snapshot!(refused("csv = {}", b"\n\n"), @"
        the file has no header line
        文件没有表头行
        name the columns by `columns = [...]` if it has none, or ask the sender for the file again
        如果本来就没有表头，请用 `columns = [...]` 写明列名；否则请对方重新提供该文件
        ");
        insta::assert_snapshot!(refused("csv = {}", &gbk(text)), @r#"
        the header does not decode as UTF-8 at byte 0; it looks like GBK
        表头第 0 字节处不是 UTF-8 编码；看来是 GBK
        set `encoding = "gbk"`
        请设 `encoding = "gbk"`
        "#);
        insta::assert_snapshot!(refused("csv = { encoding = 'gbk' }", text.as_bytes()), @r#"
        it was declared to be GBK, but it is UTF-8
        声明为 GBK，实际是 UTF-8
        set `encoding = "utf-8"`, or have the file written as GBK
        请设 `encoding = "utf-8"`，或请对方以 GBK 输出
        "#);
        insta::assert_snapshot!(refused("csv = { encoding = 'gbk' }", b"\xef\xbb\xbfA,B\n"), @r#"
        it was declared to be GBK, but it begins with the byte order mark of UTF-8
        声明为 GBK，实际以 UTF-8 的字节顺序标记开头
        set `encoding = "utf-8"`, or have the file written as GBK
        请设 `encoding = "utf-8"`，或请对方以 GBK 输出
        "#);
        insta::assert_snapshot!(refused("csv = {}", &utf16("A,B\n", false)), @r#"
        it was declared to be UTF-8, but it looks like UTF-16LE
        声明为 UTF-8，实际像是 UTF-16LE
        set `encoding = "utf-16le"`, or have the file written as UTF-8
        请设 `encoding = "utf-16le"`，或请对方以 UTF-8 输出
        "#);
        insta::assert_snapshot!(refused("csv = { encoding = 'utf-16le' }", b"A,B\n1,2\n"), @r#"
        it was declared to be UTF-16LE, but it holds no UTF-16
        声明为 UTF-16LE，实际不是 UTF-16
        set `encoding = "utf-8"`, or have the file written as UTF-16LE
        请设 `encoding = "utf-8"`，或请对方以 UTF-16LE 输出
        "#);
        insta::assert_snapshot!(refused("csv = {}", b"A,B,A,B\n1,2,3,4\n"), @"
        columns 1 and 3 are both named `A`; columns 2 and 4 are both named `B`
        第 1 列和第 3 列都叫 `A`；第 2 列和第 4 列都叫 `B`
        have one of them renamed, or give the columns names of your own by `columns` and `skip_lines`
        请对方改名，或用 `columns` 和 `skip_lines` 自行写明列名
        ");
        insta::assert_snapshot!(refused("csv = {}", b"A,\"B\n1,2\n"), @"
        a quote in the header is not closed
        表头中的引号没有结束
        correct the header, or set `quote`
        请改正表头，或设置 `quote`
        ");
        insta::assert_snapshot!(refused("csv = {}", b"A,B\r1,2\r"), @"
        its lines end with CR alone
        各行只以 CR 结尾
        have the file written with LF or CR LF at the end of each line
        请对方输出的文件每行以 LF 或 CR LF 结尾
        ");
        insta::assert_snapshot!(refused("csv = { skip_lines = 3 }", b"A,B\n1,2\n"), @"
        the file ends before line 3, which `skip_lines` leaves out
        文件不足 `skip_lines` 要跳过的 3 行
        lower `skip_lines`, or ask the sender for the file again
        请调低 `skip_lines`，或请对方重新提供该文件
        ");
    }
}
