//! One JSON object into cells. Numbers keep the text they were written with (of an exponent, `e` stands for `E`).

use std::hash::{DefaultHasher, Hash, Hasher};

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use crate::flat::{Broken, Flat, NESTING, Spot, twice};
use crate::limits::DEPTH_MAX;

/// The name under which serde_json's `arbitrary_precision` hands over a number's text.
const NUMBER: &str = "$serde_json::private::Number";

/// Parses one object and reports its leaves.
pub(crate) fn lay_flat(text: &str, flat: &mut Flat) -> Result<(), Broken> {
    if !text.trim_ascii_start().starts_with('{') {
        return Err(Broken::malformed(("一行应是一个对象 `{…}`", "a row must be an object, `{…}`")));
    }
    let mut walk = Walk { flat, path: String::new(), members: Vec::new(), broken: None, depth: 0 };
    let mut json = serde_json::Deserializer::from_str(text);
    let result = Node { walk: &mut walk, spot: Spot::default() }.deserialize(&mut json).and_then(|()| json.end());
    match (walk.broken, result) {
        (Some(broken), _) => Err(broken),
        (None, Err(error)) => Err(Broken::malformed((format!("不是 JSON（{error}）"), error.to_string()))),
        (None, Ok(())) => Ok(()),
    }
}

struct Walk<'a> {
    flat: &'a mut Flat,
    /// Path of the value at hand.
    path: String,
    /// Hashes of the member names of the objects that are open.
    members: Vec<u64>,
    /// What our own rules refused; serde's error then only carries it out.
    broken: Option<Broken>,
    depth: usize,
}

impl Walk<'_> {
    fn refuse<E: de::Error>(&mut self, broken: Broken) -> E {
        self.broken = Some(broken);
        E::custom("refused")
    }

    /// Which step of `repeat` the value at hand is.
    fn step(&self, spot: Spot) -> Option<usize> {
        if spot.in_list { None } else { self.flat.step(&self.path, spot.element) }
    }

    fn next_element<E: de::Error>(&mut self, spot: Spot, step: usize) -> Result<u32, E> {
        let result = self.flat.next_element(spot.element, step);
        result.map_err(|broken| self.refuse(broken))
    }

    fn leaf<E: de::Error>(&mut self, spot: Spot, value: &str) -> Result<(), E> {
        let result = self.flat.leaf(&self.path, spot, value);
        result.map_err(|broken| self.refuse(broken))
    }
}

/// A value at the path of the walk.
struct Node<'a, 'w> {
    walk: &'a mut Walk<'w>,
    spot: Spot,
}

impl<'de> DeserializeSeed<'de> for Node<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E: de::Error>(self, v: bool) -> Result<(), E> {
        self.walk.leaf(self.spot, if v { "true" } else { "false" })
    }

    /// Whole numbers of up to 64 bits come so; they have no leading zeros, so their text is the one written.
    fn visit_u64<E: de::Error>(self, v: u64) -> Result<(), E> {
        self.walk.leaf(self.spot, &v.to_string())
    }

    fn visit_i64<E: de::Error>(self, v: i64) -> Result<(), E> {
        self.walk.leaf(self.spot, &v.to_string())
    }

    fn visit_str<E: de::Error>(self, v: &str) -> Result<(), E> {
        self.walk.leaf(self.spot, v)
    }

    /// Null is absent: no cell.
    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let Self { walk, spot } = self;
        let step = walk.step(spot);
        enter(walk)?;
        for index in 0.. {
            let spot = match step {
                Some(_) => spot,
                None => Spot { index: if spot.in_list { spot.index } else { index }, in_list: true, ..spot },
            };
            if seq.next_element_seed(Element { walk, spot, step })?.is_none() {
                break;
            }
        }
        walk.depth -= 1;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self { walk, mut spot } = self;
        let (length, first) = (walk.path.len(), walk.members.len());
        enter(walk)?;
        // A list of one is written without its array by many programs.
        if let Some(step) = walk.step(spot) {
            spot.element = walk.next_element(spot, step)?;
        }
        while let Some(name) = map.next_key_seed(Name { walk, first, spot })? {
            map.next_value_seed(Node { walk, spot })?;
            if name == Named::Member {
                walk.path.truncate(length);
            }
        }
        walk.members.truncate(first);
        walk.depth -= 1;
        Ok(())
    }
}

fn enter<E: de::Error>(walk: &mut Walk<'_>) -> Result<(), E> {
    walk.depth += 1;
    if walk.depth > DEPTH_MAX + 1 {
        return Err(walk.refuse(Broken::too_large(walk.depth as u64, DEPTH_MAX, NESTING)));
    }
    Ok(())
}

/// An element of an array; on the way of `repeat` it draws its number only when it is really there.
struct Element<'a, 'w> {
    walk: &'a mut Walk<'w>,
    spot: Spot,
    step: Option<usize>,
}

impl<'de> DeserializeSeed<'de> for Element<'_, '_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        let Self { walk, mut spot, step } = self;
        if let Some(step) = step {
            spot.element = walk.next_element(spot, step)?;
        }
        Node { walk, spot }.deserialize(deserializer)
    }
}

#[derive(PartialEq, Eq)]
enum Named {
    /// What follows is the text of a number, at the path of the object itself.
    Number,
    /// The member's name was added to the path.
    Member,
}

/// The name of a member.
struct Name<'a, 'w> {
    walk: &'a mut Walk<'w>,
    /// Where the members of this object begin in `walk.members`.
    first: usize,
    spot: Spot,
}

impl<'de> DeserializeSeed<'de> for Name<'_, '_> {
    type Value = Named;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Named, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_, '_> {
    type Value = Named;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E: de::Error>(self, name: &str) -> Result<Named, E> {
        if name == NUMBER {
            return Ok(Named::Number);
        }
        let Self { walk, first, spot } = self;
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let hash = hasher.finish();
        if !walk.path.is_empty() {
            walk.path.push('.');
        }
        walk.path.push_str(name);
        if walk.members[first..].contains(&hash) {
            let broken = Broken::malformed(twice(&walk.path));
            return Err(walk.refuse(broken));
        }
        walk.members.push(hash);
        if !spot.in_list {
            walk.flat.note(&walk.path, spot.element);
        }
        Ok(Named::Member)
    }
}
