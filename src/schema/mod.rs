//! The shared schema (《公共资源交易平台系统数据规范》) as data: datasets, fields, code sets, checks.
//!
//! Nothing here knows a department or a province, and nothing does I/O after loading: a check cannot fail, it
//! returns reasons. Datasets are TOML under `mappings/schema`, code sets CSV under `mappings/codes`, both embedded
//! in the binary; a directory overrides them file by file.

mod draft;
mod reason;

use std::sync::Arc;

pub use draft::{Draft, index_value};
pub use reason::{Level, Reason, ReasonCode};

/// Position of a field in its dataset.
pub type FieldId = usize;

/// A record type of the shared schema.
#[derive(Debug)]
pub struct Dataset {
    /// The number that systems exchange under, e.g. `513`; empty where there is none.
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
    pub fields: Vec<Field>,
    /// The business key: unique among the dataset's live records. An empty part counts as the empty text.
    pub key: Vec<FieldId>,
    pub parents: Vec<Parent>,
    /// The field that carries a record's time of change outward; orders nothing here by itself.
    pub version_field: Option<FieldId>,
    /// The business moment, for the date that a rule held on and for timeliness.
    pub event_time_field: Option<FieldId>,
    /// What is required when, by hand from the standard's notes.
    pub conditions: Vec<Condition>,
}

impl Dataset {
    /// The position of a field by its standard name.
    pub fn field(&self, name: &str) -> Option<FieldId> {
        self.fields.iter().position(|f| f.name == name)
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
    /// Values joined by half-width `;`; each is checked by itself.
    pub list: bool,
    pub codes: Option<Arc<CodeSet>>,
    /// Kinds of identifier of which the value must be one.
    pub identifiers: Vec<Identifier>,
    /// The money unit of the value, or where it stands.
    pub unit: Option<Unit>,
    pub public: bool,
    pub personal: Option<Personal>,
    /// The console and `record find` search by it.
    pub search: bool,
    /// Where the field is known from, e.g. `FJ-V3-table`.
    pub source: String,
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

/// What an amount is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// 元.
    Yuan,
    /// 万元.
    TenThousandYuan,
    /// The unit stands in another field of the record (code set `money_unit`: 0 元, 1 万元).
    InField(FieldId),
    /// 平方米, 公顷, 平方公里, 亩: areas.
    SquareMetre,
    Hectare,
    SquareKilometre,
    Mu,
    /// Percent.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    None,
    Low,
    Medium,
    High,
}

/// A list of codes.
#[derive(Debug)]
pub struct CodeSet {
    pub name: String,
    pub name_zh: String,
    /// A set of low confidence, or without values, warns and never refuses.
    pub confidence: Confidence,
    pub values: Vec<CodeValue>,
    by_code: std::collections::HashMap<String, usize>,
    by_name: std::collections::HashMap<String, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeValue {
    pub code: String,
    pub name_zh: String,
    pub name_en: String,
    /// True: once valid, now withdrawn; it warns.
    pub retired: bool,
}

impl CodeSet {
    pub fn new(name: String, name_zh: String, confidence: Confidence, values: Vec<CodeValue>) -> Self {
        let by_code = values.iter().enumerate().map(|(i, v)| (v.code.clone(), i)).collect();
        // The first of two codes with one name wins, so that a name stays readable; retired ones come last.
        let mut by_name = std::collections::HashMap::new();
        for (i, v) in values.iter().enumerate() {
            by_name.entry(v.name_zh.clone()).or_insert(i);
        }
        Self { name, name_zh, confidence, values, by_code, by_name }
    }

    pub fn by_code(&self, code: &str) -> Option<&CodeValue> {
        self.by_code.get(code).map(|&i| &self.values[i])
    }

    pub fn by_name(&self, name_zh: &str) -> Option<&CodeValue> {
        self.by_name.get(name_zh).map(|&i| &self.values[i])
    }

    /// True: a value that is not in the list is wrong, and not merely unknown to us.
    pub fn refuses(&self) -> bool {
        self.confidence > Confidence::Low && !self.values.is_empty()
    }
}
