//! Reads a batch: up to twenty requests in one, of which each has an answer of its own.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read_body;
use crate::answer::{Answer, Body, GraphError};
use crate::call::Request;
use crate::odata::version::Version;

/// How many requests a batch holds, by Graph's page on batching.
const MAX_REQUESTS: usize = 20;

/// One request of a batch.
pub(crate) struct Item {
    pub(crate) id: String,
    /// The positions of the requests that have to succeed before this one.
    pub(crate) depends_on: Vec<usize>,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) request: Request,
    /// The path and query, as the log shows it.
    pub(crate) target: String,
}

#[derive(Deserialize)]
struct Written {
    id: Option<String>,
    method: Option<String>,
    url: Option<String>,
    #[serde(default)]
    headers: Option<Map<String, Value>>,
    #[serde(default)]
    body: Option<Value>,
    #[serde(default, rename = "dependsOn")]
    depends_on: Option<Vec<String>>,
}

fn bad(message: impl Into<String>) -> GraphError {
    GraphError::bad_request(message)
}

/// The requests of a batch, in an order in which none comes before what it depends on.
pub(crate) fn read(outer: &Request, version: Version) -> Result<Vec<Item>, GraphError> {
    let body = read_body(outer)?.ok_or_else(|| bad("A batch needs a JSON body."))?;
    let requests = body
        .get("requests")
        .and_then(Value::as_array)
        .ok_or_else(|| bad("A batch needs 'requests' with a list of requests."))?;
    if requests.is_empty() || requests.len() > MAX_REQUESTS {
        return Err(bad(format!(
            "A batch holds 1 to {MAX_REQUESTS} requests, not {}.",
            requests.len()
        )));
    }
    let mut positions = HashMap::new();
    let mut written = Vec::with_capacity(requests.len());
    for (position, request) in requests.iter().enumerate() {
        let one: Written = serde_json::from_value(request.clone())
            .map_err(|error| bad(format!("The request at position {position}: {error}.")))?;
        let id = one
            .id
            .clone()
            .filter(|id| !id.is_empty())
            .ok_or_else(|| bad(format!("The request at position {position} has no 'id'.")))?;
        if positions.insert(id.clone(), position).is_some() {
            return Err(bad(format!("The id '{id}' is given to two requests.")));
        }
        written.push((id, one));
    }
    let mut items = Vec::with_capacity(written.len());
    for (id, one) in written {
        items.push(item(outer, version, id, one, &positions)?);
    }
    in_order(items)
}

fn item(
    outer: &Request,
    version: Version,
    id: String,
    one: Written,
    positions: &HashMap<String, usize>,
) -> Result<Item, GraphError> {
    let method = one
        .method
        .filter(|method| !method.is_empty())
        .ok_or_else(|| bad(format!("The request '{id}' has no 'method'.")))?
        .to_ascii_uppercase();
    let url = one
        .url
        .filter(|url| !url.is_empty())
        .ok_or_else(|| bad(format!("The request '{id}' has no 'url'.")))?;
    if url.contains("://")
        && url
            .split(['?', '\''])
            .next()
            .is_some_and(|start| start.contains("://"))
    {
        return Err(bad(format!(
            "The url of the request '{id}' has to be relative to the version."
        )));
    }
    let depends_on = one
        .depends_on
        .unwrap_or_default()
        .iter()
        .map(|other| {
            positions.get(other).copied().ok_or_else(|| {
                bad(format!(
                    "The request '{id}' depends on '{other}', which isn't in the batch."
                ))
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let headers: Vec<(String, String)> = one
        .headers
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .collect();
    let header = |wanted: &str| {
        let found = headers
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))?;
        Some(found.1.clone())
    };
    let target = format!("/{}/{}", version.as_str(), url.trim_start_matches('/'));
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let body = match one.body {
        None | Some(Value::Null) => Vec::new(),
        Some(body) => body.to_string().into_bytes(),
    };
    let request = Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        authorization: header("authorization").or_else(|| outer.authorization.clone()),
        content_type: header("content-type"),
        if_match: header("if-match"),
        has_length: true,
        body,
        origin: outer.origin.clone(),
    };
    Ok(Item {
        id,
        depends_on,
        headers,
        request,
        target,
    })
}

/// Sorts requests behind what they depend on, and refuses those that wait for each other.
fn in_order(items: Vec<Item>) -> Result<Vec<Item>, GraphError> {
    let mut done = HashSet::new();
    let mut order = Vec::with_capacity(items.len());
    while order.len() < items.len() {
        let ready = |(position, item): &(usize, &Item)| {
            !done.contains(position) && item.depends_on.iter().all(|other| done.contains(other))
        };
        let Some((next, _)) = items.iter().enumerate().find(ready) else {
            return Err(bad(
                "Some requests of the batch depend on each other in a circle.",
            ));
        };
        done.insert(next);
        order.push(next);
    }
    // What a request depends on is named by its place in the new order from here on.
    let place_of: HashMap<usize, usize> = order
        .iter()
        .enumerate()
        .map(|(new, old)| (*old, new))
        .collect();
    let mut slots: Vec<Option<Item>> = items.into_iter().map(Some).collect();
    Ok(order
        .iter()
        .filter_map(|old| slots.get_mut(*old)?.take())
        .map(|mut item| {
            for other in &mut item.depends_on {
                *other = place_of.get(other).copied().unwrap_or(*other);
            }
            item
        })
        .collect())
}

/// The answer to a request that waited for one that failed.
pub(crate) fn failed_dependency() -> GraphError {
    GraphError::new(
        424,
        "FailedDependency",
        "A request that this one depends on failed; this one wasn't tried.",
    )
}

/// One answer as it stands in the answer to the batch.
pub(crate) fn response(id: &str, answer: &Answer, ids: &[(&str, &str)]) -> Value {
    let (kind, body) = match &answer.body {
        Body::None => (None, None),
        Body::Json(body) => (Some("application/json"), Some(body.clone())),
        Body::Text(text) => (Some("text/plain"), Some(json!(text))),
        Body::Html(html) => (Some("text/html"), Some(json!(html))),
        Body::Xml(xml) => (Some("application/xml"), Some(json!(xml))),
    };
    let mut headers = Map::new();
    if let Some(kind) = kind {
        headers.insert("Content-Type".into(), json!(kind));
    }
    for (name, value) in ids {
        headers.insert((*name).into(), json!(value));
    }
    for (name, value) in &answer.headers {
        headers.insert(capitalised(name), json!(value));
    }
    let mut response = Map::new();
    response.insert("id".into(), json!(id));
    response.insert("status".into(), json!(answer.status));
    response.insert("headers".into(), Value::Object(headers));
    if let Some(body) = body {
        response.insert("body".into(), body);
    }
    Value::Object(response)
}

/// `retry-after` as `Retry-After`: within JSON the case of a header counts.
fn capitalised(name: &str) -> String {
    let part = |part: &str| {
        let mut letters = part.chars();
        letters.next().map_or_else(String::new, |first| {
            first.to_ascii_uppercase().to_string() + letters.as_str()
        })
    };
    name.split('-').map(part).collect::<Vec<_>>().join("-")
}
