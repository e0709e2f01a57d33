//! What error codes mean and what to do, in this project's own words.
//!
//! Of most codes the public pages give the name and the family alone; no more is claimed of those here. The codes
//! of users come from the support article on orchestrated migrations (December 2025), those of refused requests from
//! the same article and the pages of each call.

/// What a code means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The code, or what all codes of a family begin with, followed by an asterisk.
    pub code: &'static str,
    /// Where it comes from.
    pub of: &'static str,
    pub meaning: &'static str,
    pub next: &'static str,
}

/// The explanation of a code: its own, else that of its family.
pub fn explain(code: &str) -> Option<&'static Explanation> {
    let code = code.trim();
    let own = ALL
        .iter()
        .find(|explanation| explanation.code.eq_ignore_ascii_case(code));
    own.or_else(|| {
        let families = ALL.iter().filter(|explanation| {
            let start = explanation.code.strip_suffix('*');
            start.is_some_and(|start| {
                code.get(..start.len())
                    .is_some_and(|begin| begin.eq_ignore_ascii_case(start))
            })
        });
        families.max_by_key(|explanation| explanation.code.len())
    })
}

const fn of(
    code: &'static str,
    of: &'static str,
    meaning: &'static str,
    next: &'static str,
) -> Explanation {
    Explanation {
        code,
        of,
        meaning,
        next,
    }
}

const RETRY: &str = "remove the cause, then xtmig retry JOB";
const MAP: &str = "correct it with xtmig mappings apply, then xtmig retry JOB";
const TRUST: &str =
    "set the relationship up in SharePoint Online PowerShell on both sides, then retry";

/// Every code and family that is known.
pub const ALL: &[Explanation] = &[
    of(
        "EXCH-*",
        "Exchange",
        "Exchange did not move the mailbox.",
        "read the message; check licence, holds and the migration endpoint; then xtmig retry JOB",
    ),
    of(
        "IM-*",
        "identity map",
        "The identity map has no entry for the user that can be used.",
        MAP,
    ),
    of(
        "MIGR-*",
        "orchestrator",
        "The orchestrator could not migrate the user.",
        "read the message; then xtmig retry JOB",
    ),
    of(
        "CTM-*",
        "batch",
        "The batch could not take the user, or could not be worked on.",
        "read the message; then xtmig retry JOB",
    ),
    of(
        "CTM-001",
        "batch",
        "The user is in this batch already.",
        "nothing, unless the user does not appear in xtmig users list",
    ),
    of(
        "CTM-002",
        "batch",
        "The user is in another active batch; only one at a time may move a user.",
        "wait for the other job or cancel the user there, then retry",
    ),
    of(
        "CTM-102",
        "batch",
        "The service is busy.",
        "submit it again in a while: xtmig retry JOB",
    ),
    of(
        "CTTM-*",
        "Teams",
        "Teams did not move the chats.",
        "read the message; then xtmig retry JOB",
    ),
    of(
        "TMS-*",
        "Teams",
        "Teams did not move the chats.",
        "read the message; then xtmig retry JOB",
    ),
    of(
        "MMS-*",
        "meetings",
        "The meetings could not be moved.",
        "read the message; Teams and Exchange have to be workloads too; then xtmig retry JOB",
    ),
    of(
        "MnA*",
        "OneDrive and SharePoint",
        "SharePoint did not move the site.",
        RETRY,
    ),
    of(
        "FeatureIsNotEnabled",
        "OneDrive and SharePoint",
        "The migration between tenants is not switched on.",
        "check licence and set-up of both tenants",
    ),
    of(
        "MnATrustNoSetupForPartner",
        "OneDrive and SharePoint",
        "The tenants do not trust each other for this.",
        TRUST,
    ),
    of(
        "MnAReverseTrustNeedsRequiredPartnerRole",
        "OneDrive and SharePoint",
        "The relationship in the other direction has the wrong role.",
        TRUST,
    ),
    of(
        "MnATrustWrongCmdletUsage",
        "OneDrive and SharePoint",
        "The relationship was set up with wrong parameters.",
        TRUST,
    ),
    of(
        "MnAOdbFailedToGetUrlForSourceUPN",
        "OneDrive and SharePoint",
        "The address of the source user's OneDrive cannot be found.",
        "check the user principal name, and that the user has a OneDrive",
    ),
    of(
        "MnAOdbForSourceUPNDoesNotExist",
        "OneDrive and SharePoint",
        "The source user has no OneDrive.",
        "leave the user out, or create the OneDrive",
    ),
    of(
        "MnAOdbForSourceUPNDoesNotExistYet",
        "OneDrive and SharePoint",
        "The source user's OneDrive does not exist yet.",
        "wait until it is there, then retry",
    ),
    of(
        "MnAIdentityMapEntryDoesNotExistsForSourceUPN",
        "OneDrive and SharePoint",
        "The identity map has no entry for the source user.",
        MAP,
    ),
    of(
        "MnAIdentityMapEntryTooManyForSourceUPN",
        "OneDrive and SharePoint",
        "The identity map has more than one entry for the source user.",
        MAP,
    ),
    of(
        "MnAIdentityMapEntryDoesNotMatchRequest",
        "OneDrive and SharePoint",
        "The identity map names another target than the request.",
        MAP,
    ),
    of(
        "MnAOdbUsersAreNotLicensed",
        "OneDrive and SharePoint",
        "A user lacks the licence for the move.",
        "assign the licence, then retry",
    ),
    of(
        "MnATargetUpnIsInvalid",
        "OneDrive and SharePoint",
        "The target's user principal name cannot be used.",
        MAP,
    ),
    of(
        "MnATargetUserDoesNotExist",
        "OneDrive and SharePoint",
        "The target user does not exist.",
        "create the user in the target tenant, then retry",
    ),
    of(
        "MnATargetUserIsNotSpoEnabled",
        "OneDrive and SharePoint",
        "The target user may not use SharePoint.",
        "assign a licence with SharePoint, then retry",
    ),
    of(
        "MnATargetDomainIsAlreadyInSourceSiteUsers",
        "OneDrive and SharePoint",
        "The source site knows users of the target's domain already.",
        "remove them from the source site, then retry",
    ),
    of(
        "MnAMoveJobWasNotCreated",
        "OneDrive and SharePoint",
        "The move was not set up.",
        "retry",
    ),
    of(
        "MnAMoveJobCreationFailed",
        "OneDrive and SharePoint",
        "Setting the move up failed.",
        "retry",
    ),
    of(
        "MnASiteMoveTargetUrlHasWriteConflict",
        "OneDrive and SharePoint",
        "There is something at the target address already.",
        "remove it or choose another address, then retry",
    ),
    of(
        "MnAOdbOwnerUrlMismatch",
        "OneDrive and SharePoint",
        "The OneDrive belongs to somebody else.",
        "check who owns the OneDrive",
    ),
    of(
        "MnATargetUrlNotValidForRename",
        "OneDrive and SharePoint",
        "The target address cannot be used.",
        "choose another address",
    ),
    of(
        "MnAFatalErrorAdminSiteCouldNotBeUsedAsMySiteHost",
        "OneDrive and SharePoint",
        "The host that was named is the admin site, which holds no OneDrives.",
        "name the host that ends in -my.sharepoint.com",
    ),
    of(
        "MnABYOKEnabledOnSourceTenant",
        "OneDrive and SharePoint",
        "The source tenant encrypts with its own key, which forbids the move.",
        "ask Microsoft's support",
    ),
    of(
        "MnATargetSideEnvironmentHasConditionsThatBlockTheMove",
        "OneDrive and SharePoint",
        "Something in the target tenant forbids the move.",
        "read the message; ask Microsoft's support",
    ),
    of(
        "MnASiteMoveIsInprogressOrFinished",
        "OneDrive and SharePoint",
        "The same source is being moved or has been moved.",
        "xtmig sharepoint find tells the task",
    ),
    of(
        "MnAPartnersOnTheSameFarm",
        "OneDrive and SharePoint",
        "Both tenants are in the same place, which forbids the move.",
        "ask Microsoft's support",
    ),
    of(
        "MnAPartnersFarmsAreIncompatible",
        "OneDrive and SharePoint",
        "The tenants run versions that do not fit each other.",
        "wait two days, then retry",
    ),
    of(
        "SANDBOX-*",
        "simulator",
        "The simulator let it fail, as it was told to.",
        "xtmig retry JOB",
    ),
    of(
        "BadArgument",
        "refused request",
        "A value in the request is not acceptable; a second code tells which.",
        "correct what the message names",
    ),
    of(
        "duplicateDisplayNameJob",
        "refused request",
        "Another job has this display name.",
        "choose another name, or go on with that job",
    ),
    of(
        "minThresholdFailed",
        "refused request",
        "The time of the cutover has passed.",
        "choose a time in the future",
    ),
    of(
        "resourceTypeMismatch",
        "refused request",
        "The job is not over, so that it cannot be deleted.",
        "wait for its end or cancel it",
    ),
    of(
        "Conflict",
        "refused request",
        "The state of the job or user does not allow it.",
        "xtmig jobs show JOB tells the state",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_its_own_explanation_else_that_of_its_family() {
        for (code, expected) in [
            ("EXCH-07", "EXCH-*"),
            ("exch-15", "EXCH-*"),
            ("CTM-002", "CTM-002"),
            ("CTM-103", "CTM-*"),
            ("CTTM-019", "CTTM-*"),
            ("MnATargetUserDoesNotExist", "MnATargetUserDoesNotExist"),
            ("MnASomethingNew", "MnA*"),
            ("FeatureIsNotEnabled", "FeatureIsNotEnabled"),
        ] {
            assert_eq!(
                explain(code).map(|found| found.code),
                Some(expected),
                "{code}"
            );
        }
        for unknown in ["", "no code", "EXCHANGE", "Mn", "ÄÖÜ"] {
            assert_eq!(explain(unknown), None, "{unknown}");
        }
    }

    #[test]
    fn no_code_is_explained_twice_and_none_with_nothing() {
        for (index, one) in ALL.iter().enumerate() {
            assert!(
                !one.meaning.is_empty() && !one.next.is_empty(),
                "{}",
                one.code
            );
            assert!(
                ALL[..index].iter().all(|other| other.code != one.code),
                "{}",
                one.code
            );
        }
    }
}
