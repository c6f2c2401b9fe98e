//! Putting the hub together: mappings compiled, numbers looked up, the store opened. All mistakes of all mappings are
//! told at once, before anything is opened.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64};
use std::sync::{Arc, Mutex};

use tokio::sync::Notify;

use super::plan::Plan;
use super::{FeedPlan, Hub, JobPlan, MappingPlan, Wake, subscribe};
use crate::config::{Config, Job};
use crate::diagnostic::{Diagnostic, io_words, nearest, say};
use crate::fault::fault;
use crate::mapping::{self, Mapping};
use crate::queue::Queue;
use crate::schema::{Dataset, FieldId, Schema};
use crate::store::{self, Db, Priority, ScopeName, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Configuration, mappings or schema are wrong.
    #[error("{} mistakes in configuration and mappings", .0.len())]
    Mistakes(Vec<Diagnostic>),
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The mappings of a job, compiled, in the order of their datasets' depth.
/// Each with its file's text, which its revision keeps.
pub type JobMappings = HashMap<String, Vec<(Mapping, String)>>;

/// Loads every mapping that a job names. A name is a path below `mappings/from/`, without its ending.
pub fn load_mappings(config: &Config, schema: &Schema) -> Result<JobMappings, Vec<Diagnostic>> {
    let from = config.mappings_path().join("from");
    let (mut jobs, mut mistakes, mut told) = (JobMappings::new(), Vec::new(), HashSet::new());
    for (system, job) in config.jobs() {
        let mut own = Vec::new();
        for name in &job.mappings {
            let file = from.join(format!("{}.toml", name.as_str()));
            let loaded = match std::fs::read_to_string(&file) {
                Ok(text) => load_mapping(name.as_str(), &file, &text, schema).map(|mapping| (mapping, text)),
                Err(error) if error.kind() == ErrorKind::NotFound => Err(vec![unknown_mapping(system, name, &from)]),
                Err(error) => Err(vec![unreadable(&file, &error)]),
            };
            match loaded {
                Ok(loaded) => own.push(loaded),
                // A mapping that two jobs use is told once.
                Err(more) => mistakes.extend(more.into_iter().filter(|d| told.insert(d.render(Default::default())))),
            }
        }
        own.sort_by_key(|(m, _)| (m.dataset().depth, m.dataset().code.clone()));
        jobs.insert(job.name.as_str().to_owned(), own);
    }
    let of_job = |job: &Job| jobs.get(job.name.as_str()).into_iter().flatten().map(|(m, _)| m).collect();
    mistakes.extend(shared_pictures(config, of_job));
    if mistakes.is_empty() { Ok(jobs) } else { Err(mistakes) }
}

/// Jobs that take what they no longer see for deleted, though another job fills the same records.
pub fn shared_pictures<'a>(config: &Config, mappings: impl Fn(&Job) -> Vec<&'a Mapping>) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for system in &config.systems {
        let mut filled: BTreeMap<(&str, &str), Vec<&Job>> = BTreeMap::new();
        for job in &system.jobs {
            let own: BTreeSet<(&str, &str)> =
                mappings(job).into_iter().map(|m| (m.dataset().code.as_str(), m.identity_space())).collect();
            own.into_iter().for_each(|space| filled.entry(space).or_default().push(job));
        }
        for ((dataset, _), jobs) in filled.into_iter().filter(|(_, jobs)| jobs.len() > 1) {
            let Some(job) = jobs.iter().find(|job| job.snapshot.picture().is_some()) else { continue };
            let names = jobs.iter().map(|job| job.name.as_str()).collect::<Vec<_>>().join(", ");
            let what = say(
                format!("任务 {} 把没有出现的 {dataset} 视为已删除，但这些记录由 {names} 共同写入", job.name.as_str()),
                format!(
                    "job {} takes every {dataset} that it does not see for deleted, and {names} all fill these records",
                    job.name.as_str()
                ),
            );
            let hint = say(
                "为每个任务的映射写各自的 identity_space，或去掉 snapshot",
                "give the mappings of each job an `identity_space` of their own, or leave `snapshot` out",
            );
            found.push(system.at(job.name.offset(), what, hint));
        }
    }
    found
}

/// Loads one mapping file, with the `common.toml` beside it.
pub fn load_mapping(name: &str, file: &Path, text: &str, schema: &Schema) -> Result<Mapping, Vec<Diagnostic>> {
    let common = file.with_file_name("common.toml");
    let common_text = match std::fs::read_to_string(&common) {
        Ok(text) => Some(text),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(vec![unreadable(&common, &error)]),
    };
    mapping::load(name, file, text, common_text.as_deref().map(|text| (common.as_path(), text)), schema)
}

/// A file that should say how rows are mapped, and cannot be read.
pub fn unreadable(file: &Path, error: &std::io::Error) -> Diagnostic {
    let why = io_words(error);
    let hint = match error.kind() {
        ErrorKind::InvalidData => say("请将文件另存为 UTF-8", "save the file as UTF-8"),
        _ => say("请检查运行账户是否可读", "check that this account may read it"),
    };
    let message = say(format!("无法读取映射：{}", why.zh), format!("the mapping cannot be read: {}", why.en));
    Diagnostic::whole(file, message, hint)
}

/// A job names a mapping that is not there.
pub fn unknown_mapping(system: &crate::config::System, name: &crate::config::At<String>, from: &Path) -> Diagnostic {
    let known = mapping_names(from);
    let near = nearest(name.as_str(), known.iter().map(String::as_str));
    let hint = match near {
        Some(near) => say(format!("是否想写 `{near}`？"), format!("did you mean `{near}`?")),
        None => say(
            format!("请建立 {}/{}.toml", from.display(), name.as_str()),
            format!("create {}/{}.toml", from.display(), name.as_str()),
        ),
    };
    let what = say(format!("没有名为 `{}` 的映射", name.as_str()), format!("there is no mapping `{}`", name.as_str()));
    system.at(name.offset(), what, hint)
}

/// Names of all mappings below a directory, for hints and for `mapping test`.
pub fn mapping_names(from: &Path) -> Vec<String> {
    let mut names = Vec::new();
    let Ok(systems) = std::fs::read_dir(from) else { return names };
    for system in systems.filter_map(Result::ok) {
        let Ok(files) = std::fs::read_dir(system.path()) else { continue };
        for file in files.filter_map(Result::ok).map(|f| f.path()) {
            let is_mapping = file.extension().is_some_and(|e| e == "toml") && !file.ends_with("common.toml");
            if let (true, Some(stem)) = (is_mapping, file.file_stem()) {
                names.push(format!("{}/{}", system.file_name().to_string_lossy(), stem.to_string_lossy()));
            }
        }
    }
    names.sort();
    names
}

impl Hub {
    /// Opens the store and gives every name its number.
    pub async fn open(config: Config, schema: Arc<Schema>) -> Result<Self, OpenError> {
        let mappings = load_mappings(&config, &schema).map_err(OpenError::Mistakes)?;
        let db = Db::open(&config.store_path())?;
        Self::with_store(config, schema, mappings, db).await
    }

    /// The same over a store that is open already.
    pub async fn with_store(
        config: Config,
        schema: Arc<Schema>,
        mut mappings: JobMappings,
        db: Db,
    ) -> Result<Self, OpenError> {
        let mut tx = db.begin(Priority::Settle).await?;
        let lookups: Vec<(Arc<Dataset>, Vec<FieldId>)> = mappings
            .values()
            .flatten()
            .flat_map(|(m, _)| m.lookups().iter().map(|l| (l.dataset.clone(), l.fields.clone())))
            .collect();
        let plan = Plan::make(&mut tx, schema.datasets(), &lookups).await?;
        let row_mapping = store::mapping_number(&mut tx, "row".into(), String::new()).await?;
        let epoch = store::counter_draw(&mut tx, "epoch", 1).await?;
        let mut jobs = Vec::new();
        for (system, job) in config.jobs() {
            let own = mappings.remove(job.name.as_str()).unwrap_or_default();
            let plan = job_plan(&mut tx, &plan, system.name.as_str(), job, own).await?;
            jobs.push(Arc::new(plan));
        }
        let (mut feeds, mut mistakes) = (Vec::new(), Vec::new());
        for (system, feed) in config.feeds() {
            match feed_plan(&mut tx, &config, &schema, system, feed).await? {
                Ok(plan) => feeds.push(Arc::new(plan)),
                Err(mistake) => mistakes.push(mistake),
            }
        }
        if !mistakes.is_empty() {
            return Err(OpenError::Mistakes(mistakes));
        }
        let configured: Vec<&str> = config.feeds().map(|(_, f)| f.name.as_str()).collect();
        store::feed_away(&mut tx, &configured).await?;
        store::run_interrupted(&mut tx, store::now_us()).await?;
        store::seen_clear(&mut tx).await?;
        fault!("open.named");
        tx.commit().await?;
        fault!("open.kept");
        let node = format!("{}", std::process::id());
        let (queue, wake, swept_to) = (Queue, Wake::default(), Mutex::new(super::release::FIRST));
        Ok(Self { config, db, queue, schema, plan, jobs, feeds, node, epoch, row_mapping, wake, swept_to })
    }
}

async fn job_plan(
    tx: &mut store::Tx,
    plan: &Plan,
    system: &str,
    job: &Job,
    own: Vec<(Mapping, String)>,
) -> store::Result<JobPlan> {
    let mut plans = Vec::with_capacity(own.len());
    for (mapping, text) in own {
        let dataset = mapping.dataset().clone();
        let number = store::mapping_number(tx, mapping.name().to_owned(), dataset.code.clone()).await?;
        let revision = store::revision_number(tx, number, mapping.digest(), text).await?;
        let scope = store::scope_number(
            tx,
            ScopeName {
                dataset: dataset.code.clone(),
                system: system.to_owned(),
                space: mapping.identity_space().to_owned(),
            },
        )
        .await?;
        let lookup_slots =
            mapping.lookups().iter().map(|l| plan.lookup_slot(&l.dataset, &l.fields)).collect::<Option<Vec<i64>>>();
        let (Some(dataset_plan), Some(lookup_slots)) = (plan.dataset(&dataset.code).cloned(), lookup_slots) else {
            return Err(StoreError::Impossible(format!("mapping {} asks for what no slot was given", mapping.name())));
        };
        plans.push(MappingPlan { mapping, number, revision, scope, plan: dataset_plan, lookup_slots });
    }
    // Mappings of one scope stand side by side, so that they are decided together.
    plans.sort_by_key(|p| (p.plan.dataset.depth, p.scope, p.number));
    let row_scope =
        store::scope_number(tx, ScopeName { dataset: String::new(), system: system.to_owned(), space: String::new() })
            .await?;
    let is_new = !store::job_known(tx, job.name.as_str()).await?;
    let row = store::job_get(tx, job.name.as_str()).await?;
    if is_new && job.paused {
        store::job_pause(tx, row.id, true, "").await?;
    }
    Ok(JobPlan {
        name: job.name.as_str().to_owned(),
        id: row.id,
        system: system.to_owned(),
        mappings: plans,
        row_scope,
        picture: job.snapshot.picture(),
        vanished_share: job.vanished_share.0,
        turn: Arc::default(),
    })
}

async fn feed_plan(
    tx: &mut store::Tx,
    config: &Config,
    schema: &Schema,
    system: &crate::config::System,
    feed: &crate::config::Feed,
) -> store::Result<Result<FeedPlan, Diagnostic>> {
    let mut codes = HashSet::new();
    for named in &feed.datasets.named {
        match schema.dataset(named.as_str()) {
            Some(dataset) => codes.insert(dataset.code.clone()),
            None => return Ok(Err(unknown_dataset(system, named, schema))),
        };
    }
    let systems: HashSet<String> = feed.from_systems.iter().map(|s| s.as_str().to_owned()).collect();
    let mut selection: Vec<&str> = codes.iter().chain(&systems).map(String::as_str).collect();
    selection.sort_unstable();
    let selection = selection.join(" ");
    let is_new = !store::feed_known(tx, feed.name.as_str()).await?;
    let row = store::feed_get(tx, feed.name.as_str(), &selection).await?;
    if is_new && feed.paused || row.state == "paused" && row.selection != selection {
        // Once it is resumed it is walked from the beginning.
        store::feed_walked(tx, row.id, "paused", subscribe::WALK_BEGINS, &selection).await?;
    } else if row.selection != selection {
        // What the feed selects now may be stored already.
        store::feed_walked(tx, row.id, "walking", "", &selection).await?;
    }
    let sink = match feed.to.open(&config.base) {
        Ok(sink) => sink,
        Err(error) => return Ok(Err(system.at(feed.to.offset(), error.message, error.hint))),
    };
    Ok(Ok(FeedPlan {
        name: feed.name.as_str().to_owned(),
        id: row.id,
        system: system.name.as_str().to_owned(),
        datasets: (!feed.datasets.all).then_some(codes),
        systems: (!systems.is_empty()).then_some(systems),
        sink,
        wake: Notify::new(),
        in_flight: Mutex::default(),
        unblocks: AtomicBool::new(false),
        unblocks_us: AtomicI64::new(0),
        swept_to: AtomicI64::new(0),
        steps: AtomicU64::new(0),
    }))
}

/// A feed names a dataset that the schema does not have.
pub fn unknown_dataset(
    system: &crate::config::System,
    named: &crate::config::At<String>,
    schema: &Schema,
) -> Diagnostic {
    let near = nearest(named.as_str(), schema.datasets().iter().map(|d| d.code.as_str()));
    let hint = match near {
        Some(near) => say(format!("是否想写 `{near}`？"), format!("did you mean `{near}`?")),
        None => say("`exchange-hub schema list` 列出全部数据集", "`exchange-hub schema list` lists all"),
    };
    let what = say(format!("没有数据集 `{}`", named.as_str()), format!("there is no dataset `{}`", named.as_str()));
    system.at(named.offset(), what, hint)
}
