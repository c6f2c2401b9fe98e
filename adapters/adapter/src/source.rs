//! The seam towards sources.

use async_trait::async_trait;

use crate::{Rows, Words};

/// How far a source has been read: opaque to the hub, which only keeps it. Empty = from the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checkpoint(pub String);

/// A file that was taken, kept by the hub for ever so that the same content is never taken twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileSeen {
    /// Path below the watched directory, with `/`.
    pub name: String,
    /// SHA-256 of the content, in lower-case hex.
    pub digest: String,
    /// Bytes.
    pub size: u64,
    /// Modification time in UTC microseconds, so that an unchanged file need not be read to be known.
    pub modified_us: i64,
    /// Rows that it gave, broken ones included.
    pub rows: u64,
    pub state: FileState,
}

/// Whether a file was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileState {
    Read,
    /// The same content was taken before under another name, or again under this one; nothing was read.
    Known,
    /// A later file shows the whole source, so this one was not read.
    PassedOver,
}

/// What shows a whole source, where a run reads all of it and what is missing was deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Picture {
    /// All files that are there, together: one new file, and every one is read.
    All,
    /// The last file in order; those before it are older pictures.
    Last,
}

/// Rows of one read, and how far the source has been read with them.
#[derive(Debug, Default)]
pub struct Page {
    pub rows: Rows,
    /// Saved together with the rows, so that a crash reads them both again or neither.
    pub checkpoint: Checkpoint,
    /// Files that are read to their end with this page.
    pub files: Vec<FileSeen>,
    /// True: the page's rows are all there is (a whole snapshot ends with the page whose `last` is true).
    pub last: bool,
}

/// Why a source could not be read. The run ends; the checkpoint stays.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Wrong configuration or rights: a person must act before another run can succeed.
    #[error("{message}")]
    Config { message: Words, hint: Words },
    /// Not reachable now; the next run may succeed.
    #[error("{message}")]
    Unavailable { message: Words, hint: Words },
}

impl SourceError {
    pub fn message(&self) -> &Words {
        match self {
            Self::Config { message, .. } | Self::Unavailable { message, .. } => message,
        }
    }

    pub fn hint(&self) -> &Words {
        match self {
            Self::Config { hint, .. } | Self::Unavailable { hint, .. } => hint,
        }
    }
}

/// A system that rows are pulled from.
#[async_trait]
pub trait Source: Send {
    /// Tries all that a run will need (reachable, rights, expected files or columns), changing nothing.
    /// Returns lines for a person; an error says what to do.
    async fn check(&mut self) -> Result<Vec<Words>, SourceError>;

    /// The next rows after `after`. `None`: nothing new now. Called again only after the last page is
    /// confirmed, so it need not be cheap to resume. An error ends this run; the checkpoint stays.
    /// A row that can't be cut is a broken row in the page, never an error.
    async fn pull(&mut self, after: &Checkpoint) -> Result<Option<Page>, SourceError>;

    /// The last page is not what was declared, and nothing of it is kept: the files in it are passed over in this run.
    /// The next pull is after the same checkpoint. A source that knows no files ends there.
    async fn set_aside(&mut self) -> Result<(), SourceError>;

    /// The last page and its checkpoint are kept safely: what was waiting for that (moving a file to its archive)
    /// may be done. Must be harmless when repeated, since a crash may come before it.
    async fn confirmed(&mut self) -> Result<(), SourceError>;
}
