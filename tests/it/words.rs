//! Who reads Chinese is told everything in Chinese: whatever fails is provoked once, and looked at in every command
//! that tells of it.

use regex::Regex;

use super::console::{filled, json, output};
use super::kit::Site;

/// All that a command prints, in Chinese.
fn zh(site: &Site, args: &[&str]) -> String {
    let output = output(site, &[&["--lang", "zh"], args].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let all = text(output.stdout) + &text(output.stderr);
    assert!(all.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "{args:?} says nothing in Chinese: {all}");
    all
}

/// Lines with an English sentence in them: three plain words in a row. Left out are commands, quoted names, what a
/// parser says in its own words behind ours, and the log, which is English always.
fn english(text: &str) -> Vec<String> {
    let quoted = Regex::new("`[^`]*`|「[^」]*」|“[^”]*”|（[a-z][^）]*）|exchange-hub .*|^\\S+  WARN .*").unwrap();
    let sentence = Regex::new(r"[A-Za-z']+ [a-z']+ [a-z']+").unwrap();
    text.lines().filter(|line| sentence.is_match(&quoted.replace_all(line, ""))).map(str::to_owned).collect()
}

/// A job whose directory is not there, files that are not what they should be, and targets that take nothing.
fn broken() -> Site {
    let site = Site::new();
    site.write(
        "systems/dept.toml",
        r#"
name = "dept"
name_zh = "某部门"

[[job]]
name = "mums"
mappings = ["dept/mum"]
[job.from.files]
path = "in"
pattern = "mum*.csv"
ready = { stable_ms = 0 }
format.csv = {}

[[job]]
name = "books"
mappings = ["dept/mum"]
[job.from.files]
path = "in"
pattern = "*.xlsx"
ready = { stable_ms = 0 }
format.xlsx = {}

[[job]]
name = "trees"
mappings = ["dept/mum"]
[job.from.files]
path = "in"
pattern = "*.xml"
ready = { stable_ms = 0 }
format.xml = { row = "ROW" }

[[job]]
name = "lists"
mappings = ["dept/mum"]
[job.from.files]
path = "in"
pattern = "*.json"
ready = { stable_ms = 0 }
format.json = {}

[[job]]
name = "gone"
mappings = ["dept/mum"]
[job.from.files]
path = "nowhere"
format.csv = {}
"#,
    );
    site.write(
        "systems/province.toml",
        r#"
name = "province"
name_zh = "省平台"

[[feed]]
name = "out"
datasets = ["*"]
form = "ndjson"
[feed.to.files]
path = "lost"

[[feed]]
name = "web"
datasets = ["*"]
form = "ndjson"
[feed.to.web]
url = "http://127.0.0.1:1/"
"#,
    );
    site.write("in/mum.csv", "ID,CODE,NAME,V,DEL\n1,M1,甲,1,0\n2,M2\n3,M3,\"丙\"丁,1,0\n4,M4,\"戊,1,0\n");
    site.write("in/mum_twice.csv", "ID,ID,CODE\n1,1,M1\n");
    site.write("in/book.xlsx", "no workbook");
    site.write("in/tree.xml", "<!DOCTYPE x><R><ROW><A>1</A></ROW></R>");
    site.write("in/list.json", "[{\"ID\":1},{\"ID\":tru}]");
    site
}

#[test]
fn whatever_fails_is_told_in_chinese_wherever_it_is_told() {
    let site = broken();
    let mut found = Vec::new();
    let mut look = |args: &[&str]| {
        let told = zh(&site, args);
        found.extend(english(&told).into_iter().map(|line| format!("{args:?}: {line}")));
        told
    };
    look(&["check", "--connect"]);
    look(&["run", "--once"]);
    look(&["job", "run", "dept/gone"]);
    let jobs = look(&["job", "list"]);
    let items = look(&["quarantine", "list"]);
    for item in ["1-1-0-0", "2-0-0-0", "3-0-0-0"] {
        look(&["quarantine", "show", item]);
    }
    let out = look(&["feed", "show", "province/out"]);
    let web = look(&["feed", "show", "province/web"]);
    let trace = look(&["record", "trace", "1"]);
    look(&["books"]);
    look(&["feed", "list"]);
    assert!(found.is_empty(), "{found:#?}");
    for (told, words) in [
        (&jobs, "目录 `"),
        (&items, "含有 DOCTYPE"),
        (&items, "不是 xlsx 工作簿"),
        (&items, "都叫 `ID`"),
        (&items, "不是 JSON"),
        (&items, "引号"),
        (&out, "不存在；请建立或挂载该目录"),
        (&web, "无法连接：连接被拒绝"),
        (&trace, "无法连接：连接被拒绝"),
    ] {
        assert!(told.contains(words), "`{words}` is missing in:\n{told}");
    }
}

#[test]
fn what_never_left_is_not_told_as_sent() {
    let site = broken();
    let once = json(&site, &["run", "--once"], 1);
    let feeds = once["feeds"].as_array().unwrap();
    assert_eq!(feeds.iter().map(|f| &f["sent"]).collect::<Vec<_>>(), [&serde_json::json!([]); 2]);
    assert!(feeds.iter().all(|f| f["due"].as_i64() > Some(0)), "{once:#}");
}

#[test]
fn a_check_tells_the_known_files_from_the_new() {
    let site = filled();
    let lines = |lang: &str| -> Vec<String> {
        let output = output(&site, &["--lang", lang, "check", "--connect"]);
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter(|line| line.contains("SITE") || line.contains("/in"));
        lines.map(|line| line.trim().replace(&site.dir.path().display().to_string(), "SITE")).collect()
    };
    insta::assert_snapshot!(lines("en").join("\n"), @"
    directory SITE/in: 1 file matched, 1 new, 0 known
    directory SITE/in: 1 file matched, 1 new, 0 known
    ");
    output(&site, &["run", "--once"]);
    site.write("in/mum2.csv", "ID,CODE,NAME,V,DEL\n4,M4,丁,1,0\n");
    insta::assert_snapshot!(lines("en").join("\n"), @"
    directory SITE/in: 2 files matched, 1 new, 1 known
    directory SITE/in: 1 file matched, 0 new, 1 known
    ");
    insta::assert_snapshot!(lines("zh").join("\n"), @"
    目录 SITE/in：2 个文件相符，其中 1 个是新的，1 个已收过
    目录 SITE/in：1 个文件相符，其中 0 个是新的，1 个已收过
    ");
}

#[test]
fn rows_that_no_mapping_wants_are_told_as_left_out() {
    let site = filled();
    let mapping = std::fs::read_to_string(site.path("mappings/from/dept/mum.toml")).unwrap();
    site.write("mappings/from/dept/mum.toml", &format!("when = {{ CODE = [\"M1\"] }}\n{mapping}"));
    output(&site, &["run", "--once"]);
    let told = |lang: &str| {
        let text = String::from_utf8(output(&site, &["--lang", lang, "books"]).stdout).unwrap();
        text.lines().take(4).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(told("en"), @"
    job        batches  open  files  rows  left out
    dept/kids  1        0     1      2     0
    dept/mums  1        0     1      3     2
    dept/mums: 2 rows were left out: by its condition (`when`), none of the job's mappings wants it
    ");
    insta::assert_snapshot!(told("zh"), @"
    任务       批次  未结  文件  行  未采用
    dept/kids  1     0     1     2   0
    dept/mums  1     0     1     3   2
    dept/mums：2 行未采用，任务的每个映射都因其条件（when）不要它
    ");
}
