//! CSV that Excel opens as it was meant.
//!
//! A cell that Excel would run as a formula gets a `'` before it; plain numbers stay numbers. [`unguard`] takes away
//! exactly what [`guard`] added, so a corrected sheet comes back as it went out.

use std::borrow::Cow;

use encoding_rs::EncoderResult;

use super::WriteError;
use crate::encoding::Encoding;

/// Characters that begin a formula in Excel, or after an input method made them wide.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\0', '＝', '＋', '－', '＠'];

/// Writes one CSV file.
pub struct Csv {
    columns: Vec<String>,
    encoding: Encoding,
    out: Vec<u8>,
    line: String,
}

impl Csv {
    /// Begins a file with its header. UTF-8 is written with the mark without which Excel takes it for GBK.
    pub fn new(columns: Vec<String>, encoding: Encoding) -> Result<Self, WriteError> {
        let mut csv = Self { columns, encoding, out: Vec::new(), line: String::new() };
        if encoding == Encoding::Utf8 {
            csv.out.extend_from_slice(b"\xef\xbb\xbf");
        }
        let header = csv.columns.clone();
        csv.write(header.iter().map(String::as_str))?;
        Ok(csv)
    }

    /// Adds a row, one value a column.
    pub fn row<'a>(&mut self, values: impl IntoIterator<Item = &'a str>) -> Result<(), WriteError> {
        self.write(values.into_iter())
    }

    fn write<'a>(&mut self, values: impl Iterator<Item = &'a str>) -> Result<(), WriteError> {
        self.line.clear();
        let mut found = 0;
        for value in values {
            if found > 0 {
                self.line.push(',');
            }
            cell(&guard(value), &mut self.line);
            found += 1;
        }
        if found != self.columns.len() {
            return Err(WriteError::Columns { found, expected: self.columns.len() });
        }
        self.line.push_str("\r\n");
        self.encode()
    }

    fn encode(&mut self) -> Result<(), WriteError> {
        let encoding = match self.encoding {
            Encoding::Utf8 => {
                self.out.extend_from_slice(self.line.as_bytes());
                return Ok(());
            }
            Encoding::Gb18030 => encoding_rs::GB18030,
            Encoding::Gbk | Encoding::Gb2312 => encoding_rs::GBK,
            Encoding::Utf16Le | Encoding::Utf16Be => {
                let big_endian = self.encoding == Encoding::Utf16Be;
                let bytes = |unit: u16| if big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() };
                self.out.extend(self.line.encode_utf16().flat_map(bytes));
                return Ok(());
            }
        };
        let mut encoder = encoding.new_encoder();
        let room = encoder.max_buffer_length_from_utf8_without_replacement(self.line.len()).unwrap_or(usize::MAX);
        let mut encoded = Vec::with_capacity(room.min(self.line.len() * 4 + 16));
        let (result, read) = encoder.encode_from_utf8_to_vec_without_replacement(&self.line, &mut encoded, true);
        if let EncoderResult::Unmappable(character) = result {
            return Err(self.unencodable(read - character.len_utf8(), character));
        }
        self.out.extend_from_slice(&encoded);
        Ok(())
    }

    fn unencodable(&self, at: usize, character: char) -> WriteError {
        // Cells before it end with a comma outside quotes.
        let mut quoted = false;
        let column = self.line[..at].bytes().fold(0, |column, byte| {
            quoted ^= byte == b'"';
            column + usize::from(byte == b',' && !quoted)
        });
        let name = self.columns.get(column).cloned().unwrap_or_default();
        WriteError::Unencodable { name, character, encoding: self.encoding.name() }
    }

    /// Ends the file.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

fn cell(value: &str, line: &mut String) {
    if !value.contains([',', '"', '\r', '\n']) {
        line.push_str(value);
        return;
    }
    line.push('"');
    line.push_str(&value.replace('"', "\"\""));
    line.push('"');
}

/// Puts a `'` before a cell that would be run as a formula, or that looks as if that had been done.
pub fn guard(value: &str) -> Cow<'_, str> {
    if is_guarded(value) { Cow::Owned(format!("'{value}")) } else { Cow::Borrowed(value) }
}

/// Takes away what [`guard`] put before a cell.
pub fn unguard(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if is_guarded(rest) => rest,
        _ => cell,
    }
}

fn is_guarded(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA) && !is_number(text)
}

/// A plain decimal, which stays a number.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    [whole, fraction].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::{read_once, show};

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn formulas_are_guarded_and_numbers_stay_numbers() {
        let guarded: Vec<String> =
            ["=1+1", "-12.50", "-", "-1-1", "+86 711", "@x", "＝1", "\tx", "\0", "1", "'=1", "'x", ""]
                .iter()
                .map(|value| guard(value).escape_default().to_string())
                .collect();
        insta::assert_snapshot!(guarded.join(" | "), @r"\'=1+1 | -12.50 | \'- | \'-1-1 | \'+86 711 | \'@x | \'\u{ff1d}1 | \'\tx | \'\u{0} | 1 | \'\'=1 | \'x | ");
    }

    #[test]
    fn a_character_that_gbk_lacks_is_told_with_its_column() {
        let mut csv = Csv::new(names(&["编号", "名,称"]), Encoding::Gbk).unwrap();
        let error = csv.row(["1", "a,\"𠮷"]).unwrap_err();
        assert_eq!(error.to_string(), "the value of `名,称` holds `𠮷`, which GBK does not have");
        csv.row(["1", "吉"]).unwrap();
        insta::assert_snapshot!(show(&read_once("csv = { encoding = 'gbk' }", &csv.finish())), @r"
        编号 | 名,称
        2@14 [1] [吉]
        ");
        let mut csv = Csv::new(names(&["A"]), Encoding::Gb18030).unwrap();
        csv.row(["𠮷"]).unwrap();
        assert_eq!(csv.row([]).unwrap_err().to_string(), "the row has 0 values, and there are 1 columns");
        assert_eq!(csv.finish(), b"A\r\n\x95\x34\xb2\x35\r\n");
    }

    proptest! {
        #[test]
        fn any_row_that_is_written_is_read_as_it_was(values in proptest::collection::vec("[='+\\-@,\"\r\n\t \0a公𠮷＝1]{0,8}", 2..4)) {
            // A row of empty cells would be a blank line, and one of blanks alone has no meaning in CSV either.
            let columns: Vec<String> = (0..values.len()).map(|i| format!("C{i}")).collect();
            let mut csv = Csv::new(columns, Encoding::Utf8).unwrap();
            csv.row(values.iter().map(String::as_str)).unwrap();
            csv.row(values.iter().map(|_| "end")).unwrap();
            let rows = read_once("csv = { unguard = true }", &csv.finish());
            prop_assert_eq!(rows.len(), 2);
            for (i, value) in values.iter().enumerate() {
                prop_assert_eq!(rows.row(0).text(i), Some(value.as_str()));
            }
        }
    }
}
