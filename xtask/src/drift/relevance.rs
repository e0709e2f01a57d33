//! Which pages of a folder are about this API.
//!
//! A clone of the documents' repository holds tens of thousands of pages about other products. A page is ours when
//! the ledger cites it, when it documents a call of our families, or when a page of ours gives it as the type of
//! something. That a type bears the same name is not enough.

use std::collections::{HashMap, HashSet};
use std::path::{Component, Path, PathBuf};

use crate::contract::Contract;
use crate::contract::ledger::Ledger;
use crate::documents::blocks::stem_of;
use crate::documents::folder::Unreadable;
use crate::documents::{Layout, place_in_repository};
use crate::facts::{Kind, PageFacts};

/// The API that pages are held against.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    /// The spec.
    pub contract: &'a Contract,
    /// The provenance file.
    pub ledger: &'a Ledger,
}

/// What a folder holds of ours.
pub struct Ours {
    pages: Vec<bool>,
    linked: HashSet<PathBuf>,
}

impl Ours {
    /// Whether the page at this index is ours.
    pub fn has(&self, index: usize) -> bool {
        self.pages.get(index).copied().unwrap_or(false)
    }

    /// Whether a page of ours gives the file as the type of something.
    pub fn links_to(&self, path: &Path) -> bool {
        self.linked.contains(path)
    }
}

impl Scope<'_> {
    /// Sorts the pages of an edition. A page that was given by itself is ours, whatever it says.
    pub fn ours(&self, pages: &[PageFacts], lone: bool) -> Ours {
        let families = self.contract.families();
        let mut ours: Vec<bool> = pages
            .iter()
            .map(|page| lone || self.is_ours(page, &families))
            .collect();
        let by_path: HashMap<&Path, usize> = pages
            .iter()
            .enumerate()
            .map(|(index, page)| (page.path.as_path(), index))
            .collect();
        let mut by_stem: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, page) in pages.iter().enumerate() {
            by_stem.entry(page.stem.as_str()).or_default().push(index);
        }
        let mut linked = HashSet::new();
        let mut open: Vec<usize> = (0..pages.len()).filter(|index| ours[*index]).collect();
        while let Some(index) = open.pop() {
            let Some(page) = pages.get(index) else {
                continue;
            };
            // The types of a type that the spec does not have lead away from this API.
            if !self.is_known(page) {
                continue;
            }
            for target in &page.type_links {
                let mut found = Vec::new();
                if let Some(path) = relative_to(&page.path, target) {
                    found.extend(by_path.get(path.as_path()).copied());
                    linked.insert(path);
                } else {
                    let stem = stem_of(target);
                    found.extend(by_stem.get(stem.as_str()).into_iter().flatten().filter(
                        |other| {
                            pages
                                .get(**other)
                                .is_some_and(|other| other.version == page.version)
                        },
                    ));
                }
                for other in found {
                    if ours.get(other) == Some(&false) {
                        ours[other] = true;
                        open.push(other);
                    }
                }
            }
        }
        Ours {
            pages: ours,
            linked,
        }
    }

    /// Whether a file that could not be understood would have been a page of ours.
    pub fn owns_unreadable(&self, file: &Unreadable, ours: &Ours, lone: bool) -> bool {
        if lone || ours.links_to(&file.path) {
            return true;
        }
        let stem = stem_of(&file.path.to_string_lossy());
        match place_in_repository(&file.path) {
            Some(place) => {
                let first = stem.split('-').next().unwrap_or_default();
                self.ledger.cites_path(&place)
                    || place.contains("/api/")
                        && self.contract.operations.iter().any(|operation| {
                            operation.stem.split('-').next() == Some(first) && stem.contains('-')
                        })
            }
            None => self.ledger.page(&stem, "").is_some(),
        }
    }

    fn is_ours(&self, page: &PageFacts, families: &[String]) -> bool {
        let placed = place_in_repository(&page.path);
        if let Some(place) = &placed
            && self.ledger.cites_path(place)
        {
            return true;
        }
        if let Some(address) = &page.source
            && self.ledger.cites_address(address)
        {
            return true;
        }
        match page.kind {
            Kind::Operation => page.paths().any(|path| {
                let path = path.split(' ').nth(1).unwrap_or_default().to_lowercase();
                families
                    .iter()
                    .any(|family| path.starts_with(&format!("{family}/")))
            }),
            Kind::Resource => {
                let lists_ours = page
                    .of("method")
                    .any(|method| self.contract.operation_of_stem(method.name()).is_some());
                // Copied text has lost its address and its links; its name is all that is left.
                let copied = page.layout == Layout::Web && page.source.is_none();
                let loose = placed.is_none() && page.namespace_is_plain;
                lists_ours
                    || loose
                        && (copied && self.schema_of(page)
                            || self.ledger.page(&page.stem, "").is_some())
            }
            // The one list of enumerations of the plain namespace; others belong to other products.
            Kind::Enumerations => page.stem == "enums",
            Kind::Guide => placed.is_none() && self.ledger.page(&page.stem, &page.title).is_some(),
        }
    }

    fn schema_of(&self, page: &PageFacts) -> bool {
        let name = page.fact("type").map_or("", |fact| fact.value.as_str());
        self.contract.schema_of_page(name, &page.stem).is_some()
    }

    fn is_known(&self, page: &PageFacts) -> bool {
        match page.kind {
            Kind::Operation => true,
            Kind::Resource => self.schema_of(page) || self.ledger.page(&page.stem, "").is_some(),
            Kind::Enumerations | Kind::Guide => false,
        }
    }
}

/// The file that a relative link of a page leads to; nothing for an address.
fn relative_to(page: &Path, target: &str) -> Option<PathBuf> {
    let target = target.split(['?', '#']).next().unwrap_or_default();
    if target.contains("://") || target.starts_with('/') || target.is_empty() {
        return None;
    }
    let mut path = page.parent()?.to_owned();
    for part in Path::new(target).components() {
        match part {
            Component::ParentDir => {
                path.pop();
            }
            Component::Normal(name) => path.push(name),
            _ => {}
        }
    }
    if path.extension().is_none() {
        path.set_extension("md");
    }
    Some(path)
}
