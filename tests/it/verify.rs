//! `books --verify`: nothing is found in a store that nobody touched, and a row spoiled by hand is named, whichever its
//! table. The store is a real one: a small hub that ran several times, with everything in it that can stay open.

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use exchange_hub::diagnostic::Lang;
use exchange_hub::pipeline::verify::{TABLES, Verified, verify};
use exchange_hub::pipeline::{Hub, work};
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

/// Without an identity: the business key finds its records.
const OWL_MAPPING: &str = r#"
dataset = "OWL"
[fields]
CODE = "CODE"
NAME = "NAME"
"#;

/// A row that is no cat any more is withdrawn, and so is one that a whole reading does not show.
const PET_MAPPING: &str = r#"
dataset = "PET"
identity = ["CODE"]
when = { KIND = ["cat"] }
when_lost = "withdraw"
[fields]
CODE = "CODE"
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
mappings = ["dept/kid", "dept/owl", "dept/toy"]
[job.from.files]
path = "in"
pattern = "kid*.csv"
ready = { stable_ms = 0 }
format.csv = { encoding = "utf-8" }

[[job]]
name = "pets"
mappings = ["dept/pet"]
snapshot = "last"
vanished_share = 0.6
[job.from.files]
path = "in"
pattern = "pet*.csv"
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
    site.write("mappings/schema/other/9904-PET.toml", &dataset(9904, "PET", 0, "", &[key, ("NAME", "")]));
    site.write("mappings/schema/other/9905-OWL.toml", &dataset(9905, "OWL", 0, "", &[key, ("NAME", "")]));
    site.write("mappings/from/dept/owl.toml", OWL_MAPPING);
    site.write("mappings/from/dept/kid.toml", KID_MAPPING);
    site.write("mappings/from/dept/pet.toml", PET_MAPPING);
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
    site.write("in/pet1.csv", "CODE,KIND,NAME\nP1,cat,Tom\nP2,dog,Rex\nP3,cat,Tim\nP4,cat,Tam\n");
    site.once().await;
    std::fs::remove_file(site.path("in/pet1.csv")).unwrap();
    site.write("in/pet2.csv", "CODE,KIND,NAME\nP1,cat,Tom\nP4,dog,Tam\n");
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

pub(crate) async fn all(hub: &Arc<Hub>) -> Verified {
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
             update counter set value = value + 1 where name = 'run';
             insert into run select value, 1, 'by hand', 1, null, 'reading', 0, 0, '' from counter where name = 'run';
             insert into seen select value, 1, 'x' from counter where name = 'run';
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
    ("attempt", "update attempt set request = 999 where feed = 1 and record = 3 and attempt = 1"),
    ("batch", "update batch set unmapped = unmapped + 1 where number = 3"),
    (
        "batch_outcome",
        "update batch_outcome set accepted = accepted - 1, filtered = filtered + 1 where batch = 2 and mapping = (select id from mapping where name = 'dept/kid')",
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
    ("record_ref", "insert into record_ref select slot, 'M8', record, grp, required, 0 from record_ref limit 1"),
    ("request", "update request set sent = x'00' where id = 2"),
    ("revision", "update revision set text = replace(text, 'KID', 'TOY') where text like '%KID%'"),
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
    // The day is today's, the check character with it, and slots are counted over the whole schema.
    let varying = regex::Regex::new("(-|slot=|slot id=)[0-9]+(-|\\b)").unwrap();
    let check = regex::Regex::new("-([0-9]{6})-[0-9A-Z]\\b").unwrap();
    let told = told.join("\n");
    let told = check.replace_all(&told, "-$1-C");
    insta::assert_snapshot!(varying.replace_all(&told, "${1}N$2"), @r#"
    assigned_code algorithm=unified-deal-code value=K1: record 7 has the code "A01-12320200466372674G-N-000001-C", and here stands "A01-12320200466372674G-N-000007-C"
    assigned_code algorithm=unified-deal-code value=K1：记录 7 使用的代码为“A01-12320200466372674G-N-000001-C”，此处为“A01-12320200466372674G-N-000007-C”
    attachment digest=abab: digest holds "abab", which cannot be
    attachment digest=abab：digest 的值“abab”不可能出现
    attempt feed=1 record=3 attempt=1: request refers to a row that is not in table request
    attempt feed=1 record=3 attempt=1：request 所指的行不在表 request 中
    batch number=3: unmapped says 2; counted again it is 1
    batch number=3：unmapped 记为 2，重新核算应为 1
    batch_outcome batch=2 mapping=4 revision=3: accepted says 1; counted again it is 2
    batch_outcome batch=2 mapping=4 revision=3：accepted 记为 1，重新核算应为 2
    batch_rows batch=1: there are 3 rows, and the batch says 7
    batch_rows batch=1：存有 3 行，而批次记为 7 行
    counter name=record: it stands at 3, but number 17 is in use already and would be drawn again
    counter name=record：计数器为 3，但编号 17 已经用过，今后会重复
    delivery feed=2 record=8: state up_to_date does not agree with the versions wanted and accepted, or with its attempts
    delivery feed=2 record=8：状态 up_to_date 与应投、已接受的版本或其尝试不符
    feed id=2: state holds "asleep", which cannot be
    feed id=2：state 的值“asleep”不可能出现
    file_seen source=1 digest=fe4f437276dff443dc6841d41c35ce366ebe9cd119e985f9cb271adeffd6f055 name=mum1.csv: rows says 6; counted again it is 7
    file_seen source=1 digest=fe4f437276dff443dc6841d41c35ce366ebe9cd119e985f9cb271adeffd6f055 name=mum1.csv：rows 记为 6，重新核算应为 7
    item position=131073 mapping=4 element=0: its batch says that it is waiting, but there is no row of it
    item position=131073 mapping=4 element=0：批次的结果记为 waiting，却没有这一条目的行
    item_need position=262147 mapping=2 element=0: what it needs is not what its reasons say: "M7"
    item_need position=262147 mapping=2 element=0：所需的值与条目的原因不符：“M7”
    job id=1: paused holds "7", which cannot be
    job id=1：paused 的值“7”不可能出现
    mapping id=4: dataset says MUM; counted again it is KID
    mapping id=4：dataset 记为 MUM，重新核算应为 KID
    record id=1: the fingerprint is not the body's
    record id=1：fingerprint 与正文不符
    record_attachment record=99 digest=abababababababababababababababababababababababababababababababab name=a.pdf: record refers to a row that is not in table record
    record_attachment record=99 digest=abababababababababababababababababababababababababababababababab name=a.pdf：record 所指的行不在表 record 中
    record_index slot=N value=M7 record=1: the record must be found by this value, but the index lacks it
    record_index slot=N value=M7 record=1：记录应由此值找到，索引中却没有
    record_ref slot=N value=M8 record=9 grp=0: the record does not point at this value
    record_ref slot=N value=M8 record=9 grp=0：记录并不指向此值
    request id=2: the bytes sent cannot be unpacked: Unknown frame descriptor
    request id=2：发送的内容无法解开：Unknown frame descriptor
    revision number=3: text is not what the digest is of
    revision number=3：text 与其摘要不符
    run id=1: rows says 8; counted again it is 7
    run id=1：rows 记为 8，重新核算应为 7
    scope id=5: system says other; counted again it is dept
    scope id=5：system 记为 other，重新核算应为 dept
    seen run=1 scope=1 identity=x: its run is done, and what it met should have been forgotten
    seen run=1 scope=1 identity=x：该次运行已结束，本应清除它见过的标识
    slot id=N: name holds "NAME", which cannot be
    slot id=N：name 的值“NAME”不可能出现
    source id=1: checkpoint holds "{"file":", which cannot be
    source id=1：checkpoint 的值“{"file":”不可能出现
    version record=2 version=1: the body is not what the mapping makes of the stored row: NAME
    version record=2 version=1：正文与映射从原始行得出的不同：NAME
    "#);
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
    insta::assert_snapshot!(of_records.join("\n"), @"
    record id=1: the row behind it cannot be read: column ord_version: Text
    record id=3: the fingerprint is not the body's
    ");
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
    let of_rows = verified.findings.iter().filter(|f| !f.what_en.contains("row ") || f.what_en.contains("row 1 "));
    let told: Vec<String> = of_rows.flat_map(|f| [f.render(Lang::En), f.render(Lang::Zh)]).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    database: the file itself is damaged: row 1 missing from index run_job
    database：数据库文件本身有损坏：row 1 missing from index run_job
    database stray: this program does not know this table
    database stray：本程序不认识这张表
    ");
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
    insta::assert_snapshot!(told.join("\n"), @"
    delivery feed=1 record=1: feed province/out does not select this record any more (15 in all, this is the first)
    delivery feed=1 record=1：订阅 province/out 现在不再选取此记录（共 15 处，此为第一处）
    feed id=2: feed region/in is no longer configured, so what it is owed was not judged
    feed id=2：订阅 region/in 已不在配置中，无法判断它应得哪些记录
    mapping id=5: dataset TOY is no longer in the schema; its bodies, index and references were not judged
    mapping id=5：数据集 TOY 已不在标准中，其记录的正文、索引和引用无法重新核算
    scope id=5: dataset TOY is no longer in the schema; its bodies, index and references were not judged
    scope id=5：数据集 TOY 已不在标准中，其记录的正文、索引和引用无法重新核算
    ");
}

/// A release comes after its commit, so it may be missing at any moment: a running hub comes back to it.
#[tokio::test]
async fn what_is_not_released_yet_is_noted() {
    let (site, hub) = lived_in().await;
    let spoiler = Spoiler::new(&site);
    spoiler.spoil("delete from delivery where feed = 2 and state = 'rejected'");
    spoiler.spoil(
        "insert into record_index select slot, 'M9', record, 1 from record_index where value = 'M7' and earlier = 0",
    );
    let verified = all(&hub).await;
    let told: Vec<String> = verified.notes.iter().flat_map(|f| [f.render(Lang::En), f.render(Lang::Zh)]).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    delivery feed=2 record=8: nothing blocks it, and it is not released yet: a running hub looks every minute
    delivery feed=2 record=8：没有什么阻挡它，尚未放行：运行中的程序每分钟清查一次
    item position=131073 mapping=4 element=0: what it waits for is here, and it is not released yet: a running hub looks every minute
    item position=131073 mapping=4 element=0：所等之物已到，尚未放行：运行中的程序每分钟清查一次
    ");
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
    // Times, words for a person, and what only the target or the next run knows. A single need means the same in any
    // group; a gap in a counter is allowed; what a state was made of only saves work; what a files target answered is not compared with what was sent.
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
    item_need.grp
    job.paused_why
    job.due_us
    record.made_of
    record_attachment.name
    record_attachment: a row
    request.sent_us
    request.due_us
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
    slot.built_to
    source.name
    source.checkpoint
    source.node
    source.epoch
    source.lease_until_us
    ");
}

/// Every step is a transaction, and a verification sees one moment.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_found_while_the_hub_is_at_work() {
    let (site, hub) = lived_in().await;
    let rows = |name: &str| (100..400).map(|i| format!("{i},1,,{name}{i},M{i},n\n")).collect::<String>();
    site.write(
        "in/mum9.csv",
        &(100..400).fold("ID,V,DEL,CODE,NAME\n".to_owned(), |all, i| all + &format!("{i},1,,M{i},n\n")),
    );
    site.write("in/kid9.csv", &format!("ID,V,DEL,CODE,MUM,NAME,TOYS\n{}", rows("K").replace(",n\n", ",n,ball\n")));
    let working = hub.clone();
    let work = tokio::spawn(async move { work::once(working, &|_, _| {}).await.map(|_| ()) });
    let mut times = 0;
    while !work.is_finished() || times == 0 {
        assert_eq!(english(&all(&hub).await), Vec::<String>::new());
        times += 1;
    }
    work.await.unwrap().unwrap();
    assert_eq!(english(&all(&hub).await), Vec::<String>::new());
}

/// A fingerprint is over a beginning of the body, whichever mapping made it: older revisions are judged too.
#[tokio::test]
async fn records_of_an_older_mapping_are_still_judged() {
    let (site, hub) = lived_in().await;
    drop(hub);
    site.write("mappings/from/dept/kid.toml", &KID_MAPPING.replace("MADE = { stamp = \"version\" }", ""));
    let hub = site.open().await;
    let spoiler = Spoiler::new(&site);
    assert_eq!(english(&all(&hub).await), Vec::<String>::new());
    spoiler.spoil(
        "update version set body = replace(body, 'Anna Maria', 'Anna') where version = 2
            and mapping = (select id from mapping where name = 'dept/kid')",
    );
    insta::assert_snapshot!(english(&all(&hub).await).join("\n"), @"record id=7: the fingerprint is not the body's");
}
