//! What a person asks of the hub and what it answers, whoever carries the question.
//!
//! One typed request, [`Ask`], and one function, [`answer`]: a command of the command line calls it directly when no
//! hub runs, and through the control socket (`serve`, `client`) when one does; words, shapes and exit codes are the
//! same either way. Answers are plain data that serialises: the command line prints them as JSON as they are, or
//! words them for a person. Personal data is masked here, so that it never leaves the process.
//!
//! What is absent: rendering (`cli`), and any rule of the exchange (`pipeline`).

mod answer;
mod ask;
mod books;
mod client;
mod feeds;
mod find;
mod items;
mod jobs;
mod mask;
mod moment;
mod once;
mod raw;
mod records;
mod serve;
mod trace;
mod why;
mod wire;

pub use answer::{DatasetName, Progress, Stages, Tell, answer, store_failure};
pub use ask::{Ask, ItemFilter, ItemRef, Which};
pub use books::{BooksAnswer, DatasetLine, FindingAnswer, RecountAnswer};
pub use client::{Client, ClientError};
pub use feeds::{Cause, FeedAnswer, FeedChanged, FeedLine, FeedsAnswer, OpenLine, RequestLine, Resent};
pub use find::{FoundAnswer, FoundItem, FoundRecord};
pub use items::{ItemAnswer, ItemLine, ItemsAnswer, ItemsShown, Need, ReasonAnswer, ReasonCount, RowAnswer};
pub use jobs::{
    FilesAnswer, JobChanged, JobLine, JobsAnswer, LastRun, MappingItems, RunAnswer, TakenFile, run_failure, stuck_words,
};
pub use moment::Moment;
pub use once::{NextStep, OnceAnswer, OnceFeed, OnceJob, Since, report, since};
pub use raw::Stood;
pub use records::{FieldAnswer, RecordAnswer};
pub use serve::{ServeError, Served, serve};
pub use trace::{AttemptLine, DeliveryLine, ParentLine, TraceAnswer, VersionLine};
