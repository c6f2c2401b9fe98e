//! The targets: one HTTP server that remembers every request, answers as badly as real receivers do, and is never
//! asked by the hub what it remembers. A path is a target: `/web` and `/late` answer record by record, `/single` by
//! status alone. What it takes, it takes under one lock, so that its memory has an order.

use std::collections::HashMap;
use std::io::{Error, ErrorKind, Result};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

/// One record of a document, as a target sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doc {
    /// The hub's key of one version of a record.
    pub(crate) key: String,
    pub(crate) record: u64,
    pub(crate) version: u64,
    pub(crate) dataset: String,
    pub(crate) operation: String,
    pub(crate) id: String,
    pub(crate) code: String,
    pub(crate) parent: String,
    pub(crate) name: String,
}

impl Doc {
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let key = text(value, "key");
        let (record, version) = key.split_once('-')?;
        let body = value.get("record")?;
        Some(Self {
            record: record.parse().ok()?,
            version: version.parse().ok()?,
            dataset: text(value, "dataset"),
            operation: text(value, "operation"),
            id: text(body, "SRC"),
            code: text(body, "CODE"),
            parent: text(body, "PARENT"),
            name: text(body, "NAME"),
            key,
        })
    }

    /// Documents one after the other, or lists of them.
    pub(crate) fn read_all(bytes: &[u8]) -> Option<Vec<Self>> {
        let mut docs = Vec::new();
        for value in serde_json::Deserializer::from_slice(bytes).into_iter::<Value>() {
            match value.ok()? {
                Value::Array(values) => docs.extend(values.iter().map(Self::read).collect::<Option<Vec<_>>>()?),
                one => docs.push(Self::read(&one)?),
            }
        }
        Some(docs)
    }

    pub(crate) fn withdraws(&self) -> bool {
        self.operation == "withdraw"
    }

    /// True: no target ever takes this.
    pub(crate) fn is_refused(&self) -> bool {
        self.name.ends_with("-refuse") && !self.withdraws()
    }
}

/// What became of a document at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Accepted,
    /// It was there, by the same request.
    Same,
    /// It was there, by another request.
    Double,
    Refused,
}

/// A request that a target looked into; others leave no trace but in the log.
#[derive(Debug, Clone)]
pub(crate) struct Taken {
    pub(crate) feed: String,
    pub(crate) request: String,
    pub(crate) docs: Vec<(Doc, Fate)>,
    /// How it was answered.
    pub(crate) answer: Answer,
}

/// How a request is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Answer {
    Good,
    /// Taken, and the line is cut.
    Lost,
    /// The line is cut before anything is taken.
    Dropped,
    /// Taken at once, answered late.
    Slow,
    /// Taken late, and answered later.
    Late,
    /// Taken or not, and answered with a page that is no receipt.
    Garbage,
    GarbageNothingTaken,
    /// Taken, and half of the answer comes.
    Cut,
    /// Taken, and the answer has nothing to say of one record.
    Partial,
    /// 500: nothing taken, or all of it.
    Broken,
    BrokenAfterTaking,
    Busy,
    /// 401.
    Stranger,
}

impl Answer {
    const BAD: [Self; 12] = [
        Self::Lost,
        Self::Dropped,
        Self::Slow,
        Self::Late,
        Self::Garbage,
        Self::GarbageNothingTaken,
        Self::Cut,
        Self::Partial,
        Self::Broken,
        Self::BrokenAfterTaking,
        Self::Busy,
        Self::Stranger,
    ];

    fn takes(self) -> bool {
        !matches!(self, Self::Dropped | Self::GarbageNothingTaken | Self::Broken | Self::Busy | Self::Stranger)
    }
}

/// What targets remember.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// In the order in which they were taken.
    pub(crate) taken: Vec<Taken>,
    /// The request that brought a key, by feed.
    accepted: HashMap<(String, String), String>,
    /// A line for each request, for a person.
    pub(crate) log: Vec<String>,
}

/// How this seed's targets behave while they are not well.
#[derive(Debug, Clone)]
pub(crate) struct Manners {
    /// Of 100 requests, so many are answered badly.
    pub(crate) bad: u8,
    /// What was taken by the same request is answered with `duplicate`, not with what was answered first.
    pub(crate) says_exists: bool,
}

pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) memory: Mutex<Memory>,
    manners: Manners,
    rng: Mutex<Rng>,
    well: AtomicBool,
    down: AtomicBool,
    changed: Notify,
    /// Requests that are being handled.
    pub(crate) busy: AtomicUsize,
    began: Instant,
}

impl Target {
    pub(crate) async fn start(manners: Manners, rng: Rng) -> Result<Arc<Self>> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let target = Arc::new(Self {
            address: listener.local_addr()?,
            memory: Mutex::default(),
            manners,
            rng: Mutex::new(rng),
            well: AtomicBool::new(false),
            down: AtomicBool::new(false),
            changed: Notify::new(),
            busy: AtomicUsize::new(0),
            began: Instant::now(),
        });
        tokio::spawn(target.clone().serve(listener));
        Ok(target)
    }

    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on everything is answered well.
    pub(crate) fn heal(&self) {
        self.well.store(true, Ordering::SeqCst);
        self.set_down(false);
    }

    pub(crate) fn set_down(&self, down: bool) {
        self.down.store(down, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    fn is_down(&self) -> bool {
        self.down.load(Ordering::SeqCst)
    }

    pub(crate) fn note(&self, text: &str) {
        let at = self.began.elapsed().as_millis();
        self.memory().log.push(format!("{at:>6} ms  {text}"));
    }

    async fn serve(self: Arc<Self>, first: TcpListener) {
        let mut listener = Some(first);
        loop {
            let changed = self.changed.notified();
            if self.is_down() {
                listener = None;
                changed.await;
                continue;
            }
            match &listener {
                Some(open) => tokio::select! {
                    () = changed => {}
                    came = open.accept() => if let Ok((stream, _)) = came {
                        tokio::spawn(self.clone().talk(stream));
                    }
                },
                None => match TcpListener::bind(self.address).await {
                    Ok(open) => listener = Some(open),
                    // Somebody has the port for a moment.
                    Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                },
            }
        }
    }

    /// One connection: requests until somebody hangs up.
    async fn talk(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        while let Ok(Some((path, key, body))) = request(&mut stream).await {
            self.busy.fetch_add(1, Ordering::SeqCst);
            let goes_on = !self.is_down() && self.answer(&mut stream, &path, &key, &body).await.unwrap_or(false);
            self.busy.fetch_sub(1, Ordering::SeqCst);
            if !goes_on {
                return;
            }
        }
    }

    fn draw(&self) -> (Answer, u64) {
        let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
        if self.well.load(Ordering::SeqCst) || rng.u8(0..100) >= self.manners.bad {
            return (Answer::Good, 0);
        }
        (Answer::BAD[rng.usize(0..Answer::BAD.len())], rng.u64(100..900))
    }

    /// Answers one request. False: the connection ends.
    async fn answer(&self, stream: &mut BufReader<TcpStream>, feed: &str, key: &str, body: &[u8]) -> Result<bool> {
        let (mut answer, wait_ms) = self.draw();
        let by_record = feed != "single";
        if !by_record {
            // A target that answers by status alone has said with 200 that it took what it was sent.
            match answer {
                Answer::GarbageNothingTaken => answer = Answer::Broken,
                // It would say so of what it refuses, too.
                Answer::Garbage => answer = Answer::BrokenAfterTaking,
                Answer::Partial => answer = Answer::Lost,
                _ => {}
            }
        }
        let wait = Duration::from_millis(wait_ms);
        if answer == Answer::Late {
            tokio::time::sleep(wait).await;
        }
        let Some(docs) = Doc::read_all(body) else {
            return Err(Error::new(ErrorKind::InvalidData, "no document"));
        };
        let keys: Vec<&str> = docs.iter().map(|d| d.key.as_str()).collect();
        self.note(&format!("{feed} {key} [{}] {answer:?}", keys.join(" ")));
        let fates = if answer.takes() { self.take(feed, key, docs, answer) } else { Vec::new() };
        if matches!(answer, Answer::Slow | Answer::Late) {
            tokio::time::sleep(wait).await;
        }
        let (status, text) = match answer {
            Answer::Lost | Answer::Dropped => return Ok(false),
            Answer::Garbage | Answer::GarbageNothingTaken => (200, "<html>系统维护中</html>".to_owned()),
            Answer::Broken | Answer::BrokenAfterTaking => (500, "java.lang.NullPointerException".to_owned()),
            Answer::Busy => (503, "busy".to_owned()),
            Answer::Stranger => (401, "who are you".to_owned()),
            _ if by_record => self.results(&fates, answer == Answer::Partial),
            _ => self.status(&fates),
        };
        let head = format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n", text.len());
        let mut bytes = (head + &text).into_bytes();
        if answer == Answer::Cut {
            bytes.truncate(bytes.len() - text.len().div_ceil(2).max(1));
        }
        stream.write_all(&bytes).await?;
        Ok(answer != Answer::Cut)
    }

    /// Takes what it does not have yet, and remembers it.
    fn take(&self, feed: &str, request: &str, docs: Vec<Doc>, answer: Answer) -> Vec<(Doc, Fate)> {
        let mut memory = self.memory();
        let mut fates = Vec::with_capacity(docs.len());
        for doc in docs {
            let key = (feed.to_owned(), doc.key.clone());
            let fate = match memory.accepted.get(&key) {
                Some(known) if known == request => Fate::Same,
                Some(_) => Fate::Double,
                None if doc.is_refused() => Fate::Refused,
                None => {
                    memory.accepted.insert(key, request.to_owned());
                    Fate::Accepted
                }
            };
            fates.push((doc, fate));
        }
        let taken = Taken { feed: feed.to_owned(), request: request.to_owned(), docs: fates.clone(), answer };
        memory.taken.push(taken);
        fates
    }

    fn code(&self, fate: Fate) -> &'static str {
        match fate {
            Fate::Same if self.manners.says_exists => "duplicate",
            Fate::Accepted | Fate::Same => "accepted",
            Fate::Double => "duplicate",
            Fate::Refused => "rejected",
        }
    }

    fn results(&self, fates: &[(Doc, Fate)], partial: bool) -> (u16, String) {
        let skip = if partial { fates.len().saturating_sub(1) / 2 } else { usize::MAX };
        let results: Vec<Value> = fates
            .iter()
            .enumerate()
            .filter(|(n, _)| *n != skip)
            .map(|(_, (doc, fate))| json!({ "key": doc.key, "code": self.code(*fate), "why": "" }))
            .collect();
        (200, json!({ "results": results }).to_string())
    }

    fn status(&self, fates: &[(Doc, Fate)]) -> (u16, String) {
        let code = fates.first().map_or("accepted", |(_, fate)| self.code(*fate));
        let status = match code {
            "accepted" => 200,
            "duplicate" => 409,
            _ => 422,
        };
        (status, code.to_owned())
    }
}

/// Largest document that is read.
const BODY_BYTES_MAX: usize = 16 << 20;

/// The next request of a connection: the path without its `/`, the idempotency key, the body.
async fn request(stream: &mut BufReader<TcpStream>) -> Result<Option<(String, String, Vec<u8>)>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/').to_owned();
    let (mut key, mut length) = (String::new(), 0);
    loop {
        line.clear();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        match name.to_ascii_lowercase().as_str() {
            "idempotency-key" => key = value.trim().to_owned(),
            "content-length" => length = value.trim().parse().unwrap_or(BODY_BYTES_MAX + 1),
            _ => {}
        }
    }
    if length > BODY_BYTES_MAX {
        return Err(Error::new(ErrorKind::InvalidData, "a document without an end"));
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some((path, key, body)))
}
