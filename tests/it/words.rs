//! Who reads Chinese is told everything in Chinese: whatever fails is provoked once, and looked at in every command
//! that tells of it.

use regex::Regex;

use super::console::output;
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
