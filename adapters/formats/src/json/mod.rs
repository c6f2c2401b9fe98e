//! JSON, streamed: the elements of the row array are cut out of the raw bytes one by one and parsed alone.
//!
//! A file of 2 GiB is never held; an element that is no JSON costs its own row. Where the structure around the
//! elements is lost, the rest of the file is one broken row, since nothing after it can be trusted.

use std::io::Read;

use adapter::{FaultKind, ROW_BYTES_MAX, Words};

use crate::config::JsonConfig;
use crate::encoding::{Encoding, undecodable};
use crate::flat::{Broken, Flat, NESTING};
use crate::limits::{DEPTH_MAX, KEPT_BYTES_MAX, NAME_BYTES_MAX};
use crate::window::{Window, open_window};
use crate::{Out, ROW_BYTES, Refusal, Stop};

pub(crate) mod ndjson;
mod row;

use row::lay_flat;

/// One document with an array of rows.
pub(crate) struct Json {
    encoding: Encoding,
    path: Vec<String>,
    window: Window,
    flat: Flat,
    text: String,
    state: State,
    /// Number of the element cut last, counted from 1.
    element: u64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// The value at the path is an object, and the only row.
    Single,
    /// The rows are read; what encloses them is not.
    Tail,
    /// In the array; true: before its first element.
    Array(bool),
    Ended,
}

impl Json {
    pub(crate) fn new(config: &JsonConfig, input: Box<dyn Read + Send>) -> Self {
        Self {
            encoding: config.encoding,
            path: config.rows.split('.').filter(|s| !s.is_empty()).map(str::to_owned).collect(),
            window: Window::new(input),
            flat: ended_flat(&config.repeat),
            text: String::new(),
            state: State::Ended,
            element: 0,
        }
    }

    pub(crate) fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// Reads up to the first element.
    pub(crate) fn prepare(&mut self) -> Result<(), Stop> {
        open_window(&mut self.window, self.encoding)?;
        if self.peek()?.is_none() {
            return Err(Refusal::empty().into());
        }
        for depth in 0..self.path.len() {
            self.find_member(depth)?;
        }
        self.state = match self.peek()? {
            Some(b'[') => {
                self.window.consume(1);
                State::Array(true)
            }
            Some(b'{') => State::Single,
            _ => {
                let place = self.named(self.path.len());
                let Some(stands) = self.stands()? else { return Err(self.no_json()) };
                let what = (
                    format!("{}是{}，不是行的数组", place.zh, stands.zh),
                    format!("{} is {}, and no array of rows", place.en, stands.en),
                );
                return Err(self.refuse(what, see_rows(&stands)));
            }
        };
        Ok(())
    }

    /// How the value is called that stands so deep on the way to the rows.
    fn named(&self, depth: usize) -> Words {
        match depth {
            0 => Words::new("文档本身", "the document itself"),
            _ => {
                let path = format!("`{}`", self.path[..depth].join("."));
                Words::new(format!("{path} "), path)
            }
        }
    }

    /// The first word of the value at hand.
    fn word(&mut self) -> Result<String, Stop> {
        const WORD_BYTES_MAX: usize = 64;
        self.window.fill_to(WORD_BYTES_MAX)?;
        let data = self.window.data();
        let mut text = String::new();
        self.encoding.decode(&data[..data.len().min(WORD_BYTES_MAX)], &mut text);
        let end = text.find(|c: char| c.is_whitespace() || matches!(c, ',' | '}' | ']' | '>'));
        text.truncate(end.unwrap_or(text.len()));
        Ok(text)
    }

    /// What the value at hand is, being no object; none where it is no JSON.
    fn stands(&mut self) -> Result<Option<Words>, Stop> {
        let word = self.word()?;
        let (zh, en) = match word.as_str() {
            "null" => ("空值 null", "null"),
            "true" | "false" => ("真假值", "true or false"),
            _ if word.starts_with('[') => ("数组", "an array"),
            _ if word.starts_with('"') => ("文本", "text"),
            _ if serde_json::from_str::<serde_json::Number>(&word).is_ok() => ("数字", "a number"),
            _ => return Ok(None),
        };
        Ok(Some(Words::new(zh, en)))
    }

    fn no_json(&mut self) -> Stop {
        let word = match self.word() {
            Ok(word) => word.chars().take(20).collect::<String>(),
            Err(stop) => return stop,
        };
        let what = (format!("这不是 JSON：以 `{word}` 开头"), format!("this is no JSON: it begins with `{word}`"));
        let hint = (
            "请看对方给出的是什么：登录页、错误页常这样出现",
            "see what was delivered: login pages and error pages come so",
        );
        self.refuse(what, hint)
    }

    /// Enters the object at hand and stops before the value of the member that the path names.
    fn find_member(&mut self, depth: usize) -> Result<(), Stop> {
        let wanted = self.path[depth].clone();
        let path = self.path[..=depth].join(".");
        if self.peek()? != Some(b'{') {
            let place = self.named(depth);
            let Some(stands) = self.stands()? else { return Err(self.no_json()) };
            let what = (
                format!("{}是{}，其中没有 `{path}`", place.zh, stands.zh),
                format!("{} is {}, so there is no `{path}` in it", place.en, stands.en),
            );
            return Err(self.refuse(what, see_rows(&stands)));
        }
        self.window.consume(1);
        let mut met = Vec::new();
        while let Some(name) = self.next_member(met.is_empty())? {
            if name == wanted {
                return Ok(());
            }
            self.pass_value()?;
            if met.len() < 10 {
                met.push(format!("`{name}`"));
            }
        }
        let what = match met.is_empty() {
            true => (format!("没有 `{path}`；该处是空的"), format!("it has no `{path}`; nothing stands there")),
            false => (
                format!("没有 `{path}`；该处有 {}", met.join("、")),
                format!("it has no `{path}`; what stands there: {}", met.join(", ")),
            ),
        };
        Err(self.refuse(what, SEE_ROWS))
    }

    /// The name of the next member of the object at hand, its value being next; none at the object's end.
    fn next_member(&mut self, first: bool) -> Result<Option<String>, Stop> {
        let mut next = self.peek()?;
        if next == Some(b'}') {
            self.window.consume(1);
            return Ok(None);
        }
        if !first {
            if next != Some(b',') {
                return Err(self.lost(("此处应为 `,` 或 `}`", "`,` or `}` should follow")));
            }
            self.window.consume(1);
            next = self.peek()?;
        }
        if next != Some(b'"') {
            return Err(self.lost(("此处应为成员名", "the name of a member should follow")));
        }
        let cut = self.cut(NAME_BYTES_MAX)?;
        if cut.oversize {
            return Err(self.lost(("成员名过长", "the name of a member is too long")));
        }
        self.text.clear();
        let bad = self.encoding.decode(&self.window.data()[..cut.end], &mut self.text);
        let name = serde_json::from_str::<String>(&self.text);
        let (None, Ok(name)) = (bad, name) else {
            return Err(self.lost(("成员名无法读取", "the name of a member can't be read")));
        };
        self.window.consume(cut.end);
        if self.peek()? != Some(b':') {
            return Err(self.lost(("成员名之后应为 `:`", "`:` should follow the name of a member")));
        }
        self.window.consume(1);
        Ok(Some(name))
    }

    fn pass_value(&mut self) -> Result<(), Stop> {
        if self.peek()?.is_none() {
            return Err(self.lost(("此处应为一个值", "a value should follow")));
        }
        let cut = self.cut(0)?;
        self.window.consume(cut.end);
        Ok(())
    }

    /// Reads rows until it is enough. False: the file has no more.
    pub(crate) fn next(&mut self, out: &mut Out<'_>) -> Result<bool, Stop> {
        self.flat.begin_page();
        loop {
            if self.flat.emit(out) {
                return Ok(true);
            }
            if out.full() {
                return Ok(self.state != State::Ended);
            }
            match self.state {
                State::Ended => return Ok(false),
                State::Single => {
                    self.state = State::Tail;
                    let before = out.rows.len();
                    self.element(out)?;
                    let is_broken = out.rows.len() > before;
                    if self.flat.is_blank() && !is_broken {
                        self.flat.discard();
                        let place = self.named(self.path.len());
                        let what = (
                            format!("{}是没有任何值的对象，不是行的数组", place.zh),
                            format!("{} is an object without any value, and no array of rows", place.en),
                        );
                        return Err(self.refuse(what, SEE_ROWS));
                    }
                }
                State::Tail => {
                    self.state = State::Ended;
                    self.check_tail()?;
                    self.flat.check_repeat()?;
                }
                State::Array(first) => match self.peek()? {
                    None => {
                        return Err(self.lost((
                            "行的数组还没有结束，文件就结束了",
                            "the file ends before the array of rows does",
                        )));
                    }
                    Some(b']') => {
                        self.window.consume(1);
                        self.state = State::Tail;
                    }
                    Some(b',') if !first => {
                        self.window.consume(1);
                        match self.peek()? {
                            None | Some(b']' | b',') => {
                                return Err(self.lost(("`,` 之后应为一行", "a row should follow `,`")));
                            }
                            Some(_) => self.element(out)?,
                        }
                    }
                    Some(_) if !first => {
                        return Err(self.lost(("一行之后应为 `,` 或 `]`", "`,` or `]` should follow a row")));
                    }
                    Some(_) => {
                        self.state = State::Array(false);
                        self.element(out)?;
                    }
                },
            }
        }
    }

    /// Cuts and parses one element.
    fn element(&mut self, out: &mut Out<'_>) -> Result<(), Stop> {
        self.element += 1;
        let place = out.place(self.element, self.window.offset());
        let cut = self.cut(ROW_BYTES_MAX)?;
        if cut.oversize {
            let bytes = self.window.offset_of(cut.end) - place.offset;
            let Broken { kind, args } = Broken::too_large(bytes, ROW_BYTES_MAX, ROW_BYTES);
            out.broken(place, kind, args, &cut.kept);
        } else if cut.depth > DEPTH_MAX {
            let Broken { kind, args } = Broken::too_large(cut.depth as u64, DEPTH_MAX, NESTING);
            out.broken(place, kind, args, &self.window.raw(&self.window.data()[..cut.end]));
        } else {
            self.flat.begin(place);
            parse_element(&self.window, cut.end, self.encoding, &mut self.text, &mut self.flat, out);
        }
        self.window.consume(cut.end);
        Ok(())
    }

    /// After the rows: what encloses them must be closed, and nothing may follow, or rows would be lost unseen.
    fn check_tail(&mut self) -> Result<(), Stop> {
        for depth in (0..self.path.len()).rev() {
            while let Some(name) = self.next_member(false)? {
                if name == self.path[depth] {
                    let what = (
                        format!("`{name}` 出现两次，只读取了第一个"),
                        format!("`{name}` stands twice, and only the first was read"),
                    );
                    return Err(self.lost(what));
                }
                self.pass_value()?;
            }
        }
        match self.peek()? {
            None => Ok(()),
            Some(_) => Err(self.lost(("文档结束之后还有内容", "something follows the end of the document"))),
        }
    }

    /// The next byte that is no white space, which is passed over.
    fn peek(&mut self) -> Result<Option<u8>, Stop> {
        loop {
            let data = self.window.data();
            let blanks = data.iter().take_while(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r')).count();
            let next = data.get(blanks).copied();
            self.window.consume(blanks);
            if next.is_some() {
                return Ok(next);
            }
            if !self.window.fill()? && self.window.data().is_empty() {
                return Ok(None);
            }
        }
    }

    /// Finds the end of the value that begins at the window. Above `keep_max` bytes its beginning is given up.
    fn cut(&mut self, keep_max: usize) -> Result<Cut, Stop> {
        let begun = (self.element, self.window.offset());
        let mut scan = Scan::default();
        let mut cut = Cut::default();
        let mut at = 0;
        loop {
            let at_end = self.window.ended();
            if let Some(end) = scan.run(self.window.data(), &mut at, self.encoding, at_end) {
                cut.oversize |= end > keep_max;
                if cut.oversize && cut.kept.is_empty() {
                    cut.kept = self.kept(keep_max)?;
                }
                return Ok(Cut { end, depth: scan.deepest, ..cut });
            }
            if at > keep_max {
                if !cut.oversize {
                    cut.kept = self.kept(keep_max)?;
                    cut.oversize = true;
                }
                self.window.consume(at);
                at = 0;
            }
            if !self.window.fill()? && at == self.window.data().len() {
                if scan.is_scalar() {
                    return Ok(Cut { end: at, depth: 0, ..cut });
                }
                let raw = if cut.oversize { cut.kept } else { self.kept(KEPT_BYTES_MAX)? };
                let what = (
                    "文件在一个值的中间结束；导出中断会留下这样的文件",
                    "the file ends in the middle of a value; an export that was cut off leaves such files",
                );
                return Err(Refusal::new(what, SEND_AGAIN).at(begun.0, begun.1, &raw).into());
            }
        }
    }

    /// The first bytes of the window, at most `max`.
    fn kept(&mut self, max: usize) -> Result<Vec<u8>, Stop> {
        Ok(self.window.kept(max.min(KEPT_BYTES_MAX))?)
    }

    fn refuse(&mut self, what: impl Into<Words>, hint: (&str, &str)) -> Stop {
        match self.kept(KEPT_BYTES_MAX) {
            Ok(raw) => Refusal::new(what, hint).at(self.element, self.window.offset(), &raw).into(),
            Err(stop) => stop,
        }
    }

    fn lost(&mut self, what: impl Into<Words>) -> Stop {
        let (what, at) = (what.into(), self.window.offset());
        let told = (
            format!("第 {at} 字节处起结构已乱：{}", what.zh),
            format!("its structure is lost at byte {at}: {}", what.en),
        );
        self.refuse(told, SEND_AGAIN)
    }
}

/// What to do where something else than rows stands.
fn see_rows(stands: &Words) -> (&'static str, &'static str) {
    match stands.en.as_str() {
        "null" => (
            "对方没有给出数据：请看文件中的其他内容，如错误码；位置不对则改正 `rows`",
            "nothing was delivered: see what else the file says, such as the code of an error; or correct `rows`",
        ),
        _ => SEE_ROWS,
    }
}

const SEE_ROWS: (&str, &str) =
    ("请把 `rows` 设为行数组的路径，如 `data.items`", "set `rows` to the path of the array of rows, e.g. `data.items`");
pub(crate) const SEND_AGAIN: (&str, &str) = (
    "请对方重新提供该文件；已收下的行会被认出",
    "ask the sender for the file again; rows that were taken are recognised",
);

pub(crate) fn ended_flat(repeat: &str) -> Flat {
    let mut flat = Flat::new(repeat);
    flat.discard();
    flat
}

/// Parses the element that is the first `end` bytes of the window; what can't be read becomes a broken row.
pub(crate) fn parse_element(
    window: &Window,
    end: usize,
    encoding: Encoding,
    text: &mut String,
    flat: &mut Flat,
    out: &mut Out<'_>,
) {
    let raw = &window.data()[..end];
    text.clear();
    let broken = match encoding.decode(raw, text) {
        Some(bad) => Some(Broken { kind: FaultKind::Undecodable, args: undecodable(encoding, window, bad, raw) }),
        None => lay_flat(text, flat).and_then(|()| flat.finish()).err(),
    };
    if let Some(Broken { kind, args }) = broken {
        let place = flat.place();
        flat.discard();
        out.broken(adapter::Place { file: out.file, ..place }, kind, args, &window.raw(raw));
    }
}

/// What was found of a value.
#[derive(Default)]
struct Cut {
    /// Where it ends in the window.
    end: usize,
    depth: usize,
    /// Its beginning was given up.
    oversize: bool,
    /// Some of its first bytes, if so.
    kept: Vec<u8>,
}

/// Looks for the end of a value without understanding it.
#[derive(Default)]
struct Scan {
    depth: usize,
    deepest: usize,
    in_string: bool,
    escaped: bool,
    begun: bool,
}

impl Scan {
    fn is_scalar(&self) -> bool {
        self.begun && self.depth == 0 && !self.in_string
    }

    /// Goes on at `at`; the end of the value, or none if more bytes are needed.
    fn run(&mut self, data: &[u8], at: &mut usize, encoding: Encoding, at_end: bool) -> Option<usize> {
        let gb = encoding.is_gb();
        while *at < data.len() {
            let step = if gb { encoding.step(&data[*at..], at_end) } else { 1 };
            if step == 0 {
                return None;
            }
            let byte = if step == 1 { data[*at] } else { 0xff };
            if self.in_string {
                match byte {
                    _ if self.escaped => self.escaped = false,
                    b'\\' => self.escaped = true,
                    b'"' => {
                        self.in_string = false;
                        if self.depth == 0 {
                            return Some(*at + 1);
                        }
                    }
                    _ if !gb => {
                        // Nothing in a string is of interest but its end and the escapes.
                        *at += memchr::memchr2(b'"', b'\\', &data[*at..]).unwrap_or(data.len() - *at);
                        continue;
                    }
                    _ => {}
                }
            } else {
                match byte {
                    b'"' => {
                        if self.begun && self.depth == 0 {
                            return Some(*at);
                        }
                        self.in_string = true;
                    }
                    b'{' | b'[' => {
                        if self.begun && self.depth == 0 {
                            return Some(*at);
                        }
                        self.depth += 1;
                        self.deepest = self.deepest.max(self.depth);
                    }
                    b'}' | b']' => match self.depth {
                        0 => return Some(*at),
                        1 => return Some(*at + 1),
                        _ => self.depth -= 1,
                    },
                    b',' | b':' | b' ' | b'\t' | b'\n' | b'\r' if self.depth == 0 => return Some(*at),
                    _ => {}
                }
                self.begun = true;
            }
            *at += step;
        }
        None
    }
}

#[cfg(test)]
mod tests;
