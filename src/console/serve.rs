//! The control socket: a Unix socket beside the store on which a running hub answers other commands.
//!
//! Rights are the file's: mode 0600, so whoever runs the hub may ask it. The socket is made under another name, given
//! its mode and only then renamed into place, so it is never open to others, and one that a killed hub left behind is
//! replaced in the same step. That is done only by whoever holds the store's lock, and only if nobody answers there.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, State};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::UnixListener;

use super::wire::Reply;
use super::{Ask, Stages, Tell, answer};
use crate::diagnostic::{Failure, FailureKind};
use crate::pipeline::Hub;

/// Longest question: a search text or a reason typed by a person.
const ASK_BYTES_MAX: usize = 64 << 10;

#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    #[error("another program answers on the control socket {path}")]
    Taken { path: PathBuf },
    #[error("the control socket {path} cannot be made")]
    Socket {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// The socket while it is served; dropped, it answers no more and its file goes.
#[derive(Debug)]
pub struct Served {
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
        if let Err(error) = std::fs::remove_file(&self.path) {
            tracing::warn!(path = %self.path.display(), %error, "The control socket cannot be removed.");
        }
    }
}

/// Serves the socket. The hub holds the store's lock, which makes a file that lies there ours to replace.
pub fn serve(hub: Arc<Hub>, stages: Stages, path: &Path) -> Result<Served, ServeError> {
    let failed = |source| ServeError::Socket { path: path.to_owned(), source };
    if UnixStream::connect(path).is_ok() {
        return Err(ServeError::Taken { path: path.to_owned() });
    }
    let mut new = path.as_os_str().to_owned();
    new.push(".new");
    let new = PathBuf::from(new);
    match std::fs::remove_file(&new) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(&new).map_err(failed)?;
    std::fs::set_permissions(&new, std::fs::Permissions::from_mode(0o600)).map_err(failed)?;
    std::fs::rename(&new, path).map_err(failed)?;
    let routes =
        Router::new().route("/ask", post(ask)).layer(DefaultBodyLimit::max(ASK_BYTES_MAX)).with_state((hub, stages));
    let task = tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "The control socket has stopped answering.");
        }
    });
    Ok(Served { path: path.to_owned(), task })
}

/// Answers one question. The work is a task of its own: a person who presses Ctrl-C drops the handler, not the work.
async fn ask(State((hub, stages)): State<(Arc<Hub>, Stages)>, Json(question): Json<Value>) -> Json<Reply> {
    let reply = match serde_json::from_value::<Ask>(question) {
        Err(error) => Err(unknown(&error)),
        Ok(question) => match tokio::spawn(async move { answer(&hub, stages, question, &nobody()).await }).await {
            Ok(answer) => answer,
            Err(error) => Err(Failure::new(
                FailureKind::Internal,
                format!("回答时程序出错：{error}"),
                format!("the hub failed while it answered: {error}"),
            )),
        },
    };
    Json(match reply {
        Ok(answer) => Reply::Answer(answer),
        Err(failure) => Reply::Failure(failure.into()),
    })
}

/// How far work has come is not told over the socket: the answer is.
fn nobody() -> Tell {
    Arc::new(|_| {})
}

fn unknown(error: &serde_json::Error) -> Failure {
    Failure::new(
        FailureKind::User,
        format!("运行中的枢纽不认识此命令：{error}"),
        format!("the running hub does not know this command: {error}"),
    )
    .hint("它的版本与此程序不同；请重新启动枢纽", "its version differs from this program's; restart it")
}
