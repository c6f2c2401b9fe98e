//! The whole chain: one thread reads, one maps and writes, one delivers, over one connection that they take in turn.

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Mutex, MutexGuard};
use std::thread::ScopedJoinHandle;

use crate::map;
use crate::meter::{Meter, peak_mib};
use crate::post::Post;
use crate::rows::{self, COLUMNS};
use crate::tables::Tables;
use crate::target::Target;
use crate::{Error, Result};

/// Rows of a batch.
const BATCH_ROWS: usize = 1000;
/// Batches that may lie before normalise.
const AHEAD: usize = 16;

/// How records leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// A thousand a call.
    Batch,
    /// One a call.
    One,
    None,
}

/// What a run came to.
#[derive(Debug, Default)]
pub struct Ran {
    pub rows: usize,
    pub accepted: usize,
    pub unchanged: usize,
    pub delivered: usize,
    pub wall_s: f64,
    /// User and system time of this process.
    pub cpu_s: f64,
    pub peak_mib: u64,
}

/// Takes a file in, makes its records, delivers them to a target at `address`.
pub fn run(
    csv: &Path,
    store: &Path,
    job: &str,
    targets: &[&'static Target],
    address: &str,
    delivery: Delivery,
) -> Result<Ran> {
    let meter = Meter::default();
    let tables = Mutex::new(Tables::open(store, job, targets)?);
    let (published, waiting) = sync_channel(AHEAD);
    let (raised, owed) = channel();
    let mut ran = std::thread::scope(|scope| {
        let tables = &tables;
        // Each thread owns its end, so that whoever waits for it sees when it is done.
        let reader = scope.spawn(move || read(csv, tables, &published));
        let writer = scope.spawn(move || normalise(tables, targets, waiting, raised));
        let delivered = match delivery {
            Delivery::None => owed.iter().map(|()| 0).sum(),
            _ => deliver(tables, address, delivery == Delivery::One, &owed)?,
        };
        Ok::<_, Error>(Ran { rows: joined(reader)?, delivered, ..joined(writer)? })
    })?;
    tables.into_inner().map_err(|_| "a thread died while it wrote")?.close()?;
    (ran.wall_s, ran.cpu_s, ran.peak_mib) = (meter.wall_s(), meter.cpu_s(), peak_mib());
    Ok(ran)
}

fn joined<T>(thread: ScopedJoinHandle<'_, Result<T>>) -> Result<T> {
    thread.join().map_err(|_| Error::from("a thread panicked"))?
}

fn turn(tables: &Mutex<Tables>) -> Result<MutexGuard<'_, Tables>> {
    tables.lock().map_err(|_| "a thread died while it wrote".into())
}

fn read(csv: &Path, tables: &Mutex<Tables>, published: &SyncSender<()>) -> Result<usize> {
    let mut reader = rows::open(csv)?;
    if reader.headers()?.len() != COLUMNS {
        return Err("this is not the workload".into());
    }
    let (mut row, mut packed) = (csv::StringRecord::new(), Vec::with_capacity(2 << 20));
    let (mut all, mut own) = (0, 0);
    loop {
        let more = reader.read_record(&mut row)?;
        if more {
            rows::pack(&mut packed, &row);
            own += 1;
        }
        if own == BATCH_ROWS || (!more && own > 0) {
            let kept = rows::compress(&packed)?;
            turn(tables)?.offer(&kept, own)?;
            published.send(())?;
            packed.clear();
            all += own;
            own = 0;
        }
        if !more {
            return Ok(all);
        }
    }
}

fn normalise(
    tables: &Mutex<Tables>,
    targets: &[&'static Target],
    published: Receiver<()>,
    raised: Sender<()>,
) -> Result<Ran> {
    let (mut ran, mut next) = (Ran::default(), None);
    for () in published {
        let taken = match next.take() {
            Some(batch) => Some(batch),
            None => turn(tables)?.take()?,
        };
        let batch = taken.ok_or("a batch that was published is not there")?;
        let packed = rows::decompress(&batch.rows)?;
        let mut records: Vec<Vec<map::Record>> = targets.iter().map(|_| Vec::with_capacity(BATCH_ROWS)).collect();
        rows::unpack(&packed, |row| {
            for (target, records) in targets.iter().zip(&mut records) {
                records.push(map::record(target, |column| row[column])?);
            }
            Ok(())
        })?;
        let settled = turn(tables)?.normalise(batch.number, &records)?;
        ran.accepted += settled.accepted;
        ran.unchanged += settled.unchanged;
        next = settled.next;
        if settled.accepted > 0 {
            raised.send(())?;
        }
    }
    Ok(ran)
}

/// Delivers whatever is due whenever something was raised.
fn deliver(tables: &Mutex<Tables>, address: &str, one_by_one: bool, owed: &Receiver<()>) -> Result<usize> {
    let post = Post::new(address)?;
    let mut delivered = 0;
    for () in owed {
        while let Some(mut claim) = { turn(tables)?.claim(one_by_one)? } {
            let answers = post.send(&mut claim)?;
            delivered += turn(tables)?.settle(&claim, &answers)?;
        }
    }
    Ok(delivered)
}
