//! Files in a directory: what departments drop for us, and what we drop for them.
//!
//! [`FilesSource`] takes each content once, whatever name it bears; [`FilesSink`] writes a document so that a reader
//! never sees half of it. How a file's bytes become rows is the business of `formats`.

mod archive;
mod config;
mod digest;
mod listing;
mod sink;
mod source;
mod trouble;

pub use config::{After, FilesSinkConfig, FilesSourceConfig, Order, Patterns, Ready};
pub use sink::FilesSink;
pub use source::FilesSource;
