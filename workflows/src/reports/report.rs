//! A report on a job and its users.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use super::text::line;
use super::unique::Unique;
use msgraph_migrations::models::{
    CrossTenantMigrationJob as Job, CrossTenantMigrationServiceStatus as ServiceStatus,
    CrossTenantMigrationServiceStatusDetails as Details, CrossTenantMigrationTask as User,
    MigrationError as WorkloadError,
};
use msgraph_migrations::{Deviation, Error};

/// A job as it is, and what became of each of its users.
///
/// It is shown as text for people.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The id or display name that was given.
    pub asked_for: String,
    /// The job as last seen.
    pub job: Option<Job>,
    /// Its users.
    pub users: UserReport,
}

/// What became of the users of a job, each counted once.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct UserReport {
    /// How many users were read.
    ///
    /// After a wait they are not read when the job is gone, or when the deadline has passed.
    pub read: usize,
    /// The users as they were read, each once, in the order of the service.
    pub users: Vec<User>,
    /// How many users are in which status, by workload.
    ///
    /// A workload or a status that the service does not tell is counted as `unknown`.
    pub statuses: BTreeMap<String, BTreeMap<String, usize>>,
    /// The users of whom a workload is cancelled or about to be, by their object ids in the target
    /// tenant.
    pub cancelled: Vec<String>,
    /// What went wrong, per user and workload, in the order of the service.
    pub problems: Vec<UserProblem>,
    /// How many users have a problem of each code; `no code` for those that have none.
    pub problems_by_code: BTreeMap<String, usize>,
    /// The users of whom no status could be told, for one workload at least or for all.
    pub without_status: Vec<String>,
    /// How many users the service listed without an id; nothing about them is counted.
    pub without_id: usize,
    /// How many times the service listed somebody again, mostly because pages shifted meanwhile.
    pub listed_again: usize,
    /// What of the answers contradicts the documents, and so may be missing above.
    pub deviations: Vec<Deviation>,
    /// Why users are missing above, if reading them broke off.
    pub broke_off: Option<Arc<Error>>,
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
    pub errors: Vec<WorkloadError>,
}

impl UserReport {
    pub(super) fn of(
        users: Unique,
        deviations: Vec<Deviation>,
        broke_off: Option<Arc<Error>>,
    ) -> Self {
        let mut report = Self {
            without_id: users.nameless,
            listed_again: users.repeated,
            deviations,
            broke_off,
            ..Self::default()
        };
        for user in users.into_users() {
            report.add(user);
        }
        let mut by_code: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        for problem in &report.problems {
            let codes = problem.errors.iter().map(|error| error.code.as_deref());
            let codes = codes.map(|code| code.unwrap_or("no code"));
            let none = problem.errors.is_empty().then_some("no code");
            for code in codes.chain(none) {
                by_code
                    .entry(code.to_owned())
                    .or_default()
                    .insert(&problem.user);
            }
        }
        report.problems_by_code = by_code
            .into_iter()
            .map(|(code, users)| (code, users.len()))
            .collect();
        report
    }

    fn add(&mut self, user: User) {
        self.read += 1;
        let id = user.id.clone().unwrap_or_default();
        let statuses = || {
            user.current_status
                .iter()
                .map(|details| details.status.as_ref())
        };
        if statuses().len() == 0 || statuses().any(is_untold) {
            self.without_status.push(id.clone());
        }
        if statuses().flatten().any(is_cancelled) {
            self.cancelled.push(id);
        }
        for details in &user.current_status {
            let workload = workload_name(details.service.as_deref());
            let status = details
                .status
                .as_ref()
                .map_or("unknown", ServiceStatus::as_str);
            let counts = self.statuses.entry(workload).or_default();
            *counts.entry(status.to_owned()).or_default() += 1;
        }
        self.users.push(user.clone());
        self.problems.extend(problems(user));
    }

    /// How many users have a problem in at least one workload.
    #[must_use]
    pub fn with_problems(&self) -> usize {
        let users: BTreeSet<_> = self.problems.iter().map(|problem| &problem.user).collect();
        users.len()
    }

    /// Whether everything that the service told of the users could be read.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.broke_off.is_none()
            && self.deviations.is_empty()
            && self.without_status.is_empty()
            && self.without_id == 0
    }
}

fn is_untold(status: Option<&ServiceStatus>) -> bool {
    matches!(status, None | Some(ServiceStatus::UnknownFutureValue))
}

fn is_cancelled(status: &ServiceStatus) -> bool {
    matches!(
        status,
        ServiceStatus::Cancelled | ServiceStatus::PendingCancel
    )
}

/// The workload in the documents' spelling; answers write some in lower case.
fn workload_name(service: Option<&str>) -> String {
    let service = service.unwrap_or("unknown");
    ["Exchange", "Teams", "ODSP", "Meeting"]
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(service))
        .unwrap_or(service)
        .to_owned()
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

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_job(f, None)?;
        self.users.fmt(f)
    }
}

impl Report {
    /// Writes a line about the job, with how it `ended` if that is known.
    pub(crate) fn write_job(
        &self,
        f: &mut fmt::Formatter<'_>,
        ended: Option<&dyn fmt::Display>,
    ) -> fmt::Result {
        write!(f, "{}", line(&self.asked_for))?;
        let job = self.job.as_ref();
        if let Some(id) = job
            .and_then(|job| job.id.as_deref())
            .filter(|id| *id != self.asked_for)
        {
            write!(f, " ({})", line(id))?;
        }
        let mut separator = ": ";
        if let Some(ended) = ended {
            write!(f, ": {ended}")?;
            separator = "; ";
        }
        if let Some(status) = job.and_then(|job| job.status.as_ref()) {
            write!(f, "{separator}status {}", line(status.as_str()))?;
        }
        if let Some(message) = job
            .and_then(|job| job.message.as_deref())
            .filter(|m| !m.is_empty())
        {
            write!(f, ", \"{}\"", line(message))?;
        }
        Ok(())
    }
}

/// So many users, in words.
fn users(count: usize) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} user{plural}")
}

/// Text for people, each line after a line break.
impl fmt::Display for UserReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (problems, read) = (self.with_problems(), self.read);
        let have = if problems == 1 { "has" } else { "have" };
        if self.is_complete() {
            if read > 0 {
                write!(f, "\n{problems} of {} {have} problems", users(read))?;
            }
        } else if problems > 0 {
            write!(
                f,
                "\nat least {} {have} problems; {read} were read, and NOT ALL COULD BE READ",
                users(problems)
            )?;
        } else {
            write!(
                f,
                "\nwhether users have problems is NOT KNOWN: {read} were read, and not all could be"
            )?;
        }
        if !self.cancelled.is_empty() {
            let count = self.cancelled.len();
            let were = if count == 1 { "was" } else { "were" };
            write!(f, "\n{count} of {} {were} cancelled:", users(read))?;
            for user in &self.cancelled {
                write!(f, " {}", line(user))?;
            }
        }
        for (workload, counts) in &self.statuses {
            write!(f, "\n  {}:", line(workload))?;
            for (number, (status, count)) in counts.iter().enumerate() {
                let separator = if number == 0 { " " } else { ", " };
                write!(f, "{separator}{count} {}", line(status))?;
            }
        }
        if let Some(error) = &self.broke_off {
            write!(f, "\nthe users could not all be read: {error}")?;
        }
        if !self.without_status.is_empty() {
            write!(f, "\nno status could be told of")?;
            for user in &self.without_status {
                write!(f, " {}", line(user))?;
            }
        }
        if self.without_id > 0 {
            write!(f, "\nlisted without an id: {}", users(self.without_id))?;
        }
        for deviation in &self.deviations {
            write!(f, "\nnot read: {}", line(&deviation.to_string()))?;
        }
        for (code, count) in &self.problems_by_code {
            write!(f, "\n  {}: {}", line(code), users(*count))?;
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
            line(&self.user),
            line(workload),
            line(status)
        )?;
        if let Some(message) = &self.message {
            write!(f, ", \"{}\"", line(message))?;
        }
        for error in &self.errors {
            let code = error.code.as_deref().unwrap_or("no code");
            let message = error.message.as_deref().unwrap_or("no message");
            write!(f, "; {}: {}", line(code), line(message))?;
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
        let mut users = UserReport::of(Unique::default(), Vec::new(), None);
        users.add(user);
        users.add(self::user(
            r#"{"id":"e1","currentStatus":[{"service":"teams","status":"pendingCancel"}]}"#,
        ));
        users.problems_by_code = [("EXCH-07".to_owned(), 1)].into();
        let report = Report {
            asked_for: "Alderwood wave 3".to_owned(),
            job: serde_json::from_str(
                r#"{"id":"a35e80d7","status":"completedWithErrors","message":"Finished."}"#,
            )
            .ok(),
            users,
        };
        let expected = "Alderwood wave 3 (a35e80d7): status completedWithErrors, \"Finished.\"
1 of 2 users has problems
1 of 2 users was cancelled: e1
  Exchange: 1 failed
  Teams: 1 completed, 1 pendingCancel
  EXCH-07: 1 user
  84c0d5ab: Exchange failed, \"two\\nlines\"; EXCH-07: It wasn't possible.; no code: no message";
        assert_eq!(report.to_string(), expected);
    }
}
