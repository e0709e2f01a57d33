//! Certificates made for one test, and a server that shows them.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use msgraph_migrations::{AccessToken, Client, ClientBuilder, RetryPolicy};
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, date_time_ymd,
};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{RootCertStore, ServerConfig};

use crate::support::server::{Reply, Request, SECRET, serve};

/// A certificate authority that nobody else knows.
pub struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
pub struct Certified {
    pub certificate: Certificate,
    pub key: KeyPair,
}

impl Authority {
    pub fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().expect("a key");
        let certificate = params.self_signed(&key).expect("a certificate");
        let issuer = Issuer::new(params, key);
        Self {
            certificate,
            issuer,
        }
    }

    pub fn pem(&self) -> String {
        self.certificate.pem()
    }

    pub fn der(&self) -> Vec<u8> {
        self.certificate.der().to_vec()
    }

    pub fn certify(&self, name: &str) -> Certified {
        self.certify_until(name, 2100)
    }

    pub fn certify_until(&self, name: &str, year: i32) -> Certified {
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        params.distinguished_name.push(DnType::CommonName, name);
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year, 1, 1);
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        let key = KeyPair::generate().expect("a key");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        Certified { certificate, key }
    }
}

/// How the server greets.
#[derive(Default)]
pub struct Greeting<'a> {
    /// The protocols that it offers by ALPN.
    pub protocols: &'a [&'a str],
    /// The authority of the certificates that clients have to show.
    pub clients_of: Option<&'a Authority>,
    /// How many streams of HTTP/2 it refuses before it serves one.
    pub refused_streams: usize,
}

/// A server on a loopback port; it stops when dropped.
pub struct TlsServer {
    port: u16,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl TlsServer {
    pub async fn start(certified: &Certified, greeting: Greeting<'_>) -> Self {
        let acceptor = TlsAcceptor::from(Arc::new(configuration(certified, &greeting)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (recorded, refused) = (Arc::clone(&requests), greeting.refused_streams);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (recorded, acceptor) = (Arc::clone(&recorded), acceptor.clone());
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                        serve_http2(stream, &recorded, refused).await;
                    } else {
                        serve(stream, &recorded, &|_: &_| Reply::json(200, "{}")).await;
                    }
                });
            }
        });
        Self {
            port,
            requests,
            task,
        }
    }

    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    pub fn builder(&self) -> ClientBuilder {
        builder(self.origin())
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().expect("no panic").clone()
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A client that sends each request once.
pub fn builder(origin: String) -> ClientBuilder {
    Client::builder(AccessToken::new(SECRET).expect("a token"))
        .endpoint(origin)
        .no_proxy()
        .retry(RetryPolicy::never())
}

pub fn configuration(certified: &Certified, greeting: &Greeting<'_>) -> ServerConfig {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .expect("the versions of ring");
    let builder = match greeting.clients_of {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            let root = authority.certificate.der().clone();
            roots.add(root).expect("a certificate");
            let verifier = WebPkiClientVerifier::builder_with_provider(roots.into(), provider);
            builder.with_client_cert_verifier(verifier.build().expect("a verifier"))
        }
    };
    let key = PrivateKeyDer::Pkcs8(certified.key.serialize_der().into());
    let mut configuration = builder
        .with_single_cert(vec![certified.certificate.der().clone()], key)
        .expect("a certificate and its key");
    configuration.alpn_protocols = greeting
        .protocols
        .iter()
        .map(|protocol| protocol.as_bytes().to_vec())
        .collect();
    configuration
}

async fn serve_http2(
    stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
    recorded: &Mutex<Vec<Request>>,
    refused: usize,
) {
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, mut respond))) = connection.accept().await {
        let number = {
            let mut recorded = recorded.lock().expect("no panic");
            recorded.push(Request {
                method: request.method().to_string(),
                target: request.uri().path().to_owned(),
                headers: vec![(":version".to_owned(), format!("{:?}", request.version()))],
                body: Vec::new(),
            });
            recorded.len()
        };
        if number <= refused {
            respond.send_reset(h2::Reason::REFUSED_STREAM);
            continue;
        }
        // The client may have gone, which is its right.
        if let Ok(mut body) = respond.send_response(http::Response::new(()), false) {
            let _ = body.send_data(Bytes::from_static(b"{}"), true);
        }
    }
}
