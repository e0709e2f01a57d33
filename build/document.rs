//! Reading the spec, with the line of every part of it.

use std::collections::HashMap;
use std::fmt;
use std::path::{Path, PathBuf};

use saphyr::{LoadableYamlNode, MarkedYamlOwned, ScalarOwned, YamlDataOwned};
use serde_json::{Map, Value};

/// An OpenAPI document as JSON, and where each part stands in the YAML file.
pub struct Document {
    path: PathBuf,
    /// The document itself.
    pub value: Value,
    lines: HashMap<String, usize>,
}

/// Why the document cannot be used, and where.
#[derive(Debug)]
pub struct Broken {
    path: PathBuf,
    line: usize,
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
        write!(f, "{}:{}: {message}", self.path.display(), self.line)
    }
}

impl std::error::Error for Broken {}

impl Document {
    /// Reads and parses the file at `path`.
    pub fn read(path: &Path) -> Result<Self, Broken> {
        let broken = |line, message: String| Broken {
            path: path.to_owned(),
            line,
            message,
        };
        let text = std::fs::read_to_string(path)
            .map_err(|error| broken(1, format!("cannot be read: {error}")))?;
        let nodes = MarkedYamlOwned::load_from_str(&text).map_err(|error| {
            broken(
                error.marker().line(),
                format!("is not YAML: {}", error.info()),
            )
        })?;
        let [node] = nodes.as_slice() else {
            return Err(broken(
                1,
                format!("holds {} YAML documents instead of one", nodes.len()),
            ));
        };
        let mut lines = HashMap::new();
        let value =
            convert(node, "", &mut lines).map_err(|(line, message)| broken(line, message))?;
        Ok(Self {
            path: path.to_owned(),
            value,
            lines,
        })
    }

    /// An error about the part at `pointer`, or about its nearest known parent.
    pub fn broken(&self, pointer: &str, message: impl Into<String>) -> Broken {
        let mut place = pointer;
        let line = loop {
            match (self.lines.get(place), place.rfind('/')) {
                (Some(line), _) => break *line,
                (None, Some(end)) => place = &place[..end],
                (None, None) => break 1,
            }
        };
        let message = format!(
            "{}: {}",
            if pointer.is_empty() { "#" } else { pointer },
            message.into()
        );
        Broken {
            path: self.path.clone(),
            line,
            message,
        }
    }
}

/// `part` as one step of a JSON pointer.
pub fn step(part: &str) -> String {
    part.replace('~', "~0").replace('/', "~1")
}

fn convert(
    node: &MarkedYamlOwned,
    pointer: &str,
    lines: &mut HashMap<String, usize>,
) -> Result<Value, (usize, String)> {
    let line = node.span.start.line();
    lines.entry(pointer.to_owned()).or_insert(line);
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
            .map(|(index, item)| convert(item, &format!("{pointer}/{index}"), lines))
            .collect(),
        YamlDataOwned::Mapping(members) => {
            let mut object = Map::new();
            for (key, value) in members {
                let line = key.span.start.line();
                let Some(name) = key_name(key) else {
                    return Err((line, format!("{pointer}: a key is not a plain scalar")));
                };
                let place = format!("{pointer}/{}", step(&name));
                lines.insert(place.clone(), line);
                let value = convert(value, &place, lines)?;
                object.insert(name, value);
            }
            Ok(Value::Object(object))
        }
        YamlDataOwned::Representation(..)
        | YamlDataOwned::Tagged(..)
        | YamlDataOwned::Alias(_)
        | YamlDataOwned::BadValue => Err((
            line,
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
