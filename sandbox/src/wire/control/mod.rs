//! The endpoints under `/_sandbox/`, for whoever rehearses with a client in another language.

mod change;
mod content;
pub(crate) mod events;
mod look;
mod options;
mod refusal;
mod state;

use percent_encoding::percent_decode_str;

pub(super) use self::content::Content;
use self::options::Options;
pub(super) use self::refusal::refusal;
use self::refusal::{Refusal, invalid};
use super::core::Core;

/// A request to a control endpoint.
pub(super) struct Asked {
    pub(super) method: String,
    /// What follows `/_sandbox/`.
    pub(super) path: String,
    pub(super) query: String,
    pub(super) body: Vec<u8>,
}

/// Answers a request; what is large is still to be written out.
pub(super) fn handle(core: &Core, asked: &Asked) -> (u16, Content) {
    match answer(core, asked) {
        Ok(content) => (200, content),
        Err(Refusal(status, name, message)) => {
            let (status, json) = refusal(status, name, &message);
            (status, Content::Json(json))
        }
    }
}

fn answer(core: &Core, asked: &Asked) -> Result<Content, Refusal> {
    let Asked {
        method, path, body, ..
    } = asked;
    let segments: Vec<String> = path
        .trim_end_matches('/')
        .split('/')
        .map(|segment| {
            percent_decode_str(segment)
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
        })
        .collect::<Result<_, _>>()
        .map_err(|_| invalid("the path isn't valid UTF-8 once decoded"))?;
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let allowed = methods(&segments)
        .ok_or_else(|| Refusal(404, "notFound", format!("there is no endpoint '{path}'")))?;
    if !allowed.contains(&method.as_str()) {
        let allowed = allowed.join(" or ");
        return Err(Refusal(405, "methodNotAllowed", format!("use {allowed}")));
    }
    let options = Options::parse(&asked.query)?;
    if method == "GET" {
        options.check(look::names(&segments))?;
        return look::answer(core, &segments, &options);
    }
    options.check(match segments.as_slice() {
        ["advance"] => &["seconds", "until"],
        ["jobs"] => &["count", "users"],
        _ => &[],
    })?;
    let json = match segments.as_slice() {
        ["import"] => change::import(core, body)?,
        segments => change::change(&mut core.engine(), segments, &options, method, body)?,
    };
    Ok(Content::Json(json))
}

/// The methods of an endpoint, if it exists.
fn methods(path: &[&str]) -> Option<&'static [&'static str]> {
    Some(match path {
        ["reset" | "advance" | "expire-tokens"] => &["POST"],
        ["jobs"] | ["scenarios", _] => &["GET", "POST"],
        ["requests" | "state" | "tasks" | "export" | "codes" | "scenarios" | "operations"]
        | ["requests" | "jobs", _]
        | ["mappings", "users" | "groups"] => &["GET"],
        ["faults"] => &["GET", "PUT", "POST"],
        ["faults", _] => &["DELETE"],
        ["settings" | "clock"] => &["GET", "PUT"],
        ["scenario"] => &["GET", "PUT", "DELETE"],
        ["import"]
        | ["jobs", _, "status" | "stalled" | "outcome"]
        | ["users" | "sources", _, "outcome"] => &["PUT"],
        _ => return None,
    })
}
