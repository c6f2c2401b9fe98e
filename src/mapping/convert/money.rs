//! Amounts of money, exact, in the unit that the schema says.
//!
//! The unit comes from the text (`28.38万元`), else from a column, else from the mapping; an amount whose unit nobody
//! names is refused: 元 and 万元 differ by ten thousand, and no plausibility check finds that for certain.

use super::Problem;
use super::decimal::leading;
use crate::schema::ReasonCode;

/// A unit as a power of ten of 元.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MoneyUnit(i8);

impl MoneyUnit {
    pub(crate) const YUAN: Self = Self(0);
    pub(crate) const TEN_THOUSAND: Self = Self(4);
    /// What a mapping may say.
    pub(crate) const NAMES: &[&str] = &["元", "万元", "亿元", "千元", "百万元", "角", "分"];

    /// The unit of a name. `圆` and the short forms `万`, `亿` are met in texts.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(Self(match name {
            "元" | "圆" => 0,
            "万元" | "万" => 4,
            "亿元" | "亿" => 8,
            "千元" => 3,
            "百万元" => 6,
            "角" => -1,
            "分" => -2,
            _ => return None,
        }))
    }

    pub(crate) fn name(self) -> &'static str {
        match self.0 {
            4 => "万元",
            8 => "亿元",
            3 => "千元",
            6 => "百万元",
            -1 => "角",
            -2 => "分",
            _ => "元",
        }
    }
}

/// What may stand around an amount in 元 without changing it.
const BEFORE: &[&str] = &["人民币", "RMB", "CNY", "￥", "¥", "：", ":"];
const AFTER: &[&str] = &["（人民币）", "(人民币)", "人民币", "RMB", "CNY", "整"];

/// Appends the amount in unit `into`, with at most `fraction_max` digits after the point.
///
/// `declared` is the unit of a bare number; a unit in the text goes before it.
pub(crate) fn money(
    text: &str,
    declared: Option<MoneyUnit>,
    into: MoneyUnit,
    fraction_max: Option<u32>,
    out: &mut String,
) -> Result<(), Problem> {
    let (value, rest) = leading(strip(text, BEFORE, |t, mark| t.strip_prefix(mark)))
        .ok_or_else(|| Problem::new(ReasonCode::MoneyUnreadable, text, &[]))?;
    let unit = match strip(rest, AFTER, |t, mark| t.strip_suffix(mark)) {
        "" => declared,
        // No word follows, so the number itself is wrong: 1.2.3
        rest if rest.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation()) => {
            return Err(Problem::new(ReasonCode::MoneyUnreadable, text, &[]));
        }
        name => MoneyUnit::of(name),
    };
    let unit = unit.ok_or_else(|| Problem::new(ReasonCode::UnitUnknown, text, &[]))?;
    let value = value.shifted(i32::from(unit.0) - i32::from(into.0));
    match fraction_max {
        Some(max) if value.fraction_digits() > max => {
            Err(Problem::new(ReasonCode::MoneyInexact, text, &[into.name(), &max.to_string()]))
        }
        _ => {
            value.write(out);
            Ok(())
        }
    }
}

/// The text without the marks at its beginning or end, however many and with whatever blanks between.
fn strip<'a>(mut text: &'a str, marks: &[&str], cut: impl Fn(&'a str, &str) -> Option<&'a str>) -> &'a str {
    loop {
        text = text.trim();
        match marks.iter().find_map(|mark| cut(text, mark)) {
            Some(rest) => text = rest,
            None => return text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::convert::decimal::Decimal;

    fn yuan(text: &str, declared: Option<&str>) -> String {
        let mut out = String::new();
        match money(text, declared.and_then(MoneyUnit::of), MoneyUnit::YUAN, Some(6), &mut out) {
            Ok(()) => out,
            Err(p) => format!("{:?} {:?}", p.code, p.args),
        }
    }

    #[test]
    fn amounts_are_read_with_their_unit() {
        for (given, declared, want) in [
            ("28.38万元", None, "283800"),
            ("28.38 万元", None, "283800"),
            ("99.99万元 人民币", None, "999900"),
            ("3,140.47元 人民币", None, "3140.47"),
            ("9.9万元（人民币）", None, "99000"),
            ("￥1,000.00", Some("元"), "1000"),
            ("人民币：3.5万", Some("元"), "35000"),
            ("0元 人民币", None, "0"),
            ("99999999", Some("分"), "999999.99"),
            ("1.2345", Some("万元"), "12345"),
            ("-5.10", Some("元"), "-5.1"),
            ("１２３．４", Some("元"), "123.4"),
            ("300元整", None, "300"),
            ("28.38万元", Some("元"), "283800"),
        ] {
            assert_eq!(yuan(given, declared), want, "{given}");
        }
    }

    #[test]
    fn an_amount_whose_unit_nobody_names_is_refused() {
        assert_eq!(yuan("28.38", None), "UnitUnknown []");
        assert_eq!(yuan("1.2.3", Some("元")), "MoneyUnreadable []");
        assert_eq!(yuan("120000;null", Some("元")), "MoneyUnreadable []");
        assert_eq!(yuan("28.38美元", Some("元")), "UnitUnknown []");
        assert_eq!(yuan("12元/平方米", Some("元")), "UnitUnknown []");
        assert_eq!(yuan("叁拾万元整", None), "MoneyUnreadable []");
        assert_eq!(yuan("详见附件", Some("元")), "MoneyUnreadable []");
        assert_eq!(yuan("1,23", Some("元")), "MoneyUnreadable []");
    }

    #[test]
    fn what_would_be_rounded_is_refused() {
        assert_eq!(yuan("0.0000001", Some("元")), "MoneyInexact [\"元\", \"6\"]");
        let mut out = String::new();
        let short = money("123.45", MoneyUnit::of("元"), MoneyUnit::TEN_THOUSAND, Some(4), &mut out);
        assert_eq!(short.unwrap_err().args, ["万元", "4"]);
        assert_eq!(out, "");
    }

    proptest::proptest! {
        /// Judged by whole 分: the amount in any unit, converted to any unit, is the same number of 分.
        #[test]
        fn no_conversion_loses_or_gains(fen in 0u64..u64::MAX / 1000, from in 0usize..7, to in 0usize..7) {
            let (from, to) = (MoneyUnit::of(MoneyUnit::NAMES[from]).unwrap(), MoneyUnit::of(MoneyUnit::NAMES[to]).unwrap());
            let given = Decimal::new(false, fen.into(), -2 - i32::from(from.0));
            let mut text = String::new();
            given.write(&mut text);
            let mut out = String::new();
            money(&text, Some(from), to, None, &mut out).unwrap();
            let (back, rest) = leading(&out).unwrap();
            proptest::prop_assert_eq!(rest, "");
            proptest::prop_assert_eq!(back.shifted(i32::from(to.0) + 2), Decimal::new(false, fen.into(), 0));
        }
    }
}
