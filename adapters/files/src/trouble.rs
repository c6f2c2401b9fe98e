//! What went wrong with a file or directory, in words that say what to do.

use std::io::{self, ErrorKind};
use std::path::Path;

use adapter::{SourceError, Words, io_words};

/// What we were about to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Act {
    ListDirectory,
    ReadFile,
    Archive,
}

/// The error that ends a run, by what was tried and how it failed.
pub(crate) fn source_error(act: Act, path: &Path, error: &io::Error) -> SourceError {
    let (shown, why) = (path.display(), io_words(error));
    let config = |message: (String, String), hint: (&str, &str)| SourceError::Config {
        message: message.into(),
        hint: hint.into(),
    };
    match (act, error.kind()) {
        (Act::ListDirectory, ErrorKind::NotFound) => config(
            (format!("目录 `{shown}` 不存在"), format!("the directory `{shown}` does not exist")),
            (
                "请建立或挂载该目录，或改正 `path`；相对路径从配置所在目录算起",
                "create it, mount it, or correct `path`; a relative path starts at the directory of the configuration",
            ),
        ),
        (Act::ListDirectory, ErrorKind::NotADirectory) => config(
            (format!("`{shown}` 不是目录"), format!("`{shown}` is not a directory")),
            ("`path` 应是目录；文件用 `pattern` 选择", "`path` names a directory; choose its files by `pattern`"),
        ),
        (Act::ListDirectory, ErrorKind::PermissionDenied) => config(
            (format!("没有权限列出目录 `{shown}`"), format!("the directory `{shown}` may not be listed")),
            ("请给运行账户读取和进入该目录的权限", "give the hub's user the rights to read and to search it"),
        ),
        (Act::ReadFile, ErrorKind::PermissionDenied) => config(
            (
                format!("没有权限读取文件 `{shown}`；其他文件已收下"),
                format!("the file `{shown}` may not be read; the other files were taken"),
            ),
            ("请给运行账户读取权限", "give the hub's user the right to read it"),
        ),
        (Act::Archive, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => config(
            (
                format!("无法把文件移入归档目录 `{shown}`：{}", why.zh),
                format!("files cannot be moved into the archive `{shown}`: {}", why.en),
            ),
            (
                "请给运行账户写入归档目录和来源目录的权限，或设 `after = \"leave\"`",
                "give the hub's user the right to write there and in the watched directory, or set `after = \"leave\"`",
            ),
        ),
        (Act::Archive, ErrorKind::NotADirectory | ErrorKind::AlreadyExists) => config(
            (format!("归档 `{shown}` 不是目录"), format!("the archive `{shown}` is not a directory")),
            ("`after.archive` 应写一个目录", "name a directory in `after.archive`"),
        ),
        (Act::Archive, _) => SourceError::Unavailable {
            message: Words::new(
                format!("未能把文件移入归档目录 `{shown}`：{}", why.zh),
                format!("files could not be moved into the archive `{shown}`: {}", why.en),
            ),
            hint: Words::new("各行已安全收下；下次运行会再移", "their rows are safe; they are moved by the next run"),
        },
        (Act::ListDirectory | Act::ReadFile, _) => SourceError::Unavailable {
            message: Words::new(
                format!("`{shown}` 无法读取：{}", why.zh),
                format!("`{shown}` could not be read: {}", why.en),
            ),
            hint: Words::new(
                "请检查磁盘或共享目录是否可用；下次运行从这次结束处继续",
                "see whether the disk or the share is there; the next run goes on where this one ended",
            ),
        },
    }
}

/// What happens only where the program is wrong.
pub(crate) fn broken_off(error: &tokio::task::JoinError) -> (Words, Words) {
    (
        Words::new(format!("文件处理被中断（{error}）"), format!("the work with files was broken off: {error}")),
        Words::new("这是程序的缺陷；请连同日志一起报告", "this is a defect of the hub; please report it with the log"),
    )
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
            let zh = format!("{}\n  {}", error.message().zh, error.hint().zh);
            format!("{kind}: {error}\n  {}\n  {zh}", error.hint())
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
          没有权限列出目录 `/in`
          请给运行账户读取和进入该目录的权限
        unavailable: `/in` could not be read: the host cannot be reached
          see whether the disk or the share is there; the next run goes on where this one ended
          `/in` 无法读取：主机不可达
          请检查磁盘或共享目录是否可用；下次运行从这次结束处继续
        config: the file `/in` may not be read; the other files were taken
          give the hub's user the right to read it
          没有权限读取文件 `/in`；其他文件已收下
          请给运行账户读取权限
        unavailable: `/in` could not be read: it took too long
          see whether the disk or the share is there; the next run goes on where this one ended
          `/in` 无法读取：超时
          请检查磁盘或共享目录是否可用；下次运行从这次结束处继续
        config: files cannot be moved into the archive `/in`: the file system is read-only
          give the hub's user the right to write there and in the watched directory, or set `after = "leave"`
          无法把文件移入归档目录 `/in`：文件系统只读
          请给运行账户写入归档目录和来源目录的权限，或设 `after = "leave"`
        config: files cannot be moved into the archive `/in`: this account may not
          give the hub's user the right to write there and in the watched directory, or set `after = "leave"`
          无法把文件移入归档目录 `/in`：没有权限
          请给运行账户写入归档目录和来源目录的权限，或设 `after = "leave"`
        unavailable: files could not be moved into the archive `/in`: the disk is full
          their rows are safe; they are moved by the next run
          未能把文件移入归档目录 `/in`：磁盘已满
          各行已安全收下；下次运行会再移
        "#);
    }
}
