//! One row while it is mapped: its cells by slot, what was found, what went wrong so far.

use adapter::{Cell, Row};

use super::convert::Problem;
use super::convert::clean::{Width, clean};
use super::convert::money::MoneyUnit;
use super::{Found, Mapping};
use crate::schema::ReasonCode;

/// A slot that the source has no column for.
pub(super) const NOWHERE: usize = usize::MAX;

/// How a cell's text is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reading {
    /// None: as it came, blanks and all.
    pub(super) width: Option<Width>,
    pub(super) placeholders: Placeholders,
}

/// Texts that stand for nothing: 无, 详见附件, -.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Placeholders {
    texts: Vec<String>,
    longest: usize,
}

impl Placeholders {
    pub(super) fn new(texts: Vec<String>) -> Self {
        let longest = texts.iter().map(String::len).max().unwrap_or(0);
        Self { texts, longest }
    }

    #[inline]
    pub(super) fn contain(&self, text: &str) -> bool {
        text.len() <= self.longest && self.texts.iter().any(|p| p == text)
    }
}

/// What rules see of one row, or of one element of it.
pub(super) struct Context<'a> {
    pub(super) mapping: &'a Mapping,
    pub(super) row: Row<'a>,
    /// Slot → column of the source.
    pub(super) at: &'a [usize],
    pub(super) encoding: &'a str,
    /// Cells of the element, by slot; they go before the row's.
    pub(super) element: &'a [(usize, &'a str)],
    pub(super) found: Option<&'a Found>,
    pub(super) problems: Vec<Problem>,
    pub(super) waits: Vec<(usize, String)>,
    pub(super) looked_at: Vec<(i64, i64)>,
    /// The unit that an amount is written in, where another field says it.
    pub(super) unit: MoneyUnit,
    /// Kept between fields so that they need no new memory.
    pub(super) scratch: String,
    pub(super) joined: String,
}

/// Bytes of a cell that a reason shows.
const BYTES_SHOWN: usize = 16;

impl<'a> Context<'a> {
    pub(super) fn new(mapping: &'a Mapping, row: Row<'a>, at: &'a [usize], encoding: &'a str) -> Self {
        Self {
            mapping,
            row,
            at,
            encoding,
            element: &[],
            found: None,
            problems: Vec::new(),
            waits: Vec::new(),
            looked_at: Vec::new(),
            unit: MoneyUnit::YUAN,
            scratch: String::new(),
            joined: String::new(),
        }
    }

    #[inline]
    pub(super) fn cell(&self, slot: usize) -> Cell<'a> {
        if !self.element.is_empty()
            && let Some((_, text)) = self.element.iter().find(|(s, _)| *s == slot)
        {
            return Cell::Text(text);
        }
        match self.at[slot] {
            NOWHERE => Cell::Absent,
            column => self.row.cell(column),
        }
    }

    /// The text under a slot; none where it is absent, blank, a placeholder or no text (which is a problem).
    #[inline]
    pub(super) fn text<'s>(&mut self, slot: usize, reading: &Reading, scratch: &'s mut String) -> Option<&'s str>
    where
        'a: 's,
    {
        let text = match self.cell(slot) {
            Cell::Text(text) => match reading.width {
                Some(width) => clean(text, width, scratch),
                None => text,
            },
            Cell::Absent => return None,
            Cell::Bytes(bytes) => {
                self.problems.push(undecodable(bytes, self.encoding));
                return None;
            }
        };
        (!text.is_empty() && !reading.placeholders.contain(text)).then_some(text)
    }
}

/// What is wrong with a cell whose bytes are no text.
#[cold]
pub(super) fn undecodable(bytes: &[u8], encoding: &str) -> Problem {
    let shown: Vec<String> = bytes.iter().take(BYTES_SHOWN).map(|byte| format!("{byte:02X}")).collect();
    let more = if bytes.len() > BYTES_SHOWN { " …" } else { "" };
    Problem::new(ReasonCode::CellUndecodable, &format!("{}{more}", shown.join(" ")), &[encoding])
}
