//! `feed …`: what is owed to systems, and why some of it is not there.

use std::process::ExitCode;

use clap::Subcommand;

use super::words::{dataset, header, system, word};
use super::{Context, Table, reach};
use crate::console::{Ask, FeedAnswer, FeedChanged, FeedLine, FeedsAnswer, Moment, Resent};
use crate::diagnostic::{Failure, Lang, Words, count};

#[derive(Debug, Subcommand)]
pub enum FeedCommand {
    List,
    Show {
        name: String,
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    Pause {
        name: String,
        #[arg(long, default_value = "")]
        why: String,
    },
    Resume {
        name: String,
    },
    Resend {
        name: String,
        #[arg(long)]
        record: Option<i64>,
    },
}

pub(super) fn run(command: &FeedCommand, context: &Context) -> Result<ExitCode, Failure> {
    match command.clone_ask() {
        ask @ Ask::FeedList => {
            let (feeds, json) = reach::ask::<FeedsAnswer>(context, ask)?;
            context.show(|| list(&feeds, context), || json)?;
        }
        ask @ Ask::FeedShow { .. } => {
            let (feed, json) = reach::ask::<FeedAnswer>(context, ask)?;
            context.show(|| show(&feed, context), || json)?;
        }
        ask @ Ask::FeedResend { .. } => {
            let (resent, json) = reach::ask::<Resent>(context, ask)?;
            context.show(|| resent_text(&resent, context.lang), || json)?;
        }
        ask => {
            let (changed, json) = reach::ask::<FeedChanged>(context, ask)?;
            context.show(|| changed_text(&changed, context.lang), || json)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

impl FeedCommand {
    fn clone_ask(&self) -> Ask {
        match self {
            Self::List => Ask::FeedList,
            Self::Show { name, limit } => Ask::FeedShow { name: name.clone(), limit: *limit },
            Self::Pause { name, why } => Ask::FeedPause { name: name.clone(), why: why.clone() },
            Self::Resume { name } => Ask::FeedResume { name: name.clone() },
            Self::Resend { name, record } => Ask::FeedResend { name: name.clone(), record: *record },
        }
    }
}

const STATES: [&str; 7] = ["up_to_date", "due", "blocked", "sending", "unknown", "rejected", "withheld"];

fn figures(line: &FeedLine) -> [String; 8] {
    let b = &line.books;
    [b.owed, b.up_to_date, b.due, b.blocked, b.sending, b.unknown, b.rejected, b.withheld].map(|n| n.to_string())
}

fn list(answer: &FeedsAnswer, context: &Context) -> String {
    let lang = context.lang;
    let mut head = vec![("订阅", "feed"), ("去向", "to"), ("状态", "state"), ("应送", "owed")];
    head.extend(STATES.map(header));
    head.push(("最近回执（北京时间）", "last answer (Beijing)"));
    let mut table = Table::new(context, &head);
    for f in &answer.feeds {
        let row = [f.books.feed.clone(), f.to.clone(), word(&f.books.state, lang).to_owned()].into_iter();
        table.row(row.chain(figures(f)).chain([shown(f.answered)]));
    }
    let mut out = table.render(
        "没有订阅；订阅写在 config/systems/*.toml 的 [[feed]] 下",
        "no feeds; they stand as [[feed]] in config/systems/*.toml",
    );
    for f in &answer.feeds {
        if let Some(said) = state_said(f) {
            let colon = lang.pick("：", ": ");
            out.push_str(&format!("{}{colon}{}\n", f.books.feed, said.get(lang)));
        }
    }
    out
}

/// What a feed's state means, where it does not simply send.
fn state_said(line: &FeedLine) -> Option<Words> {
    let name = &line.books.feed;
    Some(match (line.books.state.as_str(), line.rests_until.map(Moment::shown)) {
        ("walking", _) => Words::new(
            "补齐中：已有的记录还没有全部列为应送；`run` 先补齐，再发送",
            "filling: not all stored records count as owed yet; `run` goes through them first, then sends",
        ),
        ("paused", _) => Words::new(
            format!("已暂停：`feed resume {name}` 之前什么都不发送"),
            format!("paused: nothing is sent before `feed resume {name}`"),
        ),
        (_, Some(until)) => Words::new(
            format!("连续 {} 次未接通，{until} 再试；`feed resume {name}` 立即再试", line.tries),
            format!(
                "{} calls in a row did not get through, again at {until}; `feed resume {name}` tries at once",
                line.tries
            ),
        ),
        _ => return None,
    })
}

pub(super) fn shown(moment: Option<Moment>) -> String {
    moment.map_or_else(String::new, Moment::shown)
}

fn show(feed: &FeedAnswer, context: &Context) -> String {
    let lang = context.lang;
    let (line, books) = (&feed.line, &feed.line.books);
    let name = system(&line.system, &line.system_zh, lang);
    let datasets =
        if line.datasets == ["*"] { lang.pick("全部", "all").to_owned() } else { line.datasets.join(", ") };
    let mut state = word(&books.state, lang).to_owned();
    if !line.state_why.is_empty() {
        state.push_str(&format!("{}{}", lang.pick("：", ": "), line.state_why));
    }
    if let Some(until) = line.rests_until {
        state.push_str(&match lang {
            Lang::Zh => format!("；连续 {} 次未接通，{} 再试", line.tries, until.shown()),
            Lang::En => format!(
                "; {} in a row did not get through, again at {}",
                count(line.tries, "call", "calls"),
                until.shown()
            ),
        });
    }
    let mut out = match lang {
        Lang::Zh => {
            format!("订阅 {}\n系统：{name}\n去向：{}\n数据集：{datasets}\n状态：{state}\n\n", books.feed, line.to)
        }
        Lang::En => {
            format!("feed {}\nsystem: {name}\nto: {}\ndatasets: {datasets}\nstate: {state}\n\n", books.feed, line.to)
        }
    };
    let mut head = vec![("应送", "owed")];
    head.extend(STATES.map(header));
    let mut sum = Table::new(context, &head);
    sum.row(figures(line));
    out.push_str(&sum.render("", ""));

    let mut causes = Table::new(context, &[("状态", "state"), ("原因", "why"), ("条数", "records"), ("例", "example")]);
    for c in &feed.causes {
        causes.row([
            word(&c.state, lang).to_owned(),
            c.why.get(lang).to_owned(),
            c.count.to_string(),
            c.record.to_string(),
        ]);
    }
    out.push_str(lang.pick("\n没到的，为什么\n", "\nWhat is not there, and why\n"));
    out.push_str(&causes.render("没有受阻、未知、被拒或暂扣的", "nothing is blocked, unknown, rejected or withheld"));

    if !feed.open.is_empty() {
        let head = [
            ("记录", "record"),
            ("数据集", "dataset"),
            ("来源标识", "identity"),
            ("状态", "state"),
            ("应有", "wanted"),
            ("对方有", "there"),
            ("原因", "why"),
        ];
        let mut open = Table::new(context, &head);
        for d in &feed.open {
            let there = if d.accepted_version == 0 { "-".to_owned() } else { d.accepted_version.to_string() };
            let state = word(&d.state, lang).to_owned();
            let (record, wanted) = (d.record.to_string(), d.wanted_version.to_string());
            open.row([
                record,
                dataset(&d.dataset, lang),
                d.identity.replace('\u{1f}', " / "),
                state,
                wanted,
                there,
                d.why.get(lang).to_owned(),
            ]);
        }
        out.push('\n');
        out.push_str(&open.render("", ""));
    }
    if !feed.advice.is_empty() {
        out.push_str(&format!("{}\n", feed.advice.get(lang)));
    }
    let head = [
        ("请求", "request"),
        ("发出（北京时间）", "sent (Beijing)"),
        ("记录", "records"),
        ("次数", "sends"),
        ("结果", "class"),
        ("状态码", "status"),
        ("回执", "answer"),
    ];
    let mut requests = Table::new(context, &head);
    for q in &feed.newest_requests {
        let class = word(&q.class, lang).to_owned();
        let (records, sends, status) = (q.records.to_string(), q.sends.to_string(), q.status.to_string());
        requests.row([q.name.clone(), shown(q.sent), records, sends, class, status, one_line(q.answer.get(lang))]);
    }
    out.push_str(lang.pick("\n最近的请求\n", "\nNewest requests\n"));
    out.push_str(&requests.render("还没有请求", "no requests yet"));
    out
}

/// Characters of an answer in a table; `record trace` shows more.
const ANSWER_CHARS_MAX: usize = 60;

pub(super) fn one_line(text: &str) -> String {
    let mut line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(ANSWER_CHARS_MAX) {
        line.truncate(at);
        line.push('…');
    }
    line
}

fn changed_text(changed: &FeedChanged, lang: Lang) -> String {
    let (feed, state) = (&changed.feed, word(&changed.state, lang));
    match (changed.changed, lang) {
        (true, Lang::Zh) => format!("订阅 {feed}：{state}\n"),
        (true, Lang::En) => format!("feed {feed}: {state}\n"),
        (false, Lang::Zh) => format!("订阅 {feed} 原来就是：{state}\n"),
        (false, Lang::En) => format!("feed {feed} was so already: {state}\n"),
    }
}

fn resent_text(resent: &Resent, lang: Lang) -> String {
    let (feed, due) = (&resent.feed, resent.due);
    match (due, lang) {
        (0, Lang::Zh) => format!("订阅 {feed} 没有被拒收或暂扣的记录\n"),
        (0, Lang::En) => format!("feed {feed}: nothing was rejected or withheld\n"),
        (_, Lang::Zh) => format!("订阅 {feed}：{due} 条重新应投\n"),
        (_, Lang::En) => format!("feed {feed}: {due} due again\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Output;
    use super::super::context::testing;
    use super::*;
    use crate::store::FeedBooks;

    fn line(feed: &str, state: &str, rests_until: Option<Moment>) -> FeedLine {
        FeedLine {
            system: "province".into(),
            system_zh: "省平台".into(),
            to: "web".into(),
            datasets: vec!["*".into()],
            books: FeedBooks { feed: feed.into(), state: state.into(), ..FeedBooks::default() },
            state_why: String::new(),
            tries: 3,
            rests_until,
            answered: None,
        }
    }

    #[test]
    fn what_the_state_of_a_feed_means_is_told_below_the_list() {
        let until = Some(Moment(1_795_528_020_000_000));
        let states =
            [("p/on", "on", None), ("p/new", "walking", None), ("p/off", "paused", None), ("p/down", "on", until)];
        let feeds = FeedsAnswer { feeds: states.map(|(feed, state, until)| line(feed, state, until)).to_vec() };
        let listed = |lang| list(&feeds, &testing::context("hub.toml", Output::Text, lang).0);
        insta::assert_snapshot!(format!("{}\n{}", listed(Lang::En), listed(Lang::Zh)), @"
        feed    to   state    owed  up to date  due  blocked  sending  unknown  rejected  withheld  last answer (Beijing)
        p/on    web  on       0     0           0    0        0        0        0         0
        p/new   web  filling  0     0           0    0        0        0        0         0
        p/off   web  paused   0     0           0    0        0        0        0         0
        p/down  web  on       0     0           0    0        0        0        0         0
        p/new: filling: not all stored records count as owed yet; `run` goes through them first, then sends
        p/off: paused: nothing is sent before `feed resume p/off`
        p/down: 3 calls in a row did not get through, again at 2026-11-24 21:47:00; `feed resume p/down` tries at once

        订阅    去向  状态    应送  已达  应投  受阻  发送中  未知  被拒  暂扣  最近回执（北京时间）
        p/on    web   启用    0     0     0     0     0       0     0     0
        p/new   web   补齐中  0     0     0     0     0       0     0     0
        p/off   web   已暂停  0     0     0     0     0       0     0     0
        p/down  web   启用    0     0     0     0     0       0     0     0
        p/new：补齐中：已有的记录还没有全部列为应送；`run` 先补齐，再发送
        p/off：已暂停：`feed resume p/off` 之前什么都不发送
        p/down：连续 3 次未接通，2026-11-24 21:47:00 再试；`feed resume p/down` 立即再试
        ");
    }
}
