//! The thin shell: reads requests off the wire, asks the engine, and sends what it says.

use std::borrow::Cow;
use std::convert::Infallible;
use std::time::Instant;

use axum::body::{Body as HttpBody, Bytes};
use axum::extract::{ConnectInfo, Request as HttpRequest, State as Shared};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{Response, StatusCode};
use futures_util::{StreamExt as _, stream as futures};
use serde_json::Value;

use super::connection::Fuse;
use super::control::{self, Content};
use super::core::{Core, closed};
use super::{page, stream};
use crate::answer::Answer;
use crate::call::Request;
use crate::engine::delivery::JSON;
use crate::engine::{Delivery, Ending, Manners, prefers_unknown_members};

/// The largest body that is read; a job of 2,000 users takes a fiftieth of it.
const MAX_BODY: usize = 4 * 1024 * 1024;

/// The largest exported state that is read; one of a million users takes a seventh of it.
const MAX_IMPORT: usize = 512 * 1024 * 1024;

/// How much is read at most of a body that is too large.
const MAX_DRAINED: usize = 16 * MAX_BODY;

/// Answers every request there is.
pub(crate) async fn serve(
    Shared(core): Shared<Core>,
    ConnectInfo(fuse): ConnectInfo<Fuse>,
    request: HttpRequest,
) -> Result<Response<HttpBody>, Infallible> {
    let (parts, body) = request.into_parts();
    let text = |name: HeaderName| text(&parts.headers, &name);
    let has_length = parts.headers.contains_key(header::CONTENT_LENGTH)
        || parts.headers.contains_key(header::TRANSFER_ENCODING);
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    if path == "/_sandbox" || path.starts_with("/_sandbox/") {
        let path = path.trim_start_matches("/_sandbox");
        return Ok(steer(&core, &fuse, &parts, path, query, body).await);
    }
    let (body, is_oversized) = read(body, MAX_BODY).await;
    let _busy = fuse.busy();
    let request = Request {
        method: parts.method.as_str().to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        authorization: text(header::AUTHORIZATION),
        content_type: text(header::CONTENT_TYPE),
        if_match: text(header::IF_MATCH),
        has_length,
        body,
        origin: core.door.links(&parts.headers),
    };
    let manners = Manners {
        client_request_id: text(HeaderName::from_static("client-request-id"))
            .filter(|id| !id.is_empty()),
        is_oversized,
        prefers_unknown_members: prefers_unknown_members(text_of_all(&parts.headers, "prefer")),
        target: parts
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        headers: parts
            .headers
            .iter()
            .map(|(name, value)| {
                let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
                (name.as_str().to_owned(), value)
            })
            .collect(),
        batch: None,
    };
    let delivery = core.engine().handle(&request, manners, Instant::now());
    if let Some(observer) = &core.observer {
        for entry in &delivery.entries {
            observer(entry);
        }
    }
    if !delivery.latency.is_zero() {
        tokio::select! {
            () = tokio::time::sleep(delivery.latency) => {}
            () = closed(core.closing.clone()) => fuse.blow(),
        }
    }
    Ok(response(delivery, &fuse))
}

/// Answers whoever steers the sandbox, if it may.
async fn steer(
    core: &Core,
    fuse: &Fuse,
    parts: &Parts,
    path: &str,
    query: &str,
    body: HttpBody,
) -> Response<HttpBody> {
    let json = |(status, json): (u16, Value)| plain(status, JSON, json.to_string());
    if let Err(reason) = core.door.admits(&parts.headers) {
        return json(control::refusal(403, "forbidden", &reason));
    }
    let method = parts.method.as_str();
    match (method, path) {
        ("GET", "") => {
            let mut response = plain(308, "text/plain", String::new());
            response
                .headers_mut()
                .insert(header::LOCATION, HeaderValue::from_static("/_sandbox/"));
            return response;
        }
        ("GET", "/") => return page::page(),
        ("GET", "/events") => return page::events(core),
        _ => {}
    }
    let largest = if path == "/import" {
        MAX_IMPORT
    } else {
        MAX_BODY
    };
    let (body, is_oversized) = read(body, largest).await;
    if is_oversized {
        return json(control::refusal(
            413,
            "tooLarge",
            "the body is too large, or ended before its length",
        ));
    }
    let _busy = fuse.busy();
    let asked = control::Asked {
        method: method.to_owned(),
        path: path.trim_start_matches('/').to_owned(),
        query: query.to_owned(),
        body,
    };
    // What there is to look at may be large, and whoever answers requests has no time to lose.
    let own = core.clone();
    let answered = tokio::task::spawn_blocking(move || control::handle(&own, &asked)).await;
    match answered {
        Ok((status, Content::Json(value))) => json((status, value)),
        Ok((status, Content::Written(write))) => {
            let mut response = plain(status, JSON, String::new());
            *response.body_mut() = stream::body(write, core.closing.clone());
            response
        }
        Err(error) => json(control::refusal(500, "internal", &error.to_string())),
    }
}

/// Reads a body, and says whether it is larger than anything that makes sense or ended too early.
///
/// What is too much is read all the same and thrown away, since a caller that is still sending sees no answer.
async fn read(body: HttpBody, largest: usize) -> (Vec<u8>, bool) {
    let mut kept = Vec::new();
    let mut read = 0;
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let Ok(chunk) = chunk else {
            return (Vec::new(), true);
        };
        read += chunk.len();
        if read <= largest {
            kept.extend_from_slice(&chunk);
        } else if read > largest.max(MAX_DRAINED) {
            break;
        }
    }
    if read > largest {
        (Vec::new(), true)
    } else {
        (kept, false)
    }
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn text_of_all<'a>(headers: &'a HeaderMap, name: &str) -> impl Iterator<Item = &'a str> {
    headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok())
}

pub(super) fn plain(status: u16, kind: &'static str, body: String) -> Response<HttpBody> {
    let mut response = Response::new(HttpBody::from(body));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

fn response(delivery: Delivery, fuse: &Fuse) -> Response<HttpBody> {
    let Answer {
        status, headers, ..
    } = delivery.answer;
    let mut response = match delivery.payload {
        None => {
            let mut response = plain(status, JSON, String::new());
            response.headers_mut().remove(header::CONTENT_TYPE);
            response
        }
        Some((kind, text)) => payload(status, kind, text, delivery.ending),
    };
    if delivery.ending == Ending::Dropped {
        fuse.blow();
    }
    let ids = [
        (Cow::Borrowed("request-id"), delivery.ids.request),
        (
            Cow::Borrowed("client-request-id"),
            delivery.ids.client_request,
        ),
    ];
    for (name, value) in ids.into_iter().chain(headers) {
        // Every name and value was checked or made here, so none is left out.
        if let (Ok(name), Ok(value)) = (
            HeaderName::from_bytes(name.as_bytes()),
            HeaderValue::from_str(&value),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
    if delivery.preference_applied {
        let applied = HeaderValue::from_static("include-unknown-enum-members");
        response.headers_mut().insert("preference-applied", applied);
    }
    response
}

/// A body, or as much of it as the ending leaves.
fn payload(status: u16, kind: &'static str, text: String, ending: Ending) -> Response<HttpBody> {
    let bytes = Bytes::from(text);
    let half = bytes.slice(..bytes.len() / 2);
    let body = match ending {
        Ending::Whole | Ending::Dropped => HttpBody::from(bytes),
        Ending::Halved => HttpBody::from(half),
        Ending::CutOff => {
            let length = bytes.len();
            let mut response = plain(status, kind, String::new());
            *response.body_mut() = cut_off(half);
            response
                .headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(length));
            return response;
        }
    };
    let mut response = plain(status, kind, String::new());
    *response.body_mut() = body;
    response
}

/// Sends `half`, gives the connection the time to flush it, and fails.
fn cut_off(half: Bytes) -> HttpBody {
    HttpBody::from_stream(futures::unfold(Some(half), |half| async move {
        if let Some(half) = half {
            return Some((Ok(half), None));
        }
        tokio::task::yield_now().await;
        let error = std::io::Error::from(std::io::ErrorKind::ConnectionAborted);
        Some((Err(error), None))
    }))
}
