-- The hub's tables on SQLite. Columns are not null unless they say so; `_us` is UTC microseconds.
-- `without rowid` on narrow tables only, never on one with a body. Applied migrations are frozen.

-- Numbers that are drawn and never given back: batch, record, request, run, and the day's serial of a platform.
create table counter (
    name text primary key,
    value integer not null
) without rowid;

-- Names kept once, numbers in every row that uses them.
create table scope (
    id integer primary key,
    dataset text not null,
    system text not null,
    space text not null,
    unique (dataset, system, space)
);
create table mapping (
    id integer primary key,
    name text not null unique,
    dataset text not null
);
-- A field set of a dataset that records are found by. Below 1000: a business key, unique among live records.
-- `built_to`: the rows of records up to this number are there; null: all are; -1: nobody asks for it now.
create table slot (
    id integer primary key,
    dataset text not null,
    name text not null,
    built_to integer,
    unique (dataset, name)
);
-- One counter for the whole hub: a mapping's text became another, so going back to an old text is a new number.
create table revision (
    number integer primary key,
    mapping integer not null,
    digest blob not null,
    text text not null,
    since_us integer not null
);

-- Intake.
create table source (
    id integer primary key,
    name text not null unique,
    checkpoint text not null,
    node text not null,
    epoch integer not null,
    lease_until_us integer not null
);
create table job (
    id integer primary key,
    name text not null unique,
    paused integer not null,
    paused_why text not null,
    due_us integer not null
);
create table run (
    id integer primary key,
    job integer not null,
    cause text not null,
    started_us integer not null,
    ended_us integer,
    state text not null,
    first_batch integer not null,
    rows integer not null,
    why text not null
);
create index run_job on run (job, id);
create table batch (
    number integer primary key,
    source integer not null,
    job integer not null,
    run integer not null,
    kind text not null,
    state text not null,
    rows integer not null,
    unmapped integer not null,
    done_to integer not null,
    attempts integer not null,
    node text not null,
    epoch integer not null,
    read_us integer not null,
    settled_us integer
);
create index batch_open on batch (number) where state in ('offered', 'published');
create index batch_run on batch (run);
create table batch_rows (
    batch integer primary key,
    rows blob not null
);
-- One byte an item for ever: its outcome at settlement (see store/batches.rs).
create table batch_outcome (
    batch integer not null,
    mapping integer not null,
    revision integer not null,
    from_row integer not null,
    items integer not null,
    accepted integer not null,
    unchanged integer not null,
    superseded integer not null,
    withdrawn integer not null,
    filtered integer not null,
    waiting integer not null,
    quarantined integer not null,
    outcomes blob not null,
    primary key (batch, mapping, revision, from_row)
) without rowid;
-- `known` 0: it was read; 1: its content was known; 2: a later file was the picture. `taken`: the order of taking.
create table file_seen (
    source integer not null,
    digest text not null,
    name text not null,
    size integer not null,
    modified_us integer not null,
    rows integer not null,
    known integer not null,
    batch integer not null,
    taken integer not null,
    taken_us integer not null,
    primary key (source, digest, name)
) without rowid;
-- Identities met in a run that reads a whole snapshot.
create table seen (
    run integer not null,
    scope integer not null,
    identity text not null,
    primary key (run, scope, identity)
) without rowid;

-- Records: the head stands apart from its versions, so that an unchanged row never touches a body.
create table record (
    id integer primary key,
    scope integer not null,
    identity text not null,
    state text not null,
    version integer not null,
    ord_version integer not null,
    ord_position integer not null,
    ord_revision integer not null,
    fingerprint blob not null,
    -- Digest of the row that made the present state, and of the mapping's revision: what comes again need not be mapped.
    made_of blob not null
);
create unique index record_key on record (scope, identity);
create table version (
    record integer not null,
    version integer not null,
    ord_version integer not null,
    position integer not null,
    revision integer not null,
    mapping integer not null,
    element integer not null,
    operation text not null,
    created_us integer not null,
    looked_at text not null,
    notes text not null,
    body text not null
);
create unique index version_key on version (record, version);
create index version_position on version (position);
-- What can be asked about a body without opening it. `earlier`: once true, kept until no live child uses it.
create table record_index (
    slot integer not null,
    value text not null,
    record integer not null,
    earlier integer not null,
    primary key (slot, value, record)
) without rowid;
create unique index record_index_key on record_index (slot, value) where earlier = 0 and slot < 1000;
-- What a record points at, found by the value pointed at. Relations to widely shared subjects have no row here.
-- `until_version`: the version that points there no more; 0: the newest does. A target that has not accepted that
-- version still has the child under this parent.
create table record_ref (
    slot integer not null,
    value text not null,
    record integer not null,
    grp integer not null,
    required integer not null,
    until_version integer not null,
    primary key (slot, value, record, grp)
) without rowid;

-- Items that were not final at settlement, and what became of them. `seen_at`: the position at which the row came last.
create table item (
    position integer not null,
    mapping integer not null,
    element integer not null,
    scope integer not null,
    identity text not null,
    version integer not null,
    print blob not null,
    state text not null,
    revision integer not null,
    seen integer not null,
    seen_at integer not null,
    first_us integer not null,
    last_us integer not null,
    reasons text not null,
    primary key (position, mapping, element)
) without rowid;
create index item_open on item (scope, identity) where state in ('waiting', 'quarantined');
-- `free` 0: the value must be met by a live record; 1: the key must have become free.
create table item_need (
    position integer not null,
    mapping integer not null,
    element integer not null,
    grp integer not null,
    slot integer not null,
    value text not null,
    free integer not null,
    primary key (position, mapping, element, grp, slot, value)
) without rowid;
create index item_need_value on item_need (slot, value);

-- Delivery: the outbox is a state, not a queue.
create table feed (
    id integer primary key,
    name text not null unique,
    state text not null,
    state_why text not null,
    walked text not null,
    selection text not null,
    tries integer not null,
    rest_until_us integer not null
);
create table delivery (
    feed integer not null,
    record integer not null,
    wanted_version integer not null,
    accepted_version integer not null,
    at_target text not null,
    accepted_operation text not null,
    state text not null,
    due_us integer not null,
    tries integer not null,
    node text not null,
    epoch integer not null,
    attempt integer not null,
    request integer not null,
    number text not null,
    why text not null,
    primary key (feed, record)
) without rowid;
create index delivery_due on delivery (feed, due_us, record) where state = 'due';
create index delivery_stuck on delivery (feed, state, record) where state in ('blocked', 'unknown', 'sending', 'rejected', 'withheld');
create table request (
    id integer primary key,
    feed integer not null,
    node text not null,
    epoch integer not null,
    name text not null,
    media text not null,
    records integer not null,
    sent_us integer not null,
    due_us integer not null,
    answered_us integer,
    sends integer not null,
    class text not null,
    status integer not null,
    sent blob not null,
    answer blob
);
create index request_open on request (feed, id) where answered_us is null;
-- Counts and newest answers are asked for without reading the bytes that travelled.
create index request_feed on request (feed, answered_us);
-- One sending of a delivery. `class` null: the request's own.
create table attempt (
    feed integer not null,
    record integer not null,
    attempt integer not null,
    version integer not null,
    operation text not null,
    request integer not null,
    class text,
    receipt text,
    primary key (feed, record, attempt)
) without rowid;

create table assigned_code (
    algorithm text not null,
    value text not null,
    code text not null,
    assigned_us integer not null,
    primary key (algorithm, value)
) without rowid;
create unique index assigned_code_code on assigned_code (code);

-- Files that belong to records, by content; filled by the adapters that fetch them.
create table attachment (
    digest text primary key,
    size integer not null,
    media_type text not null,
    state text not null
) without rowid;
create table record_attachment (
    record integer not null,
    digest text not null,
    name text not null,
    primary key (record, digest, name)
) without rowid;
