//! One dataset's file as it stands: names not yet resolved, each with its place.
//!
//! Resolving needs the code sets and the other datasets and comes in [`super::load`].

use toml::de::DeTable;

use super::codes::Confidence;
use super::table::{Document, Word, say};
use super::{Identifier, Kind, Unit};

/// A dataset whose references are still names.
pub(super) struct Unresolved {
    pub(super) number: Word,
    pub(super) code: Word,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) business: String,
    pub(super) depth: u16,
    pub(super) extension: bool,
    pub(super) confidence: Confidence,
    pub(super) source: String,
    pub(super) key: Vec<Word>,
    pub(super) key_source: String,
    pub(super) version_field: Option<Word>,
    pub(super) version_source: String,
    pub(super) event_time_field: Option<Word>,
    pub(super) disclosure_by: Option<Word>,
    pub(super) parents: Vec<UnresolvedParent>,
    pub(super) fields: Vec<UnresolvedField>,
}

pub(super) struct UnresolvedParent {
    pub(super) dataset: Word,
    /// Child field, parent field.
    pub(super) fields: Vec<(Word, Word)>,
    pub(super) required: bool,
    pub(super) list: bool,
    pub(super) any_of: Option<String>,
    pub(super) source: String,
}

pub(super) struct UnresolvedField {
    pub(super) name: Word,
    pub(super) name_zh: String,
    pub(super) name_en: String,
    pub(super) kind: Kind,
    pub(super) length_max: Option<u32>,
    pub(super) fixed: bool,
    pub(super) digits: Option<(u32, u32)>,
    pub(super) required: bool,
    pub(super) list: bool,
    pub(super) codes: Option<Word>,
    pub(super) composed_of: Vec<Word>,
    pub(super) identifiers: Vec<Identifier>,
    pub(super) internal_codes: bool,
    pub(super) document_type: Option<Word>,
    pub(super) unit: Option<Unit>,
    pub(super) unit_field: Option<Word>,
    pub(super) unit_source: String,
    pub(super) public: bool,
    pub(super) search: bool,
    pub(super) wire_name: Option<String>,
    pub(super) source: String,
    pub(super) note: String,
}

const DATASET_KEYS: [&str; 17] = [
    "number",
    "code",
    "name_zh",
    "name_en",
    "business",
    "depth",
    "extension",
    "confidence",
    "source",
    "key",
    "key_source",
    "version_field",
    "version_source",
    "event_time_field",
    "disclosure_by",
    "parent",
    "field",
];

const FIELD_KEYS: [&str; 23] = [
    "name",
    "zh",
    "en",
    "type",
    "length",
    "length_max",
    "digits",
    "required",
    "list",
    "codes",
    "composed_of",
    "identifier",
    "internal_codes",
    "document_type",
    "unit",
    "unit_field",
    "unit_source",
    "public",
    "search",
    "wire_name",
    "source",
    "domain",
    "note",
];

/// What most fields come from; a field says so only where it is otherwise.
const TABLE_AND_RECEIVER: &str = "FJ-V3-table+FJ-V4-validator";

/// Reads a dataset's file; what is wrong is noted in `document`.
pub(super) fn dataset(document: &mut Document<'_>) -> Unresolved {
    let root = document.root();
    document.only(&root, &DATASET_KEYS);
    let fields = document.tables(&root, "field");
    let fields: Vec<_> = fields.into_iter().map(|(table, at)| field(document, table, at)).collect();
    let parents = document.tables(&root, "parent");
    let parents = parents.into_iter().map(|(table, at)| parent(document, table, at)).collect();
    if fields.is_empty() && document.found.is_empty() {
        let hint = say("每个字段写一个 [[field]]", "add a [[field]] for each");
        document.wrong(0, say("数据集没有字段", "the dataset has no fields"), hint);
    }
    let confidence = confidence(document, &root);
    let mut needed = |key| document.needed(&root, key, 0);
    let (number, code) = (needed("number"), needed("code"));
    let [name_zh, name_en, business] = ["name_zh", "name_en", "business"].map(|key| needed(key).text);
    Unresolved {
        number,
        code,
        name_zh,
        name_en,
        business,
        depth: document.number(&root, "depth").unwrap_or(0).try_into().unwrap_or(u16::MAX),
        extension: document.flag(&root, "extension"),
        confidence,
        source: optional(document, &root, "source"),
        key: document.list(&root, "key"),
        key_source: optional(document, &root, "key_source"),
        version_field: document.text(&root, "version_field"),
        version_source: optional(document, &root, "version_source"),
        event_time_field: document.text(&root, "event_time_field"),
        disclosure_by: document.text(&root, "disclosure_by"),
        parents,
        fields,
    }
}

fn optional(document: &mut Document<'_>, table: &DeTable<'_>, key: &str) -> String {
    document.text(table, key).map(|word| word.text).unwrap_or_default()
}

fn confidence(document: &mut Document<'_>, root: &DeTable<'_>) -> Confidence {
    let Some(word) = document.text(root, "confidence") else { return Confidence::None };
    Confidence::read(&word.text).unwrap_or_else(|| {
        let (zh, en) =
            (format!("未知的可信度 `{}`", word.text), format!("the confidence `{}` is not known", word.text));
        document.wrong(word.at, say(zh, en), say("high、medium、low 或 none", "high, medium, low or none"));
        Confidence::None
    })
}

fn parent(document: &mut Document<'_>, table: &DeTable<'_>, at: usize) -> UnresolvedParent {
    document.only(table, &["dataset", "fields", "required", "list", "any_of", "source"]);
    let mut fields = Vec::new();
    match table.get("fields").map(|value| (value, value.get_ref().as_table())) {
        Some((_, Some(pairs))) => {
            // The document's order, not that of the alphabet: it is the order of the index value.
            let mut keys: Vec<_> = pairs.keys().collect();
            keys.sort_by_key(|key| key.span().start);
            for key in keys {
                let child = Word { text: key.get_ref().as_ref().to_owned(), at: key.span().start };
                let parent = document.needed(pairs, key.get_ref().as_ref(), at);
                fields.push((child, parent));
            }
        }
        Some((value, None)) => {
            document.mistyped(value, "fields", say("表 { CHILD = \"PARENT\" }", "a table { CHILD = \"PARENT\" }"));
        }
        None => {
            let pairs = "fields = { CHILD_FIELD = \"PARENT_FIELD\" }";
            let message = say("缺少 `fields`", "`fields` is missing");
            document.wrong(at, message, say(format!("添加 {pairs}"), format!("add {pairs}")));
        }
    }
    UnresolvedParent {
        dataset: document.needed(table, "dataset", at),
        fields,
        required: document.flag(table, "required"),
        list: document.flag(table, "list"),
        any_of: document.text(table, "any_of").map(|word| word.text),
        source: optional(document, table, "source"),
    }
}

fn field(document: &mut Document<'_>, table: &DeTable<'_>, at: usize) -> UnresolvedField {
    document.only(table, &FIELD_KEYS);
    let name = document.needed(table, "name", at);
    let (length, length_max) = (document.number(table, "length"), document.number(table, "length_max"));
    if length.is_some() && length_max.is_some() {
        let (zh, en) = ("同时有 `length` 和 `length_max`", "has both `length` and `length_max`");
        let message = say(format!("{} {zh}", name.text), format!("{} {en}", name.text));
        document.wrong(at, message, say("只保留一个", "keep one"));
    }
    UnresolvedField {
        name_zh: document.needed(table, "zh", at).text,
        name_en: optional(document, table, "en"),
        kind: kind(document, table, at),
        length_max: length.or(length_max),
        fixed: length.is_some(),
        digits: digits(document, table),
        required: document.flag(table, "required"),
        list: document.flag(table, "list"),
        codes: document.text(table, "codes"),
        composed_of: document.list(table, "composed_of"),
        identifiers: identifiers(document, table),
        internal_codes: document.flag(table, "internal_codes"),
        document_type: document.text(table, "document_type"),
        unit: unit(document, table),
        unit_field: document.text(table, "unit_field"),
        unit_source: optional(document, table, "unit_source"),
        public: document.flag(table, "public"),
        search: document.flag(table, "search"),
        wire_name: document.text(table, "wire_name").map(|word| word.text),
        source: document.text(table, "source").map_or_else(|| TABLE_AND_RECEIVER.to_owned(), |word| word.text),
        note: [optional(document, table, "domain"), optional(document, table, "note")].join(" ").trim().to_owned(),
        name,
    }
}

fn kind(document: &mut Document<'_>, table: &DeTable<'_>, at: usize) -> Kind {
    let word = document.needed(table, "type", at);
    match word.text.as_str() {
        "text" => Kind::Text,
        "code" => Kind::Code,
        "datetime" => Kind::DateTime,
        "date" => Kind::Date,
        "decimal" => Kind::Decimal,
        "integer" => Kind::Integer,
        "boolean" => Kind::Boolean,
        "" => Kind::Text,
        other => {
            let kinds = "text, code, datetime, date, decimal, integer, boolean";
            let message = say(format!("未知的类型 `{other}`"), format!("the type `{other}` is not known"));
            document.wrong(word.at, message, say(format!("应为 {kinds} 之一"), format!("one of {kinds}")));
            Kind::Text
        }
    }
}

/// `digits = [20, 6]`: in all, and after the point.
fn digits(document: &mut Document<'_>, table: &DeTable<'_>) -> Option<(u32, u32)> {
    let value = table.get("digits")?;
    let numbers: Vec<_> =
        value.get_ref().as_array().into_iter().flatten().filter_map(|item| document.whole(item)).collect();
    match numbers[..] {
        [all, fraction] if fraction <= all => Some((all, fraction)),
        _ => {
            let message = say(
                "`digits` 应为两个整数：总位数，以及其中的小数位数",
                "`digits` must be two numbers: digits in all, and how many of these after the point",
            );
            document.wrong(value.span().start, message, say("例如 [20, 6]", "as in [20, 6]"));
            None
        }
    }
}

fn identifiers(document: &mut Document<'_>, table: &DeTable<'_>) -> Vec<Identifier> {
    let words = document.list(table, "identifier");
    words.into_iter().filter_map(|word| identifier(document, &word)).collect()
}

fn identifier(document: &mut Document<'_>, word: &Word) -> Option<Identifier> {
    Some(match word.text.as_str() {
        "credit_code" => Identifier::CreditCode,
        "organisation_code" => Identifier::OrganisationCode,
        "id_number" => Identifier::IdNumber,
        "deal_code" => Identifier::DealCode,
        "project_code" => Identifier::ProjectCode,
        "tender_project_code" => Identifier::TenderProjectCode,
        "section_code" => Identifier::SectionCode,
        "invest_project_code" => Identifier::InvestProjectCode,
        other => {
            let kinds = "credit_code, organisation_code, id_number, deal_code, project_code, tender_project_code, \
                         section_code, invest_project_code";
            let message = say(format!("未知的标识码类型 `{other}`"), format!("the identifier `{other}` is not known"));
            document.wrong(word.at, message, say(format!("应为 {kinds} 之一"), format!("one of {kinds}")));
            return None;
        }
    })
}

fn unit(document: &mut Document<'_>, table: &DeTable<'_>) -> Option<Unit> {
    let word = document.text(table, "unit")?;
    let unit = Unit::read(&word.text);
    if unit.is_none() {
        let words = Unit::WORDS.map(|(word, _)| word).join(", ");
        let (zh, en) = (format!("未知的单位 `{}`", word.text), format!("the unit `{}` is not known", word.text));
        document.wrong(word.at, say(zh, en), say(format!("应为 {words} 之一"), format!("one of {words}")));
    }
    unit
}

impl Unit {
    /// The unit words of the schema.
    pub const WORDS: [(&str, Self); 11] = [
        ("元", Self::Yuan),
        ("万元", Self::TenThousandYuan),
        ("元/年吨", Self::YuanPerTonneYear),
        ("平方米", Self::SquareMetre),
        ("公顷", Self::Hectare),
        ("平方公里", Self::SquareKilometre),
        ("亩", Self::Mu),
        ("吨", Self::Tonne),
        ("天", Self::Day),
        ("年", Self::Year),
        ("%", Self::Percent),
    ];

    /// The unit that a word of the schema means.
    pub fn read(word: &str) -> Option<Self> {
        Self::WORDS.iter().find(|(known, _)| *known == word).map(|(_, unit)| *unit)
    }

    /// The word; none where the unit stands in another field.
    pub fn word(self) -> Option<&'static str> {
        Self::WORDS.iter().find(|(_, unit)| *unit == self).map(|(word, _)| *word)
    }
}
