//! What every command is given: where the configuration lies, the person's language, and where to print.

use std::cell::RefCell;
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::PathBuf;

use serde_json::Value;

use super::{Global, Output};
use crate::config::Config;
use crate::diagnostic::{Failure, FailureKind, Lang, io_words};
use crate::schema::Schema;

/// The surroundings of one command.
pub struct Context {
    pub config_path: PathBuf,
    pub output: Output,
    pub lang: Lang,
    /// True: a person watches, so progress bars and fitting to the window make sense.
    pub terminal: bool,
    out: RefCell<Box<dyn Write + Send>>,
}

impl Context {
    /// Prints to standard output.
    pub fn to_stdout(global: Global, lang: Lang) -> Self {
        let terminal = std::io::stdout().is_terminal();
        Self { terminal, ..Self::new(global, lang, Box::new(std::io::stdout())) }
    }

    /// Prints wherever it is told to: a socket's other end, a test's buffer.
    pub fn new(global: Global, lang: Lang, out: Box<dyn Write + Send>) -> Self {
        Self { config_path: global.config, output: global.output, lang, terminal: false, out: RefCell::new(out) }
    }

    /// The text in the person's language.
    pub fn pick<'a>(&self, zh: &'a str, en: &'a str) -> &'a str {
        self.lang.pick(zh, en)
    }

    /// The whole configuration, or every mistake in it.
    pub fn config(&self) -> Result<Config, Failure> {
        Config::load(&self.config_path).map_err(Failure::from)
    }

    /// The schema as this configuration has it: built in, overridden by the mappings' directory.
    pub fn schema(&self, config: &Config) -> Result<Schema, Failure> {
        Schema::load(config.overriding().as_deref()).map_err(Failure::from)
    }

    /// Prints a result: text for a person, or one JSON document.
    pub fn show(&self, text: impl FnOnce() -> String, json: impl FnOnce() -> Value) -> Result<(), Failure> {
        match self.output {
            Output::Text => self.print(&text()),
            Output::Json => self.print(&format!("{:#}\n", json())),
        }
    }

    /// Prints as it is.
    pub fn print(&self, text: &str) -> Result<(), Failure> {
        let mut out = self.out.borrow_mut();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // `exchange-hub schema list | head`: whoever reads has enough.
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            Err(error) => Err(Failure::new(
                FailureKind::Unavailable,
                format!("无法输出结果：{}", io_words(&error).zh),
                format!("the result cannot be written: {}", io_words(&error).en),
            )),
            Ok(()) => Ok(()),
        }
    }
}

#[cfg(test)]
pub(super) mod testing {
    //! A context whose output a test can read.

    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    pub(in crate::cli) struct Printed(Arc<Mutex<Vec<u8>>>);

    impl Printed {
        pub(in crate::cli) fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Printed {
        fn write(&mut self, text: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(text);
            Ok(text.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    pub(in crate::cli) fn context(config: &str, output: Output, lang: Lang) -> (Context, Printed) {
        let printed = Printed::default();
        let global = Global { config: config.into(), output, lang: None };
        (Context::new(global, lang, Box::new(printed.clone())), printed)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    /// A reader that has gone, or a disk that is full.
    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_has_enough_is_no_failure_and_a_full_disk_is() {
        let global = || Global { config: "hub.toml".into(), output: Output::Text, lang: None };
        let print = |kind| Context::new(global(), Lang::En, Box::new(Broken(kind))).print("x");
        assert_eq!(print(ErrorKind::BrokenPipe), Ok(()));
        let failure = print(ErrorKind::StorageFull).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Unavailable);
        insta::assert_snapshot!(failure, @"error: the result cannot be written: the disk is full");
    }
}
