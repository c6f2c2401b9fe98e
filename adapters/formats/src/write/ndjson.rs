//! JSON lines: one object a record, all values as text.

/// Appends a record as one line.
pub fn ndjson<'a>(out: &mut Vec<u8>, record: impl IntoIterator<Item = (&'a str, &'a str)>) {
    out.push(b'{');
    for (i, (name, value)) in record.into_iter().enumerate() {
        if i > 0 {
            out.push(b',');
        }
        string(out, name);
        out.push(b':');
        string(out, value);
    }
    out.extend_from_slice(b"}\n");
}

fn string(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("writing text into memory cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read_once, show};

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let mut out = Vec::new();
        ndjson(&mut out, [("A", "1"), ("B", "\"甲\"\n\u{1}\\")]);
        ndjson(&mut out, [("A", "")]);
        assert_eq!(
            String::from_utf8(out.clone()).unwrap(),
            "{\"A\":\"1\",\"B\":\"\\\"甲\\\"\\n\\u0001\\\\\"}\n{\"A\":\"\"}\n"
        );
        let rows = read_once("ndjson = {}", &out);
        assert_eq!(rows.row(0).text(1), Some("\"甲\"\n\u{1}\\"));
        insta::assert_snapshot!(show(&rows).lines().last().unwrap(), @"2@34 [A=]");
    }
}
