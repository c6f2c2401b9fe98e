//! `record show`: a record's fields under their Chinese names, personal data masked.

use serde::{Deserialize, Serialize};

use super::answer::{DatasetName, dataset, store_failure};
use super::mask::masked;
use super::{Moment, Which};
use crate::diagnostic::{Failure, FailureKind, Lang, Words, count};
use crate::pipeline::Hub;
use crate::pipeline::decide::shown;
use crate::schema::{self, Dataset, Draft, Field, Kind};
use crate::store::{self, RecordView};

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct RecordAnswer {
    pub record: i64,
    #[serde(flatten)]
    pub dataset: DatasetName,
    /// The owner.
    pub system: String,
    pub system_zh: String,
    /// The source's own key, or the business key where it has none.
    pub identity: String,
    /// The business key; parts joined by ` / `.
    pub key: String,
    /// A name that a person knows it by, where the dataset has one.
    pub name: String,
    /// False: withdrawn.
    pub live: bool,
    /// The newest version.
    pub version: i64,
    pub changed: Option<Moment>,
    /// The version whose fields these are.
    pub shown_version: i64,
    pub fields: Vec<FieldAnswer>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldAnswer {
    pub field: String,
    pub zh: String,
    pub en: String,
    pub value: String,
    /// What a code means.
    pub means: Words,
    /// True: personal data, of which only a part is shown.
    pub masked: bool,
}

pub(super) async fn show(hub: &Hub, which: &Which, version: Option<i64>) -> Result<RecordAnswer, Failure> {
    let view = find(hub, which).await?;
    let record = view.record;
    let body = match version {
        None => view.body.clone(),
        Some(version) => {
            let found = hub.db.read(move |c| store::record_versions(c, record, Some(version), 1)).await;
            found.map_err(store_failure)?.pop().map(|v| v.body).ok_or_else(|| no_version(&view, version))?
        }
    };
    let mut answer = head(hub, &view);
    answer.shown_version = version.unwrap_or(view.version);
    if let Some(dataset) = hub.schema.dataset(&view.dataset) {
        let draft = schema::draft_of(dataset, &body);
        answer.fields = (0..dataset.fields.len()).filter_map(|id| field(&dataset.fields[id], draft.get(id)?)).collect();
    }
    Ok(answer)
}

fn field(field: &Field, value: &str) -> Option<FieldAnswer> {
    let (value, is_masked) = visible(field, value);
    let meaning = |code: &str| field.codes.as_ref()?.by_code(code).map(|v| Words::new(&v.name_zh, &v.name_en));
    let means = match field.list {
        true => {
            let all: Vec<Words> = value.split(';').filter_map(meaning).collect();
            let joined = |lang, by: &str| all.iter().map(|w| w.get(lang)).collect::<Vec<_>>().join(by);
            Words::new(joined(Lang::Zh, "；"), joined(Lang::En, "; "))
        }
        false => meaning(&value).unwrap_or_default(),
    };
    Some(FieldAnswer {
        field: field.name.clone(),
        zh: field.name_zh.clone(),
        en: field.name_en.clone(),
        value,
        means,
        masked: is_masked,
    })
}

/// A field's value as it may be shown, and whether that hides something.
pub(super) fn visible(field: &Field, value: &str) -> (String, bool) {
    match field.personal {
        Some(kind) => (masked(kind, value), true),
        None => (value.to_owned(), false),
    }
}

/// What names a record, without its fields.
pub(super) fn head(hub: &Hub, view: &RecordView) -> RecordAnswer {
    let dataset = hub.schema.dataset(&view.dataset);
    let draft = dataset.map(|d| schema::draft_of(d, &view.body));
    let (key, name) = match (dataset, &draft) {
        (Some(dataset), Some(draft)) => (key(dataset, draft), name(dataset, draft)),
        _ => (String::new(), String::new()),
    };
    RecordAnswer {
        record: view.record,
        dataset: DatasetName::of(hub, &view.dataset),
        system: view.system.clone(),
        system_zh: hub.config.system(&view.system).map_or_else(String::new, |s| s.name_zh.clone()),
        identity: shown(&view.identity),
        key,
        name,
        live: view.live,
        version: view.version,
        changed: Moment::new(view.created_us),
        shown_version: view.version,
        fields: Vec::new(),
    }
}

/// The business key, personal parts masked.
fn key(dataset: &Dataset, draft: &Draft) -> String {
    let part = |f: &usize| draft.get(*f).map_or_else(String::new, |v| visible(&dataset.fields[*f], v).0);
    dataset.key.iter().map(part).collect::<Vec<_>>().join(" / ")
}

/// The first text that people search by and that is a name: a title, a company.
fn name(dataset: &Dataset, draft: &Draft) -> String {
    let named = dataset.fields.iter().enumerate().filter(|(_, f)| f.search && f.kind == Kind::Text);
    let mut names = named.filter(|(_, f)| f.name.ends_with("NAME") || f.name.ends_with("TITLE"));
    names.find_map(|(id, f)| Some(visible(f, draft.get(id)?).0)).unwrap_or_default()
}

/// The record that a person means.
pub(super) async fn find(hub: &Hub, which: &Which) -> Result<RecordView, Failure> {
    let (records, what) = match which {
        Which::Number(number) => (vec![*number], number.to_string()),
        Which::Key { dataset: name, key } => (by_key(hub, name, key).await?, format!("{name} {}", key.join(" "))),
    };
    let view = hub.db.read(move |c| store::record_views(c, &records)).await.map_err(store_failure)?;
    view.into_iter().next().ok_or_else(|| {
        Failure::new(FailureKind::User, format!("没有记录 {what}"), format!("there is no record {what}")).hint(
            "`record find 文字` 按编号、名称或统一社会信用代码查找",
            "`record find TEXT` finds by code, name or credit code",
        )
    })
}

async fn by_key(hub: &Hub, name: &str, key: &[String]) -> Result<Vec<i64>, Failure> {
    let dataset = dataset(hub, name)?;
    if key.len() != dataset.key.len() {
        let fields = |name: fn(&Field) -> &str| {
            dataset.key.iter().map(|f| name(&dataset.fields[*f])).collect::<Vec<_>>().join(" ")
        };
        let (zh, en) = (fields(|f| &f.name_zh), fields(|f| &f.name));
        let n = dataset.key.len();
        return Err(Failure::new(
            FailureKind::User,
            format!("数据集 {name} 的业务主键有 {n} 个部分，给出了 {} 个", key.len()),
            format!("the key of dataset {name} has {}, not {}", count(n, "part", "parts"), key.len()),
        )
        .hint(format!("依次为：{zh}；空的部分写作 \"\""), format!("in this order: {en}; an empty part is \"\"")));
    }
    let Some(plan) = hub.plan.dataset(&dataset.code) else { return Ok(Vec::new()) };
    let value = schema::index_value(key.iter().map(|part| Some(part.as_str())));
    let slot = plan.key_slot;
    hub.db.read(move |c| store::record_by_value(c, slot, &value)).await.map_err(store_failure)
}

fn no_version(view: &RecordView, version: i64) -> Failure {
    let (record, newest) = (view.record, view.version);
    Failure::new(
        FailureKind::User,
        format!("记录 {record} 没有第 {version} 版"),
        format!("record {record} has no version {version}"),
    )
    .hint(format!("最新为第 {newest} 版"), format!("the newest is {newest}"))
}
