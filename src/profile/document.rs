//! Documents in the hub's own form.
//!
//! JSON: an object for one record, an array for several. NDJSON: one object a line. Each has `key` (the same for the
//! same version, so that a target can drop doubles), `dataset`, `number`, `system`, `operation`, `version`, `record`.
//! XML: `<RECORDS><RECORD key=… dataset=… …><FIELD>…`. CSV: the dataset's fields after `_key` and `_operation`.

use crate::config::Form;

/// What a target is asked to do: follows from what it last accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Insert,
    Update,
    Withdraw,
}

impl Operation {
    pub fn word(self) -> &'static str {
        match self {
            Self::Insert => "insert",
            Self::Update => "update",
            Self::Withdraw => "withdraw",
        }
    }
}

/// One record for a target.
#[derive(Debug, Clone)]
pub struct Document<'a> {
    pub key: String,
    pub dataset: &'a str,
    pub number: &'a str,
    pub system: &'a str,
    pub operation: Operation,
    pub version: i64,
    /// The stored body: a JSON object of the record's fields.
    pub body: &'a str,
}

/// A document as it leaves.
#[derive(Debug)]
pub struct Written {
    pub media: &'static str,
    pub bytes: Vec<u8>,
}

/// Our key of one version of a record: what a target repeats in its answer.
pub fn record_key(record: i64, version: i64) -> String {
    format!("{record}-{version}")
}

/// Our key of a request; safe as a file name.
pub fn request_name(feed: &str, request: i64) -> String {
    format!("{}-{request:010}", feed.replace('/', "-"))
}

/// True: a document of this form has room for records of one dataset only, since they share its columns.
pub fn one_dataset(form: Form) -> bool {
    form == Form::Csv
}

/// Writes a document. `alone`: one record a call, not in a list.
pub fn write(form: Form, alone: bool, documents: &[Document<'_>]) -> Result<Written, std::io::Error> {
    Ok(match form {
        Form::Json => {
            let mut out = String::with_capacity(documents.iter().map(|d| d.body.len() + 200).sum());
            if !alone {
                out.push('[');
            }
            for (i, d) in documents.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                object(&mut out, d);
            }
            if !alone {
                out.push(']');
            }
            Written { media: "application/json", bytes: out.into_bytes() }
        }
        Form::Ndjson => {
            let mut out = String::with_capacity(documents.iter().map(|d| d.body.len() + 200).sum());
            for d in documents {
                object(&mut out, d);
                out.push('\n');
            }
            Written { media: "application/x-ndjson", bytes: out.into_bytes() }
        }
        Form::Csv | Form::Xml => return Err(std::io::Error::other("this form cannot be written")),
    })
}

fn object(out: &mut String, d: &Document<'_>) {
    use std::fmt::Write;
    // Codes, systems and keys are plain names; the body is JSON already.
    write!(
        out,
        r#"{{"key":"{}","dataset":"{}","number":"{}","system":"{}","operation":"{}","version":{},"record":{}}}"#,
        d.key,
        d.dataset,
        d.number,
        d.system,
        d.operation.word(),
        d.version,
        d.body
    )
    .expect("writing into memory cannot fail");
}
