//! Codes that the hub assigns: one for each value, in the whole hub, found again and never drawn twice.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::MappingPlan;
use super::decide::{Context, Work, beijing_time};
use crate::mapping::{Assign, Given, Item};
use crate::schema::{Draft, FieldId, Reason, ReasonCode, deal_code, deal_code_possible, index_value};
use crate::store::{self, Outcome, Tx};

/// Serials of a platform and day have six digits.
const SERIAL_MAX: i64 = 999_999;

/// The values that one assignment of an item is for: one, or one for each element of its `;` list. None where a field
/// that it is made by is absent.
pub(super) fn values(assign: &Assign, draft: &Draft) -> Option<Vec<String>> {
    if assign.by.iter().any(|f| draft.get(*f).is_none()) {
        return None;
    }
    match &assign.by[..] {
        [many] if assign.list => {
            let elements = draft.get(*many).unwrap_or_default().split(';').filter(|e| !e.is_empty());
            Some(elements.map(|e| index_value([Some(e)])).collect())
        }
        by => Some(vec![index_value(by.iter().map(|f| draft.get(*f)))]),
    }
}

fn given<'a>(given: &'a Given, item: &'a Item) -> &'a str {
    match given {
        Given::Const(text) => text,
        Given::Field(field) => item.draft.get(*field).unwrap_or_default(),
        Given::Item(at) => item.given.get(*at).map_or("", String::as_str),
    }
}

/// What is to be assigned: a code that the source gave (`from`) is kept.
fn unassigned<'a>(plan: &'a MappingPlan, draft: &Draft) -> Vec<&'a Assign> {
    plan.mapping.assigns().iter().filter(|a| draft.get(a.field).is_none()).collect()
}

/// False: the item has no record to be coded, or its record has its codes.
fn is_wanted(work: &Work) -> bool {
    !work.item.filtered && !work.item.withdraw && work.outcome != Outcome::Unchanged
}

/// Fills in codes that are known; returns the fields of each item whose codes are still to be drawn.
pub(super) async fn fill_known(
    tx: &mut Tx,
    group: &[MappingPlan],
    works: &mut [Work],
) -> store::Result<HashMap<usize, Vec<FieldId>>> {
    let mut pending: HashMap<usize, Vec<FieldId>> = HashMap::new();
    if group.iter().all(|m| m.mapping.assigns().is_empty()) {
        return Ok(pending);
    }
    let mut wanted: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for work in works.iter().filter(|w| is_wanted(w)) {
        for assign in unassigned(&group[work.mapping], &work.item.draft) {
            wanted.entry(&assign.algorithm).or_default().extend(values(assign, &work.item.draft).into_iter().flatten());
        }
    }
    let mut known = HashMap::new();
    for (algorithm, values) in wanted {
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        known.insert(algorithm, store::code_known(tx, algorithm, &values).await?);
    }
    for (index, work) in works.iter_mut().enumerate().filter(|(_, w)| is_wanted(w)) {
        for assign in unassigned(&group[work.mapping], &work.item.draft) {
            let Some(values) = values(assign, &work.item.draft) else { continue };
            let codes: Option<Vec<&str>> =
                values.iter().map(|v| known.get(assign.algorithm.as_str())?.get(v).map(String::as_str)).collect();
            match codes {
                Some(codes) => work.item.draft.set(assign.field, &codes.join(";")),
                None => pending.entry(index).or_default().push(assign.field),
            }
        }
    }
    Ok(pending)
}

/// A code to be drawn: what it is for, and what goes into it.
struct Wanted<'a> {
    algorithm: &'a str,
    value: String,
    class: String,
    platform: String,
}

/// Draws the codes that are still missing, for items that are accepted. Gaps are allowed, doubles never.
pub(super) async fn assign_new(
    tx: &mut Tx,
    context: &Context,
    group: &[MappingPlan],
    works: &mut [Work],
    pending: &HashMap<usize, Vec<FieldId>>,
) -> store::Result<()> {
    let mut order: Vec<usize> = pending.keys().copied().collect();
    order.sort_unstable_by_key(|i| works[*i].key);
    let assigned = |index: usize, work: &Work| {
        let assigns = group[work.mapping].mapping.assigns().iter();
        assigns.filter(|a| pending[&index].contains(&a.field)).collect::<Vec<_>>()
    };
    let mut wanted: Vec<Wanted<'_>> = Vec::new();
    let mut seen = HashSet::new();
    for &index in &order {
        let draft = &works[index].item.draft;
        for assign in assigned(index, &works[index]) {
            for value in values(assign, draft).into_iter().flatten() {
                if seen.insert((assign.algorithm.as_str(), value.clone())) {
                    let item = &works[index].item;
                    let (class, platform) = (given(&assign.class, item), given(&assign.platform, item));
                    let (class, platform) = (class.to_owned(), platform.to_owned());
                    wanted.push(Wanted { algorithm: &assign.algorithm, value, class, platform });
                }
            }
        }
    }
    let codes = draw(tx, context, wanted).await?;
    for index in order {
        for assign in assigned(index, &works[index]) {
            let work = &mut works[index];
            let values = values(assign, &work.item.draft).unwrap_or_default();
            let own: Option<Vec<&str>> =
                values.iter().map(|v| codes.get(&(assign.algorithm.clone(), v.clone())).map(String::as_str)).collect();
            match own {
                Some(own) => work.item.draft.set(assign.field, &own.join(";")),
                None => {
                    let reason = no_code(assign, work);
                    work.refuse(reason);
                }
            }
        }
    }
    Ok(())
}

/// Why an item gets no code: its class or platform makes none, or the day's serials are used up.
fn no_code(assign: &Assign, work: &Work) -> Reason {
    let (class, platform) = (given(&assign.class, &work.item), given(&assign.platform, &work.item));
    if deal_code_possible(class, platform) {
        Reason::refuse(ReasonCode::SerialsUsedUp, "", "", "", &[], "")
    } else {
        Reason::refuse(ReasonCode::AssignImpossible, "", "", "", &[class, platform], "")
    }
}

/// Draws one code each, unless it has one: of a list only some may be new. Those beyond a day's last serial get none.
async fn draw(
    tx: &mut Tx,
    context: &Context,
    wanted: Vec<Wanted<'_>>,
) -> store::Result<HashMap<(String, String), String>> {
    let day = beijing_time(context.now_us)[..8].to_owned();
    let mut by_algorithm: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for one in &wanted {
        by_algorithm.entry(one.algorithm).or_default().push(&one.value);
    }
    let mut drawn = HashMap::new();
    for (algorithm, values) in by_algorithm {
        let known = store::code_known(tx, algorithm, &values).await?;
        drawn.extend(known.into_iter().map(|(value, code)| ((algorithm.to_owned(), value), code)));
    }
    let mut by_counter: BTreeMap<(String, String), Vec<Wanted<'_>>> = BTreeMap::new();
    for one in wanted {
        let has_one = drawn.contains_key(&(one.algorithm.to_owned(), one.value.clone()));
        if has_one || !deal_code_possible(&one.class, &one.platform) {
            continue;
        }
        by_counter.entry((one.algorithm.to_owned(), one.platform.clone())).or_default().push(one);
    }
    for ((algorithm, platform), wanted) in by_counter {
        let first = store::counter_draw(tx, &format!("{algorithm}/{platform}/{day}"), wanted.len() as i64).await?;
        let serials = first..=SERIAL_MAX;
        let codes: Vec<(String, String)> = serials
            .zip(wanted)
            .map(|(serial, one)| (one.value, deal_code(&one.class, &platform, &day, serial as u32)))
            .collect();
        store::code_add(tx, &algorithm, codes.clone(), context.now_us).await?;
        drawn.extend(codes.into_iter().map(|(value, code)| ((algorithm.clone(), value), code)));
    }
    Ok(drawn)
}
