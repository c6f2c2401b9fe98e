//! A hub in a directory of its own, for tests of the stages: two small datasets (`MUM`, and `KID` with a required
//! parent and an optional one), one system that drops CSV files, and targets that remember.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use exchange_hub::config::Config;
use exchange_hub::diagnostic::Lang;
use exchange_hub::pipeline::verify::verify;
use exchange_hub::pipeline::{Hub, work};
use exchange_hub::schema::{Reason, Schema};
use exchange_hub::store;

/// The directory; gone with the test.
pub(crate) struct Site {
    pub(crate) dir: tempfile::TempDir,
}

const MUM: &str = r#"
number = "9901"
code = "MUM"
name_zh = "上级"
name_en = "parent of the tests"
business = "other"
depth = 0
confidence = "high"
source = "tests"
key = ["CODE"]

[[field]]
name = "CODE"
zh = "编号"
en = "code"
type = "text"
length_max = 20
required = true
search = true

[[field]]
name = "NAME"
zh = "名称"
en = "name"
type = "text"
length_max = 20
required = true
"#;

const KID: &str = r#"
number = "9902"
code = "KID"
name_zh = "下级"
name_en = "child of the tests"
business = "other"
depth = 1
confidence = "high"
source = "tests"
key = ["CODE"]

[[parent]]
dataset = "MUM"
fields = { MUM_CODE = "CODE" }
required = true
source = "tests"

[[field]]
name = "CODE"
zh = "编号"
en = "code"
type = "text"
length_max = 20
required = true
search = true

[[field]]
name = "MUM_CODE"
zh = "上级编号"
en = "parent's code"
type = "text"
length_max = 20
required = true

[[field]]
name = "NAME"
zh = "名称"
en = "name"
type = "text"
length_max = 20
"#;

const MUM_MAPPING: &str = r#"
dataset = "MUM"
identity = ["ID"]
version = { from = "V", as = "integer" }
withdraw_when = { DEL = ["1"] }
[fields]
CODE = "CODE"
NAME = "NAME"
"#;

const KID_MAPPING: &str = r#"
dataset = "KID"
identity = ["ID"]
version = { from = "V", as = "integer" }
withdraw_when = { DEL = ["1"] }
[fields]
CODE = "CODE"
MUM_CODE = "MUM"
NAME = "NAME"
"#;

const DEPARTMENT: &str = r#"
name = "dept"
name_zh = "某部门"

[[job]]
name = "mums"
mappings = ["dept/mum"]
[job.from.files]
path = "in"
pattern = "mum*.csv"
ready = { stable_ms = 0 }
format.csv = { encoding = "utf-8" }

[[job]]
name = "kids"
mappings = ["dept/kid"]
[job.from.files]
path = "in"
pattern = "kid*.csv"
ready = { stable_ms = 0 }
format.csv = { encoding = "utf-8" }
"#;

const PROVINCE: &str = r#"
name = "province"
name_zh = "省平台"

[[feed]]
name = "out"
datasets = ["*"]
form = "ndjson"
batch_records_max = 100
[feed.to.files]
path = "out"
"#;

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self { dir: tempfile::tempdir().unwrap() };
        site.write("hub.toml", "mappings = \"mappings\"\n[store]\npath = \"data/hub.db\"\n");
        site.write("systems/dept.toml", DEPARTMENT);
        site.province();
        site.write("mappings/schema/other/9901-MUM.toml", MUM);
        site.write("mappings/schema/other/9902-KID.toml", KID);
        site.write("mappings/from/dept/mum.toml", MUM_MAPPING);
        site.write("mappings/from/dept/kid.toml", KID_MAPPING);
        std::fs::create_dir_all(site.path("in")).unwrap();
        std::fs::create_dir_all(site.path("out")).unwrap();
        site
    }

    /// The target that is a directory.
    pub(crate) fn province(&self) {
        self.write("systems/province.toml", PROVINCE);
    }

    /// The job `mums` reads whole snapshots: `all` files together, or the `last`.
    pub(crate) fn snapshot(&self, which: &str, more: &str) {
        let job = format!("name = \"mums\"\nsnapshot = \"{which}\"\n{more}");
        self.write("systems/dept.toml", &DEPARTMENT.replace("name = \"mums\"", &job));
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) async fn open(&self) -> Arc<Hub> {
        let config = Config::load(&self.path("hub.toml")).unwrap();
        let schema = Arc::new(Schema::load(config.overriding().as_deref()).unwrap());
        Arc::new(Hub::open(config, schema).await.unwrap())
    }

    /// Each job once, everything delivered; returns what failed and the books.
    pub(crate) async fn once(&self) -> String {
        let hub = self.open().await;
        let once = work::once(hub.clone(), &|_, _| {}).await.unwrap();
        let failed = once.jobs.iter().filter_map(|(job, r)| r.as_ref().err().map(|e| format!("{job}: {e}")));
        let failed: Vec<String> = failed.collect();
        format!("{}{}", failed.iter().map(|f| format!("{f}\n")).collect::<String>(), books(&hub).await)
    }

    /// One job once more over files that were taken before.
    pub(crate) async fn again(&self, job: &str) -> String {
        let hub = self.open().await;
        work::job_once(hub.clone(), job, true, &|_| {}).await.unwrap().unwrap().unwrap();
        books(&hub).await
    }

    /// Open items: mapping, state, how often seen, reasons.
    pub(crate) async fn open_items(&self) -> String {
        const OPEN: &str = "select m.name, i.state, i.seen, i.reasons from item i join mapping m on m.id = i.mapping
            where i.state in ('waiting', 'quarantined') order by i.position, i.mapping, i.element";
        let hub = self.open().await;
        let found = hub.db.read(|c| {
            c.rows(OPEN, [], |r| {
                Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, i64>(2)?, r.get::<_, String>(3)?))
            })
        });
        let line = |(mapping, state, seen, reasons): (String, String, i64, String)| {
            let reasons: Vec<Reason> = serde_json::from_str(&reasons).unwrap();
            let reasons: Vec<String> = reasons.iter().map(|r| r.render(Lang::En)).collect();
            format!("{mapping} {state} x{seen}: {}", reasons.join(" | "))
        };
        let lines: Vec<String> = found.await.unwrap().into_iter().map(line).collect();
        lines.join("\n")
    }

    /// A recount of all tables finds nothing.
    pub(crate) async fn verified(&self) {
        let verified = verify(&self.open().await, |_| {}).await.unwrap();
        let told: Vec<String> = verified.findings.iter().map(|f| f.render(Lang::En)).collect();
        assert!(told.is_empty(), "{}", told.join("\n"));
    }

    /// What the files feed wrote, in order: `dataset operation key-fields`.
    pub(crate) fn sent(&self) -> String {
        let mut files: Vec<PathBuf> = list(&self.path("out"));
        files.sort();
        let mut out = Vec::new();
        for file in files {
            for line in std::fs::read_to_string(file).unwrap().lines() {
                let json: serde_json::Value = serde_json::from_str(line).unwrap();
                out.push(format!(
                    "{} {} {} {}",
                    json["dataset"].as_str().unwrap(),
                    json["operation"].as_str().unwrap(),
                    json["record"]["CODE"].as_str().unwrap_or("-"),
                    json["record"]["NAME"].as_str().unwrap_or("-"),
                ));
            }
        }
        out.join("\n")
    }
}

fn list(path: &Path) -> Vec<PathBuf> {
    std::fs::read_dir(path).unwrap().map(|e| e.unwrap().path()).collect()
}

/// The books, a line a mapping and feed; they must balance.
pub(crate) async fn books(hub: &Hub) -> String {
    let books = hub.db.read(|c| store::books(c, 0, i64::MAX)).await.unwrap();
    let mut lines = Vec::new();
    for m in &books.mappings {
        let counts: Vec<String> = store::Outcome::ALL
            .iter()
            .filter(|o| m.outcomes.get(**o) > 0)
            .map(|o| format!("{} {}", o.name(), m.outcomes.get(*o)))
            .collect();
        lines.push(format!("{}: {} items, {}", m.mapping, m.items, counts.join(", ")));
    }
    for f in &books.feeds {
        let states = [
            ("up to date", f.up_to_date),
            ("due", f.due),
            ("blocked", f.blocked),
            ("unknown", f.unknown),
            ("rejected", f.rejected),
            ("withheld", f.withheld),
        ];
        let states: Vec<String> = states.iter().filter(|(_, n)| *n > 0).map(|(s, n)| format!("{s} {n}")).collect();
        lines.push(format!("{}: {} owed, {}", f.feed, f.owed, states.join(", ")));
    }
    assert!(books.balanced, "the books do not balance: {lines:#?}");
    lines.join("\n")
}
