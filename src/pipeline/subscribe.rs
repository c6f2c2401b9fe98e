//! Subscribe: a feed that is new, or whose selection changed, is owed stored records too.
//!
//! Stored records are walked in chunks, datasets in the order of their depth, so that a parent is raised before its
//! children and blocks them; the feed sends nothing until its walk is done. How far it has come stands in the feed's
//! row, so a walk that is cut off goes on where it was.

use std::collections::HashMap;

use super::owe::{self, Owed};
use super::{FeedPlan, Hub};
use crate::config::Start;
use crate::fault::fault;
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
    let mut tx = hub.db.begin(Priority::Intake).await?;
    let stored = store::scope_datasets(&mut tx).await?;
    drop(tx);
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
        if !feed.carries_dataset(&dataset.code) || !stored.contains(&dataset.code) {
            continue;
        }
        loop {
            let mut tx = hub.db.begin(Priority::Intake).await?;
            let records = store::record_walk(&mut tx, &dataset.code, after, RECORDS_AT_ONCE).await?;
            let Some(last) = records.last() else { break };
            after = last.record;
            dataset_done.clone_from(&dataset.code);
            raised += raise(hub, &mut tx, feed, start, &records).await?;
            fault!("subscribe.raised");
            let walked = format!("{dataset_done}/{after}");
            if !store::feed_walk(&mut tx, feed.id, "walking", &walked).await? {
                // Paused meanwhile: it goes on from its row once it is resumed.
                return Ok(raised);
            }
            tx.commit().await?;
            fault!("subscribe.walked");
            progress(raised);
        }
    }
    let mut tx = hub.db.begin(Priority::Intake).await?;
    if !store::feed_walk(&mut tx, feed.id, "on", "").await? {
        return Ok(raised);
    }
    fault!("subscribe.through");
    tx.commit().await?;
    fault!("subscribe.on");
    // What came in meanwhile was held back.
    owe::sweep(hub, feed).await?;
    fault!("subscribe.swept");
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
        Start::All => 0,
        Start::Date(date) => date.and_hms_opt(0, 0, 0).map_or(0, |t| t.and_utc().timestamp_micros() - BEIJING_US),
        Start::Now => i64::MAX,
    };
    let selected = records.iter().filter(|r| feed.carries(&r.dataset, &r.system)).map(|r| r.record).collect();
    store::delivery_selected(tx, feed.id, selected).await?;
    // A feed that was away for a while is owed what became of the records that it had, withdrawals too.
    let numbers: Vec<i64> = records.iter().map(|r| r.record).collect();
    let had = store::delivery_wanted(tx, feed.id, &numbers).await?;
    let mut owed = Vec::new();
    for r in records {
        let Some(plan) = hub.plan.dataset(&r.dataset) else { continue };
        let is_owed = match had.get(&r.record) {
            Some(wanted) => *wanted < r.version,
            // Also what was withdrawn: it is not there, and its children must not go without it.
            None => r.created_us >= since_us,
        };
        if is_owed && feed.carries(&r.dataset, &r.system) {
            owed.push((r, plan.pointed(&schema::draft_of(&plan.dataset, &r.body), false)));
        }
    }
    let parts: Vec<Owed<'_>> =
        owed.iter().map(|(r, pointed)| Owed { record: r.record, withdrawn: !r.live, pointed }).collect();
    let blocked = owe::blocked(hub, tx, feed, &parts).await?;
    let raises = owed.iter().map(|(r, _)| Raise {
        feed: feed.id,
        record: r.record,
        version: r.version,
        blocked: blocked.contains_key(&r.record),
        why: blocked.get(&r.record).cloned().unwrap_or_default(),
    });
    store::delivery_raise(tx, raises.collect(), store::now_us()).await?;
    let withdrawn = owed.iter().filter(|(r, _)| !r.live).map(|(r, _)| (r.record, r.version)).collect();
    store::delivery_nothing_owed(tx, feed.id, withdrawn).await?;
    Ok(owed.len() as u64)
}

/// Beijing is eight hours ahead.
const BEIJING_US: i64 = 8 * 3_600 * 1_000_000;

/// Adds rows to the index for names that are new to the store, or were not asked for until now: a new look-up finds
/// records stored before. How far it has come stands with the name, so that a build that is cut off goes on.
pub async fn index(hub: &Hub) -> store::Result<u64> {
    let mut added = 0;
    let mut tx = hub.db.begin(Priority::Intake).await?;
    let open = store::slot_unbuilt(&mut tx).await?;
    drop(tx);
    for plan in hub.schema.datasets().iter().filter_map(|d| hub.plan.dataset(&d.code)) {
        let slots: HashMap<i64, i64> = plan.slots().filter_map(|(slot, _)| Some((slot, *open.get(&slot)?))).collect();
        let Some(mut after) = slots.values().copied().min() else { continue };
        loop {
            let mut tx = hub.db.begin(Priority::Intake).await?;
            let records = store::record_walk(&mut tx, &plan.dataset.code, after, RECORDS_AT_ONCE).await?;
            let last = records.last().map(|r| r.record);
            let rows: Vec<(i64, String, i64)> = records
                .iter()
                .filter(|r| r.live)
                .flat_map(|r| {
                    let values = plan.index_values(&schema::draft_of(&plan.dataset, &r.body));
                    values.into_iter().map(|v| (v.slot, v.value, r.record)).collect::<Vec<_>>()
                })
                .filter(|(slot, ..)| slots.contains_key(slot))
                .collect();
            added += rows.len() as u64;
            store::index_add(&mut tx, rows).await?;
            store::slot_built(&mut tx, slots.keys().copied().collect(), last).await?;
            tx.commit().await?;
            match last {
                Some(last) => after = last,
                None => break,
            }
        }
    }
    Ok(added)
}
