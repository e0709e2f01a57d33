//! Whether each status that a migration can be in has a place in the code that follows it.
//!
//! The types are open, so that a new member does not stop the state machines from compiling, and what they do not know
//! they take for "under way". Somebody has to have decided that: a file that follows a status names each of its members,
//! in code or in a comment beside the arm for all others.

use std::fs;
use std::path::Path;

use crate::contract::Contract;
use crate::contract::tree::Node;
use heck::ToUpperCamelCase;

/// A marker of the protocol, never a real value.
const SENTINEL: &str = "unknownFutureValue";

/// Enumerations of statuses, each with the files that follow it.
const MACHINES: [(&str, &[&str]); 3] = [
    (
        "crossTenantMigrationJobStatus",
        &[
            "src/answers/cancellation.rs",
            "workflows/src/waiting/ends.rs",
            "workflows/src/reconciliation/lifecycle.rs",
            "sandbox/src/state/status.rs",
            "sandbox/src/state/lifecycle.rs",
            "sandbox/src/state/rules.rs",
            "sandbox/src/state/workload.rs",
            "sandbox/src/jobs/arrange.rs",
            "sandbox/src/dispatch/metadata/v1.0.xml",
            "sandbox/src/dispatch/metadata/beta.xml",
            "sandbox/src/wire/page.html",
            "sandbox/tests/it/jobs.rs",
            "cli/src/deadlines.rs",
        ],
    ),
    (
        "crossTenantMigrationServiceStatus",
        &[
            "src/answers/cancellation.rs",
            "workflows/src/waiting/ends.rs",
            "sandbox/src/state/workload.rs",
            "sandbox/src/dispatch/metadata/v1.0.xml",
            "sandbox/src/dispatch/metadata/beta.xml",
        ],
    ),
    (
        "sharePointMigrationTaskStatus",
        &[
            "src/answers/cancellation.rs",
            "workflows/src/waiting/ends.rs",
            "workflows/src/reconciliation/sharepoint_task.rs",
            "sandbox/src/state/task.rs",
            "sandbox/src/dispatch/metadata/beta.xml",
        ],
    ),
];

/// Members that a file does not place, and statuses that no file is known to follow.
pub fn check(root: &Path, contract: &Contract) -> Vec<String> {
    let mut problems = Vec::new();
    let schemas = contract.root.at("#/components/schemas");
    for (name, schema) in schemas.map_or(&[][..], Node::members) {
        let Some(listed) = schema.get("enum").filter(|_| name.ends_with("Status")) else {
            continue;
        };
        let Some((_, files)) = MACHINES.iter().find(|(machine, _)| machine == name) else {
            problems.push(format!(
                "xtask/src/regenerate/placement.rs: name the files that follow `{name}`, line {} of the spec",
                schema.line
            ));
            continue;
        };
        for file in *files {
            match fs::read_to_string(root.join(file)) {
                Err(error) => problems.push(format!(
                    "{file} follows `{name}` and cannot be read ({error}); if it moved, say so in \
                     xtask/src/regenerate/placement.rs"
                )),
                Ok(text) => problems.extend(
                    listed
                        .items()
                        .iter()
                        .filter_map(Node::as_str)
                        .filter(|member| *member != SENTINEL && !places(&text, member))
                        .map(|member| {
                            format!(
                                "{file}: give the new member `{member}` of `{name}` its place; a comment with its name \
                                 will do where the arm for all others is right (line {} of the spec)",
                                listed.line
                            )
                        }),
                ),
            }
        }
    }
    problems
}

/// Whether the code before the tests names a member: as a variant, as text, or in a comment of its own.
fn places(text: &str, member: &str) -> bool {
    let variant = member.to_upper_camel_case();
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    code.lines().map(str::trim_start).any(|line| {
        if line.starts_with("///") || line.starts_with("//!") {
            return false;
        }
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        comment.contains(&format!("`{member}`"))
            || code
                .split(|letter: char| !letter.is_alphanumeric() && letter != '_')
                .any(|word| word == variant || word == member)
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{MACHINES, check, places};
    use crate::contract::Contract;

    #[test]
    fn a_new_member_is_asked_for_in_every_file_that_follows_it() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let file = root.join("openapi/cross-tenant-migration.yaml");
        let text = std::fs::read_to_string(&file).expect("the spec");
        let problems = |text: &str| {
            let contract = Contract::parse("spec.yaml", text).expect("a spec");
            check(&root, &contract)
        };
        assert_eq!(problems(&text), Vec::<String>::new());
        let more = text.replacen(
            "        - approved\n",
            "        - hibernated\n        - approved\n",
            1,
        );
        let found = problems(&more);
        let (_, files) = MACHINES[0];
        assert_eq!(found.len(), files.len(), "{found:?}");
        for (problem, file) in found.iter().zip(files) {
            let expected = format!("{file}: give the new member `hibernated` of");
            assert!(problem.starts_with(&expected), "{problem}");
        }
        // The lists of the sandbox that no compiler looks into are asked for too.
        for list in [
            "sandbox/src/wire/page.html",
            "metadata/v1.0.xml",
            "metadata/beta.xml",
        ] {
            assert!(found.iter().any(|problem| problem.contains(list)), "{list}");
        }
        let other = text.replace("crossTenantMigrationJobStatus:", "waveStatus:");
        let found = problems(&other);
        assert!(
            found
                .iter()
                .any(|problem| problem.contains("name the files that follow `waveStatus`")),
            "{found:?}"
        );
    }

    #[test]
    fn a_member_is_placed_by_code_or_by_a_comment_of_its_own() {
        for (text, expected) in [
            ("match status {\n    Status::Paused => 1,\n", true),
            ("    Paused => \"paused\",\n", true),
            ("    [\"paused\"]\n", true),
            ("    // `paused` is under way.\n", true),
            ("    _ => 1, // `paused` too\n", true),
            ("/// What `paused` means.\n", false),
            ("    PausedByHand => 1,\n", false),
            ("#[cfg(test)]\nmod tests { Status::Paused }\n", false),
            ("", false),
        ] {
            assert_eq!(places(text, "paused"), expected, "{text}");
        }
    }
}
