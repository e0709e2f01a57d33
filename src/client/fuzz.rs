//! Names that callers bring and links that services send, against what makes addresses of them.
//!
//! What is right is said by readers that share nothing with this crate: the grammar of `OData` literals written out
//! here, and the parser of addresses in the crate `http`.

use msgraph_migrations_checks::fuzz;
use msgraph_migrations_checks::hostile::{assert_one_line, input};
use reqwest::Url;

use crate::client::endpoint::Endpoint;
use crate::client::odata::{encode_literal, encode_segment, refuse_literal, refuse_segment};

/// The bytes that a percent-encoded text stands for, by RFC 3986.
fn decoded(text: &str) -> Option<Vec<u8>> {
    let mut bytes = text.bytes();
    let mut found = Vec::new();
    while let Some(byte) = bytes.next() {
        found.push(match byte {
            b'%' => {
                let digits = [bytes.next()?, bytes.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            _ => byte,
        });
    }
    Some(found)
}

/// The value of a string literal, by the grammar of `OData` 4.01: two quotes in it are one, and one ends it.
fn literal(text: &str) -> Option<String> {
    let mut characters = text.strip_prefix('\'')?.chars();
    let mut value = String::new();
    loop {
        match characters.next()? {
            '\'' => match characters.next() {
                Some('\'') => value.push('\''),
                Some(_) => return None,
                None => return Some(value),
            },
            other => value.push(other),
        }
    }
}

/// Characters that mean nothing in a path, by RFC 3986.
fn is_unreserved(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~%".contains(&byte);
    text.bytes().all(plain)
}

const NAMES: [&str; 10] = [
    "ines.moreau@alderwood.example",
    "O'Brien''s (wave) 3/4",
    "https://alderwood.sharepoint.example/sites/Finance?a=b#c",
    "..",
    ".",
    "%2e%2E",
    "a%27)/cancel",
    "Ünïcödé 移行 \u{1f642}",
    "\u{85}",
    "a\\b;c=d,e+f&g",
];

#[test]
fn names_in_addresses() {
    fuzz!(1_000, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = NAMES.iter().map(|name| name.as_bytes()).collect();
        let name = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        let has_control = name.chars().any(char::is_control);
        assert_eq!(
            refuse_literal(&name).is_some(),
            name.is_empty() || has_control,
            "{name:?}"
        );
        if refuse_literal(&name).is_none() {
            let encoded = encode_literal(&name);
            assert!(is_unreserved(&encoded), "{encoded:?}");
            // Whatever reads the path, the literal ends where it should and is what was given.
            let address = format!("https://graph.example/beta/find(name='{encoded}')");
            let url = Url::parse(&address).expect("an address");
            assert_eq!(url.as_str(), address);
            // The other parser takes no address beyond 64 KiB.
            let Ok(other) = address.parse::<http::Uri>() else {
                assert!(address.len() > 60_000, "{address}");
                return;
            };
            let inside = other.path().strip_prefix("/beta/find(name=");
            let inside = inside
                .and_then(|rest| rest.strip_suffix(')'))
                .expect("one call");
            let bytes = decoded(inside).expect("percent-encoding");
            let text = String::from_utf8(bytes).expect("UTF-8");
            assert_eq!(literal(&text).as_deref(), Some(name.as_str()));
        }
        if refuse_segment(&name).is_none() {
            let encoded = encode_segment(&name);
            let address = format!("https://graph.example/v1.0/jobs/{encoded}/cancel");
            let url = Url::parse(&address).expect("an address");
            assert_eq!(url.as_str(), address);
            let segments: Vec<&str> = url.path_segments().expect("a path").collect();
            assert_eq!(segments, ["v1.0", "jobs", encoded.as_str(), "cancel"]);
            assert_eq!(decoded(segments[2]), Some(name.clone().into_bytes()));
        }
    });
}

const ENDPOINTS: [&str; 4] = [
    "https://graph.microsoft.com",
    "https://gateway.example:8443/graph",
    "http://127.0.0.1:8080",
    "http://[::1]:80",
];
const LINKS: [&str; 10] = [
    "https://graph.microsoft.com/v1.0/solutions/migrations/crossTenantMigrationJobs?$skiptoken=a%2Bb",
    "HTTPS://GRAPH.Microsoft.com:443/beta/x",
    "https://gateway.example:8443/graph/v1.0/x?$top=1",
    "http://127.0.0.1:8080/v1.0/x",
    "http://[::1]/v1.0/x",
    "https://graph.microsoft.com@evil.example/x",
    "https://evil.example\\@graph.microsoft.com/x",
    "https://graph.microsoft.com.evil.example/x",
    "//graph.microsoft.com/x",
    "https:/\\graph.microsoft.com\t/x",
];

/// Scheme, host and port of an address, as another parser reads it.
fn origin(text: &str) -> Option<(String, String, u16)> {
    let uri: http::Uri = text.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    let port = authority.port_u16().unwrap_or(match scheme.as_str() {
        "https" => 443,
        _ => 80,
    });
    Some((scheme, authority.host().to_ascii_lowercase(), port))
}

#[test]
fn next_links() {
    fuzz!(1_000, |chosen: &[u8]| {
        let seeds: Vec<&[u8]> = LINKS.iter().map(|link| link.as_bytes()).collect();
        let link = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        let Ok(url) = Url::parse(&link) else { return };
        for text in ENDPOINTS {
            let endpoint = Endpoint::parse(text).expect("an endpoint");
            if endpoint.is_origin_of(&url) {
                // The token goes to what is sent, not to what was written.
                let sent = origin(url.as_str());
                assert!(sent.is_none() || sent == origin(text), "{link:?}");
                assert!(
                    url.username().is_empty() && url.password().is_none(),
                    "{link:?}"
                );
            }
        }
    });
}

#[test]
fn endpoints() {
    fuzz!(1_000, |chosen: &[u8]| {
        let links = ENDPOINTS.iter().chain(&LINKS);
        let seeds: Vec<&[u8]> = links.map(|link| link.as_bytes()).collect();
        let text = String::from_utf8_lossy(&input(chosen, &seeds)).into_owned();
        match Endpoint::parse(&text) {
            Ok(endpoint) => {
                let Some((scheme, host, _)) = origin(endpoint.as_str()) else {
                    // The other parser is stricter with names, and takes no address beyond 64 KiB.
                    let plain =
                        |byte: u8| byte.is_ascii_alphanumeric() || b"-._~:/[]".contains(&byte);
                    assert!(
                        text.len() > 60_000 || !endpoint.as_str().bytes().all(plain),
                        "{text}"
                    );
                    return;
                };
                let host = host.trim_matches(['[', ']']);
                let stays = host == "localhost"
                    || host
                        .parse()
                        .is_ok_and(|ip: std::net::IpAddr| ip.is_loopback());
                assert!(scheme == "https" || (scheme == "http" && stays), "{text:?}");
                assert_eq!(endpoint.is_tls(), scheme == "https");
                assert!(!endpoint.as_str().contains(['?', '#']), "{text:?}");
            }
            Err(error) => assert_one_line(&error.to_string(), 500),
        }
    });
}
