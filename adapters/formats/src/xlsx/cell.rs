//! One cell of a sheet as text: what a person sees, without the formats that hide it.

use adapter::Words;
use calamine::{DataRef, ExcelDateTime};

/// Days that Excel has dates for, up to 9999-12-31.
const SERIAL_MAX: f64 = 2_958_466.0;

/// What a cell gives.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Empty,
    Text(String),
    /// An error of Excel's own, such as `#N/A`, or a date that is none.
    Fault(Words),
}

impl Value {
    pub(crate) fn of(data: &DataRef<'_>) -> Self {
        match data {
            DataRef::Empty => Self::Empty,
            DataRef::Int(n) => Self::Text(n.to_string()),
            DataRef::Float(n) => Self::Text(number(*n)),
            DataRef::String(text) => Self::text(text),
            DataRef::SharedString(text) => Self::text(text),
            DataRef::Bool(b) => Self::Text(b.to_string()),
            DataRef::DateTime(date) => date_time(date),
            DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => Self::text(text),
            DataRef::Error(error) => Self::Fault(Words::new(error.to_string(), error.to_string())),
        }
    }

    fn text(text: &str) -> Self {
        if text.is_empty() { Self::Empty } else { Self::Text(text.to_owned()) }
    }

    pub(crate) fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Empty | Self::Fault(_) => None,
        }
    }
}

/// A number with the 15 digits that Excel itself shows, so that 0.1 + 0.2 is 0.3.
fn number(n: f64) -> String {
    // Beyond these a plain decimal would be a row of zeros.
    const PLAIN_EXPONENT_MAX: i32 = 20;
    if n == 0.0 {
        return "0".into();
    }
    let scientific = format!("{n:.14e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(i32::MAX);
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let digits = digits.trim_end_matches('0');
    if exponent.abs() > PLAIN_EXPONENT_MAX {
        return format!("{sign}{}.{}E{exponent}", &digits[..1], if digits.len() > 1 { &digits[1..] } else { "0" });
    }
    if exponent < 0 {
        return format!("{sign}0.{}{digits}", "0".repeat(exponent.unsigned_abs() as usize - 1));
    }
    let whole = exponent as usize + 1;
    if digits.len() <= whole {
        return format!("{sign}{digits}{}", "0".repeat(whole - digits.len()));
    }
    format!("{sign}{}.{}", &digits[..whole], &digits[whole..])
}

fn date_time(date: &ExcelDateTime) -> Value {
    let serial = date.as_f64();
    if !(0.0..SERIAL_MAX).contains(&serial) {
        let serial = number(serial);
        return Value::Fault(Words::new(
            format!("不存在的日期（{serial}）"),
            format!("a date that is none ({serial})"),
        ));
    }
    if date.is_duration() {
        let seconds = (serial * 86_400.0).round() as u64;
        return Value::Text(format!("{:02}:{:02}:{:02}", seconds / 3_600, seconds / 60 % 60, seconds % 60));
    }
    let (year, month, day, hour, minute, second, _) = date.to_ymd_hms_milli();
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    Value::Text(match (serial < 1.0, (hour, minute, second)) {
        // A time without a day.
        (true, _) => time,
        (false, (0, 0, 0)) => format!("{year:04}-{month:02}-{day:02}"),
        (false, _) => format!("{year:04}-{month:02}-{day:02} {time}"),
    })
}

/// The name of a cell, e.g. `C5`; both numbers are counted from 0.
pub(crate) fn cell_name(row: u32, column: u32) -> String {
    let mut letters = Vec::new();
    let mut n = column + 1;
    while n > 0 {
        letters.push(char::from(b'A' + ((n - 1) % 26) as u8));
        n = (n - 1) / 26;
    }
    letters.iter().rev().collect::<String>() + &(u64::from(row) + 1).to_string()
}

#[cfg(test)]
mod tests {
    use calamine::ExcelDateTimeType;

    use super::*;

    #[test]
    fn numbers_have_the_digits_that_excel_shows() {
        let numbers = [
            0.1 + 0.2,
            1_234.5,
            -0.0,
            100.0,
            283_800.0,
            0.000_123,
            12_345_678_901_234.56,
            1e20,
            1.5e21,
            -1e-7,
            1e-21,
            123_456_789_012_345_678.0,
            1.0 / 3.0,
            99_999_999_999.999_99,
        ];
        let shown: Vec<String> = numbers.iter().map(|n| number(*n)).collect();
        insta::assert_snapshot!(shown.join(" "), @"0.3 1234.5 0 100 283800 0.000123 12345678901234.6 100000000000000000000 1.5E21 -0.0000001 1.0E-21 123456789012346000 0.333333333333333 100000000000");
    }

    #[test]
    fn dates_have_a_time_only_where_there_is_one() {
        let shown = |serial, kind, is_1904| Value::of(&DataRef::DateTime(ExcelDateTime::new(serial, kind, is_1904)));
        let text = |text: &str| Value::Text(text.into());
        use ExcelDateTimeType::{DateTime, TimeDelta};
        assert_eq!(shown(46_097.0, DateTime, false), text("2026-03-16"));
        assert_eq!(shown(46_097.375, DateTime, false), text("2026-03-16 09:00:00"));
        assert_eq!(shown(46_097.999_988_43, DateTime, false), text("2026-03-16 23:59:59"));
        assert_eq!(shown(0.5, DateTime, false), text("12:00:00"));
        assert_eq!(shown(44_635.0, DateTime, true), text("2026-03-16"));
        assert_eq!(shown(1.5, TimeDelta, false), text("36:00:00"));
        assert_eq!(
            shown(-1.0, DateTime, false),
            Value::Fault(Words::new("不存在的日期（-1）", "a date that is none (-1)"))
        );
    }

    #[test]
    fn cells_are_named_as_in_excel() {
        assert_eq!(
            [cell_name(0, 0), cell_name(4, 25), cell_name(9, 26), cell_name(1_048_575, 16_383)],
            ["A1", "Z5", "AA10", "XFD1048576"]
        );
    }
}
