//! A YAML document whose every node knows its line.

use saphyr::{LoadableYamlNode, MarkedYamlOwned, ScalarOwned, YamlDataOwned};

/// A node with its place.
#[derive(Clone, Debug)]
pub struct Node {
    /// The line of the file, counted from 1; for a value in a mapping the line of its key.
    pub line: usize,
    /// What stands there.
    pub value: Value,
}

/// What a node holds.
#[derive(Clone, Debug)]
pub enum Value {
    /// Nothing.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Decimal(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A mapping in the order of the file.
    Mapping(Vec<(String, Node)>),
}

/// Parses one YAML document.
///
/// # Errors
/// Says where the text is no YAML, as line, column and reason.
pub fn parse(text: &str) -> Result<Node, String> {
    let documents = MarkedYamlOwned::load_from_str(text).map_err(|error| {
        let marker = error.marker();
        format!("{}:{}: {}", marker.line(), marker.col() + 1, error.info())
    })?;
    let root = documents.first().ok_or("1:1: the file is empty")?;
    convert(root, 0)
}

const DEEPEST: usize = 200;

fn convert(yaml: &MarkedYamlOwned, depth: usize) -> Result<Node, String> {
    let line = yaml.span.start.line();
    let place = format!("{line}:{}", yaml.span.start.col() + 1);
    if depth > DEEPEST {
        return Err(format!("{place}: nested deeper than {DEEPEST} levels"));
    }
    let value = match &yaml.data {
        YamlDataOwned::Value(scalar) => match scalar {
            ScalarOwned::Null => Value::Null,
            ScalarOwned::Boolean(flag) => Value::Boolean(*flag),
            ScalarOwned::Integer(number) => Value::Integer(*number),
            ScalarOwned::FloatingPoint(number) => Value::Decimal(number.into_inner()),
            ScalarOwned::String(text) => Value::Text(text.clone()),
        },
        YamlDataOwned::Representation(text, ..) => Value::Text(text.clone()),
        YamlDataOwned::Sequence(items) => Value::List(
            items
                .iter()
                .map(|item| convert(item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        YamlDataOwned::Mapping(entries) => {
            let mut members = Vec::with_capacity(entries.len());
            for (key, value) in entries {
                let name = convert(key, depth + 1)?;
                let mut member = convert(value, depth + 1)?;
                member.line = name.line;
                members.push((name.text(), member));
            }
            Value::Mapping(members)
        }
        YamlDataOwned::Tagged(_, inner) => return convert(inner, depth + 1),
        YamlDataOwned::Alias(_) => return Err(format!("{place}: aliases are not supported")),
        YamlDataOwned::BadValue => return Err(format!("{place}: a value cannot be read")),
    };
    Ok(Node { line, value })
}

impl Node {
    /// The member of a mapping.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.members()
            .iter()
            .find_map(|(key, node)| (key == name).then_some(node))
    }

    /// The members of a mapping; none for anything else.
    pub fn members(&self) -> &[(String, Node)] {
        match &self.value {
            Value::Mapping(members) => members,
            _ => &[],
        }
    }

    /// The items of a list; none for anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The text of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whether it is `true`.
    pub fn is_true(&self) -> bool {
        matches!(self.value, Value::Boolean(true))
    }

    /// A whole number.
    pub fn as_integer(&self) -> Option<i64> {
        match self.value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The text of any scalar, empty for lists and mappings.
    pub fn text(&self) -> String {
        match &self.value {
            Value::Text(text) => text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Decimal(number) => number.to_string(),
            Value::Boolean(flag) => flag.to_string(),
            _ => String::new(),
        }
    }

    /// The same as JSON.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            Value::Null => serde_json::Value::Null,
            Value::Boolean(flag) => (*flag).into(),
            Value::Integer(number) => (*number).into(),
            Value::Decimal(number) => (*number).into(),
            Value::Text(text) => text.as_str().into(),
            Value::List(items) => items.iter().map(Node::to_json).collect(),
            Value::Mapping(members) => members
                .iter()
                .map(|(name, node)| (name.clone(), node.to_json()))
                .collect(),
        }
    }

    /// The texts of a list.
    pub fn texts(&self) -> Vec<String> {
        self.items().iter().map(Node::text).collect()
    }

    /// The text of a member, when it has one.
    pub fn text_of(&self, name: &str) -> Option<&str> {
        self.get(name)?.as_str()
    }

    /// The node that a JSON pointer of the form `#/a/b~1c` names.
    pub fn at(&self, pointer: &str) -> Option<&Node> {
        let mut node = self;
        for part in pointer.strip_prefix("#/")?.split('/') {
            let name = part.replace("~1", "/").replace("~0", "~");
            node = match &node.value {
                Value::List(items) => items.get(name.parse::<usize>().ok()?)?,
                _ => node.get(&name)?,
            };
        }
        Some(node)
    }

    /// Every text inside, in order.
    pub fn all_text(&self) -> String {
        let mut text = String::new();
        self.collect(&mut text);
        text
    }

    fn collect(&self, text: &mut String) {
        match &self.value {
            Value::List(items) => items.iter().for_each(|item| item.collect(text)),
            Value::Mapping(members) => members.iter().for_each(|(_, node)| node.collect(text)),
            _ => {
                text.push_str(&self.text());
                text.push('\n');
            }
        }
    }
}
