//! Where rows stood in their sources: read from the stored rows of batches, each unpacked once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use adapter::{Cell, Rows};
use serde::{Deserialize, Serialize};

use crate::pipeline::normalise::batch_and_row;
use crate::store::{self, Conn};

/// A place in a source, for a person who has to find it there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stood {
    pub batch: i64,
    /// Row of the batch, counted from 1.
    pub row: u32,
    /// None: the source has no files, or the rows are no longer kept.
    pub file: Option<String>,
    /// Line of the file, row of the sheet, or number of the element.
    pub line: Option<u64>,
}

/// Stored rows, by batch.
#[derive(Default)]
pub(super) struct Batches(HashMap<i64, Option<Rows>>);

impl Batches {
    /// A batch's rows, while they are kept.
    pub(super) fn rows(&mut self, c: &mut Conn, batch: i64) -> store::Result<Option<&Rows>> {
        let rows = match self.0.entry(batch) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let packed = store::batch_packed(c, batch)?;
                new.insert(packed.map(|packed| Rows::decode(&packed)).transpose()?)
            }
        };
        Ok(rows.as_ref())
    }

    /// Where the row of a position stood.
    pub(super) fn stood(&mut self, c: &mut Conn, position: i64) -> store::Result<Stood> {
        let (batch, row) = batch_and_row(position);
        let mut stood = Stood { batch, row: row + 1, file: None, line: None };
        if let Some(rows) = self.rows(c, batch)?.filter(|rows| (row as usize) < rows.len()) {
            let at = rows.row(row as usize);
            stood.file = at.file().map(str::to_owned);
            stood.line = (at.place().line > 0).then_some(at.place().line);
        }
        Ok(stood)
    }
}

/// A cell as a person reads it: text as it came, bytes in hex, none where the source gave nothing.
pub(super) fn cell_text(cell: Cell<'_>) -> Option<String> {
    match cell {
        Cell::Absent => None,
        Cell::Text(text) => Some(text.to_owned()),
        Cell::Bytes(bytes) => Some(bytes.iter().map(|b| format!("{b:02x}")).collect::<Vec<_>>().join(" ")),
    }
}
