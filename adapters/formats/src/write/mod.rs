//! Writers for what the hub sends or exports: documents made of records, a record being names with values.
//!
//! What a format cannot hold (a control character in XML, a character that GBK lacks) is an error that names the
//! value; nothing is dropped or replaced silently.

use adapter::Words;

mod csv;
mod ndjson;
mod xml;

pub use csv::{Csv, guard, unguard};
pub use ndjson::ndjson;
pub use xml::{Xml, escape};

/// Why a record can't be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words())]
pub enum WriteError {
    /// A character that the format does not allow.
    Forbidden { name: String, character: char },
    /// A character that the encoding does not have.
    Unencodable { name: String, character: char, encoding: &'static str },
    /// A field's name that is no name of an element.
    Name { name: String },
    /// More or fewer values than columns.
    Columns { found: usize, expected: usize },
}

impl WriteError {
    /// What a person is told.
    pub fn words(&self) -> Words {
        match self {
            Self::Forbidden { name, character } => {
                let code = u32::from(*character);
                Words::new(
                    format!("`{name}` 的值含有 XML 1.0 不允许的字符 U+{code:04X}"),
                    format!("the value of `{name}` holds U+{code:04X}, which XML 1.0 does not allow"),
                )
            }
            Self::Unencodable { name, character, encoding } => Words::new(
                format!("`{name}` 的值含有 {encoding} 中没有的字符 `{character}`"),
                format!("the value of `{name}` holds `{character}`, which {encoding} does not have"),
            ),
            Self::Name { name } => {
                Words::new(format!("`{name}` 不能用作 XML 元素名"), format!("`{name}` is no name of an XML element"))
            }
            Self::Columns { found, expected } => Words::new(
                format!("该行有 {found} 个值，应有 {expected} 列"),
                format!("the row has {found} values, and there are {expected} columns"),
            ),
        }
    }
}
