//! The registry: which adapters there are. An explicit list, one enum a direction, one exhaustive match each.
//!
//! The only module of the hub that names an adapter. A new one is a crate, a line in each of these, and its page.

use std::path::Path;

use adapter::{FileSeen, Sink, SinkError, Source, SourceError};
use adapter_files::{FilesSink, FilesSinkConfig, FilesSource, FilesSourceConfig};
use adapter_web::{WebSink, WebSinkConfig};
use serde::Deserialize;

/// How a job reaches its source; the key is the adapter: `[job.from.files]`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceConfig {
    /// Files dropped into a directory.
    Files(FilesSourceConfig),
}

impl SourceConfig {
    /// The adapter's key in the configuration.
    pub fn adapter(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
        }
    }

    /// What is read, as a name: jobs that read the same take turns, and share its checkpoint.
    pub fn source_name(&self) -> String {
        match self {
            Self::Files(config) => format!("files:{}:{}", config.path.display(), config.pattern),
        }
    }

    /// Opens the source; nothing is read yet. `base` is the configuration's folder, `seen` the files taken before
    /// (adapters that know no files pass over it).
    pub fn open(&self, base: &Path, seen: Vec<FileSeen>) -> Result<Box<dyn Source>, SourceError> {
        Ok(match self {
            Self::Files(config) => Box::new(FilesSource::open(config.clone(), base, seen)?),
        })
    }
}

/// How a feed reaches its target; the key is the adapter: `[feed.to.web]`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SinkConfig {
    /// Documents written into a directory.
    Files(FilesSinkConfig),
    /// HTTP POST.
    Web(WebSinkConfig),
}

impl SinkConfig {
    /// The adapter's key in the configuration.
    pub fn adapter(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Web(_) => "web",
        }
    }

    /// Opens the target; nothing is sent yet. `base` is the configuration's folder.
    pub fn open(&self, base: &Path) -> Result<Box<dyn Sink>, SinkError> {
        Ok(match self {
            Self::Files(config) => Box::new(FilesSink::open(config.clone(), base)),
            Self::Web(config) => Box::new(WebSink::open(config, base)?),
        })
    }
}
