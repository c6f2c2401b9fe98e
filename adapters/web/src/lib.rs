//! Documents carried to a system by HTTP.
//!
//! The adapter only carries: what a document says, and what an answer means, is the hub's business. What it must get
//! right is the third outcome: a request that may have reached the target and has no whole answer is *unknown*, and
//! never taken for one that failed.

mod config;
mod date;
mod sink;

pub use config::WebSinkConfig;
pub use sink::WebSink;
