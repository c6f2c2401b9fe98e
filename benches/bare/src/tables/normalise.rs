//! One transaction a batch: heads fetched as a set, what changed written row by row, the batch settled, the next taken.

use std::collections::HashMap;

use rusqlite::Connection;

use super::intake::{Batch, take};
use super::{Numbers, Tables, draw, execute, execute_all, execute_one, now_us, pairs, query, texts};
use crate::Result;
use crate::map::{Record, field_of, index_key};
use crate::target::Parents;

/// What a batch came to.
pub struct Settled {
    pub accepted: usize,
    pub unchanged: usize,
    pub next: Option<Batch>,
}

/// A record on its way to a version.
struct Work {
    /// Row in the batch.
    row: usize,
    /// 0: a new record.
    record: i64,
    version: i64,
    /// The body of the version before.
    old: Option<String>,
}

/// A value by which a record is found, or at which it points.
type Entry<'a> = (i64, &'a str, i64);

impl Tables {
    /// Writes what the records of a batch change. `records`: by target, in the order of the rows.
    pub fn normalise(&mut self, batch: i64, records: &[Vec<Record>]) -> Result<Settled> {
        let at_us = now_us();
        let (source, feed, epoch) = (self.source, self.feed, self.epoch);
        let tx = self.connection.transaction()?;
        let rows = records.first().map_or(0, Vec::len);
        let settle = "update batch set state = 'settled', done_to = ?2, settled_us = ?3
            where number = ?1 and state in ('offered', 'published')";
        execute_one(&tx, settle, (batch, rows as i64, at_us))?;
        demand_none(
            &tx,
            "select 1 from batch where state = 'published' and number < ?2 and source = ?1",
            (source, batch),
        )?;
        demand_none(&tx, "select 1 from item where state in ('waiting', 'quarantined')", [])?;
        let mut settled = Settled { accepted: 0, unchanged: 0, next: None };
        for (numbers, records) in self.targets.iter().zip(records) {
            let mut outcomes = vec![b'u'; records.len()];
            let mut works = changed(&tx, numbers, records, &mut outcomes)?;
            settled.accepted += works.len();
            settled.unchanged += outcomes.iter().filter(|o| **o == b'u').count();
            if !works.is_empty() {
                demand_neighbours(&tx, numbers, feed, records, &works)?;
                number(&tx, &mut works)?;
                write(&tx, numbers, feed, batch, at_us, records, &works)?;
            }
            write_outcomes(&tx, numbers, batch, &outcomes)?;
        }
        settled.next = take(&tx, epoch)?;
        tx.commit()?;
        Ok(settled)
    }
}

/// The records that are new or differ from their head; the last of one identity counts.
fn changed(tx: &Connection, numbers: &Numbers, records: &[Record], outcomes: &mut [u8]) -> Result<Vec<Work>> {
    let identity = |row: usize| records[row].kept(numbers.target.identity);
    let mut last = HashMap::with_capacity(records.len());
    for row in 0..records.len() {
        if let Some(overtaken) = last.insert(identity(row), row) {
            outcomes[overtaken] = b's';
        }
    }
    let mut heads = vec![(0, 0, false); records.len()];
    query(
        tx,
        "select x.key, r.id, r.version, r.fingerprint, r.state from json_each(?2) x
            cross join record r on r.scope = ?1 and r.identity = x.value",
        (numbers.scope, texts((0..records.len()).map(identity))),
        |r| {
            let row = r.get::<_, u32>(0)? as usize;
            let same = r.get_ref(3)?.as_blob()? == records[row].fingerprint && r.get_ref(4)?.as_str()? == "live";
            heads[row] = (r.get(1)?, r.get(2)?, same);
            Ok(())
        },
    )?;
    let mut works = Vec::with_capacity(records.len());
    for (row, (record, version, same)) in heads.into_iter().enumerate() {
        if outcomes[row] == b's' || same {
            continue;
        }
        outcomes[row] = b'a';
        works.push(Work { row, record, version: version + 1, old: None });
    }
    let known = works.iter().enumerate().filter(|(_, w)| w.record != 0);
    let wanted = pairs(known.clone().map(|(_, w)| (w.record, w.version - 1)));
    let places: Vec<usize> = known.map(|(place, _)| place).collect();
    if !places.is_empty() {
        query(
            tx,
            "select x.key, v.body from json_each(?1) x
                cross join version v on v.record = x.value ->> 0 and v.version = x.value ->> 1",
            [wanted],
            |r| {
                works[places[r.get::<_, u32>(0)? as usize]].old = Some(r.get(1)?);
                Ok(())
            },
        )?;
    }
    Ok(works)
}

/// Sees that every key is free and every parent is here and at the target: the workload has no other case.
fn demand_neighbours(tx: &Connection, numbers: &Numbers, feed: i64, records: &[Record], works: &[Work]) -> Result<()> {
    let mut new_keys = Vec::with_capacity(works.len());
    for work in works {
        let key = &records[work.row].key;
        if work.old.as_deref().map(|old| old_key(numbers, old)).transpose()?.as_ref() != Some(key) {
            new_keys.push(key.as_str());
        }
    }
    if !new_keys.is_empty() {
        let owners = "select 1 from json_each(?2) x
            cross join record_index i on i.slot = ?1 and i.value = x.value and i.earlier = 0";
        demand_none(tx, owners, (numbers.key_slot, texts(new_keys.into_iter())))?;
    }
    for (slot, points_at) in
        numbers.parent_slots.iter().zip(numbers.target.points_at).filter(|(_, p)| p.parents != Parents::Nowhere)
    {
        let mut wanted: Vec<&str> = works.iter().map(|w| records[w.row].kept(points_at.kept)).collect();
        wanted.sort_unstable();
        wanted.dedup();
        let mut present = 0;
        query(
            tx,
            "select x.key, max(r.state = 'live'), max(d.at_target = 'present') from json_each(?3) x
                cross join record_index i on i.slot = ?1 and i.value = x.value cross join record r on r.id = i.record
                cross join delivery d on d.feed = ?2 and d.record = i.record group by 1",
            (slot, feed, texts(wanted.iter().copied())),
            |r| {
                let is_delivered = points_at.parents == Parents::Stored || r.get(2)?;
                present += usize::from(r.get::<_, bool>(1)? && is_delivered);
                Ok(())
            },
        )?;
        if present < wanted.len() {
            return Err(format!("{} of {} {} are missing", wanted.len() - present, wanted.len(), points_at.code).into());
        }
    }
    Ok(())
}

fn demand_none(tx: &Connection, sql: &str, args: impl rusqlite::Params) -> Result<()> {
    match tx.prepare_cached(sql)?.exists(args)? {
        false => Ok(()),
        true => Err(format!("the workload is not clean: {sql}").into()),
    }
}

fn old_key(numbers: &Numbers, body: &str) -> Result<String> {
    let parts =
        numbers.target.key.iter().map(|kept| field_of(body, numbers.target, *kept)).collect::<Result<Vec<_>>>()?;
    index_key(&parts)
}

/// Gives new records their numbers, in the order in which they came.
fn number(tx: &Connection, works: &mut [Work]) -> Result<()> {
    let new = works.iter().filter(|w| w.record == 0).count();
    if new > 0 {
        let first = draw(tx, "record", new)?;
        for (next, work) in (first..).zip(works.iter_mut().filter(|w| w.record == 0)) {
            work.record = next;
        }
    }
    works.sort_unstable_by_key(|w| w.record);
    Ok(())
}

fn write(
    tx: &Connection,
    numbers: &Numbers,
    feed: i64,
    batch: i64,
    at_us: i64,
    records: &[Record],
    works: &[Work],
) -> Result<()> {
    write_index(tx, numbers, records, works)?;
    write_refs(tx, numbers, records, works)?;
    let (scope, revision, mapping) = (numbers.scope, numbers.revision, numbers.mapping);
    let position = |w: &Work| batch << 16 | w.row as i64;
    let print = |w: &Work| &records[w.row].fingerprint[..];
    // It maps every row that it meets, so that what a row was made of need not be true here; it only fills its place.
    let add = "insert into record
            (id, scope, identity, state, version, ord_version, ord_position, ord_revision, fingerprint,
            made_of)
        values (?1, ?2, ?3, 'live', 1, 0, ?4, ?5, ?6, ?7)";
    let identity = |w: &Work| records[w.row].kept(numbers.target.identity);
    let new = works.iter().filter(|w| w.version == 1);
    execute_all(tx, add, new.map(|w| (w.record, scope, identity(w), position(w), revision, print(w), print(w))))?;
    let set = "update record set state = 'live', version = ?2, ord_version = 0, ord_position = ?3, ord_revision = ?4,
            fingerprint = ?5, made_of = ?6
        where id = ?1 and version = ?2 - 1
            and case when ord_position = ?3 then ord_revision < ?4 else (ord_version, ord_position) < (0, ?3) end";
    let known = works.iter().filter(|w| w.version > 1);
    execute_all(tx, set, known.map(|w| (w.record, w.version, position(w), revision, print(w), print(w))))?;
    let version = "insert into version
            (record, version, ord_version, position, revision, mapping, element, operation, created_us, looked_at, notes,
            body)
        values (?1, ?2, 0, ?3, ?4, ?5, 0, ?6, ?7, '', '', ?8)";
    let operation = |w: &Work| if w.version == 1 { "insert" } else { "update" };
    let version_row = |w: &Work| {
        let body = records[w.row].body.as_str();
        (w.record, w.version, position(w), revision, mapping, operation(w), at_us, body)
    };
    execute_all(tx, version, works.iter().map(version_row))?;
    let raise = "insert into delivery (feed, record, wanted_version, accepted_version, at_target, accepted_operation,
            state, due_us, tries, node, epoch, attempt, request, number, why)
        values (?1, ?2, ?3, 0, 'absent', '', 'due', ?4, 0, '', 0, 0, 0, '', '')
        on conflict (feed, record) do update set wanted_version = excluded.wanted_version,
            due_us = iif(state in ('sending', 'unknown', 'withheld'), due_us, excluded.due_us),
            tries = iif(state in ('sending', 'unknown', 'withheld'), tries, 0),
            why = iif(state in ('sending', 'unknown', 'withheld'), why, ''),
            state = iif(state in ('sending', 'unknown', 'withheld'), state, 'due')
        where delivery.wanted_version < excluded.wanted_version";
    execute_all(tx, raise, works.iter().map(|w| (feed, w.record, w.version, at_us)))
}

fn write_index(tx: &Connection, numbers: &Numbers, records: &[Record], works: &[Work]) -> Result<()> {
    let old_keys = old_keys(numbers, works)?;
    let (mut come, mut gone) = (Vec::with_capacity(works.len() * 6), Vec::new());
    for (work, old_key) in works.iter().zip(&old_keys) {
        let record = &records[work.row];
        differ(numbers.key_slot, work, &record.key, old_key.as_deref(), &mut come, &mut gone);
        for (slot, (_, kept)) in numbers.slots.iter().zip(numbers.target.index) {
            let old = work.old.as_deref().map(|old| field_of(old, numbers.target, *kept)).transpose()?;
            differ(*slot, work, record.kept(*kept), old, &mut come, &mut gone);
        }
    }
    for (slot, value, record) in gone {
        // A parent is still found by the key it had.
        let sql = match slot {
            slot if slot == numbers.key_slot => {
                "update record_index set earlier = 1 where slot = ?1 and value = ?2 and record = ?3"
            }
            _ => "delete from record_index where slot = ?1 and value = ?2 and record = ?3",
        };
        execute(tx, sql, (slot, value, record))?;
    }
    come.sort_unstable();
    let add = "insert into record_index (slot, value, record, earlier) values (?1, ?2, ?3, 0)
        on conflict (slot, value, record) do update set earlier = 0";
    execute_all(tx, add, come.into_iter())
}

fn old_keys(numbers: &Numbers, works: &[Work]) -> Result<Vec<Option<String>>> {
    works.iter().map(|w| w.old.as_deref().map(|old| old_key(numbers, old)).transpose()).collect()
}

fn write_refs(tx: &Connection, numbers: &Numbers, records: &[Record], works: &[Work]) -> Result<()> {
    for (slot, points_at) in numbers.parent_slots.iter().zip(numbers.target.points_at) {
        let (mut come, mut gone) = (Vec::with_capacity(works.len()), Vec::new());
        for work in works {
            let old = work.old.as_deref().map(|old| field_of(old, numbers.target, points_at.kept)).transpose()?;
            differ(*slot, work, records[work.row].kept(points_at.kept), old, &mut come, &mut gone);
        }
        for row in gone {
            let sql = "update record_ref set until_version = (select version + 1 from record where id = ?3)
                where slot = ?1 and value = ?2 and record = ?3 and grp = 0";
            execute(tx, sql, row)?;
        }
        come.sort_unstable();
        let add = "insert into record_ref (slot, value, record, grp, required, until_version)
                values (?1, ?2, ?3, 0, ?4, 0)
            on conflict (slot, value, record, grp) do update set required = excluded.required, until_version = 0";
        let required = points_at.required;
        execute_all(tx, add, come.into_iter().map(|(slot, value, record)| (slot, value, record, required)))?;
    }
    Ok(())
}

/// Notes what comes and goes where a value differs from the version before.
fn differ<'a>(
    slot: i64,
    work: &Work,
    new: &'a str,
    old: Option<&'a str>,
    come: &mut Vec<Entry<'a>>,
    gone: &mut Vec<Entry<'a>>,
) {
    if old != Some(new) {
        come.push((slot, new, work.record));
        gone.extend(old.map(|old| (slot, old, work.record)));
    }
}

fn write_outcomes(tx: &Connection, numbers: &Numbers, batch: i64, outcomes: &[u8]) -> Result<()> {
    let count = |outcome: u8| outcomes.iter().filter(|o| **o == outcome).count() as i64;
    let items = outcomes.len() as i64;
    execute(
        tx,
        "insert into batch_outcome (batch, mapping, revision, from_row, items, accepted, unchanged, superseded, withdrawn,
                filtered, waiting, quarantined, outcomes)
            values (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, 0, 0, 0, 0, ?8)",
        (
            batch,
            numbers.mapping,
            numbers.revision,
            items,
            count(b'a'),
            count(b'u'),
            count(b's'),
            zstd::bulk::compress(outcomes, 1)?,
        ),
    )?;
    Ok(())
}
