//! What the hub keeps: records, deliveries, items, batches, jobs, in one database.
//!
//! The rules of the SQL. A file of this module owns writing its tables. Functions are noun first (`delivery_claim`),
//! take `&mut Tx` and work a whole set; the stage owns the transaction. Texts are constants with `$1`, lower case.
//! A set that is looked up comes in as one `json_each` with `cross join`, which keeps the order of the tables: without
//! it SQLite, having no statistics, reads the whole store for each batch. A set that is written is one prepared
//! statement in a loop, sorted by primary key. No statement looks inside a body. Nothing here decides anything.

mod attachments;
mod batches;
mod books;
mod db;
mod deliveries;
mod jobs;
mod names;
mod quarantine;
mod records;
pub mod recount;
mod views;

pub use attachments::*;
pub use batches::*;
pub use books::*;
pub use db::{Conn, Db, Priority, Result, StoreError, Tx, json_set, lock_path, panic_text};
pub use deliveries::*;
pub use jobs::*;
pub use names::*;
pub use quarantine::*;
pub use records::*;
pub use views::*;

/// Now, in UTC microseconds.
pub fn now_us() -> i64 {
    chrono::Utc::now().timestamp_micros()
}

/// True: a batch waits to be normalised, or a delivery may go. One query, for the safety net.
pub fn anything_to_do(c: &mut Conn, now_us: i64) -> Result<bool> {
    const ANY: &str = "select exists (select 1 from batch where state in ('offered', 'published'))
        or exists (select 1 from feed f cross join delivery d on d.feed = f.id and d.state = 'due' and d.due_us <= $1
            where f.state = 'on' and f.rest_until_us <= $1)";
    Ok(c.row(ANY, [now_us], |r| r.get(0))?.unwrap_or_default())
}

/// Draws `n` numbers of a counter and returns the first.
pub async fn counter_draw(tx: &mut Tx, name: &str, n: i64) -> Result<i64> {
    const DRAW: &str = "insert into counter (name, value) values ($1, $2)
        on conflict (name) do update set value = value + excluded.value
        returning value";
    let name = name.to_owned();
    tx.run(move |c| Ok(c.row(DRAW, (&name, n), |r| r.get::<_, i64>(0))?.unwrap_or_default() - n + 1)).await
}
