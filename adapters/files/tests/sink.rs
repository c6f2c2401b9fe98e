//! The sink on real directories: whole documents only, the same receipt for the same content.

#![allow(clippy::unwrap_used, reason = "clippy knows only functions marked as tests")]

use std::fs;

use adapter::{Answer, Request, Sink};
use adapter_files::{FilesSink, FilesSinkConfig};
use tempfile::TempDir;

fn sink(base: &TempDir, toml: &str) -> FilesSink {
    FilesSink::open(toml::from_str::<FilesSinkConfig>(toml).unwrap(), base.path())
}

fn request<'a>(name: &'a str, media: &'a str, body: &'a str) -> Request<'a> {
    Request { key: "k", name, media, body: body.as_bytes(), answer_bytes_max: Answer::BODY_BYTES_MAX }
}

fn receipt(answer: Answer) -> String {
    answered(answer, 0)
}

fn answered(answer: Answer, expected: u16) -> String {
    match answer {
        Answer::Answered { status, retry_after_s: None, body, is_cut: false } if status == expected => {
            String::from_utf8(body).unwrap()
        }
        other => panic!("expected an answer of status {expected}, not {other:?}"),
    }
}

#[tokio::test]
async fn a_document_is_there_whole_and_its_receipt_is_its_digest() {
    let base = tempfile::tempdir().unwrap();
    let sink = sink(&base, "path = '.'\nprefix = 'zb-'\n");
    let first = receipt(sink.send(request("42", "application/xml; charset=utf-8", "<a/>")).await);
    insta::assert_snapshot!(first, @r#"{"bytes":4,"digest":"29114363f749a0226b6988dda3ca2492a954117ab6b5f382706c20300dabc079"}"#);
    assert_eq!(fs::read_to_string(base.path().join("zb-42.xml")).unwrap(), "<a/>");
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1, "nothing else is left behind");

    // Sent again after a lost answer: the same receipt.
    assert_eq!(receipt(sink.send(request("42", "application/xml", "<a/>")).await), first);

    // Other content under the name is never overwritten.
    let conflict = answered(sink.send(request("42", "application/xml", "<b/>")).await, 422);
    insta::assert_snapshot!(conflict, @r#"{"bytes":4,"conflict":{"en":"a file of this name is there with other content; it was left as it is","zh":"已有同名而内容不同的文件，未作改动"},"digest":"29114363f749a0226b6988dda3ca2492a954117ab6b5f382706c20300dabc079"}"#);
    assert_eq!(fs::read_to_string(base.path().join("zb-42.xml")).unwrap(), "<a/>");
}

#[tokio::test]
async fn names_follow_the_media_type_or_the_configuration() {
    let base = tempfile::tempdir().unwrap();
    let plain = sink(&base, "path = '.'\n");
    for media in ["application/json", "application/x-ndjson", "text/csv", "text/xml", "image/png"] {
        receipt(plain.send(request(&media.replace(['/', '-'], "_"), media, "x")).await);
    }
    receipt(sink(&base, "path = '.'\nsuffix = '.txt'\n").send(request("own", "text/csv", "x")).await);
    let mut names: Vec<String> =
        fs::read_dir(base.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    insta::assert_snapshot!(names.join("\n"), @"
    application_json.json
    application_x_ndjson.ndjson
    image_png.dat
    own.txt
    text_csv.csv
    text_xml.xml
    ");
}

#[tokio::test]
async fn a_document_that_cannot_be_written_was_certainly_not_sent() {
    let base = tempfile::tempdir().unwrap();
    let missing = sink(&base, "path = 'out'\n");
    let error = missing.check().await.unwrap_err();
    let shown = |text: &str| text.replace(base.path().to_str().unwrap(), "BASE");
    insta::assert_snapshot!(shown(&format!("{error}\n{}\n{}\n{}", error.hint, error.message.zh, error.hint.zh)), @r#"
        the directory `BASE/out` does not exist
        create it, mount it, or correct `path`
        目录 `BASE/out` 不存在
        请建立或挂载该目录，或改正 `path`
        "#);
    let Answer::Unsent { why } = missing.send(request("1", "text/csv", "x")).await else { panic!("it was not sent") };
    insta::assert_snapshot!(shown(&format!("{why}\n{}", why.zh)), @r#"
        the directory `BASE/out` does not exist; create it, mount it, or correct `path`
        目录 `BASE/out` 不存在；请建立或挂载该目录，或改正 `path`
        "#);
    for name in ["../1", "a/b", "a\\b", ".a", "C:1"] {
        let answer = sink(&base, "path = '.'\n").send(request(name, "text/csv", "x")).await;
        assert!(matches!(answer, Answer::Unsent { .. }), "{name}");
    }
    insta::assert_snapshot!(shown(&sink(&base, "path = '.'\n").check().await.unwrap()[0].en), @"directory BASE: can be written");
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0, "a check leaves nothing behind");
}

#[tokio::test]
async fn a_directory_is_made_only_where_that_is_wanted() {
    let base = tempfile::tempdir().unwrap();
    receipt(sink(&base, "path = 'a/b'\ncreate = true\n").send(request("1", "text/csv", "x")).await);
    assert_eq!(fs::read_to_string(base.path().join("a/b/1.csv")).unwrap(), "x");
    let answer = sink(&base, "path = 'c'\n").send(request("1", "text/csv", "x")).await;
    assert!(matches!(answer, Answer::Unsent { .. }) && !base.path().join("c").exists());
}
