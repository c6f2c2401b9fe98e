//! `[feed.to.rehearsal]`: a sink whose target this process starts itself, on loopback, when something is first sent.
//!
//! Between hub and receiver lies real HTTP, so a rehearsal meets what a real target would: connections, receipts,
//! answers that are lost. The way there is the web adapter's, handed in by the registry.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapter::{Answer, Request, Sink, SinkError, Words, io_words, path_below};
use async_trait::async_trait;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio::task::JoinHandle;

use super::{Receiver, RehearsalConfig, serve};

/// Makes the way to an address.
pub type Connect = fn(&str) -> Result<Box<dyn Sink>, SinkError>;

/// The built-in receiver as a feed's target.
pub struct Target {
    config: RehearsalConfig,
    base: PathBuf,
    connect: Connect,
    started: OnceCell<Started>,
}

struct Started {
    sink: Box<dyn Sink>,
    server: JoinHandle<()>,
}

impl Drop for Started {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Target {
    /// Nothing is started yet.
    pub fn open(config: RehearsalConfig, base: &Path, connect: Connect) -> Self {
        Self { config, base: base.to_owned(), connect, started: OnceCell::new() }
    }

    async fn start(&self) -> Result<Started, SinkError> {
        let memory = path_below(&self.base, &self.config.memory);
        let receiver = Receiver::open(&self.config, &self.base).map_err(|error| {
            let (shown, why) = (memory.display(), io_words(&error));
            SinkError {
                message: Words::new(
                    format!("接收方的记忆文件 {shown} 无法使用：{}", why.zh),
                    format!("the receiver's memory {shown} cannot be used: {}", why.en),
                ),
                hint: Words::new("请检查运行账户能否在该处写入", "see whether this account may write there"),
            }
        })?;
        let trouble = |error: std::io::Error| {
            let why = io_words(&error);
            SinkError {
                message: Words::new(
                    format!("接收方无法在本机监听：{}", why.zh),
                    format!("the receiver cannot listen on loopback: {}", why.en),
                ),
                hint: Words::new("请检查运行账户能否打开端口", "see whether this account may open ports"),
            }
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(trouble)?;
        let address = listener.local_addr().map_err(trouble)?;
        let sink = (self.connect)(&format!("http://{address}/"))?;
        let server = tokio::spawn(async move {
            if let Err(error) = serve(listener, Arc::new(receiver)).await {
                tracing::error!(%error, "The built-in receiver has stopped.");
            }
        });
        tracing::info!(%address, memory = %memory.display(), "The built-in receiver listens on {address}.");
        Ok(Started { sink, server })
    }
}

#[async_trait]
impl Sink for Target {
    async fn check(&self) -> Result<Vec<Words>, SinkError> {
        let memory = path_below(&self.base, &self.config.memory);
        let memory = memory.display();
        Ok(vec![Words::new(
            format!("内置接收方；已收的记在 {memory}"),
            format!("the built-in receiver; it remembers in {memory}"),
        )])
    }

    async fn send(&self, request: Request<'_>) -> Answer {
        match self.started.get_or_try_init(|| self.start()).await {
            Ok(started) => started.sink.send(request).await,
            Err(SinkError { message, hint }) => Answer::Unsent {
                why: Words::new(format!("{}（{}）", message.zh, hint.zh), format!("{} ({})", message.en, hint.en)),
            },
        }
    }
}
