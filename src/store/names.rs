//! Names that rows refer to by number: scopes, mappings, slots, and the revisions of mappings.

use std::collections::{HashMap, HashSet};

use super::{Result, Tx, counter_draw, now_us};

/// Slots below this are business keys, unique among live records.
pub const KEY_SLOTS: i64 = 1000;

/// Where identities are unique: a dataset of a system, and the identity space where one is named.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ScopeName {
    pub dataset: String,
    pub system: String,
    pub space: String,
}

/// The number of a scope, given to it now if it is new.
pub async fn scope_number(tx: &mut Tx, name: ScopeName) -> Result<i64> {
    const FIND: &str = "select id from scope where dataset = $1 and system = $2 and space = $3";
    const ADD: &str = "insert into scope (id, dataset, system, space)
        select coalesce(max(id), 0) + 1, $1, $2, $3 from scope returning id";
    tx.run(move |c| {
        let args = (&name.dataset, &name.system, &name.space);
        if let Some(id) = c.row(FIND, args, |r| r.get(0))? {
            return Ok(id);
        }
        Ok(c.row(ADD, args, |r| r.get(0))?.unwrap_or_default())
    })
    .await
}

/// The number of a mapping, given to it now if it is new. `dataset`: what it fills; empty for rows without cells.
pub async fn mapping_number(tx: &mut Tx, name: String, dataset: String) -> Result<i64> {
    const FIND: &str = "insert into mapping (id, name, dataset)
        values ((select coalesce(max(id), 0) + 1 from mapping), $1, $2)
        on conflict (name) do update set dataset = excluded.dataset
        returning id";
    tx.run(move |c| Ok(c.row(FIND, (&name, &dataset), |r| r.get(0))?.unwrap_or_default())).await
}

/// The number of each index name `(dataset, name, is the business key)`. A name that is new is to be built from the
/// stored records; one that nobody asks for any more falls behind, so it is built anew once it is asked for again.
pub async fn slot_numbers(tx: &mut Tx, wanted: Vec<(String, String, bool)>) -> Result<HashMap<(String, String), i64>> {
    const ALL: &str = "select dataset, name, id, built_to from slot";
    // A store without records has nothing to build.
    const ADD_KEY: &str = "insert into slot (id, dataset, name, built_to)
        select coalesce(max(id), 0) + 1, $1, $2, case when exists (select 1 from record) then 0 end
        from slot where id < 1000 returning id";
    const ADD: &str = "insert into slot (id, dataset, name, built_to)
        select max(coalesce(max(id), 0), 999) + 1, $1, $2, case when exists (select 1 from record) then 0 end
        from slot returning id";
    const FORGET: &str = "update slot set built_to = -1 where id = $1";
    const EMPTY: &str = "delete from record_index where slot = $1";
    const ANEW: &str = "update slot set built_to = 0 where id = $1";
    tx.run(move |c| {
        let mut known: HashMap<(String, String), (i64, Option<i64>)> =
            c.rows(ALL, [], |r| Ok(((r.get(0)?, r.get(1)?), (r.get(2)?, r.get(3)?))))?.into_iter().collect();
        let mut numbers = HashMap::new();
        for (dataset, name, is_key) in wanted {
            let name = (dataset, name);
            let id = match known.remove(&name) {
                Some((id, Some(-1))) => {
                    c.execute(EMPTY, [id])?;
                    c.execute(ANEW, [id])?;
                    id
                }
                Some((id, _)) => id,
                None => {
                    let sql = if is_key { ADD_KEY } else { ADD };
                    c.row(sql, (&name.0, &name.1), |r| r.get(0))?.unwrap_or_default()
                }
            };
            numbers.insert(name, id);
        }
        // A business key is kept whatever the schema says today: it is what makes records unique.
        for (id, built_to) in known.into_values() {
            if id >= KEY_SLOTS && built_to != Some(-1) {
                c.execute(FORGET, [id])?;
            }
        }
        Ok(numbers)
    })
    .await
}

/// Index names that are not built yet, and up to which record they are.
pub async fn slot_unbuilt(tx: &mut Tx) -> Result<HashMap<i64, i64>> {
    const FIND: &str = "select id, built_to from slot where built_to >= 0";
    tx.run(move |c| Ok(c.rows(FIND, [], |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())).await
}

/// Keeps up to which record index names are built; none: they are.
pub async fn slot_built(tx: &mut Tx, slots: Vec<i64>, to: Option<i64>) -> Result<()> {
    const SET: &str = "update slot set built_to = $2 where id = $1";
    tx.run(move |c| c.execute_all(SET, slots.iter().map(|slot| (slot, to))).map(|_| ())).await
}

/// Codes of the datasets that any record was ever stored of.
pub async fn scope_datasets(tx: &mut Tx) -> Result<HashSet<String>> {
    const FIND: &str = "select distinct dataset from scope where dataset <> ''";
    tx.run(move |c| Ok(c.rows(FIND, [], |r| r.get(0))?.into_iter().collect())).await
}

/// The revision of a mapping's present text: the last one's number if the text is still the same, else a new number
/// of the one counter that all mappings share, so that going back to an old text is a new revision too.
pub async fn revision_number(tx: &mut Tx, mapping: i64, digest: [u8; 32], text: String) -> Result<i64> {
    const LAST: &str = "select number, digest from revision where mapping = $1 order by number desc limit 1";
    const ADD: &str = "insert into revision (number, mapping, digest, text, since_us) values ($1, $2, $3, $4, $5)";
    let last = tx.run(move |c| c.row(LAST, [mapping], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Vec<u8>>(1)?)))).await?;
    if let Some((number, known)) = last
        && known == digest
    {
        return Ok(number);
    }
    let number = counter_draw(tx, "revision", 1).await?;
    tx.run(move |c| c.execute(ADD, (number, mapping, digest, &text, now_us())).map(|_| number)).await
}
