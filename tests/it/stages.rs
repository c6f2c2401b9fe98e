//! What holds between the stages, asked of the store itself: leases, redeliveries, one writer.

use adapter::{Cell, Place, Rows};
use exchange_hub::pipeline::{intake, normalise, work};
use exchange_hub::store::{self, Db, Priority, StoreError};

use crate::kit::{Site, books};

/// I1: a holder whose lease was taken over moves no checkpoint, and what it read is not taken in.
#[tokio::test]
async fn a_stale_lease_moves_no_checkpoint() {
    let site = Site::new();
    let hub = site.open().await;
    let mut tx = hub.db.begin(Priority::Intake).await.unwrap();
    let old = store::source_lease(&mut tx, "dept/x", "first", 0).await.unwrap();
    let new = store::source_lease(&mut tx, "dept/x", "second", 0).await.unwrap();
    assert_eq!((old.epoch, new.epoch), (1, 2));
    assert!(!store::source_checkpoint(&mut tx, &old, "stale").await.unwrap());
    assert!(store::source_checkpoint(&mut tx, &new, "fresh").await.unwrap());
    let again = store::source_lease(&mut tx, "dept/x", "third", 0).await.unwrap();
    assert_eq!(again.checkpoint, "fresh");
}

/// I2: a batch that comes twice is settled once, and nothing of it is counted twice.
#[tokio::test]
async fn a_redelivered_batch_changes_nothing() {
    let site = Site::new();
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    let hub = site.open().await;
    let job = hub.job("dept/mums").unwrap().clone();
    intake::run(&hub, &job, "by hand", false, &|_| {}).await.unwrap();
    let mut tx = hub.db.begin(Priority::Settle).await.unwrap();
    let batch = hub.queue.next(&mut tx, &hub.node, hub.epoch).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    assert!(normalise::batch(&hub, &batch).await.unwrap().is_some());
    assert!(normalise::batch(&hub, &batch).await.unwrap().is_none());
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, blocked 1
    ");
}

/// What was taken in when the process ended is worked off by the next one, without the source.
#[tokio::test]
async fn what_was_taken_in_survives_the_process() {
    let site = Site::new();
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    let hub = site.open().await;
    let job = hub.job("dept/mums").unwrap().clone();
    intake::run(&hub, &job, "by hand", false, &|_| {}).await.unwrap();
    drop(job);
    drop(hub);
    std::fs::remove_file(site.path("in/mum1.csv")).unwrap();
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
}

/// A transaction that its caller gave up, at whatever moment, leaves nothing behind and blocks nobody.
#[tokio::test]
async fn a_cancelled_transaction_is_rolled_back() {
    let dir = tempfile::tempdir().unwrap();
    let db = Db::open(&dir.path().join("hub.db")).unwrap();
    for _ in 0..50 {
        let begun = db.clone();
        let task = tokio::spawn(async move {
            let mut tx = begun.begin(Priority::Intake).await.unwrap();
            store::counter_draw(&mut tx, "cancelled", 1).await.unwrap();
            std::future::pending::<()>().await;
        });
        tokio::task::yield_now().await;
        task.abort();
    }
    let mut tx = db.begin(Priority::Intake).await.unwrap();
    assert_eq!(store::counter_draw(&mut tx, "cancelled", 1).await.unwrap(), 1, "nothing of the others stayed");
    tx.commit().await.unwrap();
}

/// One file, one process.
#[tokio::test]
async fn a_second_process_on_one_store_is_refused_naming_the_first() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("hub.db");
    let _db = Db::open(&path).unwrap();
    let Err(StoreError::Held { pid, .. }) = Db::open(&path) else { panic!("two hold one store") };
    assert_eq!(pid, std::process::id().to_string());
}

/// A batch of a job that is no longer configured stands aside; the others go on.
#[tokio::test]
async fn a_batch_that_cannot_be_worked_stops_no_other() {
    let site = Site::new();
    let hub = site.open().await;
    let mut tx = hub.db.begin(Priority::Intake).await.unwrap();
    let gone = store::job_get(&mut tx, "gone/job").await.unwrap();
    let lease = store::source_lease(&mut tx, "gone/x", "n", 0).await.unwrap();
    let mut rows = Rows::with_header(vec!["ID".into()]);
    rows.begin(Place::default());
    rows.push(Cell::Text("1"));
    let batch = store::BatchWrite {
        number: 0,
        source: lease.source,
        job: gone.id,
        run: 0,
        kind: "pull",
        rows: 1,
        node: "n".into(),
        epoch: 1,
        read_us: 0,
        packed: rows.encode(),
    };
    hub.queue.publish(&mut tx, batch).await.unwrap();
    tx.commit().await.unwrap();
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    work::once(hub.clone(), &|_, _| {}).await.unwrap();
    let stuck = hub.db.read(store::batch_stuck_jobs).await.unwrap();
    assert_eq!(stuck, [("gone/job".to_owned(), 1)]);
    insta::assert_snapshot!(books(&hub).await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
}
