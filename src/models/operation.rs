//! What the documents say about a call, beside its types.

use std::fmt;

/// One documented call of the service.
///
/// The constants are in [`operations`](crate::operations).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Operation {
    /// The name of the call in the spec, for instance `cancelJob`.
    pub id: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path below the version, with its parameters in braces.
    pub path: &'static str,
    /// Every documented status.
    pub statuses: &'static [u16],
    /// Whether the call exists in `v1.0`; all exist in `beta`.
    pub in_version_1: bool,
    /// The scope that grants this call and the least besides.
    pub least_privileged_scope: &'static str,
    /// Microsoft's page about the call.
    pub documentation: &'static str,
}

impl Operation {
    /// Whether sending the call twice leaves the service as sending it once would.
    ///
    /// Reads change nothing, and updates and deletions state where to end. Creating, validating,
    /// migrating and cancelling are actions: when one was answered by silence, read the state back
    /// instead of sending it again.
    #[must_use]
    pub fn is_idempotent(&self) -> bool {
        self.method != "POST"
    }

    /// Whether the call stops something that is or will be under way.
    ///
    /// It may go wrong to wait with these, so that they may [probe](crate::RateLimits) within a pause.
    #[must_use]
    pub fn is_cancellation(&self) -> bool {
        self.path.ends_with("/cancel")
    }

    /// With which other calls it is taken to share a limit.
    #[must_use]
    pub fn resource_family(&self) -> ResourceFamily {
        if self.path.starts_with("/solutions/sharePoint/") {
            ResourceFamily::SharePoint
        } else if self.method == "GET" {
            ResourceFamily::Reads
        } else {
            ResourceFamily::Actions
        }
    }
}

/// Calls that are taken to share a limit.
///
/// No document gives a limit of these calls. Graph's guidance on throttling says that services have
/// limits of their own, and that reads may pass while writes are throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ResourceFamily {
    /// Reading jobs and their users.
    Reads,
    /// Whatever changes jobs or their users.
    Actions,
    /// Tasks and mappings of SharePoint, read or changed.
    SharePoint,
}

impl ResourceFamily {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Reads, Self::Actions, Self::SharePoint];

    pub(crate) fn index(self) -> usize {
        self as usize
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Reads => "reads",
            Self::Actions => "actions",
            Self::SharePoint => "sharepoint",
        }
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}
