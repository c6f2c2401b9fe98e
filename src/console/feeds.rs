//! `feed …`: what is owed to systems, what they have, and why the rest is not there.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::answer::{DatasetName, store_failure, unknown};
use super::why::{missing_parent, said, why};
use super::{Moment, Stages};
use crate::diagnostic::{Failure, FailureKind, Words};
use crate::pipeline::{FeedPlan, Hub, subscribe};
use crate::store::{self, FeedBooks, FeedRow, FeedView, Priority};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedsAnswer {
    pub feeds: Vec<FeedLine>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedLine {
    pub system: String,
    pub system_zh: String,
    /// The adapter.
    pub to: String,
    /// Codes; `*`: all.
    pub datasets: Vec<String>,
    /// What is owed, by state.
    #[serde(flatten)]
    pub books: FeedBooks,
    pub state_why: String,
    /// Calls in a row that did not get through.
    pub tries: i64,
    /// Nothing is sent before this instant.
    pub rests_until: Option<Moment>,
    /// When a request was last answered.
    pub answered: Option<Moment>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedAnswer {
    #[serde(flatten)]
    pub line: FeedLine,
    /// Why deliveries are not up to date, by count.
    pub causes: Vec<Cause>,
    /// Some of these deliveries, what needs a person first.
    pub open: Vec<OpenLine>,
    /// What a person should know of these. May be empty.
    pub advice: Words,
    /// The newest requests, newest first.
    pub newest_requests: Vec<RequestLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cause {
    pub state: String,
    pub why: Words,
    pub count: i64,
    /// One of these records.
    pub record: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenLine {
    pub record: i64,
    #[serde(flatten)]
    pub dataset: DatasetName,
    pub identity: String,
    pub state: String,
    pub wanted_version: i64,
    /// 0: the target never accepted one.
    pub accepted_version: i64,
    pub tries: i64,
    pub due: Option<Moment>,
    pub why: Words,
    /// What the target said of it last: rejected, missing_parent, …; empty: nothing yet.
    pub class: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestLine {
    pub request: i64,
    /// Our key of the request.
    pub name: String,
    pub records: i64,
    pub sent: Option<Moment>,
    pub answered: Option<Moment>,
    /// How often the same bytes were sent.
    pub sends: i64,
    /// Empty while unanswered.
    pub class: String,
    pub status: i64,
    /// What the target answered, cut; or why it was not sent.
    pub answer: Words,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FeedChanged {
    pub feed: String,
    /// walking, on, paused.
    pub state: String,
    pub why: String,
    /// False: it was so before.
    pub changed: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resent {
    pub feed: String,
    /// Deliveries that are due again.
    pub due: usize,
}

pub(super) async fn list(hub: &Hub) -> Result<FeedsAnswer, Failure> {
    let views = hub.db.read(store::feed_views).await.map_err(store_failure)?;
    let feeds = hub.feeds.iter().filter_map(|feed| {
        let view = views.iter().find(|v| v.books.feed == feed.name)?;
        Some(line(hub, feed, view))
    });
    Ok(FeedsAnswer { feeds: feeds.collect() })
}

fn line(hub: &Hub, feed: &FeedPlan, view: &FeedView) -> FeedLine {
    let config = hub.config.feed(&feed.name);
    let all = |codes: &HashSet<String>| {
        let mut codes: Vec<String> = codes.iter().cloned().collect();
        codes.sort();
        codes
    };
    FeedLine {
        system: feed.system.clone(),
        system_zh: config.map_or_else(String::new, |(system, _)| system.name_zh.clone()),
        to: config.map_or("", |(_, f)| f.to.adapter()).to_owned(),
        datasets: feed.datasets.as_ref().map_or_else(|| vec!["*".to_owned()], all),
        books: view.books.clone(),
        state_why: view.state_why.clone(),
        tries: view.tries,
        rests_until: Moment::new(view.rest_until_us).filter(|until| until.0 > store::now_us()),
        answered: view.answered_us.and_then(Moment::new),
    }
}

pub(super) async fn show(hub: &Hub, name: &str, limit: u32) -> Result<FeedAnswer, Failure> {
    let feed = known(hub, name)?;
    let (id, limit) = (feed.id, i64::from(limit));
    let (views, causes, open, requests) = hub
        .db
        .read(move |c| {
            Ok((
                store::feed_views(c)?,
                store::feed_causes(c, id, limit)?,
                store::feed_open(c, id, limit)?,
                store::feed_requests(c, id, limit)?,
            ))
        })
        .await
        .map_err(store_failure)?;
    let view = views.iter().find(|v| v.books.feed == feed.name).ok_or_else(|| not_stored(name))?;
    let cause =
        |c: store::CauseView| Cause { why: why(&c.state, &c.why), state: c.state, count: c.count, record: c.record };
    let open_line = |d: store::OpenDelivery| OpenLine {
        record: d.record,
        dataset: DatasetName::of(hub, &d.dataset),
        identity: d.identity,
        why: why(&d.state, &d.why),
        state: d.state,
        wanted_version: d.wanted_version,
        accepted_version: d.accepted_version,
        tries: d.tries,
        due: Moment::new(d.due_us),
        class: d.class,
    };
    let request = |q: store::RequestView| RequestLine {
        request: q.request,
        name: q.name,
        records: q.records,
        sent: Moment::new(q.sent_us),
        answered: q.answered_us.and_then(Moment::new),
        sends: q.sends,
        class: q.class,
        status: q.status,
        answer: said(&q.answer),
    };
    let lacks_parent = open.iter().any(|d| d.state == "due" && d.class == "missing_parent");
    Ok(FeedAnswer {
        advice: if lacks_parent { missing_parent(name) } else { Words::default() },
        line: line(hub, feed, view),
        causes: causes.into_iter().map(cause).collect(),
        open: open.into_iter().map(open_line).collect(),
        newest_requests: requests.into_iter().map(request).collect(),
    })
}

/// Pauses a feed: what is due stays due, and nothing is sent.
pub(super) async fn pause(hub: &Hub, name: &str, why: &str) -> Result<FeedChanged, Failure> {
    let feed = known(hub, name)?;
    let mut tx = hub.db.begin(Priority::Receipt).await.map_err(store_failure)?;
    let row = store::feed_get(&mut tx, &feed.name, "").await.map_err(store_failure)?;
    if row.state == "walking" {
        let walked = if row.walked.is_empty() { subscribe::WALK_BEGINS } else { &row.walked };
        store::feed_walked(&mut tx, feed.id, "paused", walked, &row.selection).await.map_err(store_failure)?;
    }
    store::feed_state(&mut tx, feed.id, "paused", why).await.map_err(store_failure)?;
    tx.commit().await.map_err(store_failure)?;
    tracing::info!(feed = %feed.name, why, "Feed {} was paused.", feed.name);
    Ok(changed(feed, "paused", why, &row))
}

/// Resumes a feed; one that has not seen all stored records yet sees them first.
pub(super) async fn resume(hub: &Arc<Hub>, stages: Stages, name: &str) -> Result<FeedChanged, Failure> {
    let feed = known(hub, name)?.clone();
    let mut tx = hub.db.begin(Priority::Receipt).await.map_err(store_failure)?;
    let row = store::feed_get(&mut tx, &feed.name, "").await.map_err(store_failure)?;
    let state = match row.state.as_str() {
        "paused" if row.walked.is_empty() => "on",
        "on" => "on",
        _ => "walking",
    };
    if row.state == "paused" {
        store::feed_state(&mut tx, feed.id, state, "").await.map_err(store_failure)?;
    }
    // Who resumes a feed has seen to its target, and need not wait for the next try.
    store::feed_rest(&mut tx, feed.id, 0, 0).await.map_err(store_failure)?;
    tx.commit().await.map_err(store_failure)?;
    tracing::info!(feed = %feed.name, "Feed {} was resumed.", feed.name);
    let answer = changed(&feed, state, "", &row);
    if stages == Stages::Running {
        match state {
            "walking" if answer.changed => walk(hub.clone(), feed, row),
            _ => feed.wake.notify_one(),
        }
    }
    Ok(answer)
}

/// Walks stored records for a resumed feed, beside the answer.
fn walk(hub: Arc<Hub>, feed: Arc<FeedPlan>, row: FeedRow) {
    tokio::spawn(async move {
        match subscribe::walk(&hub, &feed, &row, &|_| {}).await {
            Ok(_) => feed.wake.notify_one(),
            Err(error) => {
                tracing::error!(feed = %feed.name, %error, cause = ?error, "Stored records cannot be walked.")
            }
        }
    });
}

fn changed(feed: &FeedPlan, state: &str, why: &str, before: &FeedRow) -> FeedChanged {
    FeedChanged {
        feed: feed.name.clone(),
        state: state.to_owned(),
        why: why.to_owned(),
        changed: before.state != state,
    }
}

/// Makes deliveries due again: one record's, or all that the target rejected.
pub(super) async fn resend(hub: &Hub, name: &str, record: Option<i64>) -> Result<Resent, Failure> {
    let feed = known(hub, name)?;
    let mut tx = hub.db.begin(Priority::Receipt).await.map_err(store_failure)?;
    let due = store::delivery_resend(&mut tx, feed.id, record, store::now_us()).await.map_err(store_failure)?;
    tx.commit().await.map_err(store_failure)?;
    if let (0, Some(record)) = (due, record) {
        return Err(Failure::new(
            FailureKind::User,
            format!("订阅 {name} 没有可重送的记录 {record}"),
            format!("feed {name} has nothing of record {record} that could be sent again"),
        )
        .hint(
            format!("`record trace {record}` 显示它在各订阅中的状态；应投、受阻或未知的会自动处理"),
            format!("`record trace {record}` shows where it is; what is due, blocked or unknown goes by itself"),
        ));
    }
    tracing::info!(feed = %feed.name, due, record, "{due} deliveries of {} are due again.", feed.name);
    feed.wake.notify_one();
    Ok(Resent { feed: feed.name.clone(), due })
}

fn known<'a>(hub: &'a Hub, name: &str) -> Result<&'a Arc<FeedPlan>, Failure> {
    hub.feed(name).ok_or_else(|| {
        let names = hub.feeds.iter().map(|f| f.name.as_str());
        unknown(("订阅", "feed"), name, names, ("`feed list` 列出全部订阅", "`feed list` lists all"))
    })
}

fn not_stored(name: &str) -> Failure {
    Failure::new(FailureKind::Internal, format!("数据库中没有订阅 {name}"), format!("feed {name} is not in the store"))
}
