//! Paths of a configuration, as they are opened and as a person reads them.

use std::path::{Component, Path, PathBuf};

/// A path that starts at a directory, without the `..` that can be left out: `config/../drop` is `drop`. Behind a
/// symbolic link `..` is another directory than the one before it, and stays.
pub fn path_below(base: &Path, path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in base.join(path).components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if can_be_left_out(&out) => drop(out.pop()),
            part => out.push(part),
        }
    }
    if out.as_os_str().is_empty() { PathBuf::from(".") } else { out }
}

fn can_be_left_out(path: &Path) -> bool {
    let named = matches!(path.components().next_back(), Some(Component::Normal(_)));
    named && !path.symlink_metadata().is_ok_and(|meta| meta.is_symlink())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_back_is_left_out_unless_it_leads_elsewhere() {
        let below = |base: &str, path: &str| path_below(Path::new(base), Path::new(path)).display().to_string();
        assert_eq!(below("config", "../drop/x"), "drop/x");
        assert_eq!(below(".", "../drop"), "../drop");
        assert_eq!(below("config", "../../x"), "../x");
        assert_eq!(below("/etc/hub", "./in/../out"), "/etc/hub/out");
        assert_eq!(below("config", "/var/x"), "/var/x");
        assert_eq!(below("config", ".."), ".");
        assert_eq!(below("/", "../x"), "/../x");
    }

    #[cfg(unix)]
    #[test]
    fn behind_a_link_the_way_back_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/tmp", folder.path().join("config")).unwrap();
        let base = folder.path().join("config");
        assert_eq!(path_below(&base, Path::new("../drop")), base.join("../drop"));
    }
}
