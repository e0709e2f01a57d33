//! TLS by rustls and ring.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;

/// A configuration of rustls for reqwest, which would otherwise want a process-wide provider or
/// compile a larger one.
///
/// Without `trust`, no certificate is accepted: enough for plain http on this machine, and needs no
/// certificate store.
pub(crate) fn config(trust: bool) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    Ok(if trust {
        let verifier = Arc::new(Verifier::new(provider)?);
        builder
            .dangerous()
            .with_custom_certificate_verifier(verifier)
            .with_no_client_auth()
    } else {
        builder
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth()
    })
}
