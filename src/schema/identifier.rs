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
    match MOD_37_VALUES[usize::from(bytes[39])] {
        NONE => Err(Flaw::Character(40, bytes[39].into())),
        _ => Ok(known),
    }
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
    let region_at = |at: usize| text.get(at..at + 6).filter(|region| regions.by_code(region).is_some());
    // Two longer, with the division two places on: made by a local platform's own generator.
    let class_of_three = |text: &str| text.bytes().skip(1).all(|b| b.is_ascii_digit());
    if text.len() == length + 2 && region_at(3).is_some() && class_of_three(text) {
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

/// True: eight digits that are a day between 1900 and 9999 (99991231 stands for "no end" in many systems).
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
    (1900..=9999).contains(&year) && (1..=days).contains(&day)
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::embedded_for_tests;
    use super::*;

    fn classes() -> &'static CodeSet {
        embedded_for_tests().code_set("trade_class").expect("the set exists")
    }

    fn regions() -> &'static CodeSet {
        embedded_for_tests().code_set("region").expect("the set exists")
    }

    /// Credit codes of working systems; the last two are the Jiangsu and Shanxi platforms'.
    const CREDIT_CODES: [&str; 7] = [
        "12320200466372674G",
        "12350100MB02709751",
        "12532500067137175R",
        "91350000MA347WHE48",
        "91350100M000100Y43",
        "12320000466011756J",
        "91140100MA0GTCLY49",
    ];

    #[test]
    fn real_credit_codes_are_right_and_hold_right_organisation_codes() {
        for code in CREDIT_CODES {
            assert_eq!(credit_code(code), Ok(()), "{code}");
            assert_eq!(organisation_code(&code[8..17]), Ok(()), "{code}");
        }
    }

    #[test]
    fn the_real_credit_code_with_a_wrong_check_character_is_found() {
        assert_eq!(credit_code("91359128593462349A"), Err(Flaw::Check('A', 'R')));
    }

    #[test]
    fn a_credit_code_is_told_what_is_wrong_with_it() {
        for (text, flaw) in [
            ("1232020046637267", Flaw::Length(16, 18)),
            ("12320200466372674I", Flaw::Character(18, 'I')),
            ("12320200466372674g", Flaw::Character(18, 'g')),
            ("123202004鄂6372674", Flaw::Length(17, 18)),
            ("12320200466鄂72674G", Flaw::Character(12, '鄂')),
            ("鄂鄂鄂鄂鄂鄂", Flaw::Character(1, '鄂')),
            ("", Flaw::Length(0, 18)),
        ] {
            // Six characters of three bytes are as many bytes as a right code has.
            assert_eq!(credit_code(text), Err(flaw), "{text}");
        }
    }

    #[test]
    fn organisation_codes_have_nine_characters_without_a_hyphen() {
        for code in ["466372674", "MB0270975", "067137175", "MA0GTCLY4", "000000019"] {
            assert_eq!(organisation_code(code), Ok(()), "{code}");
        }
        assert_eq!(organisation_code("46637267-4"), Err(Flaw::Length(10, 9)));
        assert_eq!(organisation_code("466372675"), Err(Flaw::Check('5', '4')));
        assert_eq!(organisation_code("46637267*"), Err(Flaw::Check('*', '4')));
        assert_eq!(organisation_code("4663726*4"), Err(Flaw::Character(8, '*')));
    }

    // Made up: real day, serial 000/002, check characters computed by hand from the standard's table.
    #[test]
    fn id_numbers_have_a_real_day_and_a_check_character() {
        assert_eq!(id_number("11010519491231002X"), Ok(()));
        assert_eq!(id_number("440524188001010014"), Err(Flaw::Date("18800101")));
        assert_eq!(id_number("11010519491231002x"), Err(Flaw::Check('x', 'X')));
        assert_eq!(id_number("110105194912310029"), Err(Flaw::Check('9', 'X')));
        assert_eq!(id_number("110105194913310021"), Err(Flaw::Date("19491331")));
        assert_eq!(id_number("11010519491231O02X"), Err(Flaw::Character(15, 'O')));
        assert_eq!(id_number("1101051949123100"), Err(Flaw::Length(16, 18)));
    }

    #[test]
    fn id_numbers_of_the_first_generation_have_fifteen_digits_and_no_check_character() {
        assert_eq!(id_number("110105491231002"), Ok(()));
        assert_eq!(id_number("110105490231002"), Err(Flaw::Date("490231")));
        assert_eq!(id_number("11010549123100X"), Err(Flaw::Character(15, 'X')));
        assert_eq!(id_number("鄂鄂鄂鄂鄂"), Err(Flaw::Character(1, '鄂')));
    }

    #[test]
    fn the_check_characters_of_the_standards_vectors_are_computed() {
        let make = |class, platform, day, serial| deal_code(class, platform, day, serial);
        assert_eq!(make("B01", "12320200466372674G", "20170601", 1), "B01-12320200466372674G-20170601-000001-V");
        assert_eq!(make("A01", "12350100MB02709751", "20190627", 527_731), "A01-12350100MB02709751-20190627-527731-R");
        assert_eq!(make("D01", "12350100MB02709751", "20190627", 527_731), "D01-12350100MB02709751-20190627-527731-7");
    }

    // The four real deal codes found: all have the shape but one, whose credit code is wrong; none has the right check.
    #[test]
    fn real_deal_codes_have_the_shape_and_wrong_check_characters() {
        for (text, computed) in [
            ("D01-12350100MB02709751-20190627-527731-5", ('5', '7')),
            ("D03-12350100MB02709751-20200319-102642-5", ('5', 'A')),
            ("B01-12350100MB02709751-20161231-211018-2", ('2', 'T')),
        ] {
            assert_eq!(deal_code_shape(text, classes()), Ok(true), "{text}");
            assert_eq!(deal_code_check(text), Some(computed), "{text}");
        }
        let wrong = "A99-91359128593462349A-20170601-002267-T";
        assert_eq!(deal_code_shape(wrong, classes()), Err(Flaw::CreditCode("91359128593462349A")));
    }

    #[test]
    fn a_deal_code_is_told_what_is_wrong_with_it() {
        for (text, flaw) in [
            ("B01-12320200466372674G-20170601-000001", Flaw::Length(38, 40)),
            ("B0112320200466372674G-20170601-000001-VV", Flaw::Hyphens),
            ("Z01-12320200466372674G-20170601-000001-V", Flaw::Class("Z01")),
            ("B01-12320200466372674G-20170631-000001-V", Flaw::Date("20170631")),
            ("B01-12320200466372674G-20170601-00000A-V", Flaw::Character(38, 'A')),
            ("B01-12320200466372674G-20170601-000001-v", Flaw::Character(40, 'v')),
        ] {
            assert_eq!(deal_code_shape(text, classes()), Err(flaw), "{text}");
        }
    }

    #[test]
    fn a_class_of_a_branch_that_is_known_in_part_cannot_be_checked() {
        let text = deal_code("C77", "12320200466372674G", "20170601", 1);
        assert_eq!(deal_code_shape(&text, classes()), Ok(false));
    }

    #[test]
    fn a_deal_code_is_made_only_of_a_class_and_a_right_credit_code() {
        assert!(deal_code_possible("A01", "12320200466372674G"));
        assert!(!deal_code_possible("A1", "12320200466372674G"));
        assert!(!deal_code_possible("a01", "12320200466372674G"));
        assert!(!deal_code_possible("A01", "12320200466372674A"));
    }

    #[test]
    fn real_tender_project_codes_follow_the_composition() {
        for code in [
            "E3508010801800428001",
            "E3505050602100001001",
            "E3500000001001043001",
            "E3504219400202018001",
            "E3500000717002688002",
        ] {
            assert_eq!(tender_project_code(code, regions()), Ok(()), "{code}");
            assert_eq!(project_code(&code[..17], regions()), Ok(()), "{code}");
            assert_eq!(section_code(&format!("{code}0az"), regions()), Ok(()), "{code}");
        }
    }

    #[test]
    fn the_local_platforms_codes_of_twenty_two_characters_are_refused_by_name() {
        for code in ["E473501022007160002002", "E503501211712180004001"] {
            assert_eq!(tender_project_code(code, regions()), Err(Flaw::NotStandard(22, 20)), "{code}");
        }
    }

    #[test]
    fn a_tender_code_is_told_what_is_wrong_with_it() {
        for (text, flaw) in [
            ("E350801080180042800", Flaw::Length(19, 20)),
            ("33508010801800428001", Flaw::Character(1, '3')),
            ("e3508010801800428001", Flaw::Character(1, 'e')),
            ("E9908010801800428001", Flaw::Region("990801")),
            ("E350801080180042800A", Flaw::Character(20, 'A')),
            ("E350801080180042a001", Flaw::Character(17, 'a')),
            ("E3508010801800鄂001", Flaw::Character(15, '鄂')),
            ("E35080108018鄂2800100", Flaw::Character(13, '鄂')),
        ] {
            assert_eq!(tender_project_code(text, regions()), Err(flaw), "{text}");
        }
    }

    #[test]
    fn an_investment_code_has_five_parts_in_twenty_four_characters() {
        assert_eq!(invest_project_code("2019-420704-48-03-012345"), Ok(()));
        assert_eq!(invest_project_code("2019-420704-48-030-12345"), Ok(()));
        assert_eq!(invest_project_code("2019-420704-4803--012345"), Err(Flaw::Hyphens));
        assert_eq!(invest_project_code("2019-420704-48-03-01234"), Err(Flaw::Length(23, 24)));
        assert_eq!(invest_project_code("2019-420704-48-03-01234 "), Err(Flaw::Character(24, ' ')));
    }

    #[test]
    fn days_that_do_not_exist_are_no_dates() {
        for day in ["20240229", "20000229", "19000101", "21991231"] {
            assert!(real_date(day), "{day}");
        }
        for day in
            ["20230229", "21000229", "20260431", "20261301", "20260100", "00010101", "2026011", "2026-1-1", "２０２６"]
        {
            assert!(!real_date(day), "{day}");
        }
    }

    /// Another character of an alphabet at one place.
    fn changed(text: &str, alphabet: &[u8], place: usize, by: usize) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let at = alphabet.iter().position(|b| *b == bytes[place]).expect("the text is of the alphabet");
        bytes[place] = alphabet[(at + 1 + by % (alphabet.len() - 1)) % alphabet.len()];
        String::from_utf8(bytes).expect("the alphabet is ASCII")
    }

    proptest! {
        #[test]
        fn a_changed_character_of_a_credit_code_is_found(code in 0..7_usize, place in 0..18_usize, by in 0..30_usize) {
            let text = changed(CREDIT_CODES[code], CREDIT_ALPHABET, place, by);
            prop_assert!(credit_code(&text).is_err(), "{}", text);
        }

        // Of letters the check finds ten changes in eleven: values eleven apart are the same to it.
        #[test]
        fn a_changed_digit_of_an_organisation_code_is_found(place in 0..9_usize, by in 0..9_usize) {
            let text = changed("466372674", b"0123456789", place, by);
            prop_assert!(organisation_code(&text).is_err(), "{}", text);
        }

        #[test]
        fn a_changed_digit_of_an_id_number_is_found(place in 0..17_usize, by in 0..9_usize) {
            let text = changed("11010519491231002X", b"0123456789X", place, by);
            prop_assert!(id_number(&text).is_err(), "{}", text);
        }

        #[test]
        fn a_made_deal_code_is_right_and_a_changed_character_is_found(
            serial in 0..=SERIAL_MAX, place in 0..40_usize, by in 0..35_usize,
        ) {
            let made = deal_code("A01", "12320200466372674G", "20260317", serial);
            prop_assert_eq!(deal_code_shape(&made, classes()), Ok(true));
            prop_assert_eq!(deal_code_check(&made), None);
            if made.as_bytes()[place] != b'-' {
                let text = changed(&made, MOD_37_ALPHABET, place, by);
                let shape = deal_code_shape(&text, classes());
                prop_assert!(shape.is_err() || deal_code_check(&text).is_some(), "{}", text);
            }
        }

        // Whatever comes, the checks answer.
        #[test]
        fn no_text_is_too_strange_to_check(text in "\\PC{0,45}|[A-Z0-9-]{15,45}|[0-9鄂]{3,20}") {
            let judged = [credit_code(&text), organisation_code(&text), id_number(&text), invest_project_code(&text),
                project_code(&text, regions()), tender_project_code(&text, regions()), section_code(&text, regions())];
            prop_assert!(judged.iter().filter(|judged| judged.is_ok()).count() <= 2);
            prop_assert!(deal_code_shape(&text, classes()).is_err());
        }
    }
}
