//! What a refusal holds back, what it does not, and for how long.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use msgraph_migrations::{
    AccessToken, CancelOutcome, Client, Error, ErrorKind, GetOptions, ListOptions, RateLimitCause,
    RateLimitOptions, RateLimits, ResourceFamily, RetryPolicy, StartOutcome, operations,
};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};

use crate::support::calls::JOB;
use crate::support::server::{Reply, Server};

const HOUR: &str = "3600";

fn refusal(status: u16, retry_after: &str) -> Reply {
    Reply::new(status, &[("retry-after", retry_after)], "{}")
}

fn fine() -> Reply {
    Reply::json(200, "{}")
}

async fn server_of(replies: impl IntoIterator<Item = Reply>) -> Server {
    let replies = Mutex::new(replies.into_iter().collect::<VecDeque<_>>());
    Server::start_with(move |_| {
        let mut replies = replies.lock().expect("no panic in the server");
        match replies.len() {
            1 => replies[0].clone(),
            _ => replies.pop_front().expect("a reply"),
        }
    })
    .await
}

fn client(server: &Server, limits: &RateLimits) -> Client {
    server
        .builder()
        .retry(RetryPolicy::never())
        .rate_limits(limits)
        .build()
        .expect("a client")
}

fn limits(options: &RateLimitOptions) -> RateLimits {
    RateLimits::new(options)
}

async fn migrate(client: &Client) -> Result<(), Error> {
    client.migrate_job(JOB).await.map(|outcome| {
        assert!(matches!(outcome, StartOutcome::Started(_)), "{outcome:?}");
    })
}

fn is_held_by_service(error: &Error) -> bool {
    error.kind() == ErrorKind::RateLimited
        && error.rate_limit_cause() == Some(RateLimitCause::Service)
        && !error.was_sent()
}

#[tokio::test]
async fn a_throttled_read_does_not_hold_back_a_cancellation() {
    let throttle = Fault::Throttle {
        retry_after: RetryAfter::Seconds(3600),
    };
    let sandbox = Sandbox::builder()
        .faults(vec![FaultRule::new("getJob", throttle)])
        .start()
        .await
        .expect("a sandbox");
    let jobs = sandbox.preload_jobs(1, 3).expect("jobs");
    let job = sandbox.job(&jobs[0]).expect("a job");
    let client = Client::builder(AccessToken::new("token").expect("a token"))
        .endpoint(sandbox.base_url())
        .build()
        .expect("a client");
    let error = client
        .get_job(&job.id, GetOptions::new())
        .await
        .expect_err("throttled");
    assert_eq!(error.status().map(|status| status.as_u16()), Some(429));
    let error = client
        .list_users(&job.id, ListOptions::new())
        .await
        .expect_err("another read");
    assert!(is_held_by_service(&error), "{error}");
    for user in &job.users {
        let outcome = client.cancel_user(&job.id, &user.id).await;
        assert!(
            matches!(outcome, Ok(CancelOutcome::Accepted(_))),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn a_503_that_says_when_to_come_back_counts_and_another_does_not() {
    for (status, expected) in [(429, true), (503, true), (500, false)] {
        let server = server_of([refusal(status, HOUR), fine()]).await;
        let client = client(&server, &limits(&RateLimitOptions::new()));
        migrate(&client).await.expect_err("refused");
        let next = migrate(&client).await;
        assert_eq!(
            next.as_ref().is_err_and(is_held_by_service),
            expected,
            "{status}"
        );
        assert_eq!(next.is_ok(), !expected, "{status}");
    }
    let server = server_of([
        Reply::new(503, &[], "{}"),
        refusal(429, "0"),
        Reply::new(503, &[], "{}"),
        fine(),
    ])
    .await;
    let limits = limits(&RateLimitOptions::new());
    let client = client(&server, &limits);
    let state = || limits.state(ResourceFamily::Actions).expect("in memory");
    migrate(&client).await.expect_err("unavailable");
    assert_eq!((state().refusals, state().max_concurrent), (0, None));
    migrate(&client).await.expect_err("refused");
    limits
        .ready(ResourceFamily::Actions)
        .await
        .expect("in memory");
    // Whoever is unavailable has neither refused nor let through.
    migrate(&client).await.expect_err("unavailable");
    assert_eq!((state().refusals, state().max_concurrent), (1, Some(1)));
    migrate(&client).await.expect("nothing holds it back");
}

#[tokio::test]
async fn one_answer_holds_others_back_for_no_longer_than_allowed_and_then_one_probes() {
    let server = server_of([refusal(429, "86400"), refusal(429, "86400"), fine()]).await;
    let limits = limits(&RateLimitOptions::new().max_pause(Duration::from_millis(200)));
    let client = client(&server, &limits);
    let error = migrate(&client).await.expect_err("refused for a day");
    assert_eq!(error.retry_after(), Some(Duration::from_hours(24)));
    // The first of them probes in vain, the second one passes, and the others follow.
    let calls = (0..10).map(|_| migrate(&client));
    let results = futures_util::future::join_all(calls).await;
    let refused = results.iter().filter(|result| result.is_err()).count();
    assert_eq!(refused, 1, "{results:?}");
    assert_eq!(server.requests().len(), 11);
}

#[tokio::test]
async fn a_cancellation_probes_within_the_pause_of_another_call_until_one_is_refused() {
    let server = server_of([
        refusal(429, HOUR),
        fine(),
        fine(),
        refusal(429, HOUR),
        fine(),
    ])
    .await;
    let client = client(&server, &limits(&RateLimitOptions::new()));
    migrate(&client).await.expect_err("refused");
    for _ in 0..2 {
        let outcome = client.cancel_job(JOB).await;
        assert!(
            matches!(outcome, Ok(CancelOutcome::Accepted(_))),
            "{outcome:?}"
        );
        let error = migrate(&client).await.expect_err("the pause is not over");
        assert!(is_held_by_service(&error), "{error}");
    }
    let error = client.cancel_job(JOB).await.expect_err("refused itself");
    assert_eq!(error.kind(), ErrorKind::Refused);
    let error = client.cancel_job(JOB).await.expect_err("no more probes");
    assert!(is_held_by_service(&error), "{error}");
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_cancellation_that_was_refused_itself_does_not_probe() {
    let server = server_of([refusal(429, HOUR), fine()]).await;
    let client = client(&server, &limits(&RateLimitOptions::new()));
    client.cancel_job(JOB).await.expect_err("refused");
    let error = client.cancel_job(JOB).await.expect_err("not yet");
    assert!(is_held_by_service(&error), "{error}");
    server.request();
}

#[tokio::test]
async fn whoever_queues_too_long_at_its_own_rate_is_told_so() {
    let server = server_of([fine()]).await;
    let slow = RateLimitOptions::new().max_rate(ResourceFamily::Actions, 0.1);
    let client = server
        .builder()
        .rate_limits(&limits(&slow))
        .total_timeout(Duration::from_secs(1))
        .build()
        .expect("a client");
    migrate(&client).await.expect("the first");
    let error = migrate(&client).await.expect_err("ten seconds later");
    assert_eq!(error.kind(), ErrorKind::RateLimited);
    assert_eq!(error.rate_limit_cause(), Some(RateLimitCause::OwnQueue));
    let wait = error.retry_after().expect("how long it takes");
    assert!(
        wait > Duration::from_secs(1) && wait <= Duration::from_secs(10),
        "{wait:?}"
    );
    let text = error.to_string();
    assert!(
        text.contains("other requests of this client come first"),
        "{text}"
    );
    server.request();
}

#[tokio::test]
async fn the_state_is_visible_and_can_be_reset() {
    let server = server_of([refusal(429, "400"), fine()]).await;
    let options = RateLimitOptions::new().starting_rate(ResourceFamily::Reads, 12.5);
    let client = client(&server, &limits(&options));
    let state = |family| client.rate_limits().state(family).expect("in memory");
    let reads = state(ResourceFamily::Reads);
    assert_eq!(reads.requests_per_second, Some(12.5));
    let before = state(ResourceFamily::Actions);
    assert_eq!(
        (before.requests_per_second, before.pause, before.refusals),
        (None, None, 0)
    );

    migrate(&client).await.expect_err("refused");
    let after = state(ResourceFamily::Actions);
    let pause = after.pause.expect("a pause");
    assert_eq!(after.refusals, 1);
    let length = (pause.elapsed + pause.remaining).as_secs_f64();
    assert!((length - 400.0).abs() < 0.1, "{pause:?}");
    assert_eq!(state(ResourceFamily::SharePoint).pause, None);

    client.rate_limits().reset().expect("in memory");
    assert_eq!(state(ResourceFamily::Actions), before);
    assert_eq!(state(ResourceFamily::Reads), reads);
    migrate(&client).await.expect("nothing holds it back");
}

#[tokio::test]
async fn a_reset_wakes_those_who_wait() {
    let server = server_of([refusal(429, "60"), fine()]).await;
    let client = client(&server, &limits(&RateLimitOptions::new()));
    migrate(&client).await.expect_err("refused");
    let start = Instant::now();
    let reset = async {
        tokio::task::yield_now().await;
        client.rate_limits().reset().expect("in memory");
    };
    let ready = client.rate_limits().ready(ResourceFamily::Actions);
    let (sent, ready, ()) = tokio::join!(migrate(&client), ready, reset);
    sent.expect("sent after the reset");
    ready.expect("in memory");
    assert!(start.elapsed() < Duration::from_secs(30));
}

#[tokio::test]
async fn whoever_waits_until_it_may_send_sits_out_a_pause_longer_than_a_call_may_take() {
    let server = server_of([refusal(429, "2"), fine()]).await;
    let client = server
        .builder()
        .retry(RetryPolicy::never())
        .total_timeout(Duration::from_secs(1))
        .build()
        .expect("a client");
    migrate(&client).await.expect_err("refused");
    let error = migrate(&client).await.expect_err("not within a second");
    assert!(is_held_by_service(&error), "{error}");
    let family = operations::MIGRATE_JOB.resource_family();
    client.rate_limits().ready(family).await.expect("in memory");
    migrate(&client).await.expect("the pause is over");
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn clients_that_share_limits_share_pauses() {
    let server = server_of([refusal(429, HOUR), fine()]).await;
    let limits = limits(&RateLimitOptions::new());
    let (one, other) = (client(&server, &limits), client(&server, &limits));
    migrate(&one).await.expect_err("refused");
    let error = migrate(&other).await.expect_err("held back");
    assert!(is_held_by_service(&error), "{error}");
    let alone = client(&server, &RateLimits::new(&RateLimitOptions::new()));
    migrate(&alone).await.expect("has limits of its own");
}

#[tokio::test]
async fn limits_in_a_directory_are_shared_by_whoever_opens_it_and_outlive_a_torn_file() {
    let directory = std::env::temp_dir().join(format!("rate-limits-{}", uuid()));
    let open = || RateLimits::in_directory(&directory, &RateLimitOptions::new());
    let server = server_of([refusal(429, HOUR), fine()]).await;
    migrate(&client(&server, &open().expect("a directory")))
        .await
        .expect_err("refused");
    let other = open().expect("the same directory");
    let error = migrate(&client(&server, &other))
        .await
        .expect_err("held back");
    assert!(is_held_by_service(&error), "{error}");
    let state = other.state(ResourceFamily::Actions).expect("a file");
    assert!(state.pause.is_some() && state.refusals == 1, "{state:?}");

    // What another version wrote may mean something else.
    let file = directory.join("actions.json");
    let text = std::fs::read_to_string(&file).expect("a file");
    let newer = text.replacen("\"version\":1,", "\"version\":9,", 1);
    assert_ne!(text, newer);
    std::fs::write(&file, newer).expect("a file");
    let state = other.state(ResourceFamily::Actions).expect("a file");
    assert!(state.pause.is_none() && state.refusals == 0, "{state:?}");

    std::fs::write(&file, "{\"version\":1,\"contr").expect("a file");
    migrate(&client(&server, &other))
        .await
        .expect("begins anew");
    std::fs::remove_dir_all(&directory).expect("a directory");

    std::fs::write(&directory, "in the way").expect("a file");
    let error = open().expect_err("a file is in the way");
    assert_eq!(error.kind(), ErrorKind::Configuration);
    std::fs::remove_file(&directory).expect("a file");
}

/// What the environment tells a process that shares limits with a test and is killed by it.
const VICTIM: &str = "RATE_LIMITS_VICTIM";

#[tokio::test]
#[ignore = "runs as a process of its own, started by the next test"]
async fn sends_until_it_is_killed() {
    let told = std::env::var(VICTIM).expect("only the next test starts this");
    let (url, directory) = told.split_once('\n').expect("an address and a directory");
    let limits = RateLimits::in_directory(directory, &RateLimitOptions::new());
    let client = Client::builder(AccessToken::new("token").expect("a token"))
        .endpoint(url)
        .rate_limits(&limits.expect("a directory"))
        .build()
        .expect("a client");
    loop {
        migrate(&client).await.expect("a reply");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_leaves_the_limits_to_the_others() {
    let directory = std::env::temp_dir().join(format!("rate-limits-{}", uuid()));
    let server = server_of([fine()]).await;
    let limits = RateLimits::in_directory(&directory, &RateLimitOptions::new());
    let client = client(&server, &limits.expect("a directory"));
    for _ in 0..5 {
        let before = server.requests().len();
        let victim = std::process::Command::new(std::env::current_exe().expect("a test"))
            .args([
                "--exact",
                "rate_limits::sends_until_it_is_killed",
                "--ignored",
            ])
            .env(
                VICTIM,
                format!("{}\n{}", server.origin(), directory.display()),
            )
            .stdout(std::process::Stdio::null())
            .spawn();
        let mut victim = victim.expect("a process");
        while server.requests().len() < before + 20 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        victim.kill().expect("it runs");
        victim.wait().expect("it ends");
        let start = Instant::now();
        migrate(&client).await.expect("nothing holds it back");
        assert!(start.elapsed() < Duration::from_secs(20));
    }
    let state = client
        .rate_limits()
        .state(ResourceFamily::Actions)
        .expect("a file");
    assert_eq!((state.pause, state.requests_per_second), (None, None));
    std::fs::remove_dir_all(&directory).expect("a directory");
}

#[tokio::test]
async fn a_probe_that_nobody_waits_for_any_more_does_not_stop_the_others() {
    let replies = [refusal(429, "0"), Reply::Silence, fine()];
    let server = server_of(replies).await;
    let client = client(&server, &limits(&RateLimitOptions::new()));
    migrate(&client).await.expect_err("refused");
    let given_up = tokio::time::timeout(Duration::from_millis(300), migrate(&client)).await;
    given_up.expect_err("silence");
    migrate(&client).await.expect("the next one probes");
}

#[test]
fn every_operation_has_the_family_of_its_limits() {
    for operation in operations::ALL {
        let expected = match (operation.path.contains("sharePoint"), operation.method) {
            (true, _) => ResourceFamily::SharePoint,
            (false, "GET") => ResourceFamily::Reads,
            (false, _) => ResourceFamily::Actions,
        };
        assert_eq!(operation.resource_family(), expected, "{operation}");
        assert_eq!(
            operation.is_cancellation(),
            operation.id.starts_with("cancel"),
            "{operation}"
        );
    }
}

fn uuid() -> String {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    format!(
        "{}-{}",
        std::process::id(),
        now.expect("after 1970").as_nanos()
    )
}
