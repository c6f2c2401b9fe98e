//! The options of each format, as a job's configuration writes them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de};

use crate::encoding::Encoding;

/// How the bytes of a file become rows. The key names the format.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum FormatConfig {
    /// Lines of cells between delimiters.
    Csv(CsvConfig),
    /// One JSON document that holds an array of objects, or is one object.
    Json(JsonConfig),
    /// One JSON object a line.
    Ndjson(NdjsonConfig),
    /// One XML document with a repeated element.
    Xml(XmlConfig),
    /// One sheet of an Excel workbook (.xlsx).
    Xlsx(XlsxConfig),
}

impl FormatConfig {
    /// The format's key in the configuration.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Csv(_) => "csv",
            Self::Json(_) => "json",
            Self::Ndjson(_) => "ndjson",
            Self::Xml(_) => "xml",
            Self::Xlsx(_) => "xlsx",
        }
    }
}

/// Options of `format.csv`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CsvConfig {
    /// `utf-8` (with or without BOM), `gbk`, `gb18030`, `gb2312`, `utf-16le`, `utf-16be`. Default: `utf-8`.
    pub encoding: Encoding,
    /// The character between cells. Default: `,`.
    pub delimiter: AsciiChar,
    /// The character around cells that hold a delimiter or a line break; `none` where the source knows no quoting.
    /// Default: `"`.
    pub quote: Quote,
    /// Names of the columns, where the file has no header line. Default: the first line is the header.
    pub columns: Vec<String>,
    /// Lines before the header (or before the first row, with `columns`) that are not read. Default: 0.
    pub skip_lines: u64,
    /// Lines that begin with this character are not read. Default: none.
    pub comment: Option<AsciiChar>,
    /// True: blanks around cells are taken away, also those outside quotes. Default: false.
    pub trim: bool,
    /// True: takes away the `'` that our own export puts before cells which Excel would run as a formula.
    /// Default: false.
    pub unguard: bool,
}

impl Default for CsvConfig {
    fn default() -> Self {
        Self {
            encoding: Encoding::default(),
            delimiter: AsciiChar(b','),
            quote: Quote(Some(b'"')),
            columns: Vec::new(),
            skip_lines: 0,
            comment: None,
            trim: false,
            unguard: false,
        }
    }
}

/// Options of `format.json`. Nested members become columns `a.b.c`; lists of single values one cell, joined by `;`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct JsonConfig {
    /// `utf-8` (with or without BOM), `gbk`, `gb18030`, `gb2312`, `utf-16le`, `utf-16be`. Default: `utf-8`.
    pub encoding: Encoding,
    /// Path to the array of rows, e.g. `data.items`. An object there is one row. Default: the document itself.
    pub rows: String,
    /// Path inside a row to an array, each element of which becomes a row with the columns of its parent. Arrays on
    /// the way, as `packages` in `packages.suppliers`, are gone through. Default: none.
    pub repeat: String,
}

/// Options of `format.ndjson`. Members become columns as in `format.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NdjsonConfig {
    /// `utf-8` (with or without BOM), `gbk`, `gb18030`, `gb2312`, `utf-16le`, `utf-16be`. Default: `utf-8`.
    pub encoding: Encoding,
    /// Path inside a row to an array, each element of which becomes a row with the columns of its parent. Arrays on
    /// the way, as `packages` in `packages.suppliers`, are gone through. Default: none.
    pub repeat: String,
}

/// Options of `format.xml`. Nested elements become columns `a.b.c`, attributes `a.@name`, without namespace
/// prefixes; an element that stands several times gives one cell, joined by `;`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XmlConfig {
    /// The element that is a row: its name, or the end of its path, e.g. `ROW` or `ROWS.ROW`.
    pub row: String,
    /// Path inside a row to an element, each occurrence of which becomes a row with the columns of its parent.
    /// Elements on the way that stand several times are gone through. Default: none.
    #[serde(default)]
    pub repeat: String,
    /// The encoding that the file must declare. Default: what the XML declaration says, else UTF-8.
    #[serde(default)]
    pub encoding: Option<Encoding>,
}

/// Options of `format.xlsx`. Dates become `yyyy-MM-dd` or `yyyy-MM-dd HH:mm:ss`, numbers plain decimals of at most
/// 15 digits, formulas their last value; empty rows are not read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct XlsxConfig {
    /// Name of the sheet, or its number counted from 1. Default: 1.
    pub sheet: Sheet,
    /// Row of the sheet, counted from 1, in which the header begins. Default: 1.
    pub header_row: u32,
    /// Rows of the header, 1 or 2; two are joined by `/`. Default: 1.
    pub header_rows: HeaderRows,
    /// What a merged area gives: `first` its value in its first cell only, `fill` its value in each cell.
    /// Default: `first`.
    pub merged: Merged,
    /// Columns to which `merged = "fill"` is confined. Default: all.
    pub merged_columns: Vec<String>,
    /// Rows that are no records: totals, notes. A row that one of the rules meets is not read. Default: none.
    pub skip_rows_where: Vec<SkipRows>,
}

impl Default for XlsxConfig {
    fn default() -> Self {
        Self {
            sheet: Sheet::Number(1),
            header_row: 1,
            header_rows: HeaderRows::One,
            merged: Merged::First,
            merged_columns: Vec::new(),
            skip_rows_where: Vec::new(),
        }
    }
}

/// Rows of a sheet that are no records.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SkipRows {
    /// The column to look at. Default: the first cell of the row that is not empty.
    #[serde(default)]
    pub column: Option<String>,
    /// Texts that mark such a row, compared without blanks; a `*` at the end stands for anything that follows.
    pub matches: Vec<String>,
}

/// What the cells of a merged area give.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Merged {
    /// The first cell has the value, the others are absent.
    #[default]
    First,
    /// Every cell has the value.
    Fill,
}

/// How many rows the header of a sheet has.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum HeaderRows {
    #[default]
    One,
    /// Group names above column names.
    Two,
}

impl<'de> Deserialize<'de> for HeaderRows {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u8::deserialize(deserializer)? {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            other => Err(de::Error::custom(format!("a header has 1 or 2 rows, not {other}"))),
        }
    }
}

/// Which sheet of a workbook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sheet {
    Name(String),
    /// Counted from 1.
    Number(u32),
}

impl<'de> Deserialize<'de> for Sheet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Sheet;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a sheet, or its number counted from 1")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Sheet, E> {
                Ok(Sheet::Name(v.to_owned()))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Sheet, E> {
                match u32::try_from(v) {
                    Ok(number) if number > 0 => Ok(Sheet::Number(number)),
                    _ => Err(E::invalid_value(de::Unexpected::Signed(v), &self)),
                }
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Sheet, E> {
                self.visit_i64(i64::try_from(v).unwrap_or(0))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// A character that is one byte in every encoding we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct AsciiChar(pub(crate) u8);

impl AsciiChar {
    /// The character, if it may separate cells: one of ASCII, and no line break.
    pub fn new(c: char) -> Option<Self> {
        u8::try_from(c).ok().filter(|b| b.is_ascii() && !matches!(b, b'\n' | b'\r')).map(Self)
    }
}

impl<'de> Deserialize<'de> for AsciiChar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        one_ascii(&text)
            .map(Self)
            .ok_or_else(|| de::Error::custom(format!("expected one ASCII character such as `,`, not `{text}`")))
    }
}

/// The quote character of a CSV file, if it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote(pub(crate) Option<u8>);

impl<'de> Deserialize<'de> for Quote {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "none" => Ok(Self(None)),
            _ => one_ascii(&text).map(|b| Self(Some(b))).ok_or_else(|| {
                de::Error::custom(format!("expected one ASCII character such as `\"`, or `none`, not `{text}`"))
            }),
        }
    }
}

fn one_ascii(text: &str) -> Option<u8> {
    let mut chars = text.chars();
    let (first, more) = (chars.next()?, chars.next());
    if more.is_some() {
        return None;
    }
    AsciiChar::new(first).map(|c| c.0)
}
