//! Batches: what came in, under a number never reused, and one outcome byte an item for ever.

use rusqlite::OptionalExtension;

use super::{Result, Tx};

/// What became of an item. One byte each is kept for ever, in the order of rows and elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    Accepted,
    Unchanged,
    Superseded,
    Withdrawn,
    Filtered,
    Waiting,
    Quarantined,
    Discarded,
}

impl Outcome {
    pub const ALL: [Self; 8] = [
        Self::Accepted,
        Self::Unchanged,
        Self::Superseded,
        Self::Withdrawn,
        Self::Filtered,
        Self::Waiting,
        Self::Quarantined,
        Self::Discarded,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Unchanged => "unchanged",
            Self::Superseded => "superseded",
            Self::Withdrawn => "withdrawn",
            Self::Filtered => "filtered",
            Self::Waiting => "waiting",
            Self::Quarantined => "quarantined",
            Self::Discarded => "discarded",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|o| o.name() == name)
    }

    fn letter(self) -> u8 {
        match self {
            Self::Accepted => b'a',
            Self::Unchanged => b'u',
            Self::Superseded => b's',
            Self::Withdrawn => b'w',
            Self::Filtered => b'f',
            Self::Waiting => b't',
            Self::Quarantined => b'q',
            Self::Discarded => b'd',
        }
    }
}

/// Packs outcomes: a small letter begins a row, a capital is a further element of the same row, `-` is a row that
/// this mapping did not see. Compressed.
pub fn outcomes_pack(outcomes: &[(u32, u32, Outcome)], rows: u32) -> Vec<u8> {
    let mut out = Vec::with_capacity(outcomes.len().max(rows as usize));
    let mut next_row = 0;
    for &(row, element, outcome) in outcomes {
        if element == 0 {
            out.resize(out.len() + row.saturating_sub(next_row) as usize, b'-');
            next_row = row + 1;
            out.push(outcome.letter());
        } else {
            out.push(outcome.letter().to_ascii_uppercase());
        }
    }
    out.resize(out.len() + rows.saturating_sub(next_row) as usize, b'-');
    zstd::bulk::compress(&out, 1).expect("compressing into memory cannot fail")
}

/// More bytes than a batch can have items: 65,535 rows of at most 1,000 elements each.
const OUTCOMES_BYTES_MAX: usize = 65_535 * 1_000;

/// Reads packed outcomes back as `(row, element, outcome)`; none if they are damaged.
pub fn outcomes_unpack(packed: &[u8]) -> Option<Vec<(u32, u32, Outcome)>> {
    let raw = zstd::stream::decode_all(packed).ok().filter(|r| r.len() <= OUTCOMES_BYTES_MAX)?;
    let (mut out, mut row, mut element) = (Vec::with_capacity(raw.len()), 0u32, 0u32);
    let mut started = false;
    for byte in raw {
        if byte.is_ascii_uppercase() {
            element += 1;
        } else {
            row += u32::from(started);
            element = 0;
        }
        started = true;
        if byte != b'-' {
            let letter = byte.to_ascii_lowercase();
            out.push((row, element, Outcome::ALL.into_iter().find(|o| o.letter() == letter)?));
        }
    }
    Some(out)
}

/// A batch as it is drawn and published.
#[derive(Debug, Clone)]
pub struct BatchWrite {
    pub number: i64,
    pub source: i64,
    pub job: i64,
    pub run: i64,
    /// pull, absent (rows that a whole reading did not meet).
    pub kind: &'static str,
    pub rows: u32,
    pub node: String,
    pub epoch: i64,
    pub read_us: i64,
    /// The packed rows (see `adapter::Rows::encode`).
    pub packed: Vec<u8>,
}

/// Writes a batch and its rows as published: with the table queue the row is the message.
pub async fn batch_publish(tx: &mut Tx, b: BatchWrite) -> Result<()> {
    const ADD: &str = "insert into batch
        (number, source, job, run, kind, state, rows, unmapped, done_to, attempts, node, epoch, read_us, settled_us)
        values ($1, $2, $3, $4, $5, 'published', $6, 0, 0, 0, $7, $8, $9, null)";
    const ROWS: &str = "insert into batch_rows (batch, rows) values ($1, $2)";
    tx.run(move |c| {
        c.execute(ADD, (b.number, b.source, b.job, b.run, b.kind, b.rows, &b.node, b.epoch, b.read_us))?;
        c.execute(ROWS, (b.number, &b.packed)).map(|_| ())
    })
    .await
}

/// A batch as a worker takes it.
#[derive(Debug, Clone)]
pub struct Batch {
    pub number: i64,
    pub source: i64,
    pub job: String,
    pub run: i64,
    pub kind: String,
    pub rows: u32,
    pub attempts: i64,
    pub read_us: i64,
    pub packed: Vec<u8>,
}

/// Attempts after which a batch stands behind all others: one bad batch must not stop the rest.
pub const ATTEMPTS_BEFORE_LAST: i64 = 5;

/// Claims the oldest published batch: the claim is a commit, so that the attempts of a batch that kills the worker
/// are counted.
pub async fn batch_claim(tx: &mut Tx, node: &str, epoch: i64) -> Result<Option<Batch>> {
    const CLAIM: &str = "update batch set attempts = attempts + 1, node = $1, epoch = $2
        where number = (select number from batch where state in ('offered', 'published') and state = 'published'
            order by attempts >= 5, number limit 1)
        returning number";
    const READ: &str = "select b.number, b.source, j.name, b.run, b.kind, b.rows, b.attempts, b.read_us, r.rows
        from batch b join job j on j.id = b.job join batch_rows r on r.batch = b.number where b.number = $1";
    let node = node.to_owned();
    tx.run(move |c| {
        let Some(number) = c.row(CLAIM, (&node, epoch), |r| r.get::<_, i64>(0))? else { return Ok(None) };
        c.row(READ, [number], batch_read)
    })
    .await
}

/// One stored batch, whatever its state.
pub async fn batch_get(tx: &mut Tx, number: i64) -> Result<Option<Batch>> {
    const READ: &str = "select b.number, b.source, j.name, b.run, b.kind, b.rows, b.attempts, b.read_us, r.rows
        from batch b join job j on j.id = b.job join batch_rows r on r.batch = b.number where b.number = $1";
    tx.run(move |c| c.row(READ, [number], batch_read)).await
}

fn batch_read(r: &rusqlite::Row<'_>) -> rusqlite::Result<Batch> {
    Ok(Batch {
        number: r.get(0)?,
        source: r.get(1)?,
        job: r.get(2)?,
        run: r.get(3)?,
        kind: r.get(4)?,
        rows: r.get(5)?,
        attempts: r.get(6)?,
        read_us: r.get(7)?,
        packed: r.get(8)?,
    })
}

/// Marks a batch settled. False: it was settled before, and this is a redelivery.
pub async fn batch_settle(tx: &mut Tx, number: i64, rows: u32, now_us: i64) -> Result<bool> {
    const SETTLE: &str = "update batch set state = 'settled', done_to = $2, settled_us = $3
        where number = $1 and state in ('offered', 'published') returning number";
    tx.run(move |c| {
        let mut statement = c.prepare(SETTLE)?;
        Ok(statement.query_row((number, rows, now_us), |r| r.get::<_, i64>(0)).optional()?.is_some())
    })
    .await
}

/// Keeps how many rows of a batch every mapping filtered.
pub async fn batch_unmapped(tx: &mut Tx, number: i64, unmapped: u32) -> Result<()> {
    const SET: &str = "update batch set unmapped = $2 where number = $1";
    tx.run(move |c| c.execute(SET, (number, unmapped)).map(|_| ())).await
}

/// Batches that wait to be settled: the queue's depth.
pub async fn batch_depth(tx: &mut Tx) -> Result<i64> {
    const COUNT: &str = "select count(*) from batch where state in ('offered', 'published')";
    tx.run(|c| Ok(c.row(COUNT, [], |r| r.get(0))?.unwrap_or_default())).await
}

/// Batches that were tried too often and stand behind all others.
pub async fn batch_stuck(tx: &mut Tx) -> Result<i64> {
    const COUNT: &str = "select count(*) from batch where state in ('offered', 'published') and attempts >= $1";
    tx.run(|c| Ok(c.row(COUNT, [ATTEMPTS_BEFORE_LAST], |r| r.get(0))?.unwrap_or_default())).await
}

/// Jobs with batches that were tried too often, and how many.
pub fn batch_stuck_jobs(c: &mut super::Conn) -> Result<Vec<(String, i64)>> {
    const COUNT: &str = "select j.name, count(*) from batch b join job j on j.id = b.job
        where b.state in ('offered', 'published') and b.attempts >= $1 group by j.name order by j.name";
    c.rows(COUNT, [ATTEMPTS_BEFORE_LAST], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// Batches of this run that were tried too often.
pub async fn batch_run_stuck(tx: &mut Tx, run: i64) -> Result<i64> {
    const COUNT: &str =
        "select count(*) from batch where state in ('offered', 'published') and attempts >= $1 and run = $2";
    tx.run(move |c| Ok(c.row(COUNT, (ATTEMPTS_BEFORE_LAST, run), |r| r.get(0))?.unwrap_or_default())).await
}

/// True: a batch of this source with a lower number is not settled yet.
pub async fn batch_older_open(tx: &mut Tx, source: i64, number: i64) -> Result<bool> {
    const ANY: &str =
        "select 1 from batch where state in ('offered', 'published') and number < $2 and source = $1 limit 1";
    tx.run(move |c| Ok(c.row(ANY, (source, number), |_| Ok(()))?.is_some())).await
}

/// True: a batch of this run is not settled yet.
pub async fn batch_run_open(tx: &mut Tx, run: i64) -> Result<bool> {
    const ANY: &str = "select 1 from batch where state in ('offered', 'published') and run = $1 limit 1";
    tx.run(move |c| Ok(c.row(ANY, [run], |_| Ok(()))?.is_some())).await
}

/// Outcomes of one mapping over a batch.
#[derive(Debug, Clone)]
pub struct OutcomeWrite {
    pub batch: i64,
    pub mapping: i64,
    pub revision: i64,
    pub items: u32,
    pub counts: [u32; 8],
    pub packed: Vec<u8>,
}

/// Writes the outcomes of a batch, all mappings.
pub async fn outcome_add(tx: &mut Tx, outcomes: Vec<OutcomeWrite>) -> Result<()> {
    const ADD: &str = "insert into batch_outcome (batch, mapping, revision, from_row, items,
            accepted, unchanged, superseded, withdrawn, filtered, waiting, quarantined, outcomes)
        values ($1, $2, $3, 0, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    tx.run(move |c| {
        for o in &outcomes {
            let n = o.counts;
            let args = (o.batch, o.mapping, o.revision, o.items, n[0], n[1], n[2], n[3], n[4], n[5], n[6], &o.packed);
            c.execute(ADD, args)?;
        }
        Ok(())
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_outcomes_keep_their_rows_and_elements() {
        use Outcome::*;
        let items = [(0, 0, Accepted), (2, 0, Filtered), (3, 0, Quarantined), (3, 1, Waiting), (3, 2, Unchanged)];
        assert_eq!(outcomes_unpack(&outcomes_pack(&items, 6)).as_deref(), Some(&items[..]));
        assert_eq!(outcomes_unpack(&outcomes_pack(&[], 3)).as_deref(), Some(&[][..]));
    }

    #[test]
    fn damaged_outcomes_are_told() {
        assert_eq!(outcomes_unpack(b"nothing"), None);
        assert_eq!(outcomes_unpack(&zstd::bulk::compress(b"aax", 1).unwrap()), None);
    }
}
