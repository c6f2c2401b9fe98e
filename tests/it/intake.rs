//! What is taken in: whole pictures and what they no longer show, rows that come again, rows that cannot be told.

use exchange_hub::pipeline::intake;
use exchange_hub::store::{Priority, job_pause};

use crate::cli;
use crate::kit::Site;

fn mums(rows: &str) -> String {
    format!("ID,V,DEL,CODE,NAME\n{rows}")
}

fn kids(rows: &str) -> String {
    format!("ID,V,DEL,CODE,MUM,NAME\n{rows}")
}

fn many(from: usize, to: usize, name: &str) -> String {
    mums(&(from..=to).map(|i| format!("{i},1,,M{i},{name}\n")).collect::<String>())
}

/// Two files that are written anew each night, and tonight only one of them has other content.
#[tokio::test]
async fn of_a_whole_reading_the_files_that_did_not_change_are_read_too() {
    let site = Site::new();
    site.snapshot("all", "");
    site.write("in/mum_a.csv", &many(1, 100, "Mia"));
    site.write("in/mum_b.csv", &many(101, 103, "Moa"));
    site.once().await;
    site.write("in/mum_a.csv", &many(1, 99, "Mia"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 206 items, accepted 103, unchanged 102, withdrawn 1
    province/out: 103 owed, up to date 103
    ");
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 206 items, accepted 103, unchanged 102, withdrawn 1
    province/out: 103 owed, up to date 103
    ");
}

/// What a later picture no longer shows does not come back with the earlier ones that still lie there.
#[tokio::test]
async fn an_old_picture_brings_nothing_back() {
    let site = Site::new();
    site.snapshot("last", "vanished_share = 1.0");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    insta::assert_snapshot!(site.again("dept/mums").await, @"
    dept/mum: 5 items, accepted 2, unchanged 2, withdrawn 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert M1 Mia
    MUM insert M2 Moa
    MUM withdraw M2 Moa
    ");

    // Nor is any but the last of several taken in at first.
    let site = Site::new();
    site.snapshot("last", "");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n"));
    site.write("in/mum2.csv", &mums("1,1,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
}

/// A person who says that so much was really deleted need not bring the file again.
#[tokio::test]
async fn a_picture_that_showed_too_little_is_read_again_once_a_person_has_agreed() {
    let site = Site::new();
    site.snapshot("last", "");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Mo\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    site.snapshot("last", "vanished_share = 1.0");
    let hub = site.open().await;
    let mut tx = hub.db.begin(Priority::Intake).await.unwrap();
    job_pause(&mut tx, hub.job("dept/mums").unwrap().id, false, "").await.unwrap();
    tx.commit().await.unwrap();
    drop(hub);
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 7 items, accepted 3, unchanged 2, withdrawn 2
    province/out: 3 owed, up to date 3
    ");
}

/// A mended mapping finds that the row is fine but for its parent: the item waits from then on, under its old place.
#[tokio::test]
async fn a_row_that_comes_again_makes_its_item_what_it_is_now() {
    let site = Site::new();
    let mended = std::fs::read_to_string(site.path("mappings/from/dept/kid.toml")).unwrap();
    site.write("mappings/from/dept/kid.toml", &mended.replace("CODE = \"CODE\"", "CODE = \"NAME\""));
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,\n"));
    site.once().await;
    insta::assert_snapshot!(site.open_items().await, @"dept/kid quarantined x1: CODE (编号): required, but empty [数据规范 9902]");
    site.write("mappings/from/dept/kid.toml", &mended);
    site.again("dept/kids").await;
    insta::assert_snapshot!(site.open_items().await, @"dept/kid waiting x2: waits for its parent MUM (M1)");
    site.verified().await;
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 1, unchanged 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
    site.verified().await;
}

/// Records are known by the standard's own key, and the row that takes one back has none.
#[tokio::test]
async fn a_withdrawal_that_names_no_record_is_quarantined() {
    let site = Site::new();
    let mapping = std::fs::read_to_string(site.path("mappings/from/dept/mum.toml")).unwrap();
    site.write("mappings/from/dept/mum.toml", &mapping.replace("identity = [\"ID\"]\n", ""));
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n1,2,1,,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 2 items, accepted 1, quarantined 1
    province/out: 1 owed, up to date 1
    ");
    insta::assert_snapshot!(site.open_items().await, @"dept/mum quarantined x1: CODE (编号): the identity column CODE is empty, so the record cannot be told");
    site.verified().await;
}

/// Which of the two is newer only their places can say, in one batch as in two.
#[tokio::test]
async fn a_bad_row_with_an_unreadable_version_is_not_overtaken_by_a_row_before_it() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,2024,,M1,Mia\n1,???,,M1,Mia Maria\n2,???,,M2,Moa\n2,2024,,M2,Moa\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 2, superseded 1, quarantined 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.open_items().await, @r#"dept/mum quarantined x1: V: the version "???" is neither a time nor a whole number [dept/mum]"#);
    site.verified().await;
}

/// One row is several records: its codes.
const EACH: &str = r#"
dataset = "MUM"
identity = ["ID", "CODE"]
version = { from = "V", as = "integer" }
when = { DEL = ["KIND"] }
[each]
split = { CODE = "/" }
complete = true
[fields]
CODE = "CODE"
NAME = "NAME"
"#;

fn each(kind: &str, more: &str) -> String {
    format!("{more}{}", EACH.replace("KIND", kind))
}

/// A row that its mapping does not want says nothing of the records that it made before.
#[tokio::test]
async fn elements_are_kept_when_their_row_is_no_longer_wanted() {
    let site = Site::new();
    site.write("mappings/from/dept/mum.toml", &each("1", ""));
    site.write("in/mum1.csv", &mums("1,1,1,A/B,Mia\n"));
    site.once().await;
    site.write("in/mum2.csv", &mums("1,2,2,A/B,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 3 items, accepted 2, filtered 1
    province/out: 2 owed, up to date 2
    ");
    site.write("in/mum3.csv", &mums("1,3,1,B,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 5 items, accepted 2, unchanged 1, withdrawn 1, filtered 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"
    MUM insert A Mia
    MUM insert B Mia
    MUM withdraw A Mia
    ");
    site.verified().await;
}

/// Two mappings share a table by `when`; a row moves from one to the other, and takes its records along.
#[tokio::test]
async fn a_row_that_another_mapping_wants_now_loses_no_element_of_its_own() {
    let site = Site::new();
    for which in ["", "when_lost = \"withdraw\"\n"] {
        site.write("mappings/from/dept/mum.toml", &each("1", which));
        site.write("mappings/from/dept/second.toml", &each("2", which));
        let department = std::fs::read_to_string(site.path("systems/dept.toml")).unwrap();
        let both = department.replace("[\"dept/mum\"]", "[\"dept/mum\", \"dept/second\"]");
        site.write("systems/dept.toml", &both);
        let v = if which.is_empty() { 1 } else { 3 };
        site.write(&format!("in/mum{v}.csv"), &mums(&format!("1,{v},1,A/B,Mia {v}\n")));
        site.once().await;
        site.write(&format!("in/mum{}.csv", v + 1), &mums(&format!("1,{},2,B/C,Mia {}\n", v + 1, v + 1)));
        site.once().await;
    }
    insta::assert_snapshot!(site.sent(), @"
    MUM insert A Mia 1
    MUM insert B Mia 1
    MUM withdraw A Mia 1
    MUM update B Mia 2
    MUM insert C Mia 2
    MUM insert A Mia 3
    MUM update B Mia 3
    MUM withdraw C Mia 2
    MUM withdraw A Mia 3
    MUM update B Mia 4
    MUM insert C Mia 4
    ");
    site.verified().await;
}

/// What is lost may have come in the same batch, or may still wait.
#[tokio::test]
async fn an_element_that_a_later_row_of_its_batch_lacks_is_withdrawn() {
    let site = Site::new();
    site.write("mappings/from/dept/mum.toml", &each("1", ""));
    site.write("in/mum1.csv", &mums("1,1,1,A/B,Mia\n1,2,1,A,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 1, superseded 2, withdrawn 1
    province/out: 2 owed, up to date 2
    ");
    insta::assert_snapshot!(site.sent(), @"MUM insert A Mia");
    site.write("in/mum2.csv", &mums("2,1,1,C/D,\n"));
    site.write("in/mum3.csv", &mums("2,2,1,C,Moa\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 8 items, accepted 2, superseded 4, withdrawn 2
    province/out: 4 owed, up to date 4
    ");
    insta::assert_snapshot!(site.open_items().await, @"");
    site.verified().await;
}

fn command(site: &Site, words: &[&str]) -> String {
    let config = site.path("hub.toml").display().to_string();
    let said = cli::run(&[&["--config", &config], words].concat());
    said.replace(&site.dir.path().display().to_string(), "SITE")
}

/// Two sheets of a workbook, or two lists of one document: each job knows for itself what it has taken.
#[tokio::test]
async fn two_jobs_may_read_the_same_files() {
    let site = Site::new();
    let department = std::fs::read_to_string(site.path("systems/dept.toml")).unwrap();
    site.write("systems/dept.toml", &department.replace("kid*.csv", "mum*.csv"));
    site.write("in/mum1.csv", "ID,V,DEL,CODE,MUM,NAME\n1,1,,M1,M1,Mia\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 1 items, accepted 1
    dept/mum: 1 items, accepted 1
    province/out: 2 owed, up to date 2
    ");
    site.write("in/mum2.csv", "ID,V,DEL,CODE,MUM,NAME\n2,1,,M2,M2,Moa\n");
    insta::assert_snapshot!(site.once().await, @"
    dept/kid: 2 items, accepted 2
    dept/mum: 2 items, accepted 2
    province/out: 4 owed, up to date 4
    ");
}

/// What the second job reads would be gone: the first has archived it.
#[test]
fn a_job_that_archives_what_another_reads_is_a_mistake() {
    let site = Site::new();
    let department = std::fs::read_to_string(site.path("systems/dept.toml")).unwrap();
    let department = department.replace("kid*.csv", "mum*.csv");
    site.write(
        "systems/dept.toml",
        &department.replacen("path = \"in\"", "path = \"in\"\nafter = { archive = \"done\" }", 1),
    );
    insta::assert_snapshot!(command(&site, &["--lang", "en", "check"]), @r#"
    exit 2
    error: SITE/systems/dept.toml:8:6: job `mums` archives the files that job `kids` reads too
    hint: where several jobs read the same files, write after = "leave"; with one format, one job may list all mappings
    "#);
    insta::assert_snapshot!(command(&site, &["--lang", "zh", "check"]), @r#"
    exit 2
    错误：SITE/systems/dept.toml:8:6: 任务 `mums` 归档的文件，任务 `kids` 也要读取
    提示：多个任务读取同一批文件时写 after = "leave"；格式相同的，也可合为一个任务，在 mappings 中列出全部映射
    "#);
}

/// What one job does not see is there in the files of the other.
#[test]
fn a_picture_of_records_that_another_job_fills_too_is_a_mistake() {
    let site = Site::new();
    site.snapshot("last", "");
    let department = std::fs::read_to_string(site.path("systems/dept.toml")).unwrap();
    site.write("systems/dept.toml", &department.replace("[\"dept/kid\"]", "[\"dept/kid\", \"dept/mum\"]"));
    insta::assert_snapshot!(command(&site, &["--lang", "en", "check"]), @"
    exit 2
    warning: SITE/systems/dept.toml:17:8: dept/mums, dept/kids read different sources into MUM without an `identity_space`
      hint: right if a number means the same record in all of them; else give each mapping an `identity_space`
    error: SITE/systems/dept.toml:6:8: job dept/mums takes every MUM that it does not see for deleted, and dept/mums, dept/kids all fill these records
    hint: give the mappings of each job an `identity_space` of their own, or leave `snapshot` out
    ");
    insta::assert_snapshot!(command(&site, &["--lang", "zh", "check"]), @"
    exit 2
    警告：SITE/systems/dept.toml:17:8: dept/mums, dept/kids 从不同来源写入 MUM，没有写 identity_space
      提示：如果各来源的编号指同一条记录则没有问题；否则为每个映射写 identity_space
    错误：SITE/systems/dept.toml:6:8: 任务 dept/mums 把没有出现的 MUM 视为已删除，但这些记录由 dept/mums, dept/kids 共同写入
    提示：为每个任务的映射写各自的 identity_space，或去掉 snapshot
    ");
    insta::assert_snapshot!(command(&site, &["--lang", "en", "run", "--once"]), @"
    exit 2
    error: SITE/systems/dept.toml:6:8: job dept/mums takes every MUM that it does not see for deleted, and dept/mums, dept/kids all fill these records
    hint: give the mappings of each job an `identity_space` of their own, or leave `snapshot` out
    ");
}

/// A look-up meets a body that nobody can read: the stage's panic ends neither the run nor the other batches.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_that_cannot_be_worked_ends_the_command_with_one_and_says_so() {
    let site = Site::new();
    let mapping = std::fs::read_to_string(site.path("mappings/from/dept/kid.toml")).unwrap();
    let by_name = "MUM_CODE = { lookup = \"MUM\", where = { NAME = \"MUM\" }, take = \"CODE\", missing = \"wait\" }";
    site.write("mappings/from/dept/kid.toml", &mapping.replace("MUM_CODE = \"MUM\"", by_name));
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    site.once().await;
    spoil(&site, "update version set body = '{'");
    site.write("in/kid1.csv", &kids("1,1,,K1,Mia,Anna\n"));
    let run = command(&site, &["--lang", "en", "job", "run", "dept/kids"]);
    insta::assert_snapshot!(run.lines().take(3).collect::<Vec<_>>().join("\n"), @"
    exit 1
    job dept/kids, run 3: 1 file, 1 row
    batches of job dept/kids that cannot be normalised: 1; their rows are kept, the log says why (the job was renamed or removed, or its mapping does not fit them). Put it right: every run tries them again
    ");
    let once = command(&site, &["--lang", "zh", "run", "--once"]);
    let told: Vec<&str> = once.lines().filter(|l| l.starts_with("exit") || l.contains("批次")).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    exit 1
    任务 dept/kids 有 1 个批次无法处理，原始行已保存；原因见日志（任务已改名或删除，或映射与这些行不符），改正后每次运行都会再试
    ");
}

fn spoil(site: &Site, sql: &str) {
    let db = rusqlite::Connection::open(site.path("data/hub.db")).unwrap();
    assert!(db.execute(sql, []).unwrap() > 0);
}

/// A batch that cannot be worked keeps its own job's records; the pictures of the others say what they say.
#[tokio::test]
async fn a_stuck_batch_of_one_job_keeps_no_other_from_deleting() {
    let site = Site::new();
    site.snapshot("last", "vanished_share = 1.0");
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n2,1,,M2,Moa\n"));
    site.once().await;
    site.write("in/kid1.csv", &kids("1,1,,K1,M1,Anna\n"));
    let hub = site.open().await;
    intake::run(&hub, &hub.job("dept/kids").unwrap().clone(), "by hand", false, &|_| {}).await.unwrap();
    drop(hub);
    spoil(&site, "update batch set attempts = 5 where state = 'published'");
    spoil(&site, "update job set name = 'dept/renamed' where name = 'dept/kids'");
    site.write("in/mum2.csv", &mums("1,2,,M1,Mia\n"));
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 4 items, accepted 2, unchanged 1, withdrawn 1
    province/out: 2 owed, up to date 2
    ");
    site.verified().await;
}

/// The clock stood years ahead for a moment, and everything waits until then.
#[tokio::test]
async fn a_wait_that_began_by_a_clock_that_was_ahead_is_over() {
    let site = Site::new();
    site.write("in/mum1.csv", &mums("1,1,,M1,Mia\n"));
    std::fs::remove_dir(site.path("out")).unwrap();
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, due 1
    ");
    spoil(&site, "update feed set rest_until_us = 1900000000000000");
    spoil(&site, "update delivery set due_us = 1900000000000000");
    std::fs::create_dir(site.path("out")).unwrap();
    insta::assert_snapshot!(site.once().await, @"
    dept/mum: 1 items, accepted 1
    province/out: 1 owed, up to date 1
    ");
}
