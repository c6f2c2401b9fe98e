//! The registry: which adapters there are. An explicit list, one enum a direction, one exhaustive match each.
//!
//! The only module of the hub that names an adapter. A new one is a crate, a line in each of these, and its page.

mod sample;

use std::path::Path;

use adapter::{FileSeen, Picture, Sink, SinkError, Source, SourceError};
use adapter_files::{After, FilesSink, FilesSinkConfig, FilesSource, FilesSourceConfig};
use adapter_web::{WebSink, WebSinkConfig};
use serde::Deserialize;

pub use sample::{Sample, sample, sample_of};

use crate::rehearsal::{self, RehearsalConfig};

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

    /// What is read, as a name by which two jobs can be seen to read the same.
    pub fn what(&self) -> String {
        match self {
            Self::Files(config) => format!("{} {}", config.path.display(), config.pattern),
        }
    }

    /// True: what was read is gone for whoever reads it too.
    pub fn takes_away(&self) -> bool {
        match self {
            Self::Files(config) => config.after != After::Leave,
        }
    }

    /// Opens the source; nothing is read yet. `base` is the configuration's folder, `seen` the files taken before, in
    /// their order (adapters that know no files pass over it), `picture` what shows the whole source, if anything does.
    pub fn open(
        &self,
        base: &Path,
        seen: Vec<FileSeen>,
        picture: Option<Picture>,
    ) -> Result<Box<dyn Source>, SourceError> {
        Ok(match self {
            Self::Files(config) => Box::new(FilesSource::open(config.clone(), base, seen, picture)?),
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
    /// The built-in receiver, by HTTP on loopback.
    Rehearsal(RehearsalConfig),
}

impl SinkConfig {
    /// The adapter's key in the configuration.
    pub fn adapter(&self) -> &'static str {
        match self {
            Self::Files(_) => "files",
            Self::Web(_) => "web",
            Self::Rehearsal(_) => "rehearsal",
        }
    }

    /// Opens the target; nothing is sent yet. `base` is the configuration's folder.
    pub fn open(&self, base: &Path) -> Result<Box<dyn Sink>, SinkError> {
        Ok(match self {
            Self::Files(config) => Box::new(FilesSink::open(config.clone(), base)),
            Self::Web(config) => Box::new(WebSink::open(config, base)?),
            Self::Rehearsal(config) => Box::new(rehearsal::Target::open(config.clone(), base, by_http)),
        })
    }
}

/// The web adapter's way to an address, as the built-in receiver is reached.
fn by_http(url: &str) -> Result<Box<dyn Sink>, SinkError> {
    Ok(Box::new(WebSink::open(&WebSinkConfig::to(url), Path::new(""))?))
}

/// What the adapters' own option types say is wrong; they know English only. `{}` stands for what varies.
const CHINESE: &[(&str, &str)] = &[
    ("not a pattern of file names: {}", "不是文件名的模式：{}"),
    ("an empty list of patterns matches no file", "模式列表为空，匹配不到任何文件"),
    ("a batch has 1 to {} rows, not {}", "每批应有 1 到 {} 行，不能是 {}"),
    ("a header has 1 or 2 rows, not {}", "表头只能有 1 或 2 行，不能是 {}"),
    ("expected one ASCII character such as `,`, not `{}`", "应为一个 ASCII 字符，如 `,`，不能是 `{}`"),
    (
        "expected one ASCII character such as `\"`, or `none`, not `{}`",
        "应为一个 ASCII 字符，如 `\"`，或 `none`，不能是 `{}`",
    ),
];

/// A message of an adapter's options in Chinese, where there is one.
pub fn chinese(message: &str) -> Option<String> {
    CHINESE.iter().find_map(|(en, zh)| filled(message, en, zh))
}

/// Takes what varies out of a message and puts it into another, in order. None: the message is no such one.
fn filled(message: &str, en: &str, zh: &str) -> Option<String> {
    let mut parts = en.split("{}");
    let mut rest = message.strip_prefix(parts.next()?)?;
    let mut out = zh.to_owned();
    for part in parts {
        let at = if part.is_empty() { rest.len() } else { rest.find(part)? };
        out = out.replacen("{}", &rest[..at], 1);
        rest = &rest[at + part.len()..];
    }
    rest.is_empty().then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Drives the real types, so that a reworded message is noticed.
    #[test]
    fn what_adapters_say_of_their_options_is_said_in_chinese_too() {
        let wrong = [
            "pattern = \"[\"",
            "pattern = []",
            "batch_rows_max = 0",
            "format.xlsx = { header_rows = 3 }",
            "format.csv = { delimiter = \"，\" }",
            "format.csv = { quote = \"''\" }",
        ];
        let told: Vec<String> = wrong
            .iter()
            .map(|line| {
                let format = if line.starts_with("format") { "" } else { "\nformat.csv = {}" };
                let text = format!("path = \"in\"\n{line}{format}");
                let error = toml::from_str::<FilesSourceConfig>(&text).unwrap_err();
                chinese(error.message()).unwrap_or_else(|| panic!("no Chinese for: {}", error.message()))
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        不是文件名的模式：error parsing glob '[': unclosed character class; missing ']'
        模式列表为空，匹配不到任何文件
        每批应有 1 到 65535 行，不能是 0
        表头只能有 1 或 2 行，不能是 3
        应为一个 ASCII 字符，如 `,`，不能是 `，`
        应为一个 ASCII 字符，如 `"`，或 `none`，不能是 `''`
        "#);
    }
}
