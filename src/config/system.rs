//! `systems/<system>.toml`: one party, with its jobs (what is taken from it) and feeds (what is owed to it).

use std::collections::HashSet;
use std::fmt;
use std::path::{Path, PathBuf};

use adapter::Picture;
use chrono::NaiveDate;
use serde::{Deserialize, Deserializer, de};

use super::receipt::{ReceiptRule, Results};
use super::types::{At, Name};
use super::{Text, words};
use crate::adapters::{SinkConfig, SourceConfig};
use crate::diagnostic::{Diagnostic, Words, wrong};
use crate::schedule::{Misfire, Schedule};

/// A party we exchange with.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct System {
    /// Must be the file's name; owns its records under it.
    pub name: At<Name>,
    pub name_zh: String,
    #[serde(default)]
    pub contact: Contact,
    #[serde(default, rename = "job")]
    pub jobs: Vec<Job>,
    #[serde(default, rename = "feed")]
    pub feeds: Vec<Feed>,
    /// The file that this stands in, and its text: to say later where something is wrong.
    #[serde(skip)]
    pub file: PathBuf,
    #[serde(skip)]
    pub(super) text: Text,
}

/// Whom to ring.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Contact {
    pub name: String,
    pub telephone: String,
    pub department: String,
}

/// Something that is taken from a system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// `system/job` once read.
    pub name: At<Name>,
    /// None: only by hand (`job run`) and by `run --once`.
    pub schedule: Option<At<Schedule>>,
    #[serde(default)]
    pub misfire: Misfire,
    /// True: starts paused; `job resume` sets it going.
    #[serde(default)]
    pub paused: bool,
    /// Names below `mappings/from/`, e.g. `portal/tender`. Each makes one item of every row.
    pub mappings: Vec<At<String>>,
    /// Whether what the source no longer shows was deleted there.
    #[serde(default)]
    pub snapshot: Snapshot,
    /// Share of the source's live records that may vanish in one run; above it the run stops and asks. 0 to 1.
    #[serde(default = "vanished_share")]
    pub vanished_share: Share,
    pub from: At<SourceConfig>,
}

/// What shows the whole source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Snapshot {
    /// Nothing does: what is missing says nothing.
    #[default]
    No,
    /// All files that are there, together.
    All,
    /// The last file in order.
    Last,
}

impl Snapshot {
    pub fn picture(self) -> Option<Picture> {
        match self {
            Self::No => None,
            Self::All => Some(Picture::All),
            Self::Last => Some(Picture::Last),
        }
    }
}

impl<'de> Deserialize<'de> for Snapshot {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        fn neither<E: de::Error>(given: impl fmt::Display) -> E {
            wrong(
                Words::new(
                    format!("`{given}` 没有说明哪些文件构成全量"),
                    format!("`{given}` does not say which files show everything"),
                ),
                Words::new(
                    "所有文件合起来是全量：\"all\"；每个文件各是全量，以最后一个为准：\"last\"",
                    "all files together: \"all\"; each by itself, and the last counts: \"last\"",
                ),
            )
        }
        impl de::Visitor<'_> for Visitor {
            type Value = Snapshot;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\", \"last\" or false")
            }

            fn visit_bool<E: de::Error>(self, given: bool) -> Result<Snapshot, E> {
                if given { Err(neither(given)) } else { Ok(Snapshot::No) }
            }

            fn visit_str<E: de::Error>(self, given: &str) -> Result<Snapshot, E> {
                match given {
                    "all" => Ok(Snapshot::All),
                    "last" => Ok(Snapshot::Last),
                    _ => Err(neither(given)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

fn vanished_share() -> Share {
    Share(0.05)
}

/// A standing delivery of records to a system.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Feed {
    /// `system/feed` once read.
    pub name: At<Name>,
    /// True: starts paused; `feed resume` sets it going.
    #[serde(default)]
    pub paused: bool,
    /// `["*"]`: all.
    pub datasets: Datasets,
    /// Only records that these systems own; if empty, those of all other systems.
    #[serde(default)]
    pub from_systems: Vec<At<String>>,
    /// Where a new feed starts.
    #[serde(default, rename = "from")]
    pub start: Start,
    #[serde(default)]
    pub form: Form,
    /// Most records of one document; 1: one record a call.
    #[serde(default = "one")]
    pub batch_records_max: Count<10_000>,
    /// Calls at one time. Parents and earlier versions go first whatever it is.
    #[serde(default = "one_call")]
    pub concurrency: Count<64>,
    #[serde(default)]
    pub retry: Retry,
    /// What answers mean; the first that holds decides, and the status where none does.
    #[serde(default, rename = "receipt")]
    pub receipts: Vec<At<ReceiptRule>>,
    pub results: Option<Results>,
    pub to: At<SinkConfig>,
}

fn one() -> Count<10_000> {
    Count(1)
}

fn one_call() -> Count<64> {
    Count(1)
}

/// Which datasets a feed carries.
#[derive(Debug, Clone)]
pub struct Datasets {
    /// True: all, also those that are added later.
    pub all: bool,
    /// Codes or numbers, as written.
    pub named: Vec<At<String>>,
}

impl<'de> Deserialize<'de> for Datasets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let named = Vec::<At<String>>::deserialize(deserializer)?;
        if named.is_empty() {
            return Err(wrong(
                Words::new("没有列出数据集", "no dataset is listed"),
                Words::new(
                    "全部写作 [\"*\"]，部分写作 [\"513\", \"WIN_RESULT_ANNO\"]",
                    "all: [\"*\"]; some: [\"513\", \"WIN_RESULT_ANNO\"]",
                ),
            ));
        }
        let all = named.iter().any(|n| n.as_str() == "*");
        Ok(Self { all, named: if all { Vec::new() } else { named } })
    }
}

/// Where a new feed starts: with all records there are, with none of them, or with those of a day and later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    #[default]
    All,
    Now,
    Date(NaiveDate),
}

impl<'de> Deserialize<'de> for Start {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Start;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"all\", \"now\" or a date such as 2026-01-31")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Start, E> {
                match text {
                    "all" => return Ok(Start::All),
                    "now" => return Ok(Start::Now),
                    _ => {}
                }
                text.parse().map(Start::Date).map_err(|_| {
                    wrong(
                        Words::new(format!("`{text}` 不是起点"), format!("`{text}` is no start")),
                        Words::new(
                            "写 \"all\"、\"now\" 或日期，如 2026-01-31",
                            "write \"all\", \"now\" or a date such as 2026-01-31",
                        ),
                    )
                })
            }

            /// TOML has dates of its own.
            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Start, A::Error> {
                let date = toml::value::Datetime::deserialize(de::value::MapAccessDeserializer::new(map))?;
                self.visit_str(&date.to_string())
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

/// The form of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// One JSON document.
    #[default]
    Json,
    /// One JSON object a line.
    Ndjson,
    Csv,
    Xml,
}

/// When what was not taken is tried again. The wait grows by `factor` from `first_ms` to `max_ms`, plus or minus
/// `jitter`; a target that names its own wait is obeyed.
#[derive(Debug, Clone, Copy, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retry {
    pub first_ms: u64,
    pub max_ms: u64,
    pub factor: f64,
    /// Share of the wait: many deliveries that failed together do not come back together.
    pub jitter: Share,
}

impl Default for Retry {
    fn default() -> Self {
        Self { first_ms: 1_000, max_ms: 600_000, factor: 2.0, jitter: Share(0.2) }
    }
}

impl Retry {
    /// The wait before try number `tries + 1`, in milliseconds. `random` lies in 0..1.
    pub fn wait_ms(&self, tries: u32, random: f64) -> u64 {
        let grown = self.first_ms as f64 * self.factor.powi(tries.saturating_sub(1).min(1_000) as i32);
        let wait = grown.min(self.max_ms as f64);
        (wait * (1.0 + self.jitter.0 * (2.0 * random - 1.0))) as u64
    }
}

/// A share, 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Share(pub f64);

impl<'de> Deserialize<'de> for Share {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let share = f64::deserialize(deserializer)?;
        if (0.0..=1.0).contains(&share) {
            return Ok(Self(share));
        }
        Err(wrong(
            Words::new(format!("{share} 不是 0 到 1 之间的比例"), format!("{share} is no share between 0 and 1")),
            Words::new("5 % 写作 0.05", "5 % is written 0.05"),
        ))
    }
}

/// A number from 1 to `MAX`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count<const MAX: u32>(pub u32);

impl<const MAX: u32> Count<MAX> {
    pub fn get(self) -> usize {
        self.0 as usize
    }
}

impl<'de, const MAX: u32> Deserialize<'de> for Count<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        match u32::try_from(number) {
            Ok(n) if (1..=MAX).contains(&n) => Ok(Self(n)),
            _ => Err(wrong(
                Words::new(format!("{number} 不在 1 到 {MAX} 之间"), format!("{number} is not between 1 and {MAX}")),
                Words::default(),
            )),
        }
    }
}

impl System {
    pub(super) fn placed(self, file: &Path, text: Text) -> Self {
        Self { file: file.to_owned(), text, ..self }
    }

    /// A diagnostic at an offset of this system's file.
    pub fn at(&self, offset: usize, message: Words, hint: Words) -> Diagnostic {
        Diagnostic::at(&self.file, &self.text, offset, message, hint)
    }

    /// The same, of a sentence and its hint.
    pub(super) fn diagnostic(&self, offset: usize, say: words::Say) -> Diagnostic {
        say.at(&self.file, &self.text, offset)
    }

    /// Jobs that archive what another reads too: whichever runs first takes it away from the other.
    fn read_twice(&self) -> Vec<Diagnostic> {
        let mut twice = Vec::new();
        for job in self.jobs.iter().filter(|job| job.from.takes_away()) {
            let mut others = self.jobs.iter().filter(|other| other.name.offset() != job.name.offset());
            let Some(other) = others.find(|other| other.from.what() == job.from.what()) else { continue };
            let (name, other) = (job.name.as_str(), other.name.as_str());
            let say = words::say(
                format!("任务 `{name}` 归档的文件，任务 `{other}` 也要读取"),
                format!("job `{name}` archives the files that job `{other}` reads too"),
                "多个任务读取同一批文件时写 after = \"leave\"；格式相同的，也可合为一个任务，在 mappings 中列出全部映射",
                "where several jobs read the same files, write after = \"leave\"; with one format, one job may list all mappings",
            );
            twice.push(self.diagnostic(job.from.offset(), say));
        }
        twice
    }

    /// Gives jobs and feeds their whole names, and finds those that come twice.
    pub(super) fn qualify(&mut self, diagnostics: &mut Vec<Diagnostic>) {
        if self.file.file_stem().is_none_or(|stem| stem != self.name.as_str()) {
            let stem = self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            diagnostics.push(self.diagnostic(
                self.name.offset(),
                words::say(
                    format!("系统名 `{}` 与文件名 `{stem}` 不同", self.name.as_str()),
                    format!("the system `{}` stands in a file named `{stem}`", self.name.as_str()),
                    format!("把文件改名为 {}.toml，或改写 name", self.name.as_str()),
                    format!("rename the file to {}.toml, or change the name", self.name.as_str()),
                ),
            ));
        }
        let names = |names: Vec<&At<Name>>, what: (&str, &str)| -> Vec<Diagnostic> {
            let mut seen = HashSet::new();
            let twice = names.into_iter().filter(|name| !seen.insert(name.as_str().to_owned()));
            twice
                .map(|name| {
                    self.diagnostic(
                        name.offset(),
                        words::say(
                            format!("{} `{}` 重复", what.0, name.as_str()),
                            format!("a second {} named `{}`", what.1, name.as_str()),
                            "同一系统内名称不可重复",
                            "names are unique within a system",
                        ),
                    )
                })
                .collect()
        };
        diagnostics.extend(names(self.jobs.iter().map(|j| &j.name).collect(), ("任务", "job")));
        diagnostics.extend(names(self.feeds.iter().map(|f| &f.name).collect(), ("订阅", "feed")));
        diagnostics.extend(self.read_twice());
        let system: &Name = &self.name;
        for name in self.jobs.iter_mut().map(|j| &mut j.name).chain(self.feeds.iter_mut().map(|f| &mut f.name)) {
            let whole = name.within(system);
            *name = name.clone().map(|_| whole);
        }
    }
}
