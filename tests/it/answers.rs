//! Answers that are hard to read: too long, in another encoding, no receipt at all. What cannot be read is neither
//! accepted nor rejected.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use exchange_hub::pipeline::{Hub, deliver, work};
use exchange_hub::store::{self, Priority};

use crate::kit::{Site, books};

/// What a target answers to these records of a request, each with its `key` and its CODE.
type Reply = dyn Fn(&[(String, String)]) -> (u16, Vec<u8>) + Send + Sync;

/// A target on loopback that answers so.
async fn target(reply: Arc<Reply>) -> String {
    let take = async move |body: Bytes| {
        let records: Vec<serde_json::Value> = serde_json::from_slice(&body).unwrap();
        let text = |v: &serde_json::Value| v.as_str().unwrap_or_default().to_owned();
        let records: Vec<(String, String)> =
            records.iter().map(|r| (text(&r["key"]), text(&r["record"]["CODE"]))).collect();
        let (status, body) = reply(&records);
        (StatusCode::from_u16(status).unwrap(), body)
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let app = Router::new().route("/", post(take));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    url
}

/// A feed of whole batches whose answers speak of each record.
fn with_results(site: &Site, url: &str, more: &str) {
    let text = format!(
        r#"
name = "province"
name_zh = "省平台"
[[feed]]
name = "out"
datasets = ["*"]
batch_records_max = 10000
retry = {{ first_ms = 1, max_ms = 2, jitter = 0.0 }}
results = {{ list = "/results", key = "/key", code = "/code", why = "/why", classes = {{ ok = "accepted", no = "rejected" }} }}
{more}
[feed.to.web]
url = "{url}"
"#
    );
    site.write("systems/province.toml", &text);
}

/// The answer in which everything is taken but the record of one code.
fn all_but(code: &str, records: &[(String, String)], why: &str) -> String {
    let results = records.iter().map(|(key, own)| match own == code {
        true => serde_json::json!({ "key": key, "code": "no", "why": why }),
        false => serde_json::json!({ "key": key, "code": "ok", "why": why }),
    });
    serde_json::json!({ "results": results.collect::<Vec<_>>() }).to_string()
}

/// Rows `M1` to `Mn`, sent to a target that answers so, for some steps. Returns the books.
async fn sent(rows: usize, more: &str, reply: Arc<Reply>) -> String {
    let site = Site::new();
    let url = target(reply).await;
    with_results(&site, &url, more);
    let rows: String = (1..=rows).map(|n| format!("{n},1,,M{n},Mia\n")).collect();
    site.write("in/mum1.csv", &format!("ID,V,DEL,CODE,NAME\n{rows}"));
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    let feed = hub.feeds[0].clone();
    for _ in 0..20 {
        deliver::step(&hub, &feed).await.unwrap();
    }
    books(&hub).await
}

#[tokio::test]
async fn a_long_answer_is_read_to_its_end_record_by_record() {
    for status in [200, 422] {
        let reply = move |records: &[(String, String)]| {
            (status, all_but("M7", records, &"名称不符合要求".repeat(8)).into_bytes())
        };
        let books = sent(2_000, "", Arc::new(reply)).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(books, @"
            dept/mum: 2000 items, accepted 2000
            province/out: 2000 owed, up to date 1999, rejected 1
            ");
        }
    }
}

#[tokio::test]
async fn an_answer_in_gbk_or_with_a_byte_order_mark_is_read() {
    let gbk = |records: &[(String, String)]| {
        let answer = all_but("M2", records, "@").into_bytes();
        // 名称 in GBK.
        let answer: Vec<u8> =
            answer.iter().flat_map(|b| if *b == b'@' { b"\xc3\xfb\xb3\xc6".to_vec() } else { vec![*b] }).collect();
        (200, answer)
    };
    let marked =
        |records: &[(String, String)]| (200, format!("\u{feff}{}", all_but("M2", records, "名称")).into_bytes());
    let replies: [Arc<Reply>; 2] = [Arc::new(gbk), Arc::new(marked)];
    for reply in replies {
        let books = sent(3, "", reply).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(books, @"
            dept/mum: 3 items, accepted 3
            province/out: 3 owed, up to date 2, rejected 1
            ");
        }
    }
}

/// A page of a proxy, an empty object, a list that goes on for ever, a refusal without results.
#[tokio::test]
async fn an_answer_without_the_list_is_unclear() {
    let endless = |records: &[(String, String)]| (200, all_but("M2", records, &"x".repeat(100_000)).into_bytes());
    let replies: [Arc<Reply>; 4] = [
        Arc::new(|_| (200, b"<html>maintenance</html>".to_vec())),
        Arc::new(|_| (200, b"{}".to_vec())),
        Arc::new(endless),
        Arc::new(|_| (422, b"{\"error\":\"no\"}".to_vec())),
    ];
    for reply in replies {
        let books = sent(3, "", reply).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(books, @"
            dept/mum: 3 items, accepted 3
            province/out: 3 owed, unknown 3
            ");
        }
    }
}

/// Whoever says in a rule that a status rejects the whole document is believed.
#[tokio::test]
async fn a_rule_may_reject_a_whole_document() {
    let rule = "receipt = [{ status = [422], class = \"rejected\" }]";
    insta::assert_snapshot!(sent(3, rule, Arc::new(|_| (422, b"no".to_vec()))).await, @"
    dept/mum: 3 items, accepted 3
    province/out: 3 owed, rejected 3
    ");
}

/// What was sent and not clearly answered cannot be written any more, since the form was changed: it is withheld, and
/// the feed goes on.
#[tokio::test]
async fn an_unclear_record_that_cannot_be_written_any_more_does_not_stop_its_feed() {
    let site = Site::new();
    let url = target(Arc::new(|_| (200, b"{\"results\":[]}".to_vec()))).await;
    with_results(&site, &url, "");
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, unknown 1
    ");
    let hub = site.open().await;
    spoil(&hub, "Mia").await;
    drop(hub);
    site.province();
    let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
    site.write("systems/province.toml", &config.replace("ndjson", "xml"));
    site.write("in/mum2.csv", "ID,V,DEL,CODE,NAME\n2,1,,M2,Moa\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    let feed = hub.db.read(store::feed_books).await.unwrap().remove(0);
    assert_eq!((feed.withheld, feed.unknown, feed.due), (1, 0, 0));
    // Spoiled by hand is the record alone; its delivery agrees with all else.
    let verified = crate::verify::all(&hub).await;
    assert!(verified.findings.iter().all(|f| matches!(f.table, "version" | "record")), "{verified:#?}");
}

/// Puts U+FFFF, for which XML has no room, into stored names. The schema lets none in today.
pub(crate) async fn spoil(hub: &Hub, name: &'static str) {
    const SPOIL: &str = "update version set body = replace(body, $1, $1 || char(65535))";
    let mut tx = hub.db.begin(Priority::Settle).await.unwrap();
    assert!(tx.run(move |c| c.execute(SPOIL, [name])).await.unwrap() > 0);
    tx.commit().await.unwrap();
}

/// A target that took all but one and says so under a status that says nothing.
#[tokio::test]
async fn results_are_believed_whatever_the_status() {
    let reply = |records: &[(String, String)]| (500, all_but("M2", records, "").into_bytes());
    insta::assert_snapshot!(sent(3, "", Arc::new(reply)).await, @"
    dept/mum: 3 items, accepted 3
    province/out: 3 owed, up to date 2, rejected 1
    ");
}

/// The target has lost a parent that it took, and says so of the child: the parent goes again, then the child.
#[tokio::test]
async fn a_parent_that_the_target_misses_goes_again() {
    let site = Site::new();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let heard = seen.clone();
    let url = target(Arc::new(move |records| {
        let mut seen = heard.lock().unwrap();
        let results = records.iter().map(|(key, code)| {
            seen.push(code.clone());
            let is_lost = code == "K1" && seen.iter().filter(|c| *c == "M1").count() < 2;
            serde_json::json!({ "key": key, "code": if is_lost { "lost" } else { "ok" } })
        });
        (200, serde_json::json!({ "results": results.collect::<Vec<_>>() }).to_string().into_bytes())
    }))
    .await;
    with_results(&site, &url, "");
    let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
    let config = config.replace("ok = \"accepted\"", "ok = \"accepted\", lost = \"missing_parent\"");
    site.write("systems/province.toml", &config);
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    site.write("in/kid1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M1,Anna\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while deliver::step(&hub, &hub.feeds[0]).await.unwrap() != deliver::Step::Idle {
        assert!(std::time::Instant::now() < limit);
    }
    assert_eq!(seen.lock().unwrap().join(" "), "M1 K1 M1 K1");
    insta::assert_snapshot!(books(&hub).await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
    let verified = crate::verify::all(&hub).await;
    assert!(verified.findings.is_empty(), "{verified:#?}");
}

/// A proxy's page while the target restarts: the feed rests, and nothing is rejected.
#[tokio::test]
async fn a_page_that_is_not_found_rejects_nothing() {
    let replies: [Arc<Reply>; 2] =
        [Arc::new(|_| (404, b"<html>not found</html>".to_vec())), Arc::new(|_| (405, Vec::new()))];
    for reply in replies {
        let books = sent(3, "", reply).await;
        insta::allow_duplicates! {
            insta::assert_snapshot!(books, @"
            dept/mum: 3 items, accepted 3
            province/out: 3 owed, due 3
            ");
        }
    }
}
