//! What can go wrong with a request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What goes wrong with a request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(
    tag = "kind",
    rename_all = "camelCase",
    rename_all_fields = "camelCase",
    deny_unknown_fields
)]
pub enum Fault {
    /// 429, nothing takes effect.
    Throttle {
        /// The header that says when to come back.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// 500 with Graph's error body.
    InternalServerError {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// 502 with a page of HTML, as something in front of the service answers.
    BadGateway {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// 503 with Graph's error body.
    ServiceUnavailable {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
        /// The header that says when to come back.
        #[serde(default)]
        retry_after: RetryAfter,
    },
    /// 504 with Graph's error body.
    GatewayTimeout {
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// Any status, code, message, headers and body; nothing takes effect unless chosen.
    Status {
        /// The status, 200 to 599.
        status: u16,
        /// The code of Graph's error body; the usual one of the status when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<String>,
        /// The message of Graph's error body.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<String>,
        /// Headers besides those of every answer.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        headers: BTreeMap<String, String>,
        /// The body in place of Graph's error body: a JSON document, or a text to be sent as it is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        body: Option<Value>,
        /// Whether the request took effect all the same.
        #[serde(default)]
        after_effect: bool,
    },
    /// 401 with the claims challenge of a token that has expired.
    TokenExpired,
    /// The answer comes late, in real time; the effect doesn't.
    Latency {
        /// How late.
        milliseconds: u64,
    },
    /// The connection is closed before the request takes effect.
    DropBeforeEffect,
    /// The connection is closed after the request took effect, without a byte of the answer.
    DropAfterEffect,
    /// Half of the body is missing.
    TruncateBody {
        /// Whether the length in the header fits what is sent; else the connection is closed in mid-body.
        #[serde(default)]
        well_framed: bool,
    },
    /// The status is right and the body is empty.
    EmptyBody,
    /// Enumerations have a member that nobody has heard of, if the request prefers to see those.
    UnknownEnumValue {
        /// The member.
        #[serde(default = "unheard_of")]
        value: String,
    },
    /// Every object has a member that no type declares.
    UnknownMembers,
    /// Enumerations start with a capital letter and workloads with a small one.
    OddCasing,
}

fn unheard_of() -> String {
    "awaitingReview".into()
}

/// The `Retry-After` header of a refusal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RetryAfter {
    /// There is none.
    #[default]
    None,
    /// Whole seconds.
    Seconds(u32),
    /// Seconds with a fraction, as Graph's documented sample has.
    Fraction(f64),
    /// The HTTP date this many seconds of real time ahead.
    Date(u32),
}

impl Fault {
    /// The name in JSON, for the log.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Throttle { .. } => "throttle",
            Self::InternalServerError { .. } => "internalServerError",
            Self::BadGateway { .. } => "badGateway",
            Self::ServiceUnavailable { .. } => "serviceUnavailable",
            Self::GatewayTimeout { .. } => "gatewayTimeout",
            Self::Status { .. } => "status",
            Self::TokenExpired => "tokenExpired",
            Self::Latency { .. } => "latency",
            Self::DropBeforeEffect => "dropBeforeEffect",
            Self::DropAfterEffect => "dropAfterEffect",
            Self::TruncateBody { .. } => "truncateBody",
            Self::EmptyBody => "emptyBody",
            Self::UnknownEnumValue { .. } => "unknownEnumValue",
            Self::UnknownMembers => "unknownMembers",
            Self::OddCasing => "oddCasing",
        }
    }

    /// Whether the request doesn't reach the service.
    pub(crate) fn prevents_effect(&self) -> bool {
        match self {
            Self::Throttle { .. } | Self::DropBeforeEffect | Self::TokenExpired => true,
            Self::InternalServerError { after_effect }
            | Self::BadGateway { after_effect }
            | Self::ServiceUnavailable { after_effect, .. }
            | Self::GatewayTimeout { after_effect }
            | Self::Status { after_effect, .. } => !after_effect,
            _ => false,
        }
    }

    /// Whether the fault decides by itself how the answer ends; only one of these can apply.
    pub(super) fn ends_answer(&self) -> bool {
        !matches!(
            self,
            Self::Latency { .. }
                | Self::UnknownEnumValue { .. }
                | Self::UnknownMembers
                | Self::OddCasing
        )
    }
}
