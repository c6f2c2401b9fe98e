//! Decimal numbers as people and programs write them, kept exactly: digits and a power of ten, never a float.
//!
//! A change between 分, 元 and 万元 only moves the point, so no arithmetic can round.

use super::Problem;
use super::clean::half;
use crate::schema::ReasonCode;

/// Most significant digits read: the dictionary's longest number has 22, and 30 times a unit's factor fits 128 bits.
const DIGITS_MAX: u32 = 30;
/// Largest power of ten read from scientific text, as spreadsheets write it.
const EXPONENT_MAX: i32 = 30;

/// `digits × 10^exponent`, without trailing zeros in `digits`, so that equal numbers are equal values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Decimal {
    pub(crate) negative: bool,
    pub(crate) digits: u128,
    pub(crate) exponent: i32,
}

impl Decimal {
    pub(crate) fn new(negative: bool, mut digits: u128, mut exponent: i32) -> Self {
        if digits == 0 {
            return Self { negative: false, digits: 0, exponent: 0 };
        }
        while digits.is_multiple_of(10) {
            digits /= 10;
            exponent += 1;
        }
        Self { negative, digits, exponent }
    }

    /// The same number times a power of ten.
    pub(crate) fn shifted(self, by: i32) -> Self {
        if self.digits == 0 { self } else { Self { exponent: self.exponent + by, ..self } }
    }

    /// Digits after the point in plain notation.
    pub(crate) fn fraction_digits(self) -> u32 {
        (-self.exponent).max(0) as u32
    }

    /// Appends plain notation: `-1234.5`, no exponent, no trailing zeros.
    pub(crate) fn write(self, out: &mut String) {
        let mut buffer = [b'0'; 40];
        let mut at = buffer.len();
        let mut rest = self.digits;
        while rest > 0 {
            at -= 1;
            buffer[at] = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let digits = str::from_utf8(&buffer[at..]).unwrap_or_default();
        if self.negative {
            out.push('-');
        }
        let zeros = |out: &mut String, n: i32| out.extend(std::iter::repeat_n('0', n.max(0) as usize));
        let whole = digits.len() as i32 + self.exponent;
        if self.exponent >= 0 {
            out.push_str(if digits.is_empty() { "0" } else { digits });
            zeros(out, self.exponent);
        } else if whole > 0 {
            out.push_str(&digits[..whole as usize]);
            out.push('.');
            out.push_str(&digits[whole as usize..]);
        } else {
            out.push_str("0.");
            zeros(out, -whole);
            out.push_str(digits);
        }
    }
}

/// Reads the number that `text` begins with, and returns it with what follows: `3,140.47元` gives 3140.47 and `元`.
///
/// Full-width digits and signs, thousands separators in groups of three, a sign before, scientific notation. None:
/// no number stands there, its separators stand in no order, or it has more than 30 digits.
pub(crate) fn leading(text: &str) -> Option<(Decimal, &str)> {
    let mut chars = Half { text, at: 0 };
    let negative = match chars.peek()? {
        '-' | '−' => chars.skip_one(true),
        '+' => chars.skip_one(false),
        _ => false,
    };
    let mut digits = 0u128;
    let (mut count, mut significant, mut group, mut grouped) = (0u32, 0u32, 0u32, false);
    while let Some(c) = chars.peek() {
        match c {
            '0'..='9' => {
                digits = digits * 10 + u128::from(c as u8 - b'0');
                significant += u32::from(digits > 0);
                count += 1;
                group += 1;
            }
            ',' if chars.digit_follows() && count > 0 => {
                if (grouped && group != 3) || group > 3 {
                    return None;
                }
                (grouped, group) = (true, 0);
            }
            _ => break,
        }
        if significant > DIGITS_MAX {
            return None;
        }
        chars.skip_one(true);
    }
    if count == 0 || (grouped && group != 3) {
        return None;
    }
    let mut exponent = 0;
    if chars.peek() == Some('.') && chars.digit_follows() {
        chars.skip_one(true);
        while let Some(c @ '0'..='9') = chars.peek() {
            digits = digits * 10 + u128::from(c as u8 - b'0');
            significant += u32::from(digits > 0);
            exponent -= 1;
            if significant > DIGITS_MAX || exponent < -2 * EXPONENT_MAX {
                return None;
            }
            chars.skip_one(true);
        }
    }
    exponent += chars.scientific()?;
    Some((Decimal::new(negative, digits, exponent), &text[chars.at..]))
}

/// A walk over a text whose characters are seen half-width.
struct Half<'a> {
    text: &'a str,
    at: usize,
}

impl Half<'_> {
    fn peek(&self) -> Option<char> {
        match self.text.as_bytes().get(self.at) {
            Some(&b) if b < 0x80 => Some(b as char),
            _ => self.text[self.at..].chars().next().map(half),
        }
    }

    fn skip_one<T>(&mut self, result: T) -> T {
        self.at += self.text[self.at..].chars().next().map_or(0, char::len_utf8);
        result
    }

    fn digit_follows(&self) -> bool {
        self.text[self.at..].chars().nth(1).is_some_and(|c| half(c).is_ascii_digit())
    }

    /// The exponent of scientific notation, 0 if there is none; none if it is out of reason.
    fn scientific(&mut self) -> Option<i32> {
        let rest = &self.text[self.at..];
        let Some(after) = rest.strip_prefix(['e', 'E']) else { return Some(0) };
        let digits = after.strip_prefix(['+', '-']).unwrap_or(after);
        let len = digits.bytes().take_while(u8::is_ascii_digit).count();
        if len == 0 {
            return Some(0);
        }
        let size: i32 = digits[..len].parse().ok().filter(|n| *n <= EXPONENT_MAX)?;
        self.at += rest.len() - digits.len() + len;
        Some(if after.starts_with('-') { -size } else { size })
    }
}

/// What a number must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Number {
    Any,
    /// `1.0` is whole, `1.5` is not.
    Whole,
    /// A trailing `%` is left out, since the field is counted in percent.
    Percent,
}

/// Appends a number in plain notation.
pub(crate) fn number(text: &str, want: Number, out: &mut String) -> Result<(), Problem> {
    let unreadable = || Problem::new(ReasonCode::NumberUnreadable, text, &[]);
    let (value, rest) = leading(text).ok_or_else(unreadable)?;
    let rest = rest.trim();
    let plain = rest.is_empty() || (want == Number::Percent && matches!(rest, "%" | "％"));
    if !plain || (want == Number::Whole && value.exponent < 0) {
        return Err(unreadable());
    }
    value.write(out);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let mut out = String::new();
        match number(text, Number::Any, &mut out) {
            Ok(()) => out,
            Err(p) => format!("{:?}", p.code),
        }
    }

    #[test]
    fn numbers_are_read_in_every_dress() {
        for (given, want) in [
            ("1", "1"),
            ("1.0", "1"),
            ("-12.50", "-12.5"),
            ("+7", "7"),
            ("007", "7"),
            ("3,140.47", "3140.47"),
            ("1,234,567", "1234567"),
            ("１，２３４．５", "1234.5"),
            ("1.0E7", "10000000"),
            ("1.5e-3", "0.0015"),
            ("0.000", "0"),
            ("-0", "0"),
            ("1000000000000000000000.000001", "1000000000000000000000.000001"),
        ] {
            assert_eq!(plain(given), want, "{given}");
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for given in [
            "",
            "-",
            ".",
            "5.",
            "1,23",
            "1,2345",
            "12,34,567",
            "1234,567",
            "1 2",
            "1.2.3",
            "abc",
            "1e99",
            "10天",
            &"9".repeat(31),
        ] {
            assert_eq!(plain(given), "NumberUnreadable", "{given}");
        }
    }

    #[test]
    fn whole_numbers_and_percent() {
        let mut out = String::new();
        assert!(number("2.0", Number::Whole, &mut out).is_ok() && out == "2");
        assert!(number("2.5", Number::Whole, &mut String::new()).is_err());
        let mut out = String::new();
        assert!(number("98.5％", Number::Percent, &mut out).is_ok() && out == "98.5");
        assert!(number("98.5%", Number::Any, &mut String::new()).is_err());
    }

    proptest::proptest! {
        #[test]
        fn a_number_written_and_read_is_the_same(negative: bool, digits in 0u128..10u128.pow(30), exponent in -20i32..5) {
            let given = Decimal::new(negative, digits, exponent);
            let mut text = String::new();
            given.write(&mut text);
            proptest::prop_assume!(text.bytes().filter(u8::is_ascii_digit).count() <= 30);
            proptest::prop_assert_eq!(leading(&text), Some((given, "")));
        }

        #[test]
        fn nothing_panics(text in "[0-9,.eE+\\-０－，．万 ]{0,40}") {
            let mut out = String::new();
            if number(&text, Number::Any, &mut out).is_err() {
                proptest::prop_assert_eq!(out, "");
            }
        }
    }
}
