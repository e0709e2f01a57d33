//! What schemars says of each Rust type, compared with the spec's schema.

use std::collections::{BTreeMap, BTreeSet};

use msgraph_migrations::models;
use msgraph_migrations_checks::sets::assert_same;
use schemars::{Schema, schema_for};
use serde_json::{Map, Value, json};

use crate::support::spec::spec;

macro_rules! schemas {
    ($($name:literal => $type:ident),+ $(,)?) => {
        BTreeMap::from([$(($name, schema_for!(models::$type))),+])
    };
}

/// Every model, by the name of its schema.
fn models() -> BTreeMap<&'static str, Schema> {
    schemas! {
        "anySharePointMigrationTaskParameters" => SharePointMigrationTaskParameters,
        "crossTenantMigrationCancelResponse" => CrossTenantMigrationCancelResponse,
        "crossTenantMigrationJob" => CrossTenantMigrationJob,
        "crossTenantMigrationJobCollectionResponse" => CrossTenantMigrationJobCollectionResponse,
        "crossTenantMigrationJobCreate" => CrossTenantMigrationJobCreate,
        "crossTenantMigrationJobStatus" => CrossTenantMigrationJobStatus,
        "crossTenantMigrationJobType" => CrossTenantMigrationJobType,
        "crossTenantMigrationJobUpdate" => CrossTenantMigrationJobUpdate,
        "crossTenantMigrationServiceStatus" => CrossTenantMigrationServiceStatus,
        "crossTenantMigrationServiceStatusDetails" => CrossTenantMigrationServiceStatusDetails,
        "crossTenantMigrationTask" => CrossTenantMigrationTask,
        "crossTenantMigrationTaskCollectionResponse" => CrossTenantMigrationTaskCollectionResponse,
        "deleted" => Deleted,
        "deltaRemoved" => DeltaRemoved,
        "error" => MigrationError,
        "exchangeOnlineCrossTenantMigrationSettings" => ExchangeOnlineCrossTenantMigrationSettings,
        "groupIdentity" => GroupIdentity,
        "identity" => Identity,
        "publicError" => PublicError,
        "publicErrorDetail" => PublicErrorDetail,
        "publicInnerError" => PublicInnerError,
        "sharePointGroupIdentityMapping" => SharePointGroupIdentityMapping,
        "sharePointGroupIdentityMappingCollectionResponse" => SharePointGroupIdentityMappingCollectionResponse,
        "sharePointGroupIdentityMappingDelta" => SharePointGroupIdentityMappingDelta,
        "sharePointGroupIdentityMappingDeltaItem" => SharePointGroupIdentityMappingDeltaItem,
        "sharePointGroupMigrationTaskParameters" => SharePointGroupMigrationTaskParameters,
        "sharePointIdentityMappingGroupMigrationData" => SharePointIdentityMappingGroupMigrationData,
        "sharePointIdentityMappingGroupType" => SharePointIdentityMappingGroupType,
        "sharePointIdentityMappingUserMigrationData" => SharePointIdentityMappingUserMigrationData,
        "sharePointIdentityMappingUserType" => SharePointIdentityMappingUserType,
        "sharePointMigrationTask" => SharePointMigrationTask,
        "sharePointMigrationTaskCreate" => SharePointMigrationTaskCreate,
        "sharePointMigrationTaskStatus" => SharePointMigrationTaskStatus,
        "sharePointSiteMigrationTaskParameters" => SharePointSiteMigrationTaskParameters,
        "sharePointUserIdentityMapping" => SharePointUserIdentityMapping,
        "sharePointUserIdentityMappingCollectionResponse" => SharePointUserIdentityMappingCollectionResponse,
        "sharePointUserIdentityMappingDelta" => SharePointUserIdentityMappingDelta,
        "sharePointUserIdentityMappingDeltaItem" => SharePointUserIdentityMappingDeltaItem,
        "sharePointUserMigrationTaskParameters" => SharePointUserMigrationTaskParameters,
        "userIdentity" => UserIdentity,
    }
}

/// Schemas without a model, each with the reason.
const WITHOUT_MODEL: [(&str, &str); 7] = [
    (
        "crossTenantMigrationCancelResponseWrapped",
        "the wrapper is taken off",
    ),
    ("errorDetail", "refusals are read as GraphError"),
    ("innerError", "refusals are read as GraphError"),
    ("mainError", "refusals are read as GraphError"),
    ("odataError", "refusals are read as GraphError"),
    ("sharePointIdentityMapping", "merged into its two heirs"),
    (
        "sharePointMigrationTaskParameters",
        "merged into its three heirs",
    ),
];

#[test]
fn every_schema_has_a_model_or_a_reason() {
    let spec = spec();
    let specified: BTreeSet<_> = spec["components"]["schemas"]
        .as_object()
        .expect("schemas")
        .keys()
        .map(String::as_str)
        .collect();
    let models = models();
    let known: BTreeSet<_> = models
        .keys()
        .copied()
        .chain(WITHOUT_MODEL.iter().map(|(name, _)| *name))
        .collect();
    assert_same(
        "models and schemas without one",
        known,
        specified,
        "models() and WITHOUT_MODEL of tests/it/conformance.rs",
    );
}

#[test]
fn every_model_says_of_itself_what_the_spec_says() {
    let spec = spec();
    let mut properties_compared = 0;
    for (name, model) in models() {
        let model = model.to_value();
        let schema = flat(&spec, &spec["components"]["schemas"][name]);
        if let Some(members) = schema.get("enum") {
            let texts = |list: &Value| -> Vec<String> {
                let texts = list.as_array().into_iter().flatten();
                texts.map(ToString::to_string).collect()
            };
            assert_same(
                &format!("members of the model of {name}"),
                texts(&model["anyOf"][0]["enum"]),
                texts(members),
                "build/open_types.rs",
            );
            continue;
        }
        if schema.get("oneOf").is_some() {
            assert_union(name, &schema, &model);
            continue;
        }
        let specified = properties(&schema);
        let modelled = properties(&model);
        let names = |of: &Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
        let file = "openapi/cross-tenant-migration.yaml, or what corrects the type in build/";
        assert_same(
            &format!("properties of the model of {name}"),
            names(&modelled),
            names(&specified),
            file,
        );
        let required = required(&schema);
        assert_same(
            &format!("required properties of the model of {name}"),
            self::required(&model),
            &required,
            file,
        );
        for (property, specified) in &specified {
            let case = format!("{name}.{property}");
            let specified = resolve(&spec, specified);
            let modelled = &modelled[property];
            let nullable = allows_null(&model, modelled);
            if specified["nullable"] == true {
                assert!(nullable, "{case} reads no null");
            } else if required.contains(property) {
                assert!(!nullable, "{case} is required and reads null");
            }
            assert_eq!(
                json_type(&model, modelled),
                json_type_of_spec(&spec, specified),
                "type of {case}"
            );
            properties_compared += 1;
        }
    }
    println!("{properties_compared} properties compared");
    assert!(properties_compared > 100);
}

fn assert_union(name: &str, schema: &Value, model: &Value) {
    let values: BTreeSet<_> = schema["discriminator"]["mapping"]
        .as_object()
        .expect("a mapping")
        .keys()
        .cloned()
        .collect();
    let kinds = model["anyOf"][0]["oneOf"].as_array().expect("kinds");
    let modelled: BTreeSet<_> = kinds
        .iter()
        .filter_map(|kind| kind["allOf"][1]["properties"]["@odata.type"]["enum"][0].as_str())
        .map(str::to_owned)
        .collect();
    assert_same(
        &format!("kinds of the model of {name}"),
        modelled,
        values,
        "the discriminator in openapi/cross-tenant-migration.yaml, or build/open_types.rs",
    );
}

/// A schema with its bases merged in, without the discriminator that its union writes.
fn flat(spec: &Value, schema: &Value) -> Value {
    let Some(parts) = schema["allOf"].as_array() else {
        return schema.clone();
    };
    let mut all = json!({ "properties": {} });
    for part in parts {
        let part = flat(spec, resolve(spec, part));
        for (property, schema) in properties(&part) {
            if property != "@odata.type" {
                all["properties"][property] = schema;
            }
        }
    }
    all
}

fn resolve<'a>(root: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(target) => root
            .pointer(&target[1..])
            .expect("a reference that resolves"),
        None => schema,
    }
}

fn properties(schema: &Value) -> Map<String, Value> {
    schema["properties"]
        .as_object()
        .cloned()
        .unwrap_or_default()
}

fn required(schema: &Value) -> BTreeSet<String> {
    schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

fn allows_null(model: &Value, schema: &Value) -> bool {
    let schema = resolve(model, schema);
    schema["type"] == "null"
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.contains(&json!("null")))
        || schema["anyOf"]
            .as_array()
            .is_some_and(|any| any.iter().any(|one| allows_null(model, one)))
}

/// The JSON type of what a property holds, besides null.
fn json_type(model: &Value, schema: &Value) -> String {
    let schema = resolve(model, schema);
    if let Some(text) = schema["type"].as_str() {
        return text.to_owned();
    }
    if let Some(types) = schema["type"].as_array() {
        return types
            .iter()
            .filter_map(Value::as_str)
            .find(|one| *one != "null")
            .unwrap_or_default()
            .to_owned();
    }
    for one in ["anyOf", "oneOf", "allOf"]
        .iter()
        .filter_map(|key| schema[*key].as_array())
        .flatten()
    {
        let found = json_type(model, one);
        if !found.is_empty() && found != "null" {
            return found;
        }
    }
    String::new()
}

fn json_type_of_spec(spec: &Value, schema: &Value) -> String {
    let schema = resolve(spec, schema);
    match schema["type"].as_str() {
        Some(text) => text.to_owned(),
        // allOf and oneOf are objects throughout.
        None => "object".to_owned(),
    }
}
