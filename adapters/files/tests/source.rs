//! The source on real directories: what is taken, once, in which order, and in which words it complains.

#![allow(clippy::unwrap_used, reason = "clippy knows only functions marked as tests")]

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use adapter::{Checkpoint, FaultKind, FileSeen, FileState, Page, Picture, Source, SourceError, Words, conformance};
use adapter_files::{FilesSource, FilesSourceConfig};
use tempfile::TempDir;

/// Files that need not be waited for.
const CSV: &str = "path = 'in'\nready.stable_ms = 0\nformat.csv = {}\n";

fn config(toml: &str) -> FilesSourceConfig {
    toml::from_str(toml).unwrap()
}

fn open(base: &TempDir, toml: &str, seen: &[FileSeen]) -> FilesSource {
    FilesSource::open(config(toml), base.path(), seen.to_vec(), None).unwrap()
}

fn directory(files: &[(&str, &str)]) -> TempDir {
    let base = tempfile::tempdir().unwrap();
    fs::create_dir(base.path().join("in")).unwrap();
    files.iter().for_each(|(name, content)| put(&base, name, content));
    base
}

fn put(base: &TempDir, name: &str, content: impl AsRef<[u8]>) {
    let path = base.path().join("in").join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}

/// Pulls until there is nothing new, confirming each page, as the hub does.
async fn run(source: &mut FilesSource, from: &Checkpoint) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut after = from.clone();
    while let Some(page) = source.pull(&after).await.unwrap() {
        after = page.checkpoint.clone();
        pages.push(page);
        source.confirmed().await.unwrap();
    }
    pages
}

fn cells(pages: &[Page]) -> Vec<String> {
    let rows = pages.iter().flat_map(|page| page.rows.iter());
    rows.map(|row| match row.fault() {
        Some(fault) => {
            let args: Vec<String> = fault.args.iter().map(|arg| Words::of_text(arg).en).collect();
            format!("{}: {:?} {}", row.file().unwrap(), fault.kind, args.join("; "))
        }
        None => format!("{}: {}", row.file().unwrap(), row.text(0).unwrap()),
    })
    .collect()
}

fn seen(pages: &[Page]) -> Vec<FileSeen> {
    pages.iter().flat_map(|page| page.files.clone()).collect()
}

fn words(error: &SourceError) -> String {
    format!("{}\n{}", told(error.message()), told(error.hint()))
}

/// In English and Chinese, a line each.
fn told(words: &Words) -> String {
    let zh = words.zh.as_str();
    assert!(zh.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "no Chinese in `{zh}`");
    format!("{words}\n{zh}")
}

#[tokio::test]
async fn it_passes_the_suite_for_every_format() {
    let many: String = (1..=25).map(|i| format!("{i},x\n")).collect();
    let xml: String = (1..=9).map(|i| format!("<ROW><A>{i}</A></ROW>")).collect();
    let json: String = (1..=9).map(|i| format!("{{\"A\":{i},\"S\":[1,2,3]}}\n")).collect();
    let base = directory(&[
        ("1.csv", &format!("A,B\n{many}")),
        ("2.csv", "A,B\n1\n2,y\n"),
        ("3.csv", "C\n1\n"),
        ("1.xml", &format!("<R>{xml}</R>")),
        ("1.ndjson", &json),
        ("1.json", &format!("[{}]", json.trim().replace('\n', ","))),
    ]);
    for (pattern, format, rows) in [
        ("*.csv", "csv = {}", 28),
        ("*.xml", "xml = { row = 'ROW' }", 9),
        ("*.ndjson", "ndjson = { repeat = 'S' }", 27),
        ("*.json", "json = { repeat = 'S' }", 27),
    ] {
        for batch in [1, 4, 1_000] {
            let toml = format!(
                "path = 'in'\npattern = '{pattern}'\nbatch_rows_max = {batch}\nready.stable_ms = 0\nformat.{format}\n"
            );
            let all =
                conformance::source(|seen| async { FilesSource::open(config(&toml), base.path(), seen, None) }).await;
            assert_eq!(all.len(), rows, "{pattern} in batches of {batch}");
        }
    }
}

#[tokio::test]
async fn small_files_share_a_page_and_other_columns_begin_a_new_one() {
    let base = directory(&[("1.csv", "A\n1\n"), ("2.csv", "A\n2\n"), ("3.csv", "B\n3\n"), ("4.csv", "B\n")]);
    let pages = run(&mut open(&base, CSV, &[]), &Checkpoint::default()).await;
    assert_eq!(pages.len(), 2);
    assert_eq!((pages[0].files.len(), pages[1].files.len()), (2, 2));
    assert_eq!((pages[1].files[1].name.as_str(), pages[1].files[1].rows), ("4.csv", 0));
    assert_eq!((pages[0].last, pages[1].last), (false, true));
    assert_eq!(cells(&pages), ["1.csv: 1", "2.csv: 2", "3.csv: 3"]);
}

/// A file that appears while another is being read is not taken before it has been quiet for its time.
#[tokio::test]
async fn a_file_that_comes_during_a_reading_waits_its_own_time() {
    let base = directory(&[("a.csv", "A\n1\n2\n")]);
    let toml = "path = 'in'\nbatch_rows_max = 1\nready.stable_ms = 300\nformat.csv = {}\n";
    let mut source = open(&base, toml, &[]);
    let (mut after, mut began) = (Checkpoint::default(), None);
    while let Some(page) = source.pull(&after).await.unwrap() {
        after = page.checkpoint.clone();
        source.confirmed().await.unwrap();
        if cells(&[page]) == ["b.csv: 3"] {
            let began: std::time::Instant = began.unwrap();
            assert!(began.elapsed() >= Duration::from_millis(300), "taken after {:?}", began.elapsed());
            return;
        }
        if began.is_none() {
            put(&base, "b.csv", "A\n3\n");
            began = Some(std::time::Instant::now());
        }
    }
    panic!("b.csv was not taken");
}

#[tokio::test]
async fn the_same_content_is_taken_once_whatever_its_name() {
    let base = directory(&[("a.csv", "A\n1\n"), ("b.csv", "A\n1\n")]);
    let first = run(&mut open(&base, CSV, &[]), &Checkpoint::default()).await;
    assert_eq!(cells(&first), ["a.csv: 1"]);
    let taken = seen(&first);
    assert_eq!(
        taken.iter().map(|file| (file.name.as_str(), file.state)).collect::<Vec<_>>(),
        [("a.csv", FileState::Read), ("b.csv", FileState::Known)]
    );
    assert_eq!(taken[0].digest, "8ebbd9fe688c1e5442da8aaf95b3ebd6d850c60f8ef42a69a3a4b82f4df064e6");

    // Unchanged by size and time: nothing is even said.
    assert!(run(&mut open(&base, CSV, &taken), &Checkpoint::default()).await.is_empty());

    // Touched: its content is known.
    let touched = fs::File::options().write(true).open(base.path().join("in/a.csv")).unwrap();
    touched.set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap();
    let second = run(&mut open(&base, CSV, &taken), &Checkpoint::default()).await;
    assert!(cells(&second).is_empty());
    assert_eq!((second[0].files[0].name.as_str(), second[0].files[0].state), ("a.csv", FileState::Known));

    // Other content under a known name is new.
    put(&base, "a.csv", "A\n1\n2\n");
    let third = run(&mut open(&base, CSV, &taken), &Checkpoint::default()).await;
    assert_eq!(cells(&third), ["a.csv: 1", "a.csv: 2"]);
    assert_eq!(third[0].files[0].state, FileState::Read);

    // What it had before the last is news again, also with the time it had then.
    put(&base, "a.csv", "A\n1\n");
    let all: Vec<FileSeen> = taken.iter().chain(&seen(&third)).cloned().collect();
    let fourth = run(&mut open(&base, CSV, &all), &Checkpoint::default()).await;
    assert_eq!(cells(&fourth), ["a.csv: 1"]);
}

fn names(pages: &[Page]) -> Vec<String> {
    seen(pages).iter().map(|file| format!("{} {:?}", file.name, file.state)).collect()
}

fn pictures(base: &TempDir, toml: &str, seen: &[FileSeen], picture: Picture) -> FilesSource {
    FilesSource::open(config(toml), base.path(), seen.to_vec(), Some(picture)).unwrap()
}

#[tokio::test]
async fn all_files_are_the_picture_and_one_new_one_has_all_of_them_read() {
    let base = directory(&[("a.csv", "A\n1\n"), ("b.csv", "A\n2\n")]);
    let read =
        async |taken: &[FileSeen]| run(&mut pictures(&base, CSV, taken, Picture::All), &Checkpoint::default()).await;
    let first = seen(&read(&[]).await);
    assert!(read(&first).await.is_empty());
    put(&base, "a.csv", "A\n1\n3\n");
    let second = read(&first).await;
    assert_eq!(cells(&second), ["a.csv: 1", "a.csv: 3", "b.csv: 2"]);

    // Touched alone: its content is known, and nothing is read.
    let taken: Vec<FileSeen> = first.into_iter().chain(seen(&second)).collect();
    let touched = fs::File::options().write(true).open(base.path().join("in/b.csv")).unwrap();
    touched.set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap();
    assert_eq!(names(&read(&taken).await), ["b.csv Known"]);
}

#[tokio::test]
async fn a_picture_of_which_a_part_is_not_complete_is_not_read() {
    let base = directory(&[("a.csv", "A\n1\n"), ("b.csv", "A\n2\n"), ("a.csv.ok", "")]);
    let toml = "path = 'in'\npattern = '*.csv'\nready = { marker = '.ok' }\nformat.csv = {}\n";
    let error = pictures(&base, toml, &[], Picture::All).pull(&Checkpoint::default()).await.unwrap_err();
    insta::assert_snapshot!(words(&error), @"
    1 file is not complete yet, so the whole source does not show
    有 1 个文件尚未写完，看不到来源的全貌
    the next run reads all of them; remove a file that its writer has given up
    下次运行会全部读取；对方已放弃的文件请移走
    ");
    put(&base, "b.ok", "");
    let pages = run(&mut pictures(&base, toml, &[], Picture::All), &Checkpoint::default()).await;
    assert_eq!(cells(&pages), ["a.csv: 1", "b.csv: 2"]);
}

#[tokio::test]
async fn of_several_pictures_the_last_is_read_and_the_others_are_noted() {
    let base = directory(&[("1.csv", "A\n1\n"), ("2.csv", "A\n2\n")]);
    let read =
        async |taken: &[FileSeen]| run(&mut pictures(&base, CSV, taken, Picture::Last), &Checkpoint::default()).await;
    let first = read(&[]).await;
    assert_eq!(
        (cells(&first), names(&first)),
        (vec!["2.csv: 2".into()], vec!["1.csv PassedOver".into(), "2.csv Read".into()])
    );
    let taken = seen(&first);
    assert!(read(&taken).await.is_empty());
    // Yesterday's picture, that of the day before, and one that is too late.
    put(&base, "3.csv", "A\n1\n");
    put(&base, "0.csv", "A\n0\n");
    let second = read(&taken).await;
    assert_eq!(
        (cells(&second), names(&second)),
        (vec!["3.csv: 1".into()], vec!["0.csv PassedOver".into(), "3.csv Read".into()])
    );
    // The same picture under another name shows nothing new.
    put(&base, "4.csv", "A\n1\n");
    let taken: Vec<FileSeen> = taken.into_iter().chain(seen(&second)).collect();
    assert_eq!(names(&read(&taken).await), ["4.csv Known"]);
}

#[tokio::test]
async fn a_picture_is_archived_by_the_run_after() {
    let base = directory(&[("1.csv", "A\n1\n"), ("2.csv", "A\n2\n")]);
    let toml = format!("after = {{ archive = 'done' }}\n{CSV}");
    let first = run(&mut pictures(&base, &toml, &[], Picture::Last), &Checkpoint::default()).await;
    assert_eq!(all_files(&base.path().join("in"), &base.path().join("in")).len(), 2);
    assert!(run(&mut pictures(&base, &toml, &seen(&first), Picture::Last), &Checkpoint::default()).await.is_empty());
    assert!(all_files(&base.path().join("in"), &base.path().join("in")).is_empty());
}

#[tokio::test]
async fn patterns_order_and_readiness_choose_the_files() {
    let base = directory(&[
        ("zb_2.CSV", "A\nzb2\n"),
        ("zb_1.csv", "A\nzb1\n"),
        ("cg_1.csv", "A\ncg1\n"),
        ("cg_2.csv.part", "A\nno\n"),
        (".hidden.csv", "A\nno\n"),
        ("~$zb_1.csv", "A\nno\n"),
        ("notes.txt", "A\nno\n"),
        ("deep/zb_3.csv", "A\nzb3\n"),
    ]);
    let taken =
        async |more: &str| cells(&run(&mut open(&base, &format!("{more}\n{CSV}"), &[]), &Checkpoint::default()).await);
    assert_eq!(taken("pattern = 'zb_*.csv'").await, ["zb_1.csv: zb1", "zb_2.CSV: zb2"]);
    assert_eq!(taken("pattern = ['cg_*', 'zb_2*']").await, ["cg_1.csv: cg1", "zb_2.CSV: zb2"]);
    assert_eq!(
        taken("pattern = '**/*.csv'\nrecursive = true").await,
        ["cg_1.csv: cg1", "deep/zb_3.csv: zb3", "zb_1.csv: zb1", "zb_2.CSV: zb2"]
    );
    for (i, name) in ["zb_2.CSV", "cg_1.csv", "zb_1.csv"].iter().enumerate() {
        let file = fs::File::options().write(true).open(base.path().join("in").join(name)).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(100 - i as u64)).unwrap();
    }
    assert_eq!(
        taken("pattern = '*.csv'\norder = 'modified'").await,
        ["zb_2.CSV: zb2", "cg_1.csv: cg1", "zb_1.csv: zb1"]
    );
    put(&base, "zb_1.csv.ok", "");
    put(&base, "cg_1.ok", "");
    assert_eq!(taken("pattern = '*.csv'\nready.marker = '.ok'").await, ["cg_1.csv: cg1", "zb_1.csv: zb1"]);
}

#[tokio::test]
async fn a_fresh_file_is_taken_once_it_does_not_change() {
    let base = directory(&[("a.csv", "A\n1\n")]);
    let toml = "path = 'in'\nready.stable_ms = 50\nformat.csv = {}\n";
    let pages = run(&mut open(&base, toml, &[]), &Checkpoint::default()).await;
    assert_eq!(cells(&pages), ["a.csv: 1"]);
    // With a rule longer than a run may wait, it is left for the next.
    let toml = "path = 'in'\nready.stable_ms = 3600000\nformat.csv = {}\n";
    assert!(run(&mut open(&base, toml, &[]), &Checkpoint::default()).await.is_empty());
}

#[tokio::test]
async fn a_file_that_is_not_what_was_declared_is_one_row_and_the_others_go_on() {
    let base = directory(&[("1.csv", "A\n1\n"), ("2.csv", ""), ("4.csv", "A\n4\n")]);
    put(&base, "3.csv", b"\xff\xfeA\0\n\0");
    let pages = run(&mut open(&base, CSV, &[]), &Checkpoint::default()).await;
    insta::assert_snapshot!(cells(&pages).join("\n"), @r#"
    1.csv: 1
    2.csv: FileUnreadable the file is empty; ask the sender for the file again; an export that ended early leaves such files
    3.csv: FileUnreadable it was declared to be UTF-8, but it begins with the byte order mark of UTF-16LE; set `encoding = "utf-16le"`, or have the file written as UTF-8
    4.csv: 4
    "#);
    assert_eq!(seen(&pages).iter().map(|file| file.rows).collect::<Vec<_>>(), [1, 1, 1, 1]);
    assert!(run(&mut open(&base, CSV, &seen(&pages)), &Checkpoint::default()).await.is_empty());
}

#[tokio::test]
async fn a_file_that_changes_while_it_is_read_ends_the_run_and_is_read_anew() {
    let base = directory(&[("a.csv", "A\n1\n2\n3\n")]);
    let toml = format!("batch_rows_max = 2\n{CSV}");
    let mut source = open(&base, &toml, &[]);
    let first = source.pull(&Checkpoint::default()).await.unwrap().unwrap();
    source.confirmed().await.unwrap();
    put(&base, "a.csv", "A\n1\n2\n3\n4\n");
    let error = source.pull(&first.checkpoint).await.unwrap_err();
    insta::assert_snapshot!(words(&error), @r#"
        the file `a.csv` changed while it was read
        文件 `a.csv` 在读取时有变化
        the next run takes its new content; if this comes again, have the sender write under another name and rename, or lengthen `ready.stable_ms`
        下次运行会读取新内容；如果反复出现，请对方先用别的名称写完再改名，或加长 `ready.stable_ms`
        "#);
    let next = run(&mut open(&base, &toml, &[]), &first.checkpoint).await;
    assert_eq!(cells(&next), ["a.csv: 1", "a.csv: 2", "a.csv: 3", "a.csv: 4"]);
}

#[tokio::test]
async fn a_file_that_goes_away_half_read_is_one_broken_row() {
    let base = directory(&[("a.csv", "A\n1\n2\n3\n"), ("b.csv", "A\n9\n")]);
    let toml = format!("batch_rows_max = 2\n{CSV}");
    let mut source = open(&base, &toml, &[]);
    let first = source.pull(&Checkpoint::default()).await.unwrap().unwrap();
    source.confirmed().await.unwrap();
    fs::remove_file(base.path().join("in/a.csv")).unwrap();
    let rest = run(&mut open(&base, &toml, &[]), &first.checkpoint).await;
    insta::assert_snapshot!(cells(&rest).join("\n"), @"
    a.csv: FileUnreadable the file went away after 2 rows had been taken; put it back under its name: it is read from its beginning, and rows that were taken are recognised
    b.csv: 9
    ");
    assert!(
        rest.iter()
            .flat_map(|page| page.rows.iter())
            .any(|row| row.fault().is_some_and(|f| f.kind == FaultKind::FileUnreadable))
    );
}

#[tokio::test]
async fn files_are_archived_once_their_rows_are_safe() {
    let base = directory(&[("a.csv", "A\n1\n"), ("sub/b.csv", "A\n2\n"), ("a.csv.ok", ""), ("sub/b.ok", "")]);
    let toml = "path = 'in'\npattern = '**/*.csv'\nrecursive = true\nafter = { archive = 'in/done' }\nready = { marker = '.ok' }\nformat.csv = {}\n";
    let mut source = open(&base, toml, &[]);
    let page = source.pull(&Checkpoint::default()).await.unwrap().unwrap();
    assert!(base.path().join("in/a.csv").exists(), "not before the page is confirmed");
    source.confirmed().await.unwrap();
    source.confirmed().await.unwrap();
    assert!(source.pull(&page.checkpoint).await.unwrap().is_none());
    let day = fs::read_dir(base.path().join("in/done")).unwrap().next().unwrap().unwrap().path();
    let mut names = all_files(&day, &day);
    names.sort();
    assert_eq!(names, ["a.csv", "a.csv.ok", "sub/b.csv", "sub/b.ok"]);
    assert!(all_files(&base.path().join("in/sub"), base.path()).is_empty());
}

/// A crash between the page and the archive leaves a known file behind; the next run moves it.
#[tokio::test]
async fn a_file_that_a_crash_kept_from_the_archive_is_moved_by_the_next_run() {
    let base = directory(&[("a.csv", "A\n1\n")]);
    let toml = format!("after = {{ archive = 'done' }}\n{CSV}");
    let page = open(&base, &toml, &[]).pull(&Checkpoint::default()).await.unwrap().unwrap();
    assert!(run(&mut open(&base, &toml, &page.files), &Checkpoint::default()).await.is_empty());
    assert!(!base.path().join("in/a.csv").exists());
    assert_eq!(all_files(&base.path().join("done"), base.path()).len(), 1);
}

#[tokio::test]
async fn what_is_not_as_declared_is_passed_over_and_the_others_are_read() {
    let base = directory(&[("a.csv", "A\n1\n"), ("b.csv", "B\n1\n2\n"), ("c.csv", "A\n3\n")]);
    for picture in [None, Some(Picture::All)] {
        let toml = format!("batch_rows_max = 1\n{CSV}");
        let mut source = FilesSource::open(config(&toml), base.path(), Vec::new(), picture).unwrap();
        let (mut after, mut read) = (Checkpoint::default(), Vec::new());
        while let Some(page) = source.pull(&after).await.unwrap() {
            if page.rows.columns() == ["B"] {
                source.set_aside().await.unwrap();
                continue;
            }
            source.confirmed().await.unwrap();
            after = page.checkpoint.clone();
            read.extend(cells(&[page]));
        }
        assert_eq!(read, ["a.csv: 1", "c.csv: 3"]);
    }
    // Also where a run before had come to its middle.
    let middle = Checkpoint(format!(r#"{{"file":"b.csv","digest":"{}","row":0}}"#, "0".repeat(64)));
    let mut source = open(&base, CSV, &[]);
    assert_eq!(cells(&[source.pull(&middle).await.unwrap().unwrap()]), ["b.csv: 1", "b.csv: 2"]);
    source.set_aside().await.unwrap();
    assert_eq!(cells(&[source.pull(&middle).await.unwrap().unwrap()]), ["a.csv: 1", "c.csv: 3"]);
}

#[tokio::test]
async fn an_archive_that_takes_nothing_stops_no_reading() {
    let base = directory(&[("a.csv", "A\n1\n"), ("b.csv", "A\n2\n")]);
    fs::write(base.path().join("done"), "no directory").unwrap();
    let toml = format!("batch_rows_max = 1\nafter = {{ archive = 'done' }}\n{CSV}");
    let mut source = open(&base, &toml, &[]);
    let (mut after, mut read) = (Checkpoint::default(), Vec::new());
    let error = loop {
        match source.pull(&after).await {
            Ok(Some(page)) => {
                source.confirmed().await.unwrap();
                after = page.checkpoint.clone();
                read.extend(cells(&[page]));
            }
            Ok(None) => panic!("the trouble was not told"),
            Err(error) => break error,
        }
    };
    assert_eq!(read, ["a.csv: 1", "b.csv: 2"]);
    assert!(words(&error).starts_with("the archive"), "{error}");
}

fn all_files(directory: &Path, below: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            names.extend(all_files(&path, below));
        } else {
            names.push(path.strip_prefix(below).unwrap().to_str().unwrap().replace('\\', "/"));
        }
    }
    names
}

#[cfg(unix)]
#[tokio::test]
async fn links_are_passed_over_and_gbk_names_are_read() {
    use std::os::unix::ffi::OsStrExt;
    let base = directory(&[("a.csv", "A\n1\n")]);
    fs::write(base.path().join("secret.csv"), "A\nno\n").unwrap();
    std::os::unix::fs::symlink(base.path().join("secret.csv"), base.path().join("in/b.csv")).unwrap();
    std::os::unix::fs::symlink(base.path(), base.path().join("in/up")).unwrap();
    // 公告.csv as an old Windows program names it.
    let name = std::ffi::OsStr::from_bytes(b"\xb9\xab\xb8\xe6.csv");
    fs::write(base.path().join("in").join(name), "A\n2\n").unwrap();
    let toml = format!("recursive = true\npattern = '**/*.csv'\n{CSV}");
    let mut source = open(&base, &toml, &[]);
    assert_eq!(cells(&run(&mut source, &Checkpoint::default()).await), ["a.csv: 1", "公告.csv: 2"]);
    let lines = open(&base, &toml, &[])
        .check()
        .await
        .unwrap()
        .iter()
        .map(told)
        .collect::<Vec<_>>()
        .join("\n")
        .replace(base.path().to_str().unwrap(), "BASE");
    insta::assert_snapshot!(lines, @r#"
        directory BASE/in: 2 files matched, 2 new, 0 known
        目录 BASE/in：2 个文件相符，其中 2 个是新的，0 个已收过
        2 symbolic links passed over
        2 个符号链接被略过
        "#);
}

#[tokio::test]
async fn a_directory_that_is_not_there_is_told_with_what_to_do() {
    let base = tempfile::tempdir().unwrap();
    let shown = |error: SourceError| words(&error).replace(base.path().to_str().unwrap(), "BASE");
    let missing = open(&base, CSV, &[]).check().await.unwrap_err();
    insta::assert_snapshot!(shown(missing), @r#"
        the directory `BASE/in` does not exist
        目录 `BASE/in` 不存在
        create it, mount it, or correct `path`; a relative path starts at the directory of the configuration
        请建立或挂载该目录，或改正 `path`；相对路径从配置所在目录算起
        "#);
    let missing = open(&base, CSV, &[]).pull(&Checkpoint::default()).await.unwrap_err();
    assert!(matches!(missing, SourceError::Config { .. }));
    fs::write(base.path().join("in"), "").unwrap();
    let no_directory = open(&base, CSV, &[]).check().await.unwrap_err();
    insta::assert_snapshot!(shown(no_directory), @r#"
        `BASE/in` is not a directory
        `BASE/in` 不是目录
        `path` names a directory; choose its files by `pattern`
        `path` 应是目录；文件用 `pattern` 选择
        "#);
    fs::remove_file(base.path().join("in")).unwrap();
    fs::create_dir(base.path().join("in")).unwrap();
    fs::write(base.path().join("done"), "").unwrap();
    let toml = format!("after = {{ archive = 'done' }}\n{CSV}");
    let archive = open(&base, &toml, &[]).check().await.unwrap_err();
    insta::assert_snapshot!(shown(archive), @r#"
        the archive `BASE/done` is not a directory
        归档 `BASE/done` 不是目录
        name a directory in `after.archive`
        `after.archive` 应写一个目录
        "#);
    let strange = open(&base, CSV, &[]).pull(&Checkpoint("17".into())).await.unwrap_err();
    insta::assert_snapshot!(shown(strange), @r#"
        the checkpoint of this job is not one of files: invalid type: integer `17`, expected struct Middle at line 1 column 2
        该任务的断点不是文件来源的断点（invalid type: integer `17`, expected struct Middle at line 1 column 2）
        if the job read another kind of source before, give it a new name
        如果该任务以前读的是另一类来源，请给它换一个名称
        "#);
}

#[test]
fn wrong_options_are_told_at_their_word() {
    let error = |toml: &str| toml::from_str::<FilesSourceConfig>(toml).unwrap_err().message().to_owned();
    let all = [
        error("path = 'in'\nformat.csv = {}\npatern = '*'\n"),
        error("path = 'in'\nformat.csv = {}\npattern = []\n"),
        error("path = 'in'\nformat.csv = {}\npattern = '[a'\n"),
        error("path = 'in'\nformat.csv = {}\nbatch_rows_max = 70000\n"),
        error("path = 'in'\nformat.csv = {}\nafter = 'delete'\n"),
        error("path = 'in'\nformat.pdf = {}\n"),
        error("path = 'in'\nformat.csv = { encoding = 'big5' }\n"),
        error("path = 'in'\nformat.csv = { delimiter = '||' }\n"),
        error("path = 'in'\nformat.csv = { quote = '' }\n"),
        error("path = 'in'\nformat.xlsx = { sheet = 0 }\n"),
        error("path = 'in'\nformat.xlsx = { header_rows = 3 }\n"),
        error("path = 'in'\nformat.xml = {}\n"),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
    unknown field `patern`, expected one of `path`, `pattern`, `recursive`, `order`, `ready`, `after`, `format`, `batch_rows_max`
    an empty list of patterns matches no file
    not a pattern of file names: error parsing glob '[a': unclosed character class; missing ']'
    a batch has 1 to 65535 rows, not 70000
    unknown variant `delete`, expected `leave` or `archive`
    unknown variant `pdf`, expected one of `csv`, `json`, `ndjson`, `xml`, `xlsx`
    unknown variant `big5`, expected one of `UTF-8`, `utf-8`, `utf8`, `GBK`, `gbk`, `GB18030`, `gb18030`, `GB2312`, `gb2312`, `UTF-16LE`, `utf-16le`, `UTF-16BE`, `utf-16be`
    expected one ASCII character such as `,`, not `||`
    expected one ASCII character such as `"`, or `none`, not ``
    invalid value: integer `0`, expected the name of a sheet, or its number counted from 1
    a header has 1 or 2 rows, not 3
    missing field `row`
    "#);
}
