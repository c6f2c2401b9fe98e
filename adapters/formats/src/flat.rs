//! One nested element (JSON object, XML element) laid flat into cells: `a.b.c` is a column.
//!
//! Readers report leaves in the order in which they stand; [`Flat::emit`] makes rows of them, one or, with
//! `repeat`, one for each element of the repeated group with the parent's cells before its own.

use std::collections::HashMap;

use adapter::{Cell, FaultKind, PAGE_BYTES_MAX, Place, Words};

use crate::Out;
use crate::limits::{COLUMNS_MAX, REPEATED_BYTES_MAX, REPEATS_MAX};

/// Joins the values of a list into one cell. It is the standard's own list separator.
const LIST_SEPARATOR: char = ';';

/// Where a leaf stands among lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    /// 0: a cell of the parent. n: a cell of the n-th element of the repeated group.
    pub element: u32,
    /// Its number in the outermost list that it stands in, so that the lists of two columns stay side by side.
    pub index: u32,
    pub in_list: bool,
}

/// Why an element can't be laid flat.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Broken {
    pub kind: FaultKind,
    pub args: Vec<String>,
}

impl Broken {
    pub(crate) fn malformed(what: impl Into<Words>) -> Self {
        Self { kind: FaultKind::Malformed, args: vec![what.into().to_text()] }
    }

    /// `what` was counted, as in "the row has 70 levels of nesting".
    pub(crate) fn too_large(found: u64, limit: usize, what: impl Into<Words>) -> Self {
        let args = vec![found.to_string(), limit.to_string(), what.into().to_text()];
        Self { kind: FaultKind::TooLarge, args }
    }
}

#[derive(Debug, Clone, Copy)]
struct Leaf {
    element: u32,
    column: u32,
    index: u32,
    start: u32,
    end: u32,
}

#[derive(Debug, Default)]
pub(crate) struct Flat {
    /// The path of the element that is made rows by `repeat`; empty: none.
    repeat: String,
    names: HashMap<String, u32>,
    /// By column: the name, and the (row, element) that set it last.
    columns: Vec<(String, u64, u32)>,
    row: u64,
    text: String,
    leaves: Vec<Leaf>,
    /// Elements of the repeated group met in this row.
    elements: u32,
    /// The next of the rows that this element becomes.
    emitted: u32,
    place: Place,
    joined: String,
    /// By our column: the page's column, plus one; 0 = not met in this page.
    page: Vec<u32>,
    /// Columns in the order of the leaves of the last element: the next one is most likely the same again.
    order: Vec<u32>,
}

impl Flat {
    pub(crate) fn new(repeat: &str) -> Self {
        Self { repeat: repeat.to_owned(), ..Self::default() }
    }

    /// Begins an element.
    pub(crate) fn begin(&mut self, place: Place) {
        self.row += 1;
        self.text.clear();
        self.leaves.clear();
        (self.elements, self.emitted, self.place) = (0, 0, place);
    }

    /// True: what stands at `path` is the repeated group.
    pub(crate) fn is_repeat(&self, path: &str) -> bool {
        !self.repeat.is_empty() && self.repeat == path
    }

    /// Begins the next element of the repeated group and returns its number.
    pub(crate) fn next_element(&mut self) -> Result<u32, Broken> {
        self.elements += 1;
        if self.elements as usize > REPEATS_MAX {
            return Err(Broken::too_large(
                u64::from(self.elements),
                REPEATS_MAX,
                ("`repeat` 的元素数", "elements of `repeat`"),
            ));
        }
        Ok(self.elements)
    }

    /// Adds a value.
    pub(crate) fn leaf(&mut self, path: &str, spot: Spot, value: &str) -> Result<(), Broken> {
        let column = self.column(path)?;
        let (_, row, element) = &mut self.columns[column as usize];
        if !spot.in_list && (*row, *element) == (self.row, spot.element) {
            return Err(Broken::malformed(twice(path)));
        }
        (*row, *element) = (self.row, spot.element);
        let start = self.text.len() as u32;
        self.text.push_str(value);
        let end = self.text.len() as u32;
        self.leaves.push(Leaf { element: spot.element, column, index: spot.index, start, end });
        Ok(())
    }

    fn column(&mut self, path: &str) -> Result<u32, Broken> {
        let turn = self.leaves.len();
        if let Some(column) = self.order.get(turn)
            && self.columns[*column as usize].0 == path
        {
            return Ok(*column);
        }
        let column = self.find_column(path)?;
        match self.order.get_mut(turn) {
            Some(order) => *order = column,
            None if turn < COLUMNS_MAX => self.order.push(column),
            None => {}
        }
        Ok(column)
    }

    fn find_column(&mut self, path: &str) -> Result<u32, Broken> {
        if let Some(column) = self.names.get(path) {
            return Ok(*column);
        }
        if self.columns.len() >= COLUMNS_MAX {
            return Err(Broken::too_large(self.columns.len() as u64 + 1, COLUMNS_MAX, ("文件的列数", "columns")));
        }
        let column = self.columns.len() as u32;
        self.names.insert(path.to_owned(), column);
        self.columns.push((path.to_owned(), 0, 0));
        Ok(column)
    }

    /// Ends the element: from here on it is rows, to be fetched by [`Flat::emit`].
    pub(crate) fn finish(&mut self) -> Result<(), Broken> {
        // Stable: values of one list stay in their order.
        self.leaves.sort_by_key(|leaf| (leaf.element, leaf.column));
        if self.elements > 0 {
            let parent: usize = self.leaves[..self.group(0).1].iter().map(|l| (l.end - l.start) as usize).sum();
            let total = self.text.len() + parent * self.elements as usize;
            if total > REPEATED_BYTES_MAX {
                return Err(Broken::too_large(
                    total as u64,
                    REPEATED_BYTES_MAX,
                    ("`repeat` 展开后的字节数", "bytes once `repeat` is done"),
                ));
            }
        }
        Ok(())
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Forgets the element at hand.
    pub(crate) fn discard(&mut self) {
        (self.elements, self.emitted) = (0, 1);
    }

    /// A new page begins: its columns are its own.
    pub(crate) fn begin_page(&mut self) {
        self.page.clear();
    }

    /// Adds the rows of the element until it is enough. False: there are none left.
    pub(crate) fn emit(&mut self, out: &mut Out<'_>) -> bool {
        let rows = self.elements.max(1);
        while self.emitted < rows {
            if out.full() {
                return true;
            }
            let element = if self.elements == 0 { 0 } else { self.emitted + 1 };
            out.rows.begin(Place { file: out.file, ..self.place });
            self.emit_group(0, out);
            if element > 0 {
                self.emit_group(element, out);
            }
            self.emitted += 1;
        }
        false
    }

    fn group(&self, element: u32) -> (usize, usize) {
        let start = self.leaves.partition_point(|leaf| leaf.element < element);
        (start, start + self.leaves[start..].partition_point(|leaf| leaf.element == element))
    }

    fn emit_group(&mut self, element: u32, out: &mut Out<'_>) {
        let (start, end) = self.group(element);
        let mut at = start;
        while at < end {
            let column = self.leaves[at].column;
            let same = self.leaves[at..end].iter().take_while(|leaf| leaf.column == column).count();
            let list = &self.leaves[at..at + same];
            at += same;
            if self.page.len() < self.columns.len() {
                self.page.resize(self.columns.len(), 0);
            }
            let page = &mut self.page[column as usize];
            if *page == 0 {
                *page = out.rows.column(&self.columns[column as usize].0) as u32 + 1;
            }
            let value = match list {
                [leaf] if leaf.index == 0 => &self.text[leaf.start as usize..leaf.end as usize],
                _ => {
                    join(list, &self.text, &mut self.joined);
                    self.joined.as_str()
                }
            };
            out.rows.set(*page as usize - 1, Cell::Text(value));
        }
    }
}

/// A name is there twice, and nobody can tell which is meant.
pub(crate) fn twice(path: &str) -> Words {
    Words::new(format!("`{path}` 出现两次"), format!("`{path}` stands twice"))
}

pub(crate) const NESTING: (&str, &str) = ("嵌套层数", "levels of nesting");

/// Joins a list; an index that is missing leaves an empty place.
fn join(list: &[Leaf], text: &str, joined: &mut String) {
    joined.clear();
    let mut before = None;
    for leaf in list {
        let separators = match before {
            None => leaf.index,
            Some(before) => leaf.index.saturating_sub(before).max(1),
        };
        joined.extend(std::iter::repeat_n(LIST_SEPARATOR, separators as usize));
        joined.push_str(&text[leaf.start as usize..leaf.end as usize]);
        before = Some(leaf.index);
    }
}

// A row made of one element is at most as large as the element and its separators, so a page of one row is bounded.
const _: () = assert!(REPEATED_BYTES_MAX > PAGE_BYTES_MAX);
