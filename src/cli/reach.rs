//! Reaching the hub: through its control socket while one runs, else by opening its store for this one question.
//!
//! The socket is tried first, since a question to it touches no file. Between the two lies a gap (a hub that is just
//! starting or stopping, another command that has the store for a moment), so both are tried again for a while before
//! a person is told who holds the store.

use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::runtime::Runtime;

use super::Context;
use crate::config::Config;
use crate::console::{Ask, Client, ClientError, Stages, Tell, answer, serve, store_failure};
use crate::diagnostic::{Failure, FailureKind, io_words};
use crate::pipeline::Hub;
use crate::pipeline::open::OpenError;
use crate::store::StoreError;

/// How often store and socket are tried before the holder is named, and the wait in between: three seconds in all,
/// longer than a question takes.
const TRIES: u32 = 30;
const TRY_EVERY: Duration = Duration::from_millis(100);

/// What a command waits in.
pub(super) fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        let why = io_words(&error);
        Failure::new(
            FailureKind::Unavailable,
            format!("无法启动线程：{}", why.zh),
            format!("threads cannot be started: {}", why.en),
        )
    })
}

/// Asks, and gives the answer both typed, for a person, and as it came, for a program.
pub(super) fn ask<T: DeserializeOwned>(context: &Context, ask: Ask) -> Result<(T, Value), Failure> {
    ask_with(context, ask, &(Arc::new(|_| {}) as Tell))
}

/// The same, telling how far the work has come, where this process does it.
pub(super) fn ask_with<T: DeserializeOwned>(context: &Context, ask: Ask, tell: &Tell) -> Result<(T, Value), Failure> {
    let value = runtime()?.block_on(reach(context, &ask, tell))?;
    let typed = serde_json::from_value(value.clone()).map_err(|error| {
        Failure::new(
            FailureKind::Unavailable,
            format!("无法理解运行中枢纽的答复：{error}"),
            format!("the running hub's answer cannot be understood: {error}"),
        )
        .hint("它的版本与此程序不同；请重新启动枢纽", "its version differs from this program's; restart it")
    })?;
    Ok((typed, value))
}

async fn reach(context: &Context, ask: &Ask, tell: &Tell) -> Result<Value, Failure> {
    let mut config = context.config()?;
    let socket = config.socket_path();
    let client = Client::new(&socket)?;
    let mut left = TRIES;
    loop {
        match client.ask(ask).await {
            Ok(answer) => return Ok(answer),
            Err(ClientError::Refused(failure)) => return Err(*failure),
            Err(ClientError::Cut) => return Err(cut()),
            Err(ClientError::Nobody) => {}
        }
        match open(context, config).await {
            Ok(hub) => {
                let hub = Arc::new(hub);
                // A run takes its time, and others may ask meanwhile; without a socket they are told who holds the store.
                let long = matches!(ask, Ask::JobRun { .. });
                let served = long.then(|| serve(hub.clone(), Stages::Once, &socket));
                if let Some(Err(error)) = &served {
                    tracing::warn!(%error, "Other commands cannot ask while this one works.");
                }
                return answer(&hub, Stages::Still, ask.clone(), tell).await;
            }
            Err(OpenError::Store(StoreError::Held { .. })) if left > 0 => {
                left -= 1;
                tokio::time::sleep(TRY_EVERY).await;
                config = context.config()?;
            }
            Err(OpenError::Store(StoreError::Held { path, pid })) => {
                let socket = socket.display();
                return Err(store_failure(StoreError::Held { path, pid }).hint(
                    format!("该进程未在控制套接字 {socket} 上应答；待其结束后再试"),
                    format!("it does not answer on its control socket {socket}; try again when it has ended"),
                ));
            }
            Err(error) => return Err(open_failure(error)),
        }
    }
}

/// Opens the hub as configured.
pub(super) async fn open(context: &Context, config: Config) -> Result<Hub, OpenError> {
    let schema = context.schema(&config).map_err(|failure| OpenError::Mistakes(failure.diagnostics.into_vec()))?;
    Hub::open(config, Arc::new(schema)).await
}

pub(super) fn open_failure(error: OpenError) -> Failure {
    match error {
        OpenError::Mistakes(mistakes) => Failure::of_diagnostics(mistakes),
        OpenError::Store(error) => store_failure(error),
    }
}

fn cut() -> Failure {
    Failure::new(
        FailureKind::Unavailable,
        "运行中的枢纽没有答完，命令是否已执行不得而知",
        "the running hub did not finish its answer; whether the command was done is not known",
    )
    .hint("用 list 或 show 查看现状后再试", "look with list or show before you try again")
}
