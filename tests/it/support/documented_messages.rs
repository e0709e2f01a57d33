//! The requests and responses that the documents show, where copies of the documents are at hand.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::openapi_schema::{Operation, Specification};

/// A request or a response as a document shows it.
pub struct Message {
    /// The file, and within a page the number of the block.
    pub source: String,
    /// What groups a response with its request: the page.
    pub page: String,
    pub start: Start,
    pub content_type: Option<String>,
    pub body: Option<Value>,
}

/// The first line of a message.
pub enum Start {
    Request { method: String, target: String },
    Response { status: u16 },
}

/// The folder of documents and examples beside the project. Says what is skipped when it is not there, past the
/// test harness, which would keep it to itself.
pub fn shared(what_for: &str) -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if folder.is_dir() {
        return Some(folder);
    }
    let notice = format!("skipped: {what_for}, for want of {}\n", folder.display());
    std::io::stderr().write_all(notice.as_bytes()).ok();
    None
}

/// All files below a folder, in order.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.expect("a readable folder").path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// The messages in a folder of examples: whole ones in `.http` files, bodies in `.json` files whose first line
/// stands in the `.meta` file or in the `.http` file of the same name. Bodies that belong to no call come last.
pub fn example_messages(folder: &Path) -> (Vec<Message>, Vec<(String, Value)>) {
    let files = files(folder);
    let mut messages = Vec::new();
    let mut lone_bodies = Vec::new();
    for path in &files {
        let name = file_name(path);
        let (page, _) = name.split_once("__").unwrap_or((&name, ""));
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("http") => messages.push(parse(&name, page, &read(path))),
            Some("json") => {
                let body = serde_json::from_str(&read(path))
                    .unwrap_or_else(|error| panic!("{name}: {error}"));
                let whole = path.with_extension("http");
                if whole.is_file() {
                    let message = parse(&name, page, &read(&whole));
                    assert_eq!(
                        message.body.as_ref(),
                        Some(&body),
                        "{name} differs from the message of its name"
                    );
                    messages.push(message);
                } else if let Some(line) = first_line_in_meta(path) {
                    let mut message = parse(&name, page, &line);
                    message.body = Some(body);
                    messages.push(message);
                } else {
                    lone_bodies.push((name, body));
                }
            }
            _ => {}
        }
    }
    (messages, lone_bodies)
}

fn first_line_in_meta(path: &Path) -> Option<String> {
    let meta = PathBuf::from(format!("{}.meta", path.display()));
    let text = fs::read_to_string(meta).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("http: "))?;
    Some(line.to_owned())
}

/// The messages in the fenced blocks of a Markdown page.
pub fn page_messages(path: &Path) -> Vec<Message> {
    let name = file_name(path);
    let text = read(path);
    let mut messages = Vec::new();
    let mut block: Option<String> = None;
    for line in text.lines() {
        match (line.trim_start().starts_with("```"), &mut block) {
            (true, None) => block = Some(String::new()),
            (true, Some(_)) => {
                let content = block.take().unwrap_or_default();
                if is_message(&content) {
                    let source = format!("{name} message {}", messages.len() + 1);
                    messages.push(parse(&source, &name, &content));
                }
            }
            (false, Some(content)) => {
                content.push_str(line);
                content.push('\n');
            }
            (false, None) => {}
        }
    }
    messages
}

fn is_message(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.starts_with("HTTP/") || ["GET", "POST", "PATCH", "DELETE", "PUT"].contains(&first)
}

fn parse(source: &str, page: &str, text: &str) -> Message {
    let text = text.replace('\r', "");
    let (head, body) = text.trim().split_once("\n\n").unwrap_or((text.trim(), ""));
    let mut lines = head.lines();
    let first = lines.next().unwrap_or_default();
    let mut words = first.split_whitespace();
    let (word, rest) = (
        words.next().unwrap_or_default(),
        words.next().unwrap_or_default(),
    );
    let start = if word.starts_with("HTTP/") {
        let status = rest
            .parse()
            .unwrap_or_else(|error| panic!("{source}: status {rest:?}: {error}"));
        Start::Response { status }
    } else {
        Start::Request {
            method: word.to_lowercase(),
            target: rest.to_owned(),
        }
    };
    let headers: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_lowercase(), value.trim().to_owned()))
        .collect();
    let body = Some(body.trim())
        .filter(|body| !body.is_empty())
        .map(|body| {
            serde_json::from_str(body)
                .unwrap_or_else(|error| panic!("{source}: the body is no JSON: {error}"))
        });
    Message {
        source: source.to_owned(),
        page: page.to_owned(),
        start,
        content_type: headers.get("content-type").cloned(),
        body,
    }
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The operation that a documented request asks for.
pub fn operation<'a>(
    specification: &'a Specification,
    method: &str,
    target: &str,
) -> Option<Operation<'a>> {
    specification.operations().into_iter().find(|operation| {
        let versions = operation.definition["x-ms-versions"].as_array();
        let servers = specification.document()["servers"].as_array();
        operation.method == method
            && servers.into_iter().flatten().any(|server| {
                let base = server["url"].as_str().unwrap_or_default();
                let version = base.rsplit('/').next();
                let has_operation = versions
                    .into_iter()
                    .flatten()
                    .any(|known| known.as_str() == version);
                // Overviews of a page leave the server out.
                let path = target.strip_prefix(base).unwrap_or(target);
                has_operation && path_matches(operation.path, path)
            })
    })
}

/// Whether a path is one of a template's. The service does not mind the case; a quoted parameter may hold slashes,
/// as a page shows a site's address with them.
fn path_matches(template: &str, path: &str) -> bool {
    let Some((literal, rest)) = template.split_once('{') else {
        return path.eq_ignore_ascii_case(template);
    };
    let (_, template) = rest.split_once('}').unwrap_or((rest, ""));
    let Some((start, path)) = path.split_at_checked(literal.len()) else {
        return false;
    };
    let limit = if literal.ends_with('\'') { '\'' } else { '/' };
    let end = path.find(limit).unwrap_or(path.len());
    start.eq_ignore_ascii_case(literal) && end > 0 && path_matches(template, &path[end..])
}

#[test]
fn a_path_matches_its_template_alone() {
    for (template, path, expected) in [
        ("/jobs", "/Jobs", true),
        ("/jobs/{id}", "/jobs/7", true),
        ("/jobs/{id}", "/jobs/", false),
        ("/jobs/{id}", "/jobs/7/cancel", false),
        ("/jobs/{id}/cancel", "/jobs/7/cancel", true),
        ("/f(a='{a}')", "/f(a='https://b/c')", true),
        ("/f(a='{a}')", "/f(a='b'c')", false),
    ] {
        assert_eq!(
            path_matches(template, path),
            expected,
            "{template} and {path}"
        );
    }
}
