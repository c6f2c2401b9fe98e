//! The registry: which adapters there are. An explicit list, one enum a direction, one exhaustive match each.
//!
//! The only module of the hub that names an adapter. A new one is a crate, a line in each of these, and its page.

use serde::Deserialize;

/// How a job reaches its source; the key is the adapter: `[job.from.files]`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceConfig {
    /// Files dropped into a directory.
    Files(toml::Table),
}

/// How a feed reaches its target; the key is the adapter: `[feed.to.web]`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkConfig {
    /// Documents written into a directory.
    Files(toml::Table),
    /// HTTP POST.
    Web(toml::Table),
}

impl SourceConfig {
    /// The adapter's key in the configuration.
    pub fn adapter(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
        }
    }
}

impl SinkConfig {
    /// The adapter's key in the configuration.
    pub fn adapter(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Web(_) => "web",
        }
    }
}
