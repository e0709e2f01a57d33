//! Reading the spec, with line and column of every part of it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, MarkedYamlOwned, Marker, ScalarOwned, YamlDataOwned};
use serde_json::{Map, Value};

/// An OpenAPI document as JSON, and where each part stands in the YAML file.
pub struct Document {
    path: PathBuf,
    /// The document itself.
    pub value: Value,
    places: HashMap<String, Places>,
}

/// Line and column, counted from 1.
pub type Place = (usize, usize);

/// Where a part stands.
#[derive(Clone, Copy)]
struct Places {
    name: Place,
    value: Place,
}

impl Default for Places {
    fn default() -> Self {
        Self {
            name: (1, 1),
            value: (1, 1),
        }
    }
}

/// Why the document cannot be used, and where.
#[derive(Debug)]
pub struct Broken {
    path: PathBuf,
    place: Place,
    message: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // One line, because a build log shows it among many others.
        let message = self
            .message
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        let (line, column) = self.place;
        write!(f, "{}:{line}:{column}: {message}", self.path.display())
    }
}

impl std::error::Error for Broken {}

impl Document {
    /// Reads and parses the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Broken> {
        let broken = |place, message: String| Broken {
            path: path.to_owned(),
            place,
            message,
        };
        let bytes = std::fs::read(path)
            .map_err(|error| broken((1, 1), format!("cannot be read: {error}")))?;
        let text = String::from_utf8(bytes).map_err(|error| {
            let valid = error.utf8_error().valid_up_to();
            let before = &error.as_bytes()[..valid];
            let line = before.split(|byte| *byte == b'\n').count();
            let start = before
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |end| end + 1);
            let column = String::from_utf8_lossy(&before[start..]).chars().count() + 1;
            broken((line, column), "is not UTF-8".to_owned())
        })?;
        let nodes = MarkedYamlOwned::load_from_str(&text).map_err(|error| {
            broken(
                place_of(error.marker()),
                format!("is not YAML: {}", error.info()),
            )
        })?;
        let [node] = nodes.as_slice() else {
            let second = nodes
                .get(1)
                .map_or((1, 1), |node| place_of(&node.span.start));
            return Err(broken(
                second,
                format!("holds {} YAML documents instead of one", nodes.len()),
            ));
        };
        let mut places = HashMap::new();
        let value =
            convert(node, "", &mut places).map_err(|(place, message)| broken(place, message))?;
        Ok(Self {
            path: path.to_owned(),
            value,
            places,
        })
    }

    /// An error about what the part at `pointer` holds, or about its nearest known parent.
    pub fn broken(&self, pointer: &str, message: impl Into<String>) -> Broken {
        self.error(self.places(pointer).value, pointer, &message.into())
    }

    /// The same about the name of the part.
    pub fn misnamed(&self, pointer: &str, message: impl Into<String>) -> Broken {
        self.error(self.places(pointer).name, pointer, &message.into())
    }

    fn error(&self, place: Place, pointer: &str, message: &str) -> Broken {
        let pointer = if pointer.is_empty() { "#" } else { pointer };
        Broken {
            path: self.path.clone(),
            place,
            message: format!("{pointer}: {message}"),
        }
    }

    /// Where the part at `pointer` stands, or its nearest known parent.
    fn places(&self, pointer: &str) -> Places {
        let mut known = pointer;
        loop {
            match (self.places.get(known), known.rfind('/')) {
                (Some(places), _) => return *places,
                (None, Some(end)) => known = &known[..end],
                (None, None) => return Places::default(),
            }
        }
    }

    /// Where the name of the part at `pointer` stands, to bring parts into the order of the file.
    pub fn place(&self, pointer: &str) -> Place {
        self.places(pointer).name
    }
}

fn place_of(marker: &Marker) -> Place {
    (marker.line(), marker.col() + 1)
}

/// `part` as one step of a JSON pointer.
pub fn step(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

fn convert(
    node: &MarkedYamlOwned,
    pointer: &str,
    places: &mut HashMap<String, Places>,
) -> Result<Value, (Place, String)> {
    let place = place_of(&node.span.start);
    places.entry(pointer.to_owned()).or_insert(Places {
        name: place,
        value: place,
    });
    match &node.data {
        YamlDataOwned::Value(scalar) => Ok(match scalar {
            ScalarOwned::Null => Value::Null,
            ScalarOwned::Boolean(value) => Value::from(*value),
            ScalarOwned::Integer(value) => Value::from(*value),
            ScalarOwned::FloatingPoint(value) => Value::from(value.into_inner()),
            ScalarOwned::String(value) => Value::from(value.as_str()),
        }),
        YamlDataOwned::Sequence(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| convert(item, &format!("{pointer}/{index}"), places))
            .collect(),
        YamlDataOwned::Mapping(members) => {
            let mut object = Map::new();
            for (key, value) in members {
                let name_place = place_of(&key.span.start);
                let Some(name) = key_name(key) else {
                    return Err((
                        name_place,
                        format!("{pointer}: a key is not a plain scalar"),
                    ));
                };
                let pointer = format!("{pointer}/{}", step(&name));
                // A value in the line of its key is what somebody got wrong; a larger one is found by its key.
                let own = place_of(&value.span.start);
                let scalar = matches!(value.data, YamlDataOwned::Value(_)) && own.0 == name_place.0;
                let both = Places {
                    name: name_place,
                    value: if scalar { own } else { name_place },
                };
                places.insert(pointer.clone(), both);
                let value = convert(value, &pointer, places)?;
                object.insert(name, value);
            }
            Ok(Value::Object(object))
        }
        YamlDataOwned::Representation(..)
        | YamlDataOwned::Tagged(..)
        | YamlDataOwned::Alias(_)
        | YamlDataOwned::BadValue => Err((
            place,
            format!("{pointer}: only plain YAML is allowed, without tags"),
        )),
    }
}

/// The text of a key; an unquoted status such as `200` is read as a number.
fn key_name(key: &MarkedYamlOwned) -> Option<String> {
    match &key.data {
        YamlDataOwned::Value(ScalarOwned::String(text)) => Some(text.clone()),
        YamlDataOwned::Value(ScalarOwned::Integer(number)) => Some(number.to_string()),
        _ => None,
    }
}
