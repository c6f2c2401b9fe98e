//! Deliver: what is due goes to its target, and ends only with a receipt.
//!
//! A claim is a commit: request with its bytes, attempts and states, before the first byte leaves. Then the sink
//! sends; then the answer, its class and what it means for each delivery are one transaction. A lost answer makes the
//! request *unknown*: it stays open, its deliveries wait, and its same bytes go again under the same key before
//! anything newer of its records. "Already there" after that means accepted; otherwise it is a rejection. Where a
//! target answers record by record and says nothing clear of one, that one alone is unknown, and is asked for again.
//! Receipts are matched by our key and the claim's counter, never by turn. A target that is down rests the whole feed,
//! in the database; a request that it never answers holds up its own records only.

use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use adapter::{Answer, Request, Words};

use super::{FeedPlan, Hub, owe};
use crate::config::{self, Class};
use crate::fault::{fault, planted};
use crate::profile::{self, Operation};
use crate::store::{self, Carried, Due, Priority, RequestWrite, Room, Settle, StoreError};

/// What one step of a feed came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A request was made, or something else was done; there may be more.
    Sent { records: usize },
    /// Nothing may go before this instant.
    Rest { until_us: i64 },
    /// Nothing is due.
    Idle,
}

/// A request on its way: what the answer will be matched with.
struct Flight {
    request: i64,
    name: String,
    media: String,
    body: Vec<u8>,
    carried: Vec<Carried>,
    /// Records whose version the target took before, and a person has sent again.
    resent: HashSet<i64>,
    /// How often these bytes were sent, this time included.
    sends: i64,
    /// True: what it carries was sent before and may have arrived then, whatever becomes of this time.
    is_unsure: bool,
    /// Calls of the feed in a row that did not get through.
    tries: i64,
}

/// What a claim came to.
enum Claimed {
    Flight(Box<Flight>),
    /// Nothing to send, but something moved: what is not owed, or what the form cannot hold.
    Moved,
    Nothing,
}

/// How often an unanswered request goes before all else, as the feeler that shows whether the target is there again.
/// One that comes to nothing more often is tried beside the others, and holds up its own records only.
const FEELER_SENDS: i64 = 3;

/// Of so many steps one is such a request's, if its time has come: under a steady stream it would wait for ever.
const BESIDE: u64 = 10;

/// Most bytes of the records of one request, but for a single one: a request is held in memory several times over, as
/// rows, as a document and packed.
const REQUEST_BYTES_MAX: usize = 16 << 20;

/// Most bytes of an answer for each record that it speaks of: a key, a code and a sentence. Ten thousand of them are
/// 40 MiB.
const RESULT_BYTES_MAX: usize = 4 << 10;

/// At start: what was being sent when the process ended is unknown now.
pub async fn recover(hub: &Hub) -> store::Result<usize> {
    let ended = Words::new("程序在收到答复前结束", "the program ended before the answer");
    let mut tx = hub.db.begin(Priority::Receipt).await?;
    let mut unknown = 0;
    for feed in &hub.feeds {
        unknown += store::delivery_interrupted(&mut tx, feed.id, &ended.to_text()).await?;
    }
    tx.commit().await?;
    Ok(unknown)
}

/// Does the next thing for a feed: resolves an unknown request, or sends what is due.
pub async fn step(hub: &Hub, feed: &FeedPlan) -> store::Result<Step> {
    let now_us = store::now_us();
    let Some(config) = hub.feed_config(feed) else { return Ok(Step::Idle) };
    let mut tx = hub.db.begin(Priority::Receipt).await?;
    let row = store::feed_get(&mut tx, &feed.name, "").await?;
    if row.state != "on" {
        return Ok(Step::Idle);
    }
    if row.rest_until_us > now_us {
        return Ok(Step::Rest { until_us: row.rest_until_us });
    }
    let turn = feed.steps.fetch_add(1, Ordering::Relaxed);
    let open = store::request_open(&mut tx, feed.id, feed.flying(), now_us, FEELER_SENDS).await?;
    let flight = match open {
        Some(open) if open.sends < FEELER_SENDS || turn % BESIDE == BESIDE - 1 => {
            Some(again(&mut tx, open, row.tries).await?)
        }
        open => match (claim(hub, feed, config, &mut tx, row.tries, turn, now_us).await?, open) {
            (Claimed::Flight(flight), _) => Some(*flight),
            (Claimed::Moved, _) => {
                tx.commit().await?;
                return Ok(Step::Sent { records: 0 });
            }
            (Claimed::Nothing, Some(open)) => Some(again(&mut tx, open, row.tries).await?),
            (Claimed::Nothing, None) => None,
        },
    };
    let Some(flight) = flight else {
        let next = store::delivery_next_due(&mut tx, feed.id, feed.flying()).await?.filter(|due| *due > now_us);
        tx.commit().await?;
        let after_us = feed.unblocks_us.load(Ordering::Relaxed);
        let next = match feed.unblocks.load(Ordering::Relaxed) {
            true if after_us > now_us => Some(next.map_or(after_us, |next| next.min(after_us))),
            true if owe::sweep_noted(hub, feed).await? > 0 => return Ok(Step::Sent { records: 0 }),
            _ => next,
        };
        return Ok(next.map_or(Step::Idle, |until_us| Step::Rest { until_us }));
    };
    fault!("deliver.claimed");
    let held = Held::new(feed, flight.request);
    let committed = tx.commit().await;
    let result = match committed {
        Ok(()) => {
            fault!("deliver.committed");
            let results = config.results.as_ref().map_or(0, |_| RESULT_BYTES_MAX * flight.carried.len());
            let request = Request {
                key: &flight.name,
                name: &flight.name,
                media: &flight.media,
                body: &flight.body,
                answer_bytes_max: Answer::BODY_BYTES_MAX + results,
            };
            if planted!("settled_before_sent") {
                settle(hub, feed, config, &flight, all_accepted(&flight)).await?;
            }
            let answer = match feed.sink.send(request).await {
                Answer::Unknown { why } if planted!("timeout_is_failure") => Answer::Unsent { why },
                Answer::Unknown { .. } if planted!("timeout_is_success") => all_accepted(&flight),
                answer => answer,
            };
            fault!("deliver.answered");
            settle(hub, feed, config, &flight, answer).await
        }
        Err(error) => Err(error),
    };
    drop(held);
    result.map(|()| Step::Sent { records: flight.carried.len() })
}

/// For planted bugs: an answer that nobody gave.
fn all_accepted(flight: &Flight) -> Answer {
    let results: Vec<_> = flight
        .carried
        .iter()
        .map(|c| serde_json::json!({ "key": profile::record_key(c.record, c.version), "code": "accepted" }))
        .collect();
    let body = serde_json::json!({ "results": results }).to_string().into_bytes();
    Answer::Answered { status: 200, retry_after_s: None, body, is_cut: false }
}

/// A request that a worker of this process has, until this is dropped: also by a panic, or nobody would send it again.
struct Held<'a> {
    feed: &'a FeedPlan,
    request: i64,
}

impl<'a> Held<'a> {
    fn new(feed: &'a FeedPlan, request: i64) -> Self {
        feed.in_flight.lock().unwrap_or_else(PoisonError::into_inner).insert(request);
        Self { feed, request }
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.feed.in_flight.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.request);
    }
}

/// An unanswered request goes again: the same bytes under the same key.
async fn again(tx: &mut store::Tx, open: store::OpenRequest, tries: i64) -> store::Result<Flight> {
    store::request_again(tx, open.id).await?;
    fault!("deliver.again");
    let body = zstd::stream::decode_all(&open.sent[..])
        .map_err(|_| StoreError::Impossible(format!("the bytes of request {} cannot be unpacked", open.id)))?;
    Ok(Flight {
        request: open.id,
        name: open.name,
        media: open.media,
        body,
        carried: open.carried,
        resent: HashSet::new(),
        sends: open.sends + 1,
        is_unsure: true,
        tries,
    })
}

/// Takes what is due, writes its document, and keeps the request.
async fn claim(
    hub: &Hub,
    feed: &FeedPlan,
    config: &config::Feed,
    tx: &mut store::Tx,
    tries: i64,
    turn: u64,
    now_us: i64,
) -> store::Result<Claimed> {
    let room = Room { records: config.batch_records_max.get() as i64, bytes: REQUEST_BYTES_MAX };
    // What an answer said nothing clear of and what is due take turns: neither keeps the other waiting for ever.
    let mut is_unsure = turn.is_multiple_of(2);
    let mut due = may_go(tx, feed, is_unsure, now_us, room).await?;
    if due.is_empty() {
        is_unsure = !is_unsure;
        due = may_go(tx, feed, is_unsure, now_us, room).await?;
    }
    if planted!("claimed_by_high_water") {
        static HIGH: std::sync::Mutex<Option<HashMap<i64, i64>>> = std::sync::Mutex::new(None);
        let mut high = HIGH.lock().unwrap_or_else(PoisonError::into_inner);
        let high = high.get_or_insert_default().entry(feed.id).or_default();
        due.retain(|d| d.record > *high);
        *high = due.iter().map(|d| d.record).fold(*high, i64::max);
    }
    if due.is_empty() {
        return Ok(Claimed::Nothing);
    }
    // The feed may select less than when these were raised.
    let others: Vec<i64> = due.iter().filter(|d| !feed.carries(&d.dataset, &d.system)).map(|d| d.record).collect();
    due.retain(|d| feed.carries(&d.dataset, &d.system));
    store::delivery_unselected(tx, feed.id, others).await?;
    let resent = due.iter().filter(|d| d.accepted_version == d.wanted_version).map(|d| d.record).collect();
    // A record that was withdrawn while its first insert did not get through: the target never had it.
    let never: Vec<(i64, i64)> = due
        .iter()
        .filter(|d| d.operation == "withdraw" && d.at_target == "absent" && d.accepted_version < d.wanted_version)
        .map(|d| (d.record, d.wanted_version))
        .collect();
    due.retain(|d| !never.iter().any(|(record, _)| *record == d.record));
    store::delivery_nothing_owed(tx, feed.id, never).await?;
    let Some(first) = due.first() else { return Ok(Claimed::Moved) };
    if profile::one_dataset(config.form) {
        let dataset = first.dataset.clone();
        due.retain(|d| d.dataset == dataset);
    }
    let (mut carried, mut documents) = (Vec::new(), Vec::new());
    for d in &due {
        let operation = match (d.operation.as_str(), d.at_target.as_str()) {
            ("withdraw", _) => Operation::Withdraw,
            (_, "present") => Operation::Update,
            _ => Operation::Insert,
        };
        carried.push(Carried {
            record: d.record,
            version: d.wanted_version,
            operation: operation.word().to_owned(),
            attempt: d.attempt + 1,
            accepted_version: d.accepted_version,
            tries: d.tries,
        });
        let dataset = hub.schema.dataset(&d.dataset);
        documents.push(profile::Document {
            key: profile::record_key(d.record, d.wanted_version),
            dataset: &d.dataset,
            number: dataset.map_or("", |s| &s.number),
            system: &d.system,
            operation,
            version: d.wanted_version,
            body: &d.body,
        });
    }
    let document = loop {
        match profile::write(&hub.schema, config.form, config.batch_records_max.get() == 1, &documents) {
            Ok(document) => break document,
            Err(unwritable) => {
                // What the form cannot hold is held for a person; the others go.
                documents.remove(unwritable.index);
                let held = carried.remove(unwritable.index);
                store::delivery_withhold(tx, feed.id, held.record, &unwritable.source.words().to_text()).await?;
                // For whom it is only a hint goes without it.
                feed.unblocks.store(true, Ordering::Relaxed);
            }
        }
    };
    if carried.is_empty() {
        return Ok(Claimed::Moved);
    }
    let request = store::request_number(tx).await?;
    let name = profile::request_name(&feed.name, request);
    let sent = zstd::bulk::compress(&document.bytes, 1).expect("compressing into memory cannot fail");
    let write = RequestWrite {
        feed: feed.id,
        node: hub.node.clone(),
        epoch: hub.epoch,
        name: name.clone(),
        media: document.media,
        sent,
        carried: carried.clone(),
        now_us,
    };
    fault!("deliver.numbered");
    store::request_begin(tx, request, write).await?;
    let media = document.media.to_owned();
    let body = document.bytes;
    Ok(Claimed::Flight(Box::new(Flight { request, name, media, body, carried, resent, sends: 1, is_unsure, tries })))
}

async fn may_go(tx: &mut store::Tx, feed: &FeedPlan, unsure: bool, now_us: i64, room: Room) -> store::Result<Vec<Due>> {
    match unsure {
        true => store::delivery_unsure(tx, feed.id, now_us, room).await,
        false => store::delivery_due(tx, feed.id, now_us, room).await,
    }
}

/// Keeps an answer and what it means, then releases what waited for it.
async fn settle(
    hub: &Hub,
    feed: &FeedPlan,
    config: &config::Feed,
    flight: &Flight,
    answer: Answer,
) -> store::Result<()> {
    let now_us = store::now_us();
    let mut tx = hub.db.begin(Priority::Receipt).await?;
    let settled = match &answer {
        Answer::Unsent { why } if !flight.is_unsure => {
            let why = why.to_text();
            store::request_answered(&mut tx, flight.request, "unsent", 0, why.clone().into_bytes(), now_us).await?;
            let settles = flight.carried.iter().map(|c| not_now(c, "unsent", &why, now_us)).collect();
            keep(hub, &mut tx, feed, flight, settles).await?;
            rest(&mut tx, feed, config, flight, None, now_us).await?;
            None
        }
        Answer::Unsent { why } | Answer::Unknown { why } => {
            unresolved(&mut tx, feed, config, flight, &why.to_text(), None, now_us).await?;
            None
        }
        Answer::Answered { status, retry_after_s, body, is_cut } => {
            let meaning = config::read_answer(&config.receipts, config.results.as_ref(), *status, body, *is_cut);
            // Where the answer speaks of each record it is believed, whatever its status.
            let says_nothing = matches!(meaning.class, Class::Unclear)
                || flight.is_unsure && matches!(meaning.class, Class::Busy | Class::Authentication);
            let is_unresolved = says_nothing && meaning.results.is_none();
            if is_unresolved {
                let said = words(*status, body);
                let why = match meaning.unread {
                    Some(why) => Words::new(format!("{}：{said}", why.zh), format!("{}: {said}", why.en)).to_text(),
                    None => said,
                };
                unresolved(&mut tx, feed, config, flight, &why, *retry_after_s, now_us).await?;
                None
            } else {
                let answer = (*status, *retry_after_s, &body[..]);
                Some(answered(hub, &mut tx, feed, config, flight, answer, meaning, now_us).await?)
            }
        }
    };
    fault!("deliver.settled");
    tx.commit().await?;
    fault!("deliver.receipt");
    if let Some(settled) = settled {
        owe::release(hub, feed, &flight.carried, &settled).await?;
    }
    Ok(())
}

/// It cannot be told whether the target has it: the request stays open, and goes again after a wait of its own.
async fn unresolved(
    tx: &mut store::Tx,
    feed: &FeedPlan,
    config: &config::Feed,
    flight: &Flight,
    why: &str,
    retry_after_s: Option<u64>,
    now_us: i64,
) -> store::Result<()> {
    let due_us = now_us + 1_000 * config.retry.wait_ms(flight.sends as u32, fastrand::f64()) as i64;
    store::delivery_unknown(tx, flight.request, feed.id, why, due_us).await?;
    fault!("deliver.unknown");
    rest(tx, feed, config, flight, retry_after_s, now_us).await
}

/// Stores what became of the carried deliveries, and looks at once at those that want a newer version by now.
async fn keep(
    hub: &Hub,
    tx: &mut store::Tx,
    feed: &FeedPlan,
    flight: &Flight,
    settles: Vec<Settle>,
) -> store::Result<()> {
    store::delivery_settle(tx, feed.id, settles).await?;
    let records = flight.carried.iter().map(|c| c.record).collect();
    let newer = store::delivery_blocked(tx, feed.id, Some(records), 0, 0).await?;
    if !newer.is_empty() {
        owe::unblock(hub, tx, feed, newer).await?;
    }
    Ok(())
}

/// A clear answer: each carried delivery moves on by its own result where the target gives one, else by the whole's.
#[allow(clippy::too_many_arguments, reason = "the parts of one answer, each by its own name")]
async fn answered(
    hub: &Hub,
    tx: &mut store::Tx,
    feed: &FeedPlan,
    config: &config::Feed,
    flight: &Flight,
    (status, retry_after_s, body): (u16, Option<u64>, &[u8]),
    config::Meaning { class, results: read, .. }: config::Meaning,
    now_us: i64,
) -> store::Result<HashSet<i64>> {
    let by_record = read.is_some();
    let results: HashMap<String, config::RecordResult> =
        read.into_iter().flatten().map(|result| (result.key.clone(), result)).collect();
    let whole = words(status, body);
    let mut missing = Vec::new();
    let (mut settles, mut settled) = (Vec::with_capacity(flight.carried.len()), HashSet::new());
    for c in &flight.carried {
        let own = results.get(&profile::record_key(c.record, c.version));
        let own_class = match own {
            Some(result) => result.class,
            None if !by_record => class,
            // The target answers record by record, and says nothing of this one.
            None => Class::Unclear,
        };
        let why = match own {
            Some(result) => result.why.to_text(),
            None if by_record => nothing_said(&whole),
            None => whole.clone(),
        };
        let took = match own_class {
            Class::Accepted => true,
            // It has it: from the first of two sendings, or from before a person sent it again.
            Class::Duplicate => flight.is_unsure || flight.resent.contains(&c.record),
            _ => false,
        };
        let state = match own_class {
            Class::Rejected | Class::Duplicate => "rejected",
            Class::Unclear => "unknown",
            Class::Busy | Class::Authentication if flight.is_unsure => "unknown",
            _ => "due",
        };
        let wait_ms = match state {
            "rejected" => 0,
            _ => config.retry.wait_ms(1 + c.tries as u32, fastrand::f64()),
        };
        if own_class == Class::MissingParent {
            missing.push((c.record, c.version));
        }
        if took || state == "rejected" {
            settled.insert(c.record);
        }
        settles.push(Settle {
            carried: c.clone(),
            class: own_class.name(),
            accepted: took,
            state,
            due_us: if took { now_us } else { now_us + 1_000 * wait_ms as i64 },
            why: if took { String::new() } else { why },
            receipt: own.map(|r| r.said.clone()),
            note: own_class != class || class != Class::Accepted,
        });
    }
    store::request_answered(tx, flight.request, class.name(), status, body.to_vec(), now_us).await?;
    fault!("deliver.kept");
    keep(hub, tx, feed, flight, settles).await?;
    if !missing.is_empty() {
        owe::parents_again(hub, tx, feed, &missing, now_us).await?;
    }
    match class {
        Class::Busy | Class::Authentication => rest(tx, feed, config, flight, retry_after_s, now_us).await?,
        _ if flight.tries > 0 => store::feed_rest(tx, feed.id, 0, 0).await?,
        _ => {}
    }
    Ok(settled)
}

/// The target answers record by record, and leaves this one out.
fn nothing_said(whole: &str) -> String {
    let zh = format!("答复中没有这条记录的结果：{whole}");
    Words::new(zh, format!("no result for this record: {whole}")).to_text()
}

/// Not received: due again at once, since it is the feed that rests.
fn not_now(carried: &Carried, class: &'static str, why: &str, now_us: i64) -> Settle {
    Settle {
        carried: carried.clone(),
        class,
        accepted: false,
        state: "due",
        due_us: now_us,
        why: why.to_owned(),
        receipt: None,
        note: true,
    }
}

/// The whole feed rests: longer each time, with jitter, or as long as the target asked.
async fn rest(
    tx: &mut store::Tx,
    feed: &FeedPlan,
    config: &config::Feed,
    flight: &Flight,
    retry_after_s: Option<u64>,
    now_us: i64,
) -> store::Result<()> {
    let tries = flight.tries + 1;
    let own_ms = config.retry.wait_ms(tries as u32, fastrand::f64());
    let wait_ms = retry_after_s.map_or(own_ms, |s| own_ms.max(s.saturating_mul(1_000)).min(RETRY_AFTER_MS_MAX));
    tracing::warn!(feed = %feed.name, tries, wait_ms, "Feed {} rests {wait_ms} ms: its target did not take a request.", feed.name);
    store::feed_rest(tx, feed.id, tries, now_us + 1_000 * wait_ms as i64).await
}

/// Ends waits that nobody can have begun by this clock. Returns how many.
pub async fn cut_waits(hub: &Hub, feed: &FeedPlan) -> store::Result<usize> {
    let Some(config) = hub.feed_config(feed) else { return Ok(0) };
    let own_ms = config.retry.max_ms as f64 * (1.0 + config.retry.jitter.0);
    let longest_us = (own_ms.max(RETRY_AFTER_MS_MAX as f64) * 1_000.0) as i64;
    let now_us = store::now_us();
    let mut tx = hub.db.begin(Priority::Receipt).await?;
    let cut = store::feed_waits_cut(&mut tx, feed.id, now_us, now_us.saturating_add(longest_us)).await?;
    if cut > 0 {
        tx.commit().await?;
        tracing::warn!(feed = %feed.name, cut, "Feed {} waited by a clock that was ahead; it goes on now.", feed.name);
    }
    Ok(cut)
}

/// Longest wait that a target may ask for: an hour.
const RETRY_AFTER_MS_MAX: u64 = 3_600_000;

/// Longest part of an answer that a delivery repeats as its reason, in characters; the request keeps all of it.
const WORDS_CHARS_MAX: usize = 300;

fn words(status: u16, body: &[u8]) -> String {
    let text: String = formats::answer_text(body).chars().take(WORDS_CHARS_MAX).collect();
    match status {
        0 => text,
        status => format!("{status} {text}").trim().to_owned(),
    }
}
