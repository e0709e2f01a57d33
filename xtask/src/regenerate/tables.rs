//! The tables that are derived from the spec.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use super::signatures::Method;
use crate::adopt::DRAFT;
use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::contract::operation::Operation;
use crate::contract::tree::Node;
use heck::ToSnakeCase;

/// What each call answers: documented statuses, and the type that a caller gets.
pub fn outcomes(contract: &Contract, methods: &BTreeMap<String, Method>) -> String {
    let mut table = String::from(
        "| Call | Succeeds with | Documented refusals | You get |\n| --- | --- | --- | --- |\n",
    );
    for operation in &contract.operations {
        let method = operation.id.to_snake_case();
        let returned = methods.get(&method).map_or_else(
            || "missing".to_owned(),
            |method| format!("`{}`", method.returns),
        );
        let statuses: Vec<u16> = operation
            .own_responses()
            .iter()
            .map(|(status, _)| *status)
            .collect();
        let listed = |success: bool| {
            let listed: Vec<String> = statuses
                .iter()
                .filter(|status| (200..300).contains(*status) == success)
                .map(u16::to_string)
                .collect();
            if listed.is_empty() {
                "none".to_owned()
            } else {
                listed.join(", ")
            }
        };
        let _ = writeln!(
            table,
            "| `{method}` | {} | {} | {returned} |",
            listed(true),
            listed(false)
        );
    }
    table
}

/// Methods whose mark does not follow the spec.
pub fn deprecations(contract: &Contract, marked: &BTreeSet<String>) -> Vec<String> {
    contract
        .operations
        .iter()
        .filter_map(|operation| {
            let method = operation.id.to_snake_case();
            let ends = operation.node.get("deprecated").is_some_and(Node::is_true);
            match (ends, marked.contains(&method)) {
                (true, false) => Some(format!(
                    "src/: the documents deprecate `{method}`; mark it `#[deprecated(note = …)]` with what the spec \
                     says under x-ms-deprecation on line {}",
                    operation.line
                )),
                (false, true) => Some(format!(
                    "src/: `{method}` is marked as deprecated, which line {} of the spec does not say",
                    operation.line
                )),
                _ => None,
            }
        })
        .collect()
}

/// What a person has still to put into words: the lines of the spec that `adopt` marked.
pub fn drafts(spec: &str) -> Vec<String> {
    spec.lines()
        .enumerate()
        .filter(|(_, line)| line.contains(DRAFT))
        .map(|(index, line)| {
            format!(
                "openapi/cross-tenant-migration.yaml:{}: put the draft into words: {}",
                index + 1,
                line.trim()
            )
        })
        .collect()
}

/// Each operation with its request, versions, least privileged permission and page.
pub fn operations(contract: &Contract, ledger: &Ledger) -> String {
    let mut table = String::from(
        "| Operation | Request | Versions | Least privileged permission | Page |\n| --- | --- | --- | --- | --- |\n",
    );
    for operation in &contract.operations {
        let versions = operation
            .node
            .get("x-ms-versions")
            .map(Node::texts)
            .unwrap_or_default();
        let page = ledger.page(&operation.stem, "");
        let link = page.and_then(|page| page.url.clone()).map_or_else(
            || operation.stem.clone(),
            |url| {
                format!(
                    "[{}]({url})",
                    page.map_or("page", |page| page.title.as_str())
                )
            },
        );
        let _ = writeln!(
            table,
            "| `{}` | `{} {}` | {} | {} | {link} |",
            operation.id,
            operation.method,
            operation.path,
            versions.join(", "),
            least(operation),
        );
    }
    table
}

fn least(operation: &Operation) -> String {
    operation
        .node
        .get("security")
        .and_then(|security| security.items().first())
        .and_then(|first| first.members().first())
        .map_or_else(
            || "none".to_owned(),
            |(_, scopes)| format!("`{}`", scopes.texts().join("`, `")),
        )
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{operations, outcomes};
    use crate::contract::Contract;
    use crate::contract::ledger::Ledger;
    use crate::regenerate::signatures::{self, Source};

    fn parsed(source: &str) -> Source {
        Source {
            path: "src/calls/crates.rs".to_owned(),
            file: syn::parse_file(source).expect("Rust"),
        }
    }

    fn fixtures() -> (Contract, Ledger) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let contract = Contract::load(&folder.join("spec.yaml")).expect("the fixture spec");
        let ledger = Ledger::load(&folder.join("provenance.yaml")).expect("the fixture ledger");
        (contract, ledger)
    }

    #[test]
    fn the_tables_follow_the_spec_and_the_written_methods() {
        let (contract, ledger) = fixtures();
        let source = "impl Client {
            pub async fn cancel_crate_job(&self, id: &str) -> Result<CancelOutcome<Receipt>, Error> { todo!() }
            pub async fn create_crate_job(&self) -> Result<(), Error> { todo!() }
            async fn find_crate_job_by_label(&self) -> Result<u8, Error> { todo!() }
        }";
        let table = outcomes(&contract, &signatures::of_client(&[parsed(source)]));
        assert!(
            table.contains(
                "| `cancel_crate_job` | 202 | 404, 409, 418 | `CancelOutcome<Receipt>` |"
            ),
            "{table}"
        );
        assert!(
            table.contains("| `create_crate_job` | 201 | none | `()` |"),
            "{table}"
        );
        assert!(
            table.contains("| `find_crate_job_by_label` | 200 | none | missing |"),
            "a private method is no method of the client: {table}"
        );
        let table = operations(&contract, &ledger);
        let row = "| `cancelCrateJob` | `POST /solutions/relocations/crateJobs/{crateJobId}/cancel` | beta | \
                   `CrateRelocation.ReadWrite.All` | [crateJob: cancel](https://learn.microsoft.com/graph/api/cratejob-cancel) |";
        assert!(table.contains(row), "{table}");
    }

    #[test]
    fn the_mark_of_a_method_follows_the_spec_and_drafts_are_named() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures");
        let spec = std::fs::read_to_string(folder.join("spec.yaml")).expect("the fixture spec");
        let ends = spec.replace(
            "      operationId: cancelCrateJob\n",
            "      operationId: cancelCrateJob\n      deprecated: true\n",
        );
        let contract = Contract::parse("spec.yaml", &ends).expect("a spec");
        let marked = |source: &str| {
            let sources = [parsed(source)];
            super::deprecations(&contract, &signatures::deprecated_methods(&sources))
        };
        let right =
            "impl Client { #[deprecated(note = \"x\")] pub async fn cancel_crate_job(&self) {} }";
        assert_eq!(marked(right), Vec::<String>::new());
        let missing = marked("impl Client { pub async fn cancel_crate_job(&self) {} }");
        assert!(missing[0].contains("mark it `#[deprecated"), "{missing:?}");
        let wrong = marked(&right.replace("cancel_crate_job", "create_crate_job"));
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        let drafts = super::drafts("a: 1\nb: 'DRAFT: say it.'\n");
        assert_eq!(drafts.len(), 1);
        assert!(drafts[0].contains(".yaml:2: "), "{drafts:?}");
    }
}
