//! What a made-up department writes, drawn from the seed: the only truth that the judge knows of the source's side.
//!
//! Three datasets, each the required parent of the next (`TOP`, `MID`, `LEAF`), and one that is read as whole
//! snapshots (`LIST`). Every record has a few states, each with a version of its own, and they come in files whose
//! order is not quite theirs: parents after children, old states after new ones, rows twice, rows that are bad.

use std::collections::{BTreeMap, HashSet};

use fastrand::Rng;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Dataset {
    Top,
    Mid,
    Leaf,
    List,
}

impl Dataset {
    pub(crate) const ALL: [Self; 4] = [Self::Top, Self::Mid, Self::Leaf, Self::List];

    /// Its code in the schema.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::Top => "TOP",
            Self::Mid => "MID",
            Self::Leaf => "LEAF",
            Self::List => "LIST",
        }
    }

    /// How its files, its mapping and its job begin.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Top => "top",
            Self::Mid => "mid",
            Self::Leaf => "leaf",
            Self::List => "list",
        }
    }

    pub(crate) fn mapping(self) -> String {
        format!("dept/{}", self.word())
    }

    pub(crate) fn parent(self) -> Option<Self> {
        match self {
            Self::Mid => Some(Self::Top),
            Self::Leaf => Some(Self::Mid),
            Self::Top | Self::List => None,
        }
    }

    pub(crate) fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.code() == code)
    }
}

/// A record of the source: dataset and the source's own key.
pub(crate) type Identity = (Dataset, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum What {
    Good,
    Withdraw,
    /// Readable, with an identity, and refused.
    Bad,
    /// Too few cells: nobody can tell which record it is.
    Broken,
}

/// One state of one record, as the source writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) dataset: Dataset,
    pub(crate) id: String,
    pub(crate) version: u32,
    pub(crate) what: What,
    pub(crate) code: String,
    pub(crate) parent: String,
    /// Different for every state with other content, so that a target's record tells which state it is.
    pub(crate) name: String,
}

impl Row {
    pub(crate) fn identity(&self) -> Identity {
        (self.dataset, self.id.clone())
    }

    fn line(&self) -> String {
        let Self { id, version, code, parent, name, .. } = self;
        match self.what {
            What::Broken => format!("{id}\n"),
            What::Withdraw => format!("{id},{version},{code},{parent},{name},1\n"),
            What::Good | What::Bad => format!("{id},{version},{code},{parent},{name},0\n"),
        }
    }
}

pub(crate) const HEADER: &str = "ID,V,CODE,PARENT,NAME,DEL\n";

/// How a file comes into the directory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// Written under another name, then renamed.
    Renamed,
    /// Half of it is written under another name and taken away again; then all of it comes.
    Begun,
    /// Half of it is there under its name, and the rest follows at once.
    Halves,
}

#[derive(Debug, Clone)]
pub(crate) struct Drop {
    pub(crate) dataset: Dataset,
    pub(crate) file: String,
    /// Earliest step of the feeder.
    pub(crate) slot: usize,
    pub(crate) rows: Vec<Row>,
    pub(crate) manner: Manner,
    /// The same bytes came before under another name.
    pub(crate) known: bool,
}

impl Drop {
    pub(crate) fn text(&self) -> String {
        self.rows.iter().fold(HEADER.to_owned(), |text, row| text + &row.line())
    }
}

/// Everything that the source writes.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// In the order in which they come.
    pub(crate) drops: Vec<Drop>,
    pub(crate) slots: usize,
    /// The snapshot that comes last, when all else is quiet.
    pub(crate) last: Drop,
}

/// How much a history holds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    pub(crate) slots: usize,
    pub(crate) tops: usize,
    pub(crate) mids: usize,
    pub(crate) leaves: usize,
}

impl History {
    pub(crate) fn draw(rng: &mut Rng, size: Size) -> Self {
        let mut files: BTreeMap<(usize, Dataset), Vec<Row>> = BTreeMap::new();
        for (dataset, count) in [(Dataset::Top, size.tops), (Dataset::Mid, size.mids), (Dataset::Leaf, size.leaves)] {
            let parents = match dataset.parent() {
                Some(Dataset::Top) => size.tops,
                _ => size.mids,
            };
            for n in 0..count {
                let states = states(rng, dataset, n, count, parents);
                let mut slot = rng.usize(0..(size.slots * 2).div_ceil(3));
                for state in states {
                    // One in eight comes out of its order.
                    let at = if rng.u8(0..8) == 0 { rng.usize(0..size.slots) } else { slot };
                    files.entry((at, dataset)).or_default().push(state.clone());
                    if rng.u8(0..12) == 0 {
                        // The same row once more, later.
                        let again = rng.usize(at..size.slots);
                        files.entry((again, dataset)).or_default().push(state);
                    }
                    slot = (slot + rng.usize(0..=size.slots / 4)).min(size.slots - 1);
                }
            }
        }
        let mut drops = Vec::new();
        for ((slot, dataset), mut rows) in files {
            rng.shuffle(&mut rows);
            if rng.u8(0..10) == 0 {
                let at = rng.usize(0..=rows.len());
                rows.insert(at, broken(rng, dataset));
            }
            let manner = match rng.u8(0..10) {
                0 => Manner::Begun,
                1 | 2 => Manner::Halves,
                _ => Manner::Renamed,
            };
            let file = format!("{}-{slot:03}.csv", dataset.word());
            let drop = Drop { dataset, file, slot, rows, manner, known: false };
            if rng.u8(0..10) == 0 {
                let slot = rng.usize(slot..size.slots);
                let file = format!("{}-{slot:03}-again-{}.csv", dataset.word(), drops.len());
                drops.push(Drop { slot, file, known: true, manner: Manner::Renamed, ..drop.clone() });
            }
            drops.push(drop);
        }
        let mut shown = Vec::new();
        for slot in (0..size.slots).filter(|slot| slot % 3 == 1) {
            shown = snapshot(rng, slot, &shown);
            let file = format!("list-{slot:03}.csv");
            let rows = shown.clone();
            drops.push(Drop { dataset: Dataset::List, file, slot, rows, manner: Manner::Renamed, known: false });
        }
        // A copy that comes in the slot of its original is written after it.
        drops.sort_by_key(|d| (d.slot, d.known));
        let rows = snapshot(rng, size.slots, &shown);
        let last = Drop {
            dataset: Dataset::List,
            file: "list-last.csv".into(),
            slot: size.slots,
            rows,
            manner: Manner::Renamed,
            known: false,
        };
        Self { drops, slots: size.slots, last }
    }

    /// Every file whose bytes had not come before: a row that comes again alone makes the same file once more.
    pub(crate) fn contents(&self) -> impl Iterator<Item = &Drop> {
        let mut seen = HashSet::new();
        self.drops.iter().chain([&self.last]).filter(move |d| !d.known && seen.insert((d.dataset, d.text())))
    }

    /// Rows by record, in the order of versions; of snapshots only the last.
    pub(crate) fn records(&self) -> BTreeMap<Identity, Vec<&Row>> {
        let mut records: BTreeMap<Identity, Vec<&Row>> = BTreeMap::new();
        for drop in self.contents() {
            for row in drop.rows.iter().filter(|r| r.what != What::Broken) {
                records.entry(row.identity()).or_default().push(row);
            }
        }
        for rows in records.values_mut() {
            rows.sort_by_key(|r| r.version);
            rows.dedup();
        }
        records
    }
}

pub(crate) fn code_of(dataset: Dataset, n: usize) -> String {
    format!("{}{n}", &dataset.code()[..1])
}

/// The states of one record, in their order.
fn states(rng: &mut Rng, dataset: Dataset, n: usize, count: usize, parents: usize) -> Vec<Row> {
    let id = format!("{}{n}", dataset.word());
    let (mut version, mut states) = (0, Vec::<Row>::new());
    let mut parent = parent_code(rng, dataset, parents);
    for step in 0..rng.usize(1..=5) {
        version += rng.u32(1..=3);
        if step > 0 && rng.u8(0..6) == 0 {
            parent = parent_code(rng, dataset, parents);
        }
        let code = match (dataset, rng.u8(0..100)) {
            // Somebody else's key.
            (Dataset::Leaf, 0..8) => code_of(dataset, rng.usize(0..count)),
            // A key of its own that it had not before.
            (_, 8..13) => format!("{}-{version}", code_of(dataset, n)),
            _ => code_of(dataset, n),
        };
        let what = match (rng.u8(0..100), step) {
            (0..10, _) => What::Bad,
            (10..14, 0) | (10..30, 1..) => What::Withdraw,
            _ => What::Good,
        };
        let unchanged = states.last().filter(|r| r.what == What::Good && what == What::Good && rng.u8(0..7) == 0);
        let row = match unchanged {
            Some(before) => Row { version, ..before.clone() },
            None => {
                let refused = if rng.u8(0..25) == 0 { "-refuse" } else { "" };
                let name = match what {
                    What::Bad if rng.bool() => format!("{id}.{version}{}", "-too-long".repeat(8)),
                    _ => format!("{id}.{version}{refused}"),
                };
                let code = if what == What::Bad && name.len() < NAME_MAX { String::new() } else { code };
                Row { dataset, id: id.clone(), version, what, code, parent: parent.clone(), name }
            }
        };
        states.push(row);
    }
    states
}

/// Longest name that the schema takes.
pub(crate) const NAME_MAX: usize = 40;

fn parent_code(rng: &mut Rng, dataset: Dataset, parents: usize) -> String {
    match dataset.parent() {
        None => String::new(),
        Some(parent) if rng.u8(0..25) == 0 => format!("{}-never", code_of(parent, rng.usize(0..parents))),
        Some(parent) => code_of(parent, rng.usize(0..parents)),
    }
}

fn broken(rng: &mut Rng, dataset: Dataset) -> Row {
    let id = format!("broken-{:x}", rng.u32(..));
    Row { dataset, id, version: 0, what: What::Broken, code: String::new(), parent: String::new(), name: String::new() }
}

/// The next whole reading: some of what was there stays, some is gone, some is new, some is changed.
fn snapshot(rng: &mut Rng, slot: usize, before: &[Row]) -> Vec<Row> {
    let mut rows: Vec<Row> = before.iter().filter(|_| rng.u8(0..5) > 0).cloned().collect();
    for n in 0..8 {
        let row = list_row(format!("list{n}"), format!("X{n}"), slot);
        match rows.iter_mut().find(|r| r.id == row.id) {
            Some(known) if rng.u8(0..4) == 0 => *known = row,
            Some(_) => {}
            None if rng.bool() => rows.push(row),
            None => {}
        }
    }
    // No two readings are the same.
    rows.retain(|r| r.id != STAMP);
    rows.push(list_row(STAMP.to_owned(), STAMP.to_owned(), slot));
    rows
}

const STAMP: &str = "list-stamp";

fn list_row(id: String, code: String, slot: usize) -> Row {
    let name = format!("{id}.{slot}");
    Row { dataset: Dataset::List, version: 0, what: What::Good, code, parent: String::new(), name, id }
}
