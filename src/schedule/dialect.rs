//! The cron dialect: a text of five or six fields as plain lists of numbers, which the `cron` crate walks.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use super::ScheduleError;

/// Reads an expression: one schedule, or one by day-of-month and one by weekday where both restrict.
pub(super) fn compile(text: &str) -> Result<Vec<cron::Schedule>, ScheduleError> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let (second, rest) = match words.len() {
        5 => ("0", words.as_slice()),
        6 => (words[0], &words[1..]),
        found => return Err(ScheduleError::Fields { found }),
    };
    let [minute, hour, day, month, weekday] = rest else {
        return Err(ScheduleError::Fields { found: words.len() });
    };
    let time =
        format!("{} {} {}", list(second, Field::Second)?, list(minute, Field::Minute)?, list(hour, Field::Hour)?);
    let (days, months, weekdays) = (list(day, Field::Day)?, list(month, Field::Month)?, list(weekday, Field::Weekday)?);
    let by = |days: &str, weekdays: &str| {
        cron::Schedule::from_str(&format!("{time} {days} {months} {weekdays}"))
            .map_err(|_| ScheduleError::Never { text: text.to_owned() })
    };
    // Unix cron: a field that begins with `*` does not restrict, even as `*/2`; only where both do, either will do.
    let free = |word: &str| word.starts_with('*') || word == "?";
    if free(day) || free(weekday) {
        Ok(vec![by(&days, &weekdays)?])
    } else {
        Ok(vec![by(&days, "*")?, by("*", &weekdays)?])
    }
}

/// One field as a plain list of numbers in the `cron` crate's counting, `*` where everything is allowed.
fn list(word: &str, field: Field) -> Result<String, ScheduleError> {
    let (min, max) = field.bounds();
    let mut values = BTreeSet::new();
    for part in word.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, Some(step)),
            None => (part, None),
        };
        let (from, to) = match range {
            "*" | "?" => (min, max),
            _ => match range.split_once('-') {
                Some((from, to)) => (value(from, part, field)?, value(to, part, field)?),
                None => {
                    let from = value(range, part, field)?;
                    (from, if step.is_some() { max } else { from })
                }
            },
        };
        // `FRI-SUN` and `5-7` mean the same.
        let to = if field == Field::Weekday && to == 0 && from > 0 && range.ends_with(|c: char| c.is_alphabetic()) {
            7
        } else {
            to
        };
        if from > to {
            return Err(ScheduleError::Backwards { part: part.to_owned(), field });
        }
        let step = match step {
            None => 1,
            Some(text) => match text.parse::<u32>() {
                Ok(n) if (1..=max).contains(&n) => n,
                _ => return Err(ScheduleError::Step { part: part.to_owned(), max }),
            },
        };
        // `*/2` of weekdays must not meet Sunday twice, as 0 and as 7.
        let to = if field == Field::Weekday && matches!(range, "*" | "?") { 6 } else { to };
        values.extend((from..=to).step_by(step as usize));
    }
    if field == Field::Weekday {
        // The crate counts Sunday as 1.
        values = values.into_iter().map(|v| v % 7 + 1).collect();
    }
    let all = if field == Field::Weekday { 7 } else { (max - min + 1) as usize };
    if values.len() == all {
        return Ok("*".to_owned());
    }
    Ok(values.iter().map(u32::to_string).collect::<Vec<_>>().join(","))
}

fn value(text: &str, part: &str, field: Field) -> Result<u32, ScheduleError> {
    let (min, max) = field.bounds();
    let names: &[&str] = match field {
        Field::Month => &MONTHS,
        Field::Weekday => &WEEKDAYS,
        _ => &[],
    };
    if let Some(i) = names.iter().position(|n| n.eq_ignore_ascii_case(text)) {
        return Ok(i as u32 + min);
    }
    match text.parse::<u32>() {
        Ok(v) if (min..=max).contains(&v) => Ok(v),
        Ok(v) => Err(ScheduleError::Outside { field, value: v, min, max }),
        Err(_) => Err(ScheduleError::Unreadable { part: part.to_owned(), field }),
    }
}

/// A field of a cron expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Weekday,
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const WEEKDAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

impl Field {
    /// Lowest and highest value; Sunday is both ends of the week.
    fn bounds(self) -> (u32, u32) {
        match self {
            Self::Second | Self::Minute => (0, 59),
            Self::Hour => (0, 23),
            Self::Day => (1, 31),
            Self::Month => (1, 12),
            Self::Weekday => (0, 7),
        }
    }

    pub(super) fn zh(self) -> &'static str {
        match self {
            Self::Second => "秒",
            Self::Minute => "分",
            Self::Hour => "时",
            Self::Day => "日",
            Self::Month => "月",
            Self::Weekday => "星期",
        }
    }

    pub(super) fn names_zh(self) -> &'static str {
        match self {
            Self::Month => "、英文名 `JAN`",
            Self::Weekday => "、英文名 `MON`",
            _ => "",
        }
    }

    pub(super) fn names_en(self) -> &'static str {
        match self {
            Self::Month => ", a name `JAN`",
            Self::Weekday => ", a name `MON`",
            _ => "",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Second => "second",
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day of the month",
            Self::Month => "month",
            Self::Weekday => "weekday",
        })
    }
}
