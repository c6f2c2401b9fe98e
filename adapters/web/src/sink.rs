//! One request, one of three outcomes.
//!
//! *Unsent* is said only where no byte of the request can have arrived: the connection (name, TCP, proxy, TLS) was
//! not made. From the moment on which it stands, everything but a whole answer is *unknown*: a timeout, a reset, a
//! body that is cut, an answer that is no HTTP. Redirects are answers, not followed: a document must not go where
//! the configuration does not say.

use std::error::Error as _;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use adapter::{Answer, Request, Sink, SinkError, Words, io_words, path_below};
use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Certificate, Client, Proxy, Response, Url, redirect};

use crate::config::{Method, WebSinkConfig};
use crate::date;

/// Longest time that a target may ask us to wait: a day. More is a mistake, and must not put a feed to sleep.
const RETRY_AFTER_S_MAX: u64 = 86_400;

/// Sends documents to one address.
pub struct WebSink {
    client: Client,
    url: Url,
    /// Where `check` connects to: the proxy, if there is one.
    peer: (String, u16),
    method: reqwest::Method,
    headers: HeaderMap,
    key_header: Option<HeaderName>,
    connect_timeout: Duration,
}

impl WebSink {
    /// Prepares the client; nothing is sent. A relative `ca_file` starts at `base`.
    pub fn open(config: &WebSinkConfig, base: &Path) -> Result<Self, SinkError> {
        let url = parse_url(&config.url, "url")?;
        let mut peer = address(&url, "url")?;
        let connect_timeout = Duration::from_millis(config.connect_timeout_ms);
        let mut client = Client::builder()
            .redirect(redirect::Policy::none())
            // When to send again is for the hub to say, and to write down.
            .retry(reqwest::retry::never())
            .no_proxy()
            .connect_timeout(connect_timeout)
            .timeout(Duration::from_millis(config.timeout_ms))
            .user_agent(concat!("exchange-hub/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = &config.proxy {
            peer = address(&parse_url(proxy, "proxy")?, "proxy")?;
            let proxy =
                Proxy::all(proxy).map_err(|error| trouble(("无法使用代理", "the proxy cannot be used"), &error))?;
            client = client.proxy(proxy);
        }
        if let Some(file) = &config.ca_file {
            client = client.tls_certs_merge(certificates(&path_below(base, file))?);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| {
                refused(
                    (
                        format!("头 `{name}` 的值含有 HTTP 不允许的字符"),
                        format!("the value of the header `{name}` holds characters that HTTP does not allow"),
                    ),
                    ("头的值应是不带换行的 ASCII", "header values are ASCII without line breaks"),
                )
            })?;
            value.set_sensitive(true);
            headers.insert(header_name(name)?, value);
        }
        let key_header = match config.key_header.as_str() {
            "" => None,
            name => Some(header_name(name)?),
        };
        Ok(Self {
            client: client
                .build()
                .map_err(|error| trouble(("无法建立 HTTP 客户端", "the HTTP client could not be made"), &error))?,
            url,
            peer,
            method: match config.method {
                Method::Post => reqwest::Method::POST,
                Method::Put => reqwest::Method::PUT,
                Method::Patch => reqwest::Method::PATCH,
            },
            headers,
            key_header,
            connect_timeout,
        })
    }
}

#[async_trait]
impl Sink for WebSink {
    async fn check(&self) -> Result<Vec<Words>, SinkError> {
        let (host, port) = (self.peer.0.as_str(), self.peer.1);
        let connect = tokio::net::TcpStream::connect((host, port));
        match tokio::time::timeout(self.connect_timeout, connect).await {
            Ok(Ok(_)) => {
                Ok(vec![Words::new(format!("{host}:{port} 可以连接"), format!("{host}:{port} takes connections"))])
            }
            Ok(Err(error)) => {
                let why = io_words(&error);
                Err(refused(
                    (
                        format!("{host}:{port} 无法连接：{}", why.zh),
                        format!("{host}:{port} takes no connection: {}", why.en),
                    ),
                    (
                        "请检查对方系统是否在运行，中间是否有防火墙",
                        "see whether the system is up, and whether a firewall stands between",
                    ),
                ))
            }
            Err(_) => {
                let ms = self.connect_timeout.as_millis();
                Err(refused(
                    (
                        format!("{host}:{port} 在 {ms} 毫秒内没有应答"),
                        format!("{host}:{port} did not answer within {ms} ms"),
                    ),
                    (
                        "请检查地址是否正确，中间是否有防火墙",
                        "see whether the address is right, and whether a firewall stands between",
                    ),
                ))
            }
        }
    }

    async fn send(&self, request: Request<'_>) -> Answer {
        let mut sending = self.client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        match HeaderValue::from_str(request.media) {
            Ok(media) => sending = sending.header(CONTENT_TYPE, media),
            Err(_) => {
                let media = request.media;
                let why = Words::new(format!("`{media}` 不是媒体类型"), format!("`{media}` is no media type"));
                return Answer::Unsent { why };
            }
        }
        if let Some(name) = &self.key_header {
            sending = sending.header(name, request.key);
        }
        match sending.body(request.body.to_vec()).send().await {
            Ok(response) => read(response, request.answer_bytes_max).await,
            Err(error) if error.is_connect() || error.is_builder() => Answer::Unsent { why: words(&error) },
            Err(error) => Answer::Unknown { why: words(&error) },
        }
    }
}

/// Reads the answer's body up to the limit.
async fn read(mut response: Response, bytes_max: usize) -> Answer {
    let status = response.status().as_u16();
    let retry_after_s = response.headers().get(RETRY_AFTER).and_then(|value| retry_after(value, SystemTime::now()));
    let (mut body, mut is_cut) = (Vec::new(), false);
    while !is_cut {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = bytes_max - body.len();
                is_cut = chunk.len() > room;
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            }
            Ok(None) => break,
            Err(error) => {
                let why = words(&error);
                let zh = format!("答复（状态码 {status}）不完整：{}", why.zh);
                let en = format!("the answer, of status {status}, was cut: {}", why.en);
                return Answer::Unknown { why: Words::new(zh, en) };
            }
        }
    }
    Answer::Answered { status, retry_after_s, body, is_cut }
}

/// Seconds to wait: a number, or a date.
fn retry_after(value: &HeaderValue, now: SystemTime) -> Option<u64> {
    let text = value.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let now_s = i64::try_from(now.duration_since(UNIX_EPOCH).ok()?.as_secs()).ok()?;
            u64::try_from(date::parse(text)? - now_s).unwrap_or(0)
        }
    };
    Some(seconds.min(RETRY_AFTER_S_MAX))
}

/// An error with its causes, the address left out since it may hold a secret.
fn words(error: &reqwest::Error) -> Words {
    let (mut zh, mut en) = if error.is_timeout() {
        ("未按时答复".to_owned(), "no answer in time".to_owned())
    } else if error.is_connect() {
        ("无法连接".to_owned(), "no connection".to_owned())
    } else {
        ("请求失败".to_owned(), "the request failed".to_owned())
    };
    if let Some(why) = cause(error) {
        zh.push_str(&format!("：{}", why.zh));
        en.push_str(&format!(": {}", why.en));
    }
    Words::new(zh, en)
}

/// The deepest cause: those above it only say in whose hands it failed.
fn cause(error: &reqwest::Error) -> Option<Words> {
    let mut deepest = error.source()?;
    while let Some(cause) = deepest.source() {
        deepest = cause;
    }
    let text = deepest.to_string();
    Some(match deepest.downcast_ref::<io::Error>() {
        Some(error) => io_words(error),
        // The client's own, which is said already.
        None if error.is_timeout() => return None,
        None => match CAUSES.iter().find(|(part, _)| text.contains(part)) {
            Some((_, zh)) => Words::new(*zh, text),
            None => Words::new(format!("网络程序报告“{text}”"), text),
        },
    })
}

/// What the client says of its own, by a part of it, in Chinese.
const CAUSES: [(&str, &str); 5] = [
    ("connection closed before message completed", "答复未完，连接已关闭"),
    ("end of file before message length reached", "答复没有收全"),
    ("HTTP version", "答复不是 HTTP"),
    ("corrupt message", "对方说的不是 TLS"),
    ("certificate", "对方的证书未通过验证"),
];

fn refused(message: impl Into<Words>, hint: (&str, &str)) -> SinkError {
    SinkError { message: message.into(), hint: hint.into() }
}

fn trouble((zh, en): (&str, &str), error: &reqwest::Error) -> SinkError {
    let why = words(error);
    refused(
        (format!("{zh}：{}", why.zh), format!("{en}: {}", why.en)),
        ("请改正该订阅的配置", "correct the configuration of this feed"),
    )
}

fn parse_url(text: &str, key: &str) -> Result<Url, SinkError> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(refused(
            (format!("`{key}` 不是 HTTP 地址"), format!("`{key}` is no address of HTTP")),
            ("写作 `http://host:port/path` 或 `https://…`", "write it as `http://host:port/path` or `https://…`"),
        )),
    }
}

fn address(url: &Url, key: &str) -> Result<(String, u16), SinkError> {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => Ok((host.trim_matches(['[', ']']).to_owned(), port)),
        _ => Err(refused(
            (format!("`{key}` 没有写主机"), format!("`{key}` names no host")),
            ("写作 `http://host:port/path`", "write it as `http://host:port/path`"),
        )),
    }
}

fn header_name(name: &str) -> Result<HeaderName, SinkError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| {
        refused(
            (format!("`{name}` 不能用作头的名称"), format!("`{name}` is no name of a header")),
            ("头的名称由 ASCII 字母、数字和 `-` 组成", "a header's name is ASCII letters, digits and `-`"),
        )
    })
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, SinkError> {
    let shown = file.display();
    let pem = std::fs::read(file).map_err(|error| {
        let why = io_words(&error);
        refused(
            (
                format!("证书文件 `{shown}` 无法读取：{}", why.zh),
                format!("the file of certificates `{shown}` could not be read: {}", why.en),
            ),
            (
                "请改正 `ca_file`，或给运行账户读取权限",
                "correct `ca_file`, or give the hub's user the right to read it",
            ),
        )
    })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(refused(
            (format!("`{shown}` 中没有 PEM 格式的证书"), format!("`{shown}` holds no certificate in PEM form")),
            (
                "PEM 文件含有 `-----BEGIN CERTIFICATE-----` 一行；DER 文件请先转换",
                "a PEM file has lines `-----BEGIN CERTIFICATE-----`; convert a DER file first",
            ),
        )),
    }
}
