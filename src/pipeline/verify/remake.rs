//! Making versions again: the mapping is applied once more to the stored row, at the revision that made the version,
//! and must give the same identity, order, operation and body. So a changed value is found in the raw rows as well as in
//! a body, also where no fingerprint is kept any more.
//!
//! Only for the revision that holds today: an older text may have used other tables. Values that were looked up are
//! taken from the versions that the lineage names; where a value was found by a key that its record has given up since,
//! nothing is compared.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use adapter::Rows;

use super::Run;
use super::records::draft_of;
use crate::mapping::{Assign, Bound, Found, FoundOne, Item, WhenLost};
use crate::pipeline::decide::{beijing_time, shown};
use crate::pipeline::normalise::row_items;
use crate::pipeline::{MappingPlan, absent, codes};
use crate::schema::{self, Draft, index_value};
use crate::store;
use crate::store::recount::{self, BatchRow, ItemRow, MadeRow};

/// The versions of one batch, made again.
pub(super) struct Remake<'b, 'h> {
    pub(super) batch: &'b BatchRow,
    /// None: they cannot be read.
    pub(super) rows: Option<&'b Rows>,
    bound: HashMap<i64, Bound<'h>>,
    /// What the row looked at last made, where no look-up makes it differ from version to version.
    made: Option<((usize, i64), Vec<Item>)>,
}

impl<'b, 'h> Remake<'b, 'h> {
    pub(super) fn new(batch: &'b BatchRow, rows: Option<&'b Rows>) -> Self {
        Self { batch, rows, bound: HashMap::new(), made: None }
    }

    /// Compares one version with what its row makes of it now. `identity` is its record's.
    pub(super) fn compare(&mut self, run: &mut Run<'h>, v: &MadeRow, identity: &str) -> store::Result<()> {
        let row = (v.position & 0xffff) as usize;
        let Some(rows) = self.rows.filter(|rows| row < rows.len()) else { return Ok(()) };
        if self.batch.kind == absent::KIND {
            absence(run, v, rows, row, identity);
            return Ok(());
        }
        let Some(plan) = run.plan_of_revision(v.mapping, v.revision) else { return Ok(()) };
        let Some((found, lineage)) = looked_up(run, plan, v)? else { return Ok(()) };
        let items = self.items(plan, rows, row, &found)?;
        let item = items.get(v.element as usize);
        let loses = plan.mapping.when_lost() == WhenLost::Withdraw;
        // Beyond the row's own elements stand those that it no longer has.
        let withdraws = item.is_none_or(|i| i.withdraw || i.filtered && loses);
        let key = format_args!("record={} version={}", v.record, v.version);
        if withdraws != (v.operation == "withdraw") {
            run.found.unknown("version", key, "operation", &v.operation);
            return Ok(());
        }
        let Some(item) = item else { return Ok(()) };
        if item.version != v.ord_version {
            run.found.differs("version", key, "ord_version", v.ord_version, item.version);
        }
        let by_key = || (!plan.mapping.has_identity() && !withdraws).then(|| plan.plan.key_value(&item.draft));
        let made = item.identity.clone().or_else(by_key);
        if made.is_some_and(|made| made != identity) {
            run.found.add(
                "record",
                format_args!("id={}", v.record),
                format!("identity 与版本 {} 的原始行不符", v.version),
                format!("its identity is not the one that the row of version {} gives", v.version),
            );
        }
        if !withdraws && item.looked_at == lineage {
            body(run, plan, v, item.draft.clone())?;
        }
        Ok(())
    }

    /// The identity and the version that an item's row gives it; none where its mapping was another then. Without an
    /// identity where that cannot be told without look-ups.
    pub(super) fn named(&mut self, run: &Run<'h>, item: &ItemRow) -> store::Result<Option<(Option<String>, i64)>> {
        let row = (item.position & 0xffff) as usize;
        let Some(rows) = self.rows.filter(|rows| row < rows.len()) else { return Ok(None) };
        let Some(plan) = run.plan_of_revision(item.mapping, item.revision) else { return Ok(None) };
        let has_identity = plan.mapping.has_identity();
        let made = self.items(plan, rows, row, &Found::default())?.get(item.element as usize);
        Ok(made.map(|made| (made.identity.clone().filter(|_| has_identity), made.version)))
    }

    fn items(&mut self, plan: &'h MappingPlan, rows: &Rows, row: usize, found: &Found) -> store::Result<&[Item]> {
        let place = (row, plan.number);
        let is_kept = plan.mapping.lookups().is_empty() && self.made.as_ref().is_some_and(|(p, _)| *p == place);
        if !is_kept {
            let bound = match self.bound.entry(plan.number) {
                Entry::Occupied(bound) => bound.into_mut(),
                Entry::Vacant(place) => place.insert(plan.bind(rows.columns())?),
            };
            let mut made = Vec::new();
            let items = row_items(plan, bound, rows, row, found, self.batch.read_us, &mut made);
            self.made = Some((place, items.collect()));
        }
        Ok(self.made.as_ref().map_or(&[], |(_, items)| items))
    }
}

/// A row of an absence batch says itself what it withdraws.
fn absence(run: &mut Run<'_>, v: &MadeRow, rows: &Rows, row: usize, identity: &str) {
    let key = format_args!("record={} version={}", v.record, v.version);
    let row = rows.row(row);
    if row.text(1) != Some(identity) {
        run.found.add(
            "record",
            format_args!("id={}", v.record),
            format!("identity 与版本 {} 的原始行不符", v.version),
            format!("its identity is not the one that the row of version {} gives", v.version),
        );
    }
    let version = row.text(2).and_then(|version| version.parse().ok()).unwrap_or_default();
    if version != v.ord_version {
        run.found.differs("version", key, "ord_version", v.ord_version, version);
    }
}

/// Records and versions that values were taken from.
type Lineage = Vec<(i64, i64)>;

/// What look-ups found then, from the versions that the lineage names, and the lineage.
fn looked_up(run: &mut Run<'_>, plan: &MappingPlan, v: &MadeRow) -> store::Result<Option<(Found, Lineage)>> {
    let lookups = plan.mapping.lookups();
    let mut found = Found(lookups.iter().map(|_| HashMap::new()).collect());
    if v.looked_at.is_empty() {
        return Ok(Some((found, Vec::new())));
    }
    // What cannot be read is told where versions are checked.
    let Ok(lineage) = serde_json::from_str::<Lineage>(&v.looked_at) else { return Ok(None) };
    for (record, version) in &lineage {
        let Some((_, text)) = recount::version_body(run.c, *record, *version)? else { return Ok(None) };
        let scope = recount::record(run.c, *record)?.map(|r| r.scope);
        let dataset = scope.and_then(|scope| run.names.scopes.get(&scope)).map(|scope| scope.dataset.as_str());
        let asked = lookups.iter().zip(&mut found.0).filter(|(l, _)| Some(l.dataset.code.as_str()) == dataset);
        for (lookup, by_value) in asked {
            let Ok(draft) = draft_of(&lookup.dataset, &text) else { return Ok(None) };
            let value = index_value(lookup.fields.iter().map(|f| draft.get(*f)));
            let taken = draft.get(lookup.take).map(str::to_owned);
            by_value.insert(value, FoundOne::One { record: *record, version: *version, value: taken });
        }
    }
    Ok(Some((found, lineage)))
}

/// The body that the draft makes, with what is not the row's: codes that the hub assigned, the moment of writing.
fn body(run: &mut Run<'_>, plan: &MappingPlan, v: &MadeRow, mut draft: Draft) -> store::Result<()> {
    let dataset = &plan.plan.dataset;
    let Ok(stored) = draft_of(dataset, &v.body) else { return Ok(()) };
    for stamp in plan.mapping.stamps() {
        draft.set(*stamp, &beijing_time(v.created_us));
    }
    for assign in plan.mapping.assigns() {
        let code = stored.get(assign.field).unwrap_or_default();
        if draft.get(assign.field).unwrap_or_default() != code {
            assigned(run, assign, v, &draft, code)?;
            draft.set(assign.field, code);
        }
    }
    let (made, _) = schema::body(dataset, &draft, plan.mapping.volatile());
    if made == v.body {
        return Ok(());
    }
    let key = format_args!("record={} version={}", v.record, v.version);
    let differing = (0..dataset.fields.len()).find(|f| draft.get(*f) != stored.get(*f));
    let field = differing.map_or("", |f| dataset.fields[f].name.as_str());
    run.found.add(
        "version",
        key,
        format!("正文与映射从原始行得出的不同：{field}"),
        format!("the body is not what the mapping makes of the stored row: {field}"),
    );
    Ok(())
}

/// A code of a body that the source did not give is the one that was assigned for the record's values.
fn assigned(run: &mut Run<'_>, assign: &Assign, v: &MadeRow, draft: &Draft, code: &str) -> store::Result<()> {
    let Some(values) = codes::values(assign, draft) else { return Ok(()) };
    let mut known = Vec::with_capacity(values.len());
    for value in &values {
        known.push(recount::code_of(run.c, &assign.algorithm, value)?.unwrap_or_default());
    }
    let known = known.join(";");
    if known != code {
        let value = shown(&values.join("; "));
        run.found.add(
            "assigned_code",
            format_args!("algorithm={} value={value}", assign.algorithm),
            format!("记录 {} 使用的代码为“{code}”，此处为“{known}”", v.record),
            format!("record {} has the code \"{code}\", and here stands \"{known}\"", v.record),
        );
    }
    Ok(())
}
