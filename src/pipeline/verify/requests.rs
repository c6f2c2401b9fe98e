//! Requests: bytes that unpack, an answer where there is a class, as many attempts as records carried.

use std::collections::HashMap;
use std::fmt;
use std::io::Read;

use serde::Deserialize;

use super::Run;
use super::deliveries::CLASSES;
use super::walk::{Cursor, Table};
use crate::config;
use crate::profile;
use crate::store;
use crate::store::recount::{self, RequestRow};

const REQUESTS: Table<i64, RequestRow> = Table { at_once: 16, ..Table::by_id("request", recount::requests, |r| r.id) };

/// Requests whose attempts are counted at once: the attempts stand in the order of records, so each stretch reads them
/// all.
const COUNTED_AT_ONCE: i64 = 500_000;
/// Longest document that is read for the keys in it; of a longer one only that it unpacks is seen.
const DOCUMENT_BYTES_MAX: u64 = 256 << 20;

/// What documents are written as (see `profile/document.rs`).
const MEDIA: [&str; 4] = ["application/json", "application/x-ndjson", "application/xml", "text/csv"];

/// Attempts by request, for a stretch of requests.
#[derive(Default)]
struct Counted {
    until: i64,
    /// Attempts, and those with a class of their own.
    by_request: HashMap<i64, (i64, i64)>,
}

pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    let mut requests = Cursor::new(&REQUESTS);
    let mut counted = Counted::default();
    while let Some(q) = requests.next(run)? {
        if q.id >= counted.until {
            let until = q.id.saturating_add(COUNTED_AT_ONCE);
            let attempts = recount::attempts_by_request(run.c, q.id, until)?;
            let by_request = attempts.into_iter().map(|(id, all, own)| (id, (all, own))).collect();
            counted = Counted { until, by_request };
        }
        let attempts = counted.by_request.get(&q.id).copied().unwrap_or_default();
        request(run, &q, attempts)?;
    }
    Ok(())
}

fn request(run: &mut Run<'_>, q: &RequestRow, (attempts, own): (i64, i64)) -> store::Result<()> {
    let key = format_args!("id={}", q.id);
    run.names.drew("request", q.id);
    run.names.drew("epoch", q.epoch);
    match run.names.feeds.get(&q.feed).map(|f| profile::request_name(&f.name, q.id)) {
        None => run.found.dangles("request", key, "feed", "feed"),
        Some(name) if name != q.name => run.found.differs("request", key, "name", &q.name, &name),
        Some(_) => {}
    }
    if q.records != attempts {
        run.found.differs("request", key, "records", q.records, attempts);
    }
    if q.sends < 1 || q.sent_us <= 0 {
        run.found.unknown("request", key, "sends", q.sends);
    }
    if !MEDIA.contains(&q.media.as_str()) {
        run.found.unknown("request", key, "media", &q.media);
    }
    answer(run, key, q, (attempts, own));
    document(run, key, q)
}

/// Answered and class go together, and the class is what the receipt rules say of the answer.
fn answer(run: &mut Run<'_>, key: fmt::Arguments<'_>, q: &RequestRow, (attempts, own): (i64, i64)) {
    let is_answered = q.answered_us.is_some();
    if is_answered != q.answer.is_some() || is_answered == q.class.is_empty() || !is_answered && q.status != 0 {
        run.found.add(
            "request",
            key,
            "answered_us、class、answer 不一致",
            "answered_us, class and answer do not agree",
        );
        return;
    }
    if !is_answered {
        return;
    }
    if !CLASSES.contains(&q.class.as_str()) || q.class == "unclear" {
        run.found.unknown("request", key, "class", &q.class);
        return;
    }
    let Ok(status) = u16::try_from(q.status) else { return run.found.unknown("request", key, "status", q.status) };
    if q.class == "unsent" {
        if status != 0 || q.sends != 1 {
            run.found.unknown("request", key, "class", &q.class);
        }
        return;
    }
    // Of an accepted request only what differs from it is told by its attempts; of another, each one.
    if q.class != "accepted" && own < attempts {
        run.found.add(
            "request",
            key,
            "未被接受，但有尝试没有自己的类别",
            "it was not accepted, but some of its attempts have no class",
        );
    }
    let name = run.names.feeds.get(&q.feed).map(|f| f.name.as_str()).unwrap_or_default();
    let Some((_, feed)) = run.hub.config.feed(name) else { return };
    let answer = q.answer.as_deref().unwrap_or_default();
    let class = config::read_answer(&feed.receipts, feed.results.as_ref(), status, answer, false).class.name();
    if class != q.class {
        let stored = q.class.as_str();
        run.found.note(
            "request",
            key,
            format!("回答当时归为 {stored}，按现在的回执规则为 {class}：规则改过，或者数据被动过"),
            format!("its answer was taken for {stored}, and today's receipt rules say {class}: they were changed, or the row was"),
        );
    }
}

/// A record's key in a document of the hub's own form.
#[derive(Deserialize)]
struct Sent {
    key: Option<String>,
}

/// The bytes unpack; and where they are the hub's own JSON, each record in them is one that an attempt carried.
fn document(run: &mut Run<'_>, key: fmt::Arguments<'_>, q: &RequestRow) -> store::Result<()> {
    let mut bytes = Vec::new();
    let unpacked = zstd::stream::Decoder::new(&q.sent[..])
        .and_then(|mut packed| packed.by_ref().take(DOCUMENT_BYTES_MAX).read_to_end(&mut bytes).map(|_| packed))
        .and_then(|mut packed| std::io::copy(&mut packed, &mut std::io::sink()));
    let rest = match unpacked {
        Ok(rest) => rest,
        Err(why) => {
            run.found.add(
                "request",
                key,
                format!("发送的内容无法解开：{why}"),
                format!("the bytes sent cannot be unpacked: {why}"),
            );
            return Ok(());
        }
    };
    if rest > 0 {
        return Ok(());
    }
    let sent: Result<Vec<Sent>, serde_json::Error> = match q.media.as_str() {
        "application/json" if bytes.starts_with(b"[") => serde_json::from_slice(&bytes),
        "application/json" => serde_json::from_slice(&bytes).map(|one| vec![one]),
        "application/x-ndjson" => serde_json::Deserializer::from_slice(&bytes).into_iter().collect(),
        _ => return Ok(()),
    };
    let sent = match sent {
        Ok(sent) => sent,
        Err(why) => {
            run.found.add(
                "request",
                key,
                format!("发送的内容无法读取：{why}"),
                format!("the bytes sent cannot be read: {why}"),
            );
            return Ok(());
        }
    };
    for record_key in sent.iter().filter_map(|s| s.key.as_deref()) {
        let parts = record_key.split_once('-').and_then(|(r, v)| Some((r.parse().ok()?, v.parse().ok()?)));
        let is_carried = match parts {
            Some((record, version)) => recount::attempt_of(run.c, q.feed, record, version, q.id)?,
            None => false,
        };
        if !is_carried {
            run.found.add(
                "request",
                key,
                format!("发送的内容中有 {record_key}，却没有相应的尝试"),
                format!("the bytes sent hold {record_key}, and no attempt carried it"),
            );
        }
    }
    Ok(())
}
