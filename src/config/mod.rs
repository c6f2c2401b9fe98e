//! What the exchange is: `config/hub.toml` and one file a party under `config/systems/`.
//!
//! Serde structs with `deny_unknown_fields`; the key of a source or target is its adapter (`[job.from.files]`), never
//! `flatten`, `untagged` or `tag`, so that an error points at the word. Everything that a single file can show is
//! checked while it is read, all mistakes at once ([`read`]); names that must exist elsewhere (mappings, datasets,
//! systems) are checked here where the files suffice and by `exchange-hub check` where mappings and schema are needed.
//!
//! Every relative path, in whichever file it stands, starts at the folder of `hub.toml`. How this process behaves
//! today (`--once`, `--strict`, `--lang`) is no configuration but a flag.

mod hub;
mod read;
mod receipt;
pub mod reference;
mod system;
mod types;
mod words;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use hub::{Control, Deliver, Hub, Intake, Level, Log, Store};
pub use receipt::{Class, Meaning, ReceiptRule, RecordResult, Results, class_by_status, read_answer};
pub use system::{Contact, Count, Datasets, Feed, Form, Job, Retry, Share, Snapshot, Start, System};
pub use types::{At, Name, Pattern, Pointer};

use adapter::path_below;

use crate::diagnostic::{Diagnostic, io_words, nearest, nothing, say};

/// Most files under `systems/`: a province has some hundred parties.
const SYSTEMS_MAX: usize = 10_000;

/// The whole configuration, read and consistent within itself.
#[derive(Debug)]
pub struct Config {
    /// `hub.toml` as it was named.
    pub file: PathBuf,
    /// The folder that relative paths start from.
    pub base: PathBuf,
    pub hub: Hub,
    /// By name.
    pub systems: Vec<System>,
}

impl Config {
    /// Reads `hub.toml` and every `systems/*.toml` beside it. All mistakes of all files, not the first.
    pub fn load(file: &Path) -> Result<Self, Vec<Diagnostic>> {
        Self::load_with(file, &|name| std::env::var(name).ok())
    }

    /// The same with another environment for `${env:NAME}`.
    pub fn load_with(file: &Path, env: &dyn Fn(&str) -> Option<String>) -> Result<Self, Vec<Diagnostic>> {
        match Self::read(file, env) {
            (Some(config), diagnostics) if diagnostics.is_empty() => Ok(config),
            (_, diagnostics) => Err(diagnostics),
        }
    }

    /// What can be understood, and every mistake: for whoever goes on to look for more of them. What could not be
    /// understood is left out, so a configuration with mistakes must not be run.
    pub fn read(file: &Path, env: &dyn Fn(&str) -> Option<String>) -> (Option<Self>, Vec<Diagnostic>) {
        let base = match file.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        };
        let secrets = read::Secrets { env, base: &base };
        let mut diagnostics = Vec::new();
        let hub = text_of(file, &mut diagnostics).and_then(|text| {
            let (hub, mistakes) = read::read::<Hub>(file, &text, &secrets);
            diagnostics.extend(mistakes);
            hub
        });
        let mut systems = Vec::new();
        for path in system_files(&base.join("systems"), &mut diagnostics) {
            let Some(text) = text_of(&path, &mut diagnostics) else { continue };
            let (system, mistakes) = read::read::<System>(&path, &text, &secrets);
            diagnostics.extend(mistakes);
            systems.extend(system.map(|system| system.placed(&path, text.into())));
        }
        for system in &mut systems {
            system.qualify(&mut diagnostics);
        }
        across(&systems, &mut diagnostics);
        diagnostics.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
        (hub.map(|hub| Self { file: file.to_owned(), base, hub, systems }), diagnostics)
    }

    /// A path of the configuration as this process opens it.
    pub fn path(&self, configured: &Path) -> PathBuf {
        path_below(&self.base, configured)
    }

    /// The database file of the embedded store.
    pub fn store_path(&self) -> PathBuf {
        self.path(&self.hub.store.path)
    }

    /// The control socket: beside the store unless said.
    pub fn socket_path(&self) -> PathBuf {
        match &self.hub.control.socket {
            Some(path) => self.path(path),
            None => self.store_path().with_extension("sock"),
        }
    }

    /// The directory with `from/`, and with what overrides the built-in schema and code sets.
    pub fn mappings_path(&self) -> PathBuf {
        self.path(&self.hub.mappings)
    }

    /// What overrides the built-in schema; none where the mappings' directory is not there.
    pub fn overriding(&self) -> Option<PathBuf> {
        Some(self.mappings_path()).filter(|path| path.is_dir())
    }

    pub fn system(&self, name: &str) -> Option<&System> {
        self.systems.iter().find(|s| s.name.as_str() == name)
    }

    /// Every job with its system, by name.
    pub fn jobs(&self) -> impl Iterator<Item = (&System, &Job)> {
        self.systems.iter().flat_map(|s| s.jobs.iter().map(move |j| (s, j)))
    }

    /// Every feed with its system, by name.
    pub fn feeds(&self) -> impl Iterator<Item = (&System, &Feed)> {
        self.systems.iter().flat_map(|s| s.feeds.iter().map(move |f| (s, f)))
    }

    /// A job by its whole name, `system/job`.
    pub fn job(&self, name: &str) -> Option<(&System, &Job)> {
        self.jobs().find(|(_, j)| j.name.as_str() == name)
    }

    /// A feed by its whole name, `system/feed`.
    pub fn feed(&self, name: &str) -> Option<(&System, &Feed)> {
        self.feeds().find(|(_, f)| f.name.as_str() == name)
    }
}

fn text_of(file: &Path, diagnostics: &mut Vec<Diagnostic>) -> Option<String> {
    let read = std::fs::metadata(file).and_then(|meta| {
        if meta.len() > read::FILE_BYTES_MAX as u64 {
            return Err(std::io::ErrorKind::FileTooLarge.into());
        }
        std::fs::read_to_string(file)
    });
    let error = match read {
        Ok(text) => return Some(text),
        Err(error) => error,
    };
    let hint = match error.kind() {
        std::io::ErrorKind::NotFound => say(
            "请在含有 config/ 的目录中运行，或用 --config 指明文件",
            "run the command in the folder that holds config/, or name the file: --config PATH",
        ),
        std::io::ErrorKind::IsADirectory => {
            let inside = file.join("hub.toml");
            say(format!("请指明其中的文件：{}", inside.display()), format!("name the file in it: {}", inside.display()))
        }
        std::io::ErrorKind::InvalidData => say("请将文件另存为 UTF-8", "save the file as UTF-8"),
        std::io::ErrorKind::FileTooLarge => say(
            format!("最大 {} 字节；文件是否正确？", read::FILE_BYTES_MAX),
            format!("at most {} bytes; is it the right file?", read::FILE_BYTES_MAX),
        ),
        _ => say("请检查运行账户是否可读", "check that this account may read it"),
    };
    let why = io_words(&error);
    let message = say(format!("无法读取配置：{}", why.zh), format!("the configuration cannot be read: {}", why.en));
    diagnostics.push(Diagnostic::whole(file, message, hint));
    None
}

/// `systems/*.toml` by name; no such folder means no systems.
fn system_files(folder: &Path, diagnostics: &mut Vec<Diagnostic>) -> Vec<PathBuf> {
    let entries = match std::fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let why = io_words(&error);
            let message = say(format!("无法读取目录：{}", why.zh), format!("the folder cannot be read: {}", why.en));
            diagnostics.push(Diagnostic::whole(folder, message, nothing()));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .take(SYSTEMS_MAX)
        .collect();
    files.sort();
    files
}

/// What only all files together can show: two systems of one name, a feed that names a system which is not there.
fn across(systems: &[System], diagnostics: &mut Vec<Diagnostic>) {
    let mut first: HashMap<&str, &System> = HashMap::new();
    for system in systems {
        if let Some(other) = first.insert(system.name.as_str(), system) {
            let (name, other) = (system.name.as_str(), other.file.display());
            diagnostics.push(system.diagnostic(
                system.name.offset(),
                words::say(
                    format!("系统 `{name}` 已在 {other} 中定义"),
                    format!("the system `{name}` is already defined in {other}"),
                    "每个系统一个文件，名称不可重复",
                    "one file a system; give one of them another name",
                ),
            ));
        }
    }
    for system in systems {
        for source in system.feeds.iter().flat_map(|f| &f.from_systems) {
            if first.contains_key(source.as_str()) {
                continue;
            }
            let near = nearest(source, first.keys().copied());
            diagnostics.push(system.diagnostic(
                source.offset(),
                words::say(
                    format!("没有名为 `{}` 的系统", source.as_str()),
                    format!("there is no system `{}`", source.as_str()),
                    near.map_or("系统的名称即 systems/ 下的文件名".to_owned(), |n| {
                        format!("是否想写 `{n}`？")
                    }),
                    near.map_or("a system is named like its file in systems/".to_owned(), |n| {
                        format!("did you mean `{n}`?")
                    }),
                ),
            ));
        }
    }
}

/// An `Arc` of a file's text, kept to say later where in it something stands.
pub(crate) type Text = Arc<str>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_is_told_in_both_languages() {
        let invalid = Path::new("tests/it/fixtures/config/invalid/hub.toml");
        let mut found = Config::load_with(invalid, &|_| None).unwrap_err();
        found.extend(Config::load_with(Path::new("tests/it/no-such-file.toml"), &|_| None).unwrap_err());
        assert!(found.len() > 30, "the sample has every kind of mistake");
        found.iter().for_each(Diagnostic::assert_told_in_both_languages);
    }
}
