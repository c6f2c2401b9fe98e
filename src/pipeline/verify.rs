//! Verify: everything recounted from the tables, so that the books can be proved and not only printed.
//!
//! Uses none of the figures and none of the functions that `books` uses: it reads every table in key order, a stretch
//! at a time, in one snapshot beside the writer, and works out anew what should stand there: outcome bytes against
//! counts, items against bytes, chains of versions against heads, fingerprints, index and references against bodies,
//! deliveries against heads and attempts, answers against classes, counters against what was drawn. Memory does not
//! grow with the store, but for the names of things.
//!
//! A finding names a table, a key and what does not agree, in two languages; it means that the store was damaged, or
//! that a stage has a defect. What cannot be judged today, since a mapping, a feed or a dataset is configured no
//! longer or otherwise, is a note, and so is what a release between two transactions has not come to yet (a delivery still
//! blocked though its parent has arrived): a running hub's sweep finds it within a minute. Nothing is mended here.
//!
//! Not to be seen from the tables: texts that nothing else repeats (why a job was paused, what an answer said), single
//! times, and of versions that an older mapping made what no fingerprint covers (bodies before the head's, stamps). A
//! test changes every column of every table and lists those of which nothing is seen.

mod batches;
mod blocked;
mod codes;
mod deliveries;
mod findings;
mod index;
mod intake;
mod items;
mod names;
mod records;
mod remake;
mod requests;
mod walk;

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

pub use findings::{Finding, TABLES, Verified};

use super::Hub;
use crate::store::{self, Conn, StoreError, recount};
use findings::Found;
use index::Slots;
use names::Names;

/// How far a verification has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    pub table: &'static str,
    /// Rows read so far, of all tables, and how many there were at the start.
    pub done: u64,
    pub of: u64,
}

/// One verification under way: the snapshot, what is known, what was found.
struct Run<'a> {
    hub: &'a Hub,
    c: &'a mut Conn,
    found: Found,
    names: Names,
    slots: Slots,
    unchanged: VecDeque<records::Unchanged>,
    progress: &'a mut dyn FnMut(Progress),
    done: u64,
    of: u64,
}

/// Recounts the whole store. `progress` is told after every stretch of rows.
pub async fn verify(hub: &Arc<Hub>, mut progress: impl FnMut(Progress) + Send + 'static) -> store::Result<Verified> {
    let own = hub.clone();
    Ok(hub.db.read(move |c| all(&own, c, &mut progress)).await?.done())
}

/// What one pass is called in the log, and the table that it is told under where it has to be broken off.
type Pass = (&'static str, fn(&mut Run<'_>) -> store::Result<()>);

const PASSES: &[Pass] = &[
    ("database", file),
    ("scope", names::pass),
    ("source", intake::pass),
    ("batch", batches::pass),
    ("item_need", items::needs_pass),
    ("record", records::pass),
    ("record_index", index::pass),
    ("delivery", deliveries::pass),
    ("request", requests::pass),
    ("assigned_code", codes::pass),
];

fn all(hub: &Hub, c: &mut Conn, progress: &mut dyn FnMut(Progress)) -> store::Result<Found> {
    let of = recount::rows_to_read(c)? as u64;
    let (found, names, slots, unchanged) = Default::default();
    let mut run = Run { hub, c, found, names, slots, unchanged, progress, done: 0, of };
    for (table, pass) in PASSES {
        match pass(&mut run) {
            Ok(()) => {}
            Err(error) => run.broken_off(table, error)?,
        }
    }
    Ok(run.found)
}

/// The file itself: pages, indexes, nulls.
fn file(run: &mut Run<'_>) -> store::Result<()> {
    for fault in recount::file_faults(run.c)? {
        run.found.add(
            "database",
            format_args!(""),
            format!("数据库文件本身有损坏：{fault}"),
            format!("the file itself is damaged: {fault}"),
        );
    }
    for table in recount::tables(run.c)?.iter().filter(|t| !TABLES.contains(&t.as_str())) {
        run.found.add(
            "database",
            format_args!("{table}"),
            "本程序不认识这张表",
            "this program does not know this table",
        );
    }
    Ok(())
}

impl Run<'_> {
    /// What was looked up; none, and a finding, where a column holds a value of the wrong type.
    fn readable<T>(
        &mut self,
        table: &'static str,
        key: fmt::Arguments<'_>,
        read: store::Result<T>,
    ) -> store::Result<Option<T>> {
        match read {
            Ok(found) => Ok(Some(found)),
            Err(error) => {
                let Some(why) = recount::unreadable(&error) else { return Err(error) };
                self.found.add(table, key, format!("无法读取：{why}"), format!("it cannot be read: {why}"));
                Ok(None)
            }
        }
    }

    /// A value of the wrong type where a row was looked up on the way: the pass ends there, the others go on.
    fn broken_off(&mut self, table: &'static str, error: StoreError) -> store::Result<()> {
        self.readable(table, format_args!(""), Err::<(), _>(error)).map(|_| ())
    }
}
