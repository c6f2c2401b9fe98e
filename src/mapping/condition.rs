//! Whether a row counts: `when`, `withdraw_when`.

use super::convert::Problem;
use super::expression::Expression;
use super::row::{Context, Reading};
use super::rule::without_zero_fraction;

#[derive(Debug)]
pub(super) enum Condition {
    /// Every column has one of its values.
    Table {
        columns: Vec<Allowed>,
        reading: Reading,
    },
    Expression(Expression),
}

#[derive(Debug)]
pub(super) struct Allowed {
    pub(super) slot: usize,
    /// Empty text among them: the column may be empty.
    pub(super) values: Vec<String>,
    /// True: the column has none of the values.
    pub(super) not: bool,
}

impl Condition {
    pub(super) fn holds(&self, cx: &mut Context<'_>) -> Result<bool, Problem> {
        let mut scratch = std::mem::take(&mut cx.scratch);
        let holds = match self {
            Self::Table { columns, reading } => {
                let problems = cx.problems.len();
                let holds = columns.iter().all(|column| {
                    let text = cx.text(column.slot, reading, &mut scratch).unwrap_or_default();
                    let plain = without_zero_fraction(text);
                    column.values.iter().any(|v| v == text || v == plain) != column.not
                });
                // A cell that is no text decides nothing.
                if cx.problems.len() > problems { Err(cx.problems.remove(problems)) } else { Ok(holds) }
            }
            Self::Expression(expression) => expression.holds(cx, &mut scratch),
        };
        cx.scratch = scratch;
        holds
    }
}
