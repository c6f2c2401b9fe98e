//! The other end of the control socket.

use std::path::Path;

use serde_json::Value;

use super::Ask;
use super::wire::Reply;
use crate::diagnostic::{Failure, FailureKind};

/// A way to a running hub.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
}

/// Why a running hub gave no answer of its own.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Nobody listens: no hub runs, or it is only starting or stopping.
    #[error("nobody answers on the control socket")]
    Nobody,
    /// The line broke after the question was sent: whether it was done is not known.
    #[error("the hub's answer was cut off")]
    Cut,
    /// The hub answered that it could not or would not.
    #[error("{0}")]
    Refused(Box<Failure>),
}

impl Client {
    /// Prepares the way to a socket; nothing is sent.
    pub fn new(socket: &Path) -> Result<Self, Failure> {
        let http = reqwest::Client::builder().unix_socket(socket.to_owned()).no_proxy().build();
        http.map(|http| Self { http }).map_err(|error| {
            Failure::new(
                FailureKind::Internal,
                format!("无法准备控制套接字：{error}"),
                format!("the control socket cannot be prepared: {error}"),
            )
        })
    }

    /// Asks and waits for the answer, however long the work takes.
    pub async fn ask(&self, ask: &Ask) -> Result<Value, ClientError> {
        // The name is never looked up: the way is the socket.
        let sent = self.http.post("http://hub/ask").json(ask).send().await;
        let response = sent.map_err(|error| if error.is_connect() { ClientError::Nobody } else { ClientError::Cut })?;
        match response.json::<Reply>().await.map_err(|_| ClientError::Cut)? {
            Reply::Answer(answer) => Ok(answer),
            Reply::Failure(refusal) => Err(ClientError::Refused(Box::new(refusal.into()))),
        }
    }
}
