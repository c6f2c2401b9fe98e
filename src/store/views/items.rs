//! Items that could not become records yet, as a person sees them.

use super::super::{Conn, ItemKey, Result};

/// An item with its reasons.
#[derive(Debug, Clone)]
pub struct ItemView {
    pub key: ItemKey,
    pub mapping: String,
    /// Empty for rows that could not be read.
    pub dataset: String,
    pub system: String,
    /// The record's identity; where it cannot be told, U+0001 and the row's digest.
    pub identity: String,
    /// waiting, quarantined; or what became of it.
    pub state: String,
    pub revision: i64,
    /// How often the same row was read.
    pub seen: i64,
    pub first_us: i64,
    pub last_us: i64,
    /// JSON list of reasons.
    pub reasons: String,
    pub job: String,
    pub run: i64,
}

/// Which items a list shows; an empty text is no filter.
#[derive(Debug, Clone, Default)]
pub struct ItemFilter {
    /// waiting or quarantined.
    pub state: String,
    pub job: String,
    pub mapping: String,
    pub dataset: String,
}

/// Open items in the order in which they came in, until `each` says that it is enough. Walks the items.
pub fn item_views(c: &mut Conn, filter: &ItemFilter, mut each: impl FnMut(ItemView) -> bool) -> Result<()> {
    const OPEN: &str = "select i.position, i.mapping, i.element, m.name, m.dataset, s.system, i.identity, i.state,
            i.revision, i.seen, i.first_us, i.last_us, i.reasons, j.name, b.run
        from item i join mapping m on m.id = i.mapping join scope s on s.id = i.scope
        join batch b on b.number = i.position >> 16 join job j on j.id = b.job
        where i.state in ('waiting', 'quarantined') and ($1 = '' or i.state = $1) and ($2 = '' or j.name = $2)
            and ($3 = '' or m.name = $3) and ($4 = '' or m.dataset = $4)
        order by i.position, i.mapping, i.element";
    let mut statement = c.prepare(OPEN)?;
    let mut rows = statement.query((&filter.state, &filter.job, &filter.mapping, &filter.dataset))?;
    while let Some(row) = rows.next()? {
        if !each(item_read(row)?) {
            break;
        }
    }
    Ok(())
}

/// All items of one row, whatever became of them.
pub fn item_row(c: &mut Conn, position: i64) -> Result<Vec<ItemView>> {
    const FIND: &str = "select i.position, i.mapping, i.element, m.name, m.dataset, s.system, i.identity, i.state,
            i.revision, i.seen, i.first_us, i.last_us, i.reasons, j.name, b.run
        from item i join mapping m on m.id = i.mapping join scope s on s.id = i.scope
        join batch b on b.number = i.position >> 16 join job j on j.id = b.job
        where i.position = $1 order by i.mapping, i.element";
    c.rows(FIND, [position], item_read)
}

/// Open items of a source's own key: rows whose record is not there yet, or whose newest row is held up.
pub fn item_identity(c: &mut Conn, identity: &str, scope: Option<i64>, limit: i64) -> Result<Vec<ItemView>> {
    const FIND: &str = "select i.position, i.mapping, i.element, m.name, m.dataset, s.system, i.identity, i.state,
            i.revision, i.seen, i.first_us, i.last_us, i.reasons, j.name, b.run
        from scope s cross join item i on i.scope = s.id and i.identity = $1 and i.state in ('waiting', 'quarantined')
        join mapping m on m.id = i.mapping
        join batch b on b.number = i.position >> 16 join job j on j.id = b.job
        where $2 is null or s.id = $2 order by i.position, i.mapping, i.element limit $3";
    c.rows(FIND, (identity, scope, limit), item_read)
}

/// One thing that an item waits for.
#[derive(Debug, Clone)]
pub struct NeedView {
    /// 0: by itself; of one group, one is enough.
    pub grp: i64,
    pub dataset: String,
    /// Field names joined by commas, or `key`.
    pub name: String,
    pub value: String,
    /// True: the key belongs to another record and must become free.
    pub free: bool,
}

/// What an item waits for.
pub fn item_needs(c: &mut Conn, key: ItemKey) -> Result<Vec<NeedView>> {
    const FIND: &str = "select n.grp, s.dataset, s.name, n.value, n.free from item_need n join slot s on s.id = n.slot
        where n.position = $1 and n.mapping = $2 and n.element = $3 order by n.grp, n.slot, n.value";
    c.rows(FIND, (key.position, key.mapping, key.element), |r| {
        Ok(NeedView { grp: r.get(0)?, dataset: r.get(1)?, name: r.get(2)?, value: r.get(3)?, free: r.get(4)? })
    })
}

/// How many items wait for a value of an index.
pub fn item_waiting_for(c: &mut Conn, slot: i64, value: &str) -> Result<i64> {
    const COUNT: &str = "select count(*) from item_need where slot = $1 and value = $2";
    Ok(c.row(COUNT, (slot, value), |r| r.get(0))?.unwrap_or_default())
}

fn item_read(r: &rusqlite::Row<'_>) -> rusqlite::Result<ItemView> {
    Ok(ItemView {
        key: ItemKey { position: r.get(0)?, mapping: r.get(1)?, element: r.get(2)? },
        mapping: r.get(3)?,
        dataset: r.get(4)?,
        system: r.get(5)?,
        identity: r.get(6)?,
        state: r.get(7)?,
        revision: r.get(8)?,
        seen: r.get(9)?,
        first_us: r.get(10)?,
        last_us: r.get(11)?,
        reasons: r.get(12)?,
        job: r.get(13)?,
        run: r.get(14)?,
    })
}
