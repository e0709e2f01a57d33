//! What the core answers: a status, headers, a body, and what the request changed.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};

/// An answer before it is put on the wire.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Headers besides those that every answer carries.
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
    /// The body.
    pub(crate) body: Body,
    /// What the request changed, in words, for the log.
    pub(crate) effect: Option<String>,
}

/// The body of an [`Answer`].
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Body {
    /// No body at all.
    None,
    /// A JSON document.
    Json(Value),
    /// Plain text, as `/$count` answers.
    Text(String),
    /// A page from something that stands in front of the service.
    Html(String),
    /// A document in XML, as `/$metadata` answers.
    Xml(&'static str),
}

impl Answer {
    /// An answer without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::None,
            effect: None,
        }
    }

    /// An answer with a JSON body.
    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            body: Body::Json(body),
            ..Self::empty(status)
        }
    }

    /// The plain number that `/$count` answers.
    pub(crate) fn count(count: usize) -> Self {
        Self {
            body: Body::Text(count.to_string()),
            ..Self::empty(200)
        }
    }

    /// The same answer, which changed something.
    pub(crate) fn changing(mut self, effect: impl Into<String>) -> Self {
        self.effect = Some(effect.into());
        self
    }
}

/// One entry of an error's `details`.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) target: &'static str,
}

/// A refusal in the form that every Graph service uses.
#[derive(Clone, Debug)]
pub(crate) struct GraphError {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The code for programs.
    pub(crate) code: Cow<'static, str>,
    /// The message for people.
    pub(crate) message: String,
    /// The more specific code, if the documents name one.
    pub(crate) detail: Option<Box<Detail>>,
    /// Headers that belong to the refusal.
    pub(crate) headers: Vec<(Cow<'static, str>, String)>,
}

impl GraphError {
    pub(crate) fn new(
        status: u16,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            detail: None,
            headers: Vec::new(),
        }
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn conflict(message: impl Into<String>) -> Self {
        Self::new(409, "Conflict", message)
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(404, "NotFound", message)
    }

    /// The text of the drafts for a parameter that a request lacks.
    pub(crate) fn missing_parameter(name: &str) -> Self {
        Self::bad_request(format!(
            "Cannot process the request because the required parameter {name} is missing."
        ))
    }

    /// A 422 whose specific code stands in `details`, where the field is named too.
    pub(crate) fn bad_argument(
        code: &'static str,
        target: &'static str,
        message: impl Into<String>,
    ) -> Self {
        let message = message.into();
        Self::new(422, "BadArgument", message.clone()).with_detail(code, target, message)
    }

    pub(crate) fn with_detail(
        mut self,
        code: &'static str,
        target: &'static str,
        message: impl Into<String>,
    ) -> Self {
        self.detail = Some(Box::new(Detail {
            code,
            message: message.into(),
            target,
        }));
        self
    }

    pub(crate) fn with_header(
        mut self,
        name: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }

    /// Puts the refusal into Graph's envelope.
    pub(crate) fn into_answer(self, ids: &Ids, now: DateTime<Utc>) -> Answer {
        let mut error = Map::new();
        error.insert("code".into(), json!(self.code));
        error.insert("message".into(), json!(self.message));
        if let Some(detail) = &self.detail {
            error.insert("target".into(), json!(detail.target));
            error.insert(
                "details".into(),
                json!([{"code": detail.code, "message": detail.message, "target": detail.target}]),
            );
        }
        let mut inner = json!({
            "date": now.format("%Y-%m-%dT%H:%M:%S").to_string(),
            "request-id": ids.request,
            "client-request-id": ids.client_request,
        });
        if self.status == 429 {
            // The documented sample of throttling repeats itself in here.
            inner["code"] = json!("429");
            inner["status"] = json!("429");
            inner["message"] = json!("Please retry after");
        }
        error.insert("innerError".into(), inner);
        Answer {
            headers: self.headers,
            ..Answer::json(self.status, json!({ "error": error }))
        }
    }
}

/// The two identifiers that every answer carries.
#[derive(Clone, Debug)]
pub(crate) struct Ids {
    /// Given by the service.
    pub(crate) request: String,
    /// Given by the caller, else the same as the service's.
    pub(crate) client_request: String,
}
