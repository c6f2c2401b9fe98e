//! The shared schema (《公共资源交易平台系统数据规范》) as data: datasets, fields, code sets, checks.
//!
//! Nothing here knows a department or a province, and nothing does I/O after loading: a check cannot fail, it
//! returns reasons. Datasets are TOML under `mappings/schema`, code sets CSV under `mappings/codes`, both embedded
//! in the binary; a directory overrides them file by file.
//!
//! Read in this order: the types here, [`load`] (how a [`Schema`] comes to be), [`check`], [`body`].

mod body;
mod check;
mod codes;
mod draft;
mod holidays;
pub mod identifier;
mod load;
mod read;
mod reason;
mod rules;
mod show;
pub(crate) mod table;

use std::sync::Arc;

pub use body::{BodyField, BodyUnreadable, body, body_fields, draft_of};
pub use check::{CheckOptions, check, check_constant};
pub use codes::{CodeSet, CodeValue, Confidence, Membership};
pub use draft::{Draft, index_value};
pub use holidays::Holidays;
pub use identifier::{deal_code, deal_code_possible};
pub use load::Schema;
pub use reason::{Level, Reason, ReasonCode};
pub use show::{CodeSetView, DatasetLine, DatasetView, FieldView, ParentView};

/// Position of a field in its dataset.
pub type FieldId = usize;

/// A record type of the shared schema.
#[derive(Debug)]
pub struct Dataset {
    /// The number that systems exchange under, e.g. `513`; empty for the attachment, which has none.
    pub number: String,
    /// The standard's own name, misspellings included: it travels on the wire. E.g. `WIN_RESULT_ANNO`.
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    /// Branch of trading: construction, procurement, land, mining, property, subject, expert, credit, …
    pub business: String,
    /// Depth below the datasets without parents: lower goes first.
    pub depth: u16,
    /// True: a province's own addition, no national dataset.
    pub extension: bool,
    /// How well the dataset as a whole is known.
    pub confidence: Confidence,
    /// Where the dataset is known from.
    pub source: String,
    pub fields: Vec<Field>,
    /// The business key: unique among the dataset's live records. An empty part counts as the empty text.
    pub key: Vec<FieldId>,
    /// Where the key is known from; `infer` = nobody printed it.
    pub key_source: String,
    pub parents: Vec<Parent>,
    /// The field that carries a record's time of change outward; orders nothing here by itself.
    pub version_field: Option<FieldId>,
    pub version_source: String,
    /// The business moment, for the date that a rule held on and for timeliness.
    pub event_time_field: Option<FieldId>,
    /// The field that decides for each record whether it is public (1) or for government alone (2).
    pub disclosure_by: Option<FieldId>,
    /// What is required when, by hand from the standard's notes.
    pub conditions: Vec<Condition>,
    /// The divisions and trade classes that are parts of identifiers; `None` where no field has such a one.
    pub(crate) parts: Option<Parts>,
}

/// The code sets that identifiers are composed of.
#[derive(Debug, Clone)]
pub(crate) struct Parts {
    pub(crate) regions: Arc<CodeSet>,
    pub(crate) trade_classes: Arc<CodeSet>,
}

impl Dataset {
    /// The position of a field by its standard name.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.iter().position(|f| f.name == name)
    }

    /// The number, or the code where there is no number: what a person calls the dataset.
    pub fn label(&self) -> &str {
        if self.number.is_empty() { &self.code } else { &self.number }
    }
}

/// A field of a dataset.
#[derive(Debug)]
pub struct Field {
    /// The standard's own name, misspellings included.
    pub name: String,
    pub name_zh: String,
    pub name_en: String,
    pub kind: Kind,
    /// Most characters (not bytes). None: unlimited.
    pub length_max: Option<u32>,
    /// True: exactly `length_max` characters.
    pub fixed: bool,
    /// Digits in all and after the point, for decimals and integers.
    pub digits: Option<(u32, u32)>,
    pub required: bool,
    /// Values joined by half-width `;`; each is checked by itself, the length is that of the whole.
    pub list: bool,
    /// The code set, whatever the kind: some integers and booleans have one too.
    pub codes: Option<Arc<CodeSet>>,
    /// Code sets that stand one after another in the value, each with its width: 156 + 420704.
    pub composed_of: Vec<(Arc<CodeSet>, usize)>,
    /// Kinds of identifier of which the value must be one.
    pub identifiers: Vec<Identifier>,
    /// True: a body without a code of its own (armed forces, foreign firm) may give an internal one.
    pub internal_codes: bool,
    /// The field that says which document an ID number is of; only `01` is a citizen's ID card.
    pub document_type: Option<FieldId>,
    /// The field with whose value this code begins: a section's with its tender project's.
    pub begins_with: Option<FieldId>,
    /// What the number is counted in, or where that stands.
    pub unit: Option<Unit>,
    /// Where the unit is known from, if not from the field's own note.
    pub unit_source: String,
    pub public: bool,
    pub personal: Option<Personal>,
    /// The console and `record find` search by it.
    pub search: bool,
    /// The element's name on the wire, where it differs.
    pub wire_name: Option<String>,
    /// Where the field is known from, e.g. `FJ-V3-table`.
    pub source: String,
    /// The standard's words on the value, and ours behind `[ours]`.
    pub note: String,
}

impl Field {
    /// True: known from one province's receiver alone.
    pub fn provincial(&self) -> bool {
        self.source == "FJ-V4-validator"
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// Code of a code set.
    Code,
    /// `yyyyMMddHHmmss`, Beijing time without offset.
    DateTime,
    /// `yyyyMMdd`.
    Date,
    Decimal,
    Integer,
    /// `0` or `1`.
    Boolean,
}

/// A kind of identifier with a composition or check characters (see `schema/identifier.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identifier {
    /// 统一社会信用代码, GB 32100-2015.
    CreditCode,
    /// 组织机构代码, GB 11714-1997.
    OrganisationCode,
    /// 公民身份号码, GB 11643-1999.
    IdNumber,
    /// 统一交易标识码.
    DealCode,
    /// 项目编号 (17).
    ProjectCode,
    /// 招标项目编号 (20).
    TenderProjectCode,
    /// 标段(包)编号 (23).
    SectionCode,
    /// 投资项目统一代码 (24).
    InvestProjectCode,
}

/// What a number is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 元.
    Yuan,
    /// 万元.
    TenThousandYuan,
    /// Money whose unit stands in another field of the record (code set `money_unit`: 0 元, 1 万元).
    InField(FieldId),
    /// 元/年吨: a price of emission rights.
    YuanPerTonneYear,
    /// 平方米.
    SquareMetre,
    /// 公顷.
    Hectare,
    /// 平方公里.
    SquareKilometre,
    /// 亩.
    Mu,
    /// 吨.
    Tonne,
    /// 天.
    Day,
    /// 年.
    Year,
    /// %.
    Percent,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Personal {
    Name,
    IdNumber,
    Telephone,
    Email,
    Address,
    Other,
}

/// A relation to records that must be there before this one.
#[derive(Debug)]
pub struct Parent {
    /// Code of the parent dataset.
    pub dataset: String,
    /// Child field → parent field, in the order of the dictionary.
    pub fields: Vec<(FieldId, String)>,
    pub required: bool,
    /// The one child field that is a `;` list holds many parents; each must exist.
    pub list: bool,
    /// Relations of one group: one parent of them is enough.
    pub any_of: Option<String>,
    pub source: String,
}

/// "When these hold, those are required."
#[derive(Debug)]
pub struct Condition {
    /// All must hold: the field's value is one of these; an empty list means "is present".
    pub when: Vec<(FieldId, Vec<String>)>,
    /// Each must be present.
    pub require: Vec<FieldId>,
    /// Exactly one of these must be present (empty: no such demand).
    pub one_of: Vec<FieldId>,
    /// The rule's source, e.g. "dictionary 513 PRICE_FORM_CODE note; rules.md C30".
    pub source: String,
}

/// The embedded schema, loaded once for all tests of the crate.
#[cfg(test)]
pub(crate) fn embedded_for_tests() -> &'static Schema {
    static SCHEMA: std::sync::LazyLock<Schema> =
        std::sync::LazyLock::new(|| Schema::embedded().expect("the embedded schema is right"));
    &SCHEMA
}
