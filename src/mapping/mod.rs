//! Inbound mappings: how a source's row becomes a record of the shared schema.
//!
//! A mapping is a TOML file under `mappings/from/<system>/`, compiled once to positions: the hot path sees numbers,
//! not names. Nothing here does I/O after loading, and nothing can fail: [`Bound::apply`] returns what it made and
//! every reason why it is not valid. What needs the store (look-ups, assigned codes) is asked for by the mapping
//! ([`Bound::needs`], [`Mapping::assigns`]) and answered by the stage, by sets.
//!
//! Read in this order: the types here, `rule.rs` (what a rule does), `apply.rs` (a row's way), `load/` (how a text
//! becomes rules), `convert/` (dates, amounts, names). The language itself is explained in `docs/mapping.md`.

mod apply;
mod condition;
mod convert;
mod each;
mod example;
mod expression;
mod load;
mod row;
mod rule;
mod trace;

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use apply::Bound;
pub use example::{ExampleOutcome, Mismatch};
pub use load::load;
pub use trace::{Assigned, FieldTrace, LookedUp, Stamped, Trace};

use crate::schema::{Dataset, Draft, FieldId, Reason};
use condition::Condition;
use each::Each;
use example::Example;
use rule::Rule;

/// One inbound mapping, compiled.
#[derive(Debug)]
pub struct Mapping {
    name: String,
    file: PathBuf,
    dataset: Arc<Dataset>,
    digest: [u8; 32],
    parents_warn: bool,
    reason: String,
    identity_space: String,
    when_lost: WhenLost,
    deal_code_check: bool,
    /// Every name that a rule reads, by slot; the names that `each` makes are among them.
    names: Vec<Name>,
    columns: Vec<String>,
    when: Option<Condition>,
    withdraw_when: Option<Condition>,
    each: Option<Each>,
    identity: Vec<IdentityPart>,
    version: Option<Version>,
    rules: Vec<FieldRule>,
    /// By field: the place of its rule.
    rule_of: Vec<Option<usize>>,
    lookups: Vec<Lookup>,
    /// By look-up: the rules for the values it looks for, in the order of [`Lookup::fields`].
    lookup_values: Vec<Vec<Rule>>,
    assigns: Vec<Assign>,
    /// Rules for [`Given::Item`], by its number.
    given: Vec<Rule>,
    stamps: Vec<FieldId>,
    /// Of codes and stamps: how they are written, for `mapping try`.
    later: Vec<Later>,
    volatile: Vec<FieldId>,
    examples: Vec<Example>,
}

/// What becomes of a record whose row no longer satisfies `when`, or whose element of `each` is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WhenLost {
    /// The record stays, and a finding opens.
    #[default]
    Keep,
    Withdraw,
}

/// What becomes of an item whose look-up finds nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Missing {
    /// It waits until the record arrives.
    #[default]
    Wait,
    /// It takes the rule's `default`; without one the field stays empty, with a warning.
    Default,
    Quarantine,
}

/// A value to be found in another record.
#[derive(Debug)]
pub struct Lookup {
    pub dataset: Arc<Dataset>,
    /// The fields looked by, in the dataset's order; values are joined in this order by `schema::index_value`.
    pub fields: Vec<FieldId>,
    pub take: FieldId,
    pub missing: Missing,
}

/// A code that the hub assigns, for ever, to the values of some fields.
#[derive(Debug)]
pub struct Assign {
    pub field: FieldId,
    /// `unified-deal-code`.
    pub algorithm: String,
    pub class: Given,
    pub platform: Given,
    /// Fields of the record whose values own the code. If one is a `;` list, so is the field, in the same order.
    pub by: Vec<FieldId>,
    /// True: one code for each element of the one field in `by`.
    pub list: bool,
}

/// Where a part of an assigned code comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Const(String),
    /// A field of the record.
    Field(FieldId),
    /// [`Item::given`] at this place.
    Item(usize),
}

/// A column that a mapping reads and a source's declared header does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissingColumn {
    pub name: String,
    /// The column of the source that is most like it.
    pub nearest: Option<String>,
    /// Where the mapping names it first.
    pub file: PathBuf,
    pub line: u32,
    pub column: u32,
}

/// What look-ups found: by look-up, the value looked for → what there is.
#[derive(Debug, Default)]
pub struct Found(pub Vec<HashMap<String, FoundOne>>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundOne {
    One {
        record: i64,
        version: i64,
        /// The field taken; none where the record has no value there.
        value: Option<String>,
    },
    Many,
}

/// What one row, or one element of it, became.
#[derive(Debug, Default)]
pub struct Item {
    pub row: u32,
    /// Number of the element, from 0; 0 without `each`.
    pub element: u32,
    /// True: `when` is false, or `each` has no element. The draft then holds at most the key.
    pub filtered: bool,
    /// The source's own key, canonical; none where the mapping names none or it could not be read.
    pub identity: Option<String>,
    /// The part of the identity that all elements of one row share; none without `each` or identity, and where the
    /// row's `when` is false and its records are kept.
    pub group: Option<String>,
    pub version: i64,
    pub withdraw: bool,
    pub draft: Draft,
    pub reasons: Vec<Reason>,
    /// Look-ups that found nothing yet: number of the look-up and the value looked for.
    pub waits: Vec<(usize, String)>,
    /// Records whose values were taken, and their versions.
    pub looked_at: Vec<(i64, i64)>,
    /// Values for [`Given::Item`]; empty where no code needs one.
    pub given: Vec<String>,
    /// Fields that a reason here already speaks of, or that a look-up will fill; a check need not call them empty too.
    pub failed: Vec<FieldId>,
}

impl Mapping {
    /// System and file name, e.g. `ezhou/award`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The file it was read from.
    pub fn file(&self) -> &Path {
        &self.file
    }

    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.dataset
    }

    /// Changes when its text, `common.toml`, or the part of the schema that it uses changes.
    pub fn digest(&self) -> [u8; 32] {
        self.digest
    }

    /// True: parents that nobody supplies yet make no record wait.
    pub fn parents_warn(&self) -> bool {
        self.parents_warn
    }

    /// Why `parents = "warn"`; empty otherwise.
    pub fn parents_reason(&self) -> &str {
        &self.reason
    }

    /// Separates two sources of one system that number their rows alike; empty unless said.
    pub fn identity_space(&self) -> &str {
        &self.identity_space
    }

    /// True: records are found by the source's own key; else by the dataset's business key.
    pub fn has_identity(&self) -> bool {
        !self.identity.is_empty()
    }

    /// True: the source says which version of a row is newer.
    pub fn has_version(&self) -> bool {
        self.version.is_some()
    }

    pub fn when_lost(&self) -> WhenLost {
        self.when_lost
    }

    /// True: a row makes one record an element.
    pub fn has_each(&self) -> bool {
        self.each.is_some()
    }

    /// True: an element that is gone from its row means that its record is withdrawn.
    pub fn each_complete(&self) -> bool {
        self.each.as_ref().is_some_and(|each| each.complete)
    }

    pub fn lookups(&self) -> &[Lookup] {
        &self.lookups
    }

    pub fn assigns(&self) -> &[Assign] {
        &self.assigns
    }

    /// Fields that the stage sets to the Beijing time of the version's transaction, 14 digits.
    pub fn stamps(&self) -> &[FieldId] {
        &self.stamps
    }

    /// Stamps, and fields copied from the version column: they change without the record changing.
    pub fn volatile(&self) -> &[FieldId] {
        &self.volatile
    }

    /// False: the source's deal codes are known to have wrong check characters, and no warning is wanted.
    pub fn deal_code_check(&self) -> bool {
        self.deal_code_check
    }

    fn rule_of(&self, field: FieldId) -> Option<&FieldRule> {
        self.rule_of[field].map(|at| &self.rules[at])
    }

    /// Required fields that no rule fills: every record will lack them.
    pub fn unfilled(&self) -> Vec<FieldId> {
        let ruled = self.rules.iter().map(|rule| rule.field).chain(self.assigns.iter().map(|assign| assign.field));
        let units = self.rules.iter().filter_map(|rule| match rule.unit {
            rule::UnitField::Set(unit) | rule::UnitField::Read(unit) => Some(unit),
            rule::UnitField::Fixed => None,
        });
        let filled: HashSet<FieldId> = ruled.chain(units).chain(self.stamps.iter().copied()).collect();
        let required = self.dataset.fields.iter().enumerate().filter(|(_, field)| field.required);
        required.map(|(id, _)| id).filter(|id| !filled.contains(id)).collect()
    }

    /// Every source column that it reads, in the order of the text.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }
}

/// A name that rules read.
#[derive(Debug)]
struct Name {
    text: String,
    /// True: an element's name made by `each`, and no column of the source.
    made: bool,
    /// Where it is named first.
    file: PathBuf,
    line: u32,
    column: u32,
}

#[derive(Debug)]
struct IdentityPart {
    rule: Rule,
    /// The column, for the reason when it is empty.
    name: String,
    /// True: it differs from element to element of a row.
    element: bool,
}

/// How a version is read.
#[derive(Debug)]
struct Version {
    column: usize,
    name: String,
    reading: row::Reading,
    /// None: a whole number.
    forms: Option<convert::form::Forms>,
}

/// The rule of a field that the hub fills when it stores the record.
#[derive(Debug)]
struct Later {
    field: FieldId,
    written: String,
    place: String,
}

/// A field and the rule that fills it.
#[derive(Debug)]
struct FieldRule {
    field: FieldId,
    rule: Rule,
    /// For an amount whose unit stands in a field of the record.
    unit: rule::UnitField,
    /// The rule as written, for `mapping try`.
    written: String,
    /// Where it stands, for reasons: `ezhou/award:12`.
    place: String,
}
