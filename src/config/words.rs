//! The sentences about configuration files, in both languages, and serde's own put into them.
//!
//! Serde and toml speak English in a fixed form ("unknown field `x`, expected one of `a`, `b`"). A person is told the
//! same in the words of the design (key, not field), with the nearest known word.

use std::path::Path;

use crate::adapters;
use crate::diagnostic::{self, Diagnostic, Words};

/// What is wrong and what would be right; its place comes later.
pub(super) struct Say {
    pub(super) message: Words,
    pub(super) hint: Words,
}

impl Say {
    /// The same, at a byte offset of a file's text.
    pub(super) fn at(self, file: &Path, text: &str, offset: usize) -> Diagnostic {
        Diagnostic::at(file, text, offset, self.message, self.hint)
    }
}

/// A sentence in Chinese and English, then its hint likewise.
pub(super) fn say(
    zh: impl Into<String>,
    en: impl Into<String>,
    hint_zh: impl Into<String>,
    hint_en: impl Into<String>,
) -> Say {
    Say { message: Words::new(zh, en), hint: Words::new(hint_zh, hint_en) }
}

pub(super) fn syntax(message: &str) -> Say {
    let (message, hint) = diagnostic::no_toml(message);
    Say { message, hint }
}

/// The key that serde found missing.
pub(super) fn missing_key(message: &str) -> Option<&str> {
    message.strip_prefix("missing field `")?.split_once('`').map(|(key, _)| key)
}

pub(super) fn missing(key: &str) -> Say {
    say(
        format!("缺少键 `{key}`"),
        format!("the key `{key}` is missing"),
        "“exchange-hub config reference” 列出所有键",
        "`exchange-hub config reference` explains every key",
    )
}

/// Any other error of serde's or of our own types.
pub(super) fn of_serde(message: &str) -> Say {
    if let Some((message, hint)) = diagnostic::wrong_parts(message) {
        return Say { message, hint };
    }
    if let Some((what, word, known)) = unknown(message) {
        return unknown_word(what, word, &known);
    }
    if let Some((found, expected)) = message.strip_prefix("invalid type: ").and_then(|m| m.split_once(", expected ")) {
        let (found_zh, expected_zh) = (kind_zh(found), kind_zh(expected));
        return say(
            format!("这里应为{expected_zh}，现为{found_zh}"),
            format!("expected {}, found {}", kind_en(expected), kind_en(found)),
            hint_of_kind(expected).0,
            hint_of_kind(expected).1,
        );
    }
    if let Some((found, expected)) = message.strip_prefix("invalid value: ").and_then(|m| m.split_once(", expected ")) {
        return say(
            format!("值{}不在允许的范围内，应为{}", kind_zh(found), kind_zh(expected)),
            format!("{} is out of range, expected {}", kind_en(found), kind_en(expected)),
            "",
            "",
        );
    }
    if message.starts_with("wanted exactly 1 element") || message.starts_with("wanted string or table") {
        return say(
            "这里应恰好有一个表，以适配器命名",
            "exactly one table named after an adapter belongs here",
            "如 `[job.from.files]`、`[feed.to.web]`",
            "e.g. `[job.from.files]`, `[feed.to.web]`",
        );
    }
    say(adapters::chinese(message).unwrap_or_else(|| format!("值有误：{message}")), message, "", "")
}

/// "unknown field `x`, expected one of `a`, `b`" → (is a key, `x`, [`a`, `b`]).
fn unknown(message: &str) -> Option<(bool, &str, Vec<&str>)> {
    let (is_key, rest) = match message.strip_prefix("unknown field `") {
        Some(rest) => (true, rest),
        None => (false, message.strip_prefix("unknown variant `")?),
    };
    let (word, rest) = rest.split_once('`')?;
    let known = rest.split('`').skip(1).step_by(2).collect();
    Some((is_key, word, known))
}

fn unknown_word(is_key: bool, word: &str, known: &[&str]) -> Say {
    let list = known.iter().map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", ");
    let near = diagnostic::nearest(word, known.iter().copied());
    let (hint_zh, hint_en) = match near {
        Some(near) => {
            (format!("是否想写 `{near}`？可用：{list}"), format!("did you mean `{near}`? known here: {list}"))
        }
        None if known.is_empty() => ("这里没有任何键".to_owned(), "there are no keys here".to_owned()),
        None => (format!("可用：{list}"), format!("known here: {list}")),
    };
    if is_key {
        say(format!("未知的键 `{word}`"), format!("unknown key `{word}`"), hint_zh, hint_en)
    } else {
        say(format!("`{word}` 不是这里允许的值"), format!("`{word}` is not known here"), hint_zh, hint_en)
    }
}

/// `string "x"`, `integer `5``, `u32`, `a sequence` … in Chinese.
fn kind_zh(kind: &str) -> String {
    let (name, value) = kind.split_once(' ').unwrap_or((kind, ""));
    let zh = match name {
        "string" => "文字",
        "integer" => "整数",
        "floating" => return format!("小数 {}", value.trim_start_matches("point ").trim_matches('`')),
        "boolean" => "布尔值",
        "map" => "表",
        "sequence" => "列表",
        _ => match kind_en(kind).as_str() {
            "a text" => return "文字".to_owned(),
            "a whole number" => return "整数".to_owned(),
            "a whole number, 0 or more" => return "不小于 0 的整数".to_owned(),
            "a number" => return "数字".to_owned(),
            "true or false" => return "布尔值".to_owned(),
            "a list" => return "列表".to_owned(),
            "a table" => return "表".to_owned(),
            "\"all\", \"now\" or a date such as 2026-01-31" => {
                return " \"all\"、\"now\" 或日期（如 2026-01-31）".to_owned();
            }
            "a schedule such as \"*/5 * * * *\", \"every 30s\" or { cron = \"…\", zone = \"…\" }" => {
                return "时刻表，如 \"*/5 * * * *\"、\"every 30s\" 或 { cron = \"…\", zone = \"…\" }".to_owned();
            }
            "a pattern such as `\"*.csv\"`, or a list of them" => {
                return "文件名的模式（如 \"*.csv\"）或其列表".to_owned();
            }
            "the name of a sheet, or its number counted from 1" => {
                return "工作表的名称，或从 1 起的序号".to_owned();
            }
            other => return format!("“{other}”"),
        },
    };
    if value.is_empty() { zh.to_owned() } else { format!("{zh} {}", value.trim_matches('`')) }
}

/// Serde's and Rust's type names in words.
fn kind_en(kind: &str) -> String {
    match kind {
        "a string" | "string" | "str" | "path string" => "a text".to_owned(),
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number, 0 or more".to_owned(),
        "i32" | "i64" | "integer" => "a whole number".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" | "bool" => "true or false".to_owned(),
        "a sequence" | "sequence" => "a list".to_owned(),
        "map" | "a map" => "a table".to_owned(),
        _ if kind.starts_with("struct ") => "a table".to_owned(),
        _ => kind.replace("string ", "the text ").replace("integer ", "the number ").replace("boolean ", "the word "),
    }
}

fn hint_of_kind(expected: &str) -> (&'static str, &'static str) {
    match kind_en(expected).as_str() {
        "a text" => ("文字要加双引号", "a text stands in double quotes"),
        "a whole number" | "a whole number, 0 or more" | "a number" => {
            ("数字不加引号", "a number stands without quotes")
        }
        "true or false" => ("不加引号：true 或 false", "without quotes: true or false"),
        "a list" => ("列表写作 [\"a\", \"b\"]", "a list is written [\"a\", \"b\"]"),
        _ => ("", ""),
    }
}

pub(super) fn env_missing(name: &str) -> Say {
    say(
        format!("环境变量 `{name}` 未设置"),
        format!("the environment variable `{name}` is not set"),
        "启动前设置它（如 systemd 的 Environment=），或改用 ${file:路径}",
        "set it before the start (systemd: Environment=), or use ${file:PATH}",
    )
}

pub(super) fn secret_file(path: &Path, error: &std::io::Error) -> Say {
    say(
        format!("无法读取文件 `{}`：{}", path.display(), diagnostic::io_words(error).zh),
        format!("the file `{}` cannot be read: {}", path.display(), diagnostic::io_words(error).en),
        "相对路径从 hub.toml 所在目录算起；文件须为 UTF-8 文本，且运行账户可读",
        "a relative path starts at the folder of hub.toml; the file must be UTF-8 text that this account may read",
    )
}

pub(super) fn reference_open(text: &str) -> Say {
    // Only the part up to the reference: what follows could be a secret written in by mistake.
    let shown: String = text.chars().take_while(|&c| c != '{').collect();
    say(
        format!("`{shown}{{` 之后缺少 `}}`"),
        format!("`{shown}{{` is never closed by `}}`"),
        "写作 ${env:名称} 或 ${file:路径}；要写普通的 `${` 时写 `$${`",
        "write ${env:NAME} or ${file:PATH}; a plain `${` is written `$${`",
    )
}

pub(super) fn reference_unknown(reference: &str) -> Say {
    say(
        format!("`${{{reference}}}` 不是可识别的引用"),
        format!("`${{{reference}}}` refers to nothing known"),
        "写作 ${env:名称} 或 ${file:路径}；要写普通的 `${` 时写 `$${`",
        "write ${env:NAME} or ${file:PATH}; a plain `${` is written `$${`",
    )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use crate::config::System;
    use crate::config::read::{Secrets, read};
    use crate::diagnostic::{Diagnostic, Lang};

    /// Drives the real types, so that a reworded expectation is noticed.
    #[test]
    fn what_a_type_expects_is_told_in_chinese_too() {
        let text = r#"
name = "s"
name_zh = "系统"
[[job]]
name = "j"
schedule = 5
mappings = ["s/m"]
from.files = { path = "in", pattern = 5, format.xlsx = { sheet = true } }
[[feed]]
name = "f"
datasets = ["*"]
from = 5
to.files = { path = "out" }
"#;
        let secrets = Secrets { env: &|_| None, base: Path::new(".") };
        let (_, found) = read::<System>(Path::new("s.toml"), text, &secrets);
        found.iter().for_each(Diagnostic::assert_told_in_both_languages);
        insta::assert_snapshot!(found.iter().map(|d| d.render(Lang::Zh)).collect::<Vec<_>>().join("\n"), @r#"
        s.toml:12:8: 这里应为 "all"、"now" 或日期（如 2026-01-31），现为整数 5
        s.toml:8:66: 这里应为工作表的名称，或从 1 起的序号，现为布尔值 true
        s.toml:8:39: 这里应为文件名的模式（如 "*.csv"）或其列表，现为整数 5
        s.toml:6:12: 这里应为时刻表，如 "*/5 * * * *"、"every 30s" 或 { cron = "…", zone = "…" }，现为整数 5
        "#);
    }
}
