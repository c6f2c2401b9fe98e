//! How a record travels: read this first.
//!
//! 1. `intake`: a source's page becomes a batch under a number of its own; batch, rows and checkpoint are one
//!    transaction, under the lease's epoch.
//! 2. `normalise`: a worker takes a batch and does for all its rows at once what look-ups, mappings and checks demand;
//!    `decide` says what becomes of each item; one transaction writes versions, index, items, outcomes, and what each
//!    feed is owed (`owe`). `release` follows after commit: what waited for these records goes on.
//! 3. `deliver`: a feed's worker claims what is due, keeps the request before its first byte leaves, sends it, and
//!    keeps the receipt. `subscribe` walks stored records for a feed that is new.
//!
//! `verify` recounts all of it from the tables. `plan` says what of a record stands in the index; `keys`, `codes` and
//! `absent` are parts of deciding that need a page of their own; `open` puts the hub together; `work` keeps the stages
//! going.
//!
//! Nothing here keeps state in memory that is not also in the store: the process may end between any two steps.

mod absent;
mod codes;
pub mod decide;
pub mod deliver;
pub mod intake;
mod keys;
pub mod normalise;
pub mod open;
mod owe;
pub mod plan;
pub mod release;
pub mod subscribe;
pub mod verify;
pub mod work;

use std::collections::HashSet;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex, PoisonError};

use adapter::Picture;
use tokio::sync::Notify;

use crate::config::{self, Config};
use crate::mapping::{Bound, Mapping};
use crate::queue::Queue;
use crate::schema::Schema;
use crate::store::{self, BatchWrite, Db, StoreError};
use plan::{DatasetPlan, Plan};

/// The hub as its stages see it: configuration and mappings compiled, numbers looked up, the store open.
pub struct Hub {
    pub config: Config,
    pub db: Db,
    pub queue: Queue,
    pub schema: Arc<Schema>,
    pub plan: Plan,
    pub jobs: Vec<Arc<JobPlan>>,
    pub feeds: Vec<Arc<FeedPlan>>,
    /// This process, as batches and claims name it.
    pub node: String,
    /// The number of this process's reign over the store; claims of an earlier one are stale.
    pub epoch: i64,
    /// The pseudo-mapping `row`: items for rows that could not be read at all.
    pub row_mapping: i64,
    pub wake: Wake,
    /// Where the sweep of waiting items goes on.
    pub(crate) swept_to: Mutex<store::ItemKey>,
}

/// Stages wake each other; polling is only the safety net.
#[derive(Default)]
pub struct Wake {
    pub normalise: Notify,
    /// A batch was settled: whoever waits for room or for the end of a run looks again.
    pub settled: Notify,
}

/// A job, compiled.
pub struct JobPlan {
    pub name: String,
    pub id: i64,
    pub system: String,
    /// In the order of their datasets' depth.
    pub mappings: Vec<MappingPlan>,
    /// Where rows that could not be read stand.
    pub row_scope: i64,
    /// What shows the whole source; then what is missing was deleted there.
    pub picture: Option<Picture>,
    pub vanished_share: f64,
    /// Held while the job reads its source: a job never overlaps with itself.
    pub turn: Arc<tokio::sync::Mutex<()>>,
}

/// A mapping, with its numbers in the store.
pub struct MappingPlan {
    pub mapping: Mapping,
    pub number: i64,
    pub revision: i64,
    pub scope: i64,
    pub plan: Arc<DatasetPlan>,
    /// The slot that each look-up asks.
    pub lookup_slots: Vec<i64>,
}

impl MappingPlan {
    /// The mapping bound to the columns of stored rows. What was stored was bound once, so it can be bound again
    /// unless the mapping was changed meanwhile.
    pub fn bind(&self, columns: &[String]) -> store::Result<Bound<'_>> {
        self.mapping.bind(columns, false).map_err(|missing| {
            StoreError::Impossible(format!("mapping {} misses {} columns", self.mapping.name(), missing.len()))
        })
    }
}

/// A feed, compiled.
pub struct FeedPlan {
    pub name: String,
    pub id: i64,
    pub system: String,
    /// Codes of the datasets that it carries; none: all.
    pub datasets: Option<HashSet<String>>,
    /// Systems whose records it carries; none: all but its own.
    pub systems: Option<HashSet<String>>,
    pub sink: Box<dyn adapter::Sink>,
    pub wake: Notify,
    /// Requests that a worker of this process holds.
    pub in_flight: Mutex<HashSet<i64>>,
    /// Something that blocked deliveries may have waited for has come, and they are looked for once nothing is due:
    /// they have no references that lead to them.
    pub(crate) unblocks: AtomicBool,
    /// Not before this instant (UTC microseconds).
    pub(crate) unblocks_us: AtomicI64,
    /// Where the sweep of blocked deliveries goes on.
    pub(crate) swept_to: AtomicI64,
    /// Steps so far: what could always go first takes turns by it.
    pub(crate) steps: AtomicU64,
}

impl FeedPlan {
    pub fn carries_dataset(&self, code: &str) -> bool {
        self.datasets.as_ref().is_none_or(|d| d.contains(code))
    }

    /// True: records of this dataset and system are owed here. What a system gave is never sent back to it.
    pub fn carries(&self, code: &str, system: &str) -> bool {
        let from = self.systems.as_ref().map_or(system != self.system, |s| s.contains(system));
        from && self.carries_dataset(code)
    }

    pub(crate) fn flying(&self) -> Vec<i64> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}

impl Hub {
    pub fn job(&self, name: &str) -> Option<&Arc<JobPlan>> {
        self.jobs.iter().find(|j| j.name == name)
    }

    pub fn feed(&self, name: &str) -> Option<&Arc<FeedPlan>> {
        self.feeds.iter().find(|f| f.name == name)
    }

    fn feed_config(&self, feed: &FeedPlan) -> Option<&config::Feed> {
        self.config.feed(&feed.name).map(|(_, f)| f)
    }

    /// Wakes the workers of feeds.
    pub fn wake_feeds(&self, feeds: &HashSet<i64>) {
        for feed in self.feeds.iter().filter(|f| feeds.contains(&f.id)) {
            feed.wake.notify_one();
        }
    }

    /// A batch of a job's rows, for the queue to number.
    fn batch(&self, job: &JobPlan, source: i64, run: i64, kind: &'static str, rows: &adapter::Rows) -> BatchWrite {
        BatchWrite {
            number: 0,
            source,
            job: job.id,
            run,
            kind,
            rows: rows.len() as u32,
            node: self.node.clone(),
            epoch: self.epoch,
            read_us: store::now_us(),
            packed: rows.encode(),
        }
    }

    /// Where relative paths of the configuration start.
    pub fn base(&self) -> PathBuf {
        self.config.base.clone()
    }
}
