//! Where requests go.

use reqwest::Url;

use crate::answers::error::{Error, ErrorKind};

/// The version of Microsoft Graph that job calls go to; SharePoint calls exist in beta only and
/// always go there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Version {
    /// `v1.0`, which Microsoft supports in production.
    ///
    /// The documents announced it in autumn 2026; a tenant that it has not reached yet refuses
    /// every path.
    #[default]
    V1,
    /// `beta`, which may change without notice.
    Beta,
}

impl Version {
    /// The version as it stands in a path.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
            Self::Beta => "beta",
        }
    }
}

/// The one origin that tokens travel to.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    origin: String,
}

impl Endpoint {
    /// Takes an origin such as `https://graph.microsoft.com`, optionally with the path of a gateway, which
    /// goes in front of the version.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let refused = |reason: &str| {
            Err(Error::new(
                ErrorKind::Configuration,
                format!("the endpoint {reason}"),
            ))
        };
        let Ok(url) = Url::parse(text) else {
            return refused("is not an address");
        };
        if !url.username().is_empty() || url.password().is_some() {
            return refused("holds a user name or a password");
        }
        if url.query().is_some() || url.fragment().is_some() {
            return refused("holds a query or a fragment");
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => {
                return refused(
                    "is plain http off this machine, where anybody could read the token",
                );
            }
            _ => return refused("is neither https nor http"),
        }
        if names_a_version(&url) {
            return refused(
                "ends with a version, which would stand in every path twice; leave it out and choose it by \
                 ClientBuilder::version",
            );
        }
        Ok(Self {
            origin: url.as_str().trim_end_matches('/').to_owned(),
        })
    }

    /// Whether `url` is at the same scheme, host and port, so that a token may go there.
    pub fn is_origin_of(&self, url: &Url) -> bool {
        Url::parse(&self.origin).is_ok_and(|own| own.origin() == url.origin())
            && url.username().is_empty()
            && url.password().is_none()
    }

    /// Whether requests go over TLS; if not, they stay on this machine.
    pub fn is_tls(&self) -> bool {
        self.origin.starts_with("https:")
    }

    /// Scheme, host and port, and what stands in front of the version.
    pub fn as_str(&self) -> &str {
        &self.origin
    }

    /// The address that the paths of `version` follow.
    pub fn base(&self, version: Version) -> String {
        format!("{}/{}", self.origin, version.as_str())
    }
}

/// Whether the address is one that the documents print, such as `https://graph.microsoft.com/v1.0`.
fn names_a_version(url: &Url) -> bool {
    let path = percent_encoding::percent_decode_str(url.path())
        .decode_utf8_lossy()
        .to_ascii_lowercase();
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    let is_version = |segment: &str| matches!(segment, "v1.0" | "beta");
    while let Some(segment) = segments.next() {
        // A gateway may have a `beta` of its own somewhere above the service.
        if is_version(segment)
            && segments
                .clone()
                .next()
                .is_none_or(|next| next == "solutions")
        {
            return true;
        }
    }
    false
}

fn is_loopback(url: &Url) -> bool {
    match url.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_go_over_tls_or_stay_on_this_machine() {
        for (text, allowed) in [
            ("https://graph.microsoft.com", true),
            ("https://graph.microsoft.com/", true),
            ("http://127.0.0.1:8080", true),
            ("http://127.9.9.9", true),
            ("http://[::1]:8080", true),
            ("http://localhost:1234", true),
            ("http://graph.microsoft.com", false),
            ("http://192.168.0.7", false),
            ("http://localhost.example.com", false),
            ("http://0.0.0.0", false),
            ("ftp://localhost", false),
            ("https://user:secret@graph.microsoft.com", false),
            ("https://user@graph.microsoft.com", false),
            ("https://:secret@graph.microsoft.com", false),
            ("https://graph.microsoft.com?a=b", false),
            ("graph.microsoft.com", false),
        ] {
            assert_eq!(Endpoint::parse(text).is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn a_version_in_the_endpoint_is_refused_rather_than_sent_twice() {
        for path in [
            "/v1.0",
            "/v1.0/",
            "/beta",
            "/BETA//",
            "/V1.0",
            "/v1%2E0",
            "/graph/v1.0",
            "/v1.0/solutions/migrations",
            "/beta/solutions",
        ] {
            let error = Endpoint::parse(&format!("https://graph.microsoft.com{path}"))
                .map(|_| ())
                .expect_err(path);
            let text = error.to_string();
            assert!(text.contains("ClientBuilder::version"), "{path}: {text}");
        }
        for path in ["", "/", "/graph", "/beta/graph", "/v1.0.1", "/alphabeta"] {
            let endpoint = Endpoint::parse(&format!("https://gateway.example{path}"));
            let base = endpoint.expect(path).base(Version::V1);
            let path = path.trim_end_matches('/');
            assert_eq!(base, format!("https://gateway.example{path}/v1.0"));
        }
    }

    #[test]
    fn a_token_goes_to_the_same_scheme_host_and_port_only() {
        for (endpoint, link, same) in [
            (
                "https://graph.microsoft.com",
                "https://graph.microsoft.com/v1.0/x?y",
                true,
            ),
            (
                "https://graph.microsoft.com",
                "HTTPS://GRAPH.Microsoft.com:443/x",
                true,
            ),
            (
                "https://graph.microsoft.com/",
                "https://graph.microsoft.com",
                true,
            ),
            (
                "https://gateway.example/graph",
                "https://gateway.example/x",
                true,
            ),
            ("http://127.0.0.1:80", "http://127.0.0.1/x", true),
            (
                "https://graph.microsoft.com",
                "http://graph.microsoft.com/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "http://graph.microsoft.com:443/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://graph.microsoft.com:8443/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://graph.microsoft.us/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://graph.microsoft.com./x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://x.graph.microsoft.com/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://graph.microsoft.com.evil.example/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://graph.microsoft.com@evil.example/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://evil.example\\@graph.microsoft.com/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://me@graph.microsoft.com/x",
                false,
            ),
            (
                "https://graph.microsoft.com",
                "https://me:secret@graph.microsoft.com/x",
                false,
            ),
            ("https://graph.microsoft.com", "data:text/plain,x", false),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8081/x", false),
            ("http://127.0.0.1:8080", "http://localhost:8080/x", false),
        ] {
            let own = Endpoint::parse(endpoint).expect(endpoint);
            let url = Url::parse(link).expect(link);
            assert_eq!(own.is_origin_of(&url), same, "{endpoint}, {link}");
        }
    }

    #[test]
    fn an_endpoint_error_does_not_repeat_a_password() {
        let error = Endpoint::parse("https://user:hunter2@graph.microsoft.com")
            .map(|_| ())
            .unwrap_err();
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
