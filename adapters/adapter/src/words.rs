//! What a person is told, in Chinese and English; made where it is known, shown wherever that person reads.

use std::fmt;
use std::io::{self, ErrorKind};

use serde::{Deserialize, Serialize};

/// The language in which a person reads. Logs are English always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    Zh,
    #[default]
    En,
}

impl Lang {
    /// Picks the text in this language.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

/// The same words in both languages.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    pub zh: String,
    pub en: String,
}

/// Stands between the two languages where one text must hold both.
const PART: char = '\u{1e}';

impl Words {
    pub fn new(zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { zh: zh.into(), en: en.into() }
    }

    /// The words in this language; in the other one where this one has none.
    pub fn get(&self, lang: Lang) -> &str {
        match lang {
            Lang::Zh if !self.zh.is_empty() => &self.zh,
            Lang::En if self.en.is_empty() => &self.zh,
            _ => &self.en,
        }
    }

    pub fn is_empty(&self) -> bool {
        self.zh.is_empty() && self.en.is_empty()
    }

    /// Both languages in one text, for a column or an argument that is one: English first.
    pub fn to_text(&self) -> String {
        match self.zh.is_empty() || self.zh == self.en {
            true => self.en.clone(),
            false => format!("{}{PART}{}", self.en, self.zh),
        }
    }

    /// Takes apart what [`Words::to_text`] put together. Any other text (what a target said) is the same in both.
    pub fn of_text(text: &str) -> Self {
        let (en, zh) = text.split_once(PART).unwrap_or((text, text));
        Self::new(zh, en)
    }
}

/// Chinese first, as everywhere.
impl<Z: Into<String>, E: Into<String>> From<(Z, E)> for Words {
    fn from((zh, en): (Z, E)) -> Self {
        Self::new(zh, en)
    }
}

/// In English, as logs are.
impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.get(Lang::En))
    }
}

/// So many of something, in English: "1 row", "2 rows", "0 rows".
pub fn count<N: fmt::Display + PartialEq + From<u8>>(n: N, one: &str, more: &str) -> String {
    format!("{n} {}", if n == N::from(1) { one } else { more })
}

/// The known word nearest to one that is not known, for "did you mean".
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    /// Below this two words have little in common, and a suggestion would only mislead.
    const LIKENESS_MIN: f64 = 0.75;
    known
        .into_iter()
        .map(|k| (strsim::jaro_winkler(&word.to_lowercase(), &k.to_lowercase()), k))
        .filter(|(likeness, _)| *likeness >= LIKENESS_MIN)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, k)| k)
}

/// Why the system refused, without its numbers; what is seldom met stands as the system words it.
pub fn io_words(error: &io::Error) -> Words {
    let (zh, en) = match error.kind() {
        ErrorKind::NotFound => ("不存在", "it does not exist"),
        ErrorKind::PermissionDenied => ("没有权限", "this account may not"),
        ErrorKind::AlreadyExists => ("已经存在", "it is there already"),
        ErrorKind::IsADirectory => ("是一个目录", "it is a directory"),
        ErrorKind::NotADirectory => ("路径中有一级不是目录", "a part of its path is no directory"),
        ErrorKind::FileTooLarge => ("文件太大", "it is too large"),
        ErrorKind::InvalidFilename => ("文件名不合法", "its name is not allowed"),
        ErrorKind::ReadOnlyFilesystem => ("文件系统只读", "the file system is read-only"),
        ErrorKind::StorageFull => ("磁盘已满", "the disk is full"),
        ErrorKind::QuotaExceeded => ("磁盘配额已用完", "the disk quota is used up"),
        ErrorKind::StaleNetworkFileHandle => ("共享目录已断开", "the share has gone away"),
        ErrorKind::UnexpectedEof => ("提前结束", "it ended too early"),
        ErrorKind::TimedOut => ("超时", "it took too long"),
        ErrorKind::ConnectionRefused => ("连接被拒绝", "the connection was refused"),
        ErrorKind::ConnectionReset => ("连接被对方切断", "the connection was reset"),
        ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe | ErrorKind::NotConnected => {
            ("连接已断开", "the connection was lost")
        }
        ErrorKind::HostUnreachable => ("主机不可达", "the host cannot be reached"),
        ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => ("网络不可达", "the network cannot be reached"),
        ErrorKind::AddrInUse => ("端口已被占用", "the port is in use"),
        ErrorKind::AddrNotAvailable => ("本机没有这个地址", "this machine has no such address"),
        _ => return other(error),
    };
    Words::new(zh, en)
}

fn other(error: &io::Error) -> Words {
    let text = error.to_string();
    match text.contains("lookup address") {
        true => Words::new("主机名无法解析", "the host's name cannot be resolved"),
        false => Words::new(format!("系统报告“{text}”"), text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_travel_in_one_text() {
        let words = Words::new("磁盘已满", "the disk is full");
        assert_eq!(Words::of_text(&words.to_text()), words);
        assert_eq!(Words::of_text(""), Words::default());
        // What a target said has one language, whichever.
        assert_eq!(Words::of_text("金额不对"), Words::new("金额不对", "金额不对"));
        assert_eq!(Words::new("", "only English").to_text(), "only English");
    }

    #[test]
    fn what_the_system_says_is_said_in_chinese_too() {
        let told = |error: io::Error| {
            let words = io_words(&error);
            format!("{} | {}", words.zh, words.en)
        };
        assert_eq!(told(ErrorKind::ConnectionRefused.into()), "连接被拒绝 | the connection was refused");
        let many = io::Error::other("too many open files");
        assert_eq!(told(many), "系统报告“too many open files” | too many open files");
    }

    #[test]
    fn a_suggestion_is_only_made_when_it_is_near() {
        assert_eq!(nearest("shedule", ["schedule", "mappings"]), Some("schedule"));
        assert_eq!(nearest("zzz", ["schedule", "mappings"]), None);
    }
}
