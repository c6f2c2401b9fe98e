//! Tags in the raw bytes of an XML file: enough to see where an element ends, and no more.
//!
//! Every character that matters is below 0x40, where no GBK character has its second byte, except `]`.

use crate::encoding::Encoding;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Start,
    /// `<a/>`
    Empty,
    End,
    Doctype,
    /// A `<` that begins no tag: text that was not escaped.
    Bad,
    /// A comment, a CDATA section, a processing instruction, the XML declaration.
    Other,
}

/// What may hold any bytes up to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Section {
    Comment,
    Cdata,
    Instruction,
}

impl Section {
    /// The section that begins here.
    pub(crate) fn at(rest: &[u8]) -> Option<Self> {
        let sections = [(&b"<!--"[..], Self::Comment), (b"<![CDATA[", Self::Cdata), (b"<?", Self::Instruction)];
        sections.into_iter().find(|(head, _)| rest.starts_with(head)).map(|(_, section)| section)
    }

    /// What ends it.
    pub(crate) fn end(self) -> &'static [u8] {
        match self {
            Self::Comment => b"-->",
            Self::Cdata => b"]]>",
            Self::Instruction => b"?>",
        }
    }
}

/// A tag or section in the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
    name: (usize, usize),
}

impl Token {
    /// The token that begins with the `<` at `start`. None: its end is not in `data`.
    pub(crate) fn find(data: &[u8], start: usize, encoding: Encoding, at_end: bool) -> Option<Self> {
        let rest = &data[start..];
        let other = |length: Option<usize>| {
            length.map(|length| Self { kind: Kind::Other, start, end: start + length, name: (start, start) })
        };
        match rest.get(1)? {
            b'!' if rest.starts_with(b"<!--") => other(find_after(rest, 4, b"-->")),
            b'!' if rest.starts_with(b"<![CDATA[") => other(end_of_cdata(rest, encoding, at_end)),
            b'!' if is_beginning_of(rest, b"<!--") || is_beginning_of(rest, b"<![CDATA[") => None,
            b'!' => Some(Self { kind: Kind::Doctype, start, end: start + 2, name: (start, start) }),
            b'?' => other(find_after(rest, 2, b"?>")),
            first => {
                let (close, whole) = end_of_tag(rest)?;
                let name_start = if *first == b'/' { 2 } else { 1 };
                let name_len = rest[name_start.min(close)..close].iter().take_while(|b| !is_end_of_name(**b)).count();
                let kind = match (*first == b'/', rest[close - 1] == b'/') {
                    _ if !whole || name_len == 0 => Kind::Bad,
                    (true, _) => Kind::End,
                    (false, true) => Kind::Empty,
                    (false, false) => Kind::Start,
                };
                let name = (start + name_start, start + name_start + name_len);
                Some(Self { kind, start, end: start + close + usize::from(whole), name })
            }
        }
    }

    /// True: a token begins at `from` of the last bytes of a file, and is not whole.
    pub(crate) fn cannot_end(data: &[u8], from: usize) -> bool {
        data.get(from) == Some(&b'<') && Self::find(data, from, Encoding::Utf8, true).is_none()
    }

    /// The name without its namespace prefix, as it stands in the file.
    pub(crate) fn local_name<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        let name = &data[self.name.0..self.name.1];
        match memchr::memchr(b':', name) {
            Some(colon) => &name[colon + 1..],
            None => name,
        }
    }
}

fn is_end_of_name(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>')
}

/// True: `rest` ends before it could be told whether it is `whole`.
fn is_beginning_of(rest: &[u8], whole: &[u8]) -> bool {
    rest.len() < whole.len() && whole.starts_with(rest)
}

fn find_after(rest: &[u8], from: usize, what: &[u8]) -> Option<usize> {
    memchr::memmem::find(rest.get(from..)?, what).map(|i| from + i + what.len())
}

fn end_of_cdata(rest: &[u8], encoding: Encoding, at_end: bool) -> Option<usize> {
    const HEAD: usize = b"<![CDATA[".len();
    if !encoding.is_gb() {
        return find_after(rest, HEAD, b"]]>");
    }
    let mut at = HEAD;
    while at < rest.len() {
        if rest[at..].starts_with(b"]]>") {
            return Some(at + 3);
        }
        match encoding.step(&rest[at..], at_end) {
            0 => return None,
            step => at += step,
        }
    }
    None
}

/// Where the `>` of a tag stands; one inside an attribute's value is none. False: a `<` stands before it, which XML
/// allows neither in a tag nor in a value, so this was no tag.
fn end_of_tag(rest: &[u8]) -> Option<(usize, bool)> {
    let mut quote = None;
    for (at, byte) in rest.iter().enumerate().skip(1) {
        match (quote, byte) {
            (_, b'<') => return Some((at, false)),
            (None, b'>') => return Some((at, true)),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), _) if open == byte => quote = None,
            _ => {}
        }
    }
    None
}

/// Names of open elements, one after the other in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Names {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Names {
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }

    pub(crate) fn push(&mut self, name: &[u8]) {
        self.bytes.extend_from_slice(name);
        self.ends.push(self.bytes.len());
    }

    fn get(&self, depth: usize) -> &[u8] {
        let start = if depth == 0 { 0 } else { self.ends[depth - 1] };
        &self.bytes[start..self.ends[depth]]
    }

    pub(crate) fn last(&self) -> &[u8] {
        match self.len() {
            0 => b"",
            len => self.get(len - 1),
        }
    }

    /// Closes the innermost element if it has this name.
    pub(crate) fn pop_if(&mut self, name: &[u8]) -> bool {
        let same = self.len() > 0 && self.last() == name;
        if same {
            self.truncate(self.len() - 1);
        }
        same
    }

    pub(crate) fn truncate(&mut self, depth: usize) {
        self.ends.truncate(depth);
        self.bytes.truncate(self.ends.last().copied().unwrap_or(0));
    }

    /// The depth of the innermost element of this name.
    pub(crate) fn find(&self, name: &[u8]) -> Option<usize> {
        (0..self.len()).rev().find(|depth| self.get(*depth) == name)
    }

    pub(crate) fn ends_with(&self, names: &[Vec<u8>]) -> bool {
        let Some(first) = self.len().checked_sub(names.len()) else { return false };
        names.iter().enumerate().all(|(i, name)| self.get(first + i) == name.as_slice())
    }
}
