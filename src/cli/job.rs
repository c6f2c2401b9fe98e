//! `job …`: what is taken from systems, and when.

use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::Value;

use super::feed::shown;
use super::words::{dataset, outcome_cells, outcome_headers, word};
use super::{Context, Progress, Table, reach};
use crate::console::{self, Ask, ItemLine, JobChanged, JobsAnswer, RunAnswer, Tell};
use crate::diagnostic::{Failure, FailureKind, Lang, count};
use crate::store;

#[derive(Debug, Subcommand)]
pub enum JobCommand {
    List,
    Run {
        name: String,
        #[arg(long)]
        again: bool,
    },
    Pause {
        name: String,
        #[arg(long, default_value = "")]
        why: String,
    },
    Resume {
        name: String,
    },
}

pub(super) fn run(command: &JobCommand, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        JobCommand::List => {
            let (jobs, json) = listed(context)?;
            context.show(|| list(&jobs, context), || json)?;
        }
        JobCommand::Run { name, again } => return run_now(name, *again, context),
        JobCommand::Pause { name, why } => {
            change(Ask::JobPause { name: name.clone(), why: why.clone() }, context)?;
        }
        JobCommand::Resume { name } => change(Ask::JobResume { name: name.clone() }, context)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The jobs as stored; before the first run, when there is no store, as configured: a list makes no database.
fn listed(context: &Context) -> Result<(JobsAnswer, Value), Failure> {
    let config = context.config()?;
    if config.store_path().exists() {
        return reach::ask(context, Ask::JobList);
    }
    let jobs = JobsAnswer::of(&config, Vec::new(), store::now_us());
    let json = serde_json::to_value(&jobs).unwrap_or_default();
    Ok((jobs, json))
}

fn list(answer: &JobsAnswer, context: &Context) -> String {
    let lang = context.lang;
    let header = [
        ("任务", "job"),
        ("来源", "from"),
        ("时间表", "schedule"),
        ("下次运行（北京时间）", "next (Beijing)"),
        ("上次运行", "last run"),
        ("映射", "mappings"),
    ];
    let mut table = Table::new(context, &header);
    for job in &answer.jobs {
        let schedule = match &job.schedule {
            _ if job.paused && job.paused_why.is_empty() => word("paused", lang).to_owned(),
            _ if job.paused => format!("{}{}{}", word("paused", lang), lang.pick("：", ": "), job.paused_why.get(lang)),
            None => lang.pick("手动", "by hand").to_owned(),
            Some(schedule) => schedule.clone(),
        };
        let last = job.last.as_ref().map_or_else(
            || lang.pick("从未", "never").to_owned(),
            |last| {
                let (state, rows) = (word(&last.state, lang), last.rows);
                let when = shown(last.started);
                match lang {
                    Lang::Zh => format!("{when} {state} {rows} 行"),
                    Lang::En => format!("{when} {state}, {}", count(rows, "row", "rows")),
                }
            },
        );
        let next: Vec<String> = job.next.iter().map(|m| m.shown()[5..].to_owned()).collect();
        table.row([job.name.clone(), job.from.clone(), schedule, next.join(", "), last, job.mappings.join(", ")]);
    }
    let mut out = table.render(
        "没有任务；任务写在 config/systems/*.toml 的 [[job]] 下",
        "no jobs; they stand as [[job]] in config/systems/*.toml",
    );
    for job in &answer.jobs {
        if let Some(last) = job.last.as_ref().filter(|last| !last.why.is_empty()) {
            out.push_str(&format!("{}{}{}\n", job.name, lang.pick("：", ": "), last.why.get(lang)));
        }
    }
    out
}

fn run_now(name: &str, again: bool, context: &Context) -> Result<ExitCode, Failure> {
    let ask = Ask::JobRun { name: name.to_owned(), again };
    let (taken, json) = reach::ask_with::<RunAnswer>(context, ask, &bar(context, ("读取的行", "rows read")))?;
    context.show(|| ran(&taken, context), || json)?;
    let good = taken.stuck_batches == 0;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::Refused.exit_code()) })
}

/// A bar that shows how far the work has come; it goes when nobody tells it any more.
pub(super) fn bar(context: &Context, (zh, en): (&str, &str)) -> Tell {
    let bar = Progress::new(context, 0, context.pick(zh, en));
    Arc::new(move |come| match come {
        console::Progress::Taken(rows) => bar.at(rows, 0),
        console::Progress::Recounted { done, of } => bar.at(done, of),
    })
}

fn ran(taken: &RunAnswer, context: &Context) -> String {
    let lang = context.lang;
    let (run, files, rows) = (taken.run, taken.files, taken.rows);
    let mut out = match lang {
        Lang::Zh => format!("任务 {} 第 {run} 次运行：{files} 个文件，{rows} 行\n", taken.job),
        Lang::En => {
            let (files, rows) = (count(files, "file", "files"), count(rows, "row", "rows"));
            format!("job {}, run {run}: {files}, {rows}\n", taken.job)
        }
    };
    if taken.files_known > 0 {
        let known = taken.files_known;
        out.push_str(&match lang {
            Lang::Zh => format!("{known} 个文件的内容以前取过\n"),
            Lang::En => format!("{} taken before\n", count(known, "file's content was", "files' contents were")),
        });
    }
    if taken.absent > 0 {
        let n = taken.absent;
        out.push_str(&match lang {
            Lang::Zh => format!("来源不再有 {n} 条记录\n"),
            Lang::En => format!("the source no longer shows {}\n", count(n, "record", "records")),
        });
    }
    if !taken.note.is_empty() {
        out.push_str(&format!("{}\n", taken.note.get(lang)));
    }
    if taken.replayed {
        out.push_str(lang.pick(
            "重新读取了多个文件，而映射没有 version：每个文件都当作新的，以最后读到的为准，较早的状态也会送出\n",
            "several files were read again, and a mapping names no `version`: each counted as new, the last one read \
             stands, and the earlier states are sent too\n",
        ));
    }
    if taken.stuck_batches > 0 {
        out.push_str(&format!("{}\n", console::stuck_words(&taken.job, taken.stuck_batches).get(lang)));
    }
    if !taken.mappings.is_empty() {
        let mut head = vec![("映射", "mapping"), ("数据集", "dataset"), ("条目", "items")];
        head.extend(outcome_headers());
        let mut table = Table::new(context, &head);
        for m in &taken.mappings {
            let named = dataset(&m.dataset, lang);
            table.row([m.mapping.clone(), named, m.items.to_string()].into_iter().chain(outcome_cells(&m.outcomes)));
        }
        out.push('\n');
        out.push_str(&table.render("", ""));
    }
    if taken.quarantined > 0 {
        let (n, job) = (taken.quarantined, &taken.job);
        out.push_str(&match lang {
            Lang::Zh => format!("\n本次有 {n} 个条目在隔离区，例如：\n"),
            Lang::En => format!("\nin quarantine of this run: {n}, such as\n"),
        });
        for item in &taken.examples {
            out.push_str(&format!("    {} {}\n", at(item), item.item));
            let telling = item.reasons.iter().find(|reason| reason.level == "refuse");
            out.push_str(&format!("        {}\n", telling.map_or("", |reason| lang.pick(&reason.zh, &reason.en))));
        }
        out.push_str(lang.pick("查看全部原因：\n", "see every reason:\n"));
        out.push_str(&format!("    exchange-hub quarantine list --job {job}\n"));
    }
    out
}

/// File and line of an item, as far as they are known.
fn at(item: &ItemLine) -> String {
    let file = item.stood.file.as_deref().unwrap_or("-");
    item.stood.line.map_or_else(|| file.to_owned(), |line| format!("{file}:{line}"))
}

fn change(ask: Ask, context: &Context) -> Result<(), Failure> {
    let (changed, json) = reach::ask::<JobChanged>(context, ask)?;
    context.show(|| changed_text(&changed, context.lang), || json)
}

fn changed_text(changed: &JobChanged, lang: Lang) -> String {
    let job = &changed.job;
    match (changed.paused, changed.changed, lang) {
        (true, true, Lang::Zh) => format!("任务 {job} 已暂停\n"),
        (true, true, Lang::En) => format!("job {job} is paused\n"),
        (true, false, Lang::Zh) => format!("任务 {job} 原来就已暂停\n"),
        (true, false, Lang::En) => format!("job {job} was paused already\n"),
        (false, true, Lang::Zh) => format!("任务 {job} 已恢复\n"),
        (false, true, Lang::En) => format!("job {job} goes on\n"),
        (false, false, Lang::Zh) => format!("任务 {job} 没有暂停\n"),
        (false, false, Lang::En) => format!("job {job} was not paused\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Output;
    use super::super::context::testing;
    use super::*;
    use crate::config::Config;

    /// A Wednesday, noon in Beijing.
    const NOW_US: i64 = 1_773_806_400_000_000;

    fn listed(output: Output, lang: Lang) -> String {
        let (context, printed) = testing::context("tests/it/fixtures/config/valid/hub.toml", output, lang);
        let env = |_: &str| Some("drop".to_owned());
        let config = Config::load_with(&context.config_path, &env).unwrap();
        let jobs = JobsAnswer::of(&config, Vec::new(), NOW_US);
        context.show(|| list(&jobs, &context), || serde_json::to_value(&jobs).unwrap()).unwrap();
        printed.text()
    }

    #[test]
    fn jobs_are_listed_with_their_next_times() {
        insta::assert_snapshot!(listed(Output::Text, Lang::En), @"
        job              from   schedule     next (Beijing)                                  last run  mappings
        finance/notices  files  */5 * * * *  03-18 12:05:00, 03-18 12:10:00, 03-18 12:15:00  never     finance/notice
        finance/nightly  files  paused                                                       never     finance/notice
        ");
        insta::assert_snapshot!(listed(Output::Text, Lang::Zh), @"
        任务             来源   时间表       下次运行（北京时间）                            上次运行  映射
        finance/notices  files  */5 * * * *  03-18 12:05:00, 03-18 12:10:00, 03-18 12:15:00  从未      finance/notice
        finance/nightly  files  已暂停                                                       从未      finance/notice
        ");
        insta::assert_snapshot!(listed(Output::Json, Lang::Zh), @r#"
        {
          "jobs": [
            {
              "from": "files",
              "last": null,
              "mappings": [
                "finance/notice"
              ],
              "name": "finance/notices",
              "next": [
                "2026-03-18T12:05:00.000000+08:00",
                "2026-03-18T12:10:00.000000+08:00",
                "2026-03-18T12:15:00.000000+08:00"
              ],
              "open_batches": 0,
              "paused": false,
              "paused_why": {
                "en": "",
                "zh": ""
              },
              "schedule": "*/5 * * * *",
              "system": "finance",
              "system_zh": "市财政局政府采购系统",
              "zone": "Asia/Shanghai"
            },
            {
              "from": "files",
              "last": null,
              "mappings": [
                "finance/notice"
              ],
              "name": "finance/nightly",
              "next": [],
              "open_batches": 0,
              "paused": true,
              "paused_why": {
                "en": "",
                "zh": ""
              },
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
