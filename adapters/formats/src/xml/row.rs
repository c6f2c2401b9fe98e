//! One XML element into cells.

use std::hash::{DefaultHasher, Hash, Hasher};

use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::{Reader, XmlVersion};

use crate::flat::{Broken, Flat, NESTING, Spot};
use crate::limits::{ATTRIBUTES_MAX, DEPTH_MAX};

/// Parses one element and reports its leaves.
pub(crate) fn lay_flat(xml: &str, flat: &mut Flat, place: &mut Open) -> Result<(), Broken> {
    let mut reader = Reader::from_str(xml);
    place.path.clear();
    let mut walk = Walk { flat, path: &mut place.path, levels: &mut place.levels, depth: 0 };
    loop {
        match reader.read_event().map_err(no_xml)? {
            Event::Start(tag) => walk.open(&tag)?,
            Event::Empty(tag) => {
                walk.open(&tag)?;
                walk.close()?;
            }
            Event::End(_) => walk.close()?,
            Event::Eof => break,
            event => collect(&event, walk.text())?,
        }
    }
    Ok(())
}

/// Adds what an event gives to an element's text. Everything that reads text goes through here: a reference such
/// as `&amp;` is an event of its own, and who looks at text events alone loses it.
fn collect(event: &Event<'_>, text: &mut String) -> Result<(), Broken> {
    match event {
        Event::Text(part) => text.push_str(&part.xml10_content()),
        Event::CData(part) => text.push_str(&part.xml10_content()),
        Event::GeneralRef(reference) => resolve(reference, text)?,
        Event::DocType(_) => return Err(Broken::malformed(("行中有 DOCTYPE", "a DOCTYPE stands inside a row"))),
        _ => {}
    }
    Ok(())
}

fn resolve(reference: &BytesRef<'_>, text: &mut String) -> Result<(), Broken> {
    if reference.is_char_ref() {
        match reference.resolve_char_ref() {
            Ok(Some(c)) if c != '\0' => text.push(c),
            _ => {
                let name = reference.xml10_content();
                let what = (format!("`&{name};` 不是字符"), format!("`&{name};` is no character"));
                return Err(Broken::malformed(what));
            }
        }
        return Ok(());
    }
    let name = reference.xml10_content();
    match resolve_xml_entity(&name) {
        Some(value) => text.push_str(value),
        None => {
            return Err(Broken::malformed((
                format!("实体 `&{name};` 不认识；XML 只有 amp、lt、gt、quot、apos"),
                format!("the entity `&{name};` is not known; XML has only amp, lt, gt, quot, apos"),
            )));
        }
    }
    Ok(())
}

fn no_xml(error: impl std::fmt::Display) -> Broken {
    Broken::malformed((format!("不是 XML（{error}）"), error.to_string()))
}

/// One open element.
#[derive(Default)]
struct Level {
    /// Length of the path before it.
    path: usize,
    spot: Spot,
    text: String,
    /// Hashes of its children's names, and how often each was met.
    children: Vec<(u64, u32)>,
    nil: bool,
}

/// The elements that are open, kept from row to row, so that rows of one shape allocate nothing.
#[derive(Default)]
pub(crate) struct Open {
    path: String,
    levels: Vec<Level>,
}

struct Walk<'a> {
    flat: &'a mut Flat,
    path: &'a mut String,
    levels: &'a mut Vec<Level>,
    depth: usize,
}

impl Walk<'_> {
    fn text(&mut self) -> &mut String {
        if self.levels.is_empty() {
            self.levels.push(Level::default());
        }
        &mut self.levels[self.depth.saturating_sub(1)].text
    }

    fn open(&mut self, tag: &BytesStart<'_>) -> Result<(), Broken> {
        if self.depth >= DEPTH_MAX {
            return Err(Broken::too_large(self.depth as u64 + 1, DEPTH_MAX, NESTING));
        }
        let name = tag.local_name();
        let name = name.as_ref();
        let path = self.path.len();
        let mut spot = Spot { in_list: true, ..Spot::default() };
        if self.depth > 0 {
            let parent = &mut self.levels[self.depth - 1];
            let earlier = count(&mut parent.children, name);
            spot = Spot { element: parent.spot.element, ..spot };
            // Lists inside a list keep the number of the outer one.
            spot.index = if parent.spot.index > 0 { parent.spot.index } else { earlier };
            add_name(self.path, "", name);
            self.flat.note(self.path, spot.element);
            if let Some(step) = self.flat.step(self.path, spot.element) {
                spot = Spot { element: self.flat.next_element(spot.element, step)?, index: 0, ..spot };
            }
        }
        if self.levels.len() == self.depth {
            self.levels.push(Level::default());
        }
        let level = &mut self.levels[self.depth];
        (level.path, level.spot, level.nil) = (path, spot, false);
        level.text.clear();
        level.children.clear();
        self.depth += 1;
        self.attributes(tag, spot)
    }

    fn attributes(&mut self, tag: &BytesStart<'_>, spot: Spot) -> Result<(), Broken> {
        for (n, attribute) in tag.attributes().enumerate() {
            if n >= ATTRIBUTES_MAX {
                let what = ("一个标签的属性数", "attributes in one tag");
                return Err(Broken::too_large(n as u64 + 1, ATTRIBUTES_MAX, what));
            }
            let attribute = attribute.map_err(no_xml)?;
            let value = attribute.normalized_value(XmlVersion::Explicit1_0).map_err(no_xml)?;
            let prefix = attribute.key.prefix();
            match prefix.as_ref().map(AsRef::as_ref) {
                // An element that says it is nil is absent.
                Some("xsi") if attribute.key.local_name().as_ref() == "nil" => {
                    self.levels[self.depth - 1].nil = matches!(&*value, "true" | "1");
                }
                Some("xsi" | "xmlns" | "xml") => {}
                None if attribute.key.as_ref() == "xmlns" => {}
                _ => {
                    let path = self.path.len();
                    add_name(self.path, "@", attribute.key.local_name().as_ref());
                    self.flat.leaf(self.path, spot, &value)?;
                    self.path.truncate(path);
                }
            }
        }
        Ok(())
    }

    fn close(&mut self) -> Result<(), Broken> {
        self.depth -= 1;
        let level = &self.levels[self.depth];
        let text = level.text.as_str();
        // Blanks between child elements are layout; a leaf's are its value.
        let value = match level.children.is_empty() {
            true => Some(text),
            false => Some(text.trim()).filter(|text| !text.is_empty()),
        };
        if let Some(value) = value.filter(|_| !level.nil)
            && self.depth > 0
        {
            self.flat.leaf(self.path, level.spot, value)?;
        } else if let Some(value) = value.filter(|value| !value.is_empty() && !level.nil) {
            // The row's own text, where it is a leaf itself.
            self.flat.leaf("#text", level.spot, value)?;
        }
        self.path.truncate(level.path);
        Ok(())
    }
}

fn add_name(path: &mut String, sign: &str, name: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(sign);
    path.push_str(name);
}

/// How often a child of this name was met before.
fn count(children: &mut Vec<(u64, u32)>, name: &str) -> u32 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let hash = hasher.finish();
    match children.iter_mut().find(|(h, _)| *h == hash) {
        Some((_, n)) => {
            *n += 1;
            *n - 1
        }
        None => {
            children.push((hash, 1));
            0
        }
    }
}
