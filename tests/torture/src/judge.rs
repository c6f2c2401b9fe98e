//! The judge: reads what the source wrote and what the targets remember, and believes nothing that the hub says of
//! itself but where an item stands and why; that it checks too.
//!
//! What a target took is replayed in its order (`replay`): versions only rise, nothing comes twice, parents come first
//! and go last. Then the end is looked at (`settled`): of every record the last state is there, or something says why
//! it is not, and the reason holds. Last, the hub's own books must agree with what was counted here (`books`).

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::Value;

use crate::history::{Dataset, History, Identity, Row, What};
use crate::target::{Answer, Doc, Fate, Taken};

/// What one target remembers, and what it may expect.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    pub(crate) feed: String,
    pub(crate) carries: Vec<Dataset>,
    pub(crate) taken: Vec<Taken>,
    /// A directory refuses nothing.
    pub(crate) refuses: bool,
}

/// An item that stands open, as the command line lists it.
#[derive(Debug, Clone)]
pub(crate) struct OpenItem {
    pub(crate) mapping: String,
    pub(crate) identity: String,
    pub(crate) state: String,
    pub(crate) file: String,
    pub(crate) line: usize,
    pub(crate) why: String,
}

pub(crate) struct Evidence<'a> {
    pub(crate) history: &'a History,
    pub(crate) targets: Vec<Remembered>,
    pub(crate) open: Vec<OpenItem>,
    pub(crate) books: Value,
    /// Rows that may have been read once more than was meant: halves of files that the machine was too slow for.
    pub(crate) rows_more: usize,
}

#[derive(Debug, Clone)]
pub(crate) struct Violation {
    pub(crate) rule: &'static str,
    pub(crate) what: String,
    /// The record whose life is told.
    pub(crate) about: Option<Identity>,
}

fn violation(rule: &'static str, about: Option<Identity>, what: String) -> Violation {
    Violation { rule, what, about }
}

/// Everything that is wrong.
pub(crate) fn judge(evidence: &Evidence<'_>) -> Vec<Violation> {
    let records = evidence.history.records();
    let stands = Stands::find(evidence, &records);
    let mut found = stands.wrong.clone();
    for target in &evidence.targets {
        let mut replay = Replay::new(target, &records);
        replay.run();
        found.append(&mut replay.wrong);
        settled(target, &records, &stands, &replay, &mut found);
    }
    books(evidence, &mut found);
    found
}

/// The states of records, by identity.
type Records<'a> = BTreeMap<Identity, Vec<&'a Row>>;

/// What of a record is at a target.
#[derive(Debug, Clone)]
struct There {
    identity: Identity,
    version: u64,
    /// None: it was withdrawn.
    live: Option<Doc>,
    /// Codes that it had there.
    codes: HashSet<String>,
    /// The source's version that came last.
    source_version: u32,
}

/// What a target took, in its order.
struct Replay<'a> {
    target: &'a Remembered,
    records: &'a Records<'a>,
    there: BTreeMap<u64, There>,
    numbers: HashMap<Identity, u64>,
    wrong: Vec<Violation>,
}

impl<'a> Replay<'a> {
    fn new(target: &'a Remembered, records: &'a Records<'a>) -> Self {
        Self { target, records, there: BTreeMap::new(), numbers: HashMap::new(), wrong: Vec::new() }
    }

    fn run(&mut self) {
        // Keys of which an answer said nothing: these alone may be asked for again under another request.
        let mut unclear: HashSet<&str> = HashSet::new();
        let target = self.target;
        for taken in &target.taken {
            for (doc, fate) in &taken.docs {
                match fate {
                    Fate::Accepted => self.accept(doc),
                    Fate::Double if !unclear.contains(doc.key.as_str()) => {
                        let what = format!("{} had come, and came again in request {}", doc.key, taken.request);
                        self.report("nothing is sent twice under another key", doc, what);
                    }
                    Fate::Double | Fate::Same | Fate::Refused => {}
                }
            }
            if taken.answer == Answer::Partial {
                unclear.extend(taken.docs.iter().map(|(doc, _)| doc.key.as_str()));
            }
        }
    }

    fn report(&mut self, rule: &'static str, doc: &Doc, what: String) {
        let about = Dataset::from_code(&doc.dataset).map(|d| (d, doc.id.clone()));
        let what = format!("{}: {} {} {} ({})", self.target.feed, doc.operation, doc.dataset, doc.key, what);
        self.wrong.push(violation(rule, about, what));
    }

    fn accept(&mut self, doc: &Doc) {
        let Some(dataset) = Dataset::from_code(&doc.dataset) else {
            return self.report("only what the source wrote arrives", doc, "no such dataset".into());
        };
        let identity = (dataset, doc.id.clone());
        let row = self.records.get(&identity).and_then(|rows| {
            rows.iter()
                .find(|r| r.what == What::Good && (&r.code, &r.parent, &r.name) == (&doc.code, &doc.parent, &doc.name))
        });
        let Some(row) = row.copied() else {
            return self.report("only what the source wrote arrives", doc, format!("no row says {doc:?}"));
        };
        if *self.numbers.entry(identity.clone()).or_insert(doc.record) != doc.record {
            self.report("one record of the source is one record", doc, "it has another number too".into());
        }
        let before = self.there.get(&doc.record).cloned();
        if let Some(before) = &before {
            if before.version >= doc.version {
                self.report("versions only rise", doc, format!("version {} is there", before.version));
            }
            if dataset != Dataset::List && !doc.withdraws() && before.source_version >= row.version {
                let what = format!("the source's version {} was there", before.source_version);
                self.report("the older never overwrites the newer", doc, what);
            }
        }
        let was_live = before.as_ref().is_some_and(|b| b.live.is_some());
        match (doc.operation.as_str(), was_live) {
            ("insert", false) | ("update" | "withdraw", true) => {}
            (_, true) => self.report("what is there is updated", doc, "it is there".into()),
            (_, false) => self.report("what is not there is inserted", doc, "it is not there".into()),
        }
        let mut now = before.unwrap_or_else(|| There {
            identity,
            version: 0,
            live: None,
            codes: HashSet::new(),
            source_version: 0,
        });
        now.version = doc.version;
        if doc.withdraws() {
            now.live = None;
            self.there.insert(doc.record, now.clone());
            self.parent_has_gone(dataset, doc, &now);
        } else {
            now.live = Some(doc.clone());
            now.codes.insert(doc.code.clone());
            now.source_version = row.version;
            self.there.insert(doc.record, now);
            self.parent_is_there(dataset, doc);
        }
    }

    fn carries(&self, dataset: Dataset) -> bool {
        self.target.carries.contains(&dataset)
    }

    fn live(&self, dataset: Dataset) -> impl Iterator<Item = &There> {
        self.there.values().filter(move |t| t.identity.0 == dataset && t.live.is_some())
    }

    /// Records that are there under a code, now or by an earlier name.
    fn with_code(&self, dataset: Dataset, code: &str) -> Vec<&There> {
        self.live(dataset).filter(|t| self.has_code(t, code)).collect()
    }

    /// True: it had the code here, or in a state before the one that is here: of several new states only the newest
    /// is sent, so that a target may never see a name that came and went.
    fn has_code(&self, there: &There, code: &str) -> bool {
        let rows = self.records.get(&there.identity).map_or(&[][..], Vec::as_slice);
        let had = |r: &&Row| r.what == What::Good && r.code == code && r.version <= there.source_version;
        there.codes.contains(code) || rows.iter().any(had)
    }

    fn parent_is_there(&mut self, dataset: Dataset, doc: &Doc) {
        let Some(parent) = dataset.parent().filter(|p| self.carries(*p)) else { return };
        if self.with_code(parent, &doc.parent).is_empty() {
            self.report("parents come first", doc, format!("no {} {} is there", parent.code(), doc.parent));
        }
    }

    fn parent_has_gone(&mut self, dataset: Dataset, doc: &Doc, gone: &There) {
        for child in Dataset::ALL.into_iter().filter(|d| d.parent() == Some(dataset)) {
            let left: Vec<String> = self
                .live(child)
                .filter_map(|t| t.live.as_ref())
                .filter(|c| self.has_code(gone, &c.parent) && self.with_code(dataset, &c.parent).is_empty())
                .map(|c| format!("{} {}", c.dataset, c.id))
                .collect();
            if !left.is_empty() {
                self.report("parents go last", doc, format!("{} are there without a parent", left.join(", ")));
            }
        }
    }

    /// What is there of a record.
    fn of(&self, identity: &Identity) -> Option<&There> {
        self.numbers.get(identity).and_then(|number| self.there.get(number))
    }
}

/// How every record stands in the hub: by its last row, or by an open item.
struct Stands {
    open: HashSet<Identity>,
    wrong: Vec<Violation>,
}

const NOWHERE: &str = "every row's record is accepted or stands with a reason";

impl Stands {
    fn find(evidence: &Evidence<'_>, records: &Records<'_>) -> Self {
        let mut stands = Self { open: HashSet::new(), wrong: Vec::new() };
        let mut claims: HashMap<Identity, Vec<&OpenItem>> = HashMap::new();
        for item in &evidence.open {
            let dataset = Dataset::ALL.into_iter().find(|d| d.mapping() == item.mapping);
            if let Some(dataset) = dataset {
                claims.entry((dataset, item.identity.clone())).or_default().push(item);
            }
        }
        stands.open.extend(claims.keys().cloned());
        for (identity, rows) in records.iter().filter(|(identity, _)| identity.0 != Dataset::List) {
            let Some(last) = rows.last() else { continue };
            let own = claims.get(identity).map_or(&[][..], Vec::as_slice);
            match own {
                [] if last.what == What::Bad => {
                    let what = format!("{}: its last row is bad, and stands nowhere", identity.1);
                    stands.wrong.push(violation(NOWHERE, Some(identity.clone()), what));
                }
                [] => {}
                [one] => stands.reason_holds(evidence.history, records, &claims, identity, last, one),
                many => {
                    let what = format!("{}: {} items stand open", identity.1, many.len());
                    stands.wrong.push(violation("one item of a record stands open", Some(identity.clone()), what));
                }
            }
        }
        for identity in claims.keys().filter(|i| !records.contains_key(i)) {
            let what = format!("{identity:?} is nobody");
            stands.wrong.push(violation("only what the source wrote stands open", Some(identity.clone()), what));
        }
        stands
    }

    fn reason_holds(
        &mut self,
        history: &History,
        records: &Records<'_>,
        claims: &HashMap<Identity, Vec<&OpenItem>>,
        identity: &Identity,
        last: &Row,
        item: &OpenItem,
    ) {
        let mut wrong = |what: String| {
            let what = format!("{} {} at {}:{}: {what}", item.state, identity.1, item.file, item.line);
            self.wrong.push(violation("a reason holds", Some(identity.clone()), what));
        };
        let row =
            history.drops.iter().find(|d| d.file == item.file).and_then(|d| d.rows.get(item.line.checked_sub(2)?));
        match row {
            Some(row) if row.identity() != *identity => return wrong("the row there is another record's".into()),
            Some(row) if row.version < last.version => {
                return wrong(format!("a newer row came, of version {}", last.version));
            }
            Some(_) => {}
            None => return wrong("no row is there".into()),
        }
        let by_code = |dataset: Dataset, code: &str| {
            records
                .iter()
                .filter(|((d, _), _)| *d == dataset)
                .filter(|(_, rows)| rows.iter().any(|r| r.what == What::Good && r.code == code))
                .map(|(identity, rows)| (identity.clone(), rows.last().copied()))
                .collect::<Vec<_>>()
        };
        match (last.what, item.state.as_str()) {
            (What::Bad, "quarantined") => {}
            (What::Good, "waiting") => {
                let Some(parent) = identity.0.parent() else { return wrong("it needs nothing".into()) };
                let sure = by_code(parent, &last.parent).into_iter().find(|(other, row)| {
                    !claims.contains_key(other) && row.is_some_and(|r| r.what == What::Good && r.code == last.parent)
                });
                if let Some((there, _)) = sure {
                    wrong(format!("its parent {} is there", there.1));
                }
            }
            (What::Good, "quarantined") => {
                let may_hold = by_code(identity.0, &last.code).into_iter().any(|(other, row)| {
                    let is_sure = !claims.contains_key(&other);
                    other != *identity && (!is_sure || row.is_some_and(|r| r.what == What::Good && r.code == last.code))
                });
                if !may_hold {
                    wrong(format!("nobody has its key {}: {}", last.code, item.why));
                }
            }
            (what, _) => wrong(format!("its last row is {what:?}")),
        }
    }
}

/// At the end: what should be there, is there, or something that the target itself remembers says why not.
fn settled(
    target: &Remembered,
    records: &Records<'_>,
    stands: &Stands,
    replay: &Replay<'_>,
    found: &mut Vec<Violation>,
) {
    for (identity, rows) in records.iter().filter(|((d, _), _)| target.carries.contains(d) && *d != Dataset::List) {
        let Some(last) = rows.last() else { continue };
        if stands.open.contains(identity) {
            // Which of its earlier rows is the present one depends on what came when.
            continue;
        }
        let there = replay.of(identity);
        let live = there.and_then(|t| t.live.as_ref());
        let mut wrong = |what: String| {
            let what = format!("{}: {} version {}: {what}", target.feed, identity.1, last.version);
            found.push(violation(NOWHERE, Some(identity.clone()), what));
        };
        if last.what == What::Withdraw {
            if let Some(there) = there.filter(|t| t.live.is_some())
                && !has_children(replay, there)
            {
                wrong("its withdrawal has not arrived".into());
            }
            continue;
        }
        if live.is_some_and(|doc| (&doc.code, &doc.parent, &doc.name) == (&last.code, &last.parent, &last.name)) {
            continue;
        }
        let is_refused = target.refuses && last.name.ends_with("-refuse");
        if !is_refused && !waits_for_parent(target, stands, records, replay, identity.0, last, live.is_some()) {
            wrong(format!("it has not arrived; there is {live:?}"));
        }
    }
}

fn has_children(replay: &Replay<'_>, parent: &There) -> bool {
    Dataset::ALL
        .into_iter()
        .filter(|d| d.parent() == Some(parent.identity.0))
        .any(|child| replay.live(child).filter_map(|t| t.live.as_ref()).any(|doc| replay.has_code(parent, &doc.parent)))
}

/// True: its parent is not at the target, or is about to leave it.
fn waits_for_parent(
    target: &Remembered,
    stands: &Stands,
    records: &Records<'_>,
    replay: &Replay<'_>,
    dataset: Dataset,
    row: &Row,
    is_there: bool,
) -> bool {
    let Some(parent) = dataset.parent().filter(|p| target.carries.contains(p)) else { return false };
    let stays = |t: &There| {
        let last = records.get(&t.identity).and_then(|rows| rows.last());
        !stands.open.contains(&t.identity) && last.is_some_and(|r| r.what == What::Good)
    };
    let parents = replay.with_code(parent, &row.parent);
    parents.is_empty() || !is_there && !parents.iter().any(|t| stays(t))
}

/// What the last snapshot shows is there, and nothing else. Told apart, since it is also how quiet is known.
pub(crate) fn list_is_there(target: &Remembered, history: &History) -> Option<Violation> {
    let records = history.records();
    let mut replay = Replay::new(target, &records);
    replay.run();
    let mut there: Vec<(&str, &str)> = replay
        .live(Dataset::List)
        .filter_map(|t| t.live.as_ref())
        .map(|doc| (doc.id.as_str(), doc.name.as_str()))
        .collect();
    let mut wanted: Vec<(&str, &str)> = history.last.rows.iter().map(|r| (r.id.as_str(), r.name.as_str())).collect();
    there.sort_unstable();
    wanted.sort_unstable();
    if there == wanted || !target.carries.contains(&Dataset::List) {
        return None;
    }
    let odd = there.iter().find(|t| !wanted.contains(t)).or_else(|| wanted.iter().find(|w| !there.contains(w)));
    let about = odd.map(|(id, _)| (Dataset::List, (*id).to_owned()));
    let what = format!("{}: there is {there:?}, and there should be {wanted:?}", target.feed);
    Some(violation("the last snapshot is what is there", about, what))
}

/// A figure of the books.
pub(crate) fn figure(line: &Value, name: &str) -> i64 {
    line.get(name).and_then(Value::as_i64).unwrap_or(-1)
}

/// A list of the books.
pub(crate) fn lines<'a>(books: &'a Value, name: &str) -> impl Iterator<Item = &'a Value> {
    books.get(name).and_then(Value::as_array).into_iter().flatten()
}

pub(crate) fn text<'a>(line: &'a Value, name: &str) -> &'a str {
    line.get(name).and_then(Value::as_str).unwrap_or_default()
}

fn books(evidence: &Evidence<'_>, found: &mut Vec<Violation>) {
    const RULE: &str = "the books agree with what was counted here";
    let mut wrong = |what: String| found.push(violation(RULE, None, what));
    let books = &evidence.books;
    if books.get("balanced") != Some(&Value::Bool(true)) {
        wrong("the books do not balance".into());
    }
    let findings = books.get("recount").map(|r| lines(r, "findings").collect::<Vec<_>>()).unwrap_or_default();
    for finding in findings {
        wrong(format!("{} {}: {}", text(finding, "table"), text(finding, "key"), text(finding, "en")));
    }
    let rows = |keep: &dyn Fn(&Row) -> bool| -> usize {
        evidence.history.contents().flat_map(|d| &d.rows).filter(|r| keep(r)).count()
    };
    let items = |mapping: &str| {
        lines(books, "mappings").find(|m| text(m, "mapping") == mapping).map_or(0, |m| figure(m, "items"))
    };
    let mut expect = |mapping: &str, rows: usize, most: usize| {
        let items = items(mapping);
        if items < rows as i64 || items > most as i64 {
            wrong(format!("{mapping} has {items} items, and {rows} rows were written"));
        }
    };
    for dataset in [Dataset::Top, Dataset::Mid, Dataset::Leaf] {
        let count = rows(&|r| r.dataset == dataset && r.what != What::Broken);
        expect(&dataset.mapping(), count, count + evidence.rows_more);
    }
    let count = rows(&|r| r.what == What::Broken);
    expect("row", count, count + evidence.rows_more);
    // A snapshot that a later one has overtaken is not read.
    expect(&Dataset::List.mapping(), evidence.history.last.rows.len(), usize::MAX >> 1);
    for feed in lines(books, "feeds") {
        for state in ["due", "sending", "unknown", "withheld"] {
            if figure(feed, state) != 0 {
                wrong(format!("{} has {} deliveries that are {state}", text(feed, "feed"), figure(feed, state)));
            }
        }
    }
}
