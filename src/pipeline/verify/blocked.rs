//! Whether a blocked delivery is blocked by anything: worked out anew from the parents that the body names, the
//! children that the target still has, and the attachments.

use std::collections::HashSet;

use super::records::draft_of;
use super::{Run, Suspect};
use crate::pipeline::FeedPlan;
use crate::store::{self, recount};

/// Looks at a blocked delivery; one that nothing blocks is looked at again later, since its release may be on its way.
pub(super) fn check(run: &mut Run<'_>, feed: &FeedPlan, record: i64, wanted_version: i64) -> store::Result<()> {
    if is_blocked(run, feed, record, wanted_version)? == Some(false) {
        run.suspect(Suspect::Blocked { feed: feed.id, record });
    }
    Ok(())
}

pub(super) fn again(run: &mut Run<'_>, feed: i64, record: i64) -> store::Result<()> {
    let Some(plan) = run.feed(feed) else { return Ok(()) };
    let Some((state, wanted)) = recount::delivery_state(run.c, feed, record)? else { return Ok(()) };
    if state == "blocked" && is_blocked(run, plan, record, wanted)? == Some(false) {
        run.found.add(
            "delivery",
            format_args!("feed={feed} record={record}"),
            "记为受阻，却没有什么阻挡它",
            "it is blocked, but nothing blocks it",
        );
    }
    Ok(())
}

/// None: its dataset or body cannot be judged.
fn is_blocked(run: &mut Run<'_>, feed: &FeedPlan, record: i64, wanted_version: i64) -> store::Result<Option<bool>> {
    if recount::attachment_lacking(run.c, record)? {
        return Ok(Some(true));
    }
    let scope = match recount::record(run.c, record)? {
        Some(head) => head.scope,
        None => return Ok(None),
    };
    let dataset = recount::scopes(run.c, &(scope - 1), 1, 0)?.pop().filter(|s| s.id == scope).map(|s| s.dataset);
    let plan = dataset.and_then(|dataset| run.hub.plan.dataset(&dataset));
    let (Some(plan), Some((operation, body))) = (plan, recount::version_body(run.c, record, wanted_version)?) else {
        return Ok(None);
    };
    let Ok(draft) = draft_of(&plan.dataset, &body) else { return Ok(None) };
    if operation == "withdraw" {
        for value in plan.index_values(&draft) {
            if recount::child_at_target(run.c, feed.id, value.slot, &value.value)? {
                return Ok(Some(true));
            }
        }
        return Ok(Some(false));
    }
    // A parent blocks while it is owed here and not at the target; of a group, one that does not block is enough.
    let (mut blocking, mut free) = (Vec::new(), HashSet::new());
    for p in plan.pointed(&draft, false) {
        let (is_owed, is_present) = recount::owed_by_value(run.c, feed.id, p.slot, &p.value)?;
        if feed.carries_dataset(&p.parent) && is_owed && !is_present {
            blocking.push(p.grp);
        } else if p.grp != 0 {
            free.insert(p.grp);
        }
    }
    Ok(Some(blocking.iter().any(|grp| !free.contains(grp))))
}
