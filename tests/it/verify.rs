//! `books --verify`: nothing is found in a store that nobody touched, and a row spoiled by hand is named, whichever its
//! table. The store is a real one: a small hub that ran several times, with everything in it that can stay open.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use exchange_hub::diagnostic::Lang;
use exchange_hub::pipeline::Hub;
use exchange_hub::pipeline::verify::{TABLES, Verified, verify};
use rusqlite::Connection;

use crate::kit::Site;

const FIELD: &str = "type = \"text\"\nlength_max = 60";

/// A dataset of text fields, whose key is CODE.
fn dataset(number: u32, code: &str, depth: u32, parent: &str, fields: &[(&str, &str)]) -> String {
    let mut text = format!(
        "number = \"{number}\"\ncode = \"{code}\"\nname_zh = \"{code}\"\nname_en = \"{code}\"\nbusiness = \"other\"
depth = {depth}\nconfidence = \"high\"\nsource = \"tests\"\nkey = [\"CODE\"]\n{parent}\n"
    );
    for (name, more) in fields {
        let kind = if more.contains("type =") { "" } else { FIELD };
        text += &format!("[[field]]\nname = \"{name}\"\nzh = \"{name}\"\nen = \"{name}\"\n{kind}\n{more}\n");
    }
    text
}

const OF_MUM: &str =
    "[[parent]]\ndataset = \"MUM\"\nfields = { MUM_CODE = \"CODE\" }\nrequired = true\nsource = \"tests\"\n";
const OF_KID: &str =
    "[[parent]]\ndataset = \"KID\"\nfields = { KID_CODE = \"CODE\" }\nrequired = true\nsource = \"tests\"\n";

const KID_MAPPING: &str = r#"
dataset = "KID"
identity = ["ID"]
version = { from = "V", as = "integer" }
withdraw_when = { DEL = ["1"] }
[fields]
CODE = "CODE"
MUM_CODE = "MUM"
NAME = "NAME"
MUM_NAME = { lookup = "MUM", where = { CODE = "MUM" }, take = "NAME" }
DEAL_CODE = { assign = "unified-deal-code", class = "A01", platform = { const = "12320200466372674G" }, by = "CODE" }
MADE = { stamp = "version" }
"#;

const TOY_MAPPING: &str = r#"
dataset = "TOY"
identity = ["ID", "TOYS"]
version = { from = "V", as = "integer" }
each = { split = { TOYS = ";" }, complete = true }
[fields]
CODE = { concat = ["CODE", "TOYS"], separator = "-" }
KID_CODE = "CODE"
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
mappings = ["dept/kid", "dept/toy"]
[job.from.files]
path = "in"
pattern = "kid*.csv"
ready = { stable_ms = 0 }
format.csv = { encoding = "utf-8" }
"#;

/// A target that refuses one name and loses its answer for another.
async fn region() -> String {
    async fn take(body: String) -> (StatusCode, &'static str) {
        match body {
            body if body.contains("Refused") => (StatusCode::UNPROCESSABLE_ENTITY, "we do not take this"),
            body if body.contains("Lost") => (StatusCode::INTERNAL_SERVER_ERROR, "?"),
            _ => (StatusCode::OK, "{}"),
        }
    }
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/", post(take))).await.unwrap() });
    url
}

/// A hub that has run several times: something waits, something is quarantined, something was overtaken, withdrawn,
/// taken twice, assigned a code, refused, blocked and lost.
async fn lived_in() -> (Site, Arc<Hub>) {
    let site = Site::new();
    let required = "required = true";
    let key = ("CODE", "required = true\nsearch = true");
    let kid = [
        key,
        ("MUM_CODE", required),
        ("NAME", ""),
        ("MUM_NAME", ""),
        ("DEAL_CODE", required),
        ("MADE", "type = \"datetime\""),
    ];
    site.write("mappings/schema/other/9901-MUM.toml", &dataset(9901, "MUM", 0, "", &[key, ("NAME", required)]));
    site.write("mappings/schema/other/9902-KID.toml", &dataset(9902, "KID", 1, OF_MUM, &kid));
    site.write("mappings/schema/other/9903-TOY.toml", &dataset(9903, "TOY", 2, OF_KID, &[key, ("KID_CODE", required)]));
    site.write("mappings/from/dept/kid.toml", KID_MAPPING);
    site.write("mappings/from/dept/toy.toml", TOY_MAPPING);
    site.write("systems/dept.toml", DEPARTMENT);
    let url = region().await;
    site.write(
        "systems/region.toml",
        &format!(
            "name = \"region\"\nname_zh = \"区平台\"\n[[feed]]\nname = \"in\"\ndatasets = [\"*\"]\n\
             [feed.to.web]\nurl = \"{url}\"\n"
        ),
    );
    site.write(
        "in/mum1.csv",
        "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n2,1,,M2,Moa\n2,0,,M2,older\n3,1,,M3,\n4,1\n5,1,,M1,wants M1\n6,1,,M6,Refused\n",
    );
    site.write(
        "in/kid1.csv",
        "ID,V,DEL,CODE,MUM,NAME,TOYS\n1,1,,K1,M1,Anna,ball;kite\n2,1,,K2,M9,waits,\n3,1,,K3,M6,blocked,\n",
    );
    site.once().await;
    site.write(
        "in/mum2.csv",
        "ID,V,DEL,CODE,NAME\n2,2,1,M2,Moa\n1,2,,M7,Mia moves\n3,2,,M3,named now\n7,1,,M7,wants M7\n",
    );
    site.write("in/mum3.csv", &std::fs::read_to_string(site.path("in/mum1.csv")).unwrap());
    site.write("in/kid2.csv", "ID,V,DEL,CODE,MUM,NAME,TOYS\n1,2,,K1,M1,Anna Maria,kite;doll\n");
    site.once().await;
    site.again("dept/mums").await;
    site.write("in/mum4.csv", "ID,V,DEL,CODE,NAME\n8,1,,M8,Lost\n");
    site.once().await;
    let hub = site.open().await;
    (site, hub)
}

fn english(verified: &Verified) -> Vec<String> {
    verified.findings.iter().map(|f| f.render(Lang::En)).collect()
}

async fn all(hub: &Arc<Hub>) -> Verified {
    verify(hub, |_| {}).await.unwrap()
}

#[tokio::test]
async fn nothing_is_found_in_a_store_that_nobody_touched() {
    let (_site, hub) = lived_in().await;
    let verified = all(&hub).await;
    assert_eq!(english(&verified), Vec::<String>::new());
    assert_eq!(verified.notes, []);
}

/// A second connection that spoils rows, and puts a table back as it was.
struct Spoiler {
    db: Connection,
}

impl Spoiler {
    /// `seen` and the attachments are empty in a store at rest: right rows are put there first.
    fn new(site: &Site) -> Self {
        let db = Connection::open(site.path("data/hub.db")).unwrap();
        db.execute_batch(&format!(
            "insert into attachment values ('{0}', 3, 'application/pdf', 'kept');
             insert into record_attachment values (1, '{0}', 'a.pdf');
             insert into run values (8, 1, 'by hand', 1, null, 'reading', 0, 0, '');
             update counter set value = 8 where name = 'run';
             insert into seen values (8, 1, 'x');
             attach '{1}' as good",
            "ab".repeat(32),
            site.path("good.db").display()
        ))
        .unwrap();
        for table in tables(&db) {
            db.execute_batch(&format!("create table good.{table} as select * from main.{table}")).unwrap();
        }
        Self { db }
    }

    fn spoil(&self, sql: &str) -> usize {
        self.db.execute(sql, []).unwrap_or_default()
    }

    fn mend(&self, table: &str) {
        let columns = columns(&self.db, table).into_iter().map(|(name, _)| name).collect::<Vec<_>>().join(", ");
        self.db
            .execute_batch(&format!(
                "begin; delete from main.{table}; insert into main.{table} ({columns}) select {columns} from good.{table}; commit"
            ))
            .unwrap();
    }
}

fn tables(db: &Connection) -> Vec<String> {
    let sql = "select name from main.sqlite_master where type = 'table' and name not like 'sqlite_%' order by name";
    let mut found = db.prepare(sql).unwrap();
    found.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect()
}

/// Names and types.
fn columns(db: &Connection, table: &str) -> Vec<(String, String)> {
    let mut found = db.prepare(&format!("select name, type from pragma_table_info('{table}', 'main')")).unwrap();
    found.query_map([], |r| Ok((r.get(0)?, r.get(1)?))).unwrap().map(Result::unwrap).collect()
}

/// The columns that a row is found by.
fn key_of(db: &Connection, table: &str) -> String {
    let sql = format!("select name from pragma_table_info('{table}', 'main') where pk > 0 order by pk");
    let mut found = db.prepare(&sql).unwrap();
    let key: Vec<String> = found.query_map([], |r| r.get(0)).unwrap().map(Result::unwrap).collect();
    if key.is_empty() { "rowid".into() } else { key.join(", ") }
}

/// One row of each table, spoiled by hand: table, what is done to it.
const SPOILS: &[(&str, &str)] = &[
    ("assigned_code", "update assigned_code set code = replace(code, '-000001-', '-000007-') where value = 'K1'"),
    ("attachment", "update attachment set digest = 'abab'"),
    ("attempt", "update attempt set class = 'rejected' where feed = 1 and record = 3 and attempt = 1"),
    ("batch", "update batch set unmapped = 1 where number = 3"),
    (
        "batch_outcome",
        "update batch_outcome set accepted = accepted - 1, filtered = filtered + 1 where batch = 2 and mapping = 3",
    ),
    ("batch_rows", "update batch_rows set rows = (select rows from batch_rows where batch = 2) where batch = 1"),
    ("counter", "update counter set value = 3 where name = 'record'"),
    ("delivery", "update delivery set state = 'up_to_date' where feed = 2 and state = 'blocked'"),
    ("feed", "update feed set state = 'asleep' where id = 2"),
    ("file_seen", "update file_seen set rows = rows - 1 where name = 'mum1.csv'"),
    ("item", "delete from item where state = 'waiting'"),
    ("item_need", "delete from item_need where free = 1"),
    ("job", "update job set paused = 7 where id = 1"),
    ("mapping", "update mapping set dataset = 'MUM' where name = 'dept/kid'"),
    ("record", "update record set fingerprint = zeroblob(16) where id = 1"),
    ("record_attachment", "update record_attachment set record = 99"),
    ("record_index", "delete from record_index where value = 'M7'"),
    ("record_ref", "insert into record_ref select slot, 'M8', record, grp, required from record_ref limit 1"),
    ("request", "update request set sent = x'00' where id = 2"),
    ("revision", "update revision set text = replace(text, 'KID', 'TOY') where mapping = 3"),
    ("run", "update run set rows = rows + 1 where id = 1"),
    ("scope", "update scope set system = 'other' where dataset = 'TOY'"),
    ("seen", "update seen set run = 1"),
    ("slot", "update slot set name = 'NAME' where dataset = 'KID' and name = 'key'"),
    ("source", "update source set checkpoint = '{\"file\":' where id = 1"),
    ("version", "update version set body = replace(body, 'Moa', 'Mia') where record = 2 and version = 1"),
];

#[tokio::test]
async fn a_row_spoiled_by_hand_is_named_whichever_its_table() {
    let (site, hub) = lived_in().await;
    let spoiler = Spoiler::new(&site);
    assert_eq!(tables(&spoiler.db), TABLES, "every table is checked");
    assert_eq!(SPOILS.iter().map(|(table, _)| *table).collect::<Vec<_>>(), TABLES, "every table is spoiled");
    let mut told = Vec::new();
    for (table, sql) in SPOILS {
        assert!(spoiler.spoil(sql) > 0, "{sql}");
        let verified = all(&hub).await;
        spoiler.mend(table);
        let finding = verified.findings.iter().find(|f| f.table == *table);
        let finding = finding.unwrap_or_else(|| panic!("{table}: {:#?}", english(&verified)));
        told.push(format!("{}\n{}", finding.render(Lang::En), finding.render(Lang::Zh)));
    }
    let day = chrono::Utc::now().with_timezone(&chrono_tz::Asia::Shanghai).format("%Y%m%d").to_string();
    insta::assert_snapshot!(told.join("\n").replace(&day, "[day]"), @"");
    assert_eq!(english(&all(&hub).await), Vec::<String>::new(), "everything is mended again");
}

/// A value of the wrong type fails its row alone: what stands behind it is still checked.
#[tokio::test]
async fn a_row_that_cannot_be_read_is_passed_over() {
    let (site, hub) = lived_in().await;
    let spoiler = Spoiler::new(&site);
    spoiler.spoil("update record set ord_version = 'soon' where id = 2");
    spoiler.spoil("update record set fingerprint = zeroblob(16) where id = 3");
    let of_records = all(&hub).await;
    let of_records: Vec<String> = english(&of_records).into_iter().filter(|f| f.starts_with("record ")).collect();
    insta::assert_snapshot!(of_records.join("\n"), @"");
}

#[tokio::test]
async fn a_damaged_index_of_the_file_is_told() {
    let (site, hub) = lived_in().await;
    let db = Connection::open(site.path("data/hub.db")).unwrap();
    db.execute_batch(
        "pragma writable_schema = on;
         update sqlite_master set sql = 'create index run_job on run (state, id)' where name = 'run_job';
         pragma writable_schema = reset; create table stray (x)",
    )
    .unwrap();
    let verified = all(&hub).await;
    let told: Vec<String> = verified.findings.iter().flat_map(|f| [f.render(Lang::En), f.render(Lang::Zh)]).collect();
    insta::assert_snapshot!(told.join("\n"), @"");
}

/// What is configured otherwise today is a note: nothing was damaged.
#[tokio::test]
async fn what_is_no_longer_configured_is_noted_and_not_found() {
    let (site, hub) = lived_in().await;
    drop(hub);
    std::fs::remove_file(site.path("systems/region.toml")).unwrap();
    site.write("systems/dept.toml", DEPARTMENT.split("[[job]]\nname = \"kids\"").next().unwrap());
    site.write(
        "systems/province.toml",
        &std::fs::read_to_string(site.path("systems/province.toml")).unwrap().replace("\"*\"", "\"KID\""),
    );
    std::fs::remove_file(site.path("mappings/schema/other/9903-TOY.toml")).unwrap();
    std::fs::remove_file(site.path("mappings/from/dept/toy.toml")).unwrap();
    let hub = site.open().await;
    let verified = all(&hub).await;
    assert_eq!(english(&verified), Vec::<String>::new());
    let told: Vec<String> = verified.notes.iter().flat_map(|f| [f.render(Lang::En), f.render(Lang::Zh)]).collect();
    insta::assert_snapshot!(told.join("\n"), @"");
}

#[tokio::test]
async fn progress_ends_with_every_row_read() {
    let (_site, hub) = lived_in().await;
    let steps = Arc::new(std::sync::Mutex::new(Vec::new()));
    let told = steps.clone();
    verify(&hub, move |progress| told.lock().unwrap().push((progress.done, progress.of))).await.unwrap();
    let steps = steps.lock().unwrap();
    assert!(steps.is_sorted() && steps.iter().all(|(done, of)| done <= of));
}

/// Every column of every table, in up to three rows: another number, another text, other bytes; and a row gone.
#[tokio::test]
async fn what_no_check_can_see_is_this_and_no_more() {
    let (site, hub) = lived_in().await;
    let spoiler = Spoiler::new(&site);
    assert_eq!(english(&all(&hub).await), Vec::<String>::new());
    let mut unseen = Vec::new();
    for table in TABLES {
        let key = key_of(&spoiler.db, table);
        let spoils = columns(&spoiler.db, table).into_iter().map(|(column, kind)| {
            let changes: &[&str] = match kind.to_lowercase().as_str() {
                // The neighbour's number may be taken.
                "integer" => &["coalesce({}, 0) + 1", "coalesce({}, 0) + 100000"],
                "text" => &["coalesce({}, '') || 'x'"],
                _ => &["cast(coalesce({}, x'') || x'00' as blob)"],
            };
            let sqls = changes.iter().map(|c| format!("update {table} set {column} = {}", c.replace("{}", &column)));
            (format!("{table}.{column}"), sqls.collect::<Vec<_>>())
        });
        let gone = (format!("{table}: a row"), vec![format!("delete from {table}")]);
        for (what, sqls) in spoils.chain([gone]) {
            let mut is_seen = false;
            for (sql, row) in sqls.iter().flat_map(|sql| (0..3).map(move |row| (sql, row))) {
                let place = format!("where ({key}) = (select {key} from {table} limit 1 offset {row})");
                if !is_seen && spoiler.spoil(&format!("{sql} {place}")) == 1 {
                    is_seen = !all(&hub).await.findings.is_empty();
                    spoiler.mend(table);
                }
            }
            if !is_seen {
                unseen.push(what);
            }
        }
    }
    insta::assert_snapshot!(unseen.join("\n"), @"");
}
