//! XML documents: a root, one element a record, one element a value.

use super::WriteError;

/// Writes one document in UTF-8.
pub struct Xml {
    out: String,
    root: String,
    row: String,
}

impl Xml {
    /// Begins a document `<root><row>…</row>…</root>`.
    pub fn new(root: &str, row: &str) -> Result<Self, WriteError> {
        let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
        tag(&mut out, "<", root)?;
        out.push('\n');
        check_name(row)?;
        Ok(Self { out, root: root.to_owned(), row: row.to_owned() })
    }

    /// Adds a record. After an error nothing of it is there; the error names every value that can't be written.
    pub fn record<'a>(&mut self, record: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), Vec<WriteError>> {
        let before = self.out.len();
        let mut errors = Vec::new();
        let framed = tag(&mut self.out, "<", &self.row);
        errors.extend(framed.err());
        for (name, value) in record {
            let written = tag(&mut self.out, "<", name).and_then(|()| {
                escape(value, &mut self.out)
                    .map_err(|character| WriteError::Forbidden { name: name.to_owned(), character })?;
                tag(&mut self.out, "</", name)
            });
            errors.extend(written.err());
        }
        errors.extend(tag(&mut self.out, "</", &self.row).err());
        self.out.push('\n');
        if errors.is_empty() {
            return Ok(());
        }
        self.out.truncate(before);
        Err(errors)
    }

    /// Ends the document.
    pub fn finish(mut self) -> Vec<u8> {
        self.out.push_str("</");
        self.out.push_str(&self.root);
        self.out.push_str(">\n");
        self.out.into_bytes()
    }
}

fn tag(out: &mut String, open: &str, name: &str) -> Result<(), WriteError> {
    check_name(name)?;
    out.push_str(open);
    out.push_str(name);
    out.push('>');
    Ok(())
}

/// Names as our schemas have them: letters of any script, digits, `_`, `-`, `.`.
fn check_name(name: &str) -> Result<(), WriteError> {
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if first && chars.all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')) {
        return Ok(());
    }
    Err(WriteError::Name { name: name.to_owned() })
}

/// Appends a value as text of an element. The error is the first character that XML 1.0 has no way to write.
pub fn escape(value: &str, out: &mut String) -> Result<(), char> {
    for c in value.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Written plainly it would be read as a line feed.
            '\r' => out.push_str("&#13;"),
            '\t' | '\n' => out.push(c),
            '\0'..'\u{20}' | '\u{fffe}' | '\u{ffff}' => return Err(c),
            _ => out.push(c),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::read_once;

    fn allowed() -> impl Strategy<Value = String> {
        let special = prop_oneof![
            Just('&'),
            Just('<'),
            Just('>'),
            Just('"'),
            Just('\''),
            Just(']'),
            Just('\r'),
            Just('\n'),
            Just('\t'),
            Just(' '),
            Just(';'),
            Just('#'),
            Just('a'),
            Just('公'),
            Just('𠮷'),
            any::<char>(),
        ];
        let chars = special.prop_filter("not of XML 1.0", |c| escape(&c.to_string(), &mut String::new()).is_ok());
        proptest::collection::vec(chars, 0..40).prop_map(|chars| chars.into_iter().collect())
    }

    proptest! {
        #[test]
        fn any_text_that_is_written_is_read_as_it_was(values in proptest::collection::vec(allowed(), 1..5)) {
            let names = ["A", "项目", "C_1", "D.d"];
            let mut xml = Xml::new("ROWS", "ROW").unwrap();
            let record = || names.iter().copied().zip(values.iter().map(String::as_str));
            xml.record(record()).unwrap();
            let rows = read_once("xml = { row = 'ROW' }", &xml.finish());
            prop_assert_eq!(rows.len(), 1);
            for (i, (name, value)) in record().enumerate() {
                prop_assert_eq!(&rows.columns()[i], name);
                prop_assert_eq!(rows.row(0).text(i), Some(value));
            }
        }
    }

    #[test]
    fn what_xml_cannot_hold_is_told_and_nothing_of_the_record_is_left() {
        let mut xml = Xml::new("ROWS", "ROW").unwrap();
        let errors = xml.record([("A", "x\u{1}y"), ("B C", "1"), ("D", "\u{ffff}")]).unwrap_err();
        let words: Vec<String> = errors.iter().map(ToString::to_string).collect();
        insta::assert_snapshot!(words.join("\n"), @r"
        the value of `A` holds U+0001, which XML 1.0 does not allow
        `B C` is no name of an XML element
        the value of `D` holds U+FFFF, which XML 1.0 does not allow
        ");
        xml.record([("A", "<1>")]).unwrap();
        insta::assert_snapshot!(String::from_utf8(xml.finish()).unwrap(), @r#"
        <?xml version="1.0" encoding="UTF-8"?>
        <ROWS>
        <ROW><A>&lt;1&gt;</A></ROW>
        </ROWS>
        "#);
    }
}
