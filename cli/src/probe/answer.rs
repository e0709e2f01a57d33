//! What came for one question, whole, and what the library made of it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One question with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The call in the specification, for instance `getJob`.
    pub operation: String,
    /// What was asked about, for instance `$top=2`.
    pub question: String,
    /// The status that the documents lead to expect.
    pub expected: u16,
    /// The whole address that was asked.
    pub url: String,
    /// The `client-request-id` that was sent.
    pub client_request_id: String,
    /// How long the answer took.
    pub milliseconds: u64,
    /// The status; none if no answer came.
    pub status: Option<u16>,
    pub headers: Vec<(String, String)>,
    pub body: Body,
    pub library: Library,
}

/// A body as it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Body {
    Empty,
    Json(Value),
    /// Something that is no JSON, or the beginning of some.
    Text(String),
}

/// What the library made of an answer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Library {
    /// Why the call fails, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fails: Option<String>,
    /// JSON pointers of what was left out of the value, with the reason.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<(String, String)>,
    /// The value as the library would write it; a record has the body instead.
    #[serde(skip)]
    pub value: Option<Value>,
}

impl Body {
    pub fn read(text: &str) -> Self {
        let json = text.trim_start_matches('\u{feff}');
        if json.trim().is_empty() {
            return Self::Empty;
        }
        serde_json::from_str(json).map_or_else(|_| Self::Text(text.to_owned()), Self::Json)
    }

    pub fn json(&self) -> Option<&Value> {
        match self {
            Self::Json(value) => Some(value),
            Self::Empty | Self::Text(_) => None,
        }
    }
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self
            .headers
            .iter()
            .find(|(own, _)| own.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.as_str())
    }

    /// The value of a query option, decoded.
    pub fn option(&self, name: &str) -> Option<String> {
        let (_, query) = self.url.split_once('?')?;
        query.split('&').find_map(|pair| {
            let (own, value) = pair.split_once('=')?;
            (super::url::decoded(own) == name)
                .then(|| super::url::decoded(&value.replace('+', " ")))
        })
    }

    /// The items of a page, if this is one.
    pub fn items(&self) -> Option<&Vec<Value>> {
        self.body.json()?.get("value")?.as_array()
    }

    pub fn next_link(&self) -> Option<&str> {
        self.body.json()?.get("@odata.nextLink")?.as_str()
    }

    pub fn is_success(&self) -> bool {
        self.status
            .is_some_and(|status| (200..300).contains(&status))
    }
}
