//! Feeds, what they are owed, and what was sent to them.

use super::{Conn, Result};

#[derive(Debug, Clone)]
pub struct FeedRow {
    pub id: i64,
    pub name: String,
    pub state: String,
    pub walked: String,
    pub selection: String,
    pub tries: i64,
    pub rest_until_us: i64,
}

pub fn feeds(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<FeedRow>> {
    const READ: &str = "select id, name, state, walked, selection, tries, rest_until_us from feed
        where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(FeedRow {
            id: r.get(0)?,
            name: r.get(1)?,
            state: r.get(2)?,
            walked: r.get(3)?,
            selection: r.get(4)?,
            tries: r.get(5)?,
            rest_until_us: r.get(6)?,
        })
    })
}

#[derive(Debug, Clone)]
pub struct DeliveryRow {
    pub feed: i64,
    pub record: i64,
    pub wanted_version: i64,
    pub accepted_version: i64,
    pub at_target: String,
    pub accepted_operation: String,
    pub state: String,
    pub due_us: i64,
    pub tries: i64,
    pub node: String,
    pub epoch: i64,
    pub attempt: i64,
    pub request: i64,
    pub why: String,
    /// Scope and version of the record's head; none if there is no such record.
    pub head: Option<(i64, i64)>,
    /// Operation of the wanted version; none if there is no such version.
    pub operation: Option<String>,
}

pub fn deliveries(c: &mut Conn, after: &(i64, i64), limit: i64, skip: i64) -> Result<Vec<DeliveryRow>> {
    const READ: &str =
        "select d.feed, d.record, d.wanted_version, d.accepted_version, d.at_target, d.accepted_operation,
            d.state, d.due_us, d.tries, d.node, d.epoch, d.attempt, d.request, d.why, r.scope, r.version, v.operation
        from delivery d left join record r on r.id = d.record
        left join version v on v.record = d.record and v.version = d.wanted_version
        where (d.feed, d.record) > ($1, $2) order by d.feed, d.record limit $3 offset $4";
    c.rows(READ, (after.0, after.1, limit, skip), |r| {
        let (scope, version): (Option<i64>, Option<i64>) = (r.get(14)?, r.get(15)?);
        Ok(DeliveryRow {
            feed: r.get(0)?,
            record: r.get(1)?,
            wanted_version: r.get(2)?,
            accepted_version: r.get(3)?,
            at_target: r.get(4)?,
            accepted_operation: r.get(5)?,
            state: r.get(6)?,
            due_us: r.get(7)?,
            tries: r.get(8)?,
            node: r.get(9)?,
            epoch: r.get(10)?,
            attempt: r.get(11)?,
            request: r.get(12)?,
            why: r.get(13)?,
            head: scope.zip(version),
            operation: r.get(16)?,
        })
    })
}

/// Whether a feed is owed a record.
pub fn delivery_exists(c: &mut Conn, feed: i64, record: i64) -> Result<bool> {
    const FIND: &str = "select 1 from delivery where feed = $1 and record = $2";
    Ok(c.row(FIND, (feed, record), |_| Ok(()))?.is_some())
}

/// A record that has an index value and is owed in a feed.
#[derive(Debug, Clone)]
pub struct OwedRow {
    pub record: i64,
    pub at_target: String,
    pub is_live: bool,
    /// False: refused or withheld.
    pub goes: bool,
    /// The version that the target has, where the value may have come with a newer one.
    pub version_there: Option<i64>,
}

/// The records with this index value that are owed in a feed.
pub fn owed_by_value(c: &mut Conn, feed: i64, slot: i64, value: &str) -> Result<Vec<OwedRow>> {
    const FIND: &str = "select d.record, d.at_target, r.state = 'live', d.state not in ('rejected', 'withheld'),
            case when i.earlier = 0 and d.accepted_version <> d.wanted_version then d.accepted_version end
        from record_index i cross join delivery d on d.feed = $1 and d.record = i.record
        cross join record r on r.id = i.record
        where i.slot = $2 and i.value = $3";
    c.rows(FIND, (feed, slot, value), |r| {
        Ok(OwedRow {
            record: r.get(0)?,
            at_target: r.get(1)?,
            is_live: r.get(2)?,
            goes: r.get(3)?,
            version_there: r.get(4)?,
        })
    })
}

/// Whether a target has a record, or may have it.
pub fn is_at_target(c: &mut Conn, feed: i64, record: i64) -> Result<bool> {
    const FIND: &str = "select at_target <> 'absent' from delivery where feed = $1 and record = $2";
    Ok(c.row(FIND, (feed, record), |r| r.get(0))?.unwrap_or_default())
}

/// Whether a target may still have a record that points at this value of a record, and no other that has the value.
pub fn child_at_target(c: &mut Conn, feed: i64, record: i64, slot: i64, value: &str) -> Result<bool> {
    const FIND: &str = "select 1 from record_ref f
        cross join delivery d on d.feed = $1 and d.record = f.record
        where f.slot = $2 and f.value = $3 and (d.at_target <> 'absent' or d.state in ('sending', 'unknown'))
            and (f.until_version = 0 or f.until_version > d.accepted_version)
            and not exists (select 1 from record_index i, record r, delivery p
                where i.slot = $2 and i.value = $3 and i.record <> $4 and r.id = i.record and r.state = 'live'
                    and p.feed = $1 and p.record = i.record and p.at_target = 'present') limit 1";
    Ok(c.row(FIND, (feed, slot, value, record), |_| Ok(()))?.is_some())
}

/// Whether an attachment of a record is not kept yet.
pub fn attachment_lacking(c: &mut Conn, record: i64) -> Result<bool> {
    const FIND: &str = "select 1 from record_attachment a left join attachment f on f.digest = a.digest
        where a.record = $1 and coalesce(f.state, '') <> 'kept' limit 1";
    Ok(c.row(FIND, [record], |_| Ok(()))?.is_some())
}

#[derive(Debug, Clone)]
pub struct AttemptRow {
    pub feed: i64,
    pub record: i64,
    pub attempt: i64,
    pub version: i64,
    pub operation: String,
    pub request: i64,
    pub class: Option<String>,
    /// Operation of the version that was sent; none if there is no such version.
    pub stored_operation: Option<String>,
}

impl AttemptRow {
    pub fn key(&self) -> (i64, i64, i64) {
        (self.feed, self.record, self.attempt)
    }
}

pub fn attempts(c: &mut Conn, after: &(i64, i64, i64), limit: i64, skip: i64) -> Result<Vec<AttemptRow>> {
    const READ: &str = "select a.feed, a.record, a.attempt, a.version, a.operation, a.request, a.class, v.operation
        from attempt a left join version v on v.record = a.record and v.version = a.version
        where (a.feed, a.record, a.attempt) > ($1, $2, $3) order by a.feed, a.record, a.attempt limit $4 offset $5";
    c.rows(READ, (after.0, after.1, after.2, limit, skip), |r| {
        Ok(AttemptRow {
            feed: r.get(0)?,
            record: r.get(1)?,
            attempt: r.get(2)?,
            version: r.get(3)?,
            operation: r.get(4)?,
            request: r.get(5)?,
            class: r.get(6)?,
            stored_operation: r.get(7)?,
        })
    })
}

/// A request as its attempts see it.
#[derive(Debug, Clone)]
pub struct RequestHead {
    pub feed: i64,
    pub node: String,
    pub epoch: i64,
    pub sends: i64,
    pub class: String,
    pub is_answered: bool,
}

pub fn request_head(c: &mut Conn, id: i64) -> Result<Option<RequestHead>> {
    const FIND: &str = "select feed, node, epoch, sends, class, answered_us is not null from request where id = $1";
    c.row(FIND, [id], |r| {
        Ok(RequestHead {
            feed: r.get(0)?,
            node: r.get(1)?,
            epoch: r.get(2)?,
            sends: r.get(3)?,
            class: r.get(4)?,
            is_answered: r.get(5)?,
        })
    })
}

#[derive(Debug, Clone)]
pub struct RequestRow {
    pub id: i64,
    pub feed: i64,
    pub epoch: i64,
    pub name: String,
    pub media: String,
    pub records: i64,
    pub sent_us: i64,
    pub answered_us: Option<i64>,
    pub sends: i64,
    pub class: String,
    pub status: i64,
    pub sent: Vec<u8>,
    pub answer: Option<Vec<u8>>,
}

pub fn requests(c: &mut Conn, after: &i64, limit: i64, skip: i64) -> Result<Vec<RequestRow>> {
    const READ: &str =
        "select id, feed, epoch, name, media, records, sent_us, answered_us, sends, class, status, sent, answer
        from request where id > $1 order by id limit $2 offset $3";
    c.rows(READ, (after, limit, skip), |r| {
        Ok(RequestRow {
            id: r.get(0)?,
            feed: r.get(1)?,
            epoch: r.get(2)?,
            name: r.get(3)?,
            media: r.get(4)?,
            records: r.get(5)?,
            sent_us: r.get(6)?,
            answered_us: r.get(7)?,
            sends: r.get(8)?,
            class: r.get(9)?,
            status: r.get(10)?,
            sent: r.get(11)?,
            answer: r.get(12)?,
        })
    })
}

/// Attempts of each request from one number up to another, and how many of them have a class of their own.
pub fn attempts_by_request(c: &mut Conn, from: i64, to: i64) -> Result<Vec<(i64, i64, i64)>> {
    const COUNT: &str = "select request, count(*), count(class) from attempt
        where request >= $1 and request < $2 group by request";
    c.rows(COUNT, (from, to), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

/// Whether a request carried this version of a record.
pub fn attempt_of(c: &mut Conn, feed: i64, record: i64, version: i64, request: i64) -> Result<bool> {
    const FIND: &str = "select 1 from attempt where feed = $1 and record = $2 and version = $3 and request = $4";
    Ok(c.row(FIND, (feed, record, version, request), |_| Ok(()))?.is_some())
}
