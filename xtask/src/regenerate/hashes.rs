//! Records which text of each page the spec was written from.

use std::path::Path;

use crate::contract::ledger::{Ledger, SourcePage, same_address};
use crate::documents::folder::{self, read_limited};
use crate::documents::{Layout, Page};
use sha2::{Digest, Sha256};

/// The refreshed ledger.
pub struct Refreshed {
    /// The text of the file.
    pub text: String,
    /// What changed, one line for each page.
    pub changes: Vec<String>,
    /// How many pages of the ledger were found.
    pub found: usize,
}

/// Puts the hash and the date of every page found in the documents into the ledger.
///
/// Only the two values are replaced, so that comments and order stay as somebody wrote them.
///
/// # Errors
/// Fails when the documents cannot be read.
pub fn refresh(text: &str, ledger: &Ledger, documents: &Path) -> Result<Refreshed, String> {
    let edition = folder::read(documents)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut refreshed = Refreshed {
        text: String::new(),
        changes: Vec::new(),
        found: 0,
    };
    for source in &ledger.pages {
        let Some(page) = edition.pages.iter().find(|page| is_copy(page, source)) else {
            continue;
        };
        refreshed.found += 1;
        let hash = Sha256::digest(read_limited(&page.path)?);
        let hash = hash
            .iter()
            .fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let mut changed = set(&mut lines, source, "sha256", &hash, false);
        if let Some(date) = date_of(page) {
            changed |= set(&mut lines, source, "edition", &date, true);
        }
        if changed {
            refreshed.changes.push(format!(
                "{} has another text, from {}",
                source.key, page.file
            ));
        }
    }
    refreshed.text = lines.join("\n");
    if text.ends_with('\n') {
        refreshed.text.push('\n');
    }
    Ok(refreshed)
}

/// Whether a page read is the one that the ledger means: its place in the repository, or its address.
fn is_copy(page: &Page, source: &SourcePage) -> bool {
    match (&source.path, &source.url) {
        (Some(path), _) => page.layout == Layout::Repository && page.path.ends_with(path),
        (None, Some(url)) => page
            .source
            .as_deref()
            .is_some_and(|address| same_address(address, url)),
        (None, None) => false,
    }
}

/// The date that a page bears, as year-month-day.
fn date_of(page: &Page) -> Option<String> {
    if let Some(date) = page.front_matter.get("ms.date") {
        let parts: Vec<&str> = date.split('/').collect();
        let [month, day, year] = parts.as_slice() else {
            return None;
        };
        return (year.len() == 4).then(|| format!("{year}-{month:0>2}-{day:0>2}"));
    }
    page.modified.clone()
}

/// Replaces one value of a page's entry; says whether it was another one.
fn set(lines: &mut [String], source: &SourcePage, member: &str, value: &str, quoted: bool) -> bool {
    let start = source.line;
    let entry = lines
        .iter_mut()
        .skip(start)
        .take_while(|line| line.starts_with("    ") || line.trim().is_empty());
    for line in entry {
        let Some(rest) = line.strip_prefix(&format!("    {member}: ")) else {
            continue;
        };
        let old = rest.trim().trim_matches(['\'', '"']);
        if old == value {
            return false;
        }
        *line = if quoted {
            format!("    {member}: '{value}'")
        } else {
            format!("    {member}: {value}")
        };
        return true;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::refresh;
    use crate::contract::ledger::Ledger;

    const LEDGER: &str = "# kept
pages:
  page-one:
    title: One
    path: api-reference/beta/api/page-one.md
    edition: '2025-01-02'
    sha256: 0000
  learn-page-two:
    title: Two
    url: https://learn.example/graph/api/page-two?view=graph-rest-beta
    edition: '2025-01-02' # kept as well
    sha256: 1111
  page-three:
    title: Three
    path: api-reference/beta/api/page-three.md
    sha256: 2222
decisions: []
";

    #[test]
    fn hash_and_date_of_the_pages_found_are_recorded_and_nothing_else_is_touched() {
        let folder = tempfile::tempdir().expect("a folder");
        let api = folder.path().join("api-reference/beta/api");
        fs::create_dir_all(&api).expect("a folder");
        fs::write(
            api.join("page-one.md"),
            "---\nms.date: 03/09/2026\n---\n\n# One\n",
        )
        .expect("a page");
        fs::write(
            folder.path().join("two.md"),
            "<!-- Source: https://learn.example/en-us/graph/api/page-two?view=graph-rest-beta -->\n\
             <!-- Sitemap-Last-Modified: 2026-04-05 -->\n\n# Two\n",
        )
        .expect("a page");
        let file = folder.path().join("provenance.yaml");
        fs::write(&file, LEDGER).expect("a ledger");
        let ledger = Ledger::load(&file).expect("a ledger");
        let refreshed = refresh(LEDGER, &ledger, folder.path()).expect("documents");
        assert_eq!(
            (refreshed.found, refreshed.changes.len()),
            (2, 2),
            "{:?}",
            refreshed.changes
        );
        let expected = LEDGER
            .replacen("'2025-01-02'", "'2026-03-09'", 1)
            .replace("'2025-01-02' # kept as well", "'2026-04-05'");
        let known: Vec<&str> = expected
            .lines()
            .filter(|line| !line.contains("sha256"))
            .collect();
        let written: Vec<&str> = refreshed
            .text
            .lines()
            .filter(|line| !line.contains("sha256"))
            .collect();
        assert_eq!(written, known);
        let hashes: Vec<&str> = refreshed
            .text
            .lines()
            .filter_map(|line| line.trim().strip_prefix("sha256: "))
            .collect();
        assert_eq!(
            hashes.iter().map(|hash| hash.len()).collect::<Vec<_>>(),
            [64, 64, 4]
        );
        let again = refresh(&refreshed.text, &ledger, folder.path()).expect("documents");
        assert!(again.changes.is_empty() && again.text == refreshed.text);
    }
}
