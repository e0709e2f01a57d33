//! Waiting for many jobs by one poller.

use std::collections::BTreeMap;
use std::pin::pin;
use std::time::Duration;

use futures_util::TryStreamExt;
use msgraph_migrations::{Client, Error};
use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::waiting::{Awaited, Event, WaitOptions};

use super::{describe, job, options, start};
use crate::support::calls::{JOB, new_job};

type Seen = BTreeMap<String, Vec<String>>;

/// Watches all to their end while virtual time passes, and sorts what was seen by job.
async fn watch_all(
    sandbox: &Sandbox,
    client: &Client,
    jobs: Vec<String>,
    options: &WaitOptions,
) -> Result<Seen, Error> {
    let watch = async {
        let mut seen = Seen::new();
        let mut watch =
            Workflows::new(client.clone()).watch_jobs(jobs, Awaited::Validation, options);
        while let Some(news) = watch.try_next().await? {
            let told = describe(&news);
            seen.entry(news.asked_for).or_default().push(told);
        }
        Ok(seen)
    };
    let mut watch = pin!(watch);
    loop {
        tokio::select! {
            biased;
            seen = &mut watch => return seen,
            () = tokio::time::sleep(Duration::from_millis(2)) => {
                sandbox.advance(Duration::from_secs(10)).expect("time passes");
            }
        }
    }
}

fn polls_and_requests(sandbox: &Sandbox) -> (usize, usize) {
    let requests = sandbox.requests();
    let is_first_page = |path: &str| !path.contains("skiptoken");
    let polls = requests
        .iter()
        .filter(|request| request.operation.as_deref() == Some("listJobs"))
        .filter(|request| is_first_page(&request.path))
        .count();
    (polls, requests.len())
}

#[tokio::test]
async fn two_hundred_jobs_are_watched_through_the_list() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let jobs = sandbox.preload_jobs(200, 1).expect("jobs");
    for job in &jobs {
        sandbox
            .set_job_status(job, "validateSubmitted")
            .expect("a status");
    }
    sandbox
        .preload_jobs(50, 1)
        .expect("jobs that nobody watches");
    let seen = watch_all(&sandbox, &client, jobs.clone(), &options()).await;
    let seen = seen.expect("a watch");
    assert_eq!(seen.len(), jobs.len());
    for (job, seen) in &seen {
        assert!(jobs.contains(job));
        assert!(seen[0].starts_with("first validate"), "{seen:?}");
        assert_eq!(
            seen.last().map(String::as_str),
            Some("reached validatePassed")
        );
        let ends = seen
            .iter()
            .filter(|seen| seen.starts_with("reached"))
            .count();
        assert_eq!(ends, 1, "{seen:?}");
    }
    let (polls, requests) = polls_and_requests(&sandbox);
    println!(
        "{polls} readings of 200 jobs in {requests} requests, against {}",
        200 * polls
    );
    assert!(requests <= 13 * polls, "250 jobs are 13 pages of 20");
    let single = sandbox.requests();
    let single = single
        .iter()
        .filter(|request| request.operation.as_deref() == Some("getJob"))
        .count();
    assert_eq!(single, 0);
    let selects =
        |path: &str| path.contains("select=id%2CdisplayName") || path.contains("skiptoken");
    assert!(
        sandbox
            .requests()
            .iter()
            .all(|request| selects(&request.path))
    );
}

#[tokio::test]
async fn the_list_is_read_only_as_far_as_the_last_job_that_is_watched() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    sandbox.preload_jobs(100, 1).expect("jobs");
    let newest = job(&sandbox, 1);
    let options = options().deadline(Duration::from_millis(300)).page_size(10);
    let seen = watch_all(&sandbox, &client, vec![newest.clone()], &options).await;
    assert_eq!(
        seen.expect("a watch")[&newest],
        ["first submitted", "deadline submitted"]
    );
    let (polls, requests) = polls_and_requests(&sandbox);
    assert_eq!(polls, requests);
    assert!(sandbox.requests()[0].path.contains("top=10"));
}

#[tokio::test]
async fn jobs_are_found_by_name_and_what_is_nowhere_is_reported() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let new_job = new_job();
    client.create_job(&new_job).await.expect("a job");
    let name = new_job.display_name.to_uppercase();
    let by_id = job(&sandbox, 1);
    for job in [&name, &by_id] {
        sandbox
            .set_job_status(job, "validateInProgress")
            .expect("a status");
    }
    let jobs = vec![
        name.clone(),
        by_id.clone(),
        JOB.to_owned(),
        "no/such\u{7}".to_owned(),
    ];
    sandbox
        .advance(Duration::from_secs(590))
        .expect("time passes");
    let seen = watch_all(&sandbox, &client, jobs, &options())
        .await
        .expect("a watch");
    assert_eq!(seen[JOB], ["gone never seen"]);
    assert_eq!(seen["no/such\u{7}"], ["gone never seen"]);
    for job in [&name, &by_id] {
        assert_eq!(
            seen[job].last().map(String::as_str),
            Some("reached validatePassed")
        );
    }
}

#[tokio::test]
async fn a_job_that_vanishes_from_the_list_is_gone_with_its_last_state() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let mut settings = sandbox.settings();
    settings.deleted_jobs_vanish = true;
    sandbox.set_settings(settings).expect("settings");
    let (stays, goes) = (job(&sandbox, 1), job(&sandbox, 1));
    let jobs = vec![stays.clone(), goes.clone()];
    let mut watch =
        Workflows::new(client.clone()).watch_jobs(jobs, Awaited::Validation, &options());
    for _ in 0..2 {
        let news = watch.try_next().await.expect("a reading").expect("news");
        assert!(matches!(news.event, Event::First(_)));
    }
    sandbox.set_job_status(&goes, "deleted").expect("a status");
    let news = watch.try_next().await.expect("a reading").expect("news");
    assert_eq!(
        (news.asked_for.clone(), describe(&news)),
        (goes, "gone submitted".to_owned())
    );
    sandbox
        .set_job_status(&stays, "validatePassed")
        .expect("a status");
    let news = watch.try_next().await.expect("a reading").expect("news");
    assert_eq!(
        (news.asked_for.clone(), describe(&news)),
        (stays, "reached validatePassed".to_owned())
    );
    assert!(watch.try_next().await.expect("no reading").is_none());
}

#[tokio::test]
async fn a_name_means_the_living_job_even_while_a_deleted_one_is_shown() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let new_job = new_job();
    let name = &new_job.display_name;
    client.create_job(&new_job).await.expect("a job");
    sandbox.set_job_status(name, "deleted").expect("a status");
    let options = options().deadline(Duration::from_millis(300));
    let seen = watch_all(&sandbox, &client, vec![name.clone()], &options).await;
    assert_eq!(seen.expect("a watch")[name], ["elsewhere deleted"]);
    client.create_job(&new_job).await.expect("the name is free");
    let seen = watch_all(&sandbox, &client, vec![name.clone()], &options).await;
    assert_eq!(
        seen.expect("a watch")[name],
        ["first submitted", "deadline submitted"]
    );
}

#[tokio::test]
async fn stalls_and_deadlines_are_told_for_each_job() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let jobs = sandbox.preload_jobs(3, 1).expect("jobs");
    sandbox
        .set_job_status(&jobs[0], "validateFailed")
        .expect("a status");
    let options = options()
        .stalled_after(Duration::from_millis(10))
        .deadline(Duration::from_millis(500));
    let seen = watch_all(&sandbox, &client, jobs.clone(), &options).await;
    let seen = seen.expect("a watch");
    assert_eq!(seen[&jobs[0]], ["reached validateFailed"]);
    for job in &jobs[1..] {
        assert_eq!(
            seen[job],
            ["first submitted", "stalled submitted", "deadline submitted"]
        );
    }
}

#[tokio::test]
async fn a_watch_of_many_bears_what_a_watch_of_one_bears() {
    let soon = RetryAfter::Fraction(0.002);
    let (sandbox, client) = start(Sandbox::builder()).await;
    let jobs = sandbox.preload_jobs(45, 1).expect("jobs");
    for job in &jobs {
        sandbox
            .set_job_status(job, "validateSubmitted")
            .expect("a status");
    }
    let fault = |fault, probability| FaultRule::new("*", fault).with_probability(probability);
    let rules = vec![
        fault(Fault::Throttle { retry_after: soon }, 0.02),
        fault(Fault::DropAfterEffect, 0.1),
        fault(Fault::EmptyBody, 0.1),
        fault(Fault::OddCasing, 0.3),
        FaultRule::new(
            "listJobs",
            Fault::BadGateway {
                after_effect: false,
            },
        )
        .every(7),
    ];
    sandbox.set_faults(rules).expect("rules");
    let seen = watch_all(&sandbox, &client, jobs.clone(), &options()).await;
    let seen = seen.expect("a watch");
    assert_eq!(seen.len(), jobs.len());
    for seen in seen.values() {
        assert_eq!(
            seen.last().map(String::as_str),
            Some("reached validatePassed")
        );
        assert!(
            seen.iter().all(|seen| !seen.starts_with("gone")),
            "{seen:?}"
        );
    }
}

#[tokio::test]
async fn an_error_that_lasts_comes_after_what_was_seen() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let jobs = sandbox.preload_jobs(30, 1).expect("jobs");
    // The second page breaks off, again and again.
    let rule = FaultRule::new("listJobs", Fault::DropAfterEffect).after(1);
    sandbox.set_faults(vec![rule]).expect("a rule");
    let options = options().max_failures(0);
    let mut watch = Workflows::new(client.clone()).watch_jobs(jobs, Awaited::Validation, &options);
    for _ in 0..20 {
        let news = watch
            .try_next()
            .await
            .expect("a page was read")
            .expect("news");
        assert_eq!(describe(&news), "first submitted");
    }
    let error = watch
        .try_next()
        .await
        .expect_err("the next page is missing");
    assert!(error.is_safe_to_repeat());
    assert!(watch.try_next().await.expect("it is over").is_none());
}

#[tokio::test]
async fn watching_nothing_asks_for_nothing() {
    let (sandbox, client) = start(Sandbox::builder()).await;
    let mut watch =
        Workflows::new(client.clone()).watch_jobs(Vec::new(), Awaited::Final, &options());
    assert!(watch.try_next().await.expect("no reading").is_none());
    assert!(sandbox.requests().is_empty());
}
