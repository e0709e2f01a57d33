//! What has to be written by hand for a new operation: drafts of its method, its row in the tests and its route.

use std::collections::{BTreeMap, BTreeSet};

use crate::contract::Contract;
use crate::contract::operation::Operation;
use crate::facts::PageFacts;
use crate::names;
use crate::terminal::visible;
use heck::{ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// A new operation.
pub struct New {
    /// Its `operationId`.
    pub id: String,
    /// Its method in upper case.
    pub method: String,
    /// Its path with named placeholders.
    pub path: String,
    /// Its path with placeholders that have no names.
    pub plain_path: String,
    /// The names of the placeholders.
    pub names: Vec<String>,
    /// The address of its page.
    pub url: String,
}

impl New {
    /// What a page describes; nothing when it names no request.
    pub fn of(page: &PageFacts, contract: &Contract) -> Option<Self> {
        let request = page.paths().next()?;
        let (method, plain_path) = request.split_once(' ')?;
        let names = placeholders(plain_path, contract);
        let mut path = String::new();
        for (index, part) in plain_path.split("{}").enumerate() {
            if let Some(name) = index.checked_sub(1).and_then(|index| names.get(index)) {
                path.extend(["{", name, "}"]);
            }
            path.push_str(part);
        }
        Some(Self {
            id: operation_id(&page.stem, contract),
            method: method.to_owned(),
            path,
            plain_path: plain_path.to_owned(),
            names,
            url: format!("https://learn.microsoft.com/graph/api/{}", page.stem),
        })
    }

    /// The operation whose path begins most alike.
    pub fn neighbour<'a>(&self, contract: &'a Contract) -> Option<&'a Operation> {
        let alike = |other: &&Operation| {
            let pairs = other.path.split('/').zip(self.path.split('/'));
            pairs.take_while(|(one, two)| one == two).count()
        };
        contract.operations.iter().max_by_key(alike)
    }
}

/// The statuses that a page documents.
pub fn statuses(page: &PageFacts) -> BTreeSet<u16> {
    page.of("response")
        .filter_map(|fact| fact.name().parse().ok())
        .collect()
}

/// Prints what a maintainer begins with.
pub fn print(page: &PageFacts, contract: &Contract) {
    let Some(new) = New::of(page, contract) else {
        return;
    };
    let (name, constant) = (new.id.to_snake_case(), new.id.to_shouty_snake_case());
    let arguments = arguments(&new.names);
    let listed = arguments.join(", ");
    let typed = arguments.iter().fold(String::new(), |mut typed, name| {
        typed.extend([", ", name, ": &str"]);
        typed
    });
    let returned = statuses(page)
        .into_iter()
        .find_map(|status| page.fact(&format!("return/{status}")))
        .filter(|fact| fact.value != "none")
        .map_or_else(
            || "()".to_owned(),
            |fact| match fact.value.strip_prefix("collection of ") {
                Some(inner) => names::type_of(&format!("{inner}CollectionResponse")),
                None => names::type_of(&fact.value),
            },
        );
    let check = arguments.first().map_or_else(
        || "Ok(())".to_owned(),
        |name| format!("check::segment(\"the {name}\", {name})"),
    );
    println!("draft of the method, for src/calls/, beside those of its family:");
    for line in [
        "/// DRAFT: say what it does, what it answers, and whether it may be repeated.".to_owned(),
        "///".to_owned(),
        "/// # Errors".to_owned(),
        "///".to_owned(),
        "/// DRAFT: say which refusals are errors.".to_owned(),
        "///".to_owned(),
        format!("/// [Microsoft's documentation]({})", new.url),
        format!("pub async fn {name}(&self{typed}) -> Result<Response<{returned}>, Error> {{"),
        "    self.call(".to_owned(),
        format!("        &operations::{constant},"),
        format!("        {check},"),
        format!("        |bare| async move {{ bare.{name}({listed}).await }},"),
        "        judgement::DRAFT, // the judgement of its neighbours, or one of its own"
            .to_owned(),
        "    )".to_owned(),
        "    .await".to_owned(),
        "}".to_owned(),
    ] {
        println!("  {}", visible(&line));
    }
    println!("draft of the row, for tests/it/support/calls.rs:");
    let given: Vec<String> = arguments.iter().map(|name| name.to_uppercase()).collect();
    println!(
        "  (\"{}\", |c| Box::pin(async {{ c.{name}({}).await.map(plain) }})),",
        new.id,
        given.join(", ")
    );
    println!("draft of the route, for sandbox/src/operation.rs and sandbox/src/dispatch/route.rs:");
    println!(
        "  Self::{} => \"{}\",",
        new.id.to_upper_camel_case(),
        new.id
    );
    println!(
        "  {} {} => Operation::{} // answers {}",
        new.method,
        visible(&new.path),
        new.id.to_upper_camel_case(),
        statuses(page)
            .iter()
            .map(u16::to_string)
            .collect::<Vec<_>>()
            .join(", ")
    );
}

/// The arguments of the method, by the thing that each names, as the methods beside it have them.
fn arguments(placeholders: &[String]) -> Vec<String> {
    let whole: Vec<String> = placeholders
        .iter()
        .map(|name| name.to_snake_case())
        .collect();
    let things: Vec<String> = whole
        .iter()
        .map(|name| name.trim_end_matches("_id"))
        .map(|name| name.rsplit('_').next().unwrap_or(name).to_owned())
        .collect();
    let different: BTreeSet<&String> = things.iter().collect();
    if different.len() == things.len() {
        things
    } else {
        whole
    }
}

/// `cancelJob` for `crosstenantmigrationjob-cancel`: the verb, and what the spec calls the thing elsewhere.
fn operation_id(stem: &str, contract: &Contract) -> String {
    let (noun, verb) = stem.split_once('-').unwrap_or((stem, "call"));
    let verb = verb.replace('-', " ");
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for operation in &contract.operations {
        let Some((other, its_verb)) = operation.stem.split_once('-') else {
            continue;
        };
        if let (true, Some(thing)) = (other == noun, operation.id.strip_prefix(its_verb)) {
            *counts.entry(thing.to_owned()).or_default() += 1;
        }
    }
    let thing = counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map_or_else(|| noun.to_upper_camel_case(), |(thing, _)| thing);
    let verb = verb.to_upper_camel_case();
    let mut letters = verb.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    first
        .into_iter()
        .chain(letters)
        .chain(thing.chars())
        .collect()
}

/// Names for the placeholders, taken from the path of the spec that begins alike.
fn placeholders(path: &str, contract: &Contract) -> Vec<String> {
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
