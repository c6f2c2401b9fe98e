//! `hub.toml`: the store, limits, paths. Every key has a default, so an empty file runs.

use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use super::system::Count;
use crate::diagnostic::{Words, wrong};
use crate::telemetry;

/// The file `hub.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hub {
    pub store: Store,
    /// The directory with `from/<system>/*.toml`; its `schema/` and `codes/` override the built-in ones file by file.
    pub mappings: PathBuf,
    pub intake: Intake,
    pub deliver: Deliver,
    pub control: Control,
    pub log: Log,
}

impl Default for Hub {
    fn default() -> Self {
        Self {
            store: Store::default(),
            mappings: "../mappings".into(),
            intake: Intake::default(),
            deliver: Deliver::default(),
            control: Control::default(),
            log: Log::default(),
        }
    }
}

/// The embedded store.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Store {
    /// The SQLite file that holds store and queue; made if it is not there.
    pub path: PathBuf,
}

impl Default for Store {
    fn default() -> Self {
        Self { path: "../data/hub.db".into() }
    }
}

/// Limits on taking in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Intake {
    /// Batches taken in and not yet normalised after which jobs wait: what is not worked off needs no more disk.
    pub ahead_batches_max: Count<10_000>,
}

impl Default for Intake {
    fn default() -> Self {
        Self { ahead_batches_max: Count(64) }
    }
}

/// Limits on delivering.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Deliver {
    /// How long a stop waits for answers that are still out, in milliseconds; afterwards they count as unknown.
    pub stop_wait_ms: u64,
}

impl Default for Deliver {
    fn default() -> Self {
        Self { stop_wait_ms: 30_000 }
    }
}

/// How other commands reach a running hub.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Control {
    /// The Unix socket; the store's path with the ending `.sock` unless said.
    pub socket: Option<PathBuf>,
}

/// The log, always on standard error and in English.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Log {
    pub format: telemetry::Format,
    pub level: Level,
}

/// `error`, `warn`, `info`, `debug`, `trace`, or by module: `info,exchange_hub::pipeline=debug`.
#[derive(Debug, Clone)]
pub struct Level(pub String);

impl Default for Level {
    fn default() -> Self {
        Self("info".to_owned())
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match telemetry::level_check(&text) {
            Ok(()) => Ok(Self(text)),
            Err(_) => Err(wrong(
                Words::new(format!("`{text}` 不是日志级别"), format!("`{text}` is no log level")),
                Words::new(
                    "error、warn、info、debug、trace；可按模块，如 \"info,exchange_hub::pipeline=debug\"",
                    "error, warn, info, debug, trace; also by module: \"info,exchange_hub::pipeline=debug\"",
                ),
            )),
        }
    }
}
