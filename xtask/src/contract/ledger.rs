//! The provenance file: which page a statement comes from, and every decision between pages that disagree.

use std::path::Path;

use super::tree::{self, Node};
use crate::documents::blocks::stem_of;
use crate::documents::{Layout, place_in_repository};
use crate::facts::PageFacts;

/// A page that the spec was written from.
#[derive(Clone, Debug)]
pub struct SourcePage {
    /// Its stable name.
    pub key: String,
    /// Its title.
    pub title: String,
    /// Its address, when it has one.
    pub url: Option<String>,
    /// Its place in the documentation repository, when it has one.
    pub path: Option<String>,
    /// The hash of the text that it was when somebody last read it.
    pub sha256: Option<String>,
    /// The line of the ledger.
    pub line: usize,
}

impl SourcePage {
    /// Whether a page read is the one that is meant: its place in the repository, or its address.
    ///
    /// A page of the repository that was taken out of its place is known by its name.
    pub fn is_copied_by(&self, page: &PageFacts) -> bool {
        match (&self.path, &self.url) {
            (Some(path), _) if page.layout == Layout::Repository => {
                match place_in_repository(&page.path) {
                    Some(place) => place == *path,
                    None => page.stem == self.stem(),
                }
            }
            (None, Some(url)) => page
                .source
                .as_deref()
                .is_some_and(|address| same_address(address, url)),
            _ => false,
        }
    }

    /// The name that identifies the page in files and addresses.
    pub fn stem(&self) -> String {
        self.path
            .as_deref()
            .or(self.url.as_deref())
            .map_or_else(|| self.key.to_lowercase(), stem_of)
    }
}

/// A decision between documents that disagree.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Its name.
    pub id: String,
    /// Why it was taken.
    pub why: String,
    /// The findings it explains: key and line of the ledger.
    pub known: Vec<(String, usize)>,
}

/// The provenance file.
#[derive(Debug, Default)]
pub struct Ledger {
    /// The file as it is named in reports.
    pub file: String,
    /// The pages.
    pub pages: Vec<SourcePage>,
    /// For each operation and status the names of the pages it was taken from.
    pub statuses: Vec<(String, String, Vec<String>)>,
    /// The decisions.
    pub decisions: Vec<Decision>,
}

impl Ledger {
    /// Reads the provenance file.
    ///
    /// # Errors
    /// Says which file and which place in it cannot be used.
    pub fn load(path: &Path) -> Result<Self, String> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {file}: {error}"))?;
        Self::parse(&file, &text)
    }

    /// Reads the text of a provenance file.
    ///
    /// # Errors
    /// Says which place in it cannot be used.
    pub fn parse(file: &str, text: &str) -> Result<Self, String> {
        let root = tree::parse(text).map_err(|error| format!("{file}:{error}"))?;
        let mut ledger = Self {
            file: file.to_owned(),
            ..Self::default()
        };
        for (key, page) in root.get("pages").map_or(&[][..], Node::members) {
            let text = |name: &str| page.text_of(name).map(str::to_owned);
            ledger.pages.push(SourcePage {
                key: key.clone(),
                title: text("title").unwrap_or_default(),
                url: text("url"),
                path: text("path"),
                // A hash of digits alone is read as a number.
                sha256: page.get("sha256").map(Node::text),
                line: page.line,
            });
        }
        for (id, operation) in root.get("operations").map_or(&[][..], Node::members) {
            for (status, pages) in operation.get("statuses").map_or(&[][..], Node::members) {
                ledger
                    .statuses
                    .push((id.clone(), status.clone(), pages.texts()));
            }
        }
        for decision in root.get("decisions").map_or(&[][..], Node::items) {
            let id = decision
                .text_of("id")
                .ok_or_else(|| format!("{file}:{}:1: a decision has no id", decision.line))?;
            let known = decision.get("known").map_or(&[][..], Node::items);
            ledger.decisions.push(Decision {
                id: id.to_owned(),
                why: decision
                    .text_of("why")
                    .unwrap_or_default()
                    .trim()
                    .to_owned(),
                known: known.iter().map(|key| (key.text(), key.line)).collect(),
            });
        }
        Ok(ledger)
    }

    /// The page with this name or title.
    pub fn page(&self, stem: &str, title: &str) -> Option<&SourcePage> {
        self.pages
            .iter()
            .find(|page| page.key == stem || page.stem() == stem)
            .or_else(|| {
                self.pages
                    .iter()
                    .find(|page| !page.title.is_empty() && page.title.eq_ignore_ascii_case(title))
            })
    }

    /// The page that a page read is a copy of, perhaps changed.
    pub fn copied_by(&self, page: &PageFacts) -> Option<&SourcePage> {
        self.pages.iter().find(|source| source.is_copied_by(page))
    }

    /// Whether a page at this place in the documents' repository is cited.
    pub fn cites_path(&self, place: &str) -> bool {
        self.pages
            .iter()
            .any(|page| page.path.as_deref() == Some(place))
    }

    /// Whether the page at this address is cited.
    pub fn cites_address(&self, address: &str) -> bool {
        self.pages
            .iter()
            .filter_map(|page| page.url.as_deref())
            .any(|url| same_address(address, url))
    }

    /// Whether a status of an operation was taken from the page of this name.
    ///
    /// `None` when the ledger says nothing of this status. A rendered copy of a page goes under the page's
    /// name with `learn-` before it.
    pub fn takes_status_from(&self, operation: &str, status: u16, stem: &str) -> Option<bool> {
        let (.., pages) = self
            .statuses
            .iter()
            .find(|(id, code, _)| id == operation && *code == status.to_string())?;
        let copy = format!("learn-{stem}");
        Some(pages.iter().any(|page| page == stem || *page == copy))
    }

    /// The pages that a status of an operation was taken from.
    pub fn sources_of_status(&self, operation: &str, status: u16) -> &[String] {
        self.statuses
            .iter()
            .find(|(id, code, _)| id == operation && *code == status.to_string())
            .map_or(&[], |(.., pages)| pages)
    }
}

/// Addresses with and without a language are the same; the version in the query is not.
pub fn same_address(one: &str, other: &str) -> bool {
    let plain = |url: &str| url.replace("/en-us/", "/").to_lowercase();
    plain(one) == plain(other)
}
