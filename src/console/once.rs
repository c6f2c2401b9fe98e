//! What `run --once` came to: what was taken in, what became of it, where it went, what waits for whom.

use serde::{Deserialize, Serialize};

use super::answer::{DatasetName, store_failure};
use super::jobs::{run_failure, stuck_words};
use super::{FeedLine, ItemFilter, MappingItems, Moment, ReasonCount, feeds, items};
use crate::diagnostic::{Failure, Lang, Words, count};
use crate::pipeline::Hub;
use crate::pipeline::intake::{IntakeError, Taken};
use crate::pipeline::work::Once;
use crate::store;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OnceAnswer {
    /// True: the books of all days balance.
    pub balanced: bool,
    pub jobs: Vec<OnceJob>,
    /// Items of this run by mapping and outcome.
    pub mappings: Vec<MappingItems>,
    pub feeds: Vec<OnceFeed>,
    /// Jobs with batches that cannot be normalised, and how many.
    pub stuck_batches: Vec<(String, i64)>,
    /// All open items, those of earlier runs too.
    pub quarantined: i64,
    pub waiting: i64,
    pub reasons: Vec<ReasonCount>,
    /// What to do next, most urgent first.
    pub next: Vec<NextStep>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnceJob {
    pub job: String,
    /// done, failed, paused.
    pub state: String,
    pub files: u64,
    /// Files whose content was taken before.
    pub files_known: u64,
    pub batches: u64,
    pub rows: u64,
    /// Why it failed, with the next step, a line each; or what it has to say.
    pub zh: String,
    pub en: String,
}

/// A feed, and what was sent in this run.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OnceFeed {
    #[serde(flatten)]
    pub line: FeedLine,
    /// Deliveries whose bytes left, by what the target said of them; empty: nothing yet.
    pub sent: Vec<(String, i64)>,
    /// True: the target did not take everything now.
    pub resting: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextStep {
    pub zh: String,
    pub en: String,
    /// What to type, after `exchange-hub`.
    pub command: String,
}

impl OnceAnswer {
    /// True: something waits for a person.
    pub fn waits_for_a_person(&self) -> bool {
        let held = |f: &OnceFeed| f.line.books.rejected + f.line.books.withheld > 0;
        self.quarantined + self.waiting > 0 || self.feeds.iter().any(held)
    }

    pub fn failed(&self) -> bool {
        !self.stuck_batches.is_empty() || self.jobs.iter().any(|j| j.state == "failed")
    }
}

/// Where a run begins: an instant, and the last request before it.
#[derive(Debug, Clone, Copy)]
pub struct Since {
    us: i64,
    request: i64,
}

/// Marks the beginning of a run.
pub async fn since(hub: &Hub) -> Result<Since, Failure> {
    let request = hub.db.read(store::request_last).await.map_err(store_failure)?;
    Ok(Since { us: store::now_us(), request })
}

/// Reports what a run came to.
pub async fn report(hub: &Hub, since: Since, once: Once) -> Result<OnceAnswer, Failure> {
    let (run, balanced, sent, stuck_batches) = hub
        .db
        .read(move |c| {
            let run = store::mapping_books(c, since.us, i64::MAX)?;
            let balanced = store::mapping_books(c, 0, i64::MAX)?.iter().all(|m| m.balanced);
            Ok((run, balanced, store::sent_since(c, since.request)?, store::batch_stuck_jobs(c)?))
        })
        .await
        .map_err(store_failure)?;
    let open = items::list(hub, &ItemFilter { waiting: true, limit: 0, ..ItemFilter::default() }).await?;
    let feeds = feeds::list(hub).await?.feeds.into_iter().map(|line| OnceFeed {
        sent: sent
            .iter()
            .filter(|s| s.feed == line.books.feed && s.class != "unsent")
            .map(|s| (s.class.clone(), s.records))
            .collect(),
        resting: once.resting.contains(&line.books.feed),
        line,
    });
    let feeds: Vec<OnceFeed> = feeds.collect();
    let mut answer = OnceAnswer {
        balanced: balanced && feeds.iter().all(|f| f.line.books.balanced),
        mappings: run
            .into_iter()
            .map(|m| MappingItems {
                mapping: m.mapping,
                dataset: DatasetName::of(hub, &m.dataset),
                items: m.items,
                outcomes: m.outcomes,
            })
            .collect(),
        feeds,
        jobs: once.jobs.into_iter().map(job).collect(),
        stuck_batches,
        quarantined: open.quarantined,
        waiting: open.waiting,
        reasons: open.reasons,
        next: Vec::new(),
    };
    answer.next = next(&answer);
    Ok(answer)
}

fn job((job, taken): (String, Result<Taken, IntakeError>)) -> OnceJob {
    match taken {
        Ok(taken) => OnceJob {
            job,
            state: "done".to_owned(),
            files: taken.files,
            files_known: taken.files_known,
            batches: taken.batches,
            rows: taken.rows,
            zh: taken.note.zh,
            en: taken.note.en,
        },
        Err(error) => {
            let state = if matches!(error, IntakeError::Paused { .. }) { "paused" } else { "failed" };
            let failure = run_failure(error);
            let words = |lang| failure.render(lang).trim_end().to_owned();
            let (zh, en) = match state {
                "paused" => (String::new(), String::new()),
                _ => (words(Lang::Zh), words(Lang::En)),
            };
            OnceJob { job, state: state.to_owned(), files: 0, files_known: 0, batches: 0, rows: 0, zh, en }
        }
    }
}

/// That a target did not take everything, until when nothing is sent to it, and what ends that.
fn rests(feed: &str, until: Option<Moment>) -> (String, String) {
    match until.map(Moment::shown) {
        None => (
            format!("订阅 {feed} 的对方没有全部接收：`run` 会自动重试"),
            format!("feed {feed}: the target did not take everything: `run` tries again by itself"),
        ),
        Some(until) => (
            format!(
                "订阅 {feed} 的对方没有全部接收，{until}（北京时间）之前不再发送：`run` 届时自动重试；`feed resume {feed}` 使下次运行立即发送"
            ),
            format!(
                "feed {feed}: the target did not take everything, and nothing is sent before {until} (Beijing): `run` \
                 tries then by itself; after `feed resume {feed}` the next run sends at once"
            ),
        ),
    }
}

/// What a person does next, most urgent first.
fn next(answer: &OnceAnswer) -> Vec<NextStep> {
    let mut next = Vec::new();
    let mut step = |zh: String, en: String, command: String| next.push(NextStep { zh, en, command });
    if !answer.balanced {
        step("账不平：查明是哪张表".into(), "the books do not balance: find the table".into(), "books --verify".into());
    }
    for job in answer.jobs.iter().filter(|j| j.state == "failed") {
        let name = &job.job;
        step(
            format!("任务 {name} 失败：按上面的提示改正后再运行"),
            format!("job {name} failed: mend what is said above and run it again"),
            format!("job run {name}"),
        );
    }
    for (job, batches) in &answer.stuck_batches {
        let Words { zh, en } = stuck_words(job, *batches);
        step(zh, en, "job list".into());
    }
    if answer.quarantined > 0 {
        let n = answer.quarantined;
        step(
            format!("{n} 个条目在隔离区：查看原始行和全部原因，改正来源或映射"),
            format!(
                "{} in quarantine: see each row and every reason, mend the source or the mapping",
                count(n, "item is", "items are")
            ),
            "quarantine list".into(),
        );
    }
    for feed in &answer.feeds {
        let (name, books) = (&feed.line.books.feed, &feed.line.books);
        if books.rejected > 0 {
            let n = books.rejected;
            step(
                format!("订阅 {name} 有 {n} 条被对方拒收：查看原因，改正后 `feed resend {name}`"),
                format!(
                    "feed {name}: {} rejected by the target: see why, mend, then `feed resend {name}`",
                    count(n, "record was", "records were")
                ),
                format!("feed show {name}"),
            );
        }
        if feed.resting {
            let (zh, en) = rests(name, feed.line.rests_until);
            step(zh, en, format!("feed show {name}"));
        }
    }
    if answer.waiting > 0 {
        let n = answer.waiting;
        step(
            format!("{n} 个条目在等待上级或查找的记录：到达后自动放行"),
            match n {
                1 => "1 item waits for a parent or a look-up: it goes by itself when that comes".to_owned(),
                _ => format!("{n} items wait for a parent or a look-up: each goes by itself when that comes"),
            },
            "quarantine list --waiting".into(),
        );
    }
    if next.is_empty() {
        next.push(NextStep {
            zh: "没有需要人工处理的事；常驻运行：".into(),
            en: "nothing waits for a person; to keep exchanging:".into(),
            command: "run".into(),
        });
    }
    next
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feed_that_rests_is_told_until_when_and_what_ends_it() {
        let (zh, en) = rests("province/out", Some(Moment(1_795_528_020_000_000)));
        insta::assert_snapshot!(format!("{en}\n{zh}"), @"
        feed province/out: the target did not take everything, and nothing is sent before 2026-11-24 21:47:00 (Beijing): `run` tries then by itself; after `feed resume province/out` the next run sends at once
        订阅 province/out 的对方没有全部接收，2026-11-24 21:47:00（北京时间）之前不再发送：`run` 届时自动重试；`feed resume province/out` 使下次运行立即发送
        ");
    }
}
