//! Batches: kept with the checkpoint in one transaction, and taken one after the other.

use rusqlite::{Connection, OptionalExtension};

use super::{NODE, Tables, draw, execute, execute_one, now_us};
use crate::Result;

/// A batch taken from the queue.
pub struct Batch {
    pub number: i64,
    pub rows: Vec<u8>,
}

impl Tables {
    /// Keeps a batch of packed rows as published, and the checkpoint with it.
    pub fn offer(&mut self, packed: &[u8], rows: usize) -> Result<()> {
        let (source, job, run, epoch) = (self.source, self.job, self.run, self.epoch);
        let tx = self.connection.transaction()?;
        let number = draw(&tx, "batch", 1)?;
        let checkpoint = "update source set checkpoint = ?3 where id = ?1 and epoch = ?2";
        execute_one(&tx, checkpoint, (source, epoch, format!("{{\"batch\":{number}}}")))?;
        execute(
            &tx,
            "insert into batch (number, source, job, run, kind, state, rows, unmapped, done_to, attempts, node, epoch,
                    read_us, settled_us)
                values (?1, ?2, ?3, ?4, 'pull', 'published', ?5, 0, 0, 0, ?6, ?7, ?8, null)",
            (number, source, job, run, rows as i64, NODE, epoch, now_us()),
        )?;
        execute(&tx, "insert into batch_rows (batch, rows) values (?1, ?2)", (number, packed))?;
        let counted = "update run set rows = rows + ?3,
                first_batch = case first_batch when 0 then ?2 else first_batch end where id = ?1";
        execute_one(&tx, counted, (run, number, rows as i64))?;
        Ok(tx.commit()?)
    }

    /// Takes the oldest batch that waits, in a transaction of its own.
    pub fn take(&mut self) -> Result<Option<Batch>> {
        let tx = self.connection.transaction()?;
        let batch = take(&tx, self.epoch)?;
        tx.commit()?;
        Ok(batch)
    }
}

/// Takes the oldest batch that waits: counts the attempt, reads its rows.
pub(super) fn take(tx: &Connection, epoch: i64) -> Result<Option<Batch>> {
    let mut claim = tx.prepare_cached(
        "update batch set attempts = attempts + 1, node = ?1, epoch = ?2
            where number = (select min(number) from batch where state = 'published') returning number",
    )?;
    let Some(number) = claim.query_row((NODE, epoch), |r| r.get(0)).optional()? else { return Ok(None) };
    let mut read = tx.prepare_cached("select rows from batch_rows where batch = ?1")?;
    Ok(Some(Batch { number, rows: read.query_row([number], |r| r.get(0))? }))
}
