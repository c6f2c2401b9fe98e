//! How an answer or a failure travels over the control socket.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::diagnostic::{Failure, FailureKind, Lang, Words};

/// What comes back for one [`super::Ask`].
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Answer(Value),
    Failure(Refusal),
}

/// A failure without mistakes in files: a running hub has none.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Refusal {
    kind: String,
    message: [String; 2],
    hint: [String; 2],
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        let Failure { kind, message, hint, diagnostics } = failure;
        // A running hub has read its files; what it finds wrong later (a column that is gone) is one thing at a time.
        let (message, hint) = match &diagnostics[..] {
            [d] => {
                let place = d.place();
                let message = |lang| format!("{place}: {}", d.message(lang));
                (Words::new(message(Lang::Zh), message(Lang::En)), Words::new(d.hint(Lang::Zh), d.hint(Lang::En)))
            }
            _ => (message, hint),
        };
        Self { kind: kind.name().to_owned(), message: [message.zh, message.en], hint: [hint.zh, hint.en] }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        use FailureKind::{Config, Internal, Refused, Unavailable, User};
        let kind = [User, Config, Refused, Unavailable].into_iter().find(|k| k.name() == refusal.kind);
        let ([zh, en], [hint_zh, hint_en]) = (refusal.message, refusal.hint);
        Self::new(kind.unwrap_or(Internal), zh, en).hint(hint_zh, hint_en)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_comes_back_with_its_exit_code_and_both_languages() {
        let failure = Failure::new(FailureKind::Unavailable, "甲", "a").hint("乙", "b");
        let text = serde_json::to_string(&Reply::Failure(failure.clone().into())).unwrap();
        let Reply::Failure(back) = serde_json::from_str(&text).unwrap() else { panic!("{text}") };
        assert_eq!(Failure::from(back), failure);
    }
}
