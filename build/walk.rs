//! Going through a JSON document.

use serde_json::Value;

use crate::document::step;

/// Calls `visit` for `value` and everything in it, with a JSON pointer to each.
pub fn walk(value: &Value, pointer: &str, visit: &mut impl FnMut(&str, &Value)) {
    visit(pointer, value);
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                walk(member, &format!("{pointer}/{}", step(name)), visit);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &format!("{pointer}/{index}"), visit);
            }
        }
        _ => {}
    }
}

/// Calls `visit` for `value` and everything in it.
pub fn walk_mut(value: &mut Value, visit: &mut impl FnMut(&mut Value)) {
    visit(value);
    match value {
        Value::Object(members) => members
            .values_mut()
            .for_each(|member| walk_mut(member, visit)),
        Value::Array(items) => items.iter_mut().for_each(|item| walk_mut(item, visit)),
        _ => {}
    }
}
