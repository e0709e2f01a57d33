//! Who is trusted, who shows a certificate, and which protocol is spoken, with real handshakes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use msgraph_migrations::{Client, ClientBuilder, ErrorKind, GetOptions};

use crate::support::calls::JOB;
use crate::support::tls::{Authority, Certified, Greeting, TlsServer, builder};

async fn get(builder: ClientBuilder) -> Result<(), msgraph_migrations::Error> {
    let client = builder.build().expect("a client");
    client.get_job(JOB, GetOptions::new()).await.map(drop)
}

/// The connection did not come about, so that no token was sent.
#[track_caller]
fn assert_refused(server: &TlsServer, outcome: Result<(), msgraph_migrations::Error>) {
    let error = outcome.expect_err("no trust");
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(!error.was_sent());
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_once_it_is_named() {
    let (own, other) = (Authority::new("own"), Authority::new("other"));
    let server = TlsServer::start(&own.certify("localhost"), Greeting::default()).await;
    // The system does not know it, or has no authorities at all.
    if let Ok(client) = server.builder().build() {
        let outcome = client.get_job(JOB, GetOptions::new()).await;
        assert_refused(&server, outcome.map(drop));
    }
    let bundle = format!("{}\n{}", other.pem(), own.pem());
    let named = [
        server.builder().add_root_certificates(own.pem()),
        server.builder().add_root_certificates(own.der()),
        server.builder().add_root_certificates(bundle),
        server
            .builder()
            .add_root_certificates(own.pem())
            .add_root_certificates(other.der()),
        server.builder().only_root_certificates(own.pem()),
        server
            .builder()
            .only_root_certificates(other.pem())
            .add_root_certificates(own.pem()),
    ];
    let count = named.len();
    for builder in named {
        get(builder).await.expect("a job");
    }
    assert_eq!(server.requests().len(), count);
}

/// The store of the system belongs to the process, so this test runs itself in one of its own.
#[tokio::test]
async fn pinning_leaves_out_what_the_system_trusts() {
    const NAME: &str = "tls::pinning_leaves_out_what_the_system_trusts";
    const ORIGIN: &str = "MSGRAPH_MIGRATIONS_TEST_TLS";
    if let Ok(origin) = std::env::var(ORIGIN) {
        get(builder(origin.clone()))
            .await
            .expect("the system trusts it");
        let pinned = builder(origin).only_root_certificates(Authority::new("pinned").pem());
        let error = get(pinned).await.expect_err("not the one that is pinned");
        assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
        return;
    }
    let authority = Authority::new("system");
    let server = TlsServer::start(&authority.certify("localhost"), Greeting::default()).await;
    let folder = Folder::new("pinning");
    let store = folder.write("store.pem", &authority.pem());
    let mut child = Command::new(std::env::current_exe().expect("this program"));
    child
        .args([NAME, "--exact"])
        .env(ORIGIN, server.origin())
        .env("SSL_CERT_FILE", store)
        .env_remove("SSL_CERT_DIR");
    let output = tokio::task::spawn_blocking(move || child.output()).await;
    let output = output.expect("no panic").expect("the child runs");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_certificate_for_another_name_or_time_is_refused() {
    let authority = Authority::new("own");
    for certified in [
        authority.certify("graph.microsoft.example"),
        authority.certify_until("localhost", 2024),
    ] {
        let server = TlsServer::start(&certified, Greeting::default()).await;
        for builder in [
            server.builder().add_root_certificates(authority.pem()),
            server.builder().only_root_certificates(authority.pem()),
        ] {
            assert_refused(&server, get(builder).await);
        }
    }
}

#[tokio::test]
async fn a_client_shows_its_certificate_to_a_server_that_asks_for_one() {
    let (own, clients) = (Authority::new("own"), Authority::new("clients"));
    let greeting = Greeting {
        clients_of: Some(&clients),
        ..Greeting::default()
    };
    let server = TlsServer::start(&own.certify("localhost"), greeting).await;
    let trusting = || server.builder().only_root_certificates(own.pem());
    let showing = |shown: &Certified| {
        trusting().client_identity(shown.certificate.pem(), shown.key.serialize_pem())
    };
    // A handshake of TLS 1.3 is over before the server looks at the certificate, and the request may be on
    // its way: nobody can say then that nothing was sent.
    for builder in [trusting(), showing(&own.certify("a stranger"))] {
        let error = get(builder).await.expect_err("no certificate of theirs");
        let kinds = [ErrorKind::Connect, ErrorKind::Interrupted];
        assert!(kinds.contains(&error.kind()), "{error:?}");
    }
    assert!(server.requests().is_empty());
    get(showing(&clients.certify("wave-planner")))
        .await
        .expect("a job");
    assert_eq!(server.requests().len(), 1);
}

#[test]
fn certificates_that_cannot_be_read_are_refused_aloud() {
    let authority = Authority::new("own");
    let (one, two) = (authority.certify("one"), authority.certify("two"));
    let (certificate, key) = (one.certificate.pem(), one.key.serialize_pem());
    let cut = &authority.pem()[..200];
    for origin in ["https://localhost:9", "http://localhost:9"] {
        let builder = || builder(origin.to_owned());
        for roots in ["", "certificate", &key, cut] {
            for builder in [
                builder().add_root_certificates(roots),
                builder().only_root_certificates(roots),
            ] {
                let error = builder.build().expect_err(roots);
                assert_eq!(error.kind(), ErrorKind::Configuration, "{roots}");
            }
        }
        let other_key = two.key.serialize_pem();
        for (shown, key) in [
            ("", key.as_str()),
            (&certificate, ""),
            (&certificate, "key"),
            (&certificate, &key[..80]),
            ("", ""),
            (&certificate, &other_key),
        ] {
            let error = builder().client_identity(shown, key).build();
            let error = error.expect_err("no certificate with its key");
            assert_eq!(error.kind(), ErrorKind::Configuration);
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains("PRIVATE"), "{shown}");
        }
    }
}

#[tokio::test]
async fn a_server_that_knows_no_protocols_is_spoken_to_in_http_1() {
    let authority = Authority::new("own");
    let certified = authority.certify("localhost");
    for protocols in [&[][..], &["http/1.1"]] {
        let greeting = Greeting {
            protocols,
            ..Greeting::default()
        };
        let server = TlsServer::start(&certified, greeting).await;
        get(server.builder().only_root_certificates(authority.pem()))
            .await
            .expect("a job");
        assert_eq!(server.requests().len(), 1);
    }
}

#[cfg(feature = "http2")]
#[tokio::test]
async fn http_2_is_spoken_where_the_server_offers_it() {
    let authority = Authority::new("own");
    let greeting = Greeting {
        protocols: &["h2", "http/1.1"],
        ..Greeting::default()
    };
    let server = TlsServer::start(&authority.certify("localhost"), greeting).await;
    get(server.builder().only_root_certificates(authority.pem()))
        .await
        .expect("a job");
    let requests = server.requests();
    assert_eq!(requests[0].header(":version"), Some("HTTP/2.0"));
}

/// The HTTP library would send it up to three times, and count one.
#[cfg(feature = "http2")]
#[tokio::test]
async fn what_http_2_refuses_is_sent_and_counted_once() {
    let authority = Authority::new("own");
    let greeting = Greeting {
        protocols: &["h2"],
        refused_streams: 1,
        ..Greeting::default()
    };
    let server = TlsServer::start(&authority.certify("localhost"), greeting).await;
    let trusting = server.builder().only_root_certificates(authority.pem());
    let client = trusting.build().expect("a client");
    let error = client.cancel_job(JOB).await.expect_err("a refused stream");
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error:?}");
    assert_eq!((error.attempts(), server.requests().len()), (1, 1));
}

/// The features of this crate reach every user of reqwest in the program.
#[cfg(feature = "rustls")]
#[tokio::test]
async fn plain_http_elsewhere_in_the_program_needs_no_provider() {
    use crate::support::server::{Reply, Server};

    let provider = tokio_rustls::rustls::crypto::CryptoProvider::get_default();
    assert!(provider.is_none(), "nobody installed one");
    let server = Server::start(Reply::json(200, "{}")).await;
    let elsewhere = reqwest::Client::builder().no_proxy().build();
    let answer = elsewhere.expect("an HTTP client").get(server.origin());
    assert_eq!(answer.send().await.expect("an answer").status(), 200);
}

/// A provider is installed for the whole process, so this test runs itself in one of its own.
#[cfg(feature = "rustls")]
#[tokio::test]
async fn where_two_providers_meet_installing_one_helps_everybody() {
    use tokio_rustls::rustls::{ClientConfig, crypto::ring};

    const NAME: &str = "tls::where_two_providers_meet_installing_one_helps_everybody";
    const MODE: &str = "MSGRAPH_MIGRATIONS_TEST_PROVIDER";
    let authority = Authority::new("own");
    let server = TlsServer::start(&authority.certify("localhost"), Greeting::default()).await;
    let trusting = || server.builder().only_root_certificates(authority.pem());
    match std::env::var(MODE).as_deref() {
        Ok("install") => {
            assert!(ring::default_provider().install_default().is_ok());
            let _ = ClientConfig::builder();
            get(trusting()).await.expect("a job");
            return;
        }
        Ok(_) => {
            get(trusting()).await.expect("this client needs none");
            let _ = ClientConfig::builder();
            return;
        }
        Err(_) => {}
    }
    for (mode, succeeds) in [("install", true), ("leave", false)] {
        let mut child = Command::new(std::env::current_exe().expect("this program"));
        child.args([NAME, "--exact", "--nocapture"]).env(MODE, mode);
        let output = tokio::task::spawn_blocking(move || child.output()).await;
        let output = output.expect("no panic").expect("the child runs");
        assert_eq!(output.status.success(), succeeds, "{output:?}");
        // Without the line it is rustls that panics, and not this client.
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(stderr.contains("CryptoProvider"), !succeeds, "{stderr}");
        assert!(!stderr.contains("this client needs none"), "{stderr}");
    }
}

/// A server by other hands: OpenSSL's checks the client's certificate and sends a file as the answer.
#[tokio::test]
async fn the_server_of_openssl_agrees() {
    let (own, clients) = (Authority::new("own"), Authority::new("clients"));
    let folder = Folder::new("openssl");
    let certified = own.certify("localhost");
    folder.write("server.pem", &certified.certificate.pem());
    folder.write("server.key", &certified.key.serialize_pem());
    folder.write("clients.pem", &clients.pem());
    let path = format!("v1.0/solutions/migrations/crossTenantMigrationJobs/{JOB}");
    let answer =
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{\"status\":\"submitted\"}";
    folder.write(&path, answer);
    let Some((origin, _server)) = OpenSsl::start(&folder.0) else {
        eprintln!("SKIPPED: there is no openssl to be judged by");
        return;
    };
    let trusting = || builder(origin.clone()).only_root_certificates(own.pem());
    get(trusting()).await.expect_err("no certificate");
    get(builder(origin.clone()).only_root_certificates(clients.pem()))
        .await
        .expect_err("another authority");
    let shown = clients.certify("wave-planner");
    let client: Client = trusting()
        .client_identity(shown.certificate.pem(), shown.key.serialize_pem())
        .build()
        .expect("a client");
    let job = client.get_job(JOB, GetOptions::new()).await.expect("a job");
    let status = job.value().status.as_ref().map(ToString::to_string);
    assert_eq!(status.as_deref(), Some("submitted"));
}

struct OpenSsl(Child);

impl OpenSsl {
    fn start(folder: &Path) -> Option<(String, Self)> {
        let mut child = Command::new("openssl")
            .args(["s_server", "-accept", "127.0.0.1:0", "-HTTP"])
            .args(["-cert", "server.pem", "-key", "server.key"])
            .args([
                "-CAfile",
                "clients.pem",
                "-Verify",
                "1",
                "-verify_return_error",
            ])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut lines = BufReader::new(child.stdout.take()?).lines();
        let port = lines.find_map(|line| {
            let line = line.ok()?;
            line.strip_prefix("ACCEPT 127.0.0.1:")?
                .trim()
                .parse::<u16>()
                .ok()
        });
        // Read on, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let server = Self(child);
        Some((format!("https://localhost:{}", port?), server))
    }
}

impl Drop for OpenSsl {
    fn drop(&mut self) {
        // It may have ended, which is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A folder for one test; it goes when dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let unique = format!("msgraph-migrations-{name}-{}", std::process::id());
        let folder = std::env::temp_dir().join(unique);
        std::fs::create_dir_all(&folder).expect("a folder");
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        let folder = path.parent().expect("a folder");
        std::fs::create_dir_all(folder).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
