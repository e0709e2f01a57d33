//! The error codes of single users and tasks that the support pages name.
//!
//! Their texts belong to their authors; the messages here are the sandbox's own and say no more than the name does.

use super::job::Service;

/// The codes of one part of the service.
pub(crate) struct Family {
    pub(crate) codes: &'static [&'static str],
    /// The workload whose errors these are, if they are those of one alone.
    pub(crate) service: Option<Service>,
    pub(crate) what: &'static str,
}

/// Every code that the support pages name.
pub(crate) const FAMILIES: &[Family] = &[
    Family {
        codes: &["EXCH-07", "EXCH-08", "EXCH-15"],
        service: Some(Service::Exchange),
        what: "Exchange refused to move the mailbox",
    },
    Family {
        codes: &["IM-003"],
        service: None,
        what: "the identity map has no usable entry for the user",
    },
    Family {
        codes: &["MIGR-001", "MIGR-002", "MIGR-003", "MIGR-004"],
        service: None,
        what: "the orchestrator could not migrate the user",
    },
    Family {
        codes: &[
            "CTM-001", "CTM-002", "CTM-100", "CTM-101", "CTM-102", "CTM-103", "CTM-104",
        ],
        service: None,
        what: "the batch could not take the user",
    },
    Family {
        codes: &[
            "CTTM-001", "CTTM-002", "CTTM-003", "CTTM-004", "CTTM-005", "CTTM-006", "CTTM-007",
            "CTTM-008", "CTTM-009", "CTTM-010", "CTTM-011", "CTTM-012", "CTTM-013", "CTTM-014",
            "CTTM-015", "CTTM-016", "CTTM-017", "CTTM-018", "CTTM-019",
        ],
        service: Some(Service::Teams),
        what: "Teams refused to move the chats",
    },
    Family {
        codes: &["TMS-003"],
        service: Some(Service::Teams),
        what: "Teams refused to move the chats",
    },
    Family {
        codes: &[
            "MMS-001", "MMS-002", "MMS-003", "MMS-004", "MMS-005", "MMS-006", "MMS-007", "MMS-008",
            "MMS-009", "MMS-010", "MMS-011", "MMS-012", "MMS-013",
        ],
        service: Some(Service::Meeting),
        what: "the meetings could not be moved",
    },
    Family {
        codes: &[
            "FeatureIsNotEnabled",
            "MnATrustNoSetupForPartner",
            "MnAOdbFailedToGetUrlForSourceUPN",
            "MnAIdentityMapEntryDoesNotExistsForSourceUPN",
            "MnAPartnersOnTheSameFarm",
            "MnAReverseTrustNeedsRequiredPartnerRole",
            "MnATrustWrongCmdletUsage",
            "MnAOdbForSourceUPNDoesNotExist",
            "MnAOdbForSourceUPNDoesNotExistYet",
            "MnAIdentityMapEntryTooManyForSourceUPN",
            "MnAIdentityMapEntryDoesNotMatchRequest",
            "MnAOdbUsersAreNotLicensed",
            "MnATargetUpnIsInvalid",
            "MnATargetDomainIsAlreadyInSourceSiteUsers",
            "MnATargetUserDoesNotExist",
            "MnATargetUserIsNotSpoEnabled",
            "MnAMoveJobWasNotCreated",
            "MnAMoveJobCreationFailed",
            "MnASiteMoveTargetUrlHasWriteConflict",
            "MnAOdbOwnerUrlMismatch",
            "MnATargetUrlNotValidForRename",
            "MnAFatalErrorAdminSiteCouldNotBeUsedAsMySiteHost",
            "MnABYOKEnabledOnSourceTenant",
            "MnATargetSideEnvironmentHasConditionsThatBlockTheMove",
            "MnASiteMoveIsInprogressOrFinished",
            "MnAPartnersFarmsAreIncompatible",
        ],
        service: Some(Service::Odsp),
        what: "SharePoint refused to move the site",
    },
];

fn family(code: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| {
        family
            .codes
            .iter()
            .any(|known| known.eq_ignore_ascii_case(code))
    })
}

/// The workload that a code implies.
pub(crate) fn service(code: &str) -> Option<Service> {
    family(code)?.service
}

/// What is said with a code when nothing was chosen.
pub(crate) fn message(code: &str) -> String {
    let what = family(code).map_or("the failure was chosen in the sandbox", |family| {
        family.what
    });
    format!("{code}: {what}.")
}
