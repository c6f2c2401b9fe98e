//! Every table as it stands, in key order, a stretch at a time: what `books --verify` recounts from.
//!
//! Reads only, on one connection and in one snapshot. No statement here is shared with `books` or with a stage, so that
//! a mistake in one is not repeated in the proof. A stretch is `limit` rows after a key; `skip` passes over rows that
//! cannot be read, since a value of the wrong type fails its row alone. Nothing here judges anything.

mod batches;
mod deliveries;
mod names;
mod records;

pub use batches::*;
pub use deliveries::*;
pub use names::*;
pub use records::*;

use super::{Conn, Result, StoreError};

/// Reads a stretch of a table: after a key, at most so many rows, passing over so many.
pub type Read<K, T> = fn(&mut Conn, &K, i64, i64) -> Result<Vec<T>>;

/// What a column holds that its type does not allow, in English; none if the error is of another kind.
pub fn unreadable(error: &StoreError) -> Option<String> {
    use rusqlite::Error::{FromSqlConversionFailure, IntegralValueOutOfRange, InvalidColumnType, Utf8Error};
    match error {
        StoreError::Statement(InvalidColumnType(_, name, kind)) => Some(format!("column {name}: {kind}")),
        StoreError::Statement(why @ (FromSqlConversionFailure(..) | IntegralValueOutOfRange(..) | Utf8Error(..))) => {
            Some(why.to_string())
        }
        _ => None,
    }
}

/// Most faults of the file itself that are told one by one.
const FAULTS_MAX: usize = 100;

/// What SQLite finds wrong with the file itself: damaged pages, an index that lacks a row, a null that must not be.
pub fn file_faults(c: &mut Conn) -> Result<Vec<String>> {
    const CHECK: &str = "pragma integrity_check(100)";
    let mut faults = c.rows(CHECK, [], |r| r.get::<_, String>(0))?;
    faults.retain(|fault| fault != "ok");
    faults.truncate(FAULTS_MAX);
    Ok(faults)
}

/// Names of all tables.
pub fn tables(c: &mut Conn) -> Result<Vec<String>> {
    const TABLES: &str =
        "select name from sqlite_master where type = 'table' and name not like 'sqlite_%' order by name";
    c.rows(TABLES, [], |r| r.get(0))
}

/// How many rows will be read, for a progress bar.
pub fn rows_to_read(c: &mut Conn) -> Result<i64> {
    const COUNT: &str = "select (select count(*) from batch) + (select count(*) from item)
        + (select count(*) from item_need) + (select count(*) from record) + (select count(*) from version)
        + (select count(*) from delivery) + (select count(*) from attempt) + (select count(*) from request)
        + (select count(*) from assigned_code) + (select count(*) from file_seen) + (select count(*) from run)
        + (select count(*) from seen) + (select count(*) from attachment) + (select count(*) from record_attachment)";
    Ok(c.row(COUNT, [], |r| r.get(0))?.unwrap_or_default())
}
