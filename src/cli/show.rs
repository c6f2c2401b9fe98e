//! How results look: tables whose columns align with Chinese text, progress on a terminal, failures as JSON.

use std::time::Duration;

use comfy_table::{ContentArrangement, presets};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::{Value, json};

use super::Context;
use crate::diagnostic::{Diagnostic, Failure};

/// A table for a person: a header in their language, one line a row, no frame, so that it also reads well in a pipe.
pub struct Table {
    table: comfy_table::Table,
    lang: crate::diagnostic::Lang,
}

impl Table {
    /// Columns by their names in Chinese and English.
    pub fn new(context: &Context, header: &[(&str, &str)]) -> Self {
        let mut table = comfy_table::Table::new();
        table.load_style(presets::NOTHING);
        // Fitting to the window breaks lines, which is good to read and bad to process.
        let arrangement = if context.terminal { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
        table.set_content_arrangement(arrangement);
        table.set_header(header.iter().map(|(zh, en)| context.lang.pick(zh, en)).collect::<Vec<_>>());
        Self { table, lang: context.lang }
    }

    pub fn row<T: Into<String>>(&mut self, cells: impl IntoIterator<Item = T>) {
        self.table.add_row(cells.into_iter().map(Into::into).collect::<Vec<String>>());
    }

    /// The lines, or a sentence where there are none.
    pub fn render(&self, none_zh: &str, none_en: &str) -> String {
        if self.table.is_empty() {
            return format!("{}\n", self.lang.pick(none_zh, none_en));
        }
        let mut out = String::new();
        for line in self.table.lines() {
            // The first column needs no margin, and nobody needs blanks at a line's end.
            out.push_str(line.strip_prefix(' ').unwrap_or(&line).trim_end());
            out.push('\n');
        }
        out
    }
}

/// The form of a bar whose end is known.
const BAR: &str = "{msg} {wide_bar} {human_pos}/{human_len} {eta}";

/// A progress bar on a terminal; nothing in a pipe.
pub struct Progress(ProgressBar);

impl Progress {
    /// A bar over `total` steps, or a spinner where the number is not known (0).
    pub fn new(context: &Context, total: u64, what: &str) -> Self {
        let bar = if total == 0 { ProgressBar::no_length() } else { ProgressBar::new(total) };
        if !context.terminal {
            bar.set_draw_target(ProgressDrawTarget::hidden());
        }
        let shape = if total == 0 { "{spinner} {msg} {human_pos}" } else { BAR };
        if let Ok(style) = ProgressStyle::with_template(shape) {
            bar.set_style(style);
        }
        bar.set_message(what.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub fn advance(&self, steps: u64) {
        self.0.inc(steps);
    }

    /// So far of so many: what began as a spinner becomes a bar once the number is known; 0: it is not.
    pub fn at(&self, done: u64, of: u64) {
        if of > 0 && self.0.length() != Some(of) {
            self.0.set_length(of);
            if let Ok(style) = ProgressStyle::with_template(BAR) {
                self.0.set_style(style);
            }
        }
        self.0.set_position(done);
    }
}

/// The bar goes when the work is done; what it counted is told by the result.
impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

/// One mistake in a file, for machines; both languages, since whoever shows it may speak another one.
pub(super) fn diagnostic_json(d: &Diagnostic) -> Value {
    use crate::diagnostic::Lang::{En, Zh};
    json!({
        "file": d.file.display().to_string(),
        "line": d.line,
        "column": d.column,
        "message": { "zh": d.message(Zh), "en": d.message(En) },
        "hint": { "zh": d.hint(Zh), "en": d.hint(En) },
    })
}

/// A failure, for machines: one line.
pub(super) fn failure_json(failure: &Failure) -> Value {
    use crate::diagnostic::Lang::{En, Zh};
    json!({ "error": {
        "kind": failure.kind.name(),
        "exit_code": failure.kind.exit_code(),
        "message": { "zh": failure.message.get(Zh), "en": failure.message.get(En) },
        "hint": { "zh": failure.hint.get(Zh), "en": failure.hint.get(En) },
        "diagnostics": failure.diagnostics.iter().map(diagnostic_json).collect::<Vec<_>>(),
    } })
}
