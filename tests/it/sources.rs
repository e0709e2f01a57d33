//! What is public of the service has a link to the page that it comes from.

use std::fs;
use std::path::Path;

const LINK: &str = "[Microsoft's documentation](https://learn.microsoft.com/";

/// The names of what is declared after one of these words, each with whether its comment holds the link.
fn declared(text: &str, words: &[&str]) -> Vec<(String, bool)> {
    let mut found = Vec::new();
    let mut comment = String::new();
    for line in text.lines() {
        let line = line.trim();
        let name = words.iter().find_map(|word| line.strip_prefix(word));
        if let Some(name) = name {
            let name = name
                .split(|c: char| !c.is_alphanumeric() && c != '_')
                .next();
            found.push((name.unwrap_or_default().to_owned(), comment.contains(LINK)));
        }
        // What ends an item begins the comment of the next.
        if line.ends_with([';', '}']) && !line.starts_with("///") {
            comment.clear();
        } else {
            comment.push_str(line);
        }
    }
    found
}

#[test]
fn every_call_and_every_type_links_its_page() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| fs::read_to_string(root.join(file)).expect(file);
    let calls = ["jobs", "sharepoint", "mappings"]
        .map(|room| read(&format!("src/calls/{room}.rs")))
        .map(|text| declared(&text, &["pub async fn "]))
        .concat();
    assert_eq!(calls.len(), 21);
    let models = read("tests/golden/models.rs");
    let (models, _) = models
        .split_once("pub mod builder")
        .unwrap_or((&models, ""));
    let types = declared(models, &["pub struct ", "pub enum "]);
    assert!(types.len() >= 40, "{}", types.len());
    let lacking: Vec<_> = calls
        .iter()
        .chain(&types)
        .filter(|(_, links)| !links)
        .map(|(name, _)| name)
        .collect();
    assert!(lacking.is_empty(), "no link: {lacking:?}");
}
