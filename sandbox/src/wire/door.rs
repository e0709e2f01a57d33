//! Under which addresses the sandbox is reached: what links start with, and who may steer it.

use std::net::{IpAddr, SocketAddr};

use axum::http::Uri;
use axum::http::header::{self, HeaderMap, HeaderName};

/// An address that callers use in place of the one that is listened on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PublicUrl {
    /// The whole address without a slash at its end.
    url: String,
    /// Scheme and authority, as a browser names an origin.
    origin: String,
    scheme: String,
    host: String,
}

impl PublicUrl {
    /// Reads an address with its scheme, or says what is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("'{text}' isn't a public address; write it like https://sandbox.example:8443")
        };
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let scheme = uri
            .scheme_str()
            .filter(|scheme| matches!(*scheme, "http" | "https"));
        let (Some(scheme), Some(authority)) = (scheme, uri.authority()) else {
            return Err(wrong());
        };
        if uri.query().is_some() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let host = plain_host(scheme, authority.as_str());
        Ok(Self {
            url: text.trim_end_matches('/').to_owned(),
            origin: format!("{scheme}://{host}"),
            scheme: scheme.to_owned(),
            host,
        })
    }
}

impl PublicUrl {
    /// The name or address without a port.
    pub(crate) fn name(&self) -> String {
        let name = match self.host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => &self.host,
        };
        name.trim_matches(['[', ']']).to_owned()
    }
}

/// A host with its port in the one form that browsers send: small letters, and no port that the scheme implies.
fn plain_host(scheme: &str, host: &str) -> String {
    let host = host.to_ascii_lowercase();
    let implied = if scheme == "https" { ":443" } else { ":80" };
    host.strip_suffix(implied)
        .map_or(host.clone(), str::to_owned)
}

/// Where the sandbox listens and how it is known.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    address: SocketAddr,
    scheme: &'static str,
    public: Option<PublicUrl>,
}

impl Door {
    pub(crate) fn new(address: SocketAddr, has_tls: bool, public: Option<PublicUrl>) -> Self {
        Self {
            address,
            scheme: if has_tls { "https" } else { "http" },
            public,
        }
    }

    /// Scheme, address and port that are listened on.
    pub(crate) fn base_url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// What links in an answer start with.
    ///
    /// The public address wins, then what a proxy says of the caller's own request, then its host.
    pub(crate) fn links(&self, headers: &HeaderMap) -> String {
        if let Some(public) = &self.public {
            return public.url.clone();
        }
        let forwarded = text(headers, "forwarded");
        let of_forwarded = |name: &str| forwarded.and_then(|value| forwarded_part(value, name));
        let of_header = |name: &str| {
            let first = text(headers, name)?.split(',').next()?.trim();
            (!first.is_empty()).then(|| first.to_owned())
        };
        let scheme = of_forwarded("proto")
            .or_else(|| of_header("x-forwarded-proto"))
            .map(|scheme| scheme.to_ascii_lowercase())
            .filter(|scheme| matches!(scheme.as_str(), "http" | "https"));
        let host = of_forwarded("host")
            .or_else(|| of_header("x-forwarded-host"))
            .or_else(|| of_header(header::HOST.as_str()))
            .filter(|host| is_host(host));
        format!(
            "{}://{}",
            scheme.as_deref().unwrap_or(self.scheme),
            host.unwrap_or_else(|| self.address.to_string())
        )
    }

    /// Whether a request may steer the sandbox: a page from elsewhere may not, under whatever name it calls.
    pub(crate) fn admits(&self, headers: &HeaderMap) -> Result<(), String> {
        let host = text(headers, header::HOST.as_str()).unwrap_or_default();
        let plain = plain_host(self.scheme, host);
        let is_public = self
            .public
            .as_ref()
            .is_some_and(|public| public.host == plain_host(&public.scheme, host));
        if !is_public && !self.is_own(&plain) {
            return Err(format!(
                "the host '{host}' isn't the address that is listened on; use {} or start with --public-url",
                self.base_url()
            ));
        }
        let Some(origin) = headers.get(header::ORIGIN) else {
            return Ok(());
        };
        let origin = origin.to_str().unwrap_or("(not text)");
        let is_own = self
            .public
            .as_ref()
            .is_some_and(|public| public.origin == origin.to_ascii_lowercase())
            || origin.split_once("://").is_some_and(|(scheme, host)| {
                scheme == self.scheme && self.is_own(&plain_host(scheme, host))
            });
        if is_own {
            return Ok(());
        }
        Err(format!("a page of '{origin}' may not steer the sandbox"))
    }

    /// Whether a host, in its plain form, is the one that is listened on.
    fn is_own(&self, host: &str) -> bool {
        let plain = |host: &str| plain_host(self.scheme, host);
        let port = self.address.port();
        let ip = self.address.ip();
        let is_local = (ip.is_loopback() || ip.is_unspecified())
            && host == plain(&format!("localhost:{port}"));
        // Listening everywhere it has many addresses; a foreign page can only lead a name to it, never a literal.
        let is_literal = ip.is_unspecified()
            && host.parse::<SocketAddr>().map_or_else(
                |_| {
                    host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
                        && plain(&format!("{host}:{port}")) == host
                },
                |address| address.port() == port,
            );
        is_local || is_literal || host == plain(&self.address.to_string())
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
    headers.get(name)?.to_str().ok()
}

/// A parameter of the first, outermost, element of a `Forwarded` header (RFC 7239).
fn forwarded_part(value: &str, name: &str) -> Option<String> {
    let first = value.split(',').next()?;
    first.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        let value = value.trim().trim_matches('"');
        (key.trim().eq_ignore_ascii_case(name) && !value.is_empty()).then(|| value.to_owned())
    })
}

/// Whether a text can stand as host and port in a link.
fn is_host(text: &str) -> bool {
    text.bytes().all(|byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'[' | b']' | b'_')
    })
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| {
                (
                    HeaderName::from_static(name),
                    HeaderValue::from_static(value),
                )
            })
            .collect()
    }

    fn door(address: &str, public: Option<&str>) -> Door {
        let public = public.map(|url| PublicUrl::parse(url).expect("an address"));
        Door::new(address.parse().expect("a socket address"), false, public)
    }

    #[test]
    fn links_lead_where_the_caller_came_from() {
        let plain = door("127.0.0.1:4000", None);
        for (given, expected) in [
            (headers(&[]), "http://127.0.0.1:4000"),
            (
                headers(&[("host", "localhost:4000")]),
                "http://localhost:4000",
            ),
            (
                headers(&[("host", "a:1"), ("x-forwarded-proto", "https, http")]),
                "https://a:1",
            ),
            (
                headers(&[
                    ("host", "a:1"),
                    (
                        "forwarded",
                        "for=1.2.3.4; Proto=https;host=\"b.example\", for=x",
                    ),
                ]),
                "https://b.example",
            ),
            (
                headers(&[
                    ("host", "a:1"),
                    ("x-forwarded-host", "c.example"),
                    ("x-forwarded-proto", "gopher"),
                ]),
                "http://c.example",
            ),
            (headers(&[("host", "a/../\"b")]), "http://127.0.0.1:4000"),
        ] {
            assert_eq!(plain.links(&given), expected, "{given:?}");
        }
        let public = door("127.0.0.1:4000", Some("https://s.example/graph/"));
        assert_eq!(
            public.links(&headers(&[("host", "a:1")])),
            "https://s.example/graph"
        );
    }

    #[test]
    fn only_its_own_pages_and_callers_without_a_page_may_steer_it() {
        for (address, public, host, origin, expected) in [
            ("127.0.0.1:4000", None, "127.0.0.1:4000", None, true),
            ("127.0.0.1:4000", None, "LOCALHOST:4000", None, true),
            (
                "127.0.0.1:4000",
                None,
                "localhost:4000",
                Some("http://localhost:4000"),
                true,
            ),
            ("127.0.0.1:4000", None, "127.0.0.1:4001", None, false),
            ("127.0.0.1:4000", None, "evil.example:4000", None, false),
            ("127.0.0.1:4000", None, "", None, false),
            (
                "127.0.0.1:4000",
                None,
                "127.0.0.1:4000",
                Some("http://evil.example"),
                false,
            ),
            (
                "127.0.0.1:4000",
                None,
                "127.0.0.1:4000",
                Some("https://127.0.0.1:4000"),
                false,
            ),
            (
                "127.0.0.1:4000",
                None,
                "127.0.0.1:4000",
                Some("http://127.0.0.1:3999"),
                false,
            ),
            (
                "127.0.0.1:4000",
                None,
                "127.0.0.1:4000",
                Some("null"),
                false,
            ),
            (
                "127.0.0.1:80",
                None,
                "127.0.0.1",
                Some("http://127.0.0.1"),
                true,
            ),
            (
                "0.0.0.0:4000",
                None,
                "192.0.2.7:4000",
                Some("http://192.0.2.7:4000"),
                true,
            ),
            ("0.0.0.0:4000", None, "evil.example:4000", None, false),
            (
                "[::1]:4000",
                None,
                "[::1]:4000",
                Some("http://[::1]:4000"),
                true,
            ),
            (
                "127.0.0.1:4000",
                Some("https://s.example"),
                "s.example",
                Some("https://s.example"),
                true,
            ),
            (
                "127.0.0.1:4000",
                Some("https://s.example"),
                "127.0.0.1:4000",
                Some("https://s.example"),
                true,
            ),
            (
                "127.0.0.1:4000",
                Some("https://s.example"),
                "s.example",
                Some("http://s.example.evil"),
                false,
            ),
        ] {
            let mut given = HeaderMap::new();
            if !host.is_empty() {
                given.insert(header::HOST, HeaderValue::from_static(host));
            }
            if let Some(origin) = origin {
                given.insert(header::ORIGIN, HeaderValue::from_static(origin));
            }
            let admitted = door(address, public).admits(&given);
            assert_eq!(admitted.is_ok(), expected, "{address} {host} {origin:?}");
        }
    }
}
