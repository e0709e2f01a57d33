//! What a status says about what is still to come.

use crate::models::{
    CrossTenantMigrationJobStatus, CrossTenantMigrationServiceStatus, CrossTenantMigrationTask,
    SharePointMigrationTaskStatus,
};

impl CrossTenantMigrationJobStatus {
    /// Whether the job is over: it moves nothing more unless somebody starts it again.
    ///
    /// So are `completed`, `completedWithErrors`, `failed` and `cancelled`, and `pendingDelete` and
    /// `deleted`, which only a job that was over comes to. The end of a validation is no end of the job; see
    /// [`is_end_of_validation`](Self::is_end_of_validation). A status that the documents do not explain
    /// or name is not final.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(
            self,
            Self::Completed
                | Self::CompletedWithErrors
                | Self::Failed
                | Self::Cancelled
                | Self::PendingDelete
                | Self::Deleted
        )
    }

    /// Whether a validation has ended: `validatePassed` or `validateFailed`.
    #[must_use]
    pub fn is_end_of_validation(&self) -> bool {
        matches!(self, Self::ValidatePassed | Self::ValidateFailed)
    }
}

impl CrossTenantMigrationServiceStatus {
    /// Whether this workload is over: `completed`, `failed` or `cancelled`.
    ///
    /// A status that the documents do not explain, as `error`, or do not name is not final.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled)
    }
}

impl CrossTenantMigrationTask {
    /// Whether every workload of the user is over; false when none is named, or one has no status.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !self.current_status.is_empty()
            && self.current_status.iter().all(|workload| {
                workload
                    .status
                    .as_ref()
                    .is_some_and(CrossTenantMigrationServiceStatus::is_final)
            })
    }
}

impl SharePointMigrationTaskStatus {
    /// Whether the move is over: `completed`, `cancelled` or `failed`.
    ///
    /// A status that the documents do not name is not final.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Completed | Self::Cancelled | Self::Failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_final_only_if_the_documents_make_it_an_end() {
        let job: Vec<_> = CrossTenantMigrationJobStatus::DOCUMENTED
            .iter()
            .filter(|status| status.is_final())
            .map(CrossTenantMigrationJobStatus::as_str)
            .collect();
        assert_eq!(
            job,
            [
                "completed",
                "completedWithErrors",
                "failed",
                "cancelled",
                "pendingDelete",
                "deleted"
            ]
        );
        let workload: Vec<_> = CrossTenantMigrationServiceStatus::DOCUMENTED
            .iter()
            .filter(|status| status.is_final())
            .map(CrossTenantMigrationServiceStatus::as_str)
            .collect();
        assert_eq!(workload, ["completed", "failed", "cancelled"]);
        let task: Vec<_> = SharePointMigrationTaskStatus::DOCUMENTED
            .iter()
            .filter(|status| status.is_final())
            .map(SharePointMigrationTaskStatus::as_str)
            .collect();
        assert_eq!(task, ["completed", "cancelled", "failed"]);
        let validated: Vec<_> = CrossTenantMigrationJobStatus::DOCUMENTED
            .iter()
            .filter(|status| status.is_end_of_validation())
            .map(CrossTenantMigrationJobStatus::as_str)
            .collect();
        assert_eq!(validated, ["validatePassed", "validateFailed"]);
        let odd = "wound up";
        assert!(!CrossTenantMigrationJobStatus::from(odd).is_final());
        assert!(!CrossTenantMigrationServiceStatus::from(odd).is_final());
        assert!(!SharePointMigrationTaskStatus::from(odd).is_final());
    }

    #[test]
    fn a_user_is_done_once_every_workload_is() {
        for (statuses, expected) in [
            (r#"[{"status":"completed"},{"status":"failed"}]"#, true),
            (r#"[{"status":"completed"},{"status":"synced"}]"#, false),
            (r#"[{"status":"completed"},{"service":"ODSP"}]"#, false),
            (r#"[{"status":"wound up"}]"#, false),
            ("[]", false),
        ] {
            let user = format!(r#"{{"currentStatus":{statuses}}}"#);
            let user: CrossTenantMigrationTask = serde_json::from_str(&user).expect("a user");
            assert_eq!(user.is_final(), expected, "{statuses}");
        }
    }
}
