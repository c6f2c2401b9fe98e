//! Names, numbers and what was taken: the small tables, and what the sources gave.

use super::{Conn, Result};

/// All counters.
pub fn counters(c: &mut Conn) -> Result<Vec<(String, i64)>> {
    const ALL: &str = "select name, value from counter order by name";
    c.rows(ALL, [], |r| Ok((r.get(0)?, r.get(1)?)))
}

#[derive(Debug, Clone)]
pub struct ScopeRow {
    pub id: i64,
    pub dataset: String,
    pub system: String,
    pub space: String,
}

pub fn scopes(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<ScopeRow>> {
    const READ: &str = "select id, dataset, system, space from scope where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(ScopeRow { id: r.get(0)?, dataset: r.get(1)?, system: r.get(2)?, space: r.get(3)? })
    })
}

#[derive(Debug, Clone)]
pub struct MappingRow {
    pub id: i64,
    pub name: String,
    pub dataset: String,
}

pub fn mappings(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<MappingRow>> {
    const READ: &str = "select id, name, dataset from mapping where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| Ok(MappingRow { id: r.get(0)?, name: r.get(1)?, dataset: r.get(2)? }))
}

#[derive(Debug, Clone)]
pub struct SlotRow {
    pub id: i64,
    pub dataset: String,
    pub name: String,
}

pub fn slots(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<SlotRow>> {
    const READ: &str = "select id, dataset, name from slot where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| Ok(SlotRow { id: r.get(0)?, dataset: r.get(1)?, name: r.get(2)? }))
}

#[derive(Debug, Clone)]
pub struct RevisionRow {
    pub number: i64,
    pub mapping: i64,
    pub digest: Vec<u8>,
    pub text: String,
    pub since_us: i64,
}

pub fn revisions(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<RevisionRow>> {
    const READ: &str = "select number, mapping, digest, text, since_us from revision
        where number > $1 order by number limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(RevisionRow {
            number: r.get(0)?,
            mapping: r.get(1)?,
            digest: r.get(2)?,
            text: r.get(3)?,
            since_us: r.get(4)?,
        })
    })
}

#[derive(Debug, Clone)]
pub struct SourceRow {
    pub id: i64,
    pub name: String,
    pub checkpoint: String,
    pub node: String,
    pub epoch: i64,
    pub lease_until_us: i64,
}

pub fn sources(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<SourceRow>> {
    const READ: &str = "select id, name, checkpoint, node, epoch, lease_until_us from source
        where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(SourceRow {
            id: r.get(0)?,
            name: r.get(1)?,
            checkpoint: r.get(2)?,
            node: r.get(3)?,
            epoch: r.get(4)?,
            lease_until_us: r.get(5)?,
        })
    })
}

/// Runs that gave a source batches: each took its lease once.
pub fn source_runs(c: &mut Conn, source: i64) -> Result<i64> {
    const COUNT: &str = "select count(distinct run) from batch where source = $1";
    Ok(c.row(COUNT, [source], |r| r.get(0))?.unwrap_or_default())
}

#[derive(Debug, Clone)]
pub struct JobRow {
    pub id: i64,
    pub name: String,
    pub paused: i64,
    pub due_us: i64,
}

pub fn jobs(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<JobRow>> {
    const READ: &str = "select id, name, paused, due_us from job where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(JobRow { id: r.get(0)?, name: r.get(1)?, paused: r.get(2)?, due_us: r.get(3)? })
    })
}

#[derive(Debug, Clone)]
pub struct RunRow {
    pub id: i64,
    pub job: i64,
    pub cause: String,
    pub started_us: i64,
    pub ended_us: Option<i64>,
    pub state: String,
    pub first_batch: i64,
    pub rows: i64,
}

pub fn runs(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<RunRow>> {
    const READ: &str = "select id, job, cause, started_us, ended_us, state, first_batch, rows from run
        where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(RunRow {
            id: r.get(0)?,
            job: r.get(1)?,
            cause: r.get(2)?,
            started_us: r.get(3)?,
            ended_us: r.get(4)?,
            state: r.get(5)?,
            first_batch: r.get(6)?,
            rows: r.get(7)?,
        })
    })
}

/// First batch and rows that a run pulled, counted from its batches.
pub fn run_pulled(c: &mut Conn, run: i64) -> Result<(i64, i64)> {
    const COUNT: &str = "select coalesce(min(number), 0), coalesce(sum(rows), 0) from batch
        where run = $1 and kind <> 'absent'";
    Ok(c.row(COUNT, [run], |r| Ok((r.get(0)?, r.get(1)?)))?.unwrap_or_default())
}

/// Job and state of a run.
pub fn run_of(c: &mut Conn, run: i64) -> Result<Option<(i64, String)>> {
    const FIND: &str = "select job, state from run where id = $1";
    c.row(FIND, [run], |r| Ok((r.get(0)?, r.get(1)?)))
}

#[derive(Debug, Clone)]
pub struct FileRow {
    pub source: i64,
    pub digest: String,
    pub name: String,
    pub size: i64,
    pub rows: i64,
    pub known: i64,
    pub batch: i64,
    pub taken: i64,
}

pub fn files_seen(c: &mut Conn, after: &(i64, String, String), limit: i64, skip: i64) -> Result<Vec<FileRow>> {
    const READ: &str = "select source, digest, name, size, rows, known, batch, taken from file_seen
        where (source, digest, name) > ($1, $2, $3) order by source, digest, name limit $4 offset $5";
    c.rows(READ, (after.0, &after.1, &after.2, limit, skip), |r| {
        Ok(FileRow {
            source: r.get(0)?,
            digest: r.get(1)?,
            name: r.get(2)?,
            size: r.get(3)?,
            rows: r.get(4)?,
            known: r.get(5)?,
            batch: r.get(6)?,
            taken: r.get(7)?,
        })
    })
}

/// Of the files of a source with this content: whether one was read, and the least and the greatest size.
pub fn files_alike(c: &mut Conn, source: i64, digest: &str) -> Result<(bool, i64, i64)> {
    const FIND: &str = "select max(known = 0), min(size), max(size) from file_seen where source = $1 and digest = $2";
    Ok(c.row(FIND, (source, digest), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.unwrap_or_default())
}

#[derive(Debug, Clone)]
pub struct SeenRow {
    pub run: i64,
    pub scope: i64,
    pub identity: String,
}

pub fn seen(c: &mut Conn, after: &(i64, i64, String), limit: i64, skip: i64) -> Result<Vec<SeenRow>> {
    const READ: &str = "select run, scope, identity from seen where (run, scope, identity) > ($1, $2, $3)
        order by run, scope, identity limit $4 offset $5";
    c.rows(READ, (after.0, after.1, &after.2, limit, skip), |r| {
        Ok(SeenRow { run: r.get(0)?, scope: r.get(1)?, identity: r.get(2)? })
    })
}

#[derive(Debug, Clone)]
pub struct CodeRow {
    pub algorithm: String,
    pub value: String,
    pub code: String,
    pub assigned_us: i64,
}

pub fn codes(c: &mut Conn, after: &(String, String), limit: i64, skip: i64) -> Result<Vec<CodeRow>> {
    const READ: &str = "select algorithm, value, code, assigned_us from assigned_code
        where (algorithm, value) > ($1, $2) order by algorithm, value limit $3 offset $4";
    c.rows(READ, (&after.0, &after.1, limit, skip), |r| {
        Ok(CodeRow { algorithm: r.get(0)?, value: r.get(1)?, code: r.get(2)?, assigned_us: r.get(3)? })
    })
}

/// The code that was assigned for a value.
pub fn code_of(c: &mut Conn, algorithm: &str, value: &str) -> Result<Option<String>> {
    const FIND: &str = "select code from assigned_code where algorithm = $1 and value = $2";
    c.row(FIND, (algorithm, value), |r| r.get(0))
}

#[derive(Debug, Clone)]
pub struct AttachmentRow {
    pub digest: String,
    pub size: i64,
    pub media_type: String,
    pub state: String,
}

pub fn attachments(c: &mut Conn, after: &String, limit: i64, skip: i64) -> Result<Vec<AttachmentRow>> {
    const READ: &str = "select digest, size, media_type, state from attachment
        where digest > $1 order by digest limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(AttachmentRow { digest: r.get(0)?, size: r.get(1)?, media_type: r.get(2)?, state: r.get(3)? })
    })
}

#[derive(Debug, Clone)]
pub struct RecordAttachmentRow {
    pub record: i64,
    pub digest: String,
    pub name: String,
    /// Whether the record is there.
    pub is_of_record: bool,
}

pub fn record_attachments(
    c: &mut Conn,
    after: &(i64, String, String),
    limit: i64,
    skip: i64,
) -> Result<Vec<RecordAttachmentRow>> {
    const READ: &str = "select a.record, a.digest, a.name, exists (select 1 from record r where r.id = a.record)
        from record_attachment a where (a.record, a.digest, a.name) > ($1, $2, $3)
        order by a.record, a.digest, a.name limit $4 offset $5";
    c.rows(READ, (after.0, &after.1, &after.2, limit, skip), |r| {
        Ok(RecordAttachmentRow { record: r.get(0)?, digest: r.get(1)?, name: r.get(2)?, is_of_record: r.get(3)? })
    })
}

/// Version of a record's head.
pub fn head_version(c: &mut Conn, record: i64) -> Result<Option<i64>> {
    const FIND: &str = "select version from record where id = $1";
    c.row(FIND, [record], |r| r.get(0))
}
