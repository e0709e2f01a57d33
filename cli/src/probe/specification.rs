//! The specification that the library is generated from, as something to hold answers against.

use msgraph_migrations::SPECIFICATION;
use msgraph_migrations_checks::json_schema::{Schemas, Validator};
use serde_json::{Value, json};

/// The specification, read.
#[derive(Debug)]
pub struct Specification {
    document: Value,
    schemas: Schemas,
}

/// What is documented for one status of a call.
#[derive(Debug)]
pub struct Documented<'a> {
    /// Whether the call lists this status, rather than "any other".
    pub is_listed: bool,
    /// The schema of the body; none where there is no body.
    pub schema: Option<&'a Value>,
}

impl Specification {
    pub fn read() -> Result<Self, String> {
        let document: Value =
            serde_saphyr::from_str(SPECIFICATION).map_err(|error| error.to_string())?;
        let schemas = Schemas::closed(&document)?;
        Ok(Self { document, schemas })
    }

    pub fn document(&self) -> &Value {
        &self.document
    }

    /// What a call may answer with a status.
    pub fn answer(&self, operation: &str, status: u16) -> Option<Documented<'_>> {
        let responses = &self.operation(operation)?["responses"];
        let listed = responses.get(status.to_string());
        let response = self.resolved(listed.or_else(|| responses.get("default"))?);
        Some(Documented {
            is_listed: listed.is_some(),
            schema: response["content"]["application/json"].get("schema"),
        })
    }

    fn operation(&self, id: &str) -> Option<&Value> {
        let paths = self.document["paths"].as_object()?;
        let operations = paths.values().filter_map(Value::as_object).flatten();
        operations
            .map(|(_, operation)| operation)
            .find(|operation| operation["operationId"] == id)
    }

    /// What a reference leads to, or the value itself.
    pub fn resolved<'a>(&'a self, value: &'a Value) -> &'a Value {
        let target = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
        target
            .and_then(|pointer| self.document.pointer(pointer))
            .unwrap_or(value)
    }

    /// The name of the schema that a reference leads to.
    pub fn name(schema: &Value) -> Option<&str> {
        schema["$ref"].as_str()?.rsplit('/').next()
    }

    /// A validator for a schema; members that nothing declares are faults.
    pub fn validator(&self, name: &str) -> Result<Validator, String> {
        let reference = format!("#/components/schemas/{name}");
        self.schemas.validator(&json!({ "$ref": reference }))
    }

    /// The properties that a schema declares, with what it says of each; inherited ones included.
    pub fn properties(&self, name: &str) -> Vec<(&str, &Value)> {
        let mut found = Vec::new();
        let mut open = vec![&self.document["components"]["schemas"][name]];
        while let Some(schema) = open.pop() {
            let schema = self.resolved(schema);
            let properties = schema["properties"].as_object().into_iter().flatten();
            found.extend(properties.map(|(name, schema)| (name.as_str(), schema)));
            open.extend(schema["allOf"].as_array().into_iter().flatten());
        }
        found
    }
}
