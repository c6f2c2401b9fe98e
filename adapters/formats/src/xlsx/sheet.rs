//! The layout of a sheet: which rows are the header, which are records, and what merged cells give.

use adapter::{Cell, Fault, FaultKind, Place, ROW_BYTES_MAX, Rows, Words};
use calamine::{DataRef, Dimensions};

use super::cell::{Value, cell_name};
use crate::config::{HeaderRows, Merged, SkipRows, XlsxConfig};
use crate::csv::check_columns;
use crate::flat::Broken;
use crate::limits::{CELL_CHARACTERS_MAX, COLUMNS_MAX, XLSX_GIVEN_BYTES_MAX};
use crate::{ROW_BYTES, Refusal};

pub(crate) struct Layout {
    config: XlsxConfig,
    /// The header's rows, counted from 0: the first, and the first of the records.
    header: (u32, u32),
    columns: Vec<String>,
    /// True: the header is known and was not yet handed over.
    header_new: bool,
    /// Merged areas, by their first row.
    merged: Vec<Dimensions>,
    /// The next of them, and those that reach the row at hand, with their values.
    merged_next: usize,
    open: Vec<(Dimensions, Value)>,
    /// By column: whether `merged = "fill"` holds there.
    fill: Vec<bool>,
    skip: Vec<Skip>,
    /// Texts of the header's rows.
    heads: Vec<(u32, u32, String)>,
    /// Number of the row at hand, counted from 0.
    row: Option<u32>,
    values: Vec<Value>,
    /// Bytes of the row at hand.
    bytes: usize,
    /// What was wrong with it first.
    fault: Option<Fault>,
    /// Bytes of all rows.
    given: u64,
}

struct Skip {
    /// None: the first cell that is not empty.
    column: Option<usize>,
    /// Texts without blanks, and whether anything may follow.
    texts: Vec<(String, bool)>,
}

impl Layout {
    pub(crate) fn new(config: &XlsxConfig, merged: &[Dimensions]) -> Result<Self, Refusal> {
        let first = config.header_row.saturating_sub(1);
        let rows = match config.header_rows {
            HeaderRows::One => 1,
            HeaderRows::Two => 2,
        };
        let mut merged = merged.to_vec();
        merged.sort_by_key(|area| area.start);
        Ok(Self {
            config: config.clone(),
            header: (first, first.saturating_add(rows)),
            columns: Vec::new(),
            header_new: false,
            merged,
            merged_next: 0,
            open: Vec::new(),
            fill: Vec::new(),
            skip: Vec::new(),
            heads: Vec::new(),
            row: None,
            values: Vec::new(),
            bytes: 0,
            fault: None,
            given: 0,
        })
    }

    /// The header, once, as soon as it is known.
    pub(crate) fn take_header(&mut self) -> Option<Vec<String>> {
        std::mem::take(&mut self.header_new).then(|| self.columns.clone())
    }

    /// Takes the next cell of the sheet.
    pub(crate) fn cell(&mut self, at: (u32, u32), data: &DataRef<'_>, page: &mut Rows) -> Result<(), Refusal> {
        let (row, column) = at;
        if row < self.header.0 {
            return Ok(());
        }
        if row < self.header.1 {
            if let Value::Text(text) = Value::of(data) {
                self.heads.push((row, column, head_text(&text)));
            }
            return Ok(());
        }
        if self.columns.is_empty() {
            self.read_header(page)?;
        }
        if self.row != Some(row) {
            self.end_row(page)?;
            self.row = Some(row);
        }
        self.take(column, Value::of(data));
        Ok(())
    }

    /// The sheet has ended.
    pub(crate) fn end(&mut self, page: &mut Rows) -> Result<(), Refusal> {
        if self.columns.is_empty() {
            self.read_header(page)?;
        }
        self.end_row(page)
    }

    fn take(&mut self, column: u32, value: Value) {
        let row = self.row.unwrap_or_default();
        let fault = |Broken { kind, args }: Broken| Some(Fault { kind, args });
        match &value {
            Value::Empty => return,
            Value::Fault(what) if self.fault.is_none() => {
                let name = cell_name(row, column);
                let broken = Broken::malformed((
                    format!("单元格 {name} 的内容是 {}", what.zh),
                    format!("the cell {name} holds {}", what.en),
                ));
                self.fault = fault(broken);
            }
            Value::Text(text) => {
                self.bytes += text.len();
                let characters = text.chars().count();
                if characters > CELL_CHARACTERS_MAX && self.fault.is_none() {
                    let name = cell_name(row, column);
                    let what = (format!("单元格 {name} 的字符数"), format!("characters in the cell {name}"));
                    self.fault = fault(Broken::too_large(characters as u64, CELL_CHARACTERS_MAX, what));
                }
            }
            Value::Fault(_) => {}
        }
        if self.bytes > ROW_BYTES_MAX {
            let broken = Broken::too_large(self.bytes as u64, ROW_BYTES_MAX, ROW_BYTES);
            self.fault = self.fault.take().or_else(|| fault(broken));
            return;
        }
        let column = column as usize;
        if column >= COLUMNS_MAX {
            return;
        }
        if self.values.len() <= column {
            self.values.resize(column + 1, Value::Empty);
        }
        self.values[column] = value;
    }

    fn end_row(&mut self, page: &mut Rows) -> Result<(), Refusal> {
        let Some(row) = self.row.take() else { return Ok(()) };
        let fault = self.fault.take();
        let mut values = std::mem::take(&mut self.values);
        self.given += self.bytes as u64;
        self.bytes = 0;
        let is_record = fault.is_some() || (values.iter().any(is_filled) && !self.is_skipped(&values));
        self.fill_merged(row, &mut values);
        if is_record {
            self.push(row, &values, fault, page);
        }
        values.clear();
        self.values = values;
        if self.given > XLSX_GIVEN_BYTES_MAX {
            return Err(Refusal::new(
                (
                    format!("各行合计超过上限 {XLSX_GIVEN_BYTES_MAX} 字节"),
                    format!("its rows have more than {XLSX_GIVEN_BYTES_MAX} bytes, which is the limit"),
                ),
                ("请拆分成几个文件", "split it into several files"),
            )
            .at(u64::from(row) + 1, 0, b""));
        }
        Ok(())
    }

    fn push(&self, row: u32, values: &[Value], fault: Option<Fault>, page: &mut Rows) {
        let place = Place { file: 0, line: u64::from(row) + 1, offset: 0 };
        let expected = self.columns.len();
        let found = values.iter().rposition(is_filled).map_or(0, |last| last + 1);
        let fault = fault.or_else(|| {
            let args = vec![found.to_string(), expected.to_string()];
            (found > expected).then_some(Fault { kind: FaultKind::Long, args })
        });
        if let Some(fault) = fault {
            let texts: Vec<&str> = values.iter().map(|value| value.as_text().unwrap_or_default()).collect();
            page.push_broken(place, fault, texts.join("\t").as_bytes());
            return;
        }
        page.begin(place);
        for column in 0..expected {
            page.push(values.get(column).and_then(Value::as_text).map_or(Cell::Absent, Cell::Text));
        }
    }

    fn is_skipped(&self, values: &[Value]) -> bool {
        let first = || values.iter().find_map(Value::as_text);
        self.skip.iter().any(|skip| {
            let text = match skip.column {
                Some(column) => values.get(column).and_then(Value::as_text),
                None => first(),
            };
            let text = without_blanks(text.unwrap_or_default());
            skip.texts.iter().any(|(wanted, open)| if *open { text.starts_with(wanted) } else { text == *wanted })
        })
    }

    /// Keeps the values of merged areas that begin in this row, and gives those of areas that reach it to its cells.
    fn fill_merged(&mut self, row: u32, values: &mut Vec<Value>) {
        if self.config.merged == Merged::First {
            return;
        }
        self.open.retain(|(area, _)| area.end.0 >= row);
        while let Some(area) = self.merged.get(self.merged_next).filter(|area| area.start.0 <= row) {
            // Areas cannot overlap, so no more than the columns can be open; others claim what Excel would not make.
            if area.end.0 >= row && self.open.len() < self.columns.len() {
                let value = match area.start.0 == row {
                    true => values.get(area.start.1 as usize).cloned().unwrap_or(Value::Empty),
                    false => Value::Empty,
                };
                self.open.push((*area, value));
            }
            self.merged_next += 1;
        }
        for (area, value) in &self.open {
            let last = (area.end.1 as usize).min(self.columns.len().saturating_sub(1));
            for column in area.start.1 as usize..=last {
                if !self.fill.get(column).copied().unwrap_or(false) {
                    continue;
                }
                if values.len() <= column {
                    values.resize(column + 1, Value::Empty);
                }
                if values[column] == Value::Empty {
                    values[column] = value.clone();
                }
            }
        }
    }

    fn read_header(&mut self, page: &mut Rows) -> Result<(), Refusal> {
        self.spread_heads();
        let Some(last) =
            self.heads.iter().map(|(_, column, _)| *column as usize).max().filter(|last| *last < COLUMNS_MAX)
        else {
            return Err(Refusal::new(
                (
                    format!("工作表第 {} 行没有表头", self.config.header_row),
                    format!("the sheet has no header in row {}", self.config.header_row),
                ),
                (
                    "请把 `header_row` 设为列名所在的行号",
                    "set `header_row` to the row of the sheet in which the columns are named",
                ),
            ));
        };
        let mut columns = vec![String::new(); last + 1];
        self.heads.sort();
        for (_, column, text) in &self.heads {
            let name = &mut columns[*column as usize];
            if name.is_empty() {
                name.push_str(text);
            } else if name != text {
                name.push('/');
                name.push_str(text);
            }
        }
        for (i, name) in columns.iter_mut().enumerate() {
            if name.is_empty() {
                *name = format!("#{}", i + 1);
            }
        }
        check_columns(&columns).map_err(|refusal| Refusal {
            hint: Words::new("请在工作表中改名", "have one of them renamed in the sheet").to_text(),
            line: u64::from(self.header.0) + 1,
            ..refusal
        })?;
        self.columns = columns;
        self.resolve_rules()?;
        *page = Rows::with_header(self.columns.clone());
        self.header_new = true;
        Ok(())
    }

    /// A merged cell of the header names each of its columns.
    fn spread_heads(&mut self) {
        let mut spread = Vec::new();
        for area in self.merged.iter().filter(|area| (self.header.0..self.header.1).contains(&area.start.0)) {
            let Some((_, _, text)) = self.heads.iter().find(|(row, column, _)| (*row, *column) == area.start) else {
                continue;
            };
            for row in area.start.0..=area.end.0.min(self.header.1 - 1) {
                for column in area.start.1..=area.end.1.min(COLUMNS_MAX as u32 - 1) {
                    if (row, column) != area.start {
                        spread.push((row, column, text.clone()));
                    }
                }
            }
            if spread.len() > COLUMNS_MAX * 2 {
                break;
            }
        }
        self.heads.extend(spread);
    }

    /// Turns the names of columns in the rules into positions.
    fn resolve_rules(&mut self) -> Result<(), Refusal> {
        let position = |name: &str, key: &str| {
            self.columns.iter().position(|column| column == name).ok_or_else(|| {
                let there: Vec<String> = self.columns.iter().map(|column| format!("`{column}`")).collect();
                Refusal::new(
                    (
                        format!("`{key}` 写的列 `{name}` 在工作表中没有；现有 {}", there.join("、")),
                        format!(
                            "`{key}` names the column `{name}`, which the sheet lacks; it has {}",
                            there.join(", ")
                        ),
                    ),
                    (
                        format!("请改正 `{key}`，或请对方恢复该列名"),
                        format!("correct `{key}`, or have the column named so again"),
                    ),
                )
            })
        };
        let mut fill = vec![self.config.merged_columns.is_empty(); self.columns.len()];
        for name in &self.config.merged_columns {
            fill[position(name, "merged_columns")?] = true;
        }
        let mut skip = Vec::new();
        for SkipRows { column, matches } in &self.config.skip_rows_where {
            let column = column.as_deref().map(|name| position(name, "skip_rows_where")).transpose()?;
            let texts = matches.iter().map(|text| match text.strip_suffix('*') {
                Some(start) => (without_blanks(start), true),
                None => (without_blanks(text), false),
            });
            skip.push(Skip { column, texts: texts.collect() });
        }
        (self.fill, self.skip) = (fill, skip);
        Ok(())
    }
}

fn is_filled(value: &Value) -> bool {
    match value {
        Value::Empty => false,
        Value::Text(text) => !text.trim().is_empty(),
        Value::Fault(_) => true,
    }
}

/// A header's text on one line.
fn head_text(text: &str) -> String {
    text.trim().replace(['\r', '\n'], "")
}

fn without_blanks(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
