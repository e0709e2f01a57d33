//! The query of a control request.

use std::str::FromStr;

use percent_encoding::percent_decode_str;

use super::refusal::{Refusal, invalid};

/// How many entries of the log, and how many jobs, tasks or mappings, come at once unless asked otherwise.
const USUAL_PAGE: usize = 1_000;

/// The options of a query, decoded.
pub(super) struct Options(Vec<(String, String)>);

impl Options {
    pub(super) fn parse(query: &str) -> Result<Self, Refusal> {
        let decode = |text: &str| {
            percent_decode_str(&text.replace('+', " "))
                .decode_utf8()
                .map(std::borrow::Cow::into_owned)
                .map_err(|_| invalid("the query isn't valid UTF-8 once decoded"))
        };
        query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                Ok((decode(name)?, decode(value)?))
            })
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Refuses options that the endpoint does not have, since one that is misspelt would otherwise be missed.
    pub(super) fn check(&self, known: &[&str]) -> Result<(), Refusal> {
        match self
            .0
            .iter()
            .find(|(name, _)| !known.contains(&name.as_str()))
        {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => Err(invalid(format!(
                "there is no option '{name}'; the endpoint takes none"
            ))),
            Some((name, _)) => Err(invalid(format!(
                "there is no option '{name}'; choose among {}",
                known.join(", ")
            ))),
        }
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().find(|(known, _)| known == name)?;
        Some(value)
    }

    pub(super) fn number<N: FromStr>(&self, name: &str) -> Result<Option<N>, Refusal> {
        self.text(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| invalid(format!("'{name}' takes a whole number, not '{text}'")))
            })
            .transpose()
    }

    /// How many items a page holds, and how many come before it.
    pub(super) fn page(&self) -> Result<(usize, usize), Refusal> {
        let top = self.number("top")?.unwrap_or(USUAL_PAGE);
        if top == 0 {
            return Err(invalid("'top' is 0; a page holds at least one item"));
        }
        Ok((top, self.number("skip")?.unwrap_or(0)))
    }
}
