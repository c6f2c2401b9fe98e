//! Batches, their outcomes, and the items that were not final.

use super::{Conn, Result};

#[derive(Debug, Clone)]
pub struct BatchRow {
    pub number: i64,
    pub source: i64,
    pub job: i64,
    pub run: i64,
    pub kind: String,
    pub state: String,
    pub rows: i64,
    pub unmapped: i64,
    pub done_to: i64,
    pub attempts: i64,
    pub node: String,
    pub epoch: i64,
    pub read_us: i64,
    pub settled_us: Option<i64>,
}

pub fn batches(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<BatchRow>> {
    const READ: &str = "select number, source, job, run, kind, state, rows, unmapped, done_to, attempts, node, epoch,
            read_us, settled_us
        from batch where number > $1 order by number limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(BatchRow {
            number: r.get(0)?,
            source: r.get(1)?,
            job: r.get(2)?,
            run: r.get(3)?,
            kind: r.get(4)?,
            state: r.get(5)?,
            rows: r.get(6)?,
            unmapped: r.get(7)?,
            done_to: r.get(8)?,
            attempts: r.get(9)?,
            node: r.get(10)?,
            epoch: r.get(11)?,
            read_us: r.get(12)?,
            settled_us: r.get(13)?,
        })
    })
}

/// The packed rows of a batch.
pub fn packed_rows(c: &mut Conn, batch: i64) -> Result<Option<Vec<u8>>> {
    const FIND: &str = "select rows from batch_rows where batch = $1";
    c.row(FIND, [batch], |r| r.get(0))
}

/// Source of a batch.
pub fn batch_source(c: &mut Conn, batch: i64) -> Result<Option<i64>> {
    const FIND: &str = "select source from batch where number = $1";
    c.row(FIND, [batch], |r| r.get(0))
}

/// The batch of a source that came before one.
pub fn batch_before(c: &mut Conn, source: i64, batch: i64) -> Result<Option<i64>> {
    const FIND: &str = "select number from batch where number < $2 and source = $1 and kind <> 'absent'
        order by number desc limit 1";
    c.row(FIND, (source, batch), |r| r.get(0))
}

/// Numbers in these tables that no batch has: at most so many of each.
pub fn batches_missing(c: &mut Conn, limit: i64) -> Result<Vec<(&'static str, i64)>> {
    const ROWS: &str = "select batch from batch_rows o
        where not exists (select 1 from batch b where b.number = o.batch) limit $1";
    const OUTCOMES: &str = "select batch from batch_outcome o
        where not exists (select 1 from batch b where b.number = o.batch) limit $1";
    const ITEMS: &str = "select position from item o
        where not exists (select 1 from batch b where b.number = o.position >> 16) limit $1";
    const VERSIONS: &str = "select position from version o
        where not exists (select 1 from batch b where b.number = o.position >> 16) limit $1";
    let mut missing = Vec::new();
    for (table, sql) in [("batch_rows", ROWS), ("batch_outcome", OUTCOMES), ("item", ITEMS), ("version", VERSIONS)] {
        missing.extend(c.rows(sql, [limit], |r| Ok((table, r.get(0)?)))?);
    }
    Ok(missing)
}

#[derive(Debug, Clone)]
pub struct OutcomeRow {
    pub mapping: i64,
    pub revision: i64,
    pub from_row: i64,
    pub items: i64,
    /// Accepted, unchanged, superseded, withdrawn, filtered, waiting, quarantined.
    pub counts: [i64; 7],
    pub packed: Vec<u8>,
}

/// The outcomes of a batch, by mapping, the highest revision first.
pub fn outcomes(c: &mut Conn, batch: i64) -> Result<Vec<OutcomeRow>> {
    const READ: &str =
        "select mapping, revision, from_row, items, accepted, unchanged, superseded, withdrawn, filtered,
            waiting, quarantined, outcomes
        from batch_outcome where batch = $1 order by mapping, revision desc, from_row";
    c.rows(READ, [batch], |r| {
        let mut counts = [0; 7];
        for (i, count) in counts.iter_mut().enumerate() {
            *count = r.get(4 + i)?;
        }
        Ok(OutcomeRow {
            mapping: r.get(0)?,
            revision: r.get(1)?,
            from_row: r.get(2)?,
            items: r.get(3)?,
            counts,
            packed: r.get(11)?,
        })
    })
}

#[derive(Debug, Clone)]
pub struct ItemRow {
    pub position: i64,
    pub mapping: i64,
    pub element: i64,
    pub scope: i64,
    pub identity: String,
    pub version: i64,
    pub print: Vec<u8>,
    pub state: String,
    pub revision: i64,
    pub seen: i64,
    pub seen_at: i64,
    pub first_us: i64,
    pub last_us: i64,
    pub reasons: String,
}

impl ItemRow {
    pub fn key(&self) -> (i64, i64, i64) {
        (self.position, self.mapping, self.element)
    }
}

pub fn items(c: &mut Conn, after: &(i64, i64, i64), limit: i64, skip: i64) -> Result<Vec<ItemRow>> {
    const READ: &str = "select position, mapping, element, scope, identity, version, print, state, revision, seen,
            first_us, last_us, reasons, seen_at
        from item where (position, mapping, element) > ($1, $2, $3)
        order by position, mapping, element limit $4 offset $5";
    c.rows(READ, (after.0, after.1, after.2, limit, skip), |r| {
        Ok(ItemRow {
            position: r.get(0)?,
            mapping: r.get(1)?,
            element: r.get(2)?,
            scope: r.get(3)?,
            identity: r.get(4)?,
            version: r.get(5)?,
            print: r.get(6)?,
            state: r.get(7)?,
            revision: r.get(8)?,
            seen: r.get(9)?,
            first_us: r.get(10)?,
            last_us: r.get(11)?,
            reasons: r.get(12)?,
            seen_at: r.get(13)?,
        })
    })
}

/// A need, and whether it is met now.
#[derive(Debug, Clone)]
pub struct NeedMet {
    pub grp: i64,
    pub value: String,
    pub free: bool,
    pub met: bool,
}

/// The needs of an item, each looked up anew: a live record with the value, or a key that nobody has.
pub fn item_needs(c: &mut Conn, item: (i64, i64, i64)) -> Result<Vec<NeedMet>> {
    const NEEDS: &str = "select n.grp, n.value, n.free,
            exists (select 1 from record_index i cross join record r on r.id = i.record and r.state = 'live'
                where i.slot = n.slot and i.value = n.value),
            exists (select 1 from record_index i where i.slot = n.slot and i.value = n.value and i.earlier = 0)
        from item_need n where n.position = $1 and n.mapping = $2 and n.element = $3";
    c.rows(NEEDS, item, |r| {
        let free = r.get::<_, i64>(2)? == 1;
        let (is_live, is_owned) = (r.get::<_, bool>(3)?, r.get::<_, bool>(4)?);
        Ok(NeedMet { grp: r.get(0)?, value: r.get(1)?, free, met: if free { !is_owned } else { is_live } })
    })
}

#[derive(Debug, Clone)]
pub struct NeedRow {
    pub position: i64,
    pub mapping: i64,
    pub element: i64,
    pub grp: i64,
    pub slot: i64,
    pub value: String,
    pub free: i64,
    /// State of its item; none if there is no such item.
    pub state: Option<String>,
}

impl NeedRow {
    pub fn key(&self) -> (i64, i64, i64, i64, i64, String) {
        (self.position, self.mapping, self.element, self.grp, self.slot, self.value.clone())
    }
}

pub fn needs(c: &mut Conn, after: &(i64, i64, i64, i64, i64, String), limit: i64, skip: i64) -> Result<Vec<NeedRow>> {
    const READ: &str = "select n.position, n.mapping, n.element, n.grp, n.slot, n.value, n.free, i.state
        from item_need n
        left join item i on i.position = n.position and i.mapping = n.mapping and i.element = n.element
        where (n.position, n.mapping, n.element, n.grp, n.slot, n.value) > ($1, $2, $3, $4, $5, $6)
        order by n.position, n.mapping, n.element, n.grp, n.slot, n.value limit $7 offset $8";
    c.rows(READ, (after.0, after.1, after.2, after.3, after.4, &after.5, limit, skip), |r| {
        Ok(NeedRow {
            position: r.get(0)?,
            mapping: r.get(1)?,
            element: r.get(2)?,
            grp: r.get(3)?,
            slot: r.get(4)?,
            value: r.get(5)?,
            free: r.get(6)?,
            state: r.get(7)?,
        })
    })
}

/// A version as the batch that it came with sees it.
#[derive(Debug, Clone)]
pub struct MadeRow {
    pub rowid: i64,
    pub position: i64,
    pub mapping: i64,
    pub element: i64,
    pub revision: i64,
    pub record: i64,
    pub version: i64,
    pub ord_version: i64,
    pub operation: String,
    pub created_us: i64,
    pub looked_at: String,
    pub body: String,
    /// Scope and identity of its record; none if there is no such record.
    pub of: Option<(i64, String)>,
}

/// Versions made at the positions of a batch after one of them `(position, rowid)`.
pub fn versions_made(c: &mut Conn, batch: i64, after: (i64, i64), limit: i64) -> Result<Vec<MadeRow>> {
    const READ: &str =
        "select v.rowid, v.position, v.mapping, v.element, v.revision, v.record, v.version, v.ord_version,
            v.operation, v.created_us, v.looked_at, v.body, r.scope, r.identity
        from version v left join record r on r.id = v.record
        where v.position >= $1 and v.position < $2 and (v.position, v.rowid) > ($1, $3)
        order by v.position, v.rowid limit $4";
    let from = after.0.max(batch << 16);
    c.rows(READ, (from, (batch + 1) << 16, after.1, limit), |r| {
        let (scope, identity): (Option<i64>, Option<String>) = (r.get(12)?, r.get(13)?);
        Ok(MadeRow {
            rowid: r.get(0)?,
            position: r.get(1)?,
            mapping: r.get(2)?,
            element: r.get(3)?,
            revision: r.get(4)?,
            record: r.get(5)?,
            version: r.get(6)?,
            ord_version: r.get(7)?,
            operation: r.get(8)?,
            created_us: r.get(9)?,
            looked_at: r.get(10)?,
            body: r.get(11)?,
            of: scope.zip(identity),
        })
    })
}
