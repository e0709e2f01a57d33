//! Values of a tenant, each replaced by the same one everywhere.
//!
//! Nothing is searched for: a value stays only where it is known to be the documents' own, such as a status, a date, a
//! property or a word that the specification itself uses, and everything else is replaced.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::answer::{Answer, Body};
use super::url;
use super::vocabulary::Vocabulary;
use super::words::{cased, is_code, is_date, is_guid, is_inside, is_plain, parted};

/// Media types, and their parameters, that say nothing of a tenant.
const MEDIA: [&str; 10] = [
    "application/json",
    "text/html",
    "text/plain",
    "application/xml",
    "charset=utf-8",
    "odata.metadata=minimal",
    "odata.metadata=none",
    "odata.streaming=true",
    "ieee754compatible=false",
    "ieee754compatible=true",
];
/// Properties that hold a member of an enumeration, one that is not known yet included.
const ENUMERATIONS: [&str; 7] = [
    "status",
    "jobType",
    "service",
    "workloads",
    "userType",
    "groupType",
    "resourceType",
];
/// Properties that hold running text.
const TEXTS: [&str; 2] = ["message", "reason"];
/// The shortest value that is looked for inside other texts.
const MIN_INSIDE: usize = 3;
/// The global service; it tells nothing of a tenant.
const SERVICE: &str = "graph.microsoft.com";
/// In place of a value that nobody needs.
const GONE: &str = "(replaced)";

/// Replaces values, the same one always by the same.
#[derive(Debug)]
pub struct Replacing<'a> {
    vocabulary: &'a Vocabulary,
    /// Kind and original in small letters, to what stands for it.
    known: BTreeMap<(Kind, String), String>,
    counts: BTreeMap<Kind, usize>,
}

/// What a value is, by its looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Guid,
    Address,
    Host,
    Name,
    Word,
    Member,
}

impl Kind {
    fn numbered(self, number: usize) -> String {
        match self {
            Self::Guid => format!("{number:08x}-0000-4000-8000-{number:012x}"),
            Self::Address => format!("user-{number}@tenant.example"),
            Self::Host => format!("host-{number}.example"),
            Self::Name => format!("name-{number}"),
            Self::Word => format!("word-{number}"),
            Self::Member => format!("member-{number}"),
        }
    }
}

impl<'a> Replacing<'a> {
    pub fn new(vocabulary: &'a Vocabulary) -> Self {
        Self {
            vocabulary,
            known: BTreeMap::new(),
            counts: BTreeMap::new(),
        }
    }

    /// All answers with their values replaced.
    ///
    /// It is gone through twice, so that what is a name in one answer is found in the text of an earlier one.
    pub fn answers(&mut self, answers: &[Answer]) -> Vec<Answer> {
        for answer in answers {
            self.answer(answer);
        }
        self.renumber();
        answers.iter().map(|answer| self.answer(answer)).collect()
    }

    /// Numbers what stands for values in the order of the values, so that what was sorted stays sorted.
    fn renumber(&mut self) {
        self.counts.clear();
        for ((kind, _), made) in &mut self.known {
            let number = self.counts.entry(*kind).or_default();
            *number += 1;
            *made = kind.numbered(*number);
        }
    }

    /// What stands for the originals that are still somewhere in `text`, other than as words of the documents.
    pub fn survivors(&self, text: &str) -> Vec<&str> {
        let text = text.to_lowercase();
        let survive = |(kind, original): &(Kind, String)| {
            *kind != Kind::Word
                && original.chars().count() > MIN_INSIDE
                && !self.is_own(original)
                && is_inside(&text, original)
        };
        let known = self.known.iter().filter(|(original, _)| survive(original));
        known.map(|(_, replaced)| replaced.as_str()).collect()
    }

    fn is_own(&self, text: &str) -> bool {
        let mut words = text.split(|c: char| !c.is_ascii_alphanumeric());
        let known = |word: &str| {
            word.is_empty()
                || self.vocabulary.has_word(word, true)
                || self.vocabulary.has_address(word)
                || self.vocabulary.is_enumerated(word)
                || word.bytes().all(|byte| byte.is_ascii_digit())
        };
        words.all(known)
    }

    fn answer(&mut self, answer: &Answer) -> Answer {
        let mut answer = answer.clone();
        answer.url = self.url(&answer.url);
        answer.client_request_id = self.placeholder(Kind::Guid, &answer.client_request_id);
        answer.headers = answer
            .headers
            .iter()
            .map(|(name, value)| self.header(name, value))
            .collect();
        answer.body = match &answer.body {
            Body::Empty => Body::Empty,
            Body::Json(value) => Body::Json(self.value("", value)),
            Body::Text(text) => Body::Text(self.text(text)),
        };
        let library = &mut answer.library;
        library.left_out = library
            .left_out
            .iter()
            .map(|(pointer, reason)| (self.pointer(pointer), self.text(reason)))
            .collect();
        library.value = None;
        answer
    }

    fn header(&mut self, name: &str, value: &str) -> (String, String) {
        let name = name.to_ascii_lowercase();
        let value = match name.as_str() {
            "request-id" | "client-request-id" => self.token(value),
            "location" => self.url(value),
            _ => kept(&name, value).unwrap_or_else(|| GONE.to_owned()),
        };
        let is_plain = name.len() <= 40
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-')
            && !self.holds_known(&name);
        if is_plain {
            return (name, value);
        }
        (self.placeholder(Kind::Member, &name), value)
    }

    fn pointer(&mut self, pointer: &str) -> String {
        let parts: Vec<String> = pointer.split('/').map(|part| self.member(part)).collect();
        parts.join("/")
    }

    fn member(&mut self, name: &str) -> String {
        if self.vocabulary.has_member(name) {
            return name.to_owned();
        }
        let is_index = name.bytes().all(|byte| byte.is_ascii_digit());
        let is_annotation = name.split_once('@').is_some_and(|(_, annotation)| {
            annotation.starts_with("odata.") && is_plain(annotation)
        });
        let bare = name.split('@').next().unwrap_or_default();
        let is_small = name.starts_with(|c: char| c.is_ascii_lowercase());
        let is_kept = is_index
            || (is_annotation && (bare.is_empty() || is_plain(bare)))
            || (is_plain(name) && is_small);
        if is_kept && !self.holds_known(name) {
            return name.to_owned();
        }
        self.placeholder(Kind::Member, name)
    }

    fn value(&mut self, member: &str, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) => value.clone(),
            Value::Number(number) => self.number(member, number),
            Value::String(text) => self.string(member, text).into(),
            Value::Array(items) => items.iter().map(|item| self.value(member, item)).collect(),
            Value::Object(members) => {
                let pairs = members
                    .iter()
                    .map(|(name, value)| (self.member(name), self.value(name, value)));
                pairs.collect::<Map<_, _>>().into()
            }
        }
    }

    fn number(&self, member: &str, number: &Number) -> Value {
        if self.vocabulary.has_member(member) {
            return number.clone().into();
        }
        // Of the same kind; nobody knows what it stands for.
        if number.is_f64() {
            0.5.into()
        } else {
            0.into()
        }
    }

    fn string(&mut self, member: &str, text: &str) -> String {
        let trimmed = text.trim();
        if trimmed.is_empty() || is_date(text) {
            return text.to_owned();
        }
        match member {
            _ if ENUMERATIONS.contains(&member)
                && (is_plain(text) || self.vocabulary.is_enumerated(text)) =>
            {
                return text.to_owned();
            }
            "code" if is_code(text) && !self.holds_known(text) => return text.to_owned(),
            "state" if self.vocabulary.is_enumerated(text) => return text.to_owned(),
            "target" if self.vocabulary.has_member(text) => return text.to_owned(),
            "@odata.type" => {
                let name = text.strip_prefix("#microsoft.graph.").unwrap_or_default();
                if is_plain(name) {
                    return text.to_owned();
                }
            }
            _ if TEXTS.contains(&member) => return self.text(text),
            _ if self.vocabulary.has_member(member) => {}
            // A property that nobody knows: text stays readable, everything else is replaced.
            _ if trimmed.contains(char::is_whitespace) => return self.text(text),
            _ => {}
        }
        self.token(text)
    }

    /// A value that is one thing: an id, an address, a name.
    fn token(&mut self, text: &str) -> String {
        if is_date(text) {
            return text.to_owned();
        }
        if url::split(text).is_some() {
            return self.url(text);
        }
        if is_guid(text) {
            return self.placeholder(Kind::Guid, text);
        }
        if text.contains('@') && !text.contains(char::is_whitespace) {
            return self.placeholder(Kind::Address, text);
        }
        let is_host = text.contains('.')
            && !text.contains(char::is_whitespace)
            && text.split('.').all(|label| {
                !label.is_empty()
                    && label
                        .bytes()
                        .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            });
        let kind = if is_host { Kind::Host } else { Kind::Name };
        self.placeholder(kind, text)
    }

    /// An address, whose own words stay.
    fn url(&mut self, text: &str) -> String {
        let (start, rest) = match url::split(text) {
            Some((scheme, host, rest)) => {
                let host = if host.eq_ignore_ascii_case(SERVICE) {
                    host.to_owned()
                } else {
                    self.placeholder(Kind::Host, host)
                };
                (format!("{}://{host}", scheme.to_ascii_lowercase()), rest)
            }
            None => (String::new(), text),
        };
        let mut made = start;
        let mut part = String::new();
        for c in rest.chars() {
            if "/?&=#()',:;".contains(c) {
                made.push_str(&self.part(&part));
                part.clear();
                made.push(c);
            } else {
                part.push(c);
            }
        }
        made.push_str(&self.part(&part));
        made
    }

    /// A part of an address.
    fn part(&mut self, part: &str) -> String {
        if part.is_empty() {
            return String::new();
        }
        let text = url::decoded(part);
        let is_number = text.len() <= 4 && text.bytes().all(|byte| byte.is_ascii_digit());
        let mut words = text.split([',', ' ', '+']);
        if is_number || words.all(|word| self.vocabulary.has_address(word)) {
            return part.to_owned();
        }
        let replaced = if url::split(&text).is_some() {
            self.url(&text)
        } else {
            self.token(&text)
        };
        url::encoded(&replaced)
    }

    /// Running text: what is known stands for itself, words of the documents stay, others are replaced.
    fn text(&mut self, text: &str) -> String {
        let mut pieces = vec![(text.to_owned(), false)];
        for (kind, original, replaced) in self.inside(&text.to_lowercase()) {
            pieces = pieces
                .into_iter()
                .flat_map(|(piece, is_done)| {
                    if is_done {
                        vec![(piece, true)]
                    } else {
                        parted(&piece, kind, &original, &replaced)
                    }
                })
                .collect();
        }
        let mut begins = true;
        let mut made = String::new();
        for (piece, is_done) in pieces {
            if is_done {
                made.push_str(&piece);
                begins = false;
                continue;
            }
            for word in piece.split_inclusive(char::is_whitespace) {
                let bare = word.trim_end();
                made.push_str(&self.word(bare, begins));
                made.push_str(&word[bare.len()..]);
                if !bare.is_empty() {
                    begins = bare.ends_with(['.', '!', '?', ':']);
                }
            }
        }
        made
    }

    fn word(&mut self, word: &str, begins: bool) -> String {
        let is_mark = |c: char| c.is_ascii_punctuation() && !"@-_%".contains(c);
        let start = word.len() - word.trim_start_matches(is_mark).len();
        let end = word.trim_end_matches(is_mark).len().max(start);
        let (before, core, after) = (&word[..start], &word[start..end], &word[end..]);
        if core.is_empty() {
            return word.to_owned();
        }
        // A number may be a part of one that somebody is called by; a status of HTTP is none.
        let is_status = core
            .parse::<u16>()
            .is_ok_and(|status| (400..600).contains(&status) && core.len() == 3);
        let is_kept = is_status
            || is_date(core)
            || self.vocabulary.has_word(core, begins)
            || self.vocabulary.is_enumerated(core)
            || self.vocabulary.has_member(core);
        let core = if is_kept {
            core.to_owned()
        } else if url::split(core).is_some() || core.contains('@') || is_guid(core) {
            self.token(core)
        } else {
            self.placeholder(Kind::Word, core)
        };
        format!("{before}{core}{after}")
    }

    /// What stands inside a text in small letters, the longest first.
    fn inside(&self, lower: &str) -> Vec<(Kind, String, String)> {
        let mut found: Vec<(Kind, String, String)> = self
            .known
            .iter()
            .filter(|((kind, original), _)| {
                *kind != Kind::Word
                    && original.chars().count() >= MIN_INSIDE
                    && lower.contains(original.as_str())
            })
            .map(|((kind, original), replaced)| (*kind, original.clone(), replaced.clone()))
            .collect();
        found.sort_by_key(|(_, original, _)| std::cmp::Reverse(original.len()));
        found
    }

    /// Whether a value that is replaced elsewhere stands in a text.
    fn holds_known(&self, text: &str) -> bool {
        let lower = text.to_lowercase();
        self.known.keys().any(|(kind, original)| {
            *kind != Kind::Word
                && original.chars().count() > MIN_INSIDE
                && is_inside(&lower, original)
        })
    }

    fn placeholder(&mut self, kind: Kind, original: &str) -> String {
        let key = (kind, original.to_lowercase());
        if let Some(known) = self.known.get(&key) {
            return cased(known, kind, original);
        }
        let count = self.counts.entry(kind).or_default();
        *count += 1;
        let made = kind.numbered(*count);
        self.known.insert(key, made.clone());
        cased(&made, kind, original)
    }
}

/// The value of a header that tells how the message is meant, where it is in a form that could hold nothing else.
fn kept(name: &str, value: &str) -> Option<String> {
    let is_date = || chrono::DateTime::parse_from_rfc2822(value).is_ok();
    let is_number = || {
        value.len() <= 10
            && value
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte == b'.')
    };
    let is_kept = match name {
        "content-type" => value
            .split(';')
            .all(|part| MEDIA.contains(&part.trim().to_lowercase().as_str())),
        "date" => is_date(),
        "retry-after" => is_date() || is_number(),
        "odata-version" => is_number(),
        "preference-applied" => value == "include-unknown-enum-members",
        _ => false,
    };
    is_kept.then(|| value.to_owned())
}
