//! The operations of the spec.

use super::tree::Node;
use crate::documents::blocks::stem_of;
use crate::facts::normal_path;

/// One operation.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Its `operationId`.
    pub id: String,
    /// The method in upper case.
    pub method: String,
    /// The path as the spec writes it.
    pub path: String,
    /// The name of the page it cites.
    pub stem: String,
    /// The line of its method.
    pub line: usize,
    /// Its own node.
    pub node: Node,
    /// Parameters of the path and of the operation.
    pub parameters: Vec<Node>,
}

impl Operation {
    /// Method and normalised path.
    pub fn request(&self) -> String {
        format!("{} {}", self.method, normal_path(&self.path))
    }

    /// Whether a concrete path, as in an example, belongs to this operation.
    pub fn matches(&self, method: &str, path: &str) -> bool {
        method == self.method && fits(&self.path.to_lowercase(), &path.to_lowercase())
    }

    /// The responses that this operation describes itself, by status, leaving out shared ones.
    ///
    /// A response given by reference is Graph's common behaviour, of which no page of this API speaks.
    pub fn own_responses(&self) -> Vec<(u16, &Node)> {
        self.node
            .get("responses")
            .map_or_else(Vec::new, |responses| {
                responses
                    .members()
                    .iter()
                    .filter(|(_, response)| response.get("$ref").is_none())
                    .filter_map(|(status, response)| Some((status.parse().ok()?, response)))
                    .collect()
            })
    }
}

/// Whether a path fits a template in which `{name}` stands for any text within its segment or quotes.
fn fits(template: &str, path: &str) -> bool {
    let mut rest = path.trim_end_matches('/');
    let mut pieces = Vec::new();
    let mut template = template;
    while let Some(open) = template.find('{') {
        let Some(close) = template.get(open..).and_then(|tail| tail.find('}')) else {
            return false;
        };
        pieces.push(template.get(..open).unwrap_or_default());
        template = template.get(open + close + 1..).unwrap_or_default();
    }
    let Some(first) = pieces.first() else {
        return rest == template;
    };
    let Some(after) = rest.strip_prefix(first) else {
        return false;
    };
    rest = after;
    for next in pieces.iter().skip(1).chain([&template]) {
        let end = if next.is_empty() {
            rest.len()
        } else {
            match rest.find(next) {
                Some(end) => end,
                None => return false,
            }
        };
        let value = rest.get(..end).unwrap_or_default();
        // Only a quoted key of a function may hold a slash.
        if value.is_empty() || (value.contains('/') && !next.starts_with('\'')) {
            return false;
        }
        rest = rest.get(end + next.len()..).unwrap_or_default();
    }
    rest.is_empty()
}

/// Every operation of the document.
pub fn all(root: &Node) -> Result<Vec<Operation>, String> {
    let paths = root.get("paths").ok_or("1:1: it has no `paths`")?;
    let mut found = Vec::new();
    for (path, item) in paths.members() {
        let shared: Vec<Node> = item
            .get("parameters")
            .map_or_else(Vec::new, |list| list.items().to_vec());
        for (method, node) in item.members() {
            if !matches!(method.as_str(), "get" | "post" | "put" | "patch" | "delete") {
                continue;
            }
            let id = node
                .text_of("operationId")
                .ok_or_else(|| format!("{}:1: an operation has no operationId", node.line))?;
            let url = node
                .get("externalDocs")
                .and_then(|docs| docs.text_of("url"))
                .ok_or_else(|| {
                    format!(
                        "{}:1: operation {id} cites no page in externalDocs",
                        node.line
                    )
                })?;
            let mut parameters = shared.clone();
            parameters.extend(
                node.get("parameters")
                    .map_or(&[][..], Node::items)
                    .iter()
                    .cloned(),
            );
            found.push(Operation {
                id: id.to_owned(),
                method: method.to_uppercase(),
                path: path.clone(),
                stem: stem_of(url),
                line: node.line,
                node: node.clone(),
                parameters,
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn concrete_paths_fit_their_template_only() {
        let cases = [
            ("/jobs/{}", "/jobs/1", true),
            ("/jobs/{}", "/jobs/1/cancel", false),
            ("/jobs/{}/cancel", "/jobs/1/cancel", true),
            ("/jobs/{}/users/{}/cancel", "/jobs/1/users/2/cancel", true),
            ("/jobs/{}/users/{}/cancel", "/jobs/1/cancel", false),
            (
                "/sites/find(url='{}')",
                "/sites/find(url='https://a.example/b')",
                true,
            ),
            ("/sites/find(url='{}')", "/sites/find(url='')", false),
            ("/jobs", "/jobs", true),
            ("/jobs", "/jobs/1", false),
        ];
        for (template, path, expected) in cases {
            assert_eq!(fits(template, path), expected, "{template} against {path}");
        }
    }
}
