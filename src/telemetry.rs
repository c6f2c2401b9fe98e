//! The log: sentences in English on standard error, as text or JSON.
//!
//! A line never waits for whoever reads standard error: a stalled reader (a full pipe, a hung journal) must not stop
//! the exchange. Lines go through a bounded queue to a thread of their own; when the queue is full, lines are dropped
//! and counted, and the count is logged once lines flow again. What is absent: files and rotation, which the service
//! manager does better. Never in the log: personal data, bodies, secrets.

use std::io::{self, Write};
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::diagnostic::{Failure, FailureKind};

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    #[default]
    Text,
    Json,
}

/// Lines that may wait: some seconds at debug level, some megabytes.
const LINES_MAX: usize = 8192;
/// How long the end of the program waits for the last lines.
const FLUSH_WAIT_MS: u64 = 1_000;

/// Keeps the log going; dropping it writes what still waits, within a second.
pub struct Telemetry {
    queue: Queue,
    done: Receiver<()>,
}

/// Whether this can be a level: `info`, or by module `info,exchange_hub::pipeline=debug`. The error says why not.
pub fn level_check(level: &str) -> Result<(), String> {
    // The filter takes a word that it does not know for the name of a module, so that `inof` would be silence.
    for part in level.split(',') {
        let word = part.rsplit_once('=').map_or(part, |(_, word)| word).trim();
        if LevelFilter::from_str(word).is_err() {
            return Err(format!("`{word}` is no level"));
        }
    }
    EnvFilter::try_new(level).map(drop).map_err(|error| error.to_string())
}

/// Starts the log for this process. A second start is an error of the program.
pub fn start(format: Format, level: &str) -> Result<Telemetry, Failure> {
    let filter = EnvFilter::try_new(level).map_err(|error| {
        Failure::new(
            FailureKind::Config,
            format!("日志级别 `{level}` 无法识别：{error}"),
            format!("the log level `{level}` cannot be read: {error}"),
        )
    })?;
    let (queue, done) = Queue::to(io::stderr());
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(queue.clone()).with_ansi(false);
    let started = match format {
        Format::Text => builder.try_init(),
        Format::Json => builder.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| {
        Failure::new(FailureKind::Internal, format!("日志无法启动：{error}"), format!("the log cannot start: {error}"))
    })?;
    Ok(Telemetry { queue, done })
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        self.queue.close();
        // Late lines are lost rather than the program's end held up.
        match self.done.recv_timeout(Duration::from_millis(FLUSH_WAIT_MS)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected | RecvTimeoutError::Timeout) => {}
        }
    }
}

enum Line {
    Text(Vec<u8>),
    End,
}

/// The way of a line to the writing thread.
#[derive(Clone)]
struct Queue {
    lines: SyncSender<Line>,
    dropped: Arc<AtomicU64>,
}

impl Queue {
    /// Starts the writing thread; the receiver hears when it has ended.
    fn to(mut out: impl Write + Send + 'static) -> (Self, Receiver<()>) {
        let (lines, waiting) = sync_channel(LINES_MAX);
        let (ended, done) = sync_channel(1);
        let dropped = Arc::new(AtomicU64::new(0));
        let lost = Arc::clone(&dropped);
        thread::spawn(move || {
            for line in waiting {
                let Line::Text(text) = line else { break };
                // A log that can't be written can't be complained about anywhere.
                let written = out.write_all(&text).and_then(|()| match lost.swap(0, Ordering::Relaxed) {
                    0 => Ok(()),
                    n => writeln!(out, "WARN {n} log lines were dropped, since nobody read them in time."),
                });
                if written.is_err() {
                    break;
                }
            }
            // Nobody may be left to hear it.
            match ended.send(()) {
                Ok(()) | Err(_) => {}
            }
        });
        (Self { lines, dropped }, done)
    }

    fn put(&self, text: &[u8]) {
        match self.lines.try_send(Line::Text(text.to_owned())) {
            Ok(()) | Err(TrySendError::Disconnected(_)) => {}
            Err(TrySendError::Full(_)) => {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }

    fn close(&self) {
        // Full or gone: the wait for the end then has its limit.
        match self.lines.try_send(Line::End) {
            Ok(()) | Err(_) => {}
        }
    }
}

impl Write for &Queue {
    /// One event is one call.
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.put(text);
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Queue {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> &'a Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc;

    use super::*;

    /// A reader that is stuck until it is let go.
    struct Stuck {
        go: Arc<Mutex<()>>,
        seen: mpsc::Sender<Vec<u8>>,
    }

    impl Write for Stuck {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            drop(self.go.lock());
            self.seen.send(text.to_owned()).map_err(io::Error::other)?;
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_reader_costs_lines_and_never_time() {
        let go = Arc::new(Mutex::new(()));
        let (seen, lines) = mpsc::channel();
        let held = go.lock().unwrap();
        let (queue, done) = Queue::to(Stuck { go: Arc::clone(&go), seen });
        for i in 0..LINES_MAX + 100 {
            queue.put(format!("{i}\n").as_bytes());
        }
        assert!(queue.dropped.load(Ordering::Relaxed) >= 99);
        drop(held);
        // The queue empties, so the end finds room at some time.
        while queue.lines.try_send(Line::End).is_err() {
            thread::yield_now();
        }
        done.recv().unwrap();
        let text = lines.try_iter().flatten().collect::<Vec<u8>>();
        let text = String::from_utf8(text).unwrap();
        assert!(text.starts_with("0\n"));
        assert!(text.contains("log lines were dropped, since nobody read them in time."), "{}", &text[..200]);
    }

    #[test]
    fn a_level_is_a_word_that_is_known() {
        assert_eq!(level_check("info,exchange_hub::pipeline=debug"), Ok(()));
        assert_eq!(level_check("inof"), Err("`inof` is no level".to_owned()));
        assert_eq!(level_check("info,exchange_hub=loud"), Err("`loud` is no level".to_owned()));
    }

    #[test]
    fn a_level_that_cannot_be_read_is_told() {
        let failure = start(Format::Text, "info,=").err().unwrap();
        insta::assert_snapshot!(failure, @"error: the log level `info,=` cannot be read: invalid filter directive");
    }
}
