//! What goes with every request: ids, names, timeouts, and the way it takes.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use msgraph_migrations::{AccessToken, CancelOutcome, Client, ErrorKind, GetOptions, RetryPolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::calls::JOB;
use crate::support::server::{Reply, SECRET, Server};

fn builder(origin: String) -> msgraph_migrations::ClientBuilder {
    let retry = RetryPolicy::default()
        .base_delay(Duration::from_millis(1))
        .max_delay(Duration::from_millis(2));
    Client::builder(AccessToken::new(SECRET).expect("a token"))
        .endpoint(origin)
        .retry(retry)
}

#[tokio::test]
async fn every_answer_tells_the_client_request_id_that_was_sent() {
    let server = Server::start_with(|request| match request.method.as_str() {
        "GET" => Reply::json(200, "{}"),
        "DELETE" => Reply::json(404, "{}"),
        _ => Reply::json(409, "{}"),
    })
    .await;
    let client = server.client();
    let job = client.get_job(JOB, GetOptions::new()).await.expect("a job");
    let Ok(CancelOutcome::Undetermined(conflict)) = client.cancel_job(JOB).await else {
        panic!("409 is a conflict");
    };
    let error = client.delete_job(JOB).await.expect_err("404");
    let refusal = error.refusal().expect("a refusal");
    let told = [
        job.client_request_id(),
        conflict.client_request_id(),
        refusal.client_request_id(),
    ];
    let requests = server.requests();
    let sent: Vec<_> = requests
        .iter()
        .filter_map(|request| request.header("client-request-id"))
        .collect();
    assert_eq!(sent, told);
    assert_eq!(error.client_request_id(), Some(sent[2]));
}

#[tokio::test]
async fn the_client_request_id_of_the_service_is_told_when_it_differs() {
    let headers = [("client-request-id", "another-one")];
    let server = Server::start(Reply::new(200, &headers, "{}")).await;
    let job = server.client().get_job(JOB, GetOptions::new()).await;
    assert_eq!(job.expect("a job").client_request_id(), "another-one");

    let server = Server::start(Reply::new(404, &headers, "{}")).await;
    let error = server
        .client()
        .get_job(JOB, GetOptions::new())
        .await
        .expect_err("404");
    let refusal = error.refusal().expect("a refusal");
    assert_eq!(refusal.client_request_id(), "another-one");
    assert_eq!(
        error.client_request_id(),
        server.request().header("client-request-id")
    );
}

#[tokio::test]
async fn an_application_names_itself_in_front_of_this_crate() {
    let crate_name = concat!("msgraph-migrations/", env!("CARGO_PKG_VERSION"));
    let server = Server::start(Reply::json(200, "{}")).await;
    let named = server
        .builder()
        .application(" wave-planner/2.1 (night shift) ");
    for builder in [named, server.builder()] {
        let client = builder.build().expect("a client");
        client.get_job(JOB, GetOptions::new()).await.expect("a job");
    }
    let requests = server.requests();
    let agents: Vec<_> = requests
        .iter()
        .filter_map(|request| request.header("user-agent"))
        .collect();
    assert_eq!(
        agents,
        [
            format!("wave-planner/2.1 (night shift) {crate_name}"),
            crate_name.to_owned(),
        ]
    );
    for name in ["", " ", "line\nend", "naïve", "zero\0"] {
        let error = server.builder().application(name).build().expect_err(name);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{name:?}");
    }
}

/// Never answers, or leads to the addresses in turn.
#[derive(Clone)]
struct Names {
    addresses: Vec<IpAddr>,
    asked: Arc<AtomicUsize>,
}

impl Names {
    fn new(addresses: &[[u8; 4]]) -> Self {
        Self {
            addresses: addresses
                .iter()
                .map(|address| IpAddr::V4(Ipv4Addr::from(*address)))
                .collect(),
            asked: Arc::default(),
        }
    }

    fn client(&self, port: u16) -> msgraph_migrations::ClientBuilder {
        let names = self.clone();
        builder(format!("http://localhost:{port}")).dns_resolver(move |name| {
            assert_eq!(name, "localhost");
            let number = names.asked.fetch_add(1, Ordering::SeqCst);
            let found = names.addresses.get(number).copied();
            async move {
                match found {
                    Some(address) => Ok(vec![address]),
                    None => std::future::pending().await,
                }
            }
        })
    }
}

fn port(server: &Server) -> u16 {
    let origin = server.origin();
    let (_, port) = origin.rsplit_once(':').expect("a port");
    port.parse().expect("a number")
}

#[tokio::test]
async fn a_connection_that_takes_too_long_sends_nothing() {
    let server = Server::start(Reply::json(202, "{}")).await;
    let names = Names::new(&[]);
    let client = names
        .client(port(&server))
        .retry(RetryPolicy::never())
        .connect_timeout(Duration::from_millis(20))
        .build()
        .expect("a client");
    let error = client.migrate_job(JOB).await.expect_err("no connection");
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(!error.was_sent() && error.is_safe_to_repeat());
    let text = error.to_string();
    assert!(
        text.ends_with("nothing was sent; check the network and repeat"),
        "{text}"
    );
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn an_action_is_sent_again_after_a_connection_that_did_not_come_about() {
    let server = Server::start(Reply::json(202, "{}")).await;
    // Nobody listens at the first address.
    let names = Names::new(&[[127, 0, 0, 2], [127, 0, 0, 1]]);
    let client = names.client(port(&server)).build().expect("a client");
    let outcome = client.cancel_job(JOB).await.expect("an outcome");
    assert!(matches!(outcome, CancelOutcome::Accepted(_)));
    assert_eq!(names.asked.load(Ordering::SeqCst), 2);
    server.request();
}

#[tokio::test]
async fn a_call_may_take_for_ever() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let client = server
        .builder()
        .total_timeout(Duration::MAX)
        .attempt_timeout(Duration::MAX)
        .build()
        .expect("a client");
    client.get_job(JOB, GetOptions::new()).await.expect("a job");
}

#[tokio::test]
async fn the_total_timeout_ends_a_call_that_is_repeated() {
    let server = Server::start(Reply::Silence).await;
    let client = builder(server.origin())
        .retry(
            RetryPolicy::default()
                .max_attempts(u32::MAX)
                .base_delay(Duration::ZERO),
        )
        .attempt_timeout(Duration::from_millis(5))
        .total_timeout(Duration::from_millis(60))
        .build()
        .expect("a client");
    let error = client
        .get_job(JOB, GetOptions::new())
        .await
        .expect_err("silence");
    assert_eq!(error.kind(), ErrorKind::Interrupted, "{error}");
    assert!(error.may_have_taken_effect() && error.is_safe_to_repeat());
    assert!(error.attempts() as usize >= server.requests().len());
}

/// A proxy that passes requests on to addresses of this machine.
struct Proxy {
    origin: String,
    passed: Arc<AtomicUsize>,
    task: tokio::task::JoinHandle<()>,
}

impl Proxy {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let origin = format!("http://{}", listener.local_addr().expect("an address"));
        let passed = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&passed);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let counter = Arc::clone(&counter);
                tokio::spawn(async move { pass_on(stream, &counter).await });
            }
        });
        Self {
            origin,
            passed,
            task,
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass_on(mut from: TcpStream, passed: &AtomicUsize) -> Option<()> {
    let mut bytes = Vec::new();
    while !bytes.windows(4).any(|window| window == b"\r\n\r\n") {
        if from.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    let head = String::from_utf8(bytes).ok()?;
    let (method, rest) = head.split_once(' ')?;
    let (target, rest) = rest.split_once(' ')?;
    let target = reqwest::Url::parse(target).ok()?;
    assert_eq!(target.host_str(), Some("127.0.0.1"));
    let mut to = TcpStream::connect(("127.0.0.1", target.port()?))
        .await
        .ok()?;
    passed.fetch_add(1, Ordering::SeqCst);
    let head = format!("{method} {} {rest}", target.path());
    to.write_all(head.as_bytes()).await.ok()?;
    copy_bidirectional(&mut from, &mut to).await.ok()?;
    Some(())
}

#[tokio::test]
async fn requests_take_the_way_through_a_proxy_that_is_asked_for() {
    let server = Server::start(Reply::json(202, "{}")).await;
    let proxy = Proxy::start().await;
    let client = server.builder().proxy(&proxy.origin).build();
    let outcome = client.expect("a client").cancel_job(JOB).await;
    assert!(
        matches!(outcome, Ok(CancelOutcome::Accepted(_))),
        "{outcome:?}"
    );
    assert_eq!(proxy.passed.load(Ordering::SeqCst), 1);
    assert!(server.request().path().ends_with("/cancel"));
}

#[tokio::test]
async fn a_proxy_that_cannot_be_reached_is_a_connection_that_did_not_come_about() {
    let server = Server::start(Reply::json(202, "{}")).await;
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = closed.local_addr().expect("an address");
    drop(closed);
    let client = server.builder().proxy(format!("http://{address}")).build();
    let error = client
        .expect("a client")
        .cancel_job(JOB)
        .await
        .expect_err("no proxy");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(server.requests().is_empty());
}

/// What the environment tells a process that is started by the test after it.
const BEHIND_A_PROXY: &str = "REQUESTS_BEHIND_A_PROXY";

#[tokio::test]
#[ignore = "runs as a process of its own, started by the next test"]
async fn asks_for_a_host_that_only_a_proxy_could_know() {
    let endpoint = std::env::var(BEHIND_A_PROXY).expect("only the next test starts this");
    let client = builder(endpoint).retry(RetryPolicy::never()).build();
    let error = client.expect("a client").cancel_job(JOB).await;
    assert_eq!(error.expect_err("nobody there").kind(), ErrorKind::Connect);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_proxy_of_the_environment_serves_https_and_no_plain_http() {
    for (endpoint, expected) in [
        ("https://graph.invalid", Some("graph.invalid:443")),
        ("http://127.0.0.1:9", None),
    ] {
        let proxy = Server::start(Reply::new(403, &[], "")).await;
        let child = std::process::Command::new(std::env::current_exe().expect("a test"))
            .args([
                "--exact",
                "requests::asks_for_a_host_that_only_a_proxy_could_know",
                "--ignored",
            ])
            .env(BEHIND_A_PROXY, endpoint)
            .env("HTTPS_PROXY", proxy.origin())
            .env("ALL_PROXY", proxy.origin())
            .env("HTTP_PROXY", proxy.origin())
            .env_remove("NO_PROXY")
            .env_remove("no_proxy")
            .stdout(std::process::Stdio::null())
            .spawn();
        let mut child = child.expect("a process");
        let ended = tokio::task::spawn_blocking(move || child.wait()).await;
        assert!(ended.expect("no panic").expect("an end").success());
        let asked: Vec<_> = proxy
            .requests()
            .into_iter()
            .map(|request| (request.method, request.target))
            .collect();
        let expected = expected.map(|host| ("CONNECT".to_owned(), host.to_owned()));
        assert_eq!(asked, Vec::from_iter(expected));
    }
}

#[test]
fn a_proxy_that_would_be_passed_over_is_refused_without_being_repeated() {
    for address in [
        "",
        "proxy.example",
        "proxy.example:3128",
        "hunter2@proxy.example:3128",
        "socks5://user:hunter2@proxy.example:1080",
        "ftp://user:hunter2@proxy.example",
        "http://",
        "http://user:hunter2@",
        "http://user:hunter2@proxy.example:99999",
    ] {
        let error = builder("http://127.0.0.1:9".to_owned())
            .proxy(address)
            .build()
            .expect_err(address);
        assert_eq!(error.kind(), ErrorKind::Configuration, "{address}");
        let mut text = format!("{error} {error:?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            text.push_str(&cause.to_string());
            source = cause.source();
        }
        assert!(!text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn plain_http_does_not_leave_this_machine_by_a_name_either() {
    let names = Names::new(&[[192, 0, 2, 7]]);
    let client = names.client(80).retry(RetryPolicy::never()).build();
    let error = client.expect("a client").cancel_job(JOB).await;
    let error = error.expect_err("another machine");
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(
        format!("{error:?}").contains("stays on this machine"),
        "{error:?}"
    );
}

#[tokio::test]
async fn connections_come_from_the_address_that_is_asked_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let origin = format!("http://{}", listener.local_addr().expect("an address"));
    let client = builder(origin)
        .retry(RetryPolicy::never())
        .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 7)))
        .build()
        .expect("a client");
    let (accepted, error) = tokio::join!(
        async { listener.accept().await.expect("a connection").1.ip() },
        client.cancel_job(JOB),
    );
    assert_eq!(accepted.to_string(), "127.0.0.7");
    assert_eq!(error.expect_err("hung up").kind(), ErrorKind::Interrupted);
}

/// The environment belongs to the process, so this test runs itself in one of its own.
#[tokio::test]
async fn a_proxy_of_the_environment_gets_no_token_in_plain_text() {
    const NAME: &str = "requests::a_proxy_of_the_environment_gets_no_token_in_plain_text";
    const SERVER: &str = "MSGRAPH_MIGRATIONS_TEST_SERVER";
    if let Ok(origin) = std::env::var(SERVER) {
        let client = builder(origin).build().expect("a client");
        client.get_job(JOB, GetOptions::new()).await.expect("a job");
        return;
    }
    let server = Server::start(Reply::json(200, "{}")).await;
    let proxy = Server::start(Reply::json(200, "{}")).await;
    let mut child = std::process::Command::new(std::env::current_exe().expect("this program"));
    child.args([NAME, "--exact"]).env(SERVER, server.origin());
    for name in ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] {
        child.env(name, proxy.origin());
    }
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        child.env_remove(name);
    }
    let output = tokio::task::spawn_blocking(move || child.output()).await;
    let output = output.expect("no panic").expect("the child runs");
    assert!(output.status.success(), "{output:?}");
    assert!(proxy.requests().is_empty(), "{:?}", proxy.requests());
    server.request();
}
