//! Intake: what a source gives is taken in, in batches, and its checkpoint moves with them.
//!
//! A batch, its rows, the files read to their end and the checkpoint are one transaction, so a crash reads them all
//! again or none. The checkpoint is compared with the lease's epoch in that transaction: a holder that lost its lease
//! takes nothing in. A file in whose header a column is missing that a mapping needs is passed over before anything of
//! it is taken, and the run fails when it has read the others: a null is never written over a good value because a column
//! was renamed.

use std::time::Duration;

use adapter::{Checkpoint, FileSeen, FileState, Page, Source, SourceError, Words};

use super::{Hub, JobPlan, absent};
use crate::fault::{fault, planted};
use crate::mapping::MissingColumn;
use crate::store::{self, Lease, Priority, StoreError};

/// How long a lease lasts without renewal.
const LEASE_US: i64 = 60_000_000;

/// Why a run ended before its source did.
#[derive(Debug, thiserror::Error)]
#[error("{}", self.words())]
pub enum IntakeError {
    Paused { job: String, why: String },
    Source { job: String, source: Box<SourceError> },
    Columns { job: String, file: Option<String>, columns: Vec<MissingColumn> },
    LeaseLost { job: String },
    Vanished { job: String, why: Words },
    Store(#[from] StoreError),
}

impl IntakeError {
    /// Why the run failed, for a person.
    pub fn words(&self) -> Words {
        match self {
            Self::Paused { job, why } if why.is_empty() => {
                Words::new(format!("任务 {job} 已暂停"), format!("job {job} is paused"))
            }
            Self::Paused { job, why } => {
                let why = Words::of_text(why);
                Words::new(format!("任务 {job} 已暂停：{}", why.zh), format!("job {job} is paused: {}", why.en))
            }
            Self::Source { job, source } => {
                let why = source.message();
                Words::new(
                    format!("任务 {job} 的来源无法读取：{}", why.zh),
                    format!("the source of job {job} cannot be read: {}", why.en),
                )
            }
            Self::Columns { job, file, columns } => {
                let names: Vec<String> = columns.iter().map(|c| format!("`{}`", c.name)).collect();
                let zh = file.as_deref().unwrap_or("来源");
                let en = file.as_deref().unwrap_or("the source");
                Words::new(
                    format!("任务 {job}：{zh} 没有列 {}", names.join("、")),
                    format!("job {job}: {en} has no column {}", names.join(", ")),
                )
            }
            Self::LeaseLost { job } => Words::new(
                format!("任务 {job} 的来源已由另一进程接管"),
                format!("another process has taken over the source of job {job}"),
            ),
            Self::Vanished { job, why } => {
                Words::new(format!("任务 {job} 已停止：{}", why.zh), format!("job {job} has stopped: {}", why.en))
            }
            Self::Store(error) => {
                let cause = std::error::Error::source(error).map_or_else(String::new, |cause| format!(": {cause}"));
                Words::new(format!("数据库出错（{error}{cause}）"), format!("{error}{cause}"))
            }
        }
    }
}

/// What a run took in.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Taken {
    pub run: i64,
    pub pages: u64,
    pub batches: u64,
    pub rows: u64,
    pub files: u64,
    /// Files whose content was taken before.
    pub files_known: u64,
    /// Records that the source no longer shows.
    pub absent: u64,
    /// Why nothing counts as deleted, where a whole reading could not say.
    pub note: Words,
    /// What a whole reading has read: kept as taken only once it is known what is missing in it, so that a reading that
    /// was cut off, or stopped because too much is missing, is done again whole.
    pub(super) picture: Vec<(i64, FileSeen)>,
}

/// Runs a job once, to the end of what its source has now. `again`: files that were taken before are read again.
/// `progress` is told after every page.
pub async fn run(
    hub: &Hub,
    job: &JobPlan,
    cause: &str,
    again: bool,
    progress: &(dyn Fn(&Taken) + Send + Sync),
) -> Result<Taken, IntakeError> {
    let _turn = job.turn.lock().await;
    let mut tx = hub.db.begin(Priority::Intake).await?;
    let row = store::job_get(&mut tx, &job.name).await?;
    if row.paused {
        return Err(IntakeError::Paused { job: job.name.clone(), why: row.paused_why });
    }
    let lease = store::source_lease(&mut tx, &job.name, &hub.node, store::now_us() + LEASE_US).await?;
    let seen = store::file_seen_all(&mut tx, lease.source).await?;
    let run = store::run_begin(&mut tx, job.id, cause, store::now_us()).await?;
    tx.commit().await?;
    fault!("intake.begun");
    tracing::info!(job = %job.name, run, "Run {run} of {} began.", job.name);

    let mut taken = Taken { run, ..Taken::default() };
    let result = match open(hub, job, seen, again) {
        Ok(mut source) => pages(hub, job, source.as_mut(), &lease, again, &mut taken, progress).await,
        Err(error) => Err(error),
    };
    let result = match result {
        // A reading that found nothing to read is no snapshot of anything.
        Ok(()) if taken.picture.iter().any(|(_, f)| f.state == FileState::Read) => {
            look_for_absence(hub, job, &lease, &mut taken).await
        }
        other => other,
    };
    let (state, why) = match &result {
        Ok(()) => ("done", taken.note.clone()),
        Err(error) => ("failed", error.words()),
    };
    fault!("intake.read");
    let mut tx = hub.db.begin(Priority::Intake).await?;
    if result.is_ok() {
        let files = std::mem::take(&mut taken.picture);
        store::file_seen_add(&mut tx, lease.source, files, store::now_us()).await?;
    }
    store::seen_drop(&mut tx, run).await?;
    store::run_end(&mut tx, run, state, &why.to_text(), store::now_us()).await?;
    tx.commit().await?;
    fault!("intake.ended");
    tracing::info!(job = %job.name, run, rows = taken.rows, state, "Run {run} of {} ended.", job.name);
    result.map(|()| taken)
}

fn open(hub: &Hub, job: &JobPlan, seen: Vec<FileSeen>, again: bool) -> Result<Box<dyn Source>, IntakeError> {
    let refused = |source| IntakeError::Source { job: job.name.clone(), source: Box::new(source) };
    let Some((_, config)) = hub.config.job(&job.name) else {
        return Err(IntakeError::Store(StoreError::Impossible(format!("job {} is not configured", job.name))));
    };
    config.from.open(&hub.base(), if again { Vec::new() } else { seen }, job.picture).map_err(refused)
}

async fn pages(
    hub: &Hub,
    job: &JobPlan,
    source: &mut dyn Source,
    lease: &Lease,
    again: bool,
    taken: &mut Taken,
    progress: &(dyn Fn(&Taken) + Send + Sync),
) -> Result<(), IntakeError> {
    let refused = |source| IntakeError::Source { job: job.name.clone(), source: Box::new(source) };
    // Reading again starts from the beginning and leaves the checkpoint of ordinary runs as it is. So does a snapshot:
    // a run that went on in the middle would take what the one before it read for gone.
    let afresh = again || job.picture.is_some();
    let mut after = Checkpoint(if afresh { String::new() } else { lease.checkpoint.clone() });
    let mut wrong = None;
    while let Some(page) = source.pull(&after).await.map_err(refused)? {
        fault!("intake.pulled");
        if let Err(error) = check_columns(job, &page) {
            // One wrong file stops no other; the first is told when they are done.
            tracing::info!(job = %job.name, %error, "A file is passed over.");
            source.set_aside().await.map_err(refused)?;
            wrong.get_or_insert(error);
            continue;
        }
        room(hub).await?;
        after = page.checkpoint.clone();
        if planted!("confirm_before_commit") {
            source.confirmed().await.map_err(refused)?;
        }
        take(hub, job, lease, page, again, taken).await?;
        fault!("intake.committed");
        hub.wake.normalise.notify_one();
        source.confirmed().await.map_err(refused)?;
        fault!("intake.confirmed");
        progress(taken);
    }
    wrong.map_or(Ok(()), Err)
}

/// Keeps one page: batch, rows, files, checkpoint, in one transaction.
async fn take(
    hub: &Hub,
    job: &JobPlan,
    lease: &Lease,
    page: Page,
    again: bool,
    taken: &mut Taken,
) -> Result<(), IntakeError> {
    let batch = hub.batch(job, lease.source, taken.run, "pull", &page.rows);
    let rows = batch.rows;
    let mut tx = hub.db.begin(Priority::Intake).await?;
    let checkpoint = if again { &lease.checkpoint } else { &page.checkpoint.0 };
    if !store::source_checkpoint(&mut tx, lease, checkpoint).await? {
        return Err(IntakeError::LeaseLost { job: job.name.clone() });
    }
    if planted!("checkpoint_before_batch") {
        let files = page.files.iter().map(|f| (0, f.clone())).collect();
        store::file_seen_add(&mut tx, lease.source, files, store::now_us()).await?;
        tx.commit().await?;
        tx = hub.db.begin(Priority::Intake).await?;
    }
    fault!("intake.checkpoint");
    let mut number = 0;
    if rows > 0 {
        number = hub.queue.publish(&mut tx, batch).await?;
        fault!("intake.published");
        store::run_batch(&mut tx, taken.run, number, rows).await?;
        taken.batches += 1;
        taken.rows += u64::from(rows);
    }
    taken.pages += 1;
    let read = page.files.iter().filter(|f| f.state == FileState::Read).count() as u64;
    taken.files += read;
    taken.files_known += page.files.len() as u64 - read;
    let files: Vec<(i64, FileSeen)> = page.files.into_iter().map(|f| (number, f)).collect();
    if job.picture.is_some() {
        taken.picture.extend(files);
    } else {
        store::file_seen_add(&mut tx, lease.source, files, store::now_us()).await?;
    }
    fault!("intake.files");
    tx.commit().await?;
    Ok(())
}

/// A mapping's column that the declared header does not have.
fn check_columns(job: &JobPlan, page: &Page) -> Result<(), IntakeError> {
    if !page.rows.declared || page.rows.is_empty() {
        return Ok(());
    }
    let bound = job.mappings.iter().filter_map(|m| m.mapping.bind(page.rows.columns(), true).err());
    let columns: Vec<MissingColumn> = bound.flatten().collect();
    if columns.is_empty() {
        return Ok(());
    }
    Err(IntakeError::Columns { job: job.name.clone(), file: page.rows.files.first().cloned(), columns })
}

/// Waits until not too much lies before normalise: what is not worked off needs no more disk.
async fn room(hub: &Hub) -> Result<(), IntakeError> {
    let most = hub.config.hub.intake.ahead_batches_max.get() as i64;
    loop {
        let settled = hub.wake.settled.notified();
        let mut tx = hub.db.begin(Priority::Intake).await?;
        let depth = hub.queue.depth(&mut tx).await? - store::batch_stuck(&mut tx).await?;
        drop(tx);
        if depth < most {
            return Ok(());
        }
        wait(settled).await;
    }
}

/// Waits for a wake-up, at most a second: the safety net.
async fn wait(woken: tokio::sync::futures::Notified<'_>) {
    if tokio::time::timeout(Duration::from_secs(1), woken).await.is_err() {
        tracing::trace!("Nobody woke us for a second.");
    }
}

async fn look_for_absence(hub: &Hub, job: &JobPlan, lease: &Lease, taken: &mut Taken) -> Result<(), IntakeError> {
    loop {
        let settled = hub.wake.settled.notified();
        let mut tx = hub.db.begin(Priority::Intake).await?;
        let open = store::batch_run_open(&mut tx, taken.run).await?;
        if open && store::batch_run_stuck(&mut tx, taken.run).await? > 0 {
            taken.note = Words::new(
                "有一批无法处理，本次不判定任何删除",
                "a batch cannot be normalised, so nothing counts as deleted",
            );
            return Ok(());
        }
        drop(tx);
        if !open {
            break;
        }
        wait(settled).await;
    }
    match absent::look(hub, job, lease.source, taken.run).await? {
        absent::Looked::Published(count) => taken.absent = count as u64,
        absent::Looked::NotTold(why) => taken.note = why,
        absent::Looked::Stopped(why) => return Err(IntakeError::Vanished { job: job.name.clone(), why }),
    }
    Ok(())
}
