//! One nested element (JSON object, XML element) laid flat into cells: `a.b.c` is a column.
//!
//! Readers report leaves in the order in which they stand; [`Flat::emit`] makes rows of them: one, or with `repeat`
//! one for each element at the end of its path, the cells of all elements on the way before its own. An element on
//! the way that has none inside it is a row too, so that nothing of it is lost.

use std::collections::HashMap;

use adapter::{Cell, FaultKind, PAGE_BYTES_MAX, Place, Words, nearest};

use crate::limits::{COLUMNS_MAX, REPEATED_BYTES_MAX, REPEATS_MAX};
use crate::{Out, Refusal};

/// Joins the values of a list into one cell. It is the standard's own list separator.
const LIST_SEPARATOR: char = ';';

/// Where a leaf stands among lists.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Spot {
    /// 0: a cell of the row's own. n: a cell of the n-th element met on the way of `repeat`.
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

/// An element on the way of `repeat`; the first is the row itself.
#[derive(Debug, Clone, Copy, Default)]
struct Element {
    /// The element around it.
    parent: u32,
    /// How many steps of `repeat` lead to it.
    step: usize,
    /// Others are inside it, so that it is no row of its own.
    is_parent: bool,
    /// Its leaves, and the bytes of them and of those around it, once all are there.
    start: usize,
    end: usize,
    bytes: usize,
}

/// How far `repeat` was met.
#[derive(Debug, Clone, Copy, Default)]
struct Met {
    /// Steps whose name was met, with whatever value.
    named: usize,
    /// Steps in whose elements the next name could have stood; the row itself is step 0.
    looked_in: Option<usize>,
}

#[derive(Debug, Default)]
pub(crate) struct Flat {
    /// The path of `repeat` up to each of its names: `a`, `a.b`, `a.b.c`. Each may be a list.
    repeat: Vec<String>,
    names: HashMap<String, u32>,
    /// By column: the name, and the (row, element) that set it last.
    columns: Vec<(String, u64, u32)>,
    row: u64,
    text: String,
    leaves: Vec<Leaf>,
    elements: Vec<Element>,
    /// Rows that this element becomes.
    rows: usize,
    /// The next of the elements to become a row.
    emitted: usize,
    place: Place,
    joined: String,
    /// By our column: the page's column, plus one; 0 = not met in this page.
    page: Vec<u32>,
    /// Columns in the order of the leaves of the last element: the next one is most likely the same again.
    order: Vec<u32>,
    /// Of `repeat`, in this row and in all whole ones.
    met_here: Met,
    met: Met,
}

impl Flat {
    pub(crate) fn new(repeat: &str) -> Self {
        let ends = repeat.match_indices('.').map(|(at, _)| at).chain([repeat.len()]);
        let repeat = ends.filter(|_| !repeat.is_empty()).map(|end| repeat[..end].to_owned()).collect();
        Self { repeat, ..Self::default() }
    }

    /// Begins an element.
    pub(crate) fn begin(&mut self, place: Place) {
        self.row += 1;
        self.text.clear();
        self.leaves.clear();
        self.elements.clear();
        self.elements.push(Element::default());
        (self.rows, self.emitted, self.place, self.met_here) = (1, 0, place, Met::default());
    }

    /// Which step of `repeat` the path is, from inside the given element.
    pub(crate) fn step(&self, path: &str, element: u32) -> Option<usize> {
        if self.repeat.is_empty() {
            return None;
        }
        let taken = self.elements[element as usize].step;
        self.repeat[taken..].iter().position(|step| step == path).map(|at| taken + at + 1)
    }

    /// Notes that a name stands inside the given element.
    pub(crate) fn note(&mut self, path: &str, element: u32) {
        if self.repeat.is_empty() {
            return;
        }
        let step = self.step(path, element).unwrap_or(0);
        let looked_in = Some(self.elements[element as usize].step);
        self.met_here.named = self.met_here.named.max(step);
        self.met_here.looked_in = self.met_here.looked_in.max(looked_in);
    }

    /// Begins the next element of a step of `repeat`, inside another, and returns its number.
    pub(crate) fn next_element(&mut self, parent: u32, step: usize) -> Result<u32, Broken> {
        let around = &mut self.elements[parent as usize];
        // The first element inside takes the place of the row that its parent would be.
        self.rows += usize::from(around.is_parent);
        around.is_parent = true;
        if self.rows > REPEATS_MAX {
            return Err(Broken::too_large(
                self.rows as u64,
                REPEATS_MAX,
                ("`repeat` 的元素数", "elements of `repeat`"),
            ));
        }
        self.elements.push(Element { parent, step, ..Element::default() });
        Ok(self.elements.len() as u32 - 1)
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
        let (mut at, mut total) = (0, 0);
        for n in 0..self.elements.len() {
            let start = at;
            at += self.leaves[at..].iter().take_while(|leaf| leaf.element as usize == n).count();
            let own: usize = self.leaves[start..at].iter().map(|leaf| (leaf.end - leaf.start) as usize).sum();
            let around = if n == 0 { 0 } else { self.elements[self.elements[n].parent as usize].bytes };
            let element = &mut self.elements[n];
            (element.start, element.end, element.bytes) = (start, at, around + own);
            total += if element.is_parent { 0 } else { element.bytes };
        }
        if self.elements.len() > 1 && total > REPEATED_BYTES_MAX {
            return Err(Broken::too_large(
                total as u64,
                REPEATED_BYTES_MAX,
                ("`repeat` 展开后的字节数", "bytes once `repeat` is done"),
            ));
        }
        self.met.named = self.met.named.max(self.met_here.named);
        self.met.looked_in = self.met.looked_in.max(self.met_here.looked_in);
        Ok(())
    }

    /// True: the element has no value anywhere.
    pub(crate) fn is_blank(&self) -> bool {
        self.leaves.is_empty()
    }

    /// At the file's end: what is wrong with `repeat`, if no row had it although one could have. A list on its way
    /// that is empty everywhere leaves nothing to say.
    pub(crate) fn check_repeat(&self) -> Result<(), Refusal> {
        let Some(repeat) = self.repeat.last() else { return Ok(()) };
        let Met { named, looked_in: Some(looked_in) } = self.met else { return Ok(()) };
        if named == self.repeat.len() || looked_in < named {
            return Ok(());
        }
        // What nests in the rows, and the columns: a list of single values is one.
        let mut known: Vec<&str> = Vec::new();
        for (column, ..) in &self.columns {
            let ends = column.match_indices('.').map(|(at, _)| at).chain([column.len()]);
            known.extend(ends.map(|end| &column[..end]).filter(|path| !path.ends_with('@')));
        }
        let inner = format!(".{repeat}");
        let near = known.iter().copied().find(|path| path.ends_with(&inner)).or_else(|| nearest(repeat, known));
        let (zh, en) = match near {
            Some(near) => (format!("是否为 `{near}`？"), format!("is it `{near}`? ")),
            None => (String::new(), String::new()),
        };
        Err(Refusal::new(
            (
                format!("没有一行含有 `repeat` 所指的 `{repeat}`，各行未展开"),
                format!("no row has `{repeat}`, which `repeat` names, so each was taken as it stands"),
            ),
            (
                format!("{zh}请改正 `repeat`；没有要展开的内容时去掉它"),
                format!("{en}correct `repeat`, or leave it out where there is nothing to repeat"),
            ),
        ))
    }

    pub(crate) fn place(&self) -> Place {
        self.place
    }

    /// Forgets the element at hand.
    pub(crate) fn discard(&mut self) {
        self.elements.clear();
        self.emitted = 0;
    }

    /// A new page begins: its columns are its own.
    pub(crate) fn begin_page(&mut self) {
        self.page.clear();
    }

    /// Adds the rows of the element until it is enough. False: there are none left.
    pub(crate) fn emit(&mut self, out: &mut Out<'_>) -> bool {
        while self.emitted < self.elements.len() {
            if !self.elements[self.emitted].is_parent {
                if out.full() {
                    return true;
                }
                out.rows.begin(Place { file: out.file, ..self.place });
                self.emit_element(self.emitted, out);
            }
            self.emitted += 1;
        }
        false
    }

    /// Adds the cells of an element to the row at hand, after those around it.
    fn emit_element(&mut self, element: usize, out: &mut Out<'_>) {
        let Element { parent, start, end, .. } = self.elements[element];
        if element > 0 {
            self.emit_element(parent as usize, out);
        }
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
