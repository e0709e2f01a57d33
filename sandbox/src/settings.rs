//! What the documents leave open, and what stands around the service.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::operation::Service;

/// Everything about the simulated service that can be chosen.
///
/// Where the public documents disagree, the default follows the newest and the setting chooses the other; the
/// numbers are those of the list of disagreements in the README. In JSON the names are in camelCase.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each one is an independent choice that a settings file names"
)]
pub struct Settings {
    /// Status of an accepted cancellation of one user: 202, or 200 as in the first draft (jobs 1).
    pub cancel_user_status: u16,
    /// Status of an accepted cancellation of a job: 202, or 200 as in the first draft (jobs 2).
    pub cancel_job_status: u16,
    /// Whether a cancellation is answered within `{"value": …}` (jobs 2).
    pub wrap_cancel_in_value: bool,
    /// Whether the answer to a job's cancellation names the job, which its type doesn't declare (jobs 3).
    pub cancel_answer_names_job: bool,
    /// Whether `POST …/crossTenantMigrationJobs/validate` creates a validation job (jobs 4).
    pub collection_validate: bool,
    /// What the creation of a job starts by itself (jobs 5 and 6).
    pub create_starts: CreateStarts,
    /// How many users a job may have: 2,000, or 100 by the admin guide (jobs 7).
    pub max_users_per_job: usize,
    /// What happens to a `completeAfterDateTime` in the past (jobs 8).
    pub past_complete_after: PastCompleteAfter,
    /// What waits for `completeAfterDateTime` (jobs 9).
    pub complete_after_gates: CompleteAfterGates,
    /// Whether an update is answered with 200 and the job instead of 204 (jobs 11).
    pub update_returns_job: bool,
    /// Whether the date of a job that migrates is fixed once it has passed: then 409. The admin guide says that it
    /// can be updated before it passes, no page says what happens after.
    pub refuse_late_update: bool,
    /// Until when a job that migrates can be cancelled (jobs 12 and 13).
    pub cancel_in_progress: CancelInProgress,
    /// Whether a job whose passed validation has expired can be validated again (jobs 14).
    pub revalidate_expired: bool,
    /// Whether the seven days also bind the retry of a failed job (jobs 14).
    pub expiry_binds_retry: bool,
    /// What `createdBy` says: a user principal name, or an object id (jobs 15).
    pub created_by: String,
    /// Whether `Meeting` may be named as a workload, as the admin guide does (jobs 16).
    pub accept_meeting_workload: bool,
    /// Which answers list `resources` and echo `resourceType` as it was sent (jobs 17).
    pub echo_resources: EchoResources,
    /// Whether statuses of jobs and tasks start with a capital letter (jobs 18).
    pub capitalised_statuses: bool,
    /// Whether one job or task is answered within `{"value": …}` (jobs 22).
    pub wrap_entity_in_value: bool,
    /// Whether a `completedWithErrors` job can be deleted; it is final, but the text of the 409 leaves it out.
    pub delete_completed_with_errors: bool,
    /// Whether a deleted job answers 404 instead of staying visible as `deleted`; no document says which.
    pub deleted_jobs_vanish: bool,
    /// The largest page; a greater `$top` gets this many. No document names a maximum.
    pub max_page_size: usize,

    /// Whether the tenants trust each other; without it every call on SharePoint tasks is a 422.
    pub trust_established: bool,
    /// Whether both tenants are on the same farm; then creating a SharePoint task is a 501.
    pub same_farm: bool,
    /// Whether a user's SharePoint task needs an entry in the identity map, else it is a 422.
    pub require_identity_map: bool,
    /// Source users without a OneDrive, by user principal name: creating their task is a 422.
    pub users_without_onedrive: Vec<String>,
    /// Whether `Manage.All` also allows reading; the pages suggest that it doesn't.
    pub manage_allows_reading: bool,
    /// The last status of a SharePoint task: `completed`, or `success` as in older pages (SharePoint D3).
    pub completed_literal: String,
    /// Whether task dates leave out the zero of a month, as the published samples do (SharePoint D16).
    pub unpadded_task_dates: bool,
    /// Whether a deleted mapping is told without `deleted`, as in older pages (SharePoint D19).
    pub mapping_answer_without_deleted: bool,
    /// Whether a group mapping's context names the staging host's version (SharePoint D22).
    pub staging_context: bool,

    /// How long each stage takes.
    pub timings: Timings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            cancel_user_status: 202,
            cancel_job_status: 202,
            wrap_cancel_in_value: false,
            cancel_answer_names_job: true,
            collection_validate: false,
            create_starts: CreateStarts::Nothing,
            max_users_per_job: 2000,
            past_complete_after: PastCompleteAfter::Accept,
            complete_after_gates: CompleteAfterGates::Cutover,
            update_returns_job: false,
            refuse_late_update: false,
            cancel_in_progress: CancelInProgress::UntilCompleteAfter,
            revalidate_expired: false,
            expiry_binds_retry: false,
            created_by: "migration.admin@target.example".into(),
            accept_meeting_workload: true,
            echo_resources: EchoResources::OnCreate,
            capitalised_statuses: false,
            wrap_entity_in_value: false,
            delete_completed_with_errors: true,
            deleted_jobs_vanish: false,
            max_page_size: 999,
            trust_established: true,
            same_farm: false,
            require_identity_map: true,
            users_without_onedrive: Vec::new(),
            manage_allows_reading: false,
            completed_literal: "completed".into(),
            unpadded_task_dates: false,
            mapping_answer_without_deleted: false,
            staging_context: false,
            timings: Timings::default(),
        }
    }
}

impl Settings {
    /// These settings with the members of a JSON object put over them, those of `timings` one by one.
    pub(crate) fn with(&self, change: &serde_json::Value) -> Result<Self, String> {
        let mut all = serde_json::json!(self);
        let (Some(all_members), Some(change)) = (all.as_object_mut(), change.as_object()) else {
            return Err("the settings aren't a JSON object".into());
        };
        for (name, value) in change {
            match (all_members.get_mut(name), value) {
                (Some(serde_json::Value::Object(old)), serde_json::Value::Object(new)) => {
                    old.extend(new.clone());
                }
                (_, value) => {
                    all_members.insert(name.clone(), value.clone());
                }
            }
        }
        let settings: Self = serde_json::from_value(all)
            .map_err(|error| format!("the settings don't fit: {error}"))?;
        settings.check()?;
        Ok(settings)
    }

    /// Says what is wrong with the settings, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        for (name, status) in [
            ("cancelUserStatus", self.cancel_user_status),
            ("cancelJobStatus", self.cancel_job_status),
        ] {
            if !matches!(status, 200 | 202) {
                return Err(format!(
                    "{name} is {status}; the documents know 200 and 202"
                ));
            }
        }
        if self.timings.spread_percent > 100 {
            return Err(format!(
                "timings.spreadPercent is {}; it goes to 100",
                self.timings.spread_percent
            ));
        }
        if self.max_page_size == 0 {
            return Err("maxPageSize is 0; a page holds at least one item".into());
        }
        if !matches!(self.completed_literal.as_str(), "completed" | "success") {
            return Err(format!(
                "completedLiteral is '{}'; the documents know 'completed' and 'success'",
                self.completed_literal
            ));
        }
        Ok(())
    }
}

/// What the creation of a job starts by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CreateStarts {
    /// Nothing: the job waits in `submitted`.
    Nothing,
    /// Validation, as the admin guide says.
    Validation,
    /// Migration, as the pages said until April 2026.
    Migration,
}

/// What happens to a `completeAfterDateTime` in the past.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PastCompleteAfter {
    /// It counts as already due.
    Accept,
    /// 422 `minThresholdFailed`.
    Refuse,
}

/// What waits for `completeAfterDateTime`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CompleteAfterGates {
    /// The cutover; mailboxes synchronise before it.
    Cutover,
    /// All processing of the batch.
    Processing,
}

/// Until when a job that migrates can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum CancelInProgress {
    /// Never: a migration in progress goes on.
    Never,
    /// Before its `completeAfterDateTime` passes.
    UntilCompleteAfter,
    /// Before mailboxes cut over, even after `completeAfterDateTime`.
    UntilCuttingOver,
}

/// Which answers list `resources` and echo `resourceType` as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EchoResources {
    /// The answer to the creation alone; others have `[]` and `users`.
    OnCreate,
    /// Every answer.
    Always,
    /// No answer.
    Never,
}

/// How many seconds of virtual time each stage takes; no document gives durations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Timings {
    /// `validateSubmitted` to `validateProcessing`.
    pub validate_submitted: u32,
    /// `validateProcessing` to `validateInProgress`.
    pub validate_processing: u32,
    /// `validateInProgress` to its result.
    pub validate_in_progress: u32,
    /// `processing` to `inProgress`.
    pub processing: u32,
    /// The first synchronisation, the least time a job is `inProgress`.
    pub synchronising: u32,
    /// `cuttingOver` to the end, at least; users whose workloads take longer keep the job there.
    pub cutting_over: u32,
    /// The cutover of one mailbox, from `finalizing` to its end.
    pub finalizing: u32,
    /// The OneDrive of one user, after the mailbox.
    pub odsp: u32,
    /// The Teams chats of one user, after the mailbox.
    pub teams: u32,
    /// The Teams meetings of one user, after the mailbox.
    pub meeting: u32,
    /// By how many percent at most the seed shortens what single users take; with 0 all take the same.
    pub spread_percent: u32,
    /// `pendingCancel` to `cancelled`, of a job and of one user.
    pub cancelling: u32,
    /// `pendingDelete` to `deleted`; the documents promise 48 hours at most (jobs 10).
    pub deleting: u32,
    /// How long a validation that passed is good for; the documents say seven days.
    pub validation_expiry: u32,
    /// The wait of a SharePoint task before it is picked up.
    pub task_pickup: u32,
    /// The work of a SharePoint task.
    pub task_work: u32,
}

impl Default for Timings {
    fn default() -> Self {
        const MINUTE: u32 = 60;
        const HOUR: u32 = 60 * MINUTE;
        Self {
            validate_submitted: MINUTE,
            validate_processing: MINUTE,
            validate_in_progress: 10 * MINUTE,
            processing: 5 * MINUTE,
            synchronising: HOUR,
            cutting_over: 30 * MINUTE,
            finalizing: 5 * MINUTE,
            odsp: 10 * MINUTE,
            teams: 10 * MINUTE,
            meeting: 5 * MINUTE,
            spread_percent: 0,
            cancelling: 5 * MINUTE,
            deleting: HOUR,
            validation_expiry: 7 * 24 * HOUR,
            task_pickup: 5 * MINUTE,
            task_work: 30 * MINUTE,
        }
    }
}

impl Timings {
    /// How long one workload of one user moves.
    pub(crate) fn of(&self, service: Service) -> u32 {
        match service {
            Service::Odsp => self.odsp,
            Service::Meeting => self.meeting,
            Service::Teams => self.teams,
            Service::Exchange => self.finalizing,
        }
    }
}

/// A duration of [`Timings`] as a span of time.
pub(crate) fn span(seconds: u32) -> TimeDelta {
    TimeDelta::seconds(i64::from(seconds))
}
