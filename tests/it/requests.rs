//! What goes with every request: ids, names, timeouts, and the way it takes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use msgraph_migrations::{AccessToken, CancelOutcome, Client, ErrorKind, GetOptions, RetryPolicy};
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::support::calls::JOB;
use crate::support::http;
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
    let other = http::builder().user_agent("something else").build();
    let other = other.expect("an HTTP client");
    for builder in [
        named,
        server.builder(),
        server.builder().http_client(other.clone()),
        server
            .builder()
            .http_client(other)
            .application("wave-planner"),
    ] {
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
            crate_name.to_owned(),
            format!("wave-planner {crate_name}"),
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
        let names = Arc::new(self.clone());
        builder(format!("http://localhost:{port}"))
            .configure_http(move |http| http.dns_resolver(names))
    }
}

impl Resolve for Names {
    fn resolve(&self, _: Name) -> Resolving {
        let number = self.asked.fetch_add(1, Ordering::SeqCst);
        let Some(address) = self.addresses.get(number).copied() else {
            return Box::pin(std::future::pending());
        };
        let found: Addrs = Box::new(std::iter::once(SocketAddr::new(address, 0)));
        Box::pin(std::future::ready(Ok(found)))
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
    let through = reqwest::Proxy::all(&proxy.origin).expect("a proxy");
    let client = server
        .builder()
        .configure_http(|http| http.proxy(through))
        .build();
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
    let through = reqwest::Proxy::all(format!("http://{address}")).expect("a proxy");
    let client = server
        .builder()
        .configure_http(|http| http.proxy(through))
        .build();
    let error = client
        .expect("a client")
        .cancel_job(JOB)
        .await
        .expect_err("no proxy");
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn requests_go_through_an_http_client_that_is_given() {
    let server = Server::start(Reply::json(200, "{}")).await;
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("x-tenant", "harborlane".parse().expect("a header"));
    let given = http::builder().default_headers(headers).build();
    let client = server
        .builder()
        .http_client(given.expect("an HTTP client"))
        .build();
    let job = client
        .expect("a client")
        .get_job(JOB, GetOptions::new())
        .await;
    job.expect("a job");
    assert_eq!(server.request().header("x-tenant"), Some("harborlane"));
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
