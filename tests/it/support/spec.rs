//! The spec as the tests see it.

use std::path::{Path, PathBuf};

use serde_json::Value;

#[expect(dead_code, reason = "the build asks for places too")]
#[path = "../../../build/document.rs"]
mod document;

pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi/cross-tenant-migration.yaml")
}

pub fn spec() -> Value {
    yaml("openapi/cross-tenant-migration.yaml")
}

/// A YAML file of the project, read as the build reads the spec.
pub fn yaml(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    document::Document::read(&path)
        .unwrap_or_else(|error| panic!("{error}"))
        .value
}

/// One operation of the spec.
pub struct Operation {
    pub id: String,
    pub method: String,
    pub value: Value,
}

pub fn operations(spec: &Value) -> Vec<Operation> {
    let mut operations = Vec::new();
    for item in spec["paths"].as_object().expect("paths").values() {
        for (method, operation) in item.as_object().expect("a path item") {
            if let Some(id) = operation["operationId"].as_str() {
                operations.push(Operation {
                    id: id.to_owned(),
                    method: method.to_uppercase(),
                    value: operation.clone(),
                });
            }
        }
    }
    operations
}

/// Follows a `$ref`, if there is one.
pub fn resolve<'a>(spec: &'a Value, value: &'a Value) -> &'a Value {
    match value["$ref"].as_str() {
        Some(target) => spec
            .pointer(&target[1..])
            .expect("a reference that resolves"),
        None => value,
    }
}

/// The documented statuses of an operation, each with its example bodies.
pub fn statuses(spec: &Value, operation: &Operation) -> Vec<(u16, Vec<Value>)> {
    operation.value["responses"]
        .as_object()
        .expect("responses")
        .iter()
        .filter_map(|(status, response)| Some((status.parse().ok()?, resolve(spec, response))))
        .map(|(status, response)| {
            let examples = response.pointer("/content/application~1json/examples");
            let bodies = examples
                .and_then(Value::as_object)
                .into_iter()
                .flat_map(|examples| examples.values())
                .map(|example| resolve(spec, example)["value"].clone())
                .collect();
            (status, bodies)
        })
        .collect()
}
