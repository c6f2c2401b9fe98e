//! The embedded store's file: one writer thread of its own, a few readers, one lock.
//!
//! Why a thread and not an async driver: row by row through a driver costs nine times as much, and a transaction on a
//! thread that is ours can't be left open by a cancelled future. A [`Tx`] is a lease on that thread: each store
//! function sends it one closure that works a whole set; dropping the lease without commit rolls back.
//! Several transactions that wait are served by what they carry: receipts, then settling, then intake.

use std::collections::{HashMap, VecDeque};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::Duration;

use rusqlite::{CachedStatement, Connection, OpenFlags};
use tokio::sync::oneshot;

use crate::fault::fault;

/// Before 3.51.3 two connections that write and checkpoint at once can lose committed transactions.
const SQLITE_VERSION_MIN: i32 = 3_051_003;
const MIGRATIONS: &[&str] = &[include_str!("migrations/0001_start.sqlite.sql")];
/// Statements kept prepared on the writer; there are some 120.
const STATEMENTS_KEPT: usize = 256;
/// Idle reading connections kept open.
const READERS_KEPT: usize = 4;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database cannot be opened: {path}")]
    Open {
        path: PathBuf,
        #[source]
        source: rusqlite::Error,
    },
    #[error("the database's directory cannot be used: {path}")]
    Directory {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("the database {path} is held by process {pid}")]
    Held { path: PathBuf, pid: String },
    #[error("the database has format {found}, newer than this program's {known}")]
    Newer { found: i64, known: i64 },
    #[error("SQLite {found} is linked; {min} or newer is needed, since older ones can lose commits")]
    SqliteTooOld { found: String, min: i32 },
    #[error("the database does not keep `{pragma}` (it says {found})")]
    Pragma { pragma: &'static str, found: String },
    #[error("the database refused a statement")]
    Statement(#[from] rusqlite::Error),
    #[error("stored rows cannot be read")]
    Rows(#[from] adapter::RowsError),
    #[error("the store holds something impossible: {0}")]
    Impossible(String),
    /// Why is empty where it ended otherwise than by a failed commit.
    #[error("the writer has stopped after a failed commit; nothing more is written: {why}")]
    WriterStopped { why: String },
    #[error("the database is locked by a transaction of another worker; the batch is done again")]
    Race,
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// What waits first when several transactions want the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Priority {
    Receipt,
    Settle,
    Intake,
}

/// The connection on the writer's thread.
pub struct Conn {
    inner: Connection,
    /// `$1` texts as SQLite wants them (`?1`), by the address of the constant.
    texts: HashMap<usize, String>,
    count: Arc<AtomicU64>,
}

impl Conn {
    /// The prepared statement for a constant text with `$1`, `$2`, …
    pub fn prepare(&mut self, sql: &'static str) -> Result<CachedStatement<'_>> {
        self.count.fetch_add(1, Ordering::Relaxed);
        let text = self.texts.entry(sql.as_ptr() as usize).or_insert_with(|| sql.replace('$', "?"));
        Ok(self.inner.prepare_cached(text)?)
    }

    pub fn execute(&mut self, sql: &'static str, args: impl rusqlite::Params) -> Result<usize> {
        Ok(self.prepare(sql)?.execute(args)?)
    }

    /// Executes a statement for each of many rows, and returns how many rows of the table that changed. Prepared
    /// once: to find a statement by its text takes about as long as to run a short one.
    pub fn execute_all<P: rusqlite::Params>(
        &mut self,
        sql: &'static str,
        rows: impl IntoIterator<Item = P>,
    ) -> Result<usize> {
        let mut statement = self.prepare(sql)?;
        let mut changed = 0;
        for row in rows {
            changed += statement.execute(row)?;
        }
        Ok(changed)
    }

    /// All rows of a query.
    pub fn rows<T>(
        &mut self,
        sql: &'static str,
        args: impl rusqlite::Params,
        mut read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(args)?;
        let mut out = Vec::new();
        while let Some(row) = rows.next()? {
            out.push(read(row)?);
        }
        Ok(out)
    }

    pub fn row<T>(
        &mut self,
        sql: &'static str,
        args: impl rusqlite::Params,
        read: impl FnOnce(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(args)?;
        Ok(match rows.next()? {
            Some(row) => Some(read(row)?),
            None => None,
        })
    }
}

type Work = Box<dyn FnOnce(&mut Conn) + Send>;

enum Order {
    Work(Work),
    Commit(oneshot::Sender<Result<()>>),
}

struct Begin {
    orders: mpsc::Receiver<Order>,
    ready: oneshot::Sender<Result<()>>,
}

#[derive(Default)]
struct Line {
    waiting: [VecDeque<Begin>; 3],
    closed: bool,
    /// The writer has ended: nobody joins the line any more.
    stopped: bool,
    /// The failed commit that stopped it.
    why: String,
}

struct Shared {
    line: Mutex<Line>,
    come: Condvar,
    count: Arc<AtomicU64>,
}

impl Shared {
    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open store.
#[derive(Clone)]
pub struct Db {
    inner: Arc<Inner>,
}

struct Inner {
    path: PathBuf,
    shared: Arc<Shared>,
    readers: Mutex<Vec<Conn>>,
    writer: Mutex<Option<std::thread::JoinHandle<()>>>,
    /// Held for as long as the store is open; its text is our process id.
    _lock: File,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.shared.line().closed = true;
        self.shared.come.notify_all();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer
            && writer.join().is_err()
        {
            tracing::error!("The writer's thread ended by a panic.");
        }
    }
}

/// The name of the lock beside a database; its text is the holder's process id.
pub fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// Takes the lock or says who has it.
fn lock(path: &Path) -> Result<File> {
    let at = lock_path(path);
    let directory = |source| StoreError::Directory { path: at.clone(), source };
    let mut file = File::options().create(true).read(true).write(true).truncate(false).open(&at).map_err(directory)?;
    if file.try_lock().is_err() {
        let mut pid = String::new();
        file.read_to_string(&mut pid).map_err(directory)?;
        return Err(StoreError::Held { path: path.to_owned(), pid: pid.trim().to_owned() });
    }
    file.set_len(0).map_err(directory)?;
    file.rewind().map_err(directory)?;
    write!(file, "{}", std::process::id()).map_err(directory)?;
    Ok(file)
}

fn connect(path: &Path, flags: OpenFlags, count: &Arc<AtomicU64>) -> Result<Conn> {
    let open = |source| StoreError::Open { path: path.to_owned(), source };
    let inner = Connection::open_with_flags(path, flags).map_err(open)?;
    inner.busy_timeout(Duration::from_secs(5))?;
    inner.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(Conn { inner, texts: HashMap::new(), count: count.clone() })
}

/// Opens the writing connection, with every setting that durability rests on set and read back.
fn connect_writer(path: &Path, count: &Arc<AtomicU64>) -> Result<Conn> {
    if rusqlite::version_number() < SQLITE_VERSION_MIN {
        return Err(StoreError::SqliteTooOld { found: rusqlite::version().to_owned(), min: SQLITE_VERSION_MIN });
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = connect(path, flags, count)?;
    // 16 KiB pages cost a fifth less than 4 KiB; FULL, since an acknowledgement moves a source's checkpoint.
    conn.inner.execute_batch(
        "pragma page_size = 16384; pragma journal_mode = wal; pragma synchronous = full; pragma mmap_size = 0;
         pragma cache_size = -65536; pragma wal_autocheckpoint = 1000; pragma temp_store = memory",
    )?;
    for (pragma, wanted) in [("journal_mode", "wal"), ("synchronous", "2")] {
        let found = conn.inner.query_row(&format!("pragma {pragma}"), [], |r| {
            r.get_ref(0).map(|v| v.as_str().map_or_else(|_| v.as_i64().unwrap_or_default().to_string(), str::to_owned))
        })?;
        if found != wanted {
            return Err(StoreError::Pragma { pragma, found });
        }
    }
    fault!("open.connected");
    migrate(&conn.inner)?;
    Ok(conn)
}

fn migrate(conn: &Connection) -> Result<()> {
    let known = MIGRATIONS.len() as i64;
    let found: i64 = conn.query_row("pragma user_version", [], |r| r.get(0))?;
    if found > known {
        return Err(StoreError::Newer { found, known });
    }
    for (i, text) in MIGRATIONS.iter().enumerate().skip(found as usize) {
        conn.execute_batch(&format!("begin immediate; {text}"))?;
        fault!("migrate.made");
        conn.execute_batch(&format!("pragma user_version = {}", i + 1))?;
        fault!("migrate.numbered");
        conn.execute_batch("commit")?;
        fault!("migrate.committed");
    }
    Ok(())
}

impl Db {
    /// Opens the store for writing, creating it if it is new, and takes its lock.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)
                .map_err(|source| StoreError::Directory { path: directory.to_owned(), source })?;
        }
        let lock = lock(path)?;
        fault!("open.locked");
        let count = Arc::new(AtomicU64::new(0));
        let conn = connect_writer(path, &count)?;
        let shared = Arc::new(Shared { line: Mutex::default(), come: Condvar::new(), count });
        let thread = {
            let shared = shared.clone();
            std::thread::Builder::new()
                .name("store-writer".into())
                .spawn(move || serve(conn, &shared))
                .map_err(|source| StoreError::Directory { path: path.to_owned(), source })?
        };
        Ok(Self {
            inner: Arc::new(Inner {
                path: path.to_owned(),
                shared,
                readers: Mutex::default(),
                writer: Mutex::new(Some(thread)),
                _lock: lock,
            }),
        })
    }

    pub fn path(&self) -> &Path {
        &self.inner.path
    }

    /// Statements run since the store was opened: an idle hub makes few.
    pub fn statements(&self) -> u64 {
        self.inner.shared.count.load(Ordering::Relaxed)
    }

    /// True: the writer has ended after a failed commit. Nothing can be kept any more, so the process should end too.
    pub fn has_stopped(&self) -> bool {
        self.inner.shared.line().stopped
    }

    /// The error of whoever finds the writer gone.
    pub fn stopped(&self) -> StoreError {
        StoreError::WriterStopped { why: self.inner.shared.line().why.clone() }
    }

    /// Waits for the writer and begins a transaction on it.
    pub async fn begin(&self, priority: Priority) -> Result<Tx> {
        let (orders, receiver) = mpsc::channel();
        let (ready, begun) = oneshot::channel();
        {
            let mut line = self.inner.shared.line();
            if line.stopped {
                return Err(StoreError::WriterStopped { why: line.why.clone() });
            }
            line.waiting[priority as usize].push_back(Begin { orders: receiver, ready });
        }
        self.inner.shared.come.notify_one();
        begun.await.map_err(|_| self.stopped())??;
        Ok(Tx { orders, db: self.clone() })
    }

    /// Runs a reading closure on a connection of its own, beside the writer.
    pub async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let inner = self.inner.clone();
        tokio::task::spawn_blocking(move || {
            let kept = inner.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut conn = match kept {
                Some(conn) => conn,
                None => {
                    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                    connect(&inner.path, flags, &inner.shared.count)?
                }
            };
            // One snapshot for all queries of the closure, so that sums agree with each other.
            conn.inner.execute_batch("begin")?;
            let result = read(&mut conn);
            conn.inner.execute_batch("rollback")?;
            let mut readers = inner.readers.lock().unwrap_or_else(PoisonError::into_inner);
            if readers.len() < READERS_KEPT {
                readers.push(conn);
            }
            result
        })
        .await
        .map_err(|e| StoreError::Impossible(e.to_string()))?
    }
}

/// However the writer ends, whoever stands in line is told, and nobody joins it any more.
struct Ending<'s>(&'s Shared);

impl Drop for Ending<'_> {
    fn drop(&mut self) {
        let mut line = self.0.line();
        line.stopped = true;
        // Dropping the senders answers those who wait.
        line.waiting = Default::default();
    }
}

/// The writer's life: one transaction after the other.
fn serve(mut conn: Conn, shared: &Shared) {
    let _ending = Ending(shared);
    while let Some(begin) = next(shared) {
        let begun = conn.inner.execute_batch("begin immediate").map_err(StoreError::from);
        let is_begun = begun.is_ok();
        if begin.ready.send(begun).is_err() || !is_begun {
            // Whoever wanted it is gone, or was told.
            if is_begun {
                roll_back(&conn);
            }
            continue;
        }
        let (mut committed, mut failed) = (false, false);
        while let Ok(order) = begin.orders.recv() {
            match order {
                Order::Work(work) => work(&mut conn),
                Order::Commit(reply) => {
                    let result = conn.inner.execute_batch("commit").map_err(StoreError::from);
                    committed = result.is_ok();
                    failed = !committed;
                    if let Err(error) = &result {
                        // After a failed commit the disk's state is not known: going on could lose what was answered.
                        tracing::error!(%error, cause = ?error, "A commit failed; the writer stops.");
                        shared.line().why = cause_of(error);
                    }
                    if reply.send(result).is_err() {
                        tracing::debug!("A commit's caller is gone.");
                    }
                    break;
                }
            }
        }
        if !committed {
            roll_back(&conn);
        }
        if failed {
            return;
        }
    }
}

fn next(shared: &Shared) -> Option<Begin> {
    let mut line = shared.line();
    loop {
        if let Some(begin) = line.waiting.iter_mut().find_map(VecDeque::pop_front) {
            return Some(begin);
        }
        if line.closed {
            return None;
        }
        line = shared.come.wait(line).unwrap_or_else(PoisonError::into_inner);
    }
}

fn roll_back(conn: &Conn) {
    if !conn.inner.is_autocommit()
        && let Err(error) = conn.inner.execute_batch("rollback")
    {
        tracing::error!(%error, "A rollback failed.");
    }
}

/// A transaction on the writer. Dropped without [`Tx::commit`], it is rolled back.
pub struct Tx {
    orders: mpsc::Sender<Order>,
    db: Db,
}

impl Tx {
    /// Runs a closure on the writer's thread, within this transaction.
    pub async fn run<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut Conn) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(move |conn: &mut Conn| {
            // A bug in one statement must not end the writer for all others: its own transaction is rolled back.
            let done = catch_unwind(AssertUnwindSafe(|| work(conn)));
            let done = done.unwrap_or_else(|panic| Err(StoreError::Impossible(panic_text(&*panic))));
            if reply.send(done).is_err() {
                tracing::debug!("A statement's caller is gone.");
            }
        });
        self.orders.send(Order::Work(work)).map_err(|_| self.db.stopped())?;
        answer.await.map_err(|_| self.db.stopped())?
    }

    /// Commits: durable when this returns.
    pub async fn commit(self) -> Result<()> {
        let (reply, answer) = oneshot::channel();
        self.orders.send(Order::Commit(reply)).map_err(|_| self.db.stopped())?;
        answer.await.map_err(|_| self.db.stopped())?
    }
}

/// The words of the database itself.
fn cause_of(error: &StoreError) -> String {
    match error {
        StoreError::Statement(source) => source.to_string(),
        other => other.to_string(),
    }
}

/// What a panic said.
pub fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let said = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    said.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic without words".to_owned())
}

/// Rows of a set as one JSON array, for `json_each`.
pub fn json_set<T: serde::Serialize>(set: &[T]) -> String {
    serde_json::to_string(set).expect("texts and numbers always serialise")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn after_a_failed_commit_who_waits_is_told_and_nobody_joins_the_line() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("hub.db")).unwrap();
        let mut tx = db.begin(Priority::Settle).await.unwrap();
        let waiting = tokio::spawn({
            let db = db.clone();
            async move { db.begin(Priority::Intake).await.map(|_| ()) }
        });
        while db.inner.shared.line.lock().unwrap().waiting.iter().all(VecDeque::is_empty) {
            tokio::task::yield_now().await;
        }
        // Ended behind the writer's back, so that its own commit fails.
        tx.run(|c| Ok(c.inner.execute_batch("rollback")?)).await.unwrap();
        assert!(tx.commit().await.is_err());
        assert!(matches!(waiting.await.unwrap(), Err(StoreError::WriterStopped { .. })));
        assert!(matches!(db.begin(Priority::Intake).await.map(|_| ()), Err(StoreError::WriterStopped { .. })));
        assert!(db.has_stopped());
    }

    #[tokio::test]
    async fn a_panic_in_one_transaction_ends_it_alone() {
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("hub.db")).unwrap();
        let mut tx = db.begin(Priority::Settle).await.unwrap();
        tx.run(|c| c.execute("insert into counter (name, value) values ('x', 1)", [])).await.unwrap();
        let done = tx.run::<()>(|_| panic!("by the test")).await;
        assert!(matches!(done, Err(StoreError::Impossible(why)) if why == "by the test"));
        drop(tx);
        let mut tx = db.begin(Priority::Settle).await.unwrap();
        let left = tx.run(|c| c.row("select count(*) from counter", [], |r| r.get::<_, i64>(0))).await.unwrap();
        assert_eq!(left, Some(0));
    }
}
