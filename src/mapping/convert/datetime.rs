//! Dates and times in every dress that legacy systems give them, as Beijing time.
//!
//! A text is cut into numbers, words and signs, and those must make one date in one order; nothing is skipped to make
//! it fit, but for the day of the week and the words "Beijing time". `03/04/2026` is two dates and is refused, naming
//! both, unless the mapping names the form (see `form.rs`). A time without offset is Beijing time; one with an offset
//! is converted, with the summer time that China had from 1986 to 1991.

mod reader;
mod tokens;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Timelike};
use chrono_tz::Asia::Shanghai;

use super::Problem;
use crate::schema::ReasonCode;
use reader::{Date, Reader, Time};
use tokens::Tokens;

/// A moment by the Beijing clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) struct Civil {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
    pub(crate) hour: u32,
    pub(crate) minute: u32,
    pub(crate) second: u32,
    pub(crate) micros: u32,
}

/// No record of public trading is older; a year below is a slip or a database's null.
const YEAR_MIN: u32 = 1900;
const YEAR_MAX: u32 = 9999;

/// Why a text is no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    Unreadable,
    /// Reads as a date that no calendar has.
    Impossible,
    Ambiguous(Civil, Civil),
}

impl Wrong {
    pub(crate) fn problem(self, text: &str) -> Problem {
        match self {
            Self::Unreadable => Problem::new(ReasonCode::DateUnreadable, text, &[]),
            Self::Impossible => Problem::new(ReasonCode::DateImpossible, text, &[]),
            Self::Ambiguous(a, b) => {
                let day = |c: Civil| format!("{:04}-{:02}-{:02}", c.year, c.month, c.day);
                Problem::new(ReasonCode::DateAmbiguous, text, &[&day(a), &day(b)])
            }
        }
    }
}

impl Civil {
    pub(crate) fn of(t: NaiveDateTime) -> Self {
        Self {
            year: t.year().max(0) as u32,
            month: t.month(),
            day: t.day(),
            hour: t.hour(),
            minute: t.minute(),
            second: t.second(),
            micros: t.and_utc().timestamp_subsec_micros(),
        }
    }

    /// The Beijing clock at an instant in UTC microseconds.
    pub(crate) fn at_us(instant_us: i64) -> Option<Self> {
        let utc = DateTime::from_timestamp_micros(instant_us)?;
        Some(Self::of(utc.with_timezone(&Shanghai).naive_local()))
    }

    fn naive(self) -> Option<NaiveDateTime> {
        NaiveDate::from_ymd_opt(self.year as i32, self.month, self.day)?.and_hms_micro_opt(
            self.hour,
            self.minute,
            self.second,
            self.micros,
        )
    }

    /// The instant in UTC microseconds. Of an hour that was there twice (the end of summer time) the first; of one
    /// that was left out, an hour later.
    pub(crate) fn instant_us(self) -> i64 {
        let Some(local) = self.naive() else { return 0 };
        let plain = local.and_utc().timestamp_micros() - 8 * 3_600_000_000;
        if self.year >= 1992 {
            return plain;
        }
        Shanghai.from_local_datetime(&local).earliest().map_or(plain, |t| t.timestamp_micros())
    }

    /// The moment, if the calendar and the clock have it; 24:00 is the next day's midnight.
    pub(crate) fn checked(self) -> Result<Self, Wrong> {
        let days = match self.month {
            4 | 6 | 9 | 11 => 30,
            2 if self.year.is_multiple_of(4) && (!self.year.is_multiple_of(100) || self.year.is_multiple_of(400)) => 29,
            2 => 28,
            1..=12 => 31,
            _ => return Err(Wrong::Impossible),
        };
        let right = (YEAR_MIN..=YEAR_MAX).contains(&self.year)
            && (1..=days).contains(&self.day)
            && self.minute <= 59
            && self.second <= 59;
        if !right {
            return Err(Wrong::Impossible);
        }
        match self.hour {
            0..=23 => Ok(self),
            24 if (self.minute, self.second, self.micros) == (0, 0, 0) => {
                let midnight = Self { hour: 0, ..self }.naive().and_then(|t| t.checked_add_signed(TimeDelta::days(1)));
                let next = Self::of(midnight.ok_or(Wrong::Impossible)?);
                if next.year > YEAR_MAX { Err(Wrong::Impossible) } else { Ok(next) }
            }
            _ => Err(Wrong::Impossible),
        }
    }

    /// Appends `yyyyMMddHHmmss`, or its first `digits` (14, 12 or 8).
    pub(crate) fn write(self, digits: usize, out: &mut String) {
        let mut text = [b'0'; 14];
        let mut put = |range: std::ops::Range<usize>, mut n: u32| {
            for at in range.rev() {
                text[at] = b'0' + (n % 10) as u8;
                n /= 10;
            }
        };
        put(0..4, self.year);
        put(4..6, self.month);
        put(6..8, self.day);
        put(8..10, self.hour);
        put(10..12, self.minute);
        put(12..14, self.second);
        out.push_str(str::from_utf8(&text[..digits.min(14)]).unwrap_or_default());
    }
}

/// Reads a moment in any form that can mean one thing only.
pub(crate) fn read(text: &str) -> Result<Civil, Wrong> {
    if let Some(civil) = usual(text.as_bytes()) {
        return civil.checked();
    }
    let mut tokens = Tokens::default();
    tokens.cut(text).ok_or(Wrong::Unreadable)?;
    let mut reader = Reader { tokens: tokens.as_slice(), at: 0 };
    let date = reader.date()?;
    let time = reader.time()?;
    match date {
        Date::One(date) => finish(date, time),
        Date::Either(a, b) => match (finish(a, time), finish(b, time)) {
            (Ok(a), Ok(b)) if a != b => Err(Wrong::Ambiguous(a, b)),
            (Ok(one), _) | (_, Ok(one)) => Ok(one),
            (Err(wrong), _) => Err(wrong),
        },
    }
}

/// The usual forms in ASCII, without a detour: `yyyy-M-d`, `yyyy/M/d`, each with ` H:mm` and `:ss`, and 14 digits.
fn usual(text: &[u8]) -> Option<Civil> {
    let digit = |at: usize| text.get(at).map(|b| u32::from(b.wrapping_sub(b'0'))).filter(|d| *d < 10);
    let year = digit(0)? * 1000 + digit(1)? * 100 + digit(2)? * 10 + digit(3)?;
    if text.len() == 14 && text.iter().all(u8::is_ascii_digit) {
        let two = |at: usize| u32::from(text[at] - b'0') * 10 + u32::from(text[at + 1] - b'0');
        let (month, day, hour, minute, second) = (two(4), two(6), two(8), two(10), two(12));
        return Some(Civil { year, month, day, hour, minute, second, micros: 0 });
    }
    let sign = *text.get(4)?;
    if sign != b'-' && sign != b'/' {
        return None;
    }
    let mut at = 5;
    let mut short = || {
        let first = digit(at)?;
        at += 1;
        let value = digit(at).map_or(first, |second| first * 10 + second);
        at += usize::from(digit(at).is_some());
        let ended_by = text.get(at).copied();
        at += 1;
        Some((value, ended_by))
    };
    let mut civil = Civil { year, ..Civil::default() };
    let (month, by) = short()?;
    civil.month = month;
    if by? != sign {
        return None;
    }
    let (day, by) = short()?;
    civil.day = day;
    match by {
        None => return Some(civil),
        Some(b' ') => {}
        _ => return None,
    }
    let (hour, by) = short()?;
    civil.hour = hour;
    if by? != b':' {
        return None;
    }
    let (minute, by) = short()?;
    civil.minute = minute;
    match by {
        None => return Some(civil),
        Some(b':') => {}
        _ => return None,
    }
    let (second, by) = short()?;
    civil.second = second;
    by.is_none().then_some(civil)
}

/// Checks date and time together, and brings an offset to Beijing.
fn finish(date: Civil, time: Option<Time>) -> Result<Civil, Wrong> {
    let Some(Time { hour, minute, second, micros, offset_minutes }) = time else { return date.checked() };
    let civil = Civil { hour, minute, second, micros, ..date }.checked()?;
    let Some(offset) = offset_minutes else { return Ok(civil) };
    let utc = civil.naive().and_then(|t| t.checked_sub_signed(TimeDelta::minutes(offset.into())));
    Ok(Civil::of(Shanghai.from_utc_datetime(&utc.ok_or(Wrong::Impossible)?).naive_local()))
}

/// The year of two digits: 69 to 99 are of the last century, as POSIX has it.
pub(crate) fn century(two_digits: u32) -> u32 {
    two_digits + if two_digits >= 69 { 1900 } else { 2000 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match read(text) {
            Ok(civil) => {
                let mut out = String::new();
                civil.write(14, &mut out);
                out
            }
            Err(wrong) => {
                let p = wrong.problem(text);
                format!("{:?} {}", p.code, p.args.join(" ")).trim_end().to_owned()
            }
        }
    }

    #[test]
    fn every_form_that_was_seen_is_read() {
        for (given, want) in [
            ("2016/4/14 9:05", "20160414090500"),
            ("2016-04-14T09:05:00+08:00", "20160414090500"),
            ("2016-04-14T01:05:00Z", "20160414090500"),
            ("2016-04-13T20:05:00-05:00", "20160414090500"),
            ("2016-04-14 09:05:00 +0800", "20160414090500"),
            ("20160414", "20160414000000"),
            ("201604140905", "20160414090500"),
            ("20160414090500", "20160414090500"),
            ("20160414 09:05", "20160414090500"),
            ("20160414T090500", "20160414090500"),
            ("20160414 0905", "20160414090500"),
            ("2016年4月14日", "20160414000000"),
            ("2016年4月14日 9时5分", "20160414090500"),
            ("2016年04月14日09点30分", "20160414093000"),
            ("2016年4月14日9时整", "20160414090000"),
            ("2016年4月14日 下午3时05分20秒", "20160414150520"),
            ("2026\n年\n03\n月\n16\n日\n9\n:30", "20260316093000"),
            ("2026\n年\n3\n月\n16\n日09\n：9\n（北京时间）", "20260316090900"),
            ("2016年4月14日（星期四）9:05", "20160414090500"),
            ("Mar 16, 2026", "20260316000000"),
            ("March 16, 2026 6:00 PM", "20260316180000"),
            ("16-Mar-2026", "20260316000000"),
            ("16 Mar 2026 12:30 AM", "20260316003000"),
            ("2026-03-16 18:00", "20260316180000"),
            ("2026-03-16 18:00:00.123456", "20260316180000"),
            ("2026.3.16", "20260316000000"),
            ("２０２６－０３－１６　１８：００", "20260316180000"),
            ("2026-03-16 24:00", "20260317000000"),
            ("2026年12月31日24时", "20270101000000"),
            ("16/03/2026", "20260316000000"),
            ("03/16/2026 9:05", "20260316090500"),
            ("03/03/2026", "20260303000000"),
            ("2016/2/29", "20160229000000"),
            ("1988-07-01T00:00:00Z", "19880701090000"),
            ("9999-12-31", "99991231000000"),
        ] {
            assert_eq!(shown(given), want, "{given}");
        }
    }

    #[test]
    fn a_text_that_could_be_two_dates_is_refused_naming_both() {
        assert_eq!(shown("03/04/2026"), "DateAmbiguous 2026-04-03 2026-03-04");
        assert_eq!(shown("03-04-05"), "DateAmbiguous 2003-04-05 2005-04-03");
        assert_eq!(shown("16-03-04"), "DateAmbiguous 2016-03-04 2004-03-16");
    }

    #[test]
    fn dates_that_no_calendar_has_are_impossible() {
        for given in [
            "2016-02-30",
            "2015/2/29",
            "20160431",
            "2016年13月1日",
            "2016-04-14 24:01",
            "2016-04-14 9:60",
            "0000-00-00",
            "31/31/2026",
            "12345678901234",
            "9999-12-31 24:00",
            "1899-12-30",
        ] {
            assert_eq!(shown(given), "DateImpossible", "{given}");
        }
    }

    #[test]
    fn what_is_no_date_is_unreadable() {
        for given in [
            "",
            "无",
            "2016",
            "201604",
            "2016-04",
            "2016年4月",
            "42474",
            "1460595900",
            "1460595900000",
            "2016-04/14",
            "2016-04-14 09:05-11:00",
            "2016年4月14日至2016年4月20日",
            "2016-04-14 9",
            "2016-04-14 abc",
            "Mai 16, 2026",
            "2016-04-14 09:05 +15:00",
            "201604140905 09:05",
            "16年4月14日",
            "1/2/3",
            "2016-04-14 9:05:00 9:05:00",
            "长期",
            "2016-04-14Z",
        ] {
            assert_eq!(shown(given), "DateUnreadable", "{given}");
        }
    }

    #[test]
    fn instants_know_the_summer_time_of_1986_to_1991() {
        let us = |text: &str| read(text).unwrap().instant_us();
        assert_eq!(us("1970-01-01 08:00"), 0);
        assert_eq!(us("2016-04-14 09:05:00.5"), 1_460_595_900_500_000);
        assert_eq!(us("1988-07-01 09:00"), us("1988-07-01T00:00:00Z"));
        assert_eq!(Civil::at_us(1_460_595_900_500_000), read("2016-04-14 09:05:00.5").ok());
    }

    proptest::proptest! {
        #[test]
        fn a_moment_is_the_same_in_every_form(us in -2_208_960_000_000_000i64..253_402_214_400_000_000) {
            let c = Civil::at_us(us / 1_000_000 * 1_000_000).unwrap();
            let Civil { year: y, month: m, day: d, hour: h, minute: mi, second: s, .. } = c;
            let forms = [
                format!("{y:04}{m:02}{d:02}{h:02}{mi:02}{s:02}"), format!("{y}-{m}-{d} {h}:{mi}:{s}"), format!("{y}/{m:02}/{d:02} {h:02}:{mi:02}:{s:02}"),
                format!("{y}年{m}月{d}日 {h}时{mi}分{s}秒"), format!("{y:04}-{m:02}-{d:02}T{h:02}:{mi:02}:{s:02}.000"), format!("{y}.{m}.{d} {h}:{mi:02}:{s:02}"),
            ];
            for form in forms {
                proptest::prop_assert_eq!(read(&form), Ok(c), "{}", form);
            }
        }

        #[test]
        fn an_offset_changes_the_clock_and_not_the_instant(us in 694_224_000_000_000i64..4_102_444_800_000_000, hours in -11i32..=14) {
            let us = us / 1_000_000 * 1_000_000;
            let there = DateTime::from_timestamp_micros(us + i64::from(hours) * 3_600_000_000).unwrap();
            let text = format!("{}{}{:02}:00", there.format("%Y-%m-%dT%H:%M:%S"), if hours < 0 { '-' } else { '+' }, hours.abs());
            proptest::prop_assert_eq!(read(&text).map(Civil::instant_us), Ok(us), "{}", text);
        }

        #[test]
        fn nothing_panics_and_what_is_read_exists(text in "[0-9]{0,4}[-/年.: T,]?[0-9]{0,14}[-/月.: TZ上下午]{0,2}[0-9]{0,9}[日: +]{0,2}[0-9]{0,3}[:时分秒Z]?[0-9]{0,20}") {
            if let Ok(civil) = read(&text) {
                proptest::prop_assert_eq!(civil.checked(), Ok(civil));
            }
        }
    }
}
