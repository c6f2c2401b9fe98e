//! `job …`: what is taken from systems, when, and what came of the last time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use adapter::{FileSeen, FileState};
use serde::{Deserialize, Serialize};

use super::answer::{DatasetName, Progress, Tell, store_failure, unknown};
use super::{ItemLine, Moment, Stages, items};
use crate::config::{Config, Job, System};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Words, say};
use crate::pipeline::intake::{self, IntakeError, Taken};
use crate::pipeline::{Hub, JobPlan, work};
use crate::store::{self, JobView, OutcomeCounts, Priority};

/// Times that `job list` shows of each job: enough to see the rhythm.
const NEXT_TIMES: usize = 3;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobsAnswer {
    pub jobs: Vec<JobLine>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobLine {
    /// `system/job`.
    pub name: String,
    pub system: String,
    pub system_zh: String,
    /// The adapter.
    pub from: String,
    /// None: by hand.
    pub schedule: Option<String>,
    pub zone: Option<String>,
    pub mappings: Vec<String>,
    pub paused: bool,
    pub paused_why: Words,
    pub next: Vec<Moment>,
    /// Batches that are not settled yet.
    pub open_batches: i64,
    pub last: Option<LastRun>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct LastRun {
    pub run: i64,
    /// schedule, once, by hand.
    pub cause: String,
    pub started: Option<Moment>,
    pub ended: Option<Moment>,
    /// reading, done, failed, interrupted.
    pub state: String,
    pub rows: i64,
    pub why: Words,
}

/// What a run took in, and what became of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RunAnswer {
    pub job: String,
    pub run: i64,
    pub files: u64,
    /// Files whose content was taken before.
    pub files_known: u64,
    pub batches: u64,
    pub rows: u64,
    /// Records that the source no longer shows.
    pub absent: u64,
    pub note: Words,
    /// True: more than one old file was read again into records without a version, each as if it were new.
    pub replayed: bool,
    /// Batches of this job that cannot be normalised, those of earlier runs too.
    pub stuck_batches: i64,
    pub mappings: Vec<MappingItems>,
    /// Items of this run that are in quarantine, and some of them: files that could not be read, and each reason once.
    pub quarantined: i64,
    pub examples: Vec<ItemLine>,
}

/// Items of one mapping by outcome.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct MappingItems {
    /// `row`: rows that could not be read.
    pub mapping: String,
    #[serde(flatten)]
    pub dataset: DatasetName,
    pub items: i64,
    #[serde(flatten)]
    pub outcomes: OutcomeCounts,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobChanged {
    pub job: String,
    pub paused: bool,
    pub why: String,
    /// False: it was so before.
    pub changed: bool,
}

pub(super) async fn list(hub: &Hub) -> Result<JobsAnswer, Failure> {
    let stored = hub.db.read(store::job_views).await.map_err(store_failure)?;
    Ok(JobsAnswer::of(&hub.config, stored, store::now_us()))
}

/// Files that were taken, by job.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FilesAnswer {
    pub jobs: HashMap<String, Vec<TakenFile>>,
}

/// As much of a file as tells whether it is the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TakenFile {
    pub name: String,
    pub digest: String,
    pub size: u64,
    pub modified_us: i64,
    pub rows: u64,
}

pub(super) async fn files(hub: &Hub) -> Result<FilesAnswer, Failure> {
    let mut answer = FilesAnswer::default();
    for (job, file) in hub.db.read(store::file_seen_by_source).await.map_err(store_failure)? {
        let FileSeen { name, digest, size, modified_us, rows, .. } = file;
        answer.jobs.entry(job).or_default().push(TakenFile { name, digest, size, modified_us, rows });
    }
    Ok(answer)
}

impl From<TakenFile> for FileSeen {
    fn from(file: TakenFile) -> Self {
        let TakenFile { name, digest, size, modified_us, rows } = file;
        Self { name, digest, size, modified_us, rows, state: FileState::Read }
    }
}

impl JobsAnswer {
    /// The configured jobs, with what is stored of them (nothing before the first run).
    pub fn of(config: &Config, mut stored: Vec<JobView>, now_us: i64) -> Self {
        let line = |(system, job): (&System, &Job)| {
            let row = stored.iter().position(|r| r.name == job.name.as_str()).map(|at| stored.swap_remove(at));
            let paused = row.as_ref().map_or(job.paused, |r| r.paused);
            let next = match &job.schedule {
                Some(schedule) if !paused => schedule.next_times_us(now_us, NEXT_TIMES),
                _ => Vec::new(),
            };
            JobLine {
                name: job.name.as_str().to_owned(),
                system: system.name.as_str().to_owned(),
                system_zh: system.name_zh.clone(),
                from: job.from.adapter().to_owned(),
                schedule: job.schedule.as_ref().map(|s| s.text().to_owned()),
                zone: job.schedule.as_ref().map(|s| s.zone().to_string()),
                mappings: job.mappings.iter().map(|m| m.as_str().to_owned()).collect(),
                paused,
                next: next.into_iter().map(Moment).collect(),
                open_batches: row.as_ref().map_or(0, |r| r.open_batches),
                paused_why: row.as_ref().map_or_else(Words::default, |r| Words::of_text(&r.paused_why)),
                last: row.and_then(|r| r.last).map(|last| LastRun {
                    run: last.run,
                    cause: last.cause,
                    started: Moment::new(last.started_us),
                    ended: last.ended_us.and_then(Moment::new),
                    state: last.state,
                    rows: last.rows,
                    why: Words::of_text(&last.why),
                }),
            }
        };
        Self { jobs: config.jobs().map(line).collect() }
    }
}

/// Runs a job now, and waits until what it took in has become records or items.
pub(super) async fn run(
    hub: &Arc<Hub>,
    stages: Stages,
    name: &str,
    again: bool,
    tell: &Tell,
) -> Result<RunAnswer, Failure> {
    let progress = &|taken: &Taken| tell(Progress::Taken(taken.rows));
    let job = known(hub, name)?.clone();
    let taken = match stages {
        Stages::Once => {
            return Err(Failure::new(FailureKind::Unavailable, "`run --once` 正在运行", "`run --once` is under way")
                .hint("待其结束后再试", "try again when it has ended"));
        }
        Stages::Running => {
            let taken = intake::run(hub, &job, "by hand", again, progress).await.map_err(run_failure)?;
            settled(hub, taken.run).await?;
            taken
        }
        Stages::Still => {
            let once = work::job_once(hub.clone(), name, again, progress).await.map_err(store_failure)?;
            once.ok_or_else(not_run)?.map_err(run_failure)?
        }
    };
    let run = taken.run;
    let read = hub.db.read(move |c| Ok((store::run_items(c, run)?, store::batch_stuck_jobs(c)?)));
    let (items, stuck) = read.await.map_err(store_failure)?;
    let quarantined = items.iter().map(|i| i.outcomes.quarantined).sum();
    let examples = if quarantined > 0 { items::examples(hub, name, run).await? } else { Vec::new() };
    let mappings = items.into_iter().map(|i| MappingItems {
        items: i.outcomes.sum(),
        mapping: i.mapping,
        dataset: DatasetName::of(hub, &i.dataset),
        outcomes: i.outcomes,
    });
    Ok(RunAnswer {
        job: name.to_owned(),
        run,
        files: taken.files,
        files_known: taken.files_known,
        batches: taken.batches,
        rows: taken.rows,
        absent: taken.absent,
        note: taken.note,
        replayed: again
            && taken.files > 1
            && job.picture.is_none()
            && job.mappings.iter().any(|m| !m.mapping.has_version()),
        stuck_batches: stuck.into_iter().find(|(job, _)| job == name).map_or(0, |(_, batches)| batches),
        mappings: mappings.collect(),
        quarantined,
        examples,
    })
}

fn not_run() -> Failure {
    Failure::new(FailureKind::Internal, "任务没有运行", "the job was not run")
}

/// Waits until every batch of a run is settled, or cannot be.
async fn settled(hub: &Hub, run: i64) -> Result<(), Failure> {
    loop {
        let woken = hub.wake.settled.notified();
        if hub.db.read(move |c| store::run_settled(c, run)).await.map_err(store_failure)? {
            return Ok(());
        }
        // The wake-up comes with each batch; a second is only the safety net.
        if tokio::time::timeout(Duration::from_secs(1), woken).await.is_err() {
            tracing::trace!(run, "Still waiting for the run's batches.");
        }
    }
}

/// Batches of a job that cannot be normalised: what is wrong, and the next step.
pub fn stuck_words(job: &str, batches: i64) -> Words {
    Words::new(
        format!(
            "任务 {job} 有 {batches} 个批次无法处理，原始行已保存；原因见日志（任务已改名或删除，或映射与这些行不符），\
             改正后每次运行都会再试"
        ),
        format!(
            "batches of job {job} that cannot be normalised: {batches}; their rows are kept, the log says why (the job \
             was renamed or removed, or its mapping does not fit them). Put it right: every run tries them again"
        ),
    )
}

/// Pauses a job, saying why, or (no reason) resumes it.
pub(super) async fn pause(hub: &Hub, name: &str, why: Option<&str>) -> Result<JobChanged, Failure> {
    let job = known(hub, name)?;
    let mut tx = hub.db.begin(Priority::Receipt).await.map_err(store_failure)?;
    let row = store::job_get(&mut tx, &job.name).await.map_err(store_failure)?;
    let paused = why.is_some();
    let why = why.unwrap_or_default().to_owned();
    store::job_pause(&mut tx, row.id, paused, &why).await.map_err(store_failure)?;
    tx.commit().await.map_err(store_failure)?;
    tracing::info!(job = %job.name, paused, why, "Job {} was {}.", job.name, if paused { "paused" } else { "resumed" });
    Ok(JobChanged { job: job.name.clone(), paused, why, changed: row.paused != paused })
}

fn known<'a>(hub: &'a Hub, name: &str) -> Result<&'a Arc<JobPlan>, Failure> {
    hub.job(name).ok_or_else(|| {
        let names = hub.jobs.iter().map(|j| j.name.as_str());
        unknown(("任务", "job"), name, names, ("`job list` 列出全部任务", "`job list` lists all"))
    })
}

/// Why a run failed, for a person: what is wrong, and the next step.
pub fn run_failure(error: IntakeError) -> Failure {
    use FailureKind::{Config, Refused, Unavailable};
    let Words { zh, en } = error.words();
    match error {
        IntakeError::Paused { job, .. } => Failure::new(Refused, zh, en)
            .hint(format!("`job resume {job}` 恢复运行"), format!("`job resume {job}` sets it going")),
        IntakeError::Source { source, .. } => {
            let kind = match &*source {
                adapter::SourceError::Config { .. } => Config,
                adapter::SourceError::Unavailable { .. } => Unavailable,
            };
            let hint = source.hint();
            Failure::new(kind, zh, en).hint(hint.zh.as_str(), hint.en.as_str())
        }
        IntakeError::Columns { file, columns, .. } => {
            let file = file.unwrap_or_default();
            Failure::of_diagnostics(columns.into_iter().map(|c| missing_column(&file, c)).collect())
        }
        IntakeError::LeaseLost { .. } => Failure::new(Unavailable, zh, en),
        IntakeError::Vanished { job, .. } => Failure::new(Refused, zh, en).hint(
            format!("确认确实删除后，调高该任务的 vanished_share，再 `job resume {job}`，然后运行"),
            format!("if they were really deleted, raise the job's vanished_share, then `job resume {job}` and run it"),
        ),
        IntakeError::Store(error) => store_failure(error),
    }
}

/// A mapping names a column that the source's header does not have: at the place where the mapping names it.
fn missing_column(file: &str, missing: crate::mapping::MissingColumn) -> Diagnostic {
    let hint = match &missing.nearest {
        Some(near) => say(format!("最相近的列是 `{near}`"), format!("the nearest column is `{near}`")),
        None => say("请核对该文件的表头", "compare it with the file's header"),
    };
    let name = &missing.name;
    let message = say(format!("{file} 没有列 `{name}`"), format!("{file} has no column `{name}`"));
    let (line, column) = (missing.line, missing.column);
    Diagnostic { line, column, ..Diagnostic::whole(&missing.file, message, hint) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Lang;

    #[test]
    fn why_a_run_failed_is_told_with_the_next_step() {
        let paused = IntakeError::Paused { job: "finance/nightly".into(), why: "对方换系统".into() };
        insta::assert_snapshot!(run_failure(paused).render(Lang::En), @r"
        error: job finance/nightly is paused: 对方换系统
        hint: `job resume finance/nightly` sets it going
        ");
        let column = crate::mapping::MissingColumn {
            name: "GGBT".into(),
            nearest: Some("GGBT1".into()),
            file: "from/finance/notice.toml".into(),
            line: 7,
            column: 15,
        };
        let gone =
            IntakeError::Columns { job: "finance/nightly".into(), file: Some("a.csv".into()), columns: vec![column] };
        insta::assert_snapshot!(run_failure(gone).render(Lang::Zh), @r"
        错误：from/finance/notice.toml:7:15: a.csv 没有列 `GGBT`
        提示：最相近的列是 `GGBT1`
        ");
        let source = adapter::SourceError::Unavailable {
            message: Words::new("目录不见了", "the directory is gone"),
            hint: Words::new("请挂载", "mount it"),
        };
        let source = IntakeError::Source { job: "finance/nightly".into(), source: Box::new(source) };
        assert_eq!(run_failure(source).kind, FailureKind::Unavailable);
    }
}
