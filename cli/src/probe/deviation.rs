//! A difference between an answer and the documents, by name.

use serde::Serialize;

/// One difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Deviation {
    pub name: &'static str,
    pub operation: String,
    /// The question in whose answer it was seen.
    pub question: String,
    /// Where it stands: a JSON pointer into the body, or the name of a header.
    pub pointer: String,
    pub found: String,
    pub expected: String,
    /// What the library makes of it.
    pub library: String,
    /// The number of the collected disagreements between documents, if it is one of those.
    pub disagreement: Option<&'static str>,
    /// In how many places it was seen.
    pub times: usize,
}

/// A deviation before it is known which answer it stands in.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    pub name: &'static str,
    pub pointer: String,
    pub found: String,
    pub expected: String,
}

impl Finding {
    pub fn new(
        name: &'static str,
        pointer: impl Into<String>,
        found: impl Into<String>,
        expected: impl Into<String>,
    ) -> Self {
        Self {
            name,
            pointer: pointer.into(),
            found: found.into(),
            expected: expected.into(),
        }
    }
}

/// The pointer with each index as `*`, so that the same thing in many items is one.
pub fn generalised(pointer: &str) -> String {
    let parts = pointer.split('/').map(|part| {
        let is_index = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if is_index { "*" } else { part }
    });
    parts.collect::<Vec<_>>().join("/")
}

/// The number under which a difference between documents is collected; see the sandbox's README.
pub fn disagreement(finding: &Finding, operation: &str) -> Option<&'static str> {
    let member = finding.pointer.rsplit('/').next().unwrap_or_default();
    let is_sharepoint = operation.contains("Sharepoint") || operation.contains("Mapping");
    match finding.name {
        "createdByObjectId" => Some("J15"),
        "workloadCasing" => Some("J16"),
        "resourcesEchoed" | "resourceTypeCasing" => Some("J17"),
        "enumCasing" => Some("J18"),
        "wrappedInValue" => Some("J22"),
        "unknownEnumValue" if is_sharepoint && finding.found.eq_ignore_ascii_case("success") => {
            Some("S3")
        }
        "dateFormat" if is_sharepoint => Some("S16"),
        "contextVersion" if operation == "getGroupMapping" => Some("S22"),
        "deletedWithoutState" if member == "deleted" => Some("S19"),
        _ => None,
    }
}
