//! XML, streamed: the elements that are rows are cut out of the raw bytes one by one and parsed alone.
//!
//! Cutting looks at tags only, by name, so that a row whose inner tags do not match costs itself: it ends at its own
//! end tag, before the next row begins, or before an element around it ends. A row inside a row is therefore not
//! possible. A DOCTYPE is refused wherever it stands: it is the door of external entities and entity bombs, and
//! no exchange of records needs one.

use std::io::Read;

use adapter::{FaultKind, Place, ROW_BYTES_MAX};

use crate::config::XmlConfig;
use crate::encoding::{Encoding, check_head, undecodable};
use crate::flat::{Broken, Flat};
use crate::json::ended_flat;
use crate::limits::{DEPTH_MAX, KEPT_BYTES_MAX, SNIFF_BYTES};
use crate::window::Window;
use crate::xml_row::lay_flat;
use crate::xml_token::{Kind, Names, Token};
use crate::{Out, Refusal, Stop};

/// Names of elements told in the message when no row was found.
const NAMES_TOLD_MAX: usize = 10;

pub(crate) struct Xml {
    declared: Option<Encoding>,
    encoding: Encoding,
    row: Vec<String>,
    /// The end of a row's path, in the bytes of the file.
    raw_row: Vec<Vec<u8>>,
    window: Window,
    flat: Flat,
    text: String,
    /// Elements that are open around the rows.
    around: Names,
    /// Elements that are open in the row at hand, itself first.
    within: Names,
    element: u64,
    root_seen: bool,
    /// Names of elements below the root that are no rows.
    others: Vec<String>,
}

/// Where a row ends, and what is wrong with it as far as tags tell.
struct Extent {
    end: usize,
    broken: Option<Broken>,
    /// Its first bytes, if it was above the limit and its beginning was given up.
    kept: Option<Vec<u8>>,
}

impl Xml {
    pub(crate) fn new(config: &XmlConfig, input: Box<dyn Read + Send>) -> Self {
        Self {
            declared: config.encoding,
            encoding: Encoding::Utf8,
            row: config.row.split('.').map(str::to_owned).collect(),
            raw_row: Vec::new(),
            window: Window::new(input),
            flat: ended_flat(&config.repeat),
            text: String::new(),
            around: Names::default(),
            within: Names::default(),
            element: 0,
            root_seen: false,
            others: Vec::new(),
        }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Finds out the encoding.
    pub(crate) fn prepare(&mut self) -> Result<(), Stop> {
        self.window.fill_to(SNIFF_BYTES)?;
        if self.window.data().is_empty() {
            return Err(Refusal::empty().into());
        }
        let head = &self.window.data()[..self.window.data().len().min(SNIFF_BYTES)];
        let (encoding, mark) =
            found_encoding(head, self.declared).map_err(|r| r.at(1, 0, &head[..head.len().min(256)]))?;
        self.encoding = encoding;
        self.window.consume(mark);
        self.window.set_encoding(encoding);
        let gb = encoding.is_gb();
        let encode = |name: &String| {
            if gb { encoding_rs::GB18030.encode(name).0.into_owned() } else { name.as_bytes().to_vec() }
        };
        self.raw_row = self.row.iter().map(encode).collect();
        Ok(())
    }

    /// Reads rows until it is enough. False: the file has no more.
    pub(crate) fn next(&mut self, out: &mut Out<'_>) -> Result<bool, Stop> {
        self.flat.begin_page();
        loop {
            if self.flat.emit(out) || out.full() {
                return Ok(true);
            }
            let Some(token) = self.token(0)? else {
                self.check_end()?;
                return Ok(false);
            };
            match token.kind {
                Kind::Start | Kind::Empty => self.start(token, out)?,
                Kind::End => {
                    let name = token.local_name(self.window.data()).to_vec();
                    if self.around.len() == 0 || !self.around.pop_if(&name) {
                        return Err(self.lost(&format!("`</{}>` closes nothing", name.escape_ascii())));
                    }
                    self.window.consume(token.end);
                }
                Kind::Doctype => return Err(self.doctype()),
                Kind::Other | Kind::Bad => self.window.consume(token.end),
            }
        }
    }

    /// A start tag outside the rows: a row's own, or that of an element around them.
    fn start(&mut self, token: Token, out: &mut Out<'_>) -> Result<(), Stop> {
        let name = token.local_name(self.window.data()).to_vec();
        if self.root_seen && self.around.len() == 0 {
            return Err(self.lost("something follows the end of the document"));
        }
        self.root_seen = true;
        if self.is_row(&name) {
            return self.row(token, &name, out);
        }
        if self.around.len() == 1 && self.others.len() < NAMES_TOLD_MAX {
            let mut text = String::new();
            self.encoding.decode(&name, &mut text);
            if !self.others.contains(&text) {
                self.others.push(text);
            }
        }
        if token.kind == Kind::Start {
            self.around.push(&name);
            if self.around.len() > DEPTH_MAX {
                return Err(self.lost(&format!("there are more than {DEPTH_MAX} levels of nesting")));
            }
        }
        self.window.consume(token.end);
        Ok(())
    }

    fn is_row(&self, name: &[u8]) -> bool {
        let Some((last, before)) = self.raw_row.split_last() else { return false };
        last == name && self.around.ends_with(before)
    }

    fn row(&mut self, start: Token, name: &[u8], out: &mut Out<'_>) -> Result<(), Stop> {
        self.element += 1;
        let place = out.place(self.element, self.window.offset());
        let extent = match start.kind {
            Kind::Empty => Extent { end: start.end, broken: None, kept: None },
            _ => self.find_end(start, name, place)?,
        };
        self.flat.begin(place);
        let broken = match (extent.broken, &extent.kept) {
            (_, Some(_)) => {
                let bytes = self.window.offset_of(extent.end) - place.offset;
                Some(Broken::too_large(bytes, ROW_BYTES_MAX, "bytes of a row"))
            }
            (Some(broken), None) => Some(broken),
            (None, None) => self.parse(extent.end),
        };
        if let Some(Broken { kind, args }) = broken {
            self.flat.discard();
            let raw = match extent.kept {
                Some(kept) => kept.into(),
                None => self.window.raw(&self.window.data()[..extent.end]),
            };
            out.broken(place, kind, args, &raw);
        }
        self.window.consume(extent.end);
        Ok(())
    }

    fn parse(&mut self, end: usize) -> Option<Broken> {
        let raw = &self.window.data()[..end];
        self.text.clear();
        match self.encoding.decode(raw, &mut self.text) {
            Some(bad) => Some(Broken {
                kind: FaultKind::Undecodable,
                args: undecodable(self.encoding, &self.window, bad.at, &raw[bad.at..bad.at + bad.len]),
            }),
            None => lay_flat(&self.text, &mut self.flat).and_then(|()| self.flat.finish()).err(),
        }
    }

    /// Looks for the end of the row that `start` begins.
    fn find_end(&mut self, start: Token, name: &[u8], place: Place) -> Result<Extent, Stop> {
        self.within.clear();
        self.within.push(name);
        let mut extent = Extent { end: start.end, broken: None, kept: None };
        loop {
            if extent.end > ROW_BYTES_MAX {
                if extent.kept.is_none() {
                    extent.kept = Some(self.window.kept(KEPT_BYTES_MAX)?);
                }
                self.window.consume(extent.end);
                extent.end = 0;
            }
            let Some(token) = self.token(extent.end)? else {
                let raw = match extent.kept {
                    Some(kept) => kept,
                    None => self.window.kept(KEPT_BYTES_MAX)?,
                };
                let what = format!(
                    "the file ends inside `<{}>`; an export that was cut off leaves such files",
                    self.row_name()
                );
                return Err(Refusal::new(what, SEND_AGAIN).at(place.line, place.offset, &raw).into());
            };
            let tag = token.local_name(self.window.data());
            match token.kind {
                Kind::Other => {}
                Kind::Bad => {
                    let broken = || Broken::malformed("a `<` stands where no tag is; in text it must be `&lt;`");
                    extent.broken.get_or_insert_with(broken);
                }
                Kind::Doctype => return Err(self.doctype()),
                Kind::Start | Kind::Empty if self.within.len() == 1 && tag == name => {
                    return Ok(self.not_closed(extent, token.start));
                }
                Kind::Empty => {}
                Kind::Start => {
                    self.within.push(tag);
                    if self.within.len() > DEPTH_MAX && extent.broken.is_none() {
                        let levels = self.within.len() as u64;
                        extent.broken = Some(Broken::too_large(levels, DEPTH_MAX, "levels of nesting"));
                    }
                    if self.within.len() > ROW_BYTES_MAX / 4 {
                        return Err(self.lost("there are millions of tags that are not closed"));
                    }
                }
                Kind::End if self.within.pop_if(tag) => {
                    if self.within.len() == 0 {
                        return Ok(Extent { end: token.end, ..extent });
                    }
                }
                Kind::End => {
                    let inner = self.within.find(tag);
                    if inner.is_none() && self.around.find(tag).is_some() {
                        return Ok(self.not_closed(extent, token.start));
                    }
                    if extent.broken.is_none() {
                        extent.broken = Some(self.mismatch(tag));
                    }
                    if let Some(depth) = inner {
                        self.within.truncate(depth);
                        if depth == 0 {
                            return Ok(Extent { end: token.end, ..extent });
                        }
                    }
                }
            }
            extent.end = token.end;
        }
    }

    fn not_closed(&self, extent: Extent, end: usize) -> Extent {
        let broken = Broken::malformed(format!("`<{}>` is not closed", self.row_name()));
        Extent { end, broken: Some(extent.broken.unwrap_or(broken)), kept: extent.kept }
    }

    fn mismatch(&self, tag: &[u8]) -> Broken {
        let text = |raw: &[u8]| {
            let mut text = String::new();
            self.encoding.decode(raw, &mut text);
            text
        };
        Broken::malformed(format!("`<{}>` is closed by `</{}>`", text(self.within.last()), text(tag)))
    }

    fn row_name(&self) -> &str {
        self.row.last().map_or("", String::as_str)
    }

    /// The next tag or what looks like one, from `at` bytes into the window on; with 0, the text before it is given
    /// up. None: the file has ended.
    fn token(&mut self, at: usize) -> Result<Option<Token>, Stop> {
        let mut from = at;
        loop {
            let data = self.window.data();
            match memchr::memchr(b'<', &data[from..]) {
                None => {
                    from = data.len();
                    // Text between rows need not be held, nor that of a row whose beginning was given up.
                    if at == 0 {
                        self.window.consume(from);
                        from = 0;
                    }
                }
                Some(i) if at == 0 && from + i > 0 => {
                    self.window.consume(from + i);
                    from = 0;
                    continue;
                }
                Some(i) => {
                    let start = from + i;
                    if let Some(token) = Token::find(data, start, self.encoding, self.window.ended()) {
                        return Ok(Some(token));
                    }
                    from = start;
                    if data.len() - start > ROW_BYTES_MAX {
                        return Err(
                            self.lost(&format!("a tag, comment or section has more than {ROW_BYTES_MAX} bytes"))
                        );
                    }
                }
            }
            if !self.window.fill()? && from == self.window.data().len() {
                return Ok(None);
            }
            if self.window.ended() && Token::cannot_end(self.window.data(), from) {
                return Err(self.lost("the file ends inside a tag, a comment or a section"));
            }
        }
    }

    /// At the file's end everything must be closed, and rows must have been where they were said to be.
    fn check_end(&mut self) -> Result<(), Stop> {
        if !self.root_seen {
            return Err(Refusal::new("there is no XML element in it", "see whether the file is XML at all").into());
        }
        if self.around.len() > 0 {
            let mut name = String::new();
            self.encoding.decode(self.around.last(), &mut name);
            return Err(self.lost(&format!("the file ends before `</{name}>`")));
        }
        if self.element == 0 && !self.others.is_empty() {
            let met: Vec<String> = self.others.iter().map(|name| format!("`{name}`")).collect();
            let what = format!("it has no element `{}`; what stands there: {}", self.row.join("."), met.join(", "));
            return Err(Refusal::new(what, "set `row` to the name of the element that is repeated").into());
        }
        Ok(())
    }

    fn doctype(&mut self) -> Stop {
        self.refuse(
            "it has a DOCTYPE, which is refused: it may fetch other files and blow up entities",
            "have the sender leave out the line `<!DOCTYPE …>`; records need none",
        )
    }

    fn lost(&mut self, what: &str) -> Stop {
        self.refuse(&format!("its structure is lost near byte {}: {what}", self.window.offset()), SEND_AGAIN)
    }

    fn refuse(&mut self, what: &str, hint: &str) -> Stop {
        match self.window.kept(KEPT_BYTES_MAX) {
            Ok(raw) => Refusal::new(what, hint).at(self.element, self.window.offset(), &raw).into(),
            Err(error) => error.into(),
        }
    }
}

const SEND_AGAIN: &str = "ask the sender for the file again; rows that were taken are recognised";

/// The encoding that a document says it is in, and the length of its byte order mark.
fn found_encoding(head: &[u8], declared: Option<Encoding>) -> Result<(Encoding, usize), Refusal> {
    let marked = match head {
        [0xef, 0xbb, 0xbf, ..] => Some(Encoding::Utf8),
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(Encoding::Utf16Be),
        [0x84, 0x31, 0x95, 0x33, ..] => Some(Encoding::Gb18030),
        _ => None,
    };
    let correct = "have the sender correct the XML declaration, `<?xml version=\"1.0\" encoding=\"…\"?>`";
    let labelled = match label(head) {
        None => None,
        // It says no byte order, so the mark must.
        Some(label) if label.eq_ignore_ascii_case("utf-16") => match marked {
            Some(marked) if marked.is_utf16() => Some(marked),
            _ => return Err(Refusal::new("it declares UTF-16 and is not in UTF-16", correct)),
        },
        Some(label) => match Encoding::of_label(&label) {
            Some(encoding) => Some(encoding),
            None => {
                let what = format!("it declares the encoding `{}`, which is not read", label.escape_debug());
                return Err(Refusal::new(what, "have it written in UTF-8, GBK, GB18030 or UTF-16"));
            }
        },
    };
    if let (Some(marked), Some(labelled)) = (marked, labelled)
        && !marked.same_family(labelled)
    {
        let what = format!("it declares {} and begins like {}", labelled.name(), marked.name());
        return Err(Refusal::new(what, correct));
    }
    let found = labelled.or(marked).unwrap_or_default();
    if let Some(declared) = declared
        && !declared.same_family(found)
    {
        let says = if labelled.is_some() { "declares" } else { "is, having no declaration, in" };
        return Err(Refusal::new(
            format!("the configuration says {}, but the file {says} {}", declared.name(), found.name()),
            "correct `encoding`, or leave it out: an XML file says itself what it is in",
        ));
    }
    let mark = check_head(found, head)?;
    Ok((found, mark))
}

/// The encoding named in the XML declaration.
fn label(head: &[u8]) -> Option<String> {
    // The declaration is ASCII, in UTF-16 with NULs between.
    const DECLARATION_BYTES_MAX: usize = 512;
    let ascii: Vec<u8> = head.iter().take(DECLARATION_BYTES_MAX).copied().filter(|b| (1..0x80).contains(b)).collect();
    let text = String::from_utf8(ascii).ok()?;
    let declaration = text.trim_start().strip_prefix("<?xml")?.split("?>").next()?;
    let (_, after) = declaration.split_once("encoding")?;
    let value = after.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    Some(value[1..].split(quote).next()?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, read_once, show};

    const ROW: &str = "xml = { row = 'ROW' }";

    #[test]
    fn nested_elements_attributes_and_lists_become_cells() {
        let text = r#"<?xml version="1.0"?>
<!-- <ROW>no</ROW> --><n:ROWS xmlns:n="urn:x"><HEAD><ROW2/></HEAD>
<ROW id="7" xmlns:xsi="u"><A>a &amp; &lt;b&gt;&#20844;&#x544a;</A><B><C lang="zh">1</C><D/></B><n:E>x</n:E>
<F>1</F><F>2</F><G xsi:nil="true"/><H><![CDATA[<b>]]&gt;]]></H></ROW>
<ROW><A> spaces </A></ROW><ROW/></n:ROWS>"#;
        insta::assert_snapshot!(show(&read(ROW, text.as_bytes())), @r"
        1@89 [@id=7] [A=a & <b>公告] [B.C.@lang=zh] [B.C=1] [B.D=] [E=x] [F=1;2] [H=<b>]]&gt;]
        2@267 [A= spaces ]
        3@293
        ");
    }

    #[test]
    fn a_row_is_named_by_the_end_of_its_path() {
        let text = "<R><HEAD><ROW><A>no</A></ROW></HEAD><ROWS><ROW><A>yes</A></ROW></ROWS></R>";
        insta::assert_snapshot!(show(&read("xml = { row = 'ROWS.ROW' }", text.as_bytes())), @"1@42 [A=yes]");
        insta::assert_snapshot!(show(&read("xml = { row = 'R' }", b"<R><A>1</A></R>")), @"1@0 [A=1]");
    }

    #[test]
    fn repeated_elements_become_rows_with_the_columns_of_their_parent() {
        let text = "<P><CODE>1</CODE><BDS><BD><N>a</N></BD><BD no='2'><N>b</N></BD></BDS><END>x</END></P>";
        insta::assert_snapshot!(show(&read("xml = { row = 'P', repeat = 'BDS.BD' }", text.as_bytes())), @r"
        1@0 [CODE=1] [END=x] [BDS.BD.N=a]
        1@0 [CODE=1] [END=x] [BDS.BD.N=b] [BDS.BD.@no=2]
        ");
        insta::assert_snapshot!(show(&read("xml = { row = 'P', repeat = 'BD' }", b"<P><CODE>1</CODE></P>")), @"1@0 [CODE=1]");
    }

    #[test]
    fn lists_of_two_columns_stay_side_by_side() {
        let text = "<R><F><N>a</N></F><F><N>b</N><S>2</S></F><F><N/><S>3</S></F></R>";
        insta::assert_snapshot!(show(&read("xml = { row = 'R' }", text.as_bytes())), @"1@0 [F.N=a;b;] [F.S=;2;3]");
    }

    #[test]
    fn gbk_is_read_by_its_declaration_names_included() {
        // The second byte of 哴 is 0x5D, `]`, before the end of a CDATA section.
        let text =
            "<?xml version='1.0' encoding='gb2312'?><数据><行><名称>公告</名称><X><![CDATA[哴]>]]></X></行></数据>";
        let bytes = encoding_rs::GBK.encode(text).0;
        assert!(bytes.windows(3).any(|w| w == b"]]>"));
        let rows = read("xml = { row = '行' }", &bytes);
        assert_eq!(rows.encoding, "GB2312");
        insta::assert_snapshot!(show(&rows), @"1@45 [名称=公告] [X=哴]>]");
    }

    #[test]
    fn utf_16_is_read_with_and_without_a_mark() {
        let text = "<?xml version='1.0' encoding='utf-16'?><R><A>公告</A></R>";
        let units = |mark: &str| format!("{mark}{text}").encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>();
        for bytes in [units("\u{feff}"), units("")] {
            assert_eq!(read("xml = { row = 'R' }", &bytes).row(0).text(0), Some("公告"));
        }
    }

    #[test]
    fn a_row_whose_tags_do_not_match_costs_itself() {
        let text = "<ROWS>\n<ROW><A>1</A></ROW>\n<ROW><A>2</B></ROW>\n<ROW><A>3</ROW>\n<ROW><A>4</A>\n<ROW><A>5</A></ROW>\n\
                    <ROW><A>6 < 7 it's</A></ROW>\n<ROW><A>8&nbsp;</A></ROW>\n<ROW><A>\u{7}</A></ROW>\n<ROW><A x=1>9</A></ROW>\n</ROWS>";
        insta::assert_snapshot!(show(&read(ROW, text.as_bytes())), @r#"
        1@7 [A=1]
        2@27 Malformed["`<A>` is closed by `</B>`"] <<ROW><A>2</B></ROW>>
        3@47 Malformed["`<A>` is closed by `</ROW>`"] <<ROW><A>3</ROW>>
        4@63 Malformed["`<ROW>` is not closed"] <<ROW><A>4</A>\n>
        5@77 [A=5]
        6@97 Malformed["a `<` stands where no tag is; in text it must be `&lt;`"] <<ROW><A>6 < 7 it\'s</A></ROW>>
        7@126 Malformed["the entity `&nbsp;` is not known; XML has only amp, lt, gt, quot, apos"] <<ROW><A>8&nbsp;</A></ROW>>
        8@152 [A=]
        9@172 Malformed["position 4: attribute value must be enclosed in `\"` or `'`"] <<ROW><A x=1>9</A></ROW>>
        "#);
    }

    #[test]
    fn a_bad_byte_costs_its_own_row_and_tells_its_place() {
        let bytes = b"<R><ROW><A>\xff</A></ROW><ROW><A>2</A></ROW></R>";
        insta::assert_snapshot!(show(&read(ROW, bytes)), @r#"
        1@3 Undecodable["UTF-8", "11", "ff"] <<ROW><A>\xff</A></ROW>>
        2@22 [A=2]
        "#);
    }

    #[test]
    fn limits_cost_the_row_that_is_above_them() {
        let deep = format!("<R><ROW>{}{}</ROW><ROW><A>2</A></ROW></R>", "<a>".repeat(64), "</a>".repeat(64));
        insta::assert_snapshot!(show(&read_once(ROW, deep.as_bytes())).replace("<a>", "").replace("</a>", ""), @r#"
        1@3 TooLarge["65", "64", "levels of nesting"] <<ROW></ROW>>
        2@462 [A=2]
        "#);
        let attributes: String = (0..257).map(|i| format!(" a{i}='1'")).collect();
        let text = format!("<R><ROW><A{attributes}/></ROW><ROW><A>2</A></ROW></R>");
        let rows = read_once(ROW, text.as_bytes());
        assert_eq!(rows.row(0).fault().unwrap().args, ["257", "256", "attributes of a tag"]);
        assert_eq!(rows.row(1).cell(rows.columns().iter().position(|c| c == "A").unwrap()), adapter::Cell::Text("2"));
        let large = format!("<R><ROW><A>{}</A></ROW><ROW><A>2</A></ROW></R>", "x".repeat(ROW_BYTES_MAX));
        let rows = read_once(ROW, large.as_bytes());
        assert_eq!(rows.row(0).fault().unwrap().args, ["8388626", "8388608", "bytes of a row"]);
        assert_eq!(rows.row(1).text(0), Some("2"));
    }

    #[test]
    fn an_entity_bomb_is_refused_before_anything_is_expanded() {
        let mut bomb = String::from("<?xml version='1.0'?>\n<!DOCTYPE lolz [<!ENTITY a 'lol'>");
        for i in 0..20 {
            bomb.push_str(&format!("<!ENTITY b{i} '&a;&a;&a;&a;'>"));
        }
        bomb.push_str("]><ROWS><ROW><A>&b19;</A></ROW></ROWS>");
        let rows = read_once(ROW, bomb.as_bytes());
        assert_eq!(rows.len(), 1);
        insta::assert_snapshot!(rows.row(0).fault().unwrap().args.join("\n"), @"
        it has a DOCTYPE, which is refused: it may fetch other files and blow up entities
        have the sender leave out the line `<!DOCTYPE …>`; records need none
        ");
    }

    /// Every way in which a whole file, or its rest, is refused, in the words that a person reads.
    #[test]
    fn a_file_that_is_not_what_it_should_be_is_refused_from_there_on() {
        let refused = |config: &str, bytes: &[u8]| {
            let rows = read(config, bytes);
            let last = rows.row(rows.len() - 1);
            assert_eq!(last.fault().unwrap().kind, FaultKind::FileUnreadable);
            format!("{} rows before\n{}", rows.len() - 1, last.fault().unwrap().args.join("\n"))
        };
        let one = "<R><ROW><A>1</A></ROW>";
        let all = [
            refused(ROW, b""),
            refused(ROW, b"no xml at all"),
            refused(ROW, b"{\"A\": \"<\""),
            refused(ROW, format!("{one}<ROW><A>2").as_bytes()),
            refused(ROW, one.as_bytes()),
            refused(ROW, format!("{one}</R><R/>").as_bytes()),
            refused(ROW, format!("{one}</X>").as_bytes()),
            refused(ROW, format!("{one}<!-- ").as_bytes()),
            refused(ROW, format!("{one}<!DOCTYPE a>").as_bytes()),
            refused(ROW, b"<R><row/><other/></R>"),
            refused(ROW, b"<?xml version='1.0' encoding='UTF-16'?><R/>"),
            refused(ROW, b"<?xml version='1.0' encoding='big5'?><R/>"),
            refused(ROW, b"\xef\xbb\xbf<?xml version='1.0' encoding='GBK'?><R/>"),
            refused("xml = { row = 'ROW', encoding = 'gbk' }", b"<R/>"),
            refused(ROW, "<?xml version='1.0' encoding='GBK'?><公告标题/>".as_bytes()),
        ];
        insta::assert_snapshot!(all.join("\n\n"), @r#"
        0 rows before
        the file is empty
        ask the sender for the file again; an export that ended early leaves such files

        0 rows before
        there is no XML element in it
        see whether the file is XML at all

        0 rows before
        its structure is lost near byte 7: the file ends inside a tag, a comment or a section
        ask the sender for the file again; rows that were taken are recognised

        1 rows before
        the file ends inside `<ROW>`; an export that was cut off leaves such files
        ask the sender for the file again; rows that were taken are recognised

        1 rows before
        its structure is lost near byte 22: the file ends before `</R>`
        ask the sender for the file again; rows that were taken are recognised

        1 rows before
        its structure is lost near byte 26: something follows the end of the document
        ask the sender for the file again; rows that were taken are recognised

        1 rows before
        its structure is lost near byte 22: `</X>` closes nothing
        ask the sender for the file again; rows that were taken are recognised

        1 rows before
        its structure is lost near byte 22: the file ends inside a tag, a comment or a section
        ask the sender for the file again; rows that were taken are recognised

        1 rows before
        it has a DOCTYPE, which is refused: it may fetch other files and blow up entities
        have the sender leave out the line `<!DOCTYPE …>`; records need none

        0 rows before
        it has no element `ROW`; what stands there: `row`, `other`
        set `row` to the name of the element that is repeated

        0 rows before
        it declares UTF-16 and is not in UTF-16
        have the sender correct the XML declaration, `<?xml version="1.0" encoding="…"?>`

        0 rows before
        it declares the encoding `big5`, which is not read
        have it written in UTF-8, GBK, GB18030 or UTF-16

        0 rows before
        it declares GBK and begins like UTF-8
        have the sender correct the XML declaration, `<?xml version="1.0" encoding="…"?>`

        0 rows before
        the configuration says GBK, but the file is, having no declaration, in UTF-8
        correct `encoding`, or leave it out: an XML file says itself what it is in

        0 rows before
        it was declared to be GBK, but it is UTF-8
        set `encoding = "utf-8"`, or have the file written as GBK
        "#);
    }
}
