//! Reads the query options of a request.

use percent_encoding::percent_decode_str;

use super::version::Version;
use crate::answer::GraphError;

/// The options of OData that this service does not take, although the metadata lists some of them.
const UNSUPPORTED: [&str; 9] = [
    "filter",
    "search",
    "skip",
    "expand",
    "apply",
    "compute",
    "format",
    "deltatoken",
    "index",
];
const SUPPORTED: [&str; 5] = ["select", "orderby", "count", "top", "skiptoken"];

/// The decoded query of a request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query {
    options: Vec<(&'static str, String)>,
    aliases: Vec<(String, String)>,
    /// Why the request is refused once it is known whom and what it is about.
    wrong: Option<GraphError>,
}

/// What a list is asked to look like.
#[derive(Clone, Debug, Default)]
pub(crate) struct ListOptions {
    /// The properties to return, all when absent.
    pub(crate) select: Option<Vec<String>>,
    /// `$orderby` as it was written.
    pub(crate) orderby: Option<String>,
    /// Whether to say how many items there are in all.
    pub(crate) count: bool,
    /// The page size asked for.
    pub(crate) top: Option<usize>,
    /// Where to go on.
    pub(crate) skiptoken: Option<String>,
}

fn bad(message: impl Into<String>) -> GraphError {
    GraphError::bad_request(message)
}

impl Query {
    /// Reads a raw query; `v1.0` insists on the dollar sign before option names, `beta` does not.
    ///
    /// What is wrong is kept for [`Query::check`], so that the path is understood whatever stands behind it.
    pub(crate) fn parse(raw: &str, version: Version) -> Self {
        let mut query = Self::default();
        for pair in raw.split('&').filter(|pair| !pair.is_empty()) {
            if let Err(error) = query.read(pair, version) {
                query.wrong.get_or_insert(error);
            }
        }
        query
    }

    fn read(&mut self, pair: &str, version: Version) -> Result<(), GraphError> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode(name)?, decode(value)?);
        if let Some(alias) = name.strip_prefix('@') {
            self.aliases.push((alias.to_owned(), value));
            return Ok(());
        }
        let bare = match (name.strip_prefix('$'), version) {
            (Some(bare), _) => bare,
            (None, Version::Beta) => name.as_str(),
            (None, Version::V1) => return Ok(()),
        };
        let bare = bare.to_ascii_lowercase();
        if UNSUPPORTED.contains(&bare.as_str()) || (name.starts_with('$') && !known(&bare)) {
            return Err(bad(format!("The query option '{name}' isn't supported.")));
        }
        let Some(option) = SUPPORTED.iter().find(|known| **known == bare) else {
            return Ok(());
        };
        if self.option(option).is_some() {
            return Err(bad(format!("The query option '{name}' is given twice.")));
        }
        self.options.push((option, value));
        Ok(())
    }

    /// Refuses a query with anything in it that the service does not take.
    pub(crate) fn check(&self) -> Result<(), GraphError> {
        self.wrong.clone().map_or(Ok(()), Err)
    }

    fn option(&self, name: &str) -> Option<&str> {
        let found = self.options.iter().find(|(known, _)| *known == name)?;
        Some(&found.1)
    }

    /// The value that `@name` stands for, without its quotes.
    pub(crate) fn alias(&self, name: &str) -> Result<String, GraphError> {
        let (_, value) = self
            .aliases
            .iter()
            .find(|(known, _)| known == name)
            .ok_or_else(|| {
                bad(format!(
                    "The query has no value for the parameter alias '@{name}'."
                ))
            })?;
        super::path::unquote(value)
            .ok_or_else(|| bad(format!("The value of '@{name}' isn't a string literal.")))
    }

    /// The options of a request for one object, which takes `$select` alone.
    pub(crate) fn for_one(&self) -> Result<Option<Vec<String>>, GraphError> {
        if let Some((name, _)) = self.options.iter().find(|(name, _)| *name != "select") {
            return Err(bad(format!(
                "The query option '${name}' applies to collections only."
            )));
        }
        self.select()
    }

    fn select(&self) -> Result<Option<Vec<String>>, GraphError> {
        let Some(value) = self.option("select") else {
            return Ok(None);
        };
        let names: Vec<String> = value
            .split(',')
            .map(|name| name.trim().to_owned())
            .collect();
        if names.iter().any(String::is_empty) {
            return Err(bad("The query option '$select' has an empty name."));
        }
        Ok(Some(names))
    }

    /// The options of a request for a collection.
    pub(crate) fn for_list(&self) -> Result<ListOptions, GraphError> {
        let count = match self.option("count").map(str::to_ascii_lowercase).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(bad("The query option '$count' takes 'true' or 'false'.")),
        };
        let top = match self.option("top") {
            None => None,
            // By the specification it is an int32.
            Some(text) => match text
                .parse::<i32>()
                .ok()
                .and_then(|top| usize::try_from(top).ok())
            {
                Some(top) if top > 0 => Some(top),
                _ => {
                    return Err(bad(
                        "The query option '$top' takes a whole number from 1 to 2147483647.",
                    ));
                }
            },
        };
        Ok(ListOptions {
            select: self.select()?,
            orderby: self.option("orderby").map(str::to_owned),
            count,
            top,
            skiptoken: self.option("skiptoken").map(str::to_owned),
        })
    }
}

fn known(bare: &str) -> bool {
    SUPPORTED.contains(&bare)
}

fn decode(text: &str) -> Result<String, GraphError> {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced)
        .decode_utf8()
        .map(std::borrow::Cow::into_owned)
        .map_err(|_| bad("The query isn't valid UTF-8 once decoded."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_read_with_their_dollar_sign_and_in_beta_without_it() {
        let raw = "%24TOP=5&$select=id,%20status&$count=true&x=1";
        let query = Query::parse(raw, Version::V1);
        let options = query.for_list().expect("the query is well formed");
        assert!(query.check().is_ok());
        assert_eq!(options.top, Some(5));
        assert_eq!(options.select, Some(vec!["id".into(), "status".into()]));
        assert!(options.count);
        for (version, top) in [(Version::V1, None), (Version::Beta, Some(5))] {
            let options = Query::parse("top=5", version)
                .for_list()
                .expect("the query is well formed");
            assert_eq!(options.top, top, "{version:?}");
        }
    }

    #[test]
    fn what_the_service_does_not_take_is_refused() {
        for raw in [
            "$filter=status eq 'failed'",
            "$skip=1",
            "$top=0",
            "$top=-1",
            "$top=many",
            "$count=perhaps",
            "$top=1&$top=2",
            "$select=,",
            "$nonsense=1",
        ] {
            let query = Query::parse(raw, Version::V1);
            let result = query.check().and_then(|()| query.for_list());
            assert_eq!(result.err().map(|error| error.status), Some(400), "{raw}");
        }
    }
}
