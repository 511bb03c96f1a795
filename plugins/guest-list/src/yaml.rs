//! Reads YAML scalars as the text that is written: `37E89` is not a number, and `Null` may be somebody's name.
//!
//! The parser returns a scalar's text only if it is asked for a string. So a first pass finds the shape of the
//! document, and a second one asks for a string at every scalar.

use std::fmt;

use serde::de::{
    DeserializeSeed, EnumAccess, IgnoredAny, MapAccess, SeqAccess, VariantAccess, Visitor,
};
use serde::{Deserialize, Deserializer};
use serde_yaml::Deserializer as Document;

/// A part of a document.
#[derive(Debug, PartialEq)]
pub enum Node {
    Text(String),
    List(Vec<Node>),
    Map(Vec<(String, Node)>),
    /// A node with its own tag, or with keys that are not texts.
    Other,
}

/// Reads a document.
pub fn read(text: &str) -> Result<Node, serde_yaml::Error> {
    let shape: Shape = Deserialize::deserialize(Document::from_str(text))?;
    DeserializeSeed::deserialize(shape, Document::from_str(text))
}

impl Node {
    /// The text of a scalar.
    pub fn into_text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.trim().to_owned()),
            _ => None,
        }
    }
}

/// The line in which each entry of a list begins.
pub fn entry_lines(text: &str) -> Vec<u64> {
    let lines = || text.lines().map(str::trim);
    let first = lines().find(|line| !line.is_empty() && !line.starts_with('#'));
    match first.is_some_and(|line| line.starts_with('[')) {
        true => bracketed_lines(text),
        false => dashed_lines(text),
    }
}

/// The lines of entries that begin with a dash.
fn dashed_lines(text: &str) -> Vec<u64> {
    let is_entry = |line: &str| line == "-" || line.starts_with("- ");
    let mut indent = None;
    let lines = (1..).zip(text.lines()).filter(|(_, line)| {
        let content = line.trim_start();
        let depth = line.len() - content.len();
        is_entry(content.trim_end()) && *indent.get_or_insert(depth) == depth
    });
    lines.map(|(number, _)| number).collect()
}

/// The lines of entries in braces, within the brackets of the list.
fn bracketed_lines(text: &str) -> Vec<u64> {
    let mut lines = Vec::new();
    let (mut line, mut depth) = (1, 0);
    // A quote opens a text only after one of these: the one in O'Brien does not.
    let (mut before, mut quote) = ('[', None);
    for letter in text.chars() {
        match (letter, quote) {
            ('\n', _) => line += 1,
            (_, Some(open)) if letter == open && before != '\\' => quote = None,
            (_, Some(_)) => {}
            ('"' | '\'', None) if "[{,:".contains(before) => quote = Some(letter),
            ('{', None) if depth == 1 => {
                lines.push(line);
                depth += 1;
            }
            ('[' | '{', None) => depth += 1,
            (']' | '}', None) => depth -= 1,
            _ => {}
        }
        if !letter.is_whitespace() {
            before = letter;
        }
    }
    lines
}

/// The shape of a document: the kind of each node.
enum Shape {
    Text,
    List(Vec<Shape>),
    /// The shapes of the values.
    Map(Vec<Shape>),
    Other,
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Look)
    }
}

struct Look;

macro_rules! scalars {
    ($($visit:ident: $kind:ty),*) => {$(
        fn $visit<E>(self, _: $kind) -> Result<Shape, E> {
            Ok(Shape::Text)
        }
    )*};
}

impl<'de> Visitor<'de> for Look {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("YAML")
    }

    scalars! {
        visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_i128: i128, visit_u128: u128, visit_f64: f64,
        visit_str: &str
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Text)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        while let Some(shape) = list.next_element()? {
            shapes.push(shape);
        }
        Ok(Shape::List(shapes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut shapes = Vec::new();
        let mut has_plain_keys = true;
        while let Some((key, shape)) = map.next_entry()? {
            has_plain_keys &= matches!(key, Shape::Text);
            shapes.push(shape);
        }
        Ok(match has_plain_keys {
            true => Shape::Map(shapes),
            false => Shape::Other,
        })
    }

    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<Shape, A::Error> {
        let (_, value) = tagged.variant::<IgnoredAny>()?;
        value.newtype_variant::<IgnoredAny>()?;
        Ok(Shape::Other)
    }
}

/// Reads a node of this shape.
impl<'de> DeserializeSeed<'de> for Shape {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        match self {
            Self::Text => String::deserialize(deserializer).map(Node::Text),
            Self::List(shapes) => deserializer.deserialize_seq(Parts(shapes)),
            Self::Map(shapes) => deserializer.deserialize_map(Parts(shapes)),
            Self::Other => IgnoredAny::deserialize(deserializer).map(|_| Node::Other),
        }
    }
}

struct Parts(Vec<Shape>);

impl<'de> Visitor<'de> for Parts {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the same document as before")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::with_capacity(self.0.len());
        for shape in self.0 {
            nodes.extend(list.next_element_seed(shape)?);
        }
        Ok(Node::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut nodes = Vec::with_capacity(self.0.len());
        for shape in self.0 {
            if let Some(key) = map.next_key::<String>()? {
                nodes.push((key, map.next_value_seed(shape)?));
            }
        }
        Ok(Node::Map(nodes))
    }
}
