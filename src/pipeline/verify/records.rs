//! Records and their versions: chain, head, order, fingerprint, body; what the index and the references must hold for
//! each; what each feed must be owed; which codes were assigned.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use super::walk::{Cursor, Table};
use super::{Run, index};
use crate::config::Start;
use crate::pipeline::MappingPlan;
use crate::pipeline::decide::beijing_time;
use crate::pipeline::normalise::batch_and_row;
use crate::pipeline::plan::DatasetPlan;
use crate::schema::{self, Dataset, Draft, Level, Reason};
use crate::store::recount::{self, RecordRow, VersionRow};
use crate::store::{self, Order, Outcome};

const RECORDS: Table<i64, RecordRow> = Table::by_id("record", recount::records, |r| r.id);
const VERSIONS: Table<(i64, i64), VersionRow> = Table::new(
    "version",
    recount::versions,
    |v| (v.record, v.version),
    |(record, version)| format!("record={record} version={version}"),
    || (i64::MIN, i64::MIN),
);

/// Why a body is no body of a dataset.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BodyWrong {
    /// Not readable at this byte.
    Unreadable(usize),
    /// A field that the dataset does not have.
    Stranger(String),
    /// A field that stands there twice, or with nothing in it.
    Field(String),
}

/// The record that a body holds, every field of it accounted for.
pub(super) fn draft_of(dataset: &Dataset, body: &str) -> Result<Draft, BodyWrong> {
    let mut draft = Draft::new(dataset.fields.len());
    let mut next = 0;
    for (name, value) in schema::body_fields(body).map_err(|e| BodyWrong::Unreadable(e.at))? {
        let ahead = dataset.fields[next..].iter().position(|field| field.name == name).map(|ahead| next + ahead);
        let Some(id) = ahead.or_else(|| dataset.field(&name)) else {
            return Err(BodyWrong::Stranger(name.into_owned()));
        };
        if value.is_empty() || draft.get(id).is_some() {
            return Err(BodyWrong::Field(name.into_owned()));
        }
        draft.set(id, &value);
        next = id + 1;
    }
    Ok(draft)
}

/// Index values of a record, gathered from its versions, oldest first.
#[derive(Debug, Default)]
pub(super) struct Values {
    /// Those of the newest version.
    pub present: BTreeSet<(i64, String)>,
    /// Those by which children may point at it still.
    pub earlier: BTreeSet<(i64, String)>,
}

impl Values {
    /// One version more, which is no withdrawal.
    pub(super) fn add(&mut self, plan: &DatasetPlan, draft: &Draft) {
        let own = plan.index_values(draft);
        self.earlier.extend(own.iter().filter(|v| v.kept).map(|v| (v.slot, v.value.clone())));
        self.present = own.into_iter().map(|v| (v.slot, v.value)).collect();
    }

    /// After the last version; a withdrawn record has no present values.
    pub(super) fn end(&mut self, is_live: bool) {
        if !is_live {
            self.present.clear();
        }
        self.earlier.retain(|value| !self.present.contains(value));
    }
}

/// What is known of the versions of one record, oldest first.
#[derive(Default)]
struct Chain {
    last: Option<VersionRow>,
    count: i64,
    values: Values,
    /// The newest version that is no withdrawal.
    newest: Option<Draft>,
    is_unreadable: bool,
}

pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    let mut versions = Cursor::new(&VERSIONS);
    let mut records = Cursor::new(&RECORDS);
    while let Some(record) = records.next(run)? {
        run.names.drew("record", record.id);
        while let Some(orphan) = versions.next_if(run, |v| v.record < record.id)? {
            ownerless(run, &orphan);
        }
        let scope = run.names.scopes.get(&record.scope).cloned();
        let dataset = scope.as_ref().map(|s| s.dataset.as_str());
        let plan = dataset.and_then(|code| run.hub.plan.dataset(code)).cloned();
        let mut chain = Chain::default();
        while let Some(version) = versions.next_if(run, |v| v.record == record.id)? {
            next_version(run, &record, plan.as_deref(), &mut chain, version)?;
        }
        head(run, &record, &chain)?;
        if let (Some(scope), Some(last)) = (&scope, &chain.last) {
            owed(run, &record, &scope.dataset, &scope.system, last)?;
        }
        chain.values.end(record.state == "live");
        if let (Some(plan), Some(last), false) = (&plan, &chain.last, chain.is_unreadable) {
            index::of_record(run, &record, plan, &chain.values, chain.newest.as_ref(), last)?;
        }
    }
    while let Some(orphan) = versions.next(run)? {
        ownerless(run, &orphan);
    }
    Ok(())
}

fn ownerless(run: &mut Run<'_>, v: &VersionRow) {
    run.found.dangles("version", format_args!("record={} version={}", v.record, v.version), "record", "record");
}

/// One version by itself and after the one before it.
fn next_version(
    run: &mut Run<'_>,
    record: &RecordRow,
    plan: Option<&DatasetPlan>,
    chain: &mut Chain,
    v: VersionRow,
) -> store::Result<()> {
    let key = format_args!("record={} version={}", v.record, v.version);
    chain.count += 1;
    if v.version != chain.count {
        run.found.differs("version", key, "version", v.version, chain.count);
        chain.count = v.version;
    }
    let (is_first, was_live) = match &chain.last {
        None => (true, false),
        Some(last) => (false, last.operation != "withdraw"),
    };
    let is_possible = match v.operation.as_str() {
        "insert" => !was_live,
        "update" => was_live,
        "withdraw" => is_first || was_live,
        _ => false,
    };
    if !is_possible {
        run.found.unknown("version", key, "operation", &v.operation);
    }
    if chain.last.as_ref().is_some_and(|last| !v.order.is_newer_than(last.order)) {
        run.found.add("version", key, "次序不高于前一版本", "its order is not above that of the version before");
    }
    if !run.names.is_revision_of(v.order.revision, v.mapping, run.hub.row_mapping) || v.order.revision == 0 {
        run.found.dangles("version", key, "revision", "revision");
    }
    if v.created_us <= 0 {
        run.found.unknown("version", key, "created_us", v.created_us);
    }
    texts(run, key, &v)?;
    let own = run.plan_of_revision(v.mapping, v.order.revision);
    if v.operation == "withdraw" {
        let kept = chain.last.as_ref().map_or("{}", |last| last.body.as_str());
        if v.body != kept {
            run.found.add(
                "version",
                key,
                "撤销版本的正文与前一版本不同",
                "a withdrawal keeps the body before it, and this is another",
            );
        }
    } else if let Some(plan) = plan {
        match draft_of(&plan.dataset, &v.body) {
            Ok(draft) => {
                if let Some(own) = own {
                    of_mapping(run, key, own, &v, &draft);
                }
                chain.values.add(plan, &draft);
                chain.newest = Some(draft);
            }
            Err(wrong) => {
                chain.is_unreadable = true;
                body_wrong(run, key, &wrong, own.is_some());
            }
        }
    }
    if record.version == v.version && v.operation != "withdraw" {
        fingerprint(run, record, &v, own);
    }
    chain.last = Some(v);
    Ok(())
}

fn body_wrong(run: &mut Run<'_>, key: fmt::Arguments<'_>, wrong: &BodyWrong, is_of_today: bool) {
    match wrong {
        BodyWrong::Unreadable(at) => run.found.add(
            "version",
            key,
            format!("正文从第 {at} 字节起无法读取"),
            format!("the body cannot be read at byte {at}"),
        ),
        BodyWrong::Field(name) => run.found.add(
            "version",
            key,
            format!("正文中的字段 {name} 为空或重复"),
            format!("field {name} of the body is empty or there twice"),
        ),
        BodyWrong::Stranger(name) if is_of_today => run.found.add(
            "version",
            key,
            format!("正文中的字段 {name} 不属于数据集"),
            format!("field {name} of the body is not one of the dataset"),
        ),
        // An older revision may have been written to an older schema.
        BodyWrong::Stranger(name) => run.found.note(
            "version",
            key,
            format!("旧版次写下的字段 {name} 已不在数据集中，索引和引用未重新核算"),
            format!(
                "field {name}, of an older revision, is no longer in the dataset; index and references were not judged"
            ),
        ),
    }
}

/// Lineage and warnings can be read, and name what is there.
fn texts(run: &mut Run<'_>, key: fmt::Arguments<'_>, v: &VersionRow) -> store::Result<()> {
    if !v.looked_at.is_empty() {
        match serde_json::from_str::<Vec<(i64, i64)>>(&v.looked_at) {
            Err(_) => run.found.unknown("version", key, "looked_at", &v.looked_at),
            Ok(lineage) => {
                for (record, version) in lineage {
                    let head = recount::head_version(run.c, record)?;
                    if head.is_none_or(|head| !(1..=head).contains(&version)) {
                        run.found.dangles("version", key, "looked_at", "version");
                    }
                }
            }
        }
    }
    if !v.notes.is_empty() {
        let notes = serde_json::from_str::<Vec<Reason>>(&v.notes);
        if !notes.is_ok_and(|notes| !notes.is_empty() && notes.iter().all(|n| n.level == Level::Warn)) {
            run.found.unknown("version", key, "notes", &v.notes);
        }
    }
    Ok(())
}

/// What the mapping of today knows of a version that it made: the text as it writes it, and stamps.
fn of_mapping(run: &mut Run<'_>, key: fmt::Arguments<'_>, own: &MappingPlan, v: &VersionRow, draft: &Draft) {
    let dataset = &own.plan.dataset;
    if schema::body(dataset, draft, own.mapping.volatile()).0 != v.body {
        run.found.add("version", key, "正文的写法不是本程序的", "the body is not written as this program writes it");
    }
    for stamp in own.mapping.stamps() {
        let (stored, made) = (draft.get(*stamp).unwrap_or_default(), beijing_time(v.created_us));
        if stored != made {
            run.found.differs("version", key, &dataset.fields[*stamp].name, stored, &made);
        }
    }
}

/// The fingerprint is over a beginning of the body: that before the volatile fields, where they are known, else before
/// some field.
fn fingerprint(run: &mut Run<'_>, record: &RecordRow, v: &VersionRow, own: Option<&MappingPlan>) {
    let key = format_args!("id={}", record.id);
    let is_right = match own {
        Some(own) => {
            let draft = draft_of(&own.plan.dataset, &v.body);
            draft.is_ok_and(|d| {
                schema::body(&own.plan.dataset, &d, own.mapping.volatile()).1[..] == record.fingerprint[..]
            })
        }
        None => beginnings(&v.body).any(|digest| digest[..] == record.fingerprint[..]),
    };
    if !is_right {
        run.found.add("record", key, "fingerprint 与正文不符", "the fingerprint is not the body's");
    }
}

/// The digest of each beginning of a body that ends behind a field.
fn beginnings(body: &str) -> impl Iterator<Item = [u8; 16]> {
    // A field begins with `"` after `{` or `,`; inside a value a quote is escaped, so `","` stands between fields only.
    let ends = body.match_indices("\",\"").map(|(at, _)| at + 1);
    let last = body.len().saturating_sub(1);
    let mut hasher = blake3::Hasher::new();
    let mut from = 0;
    std::iter::once(1.min(last)).chain(ends).chain([last]).map(move |to| {
        hasher.update(&body.as_bytes()[from.min(to)..to]);
        from = to;
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        short
    })
}

/// The head against the newest version.
fn head(run: &mut Run<'_>, record: &RecordRow, chain: &Chain) -> store::Result<()> {
    let key = format_args!("id={}", record.id);
    if !run.names.scopes.contains_key(&record.scope) {
        run.found.dangles("record", key, "scope", "scope");
    }
    // An item may stand under its row's digest, a record never.
    if record.identity.is_empty() || record.identity.starts_with('\u{1}') {
        run.found.unknown("record", key, "identity", &record.identity);
    }
    let is_live = match record.state.as_str() {
        "live" => true,
        "withdrawn" => false,
        other => {
            run.found.unknown("record", key, "state", other);
            return Ok(());
        }
    };
    let Some(last) = &chain.last else {
        run.found.add("record", key, "记录没有任何版本", "the record has no version at all");
        return Ok(());
    };
    if record.version != last.version {
        run.found.differs("record", key, "version", record.version, last.version);
        return Ok(());
    }
    if is_live != (last.operation != "withdraw") {
        run.found.unknown("record", key, "state", &record.state);
    }
    if !is_live && record.fingerprint != [0; 16] {
        run.found.add("record", key, "已撤销的记录不应有指纹", "a withdrawn record has no fingerprint");
    }
    if record.order != last.order && !(record.order.is_newer_than(last.order) && raised(run, record.order)?) {
        run.found.add(
            "record",
            key,
            "次序既非最新版本的，也非后来的相同行所提高",
            "its order is neither its newest version's nor that of a later row which changed nothing",
        );
    }
    Ok(())
}

/// An unchanged row that came later raises the order and makes no version: its byte says so.
fn raised(run: &mut Run<'_>, order: Order) -> store::Result<bool> {
    let (batch, row) = batch_and_row(order.position);
    let Some(mapping) = run.names.revisions.get(&order.revision).copied() else { return Ok(false) };
    if run.unchanged.iter().all(|u| u.of != (batch, order.revision)) {
        let outcomes = recount::outcomes(run.c, batch)?;
        let own = outcomes.into_iter().find(|o| (o.mapping, o.revision) == (mapping, order.revision));
        let items = own.and_then(|o| store::outcomes_unpack(&o.packed)).unwrap_or_default();
        let rows = items.into_iter().filter(|(_, _, outcome)| *outcome == Outcome::Unchanged).map(|(row, ..)| row);
        let unchanged = Unchanged { of: (batch, order.revision), rows: rows.collect() };
        run.unchanged.truncate(UNCHANGED_KEPT - 1);
        run.unchanged.push_front(unchanged);
    }
    let known = run.unchanged.iter().find(|u| u.of == (batch, order.revision));
    Ok(known.is_some_and(|u| u.rows.contains(&row)))
}

/// Rows of a batch that changed nothing under a revision: many records were raised by one batch.
#[derive(Debug)]
pub(super) struct Unchanged {
    of: (i64, i64),
    rows: HashSet<u32>,
}

/// Batches whose unchanged rows are kept at hand.
const UNCHANGED_KEPT: usize = 16;

/// Every feed that carries the record is owed it.
fn owed(run: &mut Run<'_>, record: &RecordRow, dataset: &str, system: &str, last: &VersionRow) -> store::Result<()> {
    if record.state != "live" {
        return Ok(());
    }
    for feed in run.hub.feeds.iter().filter(|f| f.carries(dataset, system)) {
        // A feed that still walks has not come to every record.
        let is_walking = run.names.feeds.get(&feed.id).is_none_or(|f| f.state != "on");
        let starts = run.hub.config.feed(&feed.name).map_or(Start::Now, |(_, f)| f.start);
        let is_owed = match starts {
            Start::All => true,
            // A feed that starts now is owed what came after it was made, which no row says.
            Start::Now => false,
            Start::Date(date) => beijing_time(last.created_us)[..8] >= *date.format("%Y%m%d").to_string(),
        };
        if !is_walking && is_owed && !recount::delivery_exists(run.c, feed.id, record.id)? {
            run.found.add(
                "delivery",
                format_args!("feed={} record={}", feed.id, record.id),
                format!("订阅 {} 应得此记录，却没有投递", feed.name),
                format!("feed {} is owed this record, and there is no delivery", feed.name),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_accounted_for_field_by_field() {
        let schema = schema::Schema::embedded().unwrap();
        let dataset = schema.dataset("500").unwrap();
        let wrong = |body: &str| draft_of(dataset, body).unwrap_err();
        assert!(draft_of(dataset, r#"{"PROJECT_CODE":"1","PROJECT_NAME":"2"}"#).is_ok());
        assert_eq!(wrong(r#"{"PROJECT_CODE":"1""#), BodyWrong::Unreadable(19));
        assert_eq!(wrong(r#"{"PROJEKT":"1"}"#), BodyWrong::Stranger("PROJEKT".into()));
        assert_eq!(wrong(r#"{"PROJECT_CODE":""}"#), BodyWrong::Field("PROJECT_CODE".into()));
        assert_eq!(wrong(r#"{"PROJECT_CODE":"1","PROJECT_CODE":"1"}"#), BodyWrong::Field("PROJECT_CODE".into()));
    }

    #[test]
    fn a_fingerprint_is_over_one_of_the_bodys_beginnings() {
        let schema = schema::Schema::embedded().unwrap();
        let dataset = schema.dataset("500").unwrap();
        let mut draft = Draft::new(dataset.fields.len());
        for field in 0..6 {
            draft.set(field, "a\",\"b");
        }
        for volatile in [vec![], vec![0], vec![3, 5], (0..6).collect()] {
            let (body, fingerprint) = schema::body(dataset, &draft, &volatile);
            assert!(beginnings(&body).any(|digest| digest == fingerprint), "{volatile:?}");
            let changed = body.replacen('a', "b", 1);
            assert_eq!(beginnings(&changed).any(|d| d == fingerprint), volatile.len() == 6);
        }
    }
}
