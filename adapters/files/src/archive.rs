//! Moves files whose rows are safe out of the way, never over another file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::listing::{Listed, Stamp, unix_us};

/// Names tried for one file before giving up: as many files of one name in one day are a mistake elsewhere.
const NAMES_MAX: u32 = 10_000;

/// Moves a file below `archive/<day>/`. A file that is gone, or has changed since it was listed, is left alone.
pub(crate) fn put(archive: &Path, file: &Listed, now: SystemTime) -> io::Result<()> {
    match fs::symlink_metadata(&file.path).and_then(|m| Stamp::of(&m)) {
        Ok(stamp) if stamp == file.stamp => {}
        Ok(_) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    }
    let target = archive.join(beijing_day(now)).join(&file.name);
    if let Some(directory) = target.parent() {
        fs::create_dir_all(directory)?;
    }
    move_to(&file.path, &free_name(&target)?)
}

/// Moves a file's marker after it, if there is one.
pub(crate) fn put_marker(archive: &Path, path: &Path, name: &str) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            let stamp = Stamp::of(&metadata)?;
            put(archive, &Listed { path: path.to_owned(), name: name.to_owned(), stamp }, SystemTime::now())
        }
        _ => Ok(()),
    }
}

/// Tries whether files can be moved into the archive, leaving nothing behind.
pub(crate) fn check(archive: &Path) -> io::Result<()> {
    // The archive is made when it is first needed; then the nearest directory that is there must be writable.
    let mut there = archive;
    while !there.try_exists()? {
        match there.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => there = parent,
            _ => return Err(io::ErrorKind::NotFound.into()),
        }
    }
    let path = there.join(format!(".exchange-hub-check-{}.part", std::process::id()));
    fs::File::create(&path)?;
    fs::remove_file(&path)
}

fn free_name(target: &Path) -> io::Result<PathBuf> {
    for n in 0..NAMES_MAX {
        let mut name = target.as_os_str().to_owned();
        if n > 0 {
            name.push(format!(".{n}"));
        }
        let path = PathBuf::from(name);
        if fs::symlink_metadata(&path).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) {
            return Ok(path);
        }
    }
    Err(io::Error::other(format!("{NAMES_MAX} names are taken")))
}

fn move_to(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::CrossesDevices => {
            let mut partial = to.as_os_str().to_owned();
            partial.push(".part");
            let partial = PathBuf::from(partial);
            fs::copy(from, &partial)?;
            fs::File::open(&partial)?.sync_all()?;
            fs::rename(&partial, to)?;
            // A file that cannot be taken away stays alone, or each run would copy it anew.
            fs::remove_file(from).or_else(|error| fs::remove_file(to).and(Err(error)))
        }
        other => other,
    }
}

/// The day in Beijing, `2026-11-24`.
fn beijing_day(now: SystemTime) -> String {
    const DAY_US: i64 = 86_400_000_000;
    let days = (unix_us(now) + DAY_US / 3).div_euclid(DAY_US);
    let (year, month, day) = formats::civil_date(days);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;

    #[test]
    fn the_day_turns_at_midnight_in_beijing() {
        let at = |seconds| beijing_day(UNIX_EPOCH + Duration::from_secs(seconds));
        assert_eq!(at(1_795_535_999), "2026-11-24");
        assert_eq!(at(1_795_536_000), "2026-11-25");
    }

    #[test]
    fn a_file_in_the_archive_is_never_overwritten() {
        let root = tempfile::tempdir().unwrap();
        let archive = root.path().join("archive");
        for content in ["one", "two", "three"] {
            let path = root.path().join("a.csv");
            fs::write(&path, content).unwrap();
            let stamp = Stamp::of(&fs::metadata(&path).unwrap()).unwrap();
            put(&archive, &Listed { path, name: "sub/a.csv".into(), stamp }, UNIX_EPOCH).unwrap();
        }
        let day = archive.join("1970-01-01/sub");
        let read = |name: &str| fs::read_to_string(day.join(name)).unwrap();
        assert_eq!([read("a.csv"), read("a.csv.1"), read("a.csv.2")], ["one", "two", "three"]);
    }
}
