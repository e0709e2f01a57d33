//! The draft of a new operation: path, parameters, body and answers in the spec, and its sources in the ledger.

use super::proposal::properties::type_lines;
use super::proposal::responses::{headers, refusal};
use super::proposal::{DRAFT, Files, Situation};
use super::skeleton::{New, statuses};
use super::values;
use super::yaml::quoted;
use crate::contract::tree::Node;
use crate::documents::place_in_repository;
use crate::facts::examples::Start;
use crate::regenerate::hashes;

/// Adds the operation that the page describes.
///
/// # Errors
/// Says why no draft can be made.
pub fn draft(situation: &Situation<'_>, files: &mut Files) -> Result<(), String> {
    let new = New::of(situation.page, situation.contract)
        .ok_or("the page names no request that could be drafted")?;
    let contract = situation.contract;
    if contract.operations.iter().any(|other| other.id == new.id) {
        return Err(format!(
            "the spec has another operation `{}`: see which of the two is meant",
            new.id
        ));
    }
    let operation = operation(situation, &new)?;
    let paths = contract.root.get("paths").ok_or("the spec has no paths")?;
    let known = contract
        .operations
        .iter()
        .find(|other| {
            other.request().split_once(' ').map(|(_, path)| path) == Some(new.plain_path.as_str())
        })
        .and_then(|other| paths.get(&other.path));
    if let Some(item) = known {
        let row = files.spec.row(item.line);
        files.spec.add_member(row, &operation)?;
    } else {
        let mut lines = vec![String::new(), format!("{}:", new.path)];
        let shared = parameters(situation, &new);
        if !shared.is_empty() {
            lines.push("  parameters:".to_owned());
            lines.extend(shared.into_iter().map(|line| format!("    {line}")));
        }
        lines.extend(operation.into_iter().map(|line| format!("  {line}")));
        let row = files.spec.row(paths.line);
        files.spec.add_member(row, &lines)?;
    }
    sources(situation, &new, files)
}

/// The parameters of the path, by reference where the spec knows them.
fn parameters(situation: &Situation<'_>, new: &New) -> Vec<String> {
    let known = |name: &str| {
        let pointer = format!("#/components/parameters/{name}");
        situation.contract.root.at(&pointer).is_some()
    };
    let mut lines: Vec<String> = new
        .names
        .iter()
        .map(|name| {
            if known(name) {
                format!("- $ref: '#/components/parameters/{name}'")
            } else {
                let words = quoted(&format!("{DRAFT} say what it names."));
                format!(
                    "- {{name: {name}, in: path, required: true, description: {words}, schema: {{type: string, minLength: 1}}, example: draft}}"
                )
            }
        })
        .collect();
    if known("clientRequestId") {
        lines.push("- $ref: '#/components/parameters/clientRequestId'".to_owned());
    }
    lines
}

fn operation(situation: &Situation<'_>, new: &New) -> Result<Vec<String>, String> {
    let (contract, page) = (situation.contract, situation.page);
    let versions: Vec<&str> = page.of("version").map(crate::facts::Fact::name).collect();
    let version = page.version.unwrap_or("beta");
    let versions = if versions.contains(&"v1.0") || version == "v1.0" {
        "[v1.0, beta]"
    } else {
        "[beta]"
    };
    let mut description = format!("{DRAFT} say what it starts, and whether it may be repeated.");
    if versions == "[beta]" {
        description.push_str(" Exists in `beta` only.");
    }
    let mut lines = vec![
        format!("{}:", new.method.to_lowercase()),
        format!("  operationId: {}", new.id),
    ];
    // The neighbours tell where it belongs.
    if let Some(tags) = new
        .neighbour(contract)
        .and_then(|neighbour| neighbour.node.get("tags"))
    {
        lines.push(format!("  tags: [{}]", tags.texts().join(", ")));
    }
    lines.extend([
        format!(
            "  summary: {}",
            quoted(&format!("{DRAFT} say what it does."))
        ),
        format!("  description: {}", quoted(&description)),
        "  externalDocs:".to_owned(),
        format!("    url: {}", new.url),
        format!("  x-ms-versions: {versions}"),
    ]);
    let roles: Vec<&str> = page.of("role").map(crate::facts::Fact::name).collect();
    if !roles.is_empty() {
        lines.push(format!("  x-entra-roles: [{}]", roles.join(", ")));
    }
    lines.extend(security(situation, new));
    lines.extend(query(situation));
    lines.extend(body(situation)?);
    lines.push("  responses:".to_owned());
    for status in statuses(page) {
        let answer = if status < 400 {
            success(situation, status)
        } else {
            refusal(contract, page, status)?
        };
        lines.extend(answer.into_iter().map(|line| format!("    {line}")));
    }
    for (status, name) in [("'429'", "tooManyRequests"), ("default", "graphError")] {
        let pointer = format!("#/components/responses/{name}");
        if contract.root.at(&pointer).is_some() {
            lines.push(format!("    {status}: {{$ref: '{pointer}'}}"));
        }
    }
    Ok(lines)
}

/// The permissions that the page names, or those of its neighbour where it leaves them to a file that is not there.
fn security(situation: &Situation<'_>, new: &New) -> Vec<String> {
    let mut lines = Vec::new();
    for rank in ["least", "higher"] {
        for kind in ["delegated", "application"] {
            let Some(fact) = situation.page.fact(&format!("permission/{kind}/{rank}")) else {
                continue;
            };
            for scope in fact.value.split(", ").filter(|scope| is_scope(scope)) {
                lines.push(format!("    - {kind}: [{scope}]"));
            }
        }
    }
    if lines.is_empty()
        && let Some(neighbour) = new.neighbour(situation.contract)
    {
        let listed = neighbour.node.get("security").map_or(&[][..], Node::items);
        for (kind, scopes) in listed.iter().flat_map(Node::members) {
            lines.push(format!("    - {kind}: [{}]", scopes.texts().join(", ")));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, "  security:".to_owned());
    }
    lines
}

fn is_scope(text: &str) -> bool {
    text.contains('.') && !text.contains(' ')
}

fn query(situation: &Situation<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for option in situation.page.of("query-option") {
        let name = option.name();
        let known = format!("#/components/parameters/{}", name.trim_start_matches('$'));
        if situation.contract.root.at(&known).is_some() {
            lines.push(format!("    - $ref: '{known}'"));
        } else {
            let words = quoted(&format!("{DRAFT} say what it chooses."));
            lines.push(format!(
                "    - {{name: {name}, in: query, description: {words}, schema: {{type: string}}, example: draft}}"
            ));
        }
    }
    if !lines.is_empty() {
        lines.insert(0, "  parameters:".to_owned());
    }
    lines
}

fn body(situation: &Situation<'_>) -> Result<Vec<String>, String> {
    let page = situation.page;
    let mut properties = page.of("request-property").peekable();
    if properties.peek().is_none() {
        return Ok(Vec::new());
    }
    let mut lines: Vec<String> = [
        "  requestBody:",
        "    required: true",
        "    content:",
        "      application/json:",
        "        schema:",
        "          type: object",
    ]
    .map(str::to_owned)
    .to_vec();
    let mut written = Vec::new();
    let mut required = Vec::new();
    let mut example = serde_json::Map::new();
    let shown = page
        .examples
        .iter()
        .find_map(|example| match (&example.start, &example.body) {
            (Start::Request(..), Some(Ok(body))) => body.as_object(),
            _ => None,
        });
    for property in properties {
        let name = property.name();
        let rule = format!("request-property-rule/{name}/required");
        if page.fact(&rule).is_some() {
            required.push(name);
        }
        written.push(format!("            {name}:"));
        let schema = type_lines(situation.contract, &property.value)?;
        written.extend(
            schema
                .into_iter()
                .map(|line| format!("              {line}")),
        );
        if let Some(value) = shown.and_then(|body| body.get(name)) {
            example.insert(name.to_owned(), value.clone());
        }
    }
    if !required.is_empty() {
        lines.push(format!("          required: [{}]", required.join(", ")));
    }
    lines.push("          properties:".to_owned());
    lines.extend(written);
    if !example.is_empty() {
        let value = values::own(situation.contract, &example.into());
        lines.extend(
            [
                "        examples:",
                "          draft:",
                "            value:",
            ]
            .map(str::to_owned),
        );
        lines.extend(
            values::block(&value)
                .into_iter()
                .map(|line| format!("              {line}")),
        );
    }
    Ok(lines)
}

fn success(situation: &Situation<'_>, status: u16) -> Vec<String> {
    let contract = situation.contract;
    let mut lines = vec![
        format!("'{status}':"),
        format!(
            "  description: {}",
            quoted(&format!("{DRAFT} say what is true then."))
        ),
    ];
    lines.extend(headers(contract));
    let returned = situation
        .page
        .fact(&format!("return/{status}"))
        .map(|fact| fact.value.as_str());
    let schema = returned.and_then(|name| {
        match name.strip_prefix("collection of ") {
            Some(inner) => contract.schema(&format!("{inner}CollectionResponse")),
            None => contract.schema(name),
        }
        .map(|(name, _)| name)
    });
    let Some(schema) = schema else {
        if let Some(name) = returned.filter(|name| *name != "none") {
            lines.push(format!("  # DRAFT: the spec has no schema of {name} yet."));
        }
        return lines;
    };
    lines.extend([
        "  content:".to_owned(),
        "    application/json:".to_owned(),
        format!("      schema: {{$ref: '#/components/schemas/{schema}'}}"),
    ]);
    let example =
        situation
            .page
            .examples
            .iter()
            .find_map(|example| match (&example.start, &example.body) {
                (Start::Response(code), Some(Ok(body))) if *code == status => Some(body),
                _ => None,
            });
    if let Some(body) = example {
        lines.extend(["      examples:", "        draft:", "          value:"].map(str::to_owned));
        let value = values::own(contract, body);
        lines.extend(
            values::block(&value)
                .into_iter()
                .map(|line| format!("            {line}")),
        );
    }
    lines
}

/// The page, and what is taken from it.
fn sources(situation: &Situation<'_>, new: &New, files: &mut Files) -> Result<(), String> {
    let (page, ledger) = (situation.page, situation.ledger);
    let key = super::proposal::sources::source_key(situation);
    let top = |files: &Files, name: &str| {
        files
            .provenance
            .top(name)
            .ok_or_else(|| format!("the ledger has no {name}"))
    };
    let mut entry = vec![
        format!("{}:", new.id),
        format!("  pages: [{key}]"),
        "  statuses:".to_owned(),
    ];
    for status in statuses(page) {
        entry.push(format!("    '{status}': [{key}]"));
    }
    if let Some(neighbour) = new.neighbour(situation.contract) {
        let shared = neighbour
            .node
            .get("responses")
            .map_or(&[][..], Node::members);
        for (status, response) in shared {
            let sources = ledger
                .statuses
                .iter()
                .find(|(id, code, _)| *id == neighbour.id && code == status)
                .map(|(.., pages)| pages.join(", "));
            if let (Some(_), Some(sources)) = (response.get("$ref"), sources) {
                let status = if status == "default" {
                    status.clone()
                } else {
                    format!("'{status}'")
                };
                entry.push(format!("    {status}: [{sources}]"));
            }
        }
    }
    let operations = top(files, "operations")?;
    files.provenance.add_member(operations, &entry)?;
    if ledger.page(&page.stem, "").is_none() {
        let mut entry = vec![
            format!("{key}:"),
            format!("  title: {}", quoted(&page.title)),
            format!("  url: {}", new.url),
        ];
        entry.extend(place_in_repository(&page.path).map(|place| format!("  path: {place}")));
        let edition = hashes::date_of(page.page());
        entry.extend(edition.map(|date| format!("  edition: '{date}'")));
        entry.push(format!("  sha256: {}", page.sha256));
        let pages = top(files, "pages")?;
        files.provenance.add_member(pages, &entry)?;
    }
    Ok(())
}
