//! Kills the hub at every point and at moments drawn from a seed, and judges it by what its targets remember.
//!
//! A program of its own: it shares nothing with the hub but the form of the documents, and asks it only by its
//! command line. See README.md for how to run it and what it holds.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program whose purpose is what it prints")]

mod history;
mod hub;
mod judge;
mod run;
mod site;
mod target;

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, LazyLock};

use clap::Parser;
use hub::Fault;
use run::{Plan, Report};
use serde_json::json;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

type Error = Box<dyn std::error::Error + Send + Sync>;
type Result<T> = std::result::Result<T, Error>;

/// Every kill point.
static POINTS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let lines = include_str!("../points.txt").lines().filter(|l| !l.starts_with('#'));
    lines.filter_map(|l| l.split_whitespace().next()).collect()
});

/// Every mistake that can be planted, with the points at which it shows.
static BUGS: LazyLock<Vec<(&'static str, Vec<&'static str>)>> = LazyLock::new(|| {
    let lines = include_str!("../bugs.txt").lines().filter(|l| !l.starts_with('#'));
    let words = lines.map(|l| l.split_whitespace().collect::<Vec<_>>());
    words.filter_map(|w| w.split_first().map(|(bug, points)| (*bug, points.to_vec()))).collect()
});

/// How many workloads are tried for a point before it counts as never reached.
const TRIES_MAX: u64 = 4;

#[derive(Debug, Parser)]
#[command(name = "torture", about = "Kills the hub, and judges it by what its targets remember.")]
struct Args {
    /// Seeds to run, the last one too.
    #[arg(long, value_name = "FROM..TO")]
    seeds: Option<String>,
    /// One seed.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Every kill point, so many passes each.
    #[arg(long, value_name = "PASSES", num_args = 0..=1, default_missing_value = "1")]
    points: Option<u32>,
    /// One kill point.
    #[arg(long, value_name = "NAME")]
    point: Option<String>,
    /// Every planted bug, until it is found, with at most so many seeds beside the points at which it shows.
    #[arg(long, value_name = "SEEDS", num_args = 0..=1, default_missing_value = "6")]
    bugs: Option<u64>,
    /// One planted bug.
    #[arg(long, value_name = "NAME")]
    bug: Option<String>,
    /// The pass at which the process ends, with --point.
    #[arg(long, default_value_t = 1)]
    pass: u32,
    /// Keeps the directory of every run; those of failed runs are always kept.
    #[arg(long)]
    keep: bool,
    /// Runs at one time.
    #[arg(long, default_value_t = 2)]
    jobs: usize,
    /// Appends one JSON object a run.
    #[arg(long, value_name = "FILE")]
    result: Option<PathBuf>,
    /// The hub with its kill points; beside this program unless said.
    #[arg(long, value_name = "PATH")]
    hub: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match torture(Args::parse()).await {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}

/// Runs everything that was asked for. True: nothing was wrong.
async fn torture(args: Args) -> Result<bool> {
    let hub = match &args.hub {
        Some(hub) => hub.clone(),
        None => std::env::current_exe()?.with_file_name("exchange-hub-faults"),
    };
    if !hub.exists() {
        return Err(format!(
            "{} is not there; build it: cargo build --workspace --bins --features exchange-hub/bugs",
            hub.display()
        )
        .into());
    }
    if args.bugs.is_some() || args.bug.is_some() && args.seed.is_none() {
        return bugs(&args, &hub).await;
    }
    let plans = plans(&args, &hub)?;
    let mut log = match &args.result {
        Some(file) => Some(fs::OpenOptions::new().create(true).append(true).open(file)?),
        None => None,
    };
    let (mut summary, room) = (Summary::default(), Arc::new(Semaphore::new(args.jobs.max(1))));
    let mut runs = JoinSet::new();
    for plan in plans {
        let (room, keep) = (room.clone(), args.keep);
        runs.spawn(async move {
            let _turn = room.acquire_owned().await?;
            let (plan, report, dir) = reached(plan, keep).await?;
            Ok::<_, Error>((plan, report, dir))
        });
    }
    while let Some(done) = runs.join_next().await {
        let (plan, report, dir) = done??;
        print!("{}", told(&plan, &report, dir.as_deref()));
        if let Some(log) = &mut log {
            writeln!(log, "{}", result(&plan, &report))?;
        }
        summary.add(&plan, &report);
    }
    print!("{}", summary.told());
    Ok(summary.is_good())
}

fn plans(args: &Args, hub: &std::path::Path) -> Result<Vec<Plan>> {
    let bug = args.bug.as_deref().map(known_bug).transpose()?.map(|(bug, _)| *bug);
    let plan = |seed, fault| Plan { seed, fault, bug, hub: hub.to_owned() };
    let mut plans = Vec::new();
    let chosen = |point: &str, pass: u32| -> Result<Fault> {
        let known = POINTS.iter().find(|p| **p == point).ok_or_else(|| format!("there is no point {point}"))?;
        Ok(Fault { point: known, pass })
    };
    if let Some(point) = &args.point {
        plans.push(plan(args.seed.unwrap_or(1), Some(chosen(point, args.pass)?)));
        return Ok(plans);
    }
    for pass in 1..=args.points.unwrap_or(0) {
        for (n, point) in POINTS.iter().enumerate() {
            plans.push(plan(1_000 * u64::from(pass) + n as u64, Some(chosen(point, pass)?)));
        }
    }
    if let Some(seeds) = &args.seeds {
        let range = seeds.split_once("..").and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        let (from, to): (u64, u64) = range.ok_or("--seeds is written as 1..20")?;
        plans.extend((from..=to).map(|seed| plan(seed, None)));
    }
    plans.extend(args.seed.map(|seed| plan(seed, None)));
    if plans.is_empty() {
        return Err("say --seeds 1..20, --seed 7, --points or --point NAME".into());
    }
    Ok(plans)
}

fn known_bug(name: &str) -> Result<&'static (&'static str, Vec<&'static str>)> {
    Ok(BUGS.iter().find(|(bug, _)| *bug == name).ok_or_else(|| format!("there is no bug {name}"))?)
}

/// Plants every bug and looks whether it is found: the only measure of the harness itself.
async fn bugs(args: &Args, hub: &std::path::Path) -> Result<bool> {
    let wanted: Vec<_> = match &args.bug {
        Some(name) => vec![known_bug(name)?],
        None => BUGS.iter().collect(),
    };
    let (seeds, room) = (args.bugs.unwrap_or(6), Arc::new(Semaphore::new(args.jobs.max(1))));
    let mut searches = JoinSet::new();
    for (bug, points) in wanted {
        let (room, hub) = (room.clone(), hub.to_owned());
        searches.spawn(async move {
            let _turn = room.acquire_owned().await?;
            let at_points = points.iter().enumerate().map(|(n, point)| (1 + n as u64, Some(Fault { point, pass: 2 })));
            let at_random = (1..=seeds).map(|seed| (seed, None));
            let mut tries = 0;
            for (seed, fault) in at_points.chain(at_random) {
                tries += 1;
                let dir = tempfile::Builder::new().prefix("torture-").tempdir()?;
                let plan = Plan { seed, fault, bug: Some(bug), hub: hub.clone() };
                let report = run::run(&plan, dir.path()).await?;
                if let Some(violation) = report.violations.into_iter().next() {
                    return Ok::<_, Error>((bug, tries, Some(violation)));
                }
            }
            Ok((bug, tries, None))
        });
    }
    let mut missed = 0;
    while let Some(done) = searches.join_next().await {
        match done?? {
            (bug, tries, Some(found)) => println!("{bug}: found by run {tries}: {}: {}", found.rule, found.what),
            (bug, tries, None) => {
                missed += 1;
                println!("{bug}: NOT FOUND by {tries} runs");
            }
        }
    }
    println!("{} bugs, {missed} not found", BUGS.len());
    Ok(missed == 0)
}

/// Runs a plan; one whose point is not reached runs again with another workload.
async fn reached(mut plan: Plan, keep: bool) -> Result<(Plan, Report, Option<PathBuf>)> {
    for tries in 1.. {
        let dir = tempfile::Builder::new().prefix("torture-").tempdir()?;
        let mut report = run::run(&plan, dir.path()).await.map_err(|error| {
            format!(
                "seed {}{}: {error}",
                plan.seed,
                plan.fault.as_ref().map_or(String::new(), |f| format!(", {}", f.point))
            )
        })?;
        let met = plan.fault.as_ref().is_none_or(|fault| report.kills.contains(&fault.point));
        if !met && report.violations.is_empty() {
            if tries < TRIES_MAX {
                plan.seed += 100_000;
                continue;
            }
            report.violations.push(judge::Violation {
                rule: "every point is reached",
                what: "not with any of these workloads".into(),
                about: None,
            });
            report.lives.push(String::new());
        }
        let kept = (keep || !report.violations.is_empty()).then(|| dir.keep());
        return Ok((plan, report, kept));
    }
    Err("no try was made".into())
}

/// How a plan is run again.
fn command(plan: &Plan) -> String {
    let point = plan.fault.as_ref().map_or(String::new(), |f| format!(" --point {} --pass {}", f.point, f.pass));
    let bug = plan.bug.map_or(String::new(), |bug| format!(" --bug {bug}"));
    let program = std::env::args().next().unwrap_or_default();
    format!("{program} --seed {}{point}{bug} --keep", plan.seed)
}

/// Most violations of one run that are told whole.
const TOLD_MAX: usize = 3;

fn told(plan: &Plan, report: &Report, dir: Option<&std::path::Path>) -> String {
    let name = match &plan.fault {
        Some(fault) => format!("{}:{} seed {}", fault.point, fault.pass, plan.seed),
        None => format!("seed {}", plan.seed),
    };
    let state = if report.violations.is_empty() { "good" } else { "FAILED" };
    let (rows, requests, kills) = (report.rows, report.requests, report.kills.join(" "));
    let mut out = format!(
        "{name}: {state}, {:.1} s, {rows} rows, {requests} events, killed at {kills}\n",
        report.took.as_secs_f64()
    );
    for (violation, life) in report.violations.iter().zip(&report.lives).take(TOLD_MAX) {
        out += &format!("  {}: {}\n{life}", violation.rule, violation.what);
    }
    if report.violations.len() > TOLD_MAX {
        out += &format!("  and {} more\n", report.violations.len() - TOLD_MAX);
    }
    if let Some(dir) = dir {
        out += &format!("  kept: {}\n", dir.display());
    }
    if !report.violations.is_empty() {
        out += &format!("  again: {}\n", command(plan));
    }
    out
}

fn result(plan: &Plan, report: &Report) -> serde_json::Value {
    let violations: Vec<_> = report.violations.iter().map(|v| json!({ "rule": v.rule, "what": v.what })).collect();
    json!({
        "seed": plan.seed,
        "point": plan.fault.as_ref().map(|f| f.point),
        "pass": plan.fault.as_ref().map(|f| f.pass),
        "kills": report.kills,
        "rows": report.rows,
        "events": report.requests,
        "ms": report.took.as_millis() as u64,
        "violations": violations,
    })
}

#[derive(Default)]
struct Summary {
    runs: usize,
    failed: Vec<String>,
    kills: BTreeMap<&'static str, usize>,
}

impl Summary {
    fn add(&mut self, plan: &Plan, report: &Report) {
        self.runs += 1;
        for kill in &report.kills {
            *self.kills.entry(kill).or_default() += 1;
        }
        if !report.violations.is_empty() {
            self.failed.push(command(plan));
        }
    }

    fn is_good(&self) -> bool {
        self.failed.is_empty()
    }

    fn told(&self) -> String {
        let kills: usize = self.kills.values().sum();
        let points = self.kills.keys().filter(|k| **k != "-").count();
        let mut out = format!(
            "{} runs, {} failed; {kills} kills, at {points} of {} points\n",
            self.runs,
            self.failed.len(),
            POINTS.len()
        );
        for command in &self.failed {
            out += &format!("  {command}\n");
        }
        out
    }
}
