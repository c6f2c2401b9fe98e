//! Assigned codes, attachments, and at the end the counters that everything was drawn from.

use std::fmt;

use super::intake::is_digest;
use super::walk::{Cursor, Table};
use super::{Run, names};
use crate::pipeline::decide::{beijing_time, shown};
use crate::schema::{deal_code, identifier};
use crate::store;
use crate::store::recount::{self, AttachmentRow, CodeRow, RecordAttachmentRow};

const CODES: Table<(String, String), CodeRow> = Table::new(
    "assigned_code",
    recount::codes,
    |c| (c.algorithm.clone(), c.value.clone()),
    |(algorithm, value)| format!("algorithm={algorithm} value={}", shown(value)),
    || (String::new(), String::new()),
);
const ATTACHMENTS: Table<String, AttachmentRow> = Table::new(
    "attachment",
    recount::attachments,
    |a| a.digest.clone(),
    |digest| format!("digest={digest}"),
    String::new,
);
const RECORD_ATTACHMENTS: Table<(i64, String, String), RecordAttachmentRow> = Table::new(
    "record_attachment",
    recount::record_attachments,
    |a| (a.record, a.digest.clone(), a.name.clone()),
    |(record, digest, name)| format!("record={record} digest={digest} name={name}"),
    || (i64::MIN, String::new(), String::new()),
);

pub(super) fn pass(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&CODES);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("algorithm={} value={}", row.algorithm, shown(&row.value));
        if row.algorithm == "unified-deal-code" {
            deal(run, key, &row);
        } else {
            run.found.unknown("assigned_code", key, "algorithm", &row.algorithm);
        }
    }
    attachments(run)?;
    names::counters(run);
    Ok(())
}

/// A deal code is made of its class, a right credit code, the day on which it was assigned, and a serial that the day's
/// counter has given; its check character is that of these.
fn deal(run: &mut Run<'_>, key: fmt::Arguments<'_>, row: &CodeRow) {
    let parts: Vec<&str> = row.code.split('-').collect();
    let [class, platform, day, serial, _] = parts[..] else {
        return run.found.unknown("assigned_code", key, "code", &row.code);
    };
    let Ok(serial) = serial.parse::<u32>() else {
        return run.found.unknown("assigned_code", key, "code", &row.code);
    };
    if identifier::credit_code(platform).is_err() || deal_code(class, platform, day, serial) != row.code {
        return run.found.unknown("assigned_code", key, "code", &row.code);
    }
    let assigned = beijing_time(row.assigned_us);
    if assigned.get(..8) != Some(day) {
        run.found.differs("assigned_code", key, "assigned_us", assigned.get(..8).unwrap_or_default(), day);
    }
    let counter = format!("{}/{platform}/{day}", row.algorithm);
    let drawn = run.names.counters.get(&counter).copied().unwrap_or_default();
    if serial == 0 || i64::from(serial) > drawn {
        run.found.add(
            "counter",
            format_args!("name={counter}"),
            format!("计数器为 {drawn}，但序号 {serial} 已经用过，今后会重复"),
            format!("it stands at {drawn}, but serial {serial} is in use already and would be drawn again"),
        );
    }
}

fn attachments(run: &mut Run<'_>) -> store::Result<()> {
    let mut cursor = Cursor::new(&ATTACHMENTS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("digest={}", row.digest);
        if !is_digest(&row.digest) {
            run.found.unknown("attachment", key, "digest", &row.digest);
        }
        if row.size < 0 {
            run.found.unknown("attachment", key, "size", row.size);
        }
        if row.state.is_empty() {
            run.found.unknown("attachment", key, "state", &row.state);
        }
        if !row.media_type.is_empty() && !row.media_type.contains('/') {
            run.found.unknown("attachment", key, "media_type", &row.media_type);
        }
    }
    let mut cursor = Cursor::new(&RECORD_ATTACHMENTS);
    while let Some(row) = cursor.next(run)? {
        let key = format_args!("record={} digest={} name={}", row.record, row.digest, row.name);
        if !row.is_of_record {
            run.found.dangles("record_attachment", key, "record", "record");
        }
        if !is_digest(&row.digest) {
            run.found.unknown("record_attachment", key, "digest", &row.digest);
        }
    }
    Ok(())
}
