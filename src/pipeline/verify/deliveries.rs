//! Deliveries against their records and attempts: what is wanted, what the target accepted, and whether the state is
//! one that these can be in.

use std::collections::HashMap;
use std::fmt;

use super::walk::{Cursor, Table};
use super::{Run, blocked};
use crate::store;
use crate::store::recount::{self, AttemptRow, DeliveryRow, RequestHead};

const DELIVERIES: Table<(i64, i64), DeliveryRow> = Table::new(
    "delivery",
    recount::deliveries,
    |d| (d.feed, d.record),
    |(feed, record)| format!("feed={feed} record={record}"),
    || (i64::MIN, i64::MIN),
);
const ATTEMPTS: Table<(i64, i64, i64), AttemptRow> = Table::new(
    "attempt",
    recount::attempts,
    AttemptRow::key,
    |(feed, record, attempt)| format!("feed={feed} record={record} attempt={attempt}"),
    || (i64::MIN, i64::MIN, i64::MIN),
);

/// What an answer may mean, and `unsent`: it certainly did not leave.
pub(super) const CLASSES: [&str; 8] =
    ["accepted", "duplicate", "rejected", "busy", "unclear", "missing_parent", "authentication", "unsent"];

/// Requests kept at hand: neighbours in the order of records went out together.
const REQUESTS_KEPT: usize = 4_096;

/// What the attempts of one delivery say.
#[derive(Default)]
struct Tried {
    last: Option<AttemptRow>,
    last_head: Option<RequestHead>,
    count: i64,
    /// The newest that the target took: version and operation.
    accepted: Option<(i64, String)>,
    /// The version of which an answer said nothing clear, so that the target may have it.
    unsure: Option<i64>,
}

pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    let mut deliveries = Cursor::new(&DELIVERIES);
    let mut attempts = Cursor::new(&ATTEMPTS);
    let mut heads = HashMap::new();
    while let Some(d) = deliveries.next(run)? {
        while let Some(orphan) = attempts.next_if(run, |a| (a.feed, a.record) < (d.feed, d.record))? {
            ownerless(run, &orphan);
        }
        let mut tried = Tried::default();
        while let Some(attempt) = attempts.next_if(run, |a| (a.feed, a.record) == (d.feed, d.record))? {
            next_attempt(run, &d, &mut tried, attempt, &mut heads)?;
        }
        delivery(run, &d, &tried)?;
    }
    while let Some(orphan) = attempts.next(run)? {
        ownerless(run, &orphan);
    }
    Ok(())
}

fn ownerless(run: &mut Run<'_>, a: &AttemptRow) {
    let key = format_args!("feed={} record={} attempt={}", a.feed, a.record, a.attempt);
    run.found.dangles("attempt", key, "record", "delivery");
}

fn next_attempt(
    run: &mut Run<'_>,
    d: &DeliveryRow,
    tried: &mut Tried,
    a: AttemptRow,
    heads: &mut HashMap<i64, Option<RequestHead>>,
) -> store::Result<()> {
    let key = format_args!("feed={} record={} attempt={}", a.feed, a.record, a.attempt);
    tried.count += 1;
    if a.attempt != tried.count {
        run.found.differs("attempt", key, "attempt", a.attempt, tried.count);
        tried.count = a.attempt;
    }
    match a.stored_operation.as_deref() {
        None => run.found.dangles("attempt", key, "version", "version"),
        Some(stored) => {
            let is_known = matches!(a.operation.as_str(), "insert" | "update" | "withdraw");
            if !is_known || (stored == "withdraw") != (a.operation == "withdraw") {
                run.found.unknown("attempt", key, "operation", &a.operation);
            }
        }
    }
    if tried.last.as_ref().is_some_and(|last| last.version > a.version) || a.version > d.wanted_version {
        run.found.add(
            "attempt",
            key,
            "发送的版本不在前一次与应投版本之间",
            "its version is not between the one before and the one wanted",
        );
    }
    if heads.len() >= REQUESTS_KEPT {
        heads.clear();
    }
    let head = match heads.get(&a.request) {
        Some(head) => head.clone(),
        None => {
            let head = recount::request_head(run.c, a.request)?;
            heads.insert(a.request, head.clone());
            head
        }
    };
    let Some(head) = head else {
        run.found.dangles("attempt", key, "request", "request");
        (tried.last, tried.last_head) = (Some(a), None);
        return Ok(());
    };
    if head.feed != a.feed {
        run.found.differs("attempt", key, "request.feed", head.feed, a.feed);
    }
    if let Some(class) = a.class.as_deref().filter(|class| !CLASSES.contains(class)) {
        run.found.unknown("attempt", key, "class", class);
    }
    if !head.is_answered {
        let is_under_way = matches!(d.state.as_str(), "sending" | "unknown") && d.attempt == a.attempt;
        if !is_under_way || a.class.is_some() {
            run.found.add(
                "attempt",
                key,
                format!("请求 {} 尚无回答，投递却不在发送或未知状态", a.request),
                format!("request {} is not answered, but the delivery is neither sending nor unknown", a.request),
            );
        }
    } else if head.class != "accepted" && a.class.is_none() {
        run.found.add(
            "attempt",
            key,
            format!("请求 {} 未被接受，此次尝试却没有自己的类别", a.request),
            format!("request {} was not accepted, and the attempt has no class of its own", a.request),
        );
    }
    // Already there after an answer that was lost means accepted.
    let is_accepted = match a.class.as_deref().unwrap_or(&head.class) {
        "accepted" => true,
        "duplicate" => head.sends > 1 || tried.unsure == Some(a.version),
        _ => false,
    };
    tried.unsure = match a.class.as_deref().unwrap_or(&head.class) {
        "unclear" => Some(a.version),
        "busy" | "authentication" | "unsent" | "" => tried.unsure.filter(|version| *version == a.version),
        _ => None,
    };
    if is_accepted {
        tried.accepted = Some((a.version, a.operation.clone()));
    }
    tried.last_head = Some(head);
    tried.last = Some(a);
    Ok(())
}

fn delivery(run: &mut Run<'_>, d: &DeliveryRow, tried: &Tried) -> store::Result<()> {
    let key = format_args!("feed={} record={}", d.feed, d.record);
    run.names.drew("epoch", d.epoch);
    if !run.names.feeds.contains_key(&d.feed) {
        run.found.dangles("delivery", key, "feed", "feed");
    }
    let Some((scope, head)) = d.head else {
        run.found.dangles("delivery", key, "record", "record");
        return Ok(());
    };
    let feed = run.feed(d.feed);
    if let Some(feed) = feed {
        let carried = run.names.scopes.get(&scope).map(|s| feed.carries(&s.dataset, &s.system));
        if carried == Some(false) {
            run.found.note(
                "delivery",
                key,
                format!("订阅 {} 现在不再选取此记录", feed.name),
                format!("feed {} does not select this record any more", feed.name),
            );
        } else if d.wanted_version != head {
            run.found.differs("delivery", key, "wanted_version", d.wanted_version, head);
        }
    } else if d.wanted_version > head {
        run.found.differs("delivery", key, "wanted_version", d.wanted_version, head);
    }
    if d.accepted_version < 0 || d.accepted_version > d.wanted_version {
        run.found.unknown("delivery", key, "accepted_version", d.accepted_version);
    }
    if d.tries < 0 || d.due_us < 0 {
        run.found.unknown("delivery", key, "tries", d.tries);
    }
    sendings(run, key, d, tried);
    accepted(run, key, d, tried);
    at_target(run, key, d);
    state(run, key, d, tried);
    if let Some(feed) = feed.filter(|_| d.state == "blocked") {
        blocked::check(run, feed, d.record, d.wanted_version)?;
    }
    Ok(())
}

/// The delivery's own counter and claim are those of its last attempt.
fn sendings(run: &mut Run<'_>, key: fmt::Arguments<'_>, d: &DeliveryRow, tried: &Tried) {
    if d.attempt != tried.count {
        run.found.differs("delivery", key, "attempt", d.attempt, tried.count);
        return;
    }
    let request = tried.last.as_ref().map_or(0, |last| last.request);
    if d.request != request {
        run.found.differs("delivery", key, "request", d.request, request);
    }
    let (node, epoch) = tried.last_head.as_ref().map_or(("", 0), |head| (head.node.as_str(), head.epoch));
    if tried.last_head.is_some() == tried.last.is_some() && (d.node != node || d.epoch != epoch) {
        run.found.differs("delivery", key, "node, epoch", format!("{} {}", d.node, d.epoch), format!("{node} {epoch}"));
    }
}

/// What the target accepted last is what an attempt was accepted with; a withdrawal of what it never had is accepted
/// without being sent.
fn accepted(run: &mut Run<'_>, key: fmt::Arguments<'_>, d: &DeliveryRow, tried: &Tried) {
    let is_never_sent = d.accepted_operation.is_empty() && d.accepted_version > 0;
    if is_never_sent {
        let is_withdrawn = d.operation.as_deref() == Some("withdraw") || d.accepted_version < d.wanted_version;
        if !is_withdrawn || d.at_target == "present" {
            run.found.unknown("delivery", key, "accepted_operation", &d.accepted_operation);
        }
        return;
    }
    let (version, operation) = tried.accepted.as_ref().map_or((0, ""), |(v, o)| (*v, o.as_str()));
    if d.accepted_version != version {
        run.found.differs("delivery", key, "accepted_version", d.accepted_version, version);
    } else if d.accepted_operation != operation {
        run.found.differs("delivery", key, "accepted_operation", d.accepted_operation.as_str(), operation);
    }
}

/// Whether the target has it follows from what it accepted last, but for what was sent and not answered.
fn at_target(run: &mut Run<'_>, key: fmt::Arguments<'_>, d: &DeliveryRow) {
    let is_present = matches!(d.accepted_operation.as_str(), "insert" | "update");
    let is_right = match d.at_target.as_str() {
        "present" => is_present,
        "absent" => !is_present,
        "unknown" => !is_present && d.state == "unknown",
        _ => false,
    };
    if !is_right {
        run.found.unknown("delivery", key, "at_target", &d.at_target);
    }
}

fn state(run: &mut Run<'_>, key: fmt::Arguments<'_>, d: &DeliveryRow, tried: &Tried) {
    let is_open = tried.last_head.as_ref().is_some_and(|head| !head.is_answered);
    let last_class =
        tried.last.as_ref().zip(tried.last_head.as_ref()).map(|(a, h)| a.class.as_ref().unwrap_or(&h.class));
    let is_right = match d.state.as_str() {
        "up_to_date" => d.accepted_version == d.wanted_version && d.why.is_empty(),
        // Accepted already and due: a person had it sent again.
        "due" => !is_open && d.due_us > 0,
        "blocked" => !is_open && d.accepted_version < d.wanted_version && !d.why.is_empty(),
        "sending" => is_open,
        // Its answer was lost, or said nothing clear of this one.
        "unknown" => is_open || tried.unsure.is_some_and(|v| tried.last.as_ref().is_some_and(|a| a.version == v)),
        "rejected" => {
            let is_refused = last_class.is_some_and(|class| class != "accepted");
            let is_newest = tried.last.as_ref().is_some_and(|last| last.version == d.wanted_version);
            !is_open && is_refused && is_newest
        }
        "withheld" => !is_open && !d.why.is_empty(),
        _ => false,
    };
    if !is_right {
        let state = d.state.as_str();
        run.found.add(
            "delivery",
            key,
            format!("状态 {state} 与应投、已接受的版本或其尝试不符"),
            format!("state {state} does not agree with the versions wanted and accepted, or with its attempts"),
        );
    }
}
