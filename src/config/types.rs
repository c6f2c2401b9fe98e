//! Small types that configuration values are checked into while they are read.

use std::fmt;
use std::ops::Deref;

use serde::{Deserialize, Deserializer};

use crate::diagnostic::{Words, wrong};

/// A value and where it stands in its file.
#[derive(Clone)]
pub struct At<T> {
    value: T,
    /// Byte offset in the file; 0 where the value was not written but is the default.
    offset: usize,
}

impl<T> At<T> {
    /// A value that stands in no file.
    pub fn new(value: T) -> Self {
        Self { value, offset: 0 }
    }

    pub fn offset(&self) -> usize {
        self.offset
    }

    pub(super) fn map<U>(self, f: impl FnOnce(T) -> U) -> At<U> {
        At { value: f(self.value), offset: self.offset }
    }
}

/// The value alone: where it stands says nothing about what it is.
impl<T: fmt::Debug> fmt::Debug for At<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value.fmt(f)
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let offset = spanned.span().start;
        Ok(Self { value: spanned.into_inner(), offset })
    }
}

/// The name of a system, a job or a feed: goes into file names, metrics and commands, so plain letters only.
/// Of jobs and feeds the whole name, `system/job`, once the configuration is read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Name(String);

/// Longest name: it is a column of tables and part of file names.
const NAME_BYTES_MAX: usize = 64;

impl Name {
    pub fn new(text: &str) -> Option<Self> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        let good = !text.is_empty() && text.len() <= NAME_BYTES_MAX && text.chars().all(plain);
        good.then(|| Self(text.to_owned()))
    }

    pub(super) fn within(&self, system: &Self) -> Self {
        Self(format!("{}/{}", system.0, self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Name {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(&text).ok_or_else(|| {
            wrong(
                Words::new(format!("`{text}` 不能用作名称"), format!("`{text}` cannot be a name")),
                Words::new(
                    format!("只用小写字母、数字、`-`、`_`，最多 {NAME_BYTES_MAX} 个"),
                    format!("lower-case letters, digits, `-` and `_` only, at most {NAME_BYTES_MAX}"),
                ),
            )
        })
    }
}

/// A regular expression, compiled when it is read.
#[derive(Debug, Clone)]
pub struct Pattern(pub regex::Regex);

/// A compiled pattern may take so many bytes: a receipt is recognised by a few words.
const PATTERN_BYTES_MAX: usize = 1 << 20;

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        regex::RegexBuilder::new(&text).size_limit(PATTERN_BYTES_MAX).build().map(Self).map_err(|error| {
            // The last line names the mistake; those above it draw it.
            let why = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
            wrong(
                Words::new(
                    format!("`{text}` 不是有效的正则表达式：{why}"),
                    format!("`{text}` is no regular expression: {why}"),
                ),
                Words::new(
                    "反斜杠要写两次，或用单引号：'^\\d+$'",
                    "write a backslash twice, or use single quotes: '^\\d+$'",
                ),
            )
        })
    }
}

/// A JSON pointer (RFC 6901): `/result/code`; empty means the whole document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer(pub String);

impl<'de> Deserialize<'de> for Pointer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.is_empty() || text.starts_with('/') {
            return Ok(Self(text));
        }
        Err(wrong(
            Words::new(format!("`{text}` 不是 JSON 指针"), format!("`{text}` is no JSON pointer")),
            Words::new(
                format!("以 `/` 开头，如 `/{}`", text.replace('.', "/")),
                format!("it begins with `/`, e.g. `/{}`", text.replace('.', "/")),
            ),
        ))
    }
}
