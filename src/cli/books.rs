//! `books`: the balance, and its proof.

use std::process::ExitCode;

use chrono::NaiveDate;
use clap::Args;

use super::words::{dataset, header, outcome_cells, outcome_headers, word};
use super::{Context, Table, reach};
use crate::console::{Ask, BooksAnswer, FindingAnswer};
use crate::diagnostic::{Failure, FailureKind, Lang, count};

#[derive(Debug, Args)]
pub struct BooksArgs {
    #[arg(long)]
    verify: bool,
    #[arg(long, value_name = "YYYY-MM-DD")]
    date: Option<NaiveDate>,
}

pub(super) fn run(args: &BooksArgs, context: &Context) -> Result<ExitCode, Failure> {
    let ask = Ask::Books { verify: args.verify, date: args.date };
    let (books, json) = match args.verify {
        true => {
            reach::ask_with::<BooksAnswer>(context, ask, &super::job::bar(context, ("重算的行", "rows recounted")))?
        }
        false => reach::ask::<BooksAnswer>(context, ask)?,
    };
    context.show(|| text(&books, context), || json)?;
    Ok(if books.balanced { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::Refused.exit_code()) })
}

fn text(books: &BooksAnswer, context: &Context) -> String {
    let lang = context.lang;
    let balance = |good: bool| lang.pick(if good { "平" } else { "不平" }, if good { "yes" } else { "NO" }).to_owned();
    let mut out = String::new();
    let head = [
        ("任务", "job"),
        ("批次", "batches"),
        ("未结", "open"),
        ("文件", "files"),
        ("行", "rows"),
        ("未采用", "left out"),
    ];
    let mut jobs = Table::new(context, &head);
    for j in &books.jobs {
        let figures = [j.batches, j.open_batches, j.files, j.rows, j.unmapped].map(|n| n.to_string());
        jobs.row(std::iter::once(j.job.clone()).chain(figures));
    }
    out.push_str(&jobs.render("没有任务", "no jobs"));
    for j in books.jobs.iter().filter(|j| j.unmapped > 0) {
        let (job, n) = (&j.job, j.unmapped);
        out.push_str(&match lang {
            Lang::Zh => format!("{job}：{n} 行未采用，任务的每个映射都因其条件（when）不要它\n"),
            Lang::En => {
                let rows = count(n, "row was", "rows were");
                format!("{job}: {rows} left out: by its condition (`when`), none of the job's mappings wants it\n")
            }
        });
    }
    out.push('\n');

    let mut head = vec![("映射", "mapping"), ("条目", "items")];
    head.extend(outcome_headers());
    head.push(("平", "balanced"));
    let mut mappings = Table::new(context, &head);
    for m in &books.mappings {
        let row = [m.mapping.clone(), m.items.to_string()].into_iter().chain(outcome_cells(&m.outcomes));
        mappings.row(row.chain([balance(m.balanced)]));
    }
    out.push_str(&mappings.render("没有条目", "no items"));
    out.push('\n');

    let mut head = vec![("数据集", "dataset"), ("条目", "items")];
    head.extend(outcome_headers());
    head.push(("现存记录", "live records"));
    let mut datasets = Table::new(context, &head);
    for d in &books.datasets {
        let row = [dataset(&d.dataset, lang), d.items.to_string()].into_iter().chain(outcome_cells(&d.outcomes));
        datasets.row(row.chain([d.live.to_string()]));
    }
    out.push_str(&datasets.render("没有条目", "no items"));
    out.push('\n');

    let mut head = vec![("订阅", "feed"), ("状态", "state"), ("应送", "owed")];
    head.extend(["up_to_date", "due", "blocked", "sending", "unknown", "rejected", "withheld"].map(header));
    head.push(("平", "balanced"));
    let mut feeds = Table::new(context, &head);
    for f in &books.feeds {
        let figures = [f.owed, f.up_to_date, f.due, f.blocked, f.sending, f.unknown, f.rejected, f.withheld];
        let row = [f.feed.clone(), word(&f.state, lang).to_owned()].into_iter().chain(figures.map(|n| n.to_string()));
        feeds.row(row.chain([balance(f.balanced)]));
    }
    out.push_str(&feeds.render("没有订阅", "no feeds"));
    out.push('\n');

    if let Some(recount) = &books.recount {
        let line = |f: &FindingAnswer| {
            let head = format!("{} {}", f.table, f.key);
            format!("{}{}{}\n", head.trim_end(), lang.pick("：", ": "), lang.pick(&f.zh, &f.en))
        };
        recount.findings.iter().for_each(|f| out.push_str(&line(f)));
        for note in &recount.notes {
            out.push_str(&format!("{}{}", lang.pick("无法判断：", "cannot be judged: "), line(note)));
        }
        let (rows, found) = (recount.rows, recount.findings.len());
        out.push_str(&match (found, lang) {
            (0, Lang::Zh) => format!("从表重算 {rows} 行，全部相符\n"),
            (0, Lang::En) => format!("recounted {} from the tables: all agree\n", count(rows, "row", "rows")),
            (_, Lang::Zh) => format!("从表重算 {rows} 行，{found} 处不符\n"),
            (_, Lang::En) => format!(
                "recounted {} from the tables: {} not agree\n",
                count(rows, "row", "rows"),
                count(found, "does", "do")
            ),
        });
    }
    out.push_str(match books.balanced {
        true => lang.pick("账平\n", "the books balance\n"),
        false => lang.pick("账不平\n", "the books do not balance\n"),
    });
    out
}
