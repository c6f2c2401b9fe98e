//! `rehearse`: the built-in receiver by itself, to send to before the real one is there.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use serde::Deserialize;
use serde_json::json;
use tokio::net::TcpListener;

use super::{Context, reach};
use crate::diagnostic::{Diagnostic, Failure, FailureKind, io_words, same, say};
use crate::rehearsal::{Memory, Receiver, Refuse, RehearsalConfig, serve};

#[derive(Debug, Args)]
pub struct RehearseArgs {
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    #[arg(long, value_name = "FILE")]
    memory: Option<PathBuf>,
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[arg(long, value_name = "N", default_value_t = 0)]
    lose_answers: u32,
    #[arg(long, value_name = "N", default_value_t = 0)]
    busy: u32,
    #[arg(long, value_name = "N", default_value_t = 0)]
    garbage: u32,
}

/// A file of rules.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rules {
    #[serde(default)]
    refuse: Vec<Refuse>,
}

pub(super) fn run(args: &RehearseArgs, context: &Context) -> Result<ExitCode, Failure> {
    let config = RehearsalConfig {
        memory: args.memory.clone().unwrap_or_default(),
        refuse: args.rules.as_deref().map_or_else(|| Ok(Vec::new()), rules)?,
        lose_answers: args.lose_answers,
        busy: args.busy,
        garbage: args.garbage,
    };
    let memory = match &args.memory {
        None => Memory::default(),
        Some(path) => Memory::open(path).map_err(|error| {
            let (why, path) = (io_words(&error), path.display());
            Failure::new(
                FailureKind::Unavailable,
                format!("无法使用文件 {path}：{}", why.zh),
                format!("the file {path} cannot be used: {}", why.en),
            )
        })?,
    };
    let receiver = Arc::new(Receiver::with_memory(&config, memory));
    reach::runtime()?.block_on(async {
        let listener = TcpListener::bind(args.listen).await.map_err(|error| busy_port(args.listen, &error))?;
        let address = listener.local_addr().map_err(|error| busy_port(args.listen, &error))?;
        context.show(
            || match context.lang {
                crate::diagnostic::Lang::Zh => {
                    format!("接收方地址 http://{address}/，GET 显示已接收的数量，Ctrl-C 停止\n")
                }
                crate::diagnostic::Lang::En => {
                    format!(
                        "the receiver takes documents at http://{address}/; GET shows what it took; Ctrl-C stops it\n"
                    )
                }
            },
            || json!({ "url": format!("http://{address}/") }),
        )?;
        serve(listener, receiver).await.map_err(|error| busy_port(address, &error))
    })?;
    Ok(ExitCode::SUCCESS)
}

fn busy_port(address: SocketAddr, error: &std::io::Error) -> Failure {
    let why = io_words(error);
    Failure::new(
        FailureKind::Unavailable,
        format!("无法在 {address} 接收：{}", why.zh),
        format!("nothing can be received at {address}: {}", why.en),
    )
    .hint("用 --listen 换一个地址或端口", "name another address or port with --listen")
}

fn rules(path: &Path) -> Result<Vec<Refuse>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        let (why, shown) = (io_words(&error), path.display());
        Failure::new(
            FailureKind::User,
            format!("无法读取规则 {shown}：{}", why.zh),
            format!("the rules {shown} cannot be read: {}", why.en),
        )
    })?;
    let rules = toml::from_str::<Rules>(&text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        let hint = same("[[refuse]] dataset = \"513\", field = \"BID_AMOUNT\", equals = \"0\", why = \"…\"");
        let message = say(format!("规则有误：{}", error.message()), error.message());
        Failure::of_diagnostics(vec![Diagnostic::at(path, &text, at, message, hint)])
    })?;
    Ok(rules.refuse)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_in_the_rules_is_told_at_its_place() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rules.toml");
        std::fs::write(&path, "[[refuse]]\nwhy = \"x\"\nfeld = \"A\"\n").unwrap();
        let told = rules(&path).unwrap_err().to_string().replace(&directory.path().display().to_string(), "");
        insta::assert_snapshot!(told, @r#"
        error: /rules.toml:3:1: unknown field `feld`, expected one of `dataset`, `field`, `equals`, `contains`, `code`, `why`
        hint: [[refuse]] dataset = "513", field = "BID_AMOUNT", equals = "0", why = "…"
        "#);
    }
}
