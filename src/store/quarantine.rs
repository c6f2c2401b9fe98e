//! Items that could not become records yet: quarantined with every reason, or waiting for what they need.

use std::collections::HashMap;

use super::{Outcome, Result, Tx, json_set};

/// Which item: the row's position, the mapping, and the element of its `each`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemKey {
    pub position: i64,
    pub mapping: i64,
    pub element: u32,
}

/// An item to be kept open.
#[derive(Debug, Clone)]
pub struct ItemWrite {
    pub key: ItemKey,
    pub scope: i64,
    /// The record's identity; where it cannot be told, U+0001 and the row's digest.
    pub identity: String,
    /// The source's own version of the row; 0 where it has none or it could not be read.
    pub version: i64,
    /// Digest of the raw row: the same bad row read again joins its open item.
    pub print: Vec<u8>,
    /// Waiting or quarantined.
    pub state: Outcome,
    pub revision: i64,
    pub now_us: i64,
    /// JSON list of reasons.
    pub reasons: String,
    pub needs: Vec<NeedWrite>,
}

/// A value that must be met by a live record, or a key that must become free, before the item goes on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NeedWrite {
    /// Needs of one group: one met is enough. 0: each by itself.
    pub grp: i64,
    pub slot: i64,
    pub value: String,
    /// True: the key belongs to another record, and the item goes on once it is given up.
    pub free: bool,
}

/// Adds open items, or writes an item's new state over its old one (a released item that waits again).
pub async fn item_write(tx: &mut Tx, mut items: Vec<ItemWrite>) -> Result<()> {
    const ADD: &str = "insert into item
        (position, mapping, element, scope, identity, version, print, state, revision, seen, seen_at, first_us, last_us,
            reasons)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $1, $10, $10, $11)
        on conflict (position, mapping, element) do update set
            version = excluded.version, state = excluded.state, revision = excluded.revision,
            last_us = excluded.last_us, reasons = excluded.reasons";
    const NEED_DROP: &str = "delete from item_need where position = $1 and mapping = $2 and element = $3";
    const NEED_ADD: &str = "insert into item_need (position, mapping, element, grp, slot, value, free)
        values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing";
    items.sort_unstable_by_key(|i| i.key);
    tx.run(move |c| {
        for i in &items {
            let k = i.key;
            let state = i.state.name();
            let args = (k.position, k.mapping, k.element, i.scope, &i.identity, i.version, &i.print, state);
            let more = (i.revision, i.now_us, &i.reasons);
            c.execute(
                ADD,
                rusqlite::params![
                    args.0, args.1, args.2, args.3, args.4, args.5, args.6, args.7, more.0, more.1, more.2
                ],
            )?;
            c.execute(NEED_DROP, (k.position, k.mapping, k.element))?;
            for n in &i.needs {
                c.execute(NEED_ADD, (k.position, k.mapping, k.element, n.grp, n.slot, &n.value, n.free))?;
            }
        }
        Ok(())
    })
    .await
}

/// Moves open items to what became of them; their needs go.
pub async fn item_close(tx: &mut Tx, items: Vec<(ItemKey, Outcome)>, now_us: i64) -> Result<()> {
    const CLOSE: &str =
        "update item set state = $4, last_us = $5 where position = $1 and mapping = $2 and element = $3";
    const NEED_DROP: &str = "delete from item_need where position = $1 and mapping = $2 and element = $3";
    tx.run(move |c| {
        for (k, state) in &items {
            c.execute(CLOSE, (k.position, k.mapping, k.element, state.name(), now_us))?;
            c.execute(NEED_DROP, (k.position, k.mapping, k.element))?;
        }
        Ok(())
    })
    .await
}

/// The same bad row was read again, at another position: its open item says how often, and where last.
pub async fn item_seen_again(tx: &mut Tx, items: Vec<(ItemKey, i64)>, now_us: i64) -> Result<()> {
    const AGAIN: &str = "update item set seen = seen + 1, seen_at = $4, last_us = $5
        where position = $1 and mapping = $2 and element = $3";
    tx.run(move |c| {
        for (k, position) in &items {
            c.execute(AGAIN, (k.position, k.mapping, k.element, position, now_us))?;
        }
        Ok(())
    })
    .await
}

/// An open item, as far as normalise needs it.
#[derive(Debug, Clone)]
pub struct OpenItem {
    pub key: ItemKey,
    pub version: i64,
    pub print: Vec<u8>,
}

/// Open items of identities.
pub async fn item_open(tx: &mut Tx, scope: i64, identities: &[&str]) -> Result<HashMap<String, Vec<OpenItem>>> {
    const ANY: &str = "select 1 from item where state in ('waiting', 'quarantined') and scope = $1 limit 1";
    const FIND: &str = "select i.identity, i.position, i.mapping, i.element, i.version, i.print
        from json_each($2) x cross join item i on i.scope = $1 and i.identity = x.value
        where i.state in ('waiting', 'quarantined') order by i.version, i.position";
    let set = json_set(identities);
    tx.run(move |c| {
        let mut open: HashMap<String, Vec<OpenItem>> = HashMap::new();
        // Most scopes have none, and a thousand empty look-ups are not free.
        if c.row(ANY, [scope], |_| Ok(()))?.is_none() {
            return Ok(open);
        }
        for (identity, item) in c.rows(FIND, (scope, set), |r| {
            let key = ItemKey { position: r.get(1)?, mapping: r.get(2)?, element: r.get(3)? };
            Ok((r.get::<_, String>(0)?, OpenItem { key, version: r.get(4)?, print: r.get(5)? }))
        })? {
            open.entry(identity).or_default().push(item);
        }
        Ok(open)
    })
    .await
}

/// Open items whose every need (one of each group) is met now, found by values that have just come or gone.
pub async fn item_released(tx: &mut Tx, came: &[(i64, &str)]) -> Result<Vec<ItemKey>> {
    const ANY: &str = "select 1 from item_need limit 1";
    const FIND: &str = "select distinct n.position, n.mapping, n.element from json_each($1) x
        cross join item_need n on n.slot = x.value ->> 0 and n.value = x.value ->> 1";
    // Mostly nothing waits at all, and every value of every new record need not be asked for.
    if tx.run(|c| c.row(ANY, [], |_| Ok(()))).await?.is_none() {
        return Ok(Vec::new());
    }
    let set = json_set(came);
    tx.run(move |c| {
        let candidates = c.rows(FIND, [set], key_read)?;
        let mut met = Vec::new();
        for key in candidates {
            if needs_met(c, key)? {
                met.push(key);
            }
        }
        Ok(met)
    })
    .await
}

/// Of these open items, those whose needs are met now: whoever has stored one looks again after its commit.
pub async fn item_ready(tx: &mut Tx, keys: Vec<ItemKey>) -> Result<Vec<ItemKey>> {
    tx.run(move |c| {
        let mut met = Vec::new();
        for key in keys {
            if needs_met(c, key)? {
                met.push(key);
            }
        }
        Ok(met)
    })
    .await
}

/// Items with needs from `after` on, for the sweep.
pub async fn item_needy(tx: &mut Tx, after: ItemKey, limit: i64) -> Result<Vec<ItemKey>> {
    const WALK: &str = "select distinct position, mapping, element from item_need
        where (position, mapping, element) > ($1, $2, $3)
        order by position, mapping, element limit $4";
    tx.run(move |c| c.rows(WALK, (after.position, after.mapping, after.element, limit), key_read)).await
}

fn key_read(r: &rusqlite::Row<'_>) -> rusqlite::Result<ItemKey> {
    Ok(ItemKey { position: r.get(0)?, mapping: r.get(1)?, element: r.get(2)? })
}

fn needs_met(c: &mut super::Conn, key: ItemKey) -> Result<bool> {
    const OPEN: &str = "select 1 from item
        where position = $1 and mapping = $2 and element = $3 and state in ('waiting', 'quarantined')";
    const NEEDS: &str = "select n.grp, case n.free
            when 0 then exists (select 1 from record_index i cross join record r on r.id = i.record
                where i.slot = n.slot and i.value = n.value and r.state = 'live')
            else not exists (select 1 from record_index i where i.slot = n.slot and i.value = n.value and i.earlier = 0)
            end
        from item_need n where n.position = $1 and n.mapping = $2 and n.element = $3";
    let args = (key.position, key.mapping, key.element);
    if c.row(OPEN, args, |_| Ok(()))?.is_none() {
        return Ok(false);
    }
    let needs = c.rows(NEEDS, args, |r| Ok((r.get::<_, i64>(0)?, r.get::<_, bool>(1)?)))?;
    let mut groups: HashMap<i64, bool> = HashMap::new();
    for (grp, met) in &needs {
        if *grp == 0 && !met {
            return Ok(false);
        }
        if *grp != 0 {
            *groups.entry(*grp).or_default() |= met;
        }
    }
    // An item that is quarantined for another reason has no needs, and nothing releases it but a person.
    Ok(!needs.is_empty() && groups.values().all(|met| *met))
}

/// Open items without an identity in these scopes that a run met: its own, and older ones that its rows joined.
pub async fn item_nameless(tx: &mut Tx, run: i64, scopes: Vec<i64>) -> Result<i64> {
    const COUNT: &str = "select count(*) from (select distinct value from json_each($2)) x
        cross join item i on i.scope = x.value and i.identity >= char(1) and i.identity < char(2)
        cross join batch b on b.number = i.seen_at >> 16 and b.run = $1
        where i.state in ('waiting', 'quarantined')";
    let set = json_set(&scopes);
    tx.run(move |c| Ok(c.row(COUNT, (run, set), |r| r.get(0))?.unwrap_or_default())).await
}
