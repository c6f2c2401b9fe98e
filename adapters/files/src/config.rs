//! The options of both directions, as a system's configuration writes them.

use std::fmt;
use std::path::PathBuf;

use adapter::{PAGE_ROWS, PAGE_ROWS_MAX};
use formats::FormatConfig;
use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use serde::{Deserialize, Deserializer, de};

/// Options of `[job.from.files]`: files that appear in a directory.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesSourceConfig {
    /// The directory, absolute or relative to the configuration's own.
    pub path: PathBuf,
    /// Which files, e.g. `"*.csv"` or `["zb_*.csv", "cg_*.csv"]`; upper and lower case are the same. With
    /// `recursive`, `*` stops at `/` and `**/` does not. Default: `"*"`.
    #[serde(default)]
    pub pattern: Patterns,
    /// True: directories below it are searched too. Default: false.
    #[serde(default)]
    pub recursive: bool,
    /// In which order files are taken: `name` or `modified`. Default: `name`.
    #[serde(default)]
    pub order: Order,
    /// How to know that a file is complete. Default: it does not change for two seconds.
    #[serde(default)]
    pub ready: Ready,
    /// What becomes of a file whose rows are safe: `"leave"`, or `{ archive = "DIRECTORY" }` to move it into a
    /// directory of the day below that one. Default: `"leave"`.
    #[serde(default)]
    pub after: After,
    /// How the bytes become rows; the key names the format, e.g. `format.csv = { encoding = "gbk" }`.
    pub format: FormatConfig,
    /// Rows of one batch, at most 65,535. Default: 1,000.
    #[serde(default = "batch_rows_max", deserialize_with = "batch_rows")]
    pub batch_rows_max: usize,
}

/// In which order files are taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    #[default]
    Name,
    /// Oldest first; by name where two are of one age.
    Modified,
}

/// How to know that a file is complete. Names that begin with `.` or `~$` are never taken.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ready {
    /// A file is complete once another stands beside it, named as it with this added or in place of its extension,
    /// e.g. `.ok`. Default: none.
    pub marker: Option<String>,
    /// Endings of names that a writer uses until it renames the file.
    /// Default: `.tmp`, `.temp`, `.part`, `.partial`, `.filepart`, `.crdownload`.
    pub rename: Vec<String>,
    /// For how long size and time of change must stay the same. Default: 2000, or 0 with `marker`.
    pub stable_ms: Option<u64>,
}

impl Default for Ready {
    fn default() -> Self {
        let rename = [".tmp", ".temp", ".part", ".partial", ".filepart", ".crdownload"];
        Self { marker: None, rename: rename.map(str::to_owned).to_vec(), stable_ms: None }
    }
}

impl Ready {
    pub(crate) fn stable_ms(&self) -> u64 {
        const STABLE_MS: u64 = 2_000;
        self.stable_ms.unwrap_or(if self.marker.is_some() { 0 } else { STABLE_MS })
    }
}

/// What becomes of a file whose rows are safe.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum After {
    #[default]
    Leave,
    /// Moved into a directory of the day (Beijing) below this one, which is absolute or relative to the
    /// configuration's own.
    Archive(PathBuf),
}

/// Patterns of file names.
#[derive(Debug, Clone)]
pub struct Patterns {
    texts: Vec<String>,
    set: GlobSet,
}

impl Patterns {
    pub fn new(texts: Vec<String>) -> Result<Self, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for text in &texts {
            set.add(GlobBuilder::new(text).literal_separator(true).case_insensitive(true).build()?);
        }
        Ok(Self { set: set.build()?, texts })
    }

    /// True: a file of this name, with its path below the directory, is one of those.
    pub fn matches(&self, name: &str) -> bool {
        self.set.is_match(name)
    }
}

impl fmt::Display for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.texts.join(","))
    }
}

impl Default for Patterns {
    fn default() -> Self {
        Self::new(vec!["*".into()]).expect("a star is a pattern")
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl<'de> Deserialize<'de> for Patterns {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Vec<String>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a pattern such as `\"*.csv\"`, or a list of them")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Vec<String>, E> {
                Ok(vec![v.to_owned()])
            }
            fn visit_seq<A: de::SeqAccess<'de>>(self, seq: A) -> Result<Vec<String>, A::Error> {
                Vec::deserialize(de::value::SeqAccessDeserializer::new(seq))
            }
        }
        let texts = deserializer.deserialize_any(Visitor)?;
        if texts.is_empty() {
            return Err(de::Error::custom("an empty list of patterns matches no file"));
        }
        Self::new(texts).map_err(|error| de::Error::custom(format!("not a pattern of file names: {error}")))
    }
}

fn batch_rows_max() -> usize {
    PAGE_ROWS
}

fn batch_rows<'de, D: Deserializer<'de>>(deserializer: D) -> Result<usize, D::Error> {
    match usize::deserialize(deserializer)? {
        rows @ 1..=PAGE_ROWS_MAX => Ok(rows),
        other => Err(de::Error::custom(format!("a batch has 1 to {PAGE_ROWS_MAX} rows, not {other}"))),
    }
}

/// Options of `[feed.to.files]`: documents written into a directory.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesSinkConfig {
    /// The directory, absolute or relative to the configuration's own. It must exist, unless `create` is true.
    pub path: PathBuf,
    /// True: the directory is made if it is not there. Leave it out for a share: one that is not mounted would be
    /// written into its mount point. Default: false.
    #[serde(default)]
    pub create: bool,
    /// Ending of the names, e.g. `.xml`. Default: by the document's media type.
    #[serde(default)]
    pub suffix: Option<String>,
    /// Put before each name. Default: nothing.
    #[serde(default)]
    pub prefix: String,
}
