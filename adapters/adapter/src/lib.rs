//! The kit: what every adapter is made of, and all that it needs to know.
//!
//! An adapter reaches one kind of system: it yields pages of rows ([`Source`]) or carries documents
//! to a target ([`Sink`]). It knows nothing of the hub: not the schema, not the store, not who asks.
//! Whatever a person is told of it is told in Chinese and English ([`Words`]), made where it is known.
//! What crosses this seam is text: decimals and times travel as the source wrote them, never as
//! floats, so that a full read and an increment give identical values.

#[cfg(feature = "conformance")]
pub mod conformance;
mod path;
mod rows;
mod sink;
mod source;
mod words;

pub use path::path_below;
pub use rows::{Cell, Fault, FaultKind, Place, Row, Rows, RowsError, RowsSize};
pub use sink::{Answer, Request, Sink, SinkError};
pub use source::{Checkpoint, FileSeen, FileState, Page, Picture, Source, SourceError};
pub use words::{Lang, Words, count, io_words, nearest};

/// Most rows in one page, and so in one batch: the row number must fit into 16 bits of a position.
pub const PAGE_ROWS_MAX: usize = 65_535;
/// Rows of a page unless the configuration says otherwise: one row a message costs more than all the rest together.
pub const PAGE_ROWS: usize = 1_000;
/// Bytes after which a page ends, before compression, so that a message stays far below a broker's limit.
pub const PAGE_BYTES_MAX: usize = 4 << 20;
/// A row above this is not taken in as a row; it becomes one [`FaultKind::TooLarge`] cell.
pub const ROW_BYTES_MAX: usize = 8 << 20;
