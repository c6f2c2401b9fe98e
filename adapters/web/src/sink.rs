//! One request, one of three outcomes.
//!
//! *Unsent* is said only where no byte of the request can have arrived: the connection (name, TCP, proxy, TLS) was
//! not made. From the moment on which it stands, everything but a whole answer is *unknown*: a timeout, a reset, a
//! body that is cut, an answer that is no HTTP. Redirects are answers, not followed: a document must not go where
//! the configuration does not say.

use std::error::Error as _;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use adapter::{Answer, Request, Sink, SinkError, path_below};
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
            let proxy = Proxy::all(proxy).map_err(|error| trouble("the proxy cannot be used", &error))?;
            client = client.proxy(proxy);
        }
        if let Some(file) = &config.ca_file {
            client = client.tls_certs_merge(certificates(&path_below(base, file))?);
        }
        let mut headers = HeaderMap::new();
        for (name, value) in &config.headers {
            let mut value = HeaderValue::from_str(value).map_err(|_| SinkError {
                message: format!("the value of the header `{name}` holds characters that HTTP does not allow"),
                hint: "header values are ASCII without line breaks".into(),
            })?;
            value.set_sensitive(true);
            headers.insert(header_name(name)?, value);
        }
        let key_header = match config.key_header.as_str() {
            "" => None,
            name => Some(header_name(name)?),
        };
        Ok(Self {
            client: client.build().map_err(|error| trouble("the HTTP client could not be made", &error))?,
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
    async fn check(&self) -> Result<Vec<String>, SinkError> {
        let (host, port) = (self.peer.0.as_str(), self.peer.1);
        let connect = tokio::net::TcpStream::connect((host, port));
        match tokio::time::timeout(self.connect_timeout, connect).await {
            Ok(Ok(_)) => Ok(vec![format!("{host}:{port} takes connections")]),
            Ok(Err(error)) => Err(SinkError {
                message: format!("{host}:{port} takes no connection: {error}"),
                hint: "see whether the system is up, and whether a firewall stands between".into(),
            }),
            Err(_) => Err(SinkError {
                message: format!("{host}:{port} did not answer within {} ms", self.connect_timeout.as_millis()),
                hint: "see whether the address is right, and whether a firewall stands between".into(),
            }),
        }
    }

    async fn send(&self, request: Request<'_>) -> Answer {
        let mut sending = self.client.request(self.method.clone(), self.url.clone()).headers(self.headers.clone());
        match HeaderValue::from_str(request.media) {
            Ok(media) => sending = sending.header(CONTENT_TYPE, media),
            Err(_) => return Answer::Unsent { why: format!("`{}` is no media type", request.media) },
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
                return Answer::Unknown { why: format!("the answer, of status {status}, was cut: {}", words(&error)) };
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
fn words(error: &reqwest::Error) -> String {
    let mut text = if error.is_timeout() {
        "no answer in time".to_owned()
    } else if error.is_connect() {
        "no connection".to_owned()
    } else {
        "the request failed".to_owned()
    };
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}

fn trouble(what: &str, error: &reqwest::Error) -> SinkError {
    SinkError { message: format!("{what}: {}", words(error)), hint: "correct the configuration of this feed".into() }
}

fn parse_url(text: &str, key: &str) -> Result<Url, SinkError> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        _ => Err(SinkError {
            message: format!("`{key}` is no address of HTTP"),
            hint: "write it as `http://host:port/path` or `https://…`".into(),
        }),
    }
}

fn address(url: &Url, key: &str) -> Result<(String, u16), SinkError> {
    match (url.host_str(), url.port_or_known_default()) {
        (Some(host), Some(port)) => Ok((host.trim_matches(['[', ']']).to_owned(), port)),
        _ => Err(SinkError {
            message: format!("`{key}` names no host"),
            hint: "write it as `http://host:port/path`".into(),
        }),
    }
}

fn header_name(name: &str) -> Result<HeaderName, SinkError> {
    HeaderName::from_bytes(name.as_bytes()).map_err(|_| SinkError {
        message: format!("`{name}` is no name of a header"),
        hint: "a header's name is ASCII letters, digits and `-`".into(),
    })
}

fn certificates(file: &Path) -> Result<Vec<Certificate>, SinkError> {
    let shown = file.display();
    let pem = std::fs::read(file).map_err(|error| SinkError {
        message: format!("the file of certificates `{shown}` could not be read: {error}"),
        hint: "correct `ca_file`, or give the hub's user the right to read it".into(),
    })?;
    match Certificate::from_pem_bundle(&pem) {
        Ok(certificates) if !certificates.is_empty() => Ok(certificates),
        _ => Err(SinkError {
            message: format!("`{shown}` holds no certificate in PEM form"),
            hint: "a PEM file has lines `-----BEGIN CERTIFICATE-----`; convert a DER file first".into(),
        }),
    }
}
