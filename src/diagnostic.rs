//! What a person is told: what is wrong in a text they wrote ([`Diagnostic`]), and why a command failed ([`Failure`]).
//!
//! Everything here speaks Chinese and English. Nothing here prints: `cli` renders. Mistakes in files travel as lists,
//! since a person wants all of them at once; a failure is what remains at the edge of the program, with the exit code.

use std::fmt;
use std::path::{Path, PathBuf};

pub use adapter::{Lang, Words, count, nearest};

/// Words in Chinese and English.
pub fn say(zh: impl Into<String>, en: impl Into<String>) -> Words {
    Words::new(zh, en)
}

/// What reads alike in both languages, such as a line to write into a file.
pub fn same(text: impl Into<String>) -> Words {
    let text = text.into();
    Words { zh: text.clone(), en: text }
}

/// No words, such as the hint where the message says it all.
pub fn nothing() -> Words {
    Words::default()
}

/// One thing wrong in a file that a person wrote. Its words are [`Words`], so that neither language can be forgotten.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    pub file: PathBuf,
    /// Counted from 1; 0 = the file as a whole.
    pub line: u32,
    /// In characters, counted from 1; 0 = the line as a whole.
    pub column: u32,
    pub message: Words,
    /// What would be right, or what to do. May be empty.
    pub hint: Words,
}

impl Diagnostic {
    /// A diagnostic at a byte offset of the file's text.
    pub fn at(file: &Path, text: &str, offset: usize, message: Words, hint: Words) -> Self {
        let (line, column) = place(text, offset);
        Self { line, column, ..Self::whole(file, message, hint) }
    }

    /// A diagnostic about a file as a whole.
    pub fn whole(file: &Path, message: Words, hint: Words) -> Self {
        Self { file: file.to_owned(), line: 0, column: 0, message, hint }
    }

    pub fn message(&self, lang: Lang) -> &str {
        self.message.get(lang)
    }

    pub fn hint(&self, lang: Lang) -> &str {
        self.hint.get(lang)
    }

    /// `file:line:column`, or the file alone.
    pub fn place(&self) -> String {
        match self.line {
            0 => self.file.display().to_string(),
            line => format!("{}:{line}:{}", self.file.display(), self.column),
        }
    }

    /// Two lines for a person: `file:line:column: what is wrong`, then the hint.
    pub fn render(&self, lang: Lang) -> String {
        let mut out = format!("{}: {}", self.place(), self.message(lang));
        if !self.hint(lang).is_empty() {
            out.push_str(lang.pick("\n  提示：", "\n  hint: "));
            out.push_str(self.hint(lang));
        }
        out
    }
}

/// Line and column of a byte offset, both counted from 1, the column in characters.
pub fn place(text: &str, offset: usize) -> (u32, u32) {
    let before = &text[..text.floor_char_boundary(offset)];
    let line = before.matches('\n').count() as u32 + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() as u32 + 1;
    (line, column)
}

#[cfg(test)]
impl Diagnostic {
    /// Fails where a reader of Chinese would meet English: for tests, of every mistake that they provoke.
    #[track_caller]
    pub(crate) fn assert_told_in_both_languages(&self) {
        let chinese = |text: &str| text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(chinese(&self.message.zh) && self.message.zh != self.message.en, "no Chinese: {self:?}");
        assert!(!self.message.en.is_empty() && self.hint.zh.is_empty() == self.hint.en.is_empty(), "{self:?}");
        // A hint may be a line to write, which reads alike in both.
        let line = self.hint.zh == self.hint.en && self.hint.en.contains(" = ");
        assert!(self.hint.is_empty() || line || chinese(&self.hint.zh), "no Chinese hint: {self:?}");
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(Lang::En))
    }
}

/// What kind of failure a command ended with; decides the exit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The command was used wrongly: an unknown name, an option that does not fit.
    User,
    /// Configuration, mapping or schema is wrong.
    Config,
    /// Everything ran, but the answer is no: books do not balance, an example fails, something waits for a person.
    Refused,
    /// A file, database or service cannot be reached now; the same command may succeed later.
    Unavailable,
    /// A bug in this program.
    Internal,
}

impl FailureKind {
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Refused => 1,
            Self::User | Self::Config => 2,
            Self::Unavailable => 3,
            Self::Internal => 70,
        }
    }

    /// The word in machine-readable output.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Config => "config",
            Self::Refused => "refused",
            Self::Unavailable => "unavailable",
            Self::Internal => "internal",
        }
    }
}

/// Why a command ends without having done what was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: Words,
    /// The next step. May be empty.
    pub hint: Words,
    /// Each thing that is wrong in files; shown before the message.
    pub diagnostics: Box<[Diagnostic]>,
}

impl Failure {
    /// A failure with its words in Chinese and English.
    pub fn new(kind: FailureKind, zh: impl Into<String>, en: impl Into<String>) -> Self {
        Self { kind, message: Words::new(zh, en), hint: Words::default(), diagnostics: Box::default() }
    }

    /// The same, with the next step.
    pub fn hint(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.hint = Words::new(zh, en);
        self
    }

    /// Mistakes in files; the list must not be empty.
    pub fn of_diagnostics(diagnostics: Vec<Diagnostic>) -> Self {
        let n = diagnostics.len();
        Self {
            diagnostics: diagnostics.into(),
            ..Self::new(
                FailureKind::Config,
                format!("共 {n} 处错误"),
                format!("{} found", count(n, "mistake", "mistakes")),
            )
        }
    }

    /// All lines for a person: each mistake as `error: …` and `hint: …`, then the failure itself.
    pub fn render(&self, lang: Lang) -> String {
        let (error, hint) = (lang.pick("错误：", "error: "), lang.pick("提示：", "hint: "));
        let mut out = String::new();
        let mut say = |message: &str, advice: &str| {
            out.push_str(&format!("{error}{message}\n"));
            if !advice.is_empty() {
                out.push_str(&format!("{hint}{advice}\n"));
            }
        };
        for d in &self.diagnostics {
            say(&format!("{}: {}", d.place(), d.message(lang)), d.hint(lang));
        }
        // One mistake speaks for itself; a sum is worth a line from two on.
        if self.diagnostics.len() != 1 {
            say(self.message.get(lang), self.hint.get(lang));
        }
        out
    }
}

impl From<Vec<Diagnostic>> for Failure {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        Self::of_diagnostics(diagnostics)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.render(Lang::En).trim_end())
    }
}

impl std::error::Error for Failure {}

/// Why the system refused to read or write a file of text, without its numbers.
pub fn io_words(error: &std::io::Error) -> Words {
    match error.kind() {
        std::io::ErrorKind::InvalidData => Words::new("不是 UTF-8 文本", "it is no UTF-8 text"),
        _ => adapter::io_words(error),
    }
}

/// Separates the parts of a bilingual message inside an error type that knows one text only.
const PART: char = '\u{1f}';

/// An error of serde's that carries both languages and a hint through a format that knows one text only.
pub fn wrong<E: serde::de::Error>(message: Words, hint: Words) -> E {
    E::custom(format!("{}{PART}{}{PART}{}{PART}{}", message.en, hint.en, message.zh, hint.zh))
}

/// Takes apart what [`wrong`] put together: message and hint. None: some other text.
pub fn wrong_parts(text: &str) -> Option<(Words, Words)> {
    let mut parts = text.split(PART);
    let (en, hint_en, zh, hint_zh) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    Some((Words::new(zh, en), Words::new(hint_zh, hint_en)))
}

/// What the parser of TOML says most, in Chinese.
const TOML: &[(&str, &str)] = &[
    ("duplicate key", "同一个键写了两次"),
    ("unclosed table", "表头没有结束"),
    ("unclosed array table", "表头没有结束"),
    ("unclosed array", "列表没有结束"),
    ("unclosed inline table", "花括号中的表没有结束"),
    ("invalid basic string", "双引号中的文字没有结束，或含有不允许的字符"),
    ("invalid literal string", "单引号中的文字没有结束，或含有不允许的字符"),
    ("invalid multi-line basic string", "三个双引号中的文字没有结束，或含有不允许的字符"),
    ("invalid multi-line literal string", "三个单引号中的文字没有结束，或含有不允许的字符"),
    ("missing escaped value", "反斜杠之后的字符不是转义符"),
    ("missing opening quote", "缺少开头的引号"),
    ("string values must be quoted", "文字没有加引号"),
    ("invalid unquoted key", "键中有特殊字符而没有加引号"),
    ("unquoted keys cannot be empty", "缺少键"),
    ("missing value", "缺少值"),
    ("missing value for key", "键没有值"),
    ("key with no value", "键没有值"),
    ("missing key for inline table element", "花括号中的值没有键"),
    ("missing comma between key-value pairs", "各项之间缺少逗号"),
    ("missing comma between array elements", "各项之间缺少逗号"),
    ("missing assignment between key-value pairs", "键与值之间缺少等号"),
    ("extra assignment between key-value pairs", "多了一个等号"),
    ("extra `=`", "多了一个等号"),
    ("unexpected `=` in array", "列表中有等号"),
    ("extra comma in inline table", "多了一个逗号"),
    ("extra comma in array", "多了一个逗号"),
    ("unexpected key or value", "一行中有多余的内容"),
    ("unexpected content", "一行中有多余的内容"),
    ("unexpected leading zero", "数字不能以 0 开头"),
    ("invalid integer number", "不是整数"),
    ("invalid float", "不是小数"),
    ("invalid boolean", "应为 true 或 false"),
    ("invalid date-time", "不是日期时间"),
];

/// What is wrong with a text that is no TOML: message and hint. `message` is the parser's, in English.
pub fn no_toml(message: &str) -> (Words, Words) {
    let (what, expected) = message.split_once(", expected ").unwrap_or((message, ""));
    let zh = match TOML.iter().find(|(en, _)| *en == what) {
        // Marks are the same in every language; other things expected are told by the Chinese words themselves.
        Some((_, zh)) if expected.starts_with('`') && !expected.contains(", ") => format!("{zh}，此处应为 {expected}"),
        Some((_, zh)) => (*zh).to_owned(),
        None => message.to_owned(),
    };
    let words = say(format!("不是有效的 TOML：{zh}"), format!("this is no TOML: {message}"));
    (words, say("文字要加双引号；一行一个 `键 = 值`", "texts stand in double quotes; one `key = value` a line"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown_form() -> Diagnostic {
        let text = "[fields]\nA = { 名 = 1, form = \"x\" }\n";
        let at = text.find("form").unwrap();
        let hint = say("是否想写 `from`？", "did you mean `from`?");
        Diagnostic::at(Path::new("m.toml"), text, at, say("未知的键 `form`", "unknown key `form`"), hint)
    }

    #[test]
    fn columns_count_characters_and_both_languages_are_spoken() {
        insta::assert_snapshot!(unknown_form(), @r"
        m.toml:2:14: unknown key `form`
          hint: did you mean `from`?
        ");
        insta::assert_snapshot!(unknown_form().render(Lang::Zh), @r"
        m.toml:2:14: 未知的键 `form`
          提示：是否想写 `from`？
        ");
    }

    #[test]
    fn what_is_no_toml_is_told_in_both_languages() {
        let told = |text: &str| {
            let (_, errors) = toml::de::DeTable::parse_recoverable(text);
            let one = |error: &toml::de::Error| {
                let (message, _) = no_toml(error.message());
                assert_ne!(message.zh.split('：').nth(1), Some(error.message()), "no Chinese for it");
                format!("{} | {}", message.zh, message.en)
            };
            errors.iter().map(one).collect::<Vec<_>>().join("\n")
        };
        let texts =
            ["a = 无", "a = \"无", "[a", "a = [1 2]", "a = {b = 1", "a", "名 = 1", "a = 1\na = 2", "a = 01", "= 1"];
        insta::assert_snapshot!(texts.map(told).join("\n"), @r#"
        不是有效的 TOML：文字没有加引号 | this is no TOML: string values must be quoted, expected literal string
        不是有效的 TOML：双引号中的文字没有结束，或含有不允许的字符，此处应为 `"` | this is no TOML: invalid basic string, expected `"`
        不是有效的 TOML：表头没有结束，此处应为 `]` | this is no TOML: unclosed table, expected `]`
        不是有效的 TOML：文字没有加引号 | this is no TOML: string values must be quoted, expected literal string
        不是有效的 TOML：花括号中的表没有结束，此处应为 `}` | this is no TOML: unclosed inline table, expected `}`
        不是有效的 TOML：键没有值，此处应为 `=` | this is no TOML: key with no value, expected `=`
        不是有效的 TOML：键中有特殊字符而没有加引号 | this is no TOML: invalid unquoted key, expected letters, numbers, `-`, `_`
        不是有效的 TOML：同一个键写了两次 | this is no TOML: duplicate key
        不是有效的 TOML：数字不能以 0 开头 | this is no TOML: unexpected leading zero, expected nothing
        不是有效的 TOML：缺少键 | this is no TOML: unquoted keys cannot be empty, expected letters, numbers, `-`, `_`
        "#);
    }

    #[test]
    fn a_failure_lists_every_mistake_and_then_their_sum() {
        let one = Failure::from(vec![unknown_form()]);
        insta::assert_snapshot!(one.render(Lang::En), @r"
        error: m.toml:2:14: unknown key `form`
        hint: did you mean `from`?
        ");
        let two = Failure::from(vec![
            unknown_form(),
            Diagnostic::whole(Path::new("a.csv"), say("是空的", "is empty"), nothing()),
        ]);
        insta::assert_snapshot!(two.render(Lang::Zh), @r"
        错误：m.toml:2:14: 未知的键 `form`
        提示：是否想写 `from`？
        错误：a.csv: 是空的
        错误：共 2 处错误
        ");
    }

    #[test]
    fn exit_codes_are_those_of_the_help() {
        use FailureKind::*;
        let codes = [User, Config, Refused, Unavailable, Internal].map(FailureKind::exit_code);
        assert_eq!(codes, [2, 2, 1, 3, 70]);
    }
}
