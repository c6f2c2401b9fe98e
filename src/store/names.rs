//! Names that rows refer to by number: scopes, mappings, slots, and the revisions of mappings.

use std::collections::HashMap;

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

/// The number of each index name `(dataset, name, is the business key)`, and which of them are new.
pub async fn slot_numbers(
    tx: &mut Tx,
    wanted: Vec<(String, String, bool)>,
) -> Result<(HashMap<(String, String), i64>, Vec<i64>)> {
    const FIND: &str = "select id from slot where dataset = $1 and name = $2";
    const ADD_KEY: &str = "insert into slot (id, dataset, name)
        select coalesce(max(id), 0) + 1, $1, $2 from slot where id < 1000 returning id";
    const ADD: &str = "insert into slot (id, dataset, name)
        select max(coalesce(max(id), 0), 999) + 1, $1, $2 from slot returning id";
    tx.run(move |c| {
        let (mut numbers, mut new) = (HashMap::new(), Vec::new());
        for (dataset, name, is_key) in wanted {
            let found = c.row(FIND, (&dataset, &name), |r| r.get(0))?;
            let id = match found {
                Some(id) => id,
                None => {
                    let sql = if is_key { ADD_KEY } else { ADD };
                    let id = c.row(sql, (&dataset, &name), |r| r.get(0))?.unwrap_or_default();
                    new.push(id);
                    id
                }
            };
            numbers.insert((dataset, name), id);
        }
        Ok((numbers, new))
    })
    .await
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
