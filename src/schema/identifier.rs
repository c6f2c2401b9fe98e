//! Identifiers with a composition or check characters: what is wrong with a value, and how to make a deal code.
//!
//! Sources: GB 32100-2015 (credit code), GB 11714-1997 (organisation code), GB 11643-1999 (ID number), the standard's
//! own scheme for deal codes with GB/T 17710 MOD 37-2, 电子招标投标系统技术规范 appendix B.3 (project, tender project,
//! section). Nothing allocates while a value is right.

use super::codes::{CodeSet, Membership};

/// What is wrong with an identifier. Texts are parts of the value looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw<'a> {
    /// Characters given, characters demanded.
    Length(usize, usize),
    /// The character at a place counted from 1 that may not stand there.
    Character(usize, char),
    /// Check character given, check character computed.
    Check(char, char),
    /// No such division.
    Region(&'a str),
    /// No such day.
    Date(&'a str),
    /// No such trade class.
    Class(&'a str),
    /// The credit code inside a deal code is wrong.
    CreditCode(&'a str),
    /// The hyphens do not stand where they must.
    Hyphens,
    /// The form of local supervision platforms: three-character class, division, date, serial.
    NotStandard(usize, usize),
}

type Judged<'a> = Result<(), Flaw<'a>>;

const CREDIT_ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const MOD_37_ALPHABET: &[u8; 37] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*";
/// 3^(i-1) mod 31 for place i.
const CREDIT_WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];
const ID_WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// No value of the alphabet.
const NONE: u8 = u8::MAX;

/// The value of each byte in an alphabet, so that the hot path searches nothing.
const fn values<const N: usize>(alphabet: &[u8; N]) -> [u8; 256] {
    let mut values = [NONE; 256];
    let mut i = 0;
    while i < N {
        values[alphabet[i] as usize] = i as u8;
        i += 1;
    }
    values
}

const CREDIT_VALUES: [u8; 256] = values(CREDIT_ALPHABET);
const MOD_37_VALUES: [u8; 256] = values(MOD_37_ALPHABET);

/// 统一社会信用代码: 18 characters, the last computed from the others.
pub fn credit_code(text: &str) -> Judged<'_> {
    let bytes = sized(text, 18)?;
    let given = value(text, 17, &CREDIT_VALUES)?;
    let mut sum = 0;
    for (i, weight) in CREDIT_WEIGHTS.iter().enumerate() {
        sum += value(text, i, &CREDIT_VALUES)? * weight;
    }
    let computed = (31 - sum % 31) % 31;
    if given == computed { Ok(()) } else { Err(check(bytes[17], CREDIT_ALPHABET[computed as usize])) }
}

/// 组织机构代码: 8 characters and a check character, without a hyphen.
pub fn organisation_code(text: &str) -> Judged<'_> {
    let bytes = sized(text, 9)?;
    let mut sum = 0;
    for (i, weight) in ORGANISATION_WEIGHTS.iter().enumerate() {
        // The asterisk is the alphabet's last value and stands in no organisation code.
        let value = value(text, i, &MOD_37_VALUES)?;
        if value == 36 {
            return Err(Flaw::Character(i + 1, '*'));
        }
        sum += value * weight;
    }
    let computed = match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        digit => b'0' + digit as u8,
    };
    if bytes[8] == computed { Ok(()) } else { Err(check(bytes[8], computed)) }
}

/// 公民身份号码: 18 characters, or the 15 digits of the first generation, which have no check character.
pub fn id_number(text: &str) -> Judged<'_> {
    if text.len() == 15 {
        digits(text, 0..15)?;
        // The first generation was given to people born in the 1900s.
        let mut day = *b"19yymmdd";
        day[2..].copy_from_slice(&text.as_bytes()[6..12]);
        let right = std::str::from_utf8(&day).is_ok_and(real_date);
        return if right { Ok(()) } else { Err(Flaw::Date(&text[6..12])) };
    }
    let bytes = sized(text, 18)?;
    digits(text, 0..17)?;
    if !real_date(&text[6..14]) {
        return Err(Flaw::Date(&text[6..14]));
    }
    let sum: u32 = ID_WEIGHTS.iter().zip(bytes).map(|(weight, byte)| weight * u32::from(byte - b'0')).sum();
    let computed = b"10X98765432"[(sum % 11) as usize];
    if bytes[17] == computed { Ok(()) } else { Err(check(bytes[17], computed)) }
}

/// 统一交易标识码, but for its check character: `CCC-SSSSSSSSSSSSSSSSSS-YYYYMMDD-NNNNNN-K`.
///
/// `Ok(false)`: the class cannot be checked, since its list is not complete.
pub fn deal_code_shape<'a>(text: &'a str, classes: &CodeSet) -> Result<bool, Flaw<'a>> {
    let bytes = sized(text, 40)?;
    if [3, 22, 31, 38].iter().any(|&at| bytes[at] != b'-') {
        return Err(Flaw::Hyphens);
    }
    if !text.is_ascii() {
        return Err(stranger(text, |c| c.is_ascii()));
    }
    let class = &text[..3];
    let known = match classes.judge(class) {
        Membership::In | Membership::Retired(_) => true,
        Membership::Unknown => false,
        Membership::Out => return Err(Flaw::Class(class)),
    };
    let credit = &text[4..22];
    credit_code(credit).map_err(|_| Flaw::CreditCode(credit))?;
    digits(text, 23..31)?;
    if !real_date(&text[23..31]) {
        return Err(Flaw::Date(&text[23..31]));
    }
    digits(text, 32..38)?;
    value(text, 39, &MOD_37_VALUES)?;
    Ok(known)
}

/// Given and computed check character of a deal code whose shape is right; none if they agree.
///
/// Apart from the shape, since a working system computes it wrongly and its codes are in the world.
pub fn deal_code_check(text: &str) -> Option<(char, char)> {
    let bytes = text.as_bytes();
    let computed = mod_37_2(bytes[..38].iter().filter(|&&b| b != b'-'))?;
    (bytes[39] != computed).then_some((bytes[39].into(), computed.into()))
}

/// Makes the deal code of a class, a platform's credit code, a Beijing day (`yyyyMMdd`) and the day's serial.
///
/// # Panics
/// If no deal code can be made of them: see [`deal_code_possible`], which is asked before.
pub fn deal_code(class: &str, platform: &str, day: &str, serial: u32) -> String {
    assert!(deal_code_possible(class, platform), "no deal code can be made of {class} and {platform}");
    assert!(real_date(day) && serial <= SERIAL_MAX, "no deal code can be made of {day} and {serial}");
    let mut code = format!("{class}-{platform}-{day}-{serial:06}-");
    let check = mod_37_2(code.as_bytes().iter().filter(|&&b| b != b'-'));
    code.push(check.expect("all characters are capitals and digits").into());
    code
}

/// True: a class of three characters and a right credit code, of which deal codes can be made.
pub fn deal_code_possible(class: &str, platform: &str) -> bool {
    let class_right = class.len() == 3 && class.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    class_right && credit_code(platform).is_ok()
}

/// The last serial of a day: six digits.
pub const SERIAL_MAX: u32 = 999_999;

/// ISO 7064 MOD 37-2 (GB/T 17710): the check character behind these; none if one is not of the alphabet.
fn mod_37_2<'a>(characters: impl Iterator<Item = &'a u8>) -> Option<u8> {
    let mut sum = 0;
    for &character in characters {
        let value = MOD_37_VALUES[usize::from(character)];
        if value == NONE {
            return None;
        }
        sum = (sum + u32::from(value)) * 2 % 37;
    }
    Some(MOD_37_ALPHABET[((38 - sum) % 37) as usize])
}

/// 项目编号 (17): a letter, a division (6), platform and serial (10).
pub fn project_code<'a>(text: &'a str, regions: &CodeSet) -> Judged<'a> {
    tender_code(text, 17, 0, regions)
}

/// 招标项目编号 (20): the project's code and a serial of three digits or lower-case letters.
pub fn tender_project_code<'a>(text: &'a str, regions: &CodeSet) -> Judged<'a> {
    tender_code(text, 20, 3, regions)
}

/// 标段(包)编号 (23): the tender project's code and a serial of three digits or lower-case letters.
pub fn section_code<'a>(text: &'a str, regions: &CodeSet) -> Judged<'a> {
    tender_code(text, 23, 6, regions)
}

/// Letter, division, ten capitals or digits, then `serials` characters that may be lower-case letters.
fn tender_code<'a>(text: &'a str, length: usize, serials: usize, regions: &CodeSet) -> Judged<'a> {
    // Two longer, with the division two places on: made by a local platform's own generator.
    let region_at = |at: usize| text.get(at..at + 6).filter(|region| regions.by_code(region).is_some());
    if text.len() == length + 2 && region_at(3).is_some() {
        return Err(Flaw::NotStandard(length + 2, length));
    }
    let bytes = sized(text, length)?;
    if !bytes[0].is_ascii_uppercase() {
        return Err(Flaw::Character(1, text.chars().next().unwrap_or_default()));
    }
    let serial_from = length - serials;
    for (i, byte) in bytes.iter().enumerate().skip(1) {
        let allowed = byte.is_ascii_digit()
            || (i >= serial_from && byte.is_ascii_lowercase())
            || (i >= 7 && i < serial_from && byte.is_ascii_uppercase());
        if !allowed {
            return Err(Flaw::Character(i + 1, text.chars().nth(i).unwrap_or_default()));
        }
    }
    if region_at(1).is_none() { Err(Flaw::Region(&text[1..7])) } else { Ok(()) }
}

/// 投资项目统一代码: 24 characters in five parts: year, division, industry, kind, serial.
///
/// The lengths of the parts are not checked: the table prints the five parts and the 24 characters only.
pub fn invest_project_code(text: &str) -> Judged<'_> {
    sized(text, 24)?;
    if !text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') {
        return Err(stranger(text, |c| c.is_ascii_alphanumeric() || c == '-'));
    }
    let parts = text.split('-');
    if parts.clone().count() == 5 && parts.clone().all(|part| !part.is_empty()) { Ok(()) } else { Err(Flaw::Hyphens) }
}

/// True: eight digits that are a day between 1900 and 2199.
pub fn real_date(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() != 8 || !bytes.iter().all(u8::is_ascii_digit) {
        return false;
    }
    let number = |from: usize, to: usize| bytes[from..to].iter().fold(0, |n, b| n * 10 + u32::from(b - b'0'));
    let (year, month, day) = (number(0, 4), number(4, 6), number(6, 8));
    let days = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => return false,
    };
    (1900..2200).contains(&year) && (1..=days).contains(&day)
}

/// The bytes, if there are as many as characters are demanded. Else the flaw speaks of characters.
fn sized(text: &str, length: usize) -> Result<&[u8], Flaw<'_>> {
    if text.len() == length {
        return Ok(text.as_bytes());
    }
    match text.chars().count() {
        same if same == length => Err(stranger(text, |c| c.is_ascii())),
        other => Err(Flaw::Length(other, length)),
    }
}

/// The value of the character at a byte that must be of the alphabet.
fn value<'a>(text: &'a str, at: usize, values: &[u8; 256]) -> Result<u32, Flaw<'a>> {
    match values[usize::from(text.as_bytes()[at])] {
        NONE => Err(stranger(text, |c| c.is_ascii() && values[c as usize] != NONE)),
        value => Ok(value.into()),
    }
}

fn digits(text: &str, places: std::ops::Range<usize>) -> Judged<'_> {
    match text.as_bytes()[places.clone()].iter().position(|b| !b.is_ascii_digit()) {
        None => Ok(()),
        Some(within) => {
            let at = places.start + within;
            let before = text[..text.floor_char_boundary(at)].chars().count();
            Err(Flaw::Character(before + 1, text[text.floor_char_boundary(at)..].chars().next().unwrap_or_default()))
        }
    }
}

/// The first character that is not allowed, with its place counted in characters.
fn stranger(text: &str, allowed: impl Fn(char) -> bool) -> Flaw<'_> {
    let found = text.chars().enumerate().find(|(_, c)| !allowed(*c));
    found.map_or(Flaw::Hyphens, |(i, c)| Flaw::Character(i + 1, c))
}

fn check<'a>(given: u8, computed: u8) -> Flaw<'a> {
    Flaw::Check(given.into(), computed.into())
}
