//! `books`: the balance, and its proof.

use chrono::{NaiveDate, NaiveTime, TimeZone};
use serde::{Deserialize, Serialize};

use super::answer::store_failure;
use crate::diagnostic::Failure;
use crate::pipeline::Hub;
use crate::schedule::ZONE;
use crate::store::{self, DatasetBooks, FeedBooks, JobBooks, MappingBooks};

/// The books of a day (by the Beijing day in which batches were drawn), or of all days, as of now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct BooksAnswer {
    /// True: every mapping and feed balances, and nothing was found by the recount, if one was asked for.
    pub balanced: bool,
    pub date: Option<NaiveDate>,
    pub jobs: Vec<JobBooks>,
    pub mappings: Vec<MappingBooks>,
    pub datasets: Vec<DatasetBooks>,
    pub feeds: Vec<FeedBooks>,
    /// What the recount from the tables found; none if none was asked for.
    pub findings: Option<Vec<FindingAnswer>>,
}

/// One thing that the recount found: a row that does not agree with the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FindingAnswer {
    pub table: String,
    pub key: String,
    pub zh: String,
    pub en: String,
}

pub(super) async fn books(hub: &Hub, verify: bool, date: Option<NaiveDate>) -> Result<BooksAnswer, Failure> {
    let (from_us, to_us) = date.map_or((0, i64::MAX), day);
    let books = hub.db.read(move |c| store::books(c, from_us, to_us)).await.map_err(store_failure)?;
    let findings = match verify {
        true => Some(recount(hub).await?),
        false => None,
    };
    Ok(BooksAnswer {
        balanced: books.balanced && findings.as_ref().is_none_or(Vec::is_empty),
        date,
        jobs: books.jobs,
        mappings: books.mappings,
        datasets: books.datasets,
        feeds: books.feeds,
        findings,
    })
}

/// First instant of a Beijing day and of the next one.
fn day(date: NaiveDate) -> (i64, i64) {
    let midnight = |date: NaiveDate| {
        ZONE.from_local_datetime(&date.and_time(NaiveTime::MIN)).earliest().map_or(0, |t| t.timestamp_micros())
    };
    (midnight(date), date.succ_opt().map_or(i64::MAX, midnight))
}

async fn recount(_hub: &Hub) -> Result<Vec<FindingAnswer>, Failure> {
    Err(Failure::new(
        crate::diagnostic::FailureKind::Internal,
        "此版本还不能从表重算",
        "this version cannot recount from the tables yet",
    ))
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
