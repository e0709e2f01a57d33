//! TLS with a certificate of the sandbox's own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// What a sandbox answers TLS with.
pub(crate) struct Tls {
    pub(crate) acceptor: TlsAcceptor,
    /// The certificate that a client has to trust, in PEM.
    pub(crate) certificate: String,
}

/// Makes a certificate authority that signs one certificate, for this machine and `names`, and forgets its key.
pub(crate) fn make(address: IpAddr, names: &[String]) -> Result<Tls, String> {
    let failed = |error: rcgen::Error| format!("can't make a certificate: {error}");
    let mut authority = CertificateParams::new(Vec::new()).map_err(failed)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    authority.distinguished_name.push(
        DnType::CommonName,
        "msgraph-migrations-sandbox, not Microsoft",
    );
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(failed)?)
        .map_err(failed)?;
    let mut all = vec![
        "localhost".to_owned(),
        Ipv4Addr::LOCALHOST.to_string(),
        Ipv6Addr::LOCALHOST.to_string(),
    ];
    if !address.is_unspecified() {
        all.push(address.to_string());
    }
    all.extend(names.iter().cloned());
    all.sort();
    all.dedup();
    let mut own = CertificateParams::new(all).map_err(failed)?;
    own.use_authority_key_identifier_extension = true;
    own.distinguished_name
        .push(DnType::CommonName, "msgraph-migrations-sandbox");
    let key = KeyPair::generate().map_err(failed)?;
    let certificate = own.signed_by(&key, &authority).map_err(failed)?;
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![certificate.der().clone()], key)
        })
        .map_err(|error| format!("can't set up TLS: {error}"))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Tls {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        certificate: authority.pem(),
    })
}
