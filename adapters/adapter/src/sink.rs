//! The seam towards targets.

use async_trait::async_trait;

use crate::Words;

/// One call to a target: bytes that the hub has already kept.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// Our idempotency key: the same for the same bytes, however often they are sent.
    pub key: &'a str,
    /// A name for a document, unique for ever and safe as a file name, without extension.
    pub name: &'a str,
    /// Media type of `body`, e.g. `application/json`.
    pub media: &'a str,
    pub body: &'a [u8],
    /// Most bytes of the answer that are read: [`Answer::BODY_BYTES_MAX`], or more where the answer speaks of each of
    /// many records.
    pub answer_bytes_max: usize,
}

/// What became of a call. Anything else than a clear answer or a clear "never left" is [`Answer::Unknown`]:
/// the target may have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// The target answered; what the answer means is the hub's business.
    Answered {
        /// HTTP status; 0 where the way of reaching has none.
        status: u16,
        /// Seconds that the target asked us to wait (`Retry-After`).
        retry_after_s: Option<u64>,
        /// As it came, in whatever encoding; at most [`Request::answer_bytes_max`].
        body: Vec<u8>,
        /// True: the answer was longer, and the rest was dropped.
        is_cut: bool,
    },
    /// Certainly not received: no connection, name not resolved, file not written.
    Unsent { why: Words },
    /// Sent, or perhaps sent, and no answer came.
    Unknown { why: Words },
}

impl Answer {
    /// A receipt is some lines; a target that answers a record with more is wrong, and must not fill our store.
    pub const BODY_BYTES_MAX: usize = 64 << 10;
}

/// A target that could not be tried.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct SinkError {
    pub message: Words,
    pub hint: Words,
}

/// A system that documents are carried to.
#[async_trait]
pub trait Sink: Send + Sync {
    /// Tries all that a delivery will need, sending nothing. Returns lines for a person.
    async fn check(&self) -> Result<Vec<Words>, SinkError>;

    /// Carries one document and returns what became of it. Has a deadline of its own.
    async fn send(&self, request: Request<'_>) -> Answer;
}
