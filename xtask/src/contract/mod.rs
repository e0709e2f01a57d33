//! The curated spec, read with the line of every statement.

pub mod held;
pub mod ledger;
pub mod operation;
pub mod schema;
pub mod tree;
pub mod validation;

use std::cell::OnceCell;
use std::path::Path;

use crate::documents::blocks::stem_of;
use msgraph_migrations_checks::json_schema::Schemas;
use operation::Operation;
use tree::Node;

/// The spec.
#[derive(Debug)]
pub struct Contract {
    /// The file as it is named in reports.
    pub file: String,
    /// The whole document.
    pub root: Node,
    /// Its operations in order.
    pub operations: Vec<Operation>,
    /// Its schemas as a validator takes them, once somebody asked.
    schemas: OnceCell<Result<Schemas, String>>,
}

impl Contract {
    /// Reads the spec.
    ///
    /// # Errors
    /// Says which file and which place in it cannot be used.
    pub fn load(path: &Path) -> Result<Self, String> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {file}: {error}"))?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a spec.
    ///
    /// # Errors
    /// Says which place in it cannot be used.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let root = tree::parse(text).map_err(|error| format!("{file}:{error}"))?;
        let operations = operation::all(&root).map_err(|error| format!("{file}:{error}"))?;
        if operations.is_empty() {
            return Err(format!("{file}:1:1: it describes no operation"));
        }
        Ok(Self {
            file: file.to_owned(),
            root,
            operations,
            schemas: OnceCell::new(),
        })
    }

    /// Follows `$ref`s to the node that is meant.
    pub fn resolve<'a>(&'a self, node: &'a Node) -> &'a Node {
        let mut node = node;
        for _ in 0..32 {
            let Some(target) = node
                .text_of("$ref")
                .and_then(|pointer| self.root.at(pointer))
            else {
                return node;
            };
            node = target;
        }
        node
    }

    /// The schema of this name, whatever the case.
    pub fn schema(&self, name: &str) -> Option<(&str, &Node)> {
        let schemas = self.root.at("#/components/schemas")?;
        schemas.members().iter().find_map(|(key, node)| {
            key.eq_ignore_ascii_case(name)
                .then_some((key.as_str(), node))
        })
    }

    /// The object schema that a page about a type describes.
    pub fn schema_of_page(&self, type_name: &str, stem: &str) -> Option<(&str, &Node)> {
        self.schema(type_name).or_else(|| self.schema(stem))
    }

    /// The operation whose page has this name.
    pub fn operation_of_stem(&self, stem: &str) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|operation| operation.stem == stem)
    }

    /// The operation with this method and normalised path, whatever the case of the path.
    pub fn operation_of_path(&self, request: &str) -> Option<&Operation> {
        self.operations
            .iter()
            .find(|operation| operation.request().eq_ignore_ascii_case(request))
    }

    /// The folders in which the API's collections stand: `/solutions/migrations`.
    pub fn families(&self) -> Vec<String> {
        let mut families: Vec<String> = self
            .operations
            .iter()
            .filter_map(|operation| {
                let literal = operation
                    .path
                    .split(['{', '('])
                    .next()?
                    .trim_end_matches('/');
                let mut parts: Vec<&str> = literal.split('/').collect();
                parts.pop();
                (parts.len() > 1).then(|| parts.join("/").to_lowercase())
            })
            .collect();
        families.sort();
        families.dedup();
        // A folder inside another one adds nothing.
        let all = families.clone();
        families.retain(|family| {
            !all.iter()
                .any(|other| other != family && family.starts_with(&format!("{other}/")))
        });
        families
    }

    /// The name of the page that a schema cites, when it is a page about types.
    pub fn page_of_schema(schema: &Node) -> Option<String> {
        let url = schema.get("externalDocs")?.text_of("url")?;
        url.contains("/resources/").then(|| stem_of(url))
    }
}
