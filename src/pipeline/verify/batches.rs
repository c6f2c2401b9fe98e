//! Batches: outcome bytes unpacked and counted, rows decoded, and what stands at a batch's positions compared with its
//! bytes: an item for each that was not final, a version for each that was taken or withdrawn.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use adapter::Rows;

use super::Run;
use super::items;
use super::remake::Remake;
use super::walk::{Cursor, Table};
use crate::mapping::WhenLost;
use crate::pipeline::absent;
use crate::store::recount::{self, BatchRow, ItemRow, OutcomeRow};
use crate::store::{self, Outcome};

const BATCHES: Table<i64, BatchRow> = Table::by_number("batch", recount::batches, |b| b.number);
pub(super) const ITEMS: Table<(i64, i64, i64), ItemRow> = Table::new(
    "item",
    recount::items,
    ItemRow::key,
    |(position, mapping, element)| format!("position={position} mapping={mapping} element={element}"),
    || (i64::MIN, i64::MIN, i64::MIN),
);

/// Most rows without a batch that are looked for in each table.
const MISSING_MAX: i64 = 100;

/// Where an item stands: row, mapping, element.
pub(super) type Place = (i64, i64, i64);

/// What the bytes of a batch say must stand at its positions.
#[derive(Debug, Default)]
pub(super) struct Expected {
    /// Items that were not final, and whether their row was met.
    pub open: BTreeMap<Place, Met>,
    /// Versions, and whether they were met. With the revision, where the byte tells it.
    pub made: BTreeMap<Place, Made>,
}

#[derive(Debug)]
pub(super) struct Met {
    pub outcome: Outcome,
    pub is_met: bool,
}

#[derive(Debug)]
pub(super) struct Made {
    pub is_withdrawal: bool,
    /// None: the item moved on later, under whatever revision held then.
    pub revision: Option<i64>,
    /// When it was written: at settlement, or when the item moved on.
    pub created_us: Option<i64>,
    pub is_met: bool,
}

/// The mappings that one job had in one process, as its last batch shows them.
struct Alike {
    epoch: i64,
    batch: i64,
    mappings: BTreeSet<(i64, i64)>,
}

pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    for (table, number) in recount::batches_missing(run.c, MISSING_MAX)? {
        match table {
            "item" | "version" => run.found.dangles(table, format_args!("position={number}"), "position", "batch"),
            _ => run.found.dangles(table, format_args!("batch={number}"), "batch", "batch"),
        }
    }
    let mut items = Cursor::new(&ITEMS);
    let mut batches = Cursor::new(&BATCHES);
    let mut alike: HashMap<i64, Alike> = HashMap::new();
    while let Some(batch) = batches.next(run)? {
        let key = format_args!("number={}", batch.number);
        run.names.drew("batch", batch.number);
        run.names.drew("epoch", batch.epoch);
        columns(run, key, &batch)?;
        let rows = rows(run, &batch)?;
        let outcomes = recount::outcomes(run.c, batch.number);
        let Some(outcomes) = run.readable("batch_outcome", format_args!("batch={}", batch.number), outcomes)? else {
            continue;
        };
        run.found.read("batch_outcome", outcomes.len() as u64);
        let expected = match batch.state.as_str() {
            "settled" => settled(run, &batch, rows.as_ref(), &outcomes, &mut alike),
            _ => {
                for o in &outcomes {
                    let key = format_args!("batch={} mapping={} revision={}", batch.number, o.mapping, o.revision);
                    run.found.add("batch_outcome", key, "批次尚未结算，不应有结果", "the batch is not settled yet");
                }
                Expected::default()
            }
        };
        let mut remake = Remake::new(&batch, rows.as_ref());
        let expected = items::of_batch(run, &mut items, &mut remake, expected)?;
        versions(run, &mut remake, expected)?;
    }
    Ok(())
}

fn columns(run: &mut Run<'_>, key: fmt::Arguments<'_>, b: &BatchRow) -> store::Result<()> {
    if !run.names.sources.contains_key(&b.source) {
        run.found.dangles("batch", key, "source", "source");
    }
    if !run.names.jobs.contains_key(&b.job) {
        run.found.dangles("batch", key, "job", "job");
    }
    match recount::run_of(run.c, b.run)? {
        None => run.found.dangles("batch", key, "run", "run"),
        Some((job, _)) if job != b.job => run.found.differs("batch", key, "job", b.job, job),
        Some(_) => {}
    }
    if !matches!(b.kind.as_str(), "pull" | absent::KIND) {
        run.found.unknown("batch", key, "kind", &b.kind);
    }
    if !(1..=adapter::PAGE_ROWS_MAX as i64).contains(&b.rows) {
        run.found.unknown("batch", key, "rows", b.rows);
    }
    let (done_to, is_settled) = match b.state.as_str() {
        "settled" => (b.rows, true),
        "offered" | "published" | "abandoned" => (0, false),
        other => {
            run.found.unknown("batch", key, "state", other);
            return Ok(());
        }
    };
    if b.done_to != done_to {
        run.found.differs("batch", key, "done_to", b.done_to, done_to);
    }
    if is_settled != b.settled_us.is_some() {
        run.found.add("batch", key, "state 与 settled_us 不一致", "state and settled_us do not agree");
    }
    if b.attempts < i64::from(is_settled) {
        run.found.unknown("batch", key, "attempts", b.attempts);
    }
    if b.epoch < 1 || b.node.is_empty() {
        run.found.unknown("batch", key, "epoch", b.epoch);
    }
    if b.read_us <= 0 {
        run.found.unknown("batch", key, "read_us", b.read_us);
    }
    if !is_settled && b.unmapped != 0 {
        run.found.differs("batch", key, "unmapped", b.unmapped, 0);
    }
    Ok(())
}

/// The raw rows, which must be there, readable, and as many as the batch says.
fn rows(run: &mut Run<'_>, b: &BatchRow) -> store::Result<Option<Rows>> {
    let key = format_args!("batch={}", b.number);
    let packed = recount::packed_rows(run.c, b.number);
    let Some(packed) = run.readable("batch_rows", key, packed)? else { return Ok(None) };
    let Some(packed) = packed else {
        run.found.add("batch_rows", key, "批次的原始行不见了", "the rows of the batch are gone");
        return Ok(None);
    };
    run.found.read("batch_rows", 1);
    match Rows::decode(&packed) {
        Ok(rows) if rows.len() as i64 == b.rows => Ok(Some(rows)),
        Ok(rows) => {
            let (found, said) = (rows.len(), b.rows);
            run.found.add(
                "batch_rows",
                key,
                format!("存有 {found} 行，而批次记为 {said} 行"),
                format!("there are {found} rows, and the batch says {said}"),
            );
            Ok(None)
        }
        Err(why) => {
            run.found.add(
                "batch_rows",
                key,
                format!("原始行无法解开：{why}"),
                format!("the rows cannot be read: {why}"),
            );
            Ok(None)
        }
    }
}

/// What the mappings made of one row.
#[derive(Debug, Default, Clone, Copy)]
struct RowSeen {
    has_item: bool,
    /// Every item is filtered.
    is_filtered: bool,
    /// Every item is filtered, or came from a mapping whose loss withdraws what it once made.
    may_be_lost: bool,
}

fn settled(
    run: &mut Run<'_>,
    b: &BatchRow,
    rows: Option<&Rows>,
    outcomes: &[OutcomeRow],
    alike: &mut HashMap<i64, Alike>,
) -> Expected {
    let mut expected = Expected::default();
    let start = RowSeen { has_item: false, is_filtered: true, may_be_lost: true };
    let mut seen = vec![start; b.rows.clamp(0, adapter::PAGE_ROWS_MAX as i64) as usize];
    let mut mappings = BTreeSet::new();
    let mut is_whole = true;
    for (index, o) in outcomes.iter().enumerate() {
        let items = outcome_row(run, b, o);
        // A replay writes the bytes anew and keeps the old ones: the highest revision counts.
        if index > 0 && outcomes[index - 1].mapping == o.mapping {
            continue;
        }
        if o.mapping != run.hub.row_mapping {
            mappings.insert((o.mapping, o.revision));
        }
        let Some(items) = items else {
            is_whole = false;
            continue;
        };
        cover(run, b, o, rows, &items);
        let loses = run.plan(o.mapping).is_none_or(|(_, p)| p.mapping.when_lost() == WhenLost::Withdraw);
        for (row, element, outcome) in items {
            let Some(seen) = seen.get_mut(row as usize) else { continue };
            seen.has_item = true;
            seen.is_filtered &= outcome == Outcome::Filtered;
            seen.may_be_lost &= outcome == Outcome::Filtered
                || loses && matches!(outcome, Outcome::Withdrawn | Outcome::Unchanged | Outcome::Superseded);
            let place = (row.into(), o.mapping, element.into());
            match outcome {
                Outcome::Waiting | Outcome::Quarantined => {
                    expected.open.insert(place, Met { outcome, is_met: false });
                }
                Outcome::Accepted | Outcome::Withdrawn => {
                    let is_withdrawal = outcome == Outcome::Withdrawn;
                    let (revision, created_us) = (Some(o.revision), b.settled_us);
                    let made = Made { is_withdrawal, revision, created_us, is_met: false };
                    expected.made.insert(place, made);
                }
                _ => {}
            }
        }
    }
    if is_whole {
        every_row(run, b, &seen);
    }
    same_mappings(run, b, rows, mappings, alike);
    expected
}

/// Counts the bytes of one mapping over a batch; none if they are damaged.
fn outcome_row(run: &mut Run<'_>, b: &BatchRow, o: &OutcomeRow) -> Option<Vec<(u32, u32, Outcome)>> {
    let key = format_args!("batch={} mapping={} revision={}", b.number, o.mapping, o.revision);
    if !run.names.mappings.contains_key(&o.mapping) {
        run.found.dangles("batch_outcome", key, "mapping", "mapping");
    } else if !run.names.is_revision_of(o.revision, o.mapping, run.hub.row_mapping) {
        run.found.dangles("batch_outcome", key, "revision", "revision");
    }
    if o.from_row != 0 {
        run.found.unknown("batch_outcome", key, "from_row", o.from_row);
    }
    let Some(items) = store::outcomes_unpack(&o.packed) else {
        run.found.add("batch_outcome", key, "outcomes 无法解开", "the outcomes cannot be unpacked");
        return None;
    };
    if items.len() as i64 != o.items {
        run.found.differs("batch_outcome", key, "items", o.items, items.len() as i64);
    }
    let mut counted = [0; 8];
    for (_, _, outcome) in &items {
        counted[*outcome as usize] += 1;
    }
    for (outcome, (stored, counted)) in Outcome::ALL.iter().zip(o.counts.iter().chain(&[0]).zip(counted)) {
        if *stored != counted {
            run.found.differs("batch_outcome", key, outcome.name(), *stored, counted);
        }
    }
    Some(items)
}

/// Each mapping gives every row at least one item; rows that could not be read stand under the mapping `row` alone.
fn cover(run: &mut Run<'_>, b: &BatchRow, o: &OutcomeRow, rows: Option<&Rows>, items: &[(u32, u32, Outcome)]) {
    let key = format_args!("batch={} mapping={} revision={}", b.number, o.mapping, o.revision);
    if items.iter().any(|(row, ..)| i64::from(*row) >= b.rows) {
        run.found.add(
            "batch_outcome",
            key,
            "有结果属于批次之外的行",
            "there are outcomes of rows that the batch does not have",
        );
        return;
    }
    let (Some(rows), "pull") = (rows, b.kind.as_str()) else { return };
    let is_rows = o.mapping == run.hub.row_mapping;
    let met: BTreeSet<u32> = items.iter().map(|(row, ..)| *row).collect();
    let wrong = (0..rows.len()).find(|row| {
        let wanted = rows.row(*row).fault().is_some() == is_rows;
        met.contains(&(*row as u32)) != wanted
    });
    if let Some(row) = wrong {
        run.found.add(
            "batch_outcome",
            key,
            format!("第 {row} 行的结果缺失，或不应由此映射给出"),
            format!("row {row} has no outcome here, or should have none of this mapping"),
        );
    }
}

fn every_row(run: &mut Run<'_>, b: &BatchRow, seen: &[RowSeen]) {
    let key = format_args!("number={}", b.number);
    if let Some(row) = seen.iter().position(|s| !s.has_item) {
        run.found.add(
            "batch",
            key,
            format!("第 {row} 行没有任何映射的结果"),
            format!("row {row} has no outcome of any mapping"),
        );
        return;
    }
    let count = |is: fn(&RowSeen) -> bool| seen.iter().filter(|s| is(s)).count() as i64;
    let (least, most) = (count(|s| s.is_filtered), count(|s| s.may_be_lost));
    let (least, most) = if b.kind == absent::KIND { (0, 0) } else { (least, most.max(least)) };
    if !(least..=most).contains(&b.unmapped) {
        run.found.differs("batch", key, "unmapped", b.unmapped, least);
    }
}

/// One process gives all batches of a job to the same mappings, so an outcome row that is gone shows beside the others.
/// A batch alone in its process shows nothing.
fn same_mappings(
    run: &mut Run<'_>,
    b: &BatchRow,
    rows: Option<&Rows>,
    mappings: BTreeSet<(i64, i64)>,
    alike: &mut HashMap<i64, Alike>,
) {
    let has_good_rows = rows.is_some_and(|rows| rows.iter().any(|row| row.fault().is_none()));
    if b.kind != "pull" || !has_good_rows {
        return;
    }
    if let Some(before) = alike.get(&b.job).filter(|before| before.epoch == b.epoch) {
        let lack = |batch, has: &BTreeSet<(i64, i64)>, others: &BTreeSet<(i64, i64)>| {
            others.difference(has).map(|(mapping, revision)| (batch, *mapping, *revision)).collect::<Vec<_>>()
        };
        let mut lacking = lack(b.number, &mappings, &before.mappings);
        lacking.extend(lack(before.batch, &before.mappings, &mappings));
        for (batch, mapping, revision) in lacking {
            run.found.add(
                "batch_outcome",
                format_args!("batch={batch} mapping={mapping} revision={revision}"),
                "同一任务的其他批次有此映射的结果，此批次没有",
                "other batches of the job have outcomes of this mapping, and this one has none",
            );
        }
    }
    alike.insert(b.job, Alike { epoch: b.epoch, batch: b.number, mappings });
}

const VERSIONS_AT_ONCE: i64 = 1_000;

/// The versions at a batch's positions are those that its bytes and moved items say were made.
fn versions<'h>(run: &mut Run<'h>, remake: &mut Remake<'_, 'h>, mut expected: Expected) -> store::Result<()> {
    let mut after = (i64::MIN, i64::MIN);
    let b = remake.batch;
    loop {
        let made = recount::versions_made(run.c, b.number, after, VERSIONS_AT_ONCE);
        let Some(made) = run.readable("version", format_args!("position>={}", b.number << 16), made)? else {
            return Ok(());
        };
        let Some(last) = made.last() else { break };
        after = (last.position, last.rowid);
        for v in made {
            let key = format_args!("record={} version={}", v.record, v.version);
            let place = (v.position & 0xffff, v.mapping, v.element);
            match expected.made.get_mut(&place) {
                None => run.found.add(
                    "version",
                    key,
                    format!("批次 {} 的结果中没有产生这一版本的条目", b.number),
                    format!("no outcome of batch {} says that this version was made", b.number),
                ),
                Some(made) if made.is_met => {
                    run.found.add("version", key, "同一条目产生了两个版本", "its item has made another version already")
                }
                Some(made) => {
                    made.is_met = true;
                    if made.is_withdrawal != (v.operation == "withdraw") {
                        run.found.unknown("version", key, "operation", &v.operation);
                    }
                    if let Some(revision) = made.revision.filter(|revision| *revision != v.revision) {
                        run.found.differs("version", key, "revision", v.revision, revision);
                    }
                    if let Some(created_us) = made.created_us.filter(|created_us| *created_us != v.created_us) {
                        run.found.differs("version", key, "created_us", v.created_us, created_us);
                    }
                }
            }
            if let Some((scope, identity)) = &v.of {
                belongs(run, "record", format_args!("id={}", v.record), b, *scope, v.mapping);
                remake.compare(run, &v, identity)?;
            }
        }
    }
    for ((row, mapping, element), made) in expected.made.iter().filter(|(_, made)| !made.is_met) {
        let position = b.number << 16 | row;
        let what = if made.is_withdrawal { "withdrawn" } else { "accepted" };
        run.found.add(
            "version",
            format_args!("position={position} mapping={mapping} element={element}"),
            format!("该条目记为 {what}，却没有相应的版本"),
            format!("its item came to {what}, but there is no such version"),
        );
    }
    Ok(())
}

/// What a batch made stands in the system of its job and the dataset of its mapping.
pub(super) fn belongs(
    run: &mut Run<'_>,
    table: &'static str,
    key: fmt::Arguments<'_>,
    b: &BatchRow,
    scope: i64,
    mapping: i64,
) {
    let (Some(scope), Some(mapping)) = (run.names.scopes.get(&scope), run.names.mappings.get(&mapping)) else {
        return run.found.dangles(table, key, "scope", "scope");
    };
    let system = run.names.system_of_job(b.job);
    if scope.dataset != mapping.dataset || system.is_some_and(|system| system != scope.system) {
        let (dataset, system) = (mapping.dataset.clone(), system.unwrap_or_default().to_owned());
        run.found.add(
            table,
            key,
            format!("scope 属于别的系统或数据集，应为 {system} {dataset}"),
            format!("its scope is of another system or dataset than {system} {dataset}"),
        );
    }
}
