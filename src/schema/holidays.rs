//! Days off and shifted working days, as the State Council announces them each year: `codes/holidays.csv`.
//!
//! Deadlines of rules count working days; nothing else here does. A year that the file does not have is unknown and not
//! a year without holidays.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use chrono::{Datelike, NaiveDate, Weekday};

use super::codes::Sheet;
use super::table::{nothing, say};
use crate::diagnostic::Diagnostic;

#[derive(Debug, Clone, Default)]
pub struct Holidays {
    /// True: a working day although Saturday or Sunday; false: off although perhaps Monday to Friday.
    days: HashMap<NaiveDate, bool>,
    years: BTreeSet<i32>,
}

impl Holidays {
    /// Whether people work on this day; none if the year's arrangement is not in the file.
    pub fn working_day(&self, day: NaiveDate) -> Option<bool> {
        let week_day = !matches!(day.weekday(), Weekday::Sat | Weekday::Sun);
        self.years.contains(&day.year()).then(|| self.days.get(&day).copied().unwrap_or(week_day))
    }

    /// The years of which the arrangement is known, in order.
    pub fn years(&self) -> impl Iterator<Item = i32> {
        self.years.iter().copied()
    }

    /// Reads the file; every row that cannot be read is a diagnostic.
    pub(super) fn read(file: &Path, text: &str) -> Result<Self, Vec<Diagnostic>> {
        let sheet = Sheet::read(file, text, &["date", "kind"])?;
        let [date, kind] = [sheet.column("date"), sheet.column("kind")].map(Option::unwrap_or_default);
        let (mut holidays, mut found) = (Self::default(), Vec::new());
        for row in &sheet.rows {
            let cell = |column| row.get(column).unwrap_or_default().trim();
            // Excel writes a date back as 2026/10/1.
            let Ok(day) = NaiveDate::parse_from_str(&cell(date).replace('/', "-"), "%Y-%m-%d") else {
                let (zh, en) = (format!("`{}` 不是日期", cell(date)), format!("`{}` is no date", cell(date)));
                found.push(sheet.at(row, date, say(zh, en), say("例如 2026-10-01", "as in 2026-10-01")));
                continue;
            };
            match cell(kind) {
                "holiday" => drop(holidays.days.insert(day, false)),
                "workday" => drop(holidays.days.insert(day, true)),
                other => {
                    let zh = format!("`{other}` 应为 holiday（放假）或 workday（调休上班）");
                    let en = format!("`{other}` must be holiday or workday");
                    found.push(sheet.at(row, kind, say(zh, en), nothing()));
                }
            }
            holidays.years.insert(day.year());
        }
        if found.is_empty() { Ok(holidays) } else { Err(found) }
    }
}

#[cfg(test)]
mod tests {
    use insta::assert_snapshot;

    use super::super::embedded_for_tests;
    use super::*;

    fn working(day: &str) -> Option<bool> {
        embedded_for_tests().holidays().working_day(day.parse().expect("it is a date"))
    }

    #[test]
    fn holidays_and_shifted_working_days_are_known() {
        assert_eq!(working("2026-10-01"), Some(false));
        assert_eq!(working("2016-02-06"), Some(true)); // a Saturday, worked for the Spring Festival
        assert_eq!(working("2026-03-16"), Some(true));
        assert_eq!(working("2026-03-15"), Some(false));
        assert_eq!(working("2015-03-16"), None);
        assert_eq!(embedded_for_tests().holidays().years().collect::<Vec<_>>(), (2016..=2026).collect::<Vec<_>>());
    }

    #[test]
    fn a_date_as_excel_writes_it_back_is_read() {
        let holidays = Holidays::read(Path::new("x"), "date,kind\n2026/10/1,holiday\n").expect("it is right");
        assert_eq!(holidays.working_day("2026-10-01".parse().expect("it is a date")), Some(false));
    }

    #[test]
    fn a_row_that_is_no_day_is_told() {
        let text = "date,kind\n1 October,holiday\n2026-10-02,off\n";
        let found = Holidays::read(Path::new("codes/holidays.csv"), text).expect_err("two rows are wrong");
        assert_snapshot!(found.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"), @"
        codes/holidays.csv:2:1: `1 October` is no date
          hint: as in 2026-10-01
        codes/holidays.csv:3:2: `off` must be holiday or workday
        ");
    }
}
