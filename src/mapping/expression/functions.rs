//! The functions that an expression has, named as in Excel; texts are counted in characters, from 1.

use minijinja::value::{Rest, Value};
use minijinja::{Environment, Error, ErrorKind, State};

/// Longest text that a function makes: a notice has some ten thousand characters.
const CHARS_MAX: usize = 1_000_000;

pub(super) const COL: &str = "COL";

/// Every name that is no column.
pub(super) const NAMES: &[&str] = &[
    "IF",
    "IFS",
    "IFERROR",
    "SWITCH",
    "ISBLANK",
    "ISNUMBER",
    "AND",
    "OR",
    "NOT",
    "EXACT",
    "LEFT",
    "RIGHT",
    "MID",
    "LEN",
    "FIND",
    "SUBSTITUTE",
    "REPLACE",
    "TRIM",
    "UPPER",
    "LOWER",
    "CONCAT",
    "CONCATENATE",
    "TEXTJOIN",
    "REPT",
    "VALUE",
    "TEXT",
    COL,
    "TRUE",
    "FALSE",
];

pub(super) fn add(environment: &mut Environment<'static>) {
    let e = environment;
    e.add_global("TRUE", true);
    e.add_global("FALSE", false);
    e.add_function(
        "IF",
        |test: Value, then: Value, otherwise: Option<Value>| {
            if test.is_true() { then } else { otherwise.unwrap_or_default() }
        },
    );
    e.add_function("IFS", |pairs: Rest<Value>| {
        pairs.chunks_exact(2).find(|pair| pair[0].is_true()).map(|pair| pair[1].clone()).unwrap_or_default()
    });
    e.add_function("IFERROR", |value: Value, otherwise: Value| if is_error(&value) { otherwise } else { value });
    e.add_function("SWITCH", switch);
    e.add_function("ISBLANK", |value: Value| is_blank(&value));
    e.add_function("ISNUMBER", |value: Value| value.is_number());
    e.add_function("AND", |all: Rest<Value>| all.iter().all(Value::is_true));
    e.add_function("OR", |any: Rest<Value>| any.iter().any(Value::is_true));
    e.add_function("NOT", |value: Value| !value.is_true());
    e.add_function("EXACT", |a: Value, b: Value| text(&a) == text(&b));
    e.add_function("LEFT", |value: Value, count: Option<usize>| -> String {
        text(&value).chars().take(count.unwrap_or(1)).collect()
    });
    e.add_function("RIGHT", |value: Value, count: Option<usize>| -> String {
        let value = text(&value);
        let skip = value.chars().count().saturating_sub(count.unwrap_or(1));
        value.chars().skip(skip).collect()
    });
    e.add_function("MID", |value: Value, from: usize, count: usize| -> String {
        text(&value).chars().skip(from.saturating_sub(1)).take(count).collect()
    });
    e.add_function("LEN", |value: Value| text(&value).chars().count());
    e.add_function("FIND", |needle: Value, within: Value, from: Option<usize>| {
        let within = text(&within);
        let skip = from.unwrap_or(1).saturating_sub(1);
        let start = within.char_indices().nth(skip).map_or(within.len(), |(at, _)| at);
        let found = within[start..].find(text(&needle).as_str());
        found.map_or_else(|| Value::from(()), |at| Value::from(within[..start + at].chars().count() + 1))
    });
    e.add_function("SUBSTITUTE", |value: Value, old: Value, new: Value| -> Result<String, Error> {
        let (value, old, new) = (text(&value), text(&old), text(&new));
        if old.is_empty() {
            return Ok(value);
        }
        let made = value.len().saturating_add(value.matches(old.as_str()).count().saturating_mul(new.len()));
        within_limit("SUBSTITUTE", made)?;
        Ok(value.replace(old.as_str(), &new))
    });
    e.add_function("REPLACE", |value: Value, from: usize, count: usize, new: Value| -> String {
        let value = text(&value);
        let skip = from.saturating_sub(1);
        let head = value.chars().take(skip);
        head.chain(text(&new).chars()).chain(value.chars().skip(skip.saturating_add(count))).collect()
    });
    e.add_function("TRIM", |value: Value| text(&value).split_whitespace().collect::<Vec<_>>().join(" "));
    e.add_function("UPPER", |value: Value| text(&value).to_uppercase());
    e.add_function("LOWER", |value: Value| text(&value).to_lowercase());
    e.add_function("CONCAT", concat);
    e.add_function("CONCATENATE", concat);
    e.add_function("TEXTJOIN", |separator: Value, parts: Rest<Value>| {
        let parts: Vec<String> = parts.iter().map(text).filter(|part| !part.is_empty()).collect();
        parts.join(&text(&separator))
    });
    e.add_function("REPT", |value: Value, count: usize| -> Result<String, Error> {
        let value = text(&value);
        within_limit("REPT", value.len().saturating_mul(count))?;
        Ok(value.repeat(count))
    });
    e.add_function("VALUE", |value: Value| {
        let value = text(&value);
        let number = super::super::rule::without_zero_fraction(&value).parse::<i64>();
        let message = || Error::new(ErrorKind::InvalidOperation, format!("VALUE(\"{value}\")"));
        number.map_or_else(|_| Value::from(message()), Value::from)
    });
    e.add_function("TEXT", pad);
    e.add_function(COL, |state: &State, name: &str| state.lookup(name).unwrap_or_default());
}

fn concat(parts: Rest<Value>) -> String {
    parts.iter().map(text).collect()
}

fn switch(value: Value, cases: Rest<Value>) -> Value {
    let found = cases.chunks_exact(2).find(|case| text(&case[0]) == text(&value)).map(|case| case[1].clone());
    let otherwise = if cases.len() % 2 == 1 { cases.last().cloned() } else { None };
    found.or(otherwise).unwrap_or_default()
}

/// `TEXT(12, "0000")` is `0012`; other formats are not known, since dates and amounts have rules of their own.
fn pad(value: Value, format: &str) -> Result<String, Error> {
    if format.is_empty() || format.len() > 40 || !format.bytes().all(|b| b == b'0') {
        let message = format!("TEXT(…, \"{format}\")");
        return Err(Error::new(ErrorKind::InvalidOperation, message));
    }
    let value = text(&value);
    let number = super::super::rule::without_zero_fraction(&value);
    Ok(if number.is_empty() { String::new() } else { format!("{number:0>width$}", width = format.len()) })
}

fn within_limit(function: &str, chars: usize) -> Result<(), Error> {
    if chars <= CHARS_MAX {
        return Ok(());
    }
    let message = format!("{function}: > {CHARS_MAX}");
    Err(Error::new(ErrorKind::InvalidOperation, message))
}

fn is_blank(value: &Value) -> bool {
    value.is_undefined() || value.is_none() || value.as_str().is_some_and(|text| text.trim().is_empty())
}

fn is_error(value: &Value) -> bool {
    value.is_undefined() || value.is_none() || value.kind() == minijinja::value::ValueKind::Invalid
}

/// A value as text; what is absent is empty.
fn text(value: &Value) -> String {
    match value.as_str() {
        Some(text) => text.to_owned(),
        None if value.is_undefined() || value.is_none() => String::new(),
        None => value.to_string(),
    }
}
