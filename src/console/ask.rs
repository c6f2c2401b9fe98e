//! The one typed request.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Everything that can be asked of a hub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Books {
        verify: bool,
        date: Option<NaiveDate>,
    },
    JobList,
    /// Files that were taken, so that a check can tell the known from the new.
    JobFiles,
    JobRun {
        name: String,
        again: bool,
    },
    JobPause {
        name: String,
        why: String,
    },
    JobResume {
        name: String,
    },
    FeedList,
    FeedShow {
        name: String,
        limit: u32,
    },
    FeedPause {
        name: String,
        why: String,
    },
    FeedResume {
        name: String,
    },
    /// None: everything that the target rejected.
    FeedResend {
        name: String,
        record: Option<i64>,
    },
    RecordFind {
        text: String,
        dataset: Option<String>,
        limit: u32,
    },
    RecordShow {
        which: Which,
        version: Option<i64>,
    },
    RecordTrace {
        which: Which,
    },
    QuarantineList(ItemFilter),
    QuarantineShow {
        item: ItemRef,
    },
}

/// Which record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    Number(i64),
    /// A dataset's code or number, and the parts of its business key in their order.
    Key {
        dataset: String,
        key: Vec<String>,
    },
}

/// Which items a list shows; what is not given is no filter.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemFilter {
    pub job: Option<String>,
    pub mapping: Option<String>,
    /// A dataset's code or number.
    pub dataset: Option<String>,
    /// A reason's code, e.g. `credit_code`.
    pub reason: Option<String>,
    /// Waiting items too.
    pub waiting: bool,
    pub limit: u32,
}

/// An item as a person names it: batch, row (from 1) and, where one row made several, mapping and element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemRef {
    pub batch: i64,
    /// Counted from 0, as positions count.
    pub row: u32,
    pub mapping: Option<i64>,
    pub element: Option<u32>,
}

/// `17-203`, or `17-203-4-1` where mapping and element are meant too.
impl fmt::Display for ItemRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.batch, self.row + 1)?;
        if let Some(mapping) = self.mapping {
            write!(f, "-{mapping}-{}", self.element.unwrap_or_default())?;
        }
        Ok(())
    }
}

impl FromStr for ItemRef {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<i64> = text.split('-').map(str::parse).collect::<Result<_, _>>().map_err(drop)?;
        let (batch, row, rest) = match parts[..] {
            [batch, row, ref rest @ ..] if rest.len() <= 2 => (batch, row, rest),
            _ => return Err(()),
        };
        let row = u16::try_from(row - 1).map_err(drop)?;
        let element = rest.get(1).map(|e| u32::try_from(*e)).transpose().map_err(drop)?;
        Ok(Self { batch, row: u32::from(row), mapping: rest.first().copied(), element })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_item_is_named_by_batch_row_mapping_and_element() {
        let read = |text: &str| text.parse::<ItemRef>();
        assert_eq!(read("17-203"), Ok(ItemRef { batch: 17, row: 202, mapping: None, element: None }));
        assert_eq!(read("17-203-4"), Ok(ItemRef { batch: 17, row: 202, mapping: Some(4), element: None }));
        let whole = ItemRef { batch: 17, row: 202, mapping: Some(4), element: Some(1) };
        assert_eq!((read("17-203-4-1"), whole.to_string()), (Ok(whole), "17-203-4-1".to_owned()));
        for wrong in ["", "17", "17-0", "17-x", "17-203-4-1-9", "17-65537", "17--3"] {
            assert_eq!(read(wrong), Err(()), "{wrong}");
        }
    }
}
