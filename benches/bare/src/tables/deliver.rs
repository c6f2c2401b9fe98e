//! Deliveries: claimed with request and attempts in one commit, settled with the receipt in another.

use super::{NODE, Tables, draw, execute_all, execute_one, now_us};
use crate::Result;
use crate::target::{NOTICES, PARENTS};

/// Most records of one claim.
const RECORDS_MAX: i64 = 1000;

/// Deliveries on their way.
pub struct Claim {
    pub requests: Vec<Request>,
    carried: Vec<Carried>,
}

/// One call to the target.
pub struct Request {
    id: i64,
    pub name: String,
    pub body: Vec<u8>,
}

struct Carried {
    record: i64,
    version: i64,
    operation: &'static str,
    attempt: i64,
    request: i64,
}

impl Tables {
    /// Claims what is due: one request for all, or one for each record. None: nothing is due.
    pub fn claim(&mut self, one_by_one: bool) -> Result<Option<Claim>> {
        let (feed, epoch, at_us) = (self.feed, self.epoch, now_us());
        let tx = self.connection.transaction()?;
        let (mut carried, mut documents) = (Vec::new(), Vec::new());
        super::query(
            &tx,
            "select d.record, d.wanted_version, d.at_target, d.attempt, s.dataset, s.system, v.body
                from (select record, wanted_version, at_target, attempt, due_us from delivery
                    where feed = ?1 and state = 'due' and due_us <= ?2 order by due_us, record limit ?3) d
                cross join record r on r.id = d.record cross join scope s on s.id = r.scope
                cross join version v on v.record = d.record and v.version = d.wanted_version
                order by d.due_us, d.record",
            (feed, at_us, RECORDS_MAX),
            |r| {
                let operation = if r.get_ref(2)?.as_str()? == "present" { "update" } else { "insert" };
                let (record, version): (i64, i64) = (r.get(0)?, r.get(1)?);
                let (dataset, system, body) =
                    (r.get_ref(4)?.as_str()?, r.get_ref(5)?.as_str()?, r.get_ref(6)?.as_str()?);
                documents.push(document(record, version, dataset, system, operation, body)?);
                carried.push(Carried { record, version, operation, attempt: r.get::<_, i64>(3)? + 1, request: 0 });
                Ok(())
            },
        )?;
        if carried.is_empty() {
            return Ok(None);
        }
        let calls = if one_by_one { carried.len() } else { 1 };
        let first = draw(&tx, "request", calls)?;
        let mut requests = Vec::with_capacity(calls);
        let mut add = tx.prepare_cached(
            "insert into request (id, feed, node, epoch, name, media, records, sent_us, due_us, answered_us, sends, class,
                    status, sent, answer)
                values (?1, ?2, ?3, ?4, ?5, 'application/json', ?6, ?7, 0, null, 1, '', 0, ?8, null)",
        )?;
        let bodies = if one_by_one { documents } else { vec![format!("[{}]", documents.join(","))] };
        for (id, body) in (first..).zip(bodies) {
            let (name, sent) = (format!("sink-all-{id:010}"), zstd::bulk::compress(body.as_bytes(), 1)?);
            add.execute((id, feed, NODE, epoch, &name, (carried.len() / calls) as i64, at_us, sent))?;
            requests.push(Request { id, name, body: body.into_bytes() });
        }
        drop(add);
        for (at, carried) in carried.iter_mut().enumerate() {
            carried.request = first + if one_by_one { at as i64 } else { 0 };
        }
        carried.sort_unstable_by_key(|c| c.record);
        let claims = "update delivery set state = 'sending', node = ?3, epoch = ?4, attempt = ?5, request = ?6
            where feed = ?1 and record = ?2 and state = 'due' and wanted_version = ?7";
        execute_all(
            &tx,
            claims,
            carried.iter().map(|c| (feed, c.record, NODE, epoch, c.attempt, c.request, c.version)),
        )?;
        let attempts = "insert into attempt (feed, record, attempt, version, operation, request, class, receipt)
            values (?1, ?2, ?3, ?4, ?5, ?6, null, null)";
        execute_all(
            &tx,
            attempts,
            carried.iter().map(|c| (feed, c.record, c.attempt, c.version, c.operation, c.request)),
        )?;
        tx.commit()?;
        Ok(Some(Claim { requests, carried }))
    }

    /// Keeps the answers, all of them acceptances. Returns how many deliveries that settled.
    pub fn settle(&mut self, claim: &Claim, answers: &[Vec<u8>]) -> Result<usize> {
        let (feed, at_us) = (self.feed, now_us());
        let tx = self.connection.transaction()?;
        for (request, answer) in claim.requests.iter().zip(answers) {
            let answered = "update request set answered_us = ?2, class = 'accepted', status = 200, answer = ?3
                where id = ?1 and answered_us is null";
            execute_one(&tx, answered, (request.id, at_us, answer))?;
        }
        let accepted = "update delivery set accepted_version = ?4, accepted_operation = ?5, tries = 0, why = '',
                at_target = 'present', state = case when wanted_version > ?4 then 'due' else 'up_to_date' end,
                due_us = ?6
            where feed = ?1 and record = ?2 and attempt = ?3 and state in ('sending', 'unknown')";
        execute_all(
            &tx,
            accepted,
            claim.carried.iter().map(|c| (feed, c.record, c.attempt, c.version, c.operation, at_us)),
        )?;
        tx.commit()?;
        Ok(claim.carried.len())
    }
}

/// A record as the hub's own JSON form has it.
fn document(record: i64, version: i64, dataset: &str, system: &str, operation: &str, body: &str) -> Result<String> {
    let number = PARENTS.iter().chain(&NOTICES).find(|t| t.code == dataset).ok_or("a delivery is of no target")?.number;
    Ok(format!(
        r#"{{"key":"{record}-{version}","dataset":"{dataset}","number":"{number}","system":"{system}","operation":"{operation}","version":{version},"record":{body}}}"#
    ))
}
