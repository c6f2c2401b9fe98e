//! Documents in the hub's own form.
//!
//! JSON: an object for one record, an array for several. NDJSON: one object a line. Each has `key` (the same for the
//! same version, so that a target can drop doubles), `dataset`, `number`, `system`, `operation`, `version`, `record`.
//! XML (`<RECORDS><RECORD>…`) and CSV (one dataset a document, all its fields) have the same beside the fields, as
//! `_key`, `_dataset` and so on.

use crate::config::Form;
use crate::schema::{self, Schema};

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

/// A record that the form cannot hold.
#[derive(Debug, thiserror::Error)]
#[error("{source}")]
pub struct Unwritable {
    /// Position among the documents.
    pub index: usize,
    pub source: formats::write::WriteError,
}

/// Writes a document. `alone`: one record a call, not in a list.
pub fn write(schema: &Schema, form: Form, alone: bool, documents: &[Document<'_>]) -> Result<Written, Unwritable> {
    let room = documents.iter().map(|d| d.body.len() + 200).sum();
    let mut out = String::with_capacity(room);
    match form {
        Form::Json => {
            let (open, close) = if alone { ("", "") } else { ("[", "]") };
            out.push_str(open);
            for (i, d) in documents.iter().enumerate() {
                if i > 0 {
                    out.push(',');
                }
                object(&mut out, d);
            }
            out.push_str(close);
            Ok(Written { media: "application/json", bytes: out.into_bytes() })
        }
        Form::Ndjson => {
            for d in documents {
                object(&mut out, d);
                out.push('\n');
            }
            Ok(Written { media: "application/x-ndjson", bytes: out.into_bytes() })
        }
        Form::Csv => csv(schema, documents),
        Form::Xml => xml(documents),
    }
}

/// What stands beside a record's fields, in CSV and XML.
fn about(d: &Document<'_>) -> [(&'static str, String); 6] {
    [
        ("_key", d.key.clone()),
        ("_dataset", d.dataset.to_owned()),
        ("_number", d.number.to_owned()),
        ("_system", d.system.to_owned()),
        ("_operation", d.operation.word().to_owned()),
        ("_version", d.version.to_string()),
    ]
}

fn csv(schema: &Schema, documents: &[Document<'_>]) -> Result<Written, Unwritable> {
    let Some(first) = documents.first() else { return Ok(Written { media: "text/csv", bytes: Vec::new() }) };
    let fields: Vec<String> =
        schema.dataset(first.dataset).map(|d| d.fields.iter().map(|f| f.name.clone()).collect()).unwrap_or_default();
    let columns = about(first).into_iter().map(|(name, _)| name.to_owned()).chain(fields.iter().cloned()).collect();
    let at = |index| move |source| Unwritable { index, source };
    let mut csv = formats::write::Csv::new(columns, formats::Encoding::Utf8).map_err(at(0))?;
    for (index, d) in documents.iter().enumerate() {
        let (about, body) = (about(d), schema::body_fields(d.body).unwrap_or_default());
        let value = |name: &str| body.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_ref());
        let row = about.iter().map(|(_, v)| v.as_str()).chain(fields.iter().map(|f| value(f)));
        csv.row(row).map_err(at(index))?;
    }
    Ok(Written { media: "text/csv", bytes: csv.finish() })
}

fn xml(documents: &[Document<'_>]) -> Result<Written, Unwritable> {
    let at = |index| move |source| Unwritable { index, source };
    let mut xml = formats::write::Xml::new("RECORDS", "RECORD").map_err(at(0))?;
    for (index, d) in documents.iter().enumerate() {
        let (about, body) = (about(d), schema::body_fields(d.body).unwrap_or_default());
        let fields = body.iter().map(|(name, value)| (name.as_ref(), value.as_ref()));
        let record = about.iter().map(|(name, value)| (*name, value.as_str())).chain(fields);
        xml.record(record).map_err(|errors| errors.into_iter().next()).map_err(|first| match first {
            Some(source) => Unwritable { index, source },
            None => Unwritable { index, source: formats::write::WriteError::Name { name: String::new() } },
        })?;
    }
    Ok(Written { media: "application/xml", bytes: xml.finish() })
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
