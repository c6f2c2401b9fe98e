//! What of a record stands in the index and in the references, worked out once from the schema and the mappings.
//!
//! Index names of a dataset: its business key; each field set that some dataset's parent relation points at; each
//! field set that a loaded mapping looks up by; each field marked `search`. Only what is asked for: an index row
//! costs a tenth of a record.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::schema::{Dataset, Draft, FieldId, Parent, index_value};
use crate::store;

/// Branches whose records very many others point at; see [`RefName::wide`].
const WIDE_BRANCHES: [&str; 2] = ["subject", "expert"];

/// The plan of every dataset, by code.
pub struct Plan {
    datasets: HashMap<String, Arc<DatasetPlan>>,
}

/// The index names and references of one dataset.
pub struct DatasetPlan {
    pub dataset: Arc<Dataset>,
    pub key_slot: i64,
    indexes: Vec<IndexName>,
    refs: Vec<RefName>,
}

struct IndexName {
    slot: i64,
    fields: Vec<FieldId>,
    is_key: bool,
    /// Children may point at it, so that a value once held is kept as an earlier one.
    kept: bool,
}

struct RefName {
    grp: i64,
    slot: i64,
    /// Child fields in the order of the parent's slot.
    fields: Vec<FieldId>,
    list: bool,
    required: bool,
    /// A hint towards a widely shared record (a company, an expert): never waited for, and without a row of its own,
    /// since an index by a value that many records share has a page for each of them. Its children are found among
    /// the blocked.
    wide: bool,
    parent: String,
}

/// One value that a record is found by.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct IndexValue {
    pub slot: i64,
    pub value: String,
    pub kept: bool,
}

/// One value that a record points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointed {
    pub grp: i64,
    pub slot: i64,
    pub value: String,
    pub required: bool,
    pub wide: bool,
    /// Code of the dataset pointed at.
    pub parent: String,
}

impl Plan {
    /// Works out the plan; gives numbers to index names that have none yet. `lookups`: datasets and fields that the
    /// loaded mappings look up by.
    pub async fn make(
        tx: &mut store::Tx,
        datasets: &[Arc<Dataset>],
        lookups: &[(Arc<Dataset>, Vec<FieldId>)],
    ) -> store::Result<Self> {
        let by_code: HashMap<&str, &Arc<Dataset>> = datasets.iter().map(|d| (d.code.as_str(), d)).collect();
        // Names by dataset: name → (fields, children may point at it).
        let mut names: HashMap<&str, BTreeMap<String, (Vec<FieldId>, bool)>> = HashMap::new();
        for dataset in datasets {
            let own = names.entry(&dataset.code).or_default();
            own.insert("key".into(), (dataset.key.clone(), true));
            for field in (0..dataset.fields.len()).filter(|f| dataset.fields[*f].search) {
                own.entry(slot_name(dataset, &[field])).or_insert((vec![field], false));
            }
        }
        for dataset in datasets {
            for parent in &dataset.parents {
                if let Some((target, fields)) = target_fields(&by_code, parent) {
                    let name = slot_name(target, &fields);
                    names.entry(&target.code).or_default().insert(name, (fields, true));
                }
            }
        }
        for (dataset, fields) in lookups {
            let name = slot_name(dataset, fields);
            names.entry(&dataset.code).or_default().entry(name).or_insert((fields.clone(), false));
        }
        let mut wanted: Vec<(String, String, bool)> = names
            .iter()
            .flat_map(|(code, own)| own.keys().map(|n| ((*code).to_owned(), n.clone(), n == "key")))
            .collect();
        wanted.sort_unstable();
        let numbers = store::slot_numbers(tx, wanted).await?;
        let slot = |code: &str, name: String| numbers[&(code.to_owned(), name)];
        let plan = |dataset: &Arc<Dataset>| {
            let indexes = names[dataset.code.as_str()]
                .iter()
                .map(|(name, (fields, kept))| IndexName {
                    slot: slot(&dataset.code, name.clone()),
                    fields: fields.clone(),
                    is_key: name == "key",
                    kept: *kept,
                })
                .collect();
            let mut groups: Vec<&str> = dataset.parents.iter().filter_map(|p| p.any_of.as_deref()).collect();
            groups.dedup();
            let refs = dataset.parents.iter().filter_map(|parent| {
                let (target, fields) = target_fields(&by_code, parent)?;
                let child = |f: &FieldId| {
                    let name = &target.fields[*f].name;
                    parent.fields.iter().find(|(_, p)| p == name).map(|(c, _)| *c)
                };
                Some(RefName {
                    grp: parent
                        .any_of
                        .as_deref()
                        .and_then(|g| groups.iter().position(|x| *x == g))
                        .map_or(0, |i| i as i64 + 1),
                    slot: slot(&target.code, slot_name(target, &fields)),
                    fields: fields.iter().filter_map(child).collect(),
                    list: parent.list,
                    required: parent.required,
                    wide: !parent.required && WIDE_BRANCHES.contains(&target.business.as_str()),
                    parent: target.code.clone(),
                })
            });
            let key_slot = slot(&dataset.code, "key".into());
            (
                dataset.code.clone(),
                Arc::new(DatasetPlan { dataset: dataset.clone(), key_slot, indexes, refs: refs.collect() }),
            )
        };
        Ok(Self { datasets: datasets.iter().map(plan).collect() })
    }

    /// The plan of a dataset of the schema.
    pub fn dataset(&self, code: &str) -> Option<&Arc<DatasetPlan>> {
        self.datasets.get(code)
    }

    /// The number of the slot that a look-up by these fields asks.
    pub fn lookup_slot(&self, dataset: &Dataset, fields: &[FieldId]) -> Option<i64> {
        let plan = self.datasets.get(&dataset.code)?;
        let mut sorted = fields.to_vec();
        sorted.sort_unstable();
        plan.indexes.iter().find(|i| sorted_fields(&i.fields) == sorted).map(|i| i.slot)
    }
}

fn sorted_fields(fields: &[FieldId]) -> Vec<FieldId> {
    let mut sorted = fields.to_vec();
    sorted.sort_unstable();
    sorted
}

/// `key` where the fields are the dataset's business key, else their names joined by commas.
fn slot_name(dataset: &Dataset, fields: &[FieldId]) -> String {
    if sorted_fields(fields) == sorted_fields(&dataset.key) {
        return "key".to_owned();
    }
    let names: Vec<&str> = fields.iter().map(|f| dataset.fields[*f].name.as_str()).collect();
    names.join(",")
}

/// The parent's dataset and the fields pointed at, in the order of the slot: the key's own, else the schema's.
fn target_fields<'a>(
    by_code: &HashMap<&str, &'a Arc<Dataset>>,
    parent: &Parent,
) -> Option<(&'a Arc<Dataset>, Vec<FieldId>)> {
    let target = *by_code.get(parent.dataset.as_str())?;
    let mut fields: Vec<FieldId> = parent.fields.iter().filter_map(|(_, name)| target.field(name)).collect();
    fields.sort_unstable();
    if fields == sorted_fields(&target.key) {
        fields.clone_from(&target.key);
    }
    Some((target, fields))
}

impl DatasetPlan {
    /// The values that a record is found by, sorted. A name whose fields are all absent has no row, but for the key.
    pub fn index_values(&self, draft: &Draft) -> Vec<IndexValue> {
        let mut values: Vec<IndexValue> = self
            .indexes
            .iter()
            .filter(|i| i.is_key || i.fields.iter().any(|f| draft.get(*f).is_some()))
            .map(|i| IndexValue {
                slot: i.slot,
                value: index_value(i.fields.iter().map(|f| draft.get(*f))),
                kept: i.kept,
            })
            .collect();
        values.sort_unstable();
        values
    }

    /// Every index name: its slot and its fields.
    pub(super) fn slots(&self) -> impl Iterator<Item = (i64, &[FieldId])> {
        self.indexes.iter().map(|i| (i.slot, &i.fields[..]))
    }

    /// True: very many records of other datasets may point at this one's, without a row for each.
    pub fn is_wide(&self) -> bool {
        WIDE_BRANCHES.contains(&self.dataset.business.as_str())
    }

    /// The record's business key as it stands in the index.
    pub fn key_value(&self, draft: &Draft) -> String {
        index_value(self.dataset.key.iter().map(|f| draft.get(*f)))
    }

    /// What a record points at. A relation with an absent field points at nothing; a `;` list gives one an element.
    pub fn pointed(&self, draft: &Draft, parents_warn: bool) -> Vec<Pointed> {
        let mut out = Vec::new();
        for name in &self.refs {
            if name.fields.iter().any(|f| draft.get(*f).is_none()) {
                continue;
            }
            let mut push = |value: String| {
                out.push(Pointed {
                    grp: name.grp,
                    slot: name.slot,
                    value,
                    required: name.required && !parents_warn,
                    wide: name.wide,
                    parent: name.parent.clone(),
                });
            };
            let many =
                name.fields.iter().find(|f| name.list && (name.fields.len() == 1 || self.dataset.fields[**f].list));
            match many {
                None => push(index_value(name.fields.iter().map(|f| draft.get(*f)))),
                Some(many) => {
                    for element in draft.get(*many).unwrap_or_default().split(';').filter(|e| !e.is_empty()) {
                        let parts = name.fields.iter().map(|f| if f == many { Some(element) } else { draft.get(*f) });
                        push(index_value(parts));
                    }
                }
            }
        }
        out
    }
}
