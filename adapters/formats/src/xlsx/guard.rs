//! What an xlsx file must be before anything reads it: a zip whose parts are as large as they seem.
//!
//! Reading a workbook trusts what it claims: a shared text of 512 MiB is held whole, the number of shared texts is
//! reserved before one is read. So each part is first inflated through a counter that keeps nothing, and refused at
//! the first figure above its limit. It costs one more inflating, some tenths of a second for a large sheet.

use std::io::{self, Read, Seek};

use adapter::Words;
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
        let parts = zip.len();
        return Err(bomb((format!("有 {parts} 个部件"), format!("it has {parts} parts")), ZIP_ENTRIES_MAX as u64));
    }
    if zip.has_duplicate_names() || zip.has_overlapping_entries().map_err(zip_error)? {
        return Err(Refusal::new(
            ("其中的部件重名或相互重叠", "parts of it have the same name or lie over one another"),
            RESAVE,
        )
        .into());
    }
    let mut total = 0;
    for index in 0..zip.len() {
        let part = zip.by_index(index).map_err(zip_error)?;
        let name = part.name_raw().escape_ascii().to_string();
        if part.encrypted() || part.is_symlink() {
            let what =
                (format!("其中的部件 `{name}` 已加密或是链接"), format!("its part `{name}` is encrypted or a link"));
            return Err(Refusal::new(what, RESAVE).into());
        }
        let limits = PartLimits::of(&name, part.compressed_size(), total);
        let mut counts = Counts::default();
        read_counted(part, &mut counts, &limits, &name)?;
        check_claims(&counts, &name)?;
        total += counts.bytes;
    }
    Ok(())
}

const RESAVE: (&str, &str) = (
    "请用 Excel 或 WPS 打开，另存为 .xlsx；如果来自外部，请核实来源",
    "open it in Excel or WPS and save it again as .xlsx; if it came from outside, ask where from",
);

fn check_head(head: &[u8]) -> Result<(), Refusal> {
    if head.is_empty() {
        return Err(Refusal::empty());
    }
    if head.starts_with(b"\xd0\xcf\x11\xe0") {
        return Err(Refusal::new(
            ("是旧格式的工作簿（.xls），或带有密码", "it is an old workbook (.xls) or one with a password"),
            (
                "请用 Excel 或 WPS 打开，另存为不带密码的 .xlsx",
                "open it in Excel or WPS and save it as .xlsx, without a password",
            ),
        ));
    }
    if !head.starts_with(b"PK") {
        let is_markup = head.trim_ascii_start().starts_with(b"<");
        let what = if is_markup {
            (
                "不是 xlsx 工作簿，而是 HTML 或 XML 文本，只是文件名如此",
                "it is no xlsx workbook but an HTML or XML text, whatever its name says",
            )
        } else {
            ("不是 xlsx 工作簿，只是文件名如此", "it is no xlsx workbook, whatever its name says")
        };
        return Err(Refusal::new(
            what,
            (
                "请用 Excel 或 WPS 打开，另存为 .xlsx，或设置文件的实际格式",
                "open it in Excel or WPS and save it as .xlsx, or set the format that it really has",
            ),
        ));
    }
    Ok(())
}

fn zip_error(error: ZipError) -> Stop {
    match error {
        ZipError::Io(error) if !is_content(&error) => Stop::Io(error),
        error => Refusal::new(
            (format!("不是完整的 xlsx 文件（{error}）"), format!("it is no whole xlsx file: {error}")),
            (
                "上传中断会留下这样的文件：请对方重新提供",
                "an upload that was cut off leaves such files: ask the sender for it again",
            ),
        )
        .into(),
    }
}

/// True: the fault lies in what the file holds, not in reading it.
pub(crate) fn is_content(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof, Unsupported};
    matches!(error.kind(), InvalidData | InvalidInput | Other | UnexpectedEof | Unsupported)
}

fn bomb(what: impl Into<Words>, limit: u64) -> Stop {
    let what = what.into();
    let told = (
        format!("{}，上限是 {limit}：可能是为耗尽内存而制作的", what.zh),
        format!("{}, and {limit} is the limit: it may be made to exhaust memory", what.en),
    );
    Refusal::new(told, RESAVE).into()
}

struct PartLimits {
    bytes: u64,
    /// What the bytes limit is of, for the message.
    what: (&'static str, &'static str),
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
            ("全部部件合计", "bytes of all parts together")
        } else if bytes == by_kind {
            ("非工作表部件", "bytes of a part that is no sheet")
        } else {
            ("按压缩大小", "bytes for its packed size")
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
                (
                    format!("其中的部件 `{name}` 超过 {} 字节（{}）", limits.bytes, limits.what.0),
                    format!("its part `{name}` is larger than {} {}", limits.bytes, limits.what.1),
                ),
                limits.bytes,
            ));
        }
        counts.add(&buffer[..n]);
        // Parts that are no XML are never read as such.
        if name.to_ascii_lowercase().ends_with(".xml") && counts.longest > XLSX_TEXT_BYTES_MAX {
            return Err(bomb(
                (
                    format!("其中的部件 `{name}` 含有超过 {XLSX_TEXT_BYTES_MAX} 字节的文本"),
                    format!("its part `{name}` holds a text of more than {XLSX_TEXT_BYTES_MAX} bytes"),
                ),
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
        let claimed = counts.claimed;
        let what = (
            format!("其中的部件 `{name}` 自称有 {claimed} 条共享文本"),
            format!("its part `{name}` claims to hold {claimed} shared texts"),
        );
        return Err(bomb(what, counts.tags));
    }
    // A start tag each, and the two of the list.
    if counts.merged > XLSX_MERGED_MAX + 2 {
        let merged = counts.merged;
        let what = (
            format!("其中的部件 `{name}` 有 {merged} 个合并区域"),
            format!("its part `{name}` has {merged} merged areas"),
        );
        return Err(bomb(what, XLSX_MERGED_MAX));
    }
    Ok(())
}
