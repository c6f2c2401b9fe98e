//! The commands that ask a hub, through the program itself: beside a running hub and without one.

#![allow(clippy::unwrap_used, reason = "a helper of a test fails as its test does")]

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Output, Stdio};
use std::sync::Arc;

use exchange_hub::console::{Ask, Stages, Tell, answer};
use exchange_hub::pipeline::subscribe;
use exchange_hub::store::{self, Priority};
use regex::Regex;
use serde_json::Value;

use super::kit::Site;

/// The program over a site's configuration.
fn program(site: &Site, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_exchange-hub"));
    command.arg("--config").arg(site.path("hub.toml")).args(args);
    command.env_remove("LC_ALL").env_remove("LC_MESSAGES").env("LANG", "C.UTF-8");
    command
}

pub(crate) fn output(site: &Site, args: &[&str]) -> Output {
    program(site, args).output().unwrap()
}

/// All that a person would see, with what differs from run to run put in words.
fn run(site: &Site, args: &[&str]) -> String {
    let output = output(site, args);
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let all = format!("exit {}\n{}{}", output.status.code().unwrap(), text(output.stdout), text(output.stderr));
    tame(site, &all)
}

fn tame(site: &Site, text: &str) -> String {
    let text = text.replace(&site.dir.path().display().to_string(), "SITE");
    let text = Regex::new(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d").unwrap().replace_all(&text, "TIME").into_owned();
    Regex::new(r#""digest":"[0-9a-f]{64}""#).unwrap().replace_all(&text, "\"digest\":\"HEX\"").into_owned()
}

/// What a program reads; the command must end with this code.
pub(crate) fn json(site: &Site, args: &[&str], code: i32) -> Value {
    let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
    let output = output(site, &args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}{err}");
    serde_json::from_str(&out).unwrap_or_else(|e| panic!("{e}\n{out}{err}"))
}

/// Asks until it is so; each question takes its time.
fn until(is_so: impl Fn() -> bool) {
    assert!((0..200).any(|_| is_so()), "it never was so");
}

/// Two records and their children; one row lacks what is required, one child comes before its parent.
pub(crate) fn filled() -> Site {
    let site = Site::new();
    site.write("in/mum.csv", "ID,CODE,NAME,V,DEL\n1,M1,甲,1,0\n2,M2,,1,0\n3,M3,丙,1,0\n");
    site.write("in/kid.csv", "ID,CODE,MUM,NAME,V,DEL\n1,K1,M1,子,1,0\n2,K2,M9,丑,1,0\n");
    site
}

/// A running hub; killed with the test.
struct Running(Child);

impl Running {
    /// Starts it and waits until it says that it runs.
    fn start(site: &Site) -> Self {
        let mut child = program(site, &["run"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut seen = String::new();
        while !seen.contains("The hub runs") {
            assert!(log.read_line(&mut seen).unwrap() > 0, "it ended: {seen}");
        }
        // The log is read to its end, so that it never fills its pipe.
        std::thread::spawn(move || log.read_to_string(&mut String::new()));
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    /// The exit code after a signal.
    fn stop(mut self, name: &str) -> Option<i32> {
        self.signal(name);
        self.0.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        if self.0.kill().is_ok() {
            self.0.wait().unwrap();
        }
    }
}

#[test]
fn one_run_reports_what_came_in_what_became_of_it_and_what_to_do_next() {
    let site = filled();
    insta::assert_snapshot!(run(&site, &["run", "--once"]), @"
    exit 0
    Taken in
    job        state  files  known  rows
    dept/mums  done   1      0      3
    dept/kids  done   1      0      2

    What became of the rows
    mapping   dataset                   items  accepted  unchanged  superseded  withdrawn  filtered  waiting  quarantined  discarded
    dept/kid  9902 child of the tests   2      1         0          0           0          0         1        0            0
    dept/mum  9901 parent of the tests  3      2         0          0           0          0         0        1            0

    Where it went
    feed          to     sent now  owed  up to date  due  blocked  unknown  rejected  withheld
    province/out  files  3         3     3           0    0        0        0         0

    What waits
    items  reason          example  what it says
    1      parent_waiting  2-2-3-0  waits for its parent MUM (M9)
    1      required        1-2-2-0  NAME (名称): required, but empty [数据规范 9901]

    Books
    the books balance

    What to do next
    1 item is in quarantine: see each row and every reason, mend the source or the mapping
        exchange-hub quarantine list
    1 item waits for a parent or a look-up: it goes by itself when that comes
        exchange-hub quarantine list --waiting
    ");
    insta::assert_snapshot!(run(&site, &["--lang", "zh", "run", "--once", "--strict"]), @"
    exit 1
    收取
    任务       状态  文件  已取过  行
    dept/mums  完成  0     0       0
    dept/kids  完成  0     0       0

    处理结果
    没有新的行

    投递
    订阅          去向   本次送出  应送  已达  应投  受阻  未知  被拒  暂扣
    province/out  files  0         3     3     0     0     0     0     0

    待处理
    条目  原因            例       说明
    1     parent_waiting  2-2-3-0  等待上级 MUM（M9）到达
    1     required        1-2-2-0  名称（NAME）：必填项为空（依据：数据规范 9901）

    账
    账平

    下一步
    1 个条目在隔离区：查看原始行和全部原因，改正来源或映射
        exchange-hub quarantine list
    1 个条目在等待上级或查找的记录：到达后自动放行
        exchange-hub quarantine list --waiting
    ");
    assert_eq!(site.sent().lines().count(), 3);
}

#[test]
fn a_run_in_json_names_its_parts_and_ends_with_one_only_if_told_to_be_strict() {
    let site = filled();
    let first = json(&site, &["run", "--once"], 0);
    assert_eq!((&first["balanced"], &first["quarantined"], &first["waiting"]), (&true.into(), &1.into(), &1.into()));
    assert_eq!(first["jobs"][0]["rows"], 3);
    assert_eq!(first["feeds"][0]["sent"], serde_json::json!([["accepted", 3]]));
    let second = json(&site, &["run", "--once", "--strict"], 1);
    assert_eq!((&second["jobs"][0]["rows"], &second["mappings"]), (&0.into(), &serde_json::json!([])));
    assert_eq!(second["feeds"][0]["sent"], serde_json::json!([]));
}

#[test]
fn a_job_that_fails_is_told_and_ends_with_one() {
    let site = filled();
    std::fs::remove_file(site.path("in/kid.csv")).unwrap();
    site.write("in/mum.csv", "ID,KODE,NAME,V,DEL\n1,M1,甲,1,0\n");
    insta::assert_snapshot!(run(&site, &["run", "--once"]), @r"
    exit 1
    Taken in
    job        state   files  known  rows
    dept/mums  failed  0      0      0
    dept/kids  done    0      0      0
    dept/mums
        error: SITE/mappings/from/dept/mum.toml:7:8: mum.csv has no column `CODE`
        hint: the nearest column is `KODE`

    What became of the rows
    no new rows

    Where it went
    feed          to     sent now  owed  up to date  due  blocked  unknown  rejected  withheld
    province/out  files  0         0     0           0    0        0        0         0

    What waits
    nothing is in quarantine, nothing waits

    Books
    the books balance

    What to do next
    job dept/mums failed: mend what is said above and run it again
        exchange-hub job run dept/mums
    ");
    insta::assert_snapshot!(run(&site, &["job", "run", "dept/mums"]), @r"
    exit 2
    error: SITE/mappings/from/dept/mum.toml:7:8: mum.csv has no column `CODE`
    hint: the nearest column is `KODE`
    ");
}

/// What one command left behind is told by it, with the place and the next command; why a run failed, by the list.
#[test]
fn a_job_run_tells_what_it_left_in_quarantine_and_the_list_why_it_failed() {
    let site = filled();
    site.write("in/mum2.csv", "");
    insta::assert_snapshot!(run(&site, &["job", "run", "dept/mums"]), @"
    exit 0
    job dept/mums, run 1: 2 files, 4 rows

    mapping   dataset                   items  accepted  unchanged  superseded  withdrawn  filtered  waiting  quarantined  discarded
    dept/mum  9901 parent of the tests  3      2         0          0           0          0         0        1            0
    row                                 1      0         0          0           0          0         0        1            0

    in quarantine of this run: 2, such as
        mum.csv:3 1-2-2-0
            NAME (名称): required, but empty [数据规范 9901]
        mum2.csv 2-1-1-0
            mum2.csv: the file cannot be read: the file is empty. ask the sender for the file again; an export that ended early leaves such files
    see every reason:
        exchange-hub quarantine list --job dept/mums
    ");
    insta::assert_snapshot!(run(&filled(), &["--lang", "zh", "job", "run", "dept/mums"]), @"
    exit 0
    任务 dept/mums 第 1 次运行：1 个文件，3 行

    映射      数据集     条目  接受  未变  被取代  撤回  过滤  等待  隔离  丢弃
    dept/mum  9901 上级  3     2     0     0       0     0     0     1     0

    本次有 1 个条目在隔离区，例如：
        mum.csv:3 1-2-2-0
            名称（NAME）：必填项为空（依据：数据规范 9901）
    查看全部原因：
        exchange-hub quarantine list --job dept/mums
    ");
    site.write("in/mum3.csv", "ID,KODE,NAME,V,DEL\n1,M1,甲,1,0\n");
    run(&site, &["job", "run", "dept/mums"]);
    insta::assert_snapshot!(run(&site, &["job", "list"]), @"
    exit 0
    job        from   schedule  next (Beijing)  last run                            mappings
    dept/mums  files  by hand                   TIME failed, 0 rows  dept/mum
    dept/kids  files  by hand                   never                               dept/kid
    dept/mums: job dept/mums: mum3.csv has no column `CODE`
    ");
    let listed = json(&site, &["job", "list"], 0);
    insta::assert_snapshot!(listed["jobs"][0]["last"]["why"], @r#"{"en":"job dept/mums: mum3.csv has no column `CODE`","zh":"任务 dept/mums：mum3.csv 没有列 `CODE`"}"#);
}

/// Two steps, and the hint names both.
#[test]
fn a_job_that_stopped_because_too_much_vanished_names_the_steps_that_set_it_going() {
    let site = Site::new();
    site.snapshot("last", "");
    site.write("in/mum1.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n2,1,,M2,Moa\n3,1,,M3,Mo\n");
    run(&site, &["job", "run", "dept/mums"]);
    site.write("in/mum2.csv", "ID,V,DEL,CODE,NAME\n1,1,,M1,Mia\n");
    insta::assert_snapshot!(run(&site, &["job", "run", "dept/mums"]), @"
    exit 1
    error: job dept/mums has stopped: 2 of 3 live records of MUM vanished at once, more than the share of 0.05
    hint: if they were really deleted, raise the job's vanished_share, then `job resume dept/mums` and run it
    ");
    insta::assert_snapshot!(run(&site, &["--lang", "zh", "job", "list"]), @"
    exit 0
    任务       来源   时间表                                                             下次运行（北京时间）  上次运行                       映射
    dept/mums  files  已暂停：MUM 的 3 条现存记录中有 2 条一次消失，超过允许的比例 0.05                        TIME 失败 1 行  dept/mum
    dept/kids  files  手动                                                                                     从未                           dept/kid
    dept/mums：任务 dept/mums 已停止：MUM 的 3 条现存记录中有 2 条一次消失，超过允许的比例 0.05
    ");
    insta::assert_snapshot!(run(&site, &["--lang", "zh", "job", "run", "dept/mums"]), @"
    exit 1
    错误：任务 dept/mums 已暂停：MUM 的 3 条现存记录中有 2 条一次消失，超过允许的比例 0.05
    提示：`job resume dept/mums` 恢复运行
    ");
}

#[test]
fn reading_files_again_brings_everything_out_as_unchanged_and_sends_nothing() {
    let site = filled();
    run(&site, &["run", "--once"]);
    let sent = site.sent();
    insta::assert_snapshot!(run(&site, &["job", "run", "dept/mums", "--again"]), @"
    exit 0
    job dept/mums, run 3: 1 file, 3 rows

    mapping   dataset                   items  accepted  unchanged  superseded  withdrawn  filtered  waiting  quarantined  discarded
    dept/mum  9901 parent of the tests  3      0         3          0           0          0         0        0            0
    ");
    assert_eq!(site.sent(), sent);
}

#[test]
fn the_books_are_shown_by_day_and_proved() {
    let site = filled();
    run(&site, &["run", "--once"]);
    insta::assert_snapshot!(run(&site, &["books", "--verify"]), @"
    exit 0
    job        batches  open  files  rows  left out
    dept/kids  1        0     1      2     0
    dept/mums  1        0     1      3     0

    mapping   items  accepted  unchanged  superseded  withdrawn  filtered  waiting  quarantined  discarded  balanced
    dept/kid  2      1         0          0           0          0         1        0            0          yes
    dept/mum  3      2         0          0           0          0         0        1            0          yes

    dataset                   items  accepted  unchanged  superseded  withdrawn  filtered  waiting  quarantined  discarded  live records
    9902 child of the tests   2      1         0          0           0          0         1        0            0          1
    9901 parent of the tests  3      2         0          0           0          0         0        1            0          2

    feed          state  owed  up to date  due  blocked  sending  unknown  rejected  withheld  balanced
    province/out  on     3     3           0    0        0        0        0         0         yes

    recounted 620 rows from the tables: all agree
    the books balance
    ");
    let books = json(&site, &["books"], 0);
    assert_eq!(books["balanced"], true);
    for list in ["jobs", "mappings", "feeds"] {
        assert!(books[list].is_array(), "{books}");
    }
    assert_eq!(json(&site, &["books", "--date", "2020-01-01"], 0)["mappings"], serde_json::json!([]));
}

#[test]
fn a_record_is_found_shown_and_traced() {
    let site = filled();
    run(&site, &["run", "--once"]);
    site.write("in/mum2.csv", "ID,CODE,NAME,V,DEL\n1,M1,新甲,2,0\n");
    run(&site, &["run", "--once"]);
    insta::assert_snapshot!(run(&site, &["record", "find", "M1"]), @r"
    exit 0
    record  dataset                   key  name  owner  version  found by  feeds
    1       9901 parent of the tests  M1         dept   2        CODE      province/out up to date
    ");
    insta::assert_snapshot!(run(&site, &["--lang", "zh", "record", "show", "9901", "M1"]), @r"
    exit 0
    9901 上级
    记录 1，第 2 版，生效，TIME
    业务主键：M1
    归属：某部门（dept），来源标识 1

    名称  字段  值    含义
    编号  CODE  M1
    名称  NAME  新甲
    ");
    insta::assert_snapshot!(run(&site, &["record", "show", "1", "--version", "1"]), @"
    exit 0
    9901 parent of the tests
    record 1, version 2, live, TIME
    key: M1
    owner: dept (某部门), source's key 1
    version 1 follows

    name  field  value  means
    code  CODE   M1
    name  NAME   甲
    ");
    insta::assert_snapshot!(run(&site, &["record", "trace", "MUM", "M1"]), @r#"
    exit 0
    9901 parent of the tests
    record 1, version 2, live, TIME
    key: M1
    owner: dept (某部门), source's key 1

    Where it is
    province/out: up to date with version 2

    Versions, newest first
    version 2 update TIME
        from job dept/mums, run 3, mum2.csv:2 (batch 3, row 1), read TIME
        mapping dept/mum, revision 1
        name: 甲 → 新甲
    version 1 insert TIME
        from job dept/mums, run 1, mum.csv:2 (batch 1, row 1), read TIME
        mapping dept/mum, revision 1

    Attempts and receipts: province/out
    2 version 2 update: accepted
        request province-out-0000000003 (1 record) sent TIME, answered TIME
        「{"bytes":134,"digest":"HEX"}」
    1 version 1 insert: accepted
        request province-out-0000000001 (2 records) sent TIME, answered TIME
        「{"bytes":262,"digest":"HEX"}」
    "#);
    insta::assert_snapshot!(run(&site, &["--lang", "zh", "record", "trace", "KID", "K1"]), @r#"
    exit 0
    9902 下级
    记录 3，第 1 版，生效，TIME
    业务主键：K1
    归属：某部门（dept），来源标识 1

    现在在哪
    province/out: 已达，第 1 版

    上级
    上级       值  必需  记录  订阅
    9901 上级  M1  是    1     province/out 已达

    版本，新的在上
    第 1 版 新增 TIME
        来自任务 dept/kids 第 2 次运行，kid.csv:2（批次 2 第 1 行），读取 TIME
        映射 dept/kid 第 2 修订

    尝试与回执：province/out
    1 第 1 版 新增：接受
        请求 province-out-0000000002（1 条） 发出 TIME，回执 TIME
        「{"bytes":147,"digest":"HEX"}」
    "#);
}

#[test]
fn quarantine_shows_the_row_as_it_came_every_reason_and_what_would_be_right() {
    let site = filled();
    run(&site, &["run", "--once"]);
    insta::assert_snapshot!(run(&site, &["quarantine", "list", "--waiting"]), @r"
    exit 0
    1 quarantined, 1 waiting

    items  reason          example  what it says
    1      parent_waiting  2-2-3-0  waits for its parent MUM (M9)
    1      required        1-2-2-0  NAME (名称): required, but empty [数据规范 9901]

    item     state        place      mapping   dataset  identity  reason
    1-2-2-0  quarantined  mum.csv:3  dept/mum  9901     2         NAME (名称): required, but empty [数据规范 9901]
    2-2-3-0  waiting      kid.csv:3  dept/kid  9902     2         waits for its parent MUM (M9)

    the row and every reason: exchange-hub quarantine show 1-2-2-0
    ");
    insta::assert_snapshot!(run(&site, &["quarantine", "show", "1-2"]), @"
    exit 0
    1-2-2-0 quarantined 9901 parent of the tests
    job dept/mums, run 1, mum.csv:3 (batch 1, row 2), mapping dept/mum, since TIME
    identity: 2
      reason: NAME (名称): required, but empty [数据规范 9901]
          right would be: a text of at most 20 characters

    The row as it came: mum.csv:3 (batch 1, row 2), byte 32 of the file, encoding UTF-8
    column  value
    ID      2
    CODE    M2
    NAME
    V       1
    DEL     0
    ");
    insta::assert_snapshot!(run(&site, &["--lang", "zh", "quarantine", "show", "2-2"]), @r"
    exit 0
    2-2-3-0 等待 9902 下级
    任务 dept/kids 第 2 次运行，kid.csv:3（批次 2 第 2 行），映射 dept/kid，TIME 起
    来源标识：2
      提醒：等待上级 MUM（M9）到达
      等待：9901 上级，编号 为“M9”

    原始行：kid.csv:3（批次 2 第 2 行），文件第 39 字节，编码 UTF-8
    列    值
    ID    2
    CODE  K2
    MUM   M9
    NAME  丑
    V     1
    DEL   0
    ");
    assert_eq!(json(&site, &["quarantine", "list", "--reason", "required"], 0)["quarantined"], 1);
    assert_eq!(json(&site, &["quarantine", "list", "--mapping", "dept/kid"], 0)["quarantined"], 0);
}

#[test]
fn names_that_are_not_known_are_told_with_the_next_step_and_end_with_two() {
    let site = filled();
    let wrong: [&[&str]; 12] = [
        &["job", "run", "dept/mum"],
        &["job", "pause", "nobody"],
        &["feed", "show", "province/ou"],
        &["feed", "resend", "province/out", "--record", "99"],
        &["record", "show", "99"],
        &["record", "show", "M1"],
        &["record", "trace", "MUMM", "M1"],
        &["record", "show", "KID", "K1", "K2"],
        &["quarantine", "show", "first"],
        &["quarantine", "show", "7-7"],
        &["quarantine", "list", "--reason", "requird"],
        &["quarantine", "list", "--mapping", "dept/dad"],
    ];
    let told: Vec<String> = wrong.iter().map(|args| run(&site, args)).collect();
    insta::assert_snapshot!(told.join("\n"), @r#"
    exit 2
    error: there is no job `dept/mum`
    hint: did you mean `dept/mums`?

    exit 2
    error: there is no job `nobody`
    hint: `job list` lists all

    exit 2
    error: there is no feed `province/ou`
    hint: did you mean `province/out`?

    exit 2
    error: feed province/out has nothing of record 99 that could be sent again
    hint: `record trace 99` shows where it is; what is due, blocked or unknown goes by itself

    exit 2
    error: there is no record 99
    hint: `record find TEXT` finds by code, name or credit code

    exit 2
    error: `M1` is no record's number
    hint: write a number, or a dataset and its key: record show 503 E420…001; `record find TEXT` searches

    exit 2
    error: there is no dataset `MUMM`
    hint: did you mean `MUM`?

    exit 2
    error: the key of dataset KID has 1 part, not 2
    hint: in this order: CODE; an empty part is ""

    exit 2
    error: `first` names no item
    hint: an item is named batch-row, or batch-row-mapping-element, e.g. 17-203; `quarantine list` lists them

    exit 2
    error: there is no item 7-7
    hint: `quarantine list` lists them; an item is named batch-row, or batch-row-mapping-element

    exit 2
    error: there is no reason `requird`
    hint: did you mean `required`?

    exit 2
    error: there is no mapping `dept/dad`
    hint: did you mean `dept/kid`?
    "#);
    insta::assert_snapshot!(run(&site, &["--lang", "zh", "job", "run", "dept/mum"]), @r"
    exit 2
    错误：没有任务 `dept/mum`
    提示：是否想写 `dept/mums`？
    ");
}

#[test]
fn commands_answer_the_same_beside_a_running_hub_and_without_one() {
    let site = filled();
    let hub = Running::start(&site);
    assert!(run(&site, &["job", "run", "dept/mums"]).starts_with("exit 0"));
    assert!(run(&site, &["job", "run", "dept/kids"]).starts_with("exit 0"));
    // What is due goes at once; its receipts come a little later.
    until(|| json(&site, &["feed", "list"], 0)["feeds"][0]["up_to_date"] == 3);
    let questions: [&[&str]; 9] = [
        &["books"],
        &["feed", "list"],
        &["feed", "show", "province/out"],
        &["job", "list"],
        &["record", "find", "M1"],
        &["record", "trace", "1"],
        &["quarantine", "list"],
        &["quarantine", "show", "1-2"],
        &["record", "show", "99"],
    ];
    let beside: Vec<String> = questions.iter().map(|args| run(&site, args)).collect();
    assert_eq!(hub.stop("TERM"), Some(0));
    assert!(!site.path("data/hub.sock").exists());
    let alone: Vec<String> = questions.iter().map(|args| run(&site, args)).collect();
    assert_eq!(beside, alone);
}

#[test]
fn a_second_run_is_refused_and_names_the_first() {
    let site = filled();
    let hub = Running::start(&site);
    let refused = run(&site, &["run"]).replace(&hub.pid().to_string(), "PID");
    insta::assert_snapshot!(refused, @r"
    exit 3
    error: a hub runs already: process PID holds the database SITE/data/hub.db
    hint: every other command works beside it; to stop it: kill PID
    ");
    assert_eq!(refused, run(&site, &["run", "--once"]).replace(&hub.pid().to_string(), "PID"));
    assert_eq!(hub.stop("INT"), Some(0));
}

#[test]
fn a_hub_that_was_killed_leaves_nothing_in_the_way() {
    let site = filled();
    let mut hub = Running::start(&site);
    hub.0.kill().unwrap();
    hub.0.wait().unwrap();
    assert!(site.path("data/hub.sock").exists());
    assert!(run(&site, &["books"]).starts_with("exit 0"));
    let hub = Running::start(&site);
    assert_eq!(json(&site, &["job", "run", "dept/mums"], 0)["rows"], 3);
    assert_eq!(hub.stop("TERM"), Some(0));
}

/// Two at once, with nobody running: one waits for the other.
#[test]
fn commands_take_turns_where_no_hub_runs() {
    let site = filled();
    let ask = |args: &[&str]| program(&site, args).stdout(Stdio::null()).spawn().unwrap();
    for mut child in [ask(&["books"]), ask(&["feed", "list"]), ask(&["job", "pause", "dept/mums"])] {
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

/// This test's own process holds the store, as a hub does that does not answer.
#[tokio::test]
async fn a_store_that_is_held_by_who_does_not_answer_names_the_holder() {
    let site = filled();
    let held = site.open().await;
    let told = run(&site, &["books"]).replace(&std::process::id().to_string(), "PID");
    insta::assert_snapshot!(told, @r"
    exit 3
    error: the database SITE/data/hub.db is in use by process PID
    hint: it does not answer on its control socket SITE/data/hub.sock; try again when it has ended
    ");
    let told = run(&site, &["--lang", "zh", "run"]).replace(&std::process::id().to_string(), "PID");
    insta::assert_snapshot!(told, @r"
    exit 3
    错误：枢纽已在运行：进程 PID 正使用数据库 SITE/data/hub.db
    提示：待该进程结束后再试
    ");
    drop(held);
}

#[test]
fn jobs_and_feeds_are_paused_and_go_on() {
    let site = filled();
    insta::assert_snapshot!(run(&site, &["job", "pause", "dept/kids", "--why", "对方换系统"]), @r"
    exit 0
    job dept/kids is paused
    ");
    insta::assert_snapshot!(run(&site, &["job", "run", "dept/kids"]), @r"
    exit 1
    error: job dept/kids is paused: 对方换系统
    hint: `job resume dept/kids` sets it going
    ");
    insta::assert_snapshot!(run(&site, &["feed", "pause", "province/out", "--why", "对方检修"]), @r"
    exit 0
    feed province/out: paused
    ");
    let once = json(&site, &["run", "--once"], 0);
    assert_eq!((&once["jobs"][1]["state"], &once["feeds"][0]["due"]), (&"paused".into(), &2.into()));
    insta::assert_snapshot!(run(&site, &["record", "trace", "1"]).lines().nth(7).unwrap(), @"province/out: version 1 is due, in line; the feed is paused: 对方检修");
    let hub = Running::start(&site);
    insta::assert_snapshot!(run(&site, &["feed", "resume", "province/out"]), @r"
    exit 0
    feed province/out: on
    ");
    insta::assert_snapshot!(run(&site, &["job", "resume", "dept/kids"]), @r"
    exit 0
    job dept/kids goes on
    ");
    insta::assert_snapshot!(run(&site, &["job", "resume", "dept/kids"]), @r"
    exit 0
    job dept/kids was not paused
    ");
    until(|| json(&site, &["feed", "list"], 0)["feeds"][0]["due"] == 0);
    assert_eq!(hub.stop("TERM"), Some(0));
    assert_eq!(site.sent().lines().count(), 2);
}

/// The walk has its row from before the pause, as a walk that is under way does.
#[tokio::test]
async fn a_feed_that_is_paused_while_it_is_filled_stays_paused() {
    let site = filled();
    let hub = site.open().await;
    let feed = hub.feed("province/out").unwrap().clone();
    let mut tx = hub.db.begin(Priority::Intake).await.unwrap();
    let row = store::feed_get(&mut tx, &feed.name, "").await.unwrap();
    drop(tx);
    assert_eq!(row.state, "walking");
    let tell: Tell = Arc::new(|_| {});
    let ask = |ask| answer(&hub, Stages::Still, ask, &tell);
    ask(Ask::FeedPause { name: feed.name.clone(), why: String::new() }).await.unwrap();
    subscribe::walk(&hub, &feed, &row, &|_| {}).await.unwrap();
    assert_eq!(ask(Ask::FeedList).await.unwrap()["feeds"][0]["state"], "paused");
    assert_eq!(ask(Ask::FeedResume { name: feed.name.clone() }).await.unwrap()["state"], "walking");
}

#[test]
fn what_the_configuration_says_is_paused_starts_so() {
    let site = filled();
    let text = std::fs::read_to_string(site.path("systems/province.toml")).unwrap();
    site.write("systems/province.toml", &text.replace("name = \"out\"", "name = \"out\"\npaused = true"));
    let text = std::fs::read_to_string(site.path("systems/dept.toml")).unwrap();
    site.write("systems/dept.toml", &text.replace("name = \"kids\"", "name = \"kids\"\npaused = true"));
    let once = json(&site, &["run", "--once"], 0);
    assert_eq!((&once["jobs"][1]["state"], &once["feeds"][0]["state"]), (&"paused".into(), &"paused".into()));
    run(&site, &["feed", "resume", "province/out"]);
    run(&site, &["job", "resume", "dept/kids"]);
    let once = json(&site, &["run", "--once"], 0);
    assert_eq!((&once["jobs"][1]["state"], &once["feeds"][0]["up_to_date"]), (&"done".into(), &3.into()));
}

/// The built-in receiver in place of the directory.
const REHEARSAL: &str = r#"
name = "province"
name_zh = "省平台"

[[feed]]
name = "out"
datasets = ["*"]
batch_records_max = 10
retry = { first_ms = 1 }

[feed.results]
list = "/results"
key = "/key"
code = "/code"
why = "/why"
classes = { accepted = "accepted", duplicate = "duplicate", rejected = "rejected", missing_parent = "missing_parent" }

[feed.to.rehearsal]
memory = "received.ndjson"
"#;

#[test]
fn a_rehearsal_remembers_refuses_by_rule_and_loses_answers_that_are_found_again() {
    let site = filled();
    let rules =
        "lose_answers = 1\nrefuse = [{ dataset = \"MUM\", field = \"CODE\", equals = \"M3\", why = \"没有立项\" }]\n";
    site.write("systems/province.toml", &format!("{REHEARSAL}{rules}"));
    // The answer is lost, so the same bytes go again under the same key, and the receiver answers as it would have.
    let once = json(&site, &["run", "--once", "--strict"], 1);
    let feed = &once["feeds"][0];
    assert_eq!((&feed["up_to_date"], &feed["rejected"], &feed["owed"]), (&2.into(), &1.into(), &3.into()));
    let requests = &json(&site, &["feed", "show", "province/out"], 0)["newest_requests"];
    assert_eq!(requests.as_array().unwrap().last().unwrap()["sends"], 2);
    site.write("systems/province.toml", &format!("{REHEARSAL}{}", rules.replace("lose_answers = 1\n", "")));
    insta::assert_snapshot!(run(&site, &["feed", "show", "province/out"]), @r#"
    exit 0
    feed province/out
    system: province (省平台)
    to: rehearsal
    datasets: all
    state: on

    owed  up to date  due  blocked  sending  unknown  rejected  withheld
    3     2           0    0        0        0        1         0

    What is not there, and why
    state     why                records  example
    rejected  rejected 没有立项  1        2

    record  dataset                   identity  state     wanted  there  why
    2       9901 parent of the tests  3         rejected  1       -      rejected 没有立项

    Newest requests
    request                  sent (Beijing)       records  sends  class     status  answer
    province-out-0000000002  TIME  1        1      accepted  200     {"results":[{"code":"accepted","key":"3-1","why":""}]}
    province-out-0000000001  TIME  2        2      rejected  422     {"results":[{"code":"accepted","key":"1-1","why":""},{"code"…
    "#);
    insta::assert_snapshot!(std::fs::read_to_string(site.path("received.ndjson")).unwrap(), @r#"
    {"request":"province-out-0000000001","key":"1-1","dataset":"MUM","operation":"insert"}
    {"request":"province-out-0000000002","key":"3-1","dataset":"KID","operation":"insert"}
    "#);
    insta::assert_snapshot!(run(&site, &["feed", "resend", "province/out"]), @r"
    exit 0
    feed province/out: 1 due again
    ");
    // The rule still holds, and what was accepted is not sent again.
    let again = json(&site, &["run", "--once"], 0);
    assert_eq!(again["feeds"][0]["sent"], serde_json::json!([["rejected", 1]]));
}
