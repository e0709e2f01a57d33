//! Tokens from the credentials of the Azure SDK.
//!
//! The credentials are the real ones of `azure_identity`. Their requests go to an endpoint of this machine,
//! whatever host they are meant for.
#![cfg(feature = "azure")]

use std::ffi::OsStr;
use std::future::Future;
use std::pin::Pin;
use std::process::{ExitStatus, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::error::{Error as AzureError, ErrorKind as AzureErrorKind};
use azure_core::http::headers::Headers;
use azure_core::http::{
    AsyncRawResponse, Body, ClientOptions, HttpClient, Request as AzureRequest, Transport,
};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredentialOptions,
    ClientSecretCredential, ClientSecretCredentialOptions, Executor, ManagedIdentityCredential,
    ManagedIdentityCredentialOptions, WorkloadIdentityCredential,
    WorkloadIdentityCredentialOptions,
};
use futures_util::future::join_all;
use msgraph_migrations::azure::AzureToken;
use msgraph_migrations::{CancelOutcome, Client, ErrorKind, GetOptions, RetryPolicy};
use serde_json::json;

use crate::support::calls::JOB;
use crate::support::server::{Reply, Request, Server};

const TENANT: &str = "0c7f4b1e-58d2-4a96-b3e1-9d24a6f80c57";
const APPLICATION: &str = "e2a91d06-3f7c-4b58-8c40-71b5d9e6a3f4";
const CLIENT_SECRET: &str = "kept~in.a-vault";

/// Takes the requests of a credential to the token endpoint of this machine.
#[derive(Debug)]
struct Relay {
    endpoint: String,
    http: reqwest::Client,
}

impl Relay {
    fn options(endpoint: &Server) -> ClientOptions {
        let relay = Self {
            endpoint: endpoint.origin(),
            http: reqwest::Client::builder()
                .no_proxy()
                .build()
                .expect("an HTTP client"),
        };
        ClientOptions {
            transport: Some(Transport::new(Arc::new(relay))),
            ..ClientOptions::default()
        }
    }

    async fn relay(&self, request: &AzureRequest) -> azure_core::Result<AsyncRawResponse> {
        let failed = |error| AzureError::new(AzureErrorKind::Io, error);
        let url = request.url();
        let address = format!("{}{}", self.endpoint, request.path_and_query());
        let mut relayed = match request.method().as_ref() {
            "GET" => self.http.get(address),
            _ => self.http.post(address),
        };
        for (name, value) in request.headers().iter() {
            relayed = relayed.header(name.as_str(), value.as_str());
        }
        let origin = url.origin().ascii_serialization();
        relayed = relayed.header("x-meant-for", origin);
        if let Body::Bytes(bytes) = request.body() {
            relayed = relayed.body(bytes.clone());
        }
        let answer = relayed.send().await.map_err(failed)?;
        let status = answer.status().as_u16().into();
        let body = answer.bytes().await.map_err(failed)?;
        Ok(AsyncRawResponse::from_bytes(status, Headers::new(), body))
    }
}

// Written out, since the trait is one of `async_trait`.
impl HttpClient for Relay {
    fn execute_request<'a, 'b, 'future>(
        &'a self,
        request: &'b AzureRequest,
    ) -> Pin<Box<dyn Future<Output = azure_core::Result<AsyncRawResponse>> + Send + 'future>>
    where
        'a: 'future,
        'b: 'future,
        Self: 'future,
    {
        Box::pin(self.relay(request))
    }
}

/// Answers as Entra ID and the metadata service do, with a new token each time.
async fn token_endpoint() -> Server {
    let issued = AtomicUsize::new(0);
    Server::start_with(move |_| {
        let number = issued.fetch_add(1, Ordering::SeqCst) + 1;
        let mut answer = json!({
            "token_type": "Bearer",
            "expires_in": 3599,
            "access_token": format!("azure-token-{number}"),
        });
        answer["expires_on"] = in_an_hour().to_string().into();
        answer["resource"] = "https://graph.microsoft.com".into();
        Reply::json(200, answer.to_string())
    })
    .await
}

fn in_an_hour() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.expect("after 1970").as_secs() + 3600
}

fn with_secret(endpoint: &Server) -> Arc<dyn TokenCredential> {
    let options = ClientSecretCredentialOptions {
        client_options: Relay::options(endpoint),
    };
    ClientSecretCredential::new(
        TENANT,
        APPLICATION.to_owned(),
        Secret::new(CLIENT_SECRET),
        Some(options),
    )
    .expect("a credential")
}

fn client(token: AzureToken, graph: &Server) -> Client {
    Client::builder(token)
        .endpoint(graph.origin())
        .retry(RetryPolicy::never())
        .build()
        .expect("a client")
}

fn form(request: &Request) -> Vec<(String, String)> {
    let body = String::from_utf8(request.body.clone()).expect("text");
    let url = reqwest::Url::parse(&format!("http://host/?{body}")).expect("a form");
    url.query_pairs().into_owned().collect()
}

fn pairs<const N: usize>(expected: [(&str, &str); N]) -> Vec<(String, String)> {
    expected
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .to_vec()
}

/// Makes ten calls at once, and returns the one request that the credential made.
async fn request_for_ten_calls(token: AzureToken, endpoint: &Server) -> Request {
    let graph = Server::start(Reply::json(200, "{}")).await;
    let client = client(token, &graph);
    let calls = join_all((0..10).map(|_| client.get_job(JOB, GetOptions::new())));
    for answer in calls.await {
        answer.expect("a job");
    }
    let requests = graph.requests();
    let sent: Vec<_> = requests
        .iter()
        .filter_map(|request| request.header("authorization"))
        .collect();
    assert_eq!(sent, ["Bearer azure-token-1"; 10]);
    endpoint.request()
}

#[tokio::test]
async fn a_client_secret_buys_one_token_for_many_calls() {
    let endpoint = token_endpoint().await;
    let request = request_for_ten_calls(AzureToken::new(with_secret(&endpoint)), &endpoint).await;
    assert_eq!(request.method, "POST");
    assert_eq!(request.path(), format!("/{TENANT}/oauth2/v2.0/token"));
    let expected = pairs([
        ("client_id", APPLICATION),
        ("client_secret", CLIENT_SECRET),
        ("grant_type", "client_credentials"),
        ("scope", "https://graph.microsoft.com/.default"),
    ]);
    assert_eq!(form(&request), expected);
    let meant_for = request.header("x-meant-for").expect("an origin");
    assert!(meant_for.starts_with("https://"), "{meant_for}");
}

#[tokio::test]
async fn a_workload_identity_shows_the_token_of_its_pod() {
    let endpoint = token_endpoint().await;
    let file = std::env::temp_dir().join(format!("{}.jwt", uuid::Uuid::new_v4()));
    std::fs::write(&file, "from-the-cluster").expect("a file");
    let options = WorkloadIdentityCredentialOptions {
        credential_options: ClientAssertionCredentialOptions {
            client_options: Relay::options(&endpoint),
        },
        client_id: Some(APPLICATION.to_owned()),
        tenant_id: Some(TENANT.to_owned()),
        token_file_path: Some(file.clone()),
    };
    let credential = WorkloadIdentityCredential::new(Some(options)).expect("a credential");
    let request = request_for_ten_calls(AzureToken::new(credential), &endpoint).await;
    std::fs::remove_file(&file).expect("the file");
    let form = form(&request);
    for expected in pairs([
        ("client_assertion", "from-the-cluster"),
        ("client_id", APPLICATION),
        ("scope", "https://graph.microsoft.com/.default"),
    ]) {
        assert!(form.contains(&expected), "{form:?} lacks {expected:?}");
    }
}

#[tokio::test]
async fn a_managed_identity_asks_the_metadata_service_of_its_machine() {
    if ["IDENTITY_ENDPOINT", "MSI_ENDPOINT"]
        .iter()
        .any(|name| std::env::var(name).is_ok())
    {
        println!("skipped: this machine has a managed identity of another kind");
        return;
    }
    let endpoint = token_endpoint().await;
    let options = ManagedIdentityCredentialOptions {
        client_options: Relay::options(&endpoint),
        ..ManagedIdentityCredentialOptions::default()
    };
    let credential = ManagedIdentityCredential::new(Some(options)).expect("a credential");
    let request = request_for_ten_calls(AzureToken::new(credential), &endpoint).await;
    assert_eq!(request.method, "GET");
    assert_eq!(request.path(), "/metadata/identity/oauth2/token");
    assert!(
        request
            .target
            .contains("resource=https%3A%2F%2Fgraph.microsoft.com"),
        "{}",
        request.target
    );
    assert_eq!(request.header("metadata"), Some("true"));
}

/// The Azure CLI, which keeps no token between two calls.
#[derive(Debug)]
struct Cli(AtomicUsize);

impl Executor for Cli {
    fn run<'a, 'b, 'c, 'd, 'future>(
        &'a self,
        _: &'b OsStr,
        arguments: &'c [&'d OsStr],
    ) -> Pin<Box<dyn Future<Output = std::io::Result<Output>> + Send + 'future>>
    where
        'a: 'future,
        'b: 'future,
        'c: 'future,
        'd: 'future,
        Self: 'future,
    {
        let line = arguments
            .iter()
            .map(|argument| argument.to_string_lossy())
            .collect::<String>();
        assert!(
            line.contains("--scope https://graph.microsoft.com/.default"),
            "{line}"
        );
        let number = self.0.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = json!({
            "accessToken": format!("azure-token-{number}"),
            "expires_on": in_an_hour(),
            "tokenType": "Bearer",
        });
        Box::pin(std::future::ready(Ok(Output {
            status: ExitStatus::default(),
            stdout: answer.to_string().into_bytes(),
            stderr: Vec::new(),
        })))
    }
}

fn with_cli(cli: &Arc<Cli>) -> AzureToken {
    let options = AzureCliCredentialOptions {
        executor: Some(Arc::clone(cli) as Arc<dyn Executor>),
        ..AzureCliCredentialOptions::default()
    };
    AzureToken::new(AzureCliCredential::new(Some(options)).expect("a credential"))
}

#[tokio::test]
async fn the_azure_cli_is_run_once_for_many_calls() {
    let cli = Arc::new(Cli(AtomicUsize::new(0)));
    let graph = Server::start(Reply::json(200, "{}")).await;
    let client = client(with_cli(&cli), &graph);
    for answer in join_all((0..10).map(|_| client.get_job(JOB, GetOptions::new()))).await {
        answer.expect("a job");
    }
    assert_eq!(cli.0.load(Ordering::SeqCst), 1);
}

/// Refuses the first token.
async fn graph_that_knows_a_newer_token() -> Server {
    Server::start_with(|request| match request.header("authorization") {
        Some("Bearer azure-token-1") => Reply::json(401, "{}"),
        _ => Reply::json(202, "{}"),
    })
    .await
}

#[tokio::test]
async fn a_refused_token_is_renewed_by_a_credential_that_has_another() {
    let cli = Arc::new(Cli(AtomicUsize::new(0)));
    let graph = graph_that_knows_a_newer_token().await;
    let outcome = client(with_cli(&cli), &graph).cancel_job(JOB).await;
    assert!(
        matches!(outcome, Ok(CancelOutcome::Accepted(_))),
        "{outcome:?}"
    );
    assert_eq!(graph.requests().len(), 2);
}

#[tokio::test]
async fn a_refused_token_that_its_credential_keeps_is_not_sent_again() {
    let endpoint = token_endpoint().await;
    let graph = graph_that_knows_a_newer_token().await;
    let client = client(AzureToken::new(with_secret(&endpoint)), &graph);
    let error = client.cancel_job(JOB).await.expect_err("401");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(401));
    graph.request();
    endpoint.request();
}

#[tokio::test]
async fn a_credential_that_fails_is_an_error_before_anything_is_sent() {
    let words = "AADSTS7000215: Invalid client secret provided.";
    let answer = json!({
        "error": "invalid_client",
        "error_description": words,
        "error_codes": [7_000_215],
    });
    let endpoint = Server::start(Reply::json(401, answer.to_string())).await;
    let graph = Server::start(Reply::json(202, "{}")).await;
    let client = client(AzureToken::new(with_secret(&endpoint)), &graph);
    for answer in join_all((0..5).map(|_| client.cancel_job(JOB))).await {
        let error = answer.expect_err("no token");
        assert_eq!(error.kind(), ErrorKind::Token);
        assert!(!error.was_sent() && error.is_safe_to_repeat());
        let mut told = vec![format!("{error} {error:?}")];
        let mut source = std::error::Error::source(&error);
        while let Some(inner) = source {
            told.push(format!("{inner} {inner:?}"));
            source = inner.source();
        }
        let told = told.join("\n");
        assert!(told.contains(words), "{told}");
        assert!(!told.contains(CLIENT_SECRET), "the secret is shown");
    }
    endpoint.request();
    assert!(graph.requests().is_empty());
}

#[tokio::test]
async fn another_scope_can_be_asked_for() {
    let endpoint = token_endpoint().await;
    let scope = "https://graph.microsoft.com/CrossTenantContentMigration.Read.All";
    let token = AzureToken::with_scope(with_secret(&endpoint), scope);
    let request = request_for_ten_calls(token, &endpoint).await;
    let asked = form(&request).into_iter().find(|(name, _)| name == "scope");
    assert_eq!(asked, Some(("scope".to_owned(), scope.to_owned())));
}
