//! What a control endpoint refuses, and why.

use serde_json::{Value, json};

use crate::engine::rehearse::ControlError;

/// A refusal: status, code and message.
#[derive(Debug)]
pub(super) struct Refusal(pub(super) u16, pub(super) &'static str, pub(super) String);

impl From<ControlError> for Refusal {
    fn from(error: ControlError) -> Self {
        let message = error.to_string();
        match error {
            ControlError::NotFound(_) => Self(404, "notFound", message),
            ControlError::Invalid(_) => Self(400, "invalid", message),
        }
    }
}

pub(super) fn invalid(message: impl Into<String>) -> Refusal {
    Refusal(400, "invalid", message.into())
}

/// A refusal as it is answered.
pub(in crate::wire) fn refusal(status: u16, code: &str, message: &str) -> (u16, Value) {
    (status, json!({"error": {"code": code, "message": message}}))
}
