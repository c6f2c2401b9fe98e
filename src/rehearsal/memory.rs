//! What the receiver accepted: one JSON object a line, appended before the answer leaves.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Record;

/// Keys accepted, with the request that brought each.
#[derive(Default)]
pub struct Memory {
    requests: HashMap<String, String>,
    operations: BTreeMap<String, BTreeMap<String, u64>>,
    /// Records that are there now: the sender's number of each, which is its key without the version.
    present: HashSet<String>,
    file: Option<BufWriter<File>>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    request: String,
    key: String,
    dataset: String,
    operation: String,
}

/// What a receiver has accepted so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Keys accepted.
    pub accepted: usize,
    /// Records that are there: inserted and not withdrawn.
    pub present: usize,
    /// Count by dataset and operation.
    pub datasets: BTreeMap<String, BTreeMap<String, u64>>,
}

impl Memory {
    /// Reads the file, if it is there, and goes on writing it.
    pub fn open(path: &Path) -> std::io::Result<Self> {
        let mut memory = Self::default();
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)?;
        }
        let file = File::options().create(true).read(true).append(true).open(path)?;
        let mut whole = 0;
        let mut reader = BufReader::new(&file);
        let mut text = Vec::new();
        while reader.read_until(b'\n', &mut text)? > 0 {
            // A line that a kill cut off was never answered for.
            match serde_json::from_slice::<Line>(&text) {
                Ok(line) if text.ends_with(b"\n") => memory.keep(line),
                _ => break,
            }
            whole += text.len() as u64;
            text.clear();
        }
        file.set_len(whole)?;
        memory.file = Some(BufWriter::new(file));
        Ok(memory)
    }

    /// The request that brought a key; none if it was never accepted.
    pub(super) fn request_of(&self, key: &str) -> Option<&str> {
        self.requests.get(key).map(String::as_str)
    }

    pub(super) fn accept(&mut self, request: &str, record: &Record) -> std::io::Result<()> {
        let line = Line {
            request: request.to_owned(),
            key: record.key.clone(),
            dataset: record.dataset.clone(),
            operation: record.operation.clone(),
        };
        if let Some(file) = &mut self.file {
            serde_json::to_writer(&mut *file, &line)?;
            file.write_all(b"\n")?;
        }
        self.keep(line);
        Ok(())
    }

    fn keep(&mut self, line: Line) {
        let record = line.key.split_once('-').map_or(line.key.as_str(), |(record, _)| record).to_owned();
        if line.operation == "withdraw" {
            self.present.remove(&record);
        } else {
            self.present.insert(record);
        }
        *self.operations.entry(line.dataset).or_default().entry(line.operation).or_default() += 1;
        self.requests.insert(line.key, line.request);
    }

    pub(super) fn flush(&mut self) -> std::io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }

    pub(super) fn summary(&self) -> Summary {
        Summary { accepted: self.requests.len(), present: self.present.len(), datasets: self.operations.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(key: &str, operation: &str) -> Record {
        let (key, operation) = (key.to_owned(), operation.to_owned());
        Record { key, operation, dataset: "SECTION".into(), number: "503".into(), record: serde_json::Map::new() }
    }

    #[test]
    fn it_remembers_across_restarts_and_forgets_a_line_that_was_cut_off() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/memory.ndjson");
        let mut memory = Memory::open(&path).unwrap();
        memory.accept("r1", &record("1-1", "insert")).unwrap();
        memory.accept("r1", &record("2-1", "insert")).unwrap();
        memory.accept("r2", &record("1-2", "withdraw")).unwrap();
        memory.flush().unwrap();
        let before = memory.summary();
        drop(memory);
        let mut text = std::fs::read_to_string(&path).unwrap();
        text.push_str("{\"request\":\"r3\",\"key\":\"9-1\"");
        std::fs::write(&path, text).unwrap();

        let mut memory = Memory::open(&path).unwrap();
        assert_eq!((memory.summary(), before.present), (before, 1));
        assert_eq!((memory.request_of("2-1"), memory.request_of("9-1")), (Some("r1"), None));
        memory.accept("r3", &record("9-1", "insert")).unwrap();
        drop(memory);
        assert_eq!(Memory::open(&path).unwrap().summary().accepted, 4);
    }
}
