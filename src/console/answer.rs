//! One function from a question to an answer.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Ask, books, feeds, find, items, jobs, records, trace};
use crate::diagnostic::{Failure, FailureKind, io_words, nearest};
use crate::pipeline::Hub;
use crate::schema::Dataset;
use crate::store::StoreError;

/// Which stages work while a question is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stages {
    /// All of them: a running hub.
    Running,
    /// Those of `run --once`, which end by themselves.
    Once,
    /// None: whoever asks has opened the store for this question alone.
    Still,
}

/// How far work has come that takes its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Rows that a run has taken in.
    Taken(u64),
    /// Rows that were counted again, and how many there are.
    Recounted { done: u64, of: u64 },
}

/// Who is told.
pub type Tell = Arc<dyn Fn(Progress) + Send + Sync>;

/// Answers a question. `tell` is told how far work has come.
pub async fn answer(hub: &Arc<Hub>, stages: Stages, ask: Ask, tell: &Tell) -> Result<Value, Failure> {
    match ask {
        Ask::Books { verify, date } => json(books::books(hub, verify, date, tell).await?),
        Ask::JobList => json(jobs::list(hub).await?),
        Ask::JobFiles => json(jobs::files(hub).await?),
        Ask::JobRun { name, again } => json(jobs::run(hub, stages, &name, again, tell).await?),
        Ask::JobPause { name, why } => json(jobs::pause(hub, &name, Some(&why)).await?),
        Ask::JobResume { name } => json(jobs::pause(hub, &name, None).await?),
        Ask::FeedList => json(feeds::list(hub).await?),
        Ask::FeedShow { name, limit } => json(feeds::show(hub, &name, limit).await?),
        Ask::FeedPause { name, why } => json(feeds::pause(hub, &name, &why).await?),
        Ask::FeedResume { name } => json(feeds::resume(hub, stages, &name).await?),
        Ask::FeedResend { name, record } => json(feeds::resend(hub, &name, record).await?),
        Ask::RecordFind { text, dataset, limit } => json(find::find(hub, &text, dataset.as_deref(), limit).await?),
        Ask::RecordShow { which, version } => json(records::show(hub, &which, version).await?),
        Ask::RecordTrace { which } => json(trace::trace(hub, &which).await?),
        Ask::QuarantineList(filter) => json(items::list(hub, &filter).await?),
        Ask::QuarantineShow { item } => json(items::show(hub, item).await?),
    }
}

fn json(answer: impl Serialize) -> Result<Value, Failure> {
    serde_json::to_value(answer).map_err(|error| {
        Failure::new(
            FailureKind::Internal,
            format!("答案无法写成 JSON：{error}"),
            format!("the answer cannot be written as JSON: {error}"),
        )
    })
}

/// What a person is told when the store fails: what is in the way, and the next step. The cause goes to the log.
pub fn store_failure(error: StoreError) -> Failure {
    use FailureKind::{Config, Internal, Unavailable};
    tracing::debug!(%error, cause = ?error, "The store failed.");
    match error {
        StoreError::Held { path, pid } => held(&path, &pid),
        StoreError::Open { path, source } => Failure::new(
            Unavailable,
            format!("无法打开数据库 {}：{source}", path.display()),
            format!("the database {} cannot be opened: {source}", path.display()),
        )
        .hint(
            "请检查磁盘空间，以及运行账户是否可读写该文件",
            "see whether there is room on the disk, and whether this account may write the file",
        ),
        StoreError::Directory { path, source } => Failure::new(
            Unavailable,
            format!("无法使用数据库所在目录 {}：{}", path.display(), io_words(&source).zh),
            format!("the database's directory {} cannot be used: {}", path.display(), io_words(&source).en),
        )
        .hint(
            "请检查目录是否存在、运行账户是否可写；位置由 hub.toml 的 [store] path 决定",
            "see whether this account may write there; the place is [store] path in hub.toml",
        ),
        StoreError::WriterStopped { why } => Failure::new(
            Unavailable,
            format!("数据库写入失败，枢纽已停止写入：{why}"),
            format!("the database could not be written, and the hub has stopped writing: {why}"),
        )
        .hint(
            "请检查磁盘空间和磁盘状态，然后重新启动；已收下的数据不会丢失，未写完的会重做",
            "see whether the disk is full or failing, then start again: nothing that was taken in is lost, what was not written is done again",
        ),
        StoreError::Newer { found, known } => Failure::new(
            Config,
            format!("数据库格式为第 {found} 版，此程序只认识到第 {known} 版"),
            format!("the database has format {found}, and this program knows formats up to {known}"),
        )
        .hint("请使用更新的程序", "use a newer program"),
        StoreError::Statement(rusqlite::Error::SqliteFailure(e, _))
            if matches!(
                e.code,
                rusqlite::ErrorCode::DiskFull
                    | rusqlite::ErrorCode::ReadOnly
                    | rusqlite::ErrorCode::SystemIoFailure
                    | rusqlite::ErrorCode::DatabaseBusy
                    | rusqlite::ErrorCode::CannotOpen
            ) =>
        {
            Failure::new(Unavailable, format!("数据库暂不可用：{e}"), format!("the database cannot be used now: {e}"))
                .hint(
                    "请检查磁盘空间和目录权限；已收下的数据不会丢失",
                    "see whether the disk is full or read-only; nothing that was taken in is lost",
                )
        }
        StoreError::Statement(rusqlite::Error::SqliteFailure(e, _))
            if matches!(e.code, rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) =>
        {
            Failure::new(Unavailable, format!("数据库文件无法识别：{e}"), format!("the database's file is none, or is damaged: {e}"))
                .hint(
                    "请核对 hub.toml 的 [store] path；文件若已损坏，请停止枢纽并换回备份",
                    "see whether [store] path in hub.toml names the right file; if it is damaged, put a copy back while no hub runs",
                )
        }
        other => {
            let mut words = other.to_string();
            let mut cause = std::error::Error::source(&other);
            while let Some(error) = cause {
                words = format!("{words}: {error}");
                cause = error.source();
            }
            Failure::new(Internal, format!("数据库出错：{words}"), words)
        }
    }
}

fn held(path: &std::path::Path, pid: &str) -> Failure {
    let path = path.display();
    Failure::new(
        FailureKind::Unavailable,
        format!("数据库 {path} 正由进程 {pid} 使用"),
        format!("the database {path} is in use by process {pid}"),
    )
    .hint("待该进程结束后再试", "try again when that process has ended")
}

/// A name that the configuration does not have.
pub(super) fn unknown<'a>(
    (zh, en): (&str, &str),
    name: &str,
    known: impl Iterator<Item = &'a str> + Clone,
    (list_zh, list_en): (&str, &str),
) -> Failure {
    let failure = Failure::new(FailureKind::User, format!("没有{zh} `{name}`"), format!("there is no {en} `{name}`"));
    match nearest(name, known) {
        Some(near) => failure.hint(format!("是否想写 `{near}`？"), format!("did you mean `{near}`?")),
        None => failure.hint(list_zh, list_en),
    }
}

/// A dataset as a person calls it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DatasetName {
    /// The code; empty where no dataset is meant, as for rows that could not be read.
    pub dataset: String,
    /// Empty where the dataset has none.
    pub number: String,
    pub dataset_zh: String,
    pub dataset_en: String,
}

impl DatasetName {
    pub(super) fn of(hub: &Hub, code: &str) -> Self {
        let Some(dataset) = hub.schema.dataset(code) else {
            return Self { dataset: code.to_owned(), ..Self::default() };
        };
        Self {
            dataset: code.to_owned(),
            number: dataset.number.clone(),
            dataset_zh: dataset.name_zh.clone(),
            dataset_en: dataset.name_en.clone(),
        }
    }
}

/// The dataset of a code or number.
pub(super) fn dataset<'a>(hub: &'a Hub, name: &str) -> Result<&'a Arc<Dataset>, Failure> {
    hub.schema.dataset(name).ok_or_else(|| {
        let known = hub.schema.datasets().iter().map(|d| d.code.as_str());
        unknown(("数据集", "dataset"), name, known, ("`schema list` 列出全部数据集", "`schema list` lists all"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Lang;

    #[test]
    fn a_file_that_is_no_database_is_told_with_what_to_do() {
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_NOTADB), None);
        let failure = store_failure(StoreError::Statement(error));
        assert_eq!(failure.kind.exit_code(), 3);
        insta::assert_snapshot!(format!("{}\n{}", failure.message.get(Lang::En), failure.hint.get(Lang::En)), @r"
        the database's file is none, or is damaged: Error code 26: file is not a database
        see whether [store] path in hub.toml names the right file; if it is damaged, put a copy back while no hub runs
        ");
        insta::assert_snapshot!(format!("{}\n{}", failure.message.get(Lang::Zh), failure.hint.get(Lang::Zh)), @r"
        数据库文件无法识别：Error code 26: file is not a database
        请核对 hub.toml 的 [store] path；文件若已损坏，请停止枢纽并换回备份
        ");
    }
}
