//! Release: what waits goes on once what it needs has come. Always a step of its own after commit, on both sides:
//! whoever stored a waiting item looks again for what it needs, and whoever stored a record looks for who waits for
//! it. Each in a short transaction of its own, so that the later of two commits always sees the other. What is missed
//! all the same is found by the sweep at start and every minute, and counted: it should find nothing. That of the minute
//! looks at so many, and goes on from there a minute later.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::PoisonError;

use adapter::Rows;

use super::decide::{self, Came, Context, Work};
use super::normalise::{batch_and_row, lookups, made_of, meaning, row_items, row_print};
use super::{Hub, owe};
use crate::fault::fault;
use crate::store::{self, Batch, ItemKey, Outcome, Priority};

/// Most items released in one transaction.
const ITEMS_AT_ONCE: usize = 1_000;

/// How often one item is tried while one commit is followed: it may wait for one thing after another, but what asks
/// for the same thing again and again must not keep us for ever. The sweep comes back to it.
const TRIES_MAX: usize = 8;

/// Follows what a committed transaction brought, until nothing more is released. Returns the feeds to wake and how
/// many items moved.
pub async fn follow(hub: &Hub, mut came: Came) -> store::Result<(HashSet<i64>, usize)> {
    let (mut feeds, mut moved) = (std::mem::take(&mut came.feeds), 0);
    let mut tried: HashMap<ItemKey, usize> = HashMap::new();
    loop {
        if !came.blocked.is_empty() {
            feeds.extend(owe::look_again(hub, std::mem::take(&mut came.blocked)).await?);
            fault!("release.looked_again");
        }
        let mut tx = hub.db.begin(Priority::Settle).await?;
        let values: Vec<(i64, &str)> = came.values.iter().map(|(slot, value)| (*slot, value.as_str())).collect();
        let mut ready = if values.is_empty() { Vec::new() } else { store::item_released(&mut tx, &values).await? };
        ready.extend(store::item_ready(&mut tx, std::mem::take(&mut came.waiting)).await?);
        drop(tx);
        ready.sort_unstable();
        ready.dedup();
        ready.retain(|key| {
            let times = tried.entry(*key).or_default();
            *times += 1;
            *times <= TRIES_MAX
        });
        if ready.is_empty() {
            return Ok((feeds, moved));
        }
        fault!("release.found");
        came = Came::default();
        for part in ready.chunks(ITEMS_AT_ONCE) {
            moved += items(hub, part, &mut came).await?;
        }
        feeds.extend(std::mem::take(&mut came.feeds));
    }
}

/// Looks at everything that has needs. Returns the feeds to wake and how many items it had to release itself.
pub async fn sweep(hub: &Hub) -> store::Result<(HashSet<i64>, usize)> {
    sweep_parts(hub, FIRST, usize::MAX).await.map(|(_, feeds, moved)| (feeds, moved))
}

/// Looks at some of what has needs, and goes on there the next time.
pub(super) async fn sweep_on(hub: &Hub) -> store::Result<(HashSet<i64>, usize)> {
    let after = *hub.swept_to.lock().unwrap_or_else(PoisonError::into_inner);
    let (after, feeds, moved) = sweep_parts(hub, after, PARTS_A_SWEEP).await?;
    *hub.swept_to.lock().unwrap_or_else(PoisonError::into_inner) = after;
    Ok((feeds, moved))
}

/// Before the first item.
pub(super) const FIRST: ItemKey = ItemKey { position: 0, mapping: 0, element: 0 };

/// Most parts in a sweep of the minute.
const PARTS_A_SWEEP: usize = 20;

async fn sweep_parts(hub: &Hub, mut after: ItemKey, parts: usize) -> store::Result<(ItemKey, HashSet<i64>, usize)> {
    let (mut feeds, mut moved) = (HashSet::new(), 0);
    for _ in 0..parts {
        let mut tx = hub.db.begin(Priority::Settle).await?;
        let keys = store::item_needy(&mut tx, after, ITEMS_AT_ONCE as i64).await?;
        drop(tx);
        let Some(last) = keys.last() else { return Ok((FIRST, feeds, moved)) };
        after = *last;
        let came = Came { waiting: keys, ..Came::default() };
        let (woken, more) = follow(hub, came).await?;
        feeds.extend(woken);
        moved += more;
    }
    Ok((after, feeds, moved))
}

/// Runs open items again, each from its stored row at its own position.
async fn items(hub: &Hub, keys: &[ItemKey], came: &mut Came) -> store::Result<usize> {
    let mut by_batch: BTreeMap<i64, Vec<ItemKey>> = BTreeMap::new();
    for key in keys {
        by_batch.entry(batch_and_row(key.position).0).or_default().push(*key);
    }
    let mut tx = hub.db.begin(Priority::Settle).await?;
    let mut moved = 0;
    for (number, keys) in by_batch {
        let Some(batch) = store::batch_get(&mut tx, number).await? else { continue };
        moved += batch_items(hub, &mut tx, &batch, &keys, came).await?;
    }
    fault!("release.decided");
    tx.commit().await?;
    fault!("release.committed");
    Ok(moved)
}

async fn batch_items(
    hub: &Hub,
    tx: &mut store::Tx,
    batch: &Batch,
    keys: &[ItemKey],
    came: &mut Came,
) -> store::Result<usize> {
    let Some(job) = hub.job(&batch.job) else {
        tracing::warn!(job = %batch.job, "Items of a job that is no longer configured stay where they are.");
        return Ok(0);
    };
    let rows = Rows::decode(&batch.packed)?;
    let context = Context {
        now_us: store::now_us(),
        system: job.system.clone(),
        older_open: store::batch_older_open(tx, batch.source, batch.number).await?,
    };
    let mut moved = 0;
    for plan in &job.mappings {
        let own: Vec<ItemKey> = keys.iter().copied().filter(|k| k.mapping == plan.number).collect();
        if own.is_empty() {
            continue;
        }
        let bound = plan.bind(rows.columns())?;
        let found = lookups(tx, plan, &bound, &rows, batch.read_us).await?;
        let (mut works, mut made) = (Vec::with_capacity(own.len()), Vec::new());
        let meaning = meaning(plan, rows.columns());
        for key in own {
            let row = batch_and_row(key.position).1;
            let item = row_items(plan, &bound, &rows, row as usize, &found, batch.read_us, &mut made)
                .find(|item| item.element == key.element);
            // An element that its mapping no longer makes is filtered now.
            let item = item.unwrap_or_else(|| crate::mapping::Item {
                row,
                element: key.element,
                filtered: true,
                ..Default::default()
            });
            let print = row_print(&rows.row(row as usize));
            works.push(Work {
                row,
                mapping: 0,
                key,
                print,
                made_of: made_of(&meaning, print),
                reopened: true,
                outcome: Outcome::Filtered,
                item,
                needs: Vec::new(),
            });
        }
        let done = decide::decide(hub, tx, &context, std::slice::from_ref(plan), works, came).await?;
        moved += done.iter().filter(|w| !matches!(w.outcome, Outcome::Waiting | Outcome::Quarantined)).count();
    }
    Ok(moved)
}
