//! What a target's answer means, as data: rules by status and body, and results record by record.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use super::types::{At, Pattern, Pointer};
use crate::diagnostic::{Words, say};

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
    /// The target misses a parent: what we took it to have goes again, and this one after a wait.
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

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
pub struct Meaning {
    /// Of the request as a whole.
    pub class: Class,
    /// Record by record, where results are configured and the answer has their list.
    pub results: Option<Vec<RecordResult>>,
    /// Why the answer cannot be read, so that its status alone says nothing.
    pub unread: Option<Words>,
}

/// What an answer means: the first rule that holds, else its status. An answer that should say more than its status
/// and cannot be read is unclear, however well its status sounds: a proxy's notice of maintenance comes with 200.
pub fn read_answer(
    rules: &[At<ReceiptRule>],
    results: Option<&Results>,
    status: u16,
    body: &[u8],
    is_cut: bool,
) -> Meaning {
    let text = formats::answer_text(body);
    let json: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let rule = rules.iter().find(|r| r.holds(status, &text, json.as_ref()));
    let class = rule.map_or_else(|| class_by_status(status), |r| r.class);
    let read = results.and_then(|r| r.read(json.as_ref()?));
    let is_by_status = rule.is_none();
    let unread = match (results, class) {
        // A rule may say that an answer without results means one thing for all, but not of one that was cut.
        (Some(r), Class::Accepted) if read.is_none() && (is_by_status || is_cut) => Some(no_list(r)),
        (Some(r), Class::Rejected | Class::Duplicate) if read.is_none() && is_by_status => Some(no_list(r)),
        (None, Class::Accepted | Class::Rejected | Class::Duplicate) if is_by_status => {
            let mut asked = rules.iter().filter(|r| r.status.is_empty() || r.status.contains(&status));
            let is_unread = |r: &At<ReceiptRule>| is_cut && r.asks_body() || json.is_none() && r.pointer.is_some();
            asked.any(is_unread).then(|| say("回执规则读不懂这个答复", "the receipt rules cannot read the answer"))
        }
        _ => None,
    };
    let unread = unread.map(|why| match is_cut {
        true => say(
            format!("答复超过 {} 字节，已截断：{}", body.len(), why.zh),
            format!("the answer is longer than {} bytes and was cut: {}", body.len(), why.en),
        ),
        false => why,
    });
    Meaning { class: if unread.is_some() { Class::Unclear } else { class }, results: read, unread }
}

fn no_list(results: &Results) -> Words {
    let at = &results.list.0;
    say(format!("{at} 处没有结果列表"), format!("no list of results at {at}"))
}

/// What an answer says of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordResult {
    /// Our key, as the target repeats it.
    pub key: String,
    pub class: Class,
    /// The target's code and its sentence, as it said them.
    pub said: String,
    /// The same for a person, with what is wrong with it.
    pub why: Words,
}

impl Results {
    /// The results in an answer; none where the answer has no such list. An element without a key is left out: its
    /// record then has no result, and is unclear. So is a record of which it says two things.
    fn read(&self, json: &serde_json::Value) -> Option<Vec<RecordResult>> {
        let elements = json.pointer(&self.list.0)?.as_array()?;
        let mut results: Vec<RecordResult> = Vec::with_capacity(elements.len());
        let mut by_key: HashMap<String, usize> = HashMap::with_capacity(elements.len());
        for element in elements {
            let Some(key) = element.pointer(&self.key.0).map(plain) else { continue };
            let result = self.result(key, element);
            match by_key.get(&result.key) {
                None => {
                    by_key.insert(result.key.clone(), results.len());
                    results.push(result);
                }
                Some(at) if results[*at].class == result.class => {}
                Some(at) => {
                    let earlier = &mut results[*at];
                    let (first, then) = (&earlier.said, &result.said);
                    earlier.why = say(
                        format!("对同一条记录有两个不同的结果：{first}；{then}"),
                        format!("it says two things of this record: {first}; {then}"),
                    );
                    earlier.said = format!("{first}; {then}");
                    earlier.class = Class::Unclear;
                }
            }
        }
        Some(results)
    }

    fn result(&self, key: String, element: &serde_json::Value) -> RecordResult {
        let code = element.pointer(&self.code.0).filter(|code| !code.is_null()).map(plain).unwrap_or_default();
        let sentence = self.why.as_ref().and_then(|p| element.pointer(&p.0)).map(plain).unwrap_or_default();
        let said = format!("{code} {sentence}").trim().to_owned();
        let (class, why) = match self.classes.get(&code) {
            Some(class) => (*class, Words::of_text(&said)),
            None if code.is_empty() => {
                let at = &self.code.0;
                (Class::Unclear, say(format!("{at} 处没有结果代码"), format!("it has no code of a result at {at}")))
            }
            None => (
                Class::Unclear,
                say(
                    format!("结果代码 `{code}` 不在 [feed.results] 的 classes 中"),
                    format!("the code `{code}` is in no class of [feed.results]"),
                ),
            ),
        };
        let why = match self.classes.contains_key(&code) || sentence.is_empty() {
            true => why,
            false => say(format!("{}：{sentence}", why.zh), format!("{}: {sentence}", why.en)),
        };
        RecordResult { key, class, said, why }
    }
}

impl ReceiptRule {
    /// True: it looks further than the status.
    fn asks_body(&self) -> bool {
        self.contains.is_some() || self.pointer.is_some() || self.matches.is_some()
    }

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
/// status, and an answer is a receipt. 404 and 405 say nothing of the document: a proxy answers so while its target
/// restarts, or the address is wrong, and all that is due would be rejected one after the other.
pub fn class_by_status(status: u16) -> Class {
    match status {
        0 | 200..=299 => Class::Accepted,
        401 | 403 | 407 => Class::Authentication,
        404 | 405 | 408 | 423 | 425 | 429 | 502 | 503 => Class::Busy,
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
        let class = |status, body: &str| read_answer(&rules, None, status, body.as_bytes(), false).class;
        assert_eq!(class(200, r#"{"code":0}"#), Class::Accepted);
        assert_eq!(class(200, r#"{"code":"0"}"#), Class::Accepted);
        assert_eq!(class(500, r#"{"code":2001}"#), Class::MissingParent);
        assert_eq!(class(200, "该项目已存在"), Class::Duplicate);
        assert_eq!(class(200, "<html>"), Class::Unclear);
        assert_eq!(class(503, "{}"), Class::Busy);
    }

    #[test]
    fn an_answer_that_cannot_be_read_is_neither_accepted_nor_rejected() {
        let rules = rules(
            r#"
            receipt = [
              { pointer = "/code", equals = "7", class = "rejected" },
              { contains = "失败", class = "rejected" },
              { status = [413], class = "rejected" },
            ]"#,
        );
        let class = |status, body: &str, is_cut| read_answer(&rules, None, status, body.as_bytes(), is_cut).class;
        assert_eq!(class(200, r#"{"code":0}"#, false), Class::Accepted);
        assert_eq!(class(200, "<html>", false), Class::Unclear);
        assert_eq!(class(422, "<html>", false), Class::Unclear);
        assert_eq!(class(413, "<html>", false), Class::Rejected);
        assert_eq!(class(503, "<html>", false), Class::Busy);
        assert_eq!(class(200, r#"{"code":0}"#, true), Class::Unclear);
        // 失败 in GBK.
        assert_eq!(read_answer(&rules, None, 200, b"\xca\xa7\xb0\xdc", false).class, Class::Rejected);
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
                Busy,
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
        let body = r#"{"data":[{"id":"a","state":1},{"id":"b","state":7,"msg":"金额不对"},{"id":"c"},{"state":1},
            {"id":"d","state":77,"msg":"?"},{"id":"e","state":77},{"id":"f","state":1},{"id":"f","state":7,"msg":"重复"},
            {"id":"a","state":1}]}"#;
        let meaning = |status, body: &str, is_cut| read_answer(&[], Some(&results), status, body.as_bytes(), is_cut);
        let read = meaning(200, body, false).results.unwrap();
        let told = |read: &[RecordResult]| {
            let one =
                |r: &RecordResult| format!("{} {} [{}]\n{}\n{}", r.key, r.class.name(), r.said, r.why.en, r.why.zh);
            read.iter().map(one).collect::<Vec<_>>().join("\n\n")
        };
        insta::assert_snapshot!(told(&read), @"
        a accepted [1]
        1
        1

        b rejected [7 金额不对]
        7 金额不对
        7 金额不对

        c unclear []
        it has no code of a result at /state
        /state 处没有结果代码

        d unclear [77 ?]
        the code `77` is in no class of [feed.results]: ?
        结果代码 `77` 不在 [feed.results] 的 classes 中：?

        e unclear [77]
        the code `77` is in no class of [feed.results]
        结果代码 `77` 不在 [feed.results] 的 classes 中

        f unclear [1; 7 重复]
        it says two things of this record: 1; 7 重复
        对同一条记录有两个不同的结果：1；7 重复
        ");
        assert_eq!(meaning(200, &format!("\u{feff}{body}"), false).results.unwrap(), read);
        let unread = |status, body, is_cut| {
            (meaning(status, body, is_cut).class, meaning(status, body, is_cut).unread.map(|w| w.en))
        };
        let why = |why: &str| (Class::Unclear, Some(why.to_owned()));
        assert_eq!(unread(200, "{}", false), why("no list of results at /data"));
        assert_eq!(unread(422, "{}", false), why("no list of results at /data"));
        assert_eq!(
            unread(200, r#"{"data":["#, true),
            why("the answer is longer than 9 bytes and was cut: no list of results at /data")
        );
        assert_eq!(unread(503, "later", false), (Class::Busy, None));
        let taken = rules(r#"receipt = [{ status = [202], class = "accepted" }]"#);
        let class = |is_cut| read_answer(&taken, Some(&results), 202, b"", is_cut).class;
        assert_eq!((class(false), class(true)), (Class::Accepted, Class::Unclear));
    }
}
