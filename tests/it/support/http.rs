//! An HTTP client that was set up elsewhere, as an application may bring one.

use reqwest::ClientBuilder;

/// A builder that reaches this machine over plain http and nothing over TLS.
pub fn builder() -> ClientBuilder {
    let builder = reqwest::Client::builder().no_proxy();
    #[cfg(feature = "rustls")]
    let builder = builder.tls_backend_preconfigured(
        rustls::ClientConfig::builder_with_provider(std::sync::Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .expect("the versions of ring")
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth(),
    );
    builder
}
