//! Splits a decoded CSV row into cells, line by line while a quote is open.

use memchr::memchr;

use crate::config::CsvConfig;

/// What became of the row so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// The row ends with this line.
    Complete,
    /// A quote is open at the end of the line.
    Open,
    /// Something stands between a closing quote and the next delimiter.
    Stray,
}

/// Where a cell stands: in the row's text, or in `unquoted`.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
    quoted: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Splitter {
    delimiter: u8,
    quote: Option<u8>,
    trim: bool,
    spans: Vec<Span>,
    /// The content of quoted cells, inner quotes undoubled.
    unquoted: String,
    open: bool,
}

impl Splitter {
    pub(crate) fn new(config: &CsvConfig) -> Self {
        Self {
            delimiter: config.delimiter.0,
            quote: config.quote.0,
            trim: config.trim,
            spans: Vec::new(),
            unquoted: String::new(),
            open: false,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.spans.clear();
        self.unquoted.clear();
        self.open = false;
    }

    /// Cells so far, the open one included.
    pub(crate) fn len(&self) -> usize {
        self.spans.len()
    }

    /// The content of a cell of `text`, which is what was fed.
    #[inline]
    pub(crate) fn cell<'a>(&'a self, text: &'a str, i: usize) -> &'a str {
        let span = self.spans[i];
        let source = if span.quoted { self.unquoted.as_str() } else { text };
        let cell = &source[span.start as usize..span.end as usize];
        if self.trim { cell.trim() } else { cell }
    }

    /// Goes on with `text` from `from`, where the last call ended.
    pub(crate) fn feed(&mut self, text: &str, from: usize) -> State {
        let bytes = text.as_bytes();
        let quote = match self.quote {
            Some(quote) if self.open || memchr(quote, &bytes[from..]).is_some() => quote,
            _ => {
                self.split_plain(bytes, from);
                return State::Complete;
            }
        };
        let mut at = from;
        loop {
            if self.open {
                match self.close(text, at, quote) {
                    Ok(next) => at = next,
                    Err(state) => return state,
                }
                if at == bytes.len() {
                    return State::Complete;
                }
                at += 1;
            }
            let content = if self.trim { at + blanks(&bytes[at..], self.delimiter) } else { at };
            if bytes.get(content) == Some(&quote) {
                self.open = true;
                let start = self.unquoted.len() as u32;
                self.spans.push(Span { start, end: start, quoted: true });
                at = content + 1;
                continue;
            }
            let end = memchr(self.delimiter, &bytes[at..]).map_or(bytes.len(), |i| at + i);
            self.spans.push(Span { start: at as u32, end: end as u32, quoted: false });
            if end == bytes.len() {
                return State::Complete;
            }
            at = end + 1;
        }
    }

    /// Reads on in a quoted cell. Returns the place of the delimiter after it, or the end of the line.
    fn close(&mut self, text: &str, from: usize, quote: u8) -> Result<usize, State> {
        let bytes = text.as_bytes();
        let mut at = from;
        loop {
            let Some(i) = memchr(quote, &bytes[at..]) else {
                self.unquoted.push_str(&text[at..]);
                return Err(State::Open);
            };
            let closing = at + i;
            if bytes.get(closing + 1) == Some(&quote) {
                self.unquoted.push_str(&text[at..=closing]);
                at = closing + 2;
                continue;
            }
            self.unquoted.push_str(&text[at..closing]);
            self.open = false;
            if let Some(span) = self.spans.last_mut() {
                span.end = self.unquoted.len() as u32;
            }
            let mut next = closing + 1;
            if self.trim {
                next += blanks(&bytes[next..], self.delimiter);
            }
            return match bytes.get(next) {
                None => Ok(next),
                Some(b) if *b == self.delimiter => Ok(next),
                Some(_) => Err(State::Stray),
            };
        }
    }

    fn split_plain(&mut self, bytes: &[u8], from: usize) {
        let mut at = from;
        for i in memchr::memchr_iter(self.delimiter, &bytes[from..]) {
            self.spans.push(Span { start: at as u32, end: (from + i) as u32, quoted: false });
            at = from + i + 1;
        }
        self.spans.push(Span { start: at as u32, end: bytes.len() as u32, quoted: false });
    }
}

/// Blanks at the beginning of `bytes`, of which the delimiter (a tab, say) is none.
fn blanks(bytes: &[u8], delimiter: u8) -> usize {
    bytes.iter().take_while(|b| matches!(b, b' ' | b'\t') && **b != delimiter).count()
}
