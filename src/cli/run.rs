//! `run`: the exchange itself, until it is told to stop; `run --once`: each job once, and everything that follows.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::words::{dataset, header, outcome_cells, outcome_headers, word};
use super::{Context, Progress, Table, reach};
use crate::console::{self, Client, OnceAnswer, ServeError, Stages, serve, store_failure};
use crate::diagnostic::{Failure, FailureKind, Lang, io_words};
use crate::pipeline::open::OpenError;
use crate::pipeline::{Hub, work};
use crate::store::StoreError;
use crate::telemetry;

#[derive(Debug, Args)]
pub struct RunArgs {
    #[arg(long)]
    once: bool,
    #[arg(long, requires = "once")]
    strict: bool,
}

/// How often the store is tried before a second run is refused: another command may have it for a moment.
const TRIES: u32 = 20;
const TRY_EVERY: Duration = Duration::from_millis(100);

pub(super) fn run(args: &RunArgs, context: &Context) -> Result<ExitCode, Failure> {
    let log = context.config()?.hub.log;
    // What `--once` has to say stands in its report; its log is for what nobody expected.
    let level = if args.once && log.level.0 == "info" { "warn" } else { &log.level.0 };
    let telemetry = telemetry::start(log.format, level)?;
    let runtime = reach::runtime()?;
    let code = runtime.block_on(async {
        let hub = Arc::new(open(context).await?);
        if args.once { once(hub, args.strict, context).await } else { forever(hub).await }
    });
    // What still works now is told to nobody: everything that counts is in the store.
    runtime.shutdown_background();
    drop(telemetry);
    code
}

/// Opens the hub, or refuses a second one, naming the first.
async fn open(context: &Context) -> Result<Hub, Failure> {
    let mut left = TRIES;
    loop {
        let config = context.config()?;
        let socket = config.socket_path();
        match reach::open(context, config).await {
            Ok(hub) => return Ok(hub),
            Err(OpenError::Store(StoreError::Held { path, pid })) => {
                let answers = Client::new(&socket)?.ask(&console::Ask::JobList).await.is_ok();
                if answers || left == 0 {
                    return Err(second(&path, &pid, answers));
                }
                left -= 1;
                tokio::time::sleep(TRY_EVERY).await;
            }
            Err(error) => return Err(reach::open_failure(error)),
        }
    }
}

fn second(path: &std::path::Path, pid: &str, answers: bool) -> Failure {
    let path = path.display();
    let failure = Failure::new(
        FailureKind::Unavailable,
        format!("枢纽已在运行：进程 {pid} 正使用数据库 {path}"),
        format!("a hub runs already: process {pid} holds the database {path}"),
    );
    match answers {
        true => failure.hint(
            format!("其他命令可与它同时使用；要停止它：kill {pid}"),
            format!("every other command works beside it; to stop it: kill {pid}"),
        ),
        false => failure.hint("待该进程结束后再试", "try again when that process has ended"),
    }
}

/// Runs until a signal: the first lets everything under way come to its end, the second ends at once.
async fn forever(hub: Arc<Hub>) -> Result<ExitCode, Failure> {
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    // A terminal that is closed is no reason for half-done work.
    let mut hangup = listen(SignalKind::hangup())?;
    let socket = hub.config.socket_path();
    let served = serve(hub.clone(), Stages::Running, &socket).map_err(serve_failure)?;
    let (pid, jobs, feeds) = (std::process::id(), hub.jobs.len(), hub.feeds.len());
    tracing::info!(pid, jobs, feeds, socket = %socket.display(), "The hub runs: {jobs} jobs, {feeds} feeds.");
    let (stop, stopped) = watch::channel(false);
    let wait = Duration::from_millis(hub.config.hub.deliver.stop_wait_ms);
    let mut stages = tokio::spawn(work::forever(hub, stopped));
    tokio::select! {
        ended = &mut stages => return stages_ended(ended),
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = hangup.recv() => {}
    }
    tracing::info!("The hub stops: what is under way comes to its end first. A second signal ends it at once.");
    stop.send_replace(true);
    let result = tokio::select! {
        ended = tokio::time::timeout(wait, &mut stages) => match ended {
            Ok(ended) => stages_ended(ended),
            Err(_) => {
                tracing::warn!("Not everything came to its end in time; what was being sent is resolved at the next start.");
                Ok(ExitCode::SUCCESS)
            }
        },
        _ = terminate.recv() => Ok(at_once()),
        _ = interrupt.recv() => Ok(at_once()),
    };
    drop(served);
    tracing::info!("The hub has stopped.");
    result
}

fn at_once() -> ExitCode {
    tracing::warn!("The hub ends at once; what was under way is taken up at the next start.");
    ExitCode::SUCCESS
}

fn stages_ended(ended: Result<crate::store::Result<()>, tokio::task::JoinError>) -> Result<ExitCode, Failure> {
    match ended {
        Ok(Ok(())) => Ok(ExitCode::SUCCESS),
        Ok(Err(error)) => Err(store_failure(error)),
        Err(error) => Err(Failure::new(
            FailureKind::Internal,
            format!("程序出错：{error}"),
            format!("the program failed: {error}"),
        )),
    }
}

fn listen(kind: SignalKind) -> Result<Signal, Failure> {
    signal(kind).map_err(|error| {
        let why = io_words(&error);
        Failure::new(
            FailureKind::Unavailable,
            format!("无法接收停止信号：{}", why.zh),
            format!("stop signals cannot be received: {}", why.en),
        )
    })
}

fn serve_failure(error: ServeError) -> Failure {
    let hint = (
        "用 hub.toml 的 [control] socket 另指定一个较短的、可写的路径",
        "name another one with [control] socket in hub.toml: short, and where this account may write",
    );
    match error {
        ServeError::Taken { path } => Failure::new(
            FailureKind::Unavailable,
            format!("控制套接字 {} 已有另一程序在应答", path.display()),
            format!("another program answers on the control socket {}", path.display()),
        ),
        ServeError::Socket { path, source } => {
            let (why, path) = (io_words(&source), path.display());
            Failure::new(
                FailureKind::Unavailable,
                format!("无法建立控制套接字 {path}：{}", why.zh),
                format!("the control socket {path} cannot be made: {}", why.en),
            )
        }
    }
    .hint(hint.0, hint.1)
}

async fn once(hub: Arc<Hub>, strict: bool, context: &Context) -> Result<ExitCode, Failure> {
    // Without a socket others wait for the store, or are told who has it; the run itself is none the worse.
    let served = serve(hub.clone(), Stages::Once, &hub.config.socket_path());
    if let Err(error) = &served {
        tracing::warn!(%error, "Other commands cannot ask while this run works.");
    }
    let since = console::since(&hub).await?;
    let answer = {
        let progress = Progress::new(context, 0, context.pick("读取的行", "rows read"));
        let seen = std::sync::Mutex::new((String::new(), 0));
        let told = |job: &str, taken: &crate::pipeline::intake::Taken| {
            let mut seen = seen.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if seen.0 != job {
                *seen = (job.to_owned(), 0);
            }
            progress.advance(taken.rows - seen.1);
            seen.1 = taken.rows;
        };
        let once = work::once(hub.clone(), &told).await.map_err(store_failure)?;
        console::report(&hub, since, once).await?
    };
    drop(served);
    context.show(|| text(&answer, context), || serde_json::to_value(&answer).unwrap_or_default())?;
    let good = answer.balanced && !answer.failed() && !(strict && answer.waits_for_a_person());
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::Refused.exit_code()) })
}

/// The report for a person: taken in, became, went, waits, next.
fn text(answer: &OnceAnswer, context: &Context) -> String {
    let lang = context.lang;
    let mut out = String::new();
    section(&mut out, lang, ("收取", "Taken in"));
    let mut jobs = Table::new(
        context,
        &[("任务", "job"), ("状态", "state"), ("文件", "files"), ("已取过", "known"), ("行", "rows")],
    );
    for j in &answer.jobs {
        let figures = [j.files, j.files_known, j.rows].map(|n| n.to_string());
        jobs.row([j.job.clone(), word(&j.state, lang).to_owned()].into_iter().chain(figures));
    }
    out.push_str(&jobs.render("没有任务", "no jobs"));
    for j in answer.jobs.iter().filter(|j| !j.en.is_empty()) {
        let said = lang.pick(&j.zh, &j.en).replace('\n', "\n    ");
        out.push_str(&format!("{}\n    {said}\n", j.job));
    }

    section(&mut out, lang, ("处理结果", "What became of the rows"));
    let mut head = vec![("映射", "mapping"), ("数据集", "dataset"), ("条目", "items")];
    head.extend(outcome_headers());
    let mut mappings = Table::new(context, &head);
    for m in &answer.mappings {
        let name = dataset(&m.dataset, lang);
        mappings.row([m.mapping.clone(), name, m.items.to_string()].into_iter().chain(outcome_cells(&m.outcomes)));
    }
    out.push_str(&mappings.render("没有新的行", "no new rows"));

    section(&mut out, lang, ("投递", "Where it went"));
    let states = ["up_to_date", "due", "blocked", "unknown", "rejected", "withheld"];
    let mut head = vec![("订阅", "feed"), ("去向", "to"), ("本次送出", "sent now"), ("应送", "owed")];
    head.extend(states.map(header));
    let mut feeds = Table::new(context, &head);
    for f in &answer.feeds {
        let b = &f.line.books;
        let sent: i64 = f.sent.iter().map(|(_, n)| n).sum();
        let figures = [sent, b.owed, b.up_to_date, b.due, b.blocked, b.unknown, b.rejected, b.withheld];
        feeds.row([b.feed.clone(), f.line.to.clone()].into_iter().chain(figures.map(|n| n.to_string())));
    }
    out.push_str(&feeds.render("没有订阅", "no feeds"));

    section(&mut out, lang, ("待处理", "What waits"));
    let mut reasons =
        Table::new(context, &[("条目", "items"), ("原因", "reason"), ("例", "example"), ("说明", "what it says")]);
    for r in &answer.reasons {
        reasons.row([r.count.to_string(), r.code.clone(), r.item.clone(), lang.pick(&r.zh, &r.en).to_owned()]);
    }
    out.push_str(&reasons.render("没有隔离或等待的条目", "nothing is in quarantine, nothing waits"));

    section(&mut out, lang, ("账", "Books"));
    out.push_str(match answer.balanced {
        true => lang.pick("账平\n", "the books balance\n"),
        false => lang.pick("账不平\n", "the books do not balance\n"),
    });
    section(&mut out, lang, ("下一步", "What to do next"));
    for step in &answer.next {
        out.push_str(&format!("{}\n    exchange-hub {}\n", lang.pick(&step.zh, &step.en), step.command));
    }
    out
}

fn section(out: &mut String, lang: Lang, (zh, en): (&str, &str)) {
    if !out.is_empty() {
        out.push('\n');
    }
    out.push_str(lang.pick(zh, en));
    out.push('\n');
}
