//! A rule: a column's name, or a table that says where the value comes from and what is done with it.

use regex::RegexBuilder;
use toml::de::DeTable;

use super::{Loader, Node, idle, maybe, no_field, not_one_of, one_of};
use crate::diagnostic::{Words, nearest};
use crate::mapping::Assign;
use crate::mapping::convert::area::AreaUnit;
use crate::mapping::convert::clean::Width;
use crate::mapping::convert::decimal::Number;
use crate::mapping::convert::form::{self, Forms};
use crate::mapping::convert::money::MoneyUnit;
use crate::mapping::row::Reading;
use crate::mapping::rule::{Convert, IN_TEN_THOUSAND, IN_YUAN, Part, Pattern, Rule, Separators, Source, UnitField};
use crate::schema::table::{Document, Word, nothing, say};
use crate::schema::{Field, FieldId, Kind, Personal, Unit};

/// What a rule became.
pub(super) enum Built {
    Rule(Rule, UnitField),
    Stamp,
    /// A code to assign, and the rule for one that the source has already.
    Assign(Assign, Option<Rule>),
    /// The field stays empty, whatever the system's common rules say.
    Nothing,
}

/// Where a value comes from: exactly one in a rule, but `assign` may have a `from`.
const SOURCES: &[&str] = &["from", "const", "concat", "present", "expr", "field", "lookup", "assign", "stamp"];
/// Those of a rule that fills no field.
const VALUE_SOURCES: &[&str] = &["from", "const", "concat", "present", "expr", "field"];
/// What is done with a value.
const STEPS: &[&str] = &[
    "regex",
    "unmatched",
    "split",
    "table",
    "code",
    "else",
    "as",
    "form",
    "unit",
    "unit_from",
    "max",
    "default",
    "placeholders",
];
/// Keys that belong to another one.
const PARTS: &[(&str, &str)] = &[
    ("then", "present"),
    ("separator", "concat"),
    ("where", "lookup"),
    ("take", "lookup"),
    ("missing", "lookup"),
    ("class", "assign"),
    ("by", "assign"),
    ("platform", "assign"),
    ("unmatched", "regex"),
];
const AS: &[&str] = &["text", "raw", "name", "datetime", "date", "money", "area", "number", "integer"];
/// Memory of a compiled regular expression; one that is larger backtracks in its author's head only.
const REGEX_BYTES_MAX: usize = 1 << 20;

impl Loader<'_> {
    /// Reads a rule. `field`: the field it fills; none for parts of identities, values looked for and the like.
    pub(super) fn rule(&mut self, doc: &mut Document<'_>, node: &Node<'_>, field: Option<FieldId>) -> Option<Built> {
        if let Some(column) = node.get_ref().as_str() {
            if column.is_empty() && field.is_some() {
                return Some(Built::Nothing);
            }
            let word = Word { text: column.to_owned(), at: node.span().start };
            let source = Source::Column(self.slot(doc, &word));
            return self.finish(doc, &DeTable::new(), source, field, node.span().start);
        }
        let Some(table) = node.get_ref().as_table() else {
            let expected = say("列名或表 { from = \"…\" }", "a column's name or a table { from = \"…\" }");
            let name = field.and_then(|id| self.dataset.as_ref().map(|dataset| dataset.fields[id].name.clone()));
            doc.mistyped(node, name.as_deref().unwrap_or("rule"), expected);
            return None;
        };
        let at = node.span().start;
        let kind = self.source_key(doc, table, field.is_some(), at)?;
        match kind {
            "assign" => return self.assign(doc, table, field?, at),
            "stamp" => return self.stamp(doc, table, field?),
            _ => {}
        }
        let source = match kind {
            "const" => Source::Const(doc.text(table, "const")?.text),
            "concat" => self.concat(doc, table)?,
            "present" => self.present(doc, table)?,
            "expr" => Source::Expression(self.expression(doc, table.get("expr")?, "expr")?),
            "field" => {
                let word = doc.text(table, "field")?;
                let pointed = self.own_field(doc, &word)?;
                self.pointed.push((doc.file.to_owned(), word.at, pointed));
                Source::Field(pointed)
            }
            "lookup" => Source::Lookup(self.lookup(doc, table, at)?),
            _ => self.from(doc, table)?,
        };
        self.finish(doc, table, source, field, at)
    }

    /// A rule that fills no field: no look-ups, no assigned codes.
    pub(super) fn value(&mut self, doc: &mut Document<'_>, node: &Node<'_>) -> Option<Rule> {
        match self.rule(doc, node, None)? {
            Built::Rule(rule, _) => Some(rule),
            _ => None,
        }
    }

    /// The one key that says where the value comes from; other keys are checked against it.
    fn source_key(
        &self,
        doc: &mut Document<'_>,
        table: &DeTable<'_>,
        for_field: bool,
        at: usize,
    ) -> Option<&'static str> {
        let sources = if for_field { SOURCES } else { VALUE_SOURCES };
        let only_of_fields = |name: &&str| SOURCES.contains(name) && !sources.contains(name);
        if let Some((key, _)) = table.iter().find(|(key, _)| only_of_fields(&key.get_ref().as_ref())) {
            let name = key.get_ref();
            let message = say(
                format!("`{name}` 只能作为字段的规则，不能用在此处"),
                format!("`{name}` is a rule for a field, and cannot stand here"),
            );
            let hint =
                say("此处写列名，或只用原始行的规则", "a column belongs here, or a rule that reads the row alone");
            doc.wrong(key.span().start, message, hint);
            return None;
        }
        let known: Vec<&str> =
            sources.iter().chain(STEPS).copied().chain(PARTS.iter().map(|(part, _)| *part)).collect();
        doc.only(table, &known);
        let mut given: Vec<(usize, &'static str)> = sources
            .iter()
            .filter_map(|name| table.get_key_value(*name).map(|(key, _)| (key.span().start, *name)))
            .collect();
        given.sort_unstable();
        let kind = match given[..] {
            [] => {
                let message = say("规则没有写明值从何来", "the rule does not say where the value comes from");
                // The commonest slip, and a key of its own.
                match table.get_key_value("form") {
                    Some((form, _)) => doc.wrong(form.span().start, message, maybe("from", "")),
                    None => doc.wrong(at, message, one_of(sources)),
                }
                return None;
            }
            [(_, one)] => one,
            [(_, a), (_, b)] if [a, b].contains(&"assign") && [a, b].contains(&"from") => "assign",
            [(_, first), (second, other), ..] => {
                let message = say(
                    format!("`{first}` 之外又有 `{other}`：值只能有一个来源"),
                    format!("`{other}` beside `{first}`: a value comes from one of them"),
                );
                doc.wrong(second, message, nothing());
                return None;
            }
        };
        for (key, _) in table {
            let name = key.get_ref().as_ref();
            let owners: Vec<&str> = PARTS.iter().filter(|(part, _)| *part == name).map(|(_, owner)| *owner).collect();
            let lonely = match owners.first() {
                Some(&"regex") => !table.contains_key("regex"),
                Some(_) => !owners.contains(&kind),
                None if name == "else" => !["table", "code", "present"].iter().any(|k| table.contains_key(*k)),
                None => matches!(kind, "const" | "present" | "stamp") && STEPS.contains(&name),
            };
            if lonely {
                let hint = match (owners.first(), name) {
                    (Some(owner), _) => belongs(&format!("`{owner}`")),
                    (None, "else") => belongs("`table` / `code` / `present`"),
                    (None, _) => {
                        say(format!("`{kind}` 直接给出标准值"), format!("`{kind}` gives the standard's value as it is"))
                    }
                };
                idle(doc, key.span().start, name, hint);
            }
        }
        Some(kind)
    }

    fn from(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>) -> Option<Source> {
        let node = table.get("from")?;
        if node.get_ref().as_array().is_none() {
            let word = doc.text(table, "from")?;
            return Some(Source::Column(self.slot(doc, &word)));
        }
        let words = doc.words(node);
        let slots: Vec<usize> = words.iter().map(|word| self.slot(doc, word)).collect();
        if slots.is_empty() {
            let hint =
                say("from = \"列\"，或多列：取第一个有值的", "from = \"COLUMN\", or several: the first with a value");
            doc.wrong(node.span().start, say("`from` 没有列", "`from` names no column"), hint);
        }
        Some(Source::First(slots))
    }

    fn concat(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>) -> Option<Source> {
        let node = table.get("concat")?;
        let Some(items) = node.get_ref().as_array() else {
            let expected = say("列表 [\"列\", { const = \"-\" }]", "a list [\"COLUMN\", { const = \"-\" }]");
            doc.mistyped(node, "concat", expected);
            return None;
        };
        let mut parts = Vec::new();
        for item in items.iter() {
            if let Some(column) = item.get_ref().as_str() {
                let word = Word { text: column.to_owned(), at: item.span().start };
                parts.push(Part::Column(self.slot(doc, &word)));
            } else if let Some(literal) = item.get_ref().as_table() {
                doc.only(literal, &["const"]);
                parts.push(Part::Literal(doc.needed(literal, "const", item.span().start).text));
            } else {
                let message = say(
                    "`concat` 的每一项是列名或 { const = \"…\" }",
                    "a part of `concat` is a column or { const = \"…\" }",
                );
                doc.wrong(item.span().start, message, nothing());
            }
        }
        let separator = doc.text(table, "separator").map(|word| word.text);
        Some(Source::Concat { parts, separator })
    }

    fn present(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>) -> Option<Source> {
        let word = doc.text(table, "present")?;
        let column = self.slot(doc, &word);
        let [then, otherwise] = ["then", "else"].map(|key| doc.text(table, key).map(|w| w.text).unwrap_or_default());
        if then.is_empty() && otherwise.is_empty() {
            let hint = say("加上 then = \"1\" 和 else = \"0\"", "add then = \"1\" and else = \"0\"");
            doc.wrong(word.at, say("`present` 没有给出值", "`present` gives nothing"), hint);
        }
        Some(Source::Present { column, then, otherwise })
    }

    /// The steps after the source, and what follows from the field's kind where the rule does not say.
    pub(super) fn finish(
        &mut self,
        doc: &mut Document<'_>,
        table: &DeTable<'_>,
        source: Source,
        target: Option<FieldId>,
        at: usize,
    ) -> Option<Built> {
        let dataset = self.dataset.clone();
        let field = target.and_then(|id| dataset.as_ref().map(|dataset| &dataset.fields[id]));
        let ready = matches!(source, Source::Const(_) | Source::Present { .. });
        let word = self.word_of(doc, table, "as", AS);
        let codes = self.codes(doc, table, field, word.as_deref(), &source);
        let (convert, unit) = self.convert(doc, table, field, word.as_deref(), &source, at);
        let width = match (word.as_deref(), field) {
            (Some("raw"), _) => None,
            (_, Some(field)) if codes.is_none() && half_width(field) => Some(Width::Ascii),
            _ => Some(Width::Text),
        };
        let pattern = self.pattern(doc, table, width);
        // A pattern is matched with the text as a person sees it; only what it captured becomes half-width.
        let width = if pattern.is_some() { width.map(|_| Width::Text) } else { width };
        let placeholders = if table.contains_key("placeholders") {
            super::placeholders(doc, table)
        } else {
            self.placeholders.clone()
        };
        let max_chars = doc.number(table, "max");
        if let (Some(max), Some(most)) = (max_chars, field.and_then(|f| f.length_max))
            && max > most
            && let Some(node) = table.get("max")
        {
            let message = say(
                format!("该字段最多 {most} 个字符，不是 {max}"),
                format!("the field holds {most} characters, not {max}"),
            );
            let hint = format!("max = {most}");
            doc.wrong(node.span().start, message, say(hint.clone(), hint));
        }
        let split = if ready { None } else { self.split_by(doc, table, field) };
        let default = doc.text(table, "default");
        if let (Some(default), Some(field)) = (&default, field) {
            self.value_fits(doc, default, field);
        }
        let rule = Rule {
            source,
            reading: Reading { width, placeholders },
            pattern,
            split,
            codes,
            convert,
            max_chars,
            default: default.map(|word| word.text),
        };
        Some(Built::Rule(rule, unit))
    }

    fn pattern(&self, doc: &mut Document<'_>, table: &DeTable<'_>, width: Option<Width>) -> Option<Pattern> {
        let unmatched = self.word_of(doc, table, "unmatched", &["refuse", "empty"]);
        let word = doc.text(table, "regex")?;
        match RegexBuilder::new(&word.text).size_limit(REGEX_BYTES_MAX).build() {
            Ok(regex) => Some(Pattern { regex, or_empty: unmatched.as_deref() == Some("empty"), width }),
            Err(error) => {
                let error = error.to_string();
                let last = error.lines().last().unwrap_or_default().trim_start_matches("error: ");
                let message =
                    say(format!("`regex` 不是正则表达式：{last}"), format!("`regex` is no regular expression: {last}"));
                doc.wrong(word.at, message, nothing());
                None
            }
        }
    }

    /// The separators of a list; a field that is a list in the schema is cut at `;` and `；` unless the rule says else.
    fn split_by(&self, doc: &mut Document<'_>, table: &DeTable<'_>, field: Option<&Field>) -> Option<Separators> {
        if table.contains_key("split") {
            Some(Separators::new(separators(doc, table, "split")))
        } else if field.is_some_and(|field| field.list) {
            Some(Separators::new(vec!["；".to_owned()]))
        } else {
            None
        }
    }

    fn convert(
        &mut self,
        doc: &mut Document<'_>,
        table: &DeTable<'_>,
        field: Option<&Field>,
        word: Option<&str>,
        source: &Source,
        at: usize,
    ) -> (Convert, UnitField) {
        let given = word.map(|word| (word, table.get("as").map_or(at, |node| node.span().start)));
        let kind = field.map(|field| field.kind);
        let (word, at) = given.unwrap_or_else(|| (implied(kind, source), at));
        let convert = match word {
            "datetime" | "date" => {
                let digits = match field {
                    Some(field) if field.kind == Kind::Date => 8,
                    Some(field) if field.kind == Kind::DateTime => field.length_max.map_or(14, |n| n as usize),
                    _ if word == "date" => 8,
                    _ => 14,
                };
                Convert::DateTime { forms: self.forms(doc, table), digits }
            }
            "money" => return self.money(doc, table, field, at),
            "area" => self.area(doc, table, field, at),
            "integer" => Convert::Number(Number::Whole),
            "number" if field.is_some_and(|field| field.unit == Some(Unit::Percent)) => {
                Convert::Number(Number::Percent)
            }
            "number" => {
                self.unit_is_said(doc, field, given.is_some(), at);
                Convert::Number(Number::Any)
            }
            "name" => Convert::Name,
            _ => Convert::Text,
        };
        for (key, fits) in
            [("form", matches!(word, "datetime" | "date")), ("unit", word == "area"), ("unit_from", false)]
        {
            // Beside `const` and `present` it is told already.
            let told = matches!(source, Source::Const(_) | Source::Present { .. });
            if let (false, false, Some((key, _))) = (told, fits, table.get_key_value(key)) {
                let hint = match key.get_ref().as_ref() {
                    "form" => belongs("as = \"datetime\" / \"date\""),
                    "unit" => belongs("as = \"money\" / \"area\""),
                    _ => belongs("as = \"money\""),
                };
                idle(doc, key.span().start, key.get_ref(), hint);
            }
        }
        (convert, UnitField::Fixed)
    }

    /// An amount or area is never copied as if its unit were known.
    fn unit_is_said(&self, doc: &mut Document<'_>, field: Option<&Field>, said: bool, at: usize) {
        let Some(field) = field.filter(|_| !said) else { return };
        let (what, example) = match field.unit {
            Some(Unit::Yuan | Unit::TenThousandYuan | Unit::InField(_)) => ("money", "元"),
            Some(Unit::SquareMetre | Unit::Hectare | Unit::SquareKilometre | Unit::Mu) => ("area", "平方米"),
            _ => return,
        };
        let name = &field.name;
        let message = say(
            format!("`{name}` 有单位，规则须写明来源的单位"),
            format!("`{name}` has a unit, and the rule does not say the source's"),
        );
        let hint = format!("{{ from = \"…\", as = \"{what}\", unit = \"{example}\" }}");
        doc.wrong(at, message, say(hint.clone(), hint));
    }

    pub(super) fn forms(&self, doc: &mut Document<'_>, table: &DeTable<'_>) -> Forms {
        let mut forms = Forms::default();
        let words = match table.get("form") {
            Some(node) if node.get_ref().as_array().is_some() => doc.words(node),
            _ => doc.text(table, "form").into_iter().collect(),
        };
        for word in words {
            if let Err(message) = forms.add(&word.text) {
                let hint = match nearest(&word.text, form::KNOWN.iter().copied()) {
                    Some(near) => maybe(near, ""),
                    None => say(
                        format!("由 yyyy yy MM M dd d HH H mm ss 组成，或 {} 之一", form::KNOWN.join("、")),
                        format!("a pattern of yyyy yy MM M dd d HH H mm ss, or one of {}", form::KNOWN.join(", ")),
                    ),
                };
                doc.wrong(word.at, message, hint);
            }
        }
        forms
    }

    fn money(
        &mut self,
        doc: &mut Document<'_>,
        table: &DeTable<'_>,
        field: Option<&Field>,
        at: usize,
    ) -> (Convert, UnitField) {
        let unit = self.word_of(doc, table, "unit", MoneyUnit::NAMES).and_then(|name| MoneyUnit::of(&name));
        let unit_from = table.get("unit_from").and_then(|node| self.value(doc, node)).map(Box::new);
        let (into, unit_field) = match field.map(|field| field.unit) {
            Some(Some(Unit::Yuan)) | None => (Some(MoneyUnit::YUAN), UnitField::Fixed),
            Some(Some(Unit::TenThousandYuan)) => (Some(MoneyUnit::TEN_THOUSAND), UnitField::Fixed),
            Some(Some(Unit::InField(unit))) => match self.filled.get(&unit) {
                None => (Some(MoneyUnit::YUAN), UnitField::Set(unit)),
                Some(Some(code)) if code == IN_YUAN => (Some(MoneyUnit::YUAN), UnitField::Fixed),
                Some(Some(code)) if code == IN_TEN_THOUSAND => (Some(MoneyUnit::TEN_THOUSAND), UnitField::Fixed),
                Some(_) => (None, UnitField::Read(unit)),
            },
            Some(_) => {
                let name = field.map(|field| field.name.as_str()).unwrap_or_default();
                let message =
                    say(format!("`{name}` 在规范中不是金额"), format!("`{name}` is no amount of money in the schema"));
                doc.wrong(at, message, say("as = \"number\"", "as = \"number\""));
                (Some(MoneyUnit::YUAN), UnitField::Fixed)
            }
        };
        let fraction_max = field.and_then(|field| field.digits).map(|(_, fraction)| fraction);
        (Convert::Money { unit, unit_from, into, fraction_max }, unit_field)
    }

    fn area(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>, field: Option<&Field>, at: usize) -> Convert {
        let unit = self.word_of(doc, table, "unit", AreaUnit::NAMES).and_then(|name| AreaUnit::of(&name));
        let into = match field.and_then(|field| field.unit) {
            Some(Unit::SquareMetre) => AreaUnit::SquareMetre,
            Some(Unit::Hectare) => AreaUnit::Hectare,
            Some(Unit::SquareKilometre) => AreaUnit::SquareKilometre,
            Some(Unit::Mu) => AreaUnit::Mu,
            _ => {
                let name = field.map_or("this", |field| field.name.as_str());
                let message = say(format!("`{name}` 在规范中不是面积"), format!("`{name}` is no area in the schema"));
                doc.wrong(at, message, say("as = \"number\"", "as = \"number\""));
                AreaUnit::SquareMetre
            }
        };
        Convert::Area { unit, into, fraction_max: field.and_then(|field| field.digits).map(|(_, fraction)| fraction) }
    }

    /// A word out of a list; what it is not is told with the nearest that it could be.
    pub(super) fn word_of(
        &self,
        doc: &mut Document<'_>,
        table: &DeTable<'_>,
        key: &str,
        words: &[&str],
    ) -> Option<String> {
        let word = doc.text(table, key)?;
        if words.contains(&word.text.as_str()) {
            return Some(word.text);
        }
        not_one_of(doc, key, &word, words);
        None
    }

    /// A field of the mapping's dataset.
    pub(super) fn own_field(&self, doc: &mut Document<'_>, word: &Word) -> Option<FieldId> {
        let dataset = self.dataset.as_ref()?;
        let found = dataset.field(&word.text);
        if found.is_none() {
            no_field(doc, dataset, word);
        }
        found
    }
}

fn belongs(owner: &str) -> Words {
    say(format!("它属于 {owner}"), format!("it belongs to {owner}"))
}

/// What a copy into a field of this kind means.
fn implied(kind: Option<Kind>, source: &Source) -> &'static str {
    match kind {
        // These give the standard's form already.
        _ if matches!(source, Source::Const(_) | Source::Present { .. } | Source::Lookup(_) | Source::Field(_)) => {
            "text"
        }
        Some(Kind::DateTime | Kind::Date) => "datetime",
        Some(Kind::Integer) => "integer",
        Some(Kind::Decimal) => "number",
        Some(Kind::Text | Kind::Code | Kind::Boolean) | None => "text",
    }
}

/// True for fields that have no Chinese in them, so that full-width punctuation is a slip of the keyboard.
fn half_width(field: &Field) -> bool {
    field.kind != Kind::Text
        || !field.identifiers.is_empty()
        || matches!(field.personal, Some(Personal::IdNumber | Personal::Telephone | Personal::Email))
}

/// One separator or several, none of them empty.
pub(super) fn separators(doc: &mut Document<'_>, table: &DeTable<'_>, key: &str) -> Vec<String> {
    let words = match table.get(key) {
        Some(node) if node.get_ref().as_array().is_some() => doc.words(node),
        _ => doc.text(table, key).into_iter().collect(),
    };
    for word in words.iter().filter(|word| word.text.is_empty()) {
        doc.wrong(word.at, say("空的分隔符", "an empty separator separates nothing"), nothing());
    }
    words.into_iter().map(|word| word.text).filter(|text| !text.is_empty()).collect()
}
