//! Finding every part of a JSON tree that does not fit the type it is read into, in one pass.
//!
//! A type says what it expects of each part before it sees it. So a part of another shape can be noted, and
//! an empty value handed out in its stead, and the reading goes on; what is read in this way is thrown away.

use std::cell::RefCell;

use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Map, Value};

/// A part of another shape than its type expects.
#[derive(Debug)]
pub(crate) struct Mismatch {
    steps: Vec<Step>,
    /// What was expected and what was found, without the part itself.
    pub reason: String,
    /// Whether it is an item of a list of objects, which keeps its index.
    is_object_of_list: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
}

impl Mismatch {
    /// Where the part stands in the tree as it was, as a JSON pointer.
    pub fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.steps {
            pointer.push('/');
            match step {
                Step::Member(name) => pointer.push_str(&escape(name)),
                Step::Item(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

/// `name` as one step of a JSON pointer.
pub(crate) fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// All parts of `json` that do not fit `T`, in the order of the tree.
pub(crate) fn find<'de, T: Deserialize<'de>>(json: &'de Value) -> Result<Vec<Mismatch>, Error> {
    let found = RefCell::new(Vec::new());
    T::deserialize(Part {
        json,
        path: &Path::Root,
        found: &found,
    })?;
    Ok(found.into_inner())
}

/// Takes out what [`find`] found; an item of a list of objects leaves an empty object behind, so that those
/// after it keep their index and their number.
pub(crate) fn remove(json: &mut Value, mismatches: &[Mismatch]) {
    remove_below(json, mismatches, 0);
}

fn remove_below(json: &mut Value, mut mismatches: &[Mismatch], depth: usize) {
    match json {
        Value::Array(items) => {
            let mut index = 0;
            items.retain_mut(|item| {
                let end = mismatches
                    .iter()
                    .position(|mismatch| mismatch.steps.get(depth) != Some(&Step::Item(index)))
                    .unwrap_or(mismatches.len());
                let (here, rest) = mismatches.split_at(end);
                mismatches = rest;
                index += 1;
                match here.first() {
                    None => true,
                    Some(whole) if whole.steps.len() == depth + 1 => {
                        *item = Value::Object(Map::new());
                        whole.is_object_of_list
                    }
                    Some(_) => {
                        remove_below(item, here, depth + 1);
                        true
                    }
                }
            });
        }
        Value::Object(members) => {
            let by_member = |a: &Mismatch, b: &Mismatch| a.steps.get(depth) == b.steps.get(depth);
            for here in mismatches.chunk_by(by_member) {
                let Some(Step::Member(name)) = here[0].steps.get(depth) else {
                    continue;
                };
                if here[0].steps.len() == depth + 1 {
                    members.remove(name);
                } else if let Some(member) = members.get_mut(name) {
                    remove_below(member, here, depth + 1);
                }
            }
        }
        _ => {}
    }
}

/// The way from the root to a part, as it is walked.
enum Path<'a> {
    Root,
    Member(&'a Path<'a>, &'a str),
    Item(&'a Path<'a>, usize),
}

impl Path<'_> {
    fn steps(&self) -> Vec<Step> {
        let (mut steps, mut path) = (Vec::new(), self);
        loop {
            path = match path {
                Path::Root => break,
                Path::Member(parent, name) => {
                    steps.push(Step::Member((*name).to_owned()));
                    parent
                }
                Path::Item(parent, index) => {
                    steps.push(Step::Item(*index));
                    parent
                }
            };
        }
        steps.reverse();
        steps
    }
}

/// One part of the tree, as its type reads it.
struct Part<'a, 'de> {
    json: &'de Value,
    path: &'a Path<'a>,
    found: &'a RefCell<Vec<Mismatch>>,
}

impl<'de> Part<'_, 'de> {
    fn note(&self, expected: &'static str) {
        let found = match self.json {
            Value::Null => "null",
            Value::Bool(_) => "true or false",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "a list",
            Value::Object(_) => "an object",
        };
        self.found.borrow_mut().push(Mismatch {
            steps: self.path.steps(),
            reason: format!("expected {expected}, found {found}"),
            is_object_of_list: expected == OBJECT && matches!(self.path, Path::Item(..)),
        });
    }

    fn object<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Object(members) = self.json {
            return visitor.visit_map(Members {
                left: members.iter(),
                value: None,
                parent: self,
            });
        }
        self.note(OBJECT);
        visitor.visit_map(MapDeserializer::new(std::iter::empty::<(&str, &str)>()))
    }
}

const OBJECT: &str = "an object";

/// A method for a scalar: reads what fits, notes what does not and hands out `$empty` for it.
macro_rules! scalar {
    ($($method:ident: $expected:literal if $fits:expr, else $visit:ident($empty:expr);)+) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            let fits: fn(&Value) -> bool = $fits;
            if fits(self.json) {
                return self.json.$method(visitor);
            }
            self.note($expected);
            visitor.$visit($empty)
        })+
    };
}

impl<'de> Deserializer<'de> for Part<'_, 'de> {
    type Error = Error;

    scalar! {
        deserialize_bool: "true or false" if Value::is_boolean, else visit_bool(false);
        deserialize_i64: "a whole number" if Value::is_i64, else visit_i64(0);
        deserialize_u64: "a whole number" if Value::is_u64, else visit_u64(0);
        deserialize_f64: "a number" if Value::is_number, else visit_f64(0.0);
        deserialize_str: "a string" if Value::is_string, else visit_str("");
        deserialize_string: "a string" if Value::is_string, else visit_str("");
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.json {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if let Value::Array(items) = self.json {
            return visitor.visit_seq(Items {
                items: items.iter().enumerate(),
                parent: self,
            });
        }
        self.note("a list");
        visitor.visit_seq(SeqDeserializer::new(std::iter::empty::<&str>()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.object(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.object(visitor)
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.json.deserialize_any(visitor)
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u32 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct enum
        identifier ignored_any
    }
}

struct Items<'a, 'de> {
    items: std::iter::Enumerate<std::slice::Iter<'de, Value>>,
    parent: Part<'a, 'de>,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(
        &mut self,
        seed: S,
    ) -> Result<Option<S::Value>, Error> {
        let Some((index, json)) = self.items.next() else {
            return Ok(None);
        };
        let path = Path::Item(self.parent.path, index);
        let part = Part {
            json,
            path: &path,
            found: self.parent.found,
        };
        seed.deserialize(part).map(Some)
    }
}

struct Members<'a, 'de> {
    left: serde_json::map::Iter<'de>,
    /// The member whose name was read last.
    value: Option<(&'de str, &'de Value)>,
    parent: Part<'a, 'de>,
}

impl<'de> MapAccess<'de> for Members<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        let Some((name, json)) = self.left.next() else {
            return Ok(None);
        };
        self.value = Some((name, json));
        seed.deserialize(serde::de::value::BorrowedStrDeserializer::new(name))
            .map(Some)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Error> {
        let Some((name, json)) = self.value.take() else {
            return Err(serde::de::Error::custom("a value was read before its name"));
        };
        let path = Path::Member(self.parent.path, name);
        seed.deserialize(Part {
            json,
            path: &path,
            found: self.parent.found,
        })
    }
}
