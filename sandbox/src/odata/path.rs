//! Splits a raw request path into OData segments.
//!
//! A path is read before it is decoded: `%2F` inside a key or a literal is part of it, and so is a bare
//! `/` between quotes, which the documented examples of `getBySourceSiteUrl` send.

use std::iter::Peekable;
use std::slice::Iter;

/// One part of a path between slashes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Segment {
    /// A name or a key, decoded.
    Plain(String),
    /// A name followed by parentheses: a key or a function call.
    Call {
        /// What stands before the parenthesis, decoded, as the caller wrote it.
        name: String,
        /// What stands inside.
        arguments: Vec<Argument>,
    },
}

/// One argument of a [`Segment::Call`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Argument {
    /// The name before `=`, absent for a plain key.
    pub(crate) name: Option<String>,
    /// The value.
    pub(crate) value: ArgumentValue,
}

/// The value of an [`Argument`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArgumentValue {
    /// A string literal with its quotes removed and doubled quotes made single.
    Text(String),
    /// `@name`, whose value stands in the query.
    Alias(String),
}

/// Why a path cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("The request URL has a percent sign that two hexadecimal digits don't follow.")]
    Encoding,
    #[error("The request URL isn't valid UTF-8 once decoded.")]
    Text,
    #[error("The parentheses or quotes of the segment '{0}' aren't closed.")]
    Unclosed(String),
    #[error("The argument '{0}' isn't a string literal; put it between single quotes.")]
    Literal(String),
}

/// A byte of the path and whether it was percent-encoded.
#[derive(Clone, Copy)]
struct Unit {
    byte: u8,
    encoded: bool,
}

/// Collections whose next plain segment is a key, whatever it looks like.
const KEYED: [&str; 2] = ["crosstenantmigrationjobs", "users"];

/// Names that parentheses can follow.
const CALLABLE: [&str; 8] = [
    "crosstenantmigrationjobs",
    "users",
    "crossorganizationmigrationtasks",
    "crossorganizationusermappings",
    "crossorganizationgroupmappings",
    "getbysourceuserprincipalname",
    "getbysourcesiteurl",
    "getbysourcegroupmailnickname",
];

/// Reads `path`, which starts with a slash and has no query.
pub(crate) fn parse(path: &str) -> Result<Vec<Segment>, PathError> {
    let units = units(path)?;
    let mut rest = units.as_slice();
    let mut segments: Vec<Segment> = Vec::new();
    while let Some((first, after)) = rest.split_first() {
        if first.byte != b'/' || first.encoded {
            // Only the very start of a path without its leading slash comes here.
            rest = read_segment(rest, false, &mut segments)?;
            continue;
        }
        let is_key = matches!(segments.last(), Some(Segment::Plain(name))
            if KEYED.contains(&name.to_ascii_lowercase().as_str()));
        rest = read_segment(after, is_key, &mut segments)?;
    }
    // A trailing slash names the same resource.
    if segments.len() > 1 && segments.last() == Some(&Segment::Plain(String::new())) {
        segments.pop();
    }
    Ok(segments)
}

fn units(path: &str) -> Result<Vec<Unit>, PathError> {
    let bytes = path.as_bytes();
    let mut units = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        if byte == b'%' {
            let digit = |offset: usize| {
                bytes
                    .get(index + offset)
                    .and_then(|digit| char::from(*digit).to_digit(16))
                    .and_then(|digit| u8::try_from(digit).ok())
                    .ok_or(PathError::Encoding)
            };
            units.push(Unit {
                byte: digit(1)? * 16 + digit(2)?,
                encoded: true,
            });
            index += 3;
        } else {
            units.push(Unit {
                byte,
                encoded: false,
            });
            index += 1;
        }
    }
    Ok(units)
}

fn text(units: &[Unit]) -> Result<String, PathError> {
    String::from_utf8(units.iter().map(|unit| unit.byte).collect()).map_err(|_| PathError::Text)
}

/// Reads one segment and returns what follows it.
fn read_segment<'a>(
    units: &'a [Unit],
    is_key: bool,
    segments: &mut Vec<Segment>,
) -> Result<&'a [Unit], PathError> {
    let end = units
        .iter()
        .position(|unit| unit.byte == b'/' && !unit.encoded)
        .unwrap_or(units.len());
    // No further than the segment goes: looking for a parenthesis in all that follows, once for each slash, would take
    // a second for the longest path that a server takes in.
    let open = units[..end].iter().position(|unit| unit.byte == b'(');
    if let (false, Some(open)) = (is_key, open) {
        let name = text(&units[..open])?;
        if CALLABLE.contains(&unqualified(&name).to_ascii_lowercase().as_str()) {
            let (arguments, rest) = read_arguments(&units[open + 1..], &name)?;
            segments.push(Segment::Call { name, arguments });
            return Ok(rest);
        }
    }
    segments.push(Segment::Plain(text(&units[..end])?));
    Ok(&units[end..])
}

/// Removes the namespace that OData allows before the name of an action or function.
pub(crate) fn unqualified(name: &str) -> &str {
    const NAMESPACE: &str = "microsoft.graph.";
    match name.get(..NAMESPACE.len()) {
        Some(start) if start.eq_ignore_ascii_case(NAMESPACE) => &name[NAMESPACE.len()..],
        _ => name,
    }
}

fn read_arguments<'a>(
    units: &'a [Unit],
    segment: &str,
) -> Result<(Vec<Argument>, &'a [Unit]), PathError> {
    let unclosed = || PathError::Unclosed(segment.to_owned());
    let mut quoted = false;
    let mut start = 0;
    let mut arguments = Vec::new();
    for (index, unit) in units.iter().enumerate() {
        match unit.byte {
            b'\'' => quoted = !quoted,
            b',' | b')' if !quoted => {
                let raw = &units[start..index];
                // `name()` has no argument, which is not the same as an empty one.
                if !(raw.is_empty() && arguments.is_empty() && unit.byte == b')') {
                    arguments.push(read_argument(raw)?);
                }
                start = index + 1;
                if unit.byte == b')' {
                    let rest = &units[index + 1..];
                    return match rest.first() {
                        None => Ok((arguments, rest)),
                        Some(next) if next.byte == b'/' && !next.encoded => Ok((arguments, rest)),
                        Some(_) => Err(unclosed()),
                    };
                }
            }
            _ => {}
        }
    }
    Err(unclosed())
}

fn read_argument(units: &[Unit]) -> Result<Argument, PathError> {
    let quote = units
        .iter()
        .position(|unit| unit.byte == b'\'')
        .unwrap_or(units.len());
    let equals = units[..quote].iter().position(|unit| unit.byte == b'=');
    let (name, value) = match equals {
        Some(equals) => (
            Some(text(&units[..equals])?.trim().to_owned()),
            &units[equals + 1..],
        ),
        None => (None, units),
    };
    let raw = text(value)?;
    let trimmed = raw.trim();
    let value = if let Some(alias) = trimmed.strip_prefix('@') {
        ArgumentValue::Alias(alias.to_owned())
    } else {
        ArgumentValue::Text(unquote(trimmed).ok_or_else(|| PathError::Literal(raw.clone()))?)
    };
    Ok(Argument { name, value })
}

/// Reads `'…'`, in which a quote is written twice.
pub(crate) fn unquote(literal: &str) -> Option<String> {
    let inside = literal.strip_prefix('\'')?.strip_suffix('\'')?;
    let bytes = inside.as_bytes();
    let mut result = Vec::with_capacity(bytes.len());
    let mut rest: Peekable<Iter<'_, u8>> = bytes.iter().peekable();
    while let Some(byte) = rest.next() {
        if *byte == b'\'' && rest.next_if(|next| **next == b'\'').is_none() {
            return None;
        }
        result.push(*byte);
    }
    String::from_utf8(result).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Segment {
        Segment::Plain(text.to_owned())
    }

    fn call(name: &str, argument: Option<&str>, value: &str) -> Segment {
        Segment::Call {
            name: name.to_owned(),
            arguments: vec![Argument {
                name: argument.map(str::to_owned),
                value: ArgumentValue::Text(value.to_owned()),
            }],
        }
    }

    #[test]
    fn slashes_inside_keys_and_literals_do_not_split_them() {
        let jobs = "crossTenantMigrationJobs";
        let site = "getBySourceSiteUrl";
        for (path, last) in [
            ("/crossTenantMigrationJobs/a%2Fb", plain("a/b")),
            (
                "/crossTenantMigrationJobs/O'Brien (x)",
                plain("O'Brien (x)"),
            ),
            ("/crossTenantMigrationJobs/users(1)", plain("users(1)")),
            (
                "/crossTenantMigrationJobs('a%2Fb')",
                call(jobs, None, "a/b"),
            ),
            (
                "/crossTenantMigrationJobs('it''s')",
                call(jobs, None, "it's"),
            ),
            (
                "/crossTenantMigrationJobs(%27it%27%27s%27)",
                call(jobs, None, "it's"),
            ),
            (
                "/crossTenantMigrationJobs(displayName='x),(y')",
                call(jobs, Some("displayName"), "x),(y"),
            ),
            (
                "/getBySourceSiteUrl(sourceSiteUrl='https://a.example/sites/IT')",
                call(site, Some("sourceSiteUrl"), "https://a.example/sites/IT"),
            ),
            (
                "/getBySourceSiteUrl(sourceSiteUrl='https%3A%2F%2Fa.example%2Fsites%2FIT')",
                call(site, Some("sourceSiteUrl"), "https://a.example/sites/IT"),
            ),
        ] {
            let segments = parse(path).expect("the path is well formed");
            assert_eq!(segments.last(), Some(&last), "{path}");
        }
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig {
            rng_seed: proptest::test_runner::RngSeed::Fixed(23),
            failure_persistence: None,
            ..Default::default()
        })]

        #[test]
        fn any_text_is_read_or_refused(path in "[-/a-z'(),=@%0-9 é$]{0,40}") {
            let prefixed = format!("/crossTenantMigrationJobs{path}");
            for path in [path, prefixed] {
                let segments = parse(&path).unwrap_or_default();
                proptest::prop_assert!(segments.len() <= path.len() + 1);
            }
        }
    }

    #[test]
    fn what_is_not_a_path_is_refused_with_its_reason() {
        for (path, error) in [
            ("/a%2", PathError::Encoding),
            ("/a%zz", PathError::Encoding),
            ("/%ff", PathError::Text),
            ("/users('a", PathError::Unclosed("users".into())),
            ("/users('a')b", PathError::Unclosed("users".into())),
            ("/users(abc)", PathError::Literal("abc".into())),
            ("/users('a'b')", PathError::Unclosed("users".into())),
        ] {
            assert_eq!(parse(path), Err(error), "{path}");
        }
    }

    #[test]
    fn a_call_without_arguments_has_none_and_an_alias_is_kept_by_name() {
        assert_eq!(
            parse("/getBySourceSiteUrl()"),
            Ok(vec![Segment::Call {
                name: "getBySourceSiteUrl".into(),
                arguments: vec![]
            }])
        );
        assert_eq!(
            parse("/getBySourceSiteUrl(sourceSiteUrl=@url)/"),
            Ok(vec![Segment::Call {
                name: "getBySourceSiteUrl".into(),
                arguments: vec![Argument {
                    name: Some("sourceSiteUrl".into()),
                    value: ArgumentValue::Alias("url".into())
                }]
            }])
        );
    }
}
