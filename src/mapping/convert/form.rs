//! The forms of a date column, where a mapping names them: patterns, counts since an epoch, Excel serials.
//!
//! `form = "dd/MM/yyyy"` settles an order that the text leaves open. A list is tried in order, since one legacy column
//! can hold text, seconds and milliseconds; `text` in it stands for every form that is read without being named.

use chrono::{NaiveDate, TimeDelta};

use super::datetime::{self, Civil, Wrong, century};
use super::decimal::{Decimal, leading};
use crate::diagnostic::Words;
use crate::schema::table::say;

/// Forms in the order in which they are tried; empty: `text` alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Forms(Vec<Form>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Text,
    /// Seconds since 1970 UTC, a fraction is allowed: nine or ten digits, from March 1973 on, so that neither a serial of
    /// Excel nor a null of 0 is taken for one.
    EpochSeconds,
    /// Milliseconds since 1970 UTC: twelve or thirteen digits, so that the two are never taken for each other.
    EpochMillis,
    /// Days since 1899-12-30 as Excel counts them, with the time as a fraction; from 1 March 1900 on.
    Excel,
    Pattern(Vec<Piece>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Piece {
    /// Four digits.
    Year,
    /// Two digits; 69 to 99 are of the last century.
    ShortYear,
    /// Two digits if true, else one or two.
    Month(bool),
    Day(bool),
    Hour(bool),
    Minute(bool),
    Second(bool),
    Literal(char),
}

/// What a mapping may write, for hints.
pub(crate) const KNOWN: &[&str] = &["text", "epoch_s", "epoch_ms", "excel"];

impl Forms {
    /// Adds a form as a mapping names it, or says what is wrong with it.
    pub(crate) fn add(&mut self, form: &str) -> Result<(), Words> {
        self.0.push(match form {
            "text" => Form::Text,
            "epoch_s" => Form::EpochSeconds,
            "epoch_ms" => Form::EpochMillis,
            "excel" => Form::Excel,
            pattern => Form::Pattern(pieces(pattern)?),
        });
        Ok(())
    }

    /// Reads a moment in the first form that fits.
    pub(crate) fn read(&self, text: &str) -> Result<Civil, Wrong> {
        if self.0.is_empty() {
            return datetime::read(text);
        }
        let mut wrong = Wrong::Unreadable;
        for form in &self.0 {
            let read = match form {
                Form::Text => datetime::read(text),
                Form::EpochSeconds => epoch(text, 9..=10, 6),
                Form::EpochMillis => epoch(text, 12..=13, 3),
                Form::Excel => excel(text),
                Form::Pattern(pieces) => pattern(text, pieces),
            };
            match read {
                Ok(civil) => return Ok(civil),
                Err(Wrong::Unreadable) => {}
                Err(other) => wrong = other,
            }
        }
        Err(wrong)
    }
}

fn pieces(pattern: &str) -> Result<Vec<Piece>, Words> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let len = rest.chars().take_while(|x| *x == c).count();
        let piece = match (c, len) {
            ('y', 4) => Piece::Year,
            ('y', 2) => Piece::ShortYear,
            ('M', 1 | 2) => Piece::Month(len == 2),
            ('d', 1 | 2) => Piece::Day(len == 2),
            ('H', 1 | 2) => Piece::Hour(len == 2),
            ('m', 1 | 2) => Piece::Minute(len == 2),
            ('s', 1 | 2) => Piece::Second(len == 2),
            (c, _) if !c.is_ascii_alphanumeric() => {
                pieces.push(Piece::Literal(c));
                rest = &rest[c.len_utf8()..];
                continue;
            }
            _ => {
                let part = &rest[..len * c.len_utf8()];
                return Err(say(
                    format!("日期格式中的 `{part}` 没有意义"),
                    format!("`{part}` in a date's form means nothing"),
                ));
            }
        };
        pieces.push(piece);
        rest = &rest[len..];
    }
    let has = |want: fn(&Piece) -> bool| pieces.iter().filter(|p| want(p)).count() == 1;
    let whole = has(|p| matches!(p, Piece::Year | Piece::ShortYear))
        && has(|p| matches!(p, Piece::Month(_)))
        && has(|p| matches!(p, Piece::Day(_)));
    if whole {
        Ok(pieces)
    } else {
        Err(say("日期格式须有年、月、日各一次", "a date's form needs year, month and day, each once"))
    }
}

fn pattern(text: &str, pieces: &[Piece]) -> Result<Civil, Wrong> {
    let mut civil = Civil::default();
    let mut rest = text;
    for piece in pieces {
        let (place, least, most): (&mut u32, usize, usize) = match piece {
            Piece::Literal(c) if c.is_whitespace() => {
                rest = rest.trim_start();
                continue;
            }
            Piece::Literal(c) => {
                rest = rest.trim_start().strip_prefix(*c).ok_or(Wrong::Unreadable)?.trim_start();
                continue;
            }
            Piece::Year => (&mut civil.year, 4, 4),
            Piece::ShortYear => (&mut civil.year, 2, 2),
            Piece::Month(two) => (&mut civil.month, 1 + usize::from(*two), 2),
            Piece::Day(two) => (&mut civil.day, 1 + usize::from(*two), 2),
            Piece::Hour(two) => (&mut civil.hour, 1 + usize::from(*two), 2),
            Piece::Minute(two) => (&mut civil.minute, 1 + usize::from(*two), 2),
            Piece::Second(two) => (&mut civil.second, 1 + usize::from(*two), 2),
        };
        let len = rest.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if len < least {
            return Err(Wrong::Unreadable);
        }
        *place = rest[..len].parse().map_err(|_| Wrong::Unreadable)?;
        if *piece == Piece::ShortYear {
            *place = century(*place);
        }
        rest = &rest[len..];
    }
    if rest.is_empty() { civil.checked() } else { Err(Wrong::Unreadable) }
}

/// A plain or scientific number with nothing behind it.
fn count(text: &str) -> Option<Decimal> {
    leading(text).filter(|(value, rest)| rest.is_empty() && !value.negative).map(|(value, _)| value)
}

/// The number times `10^power` as a whole number, what lies behind the point cut off.
fn scaled(value: Decimal, power: i32) -> Option<u128> {
    let by = value.exponent + power;
    let size = 10u128.checked_pow(by.unsigned_abs())?;
    if by >= 0 { value.digits.checked_mul(size) } else { Some(value.digits / size) }
}

fn epoch(text: &str, digits: std::ops::RangeInclusive<usize>, micros_power: i32) -> Result<Civil, Wrong> {
    let read = || {
        let value = count(text)?;
        let whole = scaled(value, 0)?;
        let length = if whole == 0 { 1 } else { whole.ilog10() as usize + 1 };
        if !digits.contains(&length) {
            return None;
        }
        Civil::at_us(i64::try_from(scaled(value, micros_power)?).ok()?)
    };
    read().ok_or(Wrong::Unreadable)
}

fn excel(text: &str) -> Result<Civil, Wrong> {
    // Serial 60 is 29 February 1900, which no calendar but Lotus's had; from 61 on the count is right.
    const FIRST: u128 = 61;
    const LAST: u128 = 2_958_465;
    let read = || {
        let value = count(text)?;
        let day = scaled(value, 0)?;
        if !(FIRST..=LAST).contains(&day) {
            return None;
        }
        // A second is 0.0000116 days: eight digits after the point round to the second that was meant.
        let hundred_millionths = scaled(value, 8)? - day * 100_000_000;
        let seconds = (hundred_millionths * 86_400 + 50_000_000) / 100_000_000;
        let start = NaiveDate::from_ymd_opt(1899, 12, 30)?.and_hms_opt(0, 0, 0)?;
        let moment = start
            .checked_add_signed(TimeDelta::days(day as i64))?
            .checked_add_signed(TimeDelta::seconds(seconds as i64))?;
        Some(Civil::of(moment))
    };
    read().ok_or(Wrong::Unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(forms: &[&str], text: &str) -> String {
        let mut all = Forms::default();
        for form in forms {
            all.add(form).unwrap();
        }
        match all.read(text) {
            Ok(civil) => {
                let mut out = String::new();
                civil.write(14, &mut out);
                out
            }
            Err(wrong) => format!("{:?}", wrong.problem(text).code),
        }
    }

    #[test]
    fn a_named_form_settles_the_order() {
        assert_eq!(shown(&["dd/MM/yyyy"], "03/04/2026"), "20260403000000");
        assert_eq!(shown(&["MM/dd/yyyy HH:mm"], "03/04/2026 09:05"), "20260304090500");
        assert_eq!(shown(&["d-M月-yy"], "14-4月-16"), "20160414000000");
        assert_eq!(shown(&["d-M月-yy"], "14-4月 -16"), "20160414000000");
        assert_eq!(shown(&["dd/MM/yyyy"], "2026-03-04"), "DateUnreadable");
        assert_eq!(shown(&["dd/MM/yyyy"], "31/02/2026"), "DateImpossible");
        assert_eq!(shown(&["yyyyMMddHHmm"], "201604140905"), "20160414090500");
    }

    #[test]
    fn epochs_and_serials_are_read_only_where_they_are_named() {
        assert_eq!(shown(&["epoch_s"], "1460595900"), "20160414090500");
        assert_eq!(shown(&["epoch_ms"], "1460595900123"), "20160414090500");
        assert_eq!(shown(&["epoch_ms"], "1.460595900E12"), "20160414090500");
        assert_eq!(shown(&["epoch_s"], "1460595900.0"), "20160414090500");
        assert_eq!(shown(&["epoch_s"], "1460595900000"), "DateUnreadable");
        assert_eq!(shown(&["epoch_ms"], "1460595900"), "DateUnreadable");
        assert_eq!(shown(&["epoch_s"], "583718400"), "19880701090000");
        assert_eq!(shown(&["epoch_s"], "0"), "DateUnreadable");
        assert_eq!(shown(&["epoch_s", "epoch_ms", "excel"], "42474.3784722"), "20160414090500");
        assert_eq!(shown(&["excel"], "42474"), "20160414000000");
        assert_eq!(shown(&["excel"], "60"), "DateUnreadable");
        assert_eq!(shown(&["excel"], "2016-04-14"), "DateUnreadable");
    }

    #[test]
    fn one_column_may_hold_text_seconds_and_milliseconds() {
        let all = ["text", "epoch_s", "epoch_ms"];
        for given in ["2016-04-14 09:05", "1460595900", "1460595900000", "20160414090500", "201604140905"] {
            assert_eq!(shown(&all, given), "20160414090500", "{given}");
        }
        assert_eq!(shown(&all, "无"), "DateUnreadable");
        assert_eq!(shown(&all, "2016-02-30"), "DateImpossible");
    }

    #[test]
    fn a_form_that_means_nothing_says_so() {
        let wrong = |form: &str| Forms::default().add(form).unwrap_err().en;
        assert_eq!(wrong("DD/MM/YYYY"), "`DD` in a date's form means nothing");
        assert_eq!(wrong("yyyy-MM"), "a date's form needs year, month and day, each once");
        assert_eq!(wrong("epoch"), "`e` in a date's form means nothing");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "\\PC{0,40}", pattern in "[yMdHms/年月日 -]{1,20}") {
            let mut forms = Forms::default();
            for form in KNOWN {
                forms.add(form).unwrap();
            }
            if forms.add(&pattern).is_ok() && let Ok(civil) = forms.read(&text) {
                proptest::prop_assert_eq!(civil.checked(), Ok(civil));
            }
        }

        #[test]
        fn a_serial_is_the_day_that_excel_shows(days in 61i64..2_958_465, seconds in 0i64..86_400) {
            let text = format!("{}.{:08}", days, (seconds * 100_000_000 + 43_200) / 86_400);
            let civil = excel(&text).unwrap();
            let want = NaiveDate::from_ymd_opt(1899, 12, 30).unwrap().and_hms_opt(0, 0, 0).unwrap() + TimeDelta::days(days) + TimeDelta::seconds(seconds);
            proptest::prop_assert_eq!(civil, Civil::of(want));
        }
    }
}
