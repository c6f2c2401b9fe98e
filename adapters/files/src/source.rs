//! Takes each content that appears in the directory once.
//!
//! A file is known by the SHA-256 of its content: the same content under another name, or touched again, is noted
//! and not read; other content under a known name is read as new, also content that the name had before the last. What
//! is known and unchanged by size and time is not even opened. The checkpoint names the file at hand, its digest and the
//! rows taken, so a run goes on in the middle of a file as long as its content is the same. A file that changes while it
//! is read ends the run; nothing of the page at hand is kept, and the next run takes the new content.
//!
//! Where the files are a picture of the whole source, a run looks once which files there are. If any is new it reads
//! either all of them or the last in order, and nothing unless all are complete. What it has read is moved to the
//! archive by the run after: the hub counts a picture as taken only once it knows what is missing in it.
//!
//! All work with files is blocking and runs on tokio's blocking threads. The state is behind a mutex, so a pull that
//! was given up (its future dropped) ends by itself before the next begins.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io::{self, Seek};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use adapter::{
    Checkpoint, Fault, FaultKind, FileSeen, FileState, PAGE_BYTES_MAX, Page, Picture, Place, Source, SourceError,
    Words, count, path_below,
};
use async_trait::async_trait;
use formats::Reader;
use serde::{Deserialize, Serialize};
use tracing::{info, warn};

use crate::config::{After, FilesSourceConfig};
use crate::listing::{FILES_MAX, Listed, Listing, Stamp, in_order, list, markers, unix_us};
use crate::trouble::{Act, broken_off, source_error};
use crate::{archive, digest};

/// Files that one page may finish, so that ten thousand small files do not make a page that never ends.
const PAGE_FILES_MAX: usize = 200;
/// Longest time for which a run waits to see whether fresh files are stable; with a longer rule, the next run looks.
const WAIT_MS_MAX: u64 = 10_000;

/// Pulls rows from the files of a directory.
pub struct FilesSource {
    work: Arc<Mutex<Work>>,
}

impl FilesSource {
    /// Watches the directory that `config` names; relative paths start at `base`.
    ///
    /// `seen` are the files that were taken before, in that order. To read all of them again, give none, and pull from
    /// an empty checkpoint. `picture`: what shows the whole source, if anything does; such a run begins with an empty
    /// checkpoint.
    pub fn open(
        config: FilesSourceConfig,
        base: &Path,
        seen: Vec<FileSeen>,
        picture: Option<Picture>,
    ) -> Result<Self, SourceError> {
        let root = path_below(base, &config.path);
        let archive = match &config.after {
            After::Leave => None,
            After::Archive(path) => Some(path_below(base, path)),
        };
        let work = Work {
            root,
            archive,
            config,
            picture,
            is_listed: false,
            seen: Seen::new(seen),
            queue: VecDeque::new(),
            current: None,
            last: Checkpoint::default(),
            asked: Checkpoint::default(),
            finished: Vec::new(),
            fresh: Vec::new(),
            given: Vec::new(),
            aside: HashSet::new(),
            trouble: None,
            is_archive_full: false,
            fresh_files: None,
        };
        Ok(Self { work: Arc::new(Mutex::new(work)) })
    }

    async fn blocking<T: Send + 'static>(
        &self,
        act: impl FnOnce(&mut Work) -> Result<T, SourceError> + Send + 'static,
    ) -> Result<T, SourceError> {
        let work = Arc::clone(&self.work);
        // A panic leaves the state as it was at some step; the checkpoint given with the next pull sets it right.
        let task = tokio::task::spawn_blocking(move || act(&mut work.lock().unwrap_or_else(PoisonError::into_inner)));
        task.await.unwrap_or_else(|error| {
            let (message, hint) = broken_off(&error);
            Err(SourceError::Unavailable { message, hint })
        })
    }
}

#[async_trait]
impl Source for FilesSource {
    async fn check(&mut self) -> Result<Vec<Words>, SourceError> {
        self.blocking(|work| work.check()).await
    }

    async fn pull(&mut self, after: &Checkpoint) -> Result<Option<Page>, SourceError> {
        loop {
            let from = after.clone();
            match self.blocking(move |work| work.pull(&from)).await? {
                Pulled::Page(page) => return Ok(Some(*page)),
                Pulled::Nothing => return Ok(None),
                Pulled::Wait(time) => tokio::time::sleep(time).await,
            }
        }
    }

    async fn set_aside(&mut self) -> Result<(), SourceError> {
        self.blocking(|work| {
            work.set_aside();
            Ok(())
        })
        .await
    }

    async fn confirmed(&mut self) -> Result<(), SourceError> {
        self.blocking(|work| {
            work.confirmed();
            Ok(())
        })
        .await
    }
}

/// What was taken before.
#[derive(Default)]
struct Seen {
    /// What each name was taken with last.
    names: HashMap<String, Last>,
    /// How many names were taken with this content last.
    contents: HashMap<String, usize>,
    /// The content that was read last of all.
    newest: String,
}

struct Last {
    digest: String,
    stamp: Stamp,
    state: FileState,
}

impl Seen {
    fn new(files: Vec<FileSeen>) -> Self {
        let mut seen = Self::default();
        files.iter().for_each(|file| seen.add(file));
        seen
    }

    fn add(&mut self, file: &FileSeen) {
        let stamp = Stamp { size: file.size, modified_us: file.modified_us };
        let last = Last { digest: file.digest.clone(), stamp, state: file.state };
        if let Some(before) = self.names.insert(file.name.clone(), last) {
            self.contents.entry(before.digest).and_modify(|names| *names = names.saturating_sub(1));
        }
        *self.contents.entry(file.digest.clone()).or_default() += 1;
        if file.state == FileState::Read {
            self.newest.clone_from(&file.digest);
        }
    }

    fn is_unchanged(&self, file: &Listed) -> bool {
        self.names.get(&file.name).is_some_and(|last| last.stamp == file.stamp)
    }

    /// A name that was taken is known by its last content alone: what it had earlier is news again.
    fn is_known(&self, name: &str, digest: &str) -> bool {
        match self.names.get(name) {
            Some(last) => last.digest == digest,
            None => self.contents.get(digest).is_some_and(|names| *names > 0),
        }
    }

    /// How a known file is noted: one that was passed over and touched was never read.
    fn noted(&self, name: &str, digest: &str) -> FileState {
        match self.names.get(name) {
            Some(last) if last.digest == digest && last.state == FileState::PassedOver => FileState::PassedOver,
            _ => FileState::Known,
        }
    }
}

/// A file to be opened, and what for.
struct Wanted {
    file: Listed,
    why: Why,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// To be read unless its content is known.
    New,
    /// A part of the picture: to be read whatever is known.
    Part,
    /// To be read unless it is the picture that was read last.
    Newest,
    /// A later file is the picture: to be noted only.
    PassOver,
}

/// A checkpoint in the middle of a file. Between files it is empty: what was taken is known by `seen`.
#[derive(Debug, Serialize, Deserialize)]
struct Middle {
    file: String,
    digest: String,
    /// Rows of the file that were taken, broken ones included.
    row: u64,
}

/// The file at hand.
struct Current {
    file: Listed,
    digest: String,
    /// The same open file, to see whether it changes while it is read.
    handle: File,
    reader: Reader,
}

/// What a listing found.
struct New {
    /// Known by size and time.
    known: Vec<Listed>,
    /// Complete, and to be opened.
    ready: Vec<Listed>,
    /// How many others are not complete yet.
    unready: usize,
}

/// What a step of pulling came to.
enum Pulled {
    Page(Box<Page>),
    Nothing,
    /// Fresh files are there: look again after this time whether they still change.
    Wait(Duration),
}

struct Work {
    config: FilesSourceConfig,
    root: PathBuf,
    archive: Option<PathBuf>,
    picture: Option<Picture>,
    /// True: the one listing of a run that reads a picture is done.
    is_listed: bool,
    seen: Seen,
    queue: VecDeque<Wanted>,
    current: Option<Current>,
    /// The checkpoint of the last page: if the next pull begins elsewhere, the reader at hand is of no use.
    last: Checkpoint,
    /// The checkpoint after which the last page was asked for.
    asked: Checkpoint,
    /// Read to their end with the last page; moved once that is confirmed.
    finished: Vec<Listed>,
    /// What the last page says of files; known from the moment it is confirmed.
    fresh: Vec<FileSeen>,
    /// Names of the files whose rows the last page has.
    given: Vec<String>,
    /// Names of files that this run passes over; the last of the troubles is told when the others are done.
    aside: HashSet<String>,
    trouble: Option<SourceError>,
    /// True: a file could not be moved into the archive, and the others are left to the next run.
    is_archive_full: bool,
    /// When what was listed before a wait, to be compared with what is listed after it.
    fresh_files: Option<(Instant, Vec<Listed>)>,
}

impl Work {
    fn check(&mut self) -> Result<Vec<Words>, SourceError> {
        let listing = self.list()?;
        let new = listing.files.iter().filter(|file| !self.seen.is_unchanged(file)).count();
        let (shown, all) = (self.root.display(), listing.files.len());
        let mut lines = vec![Words::new(
            format!("目录 {shown}：{all} 个文件相符，其中 {new} 个是新的，{} 个已收过", all - new),
            format!("directory {shown}: {} matched, {new} new, {} known", count(all, "file", "files"), all - new),
        )];
        if listing.unfinished > 0 {
            let n = listing.unfinished;
            lines.push(Words::new(
                format!("{n} 个文件按 `ready` 规则尚未写完"),
                format!("{} not complete yet by the rule `ready`", count(n, "file", "files")),
            ));
        }
        if listing.left_out > 0 {
            let n = listing.left_out;
            lines.push(Words::new(
                format!("另有 {n} 个文件超出一次列举的数量，之后再取"),
                format!(
                    "{} too many for one listing, to be taken after these",
                    count(n, "file more is", "files more are")
                ),
            ));
        }
        if listing.links > 0 {
            let n = listing.links;
            lines.push(Words::new(
                format!("{n} 个符号链接被略过"),
                format!("{} passed over", count(n, "symbolic link", "symbolic links")),
            ));
        }
        for file in listing.files.iter().filter(|file| !self.seen.is_unchanged(file)).take(1) {
            File::open(&file.path).map_err(|error| source_error(Act::ReadFile, &file.path, &error))?;
        }
        if let Some(archive) = &self.archive {
            archive::check(archive).map_err(|error| source_error(Act::Archive, archive, &error))?;
            let shown = archive.display();
            lines.push(Words::new(format!("归档目录 {shown}：可以写入"), format!("archive {shown}: can be written")));
        }
        Ok(lines)
    }

    fn pull(&mut self, after: &Checkpoint) -> Result<Pulled, SourceError> {
        let result = self.pull_page(after);
        if result.is_err() {
            // Nothing of the page at hand is kept.
            self.forget();
        }
        result
    }

    fn forget(&mut self) {
        self.current = None;
        self.is_listed = false;
        self.fresh_files = None;
        self.queue.clear();
        self.fresh.clear();
        self.finished.clear();
    }

    fn pull_page(&mut self, after: &Checkpoint) -> Result<Pulled, SourceError> {
        let mut page = Page::default();
        if *after != self.last || !self.fresh.is_empty() {
            self.forget();
        }
        if self.current.is_none() {
            self.resume(after, &mut page)?;
        }
        let rows_max = self.config.batch_rows_max;
        while page.files.len() < PAGE_FILES_MAX {
            if self.current.is_none() && !self.open_next(&mut page)? {
                break;
            }
            let Some(current) = &mut self.current else { continue };
            let path = current.file.path.clone();
            let trouble = |error: io::Error| source_error(Act::ReadFile, &path, &error);
            if !current.reader.fits(&page.rows).map_err(trouble)? {
                break;
            }
            if !current.reader.next(&mut page.rows, rows_max, PAGE_BYTES_MAX).map_err(trouble)? {
                self.finish(&mut page)?;
            }
            if page.rows.len() >= rows_max || page.rows.size() >= PAGE_BYTES_MAX {
                break;
            }
        }
        if page.rows.is_empty() && page.files.is_empty() {
            if self.fresh_files.is_some() {
                self.last = after.clone();
                return Ok(Pulled::Wait(Duration::from_millis(self.config.ready.stable_ms())));
            }
            return match self.trouble.take() {
                Some(trouble) => Err(trouble),
                None => Ok(Pulled::Nothing),
            };
        }
        page.checkpoint = self.checkpoint();
        self.given.clone_from(&page.rows.files);
        page.last = self.current.is_none() && self.queue.is_empty() && self.fresh_files.is_none();
        self.asked = after.clone();
        self.last = page.checkpoint.clone();
        Ok(Pulled::Page(Box::new(page)))
    }

    fn checkpoint(&self) -> Checkpoint {
        let Some(current) = &self.current else { return Checkpoint::default() };
        let middle =
            Middle { file: current.file.name.clone(), digest: current.digest.clone(), row: current.reader.rows_read() };
        Checkpoint(serde_json::to_string(&middle).expect("strings and a number always serialise"))
    }

    /// Takes up the file that a checkpoint stands in. A file that has changed since is read anew.
    fn resume(&mut self, after: &Checkpoint, page: &mut Page) -> Result<(), SourceError> {
        if after.0.is_empty() {
            return Ok(());
        }
        let middle: Middle = serde_json::from_str(&after.0).map_err(|error| SourceError::Config {
            message: Words::new(
                format!("该任务的断点不是文件来源的断点（{error}）"),
                format!("the checkpoint of this job is not one of files: {error}"),
            ),
            hint: Words::new(
                "如果该任务以前读的是另一类来源，请给它换一个名称",
                "if the job read another kind of source before, give it a new name",
            ),
        })?;
        if self.aside.contains(&middle.file) {
            return Ok(());
        }
        let Some(file) = self.list()?.files.into_iter().find(|file| file.name == middle.file) else {
            warn!(file = middle.file, rows = middle.row, "A file went away while it was being read.");
            let file = page.rows.files.len() as u32;
            page.rows.files.push(middle.file);
            let rows = count(middle.row, "row", "rows");
            let what = Words::new(
                format!("已收下 {} 行后，文件不见了", middle.row),
                format!("the file went away after {rows} had been taken"),
            );
            let hint = Words::new(
                "请以原名放回：会从头读取，已收下的行会被认出",
                "put it back under its name: it is read from its beginning, and rows that were taken are recognised",
            );
            let args = vec![what.to_text(), hint.to_text()];
            page.rows.push_broken(
                Place { file, ..Place::default() },
                Fault { kind: FaultKind::FileUnreadable, args },
                b"",
            );
            return Ok(());
        };
        self.open(Wanted { file, why: Why::New }, page)?;
        let Some(current) = &mut self.current else { return Ok(()) };
        if current.digest != middle.digest {
            info!(file = current.file.name, "A file has changed since it was half read; it is read anew.");
            return Ok(());
        }
        let path = current.file.path.clone();
        let trouble = |error: io::Error| source_error(Act::ReadFile, &path, &error);
        if !current.reader.skip(middle.row).map_err(trouble)? {
            warn!(file = current.file.name, "A file has fewer rows than were taken; it is read anew.");
            current.reader = reader(&self.config, &current.file, &current.handle).map_err(trouble)?;
        }
        Ok(())
    }

    /// Opens the next file that is to be read. False: there is none now.
    fn open_next(&mut self, page: &mut Page) -> Result<bool, SourceError> {
        if self.queue.is_empty() {
            self.queue = self.list_wanted()?.into();
        }
        let Some(wanted) = self.queue.pop_front() else { return Ok(false) };
        self.open(wanted, page)?;
        Ok(true)
    }

    /// Opens a file unless it need not be read; then that is noted in the page.
    fn open(&mut self, Wanted { file, why }: Wanted, page: &mut Page) -> Result<(), SourceError> {
        match self.try_open(&file) {
            Ok(Some(current)) => {
                let noted = match why {
                    Why::PassOver => Some(FileState::PassedOver),
                    Why::Part => None,
                    Why::Newest => (self.seen.newest == current.digest).then_some(FileState::Known),
                    Why::New => self.is_known(&current).then(|| self.seen.noted(&file.name, &current.digest)),
                };
                let Some(state) = noted else {
                    self.current = Some(current);
                    return Ok(());
                };
                info!(file = file.name, ?state, "A file is not read.");
                let seen = file_seen(&current, 0, state);
                self.done(current.file, seen, page);
                Ok(())
            }
            Ok(None) if matches!(why, Why::Part | Why::Newest) => Err(not_whole(&file.name)),
            Ok(None) => {
                self.aside.insert(file.name);
                Ok(())
            }
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                self.aside.insert(file.name.clone());
                self.trouble = Some(source_error(Act::ReadFile, &file.path, &error));
                Ok(())
            }
            Err(error) => Err(source_error(Act::ReadFile, &file.path, &error)),
        }
    }

    /// By what was taken before, and by the page at hand.
    fn is_known(&self, current: &Current) -> bool {
        match self.fresh.iter().rev().find(|file| file.name == current.file.name) {
            Some(last) => last.digest == current.digest,
            None => {
                self.seen.is_known(&current.file.name, &current.digest)
                    || !self.seen.names.contains_key(&current.file.name)
                        && self.fresh.iter().any(|file| file.digest == current.digest)
            }
        }
    }

    /// None: it is not there any more, or not the file that was listed.
    fn try_open(&self, file: &Listed) -> io::Result<Option<Current>> {
        let mut handle = match File::open(&file.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other?,
        };
        if !is_the_listed(&file.path, &handle)? {
            return Ok(None);
        }
        let stamp = Stamp::of(&handle.metadata()?)?;
        let (digest, _) = digest::of_reader(&mut handle)?;
        let file = Listed { stamp, ..file.clone() };
        let reader = reader(&self.config, &file, &handle)?;
        Ok(Some(Current { file, digest, handle, reader }))
    }

    /// The file at hand is read to its end.
    fn finish(&mut self, page: &mut Page) -> Result<(), SourceError> {
        let Some(current) = self.current.take() else { return Ok(()) };
        let now = current.handle.metadata().and_then(|m| Stamp::of(&m));
        let now = now.map_err(|error| source_error(Act::ReadFile, &current.file.path, &error))?;
        if now != current.file.stamp {
            return Err(SourceError::Unavailable {
                message: Words::new(
                    format!("文件 `{}` 在读取时有变化", current.file.name),
                    format!("the file `{}` changed while it was read", current.file.name),
                ),
                hint: Words::new(
                    "下次运行会读取新内容；如果反复出现，请对方先用别的名称写完再改名，或加长 `ready.stable_ms`",
                    "the next run takes its new content; if this comes again, have the sender write under another \
                     name and rename, or lengthen `ready.stable_ms`",
                ),
            });
        }
        let seen = file_seen(&current, current.reader.rows_read(), FileState::Read);
        self.done(current.file, seen, page);
        Ok(())
    }

    fn done(&mut self, file: Listed, seen: FileSeen, page: &mut Page) {
        self.finished.push(file);
        self.fresh.push(seen.clone());
        page.files.push(seen);
    }

    fn list(&self) -> Result<Listing, SourceError> {
        list(&self.config, &self.root, self.archive.as_deref(), |file| self.seen.is_unchanged(file), FILES_MAX)
    }

    /// What is to be opened now. None, with `fresh_files` set: look again later.
    fn list_wanted(&mut self) -> Result<Vec<Wanted>, SourceError> {
        if self.is_listed {
            return Ok(Vec::new());
        }
        let Some(picture) = self.picture else {
            let wanted = |file| Wanted { file, why: Why::New };
            return Ok(self.list_new()?.ready.into_iter().map(wanted).collect());
        };
        let New { known, ready, unready } = self.list_new()?;
        if self.fresh_files.is_some() {
            return Ok(Vec::new());
        }
        self.is_listed = true;
        match picture {
            Picture::All => self.whole(known, ready, unready),
            Picture::Last => Ok(self.last_of(known, ready)),
        }
    }

    /// All files there are, if any has other content than before.
    fn whole(&self, known: Vec<Listed>, ready: Vec<Listed>, unready: usize) -> Result<Vec<Wanted>, SourceError> {
        let mut is_new = false;
        for file in &ready {
            let opened = self.try_open(file).map_err(|error| source_error(Act::ReadFile, &file.path, &error))?;
            let Some(current) = opened else { return Err(not_whole(&file.name)) };
            is_new |= !self.seen.is_known(&file.name, &current.digest);
        }
        if !is_new {
            return Ok(ready.into_iter().map(|file| Wanted { file, why: Why::New }).collect());
        }
        if unready > 0 {
            return Err(SourceError::Unavailable {
                message: Words::new(
                    format!("有 {unready} 个文件尚未写完，看不到来源的全貌"),
                    format!(
                        "{} not complete yet, so the whole source does not show",
                        count(unready, "file is", "files are")
                    ),
                ),
                hint: Words::new(
                    "下次运行会全部读取；对方已放弃的文件请移走",
                    "the next run reads all of them; remove a file that its writer has given up",
                ),
            });
        }
        // Where an archive takes what was read, what is known is on its way there.
        let stays = if self.archive.is_some() { Vec::new() } else { known };
        let mut files: Vec<Listed> = ready.into_iter().chain(stays).collect();
        in_order(self.config.order, &mut files);
        Ok(files.into_iter().map(|file| Wanted { file, why: Why::Part }).collect())
    }

    /// The last file in order, if it is new; those before it are noted.
    fn last_of(&self, known: Vec<Listed>, ready: Vec<Listed>) -> Vec<Wanted> {
        let mut all: Vec<Listed> = ready.iter().cloned().chain(known).collect();
        in_order(self.config.order, &mut all);
        let last = all.pop();
        let why = |file: &Listed| if Some(file) == last.as_ref() { Why::Newest } else { Why::PassOver };
        ready.into_iter().map(|file| Wanted { why: why(&file), file }).collect()
    }

    /// Files that are not known by size and time, apart those that are complete. None, with `fresh_files` set: look
    /// again later.
    fn list_new(&mut self) -> Result<New, SourceError> {
        let listing = self.list()?;
        let (unfinished, left_out) = (listing.unfinished, listing.left_out);
        let (known, mut files) = self.split(listing);
        // Files whose rows are safe, and which a crash kept from being moved.
        self.archive(&known);
        let found = files.len();
        let stable_ms = self.config.ready.stable_ms();
        let now_us = unix_us(SystemTime::now());
        let stable_us = stable_ms as i64 * 1_000;
        let age_us = |file: &Listed| now_us.saturating_sub(file.changed_us(now_us));
        let is_old = |file: &Listed| age_us(file) >= stable_us;
        let before = self.fresh_files.take();
        if stable_ms > 0 && !files.iter().all(is_old) {
            match before {
                // Seen while another file was being read, and asked for again too soon.
                Some((since, before)) if since.elapsed() < Duration::from_millis(stable_ms) => {
                    self.fresh_files = Some((since, before));
                    files.clear();
                }
                Some((_, before)) => files.retain(|file| before.contains(file)),
                None if stable_ms <= WAIT_MS_MAX => {
                    self.fresh_files = Some((Instant::now(), std::mem::take(&mut files)));
                }
                None => {
                    if let Some(file) = files.iter().find(|file| age_us(file) < -stable_us) {
                        self.trouble = Some(dated_ahead(&file.name));
                    }
                    files.retain(is_old);
                }
            }
        }
        if left_out > 0 {
            info!(left_out, "{left_out} files are left to the next listing.");
        }
        Ok(New { known, unready: unfinished + left_out + found - files.len(), ready: files })
    }

    /// The files of the last page are passed over in this run. What else that page noted is noted again by the next.
    fn set_aside(&mut self) {
        self.aside.extend(self.given.drain(..));
        let queue = std::mem::take(&mut self.queue);
        let is_listed = self.is_listed;
        self.forget();
        self.last = self.asked.clone();
        // A picture is listed once; an ordinary run lists again.
        if self.picture.is_some() {
            (self.queue, self.is_listed) = (queue, is_listed);
        }
    }

    /// What is known and unchanged, and what is to be read; a file of the page at hand or set aside is neither.
    fn split(&self, listing: Listing) -> (Vec<Listed>, Vec<Listed>) {
        let open = |file: &Listed| !self.finished.contains(file) && !self.aside.contains(&file.name);
        let (known, new): (Vec<_>, Vec<_>) = listing.files.into_iter().partition(|f| self.seen.is_unchanged(f));
        (known, new.into_iter().filter(open).collect())
    }

    fn confirmed(&mut self) {
        self.fresh.drain(..).for_each(|file| self.seen.add(&file));
        let finished = std::mem::take(&mut self.finished);
        if self.picture.is_none() {
            self.archive(&finished);
        }
    }

    /// Moves files whose rows are safe. Where that fails, the run goes on reading, tries no other, and says so at its
    /// end; they are moved by the next.
    fn archive(&mut self, files: &[Listed]) {
        let Some(archive) = &self.archive else { return };
        for file in files {
            if self.is_archive_full {
                return;
            }
            if let Err(error) = put(archive, &self.root, &self.config, file) {
                warn!(file = file.name, %error, "A file cannot be moved into the archive.");
                self.trouble = Some(source_error(Act::Archive, archive, &error));
                self.is_archive_full = true;
            }
        }
    }
}

/// Moves a file into the archive, and its marker after it.
fn put(archive: &Path, root: &Path, config: &FilesSourceConfig, file: &Listed) -> io::Result<()> {
    archive::put(archive, file, SystemTime::now())?;
    let Some(marker) = &config.ready.marker else { return Ok(()) };
    markers(&file.name, marker).iter().try_for_each(|name| archive::put_marker(archive, &root.join(name), name))
}

fn file_seen(current: &Current, rows: u64, state: FileState) -> FileSeen {
    FileSeen {
        name: current.file.name.clone(),
        digest: current.digest.clone(),
        size: current.file.stamp.size,
        modified_us: current.file.stamp.modified_us,
        rows,
        state,
    }
}

fn dated_ahead(name: &str) -> SourceError {
    SourceError::Unavailable {
        message: Words::new(
            format!("文件 `{name}` 的时间在未来，无法判断它是否还在变化"),
            format!("the file `{name}` is dated in the future, so nobody can tell whether it still changes"),
        ),
        hint: Words::new(
            "请校准写入方或共享目录的时钟；其他文件已收下",
            "set the clock of its writer or of its share right; the other files were taken",
        ),
    }
}

fn not_whole(name: &str) -> SourceError {
    SourceError::Unavailable {
        message: Words::new(
            format!("文件 `{name}` 有变化或被移走，没有读到来源的全貌"),
            format!("the file `{name}` was changed or taken away, so the whole source was not read"),
        ),
        hint: Words::new("下次运行读取届时的文件", "the next run reads what is there then"),
    }
}

fn reader(config: &FilesSourceConfig, file: &Listed, handle: &File) -> io::Result<Reader> {
    let mut input = handle.try_clone()?;
    input.rewind()?;
    Ok(formats::open(&config.format, &file.name, Box::new(input)))
}

/// True: what was opened is the plain file of that name, and not where a link put there meanwhile leads to.
#[cfg(unix)]
fn is_the_listed(path: &Path, handle: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let (named, opened) = (std::fs::symlink_metadata(path)?, handle.metadata()?);
    Ok(named.is_file() && (named.dev(), named.ino()) == (opened.dev(), opened.ino()))
}

#[cfg(not(unix))]
fn is_the_listed(path: &Path, _: &File) -> io::Result<bool> {
    Ok(std::fs::symlink_metadata(path)?.is_file())
}
