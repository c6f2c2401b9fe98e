//! The built-in receiver: a target to rehearse against, reached by HTTP like any other.
//!
//! It takes the hub's own JSON, answers record by record, and remembers what it accepted, across restarts if it is
//! given a file: the same key in the same request gets the same answer, in another request it is a duplicate. It
//! refuses by rules, and fails on demand: answers lost, busy, garbage. It shares nothing with the hub but the
//! document's form, so what it remembers is a judge of its own.
//!
//! `[feed.to.rehearsal]` starts one on loopback when its feed first sends (`target`); `exchange-hub rehearse` runs one
//! by itself. What is absent: a province's own form, numbering and checks, which come with the profiles.

mod memory;
mod serve;
mod target;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use adapter::path_below;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use memory::{Memory, Summary};
pub use serve::serve;
pub use target::{Connect, Target};

/// Options of `[feed.to.rehearsal]`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RehearsalConfig {
    /// The file in which it remembers what it accepted, relative to the configuration's folder.
    pub memory: PathBuf,
    #[serde(default)]
    pub refuse: Vec<Refuse>,
    /// Answers lost after a start: the records are taken, and the line is cut.
    #[serde(default)]
    pub lose_answers: u32,
    /// Requests answered with 503 after those.
    #[serde(default)]
    pub busy: u32,
    /// Requests answered with something that is no receipt after those; their records are taken.
    #[serde(default)]
    pub garbage: u32,
}

/// One rule: a record for which all that it names holds is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Refuse {
    /// Code or number; any dataset if not given.
    pub dataset: Option<String>,
    /// The field that the condition is about; without it every record of the dataset is refused.
    pub field: Option<String>,
    /// The field is this …
    pub equals: Option<String>,
    /// … or has this in it; without either it is there. An absent field is refused by `equals = ""`.
    pub contains: Option<String>,
    #[serde(default)]
    pub code: Code,
    /// The sentence in the answer.
    pub why: String,
}

/// What became of a record.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Code {
    Accepted,
    Duplicate,
    #[default]
    Rejected,
    MissingParent,
}

/// One record's part of an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Result {
    pub key: String,
    pub code: Code,
    pub why: String,
}

/// How a request is answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    Results(Vec<Result>),
    /// The document could not be read: why.
    Unreadable(String),
    /// 503.
    Busy,
    /// Something that is no receipt.
    Garbage,
    /// None: the line is cut.
    Lost,
}

/// A receiver with its rules and its memory.
pub struct Receiver {
    refuse: Vec<Refuse>,
    memory: Mutex<Memory>,
    lose_answers: AtomicU32,
    busy: AtomicU32,
    garbage: AtomicU32,
}

impl Receiver {
    /// A receiver as configured. Fails if its memory cannot be read or written.
    pub fn open(config: &RehearsalConfig, base: &Path) -> std::io::Result<Self> {
        Ok(Self::with_memory(config, Memory::open(&path_below(base, &config.memory))?))
    }

    pub fn with_memory(config: &RehearsalConfig, memory: Memory) -> Self {
        Self {
            refuse: config.refuse.clone(),
            memory: Mutex::new(memory),
            lose_answers: config.lose_answers.into(),
            busy: config.busy.into(),
            garbage: config.garbage.into(),
        }
    }

    /// Takes a document. `request`: the sender's key of the request, the same for the same bytes.
    pub fn take(&self, request: &str, document: &[u8]) -> Reply {
        let loses = counted(&self.lose_answers);
        if !loses && counted(&self.busy) {
            return Reply::Busy;
        }
        let records = match records(document) {
            Ok(records) => records,
            Err(why) => return Reply::Unreadable(why),
        };
        let results = match self.results(request, &records) {
            Ok(results) => results,
            // What cannot be remembered must not be accepted.
            Err(error) => {
                tracing::error!(%error, "The receiver cannot remember what it accepts.");
                return Reply::Busy;
            }
        };
        if loses {
            return Reply::Lost;
        }
        if counted(&self.garbage) {
            return Reply::Garbage;
        }
        Reply::Results(results)
    }

    fn results(&self, request: &str, records: &[Record]) -> std::io::Result<Vec<Result>> {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        let mut results = Vec::with_capacity(records.len());
        for record in records {
            let (code, why) = match memory.request_of(&record.key) {
                Some(known) if known == request => (Code::Accepted, String::new()),
                Some(known) => (Code::Duplicate, format!("{} 已在请求 {known} 中接收", record.key)),
                None => match self.refuse.iter().find(|rule| rule.holds(record)) {
                    Some(rule) => (rule.code, rule.why.clone()),
                    None => {
                        memory.accept(request, record)?;
                        (Code::Accepted, String::new())
                    }
                },
            };
            results.push(Result { key: record.key.clone(), code, why });
        }
        memory.flush()?;
        Ok(results)
    }

    /// What it has accepted so far.
    pub fn summary(&self) -> Summary {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner).summary()
    }
}

/// Takes one from a counter; false: none was left.
fn counted(counter: &AtomicU32) -> bool {
    counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| n.checked_sub(1)).is_ok()
}

/// One record of a document.
#[derive(Debug, Clone, Deserialize)]
pub struct Record {
    pub key: String,
    pub dataset: String,
    #[serde(default)]
    pub number: String,
    pub operation: String,
    #[serde(default)]
    pub record: serde_json::Map<String, Value>,
}

/// Most records of one document: the most that a feed may be configured to send.
const RECORDS_MAX: usize = 10_000;

/// The records of a document: an object, an array, or objects one after the other.
fn records(document: &[u8]) -> std::result::Result<Vec<Record>, String> {
    let mut records = Vec::new();
    for value in serde_json::Deserializer::from_slice(document).into_iter::<Value>() {
        let value = value.map_err(|error| error.to_string())?;
        let elements = match value {
            Value::Array(elements) => elements,
            one => vec![one],
        };
        if records.len() + elements.len() > RECORDS_MAX {
            return Err(format!("more than {RECORDS_MAX} records"));
        }
        for element in elements {
            records.push(serde_json::from_value(element).map_err(|error| error.to_string())?);
        }
    }
    if records.is_empty() { Err("no record".to_owned()) } else { Ok(records) }
}

impl Refuse {
    fn holds(&self, record: &Record) -> bool {
        if self.dataset.as_ref().is_some_and(|d| *d != record.dataset && *d != record.number) {
            return false;
        }
        let Some(field) = &self.field else { return true };
        let value = record.record.get(field).and_then(Value::as_str).unwrap_or_default();
        match (&self.equals, &self.contains) {
            (None, None) => !value.is_empty(),
            (equals, contains) => {
                equals.as_ref().is_none_or(|e| e == value) && contains.as_ref().is_none_or(|c| value.contains(c))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> RehearsalConfig {
        toml::from_str(&format!("memory = \"unused\"\n{text}")).unwrap()
    }

    fn receiver(text: &str) -> Receiver {
        Receiver::with_memory(&config(text), Memory::default())
    }

    fn one(key: &str, amount: &str) -> String {
        format!(
            r#"{{"key":"{key}","dataset":"WIN_RESULT_ANNO","number":"513","system":"s","operation":"insert","version":1,"record":{{"BID_AMOUNT":"{amount}"}}}}"#
        )
    }

    fn codes(reply: Reply) -> Vec<(String, Code)> {
        match reply {
            Reply::Results(results) => results.into_iter().map(|r| (r.key, r.code)).collect(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_same_key_is_a_duplicate_but_the_same_request_gets_the_same_answer() {
        let receiver = receiver("");
        let two = format!("[{},{}]", one("1-1", "5"), one("2-1", "6"));
        let first = receiver.take("r1", two.as_bytes());
        assert_eq!(codes(first.clone()), [("1-1".into(), Code::Accepted), ("2-1".into(), Code::Accepted)]);
        assert_eq!(receiver.take("r1", two.as_bytes()), first);
        assert_eq!(codes(receiver.take("r2", one("1-1", "5").as_bytes())), [("1-1".into(), Code::Duplicate)]);
        assert_eq!(receiver.summary().accepted, 2);
    }

    #[test]
    fn rules_refuse_by_dataset_and_field() {
        let receiver = receiver(
            r#"
            refuse = [
              { dataset = "513", field = "BID_AMOUNT", equals = "0", why = "金额为零" },
              { dataset = "513", field = "BID_AMOUNT", contains = "99", code = "missing_parent", why = "没有标段" },
              { dataset = "511", why = "不接收" },
              { field = "OTHER", why = "有多余的字段" },
            ]"#,
        );
        let lines = [one("1-1", "0"), one("2-1", "1990"), one("3-1", "5")].join("\n");
        assert_eq!(
            codes(receiver.take("r", lines.as_bytes())),
            [("1-1".into(), Code::Rejected), ("2-1".into(), Code::MissingParent), ("3-1".into(), Code::Accepted)]
        );
    }

    #[test]
    fn faults_come_on_demand_and_end() {
        let receiver = receiver("lose_answers = 1\nbusy = 1\ngarbage = 1");
        let take = |request: &str, key: &str| receiver.take(request, one(key, "1").as_bytes());
        // Lost: it was taken, so the same request again is answered as it would have been.
        assert_eq!(take("r1", "1-1"), Reply::Lost);
        assert_eq!(take("r1", "1-1"), Reply::Busy);
        assert_eq!(take("r2", "2-1"), Reply::Garbage);
        assert_eq!(codes(take("r1", "1-1")), [("1-1".into(), Code::Accepted)]);
        assert_eq!(codes(take("r3", "2-1")), [("2-1".into(), Code::Duplicate)]);
    }

    #[test]
    fn what_is_no_document_is_told() {
        let receiver = receiver("");
        for wrong in ["", "nothing", "[1]", "{\"key\":1}"] {
            assert!(matches!(receiver.take("r", wrong.as_bytes()), Reply::Unreadable(_)), "{wrong}");
        }
    }
}
