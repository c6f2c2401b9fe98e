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
/// New files of one listing; the rest come with the next, when these are known.
pub(crate) const FILES_MAX: usize = 200_000;

/// A file as it was listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub path: PathBuf,
    /// Below the watched directory, with `/`.
    pub name: String,
    pub stamp: Stamp,
}

impl Listed {
    /// When it was written last. A time in the future is another clock's and says nothing: then when it came to stand
    /// here.
    pub(crate) fn changed_us(&self, now_us: i64) -> i64 {
        if self.stamp.modified_us <= now_us { self.stamp.modified_us } else { stands_since_us(&self.path) }
    }
}

/// The time that only the system sets; the far future where there is none.
fn stands_since_us(path: &Path) -> i64 {
    #[cfg(unix)]
    if let Ok(metadata) = fs::symlink_metadata(path) {
        use std::os::unix::fs::MetadataExt;
        return metadata.ctime().saturating_mul(1_000_000).saturating_add(metadata.ctime_nsec() / 1_000);
    }
    i64::MAX
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
    /// New files beyond the most that one listing takes.
    pub left_out: usize,
}

/// Lists the watched directory, its archive left out. Of the files that are not known at most `new_max` are listed.
pub(crate) fn list(
    config: &FilesSourceConfig,
    root: &Path,
    archive: Option<&Path>,
    is_known: impl Fn(&Listed) -> bool,
    new_max: usize,
) -> Result<Listing, SourceError> {
    let mut listing = Listing::default();
    let (mut all, mut beside, mut new) = (Vec::new(), HashSet::new(), 0);
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
            } else if kind.is_file() && !is_candidate(config, &name) {
                if config.ready.marker.as_deref().is_some_and(|marker| name.ends_with(marker)) {
                    beside.insert(name);
                }
            } else if kind.is_file() {
                // A file may go between listing and looking; then it is not there.
                match entry.metadata().and_then(|m| Stamp::of(&m)) {
                    Ok(stamp) => {
                        let file = Listed { path: entry.path(), name, stamp };
                        let is_known = is_known(&file);
                        if !is_known && new >= new_max {
                            listing.left_out += 1;
                        } else {
                            new += usize::from(!is_known);
                            all.push(file);
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(trouble(&error)),
                }
            }
        }
    }
    let found = all.len();
    all.retain(|file| is_finished(config, &file.name, &beside));
    in_order(config.order, &mut all);
    listing.unfinished = found - all.len();
    listing.files = all;
    Ok(listing)
}

pub(crate) fn in_order(order: Order, files: &mut [Listed]) {
    match order {
        Order::Name => files.sort_by(|a, b| a.name.cmp(&b.name)),
        Order::Modified => files.sort_by(|a, b| (a.stamp.modified_us, &a.name).cmp(&(b.stamp.modified_us, &b.name))),
    }
}

fn is_candidate(config: &FilesSourceConfig, name: &str) -> bool {
    let own = name.rsplit('/').next().unwrap_or(name);
    let is_marker = config.ready.marker.as_deref().is_some_and(|marker| own.ends_with(marker));
    !is_marker && !own.starts_with('.') && !own.starts_with("~$") && config.pattern.matches(name)
}

fn is_finished(config: &FilesSourceConfig, name: &str, beside: &HashSet<String>) -> bool {
    if config.ready.rename.iter().any(|ending| name.ends_with(ending.as_str())) {
        return false;
    }
    match &config.ready.marker {
        None => true,
        Some(marker) => markers(name, marker).iter().any(|m| beside.contains(m.as_str())),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_files_than_one_listing_takes_come_with_the_next() {
        let root = tempfile::tempdir().unwrap();
        for name in ["1.csv", "2.csv", "3.csv", "other.txt"] {
            fs::write(root.path().join(name), name).unwrap();
        }
        let config = toml::from_str("path = 'in'\npattern = '*.csv'\nformat.csv = {}\n").unwrap();
        let mut known: Vec<String> = Vec::new();
        let mut left_out = Vec::new();
        for _ in 0..3 {
            let is_known = |file: &Listed| known.contains(&file.name);
            let listing = list(&config, root.path(), None, is_known, 2).unwrap();
            left_out.push(listing.left_out);
            known = listing.files.into_iter().map(|file| file.name).collect();
        }
        assert_eq!(left_out, [1, 0, 0]);
        assert_eq!(known, ["1.csv", "2.csv", "3.csv"]);
    }

    #[test]
    fn a_file_dated_in_the_future_is_as_old_as_it_stands_there() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a.csv");
        let file = fs::File::create(&path).unwrap();
        file.set_modified(SystemTime::now() + std::time::Duration::from_secs(86_400)).unwrap();
        let stamp = Stamp::of(&file.metadata().unwrap()).unwrap();
        let now_us = unix_us(SystemTime::now());
        let listed = Listed { path, name: "a.csv".into(), stamp };
        assert!(stamp.modified_us > now_us && (0..60_000_000).contains(&(now_us - listed.changed_us(now_us))));
    }
}
