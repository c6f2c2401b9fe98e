//! `quarantine …`: rows that could not become records yet, as they came, with every reason and what would be right.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::record::stood;
use super::words::{dataset, word};
use super::{Context, Table, reach};
use crate::console::{Ask, ItemAnswer, ItemFilter, ItemLine, ItemRef, ItemsAnswer, ItemsShown, RowAnswer, Stood};
use crate::diagnostic::{Failure, FailureKind, Lang, count};

#[derive(Debug, Subcommand)]
pub enum QuarantineCommand {
    List(ListArgs),
    Show { item: String },
}

#[derive(Debug, Args)]
pub struct ListArgs {
    #[arg(long)]
    job: Option<String>,
    #[arg(long)]
    mapping: Option<String>,
    #[arg(long)]
    dataset: Option<String>,
    #[arg(long)]
    reason: Option<String>,
    #[arg(long)]
    waiting: bool,
    #[arg(long, default_value_t = 20)]
    limit: u32,
}

pub(super) fn run(command: &QuarantineCommand, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        QuarantineCommand::List(args) => {
            let ask = Ask::QuarantineList(ItemFilter {
                job: args.job.clone(),
                mapping: args.mapping.clone(),
                dataset: args.dataset.clone(),
                reason: args.reason.clone(),
                waiting: args.waiting,
                limit: args.limit,
            });
            let (items, json) = reach::ask::<ItemsAnswer>(context, ask)?;
            context.show(|| list(&items, args.waiting, context), || json)?;
        }
        QuarantineCommand::Show { item } => {
            let item = item.parse::<ItemRef>().map_err(|()| no_name(item))?;
            let (shown, json) = reach::ask::<ItemsShown>(context, Ask::QuarantineShow { item })?;
            context.show(|| show(&shown, context), || json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn no_name(text: &str) -> Failure {
    Failure::new(FailureKind::User, format!("`{text}` 不是条目的编号"), format!("`{text}` names no item")).hint(
        "编号为 批次-行，或 批次-行-映射-元素，如 17-203；`quarantine list` 列出条目",
        "an item is named batch-row, or batch-row-mapping-element, e.g. 17-203; `quarantine list` lists them",
    )
}

fn list(answer: &ItemsAnswer, waiting: bool, context: &Context) -> String {
    let lang = context.lang;
    let (q, w) = (answer.quarantined, answer.waiting);
    let mut out = match (waiting, lang) {
        (false, Lang::Zh) => format!("隔离 {q} 条\n"),
        (false, Lang::En) => format!("{q} quarantined\n"),
        (true, Lang::Zh) => format!("隔离 {q} 条，等待 {w} 条\n"),
        (true, Lang::En) => format!("{q} quarantined, {w} waiting\n"),
    };
    if q + w == 0 {
        return out;
    }
    let mut reasons =
        Table::new(context, &[("条目", "items"), ("原因", "reason"), ("例", "example"), ("说明", "what it says")]);
    for r in &answer.reasons {
        reasons.row([r.count.to_string(), r.code.clone(), r.item.clone(), lang.pick(&r.zh, &r.en).to_owned()]);
    }
    out.push('\n');
    out.push_str(&reasons.render("", ""));
    if !answer.items.is_empty() {
        out.push('\n');
        out.push_str(&lines(&answer.items, context).render("", ""));
    }
    if answer.more {
        out.push_str(lang.pick("还有更多；加 --limit 或筛选条件\n", "there are more; use --limit or a filter\n"));
    }
    let example = answer.items.first().map_or("", |i| i.item.as_str());
    if !example.is_empty() {
        out.push_str(&match lang {
            Lang::Zh => format!("\n查看原始行和全部原因：exchange-hub quarantine show {example}\n"),
            Lang::En => format!("\nthe row and every reason: exchange-hub quarantine show {example}\n"),
        });
    }
    out
}

/// Items as the lines of a table: each with its first reason, and how many more there are.
pub(super) fn lines(items: &[ItemLine], context: &Context) -> Table {
    let lang = context.lang;
    let head = [
        ("条目", "item"),
        ("状态", "state"),
        ("位置", "place"),
        ("映射", "mapping"),
        ("数据集", "dataset"),
        ("来源标识", "identity"),
        ("原因", "reason"),
    ];
    let mut table = Table::new(context, &head);
    for i in items {
        let telling: Vec<_> = i.reasons.iter().filter(|r| r.level == "refuse").collect();
        let first = telling.first().copied().or(i.reasons.last());
        let mut why = first.map_or_else(String::new, |r| lang.pick(&r.zh, &r.en).to_owned());
        if telling.len() > 1 {
            let more = telling.len() - 1;
            why.push_str(&match lang {
                Lang::Zh => format!("（另有 {more} 项）"),
                Lang::En => format!(" (and {more} more)"),
            });
        }
        let number = if i.dataset.number.is_empty() { &i.dataset.dataset } else { &i.dataset.number };
        table.row([
            i.item.clone(),
            word(&i.state, lang).to_owned(),
            place(&i.stood),
            i.mapping.clone(),
            number.clone(),
            i.identity.clone(),
            why,
        ]);
    }
    table
}

/// `file:line`, or the file alone; empty where the source has no files.
pub(super) fn place(stood: &Stood) -> String {
    match (&stood.file, stood.line) {
        (Some(file), Some(line)) => format!("{file}:{line}"),
        (Some(file), None) => file.clone(),
        (None, _) => String::new(),
    }
}

fn show(shown: &ItemsShown, context: &Context) -> String {
    let lang = context.lang;
    let mut out = String::new();
    for item in &shown.items {
        one(&mut out, item, lang);
    }
    match &shown.row {
        Some(row) => raw(&mut out, row, context),
        None => out.push_str(lang.pick("原始行已过保存期\n", "the raw row is no longer kept\n")),
    }
    out
}

fn one(out: &mut String, item: &ItemAnswer, lang: Lang) {
    let i = &item.line;
    let named = match i.dataset.dataset.as_str() {
        "" => lang.pick("无法读取的行", "a row that could not be read").to_owned(),
        _ => dataset(&i.dataset, lang),
    };
    out.push_str(&format!("{} {} {named}\n", i.item, word(&i.state, lang)));
    let (from, first) = (stood(&i.stood, lang), super::feed::shown(i.first));
    out.push_str(&match lang {
        Lang::Zh => format!("任务 {} 第 {} 次运行，{from}，映射 {}，{first} 起\n", i.job, i.run, i.mapping),
        Lang::En => format!("job {}, run {}, {from}, mapping {}, since {first}\n", i.job, i.run, i.mapping),
    });
    if !i.identity.is_empty() {
        out.push_str(&format!("{}{}\n", lang.pick("来源标识：", "identity: "), i.identity));
    }
    if i.seen > 1 {
        let (seen, last) = (i.seen, super::feed::shown(i.last));
        out.push_str(&match lang {
            Lang::Zh => format!("同一行已读到 {seen} 次，最近 {last}\n"),
            Lang::En => format!("the same row was read {}, last {last}\n", count(seen, "time", "times")),
        });
    }
    for r in &i.reasons {
        let level =
            if r.level == "refuse" { lang.pick("原因：", "reason: ") } else { lang.pick("提醒：", "warning: ") };
        out.push_str(&format!("  {level}{}\n", lang.pick(&r.zh, &r.en)));
        let right = lang.pick(&r.right_zh, &r.right_en);
        if !right.is_empty() {
            out.push_str(&format!("      {}{right}\n", lang.pick("应为：", "right would be: ")));
        }
    }
    for n in &item.needs {
        let (named, fields) = (dataset(&n.dataset, lang), n.fields.get(lang));
        let any = if n.one_of > 0 { lang.pick("（其一即可）", " (one of these is enough)") } else { "" };
        out.push_str(&match (n.free, lang) {
            (true, Lang::Zh) => format!("  等待：{named} 的 {fields} “{}”被让出{any}\n", n.value),
            (true, Lang::En) => format!("  waits until {fields} \"{}\" of {named} is given up{any}\n", n.value),
            (false, Lang::Zh) => format!("  等待：{named}，{fields} 为“{}”{any}\n", n.value),
            (false, Lang::En) => format!("  waits for {named} with {fields} \"{}\"{any}\n", n.value),
        });
    }
    out.push('\n');
}

fn raw(out: &mut String, row: &RowAnswer, context: &Context) {
    let lang = context.lang;
    out.push_str(&format!("{}{}", lang.pick("原始行：", "The row as it came: "), stood(&row.stood, lang)));
    if let Some(offset) = row.offset {
        out.push_str(&match lang {
            Lang::Zh => format!("，文件第 {offset} 字节"),
            Lang::En => format!(", byte {offset} of the file"),
        });
    }
    if !row.encoding.is_empty() {
        out.push_str(&format!("{}{}", lang.pick("，编码 ", ", encoding "), row.encoding));
    }
    out.push('\n');
    let mut table = Table::new(context, &[("列", "column"), ("值", "value")]);
    for (column, cell) in &row.cells {
        let none = lang.pick("（无）", "(none)");
        let mut value = cell.clone().unwrap_or_else(|| none.to_owned());
        if row.masked.contains(column) {
            value.push_str(lang.pick("（已遮盖）", " (masked)"));
        }
        table.row([column.clone(), value]);
    }
    out.push_str(&table.render("空行", "an empty row"));
}
