//! What statuses and answers mean, without asking anybody.

use msgraph_migrations::models::{
    CrossTenantMigrationJobStatus as JobStatus, CrossTenantMigrationServiceStatus as UserStatus,
    SharePointMigrationTaskStatus as TaskStatus,
};

use crate::error_codes;
use crate::exit::{Exit, Failure};
use crate::output::{Output, Row};

/// What an HTTP status means for these calls, and what to do.
const ANSWERS: [(&str, &str, &str); 12] = [
    (
        "200",
        "Done, or started. A validation or migration that was started goes on by itself.",
        "xtmig jobs show JOB",
    ),
    (
        "201",
        "The job was created; nothing moves yet.",
        "xtmig jobs validate JOB",
    ),
    (
        "202",
        "Accepted, not done: a cancellation or deletion is being carried out.",
        "xtmig jobs show JOB, until it is cancelled",
    ),
    ("204", "Done; there is nothing to say.", "nothing"),
    (
        "400",
        "The request is wrong. Nothing took effect.",
        "correct it and repeat",
    ),
    (
        "401",
        "The token is missing, expired, or not for Microsoft Graph. Nothing took effect.",
        "get a new token into XTMIG_TOKEN",
    ),
    (
        "403",
        "The token lacks a permission, or the caller a role. Nothing took effect.",
        "grant the permission that the error names",
    ),
    (
        "404",
        "There is no such job, user or task; or the version of the API has not reached the tenant.",
        "xtmig jobs list, or --api beta",
    ),
    (
        "409",
        "The state does not allow it. A cancellation that ends so stops nothing: what runs, goes on.",
        "xtmig jobs show JOB tells the state",
    ),
    (
        "422",
        "A value is not acceptable: a name that is taken, a time that has passed, a missing trust.",
        "correct what the message names",
    ),
    (
        "429",
        "Too many requests. Nothing took effect.",
        "wait as long as the answer says; xtmig does so by itself",
    ),
    (
        "5xx",
        "The service stumbled. An action may have taken effect all the same.",
        "look at the state before repeating",
    ),
];

/// Explains `word`, or everything.
pub fn run(word: Option<&str>, output: &mut Output) -> Result<Exit, Failure> {
    let rows: Vec<Row> = entries()
        .into_iter()
        .filter(|entry| word.is_none_or(|word| entry.is_about(word)))
        .map(Entry::row)
        .collect();
    if rows.is_empty() {
        let word = word.unwrap_or_default();
        return Err(
            Failure::new(Exit::NotFound, format!("nothing is known about {word}"))
                .because("it is no documented status, answer or error code")
                .next("see everything that is: xtmig explain"),
        );
    }
    output.rows(&rows, "")?;
    Ok(Exit::Done)
}

struct Entry {
    word: String,
    of: &'static str,
    meaning: String,
    next: String,
    /// Whether it is an error code or a family of those.
    is_code: bool,
}

impl Entry {
    fn is_about(&self, word: &str) -> bool {
        if self.is_code
            && let Some(found) = error_codes::explain(word)
        {
            return found.code == self.word;
        }
        let word = word.to_lowercase();
        let own = self.word.to_lowercase();
        own.contains(&word) || (own == "5xx" && word.len() == 3 && word.starts_with('5'))
    }

    fn row(self) -> Row {
        Row::new()
            .with("word", self.word)
            .with("of", self.of)
            .with("meaning", self.meaning)
            .with("next", self.next)
    }
}

fn entries() -> Vec<Entry> {
    let jobs = JobStatus::DOCUMENTED.iter().filter_map(|status| {
        let meaning = status.meaning()?;
        Some(entry(status.as_str(), "job", meaning, next(status)))
    });
    let users = UserStatus::DOCUMENTED.iter().filter_map(|status| {
        let meaning = status.meaning()?;
        Some(entry(status.as_str(), "workload of a user", meaning, ""))
    });
    let tasks = TaskStatus::DOCUMENTED.iter().filter_map(|status| {
        let meaning = status.meaning()?;
        Some(entry(status.as_str(), "SharePoint task", meaning, ""))
    });
    let answers = ANSWERS
        .iter()
        .map(|(status, meaning, next)| entry(status, "answer", meaning, next));
    let codes = error_codes::ALL.iter().map(|code| Entry {
        is_code: true,
        ..entry(code.code, code.of, code.meaning, code.next)
    });
    jobs.chain(users)
        .chain(tasks)
        .chain(answers)
        .chain(codes)
        .filter(|entry| entry.word != "unknownFutureValue")
        .collect()
}

fn entry(word: &str, of: &'static str, meaning: &str, next: &str) -> Entry {
    Entry {
        word: word.to_owned(),
        of,
        meaning: meaning.to_owned(),
        next: next.to_owned(),
        is_code: false,
    }
}

fn next(status: &JobStatus) -> &'static str {
    match status {
        JobStatus::Submitted | JobStatus::ValidateFailed => "xtmig jobs validate JOB",
        JobStatus::ValidatePassed => "xtmig jobs migrate JOB, within seven days",
        JobStatus::CompletedWithErrors | JobStatus::Failed => {
            "xtmig problems JOB, then xtmig retry JOB"
        }
        JobStatus::CuttingOver | JobStatus::PendingCancel | JobStatus::PendingDelete => "wait",
        JobStatus::Completed | JobStatus::Cancelled => {
            "xtmig jobs delete JOB, when its data may go"
        }
        _ => "xtmig jobs show JOB",
    }
}
