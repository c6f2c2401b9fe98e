//! Jobs and their runs, the leases of sources, and the files that were taken.

use adapter::{FileSeen, FileState};

use super::{Conn, Result, Tx, counter_draw};

/// A source as its lease's holder sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub source: i64,
    pub epoch: i64,
    pub checkpoint: String,
}

/// Takes a source for a run: pull, backfill and sweep of one source take turns, so that position order is reading
/// order. On one machine the file's lock makes us the only node, so a lease is taken over at once.
pub async fn source_lease(tx: &mut Tx, name: &str, node: &str, until_us: i64) -> Result<Lease> {
    const TAKE: &str = "insert into source (id, name, checkpoint, node, epoch, lease_until_us)
        values ((select coalesce(max(id), 0) + 1 from source), $1, '', $2, 1, $3)
        on conflict (name) do update set node = excluded.node, epoch = source.epoch + 1,
            lease_until_us = excluded.lease_until_us
        returning id, epoch, checkpoint";
    let (name, node) = (name.to_owned(), node.to_owned());
    tx.run(move |c| {
        let lease = c.row(TAKE, (&name, &node, until_us), |r| {
            Ok(Lease { source: r.get(0)?, epoch: r.get(1)?, checkpoint: r.get(2)? })
        })?;
        lease.ok_or_else(|| super::StoreError::Impossible("a lease was not given".into()))
    })
    .await
}

/// Moves a source's checkpoint. False: another holder has the lease, and nothing of this transaction may stand.
pub async fn source_checkpoint(tx: &mut Tx, lease: &Lease, checkpoint: &str) -> Result<bool> {
    const MOVE: &str = "update source set checkpoint = $3 where id = $1 and epoch = $2";
    let (source, epoch, checkpoint) = (lease.source, lease.epoch, checkpoint.to_owned());
    tx.run(move |c| Ok(c.execute(MOVE, (source, epoch, &checkpoint))? == 1)).await
}

/// Files that a source gave before, in the order in which they were taken last.
pub async fn file_seen_all(tx: &mut Tx, source: i64) -> Result<Vec<FileSeen>> {
    const ALL: &str =
        "select name, digest, size, modified_us, rows, known from file_seen where source = $1 order by taken";
    tx.run(move |c| c.rows(ALL, [source], file_seen)).await
}

/// The same of every source, with the source's name: the job's.
pub fn file_seen_by_source(c: &mut Conn) -> Result<Vec<(String, FileSeen)>> {
    const ALL: &str = "select f.name, f.digest, f.size, f.modified_us, f.rows, f.known, s.name
        from source s cross join file_seen f on f.source = s.id order by s.id, f.taken";
    c.rows(ALL, [], |r| Ok((r.get(6)?, file_seen(r)?)))
}

fn file_seen(r: &rusqlite::Row<'_>) -> rusqlite::Result<FileSeen> {
    Ok(FileSeen {
        name: r.get(0)?,
        digest: r.get(1)?,
        size: r.get::<_, i64>(2)? as u64,
        modified_us: r.get(3)?,
        rows: r.get::<_, i64>(4)? as u64,
        state: match r.get(5)? {
            0 => FileState::Read,
            1 => FileState::Known,
            _ => FileState::PassedOver,
        },
    })
}

/// Keeps files as taken, each with the batch in which it ended. One that is read again belongs to its newest reading.
pub async fn file_seen_add(tx: &mut Tx, source: i64, files: Vec<(i64, FileSeen)>, now_us: i64) -> Result<()> {
    const ADD: &str =
        "insert into file_seen (source, digest, name, size, modified_us, rows, known, batch, taken, taken_us)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (source, digest, name) do update set
            size = excluded.size, modified_us = excluded.modified_us, taken = excluded.taken,
            rows = case excluded.known when 0 then excluded.rows else rows end,
            batch = case excluded.known when 0 then excluded.batch else batch end,
            known = case excluded.known when 0 then 0 else known end";
    if files.is_empty() {
        return Ok(());
    }
    let first = counter_draw(tx, "file", files.len() as i64).await?;
    tx.run(move |c| {
        for (taken, (batch, f)) in (first..).zip(&files) {
            let known = match f.state {
                FileState::Read => 0,
                FileState::Known => 1,
                FileState::PassedOver => 2,
            };
            let (size, rows) = (f.size as i64, f.rows as i64);
            c.execute(ADD, (source, &f.digest, &f.name, size, f.modified_us, rows, known, batch, taken, now_us))?;
        }
        Ok(())
    })
    .await
}

/// A job as stored: what a person changed about it, and when it is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobRow {
    pub id: i64,
    pub paused: bool,
    pub paused_why: String,
    pub due_us: i64,
}

/// The stored state of a job, made now if it is new.
pub async fn job_get(tx: &mut Tx, name: &str) -> Result<JobRow> {
    const FIND: &str = "insert into job (id, name, paused, paused_why, due_us)
        values ((select coalesce(max(id), 0) + 1 from job), $1, 0, '', 0)
        on conflict (name) do update set name = excluded.name
        returning id, paused, paused_why, due_us";
    let name = name.to_owned();
    tx.run(move |c| {
        let row = c.row(FIND, [&name], |r| {
            Ok(JobRow { id: r.get(0)?, paused: r.get(1)?, paused_why: r.get(2)?, due_us: r.get(3)? })
        })?;
        row.ok_or_else(|| super::StoreError::Impossible("a job was not kept".into()))
    })
    .await
}

/// True: the job has been here before.
pub async fn job_known(tx: &mut Tx, name: &str) -> Result<bool> {
    const FIND: &str = "select 1 from job where name = $1";
    let name = name.to_owned();
    tx.run(move |c| Ok(c.row(FIND, [&name], |_| Ok(()))?.is_some())).await
}

/// Pauses or resumes a job, saying why.
pub async fn job_pause(tx: &mut Tx, job: i64, paused: bool, why: &str) -> Result<()> {
    const SET: &str = "update job set paused = $2, paused_why = $3 where id = $1";
    let why = why.to_owned();
    tx.run(move |c| c.execute(SET, (job, paused, &why)).map(|_| ())).await
}

/// Keeps when a job is due next, so that a start knows what it missed.
pub async fn job_due(tx: &mut Tx, job: i64, due_us: i64) -> Result<()> {
    const SET: &str = "update job set due_us = $2 where id = $1";
    tx.run(move |c| c.execute(SET, (job, due_us)).map(|_| ())).await
}

/// Begins a run and returns its number.
pub async fn run_begin(tx: &mut Tx, job: i64, cause: &str, now_us: i64) -> Result<i64> {
    const ADD: &str = "insert into run (id, job, cause, started_us, ended_us, state, first_batch, rows, why)
        values ($1, $2, $3, $4, null, 'reading', 0, 0, '')";
    let id = counter_draw(tx, "run", 1).await?;
    let cause = cause.to_owned();
    tx.run(move |c| c.execute(ADD, (id, job, &cause, now_us)).map(|_| id)).await
}

/// Counts a published batch into its run.
pub async fn run_batch(tx: &mut Tx, run: i64, batch: i64, rows: u32) -> Result<()> {
    const ADD: &str = "update run set rows = rows + $3,
            first_batch = case first_batch when 0 then $2 else first_batch end
        where id = $1";
    tx.run(move |c| c.execute(ADD, (run, batch, rows)).map(|_| ())).await
}

/// Ends a run: done, failed or stopped, and why.
pub async fn run_end(tx: &mut Tx, run: i64, state: &'static str, why: &str, now_us: i64) -> Result<()> {
    const END: &str = "update run set state = $2, why = $3, ended_us = $4 where id = $1";
    let why = why.to_owned();
    tx.run(move |c| c.execute(END, (run, state, &why, now_us)).map(|_| ())).await
}

/// Runs that a stop or a crash cut off are ended as interrupted; their checkpoints stand, so the next goes on.
pub async fn run_interrupted(tx: &mut Tx, now_us: i64) -> Result<usize> {
    const END: &str = "update run set state = 'interrupted', ended_us = $1 where ended_us is null";
    tx.run(move |c| c.execute(END, [now_us])).await
}

/// First batch of a run, 0 if it published none.
pub async fn run_first_batch(tx: &mut Tx, run: i64) -> Result<i64> {
    const FIND: &str = "select first_batch from run where id = $1";
    tx.run(move |c| Ok(c.row(FIND, [run], |r| r.get(0))?.unwrap_or_default())).await
}
