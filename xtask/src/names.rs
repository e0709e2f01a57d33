//! Names of Rust items, derived from the spec by the rules of the library.

use heck::{ToSnakeCase, ToUpperCamelCase};

/// The method of the client that makes a call.
pub fn method(operation: &str) -> String {
    format!("Client::{}", operation.to_snake_case())
}

/// The type of a schema.
pub fn type_of(schema: &str) -> String {
    schema.to_upper_camel_case()
}

/// The field of a property.
pub fn field(schema: &str, property: &str) -> String {
    format!("{}::{}", type_of(schema), property.to_snake_case())
}

/// The variant of an enum member.
pub fn variant(schema: &str, member: &str) -> String {
    format!("{}::{}", type_of(schema), member.to_upper_camel_case())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_rules_of_the_library() {
        assert_eq!(method("cancelUser"), "Client::cancel_user");
        assert_eq!(
            type_of("crossTenantMigrationJob"),
            "CrossTenantMigrationJob"
        );
        assert_eq!(field("error", "innerError"), "Error::inner_error");
        assert_eq!(
            variant("jobStatus", "cuttingOver"),
            "JobStatus::CuttingOver"
        );
    }
}
