//! When a job runs: our cron dialect, fixed intervals, and what happens to a time that was missed.
//!
//! The dialect is the one that administrators know: five fields (minute hour day month weekday) or six (seconds
//! first); Sunday is 0 and 7; names `JAN`…`DEC`, `SUN`…`SAT`; lists, ranges, steps; zone Asia/Shanghai unless said.
//! A day must match day-of-month *or* weekday where both are restricted, and the restricted one alone otherwise, as
//! in every Unix cron. We parse it ourselves, since the `cron` crate counts Sunday as 1, takes six fields at least
//! and joins the two days by *and*; it then only walks the calendar over the sets that we found. What is absent:
//! `L`, `W`, `#`, `@daily`, years.
//!
//! Nothing here sleeps or keeps state: the caller holds the planned time and asks.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, de};

use crate::diagnostic::{self, Words};

/// The zone of everything that sources and targets speak.
pub const ZONE: Tz = Tz::Asia__Shanghai;

/// When a job is due. Always fires at some time; one that never would is refused when it is read.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// As it was written, for lists.
    text: String,
    zone: Tz,
    beat: Beat,
}

#[derive(Debug, Clone)]
enum Beat {
    /// A time is due when one of these fires: one schedule, or one by day-of-month and one by weekday.
    Cron(Vec<cron::Schedule>),
    /// Every so many seconds, counted from midnight in Beijing.
    EveryS(i64),
}

/// Shortest interval: a source that needs more is no job for polling.
const EVERY_S_MIN: i64 = 1;
/// Longest interval: beyond a day a cron expression says better when.
const EVERY_S_MAX: i64 = 86_400;
/// Midnight in Beijing, in seconds after midnight UTC; intervals are counted from it.
const BEIJING_S: i64 = 8 * 3600;

impl Schedule {
    /// Reads `*/5 * * * *`, `0 30 2 * * MON-FRI` or `every 30s` (also `5m`, `2h`, `1d`).
    pub fn parse(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let beat = match text.strip_prefix("every ") {
            Some(interval) => Beat::EveryS(interval_s(interval.trim())?),
            None => Beat::Cron(compile(text)?),
        };
        let schedule = Self { text: text.to_owned(), zone, beat };
        // Any moment does: what fires once in four years fires after this one.
        match schedule.next_after_us(Utc::now().timestamp_micros()) {
            Some(_) => Ok(schedule),
            None => Err(ScheduleError::Never { text: text.to_owned() }),
        }
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// The first due time after this instant, both in UTC microseconds. None only beyond the year 2100.
    pub fn next_after_us(&self, after_us: i64) -> Option<i64> {
        match &self.beat {
            Beat::EveryS(every_s) => {
                let after_s = after_us.div_euclid(1_000_000) + BEIJING_S;
                let next_s = (after_s.div_euclid(*every_s) + 1) * every_s;
                Some((next_s - BEIJING_S) * 1_000_000)
            }
            Beat::Cron(parts) => {
                let after = DateTime::<Utc>::from_timestamp_micros(after_us)?;
                let after = self.zone.from_utc_datetime(&after.naive_utc());
                parts.iter().filter_map(|p| p.after(&after).next()).min().map(|t| t.timestamp_micros())
            }
        }
    }

    /// The next `n` due times after this instant, in UTC microseconds.
    pub fn next_times_us(&self, after_us: i64, n: usize) -> Vec<i64> {
        std::iter::successors(self.next_after_us(after_us), |&t| self.next_after_us(t)).take(n).collect()
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if self.zone != ZONE {
            write!(f, " ({})", self.zone)?;
        }
        Ok(())
    }
}

/// What is done about a time that passed while the hub was down, the job paused or its last run still going.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Misfire {
    /// Runs once, now, however many times were missed: for sources that are read from a checkpoint.
    #[default]
    Once,
    /// Waits for the next time: for what belongs to its hour.
    Skip,
}

/// How late a run may begin without counting as missed: a busy machine is no reason to leave a run out.
pub const MISFIRE_GRACE_US: i64 = 60 * 1_000_000;

/// What to do with a planned time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    Now,
    /// Not yet: look again at this instant (UTC microseconds).
    At(i64),
    /// The schedule has no later time.
    Never,
}

/// Whether a run planned for `planned_us` begins at `now_us`. Without a plan (a new job) the next time is planned.
pub fn due(schedule: &Schedule, misfire: Misfire, planned_us: Option<i64>, now_us: i64) -> Due {
    match planned_us {
        Some(at) if at > now_us => Due::At(at),
        Some(at) if misfire == Misfire::Once || now_us - at <= MISFIRE_GRACE_US => Due::Now,
        _ => schedule.next_after_us(now_us).map_or(Due::Never, Due::At),
    }
}

/// A schedule that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScheduleError {
    #[error("a schedule has five or six fields, this one has {found}")]
    Fields { found: usize },
    #[error("`{part}` is no {field}")]
    Unreadable { part: String, field: Field },
    #[error("{field} {value} is outside {min}-{max}")]
    Outside { field: Field, value: u32, min: u32, max: u32 },
    #[error("the range `{part}` of the {field} runs backwards")]
    Backwards { part: String, field: Field },
    #[error("the step of `{part}` must be at least 1 and at most {max}")]
    Step { part: String, max: u32 },
    #[error("`{text}` never fires")]
    Never { text: String },
    #[error("`{text}` is no interval between 1s and 1d")]
    Interval { text: String },
    #[error("`{name}` is no time zone")]
    Zone { name: String },
}

impl ScheduleError {
    /// What is wrong, in both languages.
    pub fn words(&self) -> Words {
        let zh = match self {
            Self::Fields { found } => format!("时间表应有五个或六个字段，这里有 {found} 个"),
            Self::Unreadable { part, field } => format!("`{part}` 不是{}", field.zh()),
            Self::Outside { field, value, min, max } => format!("{} {value} 超出范围 {min}-{max}", field.zh()),
            Self::Backwards { part, field } => format!("{}的范围 `{part}` 前后颠倒", field.zh()),
            Self::Step { part, max } => format!("`{part}` 的步长应在 1 到 {max} 之间"),
            Self::Never { text } => format!("`{text}` 永远不会触发"),
            Self::Interval { text } => format!("`{text}` 不是 1s 到 1d 之间的间隔"),
            Self::Zone { name } => format!("`{name}` 不是时区"),
        };
        Words::new(zh, self.to_string())
    }

    /// What would be right, in both languages.
    pub fn hint(&self) -> Words {
        match self {
            Self::Fields { .. } => Words::new(
                "五个字段为“分 时 日 月 星期”，六个字段在最前面加“秒”，如 \"*/5 * * * *\"；也可写 \"every 30s\"",
                "five fields are minute hour day month weekday, six begin with seconds, e.g. \"*/5 * * * *\"; or \"every 30s\"",
            ),
            Self::Unreadable { field, .. } => Words::new(
                format!("可写数字、`*`、列表 `1,2`、范围 `1-5`、步长 `*/2`{}", field.names_zh()),
                format!("write a number, `*`, a list `1,2`, a range `1-5`, a step `*/2`{}", field.names_en()),
            ),
            Self::Outside { .. } => Words::default(),
            Self::Backwards { .. } => Words::new("写成列表，如 `22,23,0-5`", "write it as a list, e.g. `22,23,0-5`"),
            Self::Step { .. } => Words::new("如 `*/15`", "e.g. `*/15`"),
            Self::Never { .. } => {
                Words::new("没有这样的日期；请检查日和月", "there is no such date; check day and month")
            }
            Self::Interval { .. } => Words::new(
                "如 \"every 30s\"、\"every 5m\"、\"every 2h\"",
                "e.g. \"every 30s\", \"every 5m\", \"every 2h\"",
            ),
            Self::Zone { .. } => Words::new("如 \"Asia/Shanghai\"", "e.g. \"Asia/Shanghai\""),
        }
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

    fn zh(self) -> &'static str {
        match self {
            Self::Second => "秒",
            Self::Minute => "分",
            Self::Hour => "时",
            Self::Day => "日",
            Self::Month => "月",
            Self::Weekday => "星期",
        }
    }

    fn names_zh(self) -> &'static str {
        match self {
            Self::Month => "、英文名 `JAN`",
            Self::Weekday => "、英文名 `MON`",
            _ => "",
        }
    }

    fn names_en(self) -> &'static str {
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

fn compile(text: &str) -> Result<Vec<cron::Schedule>, ScheduleError> {
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

fn interval_s(text: &str) -> Result<i64, ScheduleError> {
    let wrong = || ScheduleError::Interval { text: text.to_owned() };
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    let seconds = number.parse::<i64>().ok().and_then(|n| n.checked_mul(unit_s)).ok_or_else(wrong)?;
    if (EVERY_S_MIN..=EVERY_S_MAX).contains(&seconds) { Ok(seconds) } else { Err(wrong()) }
}

/// `"*/5 * * * *"`, `"every 30s"` or `{ cron = "…", zone = "…" }`.
impl<'de> Deserialize<'de> for Schedule {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = Schedule;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a schedule such as \"*/5 * * * *\", \"every 30s\" or { cron = \"…\", zone = \"…\" }")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Schedule, E> {
                Schedule::parse(text, ZONE).map_err(|e| diagnostic::wrong(e.words(), e.hint()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<Schedule, A::Error> {
                #[derive(Deserialize)]
                #[serde(deny_unknown_fields)]
                struct Zoned {
                    cron: String,
                    #[serde(default)]
                    zone: Option<String>,
                }
                let Zoned { cron, zone } = Zoned::deserialize(de::value::MapAccessDeserializer::new(map))?;
                let zone = match zone {
                    None => Ok(ZONE),
                    Some(name) => Tz::from_str(&name).map_err(|_| ScheduleError::Zone { name }),
                };
                zone.and_then(|zone| Schedule::parse(&cron, zone)).map_err(|e| diagnostic::wrong(e.words(), e.hint()))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}
