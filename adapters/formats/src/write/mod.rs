//! Writers for what the hub sends or exports: documents made of records, a record being names with values.
//!
//! What a format cannot hold (a control character in XML, a character that GBK lacks) is an error that names the
//! value; nothing is dropped or replaced silently.

mod csv;
mod ndjson;
mod xml;

pub use csv::{Csv, guard, unguard};
pub use ndjson::ndjson;
pub use xml::{Xml, escape};

/// Why a record can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A character that the format does not allow.
    #[error("the value of `{name}` holds U+{:04X}, which XML 1.0 does not allow", u32::from(*.character))]
    Forbidden { name: String, character: char },
    /// A character that the encoding does not have.
    #[error("the value of `{name}` holds `{character}`, which {encoding} does not have")]
    Unencodable { name: String, character: char, encoding: &'static str },
    /// A field's name that is no name of an element.
    #[error("`{name}` is no name of an XML element")]
    Name { name: String },
    /// More or fewer values than columns.
    #[error("the row has {found} values, and there are {expected} columns")]
    Columns { found: usize, expected: usize },
}
