//! One difference, and what it means for callers.

use crate::facts::Kind;

/// What a difference means for programs that call the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Impact {
    /// Programs that worked may stop working.
    Breaking,
    /// Programs keep working and could do more.
    Additive,
    /// Nothing changes for programs; the record is out of date.
    Record,
}

impl Impact {
    /// The word used in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Breaking => "breaking",
            Self::Additive => "additive",
            Self::Record => "record",
        }
    }
}

/// How the two sides differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The page states it, the other side does not.
    Stated,
    /// The other side states it for this page, the page does not.
    Unstated,
    /// Both speak of it and differ.
    Differs,
}

impl Change {
    /// The word used in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stated => "stated",
            Self::Unstated => "unstated",
            Self::Differs => "differs",
        }
    }
}

/// A line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file as it is named in reports.
    pub file: String,
    /// The line, counted from 1; 0 when the whole file is meant.
    pub line: usize,
}

/// The decision that explains a finding.
#[derive(Clone, Debug)]
pub struct Known {
    /// The decision's name.
    pub decision: String,
    /// Its reason.
    pub why: String,
}

/// One difference.
#[derive(Clone, Debug)]
pub struct Finding {
    /// The page it is about, by its stable name.
    pub page: String,
    /// What differs: `stated:response/200`. With the page it makes the key.
    pub fact: String,
    /// What happened, in one line.
    pub title: String,
    /// Where the page says so.
    pub place: Place,
    /// What the page says.
    pub says: String,
    /// What the other side says.
    pub other_says: String,
    /// Where the other side says so.
    pub other_place: Option<Place>,
    /// What it means for callers.
    pub impact: Impact,
    /// The Rust items concerned.
    pub items: Vec<String>,
    /// The decision that explains it.
    pub known: Option<Known>,
}

impl Finding {
    /// How the sides differ, the aspect, what is spoken of, and the page's value where the key has it.
    pub fn parts(&self) -> (&str, &str, &str, Option<&str>) {
        let (change, fact) = self.fact.split_once(':').unwrap_or((&self.fact, ""));
        let (key, value) = match fact.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (fact, None),
        };
        let (aspect, name) = key.split_once('/').unwrap_or((key, ""));
        (change, aspect, name, value)
    }

    /// Whether it says that something ends.
    pub fn is_deprecation(&self) -> bool {
        self.fact
            .split_once(':')
            .is_some_and(|(_, fact)| fact.starts_with("deprecated/"))
    }

    /// The stable name used in the ledger.
    pub fn key(&self) -> String {
        format!("{}#{}", self.page, self.fact)
    }
}

/// What a change of one aspect means for callers.
///
/// Whatever is not named here is taken for breaking, so that a new aspect cannot hide one.
pub fn impact(change: Change, aspect: &str, name: &str, kind: Kind) -> Impact {
    use Change::{Differs, Stated};
    const RECORD_ONLY: [&str; 6] = [
        "representation",
        "example",
        "table",
        "error",
        "query-options",
        "base",
    ];
    const MORE_IS_HARMLESS: [&str; 12] = [
        "request-property",
        "property",
        "enum",
        "value",
        "query-option",
        "relationship",
        "method",
        "type",
        "operation",
        "scope",
        "version",
        "status-value",
    ];
    let rule = aspect.ends_with("-rule");
    let harmless_rule = rule && !name.ends_with("/required") && !name.ends_with("/nullable");
    if RECORD_ONLY.contains(&aspect) || harmless_rule || (aspect == "limit" && kind == Kind::Guide)
    {
        return Impact::Record;
    }
    let new_refusal = aspect == "response" && change == Stated && !name.starts_with('2');
    let more = change == Stated && MORE_IS_HARMLESS.contains(&aspect);
    // A new header would refuse every caller who does not send it; one that is gone refuses nobody.
    let less_asked = aspect == "header" && change != Stated && change != Differs;
    if new_refusal || more || less_asked {
        Impact::Additive
    } else {
        Impact::Breaking
    }
}
