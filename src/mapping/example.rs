//! `[[example]]`s: rows with what they must become, run by `mapping test`.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use adapter::{Cell, Place, Rows};

use super::{Found, FoundOne, Item, Mapping};
use crate::diagnostic::Lang;
use crate::schema::{self, CheckOptions, FieldId, Reason, ReasonCode, index_value};

/// Fields and their values; the empty text means absent.
pub(super) type Expected = Vec<(FieldId, String)>;

#[derive(Debug)]
pub(super) struct Example {
    pub(super) line: u32,
    pub(super) row: BTreeMap<String, String>,
    /// One for each record that the row makes; none: not compared.
    pub(super) expected: Option<Vec<Expected>>,
    pub(super) filtered: bool,
    pub(super) withdraw: bool,
    pub(super) reasons: Option<BTreeSet<ReasonCode>>,
    /// Records for look-ups: code of the dataset, fields.
    pub(super) found: Vec<(String, Vec<(FieldId, String)>)>,
}

/// What an example showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExampleOutcome {
    /// Line of the mapping's file where the example begins.
    pub line: u32,
    /// Empty: it is as it says.
    pub mismatches: Vec<Mismatch>,
}

/// One way in which an example is not as it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mismatch {
    /// The row makes so many records.
    Count {
        wanted: usize,
        got: usize,
    },
    Filtered {
        wanted: bool,
    },
    Withdrawn {
        wanted: bool,
    },
    Field {
        record: usize,
        field: String,
        label: String,
        wanted: String,
        got: String,
    },
    /// Names of the reasons wanted, and the reasons there are.
    Reasons {
        wanted: Vec<String>,
        got: Vec<Reason>,
    },
}

impl Mismatch {
    /// The sentence for a person.
    pub fn render(&self, lang: Lang) -> String {
        match (self, lang) {
            (Self::Count { wanted, got }, Lang::Zh) => format!("应有 {wanted} 条记录，实际 {got} 条"),
            (Self::Count { wanted, got }, Lang::En) => format!("{wanted} records wanted, {got} made"),
            (Self::Filtered { wanted: true }, Lang::Zh) => "应被过滤，实际没有".to_owned(),
            (Self::Filtered { wanted: true }, Lang::En) => "should be filtered, but is not".to_owned(),
            (Self::Filtered { wanted: false }, Lang::Zh) => "被过滤了，不应过滤".to_owned(),
            (Self::Filtered { wanted: false }, Lang::En) => "is filtered, but should not be".to_owned(),
            (Self::Withdrawn { wanted: true }, Lang::Zh) => "应为撤回，实际不是".to_owned(),
            (Self::Withdrawn { wanted: true }, Lang::En) => "should be a withdrawal, but is not".to_owned(),
            (Self::Withdrawn { wanted: false }, Lang::Zh) => "成了撤回，不应撤回".to_owned(),
            (Self::Withdrawn { wanted: false }, Lang::En) => "is a withdrawal, but should not be".to_owned(),
            (Self::Field { record, field, label, wanted, got }, Lang::Zh) => {
                format!("第 {} 条记录 {label}（{field}）：应为“{wanted}”，实际为“{got}”", record + 1)
            }
            (Self::Field { record, field, label, wanted, got }, Lang::En) => {
                format!("record {}, {field} ({label}): \"{wanted}\" wanted, \"{got}\" made", record + 1)
            }
            (Self::Reasons { wanted, got }, lang) => {
                let none = lang.pick("无", "none");
                let wanted = if wanted.is_empty() { none.to_owned() } else { wanted.join(", ") };
                let got: Vec<String> =
                    got.iter().map(|r| format!("\n  {}: {}", r.code.name(), r.render(lang))).collect();
                let got = if got.is_empty() { format!(" {none}") } else { got.concat() };
                format!(
                    "{}{wanted}{}{got}",
                    lang.pick("应有的原因：", "reasons wanted: "),
                    lang.pick("；实际：", "; made:")
                )
            }
        }
    }
}

impl Mapping {
    /// Number of examples.
    pub fn examples(&self) -> usize {
        self.examples.len()
    }

    /// Runs every example. Reasons are those of the mapping and of the schema's checks together; a look-up that waits
    /// counts as `lookup_waiting`.
    pub fn test(&self) -> Vec<ExampleOutcome> {
        self.examples.iter().map(|example| self.run(example)).collect()
    }

    fn run(&self, example: &Example) -> ExampleOutcome {
        let mut rows = Rows::default();
        rows.begin(Place { line: u64::from(example.line), ..Place::default() });
        for (name, value) in &example.row {
            let column = rows.column(name);
            rows.set(column, Cell::Text(value));
        }
        let mut items = Vec::new();
        if let Ok(bound) = self.bind(rows.columns(), false) {
            bound.apply(&rows, 0, &self.answers(example), i64::MAX, &mut items);
        }
        let mut mismatches = Vec::new();
        let filtered = items.iter().all(|item| item.filtered);
        if filtered != example.filtered {
            mismatches.push(Mismatch::Filtered { wanted: example.filtered });
        } else if !filtered {
            let made: Vec<&Item> = items.iter().filter(|item| !item.filtered).collect();
            self.compare(example, &made, &mut mismatches);
        }
        ExampleOutcome { line: example.line, mismatches }
    }

    fn compare(&self, example: &Example, made: &[&Item], mismatches: &mut Vec<Mismatch>) {
        if made.iter().any(|item| item.withdraw) != example.withdraw {
            mismatches.push(Mismatch::Withdrawn { wanted: example.withdraw });
        }
        if let Some(expected) = &example.expected {
            if expected.len() != made.len() {
                mismatches.push(Mismatch::Count { wanted: expected.len(), got: made.len() });
            }
            for (record, (fields, item)) in expected.iter().zip(made).enumerate() {
                for (id, wanted) in fields {
                    let got = item.draft.get(*id).unwrap_or_default();
                    if got != wanted {
                        let field = &self.dataset.fields[*id];
                        mismatches.push(Mismatch::Field {
                            record,
                            field: field.name.clone(),
                            label: field.name_zh.clone(),
                            wanted: wanted.clone(),
                            got: got.to_owned(),
                        });
                    }
                }
            }
        }
        if let Some(wanted) = &example.reasons {
            let got: Vec<Reason> = made.iter().flat_map(|item| self.all_reasons(item)).collect();
            if got.iter().map(|reason| reason.code).collect::<BTreeSet<_>>() != *wanted {
                mismatches.push(Mismatch::Reasons { wanted: wanted.iter().map(|code| code.name()).collect(), got });
            }
        }
    }

    /// The reasons of the mapping, what it waits for, and those of the schema's checks. What the hub fills in later
    /// (stamps, assigned codes, look-ups that wait) is taken as right.
    pub fn all_reasons(&self, item: &Item) -> Vec<Reason> {
        let mut reasons = item.reasons.clone();
        for (number, value) in &item.waits {
            let lookup = &self.lookups[*number];
            let fields: Vec<&str> = lookup.fields.iter().map(|f| lookup.dataset.fields[*f].name.as_str()).collect();
            let value = value.replace('\u{1f}', " / ");
            let args = [lookup.dataset.code.as_str(), &fields.join(" / ")];
            reasons.push(Reason::warn(ReasonCode::LookupWaiting, "", "", &value, &args, &self.name));
        }
        if item.filtered || item.withdraw {
            return reasons;
        }
        let assigned = self.assigns.iter().map(|assign| assign.field);
        let pending: Vec<FieldId> =
            item.failed.iter().copied().chain(self.stamps.iter().copied()).chain(assigned).collect();
        let options = CheckOptions { deal_code_check: self.deal_code_check, pending: &pending };
        schema::check(&self.dataset, &item.draft, &options, &mut reasons);
        reasons
    }

    /// What the look-ups find among the example's records.
    fn answers(&self, example: &Example) -> Found {
        let answer = |lookup: &super::Lookup| {
            let mut found: HashMap<String, FoundOne> = HashMap::new();
            let records = example.found.iter().filter(|(dataset, _)| *dataset == lookup.dataset.code);
            for (record, (_, fields)) in records.enumerate() {
                let value = |id: FieldId| fields.iter().find(|(f, _)| *f == id).map(|(_, value)| value.as_str());
                let key = index_value(lookup.fields.iter().map(|field| value(*field)));
                let taken = value(lookup.take).filter(|value| !value.is_empty()).map(str::to_owned);
                let one = FoundOne::One { record: record as i64, version: 0, value: taken };
                found.entry(key).and_modify(|known| *known = FoundOne::Many).or_insert(one);
            }
            found
        };
        Found(self.lookups.iter().map(answer).collect())
    }
}
