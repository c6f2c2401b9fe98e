//! The hub's tables, written by one prepared statement a row over one connection.
//!
//! The tables are made by the hub's own migration, and the statements are the hub's as far as they are the shortest
//! way to its rows. Sets that are looked up go in as one `json_each` with `cross join`.

mod deliver;
mod intake;
mod normalise;

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension, Params};

pub use deliver::Claim;
pub use normalise::Settled;

use crate::Result;
use crate::map::escape;
use crate::target::Target;

const MIGRATION: &str = include_str!("../../../../src/store/migrations/0001_start.sqlite.sql");
/// What the hub sets on its writer.
const PRAGMAS: &str = "pragma page_size = 16384; pragma journal_mode = wal; pragma synchronous = full;
    pragma mmap_size = 0; pragma cache_size = -65536; pragma wal_autocheckpoint = 1000; pragma temp_store = memory";
/// More than there are statements here.
const STATEMENTS_KEPT: usize = 64;

/// This process, as batches and claims name it.
const NODE: &str = "bare";
const SYSTEM: &str = "bench";

/// The open store, and the numbers of all names that rows use.
pub struct Tables {
    connection: Connection,
    epoch: i64,
    source: i64,
    job: i64,
    run: i64,
    feed: i64,
    targets: Vec<Numbers>,
}

/// A target with its numbers in the store.
struct Numbers {
    target: &'static Target,
    mapping: i64,
    revision: i64,
    scope: i64,
    key_slot: i64,
    /// By index name, then by relation.
    slots: Vec<i64>,
    parent_slots: Vec<i64>,
}

impl Tables {
    /// Opens the store, making it if it is new, and begins a run of a job that fills these targets.
    pub fn open(path: &Path, job: &str, targets: &[&'static Target]) -> Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
        connection.execute_batch(PRAGMAS)?;
        let is_new = connection.query_row("pragma user_version", [], |r| r.get::<_, i64>(0))? == 0;
        if is_new {
            connection.execute_batch(&format!("begin; {MIGRATION}; pragma user_version = 1; commit"))?;
        }
        let tx = connection.transaction()?;
        let epoch = draw(&tx, "epoch", 1)?;
        let job = named(&tx, "job", "paused, paused_why, due_us", "0, '', 0", &format!("{SYSTEM}/{job}"))?;
        let name = format!("{SYSTEM}/files/{job}");
        let source = named(&tx, "source", "checkpoint, node, epoch, lease_until_us", "'', '', 0, 0", &name)?;
        tx.execute("update source set node = ?2, epoch = ?3 where id = ?1", (source, NODE, epoch))?;
        let feed = "state, state_why, walked, selection, tries, rest_until_us";
        let feed = named(&tx, "feed", feed, "'on', '', '', '', 0, 0", "sink/all")?;
        let run = draw(&tx, "run", 1)?;
        tx.execute(
            "insert into run (id, job, cause, started_us, ended_us, state, first_batch, rows, why)
                values (?1, ?2, 'once', ?3, null, 'reading', 0, 0, '')",
            (run, job, now_us()),
        )?;
        let targets = targets.iter().map(|target| Numbers::of(&tx, target)).collect::<Result<_>>()?;
        tx.commit()?;
        Ok(Self { connection, epoch, source, job, run, feed, targets })
    }

    /// Ends the run, and empties the log of writes into the file.
    pub fn close(self) -> Result<()> {
        execute(&self.connection, "update run set state = 'done', ended_us = ?2 where id = ?1", (self.run, now_us()))?;
        self.connection.close().map_err(|(_, error)| error)?;
        Ok(())
    }
}

impl Numbers {
    fn of(c: &Connection, target: &'static Target) -> Result<Self> {
        let mapping = named(c, "mapping", "dataset", &format!("'{}'", target.code), target.mapping)?;
        let last = "select number from revision where mapping = ?1 order by number desc limit 1";
        let revision = match c.query_row(last, [mapping], |r| r.get(0)).optional()? {
            Some(revision) => revision,
            None => {
                let number = draw(c, "revision", 1)?;
                let add = "insert into revision (number, mapping, digest, text, since_us) values (?1, ?2, x'', '', ?3)";
                c.execute(add, (number, mapping, now_us()))?;
                number
            }
        };
        let scope = "select id from scope where dataset = ?1 and system = ?2 and space = ''";
        let scope = match c.query_row(scope, (target.code, SYSTEM), |r| r.get(0)).optional()? {
            Some(scope) => scope,
            None => c.query_row(
                "insert into scope (id, dataset, system, space)
                    select coalesce(max(id), 0) + 1, ?1, ?2, '' from scope returning id",
                (target.code, SYSTEM),
                |r| r.get(0),
            )?,
        };
        Ok(Self {
            target,
            mapping,
            revision,
            scope,
            key_slot: slot(c, target.code, "key")?,
            slots: target.index.iter().map(|(name, _)| slot(c, target.code, name)).collect::<Result<_>>()?,
            parent_slots: target.points_at.iter().map(|p| slot(c, p.code, p.name)).collect::<Result<_>>()?,
        })
    }
}

/// The number of an index name; business keys stand below 1,000.
fn slot(c: &Connection, dataset: &str, name: &str) -> Result<i64> {
    let find = "select id from slot where dataset = ?1 and name = ?2";
    if let Some(known) = c.query_row(find, (dataset, name), |r| r.get(0)).optional()? {
        return Ok(known);
    }
    let add = match name {
        "key" => "select coalesce(max(id), 0) + 1, ?1, ?2 from slot where id < 1000",
        _ => "select max(coalesce(max(id), 0), 999) + 1, ?1, ?2 from slot",
    };
    let add = format!("insert into slot (id, dataset, name) {add} returning id");
    Ok(c.query_row(&add, (dataset, name), |r| r.get(0))?)
}

/// The number of a name in a table of names, given to it now if it is new.
fn named(c: &Connection, table: &str, columns: &str, values: &str, name: &str) -> Result<i64> {
    let add = format!(
        "insert into {table} (id, name, {columns})
            values ((select coalesce(max(id), 0) + 1 from {table}), ?1, {values})
            on conflict (name) do update set name = excluded.name returning id"
    );
    Ok(c.query_row(&add, [name], |r| r.get(0))?)
}

/// Draws `n` numbers of a counter and returns the first.
fn draw(c: &Connection, name: &str, n: usize) -> Result<i64> {
    let mut statement = c.prepare_cached(
        "insert into counter (name, value) values (?1, ?2)
            on conflict (name) do update set value = value + excluded.value returning value",
    )?;
    let last: i64 = statement.query_row((name, n as i64), |r| r.get(0))?;
    Ok(last - n as i64 + 1)
}

fn execute(c: &Connection, sql: &str, args: impl Params) -> Result<usize> {
    Ok(c.prepare_cached(sql)?.execute(args)?)
}

/// Executes a statement that must change one row.
fn execute_one(c: &Connection, sql: &str, args: impl Params) -> Result<()> {
    match c.prepare_cached(sql)?.execute(args)? {
        1 => Ok(()),
        changed => Err(format!("{changed} rows are changed by: {sql}").into()),
    }
}

/// Executes a statement for each of many rows; each must change one.
fn execute_all<P: Params>(c: &Connection, sql: &str, rows: impl Iterator<Item = P>) -> Result<()> {
    let mut statement = c.prepare_cached(sql)?;
    for row in rows {
        if statement.execute(row)? != 1 {
            return Err(format!("a row is not as it was read: {sql}").into());
        }
    }
    Ok(())
}

/// Calls `each` for every row of a query.
fn query(
    c: &Connection,
    sql: &str,
    args: impl Params,
    mut each: impl FnMut(&rusqlite::Row<'_>) -> Result<()>,
) -> Result<()> {
    let mut statement = c.prepare_cached(sql)?;
    let mut rows = statement.query(args)?;
    while let Some(row) = rows.next()? {
        each(row)?;
    }
    Ok(())
}

/// Texts as a JSON list, for `json_each`.
fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut out = String::from("[");
    for text in texts {
        out.push_str(if out.len() > 1 { ",\"" } else { "\"" });
        escape(&mut out, text);
        out.push('"');
    }
    out.push(']');
    out
}

/// Pairs as a JSON list of lists.
fn pairs<T: std::fmt::Display>(pairs: impl Iterator<Item = (i64, T)>) -> String {
    use std::fmt::Write;
    let mut out = String::from("[");
    for (first, second) in pairs {
        let comma = if out.len() > 1 { "," } else { "" };
        write!(out, "{comma}[{first},{second}]").expect("writing into memory cannot fail");
    }
    out.push(']');
    out
}

fn now_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| since.as_micros() as i64)
}
