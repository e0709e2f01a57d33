//! The words that are the documents' own, and so nobody's secret.

use std::collections::BTreeSet;

use serde_json::Value;

use super::specification::Specification;

/// Workloads; the specification has them as free text.
pub const WORKLOADS: [&str; 4] = ["Teams", "Exchange", "ODSP", "Meeting"];

/// Words of addresses that no path of the specification has.
const ADDRESS: [&str; 15] = [
    "$top",
    "$select",
    "$orderby",
    "$metadata",
    "metadata",
    "$entity",
    "entity",
    "$count",
    "true",
    "false",
    "desc",
    "asc",
    "microsoft.graph",
    "$skiptoken",
    "$skipToken",
];

/// What the library and this program say about answers.
const OWN: &str = "expected an a object list of string number boolean null not kept read as left out it is \
    the call fails with body that cannot be used at line column invalid type value missing field unknown \
    GET POST request-id unknown documented found nothing was sent carried repeating will help unless cause \
    removed safe wait while by named large page found format program xtmig record answers operation question url \
    clientRequestId milliseconds headers json text empty library fails leftOut expected next link \
    and repeat no answer OK Not Found Forbidden Unauthorized Bad Request Gateway \
    Service Unavailable Internal Server Error Timeout Too Many Requests job user task mapping There";

/// The documents' own words.
#[derive(Debug, Default)]
pub struct Vocabulary {
    /// Names of properties.
    members: BTreeSet<String>,
    /// Members of enumerations, in small letters.
    enumerations: BTreeSet<String>,
    /// Words of running text, as they are written.
    words: BTreeSet<String>,
    /// Parts of addresses.
    address: BTreeSet<String>,
}

impl Vocabulary {
    pub fn of(specification: &Specification) -> Self {
        let mut own = Self::default();
        own.learn(specification.document());
        let paths = specification.document()["paths"].as_object();
        for (path, _) in paths.into_iter().flatten() {
            own.address
                .extend(parts(path).filter(is_word).map(str::to_owned));
        }
        own.address.extend(ADDRESS.map(str::to_owned));
        own.enumerations.extend(WORKLOADS.map(str::to_lowercase));
        own.enumerations
            .extend(["users", "success", "accepted", "deleted"].map(str::to_owned));
        own.words.extend(OWN.split_whitespace().map(str::to_owned));
        own
    }

    fn learn(&mut self, value: &Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.learn(item)),
            Value::Object(members) => {
                for (name, member) in members {
                    match (name.as_str(), member) {
                        // Examples are made up, but their names may be somebody's.
                        ("example" | "examples", _) => {}
                        ("description" | "summary", Value::String(text)) => self.words_of(text),
                        ("properties", Value::Object(properties)) => {
                            self.members.extend(properties.keys().cloned());
                            self.learn(member);
                        }
                        ("enum", Value::Array(items)) => {
                            let items = items.iter().filter_map(Value::as_str);
                            self.enumerations.extend(items.map(str::to_lowercase));
                        }
                        _ => self.learn(member),
                    }
                }
            }
            _ => {}
        }
    }

    fn words_of(&mut self, text: &str) {
        let words = text
            .split(|c: char| !c.is_ascii_alphabetic() && c != '\'')
            .filter(|word| !word.is_empty());
        self.words.extend(words.map(str::to_owned));
    }

    pub fn has_member(&self, name: &str) -> bool {
        self.members.contains(name)
    }

    pub fn is_enumerated(&self, text: &str) -> bool {
        self.enumerations.contains(&text.to_lowercase())
    }

    /// Whether a word of running text is the documents' own; one that begins a sentence may have its capital.
    pub fn has_word(&self, word: &str, begins: bool) -> bool {
        let lower = word.to_lowercase();
        self.words.contains(word) || (begins && self.words.contains(&lower))
    }

    /// Whether a part of an address is the documents' own: a word of a path, a property, a version.
    pub fn has_address(&self, part: &str) -> bool {
        matches!(part, "v1.0" | "beta" | "stagingbeta")
            || self.members.contains(part)
            || self
                .address
                .iter()
                .any(|own| own.eq_ignore_ascii_case(part))
    }
}

fn parts(path: &str) -> impl Iterator<Item = &str> {
    path.split(['/', '(', ')', '=', '\'', '{', '}'])
}

fn is_word(part: &&str) -> bool {
    !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphabetic())
}
