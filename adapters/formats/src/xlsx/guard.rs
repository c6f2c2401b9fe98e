//! What an xlsx file must be before anything reads it: a zip whose parts are as large as they seem.
//!
//! Reading a workbook trusts what it claims: a shared text of 512 MiB is held whole, the number of shared texts is
//! reserved before one is read. So each part is first inflated through a counter that keeps nothing, and refused at
//! the first figure above its limit. It costs one more inflating, some tenths of a second for a large sheet.

use std::io::{self, Read, Seek};

use zip::ZipArchive;
use zip::result::ZipError;

use crate::limits::{
    XLSX_BYTES_MAX, XLSX_MERGED_MAX, XLSX_TEXT_BYTES_MAX, XLSX_TEXTS_BYTES_MAX, ZIP_ENTRIES_MAX, ZIP_RATIO_FREE_BYTES,
    ZIP_RATIO_MAX,
};
use crate::{Refusal, Stop};

/// Checks every part. The file's position afterwards is anywhere.
pub(crate) fn check(input: &mut (impl Read + Seek)) -> Result<(), Stop> {
    let mut head = Vec::new();
    input.by_ref().take(64).read_to_end(&mut head)?;
    check_head(&head)?;
    input.rewind()?;
    let mut zip = ZipArchive::new(input).map_err(zip_error)?;
    if zip.len() > ZIP_ENTRIES_MAX {
        return Err(bomb(format!("it has {} parts", zip.len()), ZIP_ENTRIES_MAX as u64));
    }
    if zip.has_duplicate_names() || zip.has_overlapping_entries().map_err(zip_error)? {
        return Err(Refusal::new("parts of it have the same name or lie over one another", RESAVE).into());
    }
    let mut total = 0;
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(zip_error)?;
        let name = part.name_raw().escape_ascii().to_string();
        if part.encrypted() || part.is_symlink() {
            return Err(Refusal::new(format!("its part `{name}` is encrypted or a link"), RESAVE).into());
        }
        let limits = PartLimits::of(&name, part.compressed_size(), total);
        let mut counts = Counts::default();
        read_counted(part, &mut counts, &limits, &name)?;
        check_claims(&counts, &name)?;
        total += counts.bytes;
    }
    Ok(())
}

const RESAVE: &str = "open it in Excel or WPS and save it again as .xlsx; if it came from outside, ask where from";

fn check_head(head: &[u8]) -> Result<(), Refusal> {
    if head.is_empty() {
        return Err(Refusal::empty());
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Refusal::new(
            "it is an old workbook (.xls) or one with a password",
            "open it in Excel or WPS and save it as .xlsx, without a password",
        ));
    }
    if !head.starts_with(b"PK") {
        let what = if head.trim_ascii_start().starts_with(b"<") { "an HTML or XML text" } else { "something else" };
        return Err(Refusal::new(
            format!("it is no xlsx workbook but {what}, whatever its name says"),
            "open it in Excel or WPS and save it as .xlsx, or set the format that it really has",
        ));
    }
    Ok(())
}

fn zip_error(error: ZipError) -> Stop {
    match error {
        ZipError::Io(error) if !is_content(&error) => Stop::Io(error),
        error => Refusal::new(
            format!("it is no whole xlsx file: {error}"),
            "an upload that was cut off leaves such files: ask the sender for it again",
        )
        .into(),
    }
}

/// True: the fault lies in what the file holds, not in reading it.
pub(crate) fn is_content(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof, Unsupported};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof | Unsupported)
}

fn bomb(what: String, limit: u64) -> Stop {
    Refusal::new(format!("{what}, and {limit} is the limit: it may be made to exhaust memory"), RESAVE).into()
}

struct PartLimits {
    bytes: u64,
    /// What the bytes limit is of, for the message.
    what: &'static str,
}

impl PartLimits {
    fn of(name: &str, packed: u64, total: u64) -> Self {
        let by_ratio = (packed.saturating_mul(ZIP_RATIO_MAX)).max(ZIP_RATIO_FREE_BYTES);
        let own_name = name.rsplit('/').next().unwrap_or(name).to_ascii_lowercase();
        let is_sheet = own_name.starts_with("sheet") && own_name.ends_with(".xml");
        let by_kind = if is_sheet { u64::MAX } else { XLSX_TEXTS_BYTES_MAX };
        let by_total = XLSX_BYTES_MAX.saturating_sub(total);
        let bytes = by_ratio.min(by_kind).min(by_total);
        let what = if bytes == by_total {
            "bytes of all parts together"
        } else if bytes == by_kind {
            "bytes of a part that is no sheet"
        } else {
            "bytes for its packed size"
        };
        Self { bytes, what }
    }
}

/// What was met in a part.
#[derive(Default)]
struct Counts {
    bytes: u64,
    tags: u64,
    /// Bytes since the last `<`, and the most there were between two.
    run: u64,
    longest: u64,
    merged: u64,
    /// The largest number of shared texts that the part claims to have.
    claimed: u64,
    /// The last bytes, in which a word may have begun.
    tail: Vec<u8>,
}

const MERGED: &[u8] = b"mergeCell";
const CLAIM: &[u8] = b"uniqueCount";
/// Longer than a claim with its number, so that one at a chunk's end is seen whole with the next chunk.
const TAIL_BYTES: usize = 64;
/// Bytes between the word and its number, `="`; blanks are allowed there, but who writes many has a reason.
const CLAIM_GAP_MAX: usize = 8;

fn read_counted(mut part: impl Read, counts: &mut Counts, limits: &PartLimits, name: &str) -> Result<(), Stop> {
    let mut buffer = vec![0; 128 << 10];
    loop {
        let n = match part.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(n) => n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(zip_error(ZipError::Io(error))),
        };
        counts.bytes += n as u64;
        if counts.bytes > limits.bytes {
            return Err(bomb(
                format!("its part `{name}` is larger than {} {}", limits.bytes, limits.what),
                limits.bytes,
            ));
        }
        counts.add(&buffer[..n]);
        // Parts that are no XML are never read as such.
        if name.to_ascii_lowercase().ends_with(".xml") && counts.longest > XLSX_TEXT_BYTES_MAX {
            return Err(bomb(
                format!("its part `{name}` holds a text of more than {XLSX_TEXT_BYTES_MAX} bytes"),
                XLSX_TEXT_BYTES_MAX,
            ));
        }
    }
}

impl Counts {
    fn add(&mut self, chunk: &[u8]) {
        let mut last = 0;
        for at in memchr::memchr_iter(b'<', chunk) {
            self.tags += 1;
            self.longest = self.longest.max(self.run + (at - last) as u64);
            (self.run, last) = (0, at);
        }
        self.run += (chunk.len() - last) as u64;
        self.longest = self.longest.max(self.run);

        let mut joined = std::mem::take(&mut self.tail);
        let old = joined.len();
        joined.extend_from_slice(chunk);
        let new = memchr::memmem::find_iter(&joined, MERGED).filter(|at| at + MERGED.len() > old).count();
        self.merged += new as u64;
        for at in memchr::memmem::find_iter(&joined, CLAIM) {
            self.claimed = self.claimed.max(claim(&joined[at + CLAIM.len()..]));
        }
        self.tail = joined[joined.len().saturating_sub(TAIL_BYTES)..].to_vec();
    }
}

/// The number that follows the word.
fn claim(after: &[u8]) -> u64 {
    let gap = after.iter().take_while(|b| !b.is_ascii_digit()).count();
    if gap > CLAIM_GAP_MAX {
        return u64::MAX;
    }
    let digits = after[gap..].iter().take_while(|b| b.is_ascii_digit());
    digits.fold(0, |n: u64, b| n.saturating_mul(10).saturating_add(u64::from(b - b'0')))
}

fn check_claims(counts: &Counts, name: &str) -> Result<(), Stop> {
    if counts.claimed > counts.tags {
        let what = format!("its part `{name}` claims to hold {} shared texts", counts.claimed);
        return Err(bomb(what, counts.tags));
    }
    // A start tag each, and the two of the list.
    if counts.merged > XLSX_MERGED_MAX + 2 {
        return Err(bomb(format!("its part `{name}` has {} merged areas", counts.merged), XLSX_MERGED_MAX));
    }
    Ok(())
}
