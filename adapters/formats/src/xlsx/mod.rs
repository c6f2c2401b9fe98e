//! One sheet of an Excel workbook, cell by cell.
//!
//! The library's cell reader borrows the workbook, so a thread of its own holds both and hands over pages of rows
//! through a channel of two; it ends when the reader is dropped. The library's other way, a whole range, is never
//! used: it asks for as much memory as the sheet claims to need. Before anything is read, the file's parts are
//! checked (see `guard`).

use std::io::BufReader;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use adapter::{Cell, PAGE_BYTES_MAX, PAGE_ROWS, Place, Rows};
use calamine::{Reader as _, Xlsx as Workbook, XlsxError};

use crate::config::{Sheet, XlsxConfig};
use crate::{Input, Out, Refusal, Stop};

mod cell;
mod guard;
mod sheet;

use guard::is_content;
use sheet::Layout;

/// Pages that are read ahead.
const PAGES_AHEAD: usize = 2;

pub(crate) struct Xlsx {
    /// Until the thread is begun.
    todo: Option<(XlsxConfig, Box<dyn Input>)>,
    thread: Option<(Receiver<Message>, JoinHandle<()>)>,
    columns: Vec<String>,
    page: Rows,
    /// The next row of the page.
    row: usize,
    /// What ends the sheet, after the page's rows.
    end: Option<Result<(), Stop>>,
}

/// What the thread hands over, in this order.
pub(crate) enum Message {
    Header(Vec<String>),
    Page(Rows),
    End(Result<(), Stop>),
}

/// Where the thread's messages go. An error: nobody listens any more.
pub(crate) type Messages = SyncSender<Message>;

impl Xlsx {
    pub(crate) fn new(config: &XlsxConfig, input: Box<dyn Input>) -> Self {
        Self {
            todo: Some((config.clone(), input)),
            thread: None,
            columns: Vec::new(),
            page: Rows::default(),
            row: 0,
            end: None,
        }
    }

    pub(crate) fn columns(&self) -> &[String] {
        &self.columns
    }

    /// Reads up to the first row.
    pub(crate) fn prepare(&mut self) -> Result<(), Stop> {
        let Some((config, input)) = self.todo.take() else { return Ok(()) };
        let (sender, receiver) = sync_channel(PAGES_AHEAD);
        let thread = std::thread::Builder::new().name("xlsx".into()).spawn(move || {
            let end = read(&config, input, &sender);
            // Nobody listens: the reader was dropped.
            drop(sender.send(Message::End(end)));
        })?;
        self.thread = Some((receiver, thread));
        match self.receive() {
            Message::Header(columns) => {
                self.columns = columns;
                Ok(())
            }
            Message::Page(_) => unreachable!("the header comes first"),
            Message::End(end) => end,
        }
    }

    /// Reads rows until it is enough. False: the sheet has no more.
    pub(crate) fn next(&mut self, out: &mut Out<'_>) -> Result<bool, Stop> {
        loop {
            while self.row < self.page.len() {
                if out.full() {
                    return Ok(true);
                }
                copy_row(&self.page, self.row, out);
                self.row += 1;
            }
            if let Some(end) = self.end.take() {
                return end.map(|()| false);
            }
            match self.receive() {
                Message::Header(_) => unreachable!("the header comes once"),
                Message::Page(page) => (self.page, self.row) = (page, 0),
                Message::End(end) => self.end = Some(end),
            }
        }
    }

    fn receive(&mut self) -> Message {
        let Some((receiver, _)) = &self.thread else { return Message::End(Ok(())) };
        if let Ok(message) = receiver.recv() {
            return message;
        }
        // It went without an end: it panicked, in a library that reads foreign bytes.
        let (_, thread) = self.thread.take().expect("looked at above");
        let panicked = thread.join().is_err();
        Message::End(if panicked {
            Err(Refusal::new(("工作簿读取程序内部出错", "reading it as a workbook failed inside the library"), RESAVE)
                .into())
        } else {
            Ok(())
        })
    }
}

fn copy_row(page: &Rows, index: usize, out: &mut Out<'_>) {
    let row = page.row(index);
    let place = Place { file: out.file, ..row.place() };
    match (row.fault(), row.cell(0)) {
        (Some(fault), Cell::Bytes(raw)) => out.rows.push_broken(place, fault.clone(), raw),
        _ => {
            out.rows.begin(place);
            for column in 0..page.columns().len() {
                out.rows.push(row.cell(column));
            }
        }
    }
}

const RESAVE: (&str, &str) =
    ("请用 Excel 或 WPS 打开，另存为 .xlsx", "open it in Excel or WPS and save it again as .xlsx");

/// What the thread does.
fn read(config: &XlsxConfig, mut input: Box<dyn Input>, messages: &Messages) -> Result<(), Stop> {
    guard::check(&mut input)?;
    input.rewind()?;
    let mut workbook = Workbook::new(BufReader::new(input)).map_err(trouble)?;
    let sheet = sheet_name(&workbook.sheet_names(), &config.sheet)?;
    let merged = workbook.merge_cells_by_sheet_name(&sheet).map_err(trouble)?;
    let mut layout = Layout::new(config, &merged)?;
    let mut cells = workbook.worksheet_cells_reader(&sheet).map_err(trouble)?;
    let mut page = Rows::default();
    loop {
        let more = match cells.next_cell() {
            Ok(Some(cell)) => {
                layout.cell(cell.get_position(), cell.get_value(), &mut page).map(|()| true).map_err(Stop::from)
            }
            Ok(None) => layout.end(&mut page).map(|()| false).map_err(Stop::from),
            Err(error) => Err(trouble(error)),
        };
        let full = page.len() >= PAGE_ROWS || page.size() >= PAGE_BYTES_MAX;
        // Whatever ends the sheet, the rows before it are taken.
        if (full || !matches!(more, Ok(true))) && !flush(&mut layout, &mut page, messages) {
            return Ok(());
        }
        if !more? {
            return Ok(());
        }
    }
}

/// Hands over what there is. False: nobody listens.
fn flush(layout: &mut Layout, page: &mut Rows, messages: &Messages) -> bool {
    if let Some(header) = layout.take_header()
        && messages.send(Message::Header(header)).is_err()
    {
        return false;
    }
    if page.columns().is_empty() {
        return true;
    }
    let next = Rows::with_header(page.columns().to_vec());
    messages.send(Message::Page(std::mem::replace(page, next))).is_ok()
}

fn sheet_name(names: &[String], wanted: &Sheet) -> Result<String, Refusal> {
    let found = match wanted {
        Sheet::Name(name) => names.iter().find(|n| n.trim() == name.trim()),
        Sheet::Number(number) => names.get(*number as usize - 1),
    };
    let Some(name) = found else {
        let wanted = match wanted {
            Sheet::Name(name) => (format!("名为 `{name}` 的"), format!("named `{name}`")),
            Sheet::Number(number) => (format!("第 {number} 个"), format!("number {number}")),
        };
        let there: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        return Err(Refusal::new(
            (
                format!("没有{}工作表；现有 {}", wanted.0, there.join("、")),
                format!("it has no sheet {}; its sheets: {}", wanted.1, there.join(", ")),
            ),
            (
                "请把 `sheet` 设为数据所在工作表的名称或序号",
                "set `sheet` to the name or the number of the sheet that holds the rows",
            ),
        ));
    };
    Ok(name.clone())
}

fn trouble(error: XlsxError) -> Stop {
    match error {
        XlsxError::Io(error) if !is_content(&error) => Stop::Io(error),
        error => {
            let what = (format!("无法作为工作簿读取（{error}）"), format!("it can't be read as a workbook: {error}"));
            Refusal::new(what, RESAVE).into()
        }
    }
}

#[cfg(test)]
mod tests;
