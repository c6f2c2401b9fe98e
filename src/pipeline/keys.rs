//! Business keys and parents: what of a record's neighbours decides whether it may become a version.

use std::collections::{HashMap, HashSet};

use super::decide::{Candidate, Context, Work, shown};
use super::plan::{DatasetPlan, Pointed};
use crate::schema::{Reason, ReasonCode};
use crate::store::{self, NeedWrite, Outcome, Tx};

/// Settles which candidate may have the key it wants. Owners are fetched first; then losers are settled in memory
/// until nobody more loses: a loser keeps its old key, so whoever wanted that one loses too. A loser is quarantined
/// alone, naming the owner, and goes on by itself once the key is given up.
pub(super) async fn settle(
    tx: &mut Tx,
    plan: &DatasetPlan,
    context: &Context,
    works: &mut [Work],
    candidates: &[Candidate],
) -> store::Result<()> {
    let key_of =
        |values: &[super::plan::IndexValue]| values.iter().find(|v| v.slot == plan.key_slot).map(|v| v.value.clone());
    let wants: Vec<Option<String>> = candidates.iter().map(|c| key_of(&c.index)).collect();
    let holds: Vec<Option<String>> = candidates.iter().map(|c| key_of(&c.old_index)).collect();
    let new: Vec<&str> = wants.iter().zip(&holds).filter(|(w, h)| w != h).filter_map(|(w, _)| w.as_deref()).collect();
    if new.is_empty() {
        return Ok(());
    }
    let owners = store::record_owners(tx, plan.key_slot, &new).await?;
    let by_record: HashMap<i64, usize> =
        candidates.iter().enumerate().filter(|(_, c)| c.record != 0).map(|(i, c)| (c.record, i)).collect();
    let mut lost: HashMap<usize, (String, String)> = HashMap::new();
    loop {
        let before = lost.len();
        let mut taken: HashMap<&str, usize> = HashMap::new();
        for (index, want) in wants.iter().enumerate() {
            let Some(want) = want.as_deref().filter(|_| !lost.contains_key(&index)) else { continue };
            // Who keeps the key it has comes before who wants it.
            if holds[index].as_deref() == Some(want) {
                taken.insert(want, index);
            }
        }
        for (index, want) in wants.iter().enumerate() {
            let Some(want) = want.as_deref().filter(|_| !lost.contains_key(&index)) else { continue };
            if let Some(&other) = taken.get(want).filter(|other| **other != index) {
                let identity = works[candidates[other].work].item.identity.clone().unwrap_or_default();
                lost.insert(index, (context.system.clone(), identity));
                continue;
            }
            if let Some(owner) = owners.get(want).filter(|o| o.record != candidates[index].record) {
                let gives_up = by_record
                    .get(&owner.record)
                    .is_some_and(|o| !lost.contains_key(o) && wants[*o].as_deref() != Some(want));
                if !gives_up {
                    lost.insert(index, (owner.system.clone(), owner.identity.clone()));
                    continue;
                }
            }
            taken.insert(want, index);
        }
        if lost.len() == before {
            break;
        }
    }
    let fields: Vec<&str> = plan.dataset.key.iter().map(|f| plan.dataset.fields[*f].name.as_str()).collect();
    for (index, (system, identity)) in lost {
        let work = &mut works[candidates[index].work];
        let value = wants[index].clone().unwrap_or_default();
        let args = [system.as_str(), identity.as_str()];
        work.refuse(Reason::refuse(ReasonCode::KeyTaken, &fields.join(","), "", &shown(&value), &args, ""));
        work.needs.push(NeedWrite { grp: 0, slot: plan.key_slot, value, free: true });
    }
    Ok(())
}

/// Lets candidates wait whose required parents are not here. A relation that is no requirement only warns.
pub(super) async fn parents(tx: &mut Tx, works: &mut [Work], candidates: &[Candidate]) -> store::Result<()> {
    let live = candidates.iter().filter(|c| !c.withdrawn && works[c.work].outcome == Outcome::Accepted);
    let mut wanted: Vec<(i64, &str)> =
        live.flat_map(|c| c.pointed.iter().map(|p| (p.slot, p.value.as_str()))).collect();
    wanted.sort_unstable();
    wanted.dedup();
    if wanted.is_empty() {
        return Ok(());
    }
    let present = store::index_present(tx, &wanted).await?;
    for c in candidates.iter().filter(|c| !c.withdrawn) {
        let work = &mut works[c.work];
        if work.outcome != Outcome::Accepted {
            continue;
        }
        for p in missing(&c.pointed, &present) {
            let args = [p.parent.as_str(), &shown(&p.value)];
            let (code, waits) = match p.required {
                true => (ReasonCode::ParentWaiting, true),
                false => (ReasonCode::ParentMissing, false),
            };
            work.item.reasons.push(Reason::warn(code, "", "", &shown(&p.value), &args, ""));
            if waits {
                work.outcome = Outcome::Waiting;
                work.needs.push(NeedWrite { grp: p.grp, slot: p.slot, value: p.value.clone(), free: false });
            }
        }
    }
    Ok(())
}

/// What is not there: each value by itself, and of a group only if none of it is there.
fn missing<'a>(pointed: &'a [Pointed], present: &HashSet<(i64, String)>) -> Vec<&'a Pointed> {
    let is_there = |p: &Pointed| present.contains(&(p.slot, p.value.clone()));
    let met: HashSet<i64> = pointed.iter().filter(|p| p.grp != 0 && is_there(p)).map(|p| p.grp).collect();
    pointed.iter().filter(|p| if p.grp == 0 { !is_there(p) } else { !met.contains(&p.grp) }).collect()
}
