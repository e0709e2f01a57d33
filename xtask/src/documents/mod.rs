//! Reads pages in every layout they are published in.

pub mod blocks;
pub mod folder;
mod markdown;
mod plain_text;
mod typography;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use blocks::{Block, Content, Section, stem_of};
use sha2::{Digest, Sha256};

/// The way a page was written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The Markdown of the documentation repository, with front matter.
    Repository,
    /// What the web site renders: as Markdown, or as bare text.
    Web,
}

impl Layout {
    /// The word used in finding keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Repository => "repository",
            Self::Web => "web",
        }
    }
}

/// A page that was read.
#[derive(Clone, Debug)]
pub struct Page {
    /// The file as it is named in reports.
    pub file: String,
    /// The file on disk.
    pub path: PathBuf,
    /// How it was written down.
    pub layout: Layout,
    /// Its title: the first heading, or the front matter's.
    pub title: String,
    /// The front matter, `key: value` by line.
    pub front_matter: BTreeMap<String, String>,
    /// The address the page was taken from, when it says so.
    pub source: Option<String>,
    /// The date on which the web site last changed it, when the page says so.
    pub modified: Option<String>,
    /// The text below each heading.
    pub sections: Vec<Section>,
    /// The text below each heading as it is written, without what includes bring in.
    pub written: Vec<Section>,
    /// The hash of the file.
    pub sha256: String,
    /// Lines that could not be read as meant.
    pub remarks: Vec<(usize, String)>,
}

impl Page {
    /// The name that identifies the page whatever its layout: from its address, else from its file.
    pub fn stem(&self) -> String {
        match &self.source {
            Some(source) => stem_of(source),
            None => stem_of(&self.file),
        }
    }

    /// The API version that the page's place or address names.
    pub fn version(&self) -> Option<&'static str> {
        let place = self.path.to_string_lossy().replace('\\', "/");
        let address = self.source.as_deref().unwrap_or_default();
        if place.contains("/v1.0/") || address.contains("view=graph-rest-1.0") {
            Some("v1.0")
        } else if place.contains("/beta/") || address.contains("view=graph-rest-beta") {
            Some("beta")
        } else {
            None
        }
    }

    /// Every block with the section it stands in.
    pub fn blocks(&self) -> impl Iterator<Item = (&Section, &Block)> {
        self.sections
            .iter()
            .flat_map(|section| section.blocks.iter().map(move |block| (section, block)))
    }
}

/// Reads one page, following permission includes below `root`.
///
/// # Errors
/// Says why the bytes cannot be understood as a page.
pub fn read_page(path: &Path, file: String, bytes: &[u8], root: &Path) -> Result<Page, String> {
    let source = std::str::from_utf8(bytes)
        .map_err(|error| format!("not UTF-8: byte {} cannot be decoded", error.valid_up_to()))?;
    let source = &typography::plain(source);
    if source.trim().is_empty() {
        return Err("the file is empty".to_owned());
    }
    let front_matter = front_matter(source);
    let is_markdown = !front_matter.is_empty()
        || source.lines().any(|line| {
            line.starts_with("# ") || line.starts_with("## ") || line.starts_with("```")
        });
    let mut remarks = Vec::new();
    let parsed = if is_markdown {
        let parsed = markdown::parse(source);
        remarks = parsed.remarks;
        parsed.blocks
    } else if plain_text::looks_copied(source) {
        plain_text::parse(source)
    } else {
        return Err(
            "neither Markdown nor the text of a copied page: no heading was recognised".to_owned(),
        );
    };
    let address = parsed.iter().find_map(|block| match &block.content {
        Content::Comment(inside) => inside
            .strip_prefix("Source:")
            .map(|url| url.trim().to_owned()),
        _ => None,
    });
    let modified = parsed.iter().find_map(|block| match &block.content {
        Content::Comment(inside) => inside
            .strip_prefix("Sitemap-Last-Modified:")
            .map(|date| date.trim().to_owned()),
        _ => None,
    });
    let layout = if is_markdown && address.is_none() {
        Layout::Repository
    } else {
        Layout::Web
    };
    let title = parsed
        .iter()
        .find_map(|block| match &block.content {
            Content::Heading(1, text)
                if !text
                    .links
                    .iter()
                    .any(|link| link.target.starts_with("#tab")) =>
            {
                Some(text.plain().trim().to_owned())
            }
            _ => None,
        })
        .or_else(|| front_matter.get("title").cloned())
        .ok_or("it has no title: neither a first-level heading nor one in the front matter")?;
    let written = blocks::sections(&parsed);
    let expanded = expand_includes(parsed, path, root, &mut remarks);
    Ok(Page {
        file,
        path: path.to_owned(),
        layout,
        title,
        front_matter,
        source: address,
        modified,
        sections: blocks::sections(&expanded),
        written,
        sha256: hex(&Sha256::digest(bytes)),
        remarks,
    })
}

/// Replaces permission includes by the blocks of the included file when it is there.
///
/// Other includes are boilerplate shared by all pages and state nothing about this API.
fn expand_includes(
    parsed: Vec<Block>,
    path: &Path,
    root: &Path,
    remarks: &mut Vec<(usize, String)>,
) -> Vec<Block> {
    let mut expanded = Vec::with_capacity(parsed.len());
    for block in parsed {
        let Content::Include(target) = &block.content else {
            expanded.push(block);
            continue;
        };
        if !states_access(target) {
            continue;
        }
        match included(target, path, root) {
            Ok(text) => {
                let inner = markdown::parse(&typography::plain(&text));
                expanded.extend(
                    inner
                        .blocks
                        .into_iter()
                        .map(|inner| at_line(inner, block.line)),
                );
            }
            // A part of the repository does not hold the included files; what they state stays open.
            Err(Missing::Absent) => expanded.push(block),
            Err(Missing::Refused(reason)) => {
                remarks.push((
                    block.line,
                    format!("include {target} was not followed: {reason}"),
                ));
                expanded.push(block);
            }
        }
    }
    expanded
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The place of a file in the documents' repository, from its `api-reference` or `concepts` folder on.
pub fn place_in_repository(path: &Path) -> Option<String> {
    let path = path.to_string_lossy().replace('\\', "/");
    let from = ["/api-reference/", "/concepts/"]
        .iter()
        .filter_map(|folder| path.rfind(folder))
        .max()?;
    path.get(from + 1..).map(str::to_owned)
}

/// Whether an include carries permissions or roles.
pub fn states_access(target: &str) -> bool {
    target.contains("/permissions/") || target.contains("/rbac-for-apis/")
}

fn at_line(mut block: Block, line: usize) -> Block {
    block.line = line;
    if let Content::Table(table) = &mut block.content {
        for row in &mut table.rows {
            row.line = line;
        }
    }
    block
}

/// Why an included file was not read.
enum Missing {
    /// There is no such file.
    Absent,
    /// There is, but it must not or cannot be read.
    Refused(String),
}

fn included(target: &str, page: &Path, root: &Path) -> Result<String, Missing> {
    let folder = page.parent().unwrap_or(root);
    let path = folder
        .join(target)
        .canonicalize()
        .map_err(|_| Missing::Absent)?;
    if !path.starts_with(root) {
        return Err(Missing::Refused("it leads out of the folder".to_owned()));
    }
    let bytes = folder::read_limited(&path).map_err(Missing::Refused)?;
    String::from_utf8(bytes).map_err(|_| Missing::Refused("it is not UTF-8".to_owned()))
}

/// The front matter of these pages is flat, and often no valid YAML (`title: task: cancel`).
fn front_matter(source: &str) -> BTreeMap<String, String> {
    let mut lines = source.lines();
    if lines.next().map(str::trim_end) != Some("---") {
        return BTreeMap::new();
    }
    let mut found = BTreeMap::new();
    for line in lines {
        if line.trim_end() == "---" {
            return found;
        }
        if let Some((key, value)) = line.split_once(':') {
            let value = value.trim().trim_matches(['"', '\'']);
            found.insert(key.trim().to_owned(), value.to_owned());
        }
    }
    BTreeMap::new()
}
