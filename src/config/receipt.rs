//! What a target's answer means, as data: rules by status and body, and results record by record.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::types::{At, Pattern, Pointer};

/// What an answer means for what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// The target has it.
    Accepted,
    /// The target had it before: after *unknown* this means accepted, otherwise it is a rejection.
    Duplicate,
    /// The target will never take it as it is: a person must look.
    Rejected,
    /// Not now: the same again later.
    Busy,
    /// It cannot be told whether the target has it: unknown.
    Unclear,
    /// The target misses a parent: the parent goes again first.
    MissingParent,
    /// Login or signature was refused: the feed stops and says so.
    Authentication,
}

impl Class {
    /// The word that configuration, store and console use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Duplicate => "duplicate",
            Self::Rejected => "rejected",
            Self::Busy => "busy",
            Self::Unclear => "unclear",
            Self::MissingParent => "missing_parent",
            Self::Authentication => "authentication",
        }
    }
}

/// One rule; all that it names must hold. The first rule that holds decides.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReceiptRule {
    /// HTTP status, one of these; any status if empty. Ways of reaching without a status have 0.
    #[serde(default)]
    pub status: Vec<u16>,
    /// The body has this text.
    pub contains: Option<String>,
    /// The value at this JSON pointer …
    pub pointer: Option<Pointer>,
    /// … is this; without it, the value is there. Numbers and booleans compare as they are written.
    pub equals: Option<String>,
    /// The body, or the value at the pointer, matches this regular expression.
    pub matches: Option<Pattern>,
    pub class: Class,
}

/// Where a batch's answer says what became of each record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Results {
    /// Pointer to the list.
    pub list: Pointer,
    /// Pointer within an element to our key of the record.
    pub key: Pointer,
    /// Pointer within an element to the code that says what became of it.
    pub code: Pointer,
    /// Pointer within an element to a sentence for a person.
    pub why: Option<Pointer>,
    /// What each code means; a code that is not here is unclear.
    pub classes: BTreeMap<String, Class>,
}

/// What an answer means: the first rule that holds, else its status. Where a target answers record by record, a page
/// without that list says nothing, however well its status sounds: a proxy's notice of maintenance comes with 200.
pub fn classify(rules: &[At<ReceiptRule>], results: Option<&Results>, status: u16, body: &[u8]) -> Class {
    // An answer that is no text can only be told by its status.
    let text = std::str::from_utf8(body).unwrap_or_default();
    let json = serde_json::from_str(text).ok();
    if let Some(rule) = rules.iter().find(|r| r.holds(status, text, json.as_ref())) {
        return rule.class;
    }
    match class_by_status(status) {
        Class::Accepted if results.is_some_and(|r| r.read(body).is_none()) => Class::Unclear,
        class => class,
    }
}

/// What an answer says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordResult {
    /// Our key, as the target repeats it.
    pub key: String,
    pub class: Class,
    /// The target's code and its sentence, for a person.
    pub why: String,
}

impl Results {
    /// The results in an answer; none where the answer has no such list. An element without a key is left out: its
    /// record then has no result, and is unclear.
    pub fn read(&self, body: &[u8]) -> Option<Vec<RecordResult>> {
        let json: serde_json::Value = serde_json::from_slice(body).ok()?;
        let elements = json.pointer(&self.list.0)?.as_array()?;
        let results = elements.iter().filter_map(|element| {
            let key = plain(element.pointer(&self.key.0)?);
            let code = element.pointer(&self.code.0).map(plain).unwrap_or_default();
            let why = self.why.as_ref().and_then(|p| element.pointer(&p.0)).map(plain).unwrap_or_default();
            let class = self.classes.get(&code).copied().unwrap_or(Class::Unclear);
            Some(RecordResult { key, class, why: format!("{code} {why}").trim().to_owned() })
        });
        Some(results.collect())
    }
}

impl ReceiptRule {
    /// True: everything that the rule names holds. `json` is the body, where it is JSON.
    fn holds(&self, status: u16, body: &str, json: Option<&serde_json::Value>) -> bool {
        if !self.status.is_empty() && !self.status.contains(&status) {
            return false;
        }
        if self.contains.as_ref().is_some_and(|text| !body.contains(text.as_str())) {
            return false;
        }
        let Some(pointer) = &self.pointer else {
            return self.matches.as_ref().is_none_or(|p| p.0.is_match(body));
        };
        let Some(value) = json.and_then(|j| j.pointer(&pointer.0)) else { return false };
        let value = plain(value);
        self.equals.as_ref().is_none_or(|wanted| *wanted == value)
            && self.matches.as_ref().is_none_or(|p| p.0.is_match(&value))
    }
}

/// A text as it is, anything else as JSON writes it.
fn plain(value: &serde_json::Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What an answer means where no rule of the feed holds. Source: RFC 9110 for HTTP; 0 = the way of reaching has no
/// status, and an answer is a receipt.
pub fn class_by_status(status: u16) -> Class {
    match status {
        0 | 200..=299 => Class::Accepted,
        401 | 403 | 407 => Class::Authentication,
        408 | 423 | 425 | 429 | 502 | 503 => Class::Busy,
        409 => Class::Duplicate,
        400..=499 => Class::Rejected,
        _ => Class::Unclear,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(text: &str) -> Vec<At<ReceiptRule>> {
        #[derive(Deserialize)]
        struct Rules {
            receipt: Vec<At<ReceiptRule>>,
        }
        toml::from_str::<Rules>(text).unwrap().receipt
    }

    #[test]
    fn the_first_rule_that_holds_decides_and_the_status_where_none_does() {
        let rules = rules(
            r#"
            receipt = [
              { status = [200], pointer = "/code", equals = "0", class = "accepted" },
              { pointer = "/code", matches = "^2[0-9]{3}$", class = "missing_parent" },
              { status = [200], contains = "已存在", class = "duplicate" },
              { status = [200], class = "unclear" },
            ]"#,
        );
        let class = |status, body: &str| classify(&rules, None, status, body.as_bytes());
        assert_eq!(class(200, r#"{"code":0}"#), Class::Accepted);
        assert_eq!(class(200, r#"{"code":"0"}"#), Class::Accepted);
        assert_eq!(class(500, r#"{"code":2001}"#), Class::MissingParent);
        assert_eq!(class(200, "该项目已存在"), Class::Duplicate);
        assert_eq!(class(200, "<html>"), Class::Unclear);
        assert_eq!(class(503, "{}"), Class::Busy);
    }

    #[test]
    fn without_its_list_of_results_an_answer_accepts_nothing() {
        let results: Results = toml::from_str(
            r#"
            list = "/results"
            key = "/key"
            code = "/code"
            classes = {}"#,
        )
        .unwrap();
        let class =
            |rules: &[At<ReceiptRule>], status, body: &str| classify(rules, Some(&results), status, body.as_bytes());
        assert_eq!(class(&[], 200, "<html>系统维护中</html>"), Class::Unclear);
        assert_eq!(class(&[], 200, r#"{"results":[]}"#), Class::Accepted);
        assert_eq!(class(&[], 400, "<html>"), Class::Rejected);
        let taken = rules(r#"receipt = [{ status = [202], class = "accepted" }]"#);
        assert_eq!(class(&taken, 202, ""), Class::Accepted);
    }

    #[test]
    fn a_status_alone_means_what_http_says() {
        use Class::*;
        let classes = [0, 200, 204, 302, 400, 401, 404, 409, 422, 429, 500, 503].map(class_by_status);
        assert_eq!(
            classes,
            [
                Accepted,
                Accepted,
                Accepted,
                Unclear,
                Rejected,
                Authentication,
                Rejected,
                Duplicate,
                Rejected,
                Busy,
                Unclear,
                Busy
            ]
        );
    }

    #[test]
    fn results_are_read_record_by_record() {
        let results: Results = toml::from_str(
            r#"
            list = "/data"
            key = "/id"
            code = "/state"
            why = "/msg"
            classes = { "1" = "accepted", "7" = "rejected" }"#,
        )
        .unwrap();
        let body = r#"{"data":[{"id":"a","state":1},{"id":"b","state":7,"msg":"金额不对"},{"id":"c"},{"state":1}]}"#;
        let read = results.read(body.as_bytes()).unwrap();
        let one = |key: &str, class, why: &str| RecordResult { key: key.into(), class, why: why.into() };
        assert_eq!(
            read,
            [one("a", Class::Accepted, "1"), one("b", Class::Rejected, "7 金额不对"), one("c", Class::Unclear, "")]
        );
        assert_eq!(results.read(b"{}"), None);
    }
}
