//! Areas, in the unit that the schema says.
//!
//! A 亩 is a fifteenth of a hectare, so 亩 into metric units seldom ends: that, and only that, is rounded, half away
//! from zero, to the digits that the field has.

use super::Problem;
use super::decimal::{Decimal, leading};
use crate::schema::ReasonCode;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AreaUnit {
    SquareMetre,
    Hectare,
    SquareKilometre,
    Mu,
}

/// Digits after the point where the schema does not say: a 亩 in square metres to the square millimetre.
const FRACTION_DIGITS: u32 = 6;

impl AreaUnit {
    /// What a mapping may say.
    pub(crate) const NAMES: &[&str] = &["平方米", "公顷", "平方公里", "亩"];

    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "平方米" | "平米" | "㎡" | "m2" | "m²" | "M2" => Self::SquareMetre,
            "公顷" | "ha" | "hm²" => Self::Hectare,
            "平方公里" | "平方千米" | "km2" | "km²" => Self::SquareKilometre,
            "亩" => Self::Mu,
            _ => return None,
        })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SquareMetre => "平方米",
            Self::Hectare => "公顷",
            Self::SquareKilometre => "平方公里",
            Self::Mu => "亩",
        }
    }

    /// Square metres as `numerator / denominator × 10^exponent`.
    fn square_metres(self) -> (u128, u128, i32) {
        match self {
            Self::SquareMetre => (1, 1, 0),
            Self::Hectare => (1, 1, 4),
            Self::SquareKilometre => (1, 1, 6),
            Self::Mu => (2, 3, 3),
        }
    }
}

/// Appends the area in unit `into`; `declared` is the unit of a bare number.
pub(crate) fn area(
    text: &str,
    declared: Option<AreaUnit>,
    into: AreaUnit,
    fraction_max: Option<u32>,
    out: &mut String,
) -> Result<(), Problem> {
    let (value, rest) = leading(text.trim()).ok_or_else(|| Problem::new(ReasonCode::AreaUnreadable, text, &[]))?;
    let unit = match rest.trim() {
        "" => declared,
        // No word follows, so the number itself is wrong: 1.2.3
        rest if rest.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_punctuation()) => {
            return Err(Problem::new(ReasonCode::AreaUnreadable, text, &[]));
        }
        name => AreaUnit::of(name),
    };
    let unit = unit.ok_or_else(|| Problem::new(ReasonCode::UnitUnknown, text, &[]))?;
    let fraction_max = fraction_max.unwrap_or(FRACTION_DIGITS);
    let (from_numerator, from_denominator, from_exponent) = unit.square_metres();
    let (into_numerator, into_denominator, into_exponent) = into.square_metres();
    let value = value.shifted(from_exponent - into_exponent);
    // At most 30 digits times 6.
    let dividend = value.digits * from_numerator * into_denominator;
    let divisor = from_denominator * into_numerator;
    let value = if unit == AreaUnit::Mu && into != AreaUnit::Mu && !dividend.is_multiple_of(divisor) {
        rounded(value, dividend, divisor, fraction_max)
            .ok_or_else(|| Problem::new(ReasonCode::AreaUnreadable, text, &[]))?
    } else {
        // What is left to divide by is 1, or 2 on the way into 亩: one more digit makes it whole.
        Decimal::new(value.negative, dividend * 10 / divisor, value.exponent - 1)
    };
    if value.fraction_digits() > fraction_max {
        return Err(Problem::new(ReasonCode::AreaInexact, text, &[into.name(), &fraction_max.to_string()]));
    }
    value.write(out);
    Ok(())
}

/// `dividend / divisor × 10^exponent`, rounded to `fraction_max` digits after the point. None: too many digits.
fn rounded(value: Decimal, dividend: u128, divisor: u128, fraction_max: u32) -> Option<Decimal> {
    // Moved so that one unit is the last digit kept.
    let shift = value.exponent + fraction_max as i32;
    let power = 10u128.checked_pow(shift.unsigned_abs())?;
    let (dividend, divisor) =
        if shift >= 0 { (dividend.checked_mul(power)?, divisor) } else { (dividend, divisor.checked_mul(power)?) };
    let kept = (dividend + divisor / 2) / divisor;
    Some(Decimal::new(value.negative, kept, -(fraction_max as i32)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn convert(text: &str, declared: Option<AreaUnit>, into: AreaUnit, fraction_max: Option<u32>) -> String {
        let mut out = String::new();
        match area(text, declared, into, fraction_max, &mut out) {
            Ok(()) => out,
            Err(p) => format!("{:?} {:?}", p.code, p.args),
        }
    }

    #[test]
    fn areas_go_into_the_schemas_unit() {
        use AreaUnit::*;
        for (given, declared, into, want) in [
            ("15亩", None, Hectare, "1"),
            ("15", Some(Mu), SquareMetre, "10000"),
            ("1亩", None, SquareMetre, "666.666667"),
            ("12,345.6 平方米", None, SquareKilometre, "0.0123456"),
            ("3㎡", None, SquareMetre, "3"),
            ("2.5公顷", None, SquareMetre, "25000"),
            ("1000", Some(SquareMetre), Mu, "1.5"),
            ("1公顷", None, Mu, "15"),
            ("7.5亩", None, Mu, "7.5"),
        ] {
            let digits = if into == SquareKilometre { Some(8) } else { None };
            assert_eq!(convert(given, declared, into, digits), want, "{given}");
        }
    }

    #[test]
    fn what_is_not_a_mu_is_never_rounded() {
        use AreaUnit::*;
        assert_eq!(convert("1平方米", None, SquareKilometre, Some(2)), "AreaInexact [\"平方公里\", \"2\"]");
        assert_eq!(convert("1亩", None, Hectare, Some(2)), "0.07");
        assert_eq!(convert("12", None, Hectare, None), "UnitUnknown []");
        assert_eq!(convert("1.2.3", None, Hectare, None), "AreaUnreadable []");
        assert_eq!(convert("约12亩", None, Hectare, None), "AreaUnreadable []");
    }

    proptest::proptest! {
        #[test]
        fn nothing_panics(text in "[0-9]{1,31}(\\.[0-9]{0,20})?(e-?[0-9]{1,2})?", from in 0usize..4, into in 0usize..4, digits in 0u32..12) {
            let unit = |i: usize| AreaUnit::of(AreaUnit::NAMES[i]);
            let out = convert(&text, unit(from), unit(into).unwrap(), Some(digits));
            proptest::prop_assert!(!out.is_empty());
        }
    }
}
