//! The schemas of the spec, in the vocabulary of the documents.

use super::Contract;
use super::tree::Node;

/// A property of a schema, inherited ones included.
#[derive(Clone, Debug)]
pub struct Property<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its schema as written, possibly a reference.
    pub node: &'a Node,
    /// Whether the schema requires it.
    pub required: bool,
}

impl Contract {
    /// The properties of a schema with those of its base types.
    pub fn properties<'a>(&'a self, schema: &'a Node) -> Vec<Property<'a>> {
        let mut found = Vec::new();
        self.collect(schema, &mut found, 0);
        found
    }

    fn collect<'a>(&'a self, schema: &'a Node, found: &mut Vec<Property<'a>>, depth: usize) {
        if depth > 16 {
            return;
        }
        let schema = self.resolve(schema);
        for part in schema.get("allOf").map_or(&[][..], Node::items) {
            self.collect(part, found, depth + 1);
        }
        let required = schema.get("required").map(Node::texts).unwrap_or_default();
        for (name, node) in schema.get("properties").map_or(&[][..], Node::members) {
            let property = Property {
                name,
                node,
                required: required.contains(name),
            };
            match found.iter_mut().find(|old| old.name == name) {
                Some(old) => {
                    let required = old.required || property.required;
                    *old = property;
                    old.required = required;
                }
                None => found.push(property),
            }
        }
        for old in found.iter_mut() {
            old.required |= required.iter().any(|name| name == old.name);
        }
    }

    /// The name that a document gives to the type of a schema.
    pub fn document_type(&self, node: &Node) -> String {
        if let Some(name) = referenced(node) {
            let target = self.resolve(node);
            return self.union_base(target).unwrap_or_else(|| name.to_owned());
        }
        if let Some(single) = node
            .get("allOf")
            .map(Node::items)
            .and_then(|parts| match parts {
                [single] => Some(single),
                _ => None,
            })
        {
            return self.document_type(single);
        }
        let format = node.text_of("format").unwrap_or_default();
        match (node.text_of("type").unwrap_or_default(), format) {
            ("array", _) => node.get("items").map_or_else(
                || "collection of unknown".to_owned(),
                |items| format!("collection of {}", self.document_type(items)),
            ),
            ("string", "date-time") => "DateTimeOffset".to_owned(),
            ("string", "date") => "Date".to_owned(),
            ("string", "uuid") => "Guid".to_owned(),
            ("string", _) => "String".to_owned(),
            ("boolean", _) => "Boolean".to_owned(),
            ("integer", "int64") => "Int64".to_owned(),
            ("integer", _) => "Int32".to_owned(),
            ("number", _) => "Double".to_owned(),
            _ => self.union_base(node).unwrap_or_else(|| "object".to_owned()),
        }
    }

    /// A union of derived types is written in documents by the name of their common base.
    fn union_base(&self, node: &Node) -> Option<String> {
        let branches = node.get("oneOf").or_else(|| node.get("anyOf"))?.items();
        let mut bases = branches.iter().map(|branch| base(self.resolve(branch)));
        let first = bases.next()??;
        bases
            .all(|base| base == Some(first))
            .then(|| first.to_owned())
    }

    /// What a response or request of this schema is, in the words of the documents.
    pub fn document_return(&self, node: &Node) -> String {
        let target = self.resolve(node);
        let list = self
            .properties(target)
            .into_iter()
            .find(|property| property.name == "value")
            .map(|property| self.resolve(property.node))
            .filter(|value| value.text_of("type") == Some("array"));
        match list.and_then(|value| value.get("items")) {
            Some(items) => format!("collection of {}", self.document_type(items)),
            None => self.document_type(node),
        }
    }

    /// The members of the enumeration that a property holds, directly or as items.
    pub fn members<'a>(&'a self, node: &'a Node) -> Option<(String, Vec<(&'a str, usize)>)> {
        let target = self.resolve(node);
        if target.text_of("type") == Some("array") {
            return self.members(target.get("items")?);
        }
        let listed = target.get("enum")?;
        let name = target
            .get("x-ms-enum")
            .and_then(|extension| extension.text_of("name"))
            .or_else(|| referenced(node))?;
        let members = listed
            .items()
            .iter()
            .filter_map(|item| Some((item.as_str()?, item.line)))
            .collect();
        Some((name.to_owned(), members))
    }

    /// The line on which a schema, and not the reference to it, is written.
    pub fn place(&self, node: &Node) -> usize {
        self.resolve(node).line
    }
}

/// The base type of a schema, when it has one.
fn base(schema: &Node) -> Option<&str> {
    schema.get("allOf")?.items().iter().find_map(referenced)
}

/// The name of the schema that a node refers to.
pub fn referenced(node: &Node) -> Option<&str> {
    node.text_of("$ref")?.rsplit('/').next()
}

/// Whether a type named in a document and one taken from the spec are the same.
///
/// Documents write most GUIDs as `String`; that is no contradiction.
pub fn types_agree(document: &str, contract: &str) -> bool {
    let (document, contract) = (document.to_lowercase(), contract.to_lowercase());
    if document == contract {
        return true;
    }
    match (
        document.strip_prefix("collection of "),
        contract.strip_prefix("collection of "),
    ) {
        (Some(document), Some(contract)) => types_agree(document, contract),
        (None, None) => document == "string" && contract == "guid",
        _ => false,
    }
}
