//! Attachments: one row a content, and which records they belong to. A delivery waits until all of its record's are
//! kept. Nothing fetches them yet, so no record has any; the condition stands where deliveries are raised and released.

use std::collections::HashSet;

use super::{Result, Tx, json_set};

/// Of these records, those that have an attachment which is not kept yet.
pub async fn attachment_missing(tx: &mut Tx, records: &[i64]) -> Result<HashSet<i64>> {
    const ANY: &str = "select 1 from record_attachment limit 1";
    const FIND: &str = "select distinct a.record from json_each($1) x
        cross join record_attachment a on a.record = x.value
        left join attachment f on f.digest = a.digest
        where coalesce(f.state, '') <> 'kept'";
    let set = json_set(records);
    tx.run(move |c| {
        if c.row(ANY, [], |_| Ok(()))?.is_none() {
            return Ok(HashSet::new());
        }
        Ok(c.rows(FIND, [set], |r| r.get(0))?.into_iter().collect())
    })
    .await
}
