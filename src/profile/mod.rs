//! A party's interface as data: which document a target is sent, under which names and keys.
//!
//! The profile builds documents; the adapters only carry them. Today there is the hub's own form in JSON, NDJSON, CSV
//! and XML; a province's form (envelope, numbering, signing, receipts) is a folder under `mappings/to/` to come.

mod document;

pub use document::{Document, Operation, Unwritable, Written, one_dataset, record_key, request_name, write};
