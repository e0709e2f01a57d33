//! Requests that are described instead of sent.

use std::fmt;
use std::sync::Arc;

use reqwest::Request;
use reqwest::header::AUTHORIZATION;

/// A request as it would be sent, without anything secret.
///
/// It is what [`CallOptions::describe_only`](crate::CallOptions::describe_only) hands over.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DescribedRequest {
    /// The HTTP method.
    pub method: String,
    /// The whole address, with its query.
    pub url: String,
    /// Names and values of the headers, in the order of their names; without `Authorization` and others that
    /// are marked as sensitive, and without `Accept`, `Content-Length` and `Host`, which the HTTP library adds
    /// where they are missing.
    pub headers: Vec<(String, String)>,
    /// The body; none when there is none.
    pub body: Option<String>,
}

impl DescribedRequest {
    pub(crate) fn of(request: &Request) -> Self {
        let mut headers: Vec<(String, String)> = request
            .headers()
            .iter()
            .filter(|(name, value)| *name != AUTHORIZATION && !value.is_sensitive())
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect();
        headers.sort();
        let body = request.body().and_then(reqwest::Body::as_bytes);
        Self {
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers,
            body: body.map(|body| String::from_utf8_lossy(body).into_owned()),
        }
    }
}

/// To whom requests are described.
#[derive(Clone)]
pub(crate) struct Describer(pub Arc<dyn Fn(&DescribedRequest) + Send + Sync>);

impl fmt::Debug for Describer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Describer")
    }
}
