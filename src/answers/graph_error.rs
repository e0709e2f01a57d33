//! The body of a refusal, in whatever shape it comes.

use serde::Serialize;
use serde_json::Value;

/// What a refusal says of its reason.
///
/// It is read with patience: any member may be missing or odd, `innerError` may be spelled
/// `innererror`, and the outer `error` may be absent. Nothing is left of a body that is not JSON;
/// the raw text is kept beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct GraphError {
    /// The code; programs branch on it, or on an inner one. The service may leave it empty.
    pub code: Option<String>,
    /// What happened, in words for people.
    pub message: Option<String>,
    /// What the error is about, for instance a property of the request.
    pub target: Option<String>,
    /// More specific errors beside this one.
    pub details: Vec<GraphError>,
    /// A more specific error inside this one.
    pub inner: Option<Box<GraphError>>,
    /// The service's id of the request, from the body.
    pub request_id: Option<String>,
    /// The caller's id of the request, from the body.
    pub client_request_id: Option<String>,
}

/// A body nests a few levels; more is an attempt to exhaust the stack.
const MAX_DEPTH: usize = 16;

impl GraphError {
    /// Reads the body of a refusal; all parts are absent when it has none that can be read.
    pub(crate) fn read(text: &[u8]) -> Self {
        let Ok(json) = serde_json::from_slice::<Value>(text) else {
            return Self::default();
        };
        match json.get("error") {
            Some(error @ Value::Object(_)) => Self::from_json(error, MAX_DEPTH),
            // The token endpoint's form, which gateways imitate: {"error": "code",
            // "error_description": "…"}.
            Some(Value::String(code)) => Self {
                code: Some(code.clone()),
                message: text_of(&json, &["error_description", "message"]),
                ..Self::default()
            },
            _ => Self::from_json(&json, MAX_DEPTH),
        }
    }

    fn from_json(json: &Value, depth: usize) -> Self {
        let Some(depth) = depth.checked_sub(1) else {
            return Self::default();
        };
        let inner = ["innerError", "innererror", "InnerError"]
            .iter()
            .find_map(|name| json.get(name));
        Self {
            code: text_of(json, &["code", "Code"]),
            message: text_of(json, &["message", "Message"]),
            target: text_of(json, &["target"]),
            details: json
                .get("details")
                .and_then(Value::as_array)
                .into_iter()
                .flatten()
                .map(|detail| Self::from_json(detail, depth))
                .collect(),
            inner: inner
                .filter(|inner| inner.is_object())
                .map(|inner| Box::new(Self::from_json(inner, depth))),
            request_id: text_of(json, &["request-id", "requestId"]),
            client_request_id: text_of(json, &["client-request-id", "clientRequestId"]),
        }
    }

    /// All codes that are not empty, from the outermost to the most specific.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let mut codes = Vec::new();
        self.collect_codes(&mut codes);
        codes.into_iter()
    }

    fn collect_codes<'a>(&'a self, codes: &mut Vec<&'a str>) {
        codes.extend(self.code.as_deref().filter(|code| !code.is_empty()));
        for detail in &self.details {
            detail.collect_codes(codes);
        }
        if let Some(inner) = &self.inner {
            inner.collect_codes(codes);
        }
    }
}

fn text_of(json: &Value, names: &[&str]) -> Option<String> {
    names.iter().find_map(|name| match json.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn codes(body: &str) -> Vec<String> {
        GraphError::read(body.as_bytes())
            .codes()
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn every_code_is_found_wherever_it_stands() {
        for (body, expected) in [
            (
                r#"{"error":{"code":"BadArgument","message":"m","details":[{"code":"minThresholdFailed"}]}}"#,
                vec!["BadArgument", "minThresholdFailed"],
            ),
            (
                r#"{"error":{"code":"a","innerError":{"code":"b","innererror":{"code":"c"}}}}"#,
                vec!["a", "b", "c"],
            ),
            (
                r#"{"error":{"code":"","innererror":{"code":429}}}"#,
                vec!["429"],
            ),
            (r#"{"code":"bare","message":"no envelope"}"#, vec!["bare"]),
            (
                r#"{"error":"invalid_token","error_description":"expired"}"#,
                vec!["invalid_token"],
            ),
            (
                r#"{"error":{"code":null,"details":{"code":"not a list"},"innerError":"text"}}"#,
                vec![],
            ),
            (r#"{"error":[1,2]}"#, vec![]),
            ("<html>Bad Gateway</html>", vec![]),
            ("", vec![]),
        ] {
            assert_eq!(codes(body), expected, "{body}");
        }
    }

    #[test]
    fn a_body_nested_without_end_is_read_to_a_fixed_depth() {
        let body = format!(
            "{}{}{}",
            r#"{"error":"#,
            r#"{"code":"x","innerError":"#.repeat(100),
            "null"
        );
        let body = format!("{body}{}", "}".repeat(101));
        assert_eq!(codes(&body).len(), MAX_DEPTH);
    }
}
