//! The index and the references, against what the bodies say.
//!
//! Each value that a record must be found by is looked up, and each that is met is counted; if a slot then has as many
//! rows as were met, it has no others. Only where it has more are its rows gone through one by one.

use std::collections::{BTreeMap, BTreeSet};

use super::Run;
use super::records::{Values, draft_of};
use super::walk::{Cursor, Table};
use crate::pipeline::decide::shown;
use crate::pipeline::plan::{DatasetPlan, Pointed};
use crate::schema::Draft;
use crate::store::recount::{self, IndexRow, RecordRow, RefRow, VersionRow};
use crate::store::{self, KEY_SLOTS};

/// Rows that were met, by slot.
#[derive(Debug, Default)]
pub(super) struct Slots {
    index: BTreeMap<i64, i64>,
    earlier: BTreeMap<i64, i64>,
    refs: BTreeMap<i64, i64>,
}

const INDEX: Table<(i64, String, i64), IndexRow> = Table::new(
    "record_index",
    recount::index,
    |i| (i.slot, i.value.clone(), i.record),
    |(slot, value, record)| format!("slot={slot} value={} record={record}", shown(value)),
    || (i64::MIN, String::new(), i64::MIN),
);
const REFS: Table<(i64, String, i64, i64), RefRow> = Table::new(
    "record_ref",
    recount::refs,
    |r| (r.slot, r.value.clone(), r.record, r.grp),
    |(slot, value, record, grp)| format!("slot={slot} value={} record={record} grp={grp}", shown(value)),
    || (i64::MIN, String::new(), i64::MIN, i64::MIN),
);

/// What the index and the references must hold for one record.
pub(super) fn of_record(
    run: &mut Run<'_>,
    record: &RecordRow,
    plan: &DatasetPlan,
    values: &Values,
    newest: Option<&Draft>,
    last: &VersionRow,
) -> store::Result<()> {
    for (slot, value) in &values.present {
        match earlier(run, *slot, value, record.id)? {
            Some(0) => *run.slots.index.entry(*slot).or_default() += 1,
            found => lacks(run, *slot, value, record.id, found),
        }
    }
    for (slot, value) in &values.earlier {
        match earlier(run, *slot, value, record.id)? {
            Some(1) => *run.slots.earlier.entry(*slot).or_default() += 1,
            // A name that was added after the value was given up has no row for it; the key's is always there.
            None if *slot >= KEY_SLOTS => {}
            found => lacks(run, *slot, value, record.id, found),
        }
    }
    let Some(newest) = newest else { return Ok(()) };
    let pointed = plan.pointed(newest, false);
    let warns = run.plan_of_revision(last.mapping, last.order.revision).map(|own| own.mapping.parents_warn());
    let mut met = BTreeSet::new();
    for p in pointed.iter().filter(|p| !p.wide && met.insert((p.slot, p.value.clone(), p.grp))) {
        let key = format_args!("slot={} value={} record={} grp={}", p.slot, shown(&p.value), record.id, p.grp);
        let required = recount::ref_required(run.c, p.slot, &p.value, record.id, p.grp);
        let Some(required) = run.readable("record_ref", key, required)?.flatten() else {
            run.found.add(
                "record_ref",
                key,
                "记录指向此值，却没有引用的行",
                "the record points at this value, but there is no row of it",
            );
            continue;
        };
        *run.slots.refs.entry(p.slot).or_default() += 1;
        if !may_be(required, &pointed, p, record.version == 1, warns) {
            run.found.unknown("record_ref", key, "required", required);
        }
    }
    Ok(())
}

/// What *required* may say: as the relation does, unless the mapping lets missing parents pass. Two relations may point
/// at one value, and a mapping that has changed since may have let it pass.
fn may_be(required: i64, pointed: &[Pointed], p: &Pointed, is_first: bool, warns: Option<bool>) -> bool {
    let mut alike = pointed.iter().filter(|o| (o.slot, &o.value, o.grp) == (p.slot, &p.value, p.grp));
    match required {
        0 => !is_first || warns != Some(false) || alike.any(|o| !o.required),
        1 => warns != Some(true) && alike.any(|o| o.required),
        _ => false,
    }
}

/// Whether an index row says *earlier*; none if there is none.
fn earlier(run: &mut Run<'_>, slot: i64, value: &str, record: i64) -> store::Result<Option<i64>> {
    let key = format_args!("slot={slot} value={} record={record}", shown(value));
    let found = recount::index_earlier(run.c, slot, value, record);
    Ok(run.readable("record_index", key, found)?.flatten())
}

fn lacks(run: &mut Run<'_>, slot: i64, value: &str, record: i64, found: Option<i64>) {
    let key = format_args!("slot={slot} value={} record={record}", shown(value));
    match found {
        None => run.found.add(
            "record_index",
            key,
            "记录应由此值找到，索引中却没有",
            "the record must be found by this value, but the index lacks it",
        ),
        Some(earlier) => run.found.unknown("record_index", key, "earlier", earlier),
    }
}

/// Once every record has been judged: no slot has more rows than were met.
pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    let (mut index, mut earlier, mut refs) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    let mut left = Vec::new();
    let counts = recount::index_counts(run.c);
    for (slot, is_earlier, count) in run.readable("record_index", format_args!(""), counts)?.unwrap_or_default() {
        *if is_earlier == 0 { &mut index } else { &mut earlier }.entry(slot).or_default() += count;
        run.found.read("record_index", count as u64);
    }
    let counts = recount::ref_counts(run.c);
    for (slot, hold, past) in run.readable("record_ref", format_args!(""), counts)?.unwrap_or_default() {
        refs.insert(slot, hold);
        run.found.read("record_ref", (hold + past) as u64);
        left.extend((past > 0).then_some(slot));
    }
    let mut more: BTreeSet<i64> = surplus(&index, &run.slots.index).collect();
    more.extend(surplus(&earlier, &run.slots.earlier));
    for slot in more {
        index_rows(run, slot)?;
    }
    let more: BTreeSet<i64> = surplus(&refs, &run.slots.refs).collect();
    for slot in left.into_iter().filter(|slot| !more.contains(slot)) {
        ref_rows(run, slot, false)?;
    }
    for slot in more {
        ref_rows(run, slot, true)?;
    }
    Ok(())
}

/// Slots that have more rows than were met.
fn surplus<'m>(stored: &'m BTreeMap<i64, i64>, met: &'m BTreeMap<i64, i64>) -> impl Iterator<Item = i64> + 'm {
    stored.iter().filter(|(slot, count)| met.get(slot).copied().unwrap_or_default() < **count).map(|(slot, _)| *slot)
}

/// Goes through the rows of one slot for those that no record asks for.
fn index_rows(run: &mut Run<'_>, slot: i64) -> store::Result<()> {
    let mut cursor = Cursor::after(&INDEX, (slot, String::new(), i64::MIN));
    let is_named = run.names.slots.contains_key(&slot);
    while let Some(row) = cursor.next_if(run, |i| i.slot == slot)? {
        if run.found.is_full("record_index") {
            return Ok(());
        }
        let key = format_args!("slot={slot} value={} record={}", shown(&row.value), row.record);
        if !is_named {
            run.found.dangles("record_index", key, "slot", "slot");
            continue;
        }
        let Some(record) = recount::record(run.c, row.record)? else {
            run.found.dangles("record_index", key, "record", "record");
            continue;
        };
        let Some(values) = values_of(run, &record)? else { continue };
        // A slot that nothing asks for any more keeps the rows it had.
        let place = (slot, row.value.clone());
        let (set, word) = match row.earlier {
            0 => (&values.present, "earlier=0"),
            _ => (&values.earlier, "earlier=1"),
        };
        if !set.contains(&place) && is_asked(run, &record, slot) {
            run.found.add(
                "record_index",
                key,
                format!("没有版本要求这一行（{word}）"),
                format!("no version of the record asks for this row ({word})"),
            );
        }
    }
    Ok(())
}

/// True: the record's dataset has this slot today.
fn is_asked(run: &Run<'_>, record: &RecordRow, slot: i64) -> bool {
    let own = plan_of(run, record).is_some_and(|plan| plan.slots().any(|(own, _)| own == slot));
    // The slot of another dataset is never the record's.
    let dataset = run.names.scopes.get(&record.scope).map(|s| &s.dataset);
    own || run.names.slots.get(&slot).map(|s| &s.dataset) != dataset
}

fn plan_of<'h>(run: &Run<'h>, record: &RecordRow) -> Option<&'h DatasetPlan> {
    let dataset = &run.names.scopes.get(&record.scope)?.dataset;
    run.hub.plan.dataset(dataset).map(|plan| &**plan)
}

/// The index values of one record, from all its versions; none if they cannot be told.
fn values_of(run: &mut Run<'_>, record: &RecordRow) -> store::Result<Option<Values>> {
    let Some(plan) = plan_of(run, record) else { return Ok(None) };
    let mut values = Values::default();
    for (operation, body) in recount::bodies(run.c, record.id)? {
        if operation != "withdraw" {
            let Ok(draft) = draft_of(&plan.dataset, &body) else { return Ok(None) };
            values.add(plan, &draft);
        }
    }
    values.end(record.state == "live");
    Ok(Some(values))
}

/// Goes through the references to one slot for those that no record makes; through those of earlier versions alone
/// where those that hold are right (`all` false).
fn ref_rows(run: &mut Run<'_>, slot: i64, all: bool) -> store::Result<()> {
    let mut cursor = Cursor::after(&REFS, (slot, String::new(), i64::MIN, i64::MIN));
    while let Some(row) = cursor.next_if(run, |r| r.slot == slot)? {
        if run.found.is_full("record_ref") {
            return Ok(());
        }
        if !all && row.until_version == 0 {
            continue;
        }
        let key = format_args!("slot={slot} value={} record={} grp={}", shown(&row.value), row.record, row.grp);
        let Some(record) = recount::record(run.c, row.record)? else {
            run.found.dangles("record_ref", key, "record", "record");
            continue;
        };
        let Some(plan) = plan_of(run, &record) else { continue };
        let bodies = recount::bodies(run.c, record.id)?;
        // What points elsewhere by now did so until a version that is there.
        let body = match row.until_version {
            0 => bodies.into_iter().rfind(|(operation, _)| operation != "withdraw"),
            until => usize::try_from(until - 2).ok().and_then(|before| bodies.into_iter().nth(before)),
        };
        let pointed = match body.map(|(_, body)| draft_of(&plan.dataset, &body)) {
            Some(Ok(draft)) => plan.pointed(&draft, false),
            Some(Err(_)) => continue,
            None => Vec::new(),
        };
        if !pointed.iter().any(|p| (p.slot, &p.value, p.grp) == (row.slot, &row.value, row.grp)) {
            run.found.add("record_ref", key, "记录并不指向此值", "the record does not point at this value");
        }
    }
    Ok(())
}
