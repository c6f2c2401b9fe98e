//! JSON lines: each line is one object, and one row (or several, with `repeat`).

use std::io::Read;

use crate::config::NdjsonConfig;
use crate::encoding::Encoding;
use crate::flat::Flat;
use crate::json::{ended_flat, parse_element};
use crate::lines::{Found, Lines};
use crate::window::open_window;
use crate::{Out, Stop};

pub(crate) struct Ndjson {
    encoding: Encoding,
    lines: Lines,
    flat: Flat,
    text: String,
}

impl Ndjson {
    pub(crate) fn new(config: &NdjsonConfig, input: Box<dyn Read + Send>) -> Self {
        Self {
            encoding: config.encoding,
            lines: Lines::new(input),
            flat: ended_flat(&config.repeat),
            text: String::new(),
        }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    pub(crate) fn prepare(&mut self) -> Result<(), Stop> {
        open_window(&mut self.lines.window, self.encoding)
    }

    /// Reads rows until it is enough. False: the file has no more.
    pub(crate) fn next(&mut self, out: &mut Out<'_>) -> Result<bool, Stop> {
        self.flat.begin_page();
        loop {
            if self.flat.emit(out) || out.full() {
                return Ok(true);
            }
            match self.lines.find(0)? {
                Found::End => {
                    self.flat.check_repeat()?;
                    return Ok(false);
                }
                Found::TooLong => self.lines.too_long(out)?,
                Found::Line(line) => {
                    if !self.lines.window.data()[..line.end].trim_ascii().is_empty() {
                        self.flat.begin(out.place(self.lines.number, self.lines.window.offset()));
                        let (window, flat) = (&self.lines.window, &mut self.flat);
                        parse_element(window, line.end, self.encoding, &mut self.text, flat, out);
                    }
                    self.lines.consume(line.next, 1);
                }
            }
        }
    }
}
