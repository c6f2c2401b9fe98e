//! `[each]`: one row, many records.

use toml::de::DeTable;

use super::rule::separators;
use super::{Loader, Node};
use crate::mapping::each::{By, ELEMENTS_MAX, Each};
use crate::mapping::rule::Separators;
use crate::schema::table::{Document, Word, nothing, say};

const KEYS: &[&str] = &["split", "columns", "count", "number", "when", "complete"];
/// Where the number of a group stands in the names of its columns.
const NUMBER: &str = "{n}";
/// Most groups of columns: a table with more has rows that want to be rows.
const GROUPS_MAX: u32 = 200;

impl Loader<'_> {
    pub(super) fn each(&mut self, doc: &mut Document<'_>, node: &Node<'_>) -> Option<Each> {
        let Some(table) = node.get_ref().as_table() else {
            doc.mistyped(node, "each", say("表", "a table"));
            return None;
        };
        doc.only(table, KEYS);
        let by = match (table.get("split"), table.get("columns")) {
            (Some(split), None) => self.split_columns(doc, split)?,
            (None, Some(columns)) => self.groups(doc, table, columns)?,
            _ => {
                let hint = say(
                    "split = { 列 = \"、\" }，或 columns = { 名称 = \"名称{n}\" } 加 count = 10",
                    "split = { COLUMN = \"、\" }, or columns = { NAME = \"NAME{n}\" } with count = 10",
                );
                let message =
                    say("`each` 须有 `split` 或 `columns` 之一", "`each` needs `split` or `columns`, one of them");
                doc.wrong(node.span().start, message, hint);
                return None;
            }
        };
        let number = doc.text(table, "number").map(|word| self.add_name(doc, &word, true));
        let mut each =
            Each { by, number, when: None, complete: doc.flag(table, "complete"), reading: self.plain_reading() };
        self.split_slots = each.slots().collect();
        each.when = table.get("when").and_then(|node| self.condition(doc, node, "when"));
        Some(each)
    }

    fn split_columns(&mut self, doc: &mut Document<'_>, node: &Node<'_>) -> Option<By> {
        let Some(columns) = node.get_ref().as_table().filter(|columns| !columns.is_empty()) else {
            doc.mistyped(node, "split", say("表 { 列 = \"、\" }", "a table { COLUMN = \"、\" }"));
            return None;
        };
        let mut split = Vec::new();
        for (key, _) in columns {
            let word = Word { text: key.get_ref().to_string(), at: key.span().start };
            split.push((self.slot(doc, &word), Separators::new(separators(doc, columns, &word.text))));
        }
        Some(By::Split(split))
    }

    fn groups(&mut self, doc: &mut Document<'_>, table: &DeTable<'_>, node: &Node<'_>) -> Option<By> {
        let Some(columns) = node.get_ref().as_table().filter(|columns| !columns.is_empty()) else {
            doc.mistyped(node, "columns", say("表 { 名称 = \"名称{n}\" }", "a table { NAME = \"NAME{n}\" }"));
            return None;
        };
        let Some(count) = doc.number(table, "count").filter(|count| (1..=GROUPS_MAX).contains(count)) else {
            let message = say(
                format!("`count` 须写明组数，1 到 {GROUPS_MAX}"),
                format!("`count` must say how many groups there are, 1 to {GROUPS_MAX}"),
            );
            doc.wrong(node.span().start, message, say("count = 10", "count = 10"));
            return None;
        };
        let mut groups = Vec::new();
        for (key, node) in columns {
            let pattern = node.get_ref().as_str().filter(|pattern| pattern.contains(NUMBER));
            let Some(pattern) = pattern else {
                let name = key.get_ref();
                let message = say(
                    format!("`{name}` 应为含 {NUMBER} 的列名"),
                    format!("`{name}` must be a column's name with {NUMBER}"),
                );
                doc.wrong(node.span().start, message, nothing());
                continue;
            };
            let column = |n: u32| Word { text: pattern.replace(NUMBER, &n.to_string()), at: node.span().start };
            let slots: Vec<usize> = (1..=count).map(|n| self.slot(doc, &column(n))).collect();
            let name = Word { text: key.get_ref().to_string(), at: key.span().start };
            groups.push((self.add_name(doc, &name, true), slots));
        }
        Some(By::Groups(groups))
    }

    /// True: the column is split by `each`, so that it differs from element to element.
    pub(super) fn is_split(&self, slot: usize) -> bool {
        self.split_slots.contains(&slot)
    }
}

impl Each {
    /// Slots that differ from element to element.
    pub(super) fn slots(&self) -> impl Iterator<Item = usize> {
        let by: Vec<usize> = match &self.by {
            By::Split(columns) => columns.iter().map(|(slot, _)| *slot).collect(),
            By::Groups(columns) => columns.iter().map(|(slot, _)| *slot).collect(),
        };
        by.into_iter().chain(self.number)
    }
}

const _: () = assert!(GROUPS_MAX as usize <= ELEMENTS_MAX);
