//! Alters answers that are right in ways a robust client has to bear.

use serde_json::{Map, Value, json};

use crate::operation::Operation;

/// The members whose values are enumerations.
const ENUMERATIONS: [&str; 4] = ["status", "jobType", "userType", "groupType"];

/// Whether the body of the operation has a `status` that is an enumeration rather than free text.
fn has_enumerations(operation: Operation) -> bool {
    !matches!(operation, Operation::CancelJob | Operation::CancelUser)
}

fn visit(value: &mut Value, change: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| visit(item, change)),
        Value::Object(object) => {
            object.values_mut().for_each(|member| visit(member, change));
            change(object);
        }
        _ => {}
    }
}

/// Puts a member into enumerations that no version of the documents lists.
///
/// Graph hides such members behind `unknownFutureValue` unless the request prefers to see them.
pub(crate) fn unknown_enum_value(
    body: &mut Value,
    operation: Operation,
    value: &str,
    is_preferred: bool,
) {
    let value = if is_preferred {
        value
    } else {
        "unknownFutureValue"
    };
    if !has_enumerations(operation) {
        return;
    }
    visit(body, &mut |object| {
        for name in ENUMERATIONS {
            if let Some(member) = object.get_mut(name).filter(|member| member.is_string()) {
                *member = json!(value);
            }
        }
    });
}

/// Gives every object a member that no type declares.
pub(crate) fn unknown_members(body: &mut Value) {
    visit(body, &mut |object| {
        let unheard_of = json!({"since": "a version to come", "values": [1, null, "two"]});
        object.insert("sandboxUndeclared".into(), unheard_of);
        object.insert(
            "sandboxUndeclared@odata.type".into(),
            json!("#microsoft.graph.json"),
        );
    });
}

/// Writes enumerations with a capital letter and workloads with a small one, as some samples do.
pub(crate) fn odd_casing(body: &mut Value, operation: Operation) {
    let enumerations = has_enumerations(operation);
    visit(body, &mut |object| {
        for (name, member) in object.iter_mut() {
            match member {
                Value::String(text) if enumerations && ENUMERATIONS.contains(&name.as_str()) => {
                    if let Some(first) = text.get(..1).map(str::to_uppercase) {
                        text.replace_range(..1, &first);
                    }
                }
                Value::String(text) if name == "service" => *text = text.to_lowercase(),
                Value::Array(items) if name == "workloads" => {
                    for item in items {
                        if let Value::String(text) = item {
                            *text = text.to_lowercase();
                        }
                    }
                }
                _ => {}
            }
        }
    });
}
