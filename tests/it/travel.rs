//! How records travel: what the stages promise, on the embedded store, from files to a target that is a directory.

use exchange_hub::pipeline::{intake, normalise};
use exchange_hub::store::{self, Priority};

use crate::kit::{Site, books};

const MUMS: &str = "ID,V,DEL,CODE,NAME\n";
const KIDS: &str = "ID,V,DEL,CODE,MUM,NAME\n";

fn mums(rows: &str) -> String {
    format!("{MUMS}{rows}")
}

fn kids(rows: &str) -> String {
    format!("{KIDS}{rows}")
}

#[tokio::test]
async fn rows_become_records_and_reach_the_target_parents_first() {
    let site = Site::new();
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n2,1,,K2,M1,Bo\n"));
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 1 items, accepted 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    KID insert K2 Bo
    ");
}

#[tokio::test]
async fn a_child_waits_until_its_parent_arrives_and_then_goes_by_itself() {
    let site = Site::new();
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, waiting 1
    province/out: 0 owed,
    ");
    insta::assert_snapshot!(site.open_items().await, @"dept/kid waiting x1: waits for its parent MUM (M1)");
    insta::assert_snapshot!(site.sent(), @"");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    ");
}

#[tokio::test]
async fn a_file_is_known_by_its_content_and_taken_once() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,1,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.sent(), @"MUM insert M1 Mia");
}

#[tokio::test]
async fn reading_everything_again_changes_nothing_and_sends_nothing() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,,nameless\n"));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n2,1,,K2,M9,waits\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 1, waiting 1
    dept/mum: 2 items, accepted 1, quarantined 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.again("dept/mums").await, @"
    dept/kid: 2 items, accepted 1, waiting 1
    dept/mum: 4 items, accepted 1, unchanged 2, quarantined 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.again("dept/kids").await, @"
    dept/kid: 4 items, accepted 1, unchanged 2, waiting 1
    dept/mum: 4 items, accepted 1, unchanged 2, quarantined 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.open_items().await, @"
    dept/mum quarantined x2: CODE (编号): required, but empty [数据规范 9901]
    dept/kid waiting x2: waits for its parent MUM (M9)
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    ");
}

#[tokio::test]
async fn a_changed_row_is_a_new_version_and_an_older_one_never_overwrites_it() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,5,,M1,Mia\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,7,,M1,Mia Maria\n"));
    site.once().await;
    site.write("in/mum3.csv", &mums("1,6,,M1,late and old\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 2, superseded 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM update M1 Mia Maria
    ");
}

#[tokio::test]
async fn of_one_batch_the_last_row_of_a_record_wins_and_the_others_are_superseded() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,2,,M1,second\n1,3,,M1,third\n1,1,,M1,first\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 1, superseded 2
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.sent(), @"MUM insert M1 third");
}

#[tokio::test]
async fn a_withdrawal_reaches_the_target_and_a_record_that_comes_back_is_an_insert_again() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,1,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 2 items, accepted 1, withdrawn 1
    province/out: 1 owed, up to date 1
    ");
    site.write("in/mum3.csv", &mums("1,3,,M1,Mia is back\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 2, withdrawn 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM withdraw M1 Mia
    MUM insert M1 Mia is back
    ");
}

#[tokio::test]
async fn a_withdrawn_record_that_was_never_sent_is_not_sent_at_all() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,2,1,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, withdrawn 1
    province/out: 1 owed, up to date 1
    ");
    site.write("in/mum2.csv", &mums("1,1,,M1,older than its withdrawal\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 2 items, superseded 1, withdrawn 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.sent(), @"");
}

#[tokio::test]
async fn a_parents_withdrawal_waits_for_the_children_that_the_target_still_has() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,1,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 2 items, accepted 1, withdrawn 1
    province/out: 2 owed, up to date 1, blocked 1
    ");
    site.write("in/kid2.csv", &kids("1,2,1,K1,M1,Anna\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 1, withdrawn 1
    dept/mum: 2 items, accepted 1, withdrawn 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    KID withdraw K1 Anna
    MUM withdraw M1 Mia
    ");
}

#[tokio::test]
async fn a_business_key_of_another_record_is_refused_naming_the_owner_until_it_is_given_up() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M1,wants the same\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 2 items, accepted 1, quarantined 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.open_items().await, @"dept/mum quarantined x1: CODE: the business key belongs to record 1 of system dept");
    site.write("in/mum2.csv", &mums("1,2,,M7,Mia moves\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 3
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM update M7 Mia moves
    MUM insert M1 wants the same
    ");
}

#[tokio::test]
async fn two_records_may_swap_their_keys_in_one_batch() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,,M2,Mia\n2,2,,M1,Moa\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 4
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.open_items().await, @"");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    MUM update M2 Mia
    MUM update M1 Moa
    ");
}

/// A wants C's key, B wants A's: A loses and so keeps its own, which B therefore cannot have.
#[tokio::test]
async fn a_loser_keeps_its_key_so_whoever_wanted_that_one_loses_too() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,A,a\n2,1,,B,b\n3,1,,C,c\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,,C,a\n2,2,,A,b\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 5 items, accepted 3, quarantined 2
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.open_items().await, @"
    dept/mum quarantined x1: CODE: the business key belongs to record 3 of system dept
    dept/mum quarantined x1: CODE: the business key belongs to record 1 of system dept
    ");
}

#[tokio::test]
async fn a_bad_row_fails_alone_and_its_correction_closes_it() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,\n3,1\n4,1,,M4,Moa\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 2, quarantined 1
    row: 1 items, quarantined 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.open_items().await, @"
    dept/mum quarantined x1: NAME (名称): required, but empty [数据规范 9901]
    row quarantined x1: mum1.csv:4: the row has 2 cells, the header has 5
    ");
    site.write("in/mum2.csv", &mums("2,2,,M2,named now\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 3, superseded 1
    row: 1 items, quarantined 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.open_items().await, @"row quarantined x1: mum1.csv:4: the row has 2 cells, the header has 5");
}

/// The good row waits for its parent, and the bad one came later: only the later one is for a person to look at, whether
/// they come in one batch or in two.
#[tokio::test]
async fn of_two_rows_of_a_record_that_stay_open_the_later_stands() {
    let bad = "1,2,,K1,M9,a name that is longer than twenty\n";
    for files in [vec![format!("1,1,,K1,M9,Anna\n{bad}")], vec!["1,1,,K1,M9,Anna\n".to_owned(), bad.to_owned()]] {
        let site = Site::new();
        for (n, rows) in files.iter().enumerate() {
            site.write(&format!("in/kid{n}.csv"), &kids(rows));
            site.once().await;
        }
        let (books, open) = (site.once().await, site.open_items().await);
        insta::allow_duplicates! {
            insta::assert_snapshot!(books, @"
            dept/kid: 2 items, superseded 1, quarantined 1
            province/out: 0 owed,
            ");
            insta::assert_snapshot!(open, @"dept/kid quarantined x1: NAME (名称): length 33, at most 20 allowed [数据规范 9902]");
        }
    }
}

#[tokio::test]
async fn a_file_with_a_renamed_column_is_not_taken_and_stops_no_other() {
    let site = Site::new();
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAMES\n1,1,,M1,Mia\n");
    site.write("in/mum2.csv", &mums("2,1,,M2,Moa\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mums: job dept/mums: mum1.csv has no column `NAME`
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 2 items, accepted 2
    province/out: 2 owed, up to date 2
    ");
}

#[tokio::test]
async fn what_a_whole_reading_no_longer_shows_is_withdrawn() {
    let site = Site::new();
    site.snapshot("last", "vanished_share = 0.6");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Mo\n"));
    site.once().await;
    std::fs::remove_file(site.path("in/mum1.csv")).unwrap();
    site.write("in/mum2.csv", &mums("1,1,,M1,Mia\n3,1,,M3,Mo\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 6 items, accepted 3, unchanged 2, withdrawn 1
    province/out: 3 owed, up to date 3
    ");
    // A run that finds no new file has read no snapshot.
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 6 items, accepted 3, unchanged 2, withdrawn 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    MUM insert M3 Mo
    MUM withdraw M2 Moa
    ");
}

#[tokio::test]
async fn too_much_vanishing_at_once_stops_the_job_and_asks() {
    let site = Site::new();
    site.snapshot("last", "");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Mo\n"));
    site.once().await;
    std::fs::remove_file(site.path("in/mum1.csv")).unwrap();
    site.write("in/mum2.csv", &mums("1,1,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mums: job dept/mums has stopped: 2 of 3 live records of MUM vanished at once, more than the share of 0.05
    dept/mum: 4 items, accepted 3, unchanged 1
    province/out: 3 owed, up to date 3
    ");
    site.write("in/mum3.csv", &mums("1,2,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mums: job dept/mums is paused: 2 of 3 live records of MUM vanished at once, more than the share of 0.05
    dept/mum: 4 items, accepted 3, unchanged 1
    province/out: 3 owed, up to date 3
    ");
}

#[tokio::test]
async fn a_new_feed_is_owed_what_is_stored_parents_first() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n2,1,,K2,M1,Bo\n"));
    site.write("systems/province.toml", "name = \"province\"\nname_zh = \"省平台\"\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 1 items, accepted 1
    ");
    site.province();
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 1 items, accepted 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    KID insert K2 Bo
    ");
}

/// A parent that was withdrawn while its children stayed is not there for a new feed either, so they wait for it.
#[tokio::test]
async fn a_new_feed_is_not_sent_the_children_of_a_withdrawn_parent() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    site.write("systems/province.toml", "name = \"province\"\nname_zh = \"省平台\"\n");
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,1,M1,Mia\n"));
    site.once().await;
    site.province();
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 2 items, accepted 1, withdrawn 1
    province/out: 2 owed, up to date 1, blocked 1
    ");
    insta::assert_snapshot!(site.sent(), @"");
    site.write("in/mum3.csv", &mums("1,3,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 3 items, accepted 2, withdrawn 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    ");
}

/// A whole reading that comes again under another name is not read, and so shows nothing less.
#[tokio::test]
async fn the_same_whole_reading_again_withdraws_nothing() {
    let site = Site::new();
    site.snapshot("last", "vanished_share = 1.0\n");
    for name in ["mum1", "mum2"] {
        site.write(&format!("in/{name}.csv"), &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n"));
        site.once().await;
    }
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    ");
}

/// The row that cannot be told may be the one that seems to be gone, also the second night.
#[tokio::test]
async fn a_row_that_cannot_be_told_deletes_nothing_however_often_it_comes() {
    let site = Site::new();
    site.snapshot("last", "vanished_share = 1.0");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n"));
    site.once().await;
    for night in 2..4 {
        site.write(&format!("in/mum{night}.csv"), &mums(&format!("1,{night},,M1,Mia\n2,1\n")));
        site.once().await;
    }
    assert!(!site.sent().contains("withdraw"), "{}", site.sent());
}

/// A feed that was taken out of the configuration and put back is owed what became of the records meanwhile.
#[tokio::test]
async fn a_feed_that_was_away_is_owed_what_happened_meanwhile() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Max\n"));
    site.once().await;
    site.write("systems/province.toml", "name = \"province\"\nname_zh = \"省平台\"\n");
    site.write("in/mum2.csv", &mums("1,2,,M1,Mia Maria\n2,2,1,M2,Moa\n4,1,,M4,Mo\n"));
    site.once().await;
    site.province();
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 6 items, accepted 5, withdrawn 1
    province/out: 4 owed, up to date 4
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    MUM insert M3 Max
    MUM update M1 Mia Maria
    MUM withdraw M2 Moa
    MUM insert M4 Mo
    ");
}

/// A child moves to another parent, and its old parent is withdrawn: the target must have the move first.
#[tokio::test]
async fn a_parent_is_withdrawn_only_after_its_target_knows_that_the_child_has_moved() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n"));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,1,M1,Mia\n"));
    site.write("in/kid2.csv", &kids("1,2,,K1,M2,Anna\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 3 items, accepted 2, withdrawn 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    KID insert K1 Anna
    KID update K1 Anna
    MUM withdraw M1 Mia
    ");
}

/// Who waits for a parent by its earlier name goes as soon as the parent comes back, whatever its name is then.
#[tokio::test]
async fn a_parent_that_comes_back_under_another_name_releases_who_waits_for_the_earlier_one() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,1,M1,Mia\n"));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    site.once().await;
    insta::assert_snapshot!(site.open_items().await, @"dept/kid waiting x1: waits for its parent MUM (M1)");
    site.write("in/mum3.csv", &mums("1,3,,M9,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 3 items, accepted 2, withdrawn 1
    province/out: 2 owed, up to date 2
    ");
}

/// What came in while stored records are walked for a new feed does not go before its parent.
#[tokio::test]
async fn what_comes_in_during_a_walk_does_not_overtake_its_parent() {
    let site = Site::new();
    site.write("systems/province.toml", "name = \"province\"\nname_zh = \"省平台\"\n");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    site.province();
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    let hub = site.open().await;
    // Taken in before the walk has begun.
    let job = hub.job("dept/kids").unwrap().clone();
    intake::run(&hub, &job, "by hand", false, &|_| {}).await.unwrap();
    let mut tx = hub.db.begin(Priority::Settle).await.unwrap();
    let batch = hub.queue.next(&mut tx, &hub.node, hub.epoch).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    normalise::batch(&hub, &batch).await.unwrap();
    assert_eq!(books(&hub).await.lines().last(), Some("province/out: 1 owed, blocked 1"));
    drop(hub);
    site.once().await;
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    ");
}

/// A look-up that is new finds records stored before, also if another command gave its index a number first.
#[tokio::test]
async fn a_new_look_up_finds_what_was_stored_before() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    let by_name = r#"
dataset = "KID"
identity = ["ID"]
version = { from = "V", as = "integer" }
[fields]
CODE = "CODE"
MUM_CODE = { lookup = "MUM", where = { NAME = "MUM" }, take = "CODE", missing = "wait" }
NAME = "NAME"
"#;
    let with_code = std::fs::read_to_string(site.path("mappings/from/dept/kid.toml")).unwrap();
    for mapping in [by_name, &with_code, by_name] {
        site.write("mappings/from/dept/kid.toml", mapping);
        // It was only looked at; nothing was built.
        drop(site.open().await);
    }
    site.write("in/kid1.csv", &kids("1,1,,K1,Mia,Anna\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
}

/// The process ends between the claim and the answer, and a foreign file stands under the document's name.
#[tokio::test]
async fn what_stands_in_the_place_of_an_unanswered_document_is_not_taken_for_it() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    let hub = site.open().await;
    let mut tx = hub.db.begin(Priority::Receipt).await.unwrap();
    let undo =
        "update delivery set state = 'sending', accepted_version = 0, accepted_operation = '', at_target = 'absent'";
    tx.run(move |c| c.execute(undo, [])).await.unwrap();
    tx.run(|c| c.execute("update request set answered_us = null, class = '', answer = null", [])).await.unwrap();
    tx.commit().await.unwrap();
    drop(hub);
    site.write("out/province-out-0000000001.ndjson", "{\"foreign\":1}\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, rejected 1
    ");
}

/// The source numbers its records anew: the business key lives on in another record, and so do the children.
#[tokio::test]
async fn a_record_leaves_whose_key_lives_on_in_another() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,1,M1,Mia\n2,2,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 3 items, accepted 2, withdrawn 1
    province/out: 3 owed, up to date 3
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    KID insert K1 Anna
    MUM insert M1 Mia
    MUM withdraw M1 Mia
    ");
}

/// XML has no room for U+FFFF. What cannot be written is withheld, the rest goes; a newer version goes by itself.
#[tokio::test]
async fn what_the_form_cannot_hold_is_withheld_until_a_newer_version_or_a_person() {
    let site = Site::new();
    site.province();
    let config = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
    let xml = config.replace("ndjson", "xml").replace("batch_records_max = 100", "batch_records_max = 2");
    site.write("systems/province.toml", &xml);
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Max\n"));
    let hub = site.open().await;
    crate::target::taken_in(&hub).await;
    crate::answers::spoil(&hub, "Mia").await;
    crate::answers::spoil(&hub, "Moa").await;
    drop(hub);
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 3
    province/out: 3 owed, up to date 1, withheld 2
    ");
    // A newer version can be written, and nobody had to ask for it.
    site.write("in/mum2.csv", &mums("1,2,,M1,Mia Maria\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 4
    province/out: 3 owed, up to date 2, withheld 1
    ");
    // Another form can hold the other: a person sends it again.
    site.write("systems/province.toml", &config);
    let hub = site.open().await;
    let mut tx = hub.db.begin(Priority::Receipt).await.unwrap();
    let feed = hub.feeds[0].id;
    assert_eq!(store::delivery_resend(&mut tx, feed, None, store::now_us()).await.unwrap(), 1);
    tx.commit().await.unwrap();
    drop(hub);
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 4
    province/out: 3 owed, up to date 3
    ");
}

/// A record that came withdrawn was never sent: there is nothing to send again.
#[tokio::test]
async fn a_withdrawal_of_what_never_arrived_is_not_sent_again_either() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,2,1,M1,Mia\n"));
    site.once().await;
    let hub = site.open().await;
    let mut tx = hub.db.begin(Priority::Receipt).await.unwrap();
    assert_eq!(store::delivery_resend(&mut tx, hub.feeds[0].id, Some(1), store::now_us()).await.unwrap(), 0);
    tx.commit().await.unwrap();
}
