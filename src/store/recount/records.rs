//! Records, their versions, and what stands in the index and in the references.

use super::{Conn, Result};
use crate::store::Order;

#[derive(Debug, Clone)]
pub struct RecordRow {
    pub id: i64,
    pub scope: i64,
    pub identity: String,
    pub state: String,
    pub version: i64,
    pub order: Order,
    pub fingerprint: Vec<u8>,
}

fn record_read(r: &rusqlite::Row<'_>) -> rusqlite::Result<RecordRow> {
    Ok(RecordRow {
        id: r.get(0)?,
        scope: r.get(1)?,
        identity: r.get(2)?,
        state: r.get(3)?,
        version: r.get(4)?,
        order: Order { version: r.get(5)?, position: r.get(6)?, revision: r.get(7)? },
        fingerprint: r.get(8)?,
    })
}

pub fn records(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<RecordRow>> {
    const READ: &str =
        "select id, scope, identity, state, version, ord_version, ord_position, ord_revision, fingerprint
        from record where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), record_read)
}

pub fn record(c: &mut Conn, id: i64) -> Result<Option<RecordRow>> {
    const FIND: &str =
        "select id, scope, identity, state, version, ord_version, ord_position, ord_revision, fingerprint
        from record where id = $1";
    c.row(FIND, [id], record_read)
}

#[derive(Debug, Clone)]
pub struct VersionRow {
    pub record: i64,
    pub version: i64,
    pub order: Order,
    pub mapping: i64,
    pub operation: String,
    pub created_us: i64,
    pub looked_at: String,
    pub notes: String,
    pub body: String,
}

pub fn versions(c: &mut Conn, after: &(i64, i64), limit: i64, skip: i64) -> Result<Vec<VersionRow>> {
    const READ: &str = "select record, version, ord_version, position, revision, mapping, operation, created_us,
            looked_at, notes, body
        from version where (record, version) > ($1, $2) order by record, version limit $3 offset $4";
    c.rows(READ, (after.0, after.1, limit, skip), |r| {
        Ok(VersionRow {
            record: r.get(0)?,
            version: r.get(1)?,
            order: Order { version: r.get(2)?, position: r.get(3)?, revision: r.get(4)? },
            mapping: r.get(5)?,
            operation: r.get(6)?,
            created_us: r.get(7)?,
            looked_at: r.get(8)?,
            notes: r.get(9)?,
            body: r.get(10)?,
        })
    })
}

/// Operation and body of each version of a record, in order.
pub fn bodies(c: &mut Conn, record: i64) -> Result<Vec<(String, String)>> {
    const READ: &str = "select operation, body from version where record = $1 order by version";
    c.rows(READ, [record], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// Bodies of a record's versions up to one of them.
pub fn bodies_to(c: &mut Conn, record: i64, version: i64) -> Result<Vec<String>> {
    const READ: &str = "select body from version where record = $1 and version <= $2 order by version";
    c.rows(READ, (record, version), |r| r.get(0))
}

/// Operation and body of one version.
pub fn version_body(c: &mut Conn, record: i64, version: i64) -> Result<Option<(String, String)>> {
    const FIND: &str = "select operation, body from version where record = $1 and version = $2";
    c.row(FIND, (record, version), |r| Ok((r.get(0)?, r.get(1)?)))
}

/// Whether an index row says *earlier*; none if there is no such row.
pub fn index_earlier(c: &mut Conn, slot: i64, value: &str, record: i64) -> Result<Option<i64>> {
    const FIND: &str = "select earlier from record_index where slot = $1 and value = $2 and record = $3";
    c.row(FIND, (slot, value, record), |r| r.get(0))
}

/// Whether a reference that holds says *required*; none if there is no such row.
pub fn ref_required(c: &mut Conn, slot: i64, value: &str, record: i64, grp: i64) -> Result<Option<i64>> {
    const FIND: &str = "select required from record_ref
        where slot = $1 and value = $2 and record = $3 and grp = $4 and until_version = 0";
    c.row(FIND, (slot, value, record, grp), |r| r.get(0))
}

/// How many rows the index has, by slot and *earlier*.
pub fn index_counts(c: &mut Conn) -> Result<Vec<(i64, i64, i64)>> {
    const COUNT: &str = "select slot, earlier, count(*) from record_index group by slot, earlier";
    c.rows(COUNT, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

/// How many references there are, by slot: those that hold, and those of an earlier version.
pub fn ref_counts(c: &mut Conn) -> Result<Vec<(i64, i64, i64)>> {
    const COUNT: &str = "select slot, sum(until_version = 0), sum(until_version <> 0) from record_ref group by slot";
    c.rows(COUNT, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

#[derive(Debug, Clone)]
pub struct IndexRow {
    pub slot: i64,
    pub value: String,
    pub record: i64,
    pub earlier: i64,
}

pub fn index(c: &mut Conn, after: &(i64, String, i64), limit: i64, skip: i64) -> Result<Vec<IndexRow>> {
    const READ: &str = "select slot, value, record, earlier from record_index
        where (slot, value, record) > ($1, $2, $3) order by slot, value, record limit $4 offset $5";
    c.rows(READ, (after.0, &after.1, after.2, limit, skip), |r| {
        Ok(IndexRow { slot: r.get(0)?, value: r.get(1)?, record: r.get(2)?, earlier: r.get(3)? })
    })
}

#[derive(Debug, Clone)]
pub struct RefRow {
    pub slot: i64,
    pub value: String,
    pub record: i64,
    pub grp: i64,
    pub until_version: i64,
}

pub fn refs(c: &mut Conn, after: &(i64, String, i64, i64), limit: i64, skip: i64) -> Result<Vec<RefRow>> {
    const READ: &str = "select slot, value, record, grp, until_version from record_ref
        where (slot, value, record, grp) > ($1, $2, $3, $4) order by slot, value, record, grp limit $5 offset $6";
    c.rows(READ, (after.0, &after.1, after.2, after.3, limit, skip), |r| {
        Ok(RefRow { slot: r.get(0)?, value: r.get(1)?, record: r.get(2)?, grp: r.get(3)?, until_version: r.get(4)? })
    })
}
