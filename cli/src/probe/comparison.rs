//! One answer, held against the specification.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use msgraph_migrations_checks::json_schema::{ValidationErrorKind as Kind, Validator};
use serde_json::Value;

use super::answer::{Answer, Body};
use super::deviation::Finding;
use super::specification::Specification;
use super::url;
use super::vocabulary::WORKLOADS;

/// How much of a value is shown.
const MAX_SHOWN: usize = 80;

/// Holds answers against the specification.
#[derive(Debug)]
pub struct Comparison {
    specification: Specification,
    validators: RefCell<HashMap<String, Rc<Validator>>>,
}

/// What came of one answer.
#[derive(Debug, Default)]
pub struct Compared {
    /// How many statements were held against the specification: status, headers and each value of the body.
    pub checked: usize,
    pub findings: Vec<Finding>,
}

impl Comparison {
    pub fn new(specification: Specification) -> Self {
        Self {
            specification,
            validators: RefCell::default(),
        }
    }

    pub fn compare(&self, answer: &Answer) -> Result<Compared, String> {
        let mut compared = Compared::default();
        let Some(status) = answer.status else {
            let why = answer.library.fails.clone().unwrap_or_default();
            compared.checked = 1;
            compared.findings.push(Finding::new(
                "noAnswer",
                "",
                cut(&why),
                answer.expected.to_string(),
            ));
            return Ok(compared);
        };
        let Some(documented) = self.specification.answer(&answer.operation, status) else {
            return Err(format!(
                "the specification has no call {}",
                answer.operation
            ));
        };
        // That it is throttled says nothing of what it answers.
        if status != answer.expected && status != 429 {
            let documented = if documented.is_listed {
                "a documented refusal of this call"
            } else {
                "not listed for this call"
            };
            compared.findings.push(Finding::new(
                "unexpectedStatus",
                "",
                format!("{status}, {documented}"),
                answer.expected.to_string(),
            ));
        }
        headers(answer, status, &mut compared);
        compared.checked += 5;
        let schema = documented.schema.and_then(Specification::name);
        match (&answer.body, schema) {
            (Body::Empty, Some(schema)) => compared.findings.push(Finding::new(
                "emptyBody",
                "",
                "no body",
                format!("a {schema}"),
            )),
            (Body::Text(text), _) => {
                let name = if is_cut_short(text) {
                    "truncatedBody"
                } else {
                    "notJson"
                };
                let shown = cut(text);
                compared
                    .findings
                    .push(Finding::new(name, "", shown, "a JSON object"));
            }
            (Body::Json(value), Some(schema)) => self.body(answer, schema, value, &mut compared)?,
            (Body::Json(_) | Body::Empty, None) => {}
        }
        Ok(compared)
    }

    fn body(
        &self,
        answer: &Answer,
        schema: &str,
        value: &Value,
        compared: &mut Compared,
    ) -> Result<(), String> {
        let properties = self.specification.properties(schema);
        let is_collection = properties.iter().any(|(name, _)| *name == "value");
        let (prefix, inner) = match value.get("value") {
            Some(inner @ Value::Object(_)) if !is_collection => {
                compared.findings.push(Finding::new(
                    "wrappedInValue",
                    "/value",
                    "an object within `value`",
                    format!("the {schema} itself"),
                ));
                ("/value", inner)
            }
            _ => ("", value),
        };
        if is_collection && value.is_object() && value.get("value").is_none() {
            compared.findings.push(Finding::new(
                "missingMember",
                "/value",
                "nothing",
                "a list, which may be empty",
            ));
        }
        for error in self.validator(schema)?.iter_errors(inner) {
            let pointer = format!("{prefix}{}", error.instance_path().as_str());
            findings(&pointer, &error, compared);
        }
        let mut walk = Walk { answer, compared };
        walk.visit(prefix, inner);
        if !prefix.is_empty() {
            walk.member("", "@odata.context", &value["@odata.context"]);
        }
        retain_plain(&mut compared.findings);
        Ok(())
    }

    fn validator(&self, schema: &str) -> Result<Rc<Validator>, String> {
        if let Some(known) = self.validators.borrow().get(schema) {
            return Ok(Rc::clone(known));
        }
        let validator = Rc::new(self.specification.validator(schema)?);
        let mut validators = self.validators.borrow_mut();
        validators.insert(schema.to_owned(), Rc::clone(&validator));
        Ok(validator)
    }
}

/// A value of another type breaks every other rule too, and a rule may be met on several ways to it.
fn retain_plain(findings: &mut Vec<Finding>) {
    let mut seen = BTreeSet::new();
    let odd: Vec<String> = findings
        .iter()
        .filter(|finding| matches!(finding.name, "wrongType" | "null"))
        .map(|finding| finding.pointer.clone())
        .collect();
    findings.retain(|finding| {
        let is_plain = matches!(finding.name, "wrongType" | "null" | "unexpectedStatus")
            || !odd.contains(&finding.pointer);
        is_plain && seen.insert((finding.name, finding.pointer.clone()))
    });
}

fn headers(answer: &Answer, status: u16, compared: &mut Compared) {
    let mut add = |name, header: &str, found: String, expected: &str| {
        compared
            .findings
            .push(Finding::new(name, header, found, expected));
    };
    if answer.header("request-id").is_none() {
        add(
            "headerMissing",
            "request-id",
            "nothing".into(),
            "the service's id of the request",
        );
    }
    match answer.header("client-request-id") {
        None => add(
            "headerMissing",
            "client-request-id",
            "nothing".into(),
            "the id that was sent",
        ),
        Some(found) if !found.eq_ignore_ascii_case(&answer.client_request_id) => add(
            "clientRequestIdChanged",
            "client-request-id",
            cut(found),
            "the id that was sent",
        ),
        Some(_) => {}
    }
    let is_json = |kind: &str| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    };
    if answer.body != Body::Empty {
        match answer.header("content-type") {
            Some(kind) if is_json(kind) => {}
            kind => add(
                "contentType",
                "content-type",
                cut(kind.unwrap_or("nothing")),
                "application/json",
            ),
        }
    }
    match answer.header("retry-after") {
        Some(value) if value.trim().parse::<f64>().is_err() => {
            add("retryAfterForm", "retry-after", cut(value), "seconds");
        }
        None if status == 429 => add(
            "headerMissing",
            "retry-after",
            "nothing".into(),
            "seconds to wait",
        ),
        _ => {}
    }
}

fn findings(
    pointer: &str,
    error: &msgraph_migrations_checks::json_schema::ValidationError<'_>,
    compared: &mut Compared,
) {
    let instance = error.instance();
    let found = shown(instance);
    let mut add = |finding| compared.findings.push(finding);
    match error.kind() {
        Kind::Type { .. } if instance.is_null() => {
            add(Finding::new("null", pointer, "null", "a value, or nothing"));
        }
        Kind::Type { kind } => add(Finding::new("wrongType", pointer, found, type_name(kind))),
        Kind::Enum { options } => {
            let options: Vec<&str> = options
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str)
                .collect();
            let text = instance.as_str().unwrap_or_default();
            match options.iter().find(|own| own.eq_ignore_ascii_case(text)) {
                Some(own) => add(Finding::new("enumCasing", pointer, found, *own)),
                None => add(Finding::new(
                    "unknownEnumValue",
                    pointer,
                    text,
                    format!("one of {}", options.join(", ")),
                )),
            }
        }
        Kind::Format { format } => {
            let (name, expected) = match format.as_str() {
                "date-time" => ("dateFormat", "a date and time as RFC 3339 has it"),
                "uuid" => ("idFormat", "a GUID"),
                _ => ("format", "another form"),
            };
            add(Finding::new(name, pointer, found, expected));
        }
        Kind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let place = format!("{pointer}/{}", escaped(name));
                let value = instance.get(name).map(shown).unwrap_or_default();
                add(Finding::new(
                    "unknownMember",
                    place,
                    value,
                    "no such property",
                ));
            }
        }
        Kind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let place = format!("{pointer}/{}", escaped(name));
            add(Finding::new("missingMember", place, "nothing", "a value"));
        }
        _ => add(Finding::new(
            "schema",
            pointer,
            found,
            cut(&error.to_string()),
        )),
    }
}

/// What schemas cannot say, or the specification has in words.
struct Walk<'a> {
    answer: &'a Answer,
    compared: &'a mut Compared,
}

impl Walk<'_> {
    fn visit(&mut self, pointer: &str, value: &Value) {
        self.compared.checked += 1;
        match value {
            Value::Object(members) => {
                for (name, member) in members {
                    self.visit(&format!("{pointer}/{}", escaped(name)), member);
                    self.member(pointer, name, member);
                }
            }
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.visit(&format!("{pointer}/{index}"), item);
                }
            }
            Value::String(text) if text == "unknownFutureValue" => self.add(
                "unknownEnumValue",
                pointer.to_owned(),
                text.clone(),
                "a member; this stands for one that the documents do not name",
            ),
            _ => {}
        }
    }

    fn add(&mut self, name: &'static str, pointer: String, found: String, expected: &str) {
        self.compared
            .findings
            .push(Finding::new(name, pointer, found, expected));
    }

    fn member(&mut self, parent: &str, name: &str, value: &Value) {
        let pointer = format!("{parent}/{}", escaped(name));
        match (name, value) {
            ("service", Value::String(text)) => self.workload(pointer, text),
            ("workloads", Value::Array(items)) => {
                for (index, item) in items.iter().enumerate() {
                    if let Some(text) = item.as_str() {
                        self.workload(format!("{pointer}/{index}"), text);
                    }
                }
            }
            ("createdBy", Value::String(text)) if !text.contains('@') => self.add(
                "createdByObjectId",
                pointer,
                cut(text),
                "a user principal name, by the newest page",
            ),
            ("resources", Value::Array(items)) if !items.is_empty() => self.add(
                "resourcesEchoed",
                pointer,
                format!("{} ids", items.len()),
                "an empty list; listUsers has the users",
            ),
            ("resourceType", Value::String(text)) if text != "users" => {
                let name = if text.eq_ignore_ascii_case("users") {
                    "resourceTypeCasing"
                } else {
                    "unknownResourceType"
                };
                self.add(name, pointer, cut(text), "users");
            }
            ("deleted", Value::Object(deleted)) if !deleted.contains_key("state") => {
                self.add("deletedWithoutState", pointer, "no state".into(), "a state");
            }
            ("@odata.context", Value::String(text)) => self.context(pointer, text),
            ("@odata.nextLink", Value::String(text)) => self.next_link(pointer, text),
            (_, Value::String(text)) if name.ends_with("DateTime") => self.date(pointer, text),
            ("id", Value::String(text)) if self.has_guids() && !is_guid(text) => {
                self.add("idFormat", pointer, cut(text), "a GUID");
            }
            _ => {}
        }
    }

    /// Whether ids are GUIDs by the documents: those of jobs and users are.
    fn has_guids(&self) -> bool {
        let operation = self.answer.operation.trim_end_matches('s');
        operation.ends_with("Job") || operation.ends_with("User")
    }

    fn workload(&mut self, pointer: String, text: &str) {
        if WORKLOADS.contains(&text) {
            return;
        }
        match WORKLOADS.iter().find(|own| own.eq_ignore_ascii_case(text)) {
            Some(own) => self.add("workloadCasing", pointer, cut(text), own),
            None => self.add(
                "unknownWorkload",
                pointer,
                cut(text),
                "Teams, Exchange, ODSP or Meeting",
            ),
        }
    }

    fn date(&mut self, pointer: String, text: &str) {
        let Ok(date) = chrono::DateTime::parse_from_rfc3339(text) else {
            self.add(
                "dateFormat",
                pointer,
                cut(text),
                "a date and time as RFC 3339 has it",
            );
            return;
        };
        if date.offset().local_minus_utc() != 0 {
            self.add("dateOffset", pointer, cut(text), "a time in UTC");
        }
    }

    fn context(&mut self, pointer: String, text: &str) {
        let asked = url::version(&self.answer.url);
        let path = text.split("/$metadata").next().unwrap_or_default();
        let found = path.rsplit('/').next().unwrap_or_default();
        if !text.contains("/$metadata") {
            self.add(
                "contextForm",
                pointer,
                cut(text),
                "an address with /$metadata",
            );
        } else if asked.is_some_and(|asked| asked != found) {
            self.add(
                "contextVersion",
                pointer,
                cut(found),
                asked.unwrap_or_default(),
            );
        }
    }

    fn next_link(&mut self, pointer: String, text: &str) {
        let own = url::split(&self.answer.url).map(|(scheme, host, _)| (scheme, host));
        match url::split(text) {
            Some((scheme, host, _)) if own == Some((scheme, host)) => {}
            Some((_, host, _)) => self.add(
                "nextLinkOrigin",
                pointer.clone(),
                cut(host),
                "the host that was asked",
            ),
            None => self.add(
                "nextLinkForm",
                pointer.clone(),
                cut(text),
                "a whole address",
            ),
        }
        if url::version(text).is_some() && url::version(text) != url::version(&self.answer.url) {
            self.add(
                "nextLinkVersion",
                pointer,
                cut(url::version(text).unwrap_or_default()),
                "the version that was asked",
            );
        }
    }
}

fn is_guid(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok()
}

fn is_cut_short(text: &str) -> bool {
    serde_json::from_str::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

fn type_name(kind: &impl std::fmt::Debug) -> String {
    // The kind has no form for people beside the one of the whole message.
    let text = format!("{kind:?}").to_lowercase();
    let known = ["object", "array", "string", "integer", "number", "boolean"];
    let known = known.iter().filter(|name| text.contains(*name));
    let names: Vec<String> = known.map(|name| format!("a {name}")).collect();
    names.join(" or ")
}

/// A name as a part of a JSON pointer.
pub fn escaped(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => cut(text),
        other => cut(&other.to_string()),
    }
}

pub fn cut(text: &str) -> String {
    crate::output::cut(text, MAX_SHOWN)
}
