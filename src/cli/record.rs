//! `record …`: where is it and why.

use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::feed::shown;
use super::quarantine::place;
use super::words::{dataset, system, word};
use super::{Context, Table, reach};
use crate::console::{Ask, AttemptLine, FoundAnswer, ItemLine, RecordAnswer, Stood, TraceAnswer, VersionLine, Which};
use crate::diagnostic::{Failure, FailureKind, Lang, count};

#[derive(Debug, Subcommand)]
pub enum RecordCommand {
    Find {
        text: String,
        #[arg(long)]
        dataset: Option<String>,
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    Show {
        #[command(flatten)]
        which: WhichArgs,
        #[arg(long)]
        version: Option<i64>,
    },
    Trace {
        #[command(flatten)]
        which: WhichArgs,
    },
}

/// A record's number, or a dataset and its key.
#[derive(Debug, Args)]
pub struct WhichArgs {
    #[arg(required = true, num_args = 1.., value_name = "RECORD")]
    record: Vec<String>,
}

impl WhichArgs {
    fn which(&self) -> Result<Which, Failure> {
        match &self.record[..] {
            [number] => number.parse().map(Which::Number).map_err(|_| {
                Failure::new(
                    FailureKind::User,
                    format!("`{number}` 不是记录号"),
                    format!("`{number}` is no record's number"),
                )
                .hint(
                    "写记录号，或数据集及其业务主键：record show 503 E420…001；`record find 文字` 可查找",
                    "write a number, or a dataset and its key: record show 503 E420…001; `record find TEXT` searches",
                )
            }),
            [dataset, key @ ..] => Ok(Which::Key { dataset: dataset.clone(), key: key.to_vec() }),
            [] => Ok(Which::Number(0)),
        }
    }
}

pub(super) fn run(command: &RecordCommand, context: &Context) -> Result<ExitCode, Failure> {
    match command {
        RecordCommand::Find { text, dataset, limit } => {
            let ask = Ask::RecordFind { text: text.clone(), dataset: dataset.clone(), limit: *limit };
            let (found, json) = reach::ask::<FoundAnswer>(context, ask)?;
            context.show(|| found_text(&found, context), || json)?;
        }
        RecordCommand::Show { which, version } => {
            let ask = Ask::RecordShow { which: which.which()?, version: *version };
            let (record, json) = reach::ask::<RecordAnswer>(context, ask)?;
            context.show(|| record_text(&record, context), || json)?;
        }
        RecordCommand::Trace { which } => {
            let (trace, json) = reach::ask::<TraceAnswer>(context, Ask::RecordTrace { which: which.which()? })?;
            context.show(|| trace_text(&trace, context), || json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn found_text(found: &FoundAnswer, context: &Context) -> String {
    let lang = context.lang;
    let head = [
        ("记录", "record"),
        ("数据集", "dataset"),
        ("业务主键", "key"),
        ("名称", "name"),
        ("归属", "owner"),
        ("版本", "version"),
        ("匹配", "found by"),
        ("订阅", "feeds"),
    ];
    let mut table = Table::new(context, &head);
    for f in &found.records {
        let r = &f.record;
        let feeds: Vec<String> = f.feeds.iter().map(|(feed, state)| format!("{feed} {}", word(state, lang))).collect();
        let version = if r.live { r.version.to_string() } else { format!("{} {}", r.version, word("withdrawn", lang)) };
        let by = f.by.join(", ").replace("identity", lang.pick("来源标识", "source's key"));
        let named = dataset(&r.dataset, lang);
        table.row([
            r.record.to_string(),
            named,
            r.key.clone(),
            r.name.clone(),
            r.system.clone(),
            version,
            by,
            feeds.join(", "),
        ]);
    }
    let none = (format!("没有记录含“{}”", found.text), format!("no record has \"{}\"", found.text));
    let mut out = table.render(&none.0, &none.1);
    if found.more {
        out.push_str(
            lang.pick("还有更多；写全一些，或加 --limit\n", "there are more; write more of it, or use --limit\n"),
        );
    }
    if !found.items.is_empty() {
        out.push_str(lang.pick("\n尚未成为记录的行\n", "\nRows that are no records yet\n"));
        out.push_str(&items(&found.items, context));
    }
    out
}

fn items(items: &[ItemLine], context: &Context) -> String {
    super::quarantine::lines(items, context).render("", "")
}

fn heading(r: &RecordAnswer, lang: Lang) -> String {
    let mut out = dataset(&r.dataset, lang);
    out.push('\n');
    if !r.name.is_empty() {
        out.push_str(&format!("{}\n", r.name));
    }
    let owner = system(&r.system, &r.system_zh, lang);
    let state = if r.live { lang.pick("生效", "live") } else { word("withdrawn", lang) };
    let changed = shown(r.changed);
    out.push_str(&match lang {
        Lang::Zh => format!(
            "记录 {}，第 {} 版，{state}，{changed}\n业务主键：{}\n归属：{owner}，来源标识 {}\n",
            r.record, r.version, r.key, r.identity
        ),
        Lang::En => format!(
            "record {}, version {}, {state}, {changed}\nkey: {}\nowner: {owner}, source's key {}\n",
            r.record, r.version, r.key, r.identity
        ),
    });
    out
}

fn record_text(r: &RecordAnswer, context: &Context) -> String {
    let lang = context.lang;
    let mut out = heading(r, lang);
    if r.shown_version != r.version {
        out.push_str(&match lang {
            Lang::Zh => format!("以下为第 {} 版\n", r.shown_version),
            Lang::En => format!("version {} follows\n", r.shown_version),
        });
    }
    out.push('\n');
    let mut table = Table::new(context, &[("名称", "name"), ("字段", "field"), ("值", "value"), ("含义", "means")]);
    for f in &r.fields {
        let name = if lang == Lang::En && !f.en.is_empty() { &f.en } else { &f.zh };
        let means = if f.masked { lang.pick("已遮盖", "masked") } else { f.means.get(lang) };
        table.row([name.as_str(), &f.field, &f.value, means]);
    }
    out.push_str(&table.render("没有字段", "no fields"));
    out
}

fn trace_text(t: &TraceAnswer, context: &Context) -> String {
    let lang = context.lang;
    let mut out = heading(&t.record, lang);
    out.push_str(lang.pick("\n现在在哪\n", "\nWhere it is\n"));
    for d in &t.deliveries {
        out.push_str(&format!("{}: {}\n", d.feed, lang.pick(&d.zh, &d.en)));
    }
    for feed in &t.not_owed {
        out.push_str(&format!("{feed}: {}\n", lang.pick("不在订阅范围", "the feed does not carry it")));
    }
    if t.deliveries.is_empty() && t.not_owed.is_empty() {
        out.push_str(lang.pick("没有订阅\n", "no feeds\n"));
    }
    if t.waiting_for_it > 0 {
        let n = t.waiting_for_it;
        out.push_str(&match lang {
            Lang::Zh => format!("有 {n} 个条目在等它\n"),
            Lang::En => format!("{} for it\n", count(n, "item waits", "items wait")),
        });
    }
    if !t.parents.is_empty() {
        let head = [("上级", "parent"), ("值", "value"), ("必需", "required"), ("记录", "record"), ("订阅", "feeds")];
        let mut parents = Table::new(context, &head);
        for p in &t.parents {
            let feeds: Vec<String> = p.feeds.iter().map(|(f, state)| format!("{f} {}", word(state, lang))).collect();
            let record = p.record.map_or_else(|| lang.pick("没有", "none").to_owned(), |r| r.to_string());
            let required = lang.pick(if p.required { "是" } else { "否" }, if p.required { "yes" } else { "no" });
            let named = dataset(&p.dataset, lang);
            parents.row([named, p.value.clone(), required.to_owned(), record, feeds.join(", ")]);
        }
        out.push_str(lang.pick("\n上级\n", "\nParents\n"));
        out.push_str(&parents.render("", ""));
    }
    out.push_str(lang.pick("\n版本，新的在上\n", "\nVersions, newest first\n"));
    for v in &t.versions {
        version(&mut out, v, lang);
    }
    if t.versions_more {
        out.push_str(lang.pick("更早的未列出\n", "older ones are not listed\n"));
    }
    if !t.items.is_empty() {
        out.push_str(
            lang.pick("\n曾经或正在等待、隔离的行\n", "\nRows that waited or were quarantined, or still are\n"),
        );
        out.push_str(&items(&t.items, context));
    }
    for d in t.deliveries.iter().filter(|d| !d.attempts.is_empty()) {
        out.push_str(&match lang {
            Lang::Zh => format!("\n尝试与回执：{}\n", d.feed),
            Lang::En => format!("\nAttempts and receipts: {}\n", d.feed),
        });
        for a in &d.attempts {
            attempt(&mut out, a, lang);
        }
    }
    out
}

fn version(out: &mut String, v: &VersionLine, lang: Lang) {
    let (made, operation) = (shown(v.made), word(&v.operation, lang));
    out.push_str(&match lang {
        Lang::Zh => format!("第 {} 版 {operation} {made}\n", v.version),
        Lang::En => format!("version {} {operation} {made}\n", v.version),
    });
    let (job, stood) = (&v.job, stood(&v.stood, lang));
    out.push_str(&match lang {
        Lang::Zh => format!(
            "    来自任务 {job} 第 {} 次运行，{stood}，读取 {}\n    映射 {} 第 {} 修订\n",
            v.run,
            shown(v.read),
            v.mapping,
            v.revision
        ),
        Lang::En => format!(
            "    from job {job}, run {}, {stood}, read {}\n    mapping {}, revision {}\n",
            v.run,
            shown(v.read),
            v.mapping,
            v.revision
        ),
    });
    for (record, version) in &v.looked_at {
        out.push_str(&match lang {
            Lang::Zh => format!("    取用了记录 {record} 第 {version} 版的值\n"),
            Lang::En => format!("    took a value of record {record}, version {version}\n"),
        });
    }
    for w in &v.warnings {
        out.push_str(&format!("    {}{}\n", lang.pick("提醒：", "warning: "), lang.pick(&w.zh, &w.en)));
    }
    for c in &v.changes {
        let name = lang.pick(&c.zh, &c.en);
        let none = lang.pick("（无）", "(none)");
        let (before, after) = (c.before.as_deref().unwrap_or(none), c.after.as_deref().unwrap_or(none));
        out.push_str(&format!("    {name}: {before} → {after}\n"));
    }
}

/// Where a row stood, in a few words.
pub(super) fn stood(stood: &Stood, lang: Lang) -> String {
    let (batch, row) = (stood.batch, stood.row);
    let at = match lang {
        Lang::Zh => format!("批次 {batch} 第 {row} 行"),
        Lang::En => format!("batch {batch}, row {row}"),
    };
    match place(stood) {
        place if place.is_empty() => at,
        place => format!("{place}{}{at}{}", lang.pick("（", " ("), lang.pick("）", ")")),
    }
}

fn attempt(out: &mut String, a: &AttemptLine, lang: Lang) {
    let (operation, class, sent, answered) =
        (word(&a.operation, lang), word(&a.class, lang), shown(a.sent), shown(a.answered));
    out.push_str(&match lang {
        Lang::Zh => format!("{} 第 {} 版 {operation}：{class}\n", a.attempt, a.version),
        Lang::En => format!("{} version {} {operation}: {class}\n", a.attempt, a.version),
    });
    let status = if a.status == 0 { String::new() } else { format!(" {}", a.status) };
    let sends = if a.sends > 1 { format!(" ×{}", a.sends) } else { String::new() };
    out.push_str(&match lang {
        Lang::Zh => format!("    请求 {}（{} 条）{sends} 发出 {sent}，回执 {answered}{status}\n", a.name, a.records),
        Lang::En => {
            let records = count(a.records, "record", "records");
            format!("    request {} ({records}){sends} sent {sent}, answered {answered}{status}\n", a.name)
        }
    });
    if !a.receipt.is_empty() {
        out.push_str(&format!("    「{}」\n", a.receipt.get(lang).split_whitespace().collect::<Vec<_>>().join(" ")));
    }
}
