//! Whose certificates are trusted, and which one is shown.

#[cfg(not(feature = "__tls"))]
use reqwest::ClientBuilder;

use crate::answers::error::{Error, ErrorKind};

/// What was asked for, which a build without TLS can only refuse.
#[derive(Default)]
pub(crate) struct Tls {
    roots: Vec<Vec<u8>>,
    only_these: bool,
    identity: Option<Identity>,
}

/// A certificate, followed by those that lead to its authority, and its key, in PEM.
#[cfg_attr(
    not(feature = "__tls"),
    allow(dead_code, reason = "without TLS it is only refused")
)]
struct Identity {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl Tls {
    /// Trusts these authorities: certificates in PEM, or one in DER.
    pub fn add_roots(&mut self, certificates: Vec<u8>) {
        self.roots.push(certificates);
    }

    /// Trusts no other authorities than those that are added.
    pub fn trust_only_added(&mut self) {
        self.only_these = true;
    }

    /// Shows this certificate to servers that ask for one.
    pub fn set_identity(&mut self, certificates: Vec<u8>, key: Vec<u8>) {
        self.identity = Some(Identity { certificates, key });
    }
}

fn refused(reason: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, reason)
}

#[cfg(not(feature = "__tls"))]
impl Tls {
    pub fn apply(self, builder: ClientBuilder, is_tls: bool) -> Result<ClientBuilder, Error> {
        if is_tls || self.only_these || !self.roots.is_empty() || self.identity.is_some() {
            let reason = "this build has no TLS; enable the feature rustls or native-tls";
            return Err(refused(reason));
        }
        Ok(builder)
    }
}

#[cfg(feature = "__tls")]
mod enabled {
    use reqwest::{Certificate, ClientBuilder};

    use super::{Identity, Tls, refused};
    use crate::answers::error::Error;

    impl Tls {
        /// Sets up the TLS of this crate's features, whatever others in the program use.
        pub fn apply(self, builder: ClientBuilder, is_tls: bool) -> Result<ClientBuilder, Error> {
            #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
            check_provider()?;
            let mut builder = backend(builder);
            let mut roots = Vec::new();
            for text in &self.roots {
                roots.extend(certificates(text)?);
            }
            // Plain http needs no trust, and so works where the system has no certificates.
            builder = if self.only_these || (!is_tls && roots.is_empty()) {
                builder.tls_certs_only(roots)
            } else {
                builder.tls_certs_merge(roots)
            };
            Ok(match self.identity {
                Some(identity) => builder.identity(identity.read()?),
                None => builder,
            })
        }
    }

    /// Without a provider the library panics.
    #[cfg(all(feature = "rustls-no-provider", not(feature = "rustls")))]
    fn check_provider() -> Result<(), Error> {
        match rustls::crypto::CryptoProvider::get_default() {
            Some(_) => Ok(()),
            None => Err(refused(
                "rustls has no cryptography: install a provider by \
                 CryptoProvider::install_default, or enable the feature rustls",
            )),
        }
    }

    fn backend(builder: ClientBuilder) -> ClientBuilder {
        #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
        let builder = builder.tls_backend_rustls();
        #[cfg(not(any(feature = "rustls", feature = "rustls-no-provider")))]
        let builder = builder.tls_backend_native();
        builder
    }

    fn certificates(text: &[u8]) -> Result<Vec<Certificate>, Error> {
        let is_pem = text.windows(10).any(|window| window == b"-----BEGIN");
        let read = if is_pem {
            Certificate::from_pem_bundle(text)
        } else {
            Certificate::from_der(text).map(|one| vec![one])
        };
        match read {
            Ok(found) if !found.is_empty() => Ok(found),
            Ok(_) => Err(refused("the root certificates hold no certificate")),
            Err(error) => Err(refused("the root certificates cannot be read").with_source(error)),
        }
    }

    impl Identity {
        fn read(self) -> Result<reqwest::Identity, Error> {
            #[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
            let read = {
                let parts = [&*self.certificates, b"\n", &*self.key];
                reqwest::Identity::from_pem(&parts.concat())
            };
            #[cfg(not(any(feature = "rustls", feature = "rustls-no-provider")))]
            let read = reqwest::Identity::from_pkcs8_pem(&self.certificates, &self.key);
            read.map_err(|error| {
                refused("the client's certificate and key cannot be read").with_source(error)
            })
        }
    }
}
