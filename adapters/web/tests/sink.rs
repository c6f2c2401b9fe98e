//! The sink against servers that answer, and against listeners that cut, delay and answer nonsense.

#![allow(clippy::unwrap_used, reason = "clippy knows only functions marked as tests")]

use std::path::Path;

use adapter::{Answer, Request, Sink, SinkError, Words};
use adapter_web::{WebSink, WebSinkConfig};
use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn open(toml: &str) -> Result<WebSink, SinkError> {
    WebSink::open(&toml::from_str::<WebSinkConfig>(toml).unwrap(), Path::new("."))
}

fn sink(url: &str) -> WebSink {
    open(&format!("url = '{url}'\ntimeout_ms = 300\n")).unwrap()
}

const REQUEST: Request<'_> = Request {
    key: "k-1",
    name: "n",
    media: "application/json",
    body: b"{\"A\":\"\xe7\x94\xb2\"}",
    answer_bytes_max: Answer::BODY_BYTES_MAX,
};

/// A server of our own on a free port.
async fn server(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Takes one connection, reads a request from it, and does something else than answering.
async fn listener<F: Future<Output = ()> + Send>(act: impl FnOnce(TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(REQUEST.body) {
            let mut buffer = [0; 1_024];
            match stream.read(&mut buffer).await.unwrap() {
                0 => break,
                n => request.extend_from_slice(&buffer[..n]),
            }
        }
        act(stream).await;
    });
    format!("http://{address}/")
}

/// Answers with these bytes, and closes.
async fn answering(bytes: impl Into<Vec<u8>>) -> String {
    let bytes = bytes.into();
    listener(async move |mut stream| {
        stream.write_all(&bytes).await.unwrap();
        stream.shutdown().await.unwrap();
    })
    .await
}

/// In English and Chinese, a line each.
fn told(words: &Words) -> String {
    let zh = words.zh.as_str();
    assert!(zh.contains(|c| ('\u{4e00}'..='\u{9fff}').contains(&c)), "no Chinese in `{zh}`");
    format!("{words}\n{zh}")
}

fn unknown(answer: Answer) -> String {
    match answer {
        Answer::Unknown { why } => told(&why),
        other => panic!("expected that nobody knows, not {other:?}"),
    }
}

fn unsent(answer: Answer) -> String {
    match answer {
        Answer::Unsent { why } => told(&why),
        other => panic!("expected that it was not sent, not {other:?}"),
    }
}

fn answered(answer: Answer) -> (u16, Option<u64>, Vec<u8>) {
    match answer {
        Answer::Answered { status, retry_after_s, body, .. } => (status, retry_after_s, body),
        other => panic!("expected an answer, not {other:?}"),
    }
}

#[tokio::test]
async fn a_document_travels_with_its_key_its_headers_and_its_media_type() {
    let echo = async |headers: HeaderMap, body: Bytes| {
        let value = |name: &str| headers.get(name).map(|v| v.to_str().unwrap()).unwrap_or("none").to_owned();
        let names = ["idempotency-key", "x-key", "content-type", "authorization", "content-length"];
        let mut lines: Vec<String> = names.iter().map(|name| format!("{name}: {}", value(name))).collect();
        lines.push(String::from_utf8(body.to_vec()).unwrap());
        lines.join("\n")
    };
    let url = server(Router::new().route("/in", post(echo).put(echo))).await;
    let (status, _, body) = answered(sink(&format!("{url}/in")).send(REQUEST).await);
    assert_eq!(status, 200);
    insta::assert_snapshot!(String::from_utf8(body).unwrap(), @r#"
    idempotency-key: k-1
    x-key: none
    content-type: application/json
    authorization: none
    content-length: 11
    {"A":"甲"}
    "#);
    let own = format!(
        "url = '{url}/in'\nmethod = 'PUT'\nkey_header = 'X-Key'\nheaders = {{ Authorization = 'Bearer secret' }}\n"
    );
    let (_, _, body) = answered(open(&own).unwrap().send(REQUEST).await);
    insta::assert_snapshot!(String::from_utf8(body).unwrap(), @r#"
    idempotency-key: none
    x-key: k-1
    content-type: application/json
    authorization: Bearer secret
    content-length: 11
    {"A":"甲"}
    "#);
}

#[tokio::test]
async fn every_status_is_an_answer_and_a_redirect_is_not_followed() {
    let router = Router::new()
        .route("/busy", post(async || (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "120")], "later")))
        .route(
            "/past",
            post(async || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")])),
        )
        .route("/long", post(async || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "99999999")])))
        .route("/odd", post(async || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "soon")])))
        .route("/moved", post(async || (StatusCode::TEMPORARY_REDIRECT, [("location", "/busy")])))
        .route("/empty", post(async || StatusCode::NO_CONTENT))
        .route("/large", post(async || vec![b'x'; Answer::BODY_BYTES_MAX * 3].into_response()));
    let url = server(router).await;
    let send = async |path: &str| answered(sink(&format!("{url}{path}")).send(REQUEST).await);
    assert_eq!(send("/busy").await, (503, Some(120), b"later".to_vec()));
    assert_eq!(send("/past").await, (429, Some(0), Vec::new()));
    assert_eq!(send("/long").await, (429, Some(86_400), Vec::new()));
    assert_eq!(send("/odd").await, (429, None, Vec::new()));
    assert_eq!(send("/moved").await, (307, None, Vec::new()));
    assert_eq!(send("/empty").await, (204, None, Vec::new()));
    let (_, _, body) = send("/large").await;
    assert_eq!(body.len(), Answer::BODY_BYTES_MAX);
    // A cut answer says so; one that just fits is whole.
    for (room, cut) in [(1, true), (0, false)] {
        let request = Request { answer_bytes_max: Answer::BODY_BYTES_MAX * 3 - room, ..REQUEST };
        let Answer::Answered { body, is_cut, .. } = sink(&format!("{url}/large")).send(request).await else { panic!() };
        assert_eq!((body.len(), is_cut), (request.answer_bytes_max, cut));
    }
}

#[tokio::test]
async fn what_certainly_did_not_arrive_is_unsent() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let refused = unsent(sink(&format!("http://127.0.0.1:{port}/")).send(REQUEST).await);
    insta::assert_snapshot!(refused, @r#"
        no connection: the connection was refused
        无法连接：连接被拒绝
        "#);
    let name = unsent(sink("http://no-such-host.invalid/").send(REQUEST).await);
    assert_eq!(name, "no connection: the host's name cannot be resolved\n无法连接：主机名无法解析");
    // Plain text where TLS is expected: the connection was never made.
    let plain = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = plain.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = plain.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        std::future::pending::<()>().await;
    });
    let secure = open(&format!("url = 'https://{address}/'\n")).unwrap();
    insta::assert_snapshot!(unsent(secure.send(REQUEST).await), @r#"
        no connection: received corrupt message of type InvalidContentType
        无法连接：系统报告“received corrupt message of type InvalidContentType”
        "#);
    let media = Request { media: "a\nb", ..REQUEST };
    insta::assert_snapshot!(unsent(sink("http://127.0.0.1:1/").send(media).await), @r#"
        `a
        b` is no media type
        `a
        b` 不是媒体类型
        "#);
}

#[tokio::test]
async fn what_may_have_arrived_and_has_no_whole_answer_is_unknown() {
    let silent = listener(async |stream| {
        std::future::pending::<()>().await;
        drop(stream);
    });
    insta::assert_snapshot!(unknown(sink(&silent.await).send(REQUEST).await), @r#"
        no answer in time
        未按时答复
        "#);
    let closed = listener(async |stream| drop(stream)).await;
    insta::assert_snapshot!(unknown(sink(&closed).send(REQUEST).await), @r#"
        the request failed: connection closed before message completed
        请求失败：答复未完，连接已关闭
        "#);
    let nonsense = answering("SSH-2.0-OpenSSH_9.2\r\n").await;
    insta::assert_snapshot!(unknown(sink(&nonsense).send(REQUEST).await), @r#"
        the request failed: invalid HTTP version parsed
        请求失败：答复不是 HTTP
        "#);
    let half_head = answering("HTTP/1.1 200 OK\r\nContent-Le").await;
    insta::assert_snapshot!(unknown(sink(&half_head).send(REQUEST).await), @r#"
        the request failed: connection closed before message completed
        请求失败：答复未完，连接已关闭
        "#);
    let half_body = answering("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"result\":").await;
    insta::assert_snapshot!(unknown(sink(&half_body).send(REQUEST).await), @r#"
        the answer, of status 200, was cut: the request failed: it ended too early
        答复（状态码 200）不完整：请求失败：提前结束
        "#);
    let half_chunk = answering("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab").await;
    insta::assert_snapshot!(unknown(sink(&half_chunk).send(REQUEST).await), @r#"
        the answer, of status 200, was cut: the request failed: it ended too early
        答复（状态码 200）不完整：请求失败：提前结束
        "#);
    let dripping = listener(async |mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nx").await.unwrap();
        std::future::pending::<()>().await;
    });
    insta::assert_snapshot!(unknown(sink(&dripping.await).send(REQUEST).await), @r#"
        the answer, of status 200, was cut: no answer in time
        答复（状态码 200）不完整：未按时答复
        "#);
}

/// A body cut at any byte is never taken for an answer, and a whole one always is.
#[tokio::test]
async fn an_answer_cut_after_any_byte_is_unknown() {
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"ok\":42}";
    for cut in 0..answer.len() {
        let url = answering(&answer[..cut]).await;
        unknown(sink(&url).send(REQUEST).await);
    }
    let url = answering(&answer[..]).await;
    assert_eq!(answered(sink(&url).send(REQUEST).await).2, b"{\"ok\":42}");
}

#[tokio::test]
async fn a_body_without_end_is_read_up_to_the_limit() {
    let endless = listener(async |mut stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        // Until the other side hangs up.
        while stream.write_all(&[b'x'; 4_096]).await.is_ok() {}
    });
    assert_eq!(answered(sink(&endless.await).send(REQUEST).await).2.len(), Answer::BODY_BYTES_MAX);
}

#[tokio::test]
async fn a_check_says_whether_the_peer_takes_connections_and_sends_nothing() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = taken.local_addr().unwrap().port();
    let hide = |text: String| text.replace(&port.to_string(), "PORT");
    let lines = sink(&format!("http://127.0.0.1:{port}/in")).check().await.unwrap();
    insta::assert_snapshot!(hide(told(&lines[0])), @r#"
        127.0.0.1:PORT takes connections
        127.0.0.1:PORT 可以连接
        "#);
    let (mut stream, _) = taken.accept().await.unwrap();
    assert_eq!(stream.read(&mut [0; 16]).await.unwrap(), 0, "nothing was sent");
    drop((stream, taken));
    let error = sink(&format!("http://127.0.0.1:{port}/in")).check().await.unwrap_err();
    insta::assert_snapshot!(hide(format!("{}\n{}", told(&error.message), told(&error.hint))), @r#"
        127.0.0.1:PORT takes no connection: the connection was refused
        127.0.0.1:PORT 无法连接：连接被拒绝
        see whether the system is up, and whether a firewall stands between
        请检查对方系统是否在运行，中间是否有防火墙
        "#);
    // With a proxy, the proxy is what is reached.
    let proxy = format!("url = 'http://example.invalid/'\nproxy = 'http://127.0.0.1:{port}'\n");
    assert!(open(&proxy).unwrap().check().await.unwrap_err().message.en.starts_with(&format!("127.0.0.1:{port}")));
}

#[test]
fn wrong_options_are_told_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("ca.pem");
    std::fs::write(&file, "no certificate").unwrap();
    let shown = |toml: &str| match open(toml) {
        Ok(_) => panic!("it opened"),
        Err(error) => format!("{}\n{}", told(&error.message), told(&error.hint))
            .replace(directory.path().to_str().unwrap(), "BASE"),
    };
    let all = [
        shown("url = 'ftp://x/'"),
        shown("url = 'x'"),
        shown("url = 'http://x/'\nproxy = '10.0.0.1'"),
        shown("url = 'http://x/'\nkey_header = 'a b'"),
        shown("url = 'http://x/'\nheaders = { 'X' = \"a\\nb\" }"),
        shown(&format!("url = 'http://x/'\nca_file = '{}'", file.display())),
        shown(&format!("url = 'http://x/'\nca_file = '{}/none'", directory.path().display())),
    ];
    insta::assert_snapshot!(all.join("\n"), @r#"
        `url` is no address of HTTP
        `url` 不是 HTTP 地址
        write it as `http://host:port/path` or `https://…`
        写作 `http://host:port/path` 或 `https://…`
        `url` is no address of HTTP
        `url` 不是 HTTP 地址
        write it as `http://host:port/path` or `https://…`
        写作 `http://host:port/path` 或 `https://…`
        `proxy` is no address of HTTP
        `proxy` 不是 HTTP 地址
        write it as `http://host:port/path` or `https://…`
        写作 `http://host:port/path` 或 `https://…`
        `a b` is no name of a header
        `a b` 不能用作头的名称
        a header's name is ASCII letters, digits and `-`
        头的名称由 ASCII 字母、数字和 `-` 组成
        the value of the header `X` holds characters that HTTP does not allow
        头 `X` 的值含有 HTTP 不允许的字符
        header values are ASCII without line breaks
        头的值应是不带换行的 ASCII
        `BASE/ca.pem` holds no certificate in PEM form
        `BASE/ca.pem` 中没有 PEM 格式的证书
        a PEM file has lines `-----BEGIN CERTIFICATE-----`; convert a DER file first
        PEM 文件含有 `-----BEGIN CERTIFICATE-----` 一行；DER 文件请先转换
        the file of certificates `BASE/none` could not be read: it does not exist
        证书文件 `BASE/none` 无法读取：不存在
        correct `ca_file`, or give the hub's user the right to read it
        请改正 `ca_file`，或给运行账户读取权限
        "#);
    let word = |toml: &str| toml::from_str::<WebSinkConfig>(toml).unwrap_err().message().to_owned();
    insta::assert_snapshot!(word("url = 'http://x/'\nmethod = 'GET'"), @"unknown variant `GET`, expected one of `POST`, `PUT`, `PATCH`");
}

#[test]
fn neither_headers_nor_the_address_are_shown() {
    let config: WebSinkConfig =
        toml::from_str("url = 'http://u:secret@x/?token=secret'\nheaders = { Authorization = 'secret' }").unwrap();
    assert!(!format!("{config:?}").contains("secret"));
}
