//! A record in the making: one text for all its values, and a span for each field.

/// The values of one record by field position.
#[derive(Debug, Clone, Default)]
pub struct Draft {
    text: String,
    spans: Vec<(u32, u32)>,
}

const ABSENT: (u32, u32) = (u32::MAX, 0);

impl Draft {
    /// An empty record of a dataset with `fields` fields.
    pub fn new(fields: usize) -> Self {
        Self { text: String::with_capacity(1024), spans: vec![ABSENT; fields] }
    }

    /// The value of a field; none if absent. Never empty.
    #[inline]
    pub fn get(&self, field: usize) -> Option<&str> {
        match self.spans[field] {
            ABSENT => None,
            (at, len) => Some(&self.text[at as usize..at as usize + len as usize]),
        }
    }

    /// Sets a field; the empty text is the same as absent.
    pub fn set(&mut self, field: usize, value: &str) {
        let at = self.text.len();
        self.text.push_str(value);
        self.end(field, at);
    }

    /// Sets a field to what `write` appends. Returns what `write` returns.
    pub fn write<T>(&mut self, field: usize, write: impl FnOnce(&mut String) -> T) -> T {
        let at = self.text.len();
        let result = write(&mut self.text);
        self.end(field, at);
        result
    }

    pub fn clear(&mut self, field: usize) {
        self.spans[field] = ABSENT;
    }

    fn end(&mut self, field: usize, at: usize) {
        let len = self.text.len() - at;
        self.spans[field] = if len == 0 { ABSENT } else { (at as u32, len as u32) };
    }

    pub fn fields(&self) -> usize {
        self.spans.len()
    }

    /// Bytes of all values ever set: a bound on the size of the body.
    pub fn text_bytes(&self) -> usize {
        self.text.len()
    }
}

/// Longest value kept in the index as it is; a longer one is kept as its digest.
const INDEX_BYTES_MAX: usize = 200;

/// The canonical text under which a set of field values stands in the index: joined by U+001F; an absent part is the
/// empty text; above 200 bytes its BLAKE3 digest in hex, since ten key fields are free text without bound.
pub fn index_value<'a>(parts: impl IntoIterator<Item = Option<&'a str>>) -> String {
    let mut out = String::new();
    for (i, part) in parts.into_iter().enumerate() {
        if i > 0 {
            out.push('\u{1f}');
        }
        out.push_str(part.unwrap_or_default());
    }
    if out.len() > INDEX_BYTES_MAX {
        out = blake3::hash(out.as_bytes()).to_hex().to_string();
    }
    out
}
