//! `--what-if`: the requests that a command would send, of which none is sent.

use std::sync::{Arc, Mutex, PoisonError};

use msgraph_migrations::{CallOptions, Client, DescribedRequest};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::output::{Output, Row, put};

/// The headers that are others each time; what is shown can be compared.
const VARYING: [&str; 1] = ["client-request-id"];

/// The requests that were described so far.
#[derive(Clone, Debug, Default)]
pub struct Plan(Arc<Mutex<Vec<DescribedRequest>>>);

impl Plan {
    /// The same client, which describes to this plan what it would send.
    pub fn describing(&self, client: &Client) -> Client {
        let requests = Arc::clone(&self.0);
        client.with(CallOptions::new().describe_only(move |request| {
            let mut requests = requests.lock().unwrap_or_else(PoisonError::into_inner);
            requests.push(request.clone());
        }))
    }

    /// Shows the plan, unless the command `ended` before there was anything to plan.
    pub fn show(&self, ended: Result<Exit, Failure>, output: &mut Output) -> Result<Exit, Failure> {
        let requests = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        output.unmute();
        if requests.is_empty() {
            return ended;
        }
        if output.is_table() {
            put(requests.iter().map(text).collect::<String>().as_bytes())?;
        } else {
            output.rows(&requests.iter().map(row).collect::<Vec<_>>(), "")?;
        }
        output.say("Nothing was sent: this is what would be.");
        Ok(Exit::Done)
    }
}

fn headers(request: &DescribedRequest) -> impl Iterator<Item = &(String, String)> {
    let headers = request.headers.iter();
    headers.filter(|(name, _)| !VARYING.contains(&name.as_str()))
}

/// As it would stand in a message, with the body as it is sent.
fn text(request: &DescribedRequest) -> String {
    let mut text = format!("{} {}\n", request.method, request.url);
    for (name, value) in headers(request) {
        text.extend([name, ": ", value, "\n"]);
    }
    if let Some(body) = &request.body {
        text.extend(["\n", body, "\n"]);
    }
    text.push('\n');
    text
}

fn row(request: &DescribedRequest) -> Row {
    let headers = headers(request)
        .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
        .collect::<serde_json::Map<_, _>>();
    let body = request
        .body
        .as_deref()
        .map(|body| serde_json::from_str(body).unwrap_or_else(|_| Value::from(body)));
    Row::new()
        .with("method", request.method.as_str())
        .with("url", request.url.as_str())
        .with("headers", headers)
        .with("body", body.unwrap_or_default())
}
