//! Places in written files that hold a derived table.

use std::path::{Path, PathBuf};

/// The line that ends such a place.
pub const CLOSING: &str = "<!-- /regenerated -->";

/// The line that begins the place of a table.
pub fn opening(name: &str) -> String {
    format!("<!-- regenerated: {name} -->")
}

/// The files that may hold a table.
pub fn candidates(root: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = ["README.md", "openapi/README.md", "sandbox/README.md"]
        .iter()
        .map(|name| root.join(name))
        .filter(|file| file.is_file())
        .collect();
    let mut sources = Vec::new();
    let mut folders = vec![root.join("src")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(path);
            }
        }
    }
    sources.sort();
    files.extend(sources);
    files
}

/// The text with the table put into its place; nothing when it has no such place.
///
/// # Errors
/// Fails when a place begins and does not end.
pub fn replace(text: &str, name: &str, table: &str) -> Result<Option<String>, String> {
    let opening = opening(name);
    let Some(start) = text.find(&opening) else {
        return Ok(None);
    };
    let line_start = text
        .get(..start)
        .and_then(|before| before.rfind('\n'))
        .map_or(0, |end| end + 1);
    // In a source file the table stands in a comment, whose marks are repeated on each line.
    let prefix = text.get(line_start..start).unwrap_or_default();
    let after = start + opening.len();
    let rest = text.get(after..).unwrap_or_default();
    let Some(end) = rest.find(CLOSING) else {
        return Err(format!("`{opening}` is not followed by `{CLOSING}`"));
    };
    let mut block = format!("{opening}\n");
    for line in table.lines() {
        block.push_str(format!("{prefix}{line}").trim_end());
        block.push('\n');
    }
    block.push_str(prefix);
    let before = text.get(..start).unwrap_or_default();
    let tail = rest.get(end..).unwrap_or_default();
    Ok(Some(format!("{before}{block}{tail}")))
}

#[cfg(test)]
mod tests {
    use super::{CLOSING, opening, replace};

    #[test]
    fn a_table_is_put_into_its_place_and_stays_there() {
        for prefix in ["", "//! "] {
            let text = format!(
                "before\n{prefix}{}\n{prefix}old\n{prefix}{CLOSING}\nafter\n",
                opening("calls")
            );
            let once = replace(&text, "calls", "| a |\n| b |\n")
                .expect("a whole block")
                .expect("a place");
            let expected = format!(
                "before\n{prefix}{}\n{prefix}| a |\n{prefix}| b |\n{prefix}{CLOSING}\nafter\n",
                opening("calls")
            );
            assert_eq!(once, expected);
            let twice = replace(&once, "calls", "| a |\n| b |\n").expect("a whole block");
            assert_eq!(twice.as_ref(), Some(&once));
        }
    }

    #[test]
    fn a_place_that_does_not_end_is_an_error_and_a_missing_one_is_none() {
        assert!(replace(&opening("calls"), "calls", "x").is_err());
        assert_eq!(replace("nothing", "calls", "x"), Ok(None));
    }
}
