//! The words of states as a person reads them; the store's own words are for programs.

use crate::console::DatasetName;
use crate::diagnostic::Lang;
use crate::store::{Outcome, OutcomeCounts};

/// One word in Chinese and English.
type Word = (&'static str, &'static str, &'static str);

const WORDS: &[Word] = &[
    // Deliveries.
    ("up_to_date", "已达", "up to date"),
    ("due", "应投", "due"),
    ("blocked", "受阻", "blocked"),
    ("sending", "发送中", "sending"),
    ("unknown", "未知", "unknown"),
    ("rejected", "被拒", "rejected"),
    ("withheld", "暂扣", "withheld"),
    // Feeds.
    ("walking", "补齐中", "filling"),
    ("on", "启用", "on"),
    ("paused", "已暂停", "paused"),
    // Operations.
    ("insert", "新增", "insert"),
    ("update", "更新", "update"),
    ("withdraw", "撤回", "withdraw"),
    // Classes of answers.
    ("duplicate", "重复", "duplicate"),
    ("busy", "对方忙", "busy"),
    ("unclear", "不明", "unclear"),
    ("missing_parent", "缺上级", "missing parent"),
    ("authentication", "认证失败", "not authorised"),
    ("unsent", "未发出", "not sent"),
    ("", "未答复", "no answer"),
    // Runs.
    ("reading", "读取中", "reading"),
    ("done", "完成", "done"),
    ("failed", "失败", "failed"),
    ("interrupted", "中断", "interrupted"),
    ("schedule", "定时", "schedule"),
    ("once", "单次", "once"),
    ("by hand", "手动", "by hand"),
    // Items.
    ("accepted", "接受", "accepted"),
    ("unchanged", "未变", "unchanged"),
    ("superseded", "被取代", "superseded"),
    ("withdrawn", "撤回", "withdrawn"),
    ("filtered", "过滤", "filtered"),
    ("waiting", "等待", "waiting"),
    ("quarantined", "隔离", "quarantined"),
    ("discarded", "丢弃", "discarded"),
];

/// A state's word; the state itself where none is known.
pub(super) fn word(state: &str, lang: Lang) -> &str {
    WORDS.iter().find(|(known, ..)| *known == state).map_or(state, |(_, zh, en)| lang.pick(zh, en))
}

/// A word for a table's header.
pub(super) fn header(state: &str) -> (&'static str, &'static str) {
    WORDS.iter().find(|(known, ..)| *known == state).map_or(("", ""), |(_, zh, en)| (*zh, *en))
}

/// The outcomes as the cells of a table's row.
pub(super) fn outcome_cells(counts: &OutcomeCounts) -> Vec<String> {
    Outcome::ALL.iter().map(|o| counts.get(*o).to_string()).collect()
}

/// What stands above them.
pub(super) fn outcome_headers() -> Vec<(&'static str, &'static str)> {
    Outcome::ALL.iter().map(|o| header(o.name())).collect()
}

/// A dataset as a person calls it: its number and its name.
pub(super) fn dataset(name: &DatasetName, lang: Lang) -> String {
    let label = if name.number.is_empty() { &name.dataset } else { &name.number };
    let en = if name.dataset_en.is_empty() { &name.dataset_zh } else { &name.dataset_en };
    format!("{label} {}", lang.pick(&name.dataset_zh, en)).trim().to_owned()
}

/// A system as a person calls it: its Chinese name, if it has one, and the name that the configuration gives it.
pub(super) fn system(name: &str, zh: &str, lang: Lang) -> String {
    match (zh, lang) {
        ("", _) => name.to_owned(),
        (zh, Lang::Zh) => format!("{zh}（{name}）"),
        (zh, Lang::En) => format!("{name} ({zh})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outcome_has_its_word_in_both_languages() {
        for outcome in Outcome::ALL {
            let (zh, en) = header(outcome.name());
            assert!(!zh.is_empty() && en == outcome.name());
        }
        assert_eq!(word("never heard of", Lang::Zh), "never heard of");
    }
}
