//! The body of a refusal, in whatever shape it comes.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::answers::limits::AnswerLimits;
use crate::models::mending::mend;
use crate::models::one_line::OneLine;

/// What a refusal says of its reason.
///
/// It is read with patience: any member may be missing or odd, `innerError` may be spelled
/// `innererror`, and the outer `error` may be absent. Nothing is left of a body that is not JSON;
/// the raw text is kept beside it. Of a body beyond all measure, 128 errors are read, 16 levels deep, and
/// 16 KiB of each text, unless [`AnswerLimits`](crate::AnswerLimits) say otherwise.
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

/// How much of a body is shown in one line.
const MAX_SHOWN_CODES: usize = 8;
const MAX_SHOWN_CODE: usize = 100;

impl GraphError {
    /// Reads the body of a refusal; all parts are absent when it has none that can be read.
    ///
    /// Whatever the body holds, no more is kept than the limits say.
    pub(crate) fn read(text: &[u8], limits: AnswerLimits) -> Self {
        let body = read_body(text, limits).or_else(|_| {
            let mended = mend(text).ok_or(())?;
            read_body(mended.text.as_bytes(), limits).map_err(|_| ())
        });
        let Ok(body) = body else {
            return Self::default();
        };
        match body.envelope {
            Envelope::None => body.error,
            Envelope::Error(error) => *error,
            // The token endpoint's form, which gateways imitate: {"error": "code",
            // "error_description": "…"}.
            Envelope::Code(code) => Self {
                code: Some(code),
                message: body.description.or(body.error.message),
                ..Self::default()
            },
        }
    }

    /// All codes that are not empty, from the outermost to the most specific.
    pub fn codes(&self) -> impl Iterator<Item = &str> {
        let mut codes = Vec::new();
        self.collect_codes(&mut codes);
        codes.into_iter()
    }

    /// Codes and message as they follow "an error", the message up to so many characters.
    pub(crate) fn in_one_line(&self, most: usize) -> impl fmt::Display + use<> {
        let mut line = String::new();
        let codes: Vec<_> = self.codes().collect();
        if !codes.is_empty() {
            line.push_str(", ");
            let shown: Vec<_> = codes
                .iter()
                .take(MAX_SHOWN_CODES)
                .map(|code| OneLine(code, MAX_SHOWN_CODE).to_string())
                .collect();
            line.push_str(&shown.join("/"));
            if let Some(more) = codes
                .len()
                .checked_sub(MAX_SHOWN_CODES)
                .filter(|more| *more > 0)
            {
                line.push_str(" and ");
                line.push_str(&more.to_string());
                line.push_str(" more");
            }
        }
        if let Some(message) = &self.message {
            line.push_str(": ");
            line.push_str(&OneLine(message, most).to_string());
        }
        line
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

fn read_body(text: &[u8], limits: AnswerLimits) -> Result<Body, serde_json::Error> {
    let left = Cell::new(limits.errors);
    let mut json = serde_json::Deserializer::from_slice(text);
    let body = Level {
        depth: limits.error_levels,
        left: &left,
        limits,
    }
    .deserialize(&mut json)?;
    json.end()?;
    Ok(body)
}

/// An error, and what may stand around it at the top of a body.
#[derive(Default)]
struct Body {
    error: GraphError,
    envelope: Envelope,
    description: Option<String>,
}

/// What `error` holds.
#[derive(Default)]
enum Envelope {
    #[default]
    None,
    Error(Box<GraphError>),
    Code(String),
}

/// Reads one object of a body, of which everything may be missing or odd, and passes over the rest of it
/// without keeping it.
#[derive(Clone, Copy)]
struct Level<'a> {
    /// How many levels may follow, this one included.
    depth: usize,
    /// How many errors may follow, on all levels.
    left: &'a Cell<usize>,
    limits: AnswerLimits,
}

impl Level<'_> {
    /// A text, as much of it as is kept.
    fn text(self) -> Text {
        Text(self.limits.text_bytes)
    }

    fn deeper(self) -> Self {
        Self {
            depth: self.depth.saturating_sub(1),
            ..self
        }
    }
}

impl<'de> DeserializeSeed<'de> for Level<'_> {
    type Value = Body;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Body, D::Error> {
        json.deserialize_any(self)
    }
}

/// Visits anything that is no object, no list and no text: there is nothing to keep.
macro_rules! nothing_of_scalars {
    ($nothing:expr) => {
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
}

/// Visits numbers, which say no more than nothing does here.
macro_rules! nothing_of_numbers {
    ($nothing:expr) => {
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($nothing)
        }
    };
}

fn pass_over_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<(), A::Error> {
    while items.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

fn pass_over_object<'de, A: MapAccess<'de>>(mut members: A) -> Result<(), A::Error> {
    while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

impl<'de> Visitor<'de> for Level<'_> {
    type Value = Body;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an error")
    }

    nothing_of_scalars!(Body::default());
    nothing_of_numbers!(Body::default());

    fn visit_str<E>(self, text: &str) -> Result<Body, E> {
        Ok(Body {
            envelope: Envelope::Code(kept(text, self.limits.text_bytes)),
            ..Body::default()
        })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Body, A::Error> {
        pass_over_list(items).map(|()| Body::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Body, A::Error> {
        let mut body = Body::default();
        let left = self.left.get();
        if self.depth == 0 || left == 0 {
            return pass_over_object(members).map(|()| body);
        }
        self.left.set(left - 1);
        let is_top = self.depth == self.limits.error_levels;
        while let Some(name) = members.next_key::<Cow<'de, str>>()? {
            let error = &mut body.error;
            match &*name {
                "error" if is_top => {
                    // It is the outermost error, whatever is around it.
                    let inner = members.next_value_seed(self)?;
                    body.envelope = match inner.envelope {
                        Envelope::Code(code) => Envelope::Code(code),
                        _ if inner.error == GraphError::default() => Envelope::None,
                        _ => Envelope::Error(Box::new(inner.error)),
                    };
                }
                "error_description" if is_top => {
                    body.description = members.next_value_seed(self.text())?;
                }
                "code" | "Code" => keep(&mut error.code, members.next_value_seed(self.text())?),
                "message" | "Message" => {
                    keep(&mut error.message, members.next_value_seed(self.text())?);
                }
                "target" => keep(&mut error.target, members.next_value_seed(self.text())?),
                "request-id" | "requestId" => {
                    keep(&mut error.request_id, members.next_value_seed(self.text())?);
                }
                "client-request-id" | "clientRequestId" => {
                    keep(
                        &mut error.client_request_id,
                        members.next_value_seed(self.text())?,
                    );
                }
                "innerError" | "innererror" | "InnerError" => {
                    let inner = members.next_value_seed(self.deeper())?.error;
                    if inner != GraphError::default() {
                        error.inner = Some(Box::new(inner));
                    }
                }
                "details" => error.details = members.next_value_seed(Details(self.deeper()))?,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(body)
    }
}

fn keep(kept: &mut Option<String>, found: Option<String>) {
    if kept.is_none() {
        *kept = found;
    }
}

/// As much of a text as is kept.
fn kept(text: &str, most: usize) -> String {
    text[..text.floor_char_boundary(most)].to_owned()
}

/// A text, or a number, which some services write for a code; so many bytes of it are kept.
struct Text(usize);

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<String>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text")
    }

    nothing_of_scalars!(None);

    fn visit_str<E>(self, text: &str) -> Result<Option<String>, E> {
        Ok(Some(kept(text, self.0)))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Option<String>, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Option<String>, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Option<String>, E> {
        Ok(Some(number.to_string()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Option<String>, A::Error> {
        pass_over_list(items).map(|()| None)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Option<String>, A::Error> {
        pass_over_object(members).map(|()| None)
    }
}

/// The errors beside an error.
struct Details<'a>(Level<'a>);

impl<'de> DeserializeSeed<'de> for Details<'_> {
    type Value = Vec<GraphError>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Vec<GraphError>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Details<'_> {
    type Value = Vec<GraphError>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of errors")
    }

    nothing_of_scalars!(Vec::new());
    nothing_of_numbers!(Vec::new());

    fn visit_str<E>(self, _: &str) -> Result<Vec<GraphError>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<GraphError>, A::Error> {
        let mut details = Vec::new();
        while self.0.left.get() > 0
            && let Some(detail) = items.next_element_seed(self.0)?
        {
            details.push(detail.error);
        }
        pass_over_list(items).map(|()| details)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Vec<GraphError>, A::Error> {
        pass_over_object(members).map(|()| Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn codes(body: &str) -> Vec<String> {
        GraphError::read(body.as_bytes(), AnswerLimits::new())
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
        assert_eq!(codes(&body).len(), 16);
    }
}
