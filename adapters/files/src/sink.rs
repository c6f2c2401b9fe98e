//! Writes each document under a temporary name and renames it, so that a reader never sees half of it.
//!
//! The receipt is the digest of what now stands under the document's name. A document that is there already with
//! the same content gets the same receipt, so sending again after a lost answer is harmless; other content under
//! the name is never overwritten, and the receipt says so.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use adapter::{Answer, Request, Sink, SinkError, Words, io_words, path_below};
use async_trait::async_trait;

use crate::config::FilesSinkConfig;
use crate::digest;
use crate::trouble::broken_off;

/// Writes documents into a directory.
pub struct FilesSink {
    root: Arc<PathBuf>,
    config: FilesSinkConfig,
}

impl FilesSink {
    /// A relative path starts at `base`.
    pub fn open(config: FilesSinkConfig, base: &Path) -> Self {
        Self { root: Arc::new(path_below(base, &config.path)), config }
    }

    fn file_name(&self, request: &Request<'_>) -> String {
        let suffix = self.config.suffix.as_deref().unwrap_or_else(|| suffix_of(request.media));
        format!("{}{}{suffix}", self.config.prefix, request.name)
    }
}

#[async_trait]
impl Sink for FilesSink {
    async fn check(&self) -> Result<Vec<Words>, SinkError> {
        let (root, create) = (Arc::clone(&self.root), self.config.create);
        let task = tokio::task::spawn_blocking(move || {
            make(&root, create)
                .and_then(|()| probe(&root))
                .map(|()| {
                    let shown = root.display();
                    vec![Words::new(format!("目录 {shown}：可以写入"), format!("directory {shown}: can be written"))]
                })
                .map_err(|error| {
                    let (message, hint) = words(&root, &error);
                    SinkError { message, hint }
                })
        });
        task.await.unwrap_or_else(|error| {
            let (message, hint) = broken_off(&error);
            Err(SinkError { message, hint })
        })
    }

    async fn send(&self, request: Request<'_>) -> Answer {
        let name = self.file_name(&request);
        if !is_safe_name(&name) {
            let why =
                Words::new(format!("`{name}` 不能安全地用作文件名"), format!("`{name}` is no safe name for a file"));
            return Answer::Unsent { why };
        }
        let (root, create, body) = (Arc::clone(&self.root), self.config.create, request.body.to_vec());
        let placed = tokio::task::spawn_blocking(move || match make(&root, create) {
            Ok(()) => place(&root, &name, &body),
            Err(error) => Answer::Unsent { why: unsent(&root, &error) },
        });
        match placed.await {
            Ok(answer) => answer,
            Err(error) => Answer::Unknown { why: broken_off(&error).0 },
        }
    }
}

/// Makes the directory where that is wanted.
fn make(root: &Path, create: bool) -> io::Result<()> {
    if create { fs::create_dir_all(root) } else { Ok(()) }
}

fn suffix_of(media: &str) -> &'static str {
    match media.split(';').next().unwrap_or_default().trim() {
        "application/json" => ".json",
        "application/x-ndjson" | "application/jsonl" => ".ndjson",
        "application/xml" | "text/xml" => ".xml",
        "text/csv" => ".csv",
        "application/zip" => ".zip",
        _ => ".dat",
    }
}

fn is_safe_name(name: &str) -> bool {
    !name.starts_with('.') && !name.contains(['/', '\\', ':', '\0', '\r', '\n']) && name.len() <= 200
}

/// Writes the document and says what stands under its name.
fn place(root: &Path, name: &str, body: &[u8]) -> Answer {
    let target = root.join(name);
    let own = digest::of_bytes(body);
    match File::open(&target) {
        Ok(file) => return already_there(&target, file, &own),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Answer::Unsent { why: unsent(root, &error) },
    }
    // Until the rename nothing is there under the document's name; after it, it may be there for good.
    let partial = root.join(format!(".{name}.part"));
    if let Err(error) = write_whole(&partial, body) {
        if let Err(left) = fs::remove_file(&partial)
            && left.kind() != ErrorKind::NotFound
        {
            tracing::warn!(file = %partial.display(), error = %left, "A file that was begun could not be removed.");
        }
        return Answer::Unsent { why: unsent(root, &error) };
    }
    if let Err(error) = fs::rename(&partial, &target) {
        return Answer::Unsent { why: unsent(root, &error) };
    }
    match File::open(root).and_then(|directory| directory.sync_all()) {
        Ok(()) => answered(0, &serde_json::json!({ "digest": own, "bytes": body.len() })),
        Err(error) => {
            let (shown, why) = (root.display(), io_words(&error));
            let zh = format!("目录 `{shown}` 未能落盘：{}", why.zh);
            Answer::Unknown { why: Words::new(zh, format!("the directory `{shown}` could not be synced: {}", why.en)) }
        }
    }
}

fn already_there(target: &Path, file: File, own: &str) -> Answer {
    match digest::of_reader(file) {
        Ok((digest, bytes)) if digest == own => answered(0, &serde_json::json!({ "digest": digest, "bytes": bytes })),
        Ok((digest, bytes)) => answered(
            CONFLICT,
            &serde_json::json!({
                "conflict": Words::new(
                    "已有同名而内容不同的文件，未作改动",
                    "a file of this name is there with other content; it was left as it is",
                ),
                "digest": digest,
                "bytes": bytes,
            }),
        ),
        Err(error) => {
            let (shown, why) = (target.display(), io_words(&error));
            let zh = format!("`{shown}` 已存在但无法读取：{}", why.zh);
            Answer::Unsent { why: Words::new(zh, format!("`{shown}` is there and could not be read: {}", why.en)) }
        }
    }
}

/// Other content stands under the name, so that it is certainly not ours. Not 409, which after a lost answer means that
/// the target has it.
const CONFLICT: u16 = 422;

fn answered(status: u16, body: &serde_json::Value) -> Answer {
    Answer::Answered { status, retry_after_s: None, body: body.to_string().into_bytes(), is_cut: false }
}

fn write_whole(path: &Path, body: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(body)?;
    file.sync_all()
}

/// Leaves nothing behind.
fn probe(root: &Path) -> io::Result<()> {
    let path = root.join(format!(".exchange-hub-check-{}.part", std::process::id()));
    write_whole(&path, b"")?;
    fs::remove_file(&path)
}

fn unsent(root: &Path, error: &io::Error) -> Words {
    let (message, hint) = words(root, error);
    Words::new(format!("{}；{}", message.zh, hint.zh), format!("{}; {}", message.en, hint.en))
}

/// What went wrong, and what to do.
fn words(root: &Path, error: &io::Error) -> (Words, Words) {
    let (shown, why) = (root.display(), io_words(error));
    let (message, hint) = match error.kind() {
        ErrorKind::NotFound => (
            (format!("目录 `{shown}` 不存在"), format!("the directory `{shown}` does not exist")),
            ("请建立或挂载该目录，或改正 `path`", "create it, mount it, or correct `path`"),
        ),
        ErrorKind::NotADirectory => (
            (format!("`{shown}` 不是目录"), format!("`{shown}` is not a directory")),
            ("`path` 应是目录", "`path` names a directory"),
        ),
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => (
            (
                format!("目录 `{shown}` 无法写入：{}", why.zh),
                format!("the directory `{shown}` cannot be written to: {}", why.en),
            ),
            ("请给运行账户写入权限", "give the hub's user the right to write there"),
        ),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => (
            (format!("`{shown}` 已无空间"), format!("there is no room left in `{shown}`")),
            ("请腾出空间；该文档会再次发送", "make room there; the document is sent again"),
        ),
        _ => (
            (format!("写入 `{shown}` 失败：{}", why.zh), format!("writing into `{shown}` failed: {}", why.en)),
            ("请检查磁盘或共享目录是否可用", "see whether the disk or the share is there"),
        ),
    };
    (message.into(), hint.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rights can't be taken away from the user under whom tests may run, so the words are tried here.
    #[test]
    fn why_a_document_was_not_written_is_told_with_what_to_do() {
        let kinds = [
            ErrorKind::NotADirectory,
            ErrorKind::PermissionDenied,
            ErrorKind::ReadOnlyFilesystem,
            ErrorKind::StorageFull,
            ErrorKind::TimedOut,
        ];
        let all: Vec<String> = kinds
            .iter()
            .map(|kind| unsent(Path::new("/out"), &io::Error::from(*kind)))
            .map(|why| format!("{}\n{}", why.en, why.zh))
            .collect();
        insta::assert_snapshot!(all.join("\n"), @r#"
        `/out` is not a directory; `path` names a directory
        `/out` 不是目录；`path` 应是目录
        the directory `/out` cannot be written to: this account may not; give the hub's user the right to write there
        目录 `/out` 无法写入：没有权限；请给运行账户写入权限
        the directory `/out` cannot be written to: the file system is read-only; give the hub's user the right to write there
        目录 `/out` 无法写入：文件系统只读；请给运行账户写入权限
        there is no room left in `/out`; make room there; the document is sent again
        `/out` 已无空间；请腾出空间；该文档会再次发送
        writing into `/out` failed: it took too long; see whether the disk or the share is there
        写入 `/out` 失败：超时；请检查磁盘或共享目录是否可用
        "#);
    }
}
