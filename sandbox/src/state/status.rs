//! The statuses of a job, and which of them can follow which.

macro_rules! statuses {
    ($($(#[$doc:meta])* $variant:ident => $text:literal),+ $(,)?) => {
        /// The status of a job, under the names of the documents.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum JobStatus {
            $($(#[$doc])* $variant),+
        }

        impl JobStatus {
            /// Every status, in the order of the documents.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name that the service uses.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text),+
                }
            }
        }
    };
}

statuses! {
    /// Created, awaiting validation.
    Submitted => "submitted",
    /// Listed by the documents without a meaning.
    Approved => "approved",
    /// The migration is being set up.
    Processing => "processing",
    /// Mailboxes are cutting over.
    CuttingOver => "cuttingOver",
    /// Mailboxes are synchronising.
    InProgress => "inProgress",
    /// Every user is migrated.
    Completed => "completed",
    /// Some users had errors.
    CompletedWithErrors => "completedWithErrors",
    /// No user is migrated.
    Failed => "failed",
    /// The job was cancelled.
    Cancelled => "cancelled",
    /// The cancellation is being processed.
    PendingCancel => "pendingCancel",
    /// Listed by the documents without a meaning.
    AdminActionRequired => "adminActionRequired",
    /// The validation was asked for.
    ValidateSubmitted => "validateSubmitted",
    /// The validation is being set up.
    ValidateProcessing => "validateProcessing",
    /// The prerequisites are being checked.
    ValidateInProgress => "validateInProgress",
    /// Every user meets every prerequisite.
    ValidatePassed => "validatePassed",
    /// Some user misses some prerequisite.
    ValidateFailed => "validateFailed",
    /// The deletion is being processed.
    PendingDelete => "pendingDelete",
    /// The job's data is gone.
    Deleted => "deleted",
}

impl serde::Serialize for JobStatus {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> serde::Deserialize<'de> for JobStatus {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text)
            .ok_or_else(|| serde::de::Error::custom(format!("there is no status '{text}'")))
    }
}

impl JobStatus {
    /// Reads a status, whatever its case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let matches = |status: &&Self| status.as_str().eq_ignore_ascii_case(text);
        Self::ALL.iter().find(matches).copied()
    }

    /// The statuses that can follow this one, by the passing of time or by an action.
    #[must_use]
    pub fn successors(self) -> &'static [Self] {
        match self {
            Self::Submitted | Self::ValidateFailed => {
                &[Self::ValidateSubmitted, Self::PendingCancel]
            }
            Self::ValidateSubmitted => &[Self::ValidateProcessing, Self::PendingCancel],
            Self::ValidateProcessing => &[Self::ValidateInProgress, Self::PendingCancel],
            Self::ValidateInProgress => &[
                Self::ValidatePassed,
                Self::ValidateFailed,
                Self::PendingCancel,
            ],
            // Validation again only when an expired result may be renewed.
            Self::ValidatePassed => &[
                Self::Processing,
                Self::PendingCancel,
                Self::ValidateSubmitted,
            ],
            Self::Processing => &[Self::InProgress, Self::PendingCancel],
            Self::InProgress => &[Self::CuttingOver, Self::PendingCancel],
            Self::CuttingOver => &[Self::Completed, Self::CompletedWithErrors, Self::Failed],
            Self::CompletedWithErrors | Self::Failed => &[Self::Processing, Self::PendingDelete],
            Self::Completed | Self::Cancelled => &[Self::PendingDelete],
            Self::PendingCancel => &[Self::Cancelled],
            Self::PendingDelete => &[Self::Deleted],
            Self::Deleted => &[],
            Self::Approved | Self::AdminActionRequired => &[Self::PendingCancel],
        }
    }

    /// Whether a user of a job in this status counts as being in an active batch.
    pub(crate) fn is_active(self) -> bool {
        !matches!(
            self,
            Self::Completed
                | Self::CompletedWithErrors
                | Self::Failed
                | Self::Cancelled
                | Self::PendingDelete
                | Self::Deleted
        )
    }

    /// Whether the job hasn't come to migrating yet.
    pub(crate) fn is_validation(self) -> bool {
        matches!(
            self,
            Self::Submitted
                | Self::ValidateSubmitted
                | Self::ValidateProcessing
                | Self::ValidateInProgress
                | Self::ValidatePassed
                | Self::ValidateFailed
        )
    }
}
