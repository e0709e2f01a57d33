//! The curated specification as JSON Schema.

use std::collections::BTreeMap;
use std::path::Path;

use msgraph_migrations_checks::json_schema::{Schemas, Validator};
use serde_json::{Value, json};

/// The specification, with its schemas in the form that a JSON Schema validator takes.
pub struct Spec {
    document: Value,
    validators: BTreeMap<(String, String), Option<Validator>>,
}

impl Spec {
    pub fn load() -> Self {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi/cross-tenant-migration.yaml");
        let text = std::fs::read_to_string(&path).expect("the specification is in the repository");
        let document: Value = serde_saphyr::from_str(&text).expect("the specification is YAML");
        let schemas = Schemas::of(&document).expect("schemas");
        let mut validators = BTreeMap::new();
        for (id, operation) in operations(&document) {
            let responses = operation["responses"].as_object().expect("responses");
            for (status, response) in responses {
                validators.insert(
                    (id.clone(), status.clone()),
                    validator(&schemas, &document, response),
                );
            }
        }
        Self {
            document,
            validators,
        }
    }

    /// Every operation with every status it documents, `default` included.
    pub fn answers(&self) -> impl Iterator<Item = &(String, String)> {
        self.validators.keys()
    }

    pub fn operation_ids(&self) -> Vec<String> {
        operations(&self.document).map(|(id, _)| id).collect()
    }

    /// The examples of an operation's query options, as they stand in a query.
    pub fn query_examples(&self, id: &str) -> Vec<(String, String)> {
        let (_, operation) = operations(&self.document)
            .find(|(known, _)| known == id)
            .expect("an operation");
        let resolved = |parameter: &Value| match parameter.get("$ref").and_then(Value::as_str) {
            Some(reference) => self
                .document
                .pointer(reference.trim_start_matches('#'))
                .expect("a parameter")
                .clone(),
            None => parameter.clone(),
        };
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters
            .map(resolved)
            .filter(|parameter| parameter["in"] == "query")
            .filter_map(|parameter| {
                let text = |value: &Value| match value {
                    Value::String(text) => text.clone(),
                    other => other.to_string(),
                };
                let value = match parameter.get("example")? {
                    Value::Array(items) => items.iter().map(text).collect::<Vec<_>>().join(","),
                    other => text(other),
                };
                Some((parameter["name"].as_str()?.to_owned(), value))
            })
            .collect()
    }

    /// Says what is wrong with an answer, and under which status it is documented.
    pub fn check(&self, operation: &str, status: u16, body: &str) -> Result<String, String> {
        let exact = (operation.to_owned(), status.to_string());
        let default = (operation.to_owned(), "default".to_owned());
        // A default response is for refusals; a success has to be documented as one.
        let key = if self.validators.contains_key(&exact) || status < 400 {
            exact
        } else {
            default
        };
        let validator = self
            .validators
            .get(&key)
            .ok_or_else(|| format!("{operation} doesn't document {status}"))?;
        match validator {
            None if body.is_empty() => Ok(key.1),
            None => Err(format!(
                "{operation} {status} has no body by the specification, but: {body}"
            )),
            Some(validator) => {
                let body: Value = serde_json::from_str(body)
                    .map_err(|error| format!("{operation} {status}: {error} in: {body}"))?;
                let errors: Vec<String> = validator
                    .iter_errors(&body)
                    .map(|error| format!("{} at {}", error, error.instance_path()))
                    .collect();
                if errors.is_empty() {
                    Ok(key.1)
                } else {
                    Err(format!("{operation} {status}: {errors:?} in: {body}"))
                }
            }
        }
    }
}

fn operations(document: &Value) -> impl Iterator<Item = (String, &Value)> {
    document["paths"]
        .as_object()
        .into_iter()
        .flatten()
        .flat_map(|(_, item)| {
            ["get", "post", "patch", "delete", "put"]
                .into_iter()
                .filter_map(|method| {
                    let operation = item.get(method)?;
                    Some((operation["operationId"].as_str()?.to_owned(), operation))
                })
        })
}

/// A validator for the JSON body of a response, `None` if it has no body.
fn validator(schemas: &Schemas, document: &Value, response: &Value) -> Option<Validator> {
    let response = match response.get("$ref").and_then(Value::as_str) {
        Some(reference) => document
            .pointer(reference.trim_start_matches('#'))
            .expect("a response"),
        None => response,
    };
    let schema = response.pointer("/content/application~1json/schema")?;
    Some(schemas.validator(schema).expect("a schema"))
}

#[test]
fn the_converted_schemas_refuse_what_the_specification_refuses() {
    let spec = Spec::load();
    for (operation, status, body, is_right) in [
        (
            "getJob",
            200,
            json!({"status": "completed", "message": null, "exchangeSettings": null}),
            true,
        ),
        ("getJob", 200, json!({"status": "asleep"}), false),
        ("getJob", 200, json!({"status": null}), false),
        (
            "getJob",
            200,
            json!({"createdDateTime": "yesterday"}),
            false,
        ),
        (
            "listUsers",
            200,
            json!({"value": [{"currentStatus": [{"status": "synced", "errors": [{"code": null}]}]}]}),
            true,
        ),
        (
            "listUsers",
            200,
            json!({"value": [{"currentStatus": [{"status": 3}]}]}),
            false,
        ),
        (
            "getSharepointTask",
            200,
            json!({"parameters": {"@odata.type": "#microsoft.graph.unheardOf"}}),
            false,
        ),
        (
            "cancelJob",
            409,
            json!({"error": {"message": "no code"}}),
            false,
        ),
        (
            "cancelJob",
            503,
            json!({"error": {"code": "", "message": ""}}),
            true,
        ),
        ("cancelJob", 200, json!({}), false),
    ] {
        let result = spec.check(operation, status, &body.to_string());
        assert_eq!(
            result.is_ok(),
            is_right,
            "{operation} {status} {body}: {result:?}"
        );
    }
    assert!(spec.check("updateJob", 204, "{}").is_err());
}
