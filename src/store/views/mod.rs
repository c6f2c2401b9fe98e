//! What a person asks: read-only queries, run on a reading connection beside the writer.
//!
//! Nothing here writes, and nothing here decides. Every list has a limit of its own, given by the caller, since a
//! person reads some dozens of lines and a store holds millions. What is asked about a record is found through the
//! index or a primary key; where a table must be walked, the function says so.

mod feeds;
mod items;
mod jobs;
mod records;

pub use feeds::*;
pub use items::*;
pub use jobs::*;
pub use records::*;
