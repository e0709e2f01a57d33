//! Records which text of each page the spec was written from.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use crate::contract::held::Held;
use crate::contract::ledger::{Ledger, SourcePage};
use crate::documents::Page;
use crate::documents::folder;
use crate::drift::text::{self, Change};
use crate::facts::{self, PageFacts};
use crate::terminal::visible;

/// The refreshed ledger.
#[derive(Debug, Default)]
pub struct Refreshed {
    /// The text of the file.
    pub text: String,
    /// What changed, one line for each page.
    pub changes: Vec<String>,
    /// Pages whose text says something else or the same in other words, and that nobody said to have read.
    pub unread: Vec<String>,
    /// How many pages of the ledger were found.
    pub found: usize,
}

/// Puts the hash and the date of every page found in the documents into the ledger, and what it says into `held`.
///
/// Only the two values are replaced, so that comments and order stay as somebody wrote them. A page whose text
/// changed by more than its form keeps its old hash until it is named in `reviewed`, or `all` is.
///
/// # Errors
/// Fails when the documents cannot be read.
pub fn refresh(
    text: &str,
    ledger: &Ledger,
    held: &mut Held,
    documents: &Path,
    reviewed: &[String],
) -> Result<Refreshed, String> {
    let edition = folder::read(documents)?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut refreshed = Refreshed::default();
    let mut copies: HashMap<&str, (&Page, PageFacts)> = HashMap::new();
    for page in &edition.pages {
        let Ok(facts) = facts::extract(page) else {
            continue;
        };
        if let Some(source) = ledger.copied_by(&facts) {
            copies.entry(&source.key).or_insert((page, facts));
        }
    }
    for source in &ledger.pages {
        let Some((page, facts)) = copies.get(source.key.as_str()) else {
            continue;
        };
        refreshed.found += 1;
        let same = source.sha256.as_deref() == Some(page.sha256.as_str());
        let looked_at = reviewed
            .iter()
            .any(|name| name == "all" || *name == source.key);
        // A page without a hash was never meant to be followed word by word.
        if source.sha256.is_none() {
            continue;
        }
        if !same && !looked_at {
            match held.passages(&source.key) {
                None => {
                    refreshed.unread.push(format!(
                        "{} has another text than the one recorded; read it, then say so with `--reviewed {}`",
                        source.key, source.key
                    ));
                    continue;
                }
                Some(before) => {
                    let changes = text::changes(before, &facts.passages(), &HashSet::new());
                    if !changes.is_empty() {
                        refreshed.unread.push(shown(source, &page.file, &changes));
                        continue;
                    }
                }
            }
        }
        let mut changed = set(&mut lines, source, "sha256", &page.sha256, false);
        if let Some(date) = date_of(page) {
            changed |= set(&mut lines, source, "edition", &date, true);
        }
        held.set(&source.key, &facts.passages());
        if changed {
            refreshed.changes.push(visible(&format!(
                "{} has another text, from {}",
                source.key, page.file
            )));
        }
    }
    refreshed.text = lines.join("\n");
    if text.ends_with('\n') {
        refreshed.text.push('\n');
    }
    Ok(refreshed)
}

/// What somebody has to look at before the page counts as read.
fn shown(source: &SourcePage, file: &str, changes: &[Change]) -> String {
    let mut lines = vec![visible(&format!(
        "{} says something else, or the same in other words, in {file}:",
        source.key
    ))];
    for change in changes {
        if let Some(before) = &change.before {
            lines.push(format!("    -      {}", visible(before)));
        }
        if let Some(after) = &change.after {
            lines.push(format!("    +{:5} {}", change.line, visible(after)));
        }
    }
    lines.push(format!(
        "    when you have read it, say so with `--reviewed {}`",
        source.key
    ));
    lines.join("\n")
}

/// The date that a page bears, as year-month-day.
pub fn date_of(page: &Page) -> Option<String> {
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
    use crate::contract::held::Held;
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
        let mut held = Held::default();
        let kept = refresh(LEDGER, &ledger, &mut held, folder.path(), &[]).expect("documents");
        assert_eq!(
            (kept.text.as_str(), kept.unread.len()),
            (LEDGER, 2),
            "nobody has looked: {:?}",
            kept.unread
        );
        let all = ["all".to_owned()];
        let refreshed =
            refresh(LEDGER, &ledger, &mut held, folder.path(), &all).expect("documents");
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
        fs::write(&file, &refreshed.text).expect("a ledger");
        let ledger = Ledger::load(&file).expect("a ledger");
        let again =
            refresh(&refreshed.text, &ledger, &mut held, folder.path(), &[]).expect("documents");
        assert!(again.changes.is_empty() && again.unread.is_empty());
        assert_eq!(again.text, refreshed.text);
        // Another form of the same needs no reader, another statement does.
        for (page, unread) in [
            ("---\nms.date: 03/10/2026\n---\n\n#  One\n", 0),
            (
                "---\nms.date: 03/10/2026\n---\n\n# One\n\nAt most 7 days.\n",
                1,
            ),
        ] {
            fs::write(api.join("page-one.md"), page).expect("a page");
            let later = refresh(&refreshed.text, &ledger, &mut held, folder.path(), &[])
                .expect("documents");
            assert_eq!(later.unread.len(), unread, "{:?}", later.unread);
            assert_eq!(later.text == refreshed.text, unread == 1);
        }
    }
}
