//! A date's text, cut into numbers, words and signs.

use crate::mapping::convert::clean::half;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Token {
    Number {
        value: u64,
        digits: u8,
        after_blank: bool,
    },
    Sign(char),
    Month(u32),
    /// True: after noon.
    Noon(bool),
}

/// Longest form that is read: `2016 年 4 月 14 日 下 午 9 : 05 : 00 . 123456 + 08 : 00` and some to spare.
const TOKENS_MAX: usize = 24;

#[derive(Debug)]
pub(super) struct Tokens {
    list: [Token; TOKENS_MAX],
    len: usize,
}

impl Default for Tokens {
    fn default() -> Self {
        Self { list: [Token::Sign(' '); TOKENS_MAX], len: 0 }
    }
}

/// Words that say nothing more about the moment, longest first.
const SILENT: &[&str] = &["（北京时间）", "(北京时间)", "北京时间"];
const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

impl Tokens {
    pub(super) fn as_slice(&self) -> &[Token] {
        &self.list[..self.len]
    }

    fn push(&mut self, token: Token) -> Option<()> {
        *self.list.get_mut(self.len)? = token;
        self.len += 1;
        Some(())
    }

    /// Cuts the text; none if it has more tokens than a date, or a word that no date has.
    pub(super) fn cut(&mut self, text: &str) -> Option<()> {
        let mut rest = text;
        let mut after_blank = true;
        while let Some(c) = rest.chars().next() {
            if c.is_whitespace() {
                rest = rest.trim_start();
                after_blank = true;
                continue;
            }
            let c = half(c);
            let mut take = c.len_utf8().max(rest.chars().next().map_or(0, char::len_utf8));
            if c.is_ascii_digit() {
                let len: usize = rest.chars().take_while(|c| half(*c).is_ascii_digit()).map(char::len_utf8).sum();
                let digits = rest[..len].chars().map(|c| u64::from(half(c) as u32 - u32::from('0')));
                let count = digits.clone().count().min(255) as u8;
                let value = digits.fold(0u64, |sum, d| sum.saturating_mul(10).saturating_add(d));
                self.push(Token::Number { value, digits: count, after_blank })?;
                take = len;
            } else if c.is_ascii_alphabetic() {
                let len = rest.bytes().take_while(u8::is_ascii_alphabetic).count().max(take);
                self.push(word(&rest[..len])?)?;
                take = len;
            } else if let Some(token) = rest.strip_prefix("上午").map(|_| Token::Noon(false)) {
                self.push(token)?;
                take = "上午".len();
            } else if rest.starts_with("下午") {
                self.push(Token::Noon(true))?;
                take = "下午".len();
            } else if let Some(len) = silent(rest) {
                take = len;
            } else {
                self.push(Token::Sign(c))?;
            }
            rest = &rest[take..];
            after_blank = false;
        }
        Some(())
    }
}

/// A month's name, T, Z, AM or PM.
fn word(word: &str) -> Option<Token> {
    let lower = word.to_ascii_lowercase();
    match lower.as_str() {
        "t" | "ｔ" => return Some(Token::Sign('T')),
        "z" | "utc" | "gmt" => return Some(Token::Sign('Z')),
        "am" => return Some(Token::Noon(false)),
        "pm" => return Some(Token::Noon(true)),
        _ => {}
    }
    let month = MONTHS.iter().position(|m| lower.starts_with(m))? as u32 + 1;
    let full = ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october"];
    let whole = lower.len() == 3
        || lower == "sept"
        || full.contains(&lower.as_str())
        || lower == "november"
        || lower == "december";
    whole.then_some(Token::Month(month))
}

/// Length of a day of the week, with or without brackets, or of "Beijing time".
fn silent(rest: &str) -> Option<usize> {
    if let Some(found) = SILENT.iter().find(|s| rest.starts_with(**s)) {
        return Some(found.len());
    }
    let open = rest.strip_prefix(['(', '（']).unwrap_or(rest);
    let day = open.strip_prefix("星期").or_else(|| open.strip_prefix("周"))?;
    let after = day.strip_prefix(['一', '二', '三', '四', '五', '六', '日', '天'])?;
    let after = if open.len() < rest.len() { after.strip_prefix([')', '）'])? } else { after };
    Some(rest.len() - after.len())
}
