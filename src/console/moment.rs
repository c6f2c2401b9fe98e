//! An instant as answers carry it: Beijing time with its offset, to the microsecond.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::schedule::ZONE;

/// UTC microseconds; in JSON `2026-11-24T21:47:00.000000+08:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(pub i64);

impl Moment {
    /// None for instants that mean "never".
    pub fn new(us: i64) -> Option<Self> {
        (us > 0 && us < i64::MAX).then_some(Self(us))
    }

    /// As a person reads it: Beijing time to the second.
    pub fn shown(self) -> String {
        self.format("%Y-%m-%d %H:%M:%S")
    }

    fn format(self, form: &str) -> String {
        DateTime::<Utc>::from_timestamp_micros(self.0)
            .map_or_else(String::new, |t| t.with_timezone(&ZONE).format(form).to_string())
    }
}

impl Serialize for Moment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.format("%Y-%m-%dT%H:%M:%S%.6f%:z"))
    }
}

impl<'de> Deserialize<'de> for Moment {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text).map(|t| Self(t.timestamp_micros())).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_comes_back_to_the_microsecond() {
        let moment = Moment(1_795_528_020_000_001);
        let text = serde_json::to_string(&moment).unwrap();
        assert_eq!(text, "\"2026-11-24T21:47:00.000001+08:00\"");
        assert_eq!(serde_json::from_str::<Moment>(&text).unwrap(), moment);
        assert_eq!(moment.shown(), "2026-11-24 21:47:00");
    }
}
