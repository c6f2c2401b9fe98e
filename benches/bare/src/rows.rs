//! The source's rows: GBK as a stream, CSV, and the packed form in which a batch keeps them.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use crate::Result;

/// Columns of the workload.
pub const COLUMNS: usize = 26;
/// Bytes of one read and of one decoded piece.
const READ_BYTES: usize = 1 << 16;
/// More than a batch of the workload can have.
const PACKED_BYTES_MAX: usize = 64 << 20;

/// Turns GBK into UTF-8 on the way.
pub struct Gbk<R> {
    source: R,
    decoder: encoding_rs::Decoder,
    raw: Box<[u8]>,
    have: Range<usize>,
    ended: bool,
}

impl<R: Read> Gbk<R> {
    pub fn new(source: R) -> Self {
        let decoder = encoding_rs::GBK.new_decoder_without_bom_handling();
        Self { source, decoder, raw: vec![0; READ_BYTES].into(), have: 0..0, ended: false }
    }
}

impl<R: Read> Read for Gbk<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.have.is_empty() && !self.ended {
                let read = self.source.read(&mut self.raw)?;
                self.have = 0..read;
                self.ended = read == 0;
            }
            let (_, read, written, bad) = self.decoder.decode_to_utf8(&self.raw[self.have.clone()], out, self.ended);
            if bad {
                return Err(io::Error::new(io::ErrorKind::InvalidData, "the workload is no GBK"));
            }
            self.have.start += read;
            if written > 0 || self.ended {
                return Ok(written);
            }
        }
    }
}

/// Opens the workload.
pub fn open(file: &Path) -> Result<csv::Reader<Gbk<File>>> {
    Ok(csv::ReaderBuilder::new().buffer_capacity(READ_BYTES).from_reader(Gbk::new(File::open(file)?)))
}

/// Appends a row: each cell after its length.
pub fn pack(packed: &mut Vec<u8>, row: &csv::StringRecord) {
    for cell in row {
        packed.extend_from_slice(&(cell.len() as u32).to_le_bytes());
        packed.extend_from_slice(cell.as_bytes());
    }
}

/// Packed rows as a batch keeps them.
pub fn compress(packed: &[u8]) -> Result<Vec<u8>> {
    Ok(zstd::bulk::compress(packed, 1)?)
}

/// What [`compress`] was given.
pub fn decompress(kept: &[u8]) -> Result<Vec<u8>> {
    Ok(zstd::bulk::decompress(kept, PACKED_BYTES_MAX)?)
}

/// Calls `each` for every packed row.
pub fn unpack(packed: &[u8], mut each: impl FnMut(&[&str; COLUMNS]) -> Result<()>) -> Result<()> {
    let mut rest = packed;
    while !rest.is_empty() {
        let mut row = [""; COLUMNS];
        for cell in &mut row {
            let (length, tail) = rest.split_first_chunk::<4>().ok_or("a packed row is cut")?;
            let (text, tail) =
                tail.split_at_checked(u32::from_le_bytes(*length) as usize).ok_or("a packed row is cut")?;
            *cell = std::str::from_utf8(text)?;
            rest = tail;
        }
        each(&row)?;
    }
    Ok(())
}
