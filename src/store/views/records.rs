//! Records, their versions and deliveries, as a person sees them.

use super::super::{Conn, Result, json_set};

/// A record found by a text, and by which of its values.
#[derive(Debug, Clone)]
pub struct FoundBy {
    pub record: i64,
    /// The index name: field names joined by commas, `key`, or `identity`.
    pub name: String,
    /// The value as it stands in the index; parts of a key are joined by U+001F.
    pub value: String,
    /// True: the record had this value once.
    pub earlier: bool,
}

/// Records whose code, name, credit code, key or source's own key is this text; if there is none, those that have one
/// that begins with it. `dataset`: a code, or empty for all.
pub fn record_find(c: &mut Conn, text: &str, dataset: &str, limit: i64) -> Result<Vec<FoundBy>> {
    const EXACT: &str = "select i.record, s.name, i.value, i.earlier from slot s
        cross join record_index i on i.slot = s.id and i.value = $1
        where $2 = '' or s.dataset = $2 order by i.record, s.id limit $3";
    const IDENTITY: &str = "select r.id, 'identity', r.identity, 0 from scope s
        cross join record r on r.scope = s.id and r.identity = $1
        where $2 = '' or s.dataset = $2 order by r.id limit $3";
    // Not sorted: whoever asks for a short beginning wants some of the many, and not to wait for all.
    const BEGINS: &str = "select i.record, s.name, i.value, i.earlier from slot s
        cross join record_index i on i.slot = s.id and i.value >= $1 and i.value < $4
        where $2 = '' or s.dataset = $2 limit $3";
    fn read(r: &rusqlite::Row<'_>) -> rusqlite::Result<FoundBy> {
        Ok(FoundBy { record: r.get(0)?, name: r.get(1)?, value: r.get(2)?, earlier: r.get(3)? })
    }
    let mut found = c.rows(EXACT, (text, dataset, limit), read)?;
    found.extend(c.rows(IDENTITY, (text, dataset, limit), read)?);
    if found.is_empty() {
        let end = format!("{text}{}", char::MAX);
        found = c.rows(BEGINS, (text, dataset, limit, &end), read)?;
    }
    Ok(found)
}

/// A record's head, with its present body.
#[derive(Debug, Clone)]
pub struct RecordView {
    pub record: i64,
    pub scope: i64,
    pub dataset: String,
    pub system: String,
    pub space: String,
    pub identity: String,
    pub live: bool,
    pub version: i64,
    pub created_us: i64,
    pub body: String,
}

/// Records by number, in the order of their numbers.
pub fn record_views(c: &mut Conn, records: &[i64]) -> Result<Vec<RecordView>> {
    const FIND: &str = "select r.id, r.scope, s.dataset, s.system, s.space, r.identity, r.state, r.version,
            v.created_us, v.body
        from json_each($1) x cross join record r on r.id = x.value cross join scope s on s.id = r.scope
        cross join version v on v.record = r.id and v.version = r.version order by r.id";
    c.rows(FIND, [json_set(records)], |r| {
        Ok(RecordView {
            record: r.get(0)?,
            scope: r.get(1)?,
            dataset: r.get(2)?,
            system: r.get(3)?,
            space: r.get(4)?,
            identity: r.get(5)?,
            live: r.get_ref(6)?.as_str()? == "live",
            version: r.get(7)?,
            created_us: r.get(8)?,
            body: r.get(9)?,
        })
    })
}

/// Records that an index value belongs to, those that have it now first.
pub fn record_by_value(c: &mut Conn, slot: i64, value: &str) -> Result<Vec<i64>> {
    const FIND: &str =
        "select record from record_index where slot = $1 and value = $2 order by earlier, record limit 20";
    c.rows(FIND, (slot, value), |r| r.get(0))
}

/// One version of a record, and where it came from.
#[derive(Debug, Clone)]
pub struct VersionView {
    pub version: i64,
    /// insert, update, withdraw.
    pub operation: String,
    pub created_us: i64,
    pub ord_version: i64,
    pub position: i64,
    pub mapping: String,
    pub revision: i64,
    pub element: u32,
    /// JSON list of `[record, version]`; empty if none.
    pub looked_at: String,
    /// JSON list of reasons; empty if none.
    pub notes: String,
    pub body: String,
    /// Job and run of its batch, and when it was read.
    pub job: String,
    pub run: i64,
    pub read_us: i64,
}

/// The newest versions of a record, newest first; or one alone.
pub fn record_versions(c: &mut Conn, record: i64, version: Option<i64>, limit: i64) -> Result<Vec<VersionView>> {
    const FIND: &str = "select v.version, v.operation, v.created_us, v.ord_version, v.position, m.name, v.revision,
            v.element, v.looked_at, v.notes, v.body, coalesce(j.name, ''), coalesce(b.run, 0), coalesce(b.read_us, 0)
        from version v join mapping m on m.id = v.mapping
        left join batch b on b.number = v.position >> 16 left join job j on j.id = b.job
        where v.record = $1 and ($2 is null or v.version = $2) order by v.version desc limit $3";
    c.rows(FIND, (record, version, limit), |r| {
        Ok(VersionView {
            version: r.get(0)?,
            operation: r.get(1)?,
            created_us: r.get(2)?,
            ord_version: r.get(3)?,
            position: r.get(4)?,
            mapping: r.get(5)?,
            revision: r.get(6)?,
            element: r.get(7)?,
            looked_at: r.get(8)?,
            notes: r.get(9)?,
            body: r.get(10)?,
            job: r.get(11)?,
            run: r.get(12)?,
            read_us: r.get(13)?,
        })
    })
}

/// A feed's delivery of a record.
#[derive(Debug, Clone)]
pub struct DeliveryView {
    pub feed: String,
    pub feed_id: i64,
    pub feed_state: String,
    pub feed_why: String,
    pub feed_rest_until_us: i64,
    pub state: String,
    pub wanted_version: i64,
    pub accepted_version: i64,
    pub accepted_operation: String,
    pub at_target: String,
    pub tries: i64,
    pub due_us: i64,
    pub why: String,
}

/// What every feed is owed of a record, by feed.
pub fn record_deliveries(c: &mut Conn, record: i64) -> Result<Vec<DeliveryView>> {
    const FIND: &str = "select f.name, f.id, f.state, f.state_why, f.rest_until_us, d.state, d.wanted_version,
            d.accepted_version, d.accepted_operation, d.at_target, d.tries, d.due_us, d.why
        from feed f cross join delivery d on d.feed = f.id and d.record = $1 order by f.name";
    c.rows(FIND, [record], |r| {
        Ok(DeliveryView {
            feed: r.get(0)?,
            feed_id: r.get(1)?,
            feed_state: r.get(2)?,
            feed_why: r.get(3)?,
            feed_rest_until_us: r.get(4)?,
            state: r.get(5)?,
            wanted_version: r.get(6)?,
            accepted_version: r.get(7)?,
            accepted_operation: r.get(8)?,
            at_target: r.get(9)?,
            tries: r.get(10)?,
            due_us: r.get(11)?,
            why: r.get(12)?,
        })
    })
}

/// One sending of a delivery, with its request.
#[derive(Debug, Clone)]
pub struct AttemptView {
    pub attempt: i64,
    pub version: i64,
    pub operation: String,
    pub request: i64,
    pub name: String,
    /// Records that the request carried.
    pub records: i64,
    pub sends: i64,
    pub sent_us: i64,
    pub answered_us: Option<i64>,
    /// This delivery's own class, else the request's; empty: no answer yet.
    pub class: String,
    pub status: i64,
    /// The target's words for this record, if it said any.
    pub receipt: Option<String>,
    /// What the target answered to the whole request.
    pub answer: Vec<u8>,
}

/// The newest attempts of a delivery, newest first.
pub fn record_attempts(c: &mut Conn, feed: i64, record: i64, limit: i64) -> Result<Vec<AttemptView>> {
    const FIND: &str = "select a.attempt, a.version, a.operation, q.id, q.name, q.records, q.sends, q.sent_us,
            q.answered_us, coalesce(a.class, q.class), q.status, a.receipt, coalesce(q.answer, x'')
        from attempt a join request q on q.id = a.request
        where a.feed = $1 and a.record = $2 order by a.attempt desc limit $3";
    c.rows(FIND, (feed, record, limit), |r| {
        Ok(AttemptView {
            attempt: r.get(0)?,
            version: r.get(1)?,
            operation: r.get(2)?,
            request: r.get(3)?,
            name: r.get(4)?,
            records: r.get(5)?,
            sends: r.get(6)?,
            sent_us: r.get(7)?,
            answered_us: r.get(8)?,
            class: r.get(9)?,
            status: r.get(10)?,
            receipt: r.get(11)?,
            answer: r.get(12)?,
        })
    })
}

/// The packed rows of a batch, while they are kept.
pub fn batch_packed(c: &mut Conn, batch: i64) -> Result<Option<Vec<u8>>> {
    const FIND: &str = "select rows from batch_rows where batch = $1";
    c.row(FIND, [batch], |r| r.get(0))
}
