//! Whether the written methods follow the operations of the spec: that each is there, none is left over, and each gives
//! its caller what the spec says comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::signatures::Method;
use crate::contract::Contract;
use crate::contract::operation::Operation;
use crate::contract::tree::Node;
use crate::names;
use heck::{ToShoutySnakeCase, ToSnakeCase};

/// Where each call has to be listed beside its method.
const LISTS: [(&str, &str); 2] = [
    ("tests/it/support/calls.rs", "a row"),
    ("sandbox/src/operation.rs", "a route"),
];

/// Methods that answer something else than the spec says, that are missing, or whose operation is gone.
pub fn check(
    contract: &Contract,
    methods: &BTreeMap<String, Method>,
    payloads: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let mut problems = gone(contract, methods);
    for operation in &contract.operations {
        let name = operation.id.to_snake_case();
        let Some(method) = methods.get(&name) else {
            problems.push(format!(
                "src/calls/: there is no method `{name}` for operation {} (line {} of the spec)",
                operation.id, operation.line
            ));
            continue;
        };
        problems.extend(answers(contract, operation, method, payloads));
    }
    problems
}

/// Operations that the tests or the sandbox do not know.
pub fn unlisted(root: &Path, contract: &Contract) -> Vec<String> {
    let mut problems = Vec::new();
    for (file, what) in LISTS {
        let Ok(text) = fs::read_to_string(root.join(file)) else {
            problems.push(format!(
                "{file} cannot be read; if it moved, say so in xtask/src/regenerate/returns.rs"
            ));
            continue;
        };
        for operation in &contract.operations {
            if !text.contains(&format!("\"{}\"", operation.id)) {
                problems.push(format!("{file}: `{}` needs {what}", operation.id));
            }
        }
    }
    problems
}

/// Methods that send an operation which the spec does not have.
fn gone(contract: &Contract, methods: &BTreeMap<String, Method>) -> Vec<String> {
    let known: BTreeSet<String> = contract
        .operations
        .iter()
        .map(|operation| operation.id.to_shouty_snake_case())
        .collect();
    methods
        .iter()
        .filter_map(|(name, method)| {
            let operation = method
                .operations
                .iter()
                .find(|operation| !known.contains(*operation))?;
            Some(format!(
                "{}: `Client::{name}` sends `operations::{operation}`, which the spec does not have; remove the method, \
                 its row in {} and its route in {}, or put the operation back",
                method.file, LISTS[0].0, LISTS[1].0
            ))
        })
        .collect()
}

/// What a method gives on success, held against what the spec says comes back.
fn answers(
    contract: &Contract,
    operation: &Operation,
    method: &Method,
    payloads: &BTreeMap<String, BTreeSet<String>>,
) -> Vec<String> {
    let outcome = payloads.get(&method.returns);
    let given: BTreeSet<String> = match outcome {
        Some(payloads) => payloads.clone(),
        None => [unwrapped(&method.returns)].into(),
    };
    let mut problems = Vec::new();
    for (status, response) in operation.own_responses() {
        if !(200..300).contains(&status) {
            continue;
        }
        let schema = response
            .get("content")
            .and_then(|content| content.get("application/json"))
            .and_then(|media| media.get("schema"));
        let fits = match schema {
            // One outcome serves several calls, of which some answer without a body.
            None => outcome.is_some() || given.contains("()"),
            Some(schema) => types(contract, schema)
                .iter()
                .any(|name| given.contains(name)),
        };
        if !fits {
            let wanted = schema.map_or_else(
                || "()".to_owned(),
                |schema| types(contract, schema).join(" or "),
            );
            let listed: Vec<&str> = given.iter().map(String::as_str).collect();
            problems.push(format!(
                "{}: `Client::{}` gives `{}`, and {status} of {} is `{wanted}` (line {} of the spec)",
                method.file,
                operation.id.to_snake_case(),
                listed.join("`, `"),
                operation.id,
                response.line
            ));
        }
    }
    problems
}

/// The Rust types that may hold a body: that of the schema, and that inside of a wrapper, which is taken off.
fn types(contract: &Contract, schema: &Node) -> Vec<String> {
    let Some(name) = schema
        .text_of("$ref")
        .and_then(|target| target.rsplit('/').next())
    else {
        return vec!["a schema without a name".to_owned()];
    };
    let mut found = vec![names::type_of(name)];
    if let [only] = contract.properties(schema).as_slice()
        && let Some(inner) = only.node.text_of("$ref")
    {
        found.extend(inner.rsplit('/').next().map(names::type_of));
    }
    found
}

/// `T` of `Response<T>`.
fn unwrapped(returned: &str) -> String {
    returned
        .strip_prefix("Response<")
        .and_then(|rest| rest.strip_suffix('>'))
        .unwrap_or(returned)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use super::check;
    use crate::contract::Contract;
    use crate::regenerate::signatures::{self, Source};

    const SOURCE: &str = "impl Client {
        pub async fn cancel_crate_job(&self) -> Result<CancelOutcome, Error> { self.call(&operations::CANCEL_CRATE_JOB) }
        pub async fn create_crate_job(&self) -> Result<Response<CrateJob>, Error> { todo!() }
        pub async fn find_crate_job_by_label(&self) -> Result<Response<CrateJobCollection>, Error> { todo!() }
    }
    pub enum CancelOutcome { Accepted(Response<CrateCancelReceipt>), Conflict(Refusal) }";

    fn problems(source: &str) -> Vec<String> {
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spec.yaml");
        let contract = Contract::load(&spec).expect("the fixture spec");
        let sources = [Source {
            path: "src/calls/crates.rs".to_owned(),
            file: syn::parse_file(source).expect("Rust"),
        }];
        let payloads: BTreeMap<String, BTreeSet<String>> = signatures::payloads(&sources);
        check(&contract, &signatures::of_client(&sources), &payloads)
    }

    #[test]
    fn a_method_that_does_not_follow_its_operation_is_named_with_its_file() {
        assert_eq!(problems(SOURCE), Vec::<String>::new());
        let cases = [
            (
                "Accepted(Response<CrateCancelReceipt>)",
                "Accepted(Response<CrateReceipt>)",
                "`Client::cancel_crate_job` gives `CrateReceipt`, and 202 of cancelCrateJob is `CrateCancelReceipt`",
            ),
            (
                "create_crate_job(&self) -> Result<Response<CrateJob>",
                "create_crate_job(&self) -> Result<Response<()>",
                "`Client::create_crate_job` gives `()`, and 201",
            ),
            (
                "operations::CANCEL_CRATE_JOB",
                "operations::HALT_CRATE_JOB",
                "`Client::cancel_crate_job` sends `operations::HALT_CRATE_JOB`, which the spec does not have",
            ),
            (
                "pub async fn create_crate_job",
                "async fn create_crate_job",
                "no method `create_crate_job`",
            ),
        ];
        for (from, to, expected) in cases {
            assert!(SOURCE.contains(from), "{from}");
            let found = problems(&SOURCE.replacen(from, to, 1));
            assert_eq!(found.len(), 1, "{to}: {found:?}");
            assert!(
                found[0].starts_with("src/calls/") && found[0].contains(expected),
                "{to}: {found:?}"
            );
        }
    }
}
