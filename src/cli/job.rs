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

#[cfg(test)]
mod tests {
    use super::super::Output;
    use super::super::context::testing;
    use super::*;
    use crate::diagnostic::Lang;

    /// A Wednesday, noon in Beijing.
    const NOW_US: i64 = 1_773_806_400_000_000;

    fn listed(output: Output, lang: Lang) -> String {
        let (context, printed) = testing::context("tests/it/fixtures/config/valid/hub.toml", output, lang);
        let env = |_: &str| Some("drop".to_owned());
        let config = Config::load_with(&context.config_path, &env).unwrap();
        list(&config, &context, NOW_US).unwrap();
        printed.text()
    }

    #[test]
    fn jobs_are_listed_with_their_next_times() {
        insta::assert_snapshot!(listed(Output::Text, Lang::En), @r"
        job              from   schedule     next (Beijing)                                  mappings
        finance/notices  files  */5 * * * *  03-18 12:05:00, 03-18 12:10:00, 03-18 12:15:00  finance/notice
        finance/nightly  files  paused                                                       finance/notice
        ");
        insta::assert_snapshot!(listed(Output::Text, Lang::Zh), @r"
        任务             来源   时间表       下次运行（北京时间）                            映射
        finance/notices  files  */5 * * * *  03-18 12:05:00, 03-18 12:10:00, 03-18 12:15:00  finance/notice
        finance/nightly  files  已暂停                                                       finance/notice
        ");
        insta::assert_snapshot!(listed(Output::Json, Lang::Zh), @r#"
        {
          "jobs": [
            {
              "from": "files",
              "mappings": [
                "finance/notice"
              ],
              "name": "finance/notices",
              "next": [
                "2026-03-18T12:05:00+08:00",
                "2026-03-18T12:10:00+08:00",
                "2026-03-18T12:15:00+08:00"
              ],
              "paused": false,
              "schedule": "*/5 * * * *",
              "system": "finance",
              "system_zh": "市财政局政府采购系统",
              "zone": "Asia/Shanghai"
            },
            {
              "from": "files",
              "mappings": [
                "finance/notice"
              ],
              "name": "finance/nightly",
              "next": [],
              "paused": true,
              "schedule": "0 30 2 * * MON-FRI",
              "system": "finance",
              "system_zh": "市财政局政府采购系统",
              "zone": "Asia/Shanghai"
            }
          ]
        }
        "#);
    }
}
