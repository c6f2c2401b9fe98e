//! Feeds, what they are owed, and their requests, as a person sees them.

use super::super::{Conn, FeedBooks, Result, feed_books};

/// A feed with what it is owed and why it rests.
#[derive(Debug, Clone)]
pub struct FeedView {
    pub books: FeedBooks,
    pub state_why: String,
    /// Calls in a row that did not get through.
    pub tries: i64,
    pub rest_until_us: i64,
    /// When its last request was answered.
    pub answered_us: Option<i64>,
}

/// All feeds, by name.
pub fn feed_views(c: &mut Conn) -> Result<Vec<FeedView>> {
    const MORE: &str = "select state_why, tries, rest_until_us,
            (select max(q.answered_us) from request q where q.feed = f.id) from feed f where name = $1";
    let mut out = Vec::new();
    for books in feed_books(c)? {
        let more = c.row(MORE, [&books.feed], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
        if let Some((state_why, tries, rest_until_us, answered_us)) = more {
            out.push(FeedView { books, state_why, tries, rest_until_us, answered_us });
        }
    }
    Ok(out)
}

/// Why deliveries of a feed are where they are: how many share a state and a reason.
#[derive(Debug, Clone)]
pub struct CauseView {
    pub state: String,
    pub why: String,
    pub count: i64,
    /// One of these records.
    pub record: i64,
}

/// Causes by count. Walks the deliveries that are not up to date.
pub fn feed_causes(c: &mut Conn, feed: i64, limit: i64) -> Result<Vec<CauseView>> {
    const CAUSES: &str = "select state, why, count(*), min(record) from delivery
        where feed = $1 and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld')
        group by state, why order by 3 desc, 1, 2 limit $2";
    c.rows(CAUSES, (feed, limit), |r| {
        Ok(CauseView { state: r.get(0)?, why: r.get(1)?, count: r.get(2)?, record: r.get(3)? })
    })
}

/// A delivery that is not up to date.
#[derive(Debug, Clone)]
pub struct OpenDelivery {
    pub record: i64,
    pub dataset: String,
    pub identity: String,
    pub state: String,
    pub wanted_version: i64,
    pub accepted_version: i64,
    pub tries: i64,
    pub due_us: i64,
    pub why: String,
    /// What the target said of it last; empty: nothing yet.
    pub class: String,
}

/// Deliveries of a feed that are not up to date: what needs a person first.
pub fn feed_open(c: &mut Conn, feed: i64, limit: i64) -> Result<Vec<OpenDelivery>> {
    // The second condition lets the partial index serve: a bound state alone does not show that it is one of these.
    const STUCK: &str =
        "select d.record, s.dataset, r.identity, d.state, d.wanted_version, d.accepted_version, d.tries,
            d.due_us, d.why, coalesce(a.class, q.class, '')
        from (select * from delivery where feed = $1 and state = $2
                and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld') order by record limit $3) d
        join record r on r.id = d.record join scope s on s.id = r.scope
        left join attempt a on a.feed = d.feed and a.record = d.record and a.attempt = d.attempt
        left join request q on q.id = a.request order by d.record";
    const DUE: &str = "select d.record, s.dataset, r.identity, d.state, d.wanted_version, d.accepted_version, d.tries,
            d.due_us, d.why, coalesce(a.class, q.class, '')
        from (select * from delivery where feed = $1 and state = 'due' order by due_us, record limit $2) d
        join record r on r.id = d.record join scope s on s.id = r.scope
        left join attempt a on a.feed = d.feed and a.record = d.record and a.attempt = d.attempt
        left join request q on q.id = a.request order by d.due_us, d.record";
    let mut open = Vec::new();
    for state in ["rejected", "withheld", "unknown", "blocked", "sending"] {
        open.extend(c.rows(STUCK, (feed, state, limit - open.len() as i64), open_delivery)?);
    }
    open.extend(c.rows(DUE, (feed, limit - open.len() as i64), open_delivery)?);
    Ok(open)
}

fn open_delivery(r: &rusqlite::Row<'_>) -> rusqlite::Result<OpenDelivery> {
    Ok(OpenDelivery {
        record: r.get(0)?,
        dataset: r.get(1)?,
        identity: r.get(2)?,
        state: r.get(3)?,
        wanted_version: r.get(4)?,
        accepted_version: r.get(5)?,
        tries: r.get(6)?,
        due_us: r.get(7)?,
        why: r.get(8)?,
        class: r.get(9)?,
    })
}

/// A call to a target.
#[derive(Debug, Clone)]
pub struct RequestView {
    pub request: i64,
    pub name: String,
    pub records: i64,
    pub sent_us: i64,
    pub answered_us: Option<i64>,
    pub sends: i64,
    /// Empty while unanswered.
    pub class: String,
    pub status: i64,
    pub answer: Vec<u8>,
}

/// The newest requests of a feed, newest first.
pub fn feed_requests(c: &mut Conn, feed: i64, limit: i64) -> Result<Vec<RequestView>> {
    const REQUESTS: &str = "select id, name, records, sent_us, answered_us, sends, class, status,
            coalesce(substr(answer, 1, 4096), x'')
        from request where feed = $1 order by id desc limit $2";
    c.rows(REQUESTS, (feed, limit), |r| {
        Ok(RequestView {
            request: r.get(0)?,
            name: r.get(1)?,
            records: r.get(2)?,
            sent_us: r.get(3)?,
            answered_us: r.get(4)?,
            sends: r.get(5)?,
            class: r.get(6)?,
            status: r.get(7)?,
            answer: r.get(8)?,
        })
    })
}

/// The number of the last request of all feeds; 0 before the first.
pub fn request_last(c: &mut Conn) -> Result<i64> {
    const LAST: &str = "select coalesce(max(id), 0) from request";
    Ok(c.row(LAST, [], |r| r.get(0))?.unwrap_or_default())
}

/// Deliveries carried by the requests after one, by feed and what became of each.
#[derive(Debug, Clone)]
pub struct SentView {
    pub feed: String,
    /// accepted, duplicate, rejected, …; empty: no answer yet.
    pub class: String,
    pub records: i64,
}

/// What was sent after a request. Walks the attempts once.
pub fn sent_since(c: &mut Conn, request: i64) -> Result<Vec<SentView>> {
    const SENT: &str = "select f.name, coalesce(a.class, q.class), count(*)
        from attempt a cross join request q on q.id = a.request cross join feed f on f.id = a.feed
        where a.request > $1 group by f.name, 2 order by f.name, 2";
    if request_last(c)? == request {
        return Ok(Vec::new());
    }
    c.rows(SENT, [request], |r| Ok(SentView { feed: r.get(0)?, class: r.get(1)?, records: r.get(2)? }))
}
