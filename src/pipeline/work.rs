//! Keeping the stages going: workers that wait for each other's wake-ups, the schedule, the sweep.
//!
//! Stages wake each other; once a second one query looks whether anything was missed, and that is only the safety net,
//! so an idle hub makes no query more often. Every worker survives every error, and one that a panic has ended is begun
//! again: it says so, waits, and goes on, since a loop that ends on an unexpected error is a hub that lives and does
//! nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;

use super::deliver::Step;
use super::intake::{self, IntakeError, Taken};
use super::{FeedPlan, Hub, deliver, normalise, release, subscribe};
use crate::fault::{fault, planted};
use crate::schedule::{self, Due, Misfire};
use crate::store::{self, Batch, Priority};

/// The safety net's interval. An idle hub makes no query more often than this.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The sweep for missed wake-ups.
const SWEEP_EVERY: Duration = Duration::from_secs(60);
/// Wait after an unexpected error of a stage.
const ERROR_WAIT: Duration = Duration::from_secs(1);

/// Items and deliveries that only the sweep found: a missed wake-up, which should not be.
pub static SWEPT: AtomicU64 = AtomicU64::new(0);

/// What a start has to put in order: answers that were lost, walks that were cut off, wake-ups that were missed.
pub async fn recover(hub: &Hub) -> store::Result<()> {
    let unknown = deliver::recover(hub).await?;
    fault!("recover.unknown");
    if unknown > 0 {
        tracing::warn!(
            unknown,
            "{unknown} deliveries were being sent when the program ended; they are resolved first."
        );
    }
    subscribe::index(hub).await?;
    fault!("recover.indexed");
    let (_, moved) = release::sweep(hub).await?;
    fault!("recover.released");
    for feed in &hub.feeds {
        deliver::cut_waits(hub, feed).await?;
        let moved_too = super::owe::sweep(hub, feed).await?;
        if moved + moved_too > 0 {
            tracing::info!(feed = %feed.name, moved, moved_too, "What waited when the program ended goes on.");
        }
    }
    fault!("recover.swept");
    walk_feeds(hub).await
}

/// Walks stored records for feeds that are new or select other ones.
pub async fn walk_feeds(hub: &Hub) -> store::Result<()> {
    for feed in &hub.feeds {
        let mut tx = hub.db.begin(Priority::Intake).await?;
        let row = store::feed_get(&mut tx, &feed.name, "").await?;
        drop(tx);
        if row.state == "walking" {
            subscribe::walk(hub, feed, &row, &|_| {}).await?;
        }
    }
    Ok(())
}

/// Everything, until `stop` turns true: workers, feeds, schedule, sweep.
pub async fn forever(hub: Arc<Hub>, stop: watch::Receiver<bool>) -> store::Result<()> {
    recover(&hub).await?;
    let mut tasks = JoinSet::new();
    tasks.spawn(kept(&hub, &stop, "normalise", normalise_worker));
    for feed in &hub.feeds {
        let at_once = hub.config.feed(&feed.name).map_or(1, |(_, f)| f.concurrency.get());
        for _ in 0..at_once {
            let feed = feed.clone();
            tasks.spawn(kept(&hub, &stop, "deliver", move |hub, stop| feed_worker(hub, feed.clone(), stop)));
        }
    }
    tasks.spawn(kept(&hub, &stop, "schedule", scheduler));
    tasks.spawn(kept(&hub, &stop, "look", looker));
    tasks.spawn(kept(&hub, &stop, "sweep", sweeper));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "A stage ended by a panic.");
        }
        if hub.db.has_stopped() {
            return Err(hub.db.stopped());
        }
    }
    Ok(())
}

/// Keeps a stage going until it ends by itself.
fn kept<F: Future<Output = ()> + Send + 'static>(
    hub: &Arc<Hub>,
    stop: &watch::Receiver<bool>,
    stage: &'static str,
    begin: impl Fn(Arc<Hub>, watch::Receiver<bool>) -> F + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let (hub, stop) = (hub.clone(), stop.clone());
    async move {
        while let Err(error) = tokio::spawn(begin(hub.clone(), stop.clone())).await {
            tracing::error!(stage, %error, "The stage {stage} ended by a panic; it begins again.");
            if *stop.borrow() {
                return;
            }
            tokio::time::sleep(ERROR_WAIT).await;
        }
    }
}

/// What `run --once` came to.
#[derive(Debug, Default)]
pub struct Once {
    pub jobs: Vec<(String, Result<Taken, IntakeError>)>,
    /// Feeds whose target did not take everything now.
    pub resting: Vec<String>,
}

/// Each job once, then everything that follows from it. `progress` is told what a job has taken.
pub async fn once(hub: Arc<Hub>, progress: &(dyn Fn(&str, &Taken) + Send + Sync)) -> store::Result<Once> {
    recover(&hub).await?;
    let mut once = Once::default();
    let worker = Drain::start(&hub);
    for job in &hub.jobs {
        let taken = intake::run(&hub, job, "once", false, &|taken| progress(&job.name, taken)).await;
        once.jobs.push((job.name.clone(), taken));
    }
    worker.finish(&hub).await?;
    once.resting = deliver_now(&hub).await?;
    Ok(once)
}

/// One job once, then everything that follows from it. `again`: files that were taken before are read again. `None`:
/// there is no such job.
pub async fn job_once(
    hub: Arc<Hub>,
    job: &str,
    again: bool,
    progress: &(dyn Fn(&Taken) + Send + Sync),
) -> store::Result<Option<Result<Taken, IntakeError>>> {
    recover(&hub).await?;
    let Some(job) = hub.job(job).cloned() else { return Ok(None) };
    let worker = Drain::start(&hub);
    let taken = intake::run(&hub, &job, "by hand", again, progress).await;
    worker.finish(&hub).await?;
    deliver_now(&hub).await?;
    Ok(Some(taken))
}

/// A normalise worker for the time of one command.
struct Drain {
    stop: watch::Sender<bool>,
    worker: tokio::task::JoinHandle<()>,
}

impl Drain {
    fn start(hub: &Arc<Hub>) -> Self {
        let (stop, stopped) = watch::channel(false);
        Self { stop, worker: tokio::spawn(kept(hub, &stopped, "normalise", normalise_worker)) }
    }

    /// Waits until every batch is settled or stuck, then ends the worker.
    async fn finish(self, hub: &Hub) -> store::Result<()> {
        let drained = drained(hub).await;
        self.stop.send_replace(true);
        if let Err(error) = self.worker.await {
            tracing::error!(%error, "The worker ended by a panic.");
        }
        drained
    }
}

/// Sends what may go now. Returns the feeds whose target did not take everything.
async fn deliver_now(hub: &Hub) -> store::Result<Vec<String>> {
    let mut resting = Vec::new();
    for feed in &hub.feeds {
        loop {
            match deliver::step(hub, feed).await? {
                Step::Sent { .. } => {}
                Step::Idle => break,
                Step::Rest { .. } => {
                    resting.push(feed.name.clone());
                    break;
                }
            }
        }
    }
    Ok(resting)
}

/// Waits until every batch is settled, or was tried too often.
async fn drained(hub: &Hub) -> store::Result<()> {
    loop {
        let settled = hub.wake.settled.notified();
        let mut tx = hub.db.begin(Priority::Intake).await?;
        let depth = hub.queue.depth(&mut tx).await?;
        let stuck = store::batch_stuck(&mut tx).await?;
        drop(tx);
        if depth == stuck {
            return Ok(());
        }
        if tokio::time::timeout(LOOK_EVERY, settled).await.is_err() {
            tracing::trace!(depth, "Still waiting for batches.");
        }
    }
}

/// Takes batches one after the other. The next is claimed in the transaction that settles this one.
async fn normalise_worker(hub: Arc<Hub>, mut stop: watch::Receiver<bool>) {
    let mut next: Option<Batch> = None;
    loop {
        let batch = match next.take() {
            Some(batch) => Some(batch),
            None => match claim(&hub).await {
                Ok(batch) => batch,
                Err(error) => {
                    tracing::error!(%error, cause = ?error, "No batch can be claimed.");
                    if *stop.borrow() {
                        return;
                    }
                    // Tried again without a wake-up: what woke us may still be there.
                    tokio::time::sleep(ERROR_WAIT).await;
                    continue;
                }
            },
        };
        let Some(batch) = batch else {
            if *stop.borrow() {
                return;
            }
            tokio::select! {
                () = hub.wake.normalise.notified() => {}
                _ = stop.changed() => {}
            }
            continue;
        };
        match settle(&hub, &batch).await {
            Ok(following) => next = following,
            Err(error) => {
                tracing::error!(%error, cause = ?error, batch = batch.number, "Batch {} cannot be normalised; it stays in the queue.", batch.number);
                tokio::time::sleep(ERROR_WAIT).await;
            }
        }
        if *stop.borrow() {
            return;
        }
    }
}

async fn claim(hub: &Hub) -> store::Result<Option<Batch>> {
    let mut tx = hub.db.begin(Priority::Settle).await?;
    if hub.queue.depth(&mut tx).await? == 0 {
        return Ok(None);
    }
    let batch = hub.queue.next(&mut tx, &hub.node, hub.epoch).await?;
    tx.commit().await?;
    fault!("work.claimed");
    Ok(batch)
}

/// Normalises one batch and follows what it brought.
async fn settle(hub: &Hub, batch: &Batch) -> store::Result<Option<Batch>> {
    let Some(settled) = normalise::batch(hub, batch).await? else { return Ok(None) };
    hub.wake.settled.notify_waiters();
    if planted!("nothing_released_after_commit") {
        hub.wake_feeds(&settled.came.feeds);
        return Ok(settled.next);
    }
    let (feeds, _) = release::follow(hub, settled.came).await?;
    fault!("work.followed");
    hub.wake_feeds(&feeds);
    Ok(settled.next)
}

/// Sends what one feed is owed.
async fn feed_worker(hub: Arc<Hub>, feed: Arc<FeedPlan>, mut stop: watch::Receiver<bool>) {
    while !*stop.borrow() {
        let wait = match deliver::step(&hub, &feed).await {
            Ok(Step::Sent { .. }) => continue,
            Ok(Step::Idle) => SWEEP_EVERY,
            Ok(Step::Rest { until_us }) => Duration::from_micros((until_us - store::now_us()).max(0) as u64),
            Err(error) => {
                tracing::error!(feed = %feed.name, %error, cause = ?error, "Feed {} cannot go on now.", feed.name);
                ERROR_WAIT
            }
        };
        tokio::select! {
            () = feed.wake.notified() => {}
            _ = stop.changed() => {}
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Runs jobs when they are due.
async fn scheduler(hub: Arc<Hub>, mut stop: watch::Receiver<bool>) {
    let mut runs = JoinSet::new();
    let mut running = Running::default();
    let mut due: Vec<(usize, i64)> = Vec::new();
    for (index, job) in hub.jobs.iter().enumerate() {
        match plan_run(&hub, job).await {
            Ok(Some(at_us)) => due.push((index, at_us)),
            Ok(None) => {}
            Err(error) => tracing::error!(job = %job.name, %error, "The job cannot be planned."),
        }
    }
    while !*stop.borrow() {
        let now_us = store::now_us();
        for (index, at_us) in &mut due {
            if *at_us > now_us {
                continue;
            }
            let job = &hub.jobs[*index];
            match keep_next(&hub, job, now_us).await {
                Ok(next) => {
                    fault!("work.planned");
                    *at_us = next;
                }
                Err(error) => {
                    tracing::error!(job = %job.name, %error, "The next run cannot be kept.");
                    continue;
                }
            }
            let misfire = hub.config.job(&job.name).map(|(_, c)| c.misfire).unwrap_or_default();
            if running.is_due(*index, misfire) {
                runs.spawn(scheduled(hub.clone(), *index));
            }
        }
        let next_us = due.iter().map(|(_, at)| *at).min().unwrap_or(i64::MAX);
        let wait = Duration::from_micros((next_us - store::now_us()).clamp(0, 3_600_000_000) as u64);
        tokio::select! {
            _ = stop.changed() => {}
            () = tokio::time::sleep(wait) => {}
            Some(ended) = runs.join_next() => {
                if let Some(index) = ended.ok().filter(|index| running.ended(*index)) {
                    runs.spawn(scheduled(hub.clone(), index));
                }
            }
        }
    }
    // A reading may wait for room that nobody makes any more. What was kept is kept; the rest is read at the next start.
    runs.shutdown().await;
}

/// One run of a job at its time. Returns the job.
async fn scheduled(hub: Arc<Hub>, index: usize) -> usize {
    let job = hub.jobs[index].clone();
    let name = job.name.clone();
    // A task of its own, which ends with this one: a panic ends this run and nothing else.
    let mut run = JoinSet::new();
    run.spawn(async move { intake::run(&hub, &job, "schedule", false, &|_| {}).await });
    match run.join_next().await {
        None | Some(Ok(Ok(_))) => {}
        Some(Ok(Err(error))) => tracing::error!(job = %name, %error, cause = ?error, "The run of {name} failed."),
        Some(Err(error)) => tracing::error!(job = %name, %error, "The run of {name} ended by a panic."),
    }
    index
}

/// Which jobs run. A job that is due while it runs has its turn once more when that run has ended, however often it was
/// due; one that skips what it missed waits for its next time.
#[derive(Debug, Default)]
struct Running(HashMap<usize, bool>);

impl Running {
    /// True: the job begins now.
    fn is_due(&mut self, job: usize, misfire: Misfire) -> bool {
        match self.0.get_mut(&job) {
            Some(again) => {
                *again |= misfire == Misfire::Once;
                false
            }
            None => {
                self.0.insert(job, false);
                true
            }
        }
    }

    /// True: the job begins again.
    fn ended(&mut self, job: usize) -> bool {
        let again = self.0.remove(&job).unwrap_or_default();
        if again {
            self.0.insert(job, false);
        }
        again
    }
}

/// When a job runs first after a start: what it missed is made up for once, or skipped, as its misfire policy says.
async fn plan_run(hub: &Hub, job: &super::JobPlan) -> store::Result<Option<i64>> {
    let Some((_, config)) = hub.config.job(&job.name) else { return Ok(None) };
    let Some(schedule) = &config.schedule else { return Ok(None) };
    let mut tx = hub.db.begin(Priority::Intake).await?;
    let row = store::job_get(&mut tx, &job.name).await?;
    let planned = (row.due_us > 0).then_some(row.due_us);
    let at_us = match schedule::due(schedule, config.misfire, planned, store::now_us()) {
        Due::Now => store::now_us(),
        Due::At(at_us) => at_us,
        Due::Never => i64::MAX,
    };
    store::job_due(&mut tx, row.id, at_us).await?;
    tx.commit().await?;
    Ok(Some(at_us))
}

async fn keep_next(hub: &Hub, job: &super::JobPlan, now_us: i64) -> store::Result<i64> {
    let schedule = hub.config.job(&job.name).and_then(|(_, c)| c.schedule.as_ref());
    let next_us = schedule.and_then(|s| s.next_after_us(now_us)).unwrap_or(i64::MAX);
    let mut tx = hub.db.begin(Priority::Intake).await?;
    store::job_due(&mut tx, job.id, next_us).await?;
    tx.commit().await?;
    Ok(next_us)
}

/// The safety net: one query a second, and a wake-up only if something is there to do.
async fn looker(hub: Arc<Hub>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if hub.db.has_stopped() {
            // A hub that can keep nothing ends, and says so.
            return;
        }
        match hub.db.read(|c| store::anything_to_do(c, store::now_us())).await {
            Ok(false) => {}
            Ok(true) => {
                hub.wake.normalise.notify_one();
                for feed in &hub.feeds {
                    feed.wake.notify_one();
                }
            }
            Err(error) => tracing::error!(%error, "The store cannot be asked what there is to do."),
        }
    }
}

/// Finds what a missed wake-up left lying, once a minute.
async fn sweeper(hub: Arc<Hub>, mut stop: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            _ = stop.changed() => return,
            () = tokio::time::sleep(SWEEP_EVERY) => {}
        }
        if let Err(error) = sweep(&hub).await {
            tracing::error!(%error, "The sweep failed.");
        }
    }
}

async fn sweep(hub: &Hub) -> store::Result<()> {
    let (feeds, mut found) = release::sweep_on(hub).await?;
    hub.wake_feeds(&feeds);
    for feed in &hub.feeds {
        let cut = deliver::cut_waits(hub, feed).await?;
        let is_noted = feed.unblocks.load(Ordering::Relaxed);
        let moved = super::owe::sweep_on(hub, feed).await?;
        if moved + cut > 0 {
            feed.wake.notify_one();
        }
        // Whoever waits for a widely shared record is looked for here too while a feed always has something due.
        found += if is_noted { 0 } else { moved };
    }
    if found > 0 {
        SWEPT.fetch_add(found as u64, Ordering::Relaxed);
        tracing::warn!(found, "The sweep found {found} things that a wake-up had missed.");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_that_is_due_while_it_runs_runs_once_more() {
        let mut running = Running::default();
        assert!(running.is_due(0, Misfire::Once) && running.is_due(1, Misfire::Skip));
        for _ in 0..3 {
            assert!(!running.is_due(0, Misfire::Once) && !running.is_due(1, Misfire::Skip));
        }
        assert!(running.ended(0), "once more for all three");
        assert!(!running.ended(0) && !running.ended(1));
        assert!(running.is_due(0, Misfire::Once) && running.is_due(1, Misfire::Skip));
    }
}
