//! Misbehaviour on demand.

use std::time::{Duration, Instant};

use msgraph_migrations_sandbox::{Fault, FaultRule, RetryAfter, Sandbox};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{ANNA, BERT, JOBS, Room, room, room_with};

fn once(operation: &str, fault: Fault) -> Vec<FaultRule> {
    vec![FaultRule::new(operation, fault).times(1)]
}

#[tokio::test]
async fn refusals_come_with_their_status_and_body_and_as_often_as_asked() {
    let room = room().await;
    let throttle = |retry_after| Fault::Throttle { retry_after };
    for (fault, status, code, retry_after) in [
        (
            throttle(RetryAfter::None),
            429,
            Some("TooManyRequests"),
            None,
        ),
        (
            throttle(RetryAfter::Seconds(7)),
            429,
            Some("TooManyRequests"),
            Some("7"),
        ),
        (
            throttle(RetryAfter::Fraction(2.128)),
            429,
            Some("TooManyRequests"),
            Some("2.128"),
        ),
        (
            Fault::InternalServerError {
                after_effect: false,
            },
            500,
            Some("InternalServerError"),
            None,
        ),
        (
            Fault::BadGateway {
                after_effect: false,
            },
            502,
            None,
            None,
        ),
        (
            Fault::ServiceUnavailable {
                after_effect: false,
                retry_after: RetryAfter::Seconds(3),
            },
            503,
            Some("ServiceUnavailable"),
            Some("3"),
        ),
        (
            Fault::GatewayTimeout {
                after_effect: false,
            },
            504,
            Some("GatewayTimeout"),
            None,
        ),
    ] {
        room.sandbox
            .set_faults(once("listJobs", fault))
            .expect("a rule");
        let reply = room.get(JOBS).await.expect(status);
        assert_eq!(reply.header("retry-after"), retry_after);
        if let Some(code) = code {
            assert_eq!(reply.codes().0, code);
        } else {
            assert_eq!(reply.header("content-type"), Some("text/html"));
            assert!(reply.text.contains("<html>"));
        }
        assert!(reply.header("request-id").is_some());
        room.get(JOBS).await.expect(200);
    }
    room.sandbox
        .set_faults(once("listJobs", throttle(RetryAfter::Date(30))))
        .expect("a rule");
    let reply = room.get(JOBS).await.expect(429);
    let date = reply.header("retry-after").expect("a date");
    let ahead = chrono::DateTime::parse_from_rfc2822(date)
        .expect("an HTTP date")
        .to_utc()
        - chrono::Utc::now();
    assert!(
        date.ends_with(" GMT") && ahead <= chrono::TimeDelta::seconds(30),
        "{date}"
    );
}

/// Far longer than a connection takes to close on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends a request on a connection of its own and returns every byte of the answer.
async fn bytes(room: &Room, method: &str, path: &str) -> Vec<u8> {
    let mut stream = TcpStream::connect(room.sandbox.address())
        .await
        .expect("a connection");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer t\r\ncontent-length: 0\r\n\r\n"
    );
    stream
        .write_all(request.as_bytes())
        .await
        .expect("a sent request");
    let mut answer = Vec::new();
    // A reset counts as the end like an orderly close.
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await;
    assert!(end.is_ok(), "the connection is still open");
    answer
}

#[tokio::test]
async fn a_dropped_connection_tells_nothing_and_the_log_tells_all() {
    for (fault, effects) in [(Fault::DropBeforeEffect, 0), (Fault::DropAfterEffect, 1)] {
        let room = room().await;
        let job = room.create("Wave 1").await;
        room.sandbox
            .set_faults(once("cancelJob", fault))
            .expect("a rule");
        // The connection is closed although it was to be kept open, and not a byte comes.
        assert_eq!(
            bytes(&room, "POST", &format!("{JOBS}/{job}/cancel")).await,
            b""
        );
        assert_eq!(room.sandbox.effects("cancelJob"), effects);
        let entry = room.sandbox.requests().pop().expect("an entry");
        assert_eq!((entry.status, entry.faults.len()), (None, 1));
        assert_eq!(
            room.status(&job),
            if effects == 1 {
                "pendingCancel"
            } else {
                "submitted"
            }
        );
        let again = room.post(&format!("{JOBS}/{job}/cancel")).await;
        assert_eq!(again.status, if effects == 1 { 409 } else { 202 });
        assert_eq!(room.sandbox.effects("cancelJob"), 1);
    }
}

#[tokio::test]
async fn a_server_error_may_hide_an_effect() {
    for (fault, status) in [
        (Fault::InternalServerError { after_effect: true }, 500),
        (Fault::BadGateway { after_effect: true }, 502),
        (
            Fault::ServiceUnavailable {
                after_effect: true,
                retry_after: RetryAfter::None,
            },
            503,
        ),
        (Fault::GatewayTimeout { after_effect: true }, 504),
    ] {
        let room = room().await;
        let job = room.create("Wave 1").await;
        room.sandbox
            .set_faults(once("cancelJob", fault))
            .expect("a rule");
        room.post(&format!("{JOBS}/{job}/cancel"))
            .await
            .expect(status);
        assert_eq!(room.sandbox.effects("cancelJob"), 1);
        room.post(&format!("{JOBS}/{job}/cancel")).await.expect(409);
    }
}

#[tokio::test]
async fn bodies_are_cut_short_or_left_out() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let path = format!("{JOBS}/{job}");
    let whole = room.get(&path).await.expect(200).text;
    room.sandbox
        .set_faults(once("getJob", Fault::TruncateBody { well_framed: true }))
        .expect("a rule");
    let half = room.get(&path).await.expect(200).text;
    assert_eq!(half.len(), whole.len() / 2);
    room.sandbox
        .set_faults(once("getJob", Fault::EmptyBody))
        .expect("a rule");
    assert_eq!(room.get(&path).await.expect(200).text, "");
    room.sandbox
        .set_faults(vec![FaultRule::new(
            "getJob",
            Fault::TruncateBody { well_framed: false },
        )])
        .expect("a rule");
    let answer = String::from_utf8(bytes(&room, "GET", &path).await).expect("text");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and some body");
    let length: usize = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .expect("a length")
        .parse()
        .expect("a number");
    assert!(head.starts_with("HTTP/1.1 200"));
    assert!(
        !body.is_empty() && body.len() < length,
        "{} of {length}",
        body.len()
    );
    let response = room.request("GET", &path).send().await.expect("a head");
    response
        .bytes()
        .await
        .expect_err("the connection is closed in mid-body");
}

#[tokio::test]
async fn answers_are_altered_in_ways_a_client_has_to_bear() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let path = format!("{JOBS}/{job}");
    let rules = vec![FaultRule::new(
        "getJob",
        Fault::UnknownEnumValue {
            value: "onVacation".into(),
        },
    )];
    room.sandbox.set_faults(rules).expect("a rule");
    let plain = room.get(&path).await.expect(200);
    assert_eq!(
        (
            plain.json()["status"].as_str(),
            plain.header("preference-applied")
        ),
        (Some("unknownFutureValue"), None)
    );
    let request = room
        .request("GET", &path)
        .header("prefer", "respond-async, include-unknown-enum-members");
    let reply = room.send(request).await.expect(200);
    assert_eq!(reply.json()["status"], "onVacation");
    assert_eq!(
        reply.header("preference-applied"),
        Some("include-unknown-enum-members")
    );
    room.sandbox
        .set_faults(vec![
            FaultRule::new("*", Fault::UnknownMembers),
            FaultRule::new("*", Fault::OddCasing),
        ])
        .expect("rules");
    let users = room.get(&format!("{path}/users")).await.expect(200).json();
    assert!(
        users["sandboxUndeclared"].is_object()
            && users["value"][0]["currentStatus"][0]["sandboxUndeclared"].is_object()
    );
    assert_eq!(users["value"][0]["currentStatus"][0]["service"], "odsp");
    assert_eq!(
        users["value"][0]["currentStatus"][0]["status"],
        "NotStarted"
    );
    assert_eq!(
        room.get(&path).await.expect(200).json()["status"],
        "Submitted"
    );
}

#[tokio::test]
async fn a_rule_fires_for_what_it_names_and_no_more() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let other = room.create("Wave 2").await;
    let error = || Fault::InternalServerError {
        after_effect: false,
    };
    let statuses = async |rule: FaultRule, paths: &[String]| {
        room.sandbox.set_faults(vec![rule]).expect("a rule");
        let mut statuses = Vec::new();
        for path in paths {
            statuses.push(room.get(path).await.status);
        }
        statuses
    };
    let get = |job: &str| format!("{JOBS}/{job}");
    let same = vec![get(&job); 6];
    assert_eq!(
        statuses(FaultRule::new("getJob", error()).times(2), &same).await,
        [500, 500, 200, 200, 200, 200]
    );
    assert_eq!(
        statuses(FaultRule::new("getJob", error()).every(3), &same).await,
        [200, 200, 500, 200, 200, 500]
    );
    assert_eq!(
        statuses(FaultRule::new("getJob", error()).after(4), &same).await,
        [200, 200, 200, 200, 500, 500]
    );
    assert_eq!(
        statuses(FaultRule::new("listJobs", error()), &same).await,
        [200; 6]
    );
    // By id in the rule and by name in the path, and the other way round.
    let both = [get("Wave%201"), get(&job), get(&other)];
    assert_eq!(
        statuses(FaultRule::new("*", error()).for_job(&job), &both).await,
        [500, 500, 200]
    );
    assert_eq!(
        statuses(FaultRule::new("*", error()).for_job("Wave 1"), &both).await,
        [500, 500, 200]
    );
    let user = |user: &str| format!("{JOBS}/{job}/users/{user}");
    assert_eq!(
        statuses(
            FaultRule::new("getUser", error()).for_user(ANNA),
            &[user(ANNA), user(BERT)]
        )
        .await,
        [500, 200]
    );
    let rule = FaultRule::new("getJob", error()).with_probability(0.5);
    let many = vec![get(&job); 200];
    let first = statuses(rule.clone(), &many).await;
    let failures = first.iter().filter(|status| **status == 500).count();
    assert!(
        (60..140).contains(&failures),
        "{failures} of 200 at a probability of a half"
    );
    for (rule, words) in [
        (FaultRule::new("cancelEverything", error()), "no operation"),
        (FaultRule::new("*", error()).every(0), "'every'"),
        (
            FaultRule::new("*", error()).with_probability(1.5),
            "'probability'",
        ),
    ] {
        let refused = room
            .sandbox
            .set_faults(vec![rule])
            .expect_err("the rule is wrong");
        assert!(refused.to_string().contains(words), "{refused}");
    }
}

#[tokio::test]
async fn chances_follow_the_seed() {
    let mut runs = Vec::new();
    for seed in [1, 1, 2] {
        let rule = FaultRule::new(
            "*",
            Fault::GatewayTimeout {
                after_effect: false,
            },
        )
        .with_probability(0.5);
        let room = room_with(Sandbox::builder().seed(seed).faults(vec![rule])).await;
        let mut statuses = Vec::new();
        for _ in 0..40 {
            statuses.push(room.get(JOBS).await.status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    assert_ne!(runs[0], runs[2]);
}

#[tokio::test]
async fn latency_delays_the_answer_but_not_the_effect() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_faults(vec![
            FaultRule::new(
                "cancelJob",
                Fault::Latency {
                    milliseconds: 3_600_000,
                },
            ),
            FaultRule::new("listJobs", Fault::Latency { milliseconds: 60 }),
        ])
        .expect("rules");
    let start = Instant::now();
    room.get(JOBS).await.expect(200);
    assert!(start.elapsed() >= Duration::from_millis(60));
    let request = room.request("POST", &format!("{JOBS}/{job}/cancel"));
    let waiting = tokio::spawn(request.send());
    while room.status(&job) != "pendingCancel" {
        tokio::task::yield_now().await;
    }
    // Stopping waits for no answer that a fault delays.
    room.sandbox.shutdown().await;
    let answer = waiting.await.expect("the request is made");
    answer.expect_err("the connection is closed");
}

#[tokio::test]
async fn the_rate_limit_is_enforced_and_refusals_are_logged() {
    let room = room_with(Sandbox::builder().rate_limit(2.0)).await;
    let mut refused = 0;
    for _ in 0..40 {
        let reply = room.get(JOBS).await;
        if reply.status == 429 {
            refused += 1;
            let wait: u32 = reply
                .header("retry-after")
                .expect("a wait")
                .parse()
                .expect("whole seconds");
            assert!(wait >= 1);
        }
    }
    assert!(refused > 0);
    let logged = room
        .sandbox
        .requests()
        .iter()
        .filter(|entry| entry.faults == ["rateLimit"])
        .count();
    assert_eq!(logged, refused);
    // Whoever waits as told is let in again.
    tokio::time::sleep(Duration::from_secs(1)).await;
    room.get(JOBS).await.expect(200);
}

#[tokio::test]
async fn rules_read_and_write_the_same_json() {
    let json = json!([
        {"operation": "cancelJob", "skip": 0, "count": 1, "job": "Wave 1", "fault": {"kind": "dropAfterEffect"}},
        {"operation": "*", "skip": 3, "every": 2, "probability": 0.25, "user": ANNA,
            "fault": {"kind": "throttle", "retryAfter": {"fraction": 1.5}}},
        {"operation": "*", "skip": 0, "fault": {"kind": "serviceUnavailable", "afterEffect": true, "retryAfter": {"date": 5}}},
        {"operation": "*", "skip": 0, "fault": {"kind": "truncateBody", "wellFramed": true}},
        {"operation": "*", "skip": 0, "fault": {"kind": "latency", "milliseconds": 5}},
        {"operation": "*", "skip": 0, "fault": {"kind": "throttle", "retryAfter": "none"}},
    ]);
    let rules: Vec<FaultRule> = serde_json::from_value(json.clone()).expect("the documented form");
    assert_eq!(serde_json::to_value(rules).expect("JSON"), json);
    for wrong in [
        json!([{"operation": "*"}]),
        json!([{"operation": "*", "fault": {"kind": "earthquake"}}]),
        json!([{"operation": "*", "fault": {"kind": "latency"}}]),
        json!([{"operation": "*", "fault": {"kind": "latency", "milliseconds": 1, "seconds": 1}}]),
        json!([{"operation": "*", "often": 1, "fault": {"kind": "emptyBody"}}]),
    ] {
        serde_json::from_value::<Vec<FaultRule>>(wrong).expect_err("not the documented form");
    }
}
