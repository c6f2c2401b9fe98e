//! Records: heads, versions, the index that finds them, what they point at, and the codes the hub assigns.

use std::collections::{HashMap, HashSet};

use super::{Result, StoreError, Tx, json_set};

/// What orders the versions of one record: the source's own column, then the order in which rows came in; at one
/// position the mapping revision alone, so that a replay replaces what it replays and overtakes nothing newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Order {
    pub version: i64,
    pub position: i64,
    pub revision: i64,
}

impl Order {
    pub fn is_newer_than(self, other: Self) -> bool {
        if self.position == other.position {
            self.revision > other.revision
        } else {
            (self.version, self.position) > (other.version, other.position)
        }
    }
}

/// A record's newest state, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    pub id: i64,
    pub live: bool,
    pub version: i64,
    pub order: Order,
    pub fingerprint: Vec<u8>,
    /// See [`VersionWrite::made_of`].
    pub made_of: Vec<u8>,
}

/// Heads by identity.
pub async fn record_heads(tx: &mut Tx, scope: i64, identities: &[&str]) -> Result<HashMap<String, Head>> {
    const FIND: &str = "select r.identity, r.id, r.state, r.version, r.ord_version, r.ord_position, r.ord_revision,
            r.fingerprint, r.made_of
        from json_each($2) x cross join record r on r.scope = $1 and r.identity = x.value";
    let set = json_set(identities);
    tx.run(move |c| {
        let found = c.rows(FIND, (scope, set), |r| {
            Ok((
                r.get(0)?,
                Head {
                    id: r.get(1)?,
                    live: r.get_ref(2)?.as_str()? == "live",
                    version: r.get(3)?,
                    order: Order { version: r.get(4)?, position: r.get(5)?, revision: r.get(6)? },
                    fingerprint: r.get(7)?,
                    made_of: r.get(8)?,
                },
            ))
        })?;
        Ok(found.into_iter().collect())
    })
    .await
}

/// Identities of the live records and open items that are elements of a shared identity: `shared U+001F element`.
pub async fn record_elements(tx: &mut Tx, scope: i64, shared: &[&str]) -> Result<HashMap<String, Vec<String>>> {
    const FIND: &str = "select x.value, r.identity from json_each($2) x
        cross join record r on r.scope = $1 and r.identity > x.value || char(31) and r.identity < x.value || char(32)
        where r.state = 'live'
        union
        select x.value, i.identity from json_each($2) x
        cross join item i on i.scope = $1 and i.identity > x.value || char(31) and i.identity < x.value || char(32)
        where i.state in ('waiting', 'quarantined')
        order by 1, 2";
    let set = json_set(shared);
    tx.run(move |c| {
        let mut found: HashMap<String, Vec<String>> = HashMap::new();
        for (shared, identity) in c.rows(FIND, (scope, set), |r| Ok((r.get::<_, String>(0)?, r.get(1)?)))? {
            found.entry(shared).or_default().push(identity);
        }
        Ok(found)
    })
    .await
}

/// Whose a business key is: record, system and identity of each owner, by key value.
pub async fn record_owners(tx: &mut Tx, slot: i64, values: &[&str]) -> Result<HashMap<String, Owner>> {
    const FIND: &str = "select i.value, i.record, s.system, r.identity
        from json_each($2) x cross join record_index i on i.slot = $1 and i.value = x.value and i.earlier = 0
        cross join record r on r.id = i.record cross join scope s on s.id = r.scope";
    let set = json_set(values);
    tx.run(move |c| {
        let found = c.rows(FIND, (slot, set), |r| {
            Ok((r.get(0)?, Owner { record: r.get(1)?, system: r.get(2)?, identity: r.get(3)? }))
        })?;
        Ok(found.into_iter().collect())
    })
    .await
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Owner {
    pub record: i64,
    pub system: String,
    pub identity: String,
}

/// Which of the values are met by at least one live record, under its present or an earlier value.
pub async fn index_present(tx: &mut Tx, wanted: &[(i64, &str)]) -> Result<HashSet<(i64, String)>> {
    const FIND: &str = "select x.value ->> 0, x.value ->> 1 from json_each($1) x
        where exists (select 1 from record_index i cross join record r on r.id = i.record
            where i.slot = x.value ->> 0 and i.value = x.value ->> 1 and r.state = 'live')";
    let set = json_set(wanted);
    tx.run(move |c| Ok(c.rows(FIND, [set], |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())).await
}

/// Live records found by an index value, with their present version and body: what a look-up takes from. Present
/// values come first; an earlier one counts only where no present one matches.
pub async fn index_bodies(tx: &mut Tx, slot: i64, values: &[&str]) -> Result<HashMap<String, Vec<Found>>> {
    const FIND: &str = "select i.value, r.id, r.version, v.body, i.earlier
        from json_each($2) x cross join record_index i on i.slot = $1 and i.value = x.value
        cross join record r on r.id = i.record and r.state = 'live'
        cross join version v on v.record = r.id and v.version = r.version
        order by i.value, i.earlier, r.id";
    let set = json_set(values);
    tx.run(move |c| {
        let mut found: HashMap<String, Vec<Found>> = HashMap::new();
        for (value, one) in c.rows(FIND, (slot, set), |r| {
            let one = Found { record: r.get(1)?, version: r.get(2)?, body: r.get(3)?, earlier: r.get(4)? };
            Ok((r.get::<_, String>(0)?, one))
        })? {
            let at = found.entry(value).or_default();
            if at.iter().all(|f| f.earlier == one.earlier) {
                at.push(one);
            }
        }
        Ok(found)
    })
    .await
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub record: i64,
    pub version: i64,
    pub body: String,
    pub earlier: bool,
}

/// A version as a release needs it: dataset, operation, body.
#[derive(Debug, Clone)]
pub struct VersionBody {
    pub record: i64,
    pub version: i64,
    pub dataset: String,
    pub operation: String,
    pub body: String,
}

/// Dataset, operation and body of given versions.
pub async fn version_documents(tx: &mut Tx, wanted: &[(i64, i64)]) -> Result<Vec<VersionBody>> {
    const FIND: &str = "select v.record, v.version, s.dataset, v.operation, v.body from json_each($1) x
        cross join version v on v.record = x.value ->> 0 and v.version = x.value ->> 1
        cross join record r on r.id = v.record cross join scope s on s.id = r.scope";
    let set = json_set(wanted);
    tx.run(move |c| c.rows(FIND, [set], version_body)).await
}

/// Every version of given records, oldest first.
pub async fn version_history(tx: &mut Tx, records: &[i64]) -> Result<Vec<VersionBody>> {
    const FIND: &str = "select v.record, v.version, s.dataset, v.operation, v.body from json_each($1) x
        cross join record r on r.id = x.value cross join scope s on s.id = r.scope
        cross join version v on v.record = r.id order by v.record, v.version";
    let set = json_set(records);
    tx.run(move |c| c.rows(FIND, [set], version_body)).await
}

fn version_body(r: &rusqlite::Row<'_>) -> rusqlite::Result<VersionBody> {
    Ok(VersionBody { record: r.get(0)?, version: r.get(1)?, dataset: r.get(2)?, operation: r.get(3)?, body: r.get(4)? })
}

/// Bodies of given versions.
pub async fn version_bodies(tx: &mut Tx, wanted: &[(i64, i64)]) -> Result<HashMap<i64, String>> {
    const FIND: &str = "select v.record, v.body from json_each($1) x
        cross join version v on v.record = x.value ->> 0 and v.version = x.value ->> 1";
    let set = json_set(wanted);
    tx.run(move |c| Ok(c.rows(FIND, [set], |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())).await
}

/// One new version of a record, and what it changes around it.
#[derive(Debug, Clone, Default)]
pub struct VersionWrite {
    pub record: i64,
    /// 1 for a new record.
    pub version: i64,
    pub scope: i64,
    pub identity: String,
    pub live: bool,
    pub order: Order,
    pub fingerprint: Vec<u8>,
    /// Digest of the row, its columns and the mapping's revision: 16 bytes; 16 zeros where no row made it.
    pub made_of: Vec<u8>,
    pub mapping: i64,
    pub element: u32,
    /// insert, update or withdraw, as the store saw it; a target's own operation follows from what it accepted.
    pub operation: &'static str,
    /// Records and versions that look-ups took values from, as JSON; empty if none.
    pub looked_at: String,
    /// Warnings, as JSON; empty if none.
    pub notes: String,
    pub body: String,
    pub index_add: Vec<(i64, String)>,
    /// Slot, value, and whether the record stays to be found by it as an earlier value.
    pub index_gone: Vec<(i64, String, bool)>,
    pub ref_add: Vec<RefWrite>,
    pub ref_gone: Vec<RefWrite>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefWrite {
    pub slot: i64,
    pub value: String,
    pub grp: i64,
    pub required: bool,
}

/// Writes versions: heads, bodies, index, references. Fails with [`StoreError::Race`] if a head is not as it was read,
/// or if a key was taken meanwhile: the batch is then done again and sees the other's commit.
pub async fn version_write(tx: &mut Tx, mut writes: Vec<VersionWrite>, created_us: i64) -> Result<()> {
    const EARLIER: &str = "update record_index set earlier = 1 where slot = $1 and value = $2 and record = $3";
    const GONE: &str = "delete from record_index where slot = $1 and value = $2 and record = $3";
    const ADD: &str = "insert into record_index (slot, value, record, earlier) values ($1, $2, $3, 0)
        on conflict (slot, value, record) do update set earlier = 0";
    const REF_GONE: &str =
        "update record_ref set until_version = $5 where slot = $1 and value = $2 and record = $3 and grp = $4";
    const REF_ADD: &str = "insert into record_ref (slot, value, record, grp, required, until_version)
        values ($1, $2, $3, $4, $5, 0)
        on conflict (slot, value, record, grp) do update set required = excluded.required, until_version = 0";
    const HEAD_ADD: &str = "insert into record
        (id, scope, identity, state, version, ord_version, ord_position, ord_revision, fingerprint, made_of)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        on conflict (scope, identity) do nothing";
    const HEAD_SET: &str = "update record set state = $2, version = $3, ord_version = $4, ord_position = $5,
            ord_revision = $6, fingerprint = $7, made_of = $8
        where id = $1 and version = $3 - 1
            and case when ord_position = $5 then ord_revision < $6 else (ord_version, ord_position) < ($4, $5) end";
    const VERSION_ADD: &str = "insert into version
        (record, version, ord_version, position, revision, mapping, element, operation, created_us, looked_at, notes, body)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    writes.sort_unstable_by_key(|w| w.record);
    tx.run(move |c| {
        // All that goes before all that comes: two records may swap keys within one batch.
        for w in &writes {
            for (slot, value, kept) in &w.index_gone {
                // A parent is still found by the value it had: children that use it are not orphaned by a change.
                let sql = if *kept { EARLIER } else { GONE };
                c.execute(sql, (slot, value, w.record))?;
            }
            for r in &w.ref_gone {
                c.execute(REF_GONE, (r.slot, &r.value, w.record, r.grp, w.version))?;
            }
        }
        let mut index: Vec<(i64, &str, i64)> = writes
            .iter()
            .flat_map(|w| w.index_add.iter().map(|(slot, value)| (*slot, value.as_str(), w.record)))
            .collect();
        index.sort_unstable();
        c.execute_all(ADD, index).map_err(race)?;
        let mut refs: Vec<(&RefWrite, i64)> =
            writes.iter().flat_map(|w| w.ref_add.iter().map(move |r| (r, w.record))).collect();
        refs.sort_unstable_by(|a, b| (a.0.slot, &a.0.value, a.1).cmp(&(b.0.slot, &b.0.value, b.1)));
        c.execute_all(REF_ADD, refs.iter().map(|(r, record)| (r.slot, &r.value, record, r.grp, r.required)))?;
        let state = |w: &VersionWrite| if w.live { "live" } else { "withdrawn" };
        let (new, known): (Vec<&VersionWrite>, Vec<&VersionWrite>) = writes.iter().partition(|w| w.version == 1);
        let new = new.into_iter().map(|w| {
            let o = w.order;
            let digests = (&w.fingerprint, &w.made_of);
            (
                w.record,
                w.scope,
                &w.identity,
                state(w),
                w.version,
                o.version,
                o.position,
                o.revision,
                digests.0,
                digests.1,
            )
        });
        let known = known.into_iter().map(|w| {
            let o = w.order;
            (w.record, state(w), w.version, o.version, o.position, o.revision, &w.fingerprint, &w.made_of)
        });
        if c.execute_all(HEAD_ADD, new)? + c.execute_all(HEAD_SET, known)? != writes.len() {
            return Err(StoreError::Race);
        }
        let versions = writes.iter().map(|w| {
            (
                w.record,
                w.version,
                w.order.version,
                w.order.position,
                w.order.revision,
                w.mapping,
                w.element,
                w.operation,
                created_us,
                &w.looked_at,
                &w.notes,
                &w.body,
            )
        });
        c.execute_all(VERSION_ADD, versions)?;
        Ok(())
    })
    .await
}

fn race(error: StoreError) -> StoreError {
    match error {
        StoreError::Statement(rusqlite::Error::SqliteFailure(e, _))
            if e.code == rusqlite::ErrorCode::ConstraintViolation =>
        {
            StoreError::Race
        }
        other => other,
    }
}

/// A record whose row came again and changed nothing.
#[derive(Debug)]
pub struct OrderRaise {
    pub record: i64,
    pub order: Order,
    pub made_of: Vec<u8>,
}

/// Raises the order of heads whose row came again unchanged, so that a late older row stays behind it.
pub async fn record_order_raise(tx: &mut Tx, raises: Vec<OrderRaise>) -> Result<()> {
    const RAISE: &str = "update record set ord_version = $2, ord_position = $3, ord_revision = $4, made_of = $5
        where id = $1
            and case when ord_position = $3 then ord_revision < $4 else (ord_version, ord_position) < ($2, $3) end";
    tx.run(move |c| {
        let rows = raises.iter().map(|r| {
            let o = r.order;
            (r.record, o.version, o.position, o.revision, &r.made_of)
        });
        c.execute_all(RAISE, rows)?;
        Ok(())
    })
    .await
}

/// Records that point at any of the values by a relation that is kept as rows.
pub async fn ref_children(tx: &mut Tx, values: &[(i64, &str)]) -> Result<Vec<i64>> {
    const FIND: &str = "select distinct f.record from json_each($1) x
        cross join record_ref f on f.slot = x.value ->> 0 and f.value = x.value ->> 1 and f.until_version = 0
        order by 1";
    let set = json_set(values);
    tx.run(move |c| c.rows(FIND, [set], |r| r.get(0))).await
}

/// Records that are, or once were, found by any of the values.
pub async fn index_records(tx: &mut Tx, values: &[(i64, &str)]) -> Result<Vec<i64>> {
    const FIND: &str = "select distinct i.record from json_each($1) x
        cross join record_index i on i.slot = x.value ->> 0 and i.value = x.value ->> 1 order by 1";
    let set = json_set(values);
    tx.run(move |c| c.rows(FIND, [set], |r| r.get(0))).await
}

/// Codes that were assigned before, by the values they were assigned for.
pub async fn code_known(tx: &mut Tx, algorithm: &str, values: &[&str]) -> Result<HashMap<String, String>> {
    const FIND: &str = "select a.value, a.code from json_each($2) x
        cross join assigned_code a on a.algorithm = $1 and a.value = x.value";
    let (algorithm, set) = (algorithm.to_owned(), json_set(values));
    tx.run(move |c| Ok(c.rows(FIND, (algorithm, set), |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())).await
}

/// Keeps newly assigned codes `(value, code)`.
pub async fn code_add(tx: &mut Tx, algorithm: &str, codes: Vec<(String, String)>, now_us: i64) -> Result<()> {
    const ADD: &str = "insert into assigned_code (algorithm, value, code, assigned_us) values ($1, $2, $3, $4)";
    let algorithm = algorithm.to_owned();
    tx.run(move |c| {
        for (value, code) in &codes {
            c.execute(ADD, (&algorithm, value, code, now_us))?;
        }
        Ok(())
    })
    .await
}

/// Live records of a scope that a whole reading did not meet and that no newer row has touched, with their own version.
pub async fn record_absent(tx: &mut Tx, run: i64, scope: i64, before_position: i64) -> Result<Vec<(String, i64)>> {
    const FIND: &str = "select r.identity, r.ord_version from record r
        where r.scope = $2 and r.state = 'live' and r.ord_position < $3
            and not exists (select 1 from seen s where s.run = $1 and s.scope = r.scope and s.identity = r.identity)
        order by r.identity";
    tx.run(move |c| c.rows(FIND, (run, scope, before_position), |r| Ok((r.get(0)?, r.get(1)?)))).await
}

/// How many live records a scope has.
pub async fn record_live(tx: &mut Tx, scope: i64) -> Result<i64> {
    const COUNT: &str = "select count(*) from record where scope = $1 and state = 'live'";
    tx.run(move |c| Ok(c.row(COUNT, [scope], |r| r.get(0))?.unwrap_or_default())).await
}

/// Keeps the identities that a run met, unless it has ended: then nobody asks for them any more.
pub async fn seen_add(tx: &mut Tx, run: i64, identities: Vec<(i64, String)>) -> Result<()> {
    const READING: &str = "select 1 from run where id = $1 and ended_us is null";
    const ADD: &str = "insert into seen (run, scope, identity) values ($1, $2, $3) on conflict do nothing";
    tx.run(move |c| {
        if c.row(READING, [run], |_| Ok(()))?.is_none() {
            return Ok(());
        }
        for (scope, identity) in &identities {
            c.execute(ADD, (run, scope, identity))?;
        }
        Ok(())
    })
    .await
}

/// Forgets what runs met that a stop or a crash cut off.
pub async fn seen_clear(tx: &mut Tx) -> Result<()> {
    const CLEAR: &str = "delete from seen";
    tx.run(move |c| c.execute(CLEAR, []).map(|_| ())).await
}

/// Forgets what a run met that has ended.
pub async fn seen_drop(tx: &mut Tx, run: i64) -> Result<()> {
    const DROP: &str = "delete from seen where run = $1";
    tx.run(move |c| c.execute(DROP, [run]).map(|_| ())).await
}

/// Records after `after` of a dataset, in order of number: what a feed's walk and an index build go through.
pub async fn record_walk(tx: &mut Tx, dataset: &str, after: i64, limit: i64) -> Result<Vec<Walked>> {
    const WALK: &str = "select r.id, s.dataset, s.system, r.state, r.version, v.created_us, v.body
        from record r cross join scope s on s.id = r.scope and s.dataset = $1
        cross join version v on v.record = r.id and v.version = r.version
        where r.id > $2 order by r.id limit $3";
    let dataset = dataset.to_owned();
    tx.run(move |c| {
        c.rows(WALK, (dataset, after, limit), |r| {
            Ok(Walked {
                record: r.get(0)?,
                dataset: r.get(1)?,
                system: r.get(2)?,
                live: r.get_ref(3)?.as_str()? == "live",
                version: r.get(4)?,
                created_us: r.get(5)?,
                body: r.get(6)?,
            })
        })
    })
    .await
}

#[derive(Debug, Clone)]
pub struct Walked {
    pub record: i64,
    pub dataset: String,
    pub system: String,
    pub live: bool,
    pub version: i64,
    pub created_us: i64,
    pub body: String,
}

/// Adds index rows to stored records (a name that a new look-up asks for).
pub async fn index_add(tx: &mut Tx, rows: Vec<(i64, String, i64)>) -> Result<()> {
    const ADD: &str = "insert into record_index (slot, value, record, earlier) values ($1, $2, $3, 0)
        on conflict do nothing";
    tx.run(move |c| {
        for (slot, value, record) in &rows {
            c.execute(ADD, (slot, value, record))?;
        }
        Ok(())
    })
    .await
}
