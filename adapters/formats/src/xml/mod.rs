//! XML, streamed: the elements that are rows are cut out of the raw bytes one by one and parsed alone.
//!
//! Cutting looks at tags only, by name, so that a row whose inner tags do not match costs itself: it ends at its own
//! end tag, before the next row begins, or before an element around it ends. A row inside a row is therefore not
//! possible. A DOCTYPE is refused wherever it stands: it is the door of external entities and entity bombs, and
//! no exchange of records needs one.

use std::io::Read;

use adapter::{FaultKind, Place, ROW_BYTES_MAX, Words};

use crate::config::XmlConfig;
use crate::encoding::{Encoding, check_head, undecodable};
use crate::flat::{Broken, Flat, NESTING};
use crate::json::{SEND_AGAIN, ended_flat};
use crate::limits::{DEPTH_MAX, KEPT_BYTES_MAX, SNIFF_BYTES};
use crate::window::Window;
use crate::{Out, ROW_BYTES, Refusal, Stop};

mod row;
mod token;

use row::{Open, lay_flat};
use token::{Kind, Names, Section, Token};

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
    open: Open,
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
    /// Bytes of it that the window has given up.
    given_up: usize,
    /// Its first bytes, if it was above the limit and its beginning was given up.
    kept: Option<Vec<u8>>,
}

impl Extent {
    fn new(end: usize) -> Self {
        Self { end, broken: None, given_up: 0, kept: None }
    }
}

/// What comes next in the file.
enum Found {
    Token(Token),
    /// Text up to here, more than a row may have, and no tag yet.
    Text(usize),
    /// A section that begins here, longer than a row may be.
    LongSection(usize, Section),
    End,
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
            open: Open::default(),
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
            let token = match self.token(0)? {
                Found::Token(token) => token,
                Found::LongSection(start, section) => {
                    self.window.consume(start);
                    self.pass_section(section)?;
                    continue;
                }
                Found::Text(_) | Found::End => {
                    self.check_end()?;
                    return Ok(false);
                }
            };
            match token.kind {
                Kind::Start | Kind::Empty => self.start(token, out)?,
                Kind::End => {
                    let name = token.local_name(self.window.data()).to_vec();
                    if self.around.len() == 0 || !self.around.pop_if(&name) {
                        let name = name.escape_ascii();
                        let what = (format!("`</{name}>` 没有对应的开始标签"), format!("`</{name}>` closes nothing"));
                        return Err(self.lost(what));
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
            return Err(self.lost(("文档结束之后还有内容", "something follows the end of the document")));
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
                let what =
                    (format!("嵌套超过 {DEPTH_MAX} 层"), format!("there are more than {DEPTH_MAX} levels of nesting"));
                return Err(self.lost(what));
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
            Kind::Empty => Extent::new(start.end),
            _ => self.find_end(start, name, place)?,
        };
        self.flat.begin(place);
        let too_large = extent.given_up + extent.end > ROW_BYTES_MAX;
        let broken = match extent.broken {
            _ if too_large => {
                let bytes = self.window.offset_of(extent.end) - place.offset;
                Some(Broken::too_large(bytes, ROW_BYTES_MAX, ROW_BYTES))
            }
            Some(broken) => Some(broken),
            None => self.parse(extent.end),
        };
        if let Some(Broken { kind, args }) = broken {
            self.flat.discard();
            let raw = match extent.kept {
                Some(kept) => kept,
                None if too_large => self.window.kept(KEPT_BYTES_MAX)?,
                None => self.window.raw(&self.window.data()[..extent.end]).into_owned(),
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
            Some(bad) => {
                Some(Broken { kind: FaultKind::Undecodable, args: undecodable(self.encoding, &self.window, bad, raw) })
            }
            None => lay_flat(&self.text, &mut self.flat, &mut self.open).and_then(|()| self.flat.finish()).err(),
        }
    }

    /// Looks for the end of the row that `start` begins.
    fn find_end(&mut self, start: Token, name: &[u8], place: Place) -> Result<Extent, Stop> {
        self.within.clear();
        self.within.push(name);
        let mut extent = Extent::new(start.end);
        loop {
            if extent.end > ROW_BYTES_MAX {
                if extent.kept.is_none() {
                    extent.kept = Some(self.window.kept(KEPT_BYTES_MAX)?);
                }
                self.window.consume(extent.end);
                extent.given_up += extent.end;
                extent.end = 0;
            }
            let before = self.window.offset();
            let found = self.token(extent.end)?;
            if extent.end == 0 {
                // Text was passed over on the way to the tag.
                extent.given_up += (self.window.offset() - before) as usize;
            }
            let token = match found {
                Found::Token(token) => token,
                Found::Text(end) => {
                    extent.end = end;
                    continue;
                }
                Found::LongSection(start, section) => {
                    if extent.kept.is_none() {
                        extent.kept = Some(self.window.kept(KEPT_BYTES_MAX)?);
                    }
                    let before = self.window.offset();
                    self.window.consume(start);
                    self.pass_section(section)?;
                    extent.given_up += (self.window.offset() - before) as usize;
                    extent.end = 0;
                    continue;
                }
                Found::End => return Err(self.ends_inside(extent.kept, place)?),
            };
            let tag = token.local_name(self.window.data());
            match token.kind {
                Kind::Other => {}
                Kind::Bad => {
                    let what = (
                        "不是标签的位置上有 `<`；文本中应写作 `&lt;`",
                        "a `<` stands where no tag is; in text it must be `&lt;`",
                    );
                    let broken = || Broken::malformed(what);
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
                        extent.broken = Some(Broken::too_large(levels, DEPTH_MAX, NESTING));
                    }
                    if self.within.len() > ROW_BYTES_MAX / 4 {
                        return Err(
                            self.lost(("有上百万个没有结束的标签", "there are millions of tags that are not closed"))
                        );
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

    fn ends_inside(&mut self, kept: Option<Vec<u8>>, place: Place) -> Result<Stop, Stop> {
        let raw = match kept {
            Some(kept) => kept,
            None => self.window.kept(KEPT_BYTES_MAX)?,
        };
        let name = self.row_name();
        let what = (
            format!("文件在 `<{name}>` 之内结束；导出中断会留下这样的文件"),
            format!("the file ends inside `<{name}>`; an export that was cut off leaves such files"),
        );
        Ok(Refusal::new(what, SEND_AGAIN).at(place.line, place.offset, &raw).into())
    }

    fn not_closed(&self, extent: Extent, end: usize) -> Extent {
        let name = self.row_name();
        let broken = Broken::malformed((format!("`<{name}>` 没有结束标签"), format!("`<{name}>` is not closed")));
        Extent { end, broken: Some(extent.broken.unwrap_or(broken)), ..extent }
    }

    fn mismatch(&self, tag: &[u8]) -> Broken {
        let text = |raw: &[u8]| {
            let mut text = String::new();
            self.encoding.decode(raw, &mut text);
            text
        };
        let (open, close) = (text(self.within.last()), text(tag));
        Broken::malformed((format!("`<{open}>` 被 `</{close}>` 结束"), format!("`<{open}>` is closed by `</{close}>`")))
    }

    fn row_name(&self) -> &str {
        self.row.last().map_or("", String::as_str)
    }

    /// The next tag or what looks like one, from `at` bytes into the window on; with 0, the text before it is given
    /// up.
    fn token(&mut self, at: usize) -> Result<Found, Stop> {
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
                    let token = Token::find(data, start, self.encoding, self.window.ended());
                    let end = token.map_or(data.len(), |token| token.end);
                    if end - start > ROW_BYTES_MAX {
                        return match Section::at(&data[start..]) {
                            Some(section) => Ok(Found::LongSection(start, section)),
                            None => Err(self.lost((
                                format!("一个标签超过 {ROW_BYTES_MAX} 字节"),
                                format!("a tag has more than {ROW_BYTES_MAX} bytes"),
                            ))),
                        };
                    }
                    if let Some(token) = token {
                        return Ok(Found::Token(token));
                    }
                    from = start;
                }
            }
            if at > 0 && from > ROW_BYTES_MAX && from == self.window.data().len() {
                return Ok(Found::Text(from));
            }
            if !self.window.fill()? && from == self.window.data().len() {
                return Ok(Found::End);
            }
            if self.window.ended() && Token::cannot_end(self.window.data(), from) {
                return Err(self.lost(ENDS_INSIDE));
            }
        }
    }

    /// Passes over a section that is too long to be held.
    fn pass_section(&mut self, section: Section) -> Result<(), Stop> {
        let end = section.end();
        loop {
            let data = self.window.data();
            if let Some(at) = memchr::memmem::find(data, end) {
                self.window.consume(at + end.len());
                return Ok(());
            }
            let passed = data.len().saturating_sub(end.len() - 1);
            self.window.consume(passed);
            if !self.window.fill()? {
                return Err(self.lost(ENDS_INSIDE));
            }
        }
    }

    /// At the file's end everything must be closed, and rows must have been where they were said to be.
    fn check_end(&mut self) -> Result<(), Stop> {
        if !self.root_seen {
            return Err(Refusal::new(
                ("其中没有 XML 元素", "there is no XML element in it"),
                ("请核对该文件是否是 XML", "see whether the file is XML at all"),
            )
            .into());
        }
        if self.around.len() > 0 {
            let mut name = String::new();
            self.encoding.decode(self.around.last(), &mut name);
            let what = (format!("文件在 `</{name}>` 之前就结束了"), format!("the file ends before `</{name}>`"));
            return Err(self.lost(what));
        }
        if self.element == 0 && !self.others.is_empty() {
            let met: Vec<String> = self.others.iter().map(|name| format!("`{name}`")).collect();
            let row = self.row.join(".");
            let what = (
                format!("没有元素 `{row}`；该处有 {}", met.join("、")),
                format!("it has no element `{row}`; what stands there: {}", met.join(", ")),
            );
            let hint = ("请把 `row` 设为重复出现的元素名", "set `row` to the name of the element that is repeated");
            return Err(Refusal::new(what, hint).into());
        }
        Ok(self.flat.check_repeat()?)
    }

    fn doctype(&mut self) -> Stop {
        self.refuse(
            (
                "含有 DOCTYPE，不予读取：它可以引入其他文件、无限展开实体",
                "it has a DOCTYPE, which is refused: it may fetch other files and blow up entities",
            ),
            (
                "请对方去掉 `<!DOCTYPE …>` 一行；数据不需要它",
                "have the sender leave out the line `<!DOCTYPE …>`; records need none",
            ),
        )
    }

    fn lost(&mut self, what: impl Into<Words>) -> Stop {
        let (what, at) = (what.into(), self.window.offset());
        let told = (
            format!("第 {at} 字节附近起结构已乱：{}", what.zh),
            format!("its structure is lost near byte {at}: {}", what.en),
        );
        self.refuse(told, SEND_AGAIN)
    }

    fn refuse(&mut self, what: impl Into<Words>, hint: (&str, &str)) -> Stop {
        match self.window.kept(KEPT_BYTES_MAX) {
            Ok(raw) => Refusal::new(what, hint).at(self.element, self.window.offset(), &raw).into(),
            Err(error) => error.into(),
        }
    }
}

const ENDS_INSIDE: (&str, &str) =
    ("文件在标签、注释或区段之内结束", "the file ends inside a tag, a comment or a section");

/// The encoding that a document says it is in, and the length of its byte order mark.
fn found_encoding(head: &[u8], declared: Option<Encoding>) -> Result<(Encoding, usize), Refusal> {
    let marked = match head {
        [0xef, 0xbb, 0xbf, ..] => Some(Encoding::Utf8),
        [0xff, 0xfe, ..] | [b'<', 0, ..] => Some(Encoding::Utf16Le),
        [0xfe, 0xff, ..] | [0, b'<', ..] => Some(Encoding::Utf16Be),
        [0x84, 0x31, 0x95, 0x33, ..] => Some(Encoding::Gb18030),
        _ => None,
    };
    let correct = (
        "请对方改正 XML 声明 `<?xml version=\"1.0\" encoding=\"…\"?>`",
        "have the sender correct the XML declaration, `<?xml version=\"1.0\" encoding=\"…\"?>`",
    );
    let labelled = match label(head) {
        None => None,
        // It says no byte order, so the mark must.
        Some(label) if label.eq_ignore_ascii_case("utf-16") => match marked {
            Some(marked) if marked.is_utf16() => Some(marked),
            _ => {
                let what = ("声明为 UTF-16，实际不是", "it declares UTF-16 and is not in UTF-16");
                return Err(Refusal::new(what, correct));
            }
        },
        Some(label) => match Encoding::of_label(&label) {
            Some(encoding) => Some(encoding),
            None => {
                let label = label.escape_debug();
                let what = (
                    format!("声明的编码 `{label}` 不支持"),
                    format!("it declares the encoding `{label}`, which is not read"),
                );
                let hint =
                    ("请对方以 UTF-8、GBK、GB18030 或 UTF-16 输出", "have it written in UTF-8, GBK, GB18030 or UTF-16");
                return Err(Refusal::new(what, hint));
            }
        },
    };
    if let (Some(marked), Some(labelled)) = (marked, labelled)
        && !marked.same_family(labelled)
    {
        let (labelled, marked) = (labelled.name(), marked.name());
        let what = (
            format!("声明为 {labelled}，开头却是 {marked}"),
            format!("it declares {labelled} and begins like {marked}"),
        );
        return Err(Refusal::new(what, correct));
    }
    let found = labelled.or(marked).unwrap_or_default();
    if let Some(declared) = declared
        && !declared.same_family(found)
    {
        let (zh, says) = match labelled {
            Some(_) => ("文件声明为", "declares"),
            None => ("文件没有声明，即为", "is, having no declaration, in"),
        };
        let (declared, found) = (declared.name(), found.name());
        return Err(Refusal::new(
            (
                format!("配置写的是 {declared}，{zh} {found}"),
                format!("the configuration says {declared}, but the file {says} {found}"),
            ),
            (
                "请改正 `encoding` 或去掉它：XML 文件自己会说明编码",
                "correct `encoding`, or leave it out: an XML file says itself what it is in",
            ),
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
mod tests;
