//! The specification, and validators for what it describes.

use msgraph_migrations_checks::json_schema::{Schemas, Validator};
pub use msgraph_migrations_checks::json_schema::{faults, members};
use serde_json::Value;

const METHODS: [&str; 8] = [
    "get", "put", "post", "delete", "options", "head", "patch", "trace",
];

/// `openapi/cross-tenant-migration.yaml`.
pub struct Specification {
    document: Value,
    schemas: Schemas,
}

/// One operation of the specification.
pub struct Operation<'a> {
    pub id: &'a str,
    pub method: &'a str,
    pub path: &'a str,
    /// The path item, with what its operations share.
    pub item: &'a Value,
    pub definition: &'a Value,
}

impl Specification {
    pub fn read() -> Self {
        let document = super::spec::spec();
        let schemas = Schemas::of(&document).unwrap_or_else(|error| panic!("{error}"));
        Self { document, schemas }
    }

    pub fn document(&self) -> &Value {
        &self.document
    }

    pub fn operations(&self) -> Vec<Operation<'_>> {
        let mut operations = Vec::new();
        for (path, item) in members(&self.document["paths"]) {
            for (method, definition) in members(item) {
                if METHODS.contains(&method) {
                    let id = definition["operationId"].as_str();
                    operations.push(Operation {
                        id: id.unwrap_or_else(|| panic!("{method} {path} has no operationId")),
                        method,
                        path,
                        item,
                        definition,
                    });
                }
            }
        }
        operations
    }

    /// Follows references until something else stands there.
    pub fn follow<'a>(&'a self, mut node: &'a Value) -> &'a Value {
        while let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            node = self
                .at(reference)
                .unwrap_or_else(|| panic!("nothing stands at {reference}"));
        }
        node
    }

    /// What a JSON pointer of the form `#/components/…` leads to.
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        self.document.pointer(pointer.strip_prefix('#')?)
    }

    /// The schema of a JSON body, when there is one.
    pub fn body_schema<'a>(&'a self, holder: &'a Value) -> Option<&'a Value> {
        self.follow(holder)
            .pointer("/content/application~1json/schema")
    }

    /// The named examples of a JSON body.
    pub fn body_examples<'a>(&'a self, holder: &'a Value) -> Vec<(&'a str, &'a Value)> {
        members(&self.follow(holder)["content"]["application/json"]["examples"])
            .map(|(name, example)| (name, &self.follow(example)["value"]))
            .collect()
    }

    /// A validator for a schema of this specification, formats included.
    pub fn validator(&self, schema: &Value) -> Validator {
        self.schemas
            .validator(schema)
            .unwrap_or_else(|error| panic!("{error}"))
    }
}
