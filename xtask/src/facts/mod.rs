//! What a page states, one fact at a time, each with its line.

mod deprecation;
mod enumerations;
pub mod examples;
mod guide;
mod list;
mod operation;
pub mod passages;
mod resource;
pub mod shapes;
mod tables;
pub mod vocabulary;
pub use tables::scopes as joined_scopes;
pub mod wording;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::rc::Rc;

use crate::documents::blocks::{Content, Text};
use crate::documents::{Layout, Page};
use examples::Example;
use list::FactList;
use passages::Passage;
use wording::{Condition, Limit};

/// One statement of a page.
///
/// The key says what is spoken of (`response/202`, `property/status`), the value what is said of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The aspect and the name, separated by slashes.
    pub key: String,
    /// What is stated; empty when the key alone says it.
    pub value: String,
    /// The line of the page.
    pub line: usize,
}

impl Fact {
    /// The part of the key before the first slash.
    pub fn aspect(&self) -> &str {
        self.key.split('/').next().unwrap_or_default()
    }

    /// The part of the key after the first slash.
    pub fn name(&self) -> &str {
        self.key.split_once('/').map_or("", |(_, name)| name)
    }
}

/// What kind of page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Describes one call.
    Operation,
    /// Describes one type.
    Resource,
    /// Lists the members of many enumerations.
    Enumerations,
    /// Describes the whole in prose.
    Guide,
}

/// Everything a page states.
#[derive(Clone, Debug)]
pub struct PageFacts {
    /// The file as it is named in reports.
    pub file: String,
    /// The file on disk.
    pub path: PathBuf,
    /// The page's name, from its address or file.
    pub stem: String,
    /// The page's title.
    pub title: String,
    /// How it was written down.
    pub layout: Layout,
    /// The API version that its place names.
    pub version: Option<&'static str>,
    /// The address it was taken from, when it says so.
    pub source: Option<String>,
    /// What kind of page it is.
    pub kind: Kind,
    /// Whether it names no other namespace than `microsoft.graph`.
    pub namespace_is_plain: bool,
    /// The targets of the links that it gives as types and methods.
    pub type_links: Vec<String>,
    /// Simple statements.
    pub facts: FactList,
    /// Error conditions, with the words that describe them.
    pub conditions: Vec<Condition>,
    /// Limits stated as numbers.
    pub limits: Vec<Limit>,
    /// Examples.
    pub examples: Vec<Example>,
    /// Aspects that the page leaves to a file that was not there.
    pub elsewhere: BTreeSet<&'static str>,
    /// The page itself.
    page: Rc<Page>,
    /// The hash of the file.
    pub sha256: String,
    /// Remarks: what could not be read as meant.
    pub remarks: Vec<(usize, String)>,
}

impl PageFacts {
    /// Adds a fact unless the page already stated it.
    pub fn state(&mut self, key: impl Into<String>, value: impl Into<String>, line: usize) {
        self.facts.state(Fact {
            key: key.into(),
            value: value.into(),
            line,
        });
    }

    /// The page that states them.
    pub fn page(&self) -> &Page {
        &self.page
    }

    /// Everything that the page says, recognised or not.
    pub fn passages(&self) -> Vec<Passage> {
        passages::of_page(&self.page, &self.examples)
    }

    /// The facts of one aspect.
    pub fn of<'a>(&'a self, aspect: &'a str) -> impl Iterator<Item = &'a Fact> {
        self.facts
            .iter()
            .filter(move |fact| fact.aspect() == aspect)
    }

    /// The fact with exactly this key.
    pub fn fact(&self, key: &str) -> Option<&Fact> {
        self.facts.get(key)
    }

    /// The method and normalised path of every request the page documents.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.of("path").map(Fact::name)
    }
}

#[cfg(test)]
thread_local! {
    static EXTRACTIONS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
}

/// How many pages this thread has taken apart, for tests that count work.
#[cfg(test)]
pub fn extractions() -> usize {
    EXTRACTIONS.get()
}

/// Extracts the facts of a page.
///
/// # Errors
/// Says why the page cannot be understood.
pub fn extract(page: &Rc<Page>) -> Result<PageFacts, String> {
    #[cfg(test)]
    EXTRACTIONS.set(EXTRACTIONS.get() + 1);
    let kind = kind_of(page);
    let examples = examples::of_page(page);
    let mut facts = PageFacts {
        file: page.file.clone(),
        path: page.path.clone(),
        stem: page.stem(),
        title: page.title.clone(),
        layout: page.layout,
        version: page.version(),
        source: page.source.clone(),
        kind,
        namespace_is_plain: namespace_is_plain(page),
        type_links: type_links(page),
        facts: FactList::default(),
        conditions: Vec::new(),
        limits: Vec::new(),
        page: Rc::clone(page),
        sha256: page.sha256.clone(),
        examples,
        elsewhere: BTreeSet::new(),
        remarks: page.remarks.clone(),
    };
    wording::limits_of_page(page, &mut facts);
    match kind {
        Kind::Operation => operation::extract(page, &mut facts)?,
        Kind::Resource => resource::extract(page, &mut facts)?,
        Kind::Enumerations => enumerations::extract(page, &mut facts),
        Kind::Guide => guide::extract(page, &mut facts),
    }
    if kind != Kind::Guide {
        deprecation::of_page(page, &mut facts);
    }
    if let Some(version) = facts.version {
        facts.state(format!("version/{version}"), "", 1);
    }
    Ok(facts)
}

/// Links in the columns of names and types, and in the sentences that say what is returned.
fn type_links(page: &Page) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut add = |text: &Text| {
        for link in &text.links {
            let page = link.target.split('#').next().unwrap_or_default();
            if std::path::Path::new(page)
                .extension()
                .is_some_and(|extension| extension.eq_ignore_ascii_case("md"))
                || page.contains("resources/")
                || page.contains("api/")
            {
                found.push(link.target.clone());
            }
        }
    };
    for (section, block) in page.blocks() {
        match &block.content {
            Content::Paragraph(text) if section.is(&["response", "responses"]) => add(text),
            Content::Table(table) => {
                let words = table.column(&["description"]);
                for row in &table.rows {
                    for (_, cell) in row
                        .cells
                        .iter()
                        .enumerate()
                        .filter(|(column, _)| Some(*column) != words)
                    {
                        add(cell);
                    }
                }
            }
            _ => {}
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

fn namespace_is_plain(page: &Page) -> bool {
    page.blocks().all(|(_, block)| match &block.content {
        Content::Paragraph(text) => text
            .plain()
            .trim()
            .strip_prefix("Namespace:")
            .is_none_or(|name| name.trim() == "microsoft.graph"),
        _ => true,
    })
}

fn kind_of(page: &Page) -> Kind {
    match page.front_matter.get("doc_type").map(String::as_str) {
        Some("apiPageType") => return Kind::Operation,
        Some("resourcePageType") => return Kind::Resource,
        Some("enumPageType") => return Kind::Enumerations,
        Some("conceptualPageType") => return Kind::Guide,
        _ => {}
    }
    let has = |title: &str| page.sections.iter().any(|section| section.is(&[title]));
    if has("http request") {
        Kind::Operation
    } else if page.title.ends_with("resource type")
        || (has("properties") && has("json representation"))
    {
        Kind::Resource
    } else {
        Kind::Guide
    }
}

/// The name of a plain type, which pages write in any case.
fn primitive(name: &str) -> Option<&'static str> {
    const PRIMITIVES: [&str; 11] = [
        "String",
        "Boolean",
        "Guid",
        "Int32",
        "Int64",
        "Double",
        "Date",
        "DateTimeOffset",
        "Duration",
        "Binary",
        "Stream",
    ];
    PRIMITIVES
        .into_iter()
        .find(|primitive| primitive.eq_ignore_ascii_case(name))
}

/// A type as the tables write it, in one form: `none`, `String`, `collection of job`.
pub fn type_name(written: &str) -> String {
    let plain = written.replace(['`', '*'], "");
    let plain = plain.trim().trim_end_matches('.').trim();
    let plain = plain
        .strip_prefix("microsoft.graph.")
        .or_else(|| plain.strip_prefix("Edm."))
        .unwrap_or(plain);
    if plain.is_empty() || plain.eq_ignore_ascii_case("none") {
        return "none".to_owned();
    }
    if let Some(inner) = plain
        .strip_prefix("Collection(")
        .and_then(|rest| rest.strip_suffix(')'))
    {
        return format!("collection of {}", type_name(inner));
    }
    let words: Vec<&str> = plain.split_whitespace().collect();
    match words.as_slice() {
        [inner, collection] if collection.eq_ignore_ascii_case("collection") => {
            format!("collection of {}", type_name(inner))
        }
        [inner] if inner.ends_with("[]") => {
            format!("collection of {}", type_name(inner.trim_end_matches("[]")))
        }
        [name] => primitive(name).unwrap_or(name).to_owned(),
        _ => words.join(" "),
    }
}

/// A path with its placeholders emptied: their names are free, their places are not.
pub fn normal_path(path: &str) -> String {
    let mut normal = String::with_capacity(path.len());
    let mut depth = 0_usize;
    for letter in path.split(['?', '#']).next().unwrap_or_default().chars() {
        match letter {
            '{' => {
                if depth == 0 {
                    normal.push('{');
                }
                depth += 1;
            }
            '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    normal.push('}');
                }
            }
            _ if depth > 0 => {}
            _ => normal.push(letter),
        }
    }
    normal.trim_end_matches('/').to_owned()
}
