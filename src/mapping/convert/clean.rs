//! Text as it is compared and kept: trimmed, with full-width letters and digits and odd blanks made plain.
//!
//! Legacy systems are typed into with Chinese input methods, so `４２０７０４` and `420704` mean the same, and a name may
//! end in U+3000. Punctuation of running text stays (，。（） are right there); [`Width::Ascii`] makes it plain as
//! well, for codes, telephone numbers and addresses on the net. Most text needs nothing, and is not copied.

/// What is made half-width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Width {
    /// Letters and digits: for running text and names.
    Text,
    /// Letters, digits and punctuation (U+FF01 to U+FF5E): for what has no Chinese in it.
    Ascii,
}

/// Returns the text trimmed and made plain; it stands in `scratch` only where something had to change.
pub(crate) fn clean<'a>(text: &'a str, width: Width, scratch: &'a mut String) -> &'a str {
    let text = trim(text);
    let Some(mut at) = first_odd(text, width) else { return text };
    scratch.clear();
    scratch.push_str(&text[..at]);
    let mut after_return = false;
    while let Some(c) = text[at..].chars().next() {
        at += c.len_utf8();
        match c {
            '\n' if after_return => {}
            _ => scratch.extend(plain(c, width)),
        }
        after_return = c == '\r';
        let next = first_odd(&text[at..], width).map_or(text.len(), |n| at + n);
        // A line feed after a carriage return is odd only because of what stands before it.
        if !after_return {
            scratch.push_str(&text[at..next]);
            at = next;
        }
    }
    scratch.trim_matches(is_blank)
}

/// Without blanks at its ends. Most texts have none, and that is seen by two bytes.
fn trim(text: &str) -> &str {
    // A graphic ASCII character, or the lead of a CJK ideograph.
    let solid = |byte: u8| matches!(byte, 0x21..=0x7e | 0xe4..=0xe9);
    let bytes = text.as_bytes();
    let end = bytes.len().checked_sub(1).map(|last| if bytes[last] < 0x80 { last } else { last.saturating_sub(2) });
    match (bytes.first(), end) {
        (Some(first), Some(end)) if solid(*first) && solid(bytes[end]) => text,
        _ => text.trim_matches(is_blank),
    }
}

/// True for what stands at the ends of a text without meaning.
fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Characters without width: byte order mark, joiners, direction marks, soft hyphen.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{ad}' | '\u{202a}'..='\u{202e}')
}

/// The plain form of a character; none for what has no width.
fn plain(c: char, width: Width) -> Option<char> {
    match c {
        '\r' => Some('\n'),
        '\u{a0}' | '\u{1680}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => Some(' '),
        '\u{85}' | '\u{2028}' | '\u{2029}' => Some('\n'),
        c if is_invisible(c) => None,
        '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ' => Some(half(c)),
        '！'..='～' if width == Width::Ascii => Some(half(c)),
        c => Some(c),
    }
}

/// Half-width form of a character between U+FF01 and U+FF5E; any other as it is.
pub(crate) fn half(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(c as u32 - 0xfee0).unwrap_or(c),
        '\u{3000}' => ' ',
        c => c,
    }
}

/// Byte offset of the first character that [`plain`] changes. Steps over CJK ideographs by three bytes, since this
/// runs over every byte of every row.
fn first_odd(text: &str, width: Width) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\r' => return Some(at),
            0x00..0x80 => at += 1,
            0xe4..=0xe9 => at += 3,
            0xc2 | 0xe1..=0xe3 | 0xef => {
                let c = text[at..].chars().next()?;
                if plain(c, width) != Some(c) {
                    return Some(at);
                }
                at += c.len_utf8();
            }
            0xc0..=0xdf => at += 2,
            0xf0.. => at += 4,
            _ => at += 3,
        }
    }
    None
}

/// Writes a party's name as registers keep it: no blanks beside Chinese, brackets full-width around Chinese.
///
/// `鄂州市 某某(集团)有限公司` and `鄂州市某某（集团）有限公司` are one party; statistics and look-ups by name break on
/// the difference.
pub(crate) fn name(text: &str, out: &mut String) {
    let chinese = text.chars().any(|c| c >= '\u{2e80}' && !('！'..='～').contains(&c));
    if !chinese {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '(' => out.push('（'),
            ')' => out.push('）'),
            c if c.is_whitespace() => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(t: &str) -> String {
        clean(t, Width::Text, &mut String::new()).to_owned()
    }

    #[test]
    fn full_width_letters_digits_and_odd_blanks_become_plain() {
        assert_eq!(text("\u{3000}Ｅ４２０７０４\u{a0}（一标段）\u{feff} "), "E420704 （一标段）");
        assert_eq!(text("第一行\r\n第二行\r第三行\u{2028}第四行"), "第一行\n第二行\n第三行\n第四行");
        assert_eq!(text("“招标”——公告……、；：，"), "“招标”——公告……、；：，");
        assert_eq!(text("a\u{200b}b\u{ad}c"), "abc");
        assert_eq!(text("\u{3000}\u{a0}\t\u{200b}"), "");
        assert_eq!(text("𠮷野家é"), "𠮷野家é");
    }

    #[test]
    fn codes_and_addresses_lose_full_width_punctuation_too() {
        let ascii = |t| clean(t, Width::Ascii, &mut String::new()).to_owned();
        assert_eq!(ascii("０７１１－３３８００００"), "0711-3380000");
        assert_eq!(ascii("ａ＠ｂ．ｃｎ"), "a@b.cn");
    }

    #[test]
    fn plain_text_is_not_copied() {
        let mut scratch = String::from("untouched");
        assert_eq!(clean(" 鄂州市 A1 ", Width::Text, &mut scratch), "鄂州市 A1");
        assert_eq!(scratch, "untouched");
    }

    #[test]
    fn a_partys_name_is_one_however_its_brackets_and_blanks_are_typed() {
        let name = |t| {
            let mut out = String::new();
            super::name(t, &mut out);
            out
        };
        assert_eq!(name("鄂州市 某某(集团)有限公司"), "鄂州市某某（集团）有限公司");
        assert_eq!(name("Siemens (China) Ltd"), "Siemens (China) Ltd");
    }

    proptest::proptest! {
        #[test]
        fn cleaning_twice_changes_nothing_more(t in "\\PC*") {
            let once = text(&t);
            proptest::prop_assert_eq!(text(&once), once);
        }

        #[test]
        fn every_odd_character_is_met_wherever_it_stands(before in "[a中“é𠮷\n]{0,4}", odd in "[\r\u{a0}０ｚ\u{3000}\u{200b}\u{feff}\u{85}]", after in "[a中，é𠮷]{0,4}") {
            let given = format!("x{before}{odd}{after}y");
            let by_char: String = given.chars().filter_map(|c| plain(c, Width::Text)).collect();
            proptest::prop_assert_eq!(text(&given), by_char);
        }
    }
}
