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

mod dialect;

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, de};

pub use dialect::Field;

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
    /// Every so many seconds, counted anew from each midnight in Beijing.
    EveryS(i64),
}

/// Shortest interval: a source that needs more is no job for polling.
const EVERY_S_MIN: i64 = 1;
/// Longest interval: beyond a day a cron expression says better when.
const EVERY_S_MAX: i64 = DAY_S;
const DAY_S: i64 = 86_400;
/// Midnight in Beijing, in seconds after midnight UTC; intervals are counted from it.
const BEIJING_S: i64 = 8 * 3600;

impl Schedule {
    /// Reads `*/5 * * * *`, `0 30 2 * * MON-FRI` or `every 30s` (also `5m`, `2h`, `1d`).
    pub fn parse(text: &str, zone: Tz) -> Result<Self, ScheduleError> {
        let text = text.trim();
        let beat = match text.strip_prefix("every ") {
            Some(interval) => Beat::EveryS(interval_s(interval.trim())?),
            None => Beat::Cron(dialect::compile(text)?),
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
                let (midnight_s, into_day_s) = (after_s - after_s.rem_euclid(DAY_S), after_s.rem_euclid(DAY_S));
                let next_s = ((into_day_s / every_s + 1) * every_s).min(DAY_S);
                Some((midnight_s + next_s - BEIJING_S) * 1_000_000)
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

/// Whether a run planned for `planned_us` begins at `now_us`. Without a plan (a new job) the next time is planned; so it
/// is in place of a time still to come, which may be that of another schedule, or of a clock that was ahead.
pub fn due(schedule: &Schedule, misfire: Misfire, planned_us: Option<i64>, now_us: i64) -> Due {
    match planned_us.filter(|at| *at <= now_us) {
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

fn interval_s(text: &str) -> Result<i64, ScheduleError> {
    let wrong = || ScheduleError::Interval { text: text.to_owned() };
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(unit_at);
    let unit_s = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => DAY_S,
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

#[cfg(test)]
mod tests {
    use chrono::Utc;
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> i64 {
        ZONE.from_local_datetime(&text.parse().unwrap()).unwrap().timestamp_micros()
    }

    /// The next three times after a Wednesday noon, in Beijing time.
    fn next(text: &str) -> String {
        let schedule = Schedule::parse(text, ZONE).unwrap();
        let show = |us: i64| {
            let time = DateTime::<Utc>::from_timestamp_micros(us).unwrap().with_timezone(&ZONE);
            time.format("%a %m-%d %H:%M:%S").to_string()
        };
        schedule.next_times_us(at("2026-03-18T12:00:00"), 3).into_iter().map(show).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn five_fields_begin_with_minutes_and_six_with_seconds() {
        assert_eq!(next("*/5 * * * *"), "Wed 03-18 12:05:00, Wed 03-18 12:10:00, Wed 03-18 12:15:00");
        assert_eq!(next("*/20 30 12 * * *"), "Wed 03-18 12:30:00, Wed 03-18 12:30:20, Wed 03-18 12:30:40");
    }

    #[test]
    fn sunday_is_zero_and_seven_and_has_a_name() {
        let sundays = "Sun 03-22 02:00:00, Sun 03-29 02:00:00, Sun 04-05 02:00:00";
        for weekday in ["0", "7", "SUN", "sun", "0,7"] {
            assert_eq!(next(&format!("0 2 * * {weekday}")), sundays);
        }
        let weekend = "Fri 03-20 02:00:00, Sat 03-21 02:00:00, Sun 03-22 02:00:00";
        assert_eq!(next("0 2 * * 5-7"), weekend);
        assert_eq!(next("0 2 * * FRI-SUN"), weekend);
        assert_eq!(next("0 2 * * MON-FRI"), "Thu 03-19 02:00:00, Fri 03-20 02:00:00, Mon 03-23 02:00:00");
    }

    #[test]
    fn day_and_weekday_are_joined_by_or_as_in_unix() {
        assert_eq!(next("0 0 1 * MON"), "Mon 03-23 00:00:00, Mon 03-30 00:00:00, Wed 04-01 00:00:00");
        assert_eq!(next("0 0 1 * *"), "Wed 04-01 00:00:00, Fri 05-01 00:00:00, Mon 06-01 00:00:00");
        assert_eq!(next("0 0 1 JAN-MAR,JUL ?"), "Wed 07-01 00:00:00, Fri 01-01 00:00:00, Mon 02-01 00:00:00");
    }

    #[test]
    fn the_end_of_a_month_and_a_leap_day_are_found() {
        assert_eq!(next("0 0 31 * *"), "Tue 03-31 00:00:00, Sun 05-31 00:00:00, Fri 07-31 00:00:00");
        assert_eq!(next("0 0 29 2 *"), "Tue 02-29 00:00:00, Sun 02-29 00:00:00, Fri 02-29 00:00:00");
    }

    #[test]
    fn an_interval_counts_from_midnight_in_beijing() {
        assert_eq!(next("every 7h"), "Wed 03-18 14:00:00, Wed 03-18 21:00:00, Thu 03-19 00:00:00");
        assert_eq!(next("every 1d"), "Thu 03-19 00:00:00, Fri 03-20 00:00:00, Sat 03-21 00:00:00");
        assert_eq!(next("every 30s"), "Wed 03-18 12:00:30, Wed 03-18 12:01:00, Wed 03-18 12:01:30");
    }

    #[test]
    fn another_zone_is_obeyed() {
        let schedule = Schedule::parse("0 9 * * *", Tz::Asia__Urumqi).unwrap();
        assert_eq!(schedule.next_after_us(at("2026-03-18T00:00:00")), Some(at("2026-03-18T11:00:00")));
        assert_eq!(schedule.to_string(), "0 9 * * * (Asia/Urumqi)");
    }

    /// One line a wrong text: what is wrong, in both languages, and what would be right.
    #[test]
    fn what_cannot_be_read_is_told_in_both_languages() {
        let texts = [
            "* * * *",
            "61 * * * *",
            "* * * * MUN",
            "* 22-5 * * *",
            "*/0 * * * *",
            "0 0 30 2 *",
            "0 0 31 4,6 *",
            "every 2d",
            "every soon",
            "",
            "0 0 L * *",
            "1-2-3 * * * *",
        ];
        let told: Vec<String> = texts
            .iter()
            .map(|text| {
                let e = Schedule::parse(text, ZONE).unwrap_err();
                let (words, hint) = (e.words(), e.hint());
                format!("{} | {}\n    {} | {}", words.en, words.zh, hint.en, hint.zh)
            })
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
            a schedule has five or six fields, this one has 4 | 时间表应有五个或六个字段，这里有 4 个
                five fields are minute hour day month weekday, six begin with seconds, e.g. "*/5 * * * *"; or "every 30s" | 五个字段为“分 时 日 月 星期”，六个字段在最前面加“秒”，如 "*/5 * * * *"；也可写 "every 30s"
            minute 61 is outside 0-59 | 分 61 超出范围 0-59
                 | 
            `MUN` is no weekday | `MUN` 不是星期
                write a number, `*`, a list `1,2`, a range `1-5`, a step `*/2`, a name `MON` | 可写数字、`*`、列表 `1,2`、范围 `1-5`、步长 `*/2`、英文名 `MON`
            the range `22-5` of the hour runs backwards | 时的范围 `22-5` 前后颠倒
                write it as a list, e.g. `22,23,0-5` | 写成列表，如 `22,23,0-5`
            the step of `*/0` must be at least 1 and at most 59 | `*/0` 的步长应在 1 到 59 之间
                e.g. `*/15` | 如 `*/15`
            `0 0 30 2 *` never fires | `0 0 30 2 *` 永远不会触发
                there is no such date; check day and month | 没有这样的日期；请检查日和月
            `0 0 31 4,6 *` never fires | `0 0 31 4,6 *` 永远不会触发
                there is no such date; check day and month | 没有这样的日期；请检查日和月
            `2d` is no interval between 1s and 1d | `2d` 不是 1s 到 1d 之间的间隔
                e.g. "every 30s", "every 5m", "every 2h" | 如 "every 30s"、"every 5m"、"every 2h"
            `soon` is no interval between 1s and 1d | `soon` 不是 1s 到 1d 之间的间隔
                e.g. "every 30s", "every 5m", "every 2h" | 如 "every 30s"、"every 5m"、"every 2h"
            a schedule has five or six fields, this one has 0 | 时间表应有五个或六个字段，这里有 0 个
                five fields are minute hour day month weekday, six begin with seconds, e.g. "*/5 * * * *"; or "every 30s" | 五个字段为“分 时 日 月 星期”，六个字段在最前面加“秒”，如 "*/5 * * * *"；也可写 "every 30s"
            `L` is no day of the month | `L` 不是日
                write a number, `*`, a list `1,2`, a range `1-5`, a step `*/2` | 可写数字、`*`、列表 `1,2`、范围 `1-5`、步长 `*/2`
            `1-2-3` is no minute | `1-2-3` 不是分
                write a number, `*`, a list `1,2`, a range `1-5`, a step `*/2` | 可写数字、`*`、列表 `1,2`、范围 `1-5`、步长 `*/2`
            "#);
    }

    #[test]
    fn a_missed_time_runs_once_or_is_skipped() {
        let schedule = Schedule::parse("0 * * * *", ZONE).unwrap();
        let (noon, later, one) = (at("2026-03-18T12:00:00"), at("2026-03-18T12:30:00"), at("2026-03-18T13:00:00"));
        let due = |misfire, planned, now| due(&schedule, misfire, planned, now);
        assert_eq!(due(Misfire::Once, None, later), Due::At(one));
        assert_eq!(due(Misfire::Once, Some(one), later), Due::At(one));
        let month = later + 30 * 86_400_000_000;
        assert_eq!(due(Misfire::Once, Some(month), later), Due::At(one), "planned by another schedule");
        assert_eq!(due(Misfire::Once, Some(noon), later), Due::Now);
        assert_eq!(due(Misfire::Skip, Some(noon), later), Due::At(one));
        assert_eq!(due(Misfire::Skip, Some(noon), noon + MISFIRE_GRACE_US), Due::Now);
    }

    #[test]
    fn a_field_that_begins_with_a_star_does_not_restrict() {
        assert_eq!(next("0 0 2 * */1"), "Thu 04-02 00:00:00, Sat 05-02 00:00:00, Tue 06-02 00:00:00");
        assert_eq!(next("0 0 */10 * MON"), "Mon 05-11 00:00:00, Mon 06-01 00:00:00, Mon 08-31 00:00:00");
    }

    fn field(min: u32, max: u32) -> impl Strategy<Value = String> {
        // croner takes a day `*/2` for a restriction, Vixie's cron and we do not.
        let star = if max == 31 || max == 7 { format!("{min}-{max}") } else { "*".to_owned() };
        let part = prop_oneof![
            3 => Just("*".to_owned()),
            2 => (min..=max).prop_map(|v| v.to_string()),
            1 => (min..=max, min..=max).prop_map(|(a, b)| format!("{}-{}", a.min(b), a.max(b))),
            1 => (1..=max.div_ceil(2)).prop_map(move |s| format!("{star}/{s}")),
            1 => (min..=max, min..=max, 1..=max).prop_map(|(a, b, s)| format!("{}-{}/{s}", a.min(b), a.max(b))),
        ];
        // A list with a `*` in it is a way of writing `*` that nobody uses and every cron reads differently.
        prop_oneof![
            4 => part,
            1 => proptest::collection::vec(min..=max, 2..4)
                .prop_map(|vs| vs.iter().map(u32::to_string).collect::<Vec<_>>().join(",")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]
        /// croner reads the same dialect and was written by others.
        #[test]
        fn times_are_those_that_another_cron_finds(
            (second, minute, hour) in (field(0, 59), field(0, 59), field(0, 23)),
            (day, month, weekday) in (field(1, 31), field(1, 12), field(0, 7)),
            after_s in 1_600_000_000i64..2_000_000_000,
        ) {
            let text = format!("{second} {minute} {hour} {day} {month} {weekday}");
            let parser = croner::parser::CronParser::builder().seconds(croner::parser::Seconds::Optional).build();
            let oracle = parser.parse(&text).unwrap();
            let after = DateTime::<Utc>::from_timestamp(after_s, 0).unwrap().with_timezone(&ZONE);
            let theirs = oracle.find_next_occurrence(&after, false).ok().map(|t| t.timestamp_micros());
            match Schedule::parse(&text, ZONE) {
                Ok(ours) => prop_assert_eq!(ours.next_after_us(after_s * 1_000_000), theirs),
                Err(ScheduleError::Never { .. }) => prop_assert_eq!(None, theirs),
                Err(e) => prop_assert!(false, "{text}: {e}"),
            }
        }
    }
}
