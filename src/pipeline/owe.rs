//! What feeds are owed: raised in the version's own transaction, blocked while a parent is not at the target,
//! released by the parent's receipt.
//!
//! A reference blocks only while a matching record is owed in this feed and none is present at the target: a parent
//! that the feed does not carry would block its children for ever. Of a group one present parent is enough. *Blocked*
//! is a state, not a count: two parents with one value would lower a count twice. A parent that is not required does not
//! block once it is refused or withheld.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::Ordering;

use super::decide::{Came, Candidate, Context, shown};
use super::plan::{DatasetPlan, Pointed};
use super::{FeedPlan, Hub};
use crate::fault::{fault, planted};
use crate::schema;
use crate::store::{self, Carried, Priority, Raise, Stuck, Tx};

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
    let owed: Vec<Owed<'_>> =
        candidates.iter().map(|c| Owed { record: c.record, withdrawn: c.withdrawn, pointed: &c.pointed }).collect();
    let version = |c: &Candidate| c.head.as_ref().map_or(1, |h| h.version + 1);
    let walking = store::feed_walking(tx).await?;
    for feed in hub.feeds.iter().filter(|f| f.carries(&plan.dataset.code, &context.system)) {
        let mut blocked = blocked(hub, tx, feed, &owed).await?;
        if walking.contains(&feed.id) {
            // The walk has perhaps not come to its parent yet, and nothing would hold it back. The walk's end frees it.
            for c in candidates {
                blocked.entry(c.record).or_insert_with(|| WALKING.to_owned());
            }
        }
        let raises = candidates
            .iter()
            .map(|c| Raise {
                feed: feed.id,
                record: c.record,
                version: version(c),
                blocked: blocked.contains_key(&c.record),
                why: blocked.get(&c.record).cloned().unwrap_or_default(),
            })
            .collect();
        store::delivery_raise(tx, raises, context.now_us).await?;
        let withdrawn: Vec<(i64, i64)> =
            candidates.iter().filter(|c| c.withdrawn).map(|c| (c.record, version(c))).collect();
        if !withdrawn.is_empty() {
            let records: Vec<i64> = withdrawn.iter().map(|(record, _)| *record).collect();
            store::delivery_nothing_owed(tx, feed.id, withdrawn).await?;
            let values: Vec<(i64, String)> = found_by(hub, tx, &records).await?.into_values().flatten().collect();
            let held = store::delivery_hold_children(tx, feed.id, &borrowed(&values)).await?;
            came.blocked.extend(held.into_iter().map(|record| (feed.id, record)));
        }
        came.feeds.insert(feed.id);
        came.blocked.extend(blocked.into_keys().map(|record| (feed.id, record)));
    }
    Ok(())
}

/// Why a delivery is blocked that was raised while its feed's stored records are walked.
const WALKING: &str = "walking";

/// A record that a feed is owed, as far as blocking depends on it.
pub(super) struct Owed<'a> {
    pub record: i64,
    pub withdrawn: bool,
    pub pointed: &'a [Pointed],
}

fn borrowed(values: &[(i64, String)]) -> Vec<(i64, &str)> {
    values.iter().map(|(slot, value)| (*slot, value.as_str())).collect()
}

/// Every value that children may find these records by: the newest version's and the earlier ones'.
pub(super) async fn found_by(
    hub: &Hub,
    tx: &mut Tx,
    records: &[i64],
) -> store::Result<HashMap<i64, Vec<(i64, String)>>> {
    let mut found: HashMap<i64, Vec<(i64, String)>> = HashMap::new();
    for v in store::version_history(tx, records).await? {
        let Some(plan) = hub.plan.dataset(&v.dataset) else { continue };
        let values = plan.index_values(&schema::draft_of(&plan.dataset, &v.body));
        found.entry(v.record).or_default().extend(values.into_iter().map(|v| (v.slot, v.value)));
    }
    for values in found.values_mut() {
        values.sort_unstable();
        values.dedup();
    }
    Ok(found)
}

/// How the parents that a value names stand at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ParentStand {
    /// Owed in this feed, and none of them there under this name.
    Missing,
    /// The same, and none of them will come by itself: refused by the target, or withheld.
    Refused,
    /// There, but every one that is there is to be withdrawn.
    Leaving,
}

/// Of the values that records point at, those whose parents are owed in this feed and are not there to stay.
async fn stands(
    hub: &Hub,
    tx: &mut Tx,
    feed: &FeedPlan,
    wanted: &[(i64, &str)],
) -> store::Result<HashMap<(i64, String), ParentStand>> {
    if wanted.is_empty() {
        return Ok(HashMap::new());
    }
    let parents = store::delivery_parents(tx, feed.id, wanted).await?;
    // One that the target has may have got this name only with a version that it has not taken yet.
    let doubtful: HashMap<i64, i64> =
        parents.iter().filter(|p| p.is_there && p.may_be_renamed).map(|p| (p.record, p.accepted_version)).collect();
    let mut named: HashSet<(i64, i64, String)> = HashSet::new();
    if !doubtful.is_empty() {
        let records: Vec<i64> = doubtful.keys().copied().collect();
        let history = store::version_history(tx, &records).await?;
        for v in history.into_iter().filter(|v| v.version <= doubtful[&v.record]) {
            let Some(plan) = hub.plan.dataset(&v.dataset) else { continue };
            let values = plan.index_values(&schema::draft_of(&plan.dataset, &v.body));
            named.extend(values.into_iter().map(|value| (v.record, value.slot, value.value)));
        }
    }
    let mut found: HashMap<(i64, String), (bool, bool, bool)> = HashMap::new();
    for p in parents {
        let is_there = p.is_there && (!p.may_be_renamed || named.contains(&(p.record, p.value.0, p.value.1.clone())));
        let (any_there, any_stays, any_goes) = found.entry(p.value).or_default();
        *any_there |= is_there;
        *any_stays |= is_there && p.is_live;
        *any_goes |= p.goes;
    }
    let stand = |(value, (is_there, stays, goes))| match (is_there, stays, goes) {
        (false, _, true) => Some((value, ParentStand::Missing)),
        (false, _, false) => Some((value, ParentStand::Refused)),
        (true, false, _) => Some((value, ParentStand::Leaving)),
        (true, true, _) => None,
    };
    Ok(found.into_iter().filter_map(stand).collect())
}

/// Which of these are blocked in a feed, and by what, as the store keeps it; `console::why` says it in words.
pub(super) async fn blocked(
    hub: &Hub,
    tx: &mut Tx,
    feed: &FeedPlan,
    owed: &[Owed<'_>],
) -> store::Result<HashMap<i64, String>> {
    let mut out = HashMap::new();
    let relevant = |p: &&Pointed| feed.carries_dataset(&p.parent);
    let staying: Vec<&Owed<'_>> = owed.iter().filter(|o| !o.withdrawn).collect();
    let mut wanted: Vec<(i64, &str)> =
        staying.iter().flat_map(|o| o.pointed.iter().filter(relevant).map(|p| (p.slot, p.value.as_str()))).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let stands = stands(hub, tx, feed, &wanted).await?;
    if !stands.is_empty() {
        // A child that the target has already may be updated for as long as its parent is there.
        let there = match stands.values().any(|s| *s == ParentStand::Leaving) {
            true => {
                let records: Vec<i64> = staying.iter().map(|o| o.record).collect();
                store::delivery_present(tx, feed.id, &records).await?
            }
            false => HashSet::new(),
        };
        for o in staying {
            let blocks = |p: &&Pointed| match stands.get(&(p.slot, p.value.clone())) {
                Some(ParentStand::Missing) => true,
                // A parent that is only a hint is not waited for where it will not come by itself.
                Some(ParentStand::Refused) => p.required,
                Some(ParentStand::Leaving) => !there.contains(&o.record),
                None => false,
            };
            // One parent of a group that does not block is enough.
            let free: HashSet<i64> = o.pointed.iter().filter(|p| p.grp != 0 && !blocks(p)).map(|p| p.grp).collect();
            if let Some(p) = o.pointed.iter().filter(relevant).find(|p| blocks(p) && !free.contains(&p.grp)) {
                out.insert(o.record, format!("{} {}", p.parent, shown(&p.value)));
            }
        }
    }
    if planted!("child_not_blocked") {
        out.clear();
    }
    let leaving: Vec<i64> = owed.iter().filter(|o| o.withdrawn).map(|o| o.record).collect();
    if !leaving.is_empty() && !planted!("withdrawal_not_blocked") {
        for (record, values) in found_by(hub, tx, &leaving).await? {
            // A withdrawal waits for the children that this target still has.
            if let Some(child) = store::delivery_child(tx, feed.id, record, &borrowed(&values)).await? {
                out.insert(record, by_child(child));
            }
        }
    }
    let records: Vec<i64> = owed.iter().map(|o| o.record).collect();
    for record in store::attachment_missing(tx, &records).await? {
        out.entry(record).or_insert_with(|| "attachment".to_owned());
    }
    Ok(out)
}

/// Why a withdrawal is blocked: the target still has this child.
fn by_child(child: i64) -> String {
    format!("{BY_CHILD}{child}")
}

const BY_CHILD: &str = "record ";

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
        fault!("owe.looked_again");
        tx.commit().await?;
    }
    Ok(woken)
}

/// Most blocked deliveries looked at in one transaction, so that the writer is free in between.
const BLOCKED_AT_ONCE: i64 = 1_000;

/// Of so many parts of the time one goes into looking in vain.
const VAIN_SHARE: i64 = 20;

/// Most such transactions in a sweep of the minute: about a second of the writer's time.
const PARTS_A_SWEEP: usize = 20;

/// Releases what waited for an answer, in a transaction of its own: the children of what the target has now, and the
/// withdrawals of parents that one of these was the last child of. `settled`: those of the carried that it took or
/// refused.
pub(super) async fn release(
    hub: &Hub,
    feed: &FeedPlan,
    carried: &[Carried],
    settled: &HashSet<i64>,
) -> store::Result<usize> {
    let mut tx = hub.db.begin(Priority::Receipt).await?;
    if store::delivery_blocked(&mut tx, feed.id, None, 0, 1).await?.is_empty() {
        return Ok(0);
    }
    let sent = carried.iter().map(|c| (c.record, c.version));
    let before = carried.iter().map(|c| (c.record, c.accepted_version)).filter(|(_, version)| *version > 0);
    let mut wanted: Vec<(i64, i64)> = sent.chain(before).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let (mut values, mut parents, mut is_wide) = (Vec::new(), Vec::new(), false);
    // Names that came and went with versions that never went to the target: who waited for one waits no longer.
    let leapt = |c: &&Carried| c.version > c.accepted_version + 1 || c.operation == "insert" && c.version > 1;
    let leapt: Vec<i64> =
        carried.iter().filter(|c| settled.contains(&c.record)).filter(leapt).map(|c| c.record).collect();
    if !leapt.is_empty() {
        values.extend(found_by(hub, &mut tx, &leapt).await?.into_values().flatten());
    }
    for v in store::version_documents(&mut tx, &wanted).await? {
        let Some(plan) = hub.plan.dataset(&v.dataset) else { continue };
        let draft = schema::draft_of(&plan.dataset, &v.body);
        if settled.contains(&v.record) && v.operation != "withdraw" {
            values.extend(plan.index_values(&draft).into_iter().map(|v| (v.slot, v.value)));
            is_wide |= plan.is_wide();
        }
        parents.extend(plan.pointed(&draft, false).into_iter().map(|p| (p.slot, p.value)));
    }
    values.sort_unstable();
    values.dedup();
    if is_wide {
        // Children of widely shared records have no reference rows: they are found among the blocked, which may be
        // very many, so not for each of these.
        feed.unblocks.store(true, Ordering::Relaxed);
    }
    // Who had such a value before may leave now: its children are these records'.
    let before: HashSet<i64> = store::index_records(&mut tx, &borrowed(&values)).await?.into_iter().collect();
    let mut waiting = store::ref_children(&mut tx, &borrowed(&values)).await?;
    waiting.extend(&before);
    waiting.extend(store::index_records(&mut tx, &borrowed(&parents)).await?);
    let mine: HashSet<String> = carried.iter().map(|c| by_child(c.record)).collect();
    let mut released = 0;
    for part in waiting.chunks(BLOCKED_AT_ONCE as usize) {
        let mut stuck = store::delivery_blocked(&mut tx, feed.id, Some(part.to_vec()), 0, 0).await?;
        // A withdrawal that waits for another child than these goes on waiting: it need not be looked for again.
        let waits_on = |s: &Stuck| s.why.starts_with(BY_CHILD) && !mine.contains(&s.why) && !before.contains(&s.record);
        stuck.retain(|s| s.operation != "withdraw" || !waits_on(s));
        released += unblock(hub, &mut tx, feed, stuck).await?;
    }
    fault!("owe.released");
    tx.commit().await?;
    fault!("owe.committed");
    Ok(released)
}

/// The target says that it misses a parent of these versions: the parents that we took it to have go again.
pub(super) async fn parents_again(
    hub: &Hub,
    tx: &mut Tx,
    feed: &FeedPlan,
    children: &[(i64, i64)],
    now_us: i64,
) -> store::Result<()> {
    let mut values = Vec::new();
    for v in store::version_documents(tx, children).await? {
        let Some(plan) = hub.plan.dataset(&v.dataset) else { continue };
        let pointed = plan.pointed(&schema::draft_of(&plan.dataset, &v.body), false);
        values.extend(pointed.into_iter().filter(|p| feed.carries_dataset(&p.parent)).map(|p| (p.slot, p.value)));
    }
    let parents = store::index_records(tx, &borrowed(&values)).await?;
    let again = store::delivery_again(tx, feed.id, parents, now_us).await?;
    tracing::warn!(feed = %feed.name, again, "The target of {} misses parents that it took; {again} go again.", feed.name);
    Ok(())
}

/// Looks at every blocked delivery of a feed. Returns how many may go now.
pub(super) async fn sweep(hub: &Hub, feed: &FeedPlan) -> store::Result<usize> {
    let (mut released, mut after) = (0, 0);
    while let Some((last, moved)) = sweep_part(hub, feed, after).await? {
        after = last;
        released += moved;
    }
    Ok(released)
}

/// Looks at every blocked delivery of a feed, since something came that some may wait for. A long look that was in vain
/// is not soon taken again.
pub(super) async fn sweep_noted(hub: &Hub, feed: &FeedPlan) -> store::Result<usize> {
    let begun_us = store::now_us();
    feed.unblocks.store(false, Ordering::Relaxed);
    let released = sweep(hub, feed).await.inspect_err(|_| feed.unblocks.store(true, Ordering::Relaxed))?;
    if released == 0 {
        let ended_us = store::now_us();
        feed.unblocks_us.store(ended_us + VAIN_SHARE * (ended_us - begun_us), Ordering::Relaxed);
    }
    Ok(released)
}

/// Looks at some of the blocked deliveries of a feed, and goes on there the next time. Returns how many may go now.
pub(super) async fn sweep_on(hub: &Hub, feed: &FeedPlan) -> store::Result<usize> {
    let (mut released, mut after) = (0, feed.swept_to.load(Ordering::Relaxed));
    for _ in 0..PARTS_A_SWEEP {
        let part = sweep_part(hub, feed, after).await?;
        after = part.map_or(0, |(last, _)| last);
        released += part.map_or(0, |(_, moved)| moved);
        if part.is_none() {
            break;
        }
    }
    feed.swept_to.store(after, Ordering::Relaxed);
    Ok(released)
}

/// Looks at the blocked deliveries of a feed that follow a record. Returns the last of them and how many may go; none:
/// there are no more.
async fn sweep_part(hub: &Hub, feed: &FeedPlan, after: i64) -> store::Result<Option<(i64, usize)>> {
    let mut tx = hub.db.begin(Priority::Settle).await?;
    let stuck = store::delivery_blocked(&mut tx, feed.id, None, after, BLOCKED_AT_ONCE).await?;
    let Some(last) = stuck.last().map(|s| s.record) else { return Ok(None) };
    let moved = unblock(hub, &mut tx, feed, stuck).await?;
    tx.commit().await?;
    Ok(Some((last, moved)))
}

/// Lets those of the blocked go that nothing blocks any more; the others say what they wait for.
pub(super) async fn unblock(hub: &Hub, tx: &mut Tx, feed: &FeedPlan, stuck: Vec<Stuck>) -> store::Result<usize> {
    let known: Vec<(Stuck, Vec<Pointed>)> = stuck
        .into_iter()
        .filter_map(|s| {
            let plan = hub.plan.dataset(&s.dataset)?;
            let pointed = plan.pointed(&schema::draft_of(&plan.dataset, &s.body), false);
            Some((s, pointed))
        })
        .collect();
    let owed: Vec<Owed<'_>> = known
        .iter()
        .map(|(s, pointed)| Owed { record: s.record, withdrawn: s.operation == "withdraw", pointed })
        .collect();
    let mut still = blocked(hub, tx, feed, &owed).await?;
    if store::feed_walking(tx).await?.contains(&feed.id) {
        for (s, _) in &known {
            still.entry(s.record).or_insert_with(|| WALKING.to_owned());
        }
    }
    let (stay, free): (Vec<&Stuck>, Vec<&Stuck>) =
        known.iter().map(|(s, _)| s).partition(|s| still.contains_key(&s.record));
    let go = free.iter().map(|s| s.record).collect();
    let never: Vec<(i64, i64)> = free
        .iter()
        .filter(|s| s.operation == "withdraw" && s.at_target == "absent")
        .map(|s| (s.record, s.wanted_version))
        .collect();
    let whys: Vec<(i64, String)> =
        stay.iter().filter(|s| still[&s.record] != s.why).map(|s| (s.record, still[&s.record].clone())).collect();
    store::delivery_blocked_why(tx, feed.id, whys).await?;
    store::delivery_nothing_owed(tx, feed.id, never).await?;
    store::delivery_unblock(tx, feed.id, go, store::now_us()).await
}
