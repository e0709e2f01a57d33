//! The table of operations: what the spec says about each call beside its types.

use heck::ToShoutySnakeCase;
use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use serde_json::{Map, Value};

/// One constant per operation, of the type in `src/models/operation.rs`, and the list of all.
pub fn operations(spec: &Value) -> TokenStream {
    let mut constants = Vec::new();
    let mut names = Vec::new();
    for (path, item) in spec["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let Some(id) = operation["operationId"].as_str() else {
                continue;
            };
            let name = format_ident!("{}", id.to_shouty_snake_case());
            let method = method.to_uppercase();
            let summary = operation["summary"].as_str().unwrap_or_default();
            let statuses = operation["responses"]
                .as_object()
                .into_iter()
                .flat_map(Map::keys)
                .filter_map(|status| status.parse::<u16>().ok());
            let version_1 = operation["x-ms-versions"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|v| v == "v1.0");
            let scope = operation["security"][0]
                .as_object()
                .and_then(|scheme| scheme.values().next())
                .and_then(|scopes| scopes[0].as_str())
                .unwrap_or_default();
            let documentation = operation["externalDocs"]["url"]
                .as_str()
                .unwrap_or_default();
            constants.push(quote! {
                #[doc = #summary]
                pub const #name: Operation = Operation {
                    id: #id,
                    method: #method,
                    path: #path,
                    statuses: &[#(#statuses),*],
                    in_version_1: #version_1,
                    least_privileged_scope: #scope,
                    documentation: #documentation,
                };
            });
            names.push(name);
        }
    }
    quote! {
        /// Every documented operation, as a constant.
        pub mod operations {
            use crate::models::operation::Operation;
            #(#constants)*
            /// All of them.
            pub const ALL: &[Operation] = &[#(#names),*];
        }
    }
}
