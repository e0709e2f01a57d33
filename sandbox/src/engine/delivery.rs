//! An answer on its way out, and what faults make of it.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::log::RequestEntry;
use super::shape;
use crate::answer::{Answer, Body, GraphError, Ids};
use crate::dispatch::admit;
use crate::faults::{Fault, RetryAfter};
use crate::operation::Operation;

/// The media type of every JSON answer.
pub(crate) const JSON: &str = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8";

/// How the answer leaves the house, from the gentlest to the harshest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Ending {
    /// As it should.
    Whole,
    /// Half of the body, with a length that fits.
    Halved,
    /// Half of the body, then the connection is closed.
    CutOff,
    /// The connection is closed without an answer.
    Dropped,
}

/// An answer together with how it is to be sent.
pub(crate) struct Delivery {
    pub(crate) answer: Answer,
    /// The body as it goes over the wire, with its media type.
    pub(crate) payload: Option<(&'static str, String)>,
    pub(crate) ids: Ids,
    pub(crate) ending: Ending,
    pub(crate) latency: Duration,
    /// Whether the caller's preference for unknown enumeration members was heeded.
    pub(crate) preference_applied: bool,
    /// What the log keeps: one entry, or one for each request of a batch and one for the batch.
    pub(crate) entries: Vec<Arc<RequestEntry>>,
}

/// The body of an answer in text, with its media type.
pub(super) fn payload(body: &Body) -> Option<(&'static str, String)> {
    match body {
        Body::None => None,
        Body::Json(json) => Some((JSON, json.to_string())),
        Body::Text(text) => Some(("text/plain", text.clone())),
        Body::Html(html) => Some(("text/html", html.clone())),
        Body::Xml(xml) => Some(("application/xml", (*xml).to_owned())),
    }
}

pub(super) fn too_many_requests() -> GraphError {
    GraphError::new(429, "TooManyRequests", "Please retry again later.")
}

pub(super) fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs()
        .saturating_add(u64::from(wait.subsec_nanos() > 0))
}

fn retry_after(error: GraphError, header: RetryAfter) -> GraphError {
    let value = match header {
        RetryAfter::None => return error,
        RetryAfter::Seconds(seconds) => seconds.to_string(),
        RetryAfter::Fraction(seconds) => seconds.to_string(),
        // A client holds a date against its own clock, so this one is real time.
        RetryAfter::Date(seconds) => (Utc::now() + crate::settings::span(seconds))
            .format("%a, %d %b %Y %H:%M:%S GMT")
            .to_string(),
    };
    error.with_header("retry-after", value)
}

/// The answer of a fault that has a status of its own.
pub(super) fn refusal(fault: &Fault) -> GraphError {
    match fault {
        Fault::Throttle {
            retry_after: header,
        } => retry_after(too_many_requests(), *header),
        Fault::ServiceUnavailable {
            retry_after: header,
            ..
        } => {
            let message = "The service is temporarily unavailable.";
            retry_after(GraphError::new(503, "ServiceUnavailable", message), *header)
        }
        Fault::GatewayTimeout { .. } => {
            GraphError::new(504, "GatewayTimeout", "The service didn't answer in time.")
        }
        Fault::BadGateway { .. } => GraphError::new(502, "BadGateway", "Bad gateway."),
        Fault::TokenExpired => admit::expired(),
        Fault::Status {
            status,
            code,
            message,
            headers,
            ..
        } => {
            let (usual_code, usual_message) = usual(*status);
            let mut error = GraphError::new(
                *status,
                code.clone().unwrap_or_else(|| usual_code.to_owned()),
                message.clone().unwrap_or_else(|| usual_message.to_owned()),
            );
            for (name, value) in headers {
                error = error.with_header(name.to_ascii_lowercase(), value);
            }
            error
        }
        _ => GraphError::new(500, "InternalServerError", "An unexpected error occurred."),
    }
}

/// The code and message of a status when a fault names neither.
fn usual(status: u16) -> (&'static str, &'static str) {
    match status {
        400 => (
            "BadRequest",
            "The request isn't one that the service understands.",
        ),
        401 => (
            "InvalidAuthenticationToken",
            "Access token validation failure.",
        ),
        403 => (
            "Authorization_RequestDenied",
            "Insufficient privileges to complete the operation.",
        ),
        404 => ("NotFound", "The resource wasn't found."),
        409 => (
            "Conflict",
            "The request conflicts with the state of the resource.",
        ),
        423 => ("Locked", "The resource is locked."),
        429 => ("TooManyRequests", "Please retry again later."),
        509 => ("BandwidthLimitExceeded", "The bandwidth limit is exceeded."),
        _ => ("SandboxChosenStatus", "The status was chosen by a fault."),
    }
}

const BAD_GATEWAY_PAGE: &str = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>502 Bad Gateway</h1>\r\n</body>\r\n</html>\r\n";

/// Applies a fault to an answer that is otherwise ready.
pub(super) fn distort(
    delivery: &mut Delivery,
    fault: &Fault,
    operation: Option<Operation>,
    now: DateTime<Utc>,
) {
    let is_success = (200..300).contains(&delivery.answer.status);
    match (fault, operation) {
        (
            Fault::InternalServerError { .. }
            | Fault::ServiceUnavailable { .. }
            | Fault::GatewayTimeout { .. }
            | Fault::TokenExpired,
            _,
        ) => {
            delivery.answer = refusal(fault).into_answer(&delivery.ids, now);
        }
        (Fault::Status { body, status, .. }, _) => {
            delivery.answer = refusal(fault).into_answer(&delivery.ids, now);
            match body {
                Some(Value::String(text)) => delivery.answer.body = Body::Text(text.clone()),
                Some(body) => delivery.answer.body = Body::Json(body.clone()),
                // HTTP gives these no body; other successes have none unless one is chosen.
                None if *status < 400 => delivery.answer.body = Body::None,
                None => {}
            }
            if matches!(status, 204 | 205 | 304) {
                delivery.answer.body = Body::None;
            }
        }
        (Fault::BadGateway { .. }, _) => {
            delivery.answer = Answer {
                body: Body::Html(BAD_GATEWAY_PAGE.into()),
                ..Answer::empty(502)
            };
        }
        (Fault::Latency { milliseconds }, _) => {
            delivery.latency = delivery
                .latency
                .saturating_add(Duration::from_millis(*milliseconds));
        }
        (Fault::DropBeforeEffect | Fault::DropAfterEffect, _) => delivery.ending = Ending::Dropped,
        (Fault::TruncateBody { well_framed: true }, _) => delivery.ending = Ending::Halved,
        (Fault::TruncateBody { well_framed: false }, _) => delivery.ending = Ending::CutOff,
        (Fault::EmptyBody, _) => delivery.answer.body = Body::None,
        (Fault::Throttle { .. }, _) | (_, None) => {}
        (Fault::UnknownEnumValue { value }, Some(operation)) if is_success => {
            let is_preferred = delivery.preference_applied;
            alter(delivery, |body| {
                shape::unknown_enum_value(body, operation, value, is_preferred);
            });
        }
        (Fault::UnknownMembers, _) => alter(delivery, shape::unknown_members),
        (Fault::OddCasing, Some(operation)) if is_success => {
            alter(delivery, |body| shape::odd_casing(body, operation));
        }
        (Fault::UnknownEnumValue { .. } | Fault::OddCasing, Some(_)) => {}
    }
}

fn alter(delivery: &mut Delivery, change: impl FnOnce(&mut Value)) {
    if let Body::Json(body) = &mut delivery.answer.body {
        change(body);
    }
}
