//! Which files are there, which of them match, and which are complete.
//!
//! Only plain files count: a symbolic link could lead out of the directory, and is passed over.

use std::collections::HashSet;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use adapter::SourceError;

use crate::config::{FilesSourceConfig, Order};
use crate::trouble::{Act, source_error};

/// Directories below one another that are searched: deeper ones are a loop of mounts, or a mistake.
const DEPTH_MAX: usize = 32;
/// Files of one directory that are looked at in one listing; the rest come with the next.
const FILES_MAX: usize = 200_000;

/// A file as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub path: PathBuf,
    /// Below the watched directory, with `/`.
    pub name: String,
    pub stamp: Stamp,
}

/// What tells, without reading, that a file is still the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Stamp {
    pub size: u64,
    pub modified_us: i64,
}

impl Stamp {
    pub(crate) fn of(metadata: &Metadata) -> io::Result<Self> {
        Ok(Self { size: metadata.len(), modified_us: unix_us(metadata.modified()?) })
    }
}

pub(crate) fn unix_us(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |us| -us),
    }
}

/// What a directory holds.
#[derive(Debug, Default)]
pub(crate) struct Listing {
    /// Those that match and are not marked as being written, in order.
    pub files: Vec<Listed>,
    /// Names that match, but whose marker is missing or that end like a file being written.
    pub unfinished: usize,
    /// Symbolic links, which are never followed.
    pub links: usize,
}

/// Lists the watched directory, its archive left out.
pub(crate) fn list(config: &FilesSourceConfig, root: &Path, archive: Option<&Path>) -> Result<Listing, SourceError> {
    let mut listing = Listing::default();
    let mut all = Vec::new();
    let archive = archive.and_then(|path| path.canonicalize().ok());
    let mut open = vec![(root.to_owned(), String::new(), 0)];
    while let Some((directory, prefix, depth)) = open.pop() {
        let trouble = |error: &io::Error| source_error(Act::ListDirectory, &directory, error);
        for entry in fs::read_dir(&directory).map_err(|e| trouble(&e))? {
            let entry = entry.map_err(|e| trouble(&e))?;
            let kind = entry.file_type().map_err(|e| trouble(&e))?;
            let name = format!("{prefix}{}", text_of(&entry.file_name()));
            if kind.is_symlink() {
                listing.links += 1;
            } else if kind.is_dir() {
                let path = entry.path();
                if config.recursive && depth < DEPTH_MAX && archive.as_deref() != path.canonicalize().ok().as_deref() {
                    open.push((path, name + "/", depth + 1));
                }
            } else if kind.is_file() && all.len() < FILES_MAX {
                // A file may go between listing and looking; then it is not there.
                match entry.metadata().and_then(|m| Stamp::of(&m)) {
                    Ok(stamp) => all.push(Listed { path: entry.path(), name, stamp }),
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(trouble(&error)),
                }
            }
        }
    }
    let names: HashSet<&str> = all.iter().map(|file| file.name.as_str()).collect();
    let (mut taken, mut unfinished) = (Vec::new(), 0);
    for file in &all {
        if !is_candidate(config, &file.name) {
            continue;
        }
        if is_finished(config, &file.name, &names) {
            taken.push(file.clone());
        } else {
            unfinished += 1;
        }
    }
    match config.order {
        Order::Name => taken.sort_by(|a, b| a.name.cmp(&b.name)),
        Order::Modified => taken.sort_by(|a, b| (a.stamp.modified_us, &a.name).cmp(&(b.stamp.modified_us, &b.name))),
    }
    listing.files = taken;
    listing.unfinished = unfinished;
    Ok(listing)
}

fn is_candidate(config: &FilesSourceConfig, name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or(name);
    let is_marker = config.ready.marker.as_deref().is_some_and(|marker| own.ends_with(marker));
    !is_marker && !own.starts_with('.') && !own.starts_with("~$") && config.pattern.matches(name)
}

fn is_finished(config: &FilesSourceConfig, name: &str, names: &HashSet<&str>) -> bool {
    if config.ready.rename.iter().any(|ending| name.ends_with(ending.as_str())) {
        return false;
    }
    match &config.ready.marker {
        None => true,
        Some(marker) => markers(name, marker).iter().any(|m| names.contains(m.as_str())),
    }
}

/// The names that a file's marker may have: added to the whole name, or in place of the extension.
pub(crate) fn markers(name: &str, marker: &str) -> [String; 2] {
    let stem = match name.rsplit_once('.') {
        Some((stem, extension)) if !extension.contains('/') => stem,
        _ => name,
    };
    [format!("{name}{marker}"), format!("{stem}{marker}")]
}

/// A name as text. Names that come from old Windows programs are GBK.
fn text_of(name: &std::ffi::OsStr) -> String {
    match name.to_str() {
        Some(text) => text.to_owned(),
        None => encoding_rs::GB18030.decode_without_bom_handling(name.as_encoded_bytes()).0.into_owned(),
    }
}
