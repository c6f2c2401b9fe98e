//! Lines in the raw bytes of a file, with their numbers and offsets.

use std::io::{self, Read};

use adapter::ROW_BYTES_MAX;

use crate::flat::Broken;
use crate::limits::KEPT_BYTES_MAX;
use crate::window::Window;
use crate::{Out, ROW_BYTES, Stop};

pub(crate) struct Lines {
    pub window: Window,
    /// Number of the line at the window's beginning, counted from 1.
    pub number: u64,
}

/// A line in the window.
#[derive(Clone, Copy)]
pub(crate) struct Line {
    pub start: usize,
    /// Where its text ends, before CR and LF.
    pub end: usize,
    /// Where the next line begins.
    pub next: usize,
}

pub(crate) enum Found {
    Line(Line),
    /// No line: the file has ended.
    End,
    /// The line's end is beyond the limit.
    TooLong,
}

impl Lines {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { window: Window::new(input), number: 1 }
    }

    /// The line that begins `from` bytes into the window.
    pub(crate) fn find(&mut self, from: usize) -> io::Result<Found> {
        let mut scanned = from;
        loop {
            let data = self.window.data();
            if let Some(at) = memchr::memchr(b'\n', &data[scanned..]) {
                let newline = scanned + at;
                if newline > ROW_BYTES_MAX {
                    return Ok(Found::TooLong);
                }
                let end = if newline > from && data[newline - 1] == b'\r' { newline - 1 } else { newline };
                return Ok(Found::Line(Line { start: from, end, next: newline + 1 }));
            }
            if data.len() > ROW_BYTES_MAX {
                return Ok(Found::TooLong);
            }
            scanned = data.len();
            if !self.window.fill()? {
                let end = self.window.data().len();
                if end > scanned {
                    continue;
                }
                return Ok(if end == from { Found::End } else { Found::Line(Line { start: from, end, next: end }) });
            }
        }
    }

    /// Passes over one line, however long. False: there is none.
    pub(crate) fn pass(&mut self) -> io::Result<bool> {
        let mut any = false;
        loop {
            let data = self.window.data();
            any |= !data.is_empty();
            if let Some(at) = memchr::memchr(b'\n', data) {
                self.consume(at + 1, 1);
                return Ok(true);
            }
            let all = data.len();
            self.window.consume(all);
            if !self.window.fill()? && self.window.data().is_empty() {
                return Ok(any);
            }
        }
    }

    /// Passes over a line above the limit, leaving a broken row.
    pub(crate) fn too_long(&mut self, out: &mut Out<'_>) -> Result<(), Stop> {
        let place = out.place(self.number, self.window.offset());
        let kept = self.window.raw(&self.window.data()[..KEPT_BYTES_MAX]).into_owned();
        self.pass()?;
        let bytes = self.window.offset() - place.offset;
        let Broken { kind, args } = Broken::too_large(bytes, ROW_BYTES_MAX, ROW_BYTES);
        out.broken(place, kind, args, &kept);
        Ok(())
    }

    pub(crate) fn consume(&mut self, bytes: usize, lines: u64) {
        self.window.consume(bytes);
        self.number += lines;
    }
}
