//! Decide: which items become versions, which are unchanged or superseded, which wait, which are quarantined.
//!
//! Works on all items of one scope at once, fresh or released, within the caller's transaction. Reads are sets: heads,
//! owners of keys, parents, known codes; then everything is decided in memory; then it is written, sorted. An item's
//! outcome is provisional until the end: *accepted* becomes *waiting* if a parent is missing, and so on.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::normalise::{Print, nameless};
use super::plan::{DatasetPlan, IndexValue, Pointed};
use super::{Hub, MappingPlan, codes, keys, owe};
use crate::fault::{fault, planted};
use crate::mapping::{Item, Missing, WhenLost};
use crate::schema::{self, CheckOptions, Draft, Level, Reason, ReasonCode};
use crate::store::{self, Head, ItemKey, ItemWrite, NeedWrite, OpenItem, Order, Outcome, RefWrite, Tx, VersionWrite};

/// An item on its way to an outcome.
#[derive(Debug)]
pub struct Work {
    /// Row in its batch.
    pub row: u32,
    /// Position of its mapping in the group.
    pub mapping: usize,
    pub key: ItemKey,
    /// Digest of the raw row: the same bad row read again joins its open item.
    pub print: Print,
    /// Digest of all that the row's meaning depends on: if its record's state was made of the same, nothing changed.
    pub made_of: Print,
    /// True: the item has a row already and moves on from there; false: it is fresh.
    pub reopened: bool,
    pub outcome: Outcome,
    pub item: Item,
    pub needs: Vec<NeedWrite>,
}

impl Work {
    /// Refuses the item for one more reason.
    pub fn refuse(&mut self, reason: Reason) {
        self.outcome = Outcome::Quarantined;
        self.item.reasons.push(reason);
    }

    /// The identity it stands under; where the record cannot be told, the row's digest.
    fn name(&self) -> String {
        self.item.identity.clone().unwrap_or_else(|| nameless(&self.print))
    }

    fn is_good(&self) -> bool {
        matches!(self.outcome, Outcome::Accepted | Outcome::Withdrawn)
    }

    fn is_open(&self) -> bool {
        matches!(self.outcome, Outcome::Waiting | Outcome::Quarantined)
    }
}

/// What all items of one decision share.
#[derive(Debug, Clone)]
pub struct Context {
    pub now_us: i64,
    /// The system whose rows these are.
    pub system: String,
    /// True: an older batch of the same source is not settled yet.
    pub older_open: bool,
}

/// What a transaction brought that others may wait for.
#[derive(Debug, Default)]
pub struct Came {
    /// Index values that records now have, and keys that were given up.
    pub values: HashSet<(i64, String)>,
    /// Items that wait since this transaction: whoever stores one looks again after its commit.
    pub waiting: Vec<ItemKey>,
    /// Feeds that were raised something.
    pub feeds: HashSet<i64>,
    /// Deliveries that are blocked since this transaction: feed, record.
    pub blocked: Vec<(i64, i64)>,
}

/// A good item on its way to a version.
pub struct Candidate {
    /// Position of its work.
    pub work: usize,
    /// The record's state before; none for a new record.
    pub head: Option<Head>,
    pub record: i64,
    pub body: String,
    pub fingerprint: [u8; 16],
    pub index: Vec<IndexValue>,
    pub pointed: Vec<Pointed>,
    /// Index values and references of the state before. A withdrawn record has no present index values.
    pub old_index: Vec<IndexValue>,
    pub old_pointed: Vec<Pointed>,
    pub withdrawn: bool,
}

/// Decides and writes the items of one scope; returns them with their outcomes. All mappings of the group fill it.
/// Works that come as *unchanged* were not mapped: see `normalise::known`.
pub async fn decide(
    hub: &Hub,
    tx: &mut Tx,
    context: &Context,
    group: &[MappingPlan],
    mut works: Vec<Work>,
    came: &mut Came,
) -> store::Result<Vec<Work>> {
    let Some(MappingPlan { scope, plan, .. }) = group.first() else { return Ok(works) };
    let scope = *scope;
    let mut pending = codes::fill_known(tx, group, &mut works).await?;
    for (index, work) in works.iter_mut().enumerate().filter(|(_, w)| w.outcome != Outcome::Unchanged) {
        judge(context, &group[work.mapping], pending.get(&index).map_or(&[], Vec::as_slice), work);
    }
    lost_elements(tx, group, &mut works).await?;
    let names: Vec<String> = works.iter().map(Work::name).collect();
    let last = fold(&mut works, &names);
    let named = |without: &[Outcome]| {
        let named = works.iter().zip(&names).filter(|(w, _)| !without.contains(&w.outcome));
        distinct(named.map(|(_, name)| name.as_str()))
    };
    let heads = store::record_heads(tx, scope, &named(&[Outcome::Filtered, Outcome::Unchanged])).await?;
    let open = store::item_open(tx, scope, &named(&[Outcome::Filtered])).await?;

    for &index in &last {
        let work = &mut works[index];
        let head = heads.get(&names[index]);
        if work.item.filtered && head.is_none_or(|h| !h.live) {
            work.outcome = Outcome::Filtered;
        } else if head.is_some_and(|h| !order_of(&group[work.mapping], work).is_newer_than(h.order)) {
            work.outcome = Outcome::Superseded;
        }
    }
    // Codes before parents: a code may be what a record points at its parent with, and it belongs to its values
    // whatever becomes of this item.
    pending.retain(|index, _| works[*index].is_good());
    codes::assign_new(tx, context, group, &mut works, &pending).await?;

    let (mut candidates, mut raises) = (Vec::new(), Vec::new());
    for index in last.into_iter().filter(|i| works[*i].is_good()).collect::<Vec<_>>() {
        let work = &mut works[index];
        let mapping = &group[work.mapping];
        let head = heads.get(&names[index]);
        let candidate = candidate(plan, mapping, work, index, head);
        match head {
            Some(head) if is_same(head, &candidate) => {
                let order = order_of(mapping, work);
                // The next time that it comes like this it need not be mapped.
                let made_of = work.made_of.to_vec();
                if order.version > head.order.version || context.older_open || made_of != head.made_of {
                    raises.push(store::OrderRaise { record: head.id, order, made_of });
                }
                work.outcome = Outcome::Unchanged;
            }
            _ => candidates.push(candidate),
        }
    }
    candidates.sort_unstable_by_key(|c| works[c.work].key);
    fill_old(tx, plan, &mut candidates).await?;
    // Parents before keys: who waits keeps the key it has, and nobody may count on it.
    keys::parents(tx, &mut works, &candidates).await?;
    candidates.retain(|c| works[c.work].is_good());
    keys::settle(tx, plan, context, &mut works, &candidates).await?;
    candidates.retain(|c| works[c.work].is_good());
    number(tx, &mut candidates).await?;
    fault!("decide.numbered");
    write_versions(tx, context, group, &works, &names, &candidates, came).await?;
    fault!("decide.versions");
    // What comes back is there again under its earlier names too.
    let back = |c: &&Candidate| !c.withdrawn && c.head.as_ref().is_some_and(|h| !h.live);
    let back: Vec<i64> = candidates.iter().filter(back).map(|c| c.record).collect();
    if !back.is_empty() {
        came.values.extend(owe::found_by(hub, tx, &back).await?.into_values().flatten());
    }
    store::record_order_raise(tx, raises).await?;
    owe::raise(hub, tx, context, plan, &candidates, came).await?;
    fault!("decide.owed");
    write_items(tx, context, group, &mut works, &names, &heads, open, came).await?;
    fault!("decide.items");
    Ok(works)
}

/// Judges one item by itself: reasons of its mapping, what its look-ups wait for, the schema's checks.
fn judge(context: &Context, plan: &MappingPlan, pending: &[usize], work: &mut Work) {
    let item = &mut work.item;
    if item.filtered {
        // Where losing `when` means withdrawal, the record's state decides; elsewhere the row says nothing of it.
        let lost = item.identity.is_some() && loses(plan);
        work.outcome = if lost { Outcome::Withdrawn } else { Outcome::Filtered };
        return;
    }
    let refused = |reasons: &[Reason]| reasons.iter().any(|r| r.level == Level::Refuse);
    if item.withdraw && !refused(&item.reasons) {
        if item.identity.is_some() {
            work.outcome = Outcome::Withdrawn;
            return;
        }
        // A record is gone, and nobody can tell which.
        if item.waits.is_empty() {
            let fields = &plan.mapping.dataset().fields;
            let empty = plan.mapping.dataset().key.iter().filter(|f| item.draft.get(**f).is_none());
            for field in empty.map(|f| &fields[*f]) {
                let reason =
                    Reason::refuse(ReasonCode::IdentityEmpty, &field.name, &field.name_zh, "", &[&field.name], "");
                item.reasons.push(reason);
            }
            work.outcome = Outcome::Quarantined;
        } else {
            told_waits(plan, work);
            wait(plan, work);
        }
        return;
    }
    for stamp in plan.mapping.stamps() {
        item.draft.set(*stamp, &beijing_time(context.now_us));
    }
    // What is still to be assigned, and what another reason or a look-up's wait speaks of, is not called empty too.
    let mut awaited: Vec<usize> = pending.iter().chain(&item.failed).copied().collect();
    if !item.waits.is_empty() {
        awaited.extend(plan.mapping.assigns().iter().map(|a| a.field));
    }
    told_waits(plan, work);
    let item = &mut work.item;
    let options = CheckOptions { deal_code_check: plan.mapping.deal_code_check(), pending: &awaited };
    schema::check(plan.mapping.dataset(), &item.draft, &options, &mut item.reasons);
    if refused(&item.reasons) {
        work.outcome = if planted!("error_swallowed") { Outcome::Filtered } else { Outcome::Quarantined };
    } else if item.waits.is_empty() {
        work.outcome = Outcome::Accepted;
    } else {
        wait(plan, work);
    }
}

/// True: a row that `when` no longer wants takes its record with it.
fn loses(plan: &MappingPlan) -> bool {
    plan.mapping.when_lost() == WhenLost::Withdraw
}

/// Says what look-ups wait for.
fn told_waits(plan: &MappingPlan, work: &mut Work) {
    for (lookup, value) in &work.item.waits {
        let lookup = &plan.mapping.lookups()[*lookup];
        if lookup.missing == Missing::Wait {
            let fields: Vec<&str> = lookup.fields.iter().map(|f| lookup.dataset.fields[*f].name.as_str()).collect();
            let args = [lookup.dataset.code.as_str(), &fields.join(",")];
            work.item.reasons.push(Reason::warn(ReasonCode::LookupWaiting, "", "", &shown(value), &args, ""));
        }
    }
}

/// Makes an item wait for what its look-ups did not find.
fn wait(plan: &MappingPlan, work: &mut Work) {
    let slots = &plan.lookup_slots;
    let need = |(lookup, value): &(usize, String)| NeedWrite {
        grp: 0,
        slot: slots[*lookup],
        value: value.clone(),
        free: false,
    };
    work.needs = work.item.waits.iter().map(need).collect();
    work.outcome = Outcome::Waiting;
}

/// An index value as a person reads it.
pub fn shown(value: &str) -> String {
    value.replace('\u{1f}', " / ")
}

/// Beijing time of an instant, 14 digits without offset: how targets are told when a version was made.
pub fn beijing_time(us: i64) -> String {
    use chrono::TimeZone;
    match chrono_tz::Asia::Shanghai.timestamp_micros(us).single() {
        Some(time) => time.format("%Y%m%d%H%M%S").to_string(),
        None => String::new(),
    }
}

/// A row of a complete `each`: what it says of its elements.
struct Whole {
    shared: String,
    /// Where its first item stands, and the number of its next.
    first: usize,
    next: u32,
    elements: HashSet<String>,
    /// Those of them that become records.
    made: Vec<String>,
    /// False: one of its elements cannot be told, so that nothing can be said to be missing.
    is_told: bool,
}

/// Where an `each` is complete, elements that a row no longer has are withdrawn: they follow the row's own elements.
async fn lost_elements(tx: &mut Tx, group: &[MappingPlan], works: &mut Vec<Work>) -> store::Result<()> {
    let mut rows: HashMap<(usize, i64), Whole> = HashMap::new();
    for (index, work) in works.iter().enumerate() {
        if work.reopened || !group[work.mapping].mapping.each_complete() {
            continue;
        }
        let Some(shared) = &work.item.group else { continue };
        let row = rows.entry((work.mapping, work.key.position)).or_insert_with(|| Whole {
            shared: shared.clone(),
            first: index,
            next: 0,
            elements: HashSet::new(),
            made: Vec::new(),
            is_told: true,
        });
        row.next = row.next.max(work.key.element + 1);
        row.elements.extend(work.item.identity.clone());
        row.made.extend(work.item.identity.clone().filter(|_| !work.item.filtered));
        row.is_told &= work.item.filtered || work.item.identity.is_some();
    }
    if rows.is_empty() {
        return Ok(());
    }
    let shared = distinct(rows.values().map(|row| row.shared.as_str()));
    let mut known: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (shared, elements) in store::record_elements(tx, group[0].scope, &shared).await? {
        known.entry(shared).or_default().extend(elements);
    }
    // In their order, since an element of an earlier row may be gone in a later one of the same batch.
    let mut rows: Vec<Whole> = rows.into_values().collect();
    rows.sort_unstable_by_key(|row| (works[row.first].item.version, works[row.first].key));
    let mut lost = Vec::new();
    for row in rows {
        let like = &works[row.first];
        let known = known.entry(row.shared).or_default();
        if row.is_told {
            let gone = known.iter().filter(|identity| !row.elements.contains(*identity));
            lost.extend(gone.zip(row.next..).map(|(identity, element)| Work {
                row: like.row,
                mapping: like.mapping,
                key: ItemKey { element, ..like.key },
                print: like.print,
                made_of: Print::default(),
                reopened: false,
                outcome: Outcome::Withdrawn,
                item: Item {
                    row: like.row,
                    element,
                    identity: Some(identity.clone()),
                    version: like.item.version,
                    // A mapping that lost the row says less than another that makes it.
                    filtered: like.item.filtered,
                    withdraw: true,
                    draft: Draft::new(group[like.mapping].mapping.dataset().fields.len()),
                    ..Item::default()
                },
                needs: Vec::new(),
            }));
        }
        known.extend(row.made);
    }
    works.extend(lost);
    Ok(())
}

/// Folds items with one identity: of the good ones the last in order stays a candidate, of the bad ones the last that
/// no good one follows stays open; all others are superseded. Returns the candidates.
fn fold(works: &mut [Work], names: &[String]) -> Vec<usize> {
    let mut by_name: HashMap<&str, Vec<usize>> = HashMap::with_capacity(works.len());
    for (index, _) in works.iter().enumerate().filter(|(_, w)| w.is_good() || w.is_open()) {
        by_name.entry(&names[index]).or_default().push(index);
    }
    let mut last = Vec::with_capacity(by_name.len());
    for indexes in by_name.into_values() {
        if let [only] = indexes[..] {
            last.extend(Some(only).filter(|i| works[*i].is_good()));
            continue;
        }
        let (good, open): (Vec<usize>, Vec<usize>) = indexes.into_iter().partition(|i| works[*i].is_good());
        let newest = good.iter().copied().reduce(|a, b| if follows(&works[a], &works[b]) { a } else { b });
        let waiting = open.iter().copied().reduce(|a, b| if follows(&works[a], &works[b]) { a } else { b });
        let overtaken = |i: usize| newest.is_some_and(|good| follows(&works[good], &works[i]));
        let waiting = waiting.filter(|i| !overtaken(*i));
        for index in good.into_iter().chain(open).filter(|i| Some(*i) != newest && Some(*i) != waiting) {
            let filtered = works[index].item.filtered;
            works[index].outcome = if filtered { Outcome::Filtered } else { Outcome::Superseded };
        }
        last.extend(newest);
    }
    last
}

/// True: of two items of one identity, the first comes after the second. A bad item whose version could not be read is
/// compared by position alone.
fn follows(a: &Work, b: &Work) -> bool {
    // A mapping that lost a row says less than another that makes it: it comes first, and is overtaken.
    let place = |w: &Work| (w.key.position, !w.item.filtered, w.key.element);
    let unread = |w: &Work| w.is_open() && w.item.version == 0;
    if unread(a) || unread(b) {
        return place(a) > place(b);
    }
    (a.item.version, place(a)) > (b.item.version, place(b))
}

fn distinct<'a>(names: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut names: Vec<&str> = names.collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn order_of(plan: &MappingPlan, work: &Work) -> Order {
    let version = if planted!("versions_by_arrival") { 0 } else { work.item.version };
    Order { version, position: work.key.position, revision: plan.revision }
}

fn candidate(plan: &DatasetPlan, mapping: &MappingPlan, work: &Work, index: usize, head: Option<&Head>) -> Candidate {
    let withdrawn = work.outcome == Outcome::Withdrawn;
    let draft = &work.item.draft;
    let (body, fingerprint) = if withdrawn { (String::new(), [0; 16]) } else { body(mapping, work) };
    Candidate {
        work: index,
        head: head.cloned(),
        record: head.map_or(0, |h| h.id),
        body,
        fingerprint,
        index: if withdrawn { Vec::new() } else { plan.index_values(draft) },
        pointed: if withdrawn { Vec::new() } else { plan.pointed(draft, mapping.mapping.parents_warn()) },
        old_index: Vec::new(),
        old_pointed: Vec::new(),
        withdrawn,
    }
}

fn body(mapping: &MappingPlan, work: &Work) -> (String, [u8; 16]) {
    schema::body(mapping.mapping.dataset(), &work.item.draft, mapping.mapping.volatile())
}

/// True: nothing changed. Two withdrawals are the same; what comes back after one is not.
fn is_same(head: &Head, candidate: &Candidate) -> bool {
    if candidate.withdrawn { !head.live } else { head.live && head.fingerprint == candidate.fingerprint }
}

/// Old index values and references come from the old bodies, so that neither table needs a second tree.
async fn fill_old(tx: &mut Tx, plan: &DatasetPlan, candidates: &mut [Candidate]) -> store::Result<()> {
    let wanted: Vec<(i64, i64)> =
        candidates.iter().filter_map(|c| c.head.as_ref()).map(|h| (h.id, h.version)).collect();
    if wanted.is_empty() {
        return Ok(());
    }
    let bodies = store::version_bodies(tx, &wanted).await?;
    for c in candidates {
        let Some(head) = &c.head else { continue };
        let Some(old) = bodies.get(&head.id) else { continue };
        let draft = schema::draft_of(&plan.dataset, old);
        c.old_pointed = plan.pointed(&draft, false);
        if head.live {
            c.old_index = plan.index_values(&draft);
        }
        if c.withdrawn {
            // The document that withdraws must still name the record.
            c.body.clone_from(old);
            c.pointed.clone_from(&c.old_pointed);
        }
    }
    Ok(())
}

/// Gives new records their numbers, in the order in which they came.
async fn number(tx: &mut Tx, candidates: &mut [Candidate]) -> store::Result<()> {
    let new = candidates.iter().filter(|c| c.record == 0).count() as i64;
    if new > 0 {
        let mut next = store::counter_draw(tx, "record", new).await?;
        for c in candidates.iter_mut().filter(|c| c.record == 0) {
            c.record = next;
            next += 1;
        }
    }
    Ok(())
}

async fn write_versions(
    tx: &mut Tx,
    context: &Context,
    group: &[MappingPlan],
    works: &[Work],
    names: &[String],
    candidates: &[Candidate],
    came: &mut Came,
) -> store::Result<()> {
    let mut writes = Vec::with_capacity(candidates.len());
    for c in candidates {
        let work = &works[c.work];
        let mapping = &group[work.mapping];
        let gone = |v: &&IndexValue| c.index.binary_search(v).is_err();
        let come = |v: &&IndexValue| c.old_index.binary_search(v).is_err();
        let index_add: Vec<(i64, String)> = c.index.iter().filter(come).map(|v| (v.slot, v.value.clone())).collect();
        let index_gone: Vec<_> = c.old_index.iter().filter(gone).map(|v| (v.slot, v.value.clone(), v.kept)).collect();
        // What was given up may be what another item waits for, as much as what came.
        came.values.extend(index_add.iter().cloned());
        came.values.extend(index_gone.iter().map(|(slot, value, _)| (*slot, value.clone())));
        let (refs, old_refs) = (ref_rows(&c.pointed), ref_rows(&c.old_pointed));
        let warnings: Vec<&Reason> = work.item.reasons.iter().filter(|r| r.level == Level::Warn).collect();
        writes.push(VersionWrite {
            record: c.record,
            version: c.head.as_ref().map_or(1, |h| h.version + 1),
            scope: mapping.scope,
            identity: names[c.work].clone(),
            live: !c.withdrawn,
            order: order_of(mapping, work),
            fingerprint: c.fingerprint.to_vec(),
            made_of: if c.withdrawn { Print::default().to_vec() } else { work.made_of.to_vec() },
            mapping: mapping.number,
            element: work.item.element,
            operation: match (&c.head, c.withdrawn) {
                (_, true) => "withdraw",
                (Some(head), false) if head.live => "update",
                _ => "insert",
            },
            looked_at: if work.item.looked_at.is_empty() {
                String::new()
            } else {
                store::json_set(&work.item.looked_at)
            },
            notes: if warnings.is_empty() { String::new() } else { store::json_set(&warnings) },
            body: if c.body.is_empty() { "{}".to_owned() } else { c.body.clone() },
            index_add,
            index_gone,
            ref_add: refs.iter().filter(|r| !old_refs.contains(r)).cloned().collect(),
            // A withdrawn child stays a child until its target has withdrawn it too.
            ref_gone: old_refs.iter().filter(|r| !same_ref(&refs, r)).cloned().collect(),
        });
    }
    store::version_write(tx, writes, context.now_us).await
}

fn ref_rows(pointed: &[Pointed]) -> Vec<RefWrite> {
    let row = |p: &Pointed| RefWrite { slot: p.slot, value: p.value.clone(), grp: p.grp, required: p.required };
    pointed.iter().filter(|p| !p.wide).map(row).collect()
}

fn same_ref(refs: &[RefWrite], old: &RefWrite) -> bool {
    refs.iter().any(|r| (r.slot, r.grp, &r.value) == (old.slot, old.grp, &old.value))
}

/// A JSON list of reasons, as an item keeps them.
pub fn reasons_text(reasons: &[Reason]) -> String {
    store::json_set(reasons)
}

/// Items that stay open are kept, released ones move on, and older open ones of the same identity are closed.
#[allow(clippy::too_many_arguments, reason = "the parts of one decision, each by its own name")]
async fn write_items(
    tx: &mut Tx,
    context: &Context,
    group: &[MappingPlan],
    works: &mut [Work],
    names: &[String],
    heads: &HashMap<String, Head>,
    mut open: HashMap<String, Vec<OpenItem>>,
    came: &mut Came,
) -> store::Result<()> {
    overtake_open(works, names);
    let (mut writes, mut closes, mut again) = (Vec::new(), Vec::new(), Vec::new());
    let own: HashSet<ItemKey> = works.iter().filter(|w| w.reopened).map(|w| w.key).collect();
    // What is filtered says nothing of what was open before it, unless it says that the record is gone.
    let gone = |w: &Work| w.item.withdraw || w.item.identity.is_some() && loses(&group[w.mapping]);
    let says = |w: &Work| !w.item.filtered || w.reopened || gone(w);
    let mut order: Vec<usize> = (0..works.len()).filter(|i| says(&works[*i])).collect();
    order.sort_unstable_by_key(|i| works[*i].key);
    for index in order {
        let work = &mut works[index];
        let older = open.get_mut(&names[index]);
        if work.is_open() && !work.reopened {
            let known = older.as_ref().and_then(|o| o.iter().rev().find(|o| !own.contains(&o.key)));
            if let Some(known) = known.filter(|k| k.print == work.print && k.key.mapping == work.key.mapping) {
                // It joins that item, which now is what this mapping makes of the row.
                again.push((known.key, work.key.position));
                let key = known.key;
                keep(work, key, &names[index], &group[work.mapping], context.now_us, &mut writes, came);
                work.outcome = Outcome::Unchanged;
                continue;
            }
            let overtaken = heads.get(&names[index]).is_some_and(|h| overtakes(h, work))
                || known.is_some_and(|k| !is_older((k.version, k.key.position), work));
            if overtaken {
                work.outcome = Outcome::Superseded;
                continue;
            }
        }
        if work.is_open() || work.is_good() || work.outcome == Outcome::Unchanged || work.item.filtered && gone(work) {
            // A later item closes what was open before it.
            for item in older.into_iter().flatten() {
                if is_older((item.version, item.key.position), work) && !own.contains(&item.key) {
                    closes.push((item.key, Outcome::Superseded));
                }
            }
        }
        if work.is_open() {
            let key = work.key;
            keep(work, key, &names[index], &group[work.mapping], context.now_us, &mut writes, came);
        } else if work.reopened {
            closes.push((work.key, work.outcome));
        }
    }
    store::item_write(tx, writes).await?;
    store::item_close(tx, closes, context.now_us).await?;
    store::item_seen_again(tx, again, context.now_us).await
}

/// Of items of one record that stay open the newest does alone. One that waits, or lost its key, was good until then,
/// so that a bad one after it was not seen as overtaking it.
fn overtake_open(works: &mut [Work], names: &[String]) {
    let mut newest: HashMap<&str, usize> = HashMap::new();
    for index in (0..works.len()).filter(|i| works[*i].is_open()).collect::<Vec<_>>() {
        let Some(before) = newest.insert(&names[index], index) else { continue };
        let place = |w: &Work| (w.item.version, w.key.position);
        if is_older(place(&works[before]), &works[index]) {
            works[before].outcome = Outcome::Superseded;
        } else {
            works[index].outcome = Outcome::Superseded;
            newest.insert(&names[index], before);
        }
    }
}

/// Writes an open item under its key, which may be that of the item it joins.
fn keep(
    work: &mut Work,
    key: ItemKey,
    name: &str,
    plan: &MappingPlan,
    now_us: i64,
    writes: &mut Vec<ItemWrite>,
    came: &mut Came,
) {
    if work.outcome == Outcome::Waiting || work.needs.iter().any(|n| n.free) {
        came.waiting.push(key);
    }
    writes.push(ItemWrite {
        key,
        scope: plan.scope,
        identity: name.to_owned(),
        version: work.item.version,
        print: work.print.to_vec(),
        state: work.outcome,
        revision: plan.revision,
        now_us,
        reasons: reasons_text(&work.item.reasons),
        needs: std::mem::take(&mut work.needs),
    });
}

/// True: the record's head is newer than a bad item.
fn overtakes(head: &Head, work: &Work) -> bool {
    !is_older((head.order.version, head.order.position), work)
}

/// True: what has this version and position comes before the item. Where a version is missing or could not be read,
/// only the positions can be compared.
fn is_older((version, position): (i64, i64), work: &Work) -> bool {
    if version == 0 || work.item.version == 0 {
        return position < work.key.position;
    }
    (version, position) < (work.item.version, work.key.position)
}
