//! A hub's directory: configuration, schema and mappings of a made-up department, as the seed wants them.

use std::fs;
use std::io::Result;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use fastrand::Rng;

use crate::history::{Dataset, NAME_MAX};

/// What differs between seeds in how the hub is set up.
#[derive(Debug, Clone)]
pub(crate) struct Setup {
    pub(crate) batch_rows_max: usize,
    pub(crate) web_records_max: usize,
    pub(crate) web_concurrency: usize,
    pub(crate) single_concurrency: usize,
    pub(crate) archive_records_max: usize,
    /// Files of this dataset are complete once they are quiet; of the others, once they bear their name.
    pub(crate) stable: Dataset,
    /// Files of this dataset are moved away once their rows are safe.
    pub(crate) moved: Dataset,
    /// What the feed that comes later carries; none: all.
    pub(crate) late: Option<Vec<Dataset>>,
}

/// For how long a file must be quiet, where that is the rule.
pub(crate) const STABLE_MS: u64 = 400;

impl Setup {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        let ordinary = [Dataset::Top, Dataset::Mid, Dataset::Leaf];
        Self {
            batch_rows_max: rng.usize(1..=5),
            web_records_max: rng.usize(1..=8),
            web_concurrency: rng.usize(1..=3),
            single_concurrency: rng.usize(1..=4),
            archive_records_max: rng.usize(1..=20),
            stable: ordinary[rng.usize(0..3)],
            moved: ordinary[rng.usize(0..3)],
            late: [None, Some(vec![Dataset::Mid, Dataset::Leaf]), Some(vec![Dataset::Leaf, Dataset::List])]
                [rng.usize(0..3)]
            .clone(),
        }
    }
}

/// The directory.
#[derive(Debug, Clone)]
pub(crate) struct Site {
    pub(crate) dir: PathBuf,
}

/// Feeds that stand in the configuration from the beginning, and the one that comes later.
pub(crate) const FEEDS: [&str; 4] = ["province/web", "province/single", "province/archive", "late/late"];

impl Site {
    pub(crate) fn make(dir: &Path, setup: &Setup, target: SocketAddr) -> Result<Self> {
        let site = Self { dir: dir.to_owned() };
        site.write(
            "hub.toml",
            "mappings = \"mappings\"\n[store]\npath = \"data/hub.db\"\n[deliver]\nstop_wait_ms = 5000\n",
        )?;
        site.write("systems/dept.toml", &department(setup))?;
        site.write("systems/province.toml", &province(setup, target))?;
        for (n, dataset) in Dataset::ALL.into_iter().enumerate() {
            let file = format!("mappings/schema/other/980{n}-{}.toml", dataset.code());
            site.write(&file, &schema(dataset, n))?;
            site.write(&format!("mappings/from/{}.toml", dataset.mapping()), &mapping(dataset))?;
        }
        fs::create_dir_all(site.path("in"))?;
        Ok(site)
    }

    /// A feed that nobody knew of until now.
    pub(crate) fn add_late(&self, setup: &Setup, target: SocketAddr) -> Result<()> {
        let datasets = match &setup.late {
            None => "\"*\"".to_owned(),
            Some(some) => some.iter().map(|d| format!("\"{}\"", d.code())).collect::<Vec<_>>().join(", "),
        };
        let feed = web_feed("late", &datasets, 5, 2, target);
        self.write("systems/late.toml", &format!("name = \"late\"\nname_zh = \"后来者\"\n{feed}"))
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        fs::write(path, text)
    }
}

fn department(setup: &Setup) -> String {
    let mut text = "name = \"dept\"\nname_zh = \"某部门\"\n".to_owned();
    for dataset in Dataset::ALL {
        let word = dataset.word();
        let stable_ms = if dataset == setup.stable { STABLE_MS } else { 0 };
        let snapshot = if dataset == Dataset::List { "snapshot = \"last\"\nvanished_share = 1.0\n" } else { "" };
        let after = if dataset == setup.moved { "after = { archive = \"done\" }\n" } else { "" };
        text += &format!(
            "\n[[job]]\nname = \"{word}\"\nschedule = \"every 1s\"\nmappings = [\"{}\"]\n{snapshot}\
             [job.from.files]\npath = \"in\"\npattern = \"{word}-*.csv\"\nready = {{ stable_ms = {stable_ms} }}\n\
             {after}batch_rows_max = {}\nformat.csv = {{ encoding = \"utf-8\" }}\n",
            dataset.mapping(),
            setup.batch_rows_max,
        );
    }
    text
}

const RETRY: &str = "retry = { first_ms = 20, max_ms = 200, factor = 2.0, jitter = 0.2 }\n";

fn province(setup: &Setup, target: SocketAddr) -> String {
    let web = web_feed("web", "\"*\"", setup.web_records_max, setup.web_concurrency, target);
    format!(
        "name = \"province\"\nname_zh = \"省平台\"\n{web}\
         \n[[feed]]\nname = \"single\"\ndatasets = [\"*\"]\nconcurrency = {}\n{RETRY}\
         [feed.to.web]\nurl = \"http://{target}/single\"\ntimeout_ms = 400\n\
         \n[[feed]]\nname = \"archive\"\ndatasets = [\"*\"]\nform = \"ndjson\"\nbatch_records_max = {}\n{RETRY}\
         [feed.to.files]\npath = \"out\"\ncreate = true\n",
        setup.single_concurrency, setup.archive_records_max,
    )
}

/// A feed whose target answers record by record.
fn web_feed(name: &str, datasets: &str, records_max: usize, concurrency: usize, target: SocketAddr) -> String {
    format!(
        "\n[[feed]]\nname = \"{name}\"\ndatasets = [{datasets}]\nform = \"json\"\nbatch_records_max = {records_max}\n\
         concurrency = {concurrency}\n{RETRY}\
         [feed.results]\nlist = \"/results\"\nkey = \"/key\"\ncode = \"/code\"\nwhy = \"/why\"\n\
         classes = {{ accepted = \"accepted\", duplicate = \"duplicate\", rejected = \"rejected\" }}\n\
         [feed.to.web]\nurl = \"http://{target}/{name}\"\ntimeout_ms = 400\n"
    )
}

fn schema(dataset: Dataset, n: usize) -> String {
    let code = dataset.code();
    let field = |name: &str, length: usize, required: bool| {
        format!(
            "\n[[field]]\nname = \"{name}\"\nzh = \"{name}\"\nen = \"{name}\"\ntype = \"text\"\n\
             length_max = {length}\nrequired = {required}\n"
        )
    };
    let parent = dataset.parent().map_or_else(String::new, |parent| {
        format!(
            "\n[[parent]]\ndataset = \"{}\"\nfields = {{ PARENT = \"CODE\" }}\nrequired = true\nsource = \"torture\"\n",
            parent.code()
        )
    });
    let depth = match dataset {
        Dataset::Top | Dataset::List => 0,
        Dataset::Mid => 1,
        Dataset::Leaf => 2,
    };
    let mut text = format!(
        "number = \"980{n}\"\ncode = \"{code}\"\nname_zh = \"{code}\"\nname_en = \"{code}\"\nbusiness = \"other\"\n\
         depth = {depth}\nconfidence = \"high\"\nsource = \"torture\"\nkey = [\"CODE\"]\n{parent}"
    );
    text += &field("CODE", 40, true);
    if dataset.parent().is_some() {
        text += &field("PARENT", 40, true);
    }
    text += &field("SRC", 40, true);
    text += &field("NAME", NAME_MAX, true);
    text
}

fn mapping(dataset: Dataset) -> String {
    let more = match dataset {
        Dataset::List => "",
        _ => "version = { from = \"V\", as = \"integer\" }\nwithdraw_when = { DEL = [\"1\"] }\n",
    };
    let parent = if dataset.parent().is_some() { "PARENT = \"PARENT\"\n" } else { "" };
    format!(
        "dataset = \"{}\"\nidentity = [\"ID\"]\n{more}[fields]\nCODE = \"CODE\"\n{parent}SRC = \"ID\"\nNAME = \"NAME\"\n",
        dataset.code()
    )
}
