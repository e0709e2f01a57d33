//! The HTTP client below: its connections, proxies, names and certificates.
//!
//! Its builder stays in here. Whoever could reach it could make it follow redirects, repeat an action, put
//! headers into every request or take any bytes for an answer, and most of that could be neither seen nor
//! undone.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Proxy, Url};

use crate::answers::error::{Error, ErrorKind};
use crate::client::tls::Tls;

type Resolved = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;
pub(crate) type Resolver = Arc<dyn Fn(String) -> Resolved + Send + Sync>;

/// How connections come about.
pub(crate) struct HttpSettings {
    pub connect_timeout: Duration,
    pub proxy: ProxyChoice,
    pub resolver: Option<Resolver>,
    pub local_address: Option<IpAddr>,
    pub tls: Tls,
}

/// The way out.
pub(crate) enum ProxyChoice {
    /// What the environment says for https, and none for plain http.
    Environment,
    None,
    At(String),
}

impl HttpSettings {
    /// A client that sends each request once and to no other address, over TLS or on this machine only.
    pub fn build(self, is_tls: bool, user_agent: &'static str) -> Result<reqwest::Client, Error> {
        let mut builder = reqwest::Client::builder()
            .user_agent(user_agent)
            .redirect(reqwest::redirect::Policy::none())
            // The library's own repetitions, of requests that HTTP/2 refused, are counted nowhere.
            .retry(reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .local_address(self.local_address)
            .https_only(is_tls)
            // What another crate of the program turns on in the library changes nothing here.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate()
            .no_hickory_dns();
        if !cfg!(feature = "http2") {
            builder = builder.http1_only();
        }
        builder = match self.proxy {
            ProxyChoice::Environment if is_tls => builder,
            // A proxy of the environment would carry the token in plain text off this machine.
            ProxyChoice::Environment | ProxyChoice::None => builder.no_proxy(),
            ProxyChoice::At(address) => builder.proxy(proxy(&address)?),
        };
        if let Some(resolve) = self.resolver {
            builder = builder.dns_resolver(Names { resolve, is_tls });
        }
        self.tls
            .apply(builder, is_tls)?
            .build()
            .map_err(|error| failed(error.without_url()))
    }
}

pub(crate) fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(ErrorKind::Configuration, "the HTTP client cannot be set up").with_source(error)
}

/// The library passes over a proxy whose scheme it does not know, and connects directly.
fn proxy(address: &str) -> Result<Proxy, Error> {
    let refused =
        |reason: &str| Error::new(ErrorKind::Configuration, format!("the proxy {reason}"));
    // Not the reason of the parser, which might quote a password.
    let url = Url::parse(address).map_err(|_| refused("is not an address"))?;
    if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
        return Err(refused(
            "is not an address such as http://proxy.example:3128",
        ));
    }
    Proxy::all(url).map_err(|error| failed(error.without_url()))
}

struct Names {
    resolve: Resolver,
    is_tls: bool,
}

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let (resolved, is_tls) = ((self.resolve)(name.as_str().to_owned()), self.is_tls);
        Box::pin(async move {
            let addresses = resolved.await?;
            if !is_tls && addresses.iter().any(|address| !address.is_loopback()) {
                let reason = "plain http stays on this machine, and the name leads off it";
                return Err(io::Error::other(reason).into());
            }
            // Port 0 stands for that of the address.
            let found = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(found) as Addrs)
        })
    }
}
