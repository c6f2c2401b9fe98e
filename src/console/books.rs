//! `books`: the balance, and its proof.

use std::sync::Arc;

use chrono::{NaiveDate, NaiveTime, TimeZone};
use serde::{Deserialize, Serialize};

use super::answer::{DatasetName, Progress, Tell, store_failure};
use crate::diagnostic::Failure;
use crate::pipeline::Hub;
use crate::pipeline::verify::{self, Finding};
use crate::schedule::ZONE;
use crate::store::{self, DatasetBooks, FeedBooks, JobBooks, MappingBooks, OutcomeCounts};

/// The books of a day (by the Beijing day in which batches were drawn), or of all days, as of now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BooksAnswer {
    /// True: every mapping and feed balances, and nothing was found by the recount, if one was asked for.
    pub balanced: bool,
    pub date: Option<NaiveDate>,
    pub jobs: Vec<JobBooks>,
    pub mappings: Vec<MappingBooks>,
    pub datasets: Vec<DatasetLine>,
    pub feeds: Vec<FeedBooks>,
    /// What the recount from the tables came to; none if none was asked for.
    pub recount: Option<RecountAnswer>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct DatasetLine {
    #[serde(flatten)]
    pub dataset: DatasetName,
    pub items: i64,
    #[serde(flatten)]
    pub outcomes: OutcomeCounts,
    /// Records that are live now.
    pub live: i64,
}

impl DatasetLine {
    fn of(hub: &Hub, books: DatasetBooks) -> Self {
        let dataset = DatasetName::of(hub, &books.dataset);
        Self { dataset, items: books.items, outcomes: books.outcomes, live: books.live }
    }
}

/// A recount that uses none of the figures above.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecountAnswer {
    /// Empty: the books are proved.
    pub findings: Vec<FindingAnswer>,
    /// What could not be judged today, and why. No damage.
    pub notes: Vec<FindingAnswer>,
    /// Rows read one by one.
    pub rows: u64,
}

/// One thing that the recount found: a row that does not agree with the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingAnswer {
    pub table: String,
    pub key: String,
    pub zh: String,
    pub en: String,
}

pub(super) async fn books(
    hub: &Arc<Hub>,
    verify: bool,
    date: Option<NaiveDate>,
    tell: &Tell,
) -> Result<BooksAnswer, Failure> {
    let (from_us, to_us) = date.map_or((0, i64::MAX), day);
    let books = hub.db.read(move |c| store::books(c, from_us, to_us)).await.map_err(store_failure)?;
    let recount = match verify {
        true => Some(recount(hub, tell.clone()).await?),
        false => None,
    };
    Ok(BooksAnswer {
        balanced: books.balanced && recount.as_ref().is_none_or(|r| r.findings.is_empty()),
        date,
        jobs: books.jobs,
        mappings: books.mappings,
        datasets: books.datasets.into_iter().map(|d| DatasetLine::of(hub, d)).collect(),
        feeds: books.feeds,
        recount,
    })
}

/// First instant of a Beijing day and of the next one.
fn day(date: NaiveDate) -> (i64, i64) {
    let midnight = |date: NaiveDate| {
        ZONE.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest().map_or(0, |t| t.timestamp_micros())
    };
    (midnight(date), date.succ_opt().map_or(i64::MAX, midnight))
}

async fn recount(hub: &Arc<Hub>, tell: Tell) -> Result<RecountAnswer, Failure> {
    let verified = verify::verify(hub, move |p| tell(Progress::Recounted { done: p.done, of: p.of }))
        .await
        .map_err(store_failure)?;
    let answer = |f: Finding| FindingAnswer { table: f.table.to_owned(), key: f.key, zh: f.what_zh, en: f.what_en };
    Ok(RecountAnswer {
        findings: verified.findings.into_iter().map(answer).collect(),
        notes: verified.notes.into_iter().map(answer).collect(),
        rows: verified.rows.values().sum(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_day_in_beijing() {
        let (from, to) = day(NaiveDate::from_ymd_opt(2026, 11, 24).unwrap());
        assert_eq!(from, 1_795_449_600_000_000);
        assert_eq!(to - from, 86_400_000_000);
    }
}
