//! A sliding window over a file: contiguous bytes from the beginning of the row at hand, with the file's offsets.
//!
//! Readers cut rows out of the raw bytes and decode each row alone, so a bad byte can't reach its neighbours, and
//! what was cut is there to be kept as it came. In UTF-8 and GBK no byte of a longer character looks like a line
//! break, a quote or a tag. UTF-16 is turned into UTF-8 on its way into the window; an unpaired surrogate becomes
//! three bytes that are no UTF-8, so it is found like any other bad byte, and offsets and raw bytes are counted
//! back. Nothing here depends on how many bytes a read happens to return.

use std::borrow::Cow;
use std::io::{self, Read};

use crate::encoding::{Encoding, check_head};
use crate::limits::{READ_BYTES, SNIFF_BYTES};
use crate::{Refusal, Stop};

pub(crate) struct Window {
    input: Box<dyn Read + Send>,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    /// Offset in the file of the byte at `start`.
    offset: u64,
    ended: bool,
    utf16: Option<Utf16>,
}

impl Window {
    pub(crate) fn new(input: Box<dyn Read + Send>) -> Self {
        Self { input, buffer: vec![0; READ_BYTES], start: 0, end: 0, offset: 0, ended: false, utf16: None }
    }

    /// From here on the bytes are UTF-16, of which none may have been looked at except the mark.
    pub(crate) fn set_encoding(&mut self, encoding: Encoding) {
        let big_endian = match encoding {
            Encoding::Utf16Le => false,
            Encoding::Utf16Be => true,
            _ => return,
        };
        let mut utf16 = Utf16 { big_endian, pending: None, high: None };
        let raw = self.data().to_vec();
        let mut text = Vec::with_capacity(raw.len() * 3 / 2 + READ_BYTES);
        utf16.convert(&raw, &mut text);
        if self.ended {
            utf16.finish(&mut text);
        }
        (self.start, self.end, self.buffer) = (0, text.len(), text);
        self.utf16 = Some(utf16);
    }

    pub(crate) fn data(&self) -> &[u8] {
        &self.buffer[self.start..self.end]
    }

    /// True: the file has no bytes beyond the window.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Offset in the file of the window's first byte.
    pub(crate) fn offset(&self) -> u64 {
        self.offset
    }

    /// Offset in the file of the byte `at` bytes into the window.
    pub(crate) fn offset_of(&self, at: usize) -> u64 {
        self.offset + self.raw_len(&self.data()[..at])
    }

    /// Bytes of the file that the given bytes of the window stand for.
    pub(crate) fn raw_len(&self, bytes: &[u8]) -> u64 {
        match self.utf16 {
            None => bytes.len() as u64,
            Some(_) => 2 * utf16_units(bytes),
        }
    }

    /// The bytes as they stand in the file.
    pub(crate) fn raw<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match &self.utf16 {
            None => Cow::Borrowed(bytes),
            Some(utf16) => Cow::Owned(utf16.restore(bytes)),
        }
    }

    /// Gives up the first `n` bytes.
    pub(crate) fn consume(&mut self, n: usize) {
        self.offset += self.raw_len(&self.buffer[self.start..self.start + n]);
        self.start += n;
    }

    /// Reads more. False: there is no more.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        if self.ended {
            return Ok(false);
        }
        if self.start > 0 {
            self.buffer.copy_within(self.start..self.end, 0);
            self.end -= self.start;
            self.start = 0;
        }
        let n = if self.utf16.is_some() { self.fill_utf16()? } else { self.fill_plain()? };
        self.ended = n == 0;
        if self.ended
            && let Some(utf16) = &mut self.utf16
        {
            self.buffer.truncate(self.end);
            utf16.finish(&mut self.buffer);
            self.end = self.buffer.len();
        }
        Ok(!self.ended)
    }

    fn fill_plain(&mut self) -> io::Result<usize> {
        if self.buffer.len() - self.end < READ_BYTES / 2 {
            self.buffer.resize((self.buffer.len() * 2).max(READ_BYTES), 0);
        }
        let n = read(&mut self.input, &mut self.buffer[self.end..])?;
        self.end += n;
        Ok(n)
    }

    fn fill_utf16(&mut self) -> io::Result<usize> {
        let mut raw = [0; 16 << 10];
        let n = read(&mut self.input, &mut raw)?;
        self.buffer.truncate(self.end);
        if let Some(utf16) = &mut self.utf16 {
            utf16.convert(&raw[..n], &mut self.buffer);
        }
        self.end = self.buffer.len();
        Ok(n)
    }

    /// The first `n` bytes, or what there is of them, as they stand in the file.
    pub(crate) fn kept(&mut self, n: usize) -> io::Result<Vec<u8>> {
        self.fill_to(n)?;
        Ok(self.raw(&self.data()[..self.data().len().min(n)]).into_owned())
    }

    /// Fills until the window holds `n` bytes or the file ends.
    pub(crate) fn fill_to(&mut self, n: usize) -> io::Result<()> {
        while self.data().len() < n && self.fill()? {}
        Ok(())
    }
}

/// Reads the beginning of a file and compares it with the declared encoding.
pub(crate) fn open_window(window: &mut Window, encoding: Encoding) -> Result<(), Stop> {
    window.fill_to(SNIFF_BYTES)?;
    if window.data().is_empty() {
        return Err(Refusal::empty().into());
    }
    let head = &window.data()[..window.data().len().min(SNIFF_BYTES)];
    let mark = check_head(encoding, head).map_err(|refusal| refusal.at(1, 0, &head[..head.len().min(64)]))?;
    window.consume(mark);
    window.set_encoding(encoding);
    Ok(())
}

fn read(input: &mut dyn Read, into: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(into) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// UTF-16 into UTF-8, piece by piece.
struct Utf16 {
    big_endian: bool,
    /// Half a unit, left over from the last piece.
    pending: Option<u8>,
    /// The first half of a surrogate pair.
    high: Option<u16>,
}

impl Utf16 {
    fn convert(&mut self, raw: &[u8], out: &mut Vec<u8>) {
        for &byte in raw {
            let Some(first) = self.pending.take() else {
                self.pending = Some(byte);
                continue;
            };
            let pair = [first, byte];
            self.unit(if self.big_endian { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }, out);
        }
    }

    fn unit(&mut self, unit: u16, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            if (0xdc00..0xe000).contains(&unit) {
                let code = 0x1_0000 + ((u32::from(high) - 0xd800) << 10) + (u32::from(unit) - 0xdc00);
                push_code(code, out);
                return;
            }
            push_code(u32::from(high), out);
        }
        match unit {
            0xd800..0xdc00 => self.high = Some(unit),
            _ => push_code(u32::from(unit), out),
        }
    }

    fn finish(&mut self, out: &mut Vec<u8>) {
        if let Some(high) = self.high.take() {
            push_code(u32::from(high), out);
        }
        if self.pending.take().is_some() {
            out.push(0xff);
        }
    }

    /// The UTF-16 of what [`Utf16::convert`] made.
    fn restore(&self, bytes: &[u8]) -> Vec<u8> {
        let mut raw = Vec::with_capacity(bytes.len() * 2);
        let mut put = |unit: u16| {
            raw.extend_from_slice(&if self.big_endian { unit.to_be_bytes() } else { unit.to_le_bytes() });
        };
        let mut rest = bytes;
        while let Some((&first, _)) = rest.split_first() {
            let len = match first {
                0xf0..=0xf7 => 4,
                0xe0..=0xef => 3,
                0xc0..=0xdf => 2,
                _ => 1,
            };
            let (char, tail) = rest.split_at(len.min(rest.len()));
            rest = tail;
            let low = |i: usize| u32::from(char.get(i).map_or(0, |b| b & 0x3f));
            let first = u32::from(first);
            match len {
                1 => put(first as u16),
                2 => put(((first & 0x1f) << 6 | low(1)) as u16),
                3 => put(((first & 0x0f) << 12 | low(1) << 6 | low(2)) as u16),
                _ => {
                    let code = ((first & 7) << 18 | low(1) << 12 | low(2) << 6 | low(3)) - 0x1_0000;
                    put(0xd800 + (code >> 10) as u16);
                    put(0xdc00 + (code & 0x3ff) as u16);
                }
            }
        }
        raw
    }
}

/// Appends a code point as UTF-8, a surrogate as the three bytes it would have.
fn push_code(code: u32, out: &mut Vec<u8>) {
    match char::from_u32(code) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[
            0xe0 | (code >> 12) as u8,
            0x80 | (code >> 6 & 0x3f) as u8,
            0x80 | (code & 0x3f) as u8,
        ]),
    }
}

fn utf16_units(bytes: &[u8]) -> u64 {
    bytes.iter().map(|b| u64::from(b & 0xc0 != 0x80) + u64::from(*b >= 0xf0 && *b < 0xf8)).sum()
}
