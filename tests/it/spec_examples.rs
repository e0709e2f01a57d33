//! The specification's own examples agree with its schemas, and the validator that says so can say no.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::support::openapi_schema::{Operation, Specification, faults, members};

/// One example, with the schema that it has to meet.
struct Example<'a> {
    label: String,
    operation: Option<&'a str>,
    place: Place,
    schema: &'a Value,
    value: &'a Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Place {
    Request,
    Response,
    Elsewhere,
}

fn examples(specification: &Specification) -> Vec<Example<'_>> {
    let mut found = Vec::new();
    for operation in specification.operations() {
        let mut bodies = vec![(
            "request".to_owned(),
            Place::Request,
            &operation.definition["requestBody"],
        )];
        for (status, response) in members(&operation.definition["responses"]) {
            bodies.push((status.to_owned(), Place::Response, response));
        }
        for (part, place, holder) in bodies {
            let Some(schema) = specification.body_schema(holder) else {
                continue;
            };
            for (name, value) in specification.body_examples(holder) {
                found.push(Example {
                    label: format!("{} {part} {name}", operation.id),
                    operation: Some(operation.id),
                    place,
                    schema,
                    value,
                });
            }
        }
    }
    for operation in specification.operations() {
        for parameter in own_parameters(&operation) {
            found.push(Example {
                label: format!("{} parameter {}", operation.id, parameter["name"]),
                operation: None,
                place: Place::Elsewhere,
                schema: &parameter["schema"],
                value: &parameter["example"],
            });
        }
    }
    let components = &specification.document()["components"];
    for kind in ["parameters", "headers"] {
        for (name, component) in members(&components[kind]) {
            found.push(Example {
                label: format!("{kind} {name}"),
                operation: None,
                place: Place::Elsewhere,
                schema: &component["schema"],
                value: &component["example"],
            });
        }
    }
    for (name, schema) in members(&components["schemas"]) {
        for (property, schema) in members(&schema["properties"]) {
            if let Some(value) = schema.get("example") {
                found.push(Example {
                    label: format!("schemas {name}.{property}"),
                    operation: None,
                    place: Place::Elsewhere,
                    schema,
                    value,
                });
            }
        }
    }
    found
}

/// The parameters that an operation does not share with others.
fn own_parameters<'a>(operation: &Operation<'a>) -> impl Iterator<Item = &'a Value> + use<'a> {
    [operation.item, operation.definition]
        .into_iter()
        .filter_map(|holder| holder["parameters"].as_array())
        .flatten()
        .filter(|parameter| parameter.get("$ref").is_none())
}

/// The properties of the objects that an operation answers with; those of the items of a collection.
fn answered_properties<'a>(
    specification: &'a Specification,
    operation: &Operation<'a>,
) -> BTreeSet<&'a str> {
    let schema = specification
        .body_schema(&operation.definition["responses"]["200"])
        .map(|schema| specification.follow(schema))
        .unwrap_or_else(|| panic!("{} answers 200 without a schema", operation.id));
    let object = match schema["properties"].get("value") {
        Some(value) => specification.follow(&value["items"]),
        None => schema,
    };
    let parts = object["allOf"].as_array();
    parts
        .map_or_else(|| vec![object], |parts| parts.iter().collect())
        .into_iter()
        .flat_map(|part| members(&specification.follow(part)["properties"]))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with('@'))
        .collect()
}

#[test]
fn what_an_operation_shows_to_select_and_to_sort_by_is_among_its_own_properties() {
    let specification = Specification::read();
    let mut shown = BTreeMap::new();
    for operation in specification.operations() {
        for parameter in own_parameters(&operation) {
            let name = parameter["name"].as_str().unwrap_or_default();
            if !["$select", "$orderby"].contains(&name) {
                continue;
            }
            let properties = answered_properties(&specification, &operation);
            let example = parameter["example"].as_array();
            for property in example.into_iter().flatten().filter_map(Value::as_str) {
                let property = property.strip_suffix(" desc").unwrap_or(property);
                assert!(
                    properties.contains(property),
                    "{}: {name} names {property:?}, but there are {properties:?}",
                    operation.id
                );
                *shown.entry(name).or_insert(0) += 1;
            }
        }
    }
    assert!(
        shown["$select"] >= 20 && shown["$orderby"] >= 3,
        "{shown:?}"
    );
}

#[test]
fn every_example_of_the_specification_validates_against_its_schema() {
    let specification = Specification::read();
    let examples = examples(&specification);
    let mut problems = Vec::new();
    for example in &examples {
        for (pointer, fault) in faults(&specification.validator(example.schema), example.value) {
            problems.push(format!("{} at {pointer:?}: {fault}", example.label));
        }
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
    println!("{} examples validate", examples.len());
}

#[test]
fn every_body_that_an_operation_describes_has_an_example() {
    let specification = Specification::read();
    let mut counted: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for operation in specification.operations() {
        let mut bodies = vec![("request", &operation.definition["requestBody"])];
        bodies.extend(members(&operation.definition["responses"]));
        for (part, holder) in bodies {
            if specification.body_schema(holder).is_some() {
                let examples = specification.body_examples(holder).len();
                counted.insert((operation.id, part.to_owned()), examples);
            }
        }
    }
    let without: Vec<_> = counted
        .iter()
        .filter(|(_, examples)| **examples == 0)
        .collect();
    assert!(without.is_empty(), "without an example: {without:?}");
    for operation in specification.operations() {
        assert!(
            counted.keys().any(|(id, _)| *id == operation.id),
            "{} has no body at all, not even for errors",
            operation.id
        );
    }
}

/// Members of examples that stand in a type which is open to more members, and that it does not name.
const UNNAMED_MEMBERS: [(&str, &str); 1] = [(
    "/error/innerError/status",
    "the guidance on throttling shows it inside the inner error",
)];

#[test]
fn an_example_with_any_value_of_a_wrong_type_is_rejected() {
    let specification = Specification::read();
    let mut mutations = 0;
    let mut accepted = Vec::new();
    let mut unnamed_seen = BTreeSet::new();
    for example in examples(&specification) {
        let validator = specification.validator(example.schema);
        for pointer in pointers(example.value) {
            let mut wrong = example.value.clone();
            *wrong
                .pointer_mut(&pointer)
                .expect("the pointer comes from this value") = json!([[[]]]);
            mutations += 1;
            if !validator.is_valid(&wrong) {
                continue;
            }
            if let Some((unnamed, _)) = UNNAMED_MEMBERS
                .iter()
                .find(|(unnamed, _)| *unnamed == pointer)
            {
                unnamed_seen.insert(*unnamed);
            } else {
                accepted.push(format!("{} with nonsense at {pointer:?}", example.label));
            }
        }
    }
    assert!(accepted.is_empty(), "accepted: {}", accepted.join("\n"));
    assert_eq!(
        unnamed_seen.len(),
        UNNAMED_MEMBERS.len(),
        "an unnamed member is named by now"
    );
    assert!(mutations > 1_000, "only {mutations} mutations");
    println!("{mutations} wrong values rejected");
}

/// Pointers to the value and to everything inside it.
fn pointers(value: &Value) -> Vec<String> {
    let mut found = vec![String::new()];
    let inside: Vec<(String, &Value)> = match value {
        Value::Object(object) => object
            .iter()
            .map(|(name, member)| (escape(name), member))
            .collect(),
        Value::Array(array) => array
            .iter()
            .enumerate()
            .map(|(index, item)| (index.to_string(), item))
            .collect(),
        _ => Vec::new(),
    };
    for (token, member) in inside {
        found.extend(
            pointers(member)
                .into_iter()
                .map(|pointer| format!("/{token}{pointer}")),
        );
    }
    found
}

fn escape(token: &str) -> String {
    token.replace('~', "~0").replace('/', "~1")
}

/// What is wrong, the operation, which of its bodies, where the fault has to be found, and the body.
type RuledOut = (&'static str, &'static str, Place, &'static str, Value);

fn ruled_out() -> Vec<RuledOut> {
    let fifty_one = vec![json!({ "sourceUserIdentity": { "id": "x" } }); 51];
    let task = "#microsoft.graph.sharePointUserMigrationTaskParameters";
    vec![
        (
            "a missing name",
            "createJob",
            Place::Request,
            "",
            json!({
                "completeAfterDateTime": "2026-12-12T20:00:00Z", "sourceTenantId": "t", "resourceType": "Users", "resources": ["u"]
            }),
        ),
        (
            "no users",
            "createJob",
            Place::Request,
            "/resources",
            json!({
                "displayName": "n", "completeAfterDateTime": "2026-12-12T20:00:00Z", "sourceTenantId": "t",
                "resourceType": "Users", "resources": []
            }),
        ),
        (
            "an impossible month",
            "updateJob",
            Place::Request,
            "/completeAfterDateTime",
            json!({
                "completeAfterDateTime": "2026-13-12T20:00:00Z"
            }),
        ),
        (
            "a status that does not exist",
            "getJob",
            Place::Response,
            "/status",
            json!({ "status": "finished" }),
        ),
        (
            "null where none is allowed",
            "getJob",
            Place::Response,
            "/displayName",
            json!({ "displayName": null }),
        ),
        (
            "an unknown kind of task",
            "createSharepointTask",
            Place::Request,
            "/parameters/@odata.type",
            json!({
                "parameters": { "@odata.type": "#microsoft.graph.sharePointListMigrationTaskParameters" }
            }),
        ),
        (
            "a task without a kind",
            "createSharepointTask",
            Place::Request,
            "/parameters",
            json!({ "parameters": {} }),
        ),
        (
            "a target that is no GUID",
            "createSharepointTask",
            Place::Request,
            "/parameters/targetOrganizationId",
            json!({
                "parameters": { "@odata.type": task, "targetOrganizationId": "harborlane" }
            }),
        ),
        (
            "a wrong value inside the kind",
            "createSharepointTask",
            Place::Request,
            "/parameters/sourceUserIdentity/id",
            json!({
                "parameters": { "@odata.type": task, "sourceUserIdentity": { "id": 7 } }
            }),
        ),
        (
            "too many changes",
            "updateUserMappings",
            Place::Request,
            "/value",
            json!({
                "@context": "#$delta", "value": fifty_one
            }),
        ),
        (
            "a payload that is no delta",
            "updateUserMappings",
            Place::Request,
            "/@context",
            json!({
                "@context": "#$entity", "value": [{ "sourceUserIdentity": { "id": "x" } }]
            }),
        ),
    ]
}

#[test]
fn what_the_specification_rules_out_is_rejected_at_its_place() {
    let specification = Specification::read();
    let examples = examples(&specification);
    for (what, id, place, pointer, value) in ruled_out() {
        let example = examples
            .iter()
            .find(|example| example.operation == Some(id) && example.place == place)
            .unwrap_or_else(|| panic!("{id} has no example to take the schema from"));
        let found = faults(&specification.validator(example.schema), &value);
        assert!(
            found.iter().any(|(at, _)| at == pointer),
            "{what}: expected a fault at {pointer:?}, found {found:?}"
        );
    }
}

#[test]
fn null_is_accepted_where_the_specification_allows_it() {
    let specification = Specification::read();
    for (schema, value) in [
        (
            "crossTenantMigrationJob",
            json!({ "exchangeSettings": null, "message": null }),
        ),
        (
            "crossTenantMigrationCancelResponse",
            json!({ "status": null, "message": null }),
        ),
        (
            "sharePointMigrationTaskParameters",
            json!({ "@odata.type": "x", "targetDataLocationCode": null }),
        ),
    ] {
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        let found = faults(&specification.validator(&schema), &value);
        assert!(found.is_empty(), "{value}: {found:?}");
    }
}
