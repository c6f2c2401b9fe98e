//! The books: every item and every delivery by outcome, as of now, computed from the tables.
//!
//! Settled batches keep the outcome of each item at settlement. Items that were not final then have a row each whose
//! state moves; a moved item counts where it is now. So per mapping: items = the sum over all outcomes, and the item
//! rows are as many as were waiting or quarantined at settlement. Per feed: owed = the sum over all states.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Conn, Outcome, Result};

/// The balance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Books {
    pub balanced: bool,
    pub jobs: Vec<JobBooks>,
    pub mappings: Vec<MappingBooks>,
    pub datasets: Vec<DatasetBooks>,
    pub feeds: Vec<FeedBooks>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct JobBooks {
    pub job: String,
    /// Batches drawn, and those of them that are not settled yet.
    pub batches: i64,
    pub open_batches: i64,
    pub rows: i64,
    /// Rows of settled batches that every mapping filtered.
    pub unmapped: i64,
    pub files: i64,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct MappingBooks {
    pub mapping: String,
    pub dataset: String,
    pub items: i64,
    #[serde(flatten)]
    pub outcomes: OutcomeCounts,
    /// Items of settled batches = the sum of their outcomes, and every item that was open has its row.
    pub balanced: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct DatasetBooks {
    pub dataset: String,
    pub items: i64,
    #[serde(flatten)]
    pub outcomes: OutcomeCounts,
    /// Records that are live now.
    pub live: i64,
}

/// How many items came to what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OutcomeCounts {
    pub accepted: i64,
    pub unchanged: i64,
    pub superseded: i64,
    pub withdrawn: i64,
    pub filtered: i64,
    pub waiting: i64,
    pub quarantined: i64,
    pub discarded: i64,
}

impl OutcomeCounts {
    pub fn get(&self, outcome: Outcome) -> i64 {
        match outcome {
            Outcome::Accepted => self.accepted,
            Outcome::Unchanged => self.unchanged,
            Outcome::Superseded => self.superseded,
            Outcome::Withdrawn => self.withdrawn,
            Outcome::Filtered => self.filtered,
            Outcome::Waiting => self.waiting,
            Outcome::Quarantined => self.quarantined,
            Outcome::Discarded => self.discarded,
        }
    }

    pub fn add(&mut self, outcome: Outcome, count: i64) {
        *match outcome {
            Outcome::Accepted => &mut self.accepted,
            Outcome::Unchanged => &mut self.unchanged,
            Outcome::Superseded => &mut self.superseded,
            Outcome::Withdrawn => &mut self.withdrawn,
            Outcome::Filtered => &mut self.filtered,
            Outcome::Waiting => &mut self.waiting,
            Outcome::Quarantined => &mut self.quarantined,
            Outcome::Discarded => &mut self.discarded,
        } += count;
    }

    pub fn sum(&self) -> i64 {
        Outcome::ALL.iter().map(|o| self.get(*o)).sum()
    }
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct FeedBooks {
    pub feed: String,
    /// walking, on, paused.
    pub state: String,
    pub owed: i64,
    pub up_to_date: i64,
    pub due: i64,
    pub blocked: i64,
    pub sending: i64,
    pub unknown: i64,
    pub rejected: i64,
    pub withheld: i64,
    pub requests: i64,
    pub balanced: bool,
}

/// The books of the batches drawn between two instants (UTC microseconds), as of now.
pub fn books(c: &mut Conn, from_us: i64, to_us: i64) -> Result<Books> {
    let jobs = job_books(c, from_us, to_us)?;
    let mappings = mapping_books(c, from_us, to_us)?;
    let mut by_dataset: BTreeMap<&str, DatasetBooks> = BTreeMap::new();
    for m in mappings.iter().filter(|m| !m.dataset.is_empty()) {
        let dataset = by_dataset
            .entry(&m.dataset)
            .or_insert_with(|| DatasetBooks { dataset: m.dataset.clone(), ..DatasetBooks::default() });
        dataset.items += m.items;
        for outcome in Outcome::ALL {
            dataset.outcomes.add(outcome, m.outcomes.get(outcome));
        }
    }
    let mut datasets: Vec<DatasetBooks> = by_dataset.into_values().collect();
    for (dataset, live) in live_records(c)? {
        if let Some(books) = datasets.iter_mut().find(|d| d.dataset == dataset) {
            books.live = live;
        }
    }
    let feeds = feed_books(c)?;
    let balanced = mappings.iter().all(|m| m.balanced) && feeds.iter().all(|f| f.balanced);
    Ok(Books { balanced, jobs, mappings, datasets, feeds })
}

fn job_books(c: &mut Conn, from_us: i64, to_us: i64) -> Result<Vec<JobBooks>> {
    const JOBS: &str = "select j.name, count(b.number), coalesce(sum(b.state in ('offered', 'published')), 0),
            coalesce(sum(b.rows), 0), coalesce(sum(b.unmapped), 0),
            (select count(*) from file_seen f join batch fb on fb.number = f.batch where fb.job = j.id and f.known = 0)
        from job j left join batch b on b.job = j.id and b.read_us >= $1 and b.read_us < $2
        group by j.id order by j.name";
    c.rows(JOBS, (from_us, to_us), |r| {
        Ok(JobBooks {
            job: r.get(0)?,
            batches: r.get(1)?,
            open_batches: r.get(2)?,
            rows: r.get(3)?,
            unmapped: r.get(4)?,
            files: r.get(5)?,
        })
    })
}

/// Items by mapping and outcome, of the batches drawn between two instants (UTC microseconds), as of now.
pub fn mapping_books(c: &mut Conn, from_us: i64, to_us: i64) -> Result<Vec<MappingBooks>> {
    const SETTLED: &str =
        "select m.id, m.name, m.dataset, sum(o.items), sum(o.accepted), sum(o.unchanged), sum(o.superseded),
            sum(o.withdrawn), sum(o.filtered), sum(o.waiting), sum(o.quarantined)
        from batch_outcome o join batch b on b.number = o.batch and b.read_us >= $1 and b.read_us < $2
        join mapping m on m.id = o.mapping
        group by m.id order by m.name";
    const MOVED: &str = "select i.mapping, i.state, count(*) from item i
        join batch b on b.number = i.position >> 16 and b.read_us >= $1 and b.read_us < $2
        group by i.mapping, i.state";
    let mut moved: BTreeMap<i64, OutcomeCounts> = BTreeMap::new();
    let mut strange: BTreeMap<i64, i64> = BTreeMap::new();
    for (mapping, state, count) in
        c.rows(MOVED, (from_us, to_us), |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?)))?
    {
        match Outcome::from_name(&state) {
            Some(outcome) => moved.entry(mapping).or_default().add(outcome, count),
            None => *strange.entry(mapping).or_default() += count,
        }
    }
    let settled = c.rows(SETTLED, (from_us, to_us), |r| {
        let counts = OutcomeCounts {
            accepted: r.get(4)?,
            unchanged: r.get(5)?,
            superseded: r.get(6)?,
            withdrawn: r.get(7)?,
            filtered: r.get(8)?,
            waiting: r.get(9)?,
            quarantined: r.get(10)?,
            discarded: 0,
        };
        Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?, r.get::<_, i64>(3)?, counts))
    })?;
    let books = |(id, mapping, dataset, items, at_settlement): (i64, String, String, i64, OutcomeCounts)| {
        let now = moved.get(&id).copied().unwrap_or_default();
        let was_open = at_settlement.waiting + at_settlement.quarantined;
        let mut outcomes = OutcomeCounts { waiting: 0, quarantined: 0, ..at_settlement };
        for outcome in Outcome::ALL {
            outcomes.add(outcome, now.get(outcome));
        }
        let balanced = items == outcomes.sum() && was_open == now.sum() && !strange.contains_key(&id);
        MappingBooks { mapping, dataset, items, outcomes, balanced }
    };
    Ok(settled.into_iter().map(books).collect())
}

fn live_records(c: &mut Conn) -> Result<Vec<(String, i64)>> {
    const LIVE: &str = "select s.dataset, count(*) from record r join scope s on s.id = r.scope
        where r.state = 'live' group by s.dataset";
    c.rows(LIVE, [], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// What each feed is owed, by state.
pub fn feed_books(c: &mut Conn) -> Result<Vec<FeedBooks>> {
    const FEEDS: &str = "select f.id, f.name, f.state, (select count(*) from request q where q.feed = f.id) from feed f order by f.name";
    // One walk without sorting: a grouping would sort every delivery of the feed.
    const STATES: &str = "select count(*), sum(state = 'up_to_date'), sum(state = 'due'), sum(state = 'blocked'),
            sum(state = 'sending'), sum(state = 'unknown'), sum(state = 'rejected'), sum(state = 'withheld')
        from delivery where feed = $1";
    let feeds = c.rows(FEEDS, [], |r| {
        let books = FeedBooks { feed: r.get(1)?, state: r.get(2)?, requests: r.get(3)?, ..FeedBooks::default() };
        Ok((r.get::<_, i64>(0)?, books))
    })?;
    let mut out = Vec::with_capacity(feeds.len());
    for (id, mut f) in feeds {
        let counts = c.row(STATES, [id], |r| {
            (0..8)
                .map(|at| Ok(r.get::<_, Option<i64>>(at)?.unwrap_or_default()))
                .collect::<rusqlite::Result<Vec<i64>>>()
        })?;
        let counts = counts.unwrap_or_else(|| vec![0; 8]);
        // A state that nobody knows is counted in none, and so unbalances the books.
        [f.owed, f.up_to_date, f.due, f.blocked, f.sending, f.unknown, f.rejected, f.withheld] =
            [counts[0], counts[1], counts[2], counts[3], counts[4], counts[5], counts[6], counts[7]];
        let sum = f.up_to_date + f.due + f.blocked + f.sending + f.unknown + f.rejected + f.withheld;
        f.balanced = f.owed == sum;
        out.push(f);
    }
    Ok(out)
}
