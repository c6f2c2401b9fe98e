//! Sources, runs, files taken, identities met: what intake keeps beside its batches.

use std::collections::{HashMap, VecDeque};

use adapter::Rows;

use super::Run;
use super::walk::{Cursor, Table};
use crate::store::recount::{FileRow, RunRow, SeenRow, SourceRow};
use crate::store::{self, recount};

const SOURCES: Table<i64, SourceRow> = Table::by_id("source", recount::sources, |s| s.id);
const RUNS: Table<i64, RunRow> = Table::by_id("run", recount::runs, |r| r.id);
const FILES: Table<(i64, String, String), FileRow> = Table::new(
    "file_seen",
    recount::files_seen,
    |f| (f.source, f.digest.clone(), f.name.clone()),
    |(source, digest, name)| format!("source={source} digest={digest} name={name}"),
    || (i64::MIN, String::new(), String::new()),
);
const SEEN: Table<(i64, i64, String), SeenRow> = Table::new(
    "seen",
    recount::seen,
    |s| (s.run, s.scope, s.identity.clone()),
    |(run, scope, identity)| format!("run={run} scope={scope} identity={identity}"),
    || (i64::MIN, i64::MIN, String::new()),
);

pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    sources(run)?;
    runs(run)?;
    files(run)?;
    seen(run)
}

fn sources(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&SOURCES);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("id={}", row.id);
        if !row.name.contains('/') {
            run.found.unknown("source", key, "name", &row.name);
        }
        if row.node.is_empty() {
            run.found.unknown("source", key, "node", &row.node);
        }
        if row.lease_until_us <= 0 {
            run.found.unknown("source", key, "lease_until_us", row.lease_until_us);
        }
        let looks_like_json = row.checkpoint.starts_with(['{', '[', '"']);
        if looks_like_json && serde_json::from_str::<serde::de::IgnoredAny>(&row.checkpoint).is_err() {
            run.found.unknown("source", key, "checkpoint", &row.checkpoint);
        }
        // Every run takes the lease once, and each time its epoch is one more.
        let runs = recount::source_runs(run.c, row.id)?;
        if row.epoch < runs.max(1) {
            run.found.add(
                "source",
                key,
                format!("epoch 为 {}，但已有 {runs} 次运行取过它", row.epoch),
                format!("epoch is {}, but {runs} runs have taken its lease", row.epoch),
            );
        }
        run.names.sources.insert(row.id, row.name);
    }
    Ok(())
}

fn runs(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&RUNS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("id={}", row.id);
        run.names.drew("run", row.id);
        if !run.names.jobs.contains_key(&row.job) {
            run.found.dangles("run", key, "job", "job");
        }
        let is_ended = match row.state.as_str() {
            "reading" => false,
            "done" | "failed" | "stopped" | "interrupted" => true,
            other => {
                run.found.unknown("run", key, "state", other);
                continue;
            }
        };
        if is_ended != row.ended_us.is_some() {
            run.found.add("run", key, "state 与 ended_us 不一致", "state and ended_us do not agree");
        }
        if row.cause.is_empty() {
            run.found.unknown("run", key, "cause", &row.cause);
        }
        if row.started_us <= 0 {
            run.found.unknown("run", key, "started_us", row.started_us);
        }
        let (first, rows) = recount::run_pulled(run.c, row.id)?;
        if row.first_batch != first {
            run.found.differs("run", key, "first_batch", row.first_batch, first);
        }
        if row.rows != rows {
            run.found.differs("run", key, "rows", row.rows, rows);
        }
    }
    Ok(())
}

/// Batches whose files are kept at hand: files of one batch stand apart in the order of digests.
const BATCHES_KEPT: usize = 64;

/// How many rows each file gave to a batch.
struct Given {
    batch: i64,
    rows: HashMap<String, i64>,
}

/// A SHA-256 in lower-case hex.
pub(super) fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

fn files(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&FILES);
    let mut kept = VecDeque::new();
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("source={} digest={} name={}", row.source, row.digest, row.name);
        if !run.names.sources.contains_key(&row.source) {
            run.found.dangles("file_seen", key, "source", "source");
        }
        run.names.drew("file", row.taken);
        if !is_digest(&row.digest) {
            run.found.unknown("file_seen", key, "digest", &row.digest);
        }
        if !matches!(row.known, 0..=2) {
            run.found.unknown("file_seen", key, "known", row.known);
        }
        if row.rows < 0 || row.known != 0 && row.rows != 0 {
            run.found.unknown("file_seen", key, "rows", row.rows);
        }
        let (was_read, least, most) = recount::files_alike(run.c, row.source, &row.digest)?;
        if row.known == 1 && !was_read {
            run.found.add(
                "file_seen",
                key,
                "记为已取过，但没有哪个同样内容的文件被读取过",
                "it says that its content was taken before, but no file with this content was read",
            );
        }
        if row.size < 0 || least != most {
            run.found.add(
                "file_seen",
                key,
                format!("size 记为 {}，与同样内容的另一文件不同", row.size),
                format!("size says {}, and another file with the same content has another size", row.size),
            );
        }
        if row.batch != 0 {
            in_batch(run, &row, key, &mut kept)?;
        }
    }
    Ok(())
}

/// The batch in which a file ended is its source's, and names it. A file that the batch before does not name gave all of
/// its rows to this one.
fn in_batch(
    run: &mut Run<'_>,
    row: &FileRow,
    key: std::fmt::Arguments<'_>,
    kept: &mut VecDeque<Given>,
) -> store::Result<()> {
    match recount::batch_source(run.c, row.batch)? {
        None => {
            run.found.dangles("file_seen", key, "batch", "batch");
            return Ok(());
        }
        Some(source) if source != row.source => {
            run.found.differs("file_seen", key, "batch.source", source, row.source);
            return Ok(());
        }
        Some(_) => {}
    }
    // A batch that cannot be read or unpacked is told where batches are checked.
    if row.known != 0 || row.rows == 0 || !give(run, row.batch, kept) {
        return Ok(());
    }
    let Some(given) = given_by(kept, row.batch, &row.name) else {
        run.found.add(
            "file_seen",
            key,
            format!("批次 {} 的原始行中没有来自此文件的", row.batch),
            format!("the rows of batch {} name no such file", row.batch),
        );
        return Ok(());
    };
    let before = recount::batch_before(run.c, row.source, row.batch)?;
    let is_alone = match before {
        None => true,
        Some(before) => give(run, before, kept) && given_by(kept, before, &row.name).is_none(),
    };
    if given > row.rows || is_alone && given != row.rows {
        run.found.differs("file_seen", key, "rows", row.rows, given);
    }
    Ok(())
}

/// Reads which files a batch names, unless it is at hand. False: it cannot be read.
fn give(run: &mut Run<'_>, batch: i64, kept: &mut VecDeque<Given>) -> bool {
    if kept.iter().any(|g| g.batch == batch) {
        return true;
    }
    let packed = recount::packed_rows(run.c, batch).ok().flatten();
    let Some(rows) = packed.and_then(|packed| Rows::decode(&packed).ok()) else { return false };
    let mut given: HashMap<String, i64> = rows.files.iter().map(|name| (name.clone(), 0)).collect();
    for row in rows.iter() {
        *given.entry(row.file().unwrap_or_default().to_owned()).or_default() += 1;
    }
    kept.truncate(BATCHES_KEPT - 1);
    kept.push_front(Given { batch, rows: given });
    true
}

fn given_by(kept: &VecDeque<Given>, batch: i64, file: &str) -> Option<i64> {
    kept.iter().find(|g| g.batch == batch)?.rows.get(file).copied()
}

fn seen(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&SEEN);
    let mut state: (i64, Option<String>) = (i64::MIN, None);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("run={} scope={} identity={}", row.run, row.scope, row.identity);
        if state.0 != row.run {
            state = (row.run, recount::run_of(run.c, row.run)?.map(|(_, state)| state));
        }
        match state.1.as_deref() {
            None => run.found.dangles("seen", key, "run", "run"),
            // The last step of a whole reading forgets what it met; one that was cut off leaves it.
            Some("done") => run.found.add(
                "seen",
                key,
                "该次运行已结束，本应清除它见过的标识",
                "its run is done, and what it met should have been forgotten",
            ),
            Some(_) => {}
        }
        if !run.names.scopes.contains_key(&row.scope) {
            run.found.dangles("seen", key, "scope", "scope");
        }
        if row.identity.is_empty() {
            run.found.unknown("seen", key, "identity", &row.identity);
        }
    }
    Ok(())
}
