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

#[tokio::test]
async fn every_table_is_known() {
    let (site, _hub) = lived_in().await;
    let db = Connection::open(site.path("data/hub.db")).unwrap();
    assert_eq!(tables(&db), TABLES);
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
    insta::assert_snapshot!(unseen.join("\n"), @"
    assigned_code.assigned_us
    attachment.size
    attachment.media_type
    attachment.state
    attachment: a row
    attempt.receipt
    batch.attempts
    batch.node
    batch.read_us
    counter.value
    delivery.due_us
    delivery.tries
    delivery.number
    feed.state_why
    feed.tries
    feed.rest_until_us
    file_seen.modified_us
    file_seen.taken_us
    item.version
    item.seen
    item.last_us
    item_need.grp
    job.paused_why
    job.due_us
    record_attachment.name
    record_attachment: a row
    request.sent_us
    request.answered_us
    request.sends
    request.answer
    revision.since_us
    run.cause
    run.started_us
    run.ended_us
    run.why
    seen.identity
    seen: a row
    source.name
    source.checkpoint
    source.node
    source.epoch
    source.lease_until_us
    ");
}
