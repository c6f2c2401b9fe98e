//! The checks of one present value: characters, length, type, code set, identifiers.

use super::CheckOptions;
use crate::schema::codes::{CodeSet, Membership};
use crate::schema::identifier::{self, Flaw, real_date};
use crate::schema::{Dataset, Draft, Field, Identifier, Kind, Level, Reason, ReasonCode};

/// The value's place, and where reasons go.
pub(super) struct Checked<'c, 'o> {
    pub(super) dataset: &'c Dataset,
    pub(super) draft: &'c Draft,
    pub(super) options: &'c CheckOptions<'o>,
    pub(super) field: &'c Field,
    pub(super) reasons: &'c mut Vec<Reason>,
}

/// The set whose codes are told as divisions, not as codes.
const REGION: &str = "region";
/// Code of a citizen's ID card in code set `id_card_type`: other documents have numbers of their own.
const CITIZENS_CARD: &str = "01";

pub(super) fn check(checked: &mut Checked<'_, '_>, text: &str) {
    let field = checked.field;
    characters(checked, text);
    if !field.list {
        element(checked, text);
        return;
    }
    length(checked, text);
    // An empty element of names is harmless; of codes it would be sent as a code.
    let codes = field.codes.is_some() || !field.identifiers.is_empty();
    for (i, part) in text.split(';').enumerate() {
        if !part.is_empty() {
            element(checked, part);
        } else if codes {
            checked.refuse(ReasonCode::EmptyElement, text, &[&(i + 1).to_string()]);
        }
    }
}

/// One value, or one element of a list.
fn element(checked: &mut Checked<'_, '_>, text: &str) {
    let field = checked.field;
    let identified = identifiers(checked, text);
    let refused =
        field.codes.as_ref().filter(|_| field.kind != Kind::Boolean).is_some_and(|set| code(checked, text, set));
    // An identifier has its own length, and says so; a code that is in no list is wrong, however long it is; the
    // length of a list is that of the whole.
    if !field.list && !identified && !refused {
        length(checked, text);
    }
    if !field.composed_of.is_empty() {
        composed(checked, text);
    }
    match field.kind {
        Kind::Text | Kind::Code => {}
        Kind::DateTime => date_time(checked, text),
        Kind::Date => {
            if !real_date(text) {
                checked.refuse(ReasonCode::NotADate, text, &["yyyyMMdd"]);
            }
        }
        Kind::Decimal | Kind::Integer => number(checked, text),
        Kind::Boolean => {
            if !matches!(text, "0" | "1") {
                checked.refuse(ReasonCode::NotABoolean, text, &[]);
            }
        }
    }
}

/// XML 1.0 forbids control characters but tab and line ends, and the two non-characters U+FFFE and U+FFFF.
fn characters(checked: &mut Checked<'_, '_>, text: &str) {
    let bytes = text.as_bytes();
    // Folds without a way out inside are compiled to vector instructions, but not over `windows`. Both non-characters
    // begin with EF BF; so do a few others, and then each character is looked at.
    let control = bytes.iter().fold(false, |found, &b| found | (b < 0x20));
    let pairs = bytes.iter().zip(bytes.get(1..).unwrap_or_default());
    let perhaps = pairs.fold(false, |found, (&a, &b)| found | ((a == 0xef) & (b == 0xbf)));
    if !control && !perhaps {
        return;
    }
    let forbidden = |c: &char| (*c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if let Some(found) = text.chars().find(forbidden) {
        checked.refuse(ReasonCode::ControlCharacter, text, &[&format!("U+{:04X}", u32::from(found))]);
    }
}

/// Length in characters, not bytes.
fn length(checked: &mut Checked<'_, '_>, text: &str) {
    let field = checked.field;
    let Some(length_max) = field.length_max else { return };
    // Never fewer bytes than characters: most values need no counting.
    if !field.fixed && text.len() <= length_max as usize {
        return;
    }
    let length = text.chars().count();
    let wrong = if field.fixed { length != length_max as usize } else { length > length_max as usize };
    if wrong {
        let code = if field.fixed { ReasonCode::WrongLength } else { ReasonCode::TooLong };
        checked.refuse(code, text, &[&length.to_string(), &length_max.to_string()]);
    }
}

fn date_time(checked: &mut Checked<'_, '_>, text: &str) {
    let bytes = text.as_bytes();
    let two = |at: usize| (bytes[at].wrapping_sub(b'0'), bytes[at + 1].wrapping_sub(b'0'));
    let below = |(tens, ones): (u8, u8), limit: u8| tens < 10 && ones < 10 && tens * 10 + ones < limit;
    let right = bytes.len() == 14
        && text.get(..8).is_some_and(real_date)
        && below(two(8), 24)
        && below(two(10), 60)
        && below(two(12), 60);
    if !right {
        checked.refuse(ReasonCode::NotADate, text, &["yyyyMMddHHmmss"]);
    }
}

/// A plain decimal: sign, digits, point, digits; no thousands separator, no exponent.
fn number(checked: &mut Checked<'_, '_>, text: &str) {
    let integer = checked.field.kind == Kind::Integer;
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (whole, fraction) = unsigned.split_once('.').map_or((unsigned, None), |(w, f)| (w, Some(f)));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !fraction.is_none_or(digits) || (integer && fraction.is_some()) {
        let code = if integer { ReasonCode::NotAnInteger } else { ReasonCode::NotANumber };
        checked.refuse(code, text, &[]);
        return;
    }
    let Some((all, after_point)) = checked.field.digits else { return };
    let (whole_max, whole) = ((all - after_point) as usize, whole.trim_start_matches('0').len());
    if whole > whole_max {
        checked.refuse(ReasonCode::DigitsWhole, text, &[&whole.to_string(), &whole_max.to_string()]);
    }
    let fraction = fraction.map_or(0, str::len);
    if fraction > after_point as usize {
        checked.refuse(ReasonCode::DigitsFraction, text, &[&fraction.to_string(), &after_point.to_string()]);
    }
}

/// Checks the value against its set. True: it is refused.
fn code(checked: &mut Checked<'_, '_>, text: &str, set: &CodeSet) -> bool {
    let judged = set.judge(text);
    let region = judged != Membership::In && set.name == REGION;
    match judged {
        Membership::In => {}
        Membership::Retired(value) => {
            let code = if region { ReasonCode::RegionRetired } else { ReasonCode::CodeRetired };
            checked.warn(code, text, &[&value.name_zh]);
        }
        Membership::Unknown => checked.warn(ReasonCode::CodeUncheckable, text, &[&set.name]),
        Membership::Out if region => checked.refuse(ReasonCode::RegionUnknown, text, &[]),
        Membership::Out => checked.refuse(ReasonCode::NotInCodeSet, text, &[&set.name, &set.name_zh]),
    }
    judged == Membership::Out
}

/// Code sets one after another. How the value is composed is our reading, so a part that is not found only warns.
fn composed(checked: &mut Checked<'_, '_>, text: &str) {
    let mut at = 0;
    for (set, width) in &checked.field.composed_of {
        let Some(part) = text.get(at..at + width) else { return };
        at += width;
        if set.judge(part) == Membership::Out {
            checked.warn(ReasonCode::NotInCodeSet, part, &[&set.name, &set.name_zh]);
        }
    }
}

/// Checks the value as an identifier. False: it is none, so the field's own length counts.
fn identifiers(checked: &mut Checked<'_, '_>, text: &str) -> bool {
    let field = checked.field;
    let Some(&first) = field.identifiers.first() else { return false };
    if let Some(document) = field.document_type
        && checked.draft.get(document).is_some_and(|kind| kind != CITIZENS_CARD)
    {
        return false;
    }
    match first {
        Identifier::CreditCode | Identifier::OrganisationCode | Identifier::IdNumber => return party(checked, text),
        Identifier::DealCode => deal_code(checked, text),
        Identifier::InvestProjectCode => {
            if let Err(flaw) = identifier::invest_project_code(text) {
                checked.flawed(ReasonCode::TenderCode, text, flaw);
            }
        }
        Identifier::ProjectCode | Identifier::TenderProjectCode | Identifier::SectionCode => {
            tender_code(checked, text, first);
        }
    }
    true
}

/// A body or a person: right if it is one of the kinds that the field allows.
fn party(checked: &mut Checked<'_, '_>, text: &str) -> bool {
    let kinds = &checked.field.identifiers;
    let mut flaws = kinds.iter().map(|kind| (*kind, party_flaw(*kind, text)));
    if flaws.any(|(_, judged)| judged.is_ok()) {
        return true;
    }
    match meant(kinds, text) {
        Some(kind) => {
            if let Err(flaw) = party_flaw(kind, text) {
                checked.flawed(kind.code(), text, flaw);
            }
            true
        }
        // No shape of a code at all: what a body without one may give.
        None if checked.field.internal_codes => {
            checked.warn(ReasonCode::InternalCode, text, &[]);
            false
        }
        None => {
            let (zh, en) = (kinds.iter().map(|k| k.words().0), kinds.iter().map(|k| k.words().1));
            let (zh, en) = (zh.collect::<Vec<_>>().join("或"), en.collect::<Vec<_>>().join(" or "));
            checked.refuse(ReasonCode::PartyCode, text, &[&zh, &en]);
            true
        }
    }
}

fn party_flaw(kind: Identifier, text: &str) -> Result<(), Flaw<'_>> {
    match kind {
        Identifier::CreditCode => identifier::credit_code(text),
        Identifier::OrganisationCode => identifier::organisation_code(text),
        _ => identifier::id_number(text),
    }
}

/// The kind that a wrong value was meant to be, by its length; the only kind allowed if there is one only.
fn meant(kinds: &[Identifier], text: &str) -> Option<Identifier> {
    use Identifier::{CreditCode, IdNumber, OrganisationCode};
    let allowed = |kind: Identifier| kinds.contains(&kind).then_some(kind);
    let by_length = match text.chars().count() {
        9 => allowed(OrganisationCode),
        15 if text.bytes().all(|b| b.is_ascii_digit()) => allowed(IdNumber),
        // 17 digits with a day at place 7 are a person's; a body's code seldom has so many digits, or a day there.
        18 if text.get(6..14).is_some_and(real_date) && text.bytes().take(17).all(|b| b.is_ascii_digit()) => {
            allowed(IdNumber).or(allowed(CreditCode))
        }
        18 => allowed(CreditCode).or(allowed(IdNumber)),
        _ => None,
    };
    by_length.or(match kinds {
        [only] => Some(*only),
        _ => None,
    })
}

fn deal_code(checked: &mut Checked<'_, '_>, text: &str) {
    let Some(parts) = &checked.dataset.parts else { return };
    match identifier::deal_code_shape(text, &parts.trade_classes) {
        Err(flaw) => return checked.flawed(ReasonCode::DealCodeShape, text, flaw),
        Ok(true) => {}
        Ok(false) => checked.warn(ReasonCode::CodeUncheckable, &text[..3], &[&parts.trade_classes.name]),
    }
    if checked.options.deal_code_check
        && let Some((given, computed)) = identifier::deal_code_check(text)
    {
        checked.warn(ReasonCode::DealCodeCheck, text, &[&given.to_string(), &computed.to_string()]);
    }
}

fn tender_code(checked: &mut Checked<'_, '_>, text: &str, kind: Identifier) {
    let Some(parts) = &checked.dataset.parts else { return };
    let judged = match kind {
        Identifier::ProjectCode => identifier::project_code(text, &parts.regions),
        Identifier::TenderProjectCode => identifier::tender_project_code(text, &parts.regions),
        _ => identifier::section_code(text, &parts.regions),
    };
    if let Err(flaw) = judged {
        return checked.flawed(ReasonCode::TenderCode, text, flaw);
    }
    let Some(of) = checked.field.begins_with else { return };
    // A wrong beginning has its own reason; it is compared only where it has the length that it must have.
    if let Some(beginning) = checked.draft.get(of).filter(|b| b.len() + 3 == text.len())
        && !text.starts_with(beginning)
    {
        let label = &checked.dataset.fields[of].name_zh;
        checked.refuse(ReasonCode::TenderCodePrefix, text, &[label, beginning]);
    }
}

impl Identifier {
    /// The reason that a value is not of this kind of party code.
    fn code(self) -> ReasonCode {
        match self {
            Self::CreditCode => ReasonCode::CreditCode,
            Self::OrganisationCode => ReasonCode::OrganisationCode,
            _ => ReasonCode::IdNumber,
        }
    }

    /// The kind in Chinese and English.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::CreditCode => ("统一社会信用代码", "credit code"),
            Self::OrganisationCode => ("组织机构代码", "organisation code"),
            Self::IdNumber => ("公民身份号码", "citizen ID number"),
            Self::DealCode => ("统一交易标识码", "unified deal code"),
            Self::ProjectCode => ("项目编号", "project code"),
            Self::TenderProjectCode => ("招标项目编号", "tender project code"),
            Self::SectionCode => ("标段（包）编号", "section code"),
            Self::InvestProjectCode => ("投资项目统一代码", "investment project code"),
        }
    }
}

impl Checked<'_, '_> {
    fn refuse(&mut self, code: ReasonCode, text: &str, args: &[&str]) {
        self.reasons.push(Reason::of(code, self.dataset, self.field, text, args));
    }

    fn warn(&mut self, code: ReasonCode, text: &str, args: &[&str]) {
        self.reasons.push(Reason { level: Level::Warn, ..Reason::of(code, self.dataset, self.field, text, args) });
    }

    /// A refusal that says what is wrong inside an identifier.
    fn flawed(&mut self, code: ReasonCode, text: &str, flaw: Flaw<'_>) {
        let (name, args) = match flaw {
            Flaw::Length(given, demanded) => ("length", [given.to_string(), demanded.to_string()]),
            Flaw::Character(place, character) => ("character", [place.to_string(), character.to_string()]),
            Flaw::Check(given, computed) => ("check", [given.to_string(), computed.to_string()]),
            Flaw::Region(region) => ("region", [region.to_owned(), String::new()]),
            Flaw::Date(day) => ("date", [day.to_owned(), String::new()]),
            Flaw::Class(class) => ("class", [class.to_owned(), String::new()]),
            Flaw::CreditCode(credit) => ("credit_code", [credit.to_owned(), String::new()]),
            Flaw::Hyphens => ("hyphens", [String::new(), String::new()]),
            Flaw::NotStandard(given, standard) => ("not_standard", [given.to_string(), standard.to_string()]),
        };
        self.refuse(code, text, &[name, &args[0], &args[1]]);
    }
}
