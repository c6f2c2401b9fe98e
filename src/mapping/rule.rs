//! What a rule does: take a text from somewhere, convert it, write the standard's form.
//!
//! In this order: source, placeholders, `regex`, `split`, then each element by `table` and `code` and `as`, then `max`,
//! then `default`. A part that a rule does not have costs nothing. What is wrong goes to [`Context::problems`], and
//! the field stays empty.

use std::collections::HashMap;
use std::sync::Arc;

use regex::Regex;

use super::convert::Problem;
use super::convert::area::{AreaUnit, area};
use super::convert::clean::{Width, clean, name};
use super::convert::decimal::{Number, number};
use super::convert::form::Forms;
use super::convert::money::{MoneyUnit, money};
use super::expression::Expression;
use super::row::{Context, Reading};
use super::{FoundOne, Missing};
use crate::schema::{CodeSet, Draft, FieldId, Level, ReasonCode, index_value};

#[derive(Debug)]
pub(super) struct Rule {
    pub(super) source: Source,
    pub(super) reading: Reading,
    pub(super) pattern: Option<Pattern>,
    /// What separates the elements of a list; none: no list.
    pub(super) split: Option<Separators>,
    pub(super) codes: Option<Codes>,
    pub(super) convert: Convert,
    pub(super) max_chars: Option<u32>,
    pub(super) default: Option<String>,
}

#[derive(Debug)]
pub(super) enum Source {
    Column(usize),
    /// The first that has a value.
    First(Vec<usize>),
    Const(String),
    /// Without separator every column must have a value, since half a code is none; with one, empty ones are left out.
    Concat {
        parts: Vec<Part>,
        separator: Option<String>,
    },
    Present {
        column: usize,
        then: String,
        otherwise: String,
    },
    Expression(Expression),
    Lookup(usize),
    /// What another field's rule gives; never one that looks up or points on.
    Field(FieldId),
}

#[derive(Debug)]
pub(super) enum Part {
    Column(usize),
    Literal(String),
}

/// A regular expression; its first group, or all of it where it has none, is the value.
#[derive(Debug)]
pub(super) struct Pattern {
    pub(super) regex: Regex,
    /// True: a text that does not match counts as empty.
    pub(super) or_empty: bool,
    /// How what was captured is made plain, as the whole cell would have been.
    pub(super) width: Option<Width>,
}

/// From the source's words to the standard's codes.
#[derive(Debug)]
pub(super) struct Codes {
    pub(super) table: Option<Arc<HashMap<String, String>>>,
    pub(super) set: Option<Arc<CodeSet>>,
    /// Names that several codes of the set have, with those codes.
    pub(super) ambiguous: HashMap<String, String>,
    /// For values that are in neither.
    pub(super) otherwise: Option<String>,
    /// True: a value in neither is refused; else it goes on as it is, and the check judges it.
    pub(super) strict: bool,
}

#[derive(Debug)]
pub(super) enum Convert {
    Text,
    /// A party's name: one form of brackets, no blanks beside Chinese.
    Name,
    /// Digits written: 14, 12 or 8.
    DateTime {
        forms: Forms,
        digits: usize,
    },
    Money {
        unit: Option<MoneyUnit>,
        unit_from: Option<Box<Rule>>,
        into: Option<MoneyUnit>,
        fraction_max: Option<u32>,
    },
    Area {
        unit: Option<AreaUnit>,
        into: AreaUnit,
        fraction_max: Option<u32>,
    },
    Number(Number),
}

/// Where the unit of an amount stands in the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UnitField {
    /// The schema says the unit, or it is no amount.
    Fixed,
    /// In this field, which another rule fills: the amount is written in that unit.
    Read(FieldId),
    /// In this field, which no rule fills: the amount is written in 元, and the field says so.
    Set(FieldId),
}

/// Codes of code set `money_unit`.
pub(super) const IN_YUAN: &str = "0";
pub(super) const IN_TEN_THOUSAND: &str = "1";

impl Rule {
    /// Appends the rule's value for this row; nothing where there is none or something is wrong.
    pub(super) fn eval(&self, cx: &mut Context<'_>, out: &mut String) {
        let start = out.len();
        let (problems, waits) = (cx.problems.len(), cx.waits.len());
        self.fill(cx, out);
        if out.len() == start
            && let Some(default) = &self.default
            && cx.problems.len() == problems
            && cx.waits.len() == waits
        {
            out.push_str(default);
        }
    }

    fn fill(&self, cx: &mut Context<'_>, out: &mut String) {
        let mut scratch = std::mem::take(&mut cx.scratch);
        match &self.source {
            Source::Column(slot) => {
                if let Some(text) = cx.text(*slot, &self.reading, &mut scratch) {
                    self.put(text, cx, out);
                }
            }
            Source::First(slots) => {
                for slot in slots {
                    if let Some(text) = cx.text(*slot, &self.reading, &mut scratch) {
                        self.put(text, cx, out);
                        break;
                    }
                }
            }
            Source::Const(value) => out.push_str(value),
            Source::Present { column, then, otherwise } => {
                let there = cx.text(*column, &self.reading, &mut scratch).is_some();
                out.push_str(if there { then } else { otherwise });
            }
            Source::Concat { parts, separator } => {
                let mut joined = std::mem::take(&mut cx.joined);
                joined.clear();
                if self.concat(parts, separator.as_deref(), cx, &mut scratch, &mut joined) {
                    self.put(&joined, cx, out);
                }
                cx.joined = joined;
            }
            Source::Expression(expression) => match expression.text(cx, &mut scratch) {
                Ok(Some(text)) => self.put(&text, cx, out),
                Ok(None) => {}
                Err(problem) => cx.problems.push(problem),
            },
            Source::Lookup(lookup) => self.look_up(*lookup, cx, out),
            Source::Field(field) => {
                let problems = cx.problems.len();
                let mut value = String::new();
                if let Some(other) = cx.mapping.rule_of(*field) {
                    other.rule.eval(cx, &mut value);
                }
                // What is wrong there is told there.
                cx.problems.truncate(problems);
                if !value.is_empty() {
                    self.put(&value, cx, out);
                }
            }
        }
        cx.scratch = scratch;
    }

    /// Joins the parts; false where that makes nothing.
    fn concat(
        &self,
        parts: &[Part],
        separator: Option<&str>,
        cx: &mut Context<'_>,
        scratch: &mut String,
        joined: &mut String,
    ) -> bool {
        let mut any = false;
        for part in parts {
            let text = match part {
                Part::Literal(text) => text.as_str(),
                Part::Column(slot) => match cx.text(*slot, &self.reading, scratch) {
                    Some(text) => {
                        any = true;
                        text
                    }
                    None if separator.is_none() => return false,
                    None => continue,
                },
            };
            if let Some(separator) = separator
                && !joined.is_empty()
            {
                joined.push_str(separator);
            }
            joined.push_str(text);
        }
        any
    }

    fn look_up(&self, number: usize, cx: &mut Context<'_>, out: &mut String) {
        let Some(value) = lookup_value(number, cx) else { return };
        let lookup = &cx.mapping.lookups[number];
        match cx.found.and_then(|found| found.0.get(number)).and_then(|found| found.get(&value)) {
            Some(FoundOne::One { record, version, value }) => {
                cx.looked_at.push((*record, *version));
                if let Some(value) = value {
                    self.put(value, cx, out);
                }
            }
            Some(FoundOne::Many) => cx.problems.push(lookup_problem(ReasonCode::LookupMany, number, &value, cx)),
            None => match lookup.missing {
                Missing::Wait => cx.waits.push((number, value)),
                Missing::Quarantine => {
                    cx.problems.push(lookup_problem(ReasonCode::LookupMissing, number, &value, cx));
                }
                Missing::Default if self.default.is_some() => {}
                Missing::Default => {
                    let problem = lookup_problem(ReasonCode::LookupMissing, number, &value, cx);
                    cx.problems.push(Problem { level: Level::Warn, ..problem });
                }
            },
        }
    }

    /// Converts a text and appends it; a problem leaves nothing behind.
    fn put(&self, text: &str, cx: &mut Context<'_>, out: &mut String) {
        let start = out.len();
        let mut plain = String::new();
        let text = match &self.pattern {
            None => text,
            Some(pattern) => match pattern.capture(text) {
                Some(part) => pattern.width.map_or(part, |width| clean(part, width, &mut plain)),
                None if pattern.or_empty => return,
                None => {
                    let problem = Problem::new(ReasonCode::PatternUnmatched, text, &[pattern.regex.as_str()]);
                    cx.problems.push(problem);
                    return;
                }
            },
        };
        // A placeholder may be what the pattern cut out of a longer text.
        if text.is_empty() || self.pattern.is_some() && self.reading.placeholders.contain(text) {
            return;
        }
        match &self.split {
            Some(separators) => self.list(separators, text, cx, out),
            None => {
                if let Err(problem) = self.one(text, cx, out) {
                    out.truncate(start);
                    cx.problems.push(problem);
                }
            }
        }
        if let Some(max) = self.max_chars {
            cut(max, start, cx, out);
        }
    }

    /// Every element converted by itself, joined by `;`; one that is wrong empties the whole, and all wrong ones are
    /// told.
    fn list(&self, separators: &Separators, text: &str, cx: &mut Context<'_>, out: &mut String) {
        let start = out.len();
        let problems = cx.problems.len();
        for element in separators.split(text) {
            if element.is_empty() || self.reading.placeholders.contain(element) {
                continue;
            }
            let before = out.len();
            if before > start {
                out.push(';');
            }
            let value = out.len();
            match self.one(element, cx, out) {
                Ok(()) if out.len() > value => {}
                Ok(()) => out.truncate(before),
                Err(problem) => {
                    out.truncate(before);
                    cx.problems.push(problem);
                }
            }
        }
        if cx.problems.len() > problems {
            out.truncate(start);
        }
    }

    fn one(&self, text: &str, cx: &mut Context<'_>, out: &mut String) -> Result<(), Problem> {
        if let Some(codes) = &self.codes
            && let Some(code) = codes.code(text, &self.convert)?
        {
            out.push_str(code);
            return Ok(());
        }
        match &self.convert {
            Convert::Text => {
                out.push_str(text);
                Ok(())
            }
            Convert::Name => {
                name(text, out);
                Ok(())
            }
            Convert::DateTime { forms, digits } => {
                let civil = forms.read(text).map_err(|wrong| wrong.problem(text))?;
                civil.write(*digits, out);
                Ok(())
            }
            Convert::Money { unit, unit_from, into, fraction_max } => {
                let unit = match unit_from {
                    Some(rule) => unit_named(rule, cx)?.or(*unit),
                    None => *unit,
                };
                money(text, unit, into.unwrap_or(cx.unit), *fraction_max, out)
            }
            Convert::Area { unit, into, fraction_max } => area(text, *unit, *into, *fraction_max, out),
            Convert::Number(want) => number(text, *want, out).map_err(|wrong| match &self.codes {
                // A coded field whose codes are numbers: a word was meant as a name of the set.
                Some(Codes { set: Some(set), .. }) => Problem::new(ReasonCode::NameUnknown, text, &[&set.name]),
                _ => wrong,
            }),
        }
    }
}

/// The unit that another column names; none where that is empty.
fn unit_named(rule: &Rule, cx: &mut Context<'_>) -> Result<Option<MoneyUnit>, Problem> {
    let mut unit = String::new();
    let problems = cx.problems.len();
    rule.eval(cx, &mut unit);
    if cx.problems.len() > problems {
        return Err(cx.problems.swap_remove(problems));
    }
    match unit.as_str() {
        "" => Ok(None),
        unit => MoneyUnit::of(unit).map(Some).ok_or_else(|| Problem::new(ReasonCode::UnitUnknown, unit, &[])),
    }
}

impl Pattern {
    fn capture<'t>(&self, text: &'t str) -> Option<&'t str> {
        let found = self.regex.captures(text)?;
        let part = if self.regex.captures_len() > 1 { found.iter().skip(1).flatten().next() } else { found.get(0) };
        Some(part.map_or("", |part| part.as_str()).trim())
    }
}

impl Codes {
    /// The code of a value; none: it is for `convert`, or goes on as it is.
    fn code<'c>(&'c self, text: &str, convert: &Convert) -> Result<Option<&'c str>, Problem> {
        // Spreadsheets and number columns make 1 into 1.0.
        let plain = without_zero_fraction(text);
        if let Some(table) = &self.table
            && let Some(code) = table.get(text).or_else(|| table.get(plain))
        {
            return Ok(Some(code));
        }
        if let Some(set) = &self.set {
            if let Some(value) = set.by_code(text).or_else(|| set.by_code(plain)) {
                return Ok(Some(&value.code));
            }
            if let Some(codes) = self.ambiguous.get(text) {
                return Err(Problem::new(ReasonCode::NameAmbiguous, text, &[&set.name, codes]));
            }
            if let Some(value) = set.by_name(text) {
                return Ok(Some(&value.code));
            }
        }
        match &self.set {
            _ if self.otherwise.is_some() => Ok(self.otherwise.as_deref()),
            _ if !self.strict || !matches!(convert, Convert::Text) => Ok(None),
            Some(set) => Err(Problem::new(ReasonCode::NameUnknown, text, &[&set.name])),
            None => Err(Problem::new(ReasonCode::NotInTable, text, &[])),
        }
    }
}

/// `1.0` and `1.00` as `1`; anything else as it is.
pub(super) fn without_zero_fraction(text: &str) -> &str {
    match text.split_once('.') {
        Some((whole, zeros))
            if !whole.is_empty()
                && !zeros.is_empty()
                && whole.bytes().all(|b| b.is_ascii_digit())
                && zeros.bytes().all(|b| b == b'0') =>
        {
            whole
        }
        _ => text,
    }
}

/// What separates the elements of a list. A half-width `;` always does, since that is how a list travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Separators {
    /// Those of one character, which are nearly all.
    chars: Vec<char>,
    texts: Vec<String>,
}

impl Separators {
    pub(super) fn new(separators: Vec<String>) -> Self {
        let mut chars = vec![';'];
        let mut texts = Vec::new();
        for text in separators {
            let mut rest = text.chars();
            match (rest.next(), rest.next()) {
                (Some(one), None) => chars.push(one),
                _ => texts.push(text),
            }
        }
        Self { chars, texts }
    }

    /// The elements, trimmed.
    pub(super) fn split<'t>(&'t self, text: &'t str) -> impl Iterator<Item = &'t str> {
        let mut rest = Some(text);
        std::iter::from_fn(move || {
            let text = rest?;
            let by_char =
                text.char_indices().find(|(_, c)| self.chars.contains(c)).map(|(at, c)| (at, at + c.len_utf8()));
            let by_text = self.texts.iter().filter_map(|s| text.find(s.as_str()).map(|at| (at, at + s.len())));
            // The first that stands there, and of two at one place the longer.
            let (element, after) = match by_text.chain(by_char).min_by_key(|(at, end)| (*at, usize::MAX - end)) {
                Some((at, end)) => (&text[..at], Some(&text[end..])),
                None => (text, None),
            };
            rest = after;
            Some(element.trim())
        })
    }
}

/// Cuts what was appended from `start` to so many characters, with a warning.
fn cut(max: u32, start: usize, cx: &mut Context<'_>, out: &mut String) {
    let value = &out[start..];
    if value.len() <= max as usize {
        return;
    }
    if let Some((at, _)) = value.char_indices().nth(max as usize) {
        let count = value.chars().count().to_string();
        cx.problems.push(Problem::warning(ReasonCode::Cut, value, &[&count, &max.to_string()]));
        out.truncate(start + at);
    }
}

/// The canonical value that a look-up looks for in this row; none where a part of it is empty or wrong.
pub(super) fn lookup_value(number: usize, cx: &mut Context<'_>) -> Option<String> {
    let rules = &cx.mapping.lookup_values[number];
    let mut values = Draft::new(rules.len());
    let problems = cx.problems.len();
    for (i, rule) in rules.iter().enumerate() {
        values.write(i, |out| rule.eval(cx, out));
    }
    // A list that another field of the record was made to: none of its elements would be found by the whole of it.
    let is_list = |rule: &Rule| matches!(rule.source, Source::Field(field) if cx.mapping.dataset.fields[field].list);
    let mut lists = rules.iter().enumerate().filter(|(_, rule)| is_list(rule)).filter_map(|(i, _)| values.get(i));
    if let Some(list) = lists.find(|value| value.contains(';')) {
        cx.problems.push(lookup_problem(ReasonCode::LookupList, number, list, cx));
    }
    let whole = cx.problems.len() == problems && (0..rules.len()).all(|i| values.get(i).is_some());
    whole.then(|| index_value((0..rules.len()).map(|i| values.get(i))))
}

#[cold]
fn lookup_problem(code: ReasonCode, number: usize, value: &str, cx: &Context<'_>) -> Problem {
    let lookup = &cx.mapping.lookups[number];
    let fields: Vec<&str> = lookup.fields.iter().map(|f| lookup.dataset.fields[*f].name.as_str()).collect();
    Problem::new(code, &value.replace('\u{1f}', " / "), &[&lookup.dataset.code, &fields.join(" / ")])
}

/// Cleaned as keys of tables are, so that both sides of a comparison are.
pub(super) fn key_of(text: &str) -> String {
    let mut scratch = String::new();
    clean(text, Width::Text, &mut scratch).to_owned()
}
