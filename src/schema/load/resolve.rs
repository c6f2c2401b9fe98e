//! Names of a dataset's file turned into positions, code sets and other datasets; what is not there is noted.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::schema::codes::CodeSet;
use crate::schema::read::{Unresolved, UnresolvedField, UnresolvedParent};
use crate::schema::table::{Document, Word, nothing, perhaps, say};
use crate::schema::{Dataset, Field, FieldId, Identifier, Parent, Parts, Unit, rules};

const REGIONS: &str = "region";
const TRADE_CLASSES: &str = "trade_class";

/// Turns names into positions and code sets, but for the parents: those need the other datasets.
pub(super) fn dataset(
    dataset: &Unresolved,
    document: &mut Document<'_>,
    code_sets: &BTreeMap<String, Arc<CodeSet>>,
) -> Dataset {
    let mut places: HashMap<&str, FieldId> = HashMap::with_capacity(dataset.fields.len());
    for (id, field) in dataset.fields.iter().enumerate() {
        if places.insert(&field.name.text, id).is_some() {
            let name = &field.name.text;
            let message = say(format!("字段 `{name}` 出现两次"), format!("the field `{name}` is there twice"));
            document.wrong(field.name.at, message, nothing());
        }
    }
    let mut fields: Vec<_> =
        dataset.fields.iter().map(|unresolved| field(unresolved, document, &places, code_sets)).collect();
    beginnings(&mut fields);
    let mut place = |word: &Word| place(word, document, &places);
    let key = dataset.key.iter().filter_map(&mut place).collect();
    let [version_field, event_time_field, disclosure_by] =
        [&dataset.version_field, &dataset.event_time_field, &dataset.disclosure_by]
            .map(|word| word.as_ref().and_then(&mut place));
    let parents = dataset.parents.iter().map(|unresolved| parent(unresolved, &mut place)).collect();
    Dataset {
        number: dataset.number.text.clone(),
        code: dataset.code.text.clone(),
        name_zh: dataset.name_zh.clone(),
        name_en: dataset.name_en.clone(),
        business: dataset.business.clone(),
        depth: dataset.depth,
        extension: dataset.extension,
        confidence: dataset.confidence,
        source: dataset.source.clone(),
        parts: parts(&fields, document, code_sets),
        fields,
        key,
        key_source: dataset.key_source.clone(),
        parents,
        version_field,
        version_source: dataset.version_source.clone(),
        event_time_field,
        disclosure_by,
        conditions: Vec::new(),
    }
}

fn place(word: &Word, document: &mut Document<'_>, places: &HashMap<&str, FieldId>) -> Option<FieldId> {
    let place = places.get(word.text.as_str()).copied();
    if place.is_none() {
        let message =
            say(format!("数据集没有字段 `{}`", word.text), format!("the dataset has no field `{}`", word.text));
        document.wrong(word.at, message, perhaps(&word.text, places.keys().copied()));
    }
    place
}

fn parent(parent: &UnresolvedParent, place: &mut impl FnMut(&Word) -> Option<FieldId>) -> Parent {
    Parent {
        dataset: parent.dataset.text.clone(),
        fields: parent.fields.iter().filter_map(|(child, of)| Some((place(child)?, of.text.clone()))).collect(),
        required: parent.required,
        list: parent.list,
        any_of: parent.any_of.clone(),
        source: parent.source.clone(),
    }
}

fn field(
    field: &UnresolvedField,
    document: &mut Document<'_>,
    places: &HashMap<&str, FieldId>,
    code_sets: &BTreeMap<String, Arc<CodeSet>>,
) -> Field {
    let in_field = field.unit_field.as_ref().and_then(|word| place(word, document, places)).map(Unit::InField);
    Field {
        name: field.name.text.clone(),
        name_zh: field.name_zh.clone(),
        name_en: field.name_en.clone(),
        kind: field.kind,
        length_max: field.length_max,
        fixed: field.fixed,
        digits: field.digits,
        required: field.required,
        list: field.list,
        codes: field.codes.as_ref().and_then(|word| code_set(&word.text, word.at, document, code_sets)),
        composed_of: composition(field, document, code_sets),
        identifiers: field.identifiers.clone(),
        internal_codes: field.internal_codes,
        document_type: field.document_type.as_ref().and_then(|word| place(word, document, places)),
        begins_with: None,
        unit: in_field.or(field.unit),
        unit_source: field.unit_source.clone(),
        public: field.public,
        personal: None,
        search: field.search,
        wire_name: field.wire_name.clone(),
        source: field.source.clone(),
        note: field.note.clone(),
    }
}

/// A tender project's code begins with its project's, a section's with its tender project's, where both are there.
fn beginnings(fields: &mut [Field]) {
    let single = |kind| fields.iter().position(|field| !field.list && field.identifiers == [kind]);
    let (project, tender_project) = (single(Identifier::ProjectCode), single(Identifier::TenderProjectCode));
    for field in fields {
        field.begins_with = match field.identifiers[..] {
            [Identifier::TenderProjectCode] => project,
            [Identifier::SectionCode] => tender_project,
            _ => None,
        };
    }
}

/// `composed_of = ["country:3", "region:6"]`.
fn composition(
    field: &UnresolvedField,
    document: &mut Document<'_>,
    code_sets: &BTreeMap<String, Arc<CodeSet>>,
) -> Vec<(Arc<CodeSet>, usize)> {
    let mut composition = Vec::new();
    for word in &field.composed_of {
        match word.text.split_once(':').map(|(name, width)| (name, width.parse())) {
            Some((name, Ok(width))) => {
                composition.extend(code_set(name, word.at, document, code_sets).map(|set| (set, width)));
            }
            _ => {
                let (zh, en) = (format!("`{}` 不是代码段", word.text), format!("`{}` is no part of a code", word.text));
                document.wrong(word.at, say(zh, en), say("代码集:宽度", "code set:width"));
            }
        }
    }
    composition
}

fn code_set(
    name: &str,
    at: usize,
    document: &mut Document<'_>,
    code_sets: &BTreeMap<String, Arc<CodeSet>>,
) -> Option<Arc<CodeSet>> {
    let set = code_sets.get(name);
    if set.is_none() {
        let mut hint = perhaps(name, code_sets.keys().map(String::as_str));
        if hint.is_empty() {
            hint = say(format!("添加 codes/{name}.csv"), format!("add codes/{name}.csv"));
        }
        document.wrong(at, say(format!("没有代码集 `{name}`"), format!("there is no code set `{name}`")), hint);
    }
    set.cloned()
}

/// The sets that the dataset's identifiers are composed of.
fn parts(fields: &[Field], document: &mut Document<'_>, code_sets: &BTreeMap<String, Arc<CodeSet>>) -> Option<Parts> {
    use Identifier::{DealCode, ProjectCode, SectionCode, TenderProjectCode};
    let composed = |kind: &Identifier| matches!(kind, DealCode | ProjectCode | SectionCode | TenderProjectCode);
    if !fields.iter().any(|field| field.identifiers.iter().any(composed)) {
        return None;
    }
    let regions = code_set(REGIONS, 0, document, code_sets)?;
    let trade_classes = code_set(TRADE_CLASSES, 0, document, code_sets)?;
    Some(Parts { regions, trade_classes })
}

/// Checks that parents exist, that they have the fields, and that they lie above.
pub(super) fn parents(
    dataset: &Unresolved,
    document: &mut Document<'_>,
    resolved: &[Dataset],
    by_name: &HashMap<String, usize>,
) {
    for parent in &dataset.parents {
        let Some(&above) = by_name.get(&parent.dataset.text) else {
            rules::no_dataset(document, &parent.dataset, by_name);
            continue;
        };
        let above = &resolved[above];
        if above.depth >= dataset.depth {
            let (name, theirs, ours) = (above.label(), above.depth, dataset.depth);
            let message = say(
                format!("上级 {name} 的深度为 {theirs}，本数据集为 {ours}"),
                format!("the parent {name} has depth {theirs}, this dataset {ours}"),
            );
            let hint = say("深度须大于每个上级", "a dataset's depth is above that of each of its parents");
            document.wrong(parent.dataset.at, message, hint);
        }
        for (_, of) in &parent.fields {
            rules::field(document, of, above);
        }
    }
}
