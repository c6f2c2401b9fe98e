//! `[each]`: the elements of a row, of which each becomes a record.

use adapter::Cell;

use super::condition::Condition;
use super::convert::Problem;
use super::row::{Context, Reading, undecodable};
use super::rule::Separators;
use crate::schema::ReasonCode;

/// Most elements of one row: a row is at most 8 MiB, and a list of 10,000 sections is no list that a person made.
pub(super) const ELEMENTS_MAX: usize = 10_000;

#[derive(Debug)]
pub(super) struct Each {
    pub(super) by: By,
    /// Slot under which rules read the element's number, counted from 1.
    pub(super) number: Option<usize>,
    /// Elements for which it is false are filtered.
    pub(super) when: Option<Condition>,
    pub(super) complete: bool,
    pub(super) reading: Reading,
}

#[derive(Debug)]
pub(super) enum By {
    /// Columns split in parallel; an element stands under its column's own slot.
    Split(Vec<(usize, Separators)>),
    /// Numbered groups of columns: the name's slot, and the slot of its column in each group.
    Groups(Vec<(usize, Vec<usize>)>),
}

/// The elements of a row: for each the texts by slot.
pub(super) struct Elements<'a> {
    pub(super) list: Vec<Vec<(usize, &'a str)>>,
    pub(super) problem: Option<Problem>,
}

impl Each {
    /// The elements of the row, in order. An element whose texts are all empty or placeholders is none.
    ///
    /// Where the row cannot be cut, one element stands for it, with the problem.
    pub(super) fn elements<'a>(&'a self, cx: &Context<'a>) -> Elements<'a> {
        let slots: Vec<usize> = match &self.by {
            By::Split(columns) => columns.iter().map(|(slot, _)| *slot).collect(),
            By::Groups(columns) => columns.iter().flat_map(|(_, slots)| slots.iter().copied()).collect(),
        };
        let broken = slots.iter().find_map(|slot| match cx.cell(*slot) {
            Cell::Bytes(bytes) => Some(undecodable(bytes, cx.encoding)),
            _ => None,
        });
        if let Some(problem) = broken {
            return self.broken(problem);
        }
        let mut elements = match &self.by {
            By::Split(columns) => self.split(columns, cx),
            By::Groups(columns) => {
                let count = columns.first().map_or(0, |(_, slots)| slots.len());
                let element = |n: usize| columns.iter().map(|(name, slots)| (*name, text_of(cx, slots[n]))).collect();
                Elements { list: (0..count).map(element).collect(), problem: None }
            }
        };
        elements.list.retain(|element| element.iter().any(|(_, text)| !self.empty(text)));
        if elements.list.len() > ELEMENTS_MAX {
            let limit = ELEMENTS_MAX.to_string();
            return self.broken(Problem::new(ReasonCode::ListTooLong, "", &[&limit]));
        }
        elements
    }

    /// One element without texts.
    fn broken<'a>(&self, problem: Problem) -> Elements<'a> {
        let slots: Vec<usize> = match &self.by {
            By::Split(columns) => columns.iter().map(|(slot, _)| *slot).collect(),
            By::Groups(columns) => columns.iter().map(|(slot, _)| *slot).collect(),
        };
        Elements { list: vec![slots.into_iter().map(|slot| (slot, "")).collect()], problem: Some(problem) }
    }

    fn empty(&self, text: &str) -> bool {
        let text = text.trim();
        text.is_empty() || self.reading.placeholders.contain(text)
    }

    fn split<'a>(&'a self, columns: &'a [(usize, Separators)], cx: &Context<'a>) -> Elements<'a> {
        let lists: Vec<(usize, Vec<&'a str>)> = columns
            .iter()
            .map(|(slot, separators)| {
                let text = text_of(cx, *slot).trim();
                let elements = if self.empty(text) { None } else { Some(separators.split(text)) };
                (*slot, elements.into_iter().flatten().take(ELEMENTS_MAX + 1).collect())
            })
            .collect();
        let count = lists.iter().map(|(_, list)| list.len()).max().unwrap_or(0);
        // A column that is empty as a whole is empty for every element.
        let uneven = lists.iter().any(|(_, list)| !list.is_empty() && list.len() != count);
        let problem = uneven.then(|| {
            let name = |slot: usize| cx.mapping.names[slot].text.as_str();
            let counts: Vec<String> =
                lists.iter().map(|(slot, list)| format!("{} {}", name(*slot), list.len())).collect();
            Problem::new(ReasonCode::ListUneven, "", &[&counts.join(", ")])
        });
        let element =
            |n: usize| lists.iter().map(|(slot, list)| (*slot, list.get(n).copied().unwrap_or_default())).collect();
        Elements { list: (0..count).map(element).collect(), problem }
    }
}

fn text_of<'a>(cx: &Context<'a>, slot: usize) -> &'a str {
    match cx.cell(slot) {
        Cell::Text(text) => text,
        _ => "",
    }
}
