//! What every source must hold, tried on a real one. For the tests of adapters; feature `conformance`.
//!
//! An adapter's test makes a system with some rows in it and gives a function that opens the source on it anew, as
//! a restart would. The suite panics with the promise that was broken.

use std::future::Future;

use crate::{Cell, Checkpoint, FileSeen, Page, Rows, Source, SourceError};

/// Most pages that a source under test may give: one that never ends is broken.
const PAGES_MAX: usize = 10_000;

/// Runs the whole suite and returns all rows that the source gave, each as text.
///
/// `open` opens the source as it is after a restart: it is told which files were taken before. The source must not
/// take away what it gave (no archive), or it could not be read again.
pub async fn source<S, F, O>(open: F) -> Vec<String>
where
    S: Source,
    F: Fn(Vec<FileSeen>) -> O,
    O: Future<Output = Result<S, SourceError>>,
{
    let mut source = opened(&open, &[]).await;
    let first = source.check().await.expect("a source that can be read passes its check");
    let again = source.check().await.expect("a check changes nothing, so it passes twice");
    assert_eq!(first, again, "a check says the same twice");

    let pages = read(&mut source, &Checkpoint::default()).await;
    assert!(!pages.is_empty(), "the system under test must have rows");
    assert!(pages.last().is_some_and(|page| page.last), "the last page says that it is the last");
    assert!(
        source.pull(&pages[pages.len() - 1].checkpoint).await.is_ok_and(|page| page.is_none()),
        "it stays at its end"
    );
    let all: Vec<String> = pages.iter().flat_map(|page| lines(&page.rows)).collect();

    // A restart after any page goes on with the next row.
    let mut taken = 0;
    let mut seen = Vec::new();
    for page in &pages {
        taken += page.rows.len();
        seen.extend(page.files.iter().cloned());
        let mut restarted = opened(&open, &seen).await;
        let rest: Vec<String> =
            read(&mut restarted, &page.checkpoint).await.iter().flat_map(|page| lines(&page.rows)).collect();
        assert_eq!(rest, all[taken..], "resumed after {taken} rows, the rest is the same");
    }

    // A page that was never confirmed is given again.
    let mut source = opened(&open, &[]).await;
    let unconfirmed = source.pull(&Checkpoint::default()).await.ok().flatten().expect("the first page");
    let repeated = source.pull(&Checkpoint::default()).await.ok().flatten().expect("the first page, again");
    assert_eq!(lines(&unconfirmed.rows), lines(&repeated.rows), "what was not confirmed is given again");
    assert_eq!(unconfirmed.checkpoint, repeated.checkpoint);
    all
}

async fn opened<S, F, O>(open: &F, seen: &[FileSeen]) -> S
where
    F: Fn(Vec<FileSeen>) -> O,
    O: Future<Output = Result<S, SourceError>>,
{
    match open(seen.to_vec()).await {
        Ok(source) => source,
        Err(error) => panic!("the source can be opened: {error}"),
    }
}

async fn read<S: Source>(source: &mut S, from: &Checkpoint) -> Vec<Page> {
    let mut pages: Vec<Page> = Vec::new();
    let mut after = from.clone();
    while let Some(page) = source.pull(&after).await.expect("a source that can be read is read") {
        assert!(pages.len() < PAGES_MAX, "a source ends");
        after = page.checkpoint.clone();
        pages.push(page);
        source.confirmed().await.expect("confirming a page");
        source.confirmed().await.expect("confirming is harmless when repeated");
    }
    pages
}

/// The rows by the names of their columns, since pages may have them in another order.
fn lines(rows: &Rows) -> Vec<String> {
    rows.iter()
        .map(|row| {
            let place = row.place();
            let mut cells: Vec<String> = rows
                .columns()
                .iter()
                .enumerate()
                .filter_map(|(i, name)| match row.cell(i) {
                    Cell::Absent => None,
                    Cell::Text(text) => Some(format!("{name}={text}")),
                    Cell::Bytes(bytes) => Some(format!("{name}={}", bytes.escape_ascii())),
                })
                .collect();
            cells.sort();
            let fault = row.fault().map(|fault| format!(" {:?}{:?}", fault.kind, fault.args)).unwrap_or_default();
            format!("{}:{}@{}{fault} {}", row.file().unwrap_or_default(), place.line, place.offset, cells.join(" "))
        })
        .collect()
}
