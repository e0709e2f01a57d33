//! A record: answers without anything that tells whose they are.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use msgraph_migrations::SPECIFICATION;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::answer::Answer;
use super::replacing::Replacing;
use super::specification::Specification;
use super::vocabulary::Vocabulary;

/// What a record calls itself; another number is another form.
const FORMAT: &str = "xtmig probe record 1";

/// The answers of one run, as they are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    pub format: String,
    /// The program that made it.
    pub program: String,
    /// The SHA-256 of the specification that it was held against.
    pub specification: String,
    /// The permissions of the token that the documents name, if it told any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    pub answers: Vec<Answer>,
}

impl Record {
    /// Replaces what tells whose answers they are.
    ///
    /// # Errors
    ///
    /// Names what stands for the values that would survive; there is no record then.
    pub fn of(
        specification: &Specification,
        scopes: Option<&[String]>,
        answers: &[Answer],
    ) -> Result<Self, String> {
        let vocabulary = Vocabulary::of(specification);
        let mut replacing = Replacing::new(&vocabulary);
        let record = Self {
            format: FORMAT.to_owned(),
            program: concat!("xtmig ", env!("CARGO_PKG_VERSION")).to_owned(),
            specification: hash(),
            scopes: scopes.map(documented),
            answers: replacing.answers(answers),
        };
        let survivors = replacing.survivors(&record.text()?);
        if survivors.is_empty() {
            return Ok(record);
        }
        Err(format!(
            "the record would still hold what {} stands for",
            survivors.join(" and ")
        ))
    }

    pub fn read(file: &Path) -> Result<Self, String> {
        let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
        let record: Self = serde_json::from_str(&text).map_err(|error| error.to_string())?;
        if record.format != FORMAT {
            return Err(format!(
                "it calls itself {:?}, and {FORMAT:?} can be read",
                record.format
            ));
        }
        Ok(record)
    }

    pub fn text(&self) -> Result<String, String> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        text.push('\n');
        Ok(text)
    }
}

/// Those that the documents name; others could tell whose token it is.
fn documented(scopes: &[String]) -> Vec<String> {
    let families = [
        "CrossTenantContentMigration.",
        "SharePointCrossTenantMigration.",
    ];
    let actions = ["Read.All", "ReadWrite.All", "Manage.All"];
    let is_documented = |scope: &&String| {
        families.iter().any(|family| {
            let action = scope.strip_prefix(family);
            action.is_some_and(|action| actions.contains(&action))
        })
    };
    scopes.iter().filter(is_documented).cloned().collect()
}

fn hash() -> String {
    let hash = Sha256::digest(SPECIFICATION.as_bytes());
    hash.iter().fold(String::new(), |mut text, byte| {
        // A text takes whatever is written.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
