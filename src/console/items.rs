//! `quarantine …`: rows that could not become records yet, each with every reason, as it came and what would be right.

use std::collections::{BTreeMap, HashMap};

use adapter::Rows;
use serde::{Deserialize, Serialize};

use super::answer::{DatasetName, dataset, store_failure, unknown};
use super::mask::masked;
use super::raw::{Batches, Stood, cell_text};
use super::{ItemFilter, ItemRef, Moment};
use crate::diagnostic::{Failure, FailureKind, Lang, Words, same};
use crate::mapping::Found;
use crate::pipeline::Hub;
use crate::pipeline::decide::shown;
use crate::pipeline::normalise::{batch_and_row, position};
use crate::schema::{Confidence, Dataset, Field, Kind, Level, Reason, ReasonCode};
use crate::store::{self, ItemView};

/// Values of a code set that are named as what would be right; more help nobody.
const CODES_SHOWN: usize = 12;

/// Items that a list holds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemsAnswer {
    pub quarantined: i64,
    pub waiting: i64,
    /// By reason, most first. An item with several reasons counts under each.
    pub reasons: Vec<ReasonCount>,
    pub items: Vec<ItemLine>,
    /// True: the limit let not all through.
    pub more: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ReasonCount {
    pub code: String,
    pub count: i64,
    /// An item that has it, and what it says there.
    pub item: String,
    pub zh: String,
    pub en: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemLine {
    /// What `quarantine show` takes.
    pub item: String,
    #[serde(flatten)]
    pub stood: Stood,
    /// `row`: the row could not be read.
    pub mapping: String,
    #[serde(flatten)]
    pub dataset: DatasetName,
    pub system: String,
    pub job: String,
    pub run: i64,
    /// waiting, quarantined; or what became of it.
    pub state: String,
    /// The source's own key; empty where it cannot be told.
    pub identity: String,
    /// How often the same row was read.
    pub seen: i64,
    pub first: Option<Moment>,
    pub last: Option<Moment>,
    pub reasons: Vec<ReasonAnswer>,
}

/// A reason in both languages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReasonAnswer {
    pub code: String,
    /// refuse, warn.
    pub level: String,
    pub field: String,
    pub label: String,
    pub value: String,
    pub source: String,
    pub zh: String,
    pub en: String,
    /// What would be right, where the schema says more than the sentence.
    pub right_zh: String,
    pub right_en: String,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemsShown {
    pub items: Vec<ItemAnswer>,
    /// None: the stored rows are no longer kept.
    pub row: Option<RowAnswer>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ItemAnswer {
    #[serde(flatten)]
    pub line: ItemLine,
    pub needs: Vec<Need>,
}

/// What an item waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Need {
    #[serde(flatten)]
    pub dataset: DatasetName,
    /// The fields whose value it is.
    pub fields: Words,
    pub value: String,
    /// True: the key belongs to another record and must become free.
    pub free: bool,
    /// Others of this number would do instead; 0: each is needed.
    pub one_of: i64,
}

/// A raw row, as it came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowAnswer {
    #[serde(flatten)]
    pub stood: Stood,
    /// Byte offset in the file at which the row begins, where known.
    pub offset: Option<u64>,
    pub encoding: String,
    /// Column and cell; no cell: the source gave none. Bytes that are no text stand in hex.
    pub cells: Vec<(String, Option<String>)>,
    /// Columns of which only a part is shown, since they hold personal data that no reason speaks of.
    pub masked: Vec<String>,
}

/// Most items of which a list counts the reasons; a store with more in quarantine has another trouble first.
const ITEMS_COUNTED_MAX: i64 = 200_000;

pub(super) async fn list(hub: &Hub, filter: &ItemFilter) -> Result<ItemsAnswer, Failure> {
    let wanted = store_filter(hub, filter)?;
    let reason = match &filter.reason {
        Some(name) => Some(known_code(name)?),
        None => None,
    };
    let limit = filter.limit as usize;
    let (mut quarantined, mut waiting, mut more) = (0, 0, false);
    let mut counts: BTreeMap<String, (i64, ItemView, Reason)> = BTreeMap::new();
    let (found, counted) = hub
        .db
        .read(move |c| {
            let mut shown: Vec<ItemView> = Vec::new();
            store::item_views(c, &wanted, |item| {
                let reasons = telling(&item);
                if reason.is_some_and(|code| reasons.iter().all(|r| r.code != code)) {
                    return true;
                }
                match item.state.as_str() {
                    "waiting" => waiting += 1,
                    _ => quarantined += 1,
                }
                let mut told: Vec<ReasonCode> = Vec::new();
                for r in reasons {
                    if !told.contains(&r.code) {
                        told.push(r.code);
                        counts.entry(r.code.name()).or_insert_with(|| (0, item.clone(), r)).0 += 1;
                    }
                }
                if shown.len() < limit {
                    shown.push(item);
                } else {
                    more = true;
                }
                quarantined + waiting < ITEMS_COUNTED_MAX
            })?;
            let mut batches = Batches::default();
            let mut placed = Vec::with_capacity(shown.len());
            for item in shown {
                let stood = batches.stood(c, item.key.position)?;
                placed.push((item, stood));
            }
            Ok((placed, (quarantined, waiting, more, counts)))
        })
        .await
        .map_err(store_failure)?;
    let (quarantined, waiting, more, counts) = counted;
    let count = |(code, (count, item, reason)): (String, (i64, ItemView, Reason))| {
        let reason = reason_answer(hub.schema.dataset(&item.dataset).map(AsRef::as_ref), &reason, true);
        ReasonCount { code, count, item: name(&item), zh: reason.zh, en: reason.en }
    };
    let mut reasons: Vec<ReasonCount> = counts.into_iter().map(count).collect();
    reasons.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.code.cmp(&b.code)));
    let items = found.into_iter().map(|(item, stood)| line(hub, item, stood)).collect();
    Ok(ItemsAnswer { quarantined, waiting, reasons, items, more })
}

/// Items of a run that `job run` names: more are a list.
const EXAMPLES_MAX: usize = 5;

/// Some of what a run has in quarantine: files that could not be read, and of anything else each reason once.
pub(super) async fn examples(hub: &Hub, job: &str, run: i64) -> Result<Vec<ItemLine>, Failure> {
    let wanted = store::ItemFilter { state: "quarantined".into(), job: job.to_owned(), ..Default::default() };
    let found = hub
        .db
        .read(move |c| {
            let mut kept: Vec<ItemView> = Vec::new();
            let mut told: Vec<ReasonCode> = Vec::new();
            store::item_views(c, &wanted, |item| {
                let code = telling(&item).first().map(|reason| reason.code);
                if let Some(code) = code.filter(|_| item.run == run)
                    && (code == ReasonCode::FileUnreadable || !told.contains(&code))
                {
                    told.push(code);
                    kept.push(item);
                }
                kept.len() < EXAMPLES_MAX
            })?;
            let mut batches = Batches::default();
            kept.into_iter()
                .map(|item| Ok((batches.stood(c, item.key.position)?, item)))
                .collect::<store::Result<Vec<_>>>()
        })
        .await
        .map_err(store_failure)?;
    Ok(found.into_iter().map(|(stood, item)| line(hub, item, stood)).collect())
}

fn store_filter(hub: &Hub, filter: &ItemFilter) -> Result<store::ItemFilter, Failure> {
    let mut out = store::ItemFilter::default();
    if !filter.waiting {
        out.state = "quarantined".to_owned();
    }
    if let Some(name) = &filter.dataset {
        out.dataset = dataset(hub, name)?.code.clone();
    }
    if let Some(name) = &filter.job {
        let names = hub.jobs.iter().map(|j| j.name.as_str());
        if hub.job(name).is_none() {
            return Err(unknown(("任务", "job"), name, names, ("`job list` 列出全部任务", "`job list` lists all")));
        }
        out.job.clone_from(name);
    }
    if let Some(name) = &filter.mapping {
        let names = hub.jobs.iter().flat_map(|j| j.mappings.iter().map(|m| m.mapping.name())).chain(["row"]);
        if !names.clone().any(|known| known == name) {
            let hint = ("`job list` 列出各任务的映射", "`job list` shows each job's mappings");
            return Err(unknown(("映射", "mapping"), name, names, hint));
        }
        out.mapping.clone_from(name);
    }
    Ok(out)
}

fn known_code(name: &str) -> Result<ReasonCode, Failure> {
    let names: Vec<String> = ReasonCode::ALL.iter().map(|c| c.name()).collect();
    match names.iter().position(|known| known == name) {
        Some(at) => Ok(ReasonCode::ALL[at]),
        None => {
            let hint = ("`quarantine list` 列出各原因", "`quarantine list` shows which there are");
            Err(unknown(("原因", "reason"), name, names.iter().map(String::as_str), hint))
        }
    }
}

/// The reasons that say why an item is where it is: refusals, or what it waits for.
fn telling(item: &ItemView) -> Vec<Reason> {
    use ReasonCode::{LookupWaiting, ParentWaiting};
    let mut reasons = reasons(item);
    match item.state.as_str() {
        "waiting" => reasons.retain(|r| matches!(r.code, ParentWaiting | LookupWaiting)),
        _ => reasons.retain(|r| r.level == Level::Refuse),
    }
    reasons
}

/// An item's reasons; none can be told if the text was changed by hand.
fn reasons(item: &ItemView) -> Vec<Reason> {
    serde_json::from_str(&item.reasons).unwrap_or_default()
}

/// What `quarantine show` takes.
fn name(item: &ItemView) -> String {
    let (batch, row) = batch_and_row(item.key.position);
    ItemRef { batch, row, mapping: Some(item.key.mapping), element: Some(item.key.element) }.to_string()
}

/// An item for a list: values of personal fields masked.
pub(super) fn line(hub: &Hub, item: ItemView, stood: Stood) -> ItemLine {
    make_line(hub, item, stood, true)
}

fn make_line(hub: &Hub, item: ItemView, stood: Stood, mask: bool) -> ItemLine {
    let dataset = hub.schema.dataset(&item.dataset).map(AsRef::as_ref);
    ItemLine {
        item: name(&item),
        stood,
        dataset: DatasetName::of(hub, &item.dataset),
        reasons: reasons(&item).iter().map(|r| reason_answer(dataset, r, mask)).collect(),
        // A row whose record cannot be told stands under its digest, which tells a person nothing.
        identity: if item.identity.starts_with('\u{1}') { String::new() } else { shown(&item.identity) },
        mapping: item.mapping,
        system: item.system,
        job: item.job,
        run: item.run,
        state: item.state,
        seen: item.seen,
        first: Moment::new(item.first_us),
        last: Moment::new(item.last_us),
    }
}

pub(super) fn reason_answer(dataset: Option<&Dataset>, reason: &Reason, mask: bool) -> ReasonAnswer {
    let field = dataset.and_then(|d| d.field(&reason.field).map(|id| &d.fields[id]));
    let mut said = reason.clone();
    if let Some(kind) = field.and_then(|f| f.personal).filter(|_| mask && !reason.value.is_empty()) {
        said.value = masked(kind, &reason.value);
    }
    let right = |lang| field.map_or_else(String::new, |f| right(f, reason, lang));
    ReasonAnswer {
        code: reason.code.name(),
        level: if reason.level == Level::Refuse { "refuse" } else { "warn" }.to_owned(),
        zh: said.render(Lang::Zh),
        en: said.render(Lang::En),
        right_zh: right(Lang::Zh),
        right_en: right(Lang::En),
        field: said.field,
        label: said.label,
        value: said.value,
        source: said.source,
    }
}

/// What would be right in a field, where the reason's own sentence does not say so already.
fn right(field: &Field, reason: &Reason, lang: Lang) -> String {
    use ReasonCode::{
        DateUnreadable, MoneyUnreadable, NameUnknown, NotADate, NotANumber, NotInCodeSet, NumberUnreadable, Required,
        RequiredWhen, RequiredWith,
    };
    match reason.code {
        Required | RequiredWhen | RequiredWith | NameUnknown | NotInCodeSet | DateUnreadable | MoneyUnreadable
        | NumberUnreadable | NotADate | NotANumber => shape(field, lang),
        _ => String::new(),
    }
}

/// What a field holds, in a few words.
fn shape(field: &Field, lang: Lang) -> String {
    if let Some(codes) = &field.codes {
        let known: Vec<String> = codes
            .values
            .iter()
            .filter(|v| !v.retired)
            .map(|v| {
                format!(
                    "{} {}",
                    v.code,
                    lang.pick(&v.name_zh, if v.name_en.is_empty() { &v.name_zh } else { &v.name_en })
                )
            })
            .take(CODES_SHOWN + 1)
            .collect();
        if !known.is_empty() && codes.confidence > Confidence::None {
            let rest = codes.values.len().saturating_sub(CODES_SHOWN);
            let list = known[..known.len().min(CODES_SHOWN)].join(lang.pick("，", ", "));
            return match (known.len() > CODES_SHOWN, lang) {
                (false, _) => list,
                (true, Lang::Zh) => format!("{list} 等，另有 {rest} 个：`schema show {}`", codes.name),
                (true, Lang::En) => format!("{list} and {rest} more: `schema show {}`", codes.name),
            };
        }
    }
    let digits = |(all, after): (u32, u32)| match (after, lang) {
        (0, Lang::Zh) => format!("整数，最多 {all} 位"),
        (0, Lang::En) => format!("a whole number of at most {all} digits"),
        (_, Lang::Zh) => format!("数字，最多 {all} 位，其中小数 {after} 位"),
        (_, Lang::En) => format!("a number of at most {all} digits, {after} of them after the point"),
    };
    match field.kind {
        Kind::Decimal | Kind::Integer => field.digits.map_or_else(|| lang.pick("数字", "a number").to_owned(), digits),
        Kind::Date => lang.pick("日期，如 20260317", "a day, e.g. 20260317").to_owned(),
        Kind::DateTime => lang.pick("日期和时间，如 20260317093000", "day and time, e.g. 20260317093000").to_owned(),
        Kind::Boolean => lang.pick("0 否，1 是", "0 no, 1 yes").to_owned(),
        Kind::Text | Kind::Code => match (field.length_max, field.fixed, lang) {
            (None, ..) => String::new(),
            (Some(n), true, Lang::Zh) => format!("文字，{n} 个字符"),
            (Some(n), true, Lang::En) => format!("a text of {n} characters"),
            (Some(n), false, Lang::Zh) => format!("文字，最多 {n} 个字符"),
            (Some(n), false, Lang::En) => format!("a text of at most {n} characters"),
        },
    }
}

pub(super) async fn show(hub: &Hub, item: ItemRef) -> Result<ItemsShown, Failure> {
    let at = position(item.batch, item.row);
    let (items, stood, row) = hub
        .db
        .read(move |c| {
            let mut items = Vec::new();
            for view in store::item_row(c, at)? {
                let needs = store::item_needs(c, view.key)?;
                items.push((view, needs));
            }
            let mut batches = Batches::default();
            let stood = batches.stood(c, at)?;
            let row = batches.rows(c, item.batch)?.filter(|rows| (item.row as usize) < rows.len()).cloned();
            Ok((items, stood, row))
        })
        .await
        .map_err(store_failure)?;
    let meant = |view: &ItemView| {
        item.mapping.is_none_or(|m| m == view.key.mapping) && item.element.is_none_or(|e| e == view.key.element)
    };
    let items: Vec<_> = items.into_iter().filter(|(view, _)| meant(view)).collect();
    if items.is_empty() {
        return Err(no_item(item));
    }
    let row = row.map(|rows| raw_row(hub, &rows, item.row as usize, &items, stood.clone()));
    let answer = |(view, needs): (ItemView, Vec<store::NeedView>)| ItemAnswer {
        needs: needs.into_iter().map(|n| need(hub, n)).collect(),
        line: make_line(hub, view, stood.clone(), false),
    };
    Ok(ItemsShown { items: items.into_iter().map(answer).collect(), row })
}

fn no_item(item: ItemRef) -> Failure {
    Failure::new(FailureKind::User, format!("没有条目 {item}"), format!("there is no item {item}")).hint(
        "`quarantine list` 列出条目；编号为 批次-行，或 批次-行-映射-元素",
        "`quarantine list` lists them; an item is named batch-row, or batch-row-mapping-element",
    )
}

fn need(hub: &Hub, need: store::NeedView) -> Need {
    let dataset = hub.schema.dataset(&need.dataset);
    let named =
        |f: usize| dataset.map_or_else(Words::default, |d| Words::new(&d.fields[f].name_zh, &d.fields[f].name_en));
    let fields: Vec<Words> = match (need.name.as_str(), dataset) {
        ("key", Some(d)) => d.key.iter().map(|f| named(*f)).collect(),
        (names, Some(d)) => names.split(',').map(|name| d.field(name).map_or_else(|| same(name), &named)).collect(),
        (names, None) => vec![same(names)],
    };
    let joined = |lang| fields.iter().map(|f| f.get(lang)).collect::<Vec<_>>().join(" / ");
    Need {
        dataset: DatasetName::of(hub, &need.dataset),
        fields: Words::new(joined(Lang::Zh), joined(Lang::En)),
        value: shown(&need.value),
        free: need.free,
        one_of: need.grp,
    }
}

/// The row as it came. Cells that feed personal fields are masked, unless a reason speaks of that field: whoever has
/// to mend it must see it.
fn raw_row(hub: &Hub, rows: &Rows, row: usize, items: &[(ItemView, Vec<store::NeedView>)], stood: Stood) -> RowAnswer {
    let at = rows.row(row);
    let personal = personal_columns(hub, rows, row, items);
    let mut cells = Vec::with_capacity(at.cells());
    let mut hidden = Vec::new();
    for index in 0..at.cells() {
        let column = match (at.fault(), rows.columns().get(index)) {
            (None, Some(name)) => name.clone(),
            // A row that could not be cut is one cell of bytes.
            _ => String::new(),
        };
        let mut cell = cell_text(at.cell(index));
        if let (Some(kind), Some(text)) = (personal.get(&column), &mut cell) {
            *text = masked(*kind, text);
            hidden.push(column.clone());
        }
        cells.push((column, cell));
    }
    let place = at.place();
    RowAnswer {
        stood,
        offset: (place.offset > 0).then_some(place.offset),
        encoding: rows.encoding.clone(),
        cells,
        masked: hidden,
    }
}

/// Columns that feed personal fields of which no reason speaks, as the mappings of the row's job say.
fn personal_columns(
    hub: &Hub,
    rows: &Rows,
    row: usize,
    items: &[(ItemView, Vec<store::NeedView>)],
) -> HashMap<String, crate::schema::Personal> {
    let mut personal = HashMap::new();
    let mut spoken = Vec::new();
    let job = items.first().and_then(|(view, _)| hub.job(&view.job));
    for plan in job.into_iter().flat_map(|j| &j.mappings).filter(|_| rows.row(row).fault().is_none()) {
        let Ok(bound) = plan.mapping.bind(rows.columns(), false) else { continue };
        let dataset = plan.mapping.dataset();
        let own = items.iter().filter(|(view, _)| view.key.mapping == plan.number);
        let reasons: Vec<Reason> = own.flat_map(|(view, _)| reasons(view)).collect();
        for trace in bound.trace(rows, row, &Found(vec![HashMap::new(); plan.mapping.lookups().len()]), 0) {
            for field in trace.fields {
                let Some(kind) = dataset.field(&field.field).and_then(|id| dataset.fields[id].personal) else {
                    continue;
                };
                let columns = field.columns.into_iter().map(|(name, _)| name);
                if reasons.iter().any(|r| r.field == field.field) {
                    spoken.extend(columns);
                } else {
                    personal.extend(columns.map(|name| (name, kind)));
                }
            }
        }
    }
    personal.retain(|name, _| !spoken.contains(name));
    personal
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;

    #[test]
    fn what_would_be_right_is_what_the_schema_says_of_the_field() {
        let dataset = schema::embedded_for_tests().dataset("513").unwrap();
        let say = |name: &str, lang| shape(&dataset.fields[dataset.field(name).unwrap()], lang);
        let told: Vec<String> = ["TENDER_PROJECT_CODE", "NOTICE_SEND_TIME", "NOTICE_NATURE", "BID_AMOUNT"]
            .iter()
            .flat_map(|name| [say(name, Lang::Zh), say(name, Lang::En)])
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        文字，20 个字符
        a text of 20 characters
        日期和时间，如 20260317093000
        day and time, e.g. 20260317093000
        1 正常公告，2 更正公告，3 重发公告，9 其他
        1 normal, 2 correction, 3 reissue, 9 other
        数字，最多 20 位，其中小数 6 位
        a number of at most 20 digits, 6 of them after the point
        ");
    }
}
