//! Why a delivery stands where it stands, in words: the store keeps a code, a sentence in both languages, or what the
//! target said.

use crate::diagnostic::{Lang, Words};

/// Longest part of an answer that is shown, in characters; the request keeps all of it.
const ANSWER_CHARS_MAX: usize = 300;

/// The reason that stands with a delivery of this state.
pub(super) fn why(state: &str, kept: &str) -> Words {
    match state {
        "blocked" => blocked(kept),
        _ => Words::of_text(kept),
    }
}

/// By what a delivery is blocked, from what `pipeline::owe` keeps of it.
fn blocked(kept: &str) -> Words {
    match (kept, kept.strip_prefix("record ")) {
        ("", _) => Words::default(),
        ("attachment", _) => Words::new("附件未到", "an attachment is not here"),
        ("walking", _) => Words::new("先补齐已有记录", "stored records come first"),
        ("leaving", _) => Words::new("上级即将撤回", "its parent is about to be withdrawn"),
        (_, Some(child)) => Words::new(
            format!("对方还有下级记录 {child}，暂不能撤回"),
            format!("it cannot be withdrawn while the target has its child, record {child}"),
        ),
        (parent, None) => {
            Words::new(format!("对方尚未接受上级 {parent}"), format!("the target has not accepted its parent {parent}"))
        }
    }
}

/// What follows from a target's answer that it lacks a parent, and what a person can do.
pub(super) fn missing_parent(feed: &str) -> Words {
    Words::new(
        format!(
            "对方说缺上级：它的上级会重送，这一条稍后再试；如果总是如此，请与对方核对上级，\
             再用 `feed resend {feed} --record 上级的记录号` 重送"
        ),
        format!(
            "the target says that it lacks a parent: the parents go again by themselves, and this is tried later; if it \
             goes on so, compare the parent with the target's, then `feed resend {feed} --record NUMBER` sends it again"
        ),
    )
}

/// An answer's beginning as text.
pub(super) fn said(answer: &[u8]) -> Words {
    let words = Words::of_text(&formats::answer_text(answer));
    Words::new(cut(words.get(Lang::Zh)), cut(words.get(Lang::En)))
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(ANSWER_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_answer_is_cut_between_characters() {
        assert_eq!(said("已接收".as_bytes()).en, "已接收");
        assert_eq!(said(b"\xd2\xd1\xbd\xd3\xca\xd5").zh, "已接收");
        let long = said("字".repeat(1_000).as_bytes()).zh;
        assert_eq!((long.chars().count(), long.ends_with('…')), (301, true));
    }

    #[test]
    fn every_reason_of_our_own_is_told_in_both_languages() {
        let told: Vec<String> = ["attachment", "walking", "leaving", "record 12", "SECTION E420"]
            .iter()
            .map(|kept| why("blocked", kept))
            .chain([why("rejected", "金额不对"), why("due", &Words::new("连接被拒绝", "refused").to_text())])
            .chain([missing_parent("province/all")])
            .map(|words| format!("{} | {}", words.zh, words.en))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @"
        附件未到 | an attachment is not here
        先补齐已有记录 | stored records come first
        上级即将撤回 | its parent is about to be withdrawn
        对方还有下级记录 12，暂不能撤回 | it cannot be withdrawn while the target has its child, record 12
        对方尚未接受上级 SECTION E420 | the target has not accepted its parent SECTION E420
        金额不对 | 金额不对
        连接被拒绝 | refused
        对方说缺上级：它的上级会重送，这一条稍后再试；如果总是如此，请与对方核对上级，再用 `feed resend province/all --record 上级的记录号` 重送 | the target says that it lacks a parent: the parents go again by themselves, and this is tried later; if it goes on so, compare the parent with the target's, then `feed resend province/all --record NUMBER` sends it again
        ");
    }
}
