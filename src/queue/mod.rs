//! The queue that carries batches from intake to normalise: four verbs, publish, next, settle, depth.
//!
//! On the embedded store the queue is the batch table itself, so that publishing and the checkpoint are one
//! transaction, and settling is a change of state.

use crate::store::{self, Batch, BatchWrite, Tx};

/// The table queue.
#[derive(Debug, Clone, Default)]
pub struct Queue;

impl Queue {
    /// Publishes a batch: it draws its number, never used again, and is confirmed by the transaction's commit.
    pub async fn publish(&self, tx: &mut Tx, mut batch: BatchWrite) -> store::Result<i64> {
        batch.number = store::counter_draw(tx, "batch", 1).await?;
        let number = batch.number;
        store::batch_publish(tx, batch).await?;
        Ok(number)
    }

    /// The oldest batch that waits, claimed: its attempts are counted by this transaction's commit.
    pub async fn next(&self, tx: &mut Tx, node: &str, epoch: i64) -> store::Result<Option<Batch>> {
        store::batch_claim(tx, node, epoch).await
    }

    /// Marks a batch settled. False: it was settled before, and this is a redelivery.
    pub async fn settle(&self, tx: &mut Tx, number: i64, rows: u32, now_us: i64) -> store::Result<bool> {
        store::batch_settle(tx, number, rows, now_us).await
    }

    /// Batches that wait.
    pub async fn depth(&self, tx: &mut Tx) -> store::Result<i64> {
        store::batch_depth(tx).await
    }
}
