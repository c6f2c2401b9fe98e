//! A row becomes a record: trim, rename, dates, amounts, codes, check characters, lengths, JSON, fingerprint.

use crate::Result;
use crate::target::Target;

/// Values of a record that are kept for the index, at most.
const KEPT: usize = 8;
const NOT_KEPT: usize = KEPT;
/// Longest value that stands in the index as it is; the workload has none above it.
const INDEX_BYTES_MAX: usize = 200;

/// One field of a target.
pub struct Field {
    name: &'static str,
    column: usize,
    how: How,
    required: bool,
    /// Most characters; 0: any number.
    length_max: usize,
    kept: usize,
}

/// What is done with a column's text.
#[derive(Clone, Copy)]
pub enum How {
    Copy,
    Const(&'static str),
    /// Any of four forms into `yyyyMMddHHmmss`.
    DateTime,
    /// 万元 into 元, exact.
    TenThousandYuan,
    Table(&'static [(&'static str, &'static str)]),
    OneOf(&'static [&'static str]),
    CreditCode,
    TenderCode {
        length: usize,
        serials: usize,
    },
    Integer,
}

/// A required field.
pub const fn field(name: &'static str, column: usize, how: How, length_max: usize) -> Field {
    Field { name, column, how, required: true, length_max, kept: NOT_KEPT }
}

impl Field {
    pub const fn optional(self) -> Self {
        Self { required: false, ..self }
    }

    /// Its value is found again under this number.
    pub const fn kept(self, kept: usize) -> Self {
        Self { kept, ..self }
    }
}

/// A row's record.
pub struct Record {
    pub body: String,
    pub fingerprint: [u8; 16],
    /// The business key as it stands in the index.
    pub key: String,
    kept: [(u32, u32); KEPT],
}

impl Record {
    /// A kept value.
    pub fn kept(&self, kept: usize) -> &str {
        let (at, length) = self.kept[kept];
        &self.body[at as usize..(at + length) as usize]
    }
}

/// Makes a target's record of a row.
pub fn record<'a>(target: &Target, cell: impl Fn(usize) -> &'a str) -> Result<Record> {
    let mut body = String::with_capacity(2048);
    let mut kept = [(0, 0); KEPT];
    body.push('{');
    for field in target.fields {
        let text = match field.how {
            How::Const(text) => text,
            _ => trim(cell(field.column)),
        };
        if text.is_empty() || (!field.required && is_placeholder(text)) {
            if field.required {
                return Err(format!("{} is empty", field.name).into());
            }
            continue;
        }
        body.push_str(if body.len() > 1 { ",\"" } else { "\"" });
        body.push_str(field.name);
        body.push_str("\":\"");
        let at = body.len();
        let good = write(field, text, &mut body) && fits(field.length_max, &body[at..]);
        if !good {
            return Err(format!("{} is wrong: {text}", field.name).into());
        }
        if field.kept < KEPT {
            kept[field.kept] = (at as u32, (body.len() - at) as u32);
        }
        body.push('"');
    }
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&blake3::hash(body.as_bytes()).as_bytes()[..16]);
    body.push('}');
    let mut record = Record { body, fingerprint, key: String::new(), kept };
    let parts: Vec<&str> = target.key.iter().map(|kept| record.kept(*kept)).collect();
    record.key = index_key(&parts)?;
    Ok(record)
}

/// The business key as one text.
pub fn index_key(parts: &[&str]) -> Result<String> {
    let key = parts.join("\u{1f}");
    if key.len() > INDEX_BYTES_MAX {
        return Err("a key is too long to stand in the index as it is".into());
    }
    Ok(key)
}

/// The value of a field in a body that [`record`] wrote.
pub fn field_of<'b>(body: &'b str, target: &Target, kept: usize) -> Result<&'b str> {
    let field = target.fields.iter().find(|field| field.kept == kept).ok_or("no such field is kept")?;
    let mut rest = body;
    while let Some(at) = rest.find(field.name) {
        let (before, after) = (rest.as_bytes().get(at.wrapping_sub(1)), &rest[at + field.name.len()..]);
        if let (Some(b'"'), Some(value)) = (before, after.strip_prefix("\":\"")) {
            return Ok(&value[..value.find('"').ok_or("a body is cut")?]);
        }
        rest = after;
    }
    Err(format!("a body has no {}", field.name).into())
}

/// Appends the field's value; false: it is wrong.
fn write(field: &Field, text: &str, body: &mut String) -> bool {
    let from_table = |body: &mut String, table: &[(&str, &str)]| {
        table.iter().find(|(from, _)| *from == text).map(|(_, to)| body.push_str(to)).is_some()
    };
    match field.how {
        How::Copy | How::Const(_) => escape(body, text),
        How::DateTime => return date_time(body, text),
        How::TenThousandYuan => return ten_thousand_yuan(body, text),
        How::Table(table) => return from_table(body, table),
        How::OneOf(codes) => {
            body.push_str(text);
            return codes.contains(&text);
        }
        How::CreditCode => {
            body.push_str(text);
            return is_credit_code(text.as_bytes());
        }
        How::TenderCode { length, serials } => {
            body.push_str(text);
            return is_tender_code(text.as_bytes(), length, serials);
        }
        How::Integer => {
            body.push_str(text);
            return text.bytes().all(|b| b.is_ascii_digit());
        }
    }
    true
}

fn trim(text: &str) -> &str {
    text.trim()
}

/// Texts that stand for nothing.
fn is_placeholder(text: &str) -> bool {
    matches!(text, "无" | "详见附件" | "-")
}

fn fits(length_max: usize, text: &str) -> bool {
    // Never fewer bytes than characters.
    length_max == 0 || text.len() <= length_max || text.chars().count() <= length_max
}

/// Appends a text as the inside of a JSON string.
pub fn escape(out: &mut String, text: &str) {
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            0x1f => "\\u001f",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

/// `2016/1/4 9:05:00`, `2016-01-04 09:05:00`, `20160104090500` or `2016年1月4日 09:05` as 14 digits.
fn date_time(out: &mut String, text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut parts = [0u32; 6];
    if bytes.len() == 14 && bytes.iter().all(u8::is_ascii_digit) {
        let number = |from: usize, to: usize| bytes[from..to].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
        parts = [number(0, 4), number(4, 6), number(6, 8), number(8, 10), number(10, 12), number(12, 14)];
    } else {
        let (mut part, mut inside) = (0, false);
        for byte in bytes {
            match (byte.is_ascii_digit(), inside) {
                (true, _) if part == parts.len() => return false,
                (true, _) => {
                    parts[part] = parts[part] * 10 + u32::from(byte - b'0');
                    inside = true;
                }
                (false, true) => (part, inside) = (part + 1, false),
                (false, false) => {}
            }
        }
    }
    let [year, month, day, hour, minute, second] = parts;
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let days = match month {
        4 | 6 | 9 | 11 => 30,
        2 => 28 + u32::from(leap),
        1..=12 => 31,
        _ => return false,
    };
    if !(1900..2200).contains(&year) || !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return false;
    }
    for (number, width) in [(year, 4), (month, 2), (day, 2), (hour, 2), (minute, 2), (second, 2)] {
        for place in (0..width).rev() {
            out.push(char::from(b'0' + (number / 10u32.pow(place) % 10) as u8));
        }
    }
    true
}

/// 万元 as 元, exact, without trailing zeros.
fn ten_thousand_yuan(out: &mut String, text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 12 || fraction.len() > 6 || !digits(whole) || !digits(fraction) {
        return false;
    }
    // In hundredths of 元: six places behind 万元.
    let mut amount = whole.bytes().fold(0, |n, b| n * 10 + u64::from(b - b'0'));
    for place in 0..6 {
        amount = amount * 10 + fraction.as_bytes().get(place).map_or(0, |b| u64::from(b - b'0'));
    }
    let (yuan, hundredths) = (amount / 100, amount % 100);
    let mut digits = [0; 20];
    let (mut at, mut rest) = (digits.len(), yuan);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|b| char::from(*b)));
    if hundredths > 0 {
        out.push('.');
        out.push(char::from(b'0' + (hundredths / 10) as u8));
        if hundredths % 10 > 0 {
            out.push(char::from(b'0' + (hundredths % 10) as u8));
        }
    }
    true
}

/// Values of the characters of a credit code; -1: not of its alphabet.
const CREDIT_VALUES: [i8; 256] = {
    let (mut values, mut at) = ([-1; 256], 0);
    let alphabet = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
    while at < alphabet.len() {
        values[alphabet[at] as usize] = at as i8;
        at += 1;
    }
    values
};

fn is_credit_code(code: &[u8]) -> bool {
    let (mut sum, mut weight) = (0, 1);
    for byte in &code[..code.len().min(17)] {
        let value = i32::from(CREDIT_VALUES[usize::from(*byte)]);
        if value < 0 {
            return false;
        }
        sum += value * weight;
        weight = weight * 3 % 31;
    }
    code.len() == 18 && i32::from(CREDIT_VALUES[usize::from(code[17])]) == (31 - sum % 31) % 31
}

/// A letter, a division, ten capitals or digits, then serials that may be lower-case letters.
fn is_tender_code(code: &[u8], length: usize, serials: usize) -> bool {
    code.len() == length
        && code[0].is_ascii_uppercase()
        && matches!(&code[1..7], b"420702" | b"420703" | b"420704")
        && code[7..length - serials].iter().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && code[length - serials..].iter().all(|b| b.is_ascii_digit() || b.is_ascii_lowercase())
}
