//! What a finding asks for: an edit that only has to be agreed with, or a decision.

use super::yaml::{Lines, quoted};
use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::contract::operation::Operation;
use crate::contract::tree::Node;
use crate::drift::finding::Finding;
use crate::facts::PageFacts;
use crate::facts::wording::telling_words;

/// The mark of what a person still has to put into words.
pub const DRAFT: &str = "DRAFT:";

/// The two files that are edited.
#[derive(Clone, Debug)]
pub struct Files {
    /// The spec.
    pub spec: Lines,
    /// The provenance file.
    pub provenance: Lines,
}

/// What the documents and the files say now.
pub struct Situation<'a> {
    /// The spec.
    pub contract: &'a Contract,
    /// The provenance file.
    pub ledger: &'a Ledger,
    /// The page that the finding is about.
    pub page: &'a PageFacts,
}

/// The files with the finding adopted; or what somebody has to decide.
///
/// # Errors
/// Says what has to be decided.
pub fn adopt(finding: &Finding, situation: &Situation<'_>, files: &Files) -> Result<Files, String> {
    let (change, fact) = finding.fact.split_once(':').unwrap_or((&finding.fact, ""));
    let (key, value) = fact.split_once('=').unwrap_or((fact, ""));
    let (aspect, name) = key.split_once('/').unwrap_or((key, ""));
    let mut files = files.clone();
    let edit = Edit {
        situation,
        files: &mut files,
    };
    match (change, aspect) {
        ("stated", "property") => edit.property(name, value, false)?,
        ("stated", "request-property") => edit.property(name, value, true)?,
        ("stated", "relationship") => edit.relationship(name, value)?,
        ("stated", "enum") => edit.member(name)?,
        ("stated", "value") => edit.value(name)?,
        ("stated", "response") => edit.response(name)?,
        ("stated", "error") => edit.condition(name, finding)?,
        ("stated", "role") => edit.role(name)?,
        ("differs", "permission") => edit.permission(name, value)?,
        ("stated", "limit") => edit.limit(name)?,
        ("stated", "deprecated") => edit.deprecation(name, value)?,
        _ => return Err(advice(change, aspect)),
    }
    Ok(files)
}

/// What to do about what is no plain addition.
fn advice(change: &str, aspect: &str) -> String {
    match (change, aspect) {
        ("never-applied", _) => {
            "the documents no longer differ: take the entry out of the decision, and the decision with it if it is the last"
        }
        ("unstated" | "differs", "page") => {
            "see whether the page moved; give its new place and address in the ledger and in externalDocs"
        }
        ("stated", "operation") => {
            "a new operation: read the draft below, then write the method, its tests and its route"
        }
        ("stated", "type") => "a new type: describe it as a schema, then the properties that use it",
        ("unstated", _) => {
            "the page no longer states it: keep it for older answers and record a decision with the key, or take it out"
        }
        ("differs", "example") => "see which is right, the table or the example; record a decision with the key, or change the schema",
        ("stated", "header") => "a new header: a caller who does not send it may be refused; decide whether to send it",
        ("stated" | "differs", "text") => {
            "read the passage; if the spec needs no change, record it with `--reviewed` and the page's name"
        }
        _ => "documents and spec disagree: change the spec, or record a decision with the key under `known`",
    }
    .to_owned()
}

/// One edit of the two files.
struct Edit<'a, 'f> {
    situation: &'a Situation<'a>,
    files: &'f mut Files,
}

impl Edit<'_, '_> {
    fn operation(&self) -> Result<&Operation, String> {
        let page = self.situation.page;
        let contract = self.situation.contract;
        contract
            .operation_of_stem(&page.stem)
            .or_else(|| {
                page.paths()
                    .find_map(|path| contract.operation_of_path(path))
            })
            .ok_or_else(|| "the spec has no operation of this page".to_owned())
    }

    /// The schema that the page's table describes: its name and node.
    fn schema(&self, request: bool) -> Result<(String, &Node), String> {
        let contract = self.situation.contract;
        if request {
            let operation = self.operation()?;
            let (schema, name) = crate::drift::request_schema(contract, operation)
                .ok_or("the spec has no request body of this page")?;
            if contract.schema(&name).is_none() {
                return Err("the request body has no schema of its own".to_owned());
            }
            return Ok((name, schema));
        }
        let page = self.situation.page;
        let name = page.fact("type").map_or("", |fact| fact.value.as_str());
        contract
            .schema_of_page(name, &page.stem)
            .map(|(name, node)| (name.to_owned(), node))
            .ok_or_else(|| "the spec has no schema of this page".to_owned())
    }

    fn properties(schema: &Node, name: &str) -> Result<usize, String> {
        // The properties of a derived type stand in the last part of its `allOf`.
        let own = schema.get("properties").or_else(|| {
            schema
                .get("allOf")?
                .items()
                .iter()
                .rev()
                .find_map(|part| part.get("properties"))
        });
        own.map(|node| node.line)
            .ok_or_else(|| format!("the schema {name} has no properties of its own"))
    }

    fn property(self, name: &str, kind: &str, request: bool) -> Result<(), String> {
        let aspect = if request {
            "request-property"
        } else {
            "property"
        };
        let (schema_name, schema) = self.schema(request)?;
        let line = Self::properties(schema, &schema_name)?;
        let rule = |rule: &str| {
            self.situation
                .page
                .fact(&format!("{aspect}-rule/{name}/{rule}"))
                .is_some()
        };
        if rule("required") {
            return Err(
                "a required property: callers who do not give it will be refused".to_owned(),
            );
        }
        let mut lines = vec![format!("{name}:")];
        let schema = self.type_lines(kind)?;
        if let [reference] = schema.as_slice()
            && reference.starts_with("$ref")
        {
            lines.push(format!("  {reference}"));
        } else {
            lines.extend(schema.into_iter().map(|line| format!("  {line}")));
            for (words, keyword) in [("read-only", "readOnly"), ("nullable", "nullable")] {
                if rule(words) {
                    lines.push(format!("  {keyword}: true"));
                }
            }
            let prefix = format!("value/{name}/");
            let values: Vec<String> = self
                .situation
                .page
                .of("value")
                .filter_map(|fact| fact.key.strip_prefix(&prefix))
                .map(|value| format!("`{value}`"))
                .collect();
            let listed = if values.is_empty() {
                String::new()
            } else {
                format!(" Values: {}.", values.join(", "))
            };
            lines.push(format!(
                "  description: {}",
                quoted(&format!("{DRAFT} say what it holds.{listed}"))
            ));
        }
        let files = self.files;
        files.spec.add_member(line, &lines)?;
        source_of_schema(self.situation, files, &schema_name);
        Ok(())
    }

    fn relationship(self, name: &str, kind: &str) -> Result<(), String> {
        let (schema_name, schema) = self.schema(false)?;
        let line = Self::properties(schema, &schema_name)?;
        let mut lines = vec![format!("{name}:")];
        let inner = self.type_lines(kind)?;
        if !kind.starts_with("collection of ") {
            return Err("a relationship to one thing: see how the service shows it".to_owned());
        }
        lines.extend(inner.into_iter().map(|line| format!("  {line}")));
        lines.push("  readOnly: true".to_owned());
        lines.push(format!(
            "  description: {}",
            quoted(&format!("{DRAFT} say what it leads to."))
        ));
        let files = self.files;
        files.spec.add_member(line, &lines)?;
        source_of_schema(self.situation, files, &schema_name);
        Ok(())
    }

    /// The schema of a type as documents name it.
    fn type_lines(&self, kind: &str) -> Result<Vec<String>, String> {
        if let Some(inner) = kind.strip_prefix("collection of ") {
            let mut lines = vec!["type: array".to_owned(), "items:".to_owned()];
            lines.extend(
                self.type_lines(inner)?
                    .into_iter()
                    .map(|line| format!("  {line}")),
            );
            return Ok(lines);
        }
        let lines: &[&str] = match kind.to_lowercase().as_str() {
            "string" => &["type: string"],
            "datetimeoffset" => &["type: string", "format: date-time"],
            "date" => &["type: string", "format: date"],
            "guid" => &["type: string", "format: uuid"],
            "boolean" => &["type: boolean"],
            "int32" => &["type: integer", "format: int32"],
            "int64" => &["type: integer", "format: int64"],
            "double" => &["type: number", "format: double"],
            _ => {
                let (name, _) = self.situation.contract.schema(kind).ok_or_else(|| {
                    format!("the spec has no schema of the type {kind}: describe it first")
                })?;
                return Ok(vec![format!("$ref: '#/components/schemas/{name}'")]);
            }
        };
        Ok(lines.iter().map(|line| (*line).to_owned()).collect())
    }

    fn enumeration(&self, name: &str) -> Result<(String, &Node), String> {
        self.situation
            .contract
            .schema(name)
            .filter(|(_, node)| node.get("enum").is_some())
            .map(|(name, node)| (name.to_owned(), node))
            .ok_or_else(|| format!("the spec has no enumeration {name}"))
    }

    fn member(self, name: &str) -> Result<(), String> {
        let (enumeration, member) = name.split_once('/').unwrap_or((name, ""));
        let (schema, node) = self.enumeration(enumeration)?;
        let listed = node.get("enum").map(|list| list.line).unwrap_or_default();
        let described = node
            .get("x-ms-enum")
            .and_then(|extension| extension.get("values"))
            .map(|values| values.line);
        let sentinel = Some("unknownFutureValue");
        let files = self.files;
        // From below, so that the line above stays where it is.
        if let Some(line) = described {
            let words = quoted(&format!("{DRAFT} say what it means."));
            let item = format!("{{value: {member}, description: {words}}}");
            files.spec.add_item(line, &item, sentinel)?;
        }
        files.spec.add_item(listed, member, sentinel)?;
        source_of_schema(self.situation, files, &schema);
        Ok(())
    }

    fn value(self, name: &str) -> Result<(), String> {
        let (property, value) = name.split_once('/').unwrap_or((name, ""));
        for request in [false, true] {
            let Ok((schema_name, schema)) = self.schema(request) else {
                continue;
            };
            let found = self
                .situation
                .contract
                .properties(schema)
                .into_iter()
                .find(|other| other.name == property && other.node.get("$ref").is_none());
            if let Some(found) = found {
                let line = found.node.line;
                let files = self.files;
                files
                    .spec
                    .describe(line, &format!("{DRAFT} say what `{value}` means."));
                source_of_schema(self.situation, files, &schema_name);
                return Ok(());
            }
        }
        Err(format!(
            "the spec has no property {property} of its own on this page"
        ))
    }

    fn response(self, name: &str) -> Result<(), String> {
        let status: u16 = name.parse().map_err(|_| "no status".to_owned())?;
        if status < 400 {
            return Err(
                "another success: see whether it replaces the documented one, and what a caller gets".to_owned(),
            );
        }
        let operation = self.operation()?.clone();
        let known = operation
            .own_responses()
            .into_iter()
            .any(|(code, _)| code == status);
        let contract = self.situation.contract;
        let stem = source_key(self.situation);
        let files = self.files;
        if !known {
            let responses = operation
                .node
                .get("responses")
                .ok_or("the operation has no responses")?;
            // Statuses stand in order, before the one for all others.
            let next = responses
                .members()
                .iter()
                .find(|(code, _)| code.parse::<u16>().map_or(true, |code| code > status))
                .map(|(_, node)| node.line);
            let schema = ["odataError", "problem"]
                .into_iter()
                .find(|name| contract.schema(name).is_some())
                .ok_or("the spec has no schema of errors")?;
            let mut words: Vec<String> = self
                .situation
                .page
                .conditions
                .iter()
                .filter(|condition| condition.status == status)
                .map(|condition| keywords(&condition.text))
                .collect();
            if words.is_empty() {
                words.push("none".to_owned());
            }
            let mut lines = vec![
                format!("'{status}':"),
                format!(
                    "  description: {}",
                    quoted(&format!(
                        "{DRAFT} say when. Keywords: {}.",
                        words.join("; ")
                    ))
                ),
            ];
            if contract.root.at("#/components/headers/requestId").is_some() {
                lines.extend(
                    [
                        "  headers:",
                        "    request-id: {$ref: '#/components/headers/requestId'}",
                        "    client-request-id: {$ref: '#/components/headers/clientRequestId'}",
                    ]
                    .map(str::to_owned),
                );
            }
            lines.extend([
                "  content:".to_owned(),
                "    application/json:".to_owned(),
                format!("      schema: {{$ref: '#/components/schemas/{schema}'}}"),
                "      examples:".to_owned(),
            ]);
            for (index, words) in words.iter().enumerate() {
                let summary = quoted(&format!("{DRAFT} name the condition. Keywords: {words}."));
                lines.extend([
                    format!("        draft{}:", index + 1),
                    format!("          summary: {summary}"),
                    "          value: {error: {code: draft, message: 'Draft, to be written.'}}"
                        .to_owned(),
                ]);
            }
            match next {
                Some(line) => {
                    let indent = files.spec.indent(line);
                    files.spec.insert_after(line - 1, indent, &lines);
                }
                None => files.spec.add_member(responses.line, &lines)?,
            }
        }
        source_of_status(files, &operation.id, name, &stem)
    }

    fn condition(self, name: &str, finding: &Finding) -> Result<(), String> {
        let status: u16 = name
            .split('/')
            .next()
            .and_then(|status| status.parse().ok())
            .ok_or("no status")?;
        let operation = self.operation()?.clone();
        let (_, response) = operation
            .own_responses()
            .into_iter()
            .find(|(code, _)| *code == status)
            .ok_or("the spec does not list the status")?;
        let line = response.line;
        let words = keywords(&finding.says);
        self.files.spec.describe(
            line,
            &format!("{DRAFT} another condition. Keywords: {words}."),
        );
        Ok(())
    }

    fn role(self, name: &str) -> Result<(), String> {
        let operation = self.operation()?;
        let roles = operation
            .node
            .get("x-entra-roles")
            .map(|roles| roles.line)
            .ok_or("the operation names no roles yet")?;
        self.files.spec.add_item(roles, name, None)
    }

    fn permission(self, name: &str, value: &str) -> Result<(), String> {
        let (kind, rank) = name.split_once('/').unwrap_or((name, ""));
        if rank != "higher" || !matches!(kind, "delegated" | "application") {
            return Err(
                "the least privileged permission is another: tokens of today may be refused"
                    .to_owned(),
            );
        }
        let operation = self.operation()?;
        let security = operation
            .node
            .get("security")
            .ok_or("the operation needs no permission yet")?;
        let known: Vec<String> = security
            .items()
            .iter()
            .flat_map(Node::members)
            .filter(|(other, _)| other == kind)
            .flat_map(|(_, scopes)| scopes.texts())
            .collect();
        let wanted: Vec<&str> = value.split(", ").collect();
        let new: Vec<&&str> = wanted
            .iter()
            .filter(|scope| !known.iter().any(|known| known == **scope))
            .collect();
        let gone = known
            .iter()
            .skip(1)
            .any(|known| !wanted.contains(&known.as_str()));
        if new.is_empty() || gone {
            return Err("a permission is gone: tokens of today may be refused".to_owned());
        }
        let line = security.line;
        for scope in new {
            self.files
                .spec
                .add_item(line, &format!("{kind}: [{scope}]"), None)?;
        }
        Ok(())
    }

    fn limit(self, name: &str) -> Result<(), String> {
        let (unit, number) = name.split_once('/').unwrap_or((name, ""));
        let line = match self.operation() {
            Ok(operation) => operation.line,
            Err(_) => self.schema(false)?.1.line,
        };
        self.files.spec.describe(
            line,
            &format!("{DRAFT} say what is limited to {number} {unit}."),
        );
        Ok(())
    }

    fn deprecation(self, name: &str, date: &str) -> Result<(), String> {
        let contract = self.situation.contract;
        let parts: Vec<&str> = name.split('/').collect();
        let words = if date.is_empty() {
            format!("{DRAFT} say what to use instead.")
        } else {
            format!("Ends on {date}. {DRAFT} say what to use instead.")
        };
        if let ["enum", enumeration, member] = parts.as_slice() {
            let (_, node) = self.enumeration(enumeration)?;
            let item = node
                .get("x-ms-enum")
                .and_then(|extension| extension.get("values"))
                .map(Node::items)
                .unwrap_or_default()
                .iter()
                .find(|item| item.text_of("value") == Some(member))
                .ok_or("the spec does not describe this member")?;
            let line = item.line;
            let written = self.files.spec.get(line).to_owned();
            let Some(head) = written.trim_end().strip_suffix('}') else {
                return Err(format!("line {line} is not written in one line"));
            };
            let text = format!(
                "{head}, deprecated: true, x-ms-deprecation: {{description: {}}}}}",
                quoted(&words)
            );
            self.files.spec = replaced(&self.files.spec, line, &text);
            return Ok(());
        }
        let line = match parts.as_slice() {
            ["page"] => match self.operation() {
                Ok(operation) => operation.line,
                Err(_) => self.schema(false)?.1.line,
            },
            ["enum", enumeration] => self.enumeration(enumeration)?.1.line,
            ["method", stem] => contract
                .operation_of_stem(stem)
                .map(|operation| operation.line)
                .ok_or("the spec has no such operation")?,
            [kind @ ("property" | "request-property"), name] => {
                let (_, schema) = self.schema(*kind == "request-property")?;
                let found = contract
                    .properties(schema)
                    .into_iter()
                    .find(|other| other.name == *name)
                    .ok_or("the spec has no such property")?;
                if found.node.get("$ref").is_some() {
                    return Err("the property is a reference, beside which nothing may stand: wrap it in `allOf`".to_owned());
                }
                found.node.line
            }
            _ => {
                return Err("mark it `deprecated: true` with `x-ms-deprecation` by hand".to_owned());
            }
        };
        if self.files.spec.get(line).contains('{') {
            return Err(format!("line {line} is written in one line"));
        }
        let lines = vec![
            "deprecated: true".to_owned(),
            "x-ms-deprecation:".to_owned(),
            format!("  description: {}", quoted(&words)),
        ];
        let place = self
            .files
            .spec
            .member(line, "description")
            .map_or(line, |place| self.files.spec.last(place));
        let indent = (line + 1..=self.files.spec.last(line))
            .find(|inner| !self.files.spec.get(*inner).trim().is_empty())
            .map_or_else(
                || self.files.spec.indent(line) + 2,
                |inner| self.files.spec.indent(inner),
            );
        self.files.spec.insert_after(place, indent, &lines);
        Ok(())
    }
}

fn replaced(lines: &Lines, line: usize, text: &str) -> Lines {
    let mut all: Vec<String> = lines.text().lines().map(str::to_owned).collect();
    if let Some(old) = line.checked_sub(1).and_then(|index| all.get_mut(index)) {
        text.clone_into(old);
    }
    let mut joined = all.join("\n");
    joined.push('\n');
    Lines::of(&joined)
}

/// The words of a condition that no rewording changes, and those that tell it from others.
fn keywords(text: &str) -> String {
    let mut words: Vec<String> = crate::facts::wording::anchors(text)
        .into_iter()
        .filter(|anchor| !anchor.is_empty())
        .map(|anchor| format!("`{anchor}`"))
        .collect();
    words.extend(telling_words(text));
    words.join(", ")
}

/// The name that the ledger gives to a page.
pub fn source_key(situation: &Situation<'_>) -> String {
    situation
        .ledger
        .copied_by(situation.page)
        .or_else(|| situation.ledger.page(&situation.page.stem, ""))
        .map_or_else(|| situation.page.stem.clone(), |source| source.key.clone())
}

/// Notes the page among the sources of a schema.
fn source_of_schema(situation: &Situation<'_>, files: &mut Files, schema: &str) {
    let key = source_key(situation);
    let lines = &files.provenance;
    let Some(schemas) =
        (1..=lines.text().lines().count()).find(|line| lines.get(*line) == "schemas:")
    else {
        return;
    };
    if let Some(line) = lines.member(schemas, schema) {
        let written = lines.get(line).to_owned();
        let listed = written
            .split(['[', ']', ','])
            .any(|part| part.trim() == key);
        if !listed {
            // A list that is written in another way is left to the maintainer; the spec cites the page too.
            let _ = files.provenance.add_item(line, &key, None);
        }
    }
}

/// Notes the page as the source of a status.
fn source_of_status(
    files: &mut Files,
    operation: &str,
    status: &str,
    page: &str,
) -> Result<(), String> {
    let lines = &files.provenance;
    let operations = (1..=lines.text().lines().count())
        .find(|line| lines.get(*line) == "operations:")
        .ok_or("the ledger has no operations")?;
    let entry = lines
        .member(operations, operation)
        .ok_or_else(|| format!("the ledger has no entry of {operation}"))?;
    let statuses = lines
        .member(entry, "statuses")
        .ok_or_else(|| format!("the ledger has no statuses of {operation}"))?;
    if let Some(line) = lines.member(statuses, status) {
        return files.provenance.add_item(line, page, None);
    }
    let first = statuses + 1;
    let mut after = statuses;
    for line in first..=lines.last(statuses) {
        let code: Option<u16> = lines
            .get(line)
            .trim()
            .split(':')
            .next()
            .and_then(|code| code.trim_matches('\'').parse().ok());
        if code.is_some_and(|code| code < status.parse().unwrap_or(0) && code != 429) {
            after = line;
        }
    }
    let indent = lines.indent(first);
    files
        .provenance
        .insert_after(after, indent, &[format!("'{status}': [{page}]")]);
    Ok(())
}
