//! Which bytes are which text, and the proof that a file is what it was declared to be.
//!
//! The encoding is declared, never guessed: a wrong guess stores nonsense that looks like text. What a file itself
//! says (a byte order mark, the NULs of UTF-16, text that is UTF-8 throughout) is compared with the declaration
//! and refused with a clear word where it contradicts. A byte that does not decode is reported with its place and
//! never replaced silently. Only a target's answer, which declares nothing that can be relied on, is guessed.

use std::borrow::Cow;

use adapter::Words;
use encoding_rs::{DecoderResult, GB18030};
use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::window::Window;

/// An encoding that a source may declare.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    #[default]
    #[serde(rename = "utf-8", alias = "UTF-8", alias = "utf8")]
    Utf8,
    /// Read as GB18030, which contains it.
    #[serde(rename = "gbk", alias = "GBK")]
    Gbk,
    #[serde(rename = "gb18030", alias = "GB18030")]
    Gb18030,
    /// Read as GB18030, which contains it: what calls itself GB2312 is seldom only that.
    #[serde(rename = "gb2312", alias = "GB2312")]
    Gb2312,
    #[serde(rename = "utf-16le", alias = "UTF-16LE")]
    Utf16Le,
    #[serde(rename = "utf-16be", alias = "UTF-16BE")]
    Utf16Be,
}

/// The text of an answer of whatever encoding, for a person and for rules: by its byte order mark, which goes; else
/// UTF-8 where it is that throughout; else GB18030, since other answers in Chinese are hardly met. What its header
/// declares is not asked: servers declare what their framework does unless told, over any text.
pub fn answer_text(answer: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, _)) = encoding_rs::Encoding::for_bom(answer) {
        return encoding.decode_with_bom_removal(answer).0;
    }
    match std::str::from_utf8(answer) {
        Ok(text) => Cow::Borrowed(text),
        // A cut answer may end in the middle of a character.
        Err(error) if error.error_len().is_none() => answer_text(&answer[..error.valid_up_to()]),
        Err(_) => GB18030.decode_without_bom_handling(answer).0,
    }
}

/// The first place in a text that does not decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Bad {
    /// Offset in the given bytes.
    pub at: usize,
    /// How many bytes belong to it.
    pub len: usize,
}

impl Encoding {
    /// The name that a person reads, and `Rows::encoding` holds.
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "UTF-8",
            Self::Gbk => "GBK",
            Self::Gb18030 => "GB18030",
            Self::Gb2312 => "GB2312",
            Self::Utf16Le => "UTF-16LE",
            Self::Utf16Be => "UTF-16BE",
        }
    }

    /// The encoding in which a file's first bytes are text: UTF-8 or GB18030; none where they are in neither. To advise
    /// a person only: no file is ever read by a guess.
    pub fn of_text(bytes: &[u8]) -> Option<Self> {
        [Self::Utf8, Self::Gb18030].into_iter().find(|encoding| encoding.reads(bytes))
    }

    /// True: a file's first bytes are text in this encoding. UTF-16 is not judged.
    pub fn reads(self, bytes: &[u8]) -> bool {
        // The last line may have been cut within a character.
        let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(bytes, |at| &bytes[..at]);
        self.is_utf16() || self.decode(whole, &mut String::new()).is_none()
    }

    /// The encoding that an XML declaration names. `utf-16` alone says no byte order; the mark does.
    pub(crate) fn of_label(label: &str) -> Option<Self> {
        Some(match label.to_ascii_lowercase().as_str() {
            "utf-8" | "utf8" | "us-ascii" | "ascii" => Self::Utf8,
            "gbk" | "cp936" | "x-gbk" => Self::Gbk,
            "gb18030" => Self::Gb18030,
            "gb2312" | "gb_2312-80" => Self::Gb2312,
            "utf-16le" => Self::Utf16Le,
            "utf-16be" => Self::Utf16Be,
            _ => return None,
        })
    }

    /// True: two names for what we read in one way.
    pub(crate) fn same_family(self, other: Self) -> bool {
        self == other || (self.is_gb() && other.is_gb())
    }

    pub(crate) fn is_gb(self) -> bool {
        matches!(self, Self::Gbk | Self::Gb18030 | Self::Gb2312)
    }

    pub(crate) fn is_utf16(self) -> bool {
        matches!(self, Self::Utf16Le | Self::Utf16Be)
    }

    /// Appends the text of `raw` to `out`, U+FFFD where a byte does not decode, and returns the first such place.
    ///
    /// UTF-16 has become UTF-8 before it gets here (see `window`), an unpaired surrogate being no valid UTF-8.
    pub(crate) fn decode(self, raw: &[u8], out: &mut String) -> Option<Bad> {
        if self.is_gb() { decode_gb(raw, out) } else { decode_utf8(raw, out) }
    }

    /// How many bytes the character at the beginning of `raw` has, as far as structure goes: a byte of ASCII that
    /// is the second half of a GBK character must not be taken for a bracket. 0: more bytes are needed.
    pub(crate) fn step(self, raw: &[u8], at_end: bool) -> usize {
        if !self.is_gb() || raw[0] < 0x81 || raw[0] == 0xff {
            return 1;
        }
        match raw.get(1) {
            None if at_end => 1,
            None => 0,
            Some(0x40..=0x7e | 0x80..=0xfe) => 2,
            Some(0x30..=0x39) if raw.len() >= 4 => match raw[2] {
                0x81..=0xfe => 4,
                _ => 1,
            },
            Some(0x30..=0x39) if !at_end => 0,
            Some(_) => 1,
        }
    }
}

fn decode_utf8(raw: &[u8], out: &mut String) -> Option<Bad> {
    let mut first = None;
    let (mut rest, mut at) = (raw, 0);
    loop {
        match std::str::from_utf8(rest) {
            Ok(text) => {
                out.push_str(text);
                return first;
            }
            Err(error) => {
                let (good, tail) = rest.split_at(error.valid_up_to());
                out.push_str(std::str::from_utf8(good).expect("checked by valid_up_to"));
                out.push(char::REPLACEMENT_CHARACTER);
                let len = error.error_len().unwrap_or(tail.len());
                first.get_or_insert(Bad { at: at + good.len(), len });
                at += good.len() + len;
                rest = &tail[len..];
            }
        }
    }
}

fn decode_gb(raw: &[u8], out: &mut String) -> Option<Bad> {
    let mut decoder = GB18030.new_decoder_without_bom_handling();
    let mut first = None;
    let mut at = 0;
    loop {
        let rest = &raw[at..];
        if let Some(need) = decoder.max_utf8_buffer_length_without_replacement(rest.len()) {
            out.reserve(need);
        }
        let (result, read) = decoder.decode_to_string_without_replacement(rest, out, true);
        at += read;
        match result {
            DecoderResult::InputEmpty => return first,
            DecoderResult::OutputFull => {}
            DecoderResult::Malformed(len, after) => {
                let len = usize::from(len);
                first.get_or_insert(Bad { at: at.saturating_sub(len + usize::from(after)), len });
                out.push(char::REPLACEMENT_CHARACTER);
                // The decoder has ended with this call's `last`; what follows is read by a new one.
                at -= usize::from(after);
                decoder = GB18030.new_decoder_without_bom_handling();
            }
        }
    }
}

/// Compares the beginning of a file with the declared encoding. Returns the length of the byte order mark.
pub(crate) fn check_head(declared: Encoding, head: &[u8]) -> Result<usize, Refusal> {
    if let Some(refusal) = no_text(head) {
        return Err(refusal);
    }
    let name = declared.name();
    let contradiction = |zh: &str, is: &str, hint: &str| {
        Err(Refusal::new(
            (format!("声明为 {name}，实际{zh}"), format!("it was declared to be {name}, but it {is}")),
            (
                format!("请设 `encoding = \"{hint}\"`，或请对方以 {name} 输出"),
                format!("set `encoding = \"{hint}\"`, or have the file written as {name}"),
            ),
        ))
    };
    let marked = |encoding: Encoding, hint: &str| {
        let found = encoding.name();
        let is = format!("begins with the byte order mark of {found}");
        contradiction(&format!("以 {found} 的字节顺序标记开头"), &is, hint)
    };
    let marks: [(&[u8], Encoding, &str); 4] = [
        (b"\xef\xbb\xbf", Encoding::Utf8, "utf-8"),
        (b"\xff\xfe", Encoding::Utf16Le, "utf-16le"),
        (b"\xfe\xff", Encoding::Utf16Be, "utf-16be"),
        (b"\x84\x31\x95\x33", Encoding::Gb18030, "gb18030"),
    ];
    for (mark, encoding, hint) in marks {
        if head.starts_with(mark) {
            return if declared.same_family(encoding) { Ok(mark.len()) } else { marked(encoding, hint) };
        }
    }
    if declared.is_utf16() {
        // Text has line breaks or blanks or digits: one byte of each is NUL.
        let looks_wide = head.len() < 2 || memchr::memchr(0, head).is_some();
        return if looks_wide { Ok(0) } else { contradiction("不是 UTF-16", "holds no UTF-16", "utf-8") };
    }
    match Nuls::of(head) {
        Nuls::None => {}
        Nuls::Some(at) => {
            return Err(Refusal::new(
                (format!("含有 NUL 字节，第一个在第 {at} 字节处"), format!("it has NUL bytes, the first at byte {at}")),
                (
                    "请对方输出不含 NUL 字节的文本；定长字段常以它补齐",
                    "have it written without NUL bytes; programs pad fields of a fixed length with them",
                ),
            ));
        }
        Nuls::Utf16Le => return contradiction("像是 UTF-16LE", "looks like UTF-16LE", "utf-16le"),
        Nuls::Utf16Be => return contradiction("像是 UTF-16BE", "looks like UTF-16BE", "utf-16be"),
    }
    if declared.is_gb() && is_surely_utf8(head) {
        return contradiction("是 UTF-8", "is UTF-8", "utf-8");
    }
    Ok(0)
}

/// What is known by its first bytes to be no text at all.
fn no_text(head: &[u8]) -> Option<Refusal> {
    let holds = |name: &[u8]| memchr::memmem::find(head, name).is_some();
    let (zh, en) = match head {
        [b'P', b'K', 3, 4, ..] if holds(b"[Content_Types].xml") || holds(b"xl/") => {
            (" Excel 工作簿（zip）", "an Excel workbook (zip)")
        }
        [b'P', b'K', 3, 4, ..] => (" zip 压缩包", "a zip archive"),
        [0xd0, 0xcf, 0x11, 0xe0, ..] => ("旧版 Office 文件（如 .xls）", "a file of old Office programs, such as .xls"),
        [0x1f, 0x8b, ..] => (" gzip 压缩文件", "packed by gzip"),
        _ => return None,
    };
    let hint = match zh.contains("Excel") {
        true => ("请用 `format.xlsx` 读取它，或请对方另存为文本", "read it by `format.xlsx`, or have it saved as text"),
        false => ("请对方以文本文件提供", "have it delivered as a text file"),
    };
    Some(Refusal::new((format!("这不是文本，而是{zh}"), format!("it is no text, but {en}")), hint))
}

/// What the NUL bytes at the beginning of a file say that was not declared to be UTF-16.
enum Nuls {
    None,
    /// They stand in text, the first of them here.
    Some(usize),
    Utf16Le,
    Utf16Be,
}

impl Nuls {
    fn of(head: &[u8]) -> Self {
        let head = &head[..head.len().min(256)];
        let Some(first) = memchr::memchr(0, head) else { return Self::None };
        // Text of other encodings, paired up, falls outside of what these texts are made of.
        let looks_like = |unit: fn([u8; 2]) -> u16| {
            let (pairs, _) = head.as_chunks::<2>();
            let usual = pairs.iter().filter(|pair| is_usual(unit(**pair))).count();
            usual * 5 >= pairs.len() * 4 && !pairs.is_empty()
        };
        if looks_like(u16::from_le_bytes) {
            Self::Utf16Le
        } else if looks_like(u16::from_be_bytes) {
            Self::Utf16Be
        } else {
            Self::Some(first)
        }
    }
}

/// A unit of UTF-16 as Chinese and English texts have it.
fn is_usual(unit: u16) -> bool {
    matches!(unit, 9 | 10 | 13 | 0x20..=0x7e | 0x3000..=0x303f | 0x4e00..=0x9fff | 0xff00..=0xffef)
}

/// True: all that is not ASCII is well-formed UTF-8, with enough characters of three bytes that GBK can't look so
/// by chance.
fn is_surely_utf8(head: &[u8]) -> bool {
    const THREE_BYTE_CHARACTERS_MIN: usize = 4;
    let valid = match std::str::from_utf8(head) {
        Ok(text) => text,
        // The head may end in the middle of a character.
        Err(error) if error.error_len().is_none() => {
            std::str::from_utf8(&head[..error.valid_up_to()]).expect("checked by valid_up_to")
        }
        Err(_) => return false,
    };
    valid.chars().filter(|c| c.len_utf8() == 3).take(THREE_BYTE_CHARACTERS_MIN).count() == THREE_BYTE_CHARACTERS_MIN
}

/// The arguments of [`FaultKind::Undecodable`]: encoding, offset in the file, bytes in hex, what the row looks like.
pub(crate) fn undecodable(encoding: Encoding, window: &Window, bad: Bad, row: &[u8]) -> Vec<String> {
    let spot = window.raw(&row[bad.at..bad.at + bad.len]);
    let hex: Vec<String> = spot.iter().map(|b| format!("{b:02x}")).collect();
    let mut args = vec![encoding.name().into(), window.offset_of(bad.at).to_string(), hex.join(" ")];
    if looks_like_gbk(encoding, row) {
        args.push(Words::from(LOOKS_LIKE_GBK).to_text());
    }
    args
}

/// Goes on after what a text is not.
pub(crate) const LOOKS_LIKE_GBK: (&str, &str) = ("；看来是 GBK", "; it looks like GBK");

/// True: what is no UTF-8, as which it was declared, is made of the characters of GB 2312, which are nearly all that
/// Chinese texts have. A damaged character of UTF-8 leaves few such pairs.
pub(crate) fn looks_like_gbk(declared: Encoding, raw: &[u8]) -> bool {
    let (mut common, mut all, mut at) = (0, 0, 0);
    while at < raw.len() {
        let step = Encoding::Gbk.step(&raw[at..], true);
        if step > 1 || !raw[at].is_ascii() {
            all += 1;
            common += usize::from(step == 2 && (0xa1..=0xf7).contains(&raw[at]) && raw[at + 1] >= 0xa1);
        }
        at += step;
    }
    declared == Encoding::Utf8 && common * 10 >= all * 9 && all > 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_in_whatever_encoding_it_comes() {
        assert_eq!(answer_text("已存在".as_bytes()), "已存在");
        assert_eq!(answer_text(b"\xef\xbb\xbf{}"), "{}");
        assert_eq!(answer_text(b"\xd2\xd1\xb4\xe6\xd4\xda"), "已存在");
        assert_eq!(answer_text(b"\xff\xfe{\0}\0"), "{}");
        assert_eq!(answer_text(&"已存在".as_bytes()[..8]), "已存");
        assert_eq!(answer_text(b""), "");
    }
}
