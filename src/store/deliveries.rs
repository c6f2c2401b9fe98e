//! Deliveries: one row a feed and record, the version wanted and the version this target last accepted. This table is
//! the outbox. Requests keep the bytes sent and answered; attempts say which deliveries a request carried.
//!
//! A feed may have millions of deliveries that are up to date. Those in another state are found by two partial indexes,
//! and for that of the stuck to serve, a statement names the state it wants and repeats the index's own condition, and
//! reads nothing but the record there: the key of the table would be walked instead. A test holds the plans.

use std::collections::{HashMap, HashSet};

use super::{Conn, Result, Tx, counter_draw, json_set};

/// A feed as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedRow {
    pub id: i64,
    /// walking, on, paused.
    pub state: String,
    pub state_why: String,
    /// How far the walk over stored records has come: `dataset code/last record`.
    pub walked: String,
    /// What the feed selects, as text, so that a change is noticed.
    pub selection: String,
    /// Calls in a row that did not get through.
    pub tries: i64,
    pub rest_until_us: i64,
}

/// The stored state of a feed, made now (as walking) if it is new.
pub async fn feed_get(tx: &mut Tx, name: &str, selection: &str) -> Result<FeedRow> {
    const FIND: &str = "insert into feed (id, name, state, state_why, walked, selection, tries, rest_until_us)
        values ((select coalesce(max(id), 0) + 1 from feed), $1, 'walking', '', '', $2, 0, 0)
        on conflict (name) do update set name = excluded.name
        returning id, state, state_why, walked, selection, tries, rest_until_us";
    let (name, selection) = (name.to_owned(), selection.to_owned());
    tx.run(move |c| {
        let row = c.row(FIND, (&name, &selection), |r| {
            Ok(FeedRow {
                id: r.get(0)?,
                state: r.get(1)?,
                state_why: r.get(2)?,
                walked: r.get(3)?,
                selection: r.get(4)?,
                tries: r.get(5)?,
                rest_until_us: r.get(6)?,
            })
        })?;
        row.ok_or_else(|| super::StoreError::Impossible("a feed was not kept".into()))
    })
    .await
}

/// True: the feed has been here before.
pub async fn feed_known(tx: &mut Tx, name: &str) -> Result<bool> {
    const FIND: &str = "select 1 from feed where name = $1";
    let name = name.to_owned();
    tx.run(move |c| Ok(c.row(FIND, [&name], |_| Ok(()))?.is_some())).await
}

/// Sets a feed's state, saying why.
pub async fn feed_state(tx: &mut Tx, feed: i64, state: &'static str, why: &str) -> Result<()> {
    const SET: &str = "update feed set state = $2, state_why = $3 where id = $1";
    let why = why.to_owned();
    tx.run(move |c| c.execute(SET, (feed, state, &why)).map(|_| ())).await
}

/// Sets a feed's state with the place where its walk stands, and what it selects.
pub async fn feed_walked(tx: &mut Tx, feed: i64, state: &'static str, walked: &str, selection: &str) -> Result<()> {
    const SET: &str = "update feed set state = $2, walked = $3, selection = $4 where id = $1";
    let (walked, selection) = (walked.to_owned(), selection.to_owned());
    tx.run(move |c| c.execute(SET, (feed, state, &walked, &selection)).map(|_| ())).await
}

/// Keeps how far a feed's walk has come, or that it is through (`on`). False: the feed was paused meanwhile.
pub async fn feed_walk(tx: &mut Tx, feed: i64, state: &'static str, walked: &str) -> Result<bool> {
    const SET: &str = "update feed set state = $2, walked = $3 where id = $1 and state = 'walking'";
    let walked = walked.to_owned();
    tx.run(move |c| Ok(c.execute(SET, (feed, state, &walked))? == 1)).await
}

/// Feeds that are no longer configured select nothing: what is stored meanwhile is owed to them if they come back.
pub async fn feed_away(tx: &mut Tx, configured: &[&str]) -> Result<()> {
    const SET: &str = "update feed set selection = $2
        where selection <> $2 and name not in (select value from json_each($1))";
    let set = json_set(configured);
    tx.run(move |c| c.execute(SET, (set, FEED_AWAY)).map(|_| ())).await
}

/// No configured feed selects this.
const FEED_AWAY: &str = "away";

/// Of these records, those that a feed is or was owed, with the version.
pub async fn delivery_wanted(tx: &mut Tx, feed: i64, records: &[i64]) -> Result<HashMap<i64, i64>> {
    const FIND: &str = "select d.record, d.wanted_version from json_each($2) x
        cross join delivery d on d.feed = $1 and d.record = x.value";
    let set = json_set(records);
    tx.run(move |c| Ok(c.rows(FIND, (feed, set), |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())).await
}

/// Feeds whose stored records are being walked, or will be once a pause ends.
pub async fn feed_walking(tx: &mut Tx) -> Result<HashSet<i64>> {
    const FIND: &str = "select id from feed where state = 'walking' or walked <> ''";
    tx.run(move |c| Ok(c.rows(FIND, [], |r| r.get(0))?.into_iter().collect())).await
}

/// A call did not get through: the whole feed rests. `tries` 0: it does again.
pub async fn feed_rest(tx: &mut Tx, feed: i64, tries: i64, until_us: i64) -> Result<()> {
    const SET: &str = "update feed set tries = $2, rest_until_us = $3 where id = $1";
    tx.run(move |c| c.execute(SET, (feed, tries, until_us)).map(|_| ())).await
}

/// Waits of a feed that end after `longest_us` are over now: they began by a clock that was ahead. Returns how many.
pub async fn feed_waits_cut(tx: &mut Tx, feed: i64, now_us: i64, longest_us: i64) -> Result<usize> {
    const REST: &str = "update feed set rest_until_us = $3 where id = $1 and rest_until_us > $2";
    const DUE: &str = "update delivery set due_us = $3 where feed = $1 and state = 'due' and due_us > $2";
    const UNKNOWN: &str = "update delivery set due_us = $3 where feed = $1 and due_us > $2
        and record in (select record from delivery where feed = $1 and state = 'unknown'
            and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld'))";
    const REQUEST: &str = "update request set due_us = $3 where feed = $1 and answered_us is null and due_us > $2";
    tx.run(move |c| {
        let mut cut = 0;
        for sql in [REST, DUE, UNKNOWN, REQUEST] {
            cut += c.execute(sql, (feed, longest_us, now_us))?;
        }
        Ok(cut)
    })
    .await
}

/// What a feed is owed of a record.
#[derive(Debug, Clone)]
pub struct Raise {
    pub feed: i64,
    pub record: i64,
    pub version: i64,
    pub blocked: bool,
    pub why: String,
}

/// Raises what feeds want. What is under way or unknown stays so and finds the newer version afterwards.
pub async fn delivery_raise(tx: &mut Tx, mut raises: Vec<Raise>, now_us: i64) -> Result<()> {
    const RAISE: &str = "insert into delivery (feed, record, wanted_version, accepted_version, at_target,
            accepted_operation, state, due_us, tries, node, epoch, attempt, request, number, why)
        values ($1, $2, $3, 0, 'absent', '', $4, $5, 0, '', 0, 0, 0, '', $6)
        on conflict (feed, record) do update set wanted_version = excluded.wanted_version,
            state = case when delivery.state in ('sending', 'unknown') then delivery.state else excluded.state end,
            due_us = case when delivery.state in ('sending', 'unknown') then delivery.due_us else excluded.due_us end,
            tries = case when delivery.state in ('sending', 'unknown') then delivery.tries else 0 end,
            why = case when delivery.state in ('sending', 'unknown') then delivery.why else excluded.why end
        where delivery.wanted_version < excluded.wanted_version";
    raises.sort_unstable_by_key(|r| (r.feed, r.record));
    tx.run(move |c| {
        let state = |r: &Raise| if r.blocked { "blocked" } else { "due" };
        c.execute_all(RAISE, raises.iter().map(|r| (r.feed, r.record, r.version, state(r), now_us, &r.why)))?;
        Ok(())
    })
    .await
}

/// A record that is owed in a feed, found by a value that others point at it with, and how it stands at the target.
#[derive(Debug, Clone)]
pub struct OwedParent {
    pub value: (i64, String),
    pub record: i64,
    pub is_there: bool,
    /// False: it is to be withdrawn.
    pub is_live: bool,
    pub accepted_version: i64,
    /// True: it has the value now, and the target has not the newest of it: that may be what brings the value.
    pub may_be_renamed: bool,
    /// False: refused by the target, or withheld, so that its newest does not go there by itself.
    pub goes: bool,
}

/// The records that are owed in a feed and that these values name.
pub async fn delivery_parents(tx: &mut Tx, feed: i64, wanted: &[(i64, &str)]) -> Result<Vec<OwedParent>> {
    const FIND: &str = "select x.value ->> 0, x.value ->> 1, i.record, d.at_target = 'present', r.state = 'live',
            d.accepted_version, i.earlier = 0 and d.accepted_version < d.wanted_version,
            d.state not in ('rejected', 'withheld')
        from json_each($2) x
        cross join record_index i on i.slot = x.value ->> 0 and i.value = x.value ->> 1
        cross join delivery d on d.feed = $1 and d.record = i.record
        cross join record r on r.id = i.record";
    let set = json_set(wanted);
    tx.run(move |c| {
        c.rows(FIND, (feed, set), |r| {
            Ok(OwedParent {
                value: (r.get(0)?, r.get(1)?),
                record: r.get(2)?,
                is_there: r.get(3)?,
                is_live: r.get(4)?,
                accepted_version: r.get(5)?,
                may_be_renamed: r.get(6)?,
                goes: r.get(7)?,
            })
        })
    })
    .await
}

/// Of these records, those that the target has, or may have.
pub async fn delivery_present(tx: &mut Tx, feed: i64, records: &[i64]) -> Result<HashSet<i64>> {
    const FIND: &str = "select d.record from json_each($2) x
        cross join delivery d on d.feed = $1 and d.record = x.value where d.at_target <> 'absent'";
    let set = json_set(records);
    tx.run(move |c| Ok(c.rows(FIND, (feed, set), |r| r.get(0))?.into_iter().collect())).await
}

/// A record that points at one of these values and that the target has, or may be getting just now. A child that points
/// elsewhere since is still there until the target has accepted that. The last one: children mostly leave in the order
/// of their numbers, and references are never deleted, so that from the front ever more of those that have left would
/// be passed over. A value that another live record has at this target holds nobody: the children are that one's.
pub async fn delivery_child(tx: &mut Tx, feed: i64, record: i64, values: &[(i64, &str)]) -> Result<Option<i64>> {
    const FIND: &str = "select max((select f.record from record_ref f cross join delivery d
            on d.feed = $1 and d.record = f.record and (d.at_target <> 'absent' or d.state in ('sending', 'unknown'))
                and (f.until_version = 0 or d.accepted_version < f.until_version)
            where f.slot = x.value ->> 0 and f.value = x.value ->> 1 order by f.record desc limit 1))
        from json_each($2) x
        where not exists (select 1 from record_index i cross join record r on r.id = i.record and r.state = 'live'
            cross join delivery p on p.feed = $1 and p.record = i.record and p.at_target = 'present'
            where i.slot = x.value ->> 0 and i.value = x.value ->> 1 and i.record <> $3)";
    let set = json_set(values);
    tx.run(move |c| Ok(c.row(FIND, (feed, set, record), |r| r.get(0))?.flatten())).await
}

/// Holds the children of a record that is to be withdrawn and that have not left yet: they would find no parent.
/// Returns them.
pub async fn delivery_hold_children(tx: &mut Tx, feed: i64, values: &[(i64, &str)]) -> Result<Vec<i64>> {
    const HOLD: &str = "update delivery set state = 'blocked', why = 'leaving'
        where feed = $1 and state = 'due' and at_target = 'absent' and record in (
            select f.record from json_each($2) x
            cross join record_ref f on f.slot = x.value ->> 0 and f.value = x.value ->> 1 and f.until_version = 0)
        returning record";
    let set = json_set(values);
    tx.run(move |c| c.rows(HOLD, (feed, set), |r| r.get(0))).await
}

/// A delivery that may go now, with all that its document needs.
#[derive(Debug, Clone)]
pub struct Due {
    pub record: i64,
    pub wanted_version: i64,
    pub accepted_version: i64,
    pub at_target: String,
    pub tries: i64,
    pub attempt: i64,
    pub dataset: String,
    pub system: String,
    /// The stored version's operation: withdraw or another.
    pub operation: String,
    pub body: String,
}

/// How much of what may go is asked for.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    pub records: i64,
    /// Of bodies; the first comes whatever it has.
    pub bytes: usize,
}

/// What is due, oldest first, with bodies.
pub async fn delivery_due(tx: &mut Tx, feed: i64, now_us: i64, room: Room) -> Result<Vec<Due>> {
    const FIND: &str = "select record, wanted_version, accepted_version, at_target, tries, attempt, ''
        from delivery where feed = $1 and state = 'due' and due_us <= $2 order by due_us, record limit $3";
    tx.run(move |c| {
        let found = c.rows(FIND, (feed, now_us, room.records), due)?;
        with_bodies(c, found, room.bytes)
    })
    .await
}

/// A delivery without its record.
fn due(r: &rusqlite::Row<'_>) -> rusqlite::Result<Due> {
    Ok(Due {
        record: r.get(0)?,
        wanted_version: r.get(1)?,
        accepted_version: r.get(2)?,
        at_target: r.get(3)?,
        tries: r.get(4)?,
        attempt: r.get(5)?,
        operation: r.get(6)?,
        dataset: String::new(),
        system: String::new(),
        body: String::new(),
    })
}

/// Adds records and bodies, one after the other, since all of them together may not fit into memory: those that go
/// beyond so many bytes are left out.
fn with_bodies(c: &mut Conn, mut found: Vec<Due>, bytes_max: usize) -> Result<Vec<Due>> {
    const BODY: &str = "select s.dataset, s.system, v.operation, v.body from record r
        cross join scope s on s.id = r.scope cross join version v on v.record = r.id and v.version = $2
        where r.id = $1";
    let mut statement = c.prepare(BODY)?;
    let mut bytes = 0;
    for at in 0..found.len() {
        let d = &mut found[at];
        let stored_operation: String;
        (d.dataset, d.system, stored_operation, d.body) =
            statement.query_row((d.record, d.wanted_version), |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
        if d.operation.is_empty() {
            d.operation = stored_operation;
        }
        bytes += d.body.len();
        if at > 0 && bytes > bytes_max {
            found.truncate(at);
            break;
        }
    }
    Ok(found)
}

/// Deliveries of which an answer said nothing clear, while the rest of its request was settled: the version that was
/// sent is asked for again. Oldest first, with bodies; `wanted_version` and `operation` are those that were sent.
pub async fn delivery_unsure(tx: &mut Tx, feed: i64, now_us: i64, room: Room) -> Result<Vec<Due>> {
    const FIND: &str = "select d.record, a.version, d.accepted_version, d.at_target, d.tries, d.attempt, a.operation
        from (select record from delivery where feed = $1 and state = 'unknown'
            and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld')) u
        cross join delivery d on d.feed = $1 and d.record = u.record and d.due_us <= $2
        cross join request q on q.id = d.request and q.answered_us is not null
        cross join attempt a on a.feed = $1 and a.record = d.record and a.attempt = d.attempt
        order by d.due_us, d.record limit $3";
    tx.run(move |c| {
        let found = c.rows(FIND, (feed, now_us, room.records), due)?;
        with_bodies(c, found, room.bytes)
    })
    .await
}

/// When the next thing of a feed may go, if any rests: a delivery, an unanswered request, an unclear record.
pub async fn delivery_next_due(tx: &mut Tx, feed: i64, held: Vec<i64>) -> Result<Option<i64>> {
    const FIND: &str = "select min(due_us) from (
            select min(due_us) due_us from delivery where feed = $1 and state = 'due'
            union all select due_us from request
            where feed = $1 and answered_us is null and id not in (select value from json_each($2))
            union all select d.due_us from (select record from delivery where feed = $1 and state = 'unknown'
                and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld')) u
            cross join delivery d on d.feed = $1 and d.record = u.record
            cross join request q on q.id = d.request and q.answered_us is not null)";
    tx.run(move |c| Ok(c.row(FIND, (feed, json_set(&held)), |r| r.get(0))?.flatten())).await
}

/// A request about to leave, and the deliveries it carries.
#[derive(Debug, Clone)]
pub struct RequestWrite {
    pub feed: i64,
    pub node: String,
    pub epoch: i64,
    pub name: String,
    pub media: &'static str,
    /// zstd.
    pub sent: Vec<u8>,
    pub carried: Vec<Carried>,
    pub now_us: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Carried {
    pub record: i64,
    pub version: i64,
    pub operation: String,
    /// The delivery's counter of sendings, by which the answer is matched.
    pub attempt: i64,
    /// The version that the target had accepted before; 0: none.
    pub accepted_version: i64,
    /// How often in a row it was sent and not accepted.
    pub tries: i64,
}

/// Claims deliveries and keeps the request with its bytes, before the first byte leaves. The claim is a commit, so
/// that nothing is sent that is not written down.
pub async fn request_begin(tx: &mut Tx, id: i64, w: RequestWrite) -> Result<()> {
    const REQUEST: &str = "insert into request
        (id, feed, node, epoch, name, media, records, sent_us, due_us, answered_us, sends, class, status, sent, answer)
        values ($1, $2, $3, $4, $5, $6, $7, $8, 0, null, 1, '', 0, $9, null)";
    const CLAIM: &str = "update delivery set state = 'sending', node = $3, epoch = $4, attempt = $5, request = $6
        where feed = $1 and record = $2 and (state = 'due' and wanted_version = $7 or state = 'unknown')";
    const ATTEMPT: &str = "insert into attempt (feed, record, attempt, version, operation, request, class, receipt)
        values ($1, $2, $3, $4, $5, $6, null, null)";
    tx.run(move |c| {
        let mut carried = w.carried;
        carried.sort_unstable_by_key(|k| k.record);
        c.execute(REQUEST, (id, w.feed, &w.node, w.epoch, &w.name, w.media, carried.len() as i64, w.now_us, &w.sent))?;
        let claims = carried.iter().map(|k| (w.feed, k.record, &w.node, w.epoch, k.attempt, id, k.version));
        if c.execute_all(CLAIM, claims)? != carried.len() {
            return Err(super::StoreError::Race);
        }
        c.execute_all(ATTEMPT, carried.iter().map(|k| (w.feed, k.record, k.attempt, k.version, &k.operation, id)))?;
        Ok(())
    })
    .await
}

/// Draws a request's number.
pub async fn request_number(tx: &mut Tx) -> Result<i64> {
    counter_draw(tx, "request", 1).await
}

/// A request that was sent and not answered.
#[derive(Debug, Clone)]
pub struct OpenRequest {
    pub id: i64,
    pub name: String,
    pub media: String,
    pub sends: i64,
    /// zstd.
    pub sent: Vec<u8>,
    pub carried: Vec<Carried>,
}

/// The next unanswered request of a feed that no worker holds and whose time has come, with what it carried: those
/// that were sent fewer than `sends` times come first, by age.
pub async fn request_open(
    tx: &mut Tx,
    feed: i64,
    held: Vec<i64>,
    now_us: i64,
    sends: i64,
) -> Result<Option<OpenRequest>> {
    // The bytes are read of the one alone: those of all would go through the sort.
    const FIND: &str = "select q.id, q.name, q.media, q.sends, q.sent from (select id from request
            where feed = $1 and answered_us is null and due_us <= $3 and id not in (select value from json_each($2))
            order by sends >= $4, id limit 1) o
        cross join request q on q.id = o.id";
    const CARRIED: &str = "select d.record, a.version, a.operation, a.attempt, d.accepted_version, d.tries
        from (select record from delivery where feed = $1 and state in ('sending', 'unknown')
            and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld')) u
        cross join delivery d on d.feed = $1 and d.record = u.record and d.request = $2
        cross join attempt a on a.feed = $1 and a.record = d.record and a.attempt = d.attempt order by d.record";
    tx.run(move |c| {
        let found = c.row(FIND, (feed, json_set(&held), now_us, sends), |r| {
            Ok(OpenRequest {
                id: r.get(0)?,
                name: r.get(1)?,
                media: r.get(2)?,
                sends: r.get(3)?,
                sent: r.get(4)?,
                carried: Vec::new(),
            })
        })?;
        let Some(mut open) = found else { return Ok(None) };
        open.carried = c.rows(CARRIED, (feed, open.id), |r| {
            Ok(Carried {
                record: r.get(0)?,
                version: r.get(1)?,
                operation: r.get(2)?,
                attempt: r.get(3)?,
                accepted_version: r.get(4)?,
                tries: r.get(5)?,
            })
        })?;
        Ok(Some(open))
    })
    .await
}

/// Marks what was being sent when the program ended as unknown until it is resolved.
pub async fn delivery_interrupted(tx: &mut Tx, feed: i64, why: &str) -> Result<usize> {
    const SET: &str = "update delivery set state = 'unknown', why = $2,
            at_target = case at_target when 'absent' then 'unknown' else at_target end
        where feed = $1 and record in (select record from delivery where feed = $1 and state = 'sending'
            and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld'))";
    let why = why.to_owned();
    tx.run(move |c| c.execute(SET, (feed, &why))).await
}

/// Marks what a request carried as unknown, since its answer was lost or says nothing: its bytes go again at `due_us`.
pub async fn delivery_unknown(tx: &mut Tx, request: i64, feed: i64, why: &str, due_us: i64) -> Result<usize> {
    const DELIVERIES: &str = "update delivery set state = 'unknown', why = $3,
            at_target = case at_target when 'absent' then 'unknown' else at_target end
        where feed = $1 and request = $2 and record in (
            select record from delivery where feed = $1 and state in ('sending', 'unknown')
            and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld'))";
    const REQUEST: &str = "update request set due_us = $2 where id = $1";
    let why = why.to_owned();
    tx.run(move |c| {
        c.execute(REQUEST, (request, due_us))?;
        c.execute(DELIVERIES, (feed, request, &why))
    })
    .await
}

/// Counts that an unanswered request's bytes are sent once more.
pub async fn request_again(tx: &mut Tx, request: i64) -> Result<()> {
    const AGAIN: &str = "update request set sends = sends + 1 where id = $1";
    tx.run(move |c| c.execute(AGAIN, [request]).map(|_| ())).await
}

/// Keeps a request's answer and the class given to it.
pub async fn request_answered(
    tx: &mut Tx,
    request: i64,
    class: &'static str,
    status: u16,
    answer: Vec<u8>,
    now_us: i64,
) -> Result<()> {
    const SET: &str = "update request set answered_us = $2, class = $3, status = $4, answer = $5
        where id = $1 and answered_us is null";
    tx.run(move |c| c.execute(SET, (request, now_us, class, status, &answer)).map(|_| ())).await
}

/// What became of one carried delivery.
#[derive(Debug, Clone)]
pub struct Settle {
    pub carried: Carried,
    /// `accepted`, or the class that was not.
    pub class: &'static str,
    pub accepted: bool,
    /// due (again, at `due_us`), rejected, or unknown (asked for again at `due_us`), where not accepted.
    pub state: &'static str,
    pub due_us: i64,
    pub why: String,
    /// The target's words for this one, where they are not the whole request's.
    pub receipt: Option<String>,
    /// The request as a whole was not accepted, or this one differs from it: its own attempt says so.
    pub note: bool,
}

/// Stores receipts: moves deliveries on, matched by the claim's own counter, never by turn. A delivery that wants a
/// newer version by now becomes blocked: what that one waits for was not looked at while this one was under way.
pub async fn delivery_settle(tx: &mut Tx, feed: i64, settles: Vec<Settle>) -> Result<usize> {
    const ACCEPTED: &str = "update delivery set accepted_version = $4, accepted_operation = $5, tries = 0, why = '',
            at_target = case $5 when 'withdraw' then 'absent' else 'present' end,
            state = case when wanted_version > $4 then 'blocked' else 'up_to_date' end, due_us = $6
        where feed = $1 and record = $2 and attempt = $3 and state in ('sending', 'unknown')";
    const NOT: &str = "update delivery set due_us = $6, tries = tries + 1, why = $7,
            state = case when $5 <> 'unknown' and wanted_version > $4 then 'blocked' else $5 end,
            at_target = case when $5 = 'unknown' and at_target = 'absent' then 'unknown'
                when $5 <> 'unknown' and at_target = 'unknown' then 'absent' else at_target end
        where feed = $1 and record = $2 and attempt = $3 and state in ('sending', 'unknown')";
    const ATTEMPT: &str =
        "update attempt set class = $4, receipt = $5 where feed = $1 and record = $2 and attempt = $3";
    tx.run(move |c| {
        let (accepted, not): (Vec<&Settle>, Vec<&Settle>) = settles.iter().partition(|s| s.accepted);
        let taken = accepted.iter().map(|s| (s, &s.carried));
        let moved = c.execute_all(
            ACCEPTED,
            taken.map(|(s, k)| (feed, k.record, k.attempt, k.version, &k.operation, s.due_us)),
        )?;
        let left = not.iter().map(|s| (s, &s.carried));
        let moved = moved
            + c.execute_all(NOT, left.map(|(s, k)| (feed, k.record, k.attempt, k.version, s.state, s.due_us, &s.why)))?;
        let noted = settles.iter().filter(|s| s.note).map(|s| (s, &s.carried));
        c.execute_all(ATTEMPT, noted.map(|(s, k)| (feed, k.record, k.attempt, s.class, &s.receipt)))?;
        Ok(moved)
    })
    .await
}

/// A delivery in a state, with its record's dataset and wanted version's body: what a release decides from.
#[derive(Debug, Clone)]
pub struct Stuck {
    pub record: i64,
    pub dataset: String,
    pub at_target: String,
    pub wanted_version: i64,
    pub why: String,
    pub operation: String,
    pub body: String,
}

/// Blocked deliveries of a feed: the given records', or (none given) all after a record.
pub async fn delivery_blocked(
    tx: &mut Tx,
    feed: i64,
    records: Option<Vec<i64>>,
    after: i64,
    limit: i64,
) -> Result<Vec<Stuck>> {
    const SOME: &str = "select d.record, s.dataset, d.at_target, d.wanted_version, d.why, v.operation, v.body
        from json_each($2) x cross join delivery d on d.feed = $1 and d.record = x.value and d.state = 'blocked'
        cross join record r on r.id = d.record cross join scope s on s.id = r.scope
        cross join version v on v.record = d.record and v.version = d.wanted_version";
    const ALL: &str = "select d.record, s.dataset, d.at_target, d.wanted_version, d.why, v.operation, v.body
        from (select record from delivery where feed = $1 and state = 'blocked'
            and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld')
            and record > $2 order by record limit $3) b
        cross join delivery d on d.feed = $1 and d.record = b.record
        cross join record r on r.id = d.record cross join scope s on s.id = r.scope
        cross join version v on v.record = d.record and v.version = d.wanted_version";
    fn read(r: &rusqlite::Row<'_>) -> rusqlite::Result<Stuck> {
        Ok(Stuck {
            record: r.get(0)?,
            dataset: r.get(1)?,
            at_target: r.get(2)?,
            wanted_version: r.get(3)?,
            why: r.get(4)?,
            operation: r.get(5)?,
            body: r.get(6)?,
        })
    }
    tx.run(move |c| match records {
        Some(records) => c.rows(SOME, (feed, json_set(&records)), read),
        None => c.rows(ALL, (feed, after, limit), read),
    })
    .await
}

/// Lets blocked deliveries go. Only from blocked to due, so repeating is free.
pub async fn delivery_unblock(tx: &mut Tx, feed: i64, records: Vec<i64>, now_us: i64) -> Result<usize> {
    const SET: &str = "update delivery set state = 'due', due_us = $3, why = ''
        where feed = $1 and record = $2 and state = 'blocked'";
    tx.run(move |c| c.execute_all(SET, records.iter().map(|record| (feed, record, now_us)))).await
}

/// Says what deliveries that stay blocked wait for.
pub async fn delivery_blocked_why(tx: &mut Tx, feed: i64, whys: Vec<(i64, String)>) -> Result<()> {
    const SET: &str = "update delivery set why = $3 where feed = $1 and record = $2 and state = 'blocked'";
    tx.run(move |c| c.execute_all(SET, whys.iter().map(|(record, why)| (feed, record, why))).map(|_| ())).await
}

/// Holds a delivery that may go for a person: until a newer version comes, or it is sent again by hand.
pub async fn delivery_withhold(tx: &mut Tx, feed: i64, record: i64, why: &str) -> Result<()> {
    const SET: &str = "update delivery set state = 'withheld', why = $3,
            at_target = case at_target when 'unknown' then 'absent' else at_target end
        where feed = $1 and record = $2 and state in ('due', 'unknown')";
    let why = why.to_owned();
    tx.run(move |c| c.execute(SET, (feed, record, &why)).map(|_| ())).await
}

/// Sends again what the target was taken to have, as it now says that it has it not. Returns how many.
pub async fn delivery_again(tx: &mut Tx, feed: i64, records: Vec<i64>, now_us: i64) -> Result<usize> {
    const SET: &str = "update delivery set state = 'due', due_us = $3, tries = 0
        where feed = $1 and record = $2 and state = 'up_to_date' and at_target = 'present'";
    tx.run(move |c| c.execute_all(SET, records.iter().map(|record| (feed, record, now_us)))).await
}

/// Of what may go, what its feed selects no longer: what was never sent is not owed any more, the rest is withheld.
pub async fn delivery_unselected(tx: &mut Tx, feed: i64, records: Vec<i64>) -> Result<()> {
    const DROP: &str = "delete from delivery where feed = $1 and record = $2 and state = 'due' and attempt = 0";
    const HOLD: &str = "update delivery set state = 'withheld', why = $3,
            at_target = case at_target when 'unknown' then 'absent' else at_target end
        where feed = $1 and record = $2 and state in ('due', 'unknown')";
    tx.run(move |c| {
        c.execute_all(DROP, records.iter().map(|record| (feed, record)))?;
        c.execute_all(HOLD, records.iter().map(|record| (feed, record, UNSELECTED))).map(|_| ())
    })
    .await
}

/// Of these records, what was withheld since its feed did not select it goes on, now that it does: it is blocked until
/// it was seen what it waits for.
pub async fn delivery_selected(tx: &mut Tx, feed: i64, records: Vec<i64>) -> Result<()> {
    const SET: &str = "update delivery set
            why = case when accepted_version = wanted_version then '' else 'selected again' end,
            state = case when accepted_version = wanted_version then 'up_to_date' else 'blocked' end
        where feed = $1 and record = $2 and state = 'withheld' and why = $3";
    tx.run(move |c| c.execute_all(SET, records.iter().map(|record| (feed, record, UNSELECTED))).map(|_| ())).await
}

/// Why a delivery is withheld that its feed selects no longer.
const UNSELECTED: &str = "the feed does not select this record any more";

/// A withdrawal of what the target never had: nothing is owed.
pub async fn delivery_nothing_owed(tx: &mut Tx, feed: i64, records: Vec<(i64, i64)>) -> Result<()> {
    const SET: &str = "update delivery set state = 'up_to_date', accepted_version = $3, accepted_operation = '', why = ''
        where feed = $1 and record = $2 and wanted_version = $3 and at_target = 'absent' and state in ('due', 'blocked')";
    tx.run(move |c| {
        for (record, version) in &records {
            c.execute(SET, (feed, record, version))?;
        }
        Ok(())
    })
    .await
}

/// Sends again what a person names: all that was rejected or withheld, or a record by number. A record that was
/// withdrawn before the target had it has nothing to send. Returns how many.
pub async fn delivery_resend(tx: &mut Tx, feed: i64, record: Option<i64>, now_us: i64) -> Result<usize> {
    const ONE: &str = "update delivery set state = 'due', due_us = $3, tries = 0, why = ''
        where feed = $1 and record = $2
            and (state in ('rejected', 'withheld') or state = 'up_to_date' and accepted_operation <> '')";
    const REJECTED: &str = "update delivery set state = 'due', due_us = $2, tries = 0, why = ''
        where feed = $1 and record in (select record from delivery where feed = $1 and state in ('rejected', 'withheld')
            and state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld'))";
    tx.run(move |c| match record {
        Some(record) => c.execute(ONE, (feed, record, now_us)),
        None => c.execute(REJECTED, (feed, now_us)),
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::super::{Db, Priority};

    /// The texts of this file's statements, with their names.
    fn statements() -> Vec<(&'static str, &'static str)> {
        let mut found = Vec::new();
        for part in include_str!("deliveries.rs").split("\n    const ").skip(1) {
            let Some((name, rest)) = part.split_once(": &str =") else { continue };
            let text = rest.split('"').nth(1).unwrap();
            found.push((name, text));
        }
        found
    }

    /// What is up to date outnumbers all else by far: no statement walks it, nor all that is due.
    #[tokio::test]
    async fn no_statement_walks_what_a_feed_has_delivered() {
        const FILL: &str = "insert into delivery (feed, record, wanted_version, accepted_version, at_target,
                accepted_operation, state, due_us, tries, node, epoch, attempt, request, number, why)
            select 1, value, 1, 1, 'present', 'insert', case when value % 100 = 0 then 'unknown' else 'up_to_date' end,
                1, 0, 'n', 1, 1, value, '', '' from (with recursive n(value) as (select 1 union all select value + 1 from n where value < 20000) select value from n)";
        let dir = tempfile::tempdir().unwrap();
        let db = Db::open(&dir.path().join("hub.db")).unwrap();
        let mut tx = db.begin(Priority::Settle).await.unwrap();
        tx.run(|c| c.execute(FILL, [])).await.unwrap();
        let statements = statements();
        assert!(statements.len() > 25, "{statements:?}");
        for (name, text) in statements {
            let explain: &'static str = format!("explain query plan {text}").leak();
            let args = (1..).take_while(|n| text.contains(&format!("${n}"))).count();
            let plan = tx
                .run(move |c| c.rows(explain, rusqlite::params_from_iter(vec![1; args]), |r| r.get::<_, String>(3)))
                .await
                .unwrap();
            let is_inner = plan.iter().any(|step| step == "CO-ROUTINE d");
            let is_walk = |step: &&String| {
                step.starts_with("SCAN d") && !is_inner
                    || step.starts_with("SEARCH d")
                        && (step.ends_with("PRIMARY KEY (feed=?)") || step.ends_with("delivery_stuck (feed=?)"))
            };
            let walks: Vec<&String> = plan.iter().filter(is_walk).collect();
            assert!(walks.is_empty(), "{name} walks a feed's deliveries: {walks:?} in {plan:#?}\n{text}");
        }
    }
}
