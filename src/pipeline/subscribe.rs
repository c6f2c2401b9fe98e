//! Subscribe: a feed that is new, or whose selection changed, is owed stored records too.
//!
//! Stored records are walked in chunks, datasets in the order of their depth, so that a parent is raised before its
//! children and blocks them; the feed sends nothing until its walk is done. How far it has come stands in the feed's
//! row, so a walk that is cut off goes on where it was.

use super::owe::{self, Owed};
use super::{FeedPlan, Hub};
use crate::config::Start;
use crate::schema;
use crate::store::{self, FeedRow, Priority, Raise};

/// Where a walk begins, as a feed's row says it. A paused feed that has this, or a later place, in its row is walked
/// from there once it is resumed; one that has none has been through.
pub const WALK_BEGINS: &str = "/0";

/// Records raised in one transaction.
const RECORDS_AT_ONCE: i64 = 1_000;

/// Walks stored records for a feed whose state is *walking*. Returns how many it is owed.
pub async fn walk(
    hub: &Hub,
    feed: &FeedPlan,
    row: &FeedRow,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> store::Result<u64> {
    let start = hub.feed_config(feed).map_or(Start::All, |f| f.start);
    let (mut dataset_done, mut after) = match row.walked.split_once('/') {
        Some((dataset, record)) => (dataset.to_owned(), record.parse().unwrap_or(0)),
        None => (String::new(), 0),
    };
    let mut raised = 0;
    // Datasets come by depth; those before the one that the walk stands in are done.
    let mut skipping = !dataset_done.is_empty();
    for dataset in hub.schema.datasets() {
        if skipping && dataset.code != dataset_done {
            continue;
        }
        if !skipping {
            after = 0;
        }
        skipping = false;
        if start == Start::Now || !feed.carries_dataset(&dataset.code) {
            continue;
        }
        loop {
            let mut tx = hub.db.begin(Priority::Intake).await?;
            let records = store::record_walk(&mut tx, &dataset.code, after, RECORDS_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            after = last.record;
            dataset_done.clone_from(&dataset.code);
            raised += raise(hub, &mut tx, feed, start, &records).await?;
            let walked = format!("{dataset_done}/{after}");
            if !store::feed_walk(&mut tx, feed.id, "walking", &walked).await? {
                // Paused meanwhile: it goes on from its row once it is resumed.
                return Ok(raised);
            }
            tx.commit().await?;
            progress(raised);
        }
    }
    let mut tx = hub.db.begin(Priority::Intake).await?;
    if !store::feed_walk(&mut tx, feed.id, "on", "").await? {
        return Ok(raised);
    }
    tx.commit().await?;
    tracing::info!(feed = %feed.name, raised, "Feed {} is owed {raised} stored records.", feed.name);
    Ok(raised)
}

async fn raise(
    hub: &Hub,
    tx: &mut store::Tx,
    feed: &FeedPlan,
    start: Start,
    records: &[store::Walked],
) -> store::Result<u64> {
    let since_us = match start {
        Start::Date(date) => date.and_hms_opt(0, 0, 0).map_or(0, |t| t.and_utc().timestamp_micros() - BEIJING_US),
        _ => 0,
    };
    let mut owed = Vec::new();
    for r in records.iter().filter(|r| r.live && r.created_us >= since_us) {
        let Some(plan) = hub.plan.dataset(&r.dataset) else { continue };
        if feed.carries(&r.dataset, &r.system) {
            owed.push((r, plan.pointed(&schema::draft_of(&plan.dataset, &r.body), false)));
        }
    }
    let parts: Vec<Owed<'_>> = owed
        .iter()
        .map(|(r, pointed)| Owed { record: r.record, withdrawn: false, pointed, found_by: Vec::new() })
        .collect();
    let blocked = owe::blocked(tx, feed, &parts).await?;
    let raises = owed.iter().map(|(r, _)| Raise {
        feed: feed.id,
        record: r.record,
        version: r.version,
        blocked: blocked.contains_key(&r.record),
        why: blocked.get(&r.record).cloned().unwrap_or_default(),
    });
    store::delivery_raise(tx, raises.collect(), store::now_us()).await?;
    Ok(owed.len() as u64)
}

/// Beijing is eight hours ahead.
const BEIJING_US: i64 = 8 * 3_600 * 1_000_000;

/// Adds rows to the index for names that are new to the store: a new look-up finds records stored before.
pub async fn index(hub: &Hub) -> store::Result<u64> {
    let mut added = 0;
    for (plan, slots) in hub.plan.new_by_dataset() {
        let mut after = 0;
        loop {
            let mut tx = hub.db.begin(Priority::Intake).await?;
            let records = store::record_walk(&mut tx, &plan.dataset.code, after, RECORDS_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            after = last.record;
            let rows: Vec<(i64, String, i64)> = records
                .iter()
                .filter(|r| r.live)
                .flat_map(|r| {
                    let values = plan.index_values(&schema::draft_of(&plan.dataset, &r.body));
                    values.into_iter().map(|v| (v.slot, v.value, r.record)).collect::<Vec<_>>()
                })
                .filter(|(slot, ..)| slots.contains(slot))
                .collect();
            added += rows.len() as u64;
            store::index_add(&mut tx, rows).await?;
            tx.commit().await?;
        }
    }
    Ok(added)
}
