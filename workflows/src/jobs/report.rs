//! What became of a job and of each of its users, in one place.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;

use futures_core::Stream;
use futures_util::TryStreamExt;

use crate::Workflows;
use crate::waiting::{Patience, WaitOptions};
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationServiceStatus as ServiceStatus,
    CrossTenantMigrationServiceStatusDetails as Details, CrossTenantMigrationTask as User,
    CrossTenantMigrationTaskCollectionResponse as Users, MigrationError,
};
use msgraph_migrations::{Error, ListOptions, Page, Refusal, Response};

/// How a whole job ended.
#[derive(Clone, Debug)]
#[must_use = "a job may fail, or not even start"]
pub enum JobRunEnd {
    /// `validatePassed`, where only a validation was asked for.
    ValidationPassed,
    /// `validateFailed`: the problems tell what is missing. Nothing was migrated.
    ValidationFailed,
    /// `completed`: all users were migrated.
    Completed,
    /// `completedWithErrors`: the problems tell who was not migrated; migrate again to retry them.
    CompletedWithErrors,
    /// `failed`: the problems tell why; migrate again to retry.
    Failed,
    /// `cancelled`.
    Cancelled,
    /// The job went elsewhere, for instance into deletion; its status says where.
    Elsewhere,
    /// The job was deleted in the meantime.
    Gone,
    /// The deadline passed; the job goes on by itself.
    DeadlinePassed,
    /// 409: the validation was not started; the job's status says why.
    ValidationNotStarted(Refusal),
    /// 409: the migration was not started; the job's status says why.
    MigrationNotStarted(Refusal),
    /// 409: the migration was not started, since the validation passed more than seven days ago.
    ValidationExpired(Refusal),
}

/// What became of a job, with everything that went wrong for its users.
///
/// It is shown as text for people: one line about the job, and one about each problem.
#[derive(Debug)]
#[must_use = "a job may fail, or not even start"]
#[non_exhaustive]
pub struct Report {
    /// The id or display name that was given.
    pub asked_for: String,
    /// How it ended.
    pub end: JobRunEnd,
    /// The job as last seen.
    pub job: Option<Job>,
    /// How many users were read.
    ///
    /// They are not read when the job is gone, or when the deadline has passed.
    pub users: usize,
    /// What went wrong, per user and workload, in the order of the service.
    pub problems: Vec<UserProblem>,
    /// Why users are missing above, if reading them broke off.
    pub users_unread: Option<Error>,
}

/// What went wrong in one workload of one user.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UserProblem {
    /// The object id of the user in the target tenant.
    pub user: String,
    /// The workload, for instance `Exchange`, as the service wrote it.
    pub workload: Option<String>,
    /// The status of the workload.
    pub status: Option<ServiceStatus>,
    /// The service's words on the status.
    pub message: Option<String>,
    /// The errors; the service may name none.
    pub errors: Vec<MigrationError>,
}

impl Report {
    /// How many users have a problem in at least one workload.
    #[must_use]
    pub fn users_with_problems(&self) -> usize {
        let users: BTreeSet<_> = self.problems.iter().map(|problem| &problem.user).collect();
        users.len()
    }
}

/// What of a user is a problem: a workload that is invalid or failed, and any other that has errors.
fn problems(user: User) -> impl Iterator<Item = UserProblem> {
    let id = user.id.unwrap_or_default();
    user.current_status
        .into_iter()
        .filter(is_problem)
        .map(move |details| UserProblem {
            user: id.clone(),
            workload: details.service,
            status: details.status,
            message: details.message.filter(|message| !message.is_empty()),
            errors: details.errors,
        })
}

fn is_problem(details: &Details) -> bool {
    !details.errors.is_empty()
        || matches!(
            details.status,
            Some(ServiceStatus::Invalid | ServiceStatus::Failed | ServiceStatus::Error)
        )
}

/// The problems of all users of a job, as far as they could be read.
#[derive(Default)]
pub(super) struct Collected {
    pub users: usize,
    pub problems: Vec<UserProblem>,
    pub unread: Option<Error>,
}

type Pages = Pin<Box<dyn Stream<Item = Result<Response<Users>, Error>> + Send>>;

impl Workflows {
    /// Reads all users of a job, and goes on after a failure from where it broke off.
    pub(super) async fn collect_problems(&self, job: &str, options: &WaitOptions) -> Collected {
        let mut collected = Collected::default();
        let mut patience = Patience::new(options, None);
        let mut next_link: Option<String> = None;
        loop {
            let mut pages: Pages = match &next_link {
                None => Box::pin(self.client.user_pages(job, ListOptions::new())),
                Some(link) => Box::pin(self.client.user_pages_from(link)),
            };
            let error = loop {
                match pages.try_next().await {
                    Ok(None) => return collected,
                    Ok(Some(page)) => {
                        let page = page.into_value();
                        next_link = page.next_link().map(str::to_owned);
                        for user in page.into_items() {
                            collected.users += 1;
                            collected.problems.extend(problems(user));
                        }
                        patience.succeeded(true);
                        if next_link.is_none() {
                            return collected;
                        }
                    }
                    Err(error) => break error,
                }
            };
            if let Err(error) = patience.bear(error) {
                collected.unread = Some(error);
                return collected;
            }
            patience.until_next().await;
        }
    }
}

/// Words of the service on one line.
pub(super) struct Line<'a>(pub &'a str);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            if character.is_control() {
                write!(f, "{}", character.escape_default())?;
            } else {
                write!(f, "{character}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Display for JobRunEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ValidationPassed => f.write_str("the validation passed"),
            Self::ValidationFailed => f.write_str("THE VALIDATION FAILED, nothing was migrated"),
            Self::Completed => f.write_str("completed"),
            Self::CompletedWithErrors => f.write_str("COMPLETED WITH ERRORS"),
            Self::Failed => f.write_str("FAILED"),
            Self::Cancelled => f.write_str("cancelled"),
            Self::Elsewhere => f.write_str("it ended otherwise"),
            Self::Gone => f.write_str("it was deleted in the meantime"),
            Self::DeadlinePassed => {
                f.write_str("its end was not seen in time, and it goes on by itself")
            }
            Self::ValidationNotStarted(refusal) => {
                write!(f, "THE VALIDATION WAS NOT STARTED: {refusal}")
            }
            Self::MigrationNotStarted(refusal) => {
                write!(f, "THE MIGRATION WAS NOT STARTED: {refusal}")
            }
            Self::ValidationExpired(refusal) => write!(
                f,
                "THE MIGRATION WAS NOT STARTED, its validation is too old: {refusal}"
            ),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Line(&self.asked_for))?;
        let job = self.job.as_ref();
        if let Some(id) = job
            .and_then(|job| job.id.as_deref())
            .filter(|id| *id != self.asked_for)
        {
            write!(f, " ({})", Line(id))?;
        }
        write!(f, ": {}", self.end)?;
        if let Some(status) = job.and_then(|job| job.status.as_ref()) {
            write!(f, "; status {}", Line(status.as_str()))?;
        }
        if let Some(message) = job
            .and_then(|job| job.message.as_deref())
            .filter(|m| !m.is_empty())
        {
            write!(f, ", \"{}\"", Line(message))?;
        }
        if self.users > 0 || !self.problems.is_empty() {
            let troubled = self.users_with_problems();
            write!(f, "\n{troubled} of {} users have problems", self.users)?;
        }
        if let Some(error) = &self.users_unread {
            write!(f, "\nthe users could not all be read: {error}")?;
        }
        self.problems
            .iter()
            .try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl fmt::Display for UserProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let workload = self.workload.as_deref().unwrap_or("unknown workload");
        let status = self
            .status
            .as_ref()
            .map_or("of unknown status", ServiceStatus::as_str);
        write!(
            f,
            "{}: {} {}",
            Line(&self.user),
            Line(workload),
            Line(status)
        )?;
        if let Some(message) = &self.message {
            write!(f, ", \"{}\"", Line(message))?;
        }
        for error in &self.errors {
            let code = error.code.as_deref().unwrap_or("no code");
            let message = error.message.as_deref().unwrap_or("no message");
            write!(f, "; {}: {}", Line(code), Line(message))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(json: &str) -> User {
        serde_json::from_str(json).expect("a user")
    }

    #[test]
    fn what_is_a_problem_is_told_by_status_and_by_errors() {
        for (details, expected) in [
            (r#"{"service":"Teams","status":"invalid"}"#, true),
            (r#"{"service":"Teams","status":"Failed","errors":[]}"#, true),
            (r#"{"service":"Teams","status":"error"}"#, true),
            (r#"{"service":"Teams","status":"completed"}"#, false),
            (
                r#"{"service":"Teams","status":"completed","errors":[{"code":"CTTM-007"}]}"#,
                true,
            ),
            (r#"{"service":"Teams","status":"awaitingReview"}"#, false),
            (r#"{"service":"Teams","status":"cancelled"}"#, false),
            (r#"{"errors":[{"message":"without a name"}]}"#, true),
        ] {
            let user = user(&format!(r#"{{"id":"u","currentStatus":[{details}]}}"#));
            assert_eq!(problems(user).count() == 1, expected, "{details}");
        }
    }

    #[test]
    fn a_report_is_text_with_a_line_for_each_problem() {
        let user = user(
            r#"{"id":"84c0d5ab","currentStatus":[
                {"service":"Exchange","status":"failed","message":"two\nlines","errors":[
                    {"code":"EXCH-07","message":"It wasn't possible."},{}]},
                {"service":"Teams","status":"completed"}]}"#,
        );
        let report = Report {
            asked_for: "Alderwood wave 3".to_owned(),
            end: JobRunEnd::CompletedWithErrors,
            job: serde_json::from_str(
                r#"{"id":"a35e80d7","status":"completedWithErrors","message":"Finished."}"#,
            )
            .ok(),
            users: 2,
            problems: problems(user).collect(),
            users_unread: None,
        };
        let expected = "Alderwood wave 3 (a35e80d7): COMPLETED WITH ERRORS; status completedWithErrors, \"Finished.\"
1 of 2 users have problems
  84c0d5ab: Exchange failed, \"two\\nlines\"; EXCH-07: It wasn't possible.; no code: no message";
        assert_eq!(report.to_string(), expected);
    }
}
