//! Drafts for a new operation: its place in the spec, its method, its test and its route.

use std::collections::BTreeSet;

use crate::contract::Contract;
use crate::facts::PageFacts;
use crate::facts::examples::Start;
use crate::terminal::visible;
use heck::{ToLowerCamelCase, ToSnakeCase, ToUpperCamelCase};

/// Prints what a maintainer begins with.
pub fn print(page: &PageFacts, contract: &Contract) {
    let Some(request) = page.paths().next() else {
        return;
    };
    let (method, path) = request.split_once(' ').unwrap_or(("GET", request));
    let id = operation_id(&page.stem);
    println!("draft of the operation, for the spec:");
    for line in spec(page, contract, method, path, &id) {
        println!("  {}", visible(&line));
    }
    println!("draft of the method, for src/:");
    let mut arguments = String::new();
    for name in parameters(path, contract) {
        arguments.push_str(", ");
        arguments.push_str(&name.to_snake_case());
        arguments.push_str(": &str");
    }
    println!("  /// DRAFT: say what it does, what it answers and when it may be repeated.");
    println!(
        "  pub async fn {}(&self{arguments}) -> Result<(), Error> {{",
        id.to_snake_case()
    );
    println!(
        "      // call the generated `{}` as the neighbouring methods do",
        id.to_snake_case()
    );
    println!("  }}");
    println!(
        "draft of the row for the tests of statuses: (\"{id}\", {:?})",
        statuses(page)
    );
    println!(
        "draft of the route, for sandbox/: {method} {} => {}",
        visible(path),
        id.to_upper_camel_case()
    );
}

fn operation_id(stem: &str) -> String {
    let (noun, verb) = stem.split_once('-').unwrap_or((stem, "call"));
    format!("{verb}-{noun}").to_lower_camel_case()
}

fn statuses(page: &PageFacts) -> BTreeSet<u16> {
    page.of("response")
        .filter_map(|fact| fact.name().parse().ok())
        .collect()
}

/// Names for the placeholders, taken from the path of the spec that begins alike.
fn parameters(path: &str, contract: &Contract) -> Vec<String> {
    let count = path.matches("{}").count();
    let mut best: Vec<String> = Vec::new();
    for operation in &contract.operations {
        let names: Vec<String> = operation
            .path
            .split('{')
            .skip(1)
            .filter_map(|rest| rest.split('}').next())
            .map(str::to_owned)
            .collect();
        let literal = operation.path.split('{').next().unwrap_or_default();
        if path.starts_with(literal) && names.len() <= count && names.len() > best.len() {
            best = names;
        }
    }
    while best.len() < count {
        best.push(format!("id{}", best.len() + 1));
    }
    best
}

fn spec(page: &PageFacts, contract: &Contract, method: &str, path: &str, id: &str) -> Vec<String> {
    let names = parameters(path, contract);
    let mut written = String::new();
    for (index, part) in path.split("{}").enumerate() {
        if let Some(name) = index.checked_sub(1).and_then(|index| names.get(index)) {
            written.extend(["{", name, "}"]);
        }
        written.push_str(part);
    }
    let mut lines = vec![
        format!("{written}:"),
        format!("  {}:", method.to_lowercase()),
        format!("    operationId: {id}"),
        "    summary: 'DRAFT: say what it does.'".to_owned(),
        "    description: 'DRAFT: say what it starts, and whether it may be repeated.'".to_owned(),
        "    externalDocs:".to_owned(),
        format!(
            "      url: https://learn.microsoft.com/graph/api/{}",
            page.stem
        ),
        format!("    x-ms-versions: [{}]", page.version.unwrap_or("beta")),
        "    parameters:".to_owned(),
    ];
    for name in &names {
        lines.push(format!(
            "      - {{name: {name}, in: path, required: true, schema: {{type: string}}}}"
        ));
    }
    let properties: Vec<_> = page.of("request-property").collect();
    if !properties.is_empty() {
        lines.extend(
            [
                "    requestBody:",
                "      required: true",
                "      content:",
                "        application/json:",
                "          schema:",
                "            type: object",
                "            properties:",
            ]
            .map(str::to_owned),
        );
        for property in properties {
            lines.push(format!(
                "              {}: {{}} # {}",
                property.name(),
                property.value
            ));
        }
    }
    lines.push("    responses:".to_owned());
    for status in statuses(page) {
        lines.push(format!("      '{status}':"));
        lines.push("        description: 'DRAFT: say what it means.'".to_owned());
        if let Some(returned) = page.fact(&format!("return/{status}"))
            && returned.value != "none"
        {
            lines.push("        content:".to_owned());
            lines.push("          application/json:".to_owned());
            lines.push(format!(
                "            schema: {{$ref: '#/components/schemas/{}'}}",
                returned.value.trim_start_matches("collection of ")
            ));
            let example =
                page.examples
                    .iter()
                    .find_map(|example| match (&example.start, &example.body) {
                        (Start::Response(code), Some(Ok(body))) if *code == status => Some(body),
                        _ => None,
                    });
            if let Some(body) = example {
                let members: Vec<String> = body
                    .as_object()
                    .map(|members| members.keys().cloned().collect())
                    .unwrap_or_default();
                lines.push(format!(
                    "            # write an example with {}",
                    members.join(", ")
                ));
            }
        }
    }
    lines
}
