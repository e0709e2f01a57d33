//! Every operation under every fault of the sandbox, by every way to it: what the caller is told, held against
//! what the service did. The table is `tests/golden/hostile_network.txt`, which somebody has read; accept another
//! with `ACCEPT_GOLDEN=1 cargo test --test it hostile_network`.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use msgraph_migrations::models::{
    GroupIdentity, SharePointGroupMigrationTaskParameters, SharePointSiteMigrationTaskParameters,
};
use msgraph_migrations::{
    AccessToken, Client, ClientBuilder, RateLimitOptions, RateLimits, RetryPolicy,
};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox, SandboxBuilder};
use serde_json::Value;

use crate::support::calls::{
    CALLS, Call, JOB, Sight, TASK, UPN, group_mapping, new_job, new_task, user_mapping,
};
use crate::support::golden::assert_reviewed;
use crate::support::relay::Relay;
use crate::support::tls::Authority;

/// How many cells are tried at once.
const AT_ONCE: usize = 32;
const WAYS: [Way; 4] = [Way::Plain, Way::Tls, Way::Proxy, Way::Http2];

/// Changes that come to the same when they are made again: a date that is set, mappings that are put.
const REPEATABLE: [&str; 3] = ["updateJob", "updateUserMappings", "updateGroupMappings"];

/// The way to the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// HTTP/1.1.
    Plain,
    /// The same over TLS, with an authority of the caller's own and no other.
    Tls,
    /// The same through a proxy's tunnel.
    Proxy,
    /// HTTP/2 over TLS, to an edge before the service.
    Http2,
}

/// By fault: by what is told, which operations, and by which ways.
type Table = BTreeMap<(&'static str, Lasting), BTreeMap<String, BTreeMap<&'static str, Vec<Way>>>>;

/// Whether a fault befalls the first request only, or each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Lasting {
    Once,
    Always,
}

#[tokio::test]
async fn no_call_claims_less_than_the_service_did() {
    let state = state().await;
    let cells: Vec<_> = faults()
        .into_iter()
        .flat_map(|(name, fault)| {
            [Lasting::Once, Lasting::Always].map(|lasting| (name, fault.clone(), lasting))
        })
        .flat_map(|(name, fault, lasting)| {
            CALLS.iter().flat_map(move |call| {
                let fault = fault.clone();
                WAYS.map(|way| (name, fault.clone(), lasting, call, way))
            })
        })
        .collect();
    let tried = stream::iter(cells)
        .map(|(name, fault, lasting, call, way)| {
            let state = &state;
            async move {
                let told = cell(state, fault, lasting, call, way).await;
                ((name, lasting), told, call.0, way)
            }
        })
        .buffered(AT_ONCE);
    let mut table = Table::new();
    let mut tried = std::pin::pin!(tried);
    while let Some((fault, told, operation, way)) = tried.next().await {
        let operations = table.entry(fault).or_default().entry(told).or_default();
        operations.entry(operation).or_default().push(way);
    }
    assert_reviewed(&shown(&table), "hostile_network.txt", "hostile_network");
}

/// What happens in one cell, in words.
async fn cell(state: &State, fault: Fault, lasting: Lasting, call: &Call, way: Way) -> String {
    let (operation, drive) = call;
    let at = format!("{operation}, {fault:?} {lasting:?}, {way:?}");
    let place = Stage::set(state, operation, way).await;
    let is_lie = is_lie(&fault);
    let rule = FaultRule::new(*operation, fault);
    let rule = match lasting {
        Lasting::Once => rule.times(1),
        Lasting::Always => rule,
    };
    place.sandbox.set_faults(vec![rule]).expect("a rule");
    let (requests, effects) = (
        place.sandbox.requests().len(),
        place.sandbox.effects(operation),
    );
    let sight = drive(&place.client).await;
    let requests = place.sandbox.requests().len() - requests;
    let effects = place.sandbox.effects(operation) - effects;
    assert!(
        effects <= 1 || REPEATABLE.contains(operation) || is_lie,
        "{at}: it took effect {effects} times"
    );
    if let Err(error) = &sight {
        assert!(
            effects == 0 || error.may_have_taken_effect() || is_lie,
            "{at}: it took effect, and {error} claims that it did not"
        );
        assert!(requests == 0 || error.was_sent(), "{at}: {error}");
    }
    if let Ok(seen) = &sight
        && ["Accepted", "Started"].contains(&seen.outcome)
    {
        assert_eq!(effects, 1, "{at}: {seen:?}");
    }
    let service = if effects == 0 {
        "did nothing"
    } else {
        "did it"
    };
    format!("{}; {requests} sent; the service {service}", told(&sight))
}

/// Whether the service says that it did nothing, in a way that the standards make it a promise, and did it.
///
/// No client can see through that. The table shows what it comes to.
fn is_lie(fault: &Fault) -> bool {
    match fault {
        Fault::ServiceUnavailable {
            after_effect: true,
            retry_after,
        } => *retry_after != RetryAfter::None,
        Fault::Status {
            after_effect: true,
            status,
            ..
        } => [403, 404].contains(status),
        _ => false,
    }
}

/// What the caller is told.
fn told(sight: &Sight) -> String {
    match sight {
        Ok(seen) => {
            let mut text = if seen.outcome.is_empty() {
                format!("ok {}", seen.status)
            } else {
                format!("{} {}", seen.outcome, seen.status)
            };
            if !seen.deviations.is_empty() {
                text.push_str(" with deviations");
            }
            text
        }
        Err(error) => {
            let status = error.status().map(|status| format!(" {}", status.as_u16()));
            let effect = if error.may_have_taken_effect() {
                "may have taken effect"
            } else {
                "has not taken effect"
            };
            format!("{:?}{}, {effect}", error.kind(), status.unwrap_or_default())
        }
    }
}

/// Which operations end alike, by fault.
fn shown(table: &Table) -> String {
    let mut text = String::from(
        "What a caller is told of each call under each fault of the sandbox, what was sent, and what the service did.\n\
         Where it did it and said by 403, 404, or 503 with Retry-After that it had not, nobody can tell.\n\
         An operation stands for all ways to the service (HTTP/1.1; with TLS; through a proxy; HTTP/2) unless one is named.\n",
    );
    for ((name, lasting), told) in table {
        let lasting = match lasting {
            Lasting::Once => "the first request only",
            Lasting::Always => "every request",
        };
        writeln!(text, "\n{name}: {lasting}").expect("a string");
        for (told, operations) in told {
            let (reads, changes): (Vec<_>, Vec<_>) = operations
                .iter()
                .map(|(operation, ways)| {
                    if ways.len() == WAYS.len() {
                        (*operation).to_owned()
                    } else {
                        format!("{operation} {ways:?}")
                    }
                })
                .partition(|operation| is_read(operation));
            let all_reads = CALLS.iter().filter(|(operation, _)| is_read(operation));
            let mut operations = changes;
            if reads.len() == all_reads.count() && !reads.iter().any(|read| read.contains(' ')) {
                operations.push("all reads".to_owned());
            } else {
                operations.extend(reads);
            }
            writeln!(text, "  {told}\n    {}", operations.join(", ")).expect("a string");
        }
    }
    text
}

fn is_read(operation: &str) -> bool {
    operation.starts_with("get") || operation.starts_with("list")
}

fn faults() -> Vec<(&'static str, Fault)> {
    let soon = RetryAfter::Fraction(0.001);
    let after = |effect| if effect { "after" } else { "before" };
    let mut all = vec![
        ("throttle", Fault::Throttle { retry_after: soon }),
        (
            "throttle without Retry-After",
            Fault::Throttle {
                retry_after: RetryAfter::None,
            },
        ),
        ("token expired", Fault::TokenExpired),
        ("latency", Fault::Latency { milliseconds: 5 }),
        ("drop before effect", Fault::DropBeforeEffect),
        ("drop after effect", Fault::DropAfterEffect),
        ("truncated body", Fault::TruncateBody { well_framed: false }),
        (
            "truncated body that ends as announced",
            Fault::TruncateBody { well_framed: true },
        ),
        ("empty body", Fault::EmptyBody),
        (
            "unknown enum value",
            Fault::UnknownEnumValue {
                value: "unheardOf".to_owned(),
            },
        ),
        ("unknown members", Fault::UnknownMembers),
        ("odd casing", Fault::OddCasing),
    ];
    for after_effect in [false, true] {
        let named = |what: &str| -> &'static str {
            format!("{what} {} effect", after(after_effect)).leak()
        };
        all.extend([
            (named("500"), Fault::InternalServerError { after_effect }),
            (named("502"), Fault::BadGateway { after_effect }),
            (
                named("503"),
                Fault::ServiceUnavailable {
                    after_effect,
                    retry_after: RetryAfter::None,
                },
            ),
            (
                named("503 with Retry-After"),
                Fault::ServiceUnavailable {
                    after_effect,
                    retry_after: soon,
                },
            ),
            (named("504"), Fault::GatewayTimeout { after_effect }),
        ]);
        for status in [302, 403, 404, 408, 418, 499] {
            let fault = Fault::Status {
                status,
                code: None,
                message: None,
                headers: BTreeMap::new(),
                body: None,
                after_effect,
            };
            all.push((named(&status.to_string()), fault));
        }
    }
    all
}

/// A service that every call can succeed on, as an export of the sandbox; and one without the job.
struct State {
    full: Value,
    without_job: Value,
}

async fn state() -> State {
    let sandbox = sandbox().start().await.expect("a sandbox");
    let client = client(sandbox.base_url()).build().expect("a client");
    let tasks = [
        client.create_sharepoint_task(new_task()).await,
        client
            .create_sharepoint_task(
                SharePointSiteMigrationTaskParameters::new()
                    .source_site_url("https://alderwood.sharepoint.example/sites/Finance")
                    .target_site_url("https://harborlane.sharepoint.example/sites/finance"),
            )
            .await,
        client
            .create_sharepoint_task(
                SharePointGroupMigrationTaskParameters::new()
                    .source_group_identity(GroupIdentity::of_mail_nickname("alderwood-projects"))
                    .target_group_identity(GroupIdentity::of_mail_nickname("harborlane-projects")),
            )
            .await,
    ];
    let [task, _, _] = tasks.map(|task| task.expect("a task").into_value().id.expect("an id"));
    client
        .update_user_mappings(vec![user_mapping(UPN)])
        .await
        .expect("a mapping");
    client
        .update_group_mappings(vec![group_mapping(JOB)])
        .await
        .expect("a mapping");
    let without_job = sandbox.export();
    let job = client.create_job(&new_job()).await.expect("a job");
    let job = job.into_value().id.expect("an id");
    // The calls are about fixed ids.
    let renamed = |export: &Value| {
        let text = export.to_string().replace(&job, JOB).replace(&task, TASK);
        serde_json::from_str(&text).expect("still JSON")
    };
    State {
        full: renamed(&sandbox.export()),
        without_job: renamed(&without_job),
    }
}

/// A service on which the operation can succeed, and a client on its way to it.
struct Stage {
    sandbox: Sandbox,
    client: Client,
    /// Stands between the two for as long as the stage.
    _relay: Option<Relay>,
}

impl Stage {
    async fn set(state: &State, operation: &str, way: Way) -> Self {
        let sandbox = sandbox();
        let has_tls = matches!(way, Way::Tls | Way::Proxy);
        let sandbox = if has_tls { sandbox.tls() } else { sandbox };
        let sandbox = sandbox.start().await.expect("a sandbox");
        let export = if operation == "createJob" {
            &state.without_job
        } else {
            &state.full
        };
        sandbox.import(export.clone()).expect("its own export");
        let status = match operation {
            "migrateJob" => Some("validatePassed"),
            "deleteJob" => Some("cancelled"),
            _ => None,
        };
        if let Some(status) = status {
            sandbox.set_job_status(JOB, status).expect("a status");
        }
        let (builder, relay) = match way {
            Way::Plain => (client(sandbox.base_url()), None),
            Way::Tls | Way::Proxy => {
                let certificate = sandbox.certificate().expect("TLS").to_owned();
                let builder = client(sandbox.base_url()).only_root_certificates(certificate);
                if way == Way::Tls {
                    (builder, None)
                } else {
                    let relay = Relay::proxy().await;
                    (builder.proxy(relay.origin("http")), Some(relay))
                }
            }
            Way::Http2 => {
                let authority = Authority::new("An authority of one's own");
                let relay = Relay::http2_edge(&authority, sandbox.base_url()).await;
                let builder = client(relay.origin("https")).only_root_certificates(authority.pem());
                (builder, Some(relay))
            }
        };
        Self {
            client: builder.build().expect("a client"),
            sandbox,
            _relay: relay,
        }
    }
}

fn sandbox() -> SandboxBuilder {
    Sandbox::builder().seed(5).require_identity_map(false)
}

/// The built-in client, which is told to be quick.
fn client(origin: String) -> ClientBuilder {
    let limits = RateLimitOptions::new().max_pause(Duration::from_millis(2));
    Client::builder(AccessToken::new("hostile").expect("a token"))
        .endpoint(origin)
        .rate_limits(&RateLimits::new(&limits))
        .retry(
            RetryPolicy::default()
                .max_attempts(3)
                .base_delay(Duration::from_millis(1)),
        )
}
