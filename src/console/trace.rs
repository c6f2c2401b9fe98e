//! `record trace`: where is it and why. Every version, every item on its way, every delivery, attempt and receipt.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::answer::{DatasetName, store_failure};
use super::items::{ItemLine, ReasonAnswer, line, reason_answer};
use super::raw::{Batches, Stood};
use super::records::{RecordAnswer, find, head, visible};
use super::why::{missing_parent, said, why};
use super::{Moment, Which};
use crate::config::{self, Results};
use crate::diagnostic::{Failure, Words, count};
use crate::pipeline::Hub;
use crate::pipeline::decide::shown;
use crate::pipeline::plan::Pointed;
use crate::profile;
use crate::schema::{self, Dataset, Reason};
use crate::store::{self, Conn, RecordView};

/// Newest versions that are shown; a record that changes more often has another trouble.
const VERSIONS_MAX: i64 = 50;
/// Newest attempts that are shown of each delivery.
const ATTEMPTS_MAX: i64 = 20;
/// Items that are shown.
const ITEMS_MAX: i64 = 50;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TraceAnswer {
    pub record: RecordAnswer,
    /// Newest first.
    pub versions: Vec<VersionLine>,
    /// True: there are older ones.
    pub versions_more: bool,
    /// Its rows that had to wait or to be mended, and those that still have to.
    pub items: Vec<ItemLine>,
    pub deliveries: Vec<DeliveryLine>,
    /// Systems that are not owed it: no feed of theirs carries it.
    pub not_owed: Vec<String>,
    pub parents: Vec<ParentLine>,
    /// Items of other records that wait for this one.
    pub waiting_for_it: i64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct VersionLine {
    pub version: i64,
    /// insert, update, withdraw.
    pub operation: String,
    pub made: Option<Moment>,
    /// When its row was read.
    pub read: Option<Moment>,
    #[serde(flatten)]
    pub stood: Stood,
    pub job: String,
    pub run: i64,
    pub mapping: String,
    pub revision: i64,
    pub element: u32,
    /// The source's own version column: an instant in UTC microseconds, or a whole number; 0: none.
    pub source_version: i64,
    /// Records and versions whose values look-ups took.
    pub looked_at: Vec<(i64, i64)>,
    pub warnings: Vec<ReasonAnswer>,
    /// What differs from the version before.
    pub changes: Vec<Change>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub field: String,
    pub zh: String,
    pub en: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DeliveryLine {
    pub feed: String,
    /// The state by its word in the store: up_to_date, due, blocked, sending, unknown, rejected, withheld.
    pub state: String,
    /// The same in a sentence, with the reason.
    pub zh: String,
    pub en: String,
    pub wanted_version: i64,
    /// 0: none.
    pub accepted_version: i64,
    /// absent, present, unknown.
    pub at_target: String,
    pub tries: i64,
    /// Newest first.
    pub attempts: Vec<AttemptLine>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttemptLine {
    pub attempt: i64,
    pub version: i64,
    pub operation: String,
    pub request: i64,
    /// Our key of the request.
    pub name: String,
    /// Records that it carried.
    pub records: i64,
    /// How often the same bytes were sent.
    pub sends: i64,
    pub sent: Option<Moment>,
    pub answered: Option<Moment>,
    /// accepted, duplicate, rejected, …; empty: no answer yet.
    pub class: String,
    pub status: i64,
    /// What the target said of this record, else of the whole request; cut.
    pub receipt: Words,
}

/// A record that this one points at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParentLine {
    #[serde(flatten)]
    pub dataset: DatasetName,
    pub value: String,
    pub required: bool,
    /// None: no such record is known.
    pub record: Option<i64>,
    /// State of its delivery, by feed.
    pub feeds: Vec<(String, String)>,
}

/// What is read of the store for one trace.
struct Read {
    versions: Vec<(store::VersionView, Stood)>,
    items: Vec<(store::ItemView, Stood)>,
    deliveries: Vec<(store::DeliveryView, Vec<store::AttemptView>)>,
    parents: Vec<(Pointed, Option<i64>, Vec<store::DeliveryView>)>,
    waiting_for_it: i64,
}

pub(super) async fn trace(hub: &Hub, which: &Which) -> Result<TraceAnswer, Failure> {
    let view = find(hub, which).await?;
    let (pointed, found_by) = match hub.plan.dataset(&view.dataset) {
        Some(plan) => {
            let draft = schema::draft_of(&plan.dataset, &view.body);
            let found_by = plan.index_values(&draft).into_iter().map(|v| (v.slot, v.value)).collect();
            (plan.pointed(&draft, false), found_by)
        }
        None => (Vec::new(), Vec::new()),
    };
    let (record, scope, identity) = (view.record, view.scope, view.identity.clone());
    let read =
        hub.db.read(move |c| read(c, record, scope, &identity, pointed, found_by)).await.map_err(store_failure)?;
    Ok(told(hub, &view, read))
}

fn read(
    c: &mut Conn,
    record: i64,
    scope: i64,
    identity: &str,
    pointed: Vec<Pointed>,
    found_by: Vec<(i64, String)>,
) -> store::Result<Read> {
    let mut batches = Batches::default();
    let mut versions = Vec::new();
    for version in store::record_versions(c, record, None, VERSIONS_MAX + 1)? {
        let stood = batches.stood(c, version.position)?;
        versions.push((version, stood));
    }
    // Rows that became versions after all, and rows that are still open.
    let mut items: Vec<store::ItemView> = Vec::new();
    for (version, _) in &versions {
        let own = store::item_row(c, version.position)?;
        items.extend(own.into_iter().filter(|i| i.mapping == version.mapping && i.key.element == version.element));
    }
    items.extend(store::item_identity(c, identity, Some(scope), ITEMS_MAX)?);
    items.sort_by_key(|i| i.key);
    items.dedup_by_key(|i| i.key);
    items.truncate(ITEMS_MAX as usize);
    let mut placed = Vec::with_capacity(items.len());
    for item in items {
        let stood = batches.stood(c, item.key.position)?;
        placed.push((item, stood));
    }
    let mut deliveries = Vec::new();
    for delivery in store::record_deliveries(c, record)? {
        let attempts = store::record_attempts(c, delivery.feed_id, record, ATTEMPTS_MAX)?;
        deliveries.push((delivery, attempts));
    }
    let mut parents = Vec::new();
    for p in pointed {
        let found = store::record_by_value(c, p.slot, &p.value)?.first().copied();
        let owed = found.map(|parent| store::record_deliveries(c, parent)).transpose()?.unwrap_or_default();
        parents.push((p, found, owed));
    }
    let mut waiting_for_it = 0;
    for (slot, value) in found_by {
        waiting_for_it += store::item_waiting_for(c, slot, &value)?;
    }
    Ok(Read { versions, items: placed, deliveries, parents, waiting_for_it })
}

fn told(hub: &Hub, view: &RecordView, read: Read) -> TraceAnswer {
    let dataset = hub.schema.dataset(&view.dataset).map(AsRef::as_ref);
    let versions_more = read.versions.len() as i64 > VERSIONS_MAX;
    let before: HashMap<i64, String> = read.versions.iter().map(|(v, _)| (v.version, v.body.clone())).collect();
    let versions = read.versions.into_iter().take(VERSIONS_MAX as usize).map(|(v, stood)| {
        let old = before.get(&(v.version - 1)).map(String::as_str);
        let changes = match (dataset, old) {
            (Some(dataset), Some(old)) => changes(dataset, old, &v.body),
            _ => Vec::new(),
        };
        let notes: Vec<Reason> = serde_json::from_str(&v.notes).unwrap_or_default();
        VersionLine {
            version: v.version,
            operation: v.operation,
            made: Moment::new(v.created_us),
            read: Moment::new(v.read_us),
            stood,
            job: v.job,
            run: v.run,
            mapping: v.mapping,
            revision: v.revision,
            element: v.element,
            source_version: v.ord_version,
            looked_at: serde_json::from_str(&v.looked_at).unwrap_or_default(),
            warnings: notes.iter().map(|n| reason_answer(dataset, n, true)).collect(),
            changes,
        }
    });
    let owed: Vec<&str> = read.deliveries.iter().map(|(d, _)| d.feed.as_str()).collect();
    let not_owed = hub.feeds.iter().filter(|f| !owed.contains(&f.name.as_str())).map(|f| f.name.clone()).collect();
    TraceAnswer {
        record: head(hub, view),
        versions: versions.collect(),
        versions_more,
        items: read.items.into_iter().map(|(item, stood)| line(hub, item, stood)).collect(),
        deliveries: read.deliveries.into_iter().map(|(d, attempts)| delivery(hub, view.record, d, attempts)).collect(),
        not_owed,
        parents: read.parents.into_iter().map(|(p, record, owed)| parent(hub, p, record, owed)).collect(),
        waiting_for_it: read.waiting_for_it,
    }
}

/// Fields that differ between two versions, personal ones masked.
fn changes(dataset: &Dataset, before: &str, after: &str) -> Vec<Change> {
    let (old, new) = (schema::draft_of(dataset, before), schema::draft_of(dataset, after));
    let differ = |id: &usize| old.get(*id) != new.get(*id);
    let change = |id: usize| {
        let field = &dataset.fields[id];
        let shown = |value: Option<&str>| value.map(|v| visible(field, v).0);
        Change {
            field: field.name.clone(),
            zh: field.name_zh.clone(),
            en: if field.name_en.is_empty() { field.name.clone() } else { field.name_en.clone() },
            before: shown(old.get(id)),
            after: shown(new.get(id)),
        }
    };
    (0..dataset.fields.len()).filter(differ).map(change).collect()
}

fn delivery(hub: &Hub, record: i64, d: store::DeliveryView, attempts: Vec<store::AttemptView>) -> DeliveryLine {
    let (mut zh, mut en) = sentence(&d);
    if d.state == "due" && attempts.first().is_some_and(|a| a.class == "missing_parent") {
        let Words { zh: more_zh, en: more } = missing_parent(&d.feed);
        zh.push_str(&format!("；{more_zh}"));
        en.push_str(&format!("; {more}"));
    }
    let results = hub.config.feed(&d.feed).and_then(|(_, feed)| feed.results.as_ref());
    let attempt = |a: store::AttemptView| AttemptLine {
        attempt: a.attempt,
        version: a.version,
        operation: a.operation,
        request: a.request,
        name: a.name,
        records: a.records,
        sends: a.sends,
        sent: Moment::new(a.sent_us),
        answered: a.answered_us.and_then(Moment::new),
        class: a.class,
        status: a.status,
        receipt: a
            .receipt
            .or_else(|| own_part(results, record, a.version, &a.answer))
            .map_or_else(|| said(&a.answer), |own| said(own.as_bytes())),
    };
    DeliveryLine {
        feed: d.feed,
        state: d.state,
        zh,
        en,
        wanted_version: d.wanted_version,
        accepted_version: d.accepted_version,
        at_target: d.at_target,
        tries: d.tries,
        attempts: attempts.into_iter().map(attempt).collect(),
    }
}

/// What an answer says of one record, where it speaks record by record.
fn own_part(results: Option<&Results>, record: i64, version: i64, answer: &[u8]) -> Option<String> {
    let key = profile::record_key(record, version);
    let meaning = config::read_answer(&[], results, 0, answer, false);
    Some(meaning.results?.into_iter().find(|r| r.key == key)?.said)
}

/// Where a delivery is and why, in Chinese and English.
fn sentence(d: &store::DeliveryView) -> (String, String) {
    let (wanted, Words { zh: why_zh, en: why }) = (d.wanted_version, why(&d.state, &d.why));
    let (mut zh, mut en) = match d.state.as_str() {
        "up_to_date" if d.accepted_operation.is_empty() => {
            ("对方从未收到，无须撤回".to_owned(), "the target never had it; nothing is owed".to_owned())
        }
        "up_to_date" if d.accepted_operation == "withdraw" => {
            (format!("已撤回（第 {wanted} 版）"), format!("withdrawn there (version {wanted})"))
        }
        "up_to_date" => (format!("已达，第 {wanted} 版"), format!("up to date with version {wanted}")),
        "due" if d.tries > 0 => (
            format!("应投第 {wanted} 版，已试 {} 次，{} 再试：{why_zh}", d.tries, Moment(d.due_us).shown()),
            format!(
                "version {wanted} is due; tried {}, again at {}: {why}",
                count(d.tries, "time", "times"),
                Moment(d.due_us).shown()
            ),
        ),
        "due" => (format!("应投第 {wanted} 版，排队"), format!("version {wanted} is due, in line")),
        "blocked" => (format!("第 {wanted} 版受阻：{why_zh}"), format!("version {wanted} is blocked: {why}")),
        "sending" => (format!("第 {wanted} 版发送中"), format!("version {wanted} is being sent")),
        "unknown" => (
            format!("未知：已发出，没有明确答复，将以原键再问：{why_zh}"),
            format!("unknown: sent without a clear answer; asked again under the same key: {why}"),
        ),
        "rejected" => (format!("被拒，不会自动重试：{why_zh}"), format!("rejected, not tried again by itself: {why}")),
        "withheld" => (format!("暂扣：{why_zh}"), format!("withheld: {why}")),
        other => (format!("状态 `{other}` 不明"), format!("the state `{other}` is not known")),
    };
    if d.accepted_version > 0 && d.accepted_version < wanted {
        zh.push_str(&format!("；对方现有第 {} 版", d.accepted_version));
        en.push_str(&format!("; the target has version {}", d.accepted_version));
    }
    if d.state != "up_to_date" {
        let (feed_zh, feed_en) = feed_sentence(d);
        zh.push_str(&feed_zh);
        en.push_str(&feed_en);
    }
    (zh, en)
}

/// What of the whole feed is in the way.
fn feed_sentence(d: &store::DeliveryView) -> (String, String) {
    match d.feed_state.as_str() {
        "paused" if d.feed_why.is_empty() => ("；订阅已暂停".to_owned(), "; the feed is paused".to_owned()),
        "paused" => (format!("；订阅已暂停：{}", d.feed_why), format!("; the feed is paused: {}", d.feed_why)),
        "walking" => (
            "；订阅正在补齐已有记录，之后开始发送".to_owned(),
            "; the feed goes through stored records first".to_owned(),
        ),
        _ if d.feed_rest_until_us > store::now_us() => {
            let until = Moment(d.feed_rest_until_us).shown();
            (format!("；对方未接通，{until} 再试"), format!("; the target did not take a call, again at {until}"))
        }
        _ => (String::new(), String::new()),
    }
}

fn parent(hub: &Hub, p: Pointed, record: Option<i64>, owed: Vec<store::DeliveryView>) -> ParentLine {
    ParentLine {
        dataset: DatasetName::of(hub, &p.parent),
        value: shown(&p.value),
        required: p.required,
        record,
        feeds: owed.into_iter().map(|d| (d.feed, d.state)).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(state: &str, why: &str) -> store::DeliveryView {
        store::DeliveryView {
            feed: "province/all".into(),
            feed_id: 1,
            feed_state: "on".into(),
            feed_why: String::new(),
            feed_rest_until_us: 0,
            state: state.into(),
            wanted_version: 3,
            accepted_version: 2,
            accepted_operation: "insert".into(),
            at_target: "present".into(),
            tries: 0,
            due_us: 0,
            why: why.into(),
        }
    }

    #[test]
    fn where_a_delivery_is_and_why_is_told_in_both_languages() {
        let told: Vec<String> = [
            store::DeliveryView { accepted_version: 3, ..view("up_to_date", "") },
            view("due", ""),
            view("blocked", "SECTION E420"),
            view("blocked", "record 12"),
            view("blocked", "attachment"),
            view("unknown", "no answer in time"),
            view("rejected", "金额不对"),
            store::DeliveryView { feed_state: "paused".into(), feed_why: "对方检修".into(), ..view("due", "") },
        ]
        .iter()
        .map(|d| {
            let (zh, en) = sentence(d);
            format!("{zh}\n{en}")
        })
        .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        已达，第 3 版
        up to date with version 3
        应投第 3 版，排队；对方现有第 2 版
        version 3 is due, in line; the target has version 2
        第 3 版受阻：对方尚未接受上级 SECTION E420；对方现有第 2 版
        version 3 is blocked: the target has not accepted its parent SECTION E420; the target has version 2
        第 3 版受阻：对方还有下级记录 12，暂不能撤回；对方现有第 2 版
        version 3 is blocked: it cannot be withdrawn while the target has its child, record 12; the target has version 2
        第 3 版受阻：附件未到；对方现有第 2 版
        version 3 is blocked: an attachment is not here; the target has version 2
        未知：已发出，没有明确答复，将以原键再问：no answer in time；对方现有第 2 版
        unknown: sent without a clear answer; asked again under the same key: no answer in time; the target has version 2
        被拒，不会自动重试：金额不对；对方现有第 2 版
        rejected, not tried again by itself: 金额不对; the target has version 2
        应投第 3 版，排队；对方现有第 2 版；订阅已暂停：对方检修
        version 3 is due, in line; the target has version 2; the feed is paused: 对方检修
        ");
    }
}
