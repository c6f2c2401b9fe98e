//! Absence: what a whole reading of a source no longer shows was deleted there.
//!
//! When the last batch of such a run has settled, live records of the source that it did not meet become rows of a
//! batch of their own, published like any other, so that position, books and audit hold. A row that was quarantined
//! but has an identity was met. A run with a row whose identity could not be read deletes nothing, and says so. More
//! than the configured share vanishing at once stops the job and asks a person.

use adapter::{Cell, Place, Rows, Words};

use super::decide::Work;
use super::normalise::{Print, position, row_print};
use super::{Hub, JobPlan, MappingPlan};
use crate::diagnostic::count;
use crate::fault::fault;
use crate::mapping::Item;
use crate::schema::Draft;
use crate::store::{self, Batch, ItemKey, Outcome, Priority};

/// Kind of a batch whose rows are records that a whole reading did not meet.
pub(super) const KIND: &str = "absent";

const COLUMNS: [&str; 3] = ["mapping", "identity", "version"];

/// Withdrawals for the rows of an absence batch, by mapping. A withdrawal has the record's own version and a new
/// position: otherwise it would lose against every row.
pub(super) fn works<'a>(job: &'a JobPlan, batch: &Batch, rows: &Rows) -> Vec<(&'a MappingPlan, Vec<Work>)> {
    let mut out: Vec<(&MappingPlan, Vec<Work>)> = job.mappings.iter().map(|m| (m, Vec::new())).collect();
    for (index, row) in rows.iter().enumerate() {
        let (Some(mapping), Some(identity)) = (row.text(0), row.text(1)) else { continue };
        let version = row.text(2).and_then(|v| v.parse().ok()).unwrap_or_default();
        let Some((plan, works)) = out.iter_mut().find(|(m, _)| m.mapping.name() == mapping) else { continue };
        works.push(Work {
            row: index as u32,
            mapping: 0,
            key: ItemKey { position: position(batch.number, index as u32), mapping: plan.number, element: 0 },
            print: row_print(&row),
            made_of: Print::default(),
            reopened: false,
            outcome: Outcome::Withdrawn,
            item: Item {
                row: index as u32,
                identity: Some(identity.to_owned()),
                version,
                withdraw: true,
                draft: Draft::new(plan.mapping.dataset().fields.len()),
                ..Item::default()
            },
            needs: Vec::new(),
        });
    }
    out
}

/// What came of looking for absences.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Looked {
    /// This many records were published as absent.
    Published(usize),
    /// Nothing counts as deleted, and why.
    NotTold(Words),
    /// Too much vanished at once: the job is paused, and a person is asked.
    Stopped(Words),
}

/// Looks for what a finished run did not meet, and publishes it.
pub(super) async fn look(hub: &Hub, job: &JobPlan, source: i64, run: i64) -> store::Result<Looked> {
    fault!("absent.read");
    let mut tx = hub.db.begin(Priority::Intake).await?;
    let first = store::run_first_batch(&mut tx, run).await?;
    let scopes = job.mappings.iter().map(|m| m.scope).chain([job.row_scope]).collect();
    let nameless = store::item_nameless(&mut tx, run, scopes).await?;
    if nameless > 0 {
        return Ok(Looked::NotTold(Words::new(
            format!("{nameless} 行的标识无法读取，本次不判定任何删除"),
            format!("{} no readable identity, so nothing counts as deleted", count(nameless, "row has", "rows have")),
        )));
    }
    let mut rows = Rows::with_header(COLUMNS.map(str::to_owned).to_vec());
    let mut batches = Vec::new();
    let mut count = 0;
    let mut scopes = Vec::new();
    for plan in &job.mappings {
        if scopes.contains(&plan.scope) {
            continue;
        }
        scopes.push(plan.scope);
        let absent = store::record_absent(&mut tx, run, plan.scope, position(first, 0)).await?;
        let live = store::record_live(&mut tx, plan.scope).await?;
        if absent.len() as f64 > live as f64 * job.vanished_share {
            let (gone, dataset, share) = (absent.len(), &plan.mapping.dataset().code, job.vanished_share);
            let why = Words::new(
                format!("{dataset} 的 {live} 条现存记录中有 {gone} 条一次消失，超过允许的比例 {share}"),
                format!("{gone} of {live} live records of {dataset} vanished at once, more than the share of {share}"),
            );
            store::job_pause(&mut tx, job.id, true, &why.to_text()).await?;
            tx.commit().await?;
            return Ok(Looked::Stopped(why));
        }
        for (identity, version) in absent {
            rows.begin(Place::default());
            rows.push(Cell::Text(plan.mapping.name()));
            rows.push(Cell::Text(&identity));
            rows.push(Cell::Text(&version.to_string()));
            count += 1;
            if rows.len() >= adapter::PAGE_ROWS {
                batches.push(std::mem::replace(&mut rows, Rows::with_header(COLUMNS.map(str::to_owned).to_vec())));
            }
        }
    }
    if !rows.is_empty() {
        batches.push(rows);
    }
    for rows in batches {
        hub.queue.publish(&mut tx, hub.batch(job, source, run, KIND, &rows)).await?;
    }
    fault!("absent.published");
    tx.commit().await?;
    fault!("absent.committed");
    hub.wake.normalise.notify_one();
    Ok(Looked::Published(count))
}
