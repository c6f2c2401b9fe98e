//! `job …`: what is taken from systems, and when.

use std::process::ExitCode;

use chrono::{DateTime, Utc};
use clap::Subcommand;
use serde_json::json;

use super::{Context, Table};
use crate::config::{Config, Job, System};
use crate::diagnostic::Failure;
use crate::schedule::ZONE;

#[derive(Debug, Subcommand)]
pub enum JobCommand {
    List,
}

/// Times that `job list` shows of each job: enough to see the rhythm.
const NEXT_TIMES: usize = 3;

pub(super) fn run(command: &JobCommand, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        JobCommand::List => list(&context.config()?, context, Utc::now().timestamp_micros()),
    }
}

fn list(config: &Config, context: &Context, now_us: i64) -> Result<ExitCode, Failure> {
    let text = || {
        let header = [
            ("任务", "job"),
            ("来源", "from"),
            ("时间表", "schedule"),
            ("下次运行（北京时间）", "next (Beijing)"),
            ("映射", "mappings"),
        ];
        let mut table = Table::new(context, &header);
        for (_, job) in config.jobs() {
            let schedule = match &job.schedule {
                _ if job.paused => context.pick("已暂停", "paused").to_owned(),
                None => context.pick("手动", "by hand").to_owned(),
                Some(schedule) => schedule.to_string(),
            };
            table.row([
                job.name.to_string(),
                job.from.adapter().to_owned(),
                schedule,
                next_times(job, now_us).into_iter().map(beijing).collect::<Vec<_>>().join(", "),
                job.mappings.iter().map(|m| m.as_str()).collect::<Vec<_>>().join(", "),
            ]);
        }
        table.render(
            "没有任务；任务写在 config/systems/*.toml 的 [[job]] 下",
            "no jobs; they stand as [[job]] in config/systems/*.toml",
        )
    };
    context.show(text, || json!({ "jobs": config.jobs().map(|(s, j)| job_json(s, j, now_us)).collect::<Vec<_>>() }))?;
    Ok(ExitCode::SUCCESS)
}

fn next_times(job: &Job, now_us: i64) -> Vec<i64> {
    match &job.schedule {
        Some(schedule) if !job.paused => schedule.next_times_us(now_us, NEXT_TIMES),
        _ => Vec::new(),
    }
}

fn job_json(system: &System, job: &Job, now_us: i64) -> serde_json::Value {
    json!({
        "name": job.name.as_str(),
        "system": system.name.as_str(),
        "system_zh": system.name_zh,
        "from": job.from.adapter(),
        "schedule": job.schedule.as_ref().map(|s| s.text()),
        "zone": job.schedule.as_ref().map(|s| s.zone().to_string()),
        "paused": job.paused,
        "next": next_times(job, now_us).into_iter().map(iso).collect::<Vec<_>>(),
        "mappings": job.mappings.iter().map(|m| m.as_str()).collect::<Vec<_>>(),
    })
}

/// An instant in Beijing time, as a person reads it.
pub(super) fn beijing(us: i64) -> String {
    shanghai(us, "%m-%d %H:%M:%S")
}

/// An instant with its offset, as machines read it.
pub(super) fn iso(us: i64) -> String {
    shanghai(us, "%Y-%m-%dT%H:%M:%S%:z")
}

fn shanghai(us: i64, form: &str) -> String {
    DateTime::<Utc>::from_timestamp_micros(us)
        .map_or_else(String::new, |t| t.with_timezone(&ZONE).format(form).to_string())
}
