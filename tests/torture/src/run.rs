//! One seed: a department writes, targets misbehave, the hub is killed again and again; then all is well, the hub
//! comes to rest, and is judged.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;

use crate::history::{Dataset, Drop, History, Identity, Manner, Size};
use crate::hub::{Ended, Fault, Hub, Running};
use crate::judge::{Evidence, OpenItem, Remembered, Violation, figure, judge, lines, list_is_there, text};
use crate::site::{FEEDS, STABLE_MS, Setup, Site};
use crate::target::{Answer, Doc, Fate, Manners, Taken, Target};
use crate::{POINTS, Result};

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) seed: u64,
    /// This point must be reached; without one the seed chooses points and moments.
    pub(crate) fault: Option<Fault>,
    /// A mistake that the hub makes, and that is to be found.
    pub(crate) bug: Option<&'static str>,
    pub(crate) hub: PathBuf,
}

/// What came of it.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) violations: Vec<Violation>,
    /// The lives of the records that violations are about, by violation.
    pub(crate) lives: Vec<String>,
    /// Points at which the hub was killed, in their order; `-` for a moment of its own.
    pub(crate) kills: Vec<&'static str>,
    pub(crate) requests: usize,
    pub(crate) rows: usize,
    pub(crate) took: Duration,
}

/// Once all is well, so long may nothing change while something is left to do; a slow machine changes slowly.
const STILL_MAX: Duration = Duration::from_secs(25);
/// Most time for coming to rest.
const REST_MAX: Duration = Duration::from_secs(180);
/// Between looks while waiting for rest.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Runs a plan in a directory.
pub(crate) async fn run(plan: &Plan, dir: &Path) -> Result<Report> {
    let began = Instant::now();
    let mut rng = Rng::with_seed(plan.seed);
    let size = match plan.fault {
        Some(_) => Size { slots: 9, tops: 4, mids: 6, leaves: 10 },
        None => Size { slots: 20, tops: 5, mids: 10, leaves: 20 },
    };
    let history = Arc::new(History::draw(&mut rng, size));
    let setup = Setup::draw(&mut rng);
    let manners = Manners { bad: [0, 15, 35, 60][rng.usize(0..4)].max(plan_bad(plan)), says_exists: rng.bool() };
    let target = Target::start(manners, rng.fork()).await?;
    let site = Site::make(dir, &setup, target.address)?;
    let mut torture = Torture {
        hub: Hub { program: plan.hub.clone(), site: site.clone(), bug: plan.bug },
        plan: plan.clone(),
        feeder: Arc::new(Feeder {
            site: site.clone(),
            history: history.clone(),
            stable: setup.stable,
            written: AtomicUsize::new(0),
            done: AtomicBool::new(false),
            rows_more: AtomicUsize::new(0),
        }),
        target,
        setup,
        history,
        rng,
        is_late_there: false,
        report: Report::default(),
    };
    torture.all().await?;
    torture.report.took = began.elapsed();
    Ok(torture.report)
}

/// Some points are only met where answers are lost.
fn plan_bad(plan: &Plan) -> u8 {
    match &plan.fault {
        Some(fault) if fault.point.starts_with("deliver.") || fault.point.starts_with("recover.") => 35,
        _ => 0,
    }
}

struct Torture {
    hub: Hub,
    plan: Plan,
    feeder: Arc<Feeder>,
    target: Arc<Target>,
    setup: Setup,
    history: Arc<History>,
    rng: Rng,
    is_late_there: bool,
    report: Report,
}

impl Torture {
    async fn all(&mut self) -> Result<()> {
        let feeding = tokio::spawn(self.feeder.clone().feed(Duration::from_millis(self.rng.u64(30..120))));
        let trouble = tokio::spawn(trouble(self.target.clone(), self.rng.fork()));
        match self.plan.fault.clone() {
            Some(fault) => self.until_reached(fault).await?,
            None => self.kill_often().await?,
        }
        feeding.await??;
        trouble.abort();
        self.target.heal();
        self.target.note("all is well");
        if self.report.violations.is_empty() {
            self.rest_and_judge().await?;
        }
        self.report.requests = self.target.memory().log.len();
        self.report.rows = self.history.contents().map(|d| d.rows.len()).sum();
        Ok(())
    }

    /// Runs until the point is reached, then disturbs the recovery. Points of a walk are asked for only once there is
    /// something to walk.
    async fn until_reached(&mut self, fault: Fault) -> Result<()> {
        let is_walk = fault.point.starts_with("subscribe.");
        if is_walk {
            self.setup.late = None;
            self.until_something_arrived().await?;
            self.add_late()?;
        }
        if !self.live(Some(fault), Duration::from_secs(5)).await? {
            return Ok(());
        }
        self.add_late()?;
        for _ in 0..2 {
            let most = Duration::from_millis(self.rng.u64(0..400));
            self.live(None, most).await?;
        }
        Ok(())
    }

    /// A life that ends once a target has taken something.
    async fn until_something_arrived(&mut self) -> Result<()> {
        let (mut running, since) = (self.hub.start(None)?, Instant::now());
        while self.target.memory().taken.is_empty() && since.elapsed() < REST_MAX {
            if let Some(ended) = running.has_ended()? {
                self.ended(ended);
                return Ok(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let ended = running.kill().await?;
        self.ended(ended);
        Ok(())
    }

    /// Kills at points and moments that the seed chooses, now and then three times in a row.
    async fn kill_often(&mut self) -> Result<()> {
        let recovery: Vec<&'static str> =
            POINTS.iter().copied().filter(|p| p.starts_with("open.") || p.starts_with("recover.")).collect();
        for _ in 0..self.rng.usize(3..=6) {
            let fault = self
                .rng
                .bool()
                .then(|| Fault { point: POINTS[self.rng.usize(0..POINTS.len())], pass: self.rng.u32(1..=4) });
            let most = match fault {
                Some(_) => 3_000,
                None => self.rng.u64(100..1_500),
            };
            self.live(fault, Duration::from_millis(most)).await?;
            if self.rng.u8(0..3) == 0 {
                for _ in 0..2 {
                    let point = recovery[self.rng.usize(0..recovery.len())];
                    let fault = self.rng.bool().then_some(Fault { point, pass: 1 });
                    let most = Duration::from_millis(self.rng.u64(0..500));
                    self.live(fault, most).await?;
                }
            }
            if self.feeder.written.load(Ordering::SeqCst) * 2 > self.history.drops.len() {
                self.add_late()?;
            }
            if !self.report.violations.is_empty() {
                return Ok(());
            }
        }
        Ok(())
    }

    fn add_late(&mut self) -> Result<()> {
        if !self.is_late_there {
            self.is_late_there = true;
            self.hub.site.add_late(&self.setup, self.target.address)?;
            self.target.note("the feed late/late is configured");
        }
        Ok(())
    }

    /// One life of the hub. True: it ended at the point that it was given.
    async fn live(&mut self, fault: Option<Fault>, most: Duration) -> Result<bool> {
        let ended = self.hub.start(fault)?.until(most).await?;
        Ok(self.ended(ended))
    }

    fn ended(&mut self, ended: Ended) -> bool {
        self.target.note(&format!("the hub ended: {ended:?}"));
        match ended {
            Ended::AtPoint(point) => {
                self.report.kills.push(point);
                return true;
            }
            Ended::Killed => self.report.kills.push("-"),
            Ended::ByItself(status) => self.wrong("a hub never ends by itself", status),
        }
        false
    }

    fn wrong(&mut self, rule: &'static str, what: String) {
        self.report.violations.push(Violation { rule, what, about: None });
        self.report.lives.push(String::new());
    }

    async fn rest_and_judge(&mut self) -> Result<()> {
        self.add_late()?;
        // A point that was not met yet may still be.
        let unmet = self.plan.fault.clone().filter(|fault| !self.report.kills.contains(&fault.point));
        let mut running = self.hub.start(unmet)?;
        if !self.rest(&mut running, false).await? {
            return Ok(());
        }
        self.feeder.write(&self.history.last).await?;
        if !self.rest(&mut running, true).await? {
            return Ok(());
        }
        let status = running.stop(Duration::from_secs(15)).await?;
        if !status.success() {
            self.wrong("a stop is in order", status.to_string());
        }
        let before = self.target.memory().taken.len();
        let (once, code) = self.hub.ask(&["run", "--once"]).await?;
        let rows: i64 = lines(&once, "jobs").map(|job| figure(job, "rows")).sum();
        if code != 0 || rows != 0 || self.target.memory().taken.len() != before {
            let sent = self.target.memory().taken.len() - before;
            self.wrong(
                "a second run finds nothing to do",
                format!("it took {rows} rows, sent {sent}, ended with {code}"),
            );
        }
        self.judge().await
    }

    /// Waits until all rows are taken in, nothing is due, and nothing changes any more. False: that was not to be.
    async fn rest(&mut self, running: &mut Running, is_last: bool) -> Result<bool> {
        let since = Instant::now();
        let (mut before, mut same, mut changed, mut taken) = (Value::Null, 0, since, usize::MAX);
        while same < 2 {
            tokio::time::sleep(LOOK_EVERY).await;
            if let Some(ended) = running.has_ended()? {
                if !self.ended(ended) {
                    return Ok(false);
                }
                *running = self.hub.start(None)?;
                continue;
            }
            if changed.elapsed() > STILL_MAX || since.elapsed() > REST_MAX {
                let why = self.restless(&before, is_last).unwrap_or_else(|| "it changes all the time".into());
                self.wrong("the hub comes to rest", why);
                self.told_all()?;
                return Ok(false);
            }
            // While requests come, there is no rest, and no need to ask.
            let now = self.target.memory().taken.len();
            if std::mem::replace(&mut taken, now) != now {
                changed = Instant::now();
                continue;
            }
            let Ok((books, _)) = self.hub.ask(&["books"]).await else { continue };
            if books != before {
                changed = Instant::now();
            }
            same = if books == before && self.restless(&books, is_last).is_none() { same + 1 } else { 0 };
            before = books;
        }
        Ok(true)
    }

    /// Why the hub is not at rest.
    fn restless(&self, books: &Value, is_last: bool) -> Option<String> {
        if self.target.busy.load(Ordering::SeqCst) > 0 {
            return Some("a target is busy".into());
        }
        for dataset in [Dataset::Top, Dataset::Mid, Dataset::Leaf] {
            let job = format!("dept/{}", dataset.word());
            let taken = lines(books, "jobs").find(|j| text(j, "job") == job).map_or(0, |j| figure(j, "rows"));
            let written = self.history.contents().filter(|d| d.dataset == dataset);
            let written: usize = written.map(|d| d.rows.len()).sum();
            if taken < written as i64 {
                return Some(format!("{job} has taken {taken} rows of {written}"));
            }
        }
        if let Some(job) = lines(books, "jobs").find(|j| figure(j, "open_batches") != 0) {
            return Some(format!("{} has open batches", text(job, "job")));
        }
        for feed in lines(books, "feeds") {
            let state = ["due", "sending", "unknown"].into_iter().find(|state| figure(feed, state) != 0);
            if let Some(state) = state {
                return Some(format!("{} has {} that are {state}", text(feed, "feed"), figure(feed, state)));
            }
            if text(feed, "state") != "on" {
                return Some(format!("{} is {}", text(feed, "feed"), text(feed, "state")));
            }
        }
        if is_last {
            let targets = self.targets().ok()?;
            return targets.iter().find_map(|t| list_is_there(t, &self.history)).map(|v| v.what);
        }
        None
    }

    /// What each target remembers.
    fn targets(&self) -> Result<Vec<Remembered>> {
        let mut targets = Vec::new();
        for feed in FEEDS {
            let name = feed.rsplit('/').next().unwrap_or_default();
            let carries = match &self.setup.late {
                Some(some) if name == "late" => some.clone(),
                _ => Dataset::ALL.to_vec(),
            };
            let refuses = name != "archive";
            let taken = match refuses {
                true => self.target.memory().taken.iter().filter(|t| t.feed == name).cloned().collect(),
                false => archive(&self.hub.site.path("out"))?,
            };
            targets.push(Remembered { feed: feed.to_owned(), carries, taken, refuses });
        }
        Ok(targets)
    }

    async fn judge(&mut self) -> Result<()> {
        let (books, _) = self.hub.ask(&["books", "--verify"]).await?;
        let (items, _) = self.hub.ask(&["quarantine", "list", "--waiting", "--limit", "100000"]).await?;
        let open = lines(&items, "items").map(|item| OpenItem {
            mapping: text(item, "mapping").to_owned(),
            identity: text(item, "identity").to_owned(),
            state: text(item, "state").to_owned(),
            file: text(item, "file").to_owned(),
            line: usize::try_from(figure(item, "line")).unwrap_or_default(),
            why: lines(item, "reasons").map(|r| text(r, "en")).collect::<Vec<_>>().join("; "),
        });
        let evidence = Evidence {
            history: &self.history,
            targets: self.targets()?,
            open: open.collect(),
            books,
            rows_more: self.feeder.rows_more.load(Ordering::SeqCst),
        };
        let mut violations = judge(&evidence);
        violations.extend(evidence.targets.iter().find_map(|t| list_is_there(t, &self.history)));
        for violation in violations {
            let life = violation.about.as_ref().map_or_else(String::new, |about| life(&evidence, about));
            self.report.lives.push(life);
            self.report.violations.push(violation);
        }
        if !self.report.violations.is_empty() {
            self.told_all()?;
        }
        Ok(())
    }

    /// Keeps the log of requests beside the hub's own.
    fn told_all(&self) -> Result<()> {
        Ok(fs::write(self.hub.site.path("requests.log"), self.target.memory().log.join("\n"))?)
    }
}

/// The target is gone now and then.
async fn trouble(target: Arc<Target>, mut rng: Rng) {
    if rng.bool() {
        return;
    }
    loop {
        tokio::time::sleep(Duration::from_millis(rng.u64(200..1_500))).await;
        target.set_down(true);
        tokio::time::sleep(Duration::from_millis(rng.u64(50..500))).await;
        target.set_down(false);
    }
}

/// What a directory remembers: its files, in the order of their numbers.
fn archive(out: &Path) -> Result<Vec<Taken>> {
    let mut files: Vec<PathBuf> = match fs::read_dir(out) {
        Ok(entries) => entries.map(|e| Ok(e?.path())).collect::<Result<_>>()?,
        Err(_) => Vec::new(),
    };
    files.sort();
    let mut taken = Vec::new();
    for file in files {
        let name = file.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if name.starts_with('.') {
            continue;
        }
        let docs = Doc::read_all(&fs::read(&file)?).ok_or_else(|| format!("{name} is no document"))?;
        let docs = docs.into_iter().map(|doc| (doc, Fate::Accepted)).collect();
        taken.push(Taken { feed: "archive".into(), request: name, docs, answer: Answer::Good });
    }
    Ok(taken)
}

/// Everything that is known of one record, for a person.
fn life(evidence: &Evidence<'_>, (dataset, id): &Identity) -> String {
    let mut out = String::new();
    for drop in evidence.history.drops.iter().chain([&evidence.history.last]) {
        for (n, row) in drop.rows.iter().enumerate().filter(|(_, r)| r.dataset == *dataset && r.id == *id) {
            let again = if drop.known { " (again)" } else { "" };
            out += &format!(
                "    {}:{}{again} slot {} version {} {:?} code {} parent {} name {}\n",
                drop.file,
                n + 2,
                drop.slot,
                row.version,
                row.what,
                row.code,
                row.parent,
                row.name
            );
        }
    }
    for target in &evidence.targets {
        for taken in &target.taken {
            for (doc, fate) in taken.docs.iter().filter(|(d, _)| d.dataset == dataset.code() && d.id == *id) {
                out += &format!(
                    "    {} {} {} {} code {} parent {} name {}: {fate:?}, answered {:?}\n",
                    target.feed, taken.request, doc.operation, doc.key, doc.code, doc.parent, doc.name, taken.answer
                );
            }
        }
    }
    for item in evidence.open.iter().filter(|i| i.mapping == dataset.mapping() && i.identity == *id) {
        out += &format!("    {} at {}:{}: {}\n", item.state, item.file, item.line, item.why);
    }
    out
}

/// The department that writes.
struct Feeder {
    site: Site,
    history: Arc<History>,
    stable: Dataset,
    written: AtomicUsize,
    done: AtomicBool,
    rows_more: AtomicUsize,
}

impl Feeder {
    async fn feed(self: Arc<Self>, gap: Duration) -> Result<()> {
        for slot in 0..self.history.slots {
            for drop in self.history.drops.iter().filter(|d| d.slot == slot) {
                self.write(drop).await?;
                self.written.fetch_add(1, Ordering::SeqCst);
            }
            tokio::time::sleep(gap).await;
        }
        self.done.store(true, Ordering::SeqCst);
        Ok(())
    }

    async fn write(&self, drop: &Drop) -> Result<()> {
        let path = self.site.path("in").join(&drop.file);
        let part = self.site.path("in").join(format!("{}.part", drop.file));
        let text = drop.text();
        let half = text.match_indices('\n').map(|(at, _)| at + 1).nth(drop.rows.len() / 2).unwrap_or(text.len());
        match drop.manner {
            Manner::Halves if drop.dataset == self.stable => {
                let began = Instant::now();
                fs::write(&path, &text[..half])?;
                tokio::time::sleep(Duration::from_millis(20)).await;
                fs::write(&path, &text)?;
                if began.elapsed() > Duration::from_millis(STABLE_MS / 2) {
                    self.rows_more.fetch_add(drop.rows.len(), Ordering::SeqCst);
                }
                return Ok(());
            }
            Manner::Begun => {
                fs::write(&part, &text[..half])?;
                tokio::time::sleep(Duration::from_millis(20)).await;
                fs::remove_file(&part)?;
            }
            Manner::Renamed | Manner::Halves => {}
        }
        fs::write(&part, &text)?;
        Ok(fs::rename(&part, &path)?)
    }
}
