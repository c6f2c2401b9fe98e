//! The options of `[feed.to.web]`.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Options of `[feed.to.web]`: documents sent by HTTP.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebSinkConfig {
    /// Where documents are sent, `http://…` or `https://…`.
    pub url: String,
    /// `POST`, `PUT` or `PATCH`. Default: `POST`.
    #[serde(default)]
    pub method: Method,
    /// Headers sent with each document, as they stand here. Default: none.
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// The header that carries our key, the same however often a request is sent; empty: none.
    /// Default: `Idempotency-Key`.
    #[serde(default = "key_header")]
    pub key_header: String,
    /// From the first byte to the end of the answer. Default: 30,000.
    #[serde(default = "timeout_ms")]
    pub timeout_ms: u64,
    /// For the connection, TLS included. Default: 10,000.
    #[serde(default = "connect_timeout_ms")]
    pub connect_timeout_ms: u64,
    /// A proxy, e.g. `http://10.0.0.1:3128`. Default: none; the environment's proxies are not used.
    #[serde(default)]
    pub proxy: Option<String>,
    /// A file of certificates (PEM) that are trusted beside the system's own, absolute or relative to the
    /// configuration's directory. Default: none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl WebSinkConfig {
    /// An address with everything else as it is unless said.
    pub fn to(url: &str) -> Self {
        Self {
            url: url.to_owned(),
            method: Method::default(),
            headers: BTreeMap::new(),
            key_header: key_header(),
            timeout_ms: timeout_ms(),
            connect_timeout_ms: connect_timeout_ms(),
            proxy: None,
            ca_file: None,
        }
    }
}

/// Headers and the address may hold secrets, so neither is shown.
impl fmt::Debug for WebSinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSinkConfig")
            .field("method", &self.method)
            .field("headers", &self.headers.keys())
            .field("key_header", &self.key_header)
            .field("timeout_ms", &self.timeout_ms)
            .field("connect_timeout_ms", &self.connect_timeout_ms)
            .finish_non_exhaustive()
    }
}

/// The method of a request that carries a document.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    #[default]
    Post,
    Put,
    Patch,
}

fn key_header() -> String {
    "Idempotency-Key".into()
}

fn timeout_ms() -> u64 {
    30_000
}

fn connect_timeout_ms() -> u64 {
    10_000
}
