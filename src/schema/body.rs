//! A record's body: the JSON object in which it is kept, compared and read back.
//!
//! All values are texts, as they travel. Fields stand in the schema's order, those that say nothing about the record
//! itself (stamps, the source's version) last, so that the fingerprint is over one stretch of the text. Written and
//! read by hand: the writer is on the hot path, and the reader must give back the very text that was written.

use std::borrow::Cow;

use super::{Dataset, Draft, FieldId};

/// Writes the present fields as `{"FIELD":"value",…}`, the `volatile` ones last, and returns with it the fingerprint:
/// the first 16 bytes of BLAKE3 over the text before the volatile ones.
pub fn body(dataset: &Dataset, draft: &Draft, volatile: &[FieldId]) -> (String, [u8; 16]) {
    let mut out = String::with_capacity(draft.text_bytes() + 24 * dataset.fields.len());
    out.push('{');
    for (id, field) in dataset.fields.iter().enumerate() {
        if !volatile.contains(&id) {
            entry(&mut out, &field.name, draft.get(id));
        }
    }
    let digest = blake3::hash(out.as_bytes());
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&digest.as_bytes()[..16]);
    for (id, field) in dataset.fields.iter().enumerate() {
        if volatile.contains(&id) {
            entry(&mut out, &field.name, draft.get(id));
        }
    }
    out.push('}');
    (out, fingerprint)
}

fn entry(out: &mut String, name: &str, value: Option<&str>) {
    let Some(value) = value else { return };
    out.push_str(if out.len() > 1 { ",\"" } else { "\"" });
    out.push_str(name);
    out.push_str("\":\"");
    escape(out, value);
    out.push('"');
}

/// Appends a text as the inside of a JSON string. Stretches without special bytes are copied whole.
fn escape(out: &mut String, text: &str) {
    let special = |b: u8| b < 0x20 || b == b'"' || b == b'\\';
    // Nearly every value is without; a fold over whole chunks is compiled to vector instructions, a search is not.
    let any = |chunk: &[u8]| chunk.iter().fold(false, |found, &b| found | special(b));
    if !text.as_bytes().chunks(32).any(any) {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    // Every byte that needs escaping is ASCII, so the cut is always between characters.
    while let Some(at) = rest.bytes().position(special) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            control => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.push_str("\\u00");
                out.push(HEX[usize::from(control >> 4)].into());
                out.push(HEX[usize::from(control & 15)].into());
            }
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}

/// A body that was not written by [`body`]: the store has been changed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body cannot be read at byte {at}")]
pub struct BodyUnreadable {
    pub at: usize,
}

/// Name and value of a field in a body.
pub type BodyField<'a> = (Cow<'a, str>, Cow<'a, str>);

/// The fields of a body in the order in which they stand, borrowed where nothing is escaped.
pub fn body_fields(body: &str) -> Result<Vec<BodyField<'_>>, BodyUnreadable> {
    let mut reader = Reader { text: body, at: 0 };
    let mut fields = Vec::with_capacity(48);
    reader.expect(b'{')?;
    if reader.accept(b'}') {
        return reader.end(fields);
    }
    loop {
        let name = reader.string()?;
        reader.expect(b':')?;
        fields.push((name, reader.string()?));
        if !reader.accept(b',') {
            reader.expect(b'}')?;
            return reader.end(fields);
        }
    }
}

/// The record that a body holds. Fields that the dataset no longer has are left out.
///
/// # Panics
/// If [`body`] never wrote it: the store has been changed by hand, and to go on with half a record would spread that.
pub fn draft_of(dataset: &Dataset, body: &str) -> Draft {
    let mut draft = Draft::new(dataset.fields.len());
    // Bodies stand in the schema's order, so the next field is nearly always the next one found.
    let mut next = 0;
    for (name, value) in body_fields(body).expect("bodies in the store are written by this program") {
        let ahead = dataset.fields[next..].iter().position(|field| field.name == name).map(|ahead| next + ahead);
        if let Some(id) = ahead.or_else(|| dataset.field(&name)) {
            draft.set(id, &value);
            next = id + 1;
        }
    }
    draft
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn accept(&mut self, byte: u8) -> bool {
        let found = self.text.as_bytes().get(self.at) == Some(&byte);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, byte: u8) -> Result<(), BodyUnreadable> {
        if self.accept(byte) { Ok(()) } else { Err(BodyUnreadable { at: self.at }) }
    }

    fn end<T>(&self, value: T) -> Result<T, BodyUnreadable> {
        if self.at == self.text.len() { Ok(value) } else { Err(BodyUnreadable { at: self.at }) }
    }

    fn string(&mut self) -> Result<Cow<'a, str>, BodyUnreadable> {
        self.expect(b'"')?;
        let mut owned = String::new();
        loop {
            let rest = &self.text[self.at..];
            let length = rest.bytes().position(|b| b == b'"' || b == b'\\');
            let length = length.ok_or(BodyUnreadable { at: self.text.len() })?;
            let stretch = &rest[..length];
            self.at += length + 1;
            if rest.as_bytes()[length] == b'"' {
                return Ok(if owned.is_empty() { Cow::Borrowed(stretch) } else { Cow::Owned(owned + stretch) });
            }
            owned.push_str(stretch);
            owned.push(self.escaped()?);
        }
    }

    /// The character after a backslash.
    fn escaped(&mut self) -> Result<char, BodyUnreadable> {
        let wrong = BodyUnreadable { at: self.at };
        let kind = self.text.as_bytes().get(self.at).ok_or(wrong)?;
        self.at += 1;
        Ok(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let hex = self.text.get(self.at..self.at + 4).ok_or(wrong)?;
                self.at += 4;
                u32::from_str_radix(hex, 16).ok().and_then(char::from_u32).ok_or(wrong)?
            }
            _ => return Err(wrong),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::embedded_for_tests as schema;
    use super::*;

    #[test]
    fn volatile_fields_stand_last_and_outside_the_fingerprint() {
        let schema = schema();
        let dataset = schema.dataset("500").expect("500 exists");
        let id = |name| dataset.field(name).expect("the field exists");
        let volatile = [id("DATA_TIMESTAMP")];
        let mut draft = Draft::new(dataset.fields.len());
        draft.set(id("DATA_TIMESTAMP"), "20260317090500");
        draft.set(id("PROJECT_CODE"), "E4207040001000012");
        draft.set(id("PROJECT_NAME"), "“东沟”\"泵站\"\t工程\u{1}");
        let (text, fingerprint) = body(dataset, &draft, &volatile);
        assert_eq!(
            text,
            r#"{"PROJECT_CODE":"E4207040001000012","PROJECT_NAME":"“东沟”\"泵站\"\t工程\u0001","DATA_TIMESTAMP":"20260317090500"}"#
        );
        draft.set(id("DATA_TIMESTAMP"), "20260318000000");
        assert_eq!(body(dataset, &draft, &volatile).1, fingerprint);
        draft.set(id("PROJECT_NAME"), "另一工程");
        assert_ne!(body(dataset, &draft, &volatile).1, fingerprint);
    }

    #[test]
    fn an_empty_record_is_an_empty_object() {
        let schema = schema();
        let dataset = schema.dataset("500").expect("500 exists");
        let (text, _) = body(dataset, &Draft::new(dataset.fields.len()), &[]);
        assert_eq!(text, "{}");
        assert_eq!(body_fields(&text), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_body_is_told_with_its_place() {
        for (text, at) in
            [("", 0), ("{", 1), (r#"{"A":"b""#, 8), (r#"{"A":1}"#, 5), (r#"{"A":"b"}x"#, 9), (r#"{"A":"\q"}"#, 7)]
        {
            assert_eq!(body_fields(text), Err(BodyUnreadable { at }), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(values in proptest::collection::vec((0..19_usize, ".{0,40}|[\u{0}-\u{2f}\"\\\\]{0,20}"), 0..19)) {
            let schema = schema();
            let dataset = schema.dataset("500").expect("500 exists");
            let mut draft = Draft::new(dataset.fields.len());
            for (id, value) in &values {
                draft.set(*id, value);
            }
            let (text, _) = body(dataset, &draft, &[3, 5]);
            let by_serde: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).expect("it is JSON");
            let back = draft_of(dataset, &text);
            for (id, field) in dataset.fields.iter().enumerate() {
                prop_assert_eq!(back.get(id), draft.get(id));
                prop_assert_eq!(by_serde.get(&field.name).and_then(|v| v.as_str()), draft.get(id));
            }
        }
    }
}
