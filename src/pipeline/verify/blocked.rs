//! Whether a blocked delivery is blocked by anything: worked out anew from the parents that the body names, the
//! children that the target still has, and the attachments.

use std::collections::HashSet;

use super::Run;
use super::records::draft_of;
use crate::pipeline::FeedPlan;
use crate::pipeline::plan::Pointed;
use crate::store::{self, recount};

/// Looks at a blocked delivery. One that nothing blocks is a note: its release may be on its way, or the process ended
/// before it.
pub(super) fn check(run: &mut Run<'_>, feed: &FeedPlan, record: i64, wanted_version: i64) -> store::Result<()> {
    if is_blocked(run, feed, record, wanted_version)? == Some(false) {
        run.found.note(
            "delivery",
            format_args!("feed={} record={record}", feed.id),
            "没有什么阻挡它，尚未放行：运行中的程序每分钟清查一次",
            "nothing blocks it, and it is not released yet: a running hub looks every minute",
        );
    }
    Ok(())
}

/// None: its dataset or body cannot be judged.
fn is_blocked(run: &mut Run<'_>, feed: &FeedPlan, record: i64, wanted_version: i64) -> store::Result<Option<bool>> {
    if recount::attachment_lacking(run.c, record)? {
        return Ok(Some(true));
    }
    let Some(head) = recount::record(run.c, record)? else { return Ok(None) };
    let dataset = run.names.scopes.get(&head.scope).map(|s| s.dataset.as_str());
    let plan = dataset.and_then(|dataset| run.hub.plan.dataset(dataset));
    let (Some(plan), Some((operation, body))) = (plan, recount::version_body(run.c, record, wanted_version)?) else {
        return Ok(None);
    };
    let Ok(draft) = draft_of(&plan.dataset, &body) else { return Ok(None) };
    if operation == "withdraw" {
        for (_, body) in recount::bodies(run.c, record)? {
            let Ok(draft) = draft_of(&plan.dataset, &body) else { return Ok(None) };
            for value in plan.index_values(&draft) {
                if recount::child_at_target(run.c, feed.id, record, value.slot, &value.value)? {
                    return Ok(Some(true));
                }
            }
        }
        return Ok(Some(false));
    }
    // A parent blocks while it is owed here and not at the target; of a group, one that does not block is enough.
    let (mut blocking, mut free) = (Vec::new(), HashSet::new());
    let is_there = recount::is_at_target(run.c, feed.id, record)?;
    for p in plan.pointed(&draft, false) {
        let owed = recount::owed_by_value(run.c, feed.id, p.slot, &p.value)?;
        let mut nameless = HashSet::new();
        for row in &owed {
            if !is_known_by(run, row, &p)? {
                nameless.insert(row.record);
            }
        }
        let has_name = |row: &recount::OwedRow| !nameless.contains(&row.record);
        // A parent that is to be withdrawn lets through what is there already.
        let meets = |row: &recount::OwedRow| row.at_target == "present" && (row.is_live || is_there) && has_name(row);
        // One that is only a hint is not waited for where it will not come by itself.
        let may_come = p.required || owed.iter().any(|row| row.goes);
        let is_missed = !owed.is_empty() && !owed.iter().any(meets);
        let is_leaving = owed.iter().any(|row| row.at_target == "present" && has_name(row));
        if feed.carries_dataset(&p.parent) && is_missed && (is_leaving || may_come) {
            blocking.push(p.grp);
        } else if p.grp != 0 {
            free.insert(p.grp);
        }
    }
    Ok(Some(blocking.iter().any(|grp| !free.contains(grp))))
}

/// True: a version that the target has, or one before it, has the value by which the parent is pointed at.
fn is_known_by(run: &mut Run<'_>, row: &recount::OwedRow, p: &Pointed) -> store::Result<bool> {
    let (Some(version), Some(parent)) = (row.version_there, run.hub.plan.dataset(&p.parent)) else { return Ok(true) };
    let parent = parent.clone();
    let has = |body: &String| {
        draft_of(&parent.dataset, body)
            .is_ok_and(|draft| parent.index_values(&draft).iter().any(|v| (v.slot, &v.value) == (p.slot, &p.value)))
    };
    Ok(recount::bodies_to(run.c, row.record, version)?.iter().any(has))
}
