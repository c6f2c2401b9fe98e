//! `record find`: what has this code, this name, this credit code.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::answer::{dataset, store_failure};
use super::items::{ItemLine, line};
use super::raw::Batches;
use super::records::{RecordAnswer, head};
use crate::diagnostic::{Failure, FailureKind};
use crate::pipeline::Hub;
use crate::pipeline::decide::shown;
use crate::store;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FoundAnswer {
    pub text: String,
    pub records: Vec<FoundRecord>,
    /// Rows under this key of the source's that are no records yet, or hold up a newer version of one.
    pub items: Vec<FoundItem>,
    /// True: there may be more than the limit let through.
    pub more: bool,
}

/// An item found by its source's own key.
pub type FoundItem = ItemLine;

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FoundRecord {
    #[serde(flatten)]
    pub record: RecordAnswer,
    /// The fields whose value was found.
    pub by: Vec<String>,
    /// State of its delivery, by feed.
    pub feeds: Vec<(String, String)>,
}

pub(super) async fn find(hub: &Hub, text: &str, within: Option<&str>, limit: u32) -> Result<FoundAnswer, Failure> {
    let text = text.trim().to_owned();
    if text.is_empty() {
        return Err(Failure::new(FailureKind::User, "没有写要找什么", "there is nothing to look for").hint(
            "写编号、名称、统一社会信用代码或来源标识，可以只写开头",
            "write a code, a name, a credit code or the source's own key, or its beginning",
        ));
    }
    let code = match within {
        Some(name) => dataset(hub, name)?.code.clone(),
        None => String::new(),
    };
    let (wanted, limit) = (text.clone(), i64::from(limit));
    let (found, views, deliveries, items) = hub
        .db
        .read(move |c| {
            let found = store::record_find(c, &wanted, &code, limit)?;
            let mut records: Vec<i64> = found.iter().map(|f| f.record).collect();
            records.sort_unstable();
            records.dedup();
            records.truncate(limit as usize);
            let views = store::record_views(c, &records)?;
            let mut deliveries = HashMap::new();
            for record in &records {
                deliveries.insert(*record, store::record_deliveries(c, *record)?);
            }
            let mut batches = Batches::default();
            let mut items = Vec::new();
            for item in store::item_identity(c, &wanted, None, limit)? {
                let stood = batches.stood(c, item.key.position)?;
                items.push((item, stood));
            }
            Ok((found, views, deliveries, items))
        })
        .await
        .map_err(store_failure)?;
    let records = views.iter().map(|view| {
        let by = found.iter().filter(|f| f.record == view.record).map(|f| by(hub, view, f));
        let mut by: Vec<String> = by.collect();
        by.dedup();
        let feeds = deliveries.get(&view.record).into_iter().flatten();
        let feeds = feeds.map(|d| (d.feed.clone(), d.state.clone())).collect();
        FoundRecord { record: head(hub, view), by, feeds }
    });
    let records: Vec<FoundRecord> = records.collect();
    let more = found.len() as i64 >= limit;
    let items = items.into_iter().map(|(item, stood)| line(hub, item, stood)).collect();
    Ok(FoundAnswer { text: shown(&text), records, items, more })
}

/// What was found, for a person: the Chinese names of the fields.
fn by(hub: &Hub, view: &store::RecordView, found: &store::FoundBy) -> String {
    let names = match (found.name.as_str(), hub.schema.dataset(&view.dataset)) {
        ("identity", _) => "identity".to_owned(),
        ("key", Some(d)) => d.key.iter().map(|f| d.fields[*f].name.as_str()).collect::<Vec<_>>().join(","),
        (names, _) => names.to_owned(),
    };
    if found.earlier { format!("{names} (earlier)") } else { names }
}
