//! Items that were not final at settlement, and what they need.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Run;
use super::batches::{self, Expected, Made};
use super::remake::Remake;
use super::walk::{Cursor, Table};
use crate::pipeline::decide::shown;
use crate::pipeline::normalise::{nameless, row_print};
use crate::schema::{Level, Reason, ReasonCode};
use crate::store::recount::{self, ItemRow, NeedMet, NeedRow};
use crate::store::{self, KEY_SLOTS, Outcome};

type ItemKey = (i64, i64, i64);

const NEEDS: Table<(i64, i64, i64, i64, i64, String), NeedRow> = Table::new(
    "item_need",
    recount::needs,
    NeedRow::key,
    |k| format!("position={} mapping={} element={} grp={} slot={} value={}", k.0, k.1, k.2, k.3, k.4, shown(&k.5)),
    || (i64::MIN, i64::MIN, i64::MIN, i64::MIN, i64::MIN, String::new()),
);

/// Compares the items of a batch with its bytes, each with the other; what moved on to a version is expected there.
pub(super) fn of_batch<'h>(
    run: &mut Run<'h>,
    cursor: &mut Cursor<'_, ItemKey, ItemRow>,
    remake: &mut Remake<'_, 'h>,
    mut expected: Expected,
) -> store::Result<Expected> {
    let b = remake.batch;
    while let Some(item) = cursor.next_if(run, |i| i.position >> 16 <= b.number)? {
        if item.position >> 16 < b.number {
            // Without a batch: told already.
            continue;
        }
        let key = format_args!("position={} mapping={} element={}", item.position, item.mapping, item.element);
        let place = (item.position & 0xffff, item.mapping, item.element);
        match expected.open.get_mut(&place) {
            Some(met) => met.is_met = true,
            None => run.found.add(
                "item",
                key,
                "批次的结果中没有这一等待或隔离的条目",
                "no outcome of its batch says that it waited or was quarantined",
            ),
        }
        match Outcome::from_name(&item.state) {
            None => run.found.unknown("item", key, "state", &item.state),
            Some(state @ (Outcome::Accepted | Outcome::Withdrawn)) => {
                let is_withdrawal = state == Outcome::Withdrawn;
                let created_us = Some(item.last_us);
                expected.made.insert(place, Made { is_withdrawal, revision: None, created_us, is_met: false });
            }
            Some(_) => {}
        }
        reasons(run, key, &item)?;
        columns(run, key, &item, remake)?;
        batches::belongs(run, "item", key, b, item.scope, item.mapping);
    }
    for ((row, mapping, element), met) in expected.open.iter().filter(|(_, met)| !met.is_met) {
        let position = b.number << 16 | row;
        let (what, key) = (met.outcome.name(), format_args!("position={position} mapping={mapping} element={element}"));
        run.found.add(
            "item",
            key,
            format!("批次的结果记为 {what}，却没有这一条目的行"),
            format!("its batch says that it is {what}, but there is no row of it"),
        );
    }
    Ok(expected)
}

fn columns<'h>(
    run: &mut Run<'h>,
    key: fmt::Arguments<'_>,
    item: &ItemRow,
    remake: &mut Remake<'_, 'h>,
) -> store::Result<()> {
    if !run.names.mappings.contains_key(&item.mapping) {
        run.found.dangles("item", key, "mapping", "mapping");
    } else if !run.names.is_revision_of(item.revision, item.mapping, run.hub.row_mapping) {
        run.found.dangles("item", key, "revision", "revision");
    }
    if item.identity.is_empty() {
        run.found.unknown("item", key, "identity", &item.identity);
    }
    if item.seen < 1 {
        run.found.unknown("item", key, "seen", item.seen);
    }
    // A row that came once stands where it came; each further time is later.
    if (item.seen > 1) != (item.seen_at > item.position) || item.seen_at < item.position {
        run.found.unknown("item", key, "seen_at", item.seen_at);
    }
    run.names.drew("batch", item.seen_at >> 16);
    // Its row is written in the transaction that settles its batch.
    if let Some(settled_us) = remake.batch.settled_us.filter(|settled_us| *settled_us != item.first_us) {
        run.found.differs("item", key, "first_us", item.first_us, settled_us);
    }
    if item.last_us <= 0 {
        run.found.unknown("item", key, "last_us", item.last_us);
    }
    let row = (item.position & 0xffff) as usize;
    if let Some(rows) = remake.rows.filter(|rows| row < rows.len())
        && item.print != row_print(&rows.row(row))
    {
        run.found.add("item", key, "print 与原始行不符", "print is not the raw row's");
    }
    let made = remake.named(run, item)?;
    if let Some((_, version)) = made.as_ref().filter(|(_, version)| *version != item.version) {
        run.found.differs("item", key, "version", item.version, *version);
    }
    // An item under no identity is named by its row.
    let named = match item.identity.strip_prefix('\u{1}') {
        Some(_) => Some(nameless(&item.print)),
        None => made.and_then(|(identity, _)| identity),
    };
    if named.is_some_and(|named| named != item.identity) {
        run.found.add("item", key, "identity 与原始行不符", "identity is not the raw row's");
    }
    Ok(())
}

/// Reasons can be read; those of an item that is open are of its state, and are what it needs.
fn reasons(run: &mut Run<'_>, key: fmt::Arguments<'_>, item: &ItemRow) -> store::Result<()> {
    let Ok(reasons) = serde_json::from_str::<Vec<Reason>>(&item.reasons) else {
        run.found.add("item", key, "reasons 无法读取", "the reasons cannot be read");
        return Ok(());
    };
    match Outcome::from_name(&item.state) {
        Some(state @ (Outcome::Waiting | Outcome::Quarantined)) => open(run, key, item, state, &reasons),
        _ => Ok(()),
    }
}

fn open(
    run: &mut Run<'_>,
    key: fmt::Arguments<'_>,
    item: &ItemRow,
    state: Outcome,
    reasons: &[Reason],
) -> store::Result<()> {
    let is_refused = reasons.iter().any(|r| r.level == Level::Refuse);
    if reasons.is_empty() || is_refused != (state == Outcome::Quarantined) {
        let words = state.name();
        run.found.add(
            "item",
            key,
            format!("原因与状态 {words} 不符"),
            format!("the reasons are not those of an item that is {words}"),
        );
    }
    let needs = recount::item_needs(run.c, item.key())?;
    let told = |value: &str| shown(value).chars().take(VALUE_CHARS).collect::<String>();
    let needed: BTreeSet<String> = needs.iter().map(|n| told(&n.value)).collect();
    let is_need = |r: &&Reason| match state {
        Outcome::Waiting => matches!(r.code, ReasonCode::ParentWaiting | ReasonCode::LookupWaiting),
        _ => r.code == ReasonCode::KeyTaken,
    };
    let reasoned: BTreeSet<String> = reasons.iter().filter(is_need).map(|r| r.value.clone()).collect();
    if needed != reasoned {
        let differing = needed.symmetric_difference(&reasoned).next().cloned().unwrap_or_default();
        run.found.add(
            "item_need",
            key,
            format!("所需的值与条目的原因不符：“{differing}”"),
            format!("what it needs is not what its reasons say: \"{differing}\""),
        );
    } else if state == Outcome::Waiting && needs.is_empty() {
        run.found.add("item", key, "条目在等待，却没有所等之物", "it waits, but for nothing");
    } else if are_met(&needs) {
        run.found.note(
            "item",
            key,
            "所等之物已到，尚未放行：运行中的程序每分钟清查一次",
            "what it waits for is here, and it is not released yet: a running hub looks every minute",
        );
    }
    Ok(())
}

/// Longest value that a reason repeats, in characters (see `schema/reason.rs`).
const VALUE_CHARS: usize = 200;

/// Each need by itself, of a group one.
fn are_met(needs: &[NeedMet]) -> bool {
    let mut groups: BTreeMap<i64, bool> = BTreeMap::new();
    for need in needs.iter().filter(|n| n.grp != 0) {
        *groups.entry(need.grp).or_default() |= need.met;
    }
    !needs.is_empty() && needs.iter().all(|n| n.grp != 0 || n.met) && groups.values().all(|met| *met)
}

/// Needs, each for itself.
pub(super) fn needs_pass(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&NEEDS);
    while let Some(need) = cursor.next(run)? {
        let key = format_args!(
            "position={} mapping={} element={} grp={} slot={}",
            need.position, need.mapping, need.element, need.grp, need.slot
        );
        match need.state.as_deref().map(Outcome::from_name) {
            None => run.found.dangles("item_need", key, "position", "item"),
            Some(Some(Outcome::Waiting | Outcome::Quarantined)) => {}
            Some(_) => run.found.add("item_need", key, "条目已不在等待", "its item does not wait any more"),
        }
        if !run.names.slots.contains_key(&need.slot) {
            run.found.dangles("item_need", key, "slot", "slot");
        }
        if !matches!(need.free, 0 | 1) || need.free == 1 && need.slot >= KEY_SLOTS {
            run.found.unknown("item_need", key, "free", need.free);
        }
        if need.grp < 0 {
            run.found.unknown("item_need", key, "grp", need.grp);
        }
    }
    Ok(())
}
