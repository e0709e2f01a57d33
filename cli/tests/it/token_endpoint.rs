//! Tokens that are really fetched: by secret, certificate and workload identity, over TLS, from an endpoint of the test.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{Ran, program, ran};

const TENANT: &str = "0a77b3c4-9e15-4d62-8f04-c1d2e3a4b596";
const CLIENT: &str = "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754";
const SECRET: &str = "client-secret-5f0b";

/// A request for a token: its path, and its form.
type Asked = (String, HashMap<String, String>);

/// An authority that gives out tokens as the documents of the identity platform say.
struct TokenEndpoint {
    host: String,
    folder: tempfile::TempDir,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl TokenEndpoint {
    /// Answers the first requests by `answers`, and all others by the last.
    async fn start(answers: Vec<(u16, Value)>) -> Self {
        let certified =
            rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("ca.pem"), certified.cert.pem()).expect("a file");
        let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).expect("a key");
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certified.cert.der().clone()], key)
            .expect("a certificate");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let request = request(&mut stream).await;
                let index = {
                    let mut seen = seen.lock().expect("no panic");
                    seen.push(request);
                    seen.len() - 1
                };
                let (status, body) = answers.get(index).or(answers.last()).expect("an answer");
                let body = body.to_string();
                let answer = format!(
                    "HTTP/1.1 {status} As told\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
                     connection: close\r\n\r\n{body}",
                    body.len()
                );
                let _ = stream.write_all(answer.as_bytes()).await;
                let _ = stream.shutdown().await;
            }
        });
        Self {
            host: format!("https://localhost:{port}/"),
            folder,
            asked,
        }
    }

    fn asked(&self) -> Vec<Asked> {
        self.asked.lock().expect("no panic").clone()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs the program, which trusts this endpoint and nobody else.
    async fn run(&self, sandbox: &Sandbox, variables: &[(&str, &str)], kind: &str) -> Ran {
        let mut command = program();
        command
            .env("AZURE_AUTHORITY_HOST", &self.host)
            .env("SSL_CERT_FILE", self.path("ca.pem"))
            .env("AZURE_TENANT_ID", TENANT)
            .env("AZURE_CLIENT_ID", CLIENT)
            .envs(variables.iter().copied())
            .args(["--base-url", &sandbox.base_url(), "--credential", kind])
            .args(["jobs", "list"]);
        let output = tokio::task::spawn_blocking(move || command.output().expect("it runs"));
        let ran = ran(&output.await.expect("it runs"));
        for secret in [SECRET, "fetched-", "federated-"] {
            assert!(!format!("{ran:?}").contains(secret), "{secret}: {ran:?}");
        }
        ran
    }
}

async fn request(stream: &mut (impl AsyncReadExt + Unpin)) -> Asked {
    let mut bytes = Vec::new();
    let mut part = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length")
                    .then(|| value.trim().parse::<usize>().expect("a length"))
            });
            if body.len() >= length.unwrap_or(0) {
                let path = head.split(' ').nth(1).unwrap_or_default();
                let form = form_urlencoded::parse(body.as_bytes());
                return (path.to_owned(), form.into_owned().collect());
            }
        }
        match stream.read(&mut part).await {
            Ok(0) | Err(_) => return Asked::default(),
            Ok(count) => bytes.extend_from_slice(&part[..count]),
        }
    }
}

fn token(secret: &str) -> (u16, Value) {
    (
        200,
        json!({ "token_type": "Bearer", "expires_in": 3600, "ext_expires_in": 3600, "access_token": secret }),
    )
}

/// A simulator that takes one token only.
async fn sandbox(token: &str) -> Sandbox {
    let builder = Sandbox::builder().seed(7).demo().token(token);
    builder.start().await.expect("a free port")
}

#[track_caller]
fn assert_asked(asked: &[Asked], expected: &[(&str, &str)]) {
    let [(path, form)] = asked else {
        panic!("one request for a token, and not {asked:?}");
    };
    assert_eq!(*path, format!("/{TENANT}/oauth2/v2.0/token"));
    let common = [
        ("client_id", CLIENT),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ];
    for (name, value) in common.iter().chain(expected) {
        assert_eq!(form.get(*name).map(String::as_str), Some(*value), "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_secret_is_exchanged_for_a_token() {
    let sandbox = sandbox("fetched-by-secret").await;
    for kind in ["client-secret", "environment"] {
        let endpoint = TokenEndpoint::start(vec![token("fetched-by-secret")]).await;
        let ran = endpoint
            .run(&sandbox, &[("AZURE_CLIENT_SECRET", SECRET)], kind)
            .await;
        assert_eq!(ran.code, 0, "{kind}: {ran:?}");
        assert!(ran.out.contains("Demo inProgress"), "{kind}: {ran:?}");
        assert_asked(&endpoint.asked(), &[("client_secret", SECRET)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_of_a_pod_is_exchanged_for_one_of_graph() {
    let sandbox = sandbox("fetched-by-workload").await;
    for kind in ["workload-identity", "environment"] {
        let endpoint = TokenEndpoint::start(vec![token("fetched-by-workload")]).await;
        let file = endpoint.path("federated");
        fs::write(&file, "federated-3b7e").expect("a file");
        let file = file.to_str().expect("UTF-8");
        let ran = endpoint
            .run(&sandbox, &[("AZURE_FEDERATED_TOKEN_FILE", file)], kind)
            .await;
        assert_eq!(ran.code, 0, "{kind}: {ran:?}");
        assert_asked(&endpoint.asked(), &[("client_assertion", "federated-3b7e")]);
    }
}

fn openssl(folder: &Path, arguments: &str) {
    let ran = Command::new("openssl")
        .args(arguments.split(' '))
        .current_dir(folder)
        .output();
    let ran = ran.expect("openssl runs");
    assert!(ran.status.success(), "{arguments}: {ran:?}");
}

/// What a signed statement says in one of its parts.
fn part(statement: &str, index: usize) -> Value {
    let part = statement.split('.').nth(index).expect("a part");
    let bytes = URL_SAFE_NO_PAD.decode(part).expect("base64");
    serde_json::from_slice(&bytes).expect("JSON")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_signs_a_statement_that_is_exchanged_for_a_token() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: there is no openssl to make a certificate with an RSA key");
        return;
    }
    let sandbox = sandbox("fetched-by-certificate").await;
    for kind in ["certificate", "environment"] {
        let endpoint = TokenEndpoint::start(vec![token("fetched-by-certificate")]).await;
        let folder = endpoint.folder.path();
        openssl(
            folder,
            "req -x509 -newkey rsa:2048 -nodes -subj /CN=xtmig -keyout key.pem -out cert.pem",
        );
        openssl(folder, "x509 -in cert.pem -outform DER -out cert.der");
        openssl(folder, "x509 -in cert.pem -pubkey -noout -out public.pem");
        let read = |name: &str| fs::read(folder.join(name)).expect("a file");
        fs::write(
            folder.join("both.pem"),
            [read("cert.pem"), read("key.pem")].concat(),
        )
        .expect("a file");
        let file = folder.join("both.pem");
        let file = file.to_str().expect("UTF-8");
        let ran = endpoint
            .run(&sandbox, &[("AZURE_CLIENT_CERTIFICATE_PATH", file)], kind)
            .await;
        assert_eq!(ran.code, 0, "{kind}: {ran:?}");
        let asked = endpoint.asked();
        assert_asked(
            &asked,
            &[(
                "client_assertion_type",
                "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
            )],
        );

        // The statement, as the authority judges it: whose it is, for whom, and who has signed it.
        let statement = &asked[0].1["client_assertion"];
        let (header, claims) = (part(statement, 0), part(statement, 1));
        let thumbprint = URL_SAFE_NO_PAD.encode(Sha256::digest(read("cert.der")));
        assert_eq!(
            (&header["alg"], &header["x5t#S256"]),
            (&"PS256".into(), &thumbprint.into())
        );
        let audience = format!("{}{TENANT}/oauth2/v2.0/token", endpoint.host);
        assert_eq!(
            (&claims["aud"], &claims["iss"], &claims["sub"]),
            (&audience.into(), &CLIENT.into(), &CLIENT.into())
        );
        let (content, signature) = statement.rsplit_once('.').expect("three parts");
        let signature = URL_SAFE_NO_PAD.decode(signature).expect("base64");
        fs::write(folder.join("content"), content).expect("a file");
        fs::write(folder.join("signature"), signature).expect("a file");
        openssl(
            folder,
            "dgst -sha256 -sigopt rsa_padding_mode:pss -verify public.pem -signature signature content",
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_gets_no_token_is_told_why_and_nothing_is_sent() {
    let sandbox = sandbox("fetched-by-secret").await;
    let wrong = json!({ "error": "invalid_client", "error_codes": [7_000_215],
        "error_description": "AADSTS7000215: Invalid client secret provided." });
    let endpoint = TokenEndpoint::start(vec![(401, wrong)]).await;
    let secret = [("AZURE_CLIENT_SECRET", SECRET)];
    let refused = endpoint.run(&sandbox, &secret, "client-secret").await;
    assert_eq!(refused.code, 5, "{refused:?}");
    assert!(refused.err.contains("AADSTS7000215"), "{refused:?}");
    assert!(refused.err.contains("  next: "), "{refused:?}");

    // An authority that nobody vouches for gets no secret.
    let impostor = TokenEndpoint::start(vec![token("fetched-by-secret")]).await;
    fs::copy(endpoint.path("ca.pem"), impostor.path("ca.pem")).expect("a file");
    let untrusted = impostor.run(&sandbox, &secret, "client-secret").await;
    assert_eq!(untrusted.code, 5, "{untrusted:?}");
    assert_eq!(impostor.asked(), []);

    let plain = [secret[0], ("AZURE_AUTHORITY_HOST", "http://localhost:1/")];
    let plain = endpoint.run(&sandbox, &plain, "client-secret").await;
    assert_eq!(plain.code, 5, "{plain:?}");
    assert!(plain.err.contains("HTTPS"), "{plain:?}");
    assert_eq!(sandbox.requests().len(), 0);
}
