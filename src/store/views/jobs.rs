//! Jobs and their runs, as a person sees them.

use super::super::{ATTEMPTS_BEFORE_LAST, Conn, Outcome, OutcomeCounts, Result};

/// A job as stored, with its last run.
#[derive(Debug, Clone)]
pub struct JobView {
    pub name: String,
    pub paused: bool,
    pub paused_why: String,
    /// When it runs next; 0: never planned, `i64::MAX`: never.
    pub due_us: i64,
    /// Batches that are not settled yet.
    pub open_batches: i64,
    pub last: Option<RunView>,
}

#[derive(Debug, Clone)]
pub struct RunView {
    pub run: i64,
    /// schedule, once, person.
    pub cause: String,
    pub started_us: i64,
    pub ended_us: Option<i64>,
    /// reading, done, failed, interrupted.
    pub state: String,
    pub rows: i64,
    pub why: String,
}

/// All jobs that ever ran or were planned, by name.
pub fn job_views(c: &mut Conn) -> Result<Vec<JobView>> {
    const JOBS: &str = "select j.name, j.paused, j.paused_why, j.due_us,
            (select count(*) from batch b where b.job = j.id and b.state in ('offered', 'published')),
            r.id, r.cause, r.started_us, r.ended_us, r.state, r.rows, r.why
        from job j left join run r on r.id = (select max(id) from run where job = j.id) order by j.name";
    c.rows(JOBS, [], |r| {
        let last = match r.get::<_, Option<i64>>(5)? {
            None => None,
            Some(run) => Some(RunView {
                run,
                cause: r.get(6)?,
                started_us: r.get(7)?,
                ended_us: r.get(8)?,
                state: r.get(9)?,
                rows: r.get(10)?,
                why: r.get(11)?,
            }),
        };
        Ok(JobView {
            name: r.get(0)?,
            paused: r.get(1)?,
            paused_why: r.get(2)?,
            due_us: r.get(3)?,
            open_batches: r.get(4)?,
            last,
        })
    })
}

/// Items of one mapping in a run, by outcome as of now.
#[derive(Debug, Clone)]
pub struct RunItems {
    pub mapping: String,
    /// Empty for rows that could not be read.
    pub dataset: String,
    pub outcomes: OutcomeCounts,
}

/// What became of a run's items: what was final at settlement, and open items where they are now.
pub fn run_items(c: &mut Conn, run: i64) -> Result<Vec<RunItems>> {
    const SETTLED: &str = "select m.id, m.name, m.dataset, sum(o.accepted), sum(o.unchanged), sum(o.superseded),
            sum(o.withdrawn), sum(o.filtered)
        from batch b cross join batch_outcome o on o.batch = b.number join mapping m on m.id = o.mapping
        where b.run = $1 group by m.id order by m.name";
    const OPEN: &str = "select i.mapping, i.state, count(*) from batch b
        cross join item i on i.position >= b.number << 16 and i.position < (b.number + 1) << 16
        where b.run = $1 group by i.mapping, i.state";
    let mut items = c.rows(SETTLED, [run], |r| {
        let outcomes = OutcomeCounts {
            accepted: r.get(3)?,
            unchanged: r.get(4)?,
            superseded: r.get(5)?,
            withdrawn: r.get(6)?,
            filtered: r.get(7)?,
            ..OutcomeCounts::default()
        };
        Ok((r.get::<_, i64>(0)?, RunItems { mapping: r.get(1)?, dataset: r.get(2)?, outcomes }))
    })?;
    for (mapping, state, count) in
        c.rows(OPEN, [run], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?)))?
    {
        let own = items.iter_mut().find(|(id, _)| *id == mapping);
        if let (Some((_, own)), Some(outcome)) = (own, Outcome::from_name(&state)) {
            own.outcomes.add(outcome, count);
        }
    }
    Ok(items.into_iter().map(|(_, items)| items).collect())
}

/// Whether a run's batches are all settled, or were tried too often.
pub fn run_settled(c: &mut Conn, run: i64) -> Result<bool> {
    const OPEN: &str =
        "select 1 from batch where state in ('offered', 'published') and attempts < $2 and run = $1 limit 1";
    Ok(c.row(OPEN, (run, ATTEMPTS_BEFORE_LAST), |_| Ok(()))?.is_none())
}
