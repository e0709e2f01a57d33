//! What the spec states about the subject of one page, in the form of the page's own facts.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::contract::operation::Operation;
use crate::contract::schema::{Property, referenced};
use crate::contract::tree::Node;
use crate::facts::PageFacts;
use crate::names;
use regex::Regex;

static MARKED: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"`([A-Za-z][A-Za-z0-9]*)`").expect("pattern"));

/// The value of a statement that cannot be contradicted: the spec has no way to say it.
pub const ANYTHING: &str = "*";

/// One statement of the spec.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The key, as in the facts of a page.
    pub key: String,
    /// The value, as in the facts of a page.
    pub value: String,
    /// The line of the spec.
    pub line: usize,
    /// Whether the page has to state it too.
    pub expected: bool,
    /// The Rust items it stands for.
    pub items: Vec<String>,
}

/// Collects statements.
struct Collector {
    found: Vec<Statement>,
}

impl Collector {
    fn add(
        &mut self,
        key: String,
        value: impl Into<String>,
        line: usize,
        expected: bool,
        items: &[String],
    ) {
        self.found.push(Statement {
            key,
            value: value.into(),
            line,
            expected,
            items: items.to_vec(),
        });
    }
}

/// What the spec states of an operation on the operation's own page.
pub fn of_operation(contract: &Contract, ledger: &Ledger, operation: &Operation) -> Vec<Statement> {
    let mut all = Collector { found: Vec::new() };
    let method = vec![names::method(&operation.id)];
    all.add(
        format!("path/{}", operation.request()),
        "",
        operation.line,
        true,
        &method,
    );
    deprecated("page", &operation.node, true, &method, &mut all);
    for version in list(operation.node.get("x-ms-versions")) {
        all.add(
            format!("version/{}", version.text()),
            "",
            version.line,
            false,
            &method,
        );
    }
    for role in list(operation.node.get("x-entra-roles")) {
        all.add(
            format!("role/{}", role.text()),
            "",
            role.line,
            true,
            &method,
        );
    }
    for (status, response) in operation.own_responses() {
        // A status taken from another page is not stated for this one.
        if ledger.takes_status_from(&operation.id, status, &operation.stem) == Some(false) {
            continue;
        }
        all.add(
            format!("response/{status}"),
            "",
            response.line,
            true,
            &method,
        );
        if (200..300).contains(&status) {
            let returned = body_schema(response).map_or_else(
                || "none".to_owned(),
                |schema| contract.document_return(schema),
            );
            all.add(
                format!("return/{status}"),
                returned,
                response.line,
                true,
                &method,
            );
        }
    }
    request(contract, operation, &method, &mut all);
    parameters(contract, operation, &method, &mut all);
    permissions(operation, &method, &mut all);
    all.found
}

fn list(node: Option<&Node>) -> &[Node] {
    node.map_or(&[], Node::items)
}

/// The JSON schema of a response or request body.
pub fn body_schema(node: &Node) -> Option<&Node> {
    node.get("content")?
        .members()
        .iter()
        .find(|(kind, _)| kind.contains("json"))
        .and_then(|(_, media)| media.get("schema"))
}

/// The schema whose properties a request table lists: the body's, or that of its items for a delta payload.
pub fn request_schema<'a>(
    contract: &'a Contract,
    operation: &'a Operation,
) -> Option<(&'a Node, String)> {
    let schema = body_schema(contract.resolve(operation.node.get("requestBody")?))?;
    let target = contract.resolve(schema);
    let items = contract
        .properties(target)
        .into_iter()
        .find(|property| property.name == "value")
        .and_then(|property| contract.resolve(property.node).get("items"));
    let described = items.unwrap_or(schema);
    let name = referenced(described).unwrap_or("request").to_owned();
    Some((contract.resolve(described), name))
}

fn request(contract: &Contract, operation: &Operation, method: &[String], all: &mut Collector) {
    if operation.node.get("security").is_some() {
        all.add(
            "header/Authorization".to_owned(),
            "",
            operation.line,
            true,
            method,
        );
    }
    let body = operation
        .node
        .get("requestBody")
        .map(|body| contract.resolve(body));
    let asked = match body {
        Some(body) if body.get("required").is_some_and(Node::is_true) => "required",
        Some(_) => "optional",
        None => "none",
    };
    let line = body.map_or(operation.line, |body| body.line);
    all.add("request-body".to_owned(), asked, line, false, method);
    let Some(body) = body else {
        return;
    };
    all.add(
        "header/Content-Type".to_owned(),
        "",
        body.line,
        true,
        method,
    );
    let Some((schema, name)) = request_schema(contract, operation) else {
        return;
    };
    for property in contract.properties(schema) {
        let read_only = property.node.get("readOnly").is_some_and(Node::is_true);
        if !property.name.starts_with('@') && !read_only {
            described(contract, "request-property", &name, &property, true, all);
        }
    }
}

fn parameters(contract: &Contract, operation: &Operation, method: &[String], all: &mut Collector) {
    // `things(key='{key}')` is the alternate key of a collection when `things` is a path of its own.
    let opening = operation.path.split('(').next().unwrap_or_default();
    let is_function = !contract
        .operations
        .iter()
        .any(|other| other.path == opening);
    for parameter in &operation.parameters {
        let target = contract.resolve(parameter);
        let name = target.text_of("name").unwrap_or_default();
        let required = target.get("required").is_some_and(Node::is_true);
        let kind = target.get("schema").map_or_else(
            || "String".to_owned(),
            |schema| contract.document_type(schema),
        );
        let aspect = match target.text_of("in") {
            Some("path") => "function-parameter",
            _ => "query-option",
        };
        deprecated(&format!("{aspect}/{name}"), target, true, method, all);
        match target.text_of("in") {
            Some("query") => all.add(
                format!("query-option/{name}"),
                "",
                target.line,
                true,
                method,
            ),
            Some("header") => all.add(format!("header/{name}"), "", target.line, required, method),
            Some("path") if operation.path.contains(&format!("{name}='{{")) => {
                all.add(
                    format!("function-parameter/{name}"),
                    kind,
                    target.line,
                    is_function,
                    method,
                );
            }
            _ => {}
        }
    }
}

fn permissions(operation: &Operation, method: &[String], all: &mut Collector) {
    let Some(security) = operation.node.get("security") else {
        return;
    };
    for kind in ["delegated", "application"] {
        let mut ranks: Vec<Vec<String>> = Vec::new();
        for requirement in security.items() {
            if let Some(scopes) = requirement.get(kind) {
                ranks.push(scopes.texts());
            }
        }
        let mut ranks = ranks.into_iter();
        let least = ranks.next().unwrap_or_default();
        let higher: Vec<String> = ranks
            .flatten()
            .filter(|scope| !least.contains(scope))
            .collect();
        for (rank, scopes) in [("least", least), ("higher", higher)] {
            let value = crate::facts::joined_scopes(&scopes.join(", "));
            all.add(
                format!("permission/{kind}/{rank}"),
                value,
                security.line,
                true,
                method,
            );
        }
    }
    for rank in ["least", "higher"] {
        all.add(
            format!("permission/personal/{rank}"),
            "none",
            security.line,
            true,
            method,
        );
    }
}

/// What the spec states of a type on the type's own page.
pub fn of_schema(
    contract: &Contract,
    ledger: &Ledger,
    name: &str,
    schema: &Node,
    stem: &str,
) -> Vec<Statement> {
    let mut all = Collector { found: Vec::new() };
    let item = vec![names::type_of(name)];
    all.add("type".to_owned(), name, schema.line, false, &item);
    deprecated("page", schema, true, &item, &mut all);
    for property in contract.properties(schema) {
        if property.name.starts_with('@') {
            continue;
        }
        described(contract, "property", name, &property, true, &mut all);
        let kind = contract.document_type(property.node);
        let items = [names::field(name, property.name)];
        let shown = if contract.members(property.node).is_some() {
            "String".to_owned()
        } else {
            kind.clone()
        };
        all.add(
            format!("representation/{}", property.name),
            shown,
            property.node.line,
            false,
            &items,
        );
        all.add(
            format!("relationship/{}", property.name),
            kind,
            property.node.line,
            false,
            &items,
        );
    }
    for operation in &contract.operations {
        for segment in operation
            .path
            .split('/')
            .filter(|segment| !segment.contains(['{', '(']))
        {
            all.add(
                format!("relationship/{segment}"),
                ANYTHING,
                operation.line,
                false,
                &item,
            );
        }
        let own = operation.stem.starts_with(&format!("{stem}-"));
        let items = [names::method(&operation.id)];
        let marked = format!("method/{}", operation.stem);
        deprecated(&marked, &operation.node, false, &items, &mut all);
        all.add(
            format!("method/{}", operation.stem),
            returned(contract, ledger, operation),
            operation.line,
            own,
            &items,
        );
    }
    all.found
}

/// What the spec states of the enumerations that a page lists.
pub fn of_enumerations(contract: &Contract, page: &PageFacts) -> Vec<Statement> {
    let mut all = Collector { found: Vec::new() };
    let schemas = contract.root.at("#/components/schemas");
    let listed: HashSet<String> = page
        .of("enum")
        .filter_map(|fact| Some(fact.name().split('/').next()?.to_lowercase()))
        .collect();
    for (name, schema) in schemas.map_or(&[][..], Node::members) {
        let prefix = format!("enum/{}/", name.to_lowercase());
        let on_page = listed.contains(&name.to_lowercase());
        let Some(members) = schema.get("enum").filter(|_| on_page) else {
            continue;
        };
        for member in members.items() {
            let text = member.text();
            let items = [names::variant(name, &text)];
            // The spec gives every open enumeration its sentinel; lists of the documents often leave it out.
            let expected = text != "unknownFutureValue";
            all.add(format!("{prefix}{text}"), "", member.line, expected, &items);
        }
        deprecated_members(name, schema, &mut all);
        let item = [names::type_of(name)];
        deprecated("page", schema, false, &item, &mut all);
    }
    all.found
}

/// What the successful answer of an operation holds by its own page.
fn returned(contract: &Contract, ledger: &Ledger, operation: &Operation) -> String {
    operation
        .own_responses()
        .into_iter()
        .filter(|(status, _)| (200..300).contains(status))
        .find(|(status, _)| {
            ledger.takes_status_from(&operation.id, *status, &operation.stem) != Some(false)
        })
        .and_then(|(_, response)| body_schema(response))
        .map_or_else(
            || "none".to_owned(),
            |schema| contract.document_return(schema),
        )
}

/// That something is deprecated, with what the spec says of its end.
fn deprecated(name: &str, node: &Node, expected: bool, items: &[String], all: &mut Collector) {
    if !node.get("deprecated").is_some_and(Node::is_true) {
        return;
    }
    let words = node
        .get("x-ms-deprecation")
        .map(Node::all_text)
        .unwrap_or_default()
        .replace(',', "");
    all.add(
        format!("deprecated/{name}"),
        words,
        node.line,
        expected,
        items,
    );
}

/// The members that an enumeration describes as deprecated, and the enumeration itself.
fn deprecated_members(enumeration: &str, schema: &Node, all: &mut Collector) {
    let item = [names::type_of(enumeration)];
    deprecated(&format!("enum/{enumeration}"), schema, false, &item, all);
    let described = schema
        .get("x-ms-enum")
        .and_then(|extension| extension.get("values"));
    for member in list(described) {
        let value = member.text_of("value").unwrap_or_default();
        let items = [names::variant(enumeration, value)];
        let name = format!("enum/{enumeration}/{value}");
        deprecated(&name, member, false, &items, all);
    }
}

/// A property with its type, rules, members and values.
fn described(
    contract: &Contract,
    aspect: &str,
    schema: &str,
    property: &Property<'_>,
    expected: bool,
    all: &mut Collector,
) {
    let name = property.name;
    let line = property.node.line;
    let items = [names::field(schema, name)];
    let target = contract.resolve(property.node);
    let by_reference = property.node.get("$ref").is_some();
    // A property that pages list as a relationship, not as a property, need not stand in their table.
    let navigation = target.text_of("type") == Some("array")
        && property.node.get("readOnly").is_some_and(Node::is_true);
    all.add(
        format!("{aspect}/{name}"),
        contract.document_type(property.node),
        line,
        expected && !navigation,
        &items,
    );
    let rule = |holds: bool| if holds { "" } else { "no" };
    let flag = |name: &str| target.get(name).is_some_and(Node::is_true);
    let read_only = if by_reference {
        ANYTHING
    } else {
        rule(flag("readOnly"))
    };
    for (word, value) in [
        ("required", rule(property.required)),
        ("optional", rule(!property.required)),
        ("read-only", read_only),
        ("nullable", rule(flag("nullable"))),
    ] {
        all.add(
            format!("{aspect}-rule/{name}/{word}"),
            value,
            line,
            false,
            &items,
        );
    }
    deprecated(
        &format!("{aspect}/{name}"),
        property.node,
        expected && !navigation,
        &items,
        all,
    );
    if let Some((enumeration, members)) = contract.members(property.node) {
        let schema = match target.get("items") {
            Some(inner) => contract.resolve(inner),
            None => target,
        };
        deprecated_members(&enumeration, schema, all);
        for (member, line) in members {
            let items = [names::variant(&enumeration, member)];
            all.add(
                format!("enum/{enumeration}/{member}"),
                "",
                line,
                expected,
                &items,
            );
            all.add(format!("value/{name}/{member}"), "", line, false, &items);
        }
    }
    let description = target.text_of("description").unwrap_or_default();
    for value in MARKED
        .captures_iter(description)
        .filter_map(|found| found.get(1))
    {
        all.add(
            format!("value/{name}/{}", value.as_str()),
            "",
            line,
            false,
            &items,
        );
    }
}
