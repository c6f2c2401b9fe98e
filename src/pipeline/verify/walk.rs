//! Going through a table in key order, a stretch at a time. A row that cannot be read, since one of its columns holds a
//! value of the wrong type, is a finding and is passed over: its neighbours are still checked.

use std::collections::VecDeque;

use super::{Progress, Run};
use crate::store::{self, recount};

/// Rows read at once.
const ROWS_AT_ONCE: i64 = 500;

/// How a table is gone through.
pub(super) struct Table<K: 'static, T> {
    pub name: &'static str,
    pub read: recount::Read<K, T>,
    pub key: fn(&T) -> K,
    /// The key as a person finds the row by it.
    pub show: fn(&K) -> String,
    /// Below every key.
    pub first: fn() -> K,
    /// Rows read at once; few where each is large.
    pub at_once: i64,
}

impl<T> Table<i64, T> {
    /// A table whose key is one number, `id`.
    pub(super) const fn by_id(name: &'static str, read: recount::Read<i64, T>, key: fn(&T) -> i64) -> Self {
        Self::new(name, read, key, |id| format!("id={id}"), || i64::MIN)
    }

    /// A table whose key is one number, `number`.
    pub(super) const fn by_number(name: &'static str, read: recount::Read<i64, T>, key: fn(&T) -> i64) -> Self {
        Self::new(name, read, key, |number| format!("number={number}"), || i64::MIN)
    }
}

impl<K, T> Table<K, T> {
    pub(super) const fn new(
        name: &'static str,
        read: recount::Read<K, T>,
        key: fn(&T) -> K,
        show: fn(&K) -> String,
        first: fn() -> K,
    ) -> Self {
        Self { name, read, key, show, first, at_once: ROWS_AT_ONCE }
    }
}

/// A place in a table.
pub(super) struct Cursor<'t, K: 'static, T> {
    table: &'t Table<K, T>,
    after: K,
    /// True: `after` is a row's key and not only below all of them.
    has_begun: bool,
    ready: VecDeque<T>,
    at_end: bool,
}

impl<'t, K, T> Cursor<'t, K, T> {
    pub(super) fn new(table: &'t Table<K, T>) -> Self {
        Self::after(table, (table.first)())
    }

    /// Begins behind a key.
    pub(super) fn after(table: &'t Table<K, T>, after: K) -> Self {
        Self { table, after, has_begun: false, ready: VecDeque::new(), at_end: false }
    }

    pub(super) fn next(&mut self, run: &mut Run<'_>) -> store::Result<Option<T>> {
        self.fill(run)?;
        Ok(self.ready.pop_front())
    }

    /// The next row if `wanted` says so; else it stays.
    pub(super) fn next_if(&mut self, run: &mut Run<'_>, wanted: impl FnOnce(&T) -> bool) -> store::Result<Option<T>> {
        self.fill(run)?;
        Ok(if self.ready.front().is_some_and(wanted) { self.ready.pop_front() } else { None })
    }

    fn fill(&mut self, run: &mut Run<'_>) -> store::Result<()> {
        if self.at_end || !self.ready.is_empty() {
            return Ok(());
        }
        let rows = match (self.table.read)(run.c, &self.after, self.table.at_once, 0) {
            Ok(rows) => rows,
            Err(error) if recount::unreadable(&error).is_some() => self.one_by_one(run)?,
            Err(error) => return Err(error),
        };
        let Some(last) = rows.last() else {
            self.at_end = true;
            return Ok(());
        };
        self.after = (self.table.key)(last);
        self.has_begun = true;
        run.done += rows.len() as u64;
        run.found.read(self.table.name, rows.len() as u64);
        (run.progress)(Progress { table: self.table.name, done: run.done, of: run.of.max(run.done) });
        self.ready.extend(rows);
        Ok(())
    }

    /// The stretch without the rows in it that cannot be read.
    fn one_by_one(&mut self, run: &mut Run<'_>) -> store::Result<Vec<T>> {
        let mut rows: Vec<T> = Vec::new();
        let mut skip = 0;
        while (rows.len() as i64) < self.table.at_once {
            match (self.table.read)(run.c, &self.after, 1, skip) {
                Ok(mut one) => match one.pop() {
                    Some(row) => rows.push(row),
                    None => {
                        self.at_end = true;
                        break;
                    }
                },
                Err(error) => {
                    let Some(why) = recount::unreadable(&error) else { return Err(error) };
                    let before = match rows.last().map(self.table.key) {
                        Some(key) => (self.table.show)(&key),
                        None if self.has_begun => (self.table.show)(&self.after),
                        None => String::new(),
                    };
                    run.found.add(
                        self.table.name,
                        format_args!("{before}"),
                        format!("其后的一行无法读取：{why}"),
                        format!("the row behind it cannot be read: {why}"),
                    );
                }
            }
            skip += 1;
        }
        Ok(rows)
    }
}
