//! Every request and response that the documents show agrees with the specification, save for the errors of the
//! documents listed here.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::{Value, json};

use crate::support::documented_messages::{
    Message, Start, example_messages, files, operation, page_messages, shared,
};
use crate::support::openapi_schema::{Specification, faults};

/// An error of the documents: what is wrong, and everywhere that it occurs.
struct DocumentError {
    /// The decision in `openapi/provenance.yaml` that deals with it.
    name: &'static str,
    reason: &'static str,
    pointers: &'static [&'static str],
    sources: &'static [&'static str],
}

const DOCUMENT_ERRORS: &[DocumentError] = &[
    DocumentError {
        name: "target-organization-guid",
        reason: "a GUID with letters that none has",
        pointers: &["/parameters/targetOrganizationId"],
        sources: COPIES_OF_THE_FINISHED_TASK,
    },
    DocumentError {
        name: "task-timestamps",
        reason: "a month of one digit is not ISO 8601",
        pointers: &[
            "/startedDateTime",
            "/lastUpdatedDateTime",
            "/finishedDateTime",
        ],
        sources: COPIES_OF_THE_FINISHED_TASK,
    },
    DocumentError {
        name: "lookup-sample-types",
        reason: "the answer for a site, copied to the pages of the other two lookups",
        pointers: &["/parameters/@odata.type"],
        sources: &[
            "sharepointmigrationtask-getbysourceuserprincipalname.md message 3",
            "sharepointmigrationtask-getbysourcegroupmailnickname.md message 3",
        ],
    },
    DocumentError {
        name: "context-host",
        reason: "an internal address leaked into the context",
        pointers: &["/@odata.context"],
        sources: &[
            "sharepointgroupidentitymapping-get.md message 3",
            "sharepointgroupidentitymapping-get__03-response.http",
            "sharepointgroupidentitymapping-get__03-response.json",
        ],
    },
    DocumentError {
        name: "update-returns",
        reason: "an answer without a body has no content type",
        pointers: &["content-type"],
        sources: &[
            "crosstenantmigrationjob-update.md message 3",
            "crosstenantmigrationjob-update__response.http",
        ],
    },
];

/// One finished task stands, with the same slips, wherever a task is read.
const COPIES_OF_THE_FINISHED_TASK: &[&str] = &[
    "sharepointmigrationtask-get.md message 3",
    "sharepointmigrationtask-getbysourceuserprincipalname.md message 3",
    "sharepointmigrationtask-getbysourcesiteurl.md message 3",
    "sharepointmigrationtask-getbysourcegroupmailnickname.md message 3",
    "sharepointmigrationtask-getbysourcesiteurl__03-response.http",
    "sharepointmigrationtask-getbysourcesiteurl__03-response.json",
    "learn_api_sharepointmigrationtask-getbysourcesiteurl__2026-03-21.md message 3",
];

/// Where a message contradicts the specification, and how.
type Findings = BTreeMap<(String, String), String>;

#[test]
fn every_documented_example_agrees_with_the_specification() {
    let Some(shared) = shared("the comparison with the documented examples") else {
        return;
    };
    let specification = Specification::read();
    let (messages, lone_bodies) = example_messages(&shared.join("examples"));
    assert!(messages.len() > 40, "only {} examples", messages.len());
    let mut findings = check(&specification, &messages);
    for (name, body) in &lone_bodies {
        // A body on its own is a refusal, or what the guide sends to create a job.
        let schema = if body.get("error").is_some() {
            "odataError"
        } else {
            "crossTenantMigrationJobCreate"
        };
        let schema = json!({ "$ref": format!("#/components/schemas/{schema}") });
        note_faults(&mut findings, &specification, name, &schema, body);
    }
    let pages = pages(&shared);
    let on_pages: Vec<Message> = pages.iter().flat_map(|page| page_messages(page)).collect();
    assert!(
        on_pages.len() > 60,
        "only {} messages on pages",
        on_pages.len()
    );
    findings.extend(check(&specification, &on_pages));
    settle(findings);
    println!(
        "{} example files and {} messages of {} pages agree, save for {} errors of the documents",
        messages.len() + lone_bodies.len(),
        on_pages.len(),
        pages.len(),
        DOCUMENT_ERRORS.len(),
    );
}

fn pages(shared: &Path) -> Vec<std::path::PathBuf> {
    ["docs/current", "docs/learn", "docs/seeds"]
        .iter()
        .flat_map(|folder| files(&shared.join(folder)))
        .collect()
}

fn check(specification: &Specification, messages: &[Message]) -> Findings {
    let mut findings = Findings::new();
    let mut pages: BTreeMap<&str, Vec<&Message>> = BTreeMap::new();
    for message in messages {
        pages.entry(&message.page).or_default().push(message);
    }
    for messages in pages.values() {
        check_page(&mut findings, specification, messages);
    }
    findings
}

/// A page describes one operation; each of its requests has to name that one, and each response is the operation's.
fn check_page(findings: &mut Findings, specification: &Specification, messages: &[&Message]) {
    let mut asked = None;
    for message in messages {
        let Start::Request { method, target } = &message.start else {
            continue;
        };
        let Some(operation) = operation(specification, method, target) else {
            findings.insert(
                (message.source.clone(), "request line".to_owned()),
                format!("no operation: {method} {target}"),
            );
            continue;
        };
        let body = &operation.definition["requestBody"];
        check_body(
            findings,
            specification,
            message,
            specification.body_schema(body),
        );
        asked = Some(operation);
    }
    for message in messages {
        let Start::Response { status } = &message.start else {
            continue;
        };
        // A throttled answer belongs to every operation.
        let operation = asked
            .as_ref()
            .map(|operation| &operation.definition["responses"]);
        let response = match operation {
            Some(responses) => responses.get(status.to_string()),
            None if *status == 429 => specification.at("#/components/responses/tooManyRequests"),
            None => None,
        };
        match response {
            Some(response) => check_body(
                findings,
                specification,
                message,
                specification.body_schema(response),
            ),
            None => {
                findings.insert(
                    (message.source.clone(), "status line".to_owned()),
                    format!("{status} is not described"),
                );
            }
        }
    }
}

fn check_body(
    findings: &mut Findings,
    specification: &Specification,
    message: &Message,
    schema: Option<&Value>,
) {
    let mut note = |place: &str, fault: String| {
        findings.insert((message.source.clone(), place.to_owned()), fault)
    };
    match (&message.body, schema) {
        (Some(body), Some(schema)) => {
            if message
                .content_type
                .as_ref()
                .is_some_and(|kind| !kind.starts_with("application/json"))
            {
                note("content-type", format!("{:?}", message.content_type));
            }
            if let Some(context) = body.get("@odata.context").and_then(Value::as_str)
                && !["v1.0", "beta"].iter().any(|version| {
                    context
                        .starts_with(&format!("https://graph.microsoft.com/{version}/$metadata#"))
                })
            {
                note(
                    "/@odata.context",
                    format!("{context} is not of a public version"),
                );
            }
            note_faults(findings, specification, &message.source, schema, body);
            check_kind_of_task(findings, message, body);
        }
        (Some(_), None) => {
            note("body", "a body where none is described".to_owned());
        }
        (None, None) => {
            if let Some(kind) = &message.content_type {
                note("content-type", format!("{kind} without a body"));
            }
        }
        // The heading of a page shows only the request line, without the server.
        (None, Some(_)) if matches!(&message.start, Start::Request { target, .. } if target.starts_with('/')) =>
            {}
        (None, Some(_)) => {
            note("body", "no body where one is described".to_owned());
        }
    }
}

/// A lookup by the name of a user or of a group has to find a task for a user or a group.
fn check_kind_of_task(findings: &mut Findings, message: &Message, body: &Value) {
    let page = message.page.to_lowercase();
    let lookups = [
        ("getbysourceuserprincipalname", "User"),
        ("getbysourcesiteurl", "Site"),
        ("getbysourcegroupmailnickname", "Group"),
    ];
    let Some((_, kind)) = lookups.iter().find(|(lookup, _)| page.contains(lookup)) else {
        return;
    };
    let expected = format!("#microsoft.graph.sharePoint{kind}MigrationTaskParameters");
    let pointer = "/parameters/@odata.type";
    if let Some(found) = body.pointer(pointer).and_then(Value::as_str)
        && found != expected
    {
        findings.insert(
            (message.source.clone(), pointer.to_owned()),
            format!("{found} instead of {expected}"),
        );
    }
}

fn note_faults(
    findings: &mut Findings,
    specification: &Specification,
    source: &str,
    schema: &Value,
    body: &Value,
) {
    for (pointer, fault) in faults(&specification.validator(schema), body) {
        findings.insert((source.to_owned(), pointer), fault);
    }
}

/// Every finding has to be a listed error, and every listed error has to be found.
fn settle(mut findings: Findings) {
    let mut gone = BTreeSet::new();
    for error in DOCUMENT_ERRORS {
        for source in error.sources {
            for pointer in error.pointers {
                if findings
                    .remove(&((*source).to_owned(), (*pointer).to_owned()))
                    .is_none()
                {
                    gone.insert(format!(
                        "{} ({}) no longer occurs in {source} at {pointer}",
                        error.name, error.reason
                    ));
                }
            }
        }
    }
    let new: Vec<_> = findings
        .iter()
        .map(|((source, place), fault)| format!("{source} at {place:?}: {fault}"))
        .collect();
    assert!(
        new.is_empty(),
        "documents and specification disagree:\n{}",
        new.join("\n")
    );
    assert!(
        gone.is_empty(),
        "take these off the list of errors:\n{}",
        gone.into_iter().collect::<Vec<_>>().join("\n")
    );
}
