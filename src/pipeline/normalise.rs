//! Normalise: a batch of raw rows becomes record versions, owed deliveries, and items that wait or are quarantined.
//!
//! One transaction a batch. Mappings run in the order of their dataset's depth, and what one writes the next one
//! sees: a wide row does not wait for its own sibling. Rows fail alone: a panic while mapping a row quarantines that
//! row. Whether an item becomes a version is decided in `decide`, for fresh and for released items alike. What waits
//! is released in a step of its own after commit (`release`), never inside the transaction.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use adapter::{Cell, Fault, FaultKind, Row, Rows};

use super::decide::{self, Came, Work};
use super::{Hub, JobPlan, MappingPlan};
use crate::fault::{fault, planted};
use crate::mapping::{self, Found, FoundOne, Item};
use crate::schema::{self, Draft, Level, Reason, ReasonCode};
use crate::store::{self, Batch, ItemKey, ItemWrite, Outcome, Priority, StoreError, Tx};

/// A position: the order in which things came in.
pub fn position(batch: i64, row: u32) -> i64 {
    batch << 16 | i64::from(row)
}

/// The batch and row of a position.
pub fn batch_and_row(position: i64) -> (i64, u32) {
    (position >> 16, (position & 0xffff) as u32)
}

/// What one settled batch came to.
#[derive(Debug, Default)]
pub struct Settled {
    /// Items by outcome, in the order of [`Outcome::ALL`].
    pub counts: [u32; 8],
    pub came: Came,
    /// The next batch, claimed in the same transaction.
    pub next: Option<Batch>,
}

/// How often a batch is done again because another worker's commit came between.
const RACES_MAX: usize = 5;

/// Normalises one claimed batch and settles it. `None`: it was settled before (a redelivery).
pub async fn batch(hub: &Hub, batch: &Batch) -> store::Result<Option<Settled>> {
    let rows = Rows::decode(&batch.packed)?;
    for _ in 0..RACES_MAX {
        match once(hub, batch, &rows).await {
            Err(StoreError::Race) => tracing::debug!(batch = batch.number, "Another commit came between; again."),
            done => return done,
        }
    }
    Err(StoreError::Race)
}

async fn once(hub: &Hub, batch: &Batch, rows: &Rows) -> store::Result<Option<Settled>> {
    let now_us = store::now_us();
    let mut tx = hub.db.begin(Priority::Settle).await?;
    let mut settled = Settled::default();
    let count = rows.len() as u32;
    let mut outcomes = Vec::new();
    // Marked settled first, so that a redelivery ends here; the numbers are written again below.
    if !hub.queue.settle(&mut tx, batch.number, count, now_us).await? {
        return Ok(None);
    }
    if planted!("settled_before_written") {
        tx.commit().await?;
        tx = hub.db.begin(Priority::Settle).await?;
    }
    fault!("normalise.marked");
    let context = decide::Context {
        now_us,
        system: String::new(),
        older_open: store::batch_older_open(&mut tx, batch.source, batch.number).await?,
    };
    let mut mapped = vec![false; rows.len()];
    let prints: Vec<Print> = rows.iter().map(|row| row_print(&row)).collect();
    match hub.job(&batch.job) {
        Some(job) if batch.kind == super::absent::KIND => {
            let context = decide::Context { system: job.system.clone(), ..context };
            mapped.fill(true);
            for (plan, works) in super::absent::works(job, batch, rows) {
                let group = std::slice::from_ref(plan);
                let done = decide::decide(hub, &mut tx, &context, group, works, &mut settled.came).await?;
                outcomes.extend(done.iter().map(|w| (plan.number, plan.revision, w.row, w.key.element, w.outcome)));
            }
        }
        Some(job) => {
            let context = decide::Context { system: job.system.clone(), ..context };
            for group in groups(&job.mappings) {
                let mut works = Vec::with_capacity(rows.len());
                for (m, plan) in group.iter().enumerate() {
                    // Mappings that fill one scope together decide together what a row means.
                    let alone = group.len() == 1 && !context.older_open;
                    works.extend(items(&mut tx, plan, m, batch, rows, &prints, alone).await?);
                }
                if job.picture.is_some() {
                    see(&mut tx, batch.run, group, &works).await?;
                }
                let done = decide::decide(hub, &mut tx, &context, group, works, &mut settled.came).await?;
                fault!("normalise.decided");
                for work in done.iter().filter(|w| w.outcome != Outcome::Filtered) {
                    mapped[work.row as usize] = true;
                }
                outcomes
                    .extend(done.iter().map(|w| {
                        (group[w.mapping].number, group[w.mapping].revision, w.row, w.key.element, w.outcome)
                    }));
            }
            let broken = broken_rows(hub, &mut tx, job, batch, rows, now_us).await?;
            for (row, outcome) in broken {
                mapped[row as usize] = true;
                outcomes.push((hub.row_mapping, 0, row, 0, outcome));
            }
        }
        None => {
            return Err(StoreError::Impossible(format!(
                "job {} of batch {} is not configured",
                batch.job, batch.number
            )));
        }
    }
    let unmapped = mapped.iter().filter(|m| !**m).count() as u32;
    write_outcomes(&mut tx, batch.number, count, outcomes, &mut settled.counts).await?;
    fault!("normalise.outcomes");
    if unmapped > 0 {
        store::batch_unmapped(&mut tx, batch.number, unmapped).await?;
    }
    settled.next = hub.queue.next(&mut tx, &hub.node, hub.epoch).await?;
    fault!("normalise.claimed");
    tx.commit().await?;
    fault!("normalise.committed");
    Ok(Some(settled))
}

/// Neighbouring mappings that fill one scope are decided together: two mappings of one table split by `when` make
/// the same record, and the last of a batch wins among them.
fn groups(mappings: &[MappingPlan]) -> impl Iterator<Item = &[MappingPlan]> {
    mappings.chunk_by(|a, b| a.scope == b.scope)
}

/// All items that one mapping makes of a batch. `skip`: rows that made their record as it is need not be mapped.
async fn items(
    tx: &mut Tx,
    plan: &MappingPlan,
    mapping: usize,
    batch: &Batch,
    rows: &Rows,
    prints: &[Print],
    skip: bool,
) -> store::Result<Vec<Work>> {
    let bound = plan.bind(rows.columns())?;
    let meaning = meaning(plan, rows.columns());
    let made_of: Vec<Print> = prints.iter().map(|print| made_of(&meaning, *print)).collect();
    let mut known = if skip { known(tx, plan, &bound, batch, rows, &made_of).await? } else { HashMap::new() };
    let found = lookups(tx, plan, &bound, rows, batch.read_us).await?;
    let mut works = Vec::with_capacity(rows.len());
    let mut made = Vec::new();
    for index in 0..rows.len() {
        if rows.row(index).fault().is_some() {
            continue;
        }
        let work = |item: Item, outcome: Outcome| Work {
            row: index as u32,
            mapping,
            key: ItemKey {
                position: position(batch.number, index as u32),
                mapping: plan.number,
                element: item.element,
            },
            print: prints[index],
            made_of: made_of[index],
            reopened: false,
            outcome,
            item,
            needs: Vec::new(),
        };
        match known.remove(&index) {
            Some(item) => works.push(work(item, Outcome::Unchanged)),
            None => {
                let items = row_items(plan, &bound, rows, index, &found, batch.read_us, &mut made);
                works.extend(items.map(|item| work(item, Outcome::Filtered)));
            }
        }
    }
    Ok(works)
}

/// Rows whose record stands as they made it, with nothing in between: identity and version, by row.
async fn known(
    tx: &mut Tx,
    plan: &MappingPlan,
    bound: &mapping::Bound<'_>,
    batch: &Batch,
    rows: &Rows,
    made_of: &[Print],
) -> store::Result<HashMap<usize, Item>> {
    // What look-ups find may have changed, though the row has not.
    if !plan.mapping.has_identity() || plan.mapping.has_each() || !plan.mapping.lookups().is_empty() {
        return Ok(HashMap::new());
    }
    let mut by_identity: HashMap<String, Option<Item>> = HashMap::with_capacity(rows.len());
    for index in (0..rows.len()).filter(|index| rows.row(*index).fault().is_none()) {
        let Some(item) = bound.identified(rows, index, batch.read_us) else { continue };
        let identity = item.identity.clone().unwrap_or_default();
        // Of two rows with one identity the order decides.
        by_identity.entry(identity).and_modify(|twice| *twice = None).or_insert(Some(item));
    }
    let identities: Vec<&str> = by_identity.keys().map(String::as_str).collect();
    let heads = store::record_heads(tx, plan.scope, &identities).await?;
    let stands = |identity: &String, item: &Item| {
        let head = heads.get(identity)?;
        let same = head.live && head.made_of == made_of[item.row as usize] && head.order.version == item.version;
        same.then_some(item.row as usize)
    };
    Ok(by_identity
        .into_iter()
        .filter_map(|(identity, item)| {
            let item = item?;
            Some((stands(&identity, &item)?, item))
        })
        .collect())
}

/// What a row's meaning depends on beside its cells: its columns, the mapping with the part of the schema that it
/// uses, and this program.
pub(super) fn meaning(plan: &MappingPlan, columns: &[String]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&plan.mapping.digest()).update(env!("CARGO_PKG_VERSION").as_bytes());
    for column in columns {
        hasher.update(&[0]).update(column.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// See [`Work::made_of`].
pub(super) fn made_of(meaning: &[u8; 32], print: Print) -> Print {
    head_of(blake3::keyed_hash(meaning, &print))
}

/// The items of one row; a panic becomes a reason, so that one row never stops a batch.
pub(super) fn row_items<'a>(
    plan: &MappingPlan,
    bound: &mapping::Bound<'_>,
    rows: &Rows,
    row: usize,
    found: &Found,
    read_us: i64,
    made: &'a mut Vec<Item>,
) -> std::vec::Drain<'a, Item> {
    made.clear();
    let applied = catch_unwind(AssertUnwindSafe(|| bound.apply(rows, row, found, read_us, made)));
    if let Err(panic) = applied {
        let why = store::panic_text(&*panic);
        made.clear();
        made.push(Item {
            row: row as u32,
            draft: Draft::new(plan.mapping.dataset().fields.len()),
            reasons: vec![Reason::refuse(ReasonCode::Panicked, "", "", "", &[&why], "")],
            ..Item::default()
        });
    }
    if !plan.mapping.has_identity() {
        // Where the source has no key of its own, the standard's must do: also of a row that withdraws or is filtered.
        let key = &plan.plan.dataset.key;
        for item in made.iter_mut().filter(|i| i.draft.fields() > 0) {
            // A key that is not whole yet, because a part was refused or is looked up, names no record.
            let keyed =
                key.iter().any(|f| item.draft.get(*f).is_some()) && !key.iter().any(|f| item.failed.contains(f));
            item.identity = keyed.then(|| plan.plan.key_value(&item.draft));
        }
    }
    made.drain(..)
}

/// Answers a mapping's look-ups, one query each.
pub(super) async fn lookups(
    tx: &mut Tx,
    plan: &MappingPlan,
    bound: &mapping::Bound<'_>,
    rows: &Rows,
    read_us: i64,
) -> store::Result<Found> {
    if plan.mapping.lookups().is_empty() {
        return Ok(Found(Vec::new()));
    }
    let mut answers = Vec::new();
    for ((lookup, slot), values) in
        plan.mapping.lookups().iter().zip(&plan.lookup_slots).zip(bound.needs(rows, read_us))
    {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let mut by_value = HashMap::with_capacity(values.len());
        for (value, found) in store::index_bodies(tx, *slot, &values).await? {
            let answer = match &found[..] {
                [one] => {
                    let draft = schema::draft_of(&lookup.dataset, &one.body);
                    FoundOne::One {
                        record: one.record,
                        version: one.version,
                        value: draft.get(lookup.take).map(str::to_owned),
                    }
                }
                _ => FoundOne::Many,
            };
            by_value.insert(value, answer);
        }
        answers.push(by_value);
    }
    Ok(Found(answers))
}

/// A digest of a raw row's cells, by which the same row is known when it is read again.
pub type Print = [u8; 16];

pub(super) fn row_print(row: &Row<'_>) -> Print {
    let mut hasher = blake3::Hasher::new();
    if row.fault().is_some_and(|fault| fault.kind == FaultKind::FileUnreadable) {
        // It has no cells: what could not be read is the file.
        hasher.update(row.file().unwrap_or_default().as_bytes());
    }
    for index in 0..row.cells() {
        match row.cell(index) {
            Cell::Absent => hasher.update(&[0]),
            Cell::Text(text) => hasher.update(&[1]).update(&(text.len() as u32).to_le_bytes()).update(text.as_bytes()),
            Cell::Bytes(bytes) => hasher.update(&[2]).update(&(bytes.len() as u32).to_le_bytes()).update(bytes),
        };
    }
    head_of(hasher.finalize())
}

fn head_of(hash: blake3::Hash) -> Print {
    let mut head = Print::default();
    head.copy_from_slice(&hash.as_bytes()[..16]);
    head
}

/// The identity under which an item stands whose record cannot be told.
pub(super) fn nameless(print: &[u8]) -> String {
    print.iter().fold("\u{1}".to_owned(), |name, byte| name + &format!("{byte:02x}"))
}

/// Rows that could not be cut into cells: one quarantined item each, under the pseudo-mapping `row`.
async fn broken_rows(
    hub: &Hub,
    tx: &mut Tx,
    job: &JobPlan,
    batch: &Batch,
    rows: &Rows,
    now_us: i64,
) -> store::Result<Vec<(u32, Outcome)>> {
    let broken: Vec<(u32, Row<'_>, &Fault)> =
        rows.iter().enumerate().filter_map(|(i, row)| Some((i as u32, row, row.fault()?))).collect();
    if broken.is_empty() {
        return Ok(Vec::new());
    }
    let prints: Vec<Print> = broken.iter().map(|(_, row, _)| row_print(row)).collect();
    let names: Vec<String> = prints.iter().map(|p| nameless(p)).collect();
    let identities: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut open = store::item_open(tx, job.row_scope, &identities).await?;
    let (mut outcomes, mut writes, mut again) = (Vec::new(), Vec::new(), Vec::new());
    for (((row, cells, fault), print), identity) in broken.into_iter().zip(prints).zip(names) {
        let key = ItemKey { position: position(batch.number, row), mapping: hub.row_mapping, element: 0 };
        if let Some(known) = open.get(&identity).and_then(|items| items.last()) {
            again.push((known.key, key.position));
            outcomes.push((row, Outcome::Unchanged));
            continue;
        }
        open.insert(identity.clone(), vec![store::OpenItem { key, version: 0, print: print.to_vec() }]);
        let reasons = [fault_reason(fault, &cells)];
        writes.push(ItemWrite {
            key,
            scope: job.row_scope,
            identity,
            version: 0,
            print: print.to_vec(),
            state: Outcome::Quarantined,
            revision: 0,
            now_us,
            reasons: decide::reasons_text(&reasons),
            needs: Vec::new(),
        });
        outcomes.push((row, Outcome::Quarantined));
    }
    store::item_write(tx, writes).await?;
    store::item_seen_again(tx, again, now_us).await?;
    Ok(outcomes)
}

/// Why a row could not be cut into cells, as a reason.
pub fn fault_reason(fault: &Fault, row: &Row<'_>) -> Reason {
    let code = match fault.kind {
        FaultKind::Undecodable => ReasonCode::RowUndecodable,
        FaultKind::UnclosedQuote => ReasonCode::RowUnclosedQuote,
        FaultKind::Short => ReasonCode::RowShort,
        FaultKind::Long => ReasonCode::RowLong,
        FaultKind::TooLarge => ReasonCode::RowTooLarge,
        FaultKind::Malformed => ReasonCode::RowMalformed,
        FaultKind::FileUnreadable => ReasonCode::FileUnreadable,
    };
    let args: Vec<&str> = fault.args.iter().map(String::as_str).collect();
    let place = match (row.file(), row.place().line) {
        (Some(file), 0) => file.to_owned(),
        (Some(file), line) => format!("{file}:{line}"),
        (None, _) => String::new(),
    };
    Reason { level: Level::Refuse, ..Reason::refuse(code, &place, "", "", &args, "") }
}

async fn see(tx: &mut Tx, run: i64, group: &[MappingPlan], works: &[Work]) -> store::Result<()> {
    let seen = works.iter().filter_map(|w| Some((group[w.mapping].scope, w.item.identity.clone()?))).collect();
    store::seen_add(tx, run, seen).await
}

/// What became of one element of one row.
type RowOutcome = (u32, u32, Outcome);

/// Keeps one byte an item, by mapping.
async fn write_outcomes(
    tx: &mut Tx,
    batch: i64,
    rows: u32,
    outcomes: Vec<(i64, i64, u32, u32, Outcome)>,
    counts: &mut [u32; 8],
) -> store::Result<()> {
    let mut by_mapping: HashMap<(i64, i64), Vec<RowOutcome>> = HashMap::new();
    for (mapping, revision, row, element, outcome) in outcomes {
        counts[outcome as usize] += 1;
        by_mapping.entry((mapping, revision)).or_default().push((row, element, outcome));
    }
    let mut writes = Vec::with_capacity(by_mapping.len());
    for ((mapping, revision), mut items) in by_mapping {
        items.sort_unstable_by_key(|(row, element, _)| (*row, *element));
        let mut own = [0; 8];
        for (_, _, outcome) in &items {
            own[*outcome as usize] += 1;
        }
        writes.push(store::OutcomeWrite {
            batch,
            mapping,
            revision,
            items: items.len() as u32,
            counts: own,
            packed: store::outcomes_pack(&items, rows),
        });
    }
    writes.sort_unstable_by_key(|w| (w.mapping, w.revision));
    store::outcome_add(tx, writes).await
}
