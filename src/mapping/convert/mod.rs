//! From what legacy systems write to what the standard wants, exactly or not at all.
//!
//! Every function here takes cleaned text and appends the standard's form to `out`, or returns a [`Problem`] and
//! appends nothing. Nothing rounds an amount, guesses a date's order or takes a unit for granted: what could mean
//! two things is refused, in words that name both.

pub(crate) mod area;
pub(crate) mod clean;
pub(crate) mod datetime;
pub(crate) mod decimal;
pub(crate) mod form;
pub(crate) mod money;

use crate::schema::{Level, ReasonCode};

/// Why a value could not be converted; becomes a reason once the field is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: ReasonCode,
    pub(crate) level: Level,
    /// The value given.
    pub(crate) value: String,
    pub(crate) args: Vec<String>,
}

impl Problem {
    pub(crate) fn new(code: ReasonCode, value: &str, args: &[&str]) -> Self {
        Self {
            code,
            level: Level::Refuse,
            value: value.to_owned(),
            args: args.iter().map(|a| (*a).to_owned()).collect(),
        }
    }

    pub(crate) fn warning(code: ReasonCode, value: &str, args: &[&str]) -> Self {
        Self { level: Level::Warn, ..Self::new(code, value, args) }
    }
}
