//! What mappings demand of the stages: look-ups, assigned codes, elements, lost rows; and that order of work is no order.

use std::collections::BTreeMap;
use std::time::Duration;

use exchange_hub::pipeline::work;

use crate::kit::{Site, books};

/// One job over `wide*.csv`, with these mappings.
fn wide(site: &Site, mappings: &[(&str, &str)]) {
    let names: Vec<String> = mappings.iter().map(|(name, _)| format!("\"dept/{name}\"")).collect();
    let job = format!(
        "name = \"dept\"\nname_zh = \"某部门\"\n\n[[job]]\nname = \"wide\"\nmappings = [{}]\n[job.from.files]\npath = \"in\"\npattern = \"wide*.csv\"\nready = {{ stable_ms = 0 }}\nformat.csv = {{ encoding = \"utf-8\" }}\n",
        names.join(", ")
    );
    site.write("systems/dept.toml", &job);
    for (name, text) in mappings {
        site.write(&format!("mappings/from/dept/{name}.toml"), text);
    }
}

#[tokio::test]
async fn a_wide_row_does_not_wait_for_its_own_sibling() {
    let site = Site::new();
    let kid = r#"
dataset = "KID"
identity = ["ID"]
[fields]
CODE = "KCODE"
MUM_CODE = "MCODE"
NAME = { lookup = "MUM", where = { CODE = "MCODE" }, take = "NAME" }
"#;
    let mum = "dataset = \"MUM\"\nidentity = [\"MCODE\"]\n[fields]\nCODE = \"MCODE\"\nNAME = \"MNAME\"\n";
    wide(&site, &[("kid", kid), ("mum", mum)]);
    site.write("in/wide.csv", "ID,KCODE,MCODE,MNAME\n1,K1,M1,Mia\n2,K2,M1,Mia\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 2 items, accepted 1, superseded 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Mia
    KID insert K2 Mia
    ");
}

#[tokio::test]
async fn what_is_looked_up_may_come_later() {
    let site = Site::new();
    let kid = r#"
dataset = "KID"
identity = ["ID"]
parents = "warn"
reason = "tests"
[fields]
CODE = "KCODE"
MUM_CODE = { lookup = "MUM", where = { NAME = "MNAME" }, take = "CODE" }
"#;
    wide(&site, &[("kid", kid)]);
    site.write("in/wide.csv", "ID,KCODE,MNAME\n1,K1,Mia\n2,K2,Moa\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, waiting 2
    province/out: 0 owed,
    ");
    insta::assert_snapshot!(site.open_items().await, @r#"
    dept/kid waiting x1: waits for a record of MUM whose NAME is "Mia"
    dept/kid waiting x1: waits for a record of MUM whose NAME is "Moa"
    "#);
    let mum = "dataset = \"MUM\"\nidentity = [\"ID\"]\n[fields]\nCODE = \"CODE\"\nNAME = \"NAME\"\n";
    let job = r#"
[[job]]
name = "mums"
mappings = ["dept/mum"]
[job.from.files]
path = "in"
pattern = "mum*.csv"
ready = { stable_ms = 0 }
format.csv = { encoding = "utf-8" }
"#;
    let system = std::fs::read_to_string(site.path("systems/dept.toml")).unwrap();
    site.write("systems/dept.toml", &format!("{system}{job}"));
    site.write("mappings/from/dept/mum.toml", mum);
    // Two of one name: the first of them is never taken.
    site.write("in/mum1.csv", "ID,CODE,NAME\n1,M1,Mia\n2,M2,Moa\n3,M3,Moa\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 1, quarantined 1
    dept/mum: 3 items, accepted 3
    province/out: 4 owed, up to date 4
    ");
    insta::assert_snapshot!(site.open_items().await, @r#"dept/kid quarantined x1: MUM_CODE (上级编号): more than one record of MUM has NAME "Moa" [dept/kid:8]"#);
}

/// Notices with assigned codes need a dataset that has one; 1800 is national and has no parent.
#[tokio::test]
async fn one_value_has_one_code_for_ever() {
    let site = Site::new();
    let dataset = r#"
number = "9903"
code = "DEAL"
name_zh = "交易"
name_en = "deal of the tests"
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
required = true

[[field]]
name = "PACKAGES"
zh = "包"
en = "packages"
type = "text"
list = true

[[field]]
name = "DEAL_CODES"
zh = "统一交易标识码"
en = "deal codes"
type = "text"
list = true
identifier = ["deal_code"]
required = true
"#;
    site.write("mappings/schema/other/9903-DEAL.toml", dataset);
    let deal = r#"
dataset = "DEAL"
identity = ["ID"]
[fields]
CODE = "ID"
PACKAGES = { from = "PKG", split = "、" }
DEAL_CODES = { assign = "unified-deal-code", class = "D01", by = "PACKAGES", platform = "12350100MB02709751" }
"#;
    wide(&site, &[("deal", deal)]);
    site.write("in/wide1.csv", "ID,PKG\n1,P1、P2\n2,P2、P3\n");
    site.once().await;
    let first = codes(&site).await;
    // Of a list some may have their codes already.
    site.write("in/wide2.csv", "ID,PKG\n3,P3\n1,P1\n4,P9、P1、P4\n");
    site.once().await;
    let second = codes(&site).await;
    // Serials only: platform and day are the same for all, and the day is today's.
    let serials = |codes: &BTreeMap<String, Vec<String>>| {
        let line = |(id, codes): (&String, &Vec<String>)| {
            let parts: Vec<&str> = codes.iter().map(|c| c.split('-').nth(3).unwrap()).collect();
            format!("{id}: {}", parts.join(" "))
        };
        codes.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(serials(&first), @"
    1: 000001 000002
    2: 000002 000003
    ");
    insta::assert_snapshot!(serials(&second), @"
    1: 000001
    2: 000002 000003
    3: 000003
    4: 000004 000001 000005
    ");
}

/// As a parcel points at its notice: by the deal's code, which is drawn with the record itself.
#[tokio::test]
async fn an_assigned_code_points_at_the_parent_from_the_first_version_on() {
    let site = Site::new();
    let dataset = r#"
number = "9904"
code = "LOT"
name_zh = "宗地"
name_en = "lot of the tests"
business = "other"
depth = 1
confidence = "high"
source = "tests"
key = ["CODE"]

[[parent]]
dataset = "MUM"
fields = { DEAL_CODE = "NAME" }
required = false
source = "tests"

[[field]]
name = "CODE"
zh = "编号"
en = "code"
type = "text"
required = true

[[field]]
name = "DEAL_CODE"
zh = "统一交易标识码"
en = "deal code"
type = "text"
required = true
"#;
    site.write("mappings/schema/other/9904-LOT.toml", dataset);
    let lot = r#"
dataset = "LOT"
identity = ["ID"]
[fields]
CODE = "ID"
DEAL_CODE = { assign = "unified-deal-code", class = "B01", by = "CODE", platform = "12350100MB02709751" }
"#;
    wide(&site, &[("lot", lot)]);
    site.write("in/wide.csv", "ID\n1\n2\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/lot: 2 items, accepted 2
    province/out: 2 owed, up to date 2
    ");
    let hub = site.open().await;
    let verified = exchange_hub::pipeline::verify::verify(&hub, |_| {}).await.unwrap();
    assert_eq!(verified.findings.len(), 0, "{:?}", verified.findings);
    const POINTED: &str = "select count(*) from record_ref f join assigned_code a on a.code = f.value";
    let pointed = hub.db.read(|c| c.rows(POINTED, [], |r| r.get::<_, i64>(0))).await.unwrap();
    assert_eq!(pointed, [2]);
}

/// Deal codes of the newest versions, by identity.
async fn codes(site: &Site) -> BTreeMap<String, Vec<String>> {
    const BODIES: &str = "select r.identity, v.body from record r
        join version v on v.record = r.id and v.version = r.version order by r.identity";
    let hub = site.open().await;
    let found = hub.db.read(|c| c.rows(BODIES, [], |r| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?))));
    let codes = |(id, body): (String, String)| {
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let codes = body["DEAL_CODES"].as_str().unwrap().split(';').map(str::to_owned).collect();
        (id, codes)
    };
    found.await.unwrap().into_iter().map(codes).collect()
}

#[tokio::test]
async fn an_element_gone_from_its_row_is_withdrawn_where_the_list_is_complete() {
    let site = Site::new();
    let mum = r#"
dataset = "MUM"
identity = ["ID", "CODES"]
version = { from = "V", as = "integer" }
[each]
split = { CODES = "、" }
complete = true
[fields]
CODE = "CODES"
NAME = "ID"
"#;
    wide(&site, &[("mum", mum)]);
    site.write("in/wide1.csv", "ID,V,CODES\n1,1,A、B\n2,1,C\n");
    site.once().await;
    site.write("in/wide2.csv", "ID,V,CODES\n1,2,B\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 5 items, accepted 3, unchanged 1, withdrawn 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert A 1
    MUM insert B 1
    MUM insert C 2
    MUM withdraw A 1
    ");
}

#[tokio::test]
async fn a_row_that_its_mapping_lost_is_withdrawn_only_where_the_mapping_says_so() {
    let site = Site::new();
    let mum = |more: &str| {
        format!(
            "dataset = \"MUM\"\nidentity = [\"ID\"]\nversion = {{ from = \"V\", as = \"integer\" }}\nwhen = {{ STATE = [\"ok\"] }}\n{more}\n[fields]\nCODE = \"ID\"\nNAME = \"NAME\"\n"
        )
    };
    wide(&site, &[("mum", &mum(""))]);
    site.write("in/wide1.csv", "ID,V,STATE,NAME\n1,1,ok,Mia\n");
    site.once().await;
    site.write("in/wide2.csv", "ID,V,STATE,NAME\n1,2,back,Mia\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 2 items, accepted 1, filtered 1
    province/out: 1 owed, up to date 1
    ");
    wide(&site, &[("mum", &mum("when_lost = \"withdraw\""))]);
    site.write("in/wide3.csv", "ID,V,STATE,NAME\n1,3,back,Mia\n9,3,back,never known\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 1, withdrawn 1, filtered 2
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert 1 Mia
    MUM withdraw 1 Mia
    ");
}

/// The same rows, cut into batches of one and taken in any order, come to the same records.
#[tokio::test]
async fn the_order_in_which_batches_are_worked_makes_no_difference() {
    let rows =
        ["1,3,,M1,c", "1,1,,M1,a", "2,1,,M2,x", "1,2,1,M1,b", "2,2,,M2,y", "2,2,,M2,y", "3,1,1,M3,gone", "3,0,,M3,old"];
    let mut states = Vec::new();
    for turn in 0..rows.len() {
        let site = Site::new();
        for n in 0..rows.len() {
            let row = rows[(n * 3 + turn) % rows.len()];
            site.write(&format!("in/mum{n}.csv"), &format!("ID,V,DEL,CODE,NAME\n{row}\n"));
        }
        site.once().await;
        states.push(records(&site).await);
    }
    states.dedup();
    assert_eq!(states, ["1 live c\n2 live y\n3 withdrawn -"]);
}

async fn records(site: &Site) -> String {
    const RECORDS: &str = "select r.identity, r.state, v.body from record r
        join version v on v.record = r.id and v.version = r.version order by r.identity";
    let hub = site.open().await;
    let read = |r: &rusqlite::Row<'_>| Ok((r.get::<_, String>(0)?, r.get::<_, String>(1)?, r.get::<_, String>(2)?));
    let found = hub.db.read(move |c| c.rows(RECORDS, [], read)).await.unwrap();
    let line = |(id, state, body): (String, String, String)| {
        let body: serde_json::Value = serde_json::from_str(&body).unwrap();
        let name = if state == "live" { body["NAME"].as_str().unwrap_or("-") } else { "-" };
        format!("{id} {state} {name}")
    };
    found.into_iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_running_hub_takes_what_comes_and_an_idle_one_asks_once_a_second() {
    let site = Site::new();
    let hub = site.open().await;
    let (stopper, stop) = tokio::sync::watch::channel(false);
    let running = tokio::spawn(work::forever(hub.clone(), stop));
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    let job = hub.job("dept/mums").unwrap().clone();
    exchange_hub::pipeline::intake::run(&hub, &job, "by hand", false, &|_| {}).await.unwrap();
    let limit = std::time::Instant::now() + Duration::from_secs(20);
    while !books(&hub).await.contains("up to date 1") {
        assert!(std::time::Instant::now() < limit, "the record does not arrive");
    }
    insta::assert_snapshot!(site.sent(), @"MUM insert M1 Mia");
    // Whatever follows from the delivery is done once nothing was asked for a while; then only the safety net asks.
    let mut before = hub.db.statements();
    loop {
        tokio::time::timeout(Duration::from_millis(700), std::future::pending::<()>()).await.unwrap_err();
        let now = hub.db.statements();
        if now - before <= 1 {
            break;
        }
        before = now;
        assert!(std::time::Instant::now() < limit, "the hub does not come to rest");
    }
    let before = hub.db.statements();
    tokio::time::timeout(Duration::from_secs(4), std::future::pending::<()>()).await.unwrap_err();
    let asked = hub.db.statements() - before;
    assert!(asked <= 5, "an idle hub made {asked} queries in four seconds");
    stopper.send(true).unwrap();
    running.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_mapping_without_identity_withdraws_by_the_business_key() {
    let site = Site::new();
    let mum = "dataset = \"MUM\"\nwithdraw_when = { DEL = [\"1\"] }\n[fields]\nCODE = \"CODE\"\nNAME = \"NAME\"\n";
    wide(&site, &[("mum", mum)]);
    site.write("in/wide1.csv", "CODE,DEL,NAME\nA,,Mia\nB,,Moa\n");
    site.once().await;
    site.write("in/wide2.csv", "CODE,DEL,NAME\nA,1,Mia\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 2, withdrawn 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert A Mia
    MUM insert B Moa
    MUM withdraw A Mia
    ");
}

/// A gives up its key but must wait for a parent, so it keeps it; B, which wants it, is refused and stops nobody.
#[tokio::test]
async fn who_waits_keeps_its_key() {
    let site = Site::new();
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    site.write("in/kid1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M1,Anna\n");
    site.once().await;
    site.write("in/kid2.csv", "ID,V,DEL,CODE,MUM,NAME\n1,2,,K2,M9,Anna\n2,1,,K1,M1,Bo\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 3 items, accepted 1, waiting 1, quarantined 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.open_items().await, @"
    dept/kid waiting x1: waits for its parent MUM (M9)
    dept/kid quarantined x1: CODE: the business key belongs to record 1 of system dept
    ");
}

const PLAIN: &str = "dataset = \"MUM\"\nidentity = [\"ID\"]\n[fields]\nCODE = \"CODE\"\nNAME = \"NAME\"\n";

/// A known row is not mapped again; that must not show in anything but time.
#[tokio::test]
async fn a_row_that_is_known_counts_as_one_that_was_mapped() {
    let site = Site::new();
    wide(&site, &[("mum", PLAIN)]);
    site.write("in/wide1.csv", "ID,CODE,NAME\n1,M1,Mia\n2,M2,Moa\n");
    site.once().await;
    // The name is gone: the row is open, and its record stays.
    site.write("in/wide2.csv", "ID,CODE,NAME\n1,M1,\n2,M2,Moa\n3,M3,Max\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 5 items, accepted 3, unchanged 1, quarantined 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.open_items().await, @"dept/mum quarantined x1: NAME (名称): required, but empty [数据规范 9901]");
    // As it was: what was open is overtaken. Twice in one file, the last counts.
    site.write("in/wide3.csv", "ID,CODE,NAME\n1,M1,Mia\n2,M2,Moa\n2,M2,Mona\n3,M3,Maxim\n3,M3,Max\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 10 items, accepted 4, unchanged 3, superseded 3
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.open_items().await, @"");
    // The same cells under other names are another row.
    site.write("in/wide4.csv", "ID,NAME,CODE\n1,M1,Mia\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 11 items, accepted 5, unchanged 3, superseded 3
    province/out: 3 owed, up to date 3
    ");
    // A mapping that says something else makes something else of it.
    site.write(
        "mappings/from/dept/mum.toml",
        &PLAIN.replace("NAME = \"NAME\"", "NAME = { concat = [\"NAME\", { const = \"!\" }] }"),
    );
    site.write("in/wide5.csv", "ID,CODE,NAME\n3,M3,Max\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 12 items, accepted 6, unchanged 3, superseded 3
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    MUM insert M3 Max
    MUM update M2 Mona
    MUM update Mia M1
    MUM update M3 Max!
    ");
}

#[tokio::test]
async fn every_file_that_cannot_be_read_is_an_item_of_its_own() {
    let site = Site::new();
    wide(&site, &[("mum", PLAIN)]);
    site.write("in/wide1.csv", "");
    site.write("in/wide2.csv", "ID,CODE,NAME\n1,M1,Mia\n");
    site.once().await;
    site.write("in/wide3.csv", "\n\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    row: 2 items, quarantined 2
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.open_items().await, @"
    row quarantined x1: wide1.csv: the file cannot be read: the file is empty. ask the sender for the file again; an export that ended early leaves such files
    row quarantined x1: wide3.csv: the file cannot be read: the file has no header line. name the columns by `columns = [...]` if it has none, or ask the sender for the file again
    ");
}

#[tokio::test]
async fn elements_that_are_all_gone_are_withdrawn_and_the_books_balance() {
    let site = Site::new();
    let mapping = r#"
dataset = "MUM"
identity = ["ID", "CODE"]
[fields]
CODE = "CODE"
NAME = "NAME"
[each]
split = { CODE = ";", NAME = ";" }
complete = true
"#;
    wide(&site, &[("mum", mapping)]);
    site.write("in/wide1.csv", "ID,CODE,NAME\n1,M1;M2,Mia;Moa\n");
    site.once().await;
    site.write("in/wide2.csv", "ID,CODE,NAME\n1,,\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 5 items, accepted 2, withdrawn 2, filtered 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    MUM withdraw M1 Mia
    MUM withdraw M2 Moa
    ");
    let verified = crate::verify::all(&site.open().await).await;
    assert!(verified.findings.is_empty(), "{:?}", verified.findings);
}
