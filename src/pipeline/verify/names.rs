//! The names that rows refer to by number, and the counters that numbers are drawn from.

use std::collections::{BTreeMap, HashMap};

use super::Run;
use super::walk::{Cursor, Table};
use crate::pipeline::{FeedPlan, JobPlan, MappingPlan};
use crate::store::recount::{self, FeedRow, JobRow, MappingRow, RevisionRow, ScopeRow, SlotRow};
use crate::store::{self, KEY_SLOTS};

/// What every pass looks up by number. As large as the configuration and its history, not as the store.
#[derive(Debug, Default)]
pub(super) struct Names {
    pub scopes: HashMap<i64, ScopeRow>,
    pub mappings: HashMap<i64, MappingRow>,
    pub slots: HashMap<i64, SlotRow>,
    /// Revision → mapping.
    pub revisions: HashMap<i64, i64>,
    pub sources: HashMap<i64, String>,
    pub jobs: HashMap<i64, String>,
    pub feeds: HashMap<i64, FeedRow>,
    pub counters: BTreeMap<String, i64>,
    /// By counter: the highest number met that it must have given.
    drawn: BTreeMap<&'static str, i64>,
}

impl Names {
    /// Keeps that a number was drawn.
    pub(super) fn drew(&mut self, counter: &'static str, number: i64) {
        let highest = self.drawn.entry(counter).or_default();
        *highest = number.max(*highest);
    }

    /// True: the revision is one of this mapping. Rows that could not be read stand under the mapping `row`, without.
    pub(super) fn is_revision_of(&self, revision: i64, mapping: i64, row_mapping: i64) -> bool {
        match revision {
            0 => mapping == row_mapping,
            revision => self.revisions.get(&revision) == Some(&mapping),
        }
    }

    /// The system that a job belongs to: the first part of its name.
    pub(super) fn system_of_job(&self, job: i64) -> Option<&str> {
        self.jobs.get(&job)?.split_once('/').map(|(system, _)| system)
    }
}

impl<'a> Run<'a> {
    /// A mapping as it is configured today, with its job.
    pub(super) fn plan(&self, mapping: i64) -> Option<(&'a JobPlan, &'a MappingPlan)> {
        let jobs = self.hub.jobs.iter();
        jobs.flat_map(|j| j.mappings.iter().map(move |m| (&**j, m))).find(|(_, m)| m.number == mapping)
    }

    /// The mapping, if the revision is the one that holds today: what it made can be made again.
    pub(super) fn plan_of_revision(&self, mapping: i64, revision: i64) -> Option<&'a MappingPlan> {
        self.plan(mapping).map(|(_, plan)| plan).filter(|plan| plan.revision == revision)
    }

    pub(super) fn feed(&self, id: i64) -> Option<&'a FeedPlan> {
        self.hub.feeds.iter().find(|f| f.id == id).map(|f| &**f)
    }
}

const SCOPES: Table<i64, ScopeRow> = Table::by_id("scope", recount::scopes, |s| s.id);
const MAPPINGS: Table<i64, MappingRow> = Table::by_id("mapping", recount::mappings, |m| m.id);
const SLOTS: Table<i64, SlotRow> = Table::by_id("slot", recount::slots, |s| s.id);
const REVISIONS: Table<i64, RevisionRow> = Table::by_number("revision", recount::revisions, |r| r.number);
const JOBS: Table<i64, JobRow> = Table::by_id("job", recount::jobs, |j| j.id);
const FEEDS: Table<i64, FeedRow> = Table::by_id("feed", recount::feeds, |f| f.id);

pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    run.names.counters = recount::counters(run.c)?.into_iter().collect();
    let counters = run.names.counters.len() as u64;
    run.found.read("counter", counters);
    mappings(run)?;
    scopes(run)?;
    slots(run)?;
    revisions(run)?;
    jobs(run)?;
    feeds(run)
}

fn mappings(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&MAPPINGS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("id={}", row.id);
        let is_rows = row.id == run.hub.row_mapping;
        if is_rows != (row.name == "row") || !is_rows && !row.name.contains('/') {
            run.found.unknown("mapping", key, "name", &row.name);
        }
        match run.plan(row.id) {
            Some((_, plan)) if plan.mapping.name() != row.name => {
                run.found.differs("mapping", key, "name", row.name.as_str(), plan.mapping.name());
            }
            Some((_, plan)) if plan.plan.dataset.code != row.dataset => {
                run.found.differs("mapping", key, "dataset", &row.dataset, &plan.plan.dataset.code);
            }
            _ if is_rows != row.dataset.is_empty() => run.found.unknown("mapping", key, "dataset", &row.dataset),
            _ => note_dataset(run, "mapping", key, &row.dataset),
        }
        run.names.mappings.insert(row.id, row);
    }
    Ok(())
}

/// A dataset that the schema does not have is no damage: the schema can be changed. Its records cannot be judged.
fn note_dataset(run: &mut Run<'_>, table: &'static str, key: std::fmt::Arguments<'_>, dataset: &str) {
    if !dataset.is_empty() && run.hub.schema.dataset(dataset).is_none() {
        run.found.note(
            table,
            key,
            format!("数据集 {dataset} 已不在标准中，其记录的正文、索引和引用无法重新核算"),
            format!("dataset {dataset} is no longer in the schema; its bodies, index and references were not judged"),
        );
    }
}

fn scopes(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&SCOPES);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("id={}", row.id);
        if row.system.is_empty() {
            run.found.unknown("scope", key, "system", &row.system);
        }
        let of_hub = run.hub.jobs.iter().find_map(|j| {
            let plan = j.mappings.iter().find(|m| m.scope == row.id);
            let named = plan.map(|m| (m.plan.dataset.code.as_str(), m.mapping.identity_space()));
            let named = named.or_else(|| (j.row_scope == row.id).then_some(("", "")))?;
            Some([
                ("system", &row.system, j.system.as_str()),
                ("dataset", &row.dataset, named.0),
                ("space", &row.space, named.1),
            ])
        });
        for (column, stored, right) in of_hub.iter().flatten().filter(|(_, stored, right)| stored != right) {
            run.found.differs("scope", key, column, stored.as_str(), right);
        }
        note_dataset(run, "scope", key, &row.dataset);
        run.names.scopes.insert(row.id, row);
    }
    Ok(())
}

fn slots(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&SLOTS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("id={}", row.id);
        if (row.id < KEY_SLOTS) != (row.name == "key") {
            run.found.unknown("slot", key, "name", &row.name);
        }
        run.names.slots.insert(row.id, row);
    }
    // The plan was made from these rows: each of its numbers must still stand for the same fields.
    for dataset in run.hub.schema.datasets() {
        let Some(plan) = run.hub.plan.dataset(&dataset.code) else { continue };
        for (slot, fields) in plan.slots() {
            let key = format_args!("id={slot}");
            let names: Vec<&str> = fields.iter().map(|f| dataset.fields[*f].name.as_str()).collect();
            match run.names.slots.get(&slot) {
                None => run.found.add("slot", key, "此编号的行不见了", "the row of this number is gone"),
                Some(row) if row.dataset != dataset.code => {
                    run.found.differs("slot", key, "dataset", row.dataset.as_str(), dataset.code.as_str());
                }
                Some(row) if slot != plan.key_slot && row.name != names.join(",") => {
                    run.found.differs("slot", key, "name", row.name.as_str(), names.join(",").as_str());
                }
                Some(_) => {}
            }
        }
    }
    Ok(())
}

fn revisions(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&REVISIONS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("number={}", row.number);
        run.names.drew("revision", row.number);
        if !run.names.mappings.contains_key(&row.mapping) {
            run.found.dangles("revision", key, "mapping", "mapping");
        }
        if row.digest.len() != 32 {
            run.found.unknown("revision", key, "digest", hex(&row.digest));
        }
        if row.since_us <= 0 {
            run.found.unknown("revision", key, "since_us", row.since_us);
        }
        if row.text.parse::<toml::Table>().is_err() {
            run.found.add("revision", key, "text 不是可读的映射文本", "text is no mapping that can be read");
        } else if let Some(plan) = run.plan_of_revision(row.mapping, row.number) {
            present_revision(run, key, &row, plan);
        }
        run.names.revisions.insert(row.number, row.mapping);
    }
    for job in &run.hub.jobs {
        for plan in job.mappings.iter().filter(|m| run.names.revisions.get(&m.revision) != Some(&m.number)) {
            let key = format_args!("number={}", plan.revision);
            let name = plan.mapping.name();
            run.found.add(
                "revision",
                key,
                format!("映射 {name} 当前版次的行不见了或属于别的映射"),
                format!("the row of the present revision of {name} is gone or belongs to another mapping"),
            );
        }
    }
    Ok(())
}

/// The revision that holds today: its digest is the loaded mapping's, and so is its text's.
fn present_revision(run: &mut Run<'_>, key: std::fmt::Arguments<'_>, row: &RevisionRow, plan: &MappingPlan) {
    let mapping = &plan.mapping;
    if row.digest != mapping.digest() {
        return run.found.differs("revision", key, "digest", hex(&row.digest), hex(&mapping.digest()));
    }
    let digest_of = |text: &str| {
        let loaded = crate::pipeline::open::load_mapping(mapping.name(), mapping.file(), text, &run.hub.schema);
        loaded.ok().map(|m| m.digest())
    };
    // What lies beside the mapping goes into the digest too, so the files must still be as they were loaded.
    let on_disk = std::fs::read_to_string(mapping.file()).ok().and_then(|text| digest_of(&text));
    if on_disk == Some(mapping.digest()) && digest_of(&row.text) != on_disk {
        run.found.add("revision", key, "text 与其摘要不符", "text is not what the digest is of");
    }
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |text, byte| text + &format!("{byte:02x}"))
}

fn jobs(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&JOBS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("id={}", row.id);
        let of_hub = run.hub.jobs.iter().find(|j| j.id == row.id).map(|j| j.name.as_str());
        match of_hub {
            Some(name) if name != row.name => run.found.differs("job", key, "name", row.name.as_str(), name),
            None if !row.name.contains('/') => run.found.unknown("job", key, "name", &row.name),
            _ => {}
        }
        if !matches!(row.paused, 0 | 1) {
            run.found.unknown("job", key, "paused", row.paused);
        }
        if row.due_us < 0 {
            run.found.unknown("job", key, "due_us", row.due_us);
        }
        run.names.jobs.insert(row.id, row.name);
    }
    Ok(())
}

fn feeds(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&FEEDS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("id={}", row.id);
        if !matches!(row.state.as_str(), "walking" | "on" | "paused") {
            run.found.unknown("feed", key, "state", &row.state);
        }
        let is_place = |walked: &str| {
            walked.split_once('/').is_some_and(|(dataset, record)| !dataset.is_empty() && record.parse::<i64>().is_ok())
        };
        if !row.walked.is_empty() && (row.state == "on" || !is_place(&row.walked)) {
            run.found.unknown("feed", key, "walked", &row.walked);
        }
        if row.tries < 0 || row.rest_until_us < 0 {
            run.found.unknown("feed", key, "tries", row.tries);
        }
        match run.feed(row.id) {
            Some(feed) => {
                let mut selection: Vec<&str> =
                    feed.datasets.iter().chain(&feed.systems).flatten().map(String::as_str).collect();
                selection.sort_unstable();
                let selection = selection.join(" ");
                if feed.name != row.name {
                    run.found.differs("feed", key, "name", &row.name, &feed.name);
                } else if selection != row.selection {
                    run.found.differs("feed", key, "selection", &row.selection, &selection);
                }
            }
            None => run.found.note(
                "feed",
                key,
                format!("订阅 {} 已不在配置中，无法判断它应得哪些记录", row.name),
                format!("feed {} is no longer configured, so what it is owed was not judged", row.name),
            ),
        }
        run.names.feeds.insert(row.id, row);
    }
    Ok(())
}

/// The counters, once everything that was drawn has been met: none lies below a number that it gave.
pub(super) fn counters(run: &mut Run<'_>) {
    const NUMBERS: [&str; 7] = ["batch", "record", "request", "revision", "run", "file", "epoch"];
    for (name, value) in &run.names.counters {
        let is_serial =
            name.split('/').count() == 3 && name.rsplit('/').next().is_some_and(crate::schema::identifier::real_date);
        if !NUMBERS.contains(&name.as_str()) && !is_serial {
            run.found.unknown("counter", format_args!("name={name}"), "name", name);
        }
        if *value <= 0 {
            run.found.unknown("counter", format_args!("name={name}"), "value", value);
        }
    }
    for (name, drawn) in std::mem::take(&mut run.names.drawn) {
        let value = run.names.counters.get(name).copied().unwrap_or_default();
        if value < drawn {
            run.found.add(
                "counter",
                format_args!("name={name}"),
                format!("计数器为 {value}，但编号 {drawn} 已经用过，今后会重复"),
                format!("it stands at {value}, but number {drawn} is in use already and would be drawn again"),
            );
        }
    }
}
