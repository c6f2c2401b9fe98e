//! What went wrong with a file or directory, in words that say what to do.

use std::io::{self, ErrorKind};
use std::path::Path;

use adapter::SourceError;

/// What we were about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    ListDirectory,
    ReadFile,
    Archive,
}

/// The error that ends a run, by what was tried and how it failed.
pub(crate) fn source_error(act: Act, path: &Path, error: &io::Error) -> SourceError {
    let shown = path.display();
    let config = |message: String, hint: &str| SourceError::Config { message, hint: hint.into() };
    match (act, error.kind()) {
        (Act::ListDirectory, ErrorKind::NotFound) => config(
            format!("the directory `{shown}` does not exist"),
            "create it, mount it, or correct `path`; a relative path starts at the directory of the configuration",
        ),
        (Act::ListDirectory, ErrorKind::NotADirectory) => {
            config(format!("`{shown}` is not a directory"), "`path` names a directory; choose its files by `pattern`")
        }
        (Act::ListDirectory, ErrorKind::PermissionDenied) => config(
            format!("the directory `{shown}` may not be listed"),
            "give the hub's user the rights to read and to search it",
        ),
        (Act::ReadFile, ErrorKind::PermissionDenied) => config(
            format!("the file `{shown}` may not be read; the other files were taken"),
            "give the hub's user the right to read it",
        ),
        (Act::Archive, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => config(
            format!("files cannot be moved into the archive `{shown}`: {error}"),
            "give the hub's user the right to write there and in the watched directory, or set `after = \"leave\"`",
        ),
        (Act::Archive, ErrorKind::NotADirectory | ErrorKind::AlreadyExists) => {
            config(format!("the archive `{shown}` is not a directory"), "name a directory in `after.archive`")
        }
        (Act::Archive, _) => SourceError::Unavailable {
            message: format!("files could not be moved into the archive `{shown}`: {error}"),
            hint: "their rows are safe; they are moved by the next run".into(),
        },
        (Act::ListDirectory | Act::ReadFile, _) => SourceError::Unavailable {
            message: format!("`{shown}` could not be read: {error}"),
            hint: "see whether the disk or the share is there; the next run goes on where this one ended".into(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rights can't be taken away from the user under whom tests may run, so the words are tried here.
    #[test]
    fn what_may_not_be_read_or_written_is_told_with_what_to_do() {
        let words = |act, kind: ErrorKind| {
            let error = source_error(act, Path::new("/in"), &io::Error::from(kind));
            let kind = match &error {
                SourceError::Config { .. } => "config",
                SourceError::Unavailable { .. } => "unavailable",
            };
            format!("{kind}: {error}\n  {}", error.hint())
        };
        let all = [
            words(Act::ListDirectory, ErrorKind::PermissionDenied),
            words(Act::ListDirectory, ErrorKind::HostUnreachable),
            words(Act::ReadFile, ErrorKind::PermissionDenied),
            words(Act::ReadFile, ErrorKind::TimedOut),
            words(Act::Archive, ErrorKind::ReadOnlyFilesystem),
            words(Act::Archive, ErrorKind::PermissionDenied),
            words(Act::Archive, ErrorKind::StorageFull),
        ];
        insta::assert_snapshot!(all.join("\n"), @r#"
        config: the directory `/in` may not be listed
          give the hub's user the rights to read and to search it
        unavailable: `/in` could not be read: host unreachable
          see whether the disk or the share is there; the next run goes on where this one ended
        config: the file `/in` may not be read; the other files were taken
          give the hub's user the right to read it
        unavailable: `/in` could not be read: timed out
          see whether the disk or the share is there; the next run goes on where this one ended
        config: files cannot be moved into the archive `/in`: read-only filesystem or storage medium
          give the hub's user the right to write there and in the watched directory, or set `after = "leave"`
        config: files cannot be moved into the archive `/in`: permission denied
          give the hub's user the right to write there and in the watched directory, or set `after = "leave"`
        unavailable: files could not be moved into the archive `/in`: no storage space
          their rows are safe; they are moved by the next run
        "#);
    }
}
