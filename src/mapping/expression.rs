//! Expressions: the way out for what a rule can't say, with the function names that a formula writer knows.
//!
//! minijinja evaluates, with fuel, without loops, templates or floats: an amount that went through a float would be
//! another amount. What an expression may read is known at load, so a misspelt name is told there.

mod functions;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use minijinja::value::{Enumerator, Object, Value};
use minijinja::{Environment, UndefinedBehavior};

use super::convert::Problem;
use super::row::{Context, Reading};
use crate::diagnostic::{Words, nearest};
use crate::schema::ReasonCode;
use crate::schema::table::{nothing, say};

/// Steps of one evaluation; a long formula takes a few hundred.
const FUEL: u64 = 20_000;
/// Longest expression, in bytes. What is longer belongs into a table; and minijinja compiles a chain of operators by
/// recursion, so that without a limit a long one would end the process.
const EXPRESSION_BYTES_MAX: usize = 2_000;

static ENVIRONMENT: LazyLock<Environment<'static>> = LazyLock::new(|| {
    let mut environment = Environment::empty();
    environment.set_fuel(Some(FUEL));
    environment.set_debug(true);
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    functions::add(&mut environment);
    environment
});

/// A compiled expression and the slots of the names that it reads.
#[derive(Debug)]
pub(super) struct Expression {
    compiled: minijinja::Expression<'static, 'static>,
    names: Arc<Names>,
    slots: Vec<usize>,
    reading: Reading,
}

/// An expression on its way: what it reads still has to become slots.
pub(super) struct Parsed {
    compiled: minijinja::Expression<'static, 'static>,
    /// Columns by name, each once, in the order of the text where it can be found there.
    pub(super) columns: Vec<String>,
}

/// Why a text is no expression.
pub(super) struct Unparsable {
    /// Byte offset in the expression.
    pub(super) at: usize,
    pub(super) message: Words,
    pub(super) hint: Words,
}

impl Parsed {
    /// Compiles the text and finds the columns it reads.
    pub(super) fn new(text: &str) -> Result<Self, Unparsable> {
        if text.len() > EXPRESSION_BYTES_MAX {
            let message = say(
                format!("表达式超过 {EXPRESSION_BYTES_MAX} 字节"),
                format!("the expression is longer than {EXPRESSION_BYTES_MAX} bytes"),
            );
            return Err(Unparsable { at: 0, message, hint: say("宜改用 `table`", "a `table` says it better") });
        }
        if let Some(at) = lone_equal(text) {
            let message = say("单个 `=` 不是比较", "a single `=` compares nothing");
            return Err(Unparsable { at, message, hint: say("相等写作 ==", "equal is written ==") });
        }
        let compiled = ENVIRONMENT.compile_expression_owned(text.to_owned()).map_err(|error| {
            let detail = error.detail().unwrap_or("it cannot be read");
            let message = say(format!("表达式有误：{detail}"), format!("the expression is wrong: {detail}"));
            Unparsable { at: error.range().map_or(0, |range| range.start), message, hint: syntax_hint(text) }
        })?;
        let mut columns = Vec::new();
        for name in compiled.undeclared_variables(true) {
            if functions::NAMES.contains(&name.as_str()) {
                continue;
            }
            if let Some(at) = call_of(text, &name) {
                let message = say(format!("没有函数 `{name}`"), format!("there is no function `{name}`"));
                let hint = match nearest(&name, functions::NAMES.iter().copied()) {
                    Some(near) => say(format!("是否为 `{near}`？"), format!("`{near}`?")),
                    None => {
                        let all = functions::NAMES.join(", ");
                        say(format!("函数有 {all}"), format!("the functions are {all}"))
                    }
                };
                return Err(Unparsable { at, message, hint });
            }
            columns.push(name);
        }
        columns.extend(named_columns(text)?);
        columns.sort_by_key(|name| text.find(name.as_str()).unwrap_or(usize::MAX));
        columns.dedup();
        Ok(Self { compiled, columns })
    }

    /// With the slots of [`Parsed::columns`], in their order.
    pub(super) fn bound(self, slots: Vec<usize>, reading: Reading) -> Expression {
        let mut names = Names::default();
        for (i, column) in self.columns.iter().enumerate() {
            names.insert(column, i);
        }
        Expression { compiled: self.compiled, names: Arc::new(names), slots, reading }
    }
}

/// Where `name` is called as a function.
fn call_of(text: &str, name: &str) -> Option<usize> {
    text.match_indices(name).find_map(|(at, _)| {
        let before = text[..at].chars().next_back();
        let inside = before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '.');
        (!inside && text[at + name.len()..].trim_start().starts_with('(')).then_some(at)
    })
}

/// Where a single `=` stands outside of quotes. In a call it would name an argument, and be ignored by some functions:
/// `NOT(A = "1")` would be false for every row.
fn lone_equal(text: &str) -> Option<usize> {
    let mut quote = None;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match quote {
            Some(end) if c == end && previous != '\\' => quote = None,
            Some(_) => {}
            None if matches!(c, '"' | '\'') => quote = Some(c),
            None if c == '=' && !matches!(previous, '=' | '!' | '<' | '>') && !text[at + 1..].starts_with('=') => {
                return Some(at);
            }
            None => {}
        }
        previous = c;
    }
    None
}

/// What a person who writes formulas for a spreadsheet gets wrong first.
fn syntax_hint(text: &str) -> Words {
    match () {
        () if text.contains("<>") => say("不等写作 !=", "unequal is written !="),
        () if text.contains('&') => say("文本用 ~ 或 CONCAT 连接", "texts are joined by ~ or CONCAT"),
        () if text.contains(['“', '”', '，', '（', '）']) => {
            say("引号、逗号、括号须为半角：\" , ( )", "quotes, commas and brackets are half-width: \" , ( )")
        }
        () => nothing(),
    }
}

/// Columns named by `COL("招标人/名称")`, for names that are no words.
fn named_columns(text: &str) -> Result<Vec<String>, Unparsable> {
    let mut columns = Vec::new();
    let mut from = 0;
    while let Some(at) = call_of(&text[from..], functions::COL).map(|at| from + at) {
        let rest = text[at + functions::COL.len()..].trim_start().trim_start_matches('(').trim_start();
        let quoted = rest.chars().next().filter(|c| matches!(c, '"' | '\'')).and_then(|quote| {
            let inner = &rest[1..];
            let end = inner.find(quote)?;
            inner[end + 1..].trim_start().starts_with(')').then(|| inner[..end].to_owned())
        });
        let Some(name) = quoted else {
            let message = say("COL 须带引号中的列名", "COL takes the name of a column in quotes");
            let example = "COL(\"招标人/名称\")";
            return Err(Unparsable { at, message, hint: say(example, example) });
        };
        columns.push(name);
        from = at + functions::COL.len();
    }
    Ok(columns)
}

impl Expression {
    /// The slots it reads.
    pub(super) fn slots(&self) -> &[usize] {
        &self.slots
    }

    /// The text that it gives for this row.
    pub(super) fn text(&self, cx: &mut Context<'_>, scratch: &mut String) -> Result<Option<String>, Problem> {
        let value = self.value(cx, scratch)?;
        text_of(&value).map_err(|message| failed(&message))
    }

    /// Whether it holds for this row: it must give true or false.
    pub(super) fn holds(&self, cx: &mut Context<'_>, scratch: &mut String) -> Result<bool, Problem> {
        let value = self.value(cx, scratch)?;
        match bool::try_from(value.clone()) {
            Ok(holds) => Ok(holds),
            Err(_) => {
                let gave =
                    text_of(&value).map_or_else(|message| message, |text| format!("{:?}", text.unwrap_or_default()));
                Err(failed(&format!("{gave}（不是 TRUE 或 FALSE / neither TRUE nor FALSE）")))
            }
        }
    }

    fn value(&self, cx: &mut Context<'_>, scratch: &mut String) -> Result<Value, Problem> {
        let problems = cx.problems.len();
        let values: Vec<Value> = self
            .slots
            .iter()
            .map(|slot| Value::from(cx.text(*slot, &self.reading, scratch).unwrap_or_default()))
            .collect();
        // A cell that is no text: the whole cannot be judged, and the cell is told by itself.
        if cx.problems.len() > problems {
            return Err(cx.problems.remove(problems));
        }
        let scope = Scope { names: self.names.clone(), values: values.into() };
        self.compiled.eval(Value::from_object(scope)).map_err(|error| {
            let message = error.detail().map_or_else(|| error.kind().to_string(), str::to_owned);
            failed(&message)
        })
    }
}

#[cold]
fn failed(message: &str) -> Problem {
    Problem::new(ReasonCode::ExpressionFailed, "", &[message])
}

/// A value as the text of a field; an error for what is none.
fn text_of(value: &Value) -> Result<Option<String>, String> {
    use minijinja::value::ValueKind;
    Ok(match value.kind() {
        ValueKind::Undefined | ValueKind::None => None,
        ValueKind::Bool => Some(if value.is_true() { "1" } else { "0" }.to_owned()),
        ValueKind::Number if value.is_integer() => Some(value.to_string()),
        ValueKind::Number => return Err(format!("{value}（小数 / a fraction）")),
        // What went wrong inside shows as `<invalid value: invalid operation: VALUE: …>`.
        ValueKind::Invalid => {
            let shown = value.to_string();
            let inner = shown.trim_start_matches("<invalid value: ").trim_end_matches('>');
            return Err(inner.trim_start_matches("invalid operation: ").to_owned());
        }
        ValueKind::String => value.as_str().map(str::to_owned).filter(|text| !text.is_empty()),
        other => return Err(format!("{other}（不是文本 / not a text）")),
    })
}

/// Names by their parts: `bd.gc.gcBH` is looked up part by part.
#[derive(Debug, Default)]
struct Names {
    /// Place among the values, if a column has this very name.
    leaf: Option<usize>,
    inner: BTreeMap<String, Arc<Names>>,
}

impl Names {
    fn insert(&mut self, name: &str, place: usize) {
        // Whole names as well, for COL.
        self.inner.entry(name.to_owned()).or_default();
        if let Some(whole) = self.inner.get_mut(name).and_then(Arc::get_mut) {
            whole.leaf = Some(place);
        }
        if let Some((first, rest)) = name.split_once('.')
            && let Some(inner) = Arc::get_mut(self.inner.entry(first.to_owned()).or_default())
        {
            inner.insert(rest, place);
        }
    }
}

/// The names at one level, with the row's values.
#[derive(Debug)]
struct Scope {
    names: Arc<Names>,
    values: Arc<[Value]>,
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let names = self.names.inner.get(key.as_str()?)?;
        match names.leaf {
            Some(place) if names.inner.is_empty() => self.values.get(place).cloned(),
            _ => Some(Value::from_object(Scope { names: names.clone(), values: self.values.clone() })),
        }
    }

    fn enumerate(self: &Arc<Self>) -> Enumerator {
        Enumerator::NonEnumerable
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an expression gives for the columns named, as the text of a field.
    fn eval(text: &str, row: &[(&str, &str)]) -> String {
        let parsed = match Parsed::new(text) {
            Ok(parsed) => parsed,
            Err(wrong) => return format!("{}: {} | {}", wrong.at, wrong.message.en, wrong.hint.en),
        };
        let mut names = Names::default();
        let mut values = Vec::new();
        for (i, column) in parsed.columns.iter().enumerate() {
            names.insert(column, i);
            let value = row.iter().find(|(name, _)| name == column).map_or("?", |(_, value)| value);
            values.push(Value::from(value));
        }
        let scope = Scope { names: Arc::new(names), values: values.into() };
        match parsed.compiled.eval(Value::from_object(scope)) {
            Ok(value) => match text_of(&value) {
                Ok(text) => text.unwrap_or_default(),
                Err(message) => message,
            },
            Err(error) => error.detail().map_or_else(|| error.kind().to_string(), str::to_owned),
        }
    }

    #[test]
    fn functions_do_what_their_names_do_in_a_spreadsheet() {
        let row = [("YQSJ", ""), ("BT", "鄂州市第二包公告"), ("BH", "E420704"), ("SL", "12")];
        for (text, want) in [
            (r#"IF(ISBLANK(YQSJ), "0", "1")"#, "0"),
            (r#"IF(BH == "E420704", "a", "b")"#, "a"),
            (r#"IFS(SL == "11", "a", SL == "12", "b")"#, "b"),
            (r#"SWITCH(SL, "11", "a", "12", "b", "c")"#, "b"),
            (r#"SWITCH(SL, "1", "a", "c")"#, "c"),
            (r#"LEFT(BH, 1)"#, "E"),
            (r#"RIGHT(BH, 2)"#, "04"),
            (r#"MID(BT, 5, 2)"#, "二包"),
            (r#"LEN(BT)"#, "8"),
            (r#"FIND("第", BT)"#, "4"),
            (r#"ISNUMBER(FIND("测试", BT))"#, "0"),
            (r#"NOT(ISNUMBER(FIND("测试", BT)))"#, "1"),
            (r#"SUBSTITUTE(BT, "公告", "")"#, "鄂州市第二包"),
            (r#"REPLACE(BH, 1, 1, "M")"#, "M420704"),
            (r#"TRIM("  a   b ")"#, "a b"),
            (r#"UPPER("ab") ~ LOWER("AB")"#, "ABab"),
            (r#"CONCAT(BH, "-", SL)"#, "E420704-12"),
            (r#"CONCATENATE(BH, SL)"#, "E42070412"),
            (r#"TEXTJOIN("、", BH, YQSJ, SL)"#, "E420704、12"),
            (r#"AND(BH != "", SL == "12")"#, "1"),
            (r#"OR(BH == "", SL == "11")"#, "0"),
            (r#"EXACT(BH, "e420704")"#, "0"),
            (r#"VALUE(SL) + 1"#, "13"),
            (r#"TEXT(SL, "0000")"#, "0012"),
            (r#"REPT("0", 3)"#, "000"),
            (r#"IFERROR(VALUE(BH), "x")"#, "x"),
            (r#""测试" in BT"#, "0"),
            (r#"BH if SL == "12" else """#, "E420704"),
            (r#"BT == "a=b" or 'x=y' == 'x=y'"#, "1"),
            (r#"SL >= "1" and SL <= "2""#, "1"),
            (r#"TRUE"#, "1"),
            (r#"VALUE(SL) / 5"#, "2.4（小数 / a fraction）"),
            (r#"TEXT(SL, "0.00")"#, "TEXT(…, \"0.00\")"),
            (r#"[SL]"#, "sequence（不是文本 / not a text）"),
            (r#"VALUE(BH)"#, "VALUE(\"E420704\")"),
        ] {
            assert_eq!(eval(text, &row), want, "{text}");
        }
    }

    #[test]
    fn names_of_nested_and_odd_columns_can_be_read() {
        let row = [("bd.gc.gcBH", "E1"), ("招标人/名称", "某局"), ("招标人", "x"), ("bd.name", "n")];
        assert_eq!(eval(r#"bd.gc.gcBH ~ COL("招标人/名称") ~ 招标人 ~ bd.name"#, &row), "E1某局xn");
    }

    #[test]
    fn what_is_wrong_is_told_with_its_place_and_a_hint() {
        insta::assert_snapshot!(
            [
                r#"IF(A = "1", "x", "y")"#,
                r#"NOT(A = "=")"#,
                r#"IF(A <> "1", "x", "y")"#,
                r#"A & B"#,
                r#"IF（A, "x", "y")"#,
                r#"IIF(A, "x", "y")"#,
                r#"COL(A)"#,
                r#"IF(A"#,
            ]
            .map(|text| eval(text, &[]))
            .join("\n"),
            @r#"
        5: a single `=` compares nothing | equal is written ==
        6: a single `=` compares nothing | equal is written ==
        6: the expression is wrong: unexpected `>` | unequal is written !=
        2: the expression is wrong: unexpected character | texts are joined by ~ or CONCAT
        2: the expression is wrong: unexpected character | quotes, commas and brackets are half-width: " , ( )
        0: there is no function `IIF` | the functions are IF, IFS, IFERROR, SWITCH, ISBLANK, ISNUMBER, AND, OR, NOT, EXACT, LEFT, RIGHT, MID, LEN, FIND, SUBSTITUTE, REPLACE, TRIM, UPPER, LOWER, CONCAT, CONCATENATE, TEXTJOIN, REPT, VALUE, TEXT, COL, TRUE, FALSE
        0: COL takes the name of a column in quotes | COL("招标人/名称")
        3: the expression is wrong: unexpected end of input, expected `,` |
        "#
        );
    }

    #[test]
    fn an_expression_that_runs_on_is_stopped() {
        let row = [("A", "")];
        for (unit, end) in [
            ("A~", "A"),
            ("-", "1"),
            ("not ", "A"),
            ("A if A else ", "A"),
            ("(", "A"),
            ("A.", "A"),
            ("A**", "A"),
            ("[", "A"),
        ] {
            let chain = format!("{}{end}", unit.repeat((EXPRESSION_BYTES_MAX - end.len()) / unit.len()));
            // It is refused or evaluated; the point is that the process lives.
            drop(eval(&chain, &row));
        }
        let long = format!("CONCAT({})", vec!["A"; 1000].join(", "));
        assert_eq!(eval(&long, &row), "0: the expression is longer than 2000 bytes | a `table` says it better");
        let evil = "REPT(REPT(REPT(\"x\", 10000), 10000), 10000)";
        assert_eq!(eval(evil, &[]), "REPT: > 1000000");
    }
}
