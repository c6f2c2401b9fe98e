//! What feeds are owed: raised in the version's own transaction, blocked while a parent is not at the target,
//! released by the parent's receipt.
//!
//! A reference blocks only while a matching record is owed in this feed and none is present at the target: a parent
//! that the feed does not carry would block its children for ever. Of a group one present parent is enough. *Blocked*
//! is a state, not a count: two parents with one value would lower a count twice.

use std::collections::{HashMap, HashSet};

use super::decide::{Came, Candidate, Context, shown};
use super::plan::{DatasetPlan, Pointed};
use super::{FeedPlan, Hub};
use crate::schema;
use crate::store::{self, Priority, Raise, Stuck, Tx};

/// Raises what every feed that carries the dataset is owed of these records.
pub(super) async fn raise(
    hub: &Hub,
    tx: &mut Tx,
    context: &Context,
    plan: &DatasetPlan,
    candidates: &[Candidate],
    came: &mut Came,
) -> store::Result<()> {
    if candidates.is_empty() {
        return Ok(());
    }
    let owed: Vec<Owed<'_>> = candidates
        .iter()
        .map(|c| Owed {
            record: c.record,
            withdrawn: c.withdrawn,
            pointed: &c.pointed,
            found_by: if c.withdrawn {
                c.old_index.iter().map(|v| (v.slot, v.value.clone())).collect()
            } else {
                vec![]
            },
        })
        .collect();
    for feed in hub.feeds.iter().filter(|f| f.carries(&plan.dataset.code, &context.system)) {
        let blocked = blocked(tx, feed, &owed).await?;
        let raises = candidates
            .iter()
            .map(|c| Raise {
                feed: feed.id,
                record: c.record,
                version: c.head.as_ref().map_or(1, |h| h.version + 1),
                blocked: blocked.contains_key(&c.record),
                why: blocked.get(&c.record).cloned().unwrap_or_default(),
            })
            .collect();
        store::delivery_raise(tx, raises, context.now_us).await?;
        let withdrawn: Vec<(i64, i64)> = candidates
            .iter()
            .filter(|c| c.withdrawn)
            .map(|c| (c.record, c.head.as_ref().map_or(1, |h| h.version + 1)))
            .collect();
        if !withdrawn.is_empty() {
            store::delivery_nothing_owed(tx, feed.id, withdrawn).await?;
        }
        came.feeds.insert(feed.id);
        came.blocked.extend(blocked.into_keys().map(|record| (feed.id, record)));
    }
    Ok(())
}

/// A record that a feed is owed, as far as blocking depends on it.
pub(super) struct Owed<'a> {
    pub record: i64,
    pub withdrawn: bool,
    pub pointed: &'a [Pointed],
    /// Of a withdrawn record: the values that its children find it by.
    pub found_by: Vec<(i64, String)>,
}

/// Which of these are blocked in a feed, and by what, in a few words.
pub(super) async fn blocked(tx: &mut Tx, feed: &FeedPlan, owed: &[Owed<'_>]) -> store::Result<HashMap<i64, String>> {
    let mut out = HashMap::new();
    let relevant = |p: &&Pointed| feed.carries_dataset(&p.parent);
    let mut wanted: Vec<(i64, &str)> = owed
        .iter()
        .filter(|o| !o.withdrawn)
        .flat_map(|o| o.pointed.iter().filter(relevant).map(|p| (p.slot, p.value.as_str())))
        .collect();
    wanted.sort_unstable();
    wanted.dedup();
    let blocking =
        if wanted.is_empty() { HashSet::new() } else { store::delivery_blocking(tx, feed.id, &wanted).await? };
    for o in owed.iter().filter(|o| !o.withdrawn && !blocking.is_empty()) {
        let blocks = |p: &&Pointed| blocking.contains(&(p.slot, p.value.clone()));
        // One parent of a group that does not block is enough.
        let free: HashSet<i64> = o.pointed.iter().filter(|p| p.grp != 0 && !blocks(p)).map(|p| p.grp).collect();
        if let Some(p) = o.pointed.iter().filter(relevant).find(|p| blocks(p) && !free.contains(&p.grp)) {
            out.insert(o.record, format!("{} {}", p.parent, shown(&p.value)));
        }
    }
    for o in owed.iter().filter(|o| o.withdrawn) {
        // A withdrawal waits for the children that this target still has.
        let values: Vec<(i64, &str)> = o.found_by.iter().map(|(slot, value)| (*slot, value.as_str())).collect();
        let children = store::ref_children(tx, &values).await?;
        if let Some(child) = store::delivery_present(tx, feed.id, &children).await?.into_iter().min() {
            out.insert(o.record, format!("record {child}"));
        }
    }
    let records: Vec<i64> = owed.iter().map(|o| o.record).collect();
    for record in store::attachment_missing(tx, &records).await? {
        out.entry(record).or_insert_with(|| "attachment".to_owned());
    }
    Ok(out)
}

/// Looks again at deliveries that were blocked by a transaction that has been committed: the parent's receipt may
/// have come between. Returns the feeds that have something to do.
pub(super) async fn look_again(hub: &Hub, stored: Vec<(i64, i64)>) -> store::Result<HashSet<i64>> {
    let mut by_feed: HashMap<i64, Vec<i64>> = HashMap::new();
    for (feed, record) in stored {
        by_feed.entry(feed).or_default().push(record);
    }
    let mut woken = HashSet::new();
    for (feed, records) in by_feed {
        let Some(feed) = hub.feeds.iter().find(|f| f.id == feed) else { continue };
        let mut tx = hub.db.begin(Priority::Settle).await?;
        let stuck = store::delivery_blocked(&mut tx, feed.id, Some(records), 0, 0).await?;
        if unblock(hub, &mut tx, feed, stuck).await? > 0 {
            woken.insert(feed.id);
        }
        tx.commit().await?;
    }
    Ok(woken)
}

/// Most blocked deliveries looked at in one transaction, so that the writer is free in between.
const BLOCKED_AT_ONCE: i64 = 1_000;

/// Releases the children of records that a target has just accepted (or withdrawn), in a transaction of its own.
pub(super) async fn release(hub: &Hub, feed: &FeedPlan, accepted: &[(String, String)]) -> store::Result<usize> {
    let mut released = 0;
    let mut tx = hub.db.begin(Priority::Receipt).await?;
    if store::delivery_blocked(&mut tx, feed.id, None, 0, 1).await?.is_empty() {
        return Ok(0);
    }
    let mut values = Vec::new();
    // Children of widely shared records have no reference rows, and a withdrawn child frees its parent: both are
    // found among the blocked.
    let mut all = false;
    for (dataset, body) in accepted {
        let Some(plan) = hub.plan.dataset(dataset) else { continue };
        all |= plan.is_wide() || body.is_empty();
        if all {
            break;
        }
        values.extend(plan.index_values(&schema::draft_of(&plan.dataset, body)).into_iter().map(|v| (v.slot, v.value)));
    }
    if all {
        drop(tx);
        return sweep(hub, feed).await;
    }
    let values: Vec<(i64, &str)> = values.iter().map(|(slot, value)| (*slot, value.as_str())).collect();
    let children = store::ref_children(&mut tx, &values).await?;
    for part in children.chunks(BLOCKED_AT_ONCE as usize) {
        let stuck = store::delivery_blocked(&mut tx, feed.id, Some(part.to_vec()), 0, 0).await?;
        released += unblock(hub, &mut tx, feed, stuck).await?;
    }
    tx.commit().await?;
    Ok(released)
}

/// Looks at every blocked delivery of a feed. Returns how many may go now.
pub(super) async fn sweep(hub: &Hub, feed: &FeedPlan) -> store::Result<usize> {
    let (mut released, mut after) = (0, 0);
    loop {
        let mut tx = hub.db.begin(Priority::Settle).await?;
        let stuck = store::delivery_blocked(&mut tx, feed.id, None, after, BLOCKED_AT_ONCE).await?;
        let Some(last) = stuck.last() else { return Ok(released) };
        after = last.record;
        released += unblock(hub, &mut tx, feed, stuck).await?;
        tx.commit().await?;
    }
}

/// A stuck delivery, what its record points at, and what its children find it by.
type Known = (Stuck, Vec<Pointed>, Vec<(i64, String)>);

async fn unblock(hub: &Hub, tx: &mut Tx, feed: &FeedPlan, stuck: Vec<Stuck>) -> store::Result<usize> {
    let known: Vec<Known> = stuck
        .into_iter()
        .filter_map(|s| {
            let plan = hub.plan.dataset(&s.dataset)?;
            let draft = schema::draft_of(&plan.dataset, &s.body);
            let found_by = plan.index_values(&draft).into_iter().map(|v| (v.slot, v.value)).collect();
            let pointed = plan.pointed(&draft, false);
            Some((s, pointed, found_by))
        })
        .collect();
    let owed: Vec<Owed<'_>> = known
        .iter()
        .map(|(s, pointed, found_by)| {
            let withdrawn = s.operation == "withdraw";
            Owed { record: s.record, withdrawn, pointed, found_by: if withdrawn { found_by.clone() } else { vec![] } }
        })
        .collect();
    let still = blocked(tx, feed, &owed).await?;
    let free: Vec<&Stuck> = known.iter().map(|(s, ..)| s).filter(|s| !still.contains_key(&s.record)).collect();
    let go = free.iter().map(|s| s.record).collect();
    let never: Vec<(i64, i64)> = free
        .iter()
        .filter(|s| s.operation == "withdraw" && s.at_target == "absent")
        .map(|s| (s.record, s.wanted_version))
        .collect();
    store::delivery_nothing_owed(tx, feed.id, never).await?;
    store::delivery_unblock(tx, feed.id, go, store::now_us()).await
}
