//! `check`: everything that is wrong in configuration, mappings and schema, at once; with `--connect` also whether
//! every source and target can be reached.
//!
//! Mistakes end with 2. What is merely suspicious is a warning: shown, and no reason to stop.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::process::ExitCode;

use adapter::FileSeen;
use clap::Args;
use serde_json::{Value, json};

use super::{Context, reach, show};
use crate::config::{Config, Feed, Job, System};
use crate::console::{Ask, FilesAnswer};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, Lang, Words, count, say};
use crate::mapping::Mapping;
use crate::pipeline::open;
use crate::schema::Schema;

#[derive(Debug, Args)]
pub struct CheckArgs {
    #[arg(long)]
    connect: bool,
}

/// Mistakes, and what only looks like one.
#[derive(Default)]
struct Findings {
    mistakes: Vec<Diagnostic>,
    warnings: Vec<Diagnostic>,
}

pub(super) fn run(args: &CheckArgs, context: &Context) -> Result<ExitCode, Failure> {
    let (config, mistakes) = Config::read(&context.config_path, &|name| std::env::var(name).ok());
    let mut findings = Findings { mistakes, ..Findings::default() };
    let Some(config) = config else { return Err(findings.mistakes.into()) };
    let mappings = match Schema::load(config.overriding().as_deref()) {
        Ok(schema) => names(&config, &schema, &mut findings),
        Err(more) => {
            // Without the schema every mapping would look wrong.
            findings.mistakes.extend(more);
            0
        }
    };
    if !findings.mistakes.is_empty() {
        warn(&findings.warnings, context)?;
        findings.mistakes.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        return Err(findings.mistakes.into());
    }
    let connections = if args.connect { connect(&config, taken(&config, context)?)? } else { Vec::new() };
    summary(&config, mappings, &findings.warnings, &connections, context)?;
    match unreachable(&connections) {
        None => Ok(ExitCode::SUCCESS),
        Some(failure) => Err(failure),
    }
}

/// Looks every name up: mappings of jobs, datasets of feeds; and reads every mapping there is, also those that no job
/// names yet. Returns the number of mappings.
fn names(config: &Config, schema: &Schema, findings: &mut Findings) -> usize {
    let from = config.mappings_path().join("from");
    let (mut names, mut mappings) = (open::mapping_names(&from), HashMap::new());
    for (system, job) in config.jobs() {
        for name in &job.mappings {
            let known = names.iter().any(|n| n == name.as_str());
            if !known && from.join(format!("{}.toml", name.as_str())).is_file() {
                names.push(name.as_str().to_owned());
            } else if !known {
                findings.mistakes.push(open::unknown_mapping(system, name, &from));
            }
        }
    }
    for name in &names {
        let file = from.join(format!("{name}.toml"));
        let loaded = match std::fs::read_to_string(&file) {
            Ok(text) => open::load_mapping(name, &file, &text, schema),
            Err(error) => Err(vec![open::unreadable(&file, &error)]),
        };
        match loaded {
            Ok(mapping) => {
                findings.warnings.extend(unfilled(&file, &mapping));
                mappings.insert(name.clone(), mapping);
            }
            // A mistake in what several share (`common.toml`) is told once.
            Err(more) => {
                let new: Vec<_> = more.into_iter().filter(|d| !findings.mistakes.contains(d)).collect();
                findings.mistakes.extend(new);
            }
        }
    }
    let of_job = |job: &Job| job.mappings.iter().filter_map(|name| mappings.get(name.as_str())).collect();
    findings.mistakes.extend(open::shared_pictures(config, of_job));
    for (system, dataset, space, jobs) in shared_datasets(config, &mappings) {
        shared(system, &dataset, &space, &jobs, findings);
    }
    for (system, feed) in config.feeds() {
        let unknown = feed.datasets.named.iter().filter(|named| schema.dataset(named.as_str()).is_none());
        findings.mistakes.extend(unknown.map(|named| open::unknown_dataset(system, named, schema)));
        findings.warnings.extend(owed_nothing(config, system, feed));
    }
    names.len()
}

/// A feed of the only system that gives anything: what a system gave is not sent back to it unless the feed says so.
fn owed_nothing(config: &Config, system: &System, feed: &Feed) -> Option<Diagnostic> {
    let others = config.systems.iter().any(|other| *other.name != *system.name && !other.jobs.is_empty());
    let message = say(
        format!("订阅 {} 不会收到任何记录：没有别的系统提供数据", feed.name.as_str()),
        format!("feed {} will be owed nothing: no other system gives anything", feed.name.as_str()),
    );
    let hint = say(
        format!("本系统提供的数据不会发回本系统；确实需要时写 from_systems = [\"{}\"]", system.name.as_str()),
        format!(
            "what a system gave is not sent back to it; where it should be, write from_systems = [\"{}\"]",
            system.name.as_str()
        ),
    );
    let warned = feed.from_systems.is_empty() && !others && !system.jobs.is_empty();
    warned.then(|| system.at(feed.name.offset(), message, hint))
}

/// Required fields that no rule fills: every row of the mapping will be refused for them.
fn unfilled(file: &Path, mapping: &Mapping) -> Option<Diagnostic> {
    let fields = &mapping.dataset().fields;
    let missing: Vec<&str> = mapping.unfilled().into_iter().map(|f| fields[f].name.as_str()).collect();
    let label = |f: usize| format!("{}（{}）", fields[f].name_zh, fields[f].name);
    let labels: Vec<String> = mapping.unfilled().into_iter().map(label).collect();
    let dataset = &mapping.dataset().code;
    let message = say(
        format!("{dataset} 的必填项没有规则填写：{}", labels.join("、")),
        format!("no rule fills what {dataset} requires: {}", missing.join(", ")),
    );
    let hint = say(
        "每一行都会因此被退回；来源有此项时，请在映射或 common.toml 中填写",
        "every row will be refused for it; fill it here or in common.toml, if the source has it",
    );
    (!missing.is_empty()).then(|| Diagnostic::whole(file, message, hint))
}

/// A job, and whether all of its mappings for a dataset name a version column.
type Feeder<'a> = (&'a Job, bool);

/// Datasets and identity spaces of a system into which more than one job gives rows.
fn shared_datasets<'a>(
    config: &'a Config,
    mappings: &HashMap<String, Mapping>,
) -> Vec<(&'a System, String, String, Vec<Feeder<'a>>)> {
    let mut found = Vec::new();
    for system in &config.systems {
        let mut by_space: BTreeMap<(String, String), Vec<Feeder<'a>>> = BTreeMap::new();
        for job in &system.jobs {
            let mut own: BTreeMap<(String, String), bool> = BTreeMap::new();
            for mapping in job.mappings.iter().filter_map(|name| mappings.get(name.as_str())) {
                let versioned = own.entry(space_of(mapping)).or_insert(true);
                *versioned &= mapping.has_version();
            }
            for (space, versioned) in own {
                by_space.entry(space).or_default().push((job, versioned));
            }
        }
        for ((dataset, space), jobs) in by_space {
            if jobs.len() > 1 {
                found.push((system, dataset, space, jobs));
            }
        }
    }
    found
}

fn space_of(mapping: &Mapping) -> (String, String) {
    (mapping.dataset().code.clone(), mapping.identity_space().to_owned())
}

/// Two sources of one dataset: without versions nobody can tell which row is newer; with versions they may still
/// number their rows alike.
fn shared(system: &System, dataset: &str, space: &str, jobs: &[Feeder<'_>], findings: &mut Findings) {
    let names = jobs.iter().map(|(job, _)| job.name.as_str()).collect::<Vec<_>>().join(", ");
    let at = jobs.last().map_or(0, |(job, _)| job.name.offset());
    if jobs.iter().any(|(_, versioned)| !versioned) {
        let message = say(
            format!("{names} 从不同来源写入 {dataset}，但并非所有映射都写了 version"),
            format!("{names} read different sources into {dataset}, and not all of their mappings name a version"),
        );
        let hint = say(
            "写明哪一列说明新旧（version），或为每个来源写 identity_space",
            "name the column that says which row is newer (`version`), or give each source an `identity_space`",
        );
        findings.mistakes.push(system.at(at, message, hint));
    } else if space.is_empty() {
        let message = say(
            format!("{names} 从不同来源写入 {dataset}，没有写 identity_space"),
            format!("{names} read different sources into {dataset} without an `identity_space`"),
        );
        let hint = say(
            "如果各来源的编号指同一条记录则没有问题；否则为每个映射写 identity_space",
            "right if a number means the same record in all of them; else give each mapping an `identity_space`",
        );
        findings.warnings.push(system.at(at, message, hint));
    }
}

/// One source or target that was tried.
struct Connection {
    /// True: a target.
    is_feed: bool,
    name: String,
    adapter: &'static str,
    /// Lines for a person, or what is wrong and where its configuration stands.
    outcome: Result<Vec<Words>, (FailureKind, Diagnostic)>,
}

/// What was taken before. Before the first run there is no store, and a check makes none.
fn taken(config: &Config, context: &Context) -> Result<FilesAnswer, Failure> {
    match config.store_path().exists() {
        true => Ok(reach::ask(context, Ask::JobFiles)?.0),
        false => Ok(FilesAnswer::default()),
    }
}

/// Tries every source and every target, one after another; nothing is taken or sent.
fn connect(config: &Config, taken: FilesAnswer) -> Result<Vec<Connection>, Failure> {
    Ok(reach::runtime()?.block_on(async {
        let mut connections = Vec::new();
        for (system, job) in config.jobs() {
            let seen = taken.jobs.get(job.name.as_str()).into_iter().flatten().cloned().map(FileSeen::from).collect();
            let tried = match job.from.open(&config.base, seen, job.snapshot.picture()) {
                Ok(mut source) => source.check().await,
                Err(error) => Err(error),
            };
            let outcome = tried.map_err(|error| {
                let kind = match error {
                    adapter::SourceError::Config { .. } => FailureKind::Config,
                    adapter::SourceError::Unavailable { .. } => FailureKind::Unavailable,
                };
                (kind, system.at(job.from.offset(), error.message().clone(), error.hint().clone()))
            });
            connections.push(Connection {
                is_feed: false,
                name: job.name.to_string(),
                adapter: job.from.adapter(),
                outcome,
            });
        }
        for (system, feed) in config.feeds() {
            let tried = match feed.to.open(&config.base) {
                Ok(sink) => sink.check().await,
                Err(error) => Err(error),
            };
            let outcome = tried
                .map_err(|error| (FailureKind::Unavailable, system.at(feed.to.offset(), error.message, error.hint)));
            connections.push(Connection {
                is_feed: true,
                name: feed.name.to_string(),
                adapter: feed.to.adapter(),
                outcome,
            });
        }
        connections
    }))
}

/// What could not be reached, with the kind that asks for a person first.
fn unreachable(connections: &[Connection]) -> Option<Failure> {
    let failed: Vec<_> = connections.iter().filter_map(|c| c.outcome.as_ref().err()).collect();
    let kind = if failed.iter().any(|(kind, _)| *kind == FailureKind::Config) {
        FailureKind::Config
    } else {
        FailureKind::Unavailable
    };
    let (n, all) = (failed.len(), connections.len());
    let failure = Failure {
        diagnostics: failed.iter().map(|(_, diagnostic)| diagnostic.clone()).collect(),
        ..Failure::new(
            kind,
            format!("{all} 个连接中有 {n} 个失败"),
            format!("{n} of {} failed", count(all, "connection", "connections")),
        )
    };
    (n > 0).then_some(failure)
}

fn warn(warnings: &[Diagnostic], context: &Context) -> Result<(), Failure> {
    if context.output == super::Output::Json {
        return Ok(());
    }
    let word = context.pick("警告：", "warning: ");
    context.print(&warnings.iter().map(|w| format!("{word}{}\n", w.render(context.lang))).collect::<String>())
}

fn summary(
    config: &Config,
    mappings: usize,
    warnings: &[Diagnostic],
    connections: &[Connection],
    context: &Context,
) -> Result<(), Failure> {
    let (systems, jobs, feeds) = (config.systems.len(), config.jobs().count(), config.feeds().count());
    let text = || {
        let mut out = String::new();
        for connection in connections {
            let told = match &connection.outcome {
                Ok(lines) => lines.iter().map(|line| format!("\n    {}", line.get(context.lang))).collect(),
                Err(_) => format!(": {}", context.pick("失败", "fails")),
            };
            let (zh, en) = if connection.is_feed { ("订阅", "feed") } else { ("任务", "job") };
            let what = context.pick(zh, en);
            out.push_str(&format!("{what} {} ({}){told}\n", connection.name, connection.adapter));
        }
        let mistakes = match context.lang {
            Lang::Zh => format!("配置没有错误：{systems} 个系统，{jobs} 个任务，{feeds} 个订阅，{mappings} 个映射\n"),
            Lang::En => format!(
                "the configuration has no mistakes: {}, {}, {}, {}\n",
                count(systems, "system", "systems"),
                count(jobs, "job", "jobs"),
                count(feeds, "feed", "feeds"),
                count(mappings, "mapping", "mappings")
            ),
        };
        out + &mistakes
    };
    let kind = |c: &Connection| if c.is_feed { "feed" } else { "job" };
    let one = |c: &Connection| match &c.outcome {
        Ok(lines) => {
            json!({ "kind": kind(c), "name": c.name, "adapter": c.adapter, "reachable": true, "lines": lines })
        }
        Err((_, d)) => {
            json!({ "kind": kind(c), "name": c.name, "adapter": c.adapter, "reachable": false, "why": show::diagnostic_json(d) })
        }
    };
    let json = || {
        json!({
            "systems": systems, "jobs": jobs, "feeds": feeds, "mappings": mappings,
            "warnings": warnings.iter().map(show::diagnostic_json).collect::<Vec<Value>>(),
            "connections": connections.iter().map(one).collect::<Vec<Value>>(),
        })
    };
    warn(warnings, context)?;
    context.show(text, json)
}
