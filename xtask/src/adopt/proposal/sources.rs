//! The ledger: which page a statement was taken from.

use super::{Files, Situation};

/// The name that the ledger gives to a page.
pub fn source_key(situation: &Situation<'_>) -> String {
    situation
        .ledger
        .copied_by(situation.page)
        .or_else(|| situation.ledger.page(&situation.page.stem, ""))
        .map_or_else(|| situation.page.stem.clone(), |source| source.key.clone())
}

/// Notes the page among the sources of a schema.
pub(super) fn source_of_schema(situation: &Situation<'_>, files: &mut Files, schema: &str) {
    let key = source_key(situation);
    let lines = &files.provenance;
    let entry = lines
        .top("schemas")
        .and_then(|schemas| lines.member(schemas, schema));
    if let Some(row) = entry {
        let written = lines.get(row).to_owned();
        let listed = written
            .split(['[', ']', ','])
            .any(|part| part.trim() == key);
        if !listed {
            // A list that is written in another way is left to the maintainer; the spec cites the page too.
            let _ = files.provenance.add_item(row, &key, None);
        }
    }
}

/// Notes the page as the source of a status.
pub(super) fn source_of_status(
    files: &mut Files,
    operation: &str,
    status: &str,
    page: &str,
) -> Result<(), String> {
    let lines = &files.provenance;
    let operations = lines
        .top("operations")
        .ok_or("the ledger has no operations")?;
    let entry = lines
        .member(operations, operation)
        .ok_or_else(|| format!("the ledger has no entry of {operation}"))?;
    let statuses = lines
        .member(entry, "statuses")
        .ok_or_else(|| format!("the ledger has no statuses of {operation}"))?;
    if let Some(row) = lines.member(statuses, status) {
        return files.provenance.add_item(row, page, None);
    }
    let mut after = statuses;
    for row in lines.inside(statuses) {
        let code: Option<u16> = lines
            .get(row)
            .trim()
            .split(':')
            .next()
            .and_then(|code| code.trim_matches('\'').parse().ok());
        if code.is_some_and(|code| code < status.parse().unwrap_or(0) && code != 429) {
            after = row;
        }
    }
    let indent = lines.inner_indent(statuses);
    files
        .provenance
        .insert_after(after, indent, &[format!("'{status}': [{page}]")]);
    Ok(())
}
