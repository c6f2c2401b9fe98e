//! Every limit on what a file may claim or contain, in one place.
//!
//! A row's own limit is [`adapter::ROW_BYTES_MAX`]. What is above a limit costs one row where the row's end can
//! still be found, and the rest of the file where it can't.

/// Bytes that a reader asks for at once: large enough that system calls do not count, small beside a page.
pub const READ_BYTES: usize = 256 << 10;

/// Bytes looked at to compare the declared encoding with what the file holds. Few in our own tests, so that small
/// files too are read on beyond what was looked at.
pub const SNIFF_BYTES: usize = if cfg!(test) { 80 } else { 64 << 10 };

/// Bytes kept of what was cut off at a limit or after a file lost its structure: enough to recognise it by.
pub const KEPT_BYTES_MAX: usize = 64 << 10;

/// Lines that one quoted CSV cell may span: the longest notice text seen has some hundreds.
pub const QUOTED_LINES_MAX: usize = 10_000;

/// From this many columns on, lines inside a quoted cell that all look like whole rows mean that its quote was
/// never closed: running text does not have the right number of delimiters line after line.
pub const LOOKS_LIKE_A_ROW_COLUMNS_MIN: usize = 4;

/// Columns of a file. Excel's own limit.
pub const COLUMNS_MAX: usize = 16_384;

/// Levels of nesting in JSON and XML. Real messages have fewer than ten.
pub const DEPTH_MAX: usize = 64;

/// Attributes of one XML tag.
pub const ATTRIBUTES_MAX: usize = 256;

/// Bytes of a member's name in JSON or of a tag in XML outside the rows, which must be held to be compared.
pub const NAME_BYTES_MAX: usize = 64 << 10;

/// Rows that one element may become by `repeat`.
pub const REPEATS_MAX: usize = 10_000;

/// Bytes that one element may become by `repeat`, the parent's cells counted once for each row.
pub const REPEATED_BYTES_MAX: usize = 64 << 20;

/// Parts of an xlsx file. A sheet is one; pictures are one each.
pub const ZIP_ENTRIES_MAX: usize = 2_000;

/// How many times its packed size a part of an xlsx file may unpack to. Sheets of real tables reach 30.
pub const ZIP_RATIO_MAX: u64 = 100;

/// Below this size a part may have any ratio: a sheet of a few repeated rows is no bomb.
pub const ZIP_RATIO_FREE_BYTES: u64 = 8 << 20;

/// Bytes of all parts of an xlsx file, unpacked. A full sheet of 20 columns has about one GiB, and is streamed.
pub const XLSX_BYTES_MAX: u64 = 2 << 30;

/// Bytes of the shared texts of an xlsx file, unpacked: they are held in memory while the sheet is read.
pub const XLSX_TEXTS_BYTES_MAX: u64 = 128 << 20;

/// Bytes between two tags in any part of an xlsx file. A cell has at most 32,767 characters.
pub const XLSX_TEXT_BYTES_MAX: u64 = 1 << 20;

/// Merged areas of a sheet, which are held in memory.
pub const XLSX_MERGED_MAX: u64 = 100_000;

/// Characters of one cell. Excel's own limit.
pub const CELL_CHARACTERS_MAX: usize = 32_767;

/// Bytes of all rows that a workbook gives: one shared text may stand in every cell.
pub const XLSX_GIVEN_BYTES_MAX: u64 = 8 << 30;
