//! `books --verify`: nothing is found in a store that nobody touched, and a row spoiled by hand is named, whichever its
//! table. The store is a real one: a small hub that ran several times, with everything in it that can stay open.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::post;
use exchange_hub::diagnostic::Lang;
use exchange_hub::pipeline::verify::{self, TABLES, Verified, verify};
use exchange_hub::pipeline::{Hub, work};

use crate::kit::{Site, books};

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
    println!("{}", books(&hub).await);
    let verified = all(&hub).await;
    assert_eq!(english(&verified), Vec::<String>::new());
    println!("{:?}", verified.notes);
    println!("{:?}", verified.rows);
}
