//! What is promised towards a target that answers by HTTP: accepts, refuses, loses its answer, is down, talks nonsense.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use exchange_hub::pipeline::{Hub, deliver, work};
use exchange_hub::store::{self, Priority};

use crate::kit::{Site, books};

/// What the target does with the next request.
#[derive(Clone, Copy, PartialEq)]
enum Play {
    Accept,
    /// Takes it, and closes the connection without a word.
    LoseAnswer,
    Refuse,
    Busy,
    Garbage,
    /// Refuses whatever carries the record of this code, and plays *accept* otherwise, for ever.
    Dislike(&'static str),
    /// Breaks on everything that carries this code, with a status that says nothing.
    Choke(&'static str),
    /// Answers record by record and takes all, but says nothing of this one.
    Forget(&'static str),
}

#[derive(Default)]
struct Memory {
    plays: VecDeque<Play>,
    /// Idempotency key → how often it came.
    keys: BTreeMap<String, usize>,
    /// What it took, in order: `operation key version`.
    took: Vec<String>,
}

type Shared = Arc<Mutex<Memory>>;

/// A target on loopback, and its memory.
async fn target(plays: &[Play]) -> (String, Shared) {
    let memory: Shared = Arc::new(Mutex::new(Memory { plays: plays.iter().copied().collect(), ..Memory::default() }));
    let app = Router::new()
        .route("/records", post(take))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(memory.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/records", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    (url, memory)
}

async fn take(State(memory): State<Shared>, headers: HeaderMap, body: Bytes) -> (StatusCode, String) {
    let key = headers["idempotency-key"].to_str().unwrap().to_owned();
    let mut memory = memory.lock().unwrap();
    let mut play = memory.plays.pop_front().unwrap_or(Play::Accept);
    if let Play::Dislike(code) = play {
        memory.plays.push_front(play);
        let is_it = std::str::from_utf8(&body).unwrap().contains(&format!("\"CODE\":\"{code}\""));
        play = if is_it { Play::Refuse } else { Play::Accept };
    }
    let seen = memory.keys.entry(key).or_default();
    *seen += 1;
    let again = *seen > 1;
    match play {
        Play::Refuse | Play::Dislike(_) => (StatusCode::UNPROCESSABLE_ENTITY, "the name is not to our liking".into()),
        Play::Busy => (StatusCode::SERVICE_UNAVAILABLE, "later".into()),
        Play::Garbage => (StatusCode::OK, "<html>ok?</html>".into()),
        Play::Choke(code) => {
            // It does so for ever.
            memory.plays.push_front(play);
            if std::str::from_utf8(&body).unwrap().contains(code) {
                return (StatusCode::INTERNAL_SERVER_ERROR, "oh no".into());
            }
            memory.took.push("another".into());
            (StatusCode::OK, r#"{"status":"ok"}"#.into())
        }
        Play::Forget(code) => {
            let records: serde_json::Value = serde_json::from_slice(&body).unwrap();
            let mut results = Vec::new();
            for r in all(&records) {
                let (operation, own) = (r["operation"].as_str().unwrap(), r["record"]["CODE"].as_str().unwrap());
                let known = format!("{operation} {own} v{}", r["version"]);
                let has_it = memory.took.contains(&known);
                if !has_it {
                    memory.took.push(known);
                }
                if own != code {
                    results.push(serde_json::json!({ "key": r["key"], "code": if has_it { "exists" } else { "ok" } }));
                }
            }
            (StatusCode::OK, serde_json::json!({ "results": results }).to_string())
        }
        Play::Accept | Play::LoseAnswer if again => (StatusCode::CONFLICT, r#"{"status":"exists"}"#.into()),
        Play::Accept | Play::LoseAnswer => {
            let records: serde_json::Value = serde_json::from_slice(&body).unwrap();
            for r in all(&records) {
                let (operation, code) = (r["operation"].as_str().unwrap(), r["record"]["CODE"].as_str().unwrap());
                memory.took.push(format!("{operation} {code} v{}", r["version"]));
            }
            if play == Play::LoseAnswer {
                // A panic drops the connection after the record was taken: the answer is lost.
                drop(memory);
                panic!("the answer is lost on purpose");
            }
            (StatusCode::OK, r#"{"status":"ok"}"#.into())
        }
    }
}

/// The records of a document: one, or a list.
fn all(document: &serde_json::Value) -> &[serde_json::Value] {
    document.as_array().map_or(std::slice::from_ref(document), Vec::as_slice)
}

impl Site {
    /// The province by HTTP, ten records a request.
    fn web(&self, url: &str) {
        let text = format!(
            r#"
name = "province"
name_zh = "省平台"

[[feed]]
name = "out"
datasets = ["*"]
batch_records_max = 10
retry = {{ first_ms = 1, max_ms = 2, jitter = 0.0 }}
receipt = [
    {{ status = [409], contains = "exists", class = "duplicate" }},
    {{ status = [200], pointer = "/status", equals = "ok", class = "accepted" }},
    {{ status = [200], class = "unclear" }},
]
[feed.to.web]
url = "{url}"
"#
        );
        self.write("systems/province.toml", &text);
    }
}

/// Steps until nothing is due; the waits between tries are milliseconds.
async fn deliver_all(hub: &Hub) {
    let feed = hub.feeds[0].clone();
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::time::Instant::now() < limit {
        match deliver::step(hub, &feed).await.unwrap() {
            deliver::Step::Sent { .. } => {}
            deliver::Step::Idle => return,
            deliver::Step::Rest { .. } => tokio::task::yield_now().await,
        }
    }
    panic!("the feed does not come to rest");
}

async fn one_mum(plays: &[Play]) -> (Site, Arc<Hub>, Shared) {
    let site = Site::new();
    let (url, memory) = target(plays).await;
    site.web(&url);
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    deliver_all(&hub).await;
    (site, hub, memory)
}

#[tokio::test]
async fn an_accepted_record_is_sent_once() {
    let (_site, hub, memory) = one_mum(&[]).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"insert M1 v1");
}

#[tokio::test]
async fn a_lost_answer_is_resolved_by_the_same_bytes_under_the_same_key() {
    let (_site, hub, memory) = one_mum(&[Play::LoseAnswer]).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
    let memory = memory.lock().unwrap();
    insta::assert_snapshot!(memory.took.join("\n"), @"insert M1 v1");
    assert_eq!(memory.keys.values().copied().collect::<Vec<_>>(), [2], "one key, sent twice");
}

#[tokio::test]
async fn garbage_is_unclear_and_asked_again_until_the_target_speaks() {
    let (_site, hub, memory) = one_mum(&[Play::Garbage, Play::Garbage]).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
    assert_eq!(memory.lock().unwrap().keys.values().copied().collect::<Vec<_>>(), [3]);
}

#[tokio::test]
async fn a_refusal_waits_for_a_person_or_a_newer_version() {
    let (site, hub, memory) = one_mum(&[Play::Refuse]).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, rejected 1
    ");
    drop(hub);
    site.write("in/mum2.csv", "ID,V,DEL,CODE,NAME\n1,2,,M1,Mia Maria\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 2 items, accepted 2
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"insert M1 v2");
}

#[tokio::test]
async fn a_busy_target_rests_the_feed_and_gets_it_later() {
    let (_site, hub, memory) = one_mum(&[Play::Busy, Play::Busy]).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"insert M1 v1");
}

#[tokio::test]
async fn a_duplicate_that_we_never_sent_before_is_a_rejection() {
    let site = Site::new();
    let (url, memory) = target(&[]).await;
    // The key of the first request of a fresh store, taken by somebody else.
    memory.lock().unwrap().keys.insert("province-out-0000000001".into(), 1);
    site.web(&url);
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, rejected 1
    ");
}

#[tokio::test]
async fn only_the_newest_version_goes_to_a_target_that_was_down() {
    let site = Site::new();
    site.web("http://127.0.0.1:9/records");
    for (n, name) in ["Mia", "Mia M", "Mia Maria"].into_iter().enumerate() {
        site.write(&format!("in/mum{n}.csv"), &format!("ID,V,DEL,CODE,NAME\n1,{n},,M1,{name}\n"));
        let hub = site.open().await;
        work::once(hub.clone(), &|_, _| {}).await.unwrap();
        assert_eq!(hub.feeds.len(), 1);
    }
    let (url, memory) = target(&[]).await;
    site.web(&url);
    let hub = site.open().await;
    deliver_all(&hub).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 3 items, accepted 3
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"insert M1 v3");
}

/// The answer to the parent is lost: its child must not go before it is known whether the target has the parent.
#[tokio::test]
async fn a_child_is_not_sent_while_its_parent_is_unknown() {
    let site = Site::new();
    let (url, memory) = target(&[Play::LoseAnswer, Play::Busy]).await;
    site.web(&url);
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    site.write("in/kid1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M1,Anna\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    deliver_all(&hub).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"
    insert M1 v1
    insert K1 v1
    ");
}

/// The target has the parent, but refused the version that gave it the name by which the child knows it.
#[tokio::test]
async fn a_child_waits_until_its_target_knows_the_parent_by_its_new_name() {
    let site = Site::new();
    let (url, memory) = target(&[Play::Accept, Play::Refuse]).await;
    site.web(&url);
    let hub = site.open().await;
    let take = async |name: &str, rows: &str| {
        site.write(&format!("in/{name}.csv"), rows);
        work::once(hub.clone(), &|_, _| {}).await.unwrap();
        deliver_all(&hub).await;
    };
    take("mum1", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n").await;
    take("mum2", "ID,V,DEL,CODE,NAME\n1,2,,M2,Mia\n").await;
    take("kid1", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M2,Anna\n2,1,,K2,M1,Bo\n").await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 2 items, accepted 2
    province/out: 3 owed, up to date 1, blocked 1, rejected 1
    ");
    take("mum3", "ID,V,DEL,CODE,NAME\n1,3,,M2,Maria\n").await;
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"
    insert M1 v1
    insert K2 v1
    update M2 v3
    insert K1 v1
    ");
    // Going back to a name that the target knew is nothing to wait for.
    memory.lock().unwrap().plays.push_back(Play::Refuse);
    take("mum4", "ID,V,DEL,CODE,NAME\n1,4,,M1,Mia\n").await;
    take("kid2", "ID,V,DEL,CODE,MUM,NAME\n3,1,,K3,M1,Cia\n").await;
    assert_eq!(memory.lock().unwrap().took.last().unwrap(), "insert K3 v1");
}

/// What was being sent when the process ended is unknown, and resolved before anything newer.
#[tokio::test]
async fn a_newer_version_waits_until_the_unknown_one_is_resolved() {
    let site = Site::new();
    let (url, memory) = target(&[Play::LoseAnswer]).await;
    site.web(&url);
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    drop(hub);
    site.write("in/mum2.csv", "ID,V,DEL,CODE,NAME\n1,2,,M1,Mia Maria\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    deliver_all(&hub).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 2 items, accepted 2
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"
    insert M1 v1
    update M1 v2
    ");
}

/// A person sends again what the target has: "already there" is what one would expect, and no rejection.
#[tokio::test]
async fn a_resent_record_that_the_target_has_stays_up_to_date() {
    let (_site, hub, memory) = one_mum(&[]).await;
    let feed = hub.feeds[0].clone();
    let mut tx = hub.db.begin(Priority::Receipt).await.unwrap();
    assert_eq!(store::delivery_resend(&mut tx, feed.id, Some(1), store::now_us()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    memory.lock().unwrap().keys.insert("province-out-0000000002".into(), 1);
    deliver_all(&hub).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
    assert_eq!(memory.lock().unwrap().keys.len(), 2, "it was really sent again");
}

/// Of ten records one is not answered for. It alone is unknown; it is asked for again, by its own key, and "it exists"
/// means accepted then.
#[tokio::test]
async fn a_record_without_a_result_is_unknown_alone_and_asked_for_again() {
    let site = Site::new();
    let (url, memory) = target(&[Play::Forget("M2"), Play::Forget("-")]).await;
    site.web(&url);
    let results = r#"
results = { list = "/results", key = "/key", code = "/code", classes = { ok = "accepted", exists = "duplicate" } }
[feed.to.web]"#;
    let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
    let config = config.replace("{ status = [200], pointer = \"/status\"", "{ status = [200], contains = \"results\", class = \"accepted\" },\n    { status = [200], pointer = \"/status\"");
    site.write("systems/province.toml", &config.replace("\n[feed.to.web]", results));
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Max\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    deliver_all(&hub).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 3 items, accepted 3
    province/out: 3 owed, up to date 3
    ");
    let verified = crate::verify::all(&hub).await;
    assert!(verified.findings.is_empty(), "{verified:#?}");
    let memory = memory.lock().unwrap();
    insta::assert_snapshot!(memory.took.join("\n"), @"
    insert M1 v1
    insert M2 v1
    insert M3 v1
    ");
    assert_eq!(memory.keys.values().copied().collect::<Vec<_>>(), [1, 1], "what was answered did not go again");
}

/// A target that breaks on one record gets all others.
#[tokio::test]
async fn a_record_that_breaks_its_target_holds_up_no_other() {
    let site = Site::new();
    let (url, memory) = target(&[Play::Choke("M2")]).await;
    site.web(&url);
    let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
    site.write("systems/province.toml", &config.replace("batch_records_max = 10", "batch_records_max = 1"));
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Max\n4,1,,M4,Mo\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    let feed = hub.feeds[0].clone();
    for _ in 0..100_000 {
        if memory.lock().unwrap().took.len() == 3 {
            break;
        }
        deliver::step(&hub, &feed).await.unwrap();
    }
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 4 items, accepted 4
    province/out: 4 owed, up to date 3, unknown 1
    ");
}

/// The newer version that came while the older one was under way points at a parent that the target does not have: it
/// waits for that parent, as if nothing had been under way.
#[tokio::test]
async fn what_is_wanted_after_an_answer_waits_for_its_own_parent() {
    let site = Site::new();
    let (url, memory) = target(&[Play::Accept, Play::LoseAnswer]).await;
    site.web(&url);
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    site.write("in/kid1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M1,Anna\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    drop(hub);
    memory.lock().unwrap().plays.push_back(Play::Dislike("M2"));
    site.write("in/mum2.csv", "ID,V,DEL,CODE,NAME\n2,1,,M2,Moa\n");
    site.write("in/kid2.csv", "ID,V,DEL,CODE,MUM,NAME\n1,2,,K1,M2,Anna\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    deliver_all(&hub).await;
    insta::assert_snapshot!(books(&hub).await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 2 items, accepted 2
    province/out: 3 owed, up to date 1, blocked 1, rejected 1
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"
    insert M1 v1
    insert K1 v1
    ");
}

/// Companies have no references to their notices: whoever waits for one is looked for when nothing else is due, and not
/// at each of very many.
#[tokio::test]
async fn a_widely_shared_parent_does_not_look_through_all_that_is_blocked() {
    let mut counted = Vec::new();
    for kids in [3, 2_500] {
        let site = Site::new();
        let (url, memory) = target(&[]).await;
        site.web(&url);
        for (file, from, to) in [
            ("mappings/schema/other/9901-MUM.toml", "business = \"other\"", "business = \"subject\""),
            ("mappings/schema/other/9902-KID.toml", "required = true\nsource", "required = false\nsource"),
            ("systems/province.toml", "batch_records_max = 10", "batch_records_max = 1"),
        ] {
            let text = std::fs::read_to_string(site.path(file)).unwrap();
            assert!(text.contains(from));
            site.write(file, &text.replacen(from, to, 1));
        }
        let mums: String = (1..=20).map(|n| format!("{n},1,,M{n},Mia\n")).collect();
        site.write("in/mum1.csv", &format!("ID,V,DEL,CODE,NAME\n{mums}"));
        let kids: String = (1..=kids).map(|n| format!("{n},1,,K{n},M20,Anna\n")).collect();
        site.write("in/kid1.csv", &format!("ID,V,DEL,CODE,MUM,NAME\n{kids}"));
        let hub = site.open().await;
        taken_in(&hub).await;
        let before = hub.db.statements();
        for _ in 0..19 {
            deliver::step(&hub, &hub.feeds[0]).await.unwrap();
        }
        counted.push(hub.db.statements() - before);
        assert_eq!(memory.lock().unwrap().took.len(), 19);
        for _ in 0..3 {
            deliver::step(&hub, &hub.feeds[0]).await.unwrap();
        }
        assert_eq!(memory.lock().unwrap().took.last().unwrap(), "insert K1 v1");
    }
    assert_eq!(counted[0], counted[1], "statements of nineteen requests, few and many blocked");
}

/// Takes in and settles what lies there, and sends nothing.
pub(crate) async fn taken_in(hub: &Arc<Hub>) {
    let mut tx = hub.db.begin(Priority::Receipt).await.unwrap();
    store::feed_state(&mut tx, hub.feeds[0].id, "paused", "for a while").await.unwrap();
    tx.commit().await.unwrap();
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    let mut tx = hub.db.begin(Priority::Receipt).await.unwrap();
    store::feed_state(&mut tx, hub.feeds[0].id, "on", "").await.unwrap();
    tx.commit().await.unwrap();
}

/// The child was blocked by the key that its parent had in a version that never went: its arrival frees the child.
#[tokio::test]
async fn a_child_goes_after_its_parent_also_if_that_was_renamed_before_it_went() {
    let site = Site::new();
    site.web("http://127.0.0.1:9/records");
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    site.write("in/kid1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M1,Anna\n");
    site.once().await;
    let (url, memory) = target(&[]).await;
    site.web(&url);
    site.write("in/mum2.csv", "ID,V,DEL,CODE,NAME\n1,2,,M7,Mia\n");
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    insta::assert_snapshot!(books(&hub).await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 2 items, accepted 2
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"
    insert M7 v2
    insert K1 v1
    ");
}

/// Ten records of two megabytes each: a request has as many as fit.
#[tokio::test]
async fn a_request_is_bounded_by_bytes_too() {
    let site = Site::new();
    let (url, memory) = target(&[]).await;
    site.web(&url);
    let schema = std::fs::read_to_string(site.path("mappings/schema/other/9901-MUM.toml")).unwrap();
    let long = schema.replacen(
        "en = \"name\"\ntype = \"text\"\nlength_max = 20",
        "en = \"name\"\ntype = \"text\"\nlength_max = 4000000",
        1,
    );
    assert_ne!(schema, long);
    site.write("mappings/schema/other/9901-MUM.toml", &long);
    let name = "x".repeat(2_000_000);
    let rows: String = (1..=10).map(|n| format!("{n},1,,M{n},{name}\n")).collect();
    site.write("in/mum1.csv", &format!("ID,V,DEL,CODE,NAME\n{rows}"));
    let hub = site.open().await;
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    let records = hub.db.read(|c| c.rows("select records from request order by id", [], |r| r.get::<_, i64>(0))).await;
    assert_eq!(records.unwrap(), [8, 2]);
    assert_eq!(memory.lock().unwrap().took.len(), 10);
}

/// The target breaks on one request while others come without end, and is mended: the one does not wait for their end.
#[tokio::test]
async fn an_unanswered_request_goes_also_under_a_steady_stream() {
    let site = Site::new();
    let (url, memory) = target(&[Play::Choke("M1\"")]).await;
    site.web(&url);
    let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
    site.write("systems/province.toml", &config.replace("batch_records_max = 10", "batch_records_max = 1"));
    let rows: String = (1..=200).map(|n| format!("{n},1,,M{n},Mia\n")).collect();
    site.write("in/mum1.csv", &format!("ID,V,DEL,CODE,NAME\n{rows}"));
    let hub = site.open().await;
    taken_in(&hub).await;
    let feed = hub.feeds[0].clone();
    let limit = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while memory.lock().unwrap().keys.values().max().is_none_or(|sends| *sends < 3) {
        assert!(std::time::Instant::now() < limit);
        deliver::step(&hub, &feed).await.unwrap();
    }
    memory.lock().unwrap().plays.clear();
    while memory.lock().unwrap().keys.values().max().is_none_or(|sends| *sends < 4) {
        assert!(std::time::Instant::now() < limit);
        deliver::step(&hub, &feed).await.unwrap();
    }
    let took = memory.lock().unwrap().took.len();
    assert!(took < 100, "it went after {took} of the others");
}

/// A parent that is only a hint, and that the target refuses: the child goes without it. A required one holds it.
#[tokio::test]
async fn an_optional_parent_that_is_refused_holds_nobody() {
    for (required, expected) in [("true", "up to date 0 blocked 1"), ("false", "up to date 1 blocked 0")] {
        let site = Site::new();
        let (url, _memory) = target(&[Play::Dislike("M1")]).await;
        site.web(&url);
        let schema = std::fs::read_to_string(site.path("mappings/schema/other/9902-KID.toml")).unwrap();
        let schema = schema.replace("required = true\nsource", &format!("required = {required}\nsource"));
        site.write("mappings/schema/other/9902-KID.toml", &schema);
        let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
        site.write("systems/province.toml", &config.replace("batch_records_max = 10", "batch_records_max = 1"));
        site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
        site.write("in/kid1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M1,Anna\n");
        let hub = site.open().await;
        work::once(hub.clone(), &|_, _| {}).await.unwrap();
        deliver_all(&hub).await;
        let verified = crate::verify::all(&hub).await;
        assert!(verified.findings.is_empty(), "{verified:#?}");
        let feed = hub.db.read(store::feed_books).await.unwrap().remove(0);
        assert_eq!(format!("up to date {} blocked {}", feed.up_to_date, feed.blocked), expected);
        assert_eq!(feed.rejected, 1);
    }
}

/// The feed selected both datasets when these were raised, and one of them when the target was there again.
#[tokio::test]
async fn what_a_feed_selects_no_longer_is_not_sent_until_it_does() {
    let site = Site::new();
    site.web("http://127.0.0.1:9/records");
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    site.write("in/kid1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,K1,M1,Anna\n");
    site.once().await;
    let (url, memory) = target(&[]).await;
    let select = |datasets: &str| {
        site.web(&url);
        let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
        site.write("systems/province.toml", &config.replace("[\"*\"]", datasets));
    };
    select("[\"KID\"]");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 1, withheld 1
    ");
    let verified = crate::verify::all(&site.open().await).await;
    assert!(verified.findings.is_empty(), "{verified:#?}");
    select("[\"*\"]");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(memory.lock().unwrap().took.join("\n"), @"
    insert K1 v1
    insert M1 v1
    ");
}
