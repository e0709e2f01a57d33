//! Holds the written table of outcomes against the spec and the code.
//!
//! What an answer means and what to do about it is for people to write; that every documented answer and every
//! variant stands in the table, and nothing else, is for this check.

use std::collections::{BTreeMap, BTreeSet};

use super::signatures::{Method, Variant};
use crate::contract::Contract;
use heck::ToSnakeCase;

const START: &str = "<!-- outcomes:start -->";
const END: &str = "<!-- outcomes:end -->";

/// One row: the calls, the status, the Rust value.
struct Row {
    calls: Vec<String>,
    status: u16,
    value: String,
}

/// What the table lacks or has too much; nothing when the text has no such table.
pub fn check(
    text: &str,
    contract: &Contract,
    methods: &BTreeMap<String, Method>,
    variants: &BTreeMap<String, Vec<Variant>>,
) -> Option<Vec<String>> {
    let (_, rest) = text.split_once(START)?;
    let Some((table, _)) = rest.split_once(END) else {
        return Some(vec![format!("`{START}` is not followed by `{END}`")]);
    };
    let rows: Vec<Row> = table.lines().filter_map(row).collect();
    let mut problems = Vec::new();
    let mut expected: BTreeSet<(String, u16)> = BTreeSet::new();
    let mut used: BTreeSet<&String> = BTreeSet::new();
    for operation in &contract.operations {
        let call = operation.id.to_snake_case();
        let Some(outcome) = methods
            .get(&call)
            .map(|method| &method.returns)
            .filter(|returned| returned.ends_with("Outcome"))
        else {
            continue;
        };
        for (status, _) in operation.own_responses() {
            expected.insert((call.clone(), status));
        }
        used.insert(outcome);
    }
    for outcome in used {
        for variant in variants.get(outcome).into_iter().flatten() {
            let value = format!("{outcome}::{}", variant.name);
            if !rows.iter().any(|row| row.value.contains(&value)) {
                problems.push(format!("the table of outcomes has no row for `{value}`"));
            }
        }
    }
    let stated: BTreeSet<(String, u16)> = rows
        .iter()
        .flat_map(|row| row.calls.iter().map(|call| (call.clone(), row.status)))
        .collect();
    for (call, status) in expected.difference(&stated) {
        problems.push(format!(
            "the table of outcomes has no row for {status} of `{call}`"
        ));
    }
    for (call, status) in stated.difference(&expected) {
        problems.push(format!(
            "the table of outcomes has a row for {status} of `{call}`, which the spec does not list"
        ));
    }
    problems.extend(rows.iter().filter_map(|row| wrong_value(row, variants)));
    Some(problems)
}

/// A value of a row that the code does not have, or whose documentation does not speak of the status.
fn wrong_value(row: &Row, variants: &BTreeMap<String, Vec<Variant>>) -> Option<String> {
    let inside = row.value.trim_start_matches("Ok(").trim_end_matches(')');
    let (outcome, name) = inside.split_once("::")?;
    let known = variants
        .get(outcome)
        .and_then(|variants| variants.iter().find(|variant| variant.name == name));
    let Some(variant) = known else {
        return Some(format!(
            "the table of outcomes names `{inside}`, which does not exist"
        ));
    };
    let status = row.status.to_string();
    let speaks = variant
        .documentation
        .split(|letter: char| !letter.is_ascii_digit())
        .any(|number| number == status);
    (!speaks).then(|| {
        format!(
            "{}: the documentation of `{inside}` does not say what {status} of `{}` means",
            variant.file,
            row.calls.join("`, `")
        )
    })
}

/// `` | `a`, `b` | 409 | `Ok(X::Y)` | … | ``; the head of the table has no status.
fn row(line: &str) -> Option<Row> {
    let mut columns = line.trim().trim_matches('|').split('|').map(str::trim);
    let named = columns.next()?;
    let status = columns.next()?.parse().ok()?;
    let value = columns.next()?.trim_matches('`').to_owned();
    let calls = named
        .split(',')
        .map(|call| call.trim().trim_matches('`').to_owned())
        .collect();
    Some(Row {
        calls,
        status,
        value,
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::check;
    use crate::contract::Contract;
    use crate::regenerate::signatures::{self, Source};

    const TABLE: &str = "<!-- outcomes:start -->
| Call | Status | Rust value | Meaning |
| --- | --- | --- | --- |
| `cancel_crate_job` | 202 | `Ok(CancelOutcome::Accepted)` | a |
| `cancel_crate_job` | 404 | `Err(Error)` | b |
| `cancel_crate_job` | 409 | `Ok(CancelOutcome::Conflict)` | c |
| `cancel_crate_job` | 418 | `Err(Error)` | d |
<!-- outcomes:end -->";

    fn problems(table: &str) -> Option<Vec<String>> {
        let spec = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/spec.yaml");
        let contract = Contract::load(&spec).expect("the fixture spec");
        let source = "impl Client { pub async fn cancel_crate_job(&self) -> Result<CancelOutcome, Error> {} }
            /// All but the first are 409.
            pub enum CancelOutcome {
                /// 202: it is being stopped.
                Accepted(Response<CrateCancelReceipt>),
                /// It is too late.
                Conflict(Refusal),
            }";
        let sources = [Source {
            path: "src/answers/outcome.rs".to_owned(),
            file: syn::parse_file(source).expect("Rust"),
        }];
        check(
            table,
            &contract,
            &signatures::of_client(&sources),
            &signatures::outcomes(&sources),
        )
    }

    #[test]
    fn a_row_too_few_or_too_many_is_a_problem() {
        assert_eq!(problems(TABLE), Some(Vec::new()));
        assert_eq!(problems("no table"), None);
        let cases = [
            (
                "| `cancel_crate_job` | 404 | `Err(Error)` | b |\n",
                "",
                "no row for 404",
            ),
            ("| 418 |", "| 423 |", "a row for 423"),
            (
                "CancelOutcome::Conflict",
                "CancelOutcome::Refused",
                "`CancelOutcome::Refused`, which does not exist",
            ),
            (
                "CancelOutcome::Conflict",
                "CancelOutcome::Accepted",
                "no row for `CancelOutcome::Conflict`",
            ),
            (
                "| 418 | `Err(Error)`",
                "| 418 | `Ok(CancelOutcome::Conflict)`",
                "src/answers/outcome.rs: the documentation of `CancelOutcome::Conflict` does not say what 418",
            ),
            ("<!-- outcomes:end -->", "", "is not followed by"),
        ];
        for (from, to, expected) in cases {
            let found = problems(&TABLE.replace(from, to)).expect("a table");
            assert!(
                found.iter().any(|problem| problem.contains(expected)),
                "{expected}: {found:?}"
            );
        }
    }
}
