//! Scenarios, and what else moves a rehearsal: time, access, the log, the state.

use std::time::Duration;

use msgraph_migrations_sandbox::{Access, Fault, FaultRule, Sandbox, UserOutcome};
use serde_json::{Value, json};

use crate::program::PROGRAM;
use crate::support::{
    ANNA, BERT, DAY, HOUR, JOBS, MINUTE, Reply, Room, TASKS, room, room_with, site_task, workloads,
};

const SHIPPED: [&str; 7] = [
    "friday-night",
    "late-cancel",
    "lost-answers",
    "stalled-approval",
    "token-expiry",
    "bad-identities",
    "service-trouble",
];

async fn put(room: &Room, path: &str, body: Value) -> Reply {
    room.body("PUT", &format!("/_sandbox/{path}"), &body).await
}

#[tokio::test]
async fn every_shipped_scenario_plays_to_its_end() {
    let room = room().await;
    let listed = room.get("/_sandbox/scenarios").await.expect(200).json();
    let names: Vec<&str> = listed["value"]
        .as_array()
        .expect("scenarios")
        .iter()
        .filter_map(|one| one["name"].as_str())
        .collect();
    assert_eq!(names, SHIPPED);
    assert!(
        listed["value"]
            .as_array()
            .expect("scenarios")
            .iter()
            .all(|one| one["teaches"].as_str().is_some_and(|text| text.len() > 80))
    );
    for name in SHIPPED {
        let room = room_with(Sandbox::builder().scenario(name)).await;
        room.advance(3 * DAY);
        let events = room.sandbox.scenario_events();
        assert!(!events.is_empty(), "{name}");
        for event in events {
            assert_eq!(
                event.missed, None,
                "{name}, line {}: {}",
                event.line, event.what
            );
        }
    }
}

#[tokio::test]
async fn friday_night_does_what_it_teaches() {
    let room = room_with(Sandbox::builder().scenario("friday-night")).await;
    let job = "Friday wave 2";
    let user = |place: usize| room.sandbox.job(job).expect("the job").users[place - 1].clone();
    room.advance(HOUR);
    room.get(JOBS).await.expect(200);
    assert_eq!(user(7).workloads[3].1, "synced");
    room.advance(HOUR + MINUTE);
    assert_eq!(user(7).workloads[3], ("Exchange".into(), "failed".into()));
    room.advance(4 * HOUR);
    // The token expired; another one is good.
    let refused = room.get(JOBS).await.expect(401);
    assert!(
        refused
            .header("www-authenticate")
            .is_some_and(|header| header.contains("claims="))
    );
    let again = room
        .client
        .get(format!("{}{JOBS}", room.sandbox.base_url()))
        .bearer_auth("another");
    room.send(again).await.expect(200);
    // From 20:00 to 21:00 only five requests a second get through.
    let many = async || {
        let mut limited = 0;
        for _ in 0..40 {
            let request = room
                .client
                .get(format!("{}{JOBS}/$count", room.sandbox.base_url()))
                .bearer_auth("another");
            limited += usize::from(room.send(request).await.status == 429);
        }
        limited
    };
    assert_eq!(many().await, 0);
    room.advance(6 * HOUR);
    assert!(many().await > 0, "at {}", room.sandbox.now());
    room.advance(HOUR);
    assert_eq!(many().await, 0);
    room.advance(DAY);
    assert_eq!(room.status(job), "completedWithErrors");
    let failed: Vec<usize> = (1..=25)
        .filter(|place| {
            user(*place)
                .workloads
                .iter()
                .any(|(_, status)| status == "failed")
        })
        .collect();
    assert_eq!(failed, [7, 12]);
}

#[tokio::test]
async fn a_late_cancellation_leaves_those_that_have_begun() {
    let room = room_with(Sandbox::builder().scenario("late-cancel")).await;
    room.advance(2 * HOUR);
    assert_eq!(room.status("Late wave"), "cancelled");
    let users = room.sandbox.job("Late wave").expect("the job").users;
    let (through, held): (Vec<_>, Vec<_>) = users
        .iter()
        .partition(|user| user.workloads[3].1 == "completed");
    assert!(!through.is_empty() && !held.is_empty());
    assert!(held.iter().all(|user| user.workloads[3].1 == "cancelled"));
}

#[tokio::test]
#[expect(
    clippy::too_many_lines,
    reason = "a table of everything that can be wrong"
)]
async fn a_scenario_that_does_not_fit_is_refused_with_its_line() {
    let room = room().await;
    room.create("Wave 1").await;
    let head = "name = \"x\"\nteaches = \"y\"\n";
    for (text, line, words) in [
        ("name = \"x\"\n", 1, "teaches"),
        ("name = \"x\"\nteaches = [\n", 2, ""),
        (&format!("{head}colour = \"blue\"\n"), 3, "colour"),
        (
            &format!("{head}\n[[step]]\nat = \"soon\"\nsay = \"z\"\n"),
            4,
            "soon",
        ),
        (
            &format!("{head}[[step]]\nat = \"+1h\"\n"),
            3,
            "does nothing",
        ),
        (
            &format!("{head}[[step]]\nat = \"+1h\"\nspeed = 1.0\nthrottle = 2.0\n"),
            3,
            "one thing",
        ),
        (
            &format!(
                "{head}[[step]]\nat = \"+2h\"\nsay = \"z\"\n[[step]]\nat = \"+1h\"\nsay = \"z\"\n"
            ),
            6,
            "before",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\nuntil = \"+1h\"\nthrottle = 5\n"),
            3,
            "until",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\nuntil = \"+3h\"\nspeed = 5\n"),
            3,
            "until",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\njob = \"Nobody\"\nstalled = true\n"),
            3,
            "Nobody",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\njob = \"Wave 1\"\nuser = 4\noutcome = {{}}\n"),
            3,
            "number 4",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\njob = \"Wave 1\"\nuser = 0\noutcome = {{}}\n"),
            3,
            "counted",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\nuser = 1\noutcome = {{}}\n"),
            3,
            "job",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\nstatus = \"asleep\"\njob = \"Wave 1\"\n"),
            5,
            "asleep",
        ),
        (
            &format!(
                "{head}[[step]]\nat = \"+2h\"\nfaults = [{{ operation = \"fly\", fault = {{ kind = \"emptyBody\" }} }}]\n"
            ),
            3,
            "fly",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\nthrottle = 0\n"),
            3,
            "rate",
        ),
        (
            &format!("{head}[[step]]\nat = \"+2h\"\nsettings = {{ colour = 1 }}\n"),
            3,
            "colour",
        ),
        (
            &format!("{head}[[job]]\nname = \"Wave 1\"\nusers = 1\n"),
            3,
            "already",
        ),
        (
            &format!("{head}[[job]]\nname = \"A\"\nusers = 1\n[[job]]\nname = \"a\"\nusers = 1\n"),
            6,
            "two jobs",
        ),
        (
            &format!("{head}[[job]]\nname = \"A\"\nusers = 3000\n"),
            3,
            "3000",
        ),
    ] {
        let error = room.sandbox.start_scenario(text).expect_err(text);
        assert_eq!(error.line, line, "{text}: {error}");
        assert!(error.reason.contains(words), "{text}: {error}");
        let request = room
            .client
            .put(format!("{}/_sandbox/scenario", room.sandbox.base_url()))
            .body(text.to_owned());
        let reply = room.send(request).await.expect(400);
        assert!(
            reply.text.contains(&format!("line {line}:")),
            "{}",
            reply.text
        );
    }
    assert!(
        room.sandbox
            .start_scenario("saturday-night")
            .expect_err("no such name")
            .reason
            .contains("friday-night")
    );
    // Nothing of them has happened.
    assert_eq!(room.sandbox.jobs().len(), 1);
    let path = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("wrong.toml");
    std::fs::write(
        &path,
        format!("{head}\n\n[[step]]\nat = \"+1x\"\nsay = \"z\"\n"),
    )
    .expect("a file");
    let output = std::process::Command::new(PROGRAM)
        .args(["--scenario", &path.display().to_string()])
        .output()
        .expect("the program runs");
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(output.status.code(), Some(2));
    assert!(text.contains("line 5") && text.contains("+1x"), "{text}");
}

#[tokio::test]
async fn a_scenario_of_ones_own_is_played_and_stopped() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let text = format!(
        "name = \"Mine\"\nteaches = \"All kinds of steps.\"\n\
         [[step]]\nat = \"+1m\"\njob = \"Wave 1\"\naction = \"validate\"\n\
         [[step]]\nat = \"+1h\"\njob = \"Wave 1\"\naction = \"validate\"\n\
         [[step]]\nat = \"+2h\"\njob = \"Wave 1\"\ncompleteAfter = \"+3d\"\n\
         [[step]]\nat = \"+3h\"\nuser = \"{ANNA}\"\noutcome = {{ code = \"MMS-002\" }}\n\
         [[step]]\nat = \"+4h\"\nsettings = {{ updateReturnsJob = true }}\n\
         [[step]]\nat = \"+5h\"\naccess = {{ scopes = [] }}\n\
         [[step]]\nat = \"+6h\"\nspeed = 2.5\nsay = \"Faster.\"\n\
         [[step]]\nat = \"+7d\"\nsay = \"Never reached.\"\n"
    );
    let request = room
        .client
        .put(format!("{}/_sandbox/scenario", room.sandbox.base_url()))
        .body(text);
    let reply = room.send(request).await.expect(200).json();
    assert_eq!(reply["pending"].as_array().map(Vec::len), Some(8));
    room.advance(2 * MINUTE);
    assert_eq!(room.status(&job), "validateProcessing");
    room.advance(5 * HOUR);
    let seen = room.sandbox.job(&job).expect("the job");
    assert_eq!(
        (seen.status.as_str(), seen.complete_after.to_rfc3339()),
        ("validatePassed", "2026-01-08T08:00:00+00:00".to_owned())
    );
    assert!(room.sandbox.settings().update_returns_job);
    room.get(JOBS).await.expect(403);
    let running = room.get("/_sandbox/scenario").await.expect(200).json();
    // The second validation was refused by the service, and that is told.
    assert!(
        running["done"][1]["missed"]
            .as_str()
            .is_some_and(|text| text.starts_with("409")),
        "{running}"
    );
    assert_eq!(running["pending"].as_array().map(Vec::len), Some(2));
    room.advance(HOUR);
    assert_eq!(
        room.get("/_sandbox/clock").await.expect(200).json()["speed"],
        2.5
    );
    room.send(room.request("DELETE", "/_sandbox/scenario"))
        .await
        .expect(200);
    assert_eq!(
        room.get("/_sandbox/scenario").await.expect(200).json(),
        Value::Null
    );
}

#[tokio::test]
async fn time_advances_to_a_status_and_runs_at_a_chosen_speed() {
    let room = room().await;
    let job = room.create("Wave: 1").await;
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200);
    let until = async |status: &str| {
        room.send(room.request(
            "POST",
            &format!("/_sandbox/advance?until=Wave:%201:{status}"),
        ))
        .await
    };
    assert_eq!(
        until("validatePassed").await.expect(200).json()["now"],
        "2026-01-05T08:12:00Z"
    );
    assert_eq!(room.status(&job), "validatePassed");
    // Time alone never migrates it, and nothing moves for the attempt.
    let refused = until("completed").await.expect(400);
    assert!(refused.text.contains("validatePassed"), "{}", refused.text);
    assert_eq!(room.sandbox.now().to_rfc3339(), "2026-01-05T08:12:00+00:00");
    room.post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(200);
    until("cuttingOver").await.expect(200);
    assert_eq!(room.status(&job), "cuttingOver");
    room.sandbox
        .advance_until(&job, "completed")
        .expect("it gets there");
    assert_eq!(workloads(&room, &job, ANNA).await, ["completed"; 4]);
    for wrong in [
        "advance?until=Nobody:completed",
        "advance?until=x",
        "advance?until=Wave:%201:asleep",
        "advance?until=a:b&seconds=1",
        "advance?secs=1",
    ] {
        let reply = room
            .send(room.request("POST", &format!("/_sandbox/{wrong}")))
            .await;
        assert!(
            matches!(reply.status, 400 | 404),
            "{wrong}: {}",
            reply.status
        );
    }
    assert_eq!(
        room.sandbox.requests().len(),
        4,
        "what steers is not logged"
    );
    put(&room, "clock", json!({"speed": 1_000_000.0}))
        .await
        .expect(200);
    let before = room.sandbox.now();
    while room.sandbox.now() < before + chrono_hours(1) {
        tokio::task::yield_now().await;
    }
    put(&room, "clock", json!({"speed": 0.0})).await.expect(200);
    assert_eq!(room.sandbox.now(), room.sandbox.now());
    put(&room, "clock", json!({"speed": -1})).await.expect(400);
}

fn chrono_hours(hours: i64) -> chrono::TimeDelta {
    chrono::TimeDelta::hours(hours)
}

#[tokio::test]
async fn any_status_can_be_answered_in_place_of_the_service() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let rules = json!([
        {"operation": "migrateJob", "fault": {"kind": "status", "status": 403}},
        {"operation": "getJob", "count": 1, "fault": {"kind": "status", "status": 418, "code": "Teapot", "message": "Short and stout.",
            "headers": {"X-Colour": "brown", "Retry-After": "3"}}},
        {"operation": "getJob", "count": 1, "fault": {"kind": "status", "status": 207, "body": {"some": ["json"]}}},
        {"operation": "getJob", "count": 1, "fault": {"kind": "status", "status": 500, "body": "plain text"}},
        {"operation": "cancelJob", "fault": {"kind": "status", "status": 412, "afterEffect": true}},
    ]);
    put(&room, "faults", rules).await.expect(200);
    let forbidden = room
        .post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(403);
    assert_eq!(forbidden.codes().0, "Authorization_RequestDenied");
    let reply = room.get(&format!("{JOBS}/{job}")).await.expect(418);
    assert_eq!(
        (reply.codes().0, reply.message()),
        ("Teapot".into(), "Short and stout.".into())
    );
    assert_eq!(
        (reply.header("x-colour"), reply.header("retry-after")),
        (Some("brown"), Some("3"))
    );
    assert_eq!(
        room.get(&format!("{JOBS}/{job}")).await.expect(207).json(),
        json!({"some": ["json"]})
    );
    assert_eq!(
        room.get(&format!("{JOBS}/{job}")).await.expect(500).text,
        "plain text"
    );
    room.get(&format!("{JOBS}/{job}")).await.expect(200);
    room.post(&format!("{JOBS}/{job}/cancel")).await.expect(412);
    assert_eq!(room.status(&job), "pendingCancel");
    for fault in [
        json!({"kind": "status", "status": 99}),
        json!({"kind": "status", "status": 600}),
        json!({"kind": "status", "status": 400, "headers": {"a b": "c"}}),
        json!({"kind": "status", "status": 400, "headers": {"a": "c\nd"}}),
        json!({"kind": "status", "status": 400, "headers": {"content-length": "5"}}),
    ] {
        put(&room, "faults", json!([{"operation": "*", "fault": fault}]))
            .await
            .expect(400);
    }
    // Rules can be added and taken away one by one.
    let add = json!([{"operation": "listJobs", "fault": {"kind": "emptyBody"}}]);
    put(
        &room,
        "faults",
        json!([{"operation": "getJob", "fault": {"kind": "tokenExpired"}}]),
    )
    .await
    .expect(200);
    let both = room
        .body("POST", "/_sandbox/faults", &add)
        .await
        .expect(200)
        .json();
    assert_eq!(both["value"].as_array().map(Vec::len), Some(2));
    let expired = room.get(&format!("{JOBS}/{job}")).await.expect(401);
    assert!(
        expired
            .header("www-authenticate")
            .is_some_and(|header| header.contains("claims="))
    );
    room.delete("/_sandbox/faults/0").await.expect(200);
    room.get(&format!("{JOBS}/{job}")).await.expect(200);
    room.delete("/_sandbox/faults/1").await.expect(404);
    // A rule can be in force for a time.
    let now = room.sandbox.now();
    let rule = FaultRule::new("listJobs", Fault::EmptyBody)
        .between(now + chrono_hours(1), now + chrono_hours(2));
    room.sandbox.set_faults(vec![rule]).expect("a rule");
    for empty in [false, true, false] {
        assert_eq!(room.get(JOBS).await.expect(200).text.is_empty(), empty);
        room.advance(HOUR);
    }
}

#[tokio::test]
async fn tokens_expire_after_requests_or_seconds_and_access_changes_at_run_time() {
    let room = room_with(Sandbox::builder().token_lifetime(Some(3), None)).await;
    let with = async |token: &str| {
        let request = room
            .client
            .get(format!("{}{JOBS}", room.sandbox.base_url()))
            .bearer_auth(token);
        room.send(request).await
    };
    for status in [200, 200, 200, 401, 401] {
        let reply = with("first").await.expect(status);
        if status == 401 {
            let header = reply.header("www-authenticate").expect("a challenge");
            assert!(
                header.contains("error=\"insufficient_claims\"") && header.contains("claims=\""),
                "{header}"
            );
            assert_eq!(reply.codes().0, "InvalidAuthenticationToken");
        }
    }
    with("second").await.expect(200);
    put(
        &room,
        "settings",
        json!({"access": {"tokenRequests": null, "tokenSeconds": 60}}),
    )
    .await
    .expect(200);
    with("second").await.expect(200);
    room.advance(61);
    with("second").await.expect(401);
    with("third").await.expect(200);
    room.sandbox.expire_tokens();
    with("third").await.expect(401);
    let put_access =
        async |access: Value| put(&room, "settings", json!({ "access": access })).await;
    put_access(json!({"token": "only-this", "tokenSeconds": null}))
        .await
        .expect(200);
    with("third").await.expect(401);
    with("only-this").await.expect(200);
    let told = put_access(json!({"scopes": ["CrossTenantContentMigration.Read.All"]}))
        .await
        .expect(200);
    assert!(!told.text.contains("only-this"), "the token is never told");
    assert_eq!(told.json()["access"]["tokenRequired"], true);
    with("only-this").await.expect(200);
    let request = room
        .client
        .post(format!("{}{JOBS}/x/cancel", room.sandbox.base_url()))
        .bearer_auth("only-this")
        .header("content-length", "0");
    room.send(request).await.expect(403);
    put_access(json!({"colour": "blue"})).await.expect(400);
    room.sandbox.set_access(Access::default());
    with("anything").await.expect(200);
    put(&room, "settings", json!({"rateLimit": 1.0}))
        .await
        .expect(200);
    let statuses = [with("a").await.status, with("a").await.status];
    assert_eq!(statuses, [200, 429]);
    put(&room, "settings", json!({"rateLimit": 0}))
        .await
        .expect(400);
    put(&room, "settings", json!({"rateLimit": null}))
        .await
        .expect(200);
    with("a").await.expect(200);
}

#[tokio::test]
async fn the_log_keeps_headers_and_bodies_and_is_filtered_in_pages() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    room.create("Wave 2").await;
    for _ in 0..3 {
        room.get(&format!("{JOBS}/Wave%201/users/{ANNA}"))
            .await
            .expect(200);
    }
    room.get(&format!("{JOBS}/nobody")).await.expect(404);
    room.sandbox
        .set_faults(vec![FaultRule::new("getJob", Fault::DropAfterEffect)])
        .expect("a rule");
    let request = room.request("GET", &format!("{JOBS}/{job}"));
    assert!(request.send().await.is_err());
    let numbers = async |query: &str| -> Vec<u64> {
        let log = room
            .get(&format!("/_sandbox/requests?{query}"))
            .await
            .expect(200)
            .json();
        let entries = log["value"].as_array().expect("entries").clone();
        entries
            .iter()
            .filter_map(|entry| entry["sequence"].as_u64())
            .collect()
    };
    assert_eq!(numbers("operation=createJob").await, [1, 2]);
    assert_eq!(numbers(&format!("job={job}")).await, [1, 3, 4, 5, 7]);
    assert_eq!(numbers("job=Wave%201&operation=getUser").await, [3, 4, 5]);
    assert_eq!(
        numbers(&format!("user={}", ANNA.to_uppercase())).await,
        [3, 4, 5]
    );
    assert_eq!(numbers("status=404").await, [6]);
    assert_eq!(numbers("status=dropped").await, [7]);
    assert_eq!(numbers("after=2&before=5").await, [3, 4]);
    let page = room
        .get("/_sandbox/requests?top=2&after=1")
        .await
        .expect(200)
        .json();
    assert_eq!(page["nextAfter"], 3);
    assert_eq!(numbers("top=2&after=3").await, [4, 5]);
    let one = room.get("/_sandbox/requests/1").await.expect(200).json();
    assert_eq!(one["requestHeaders"]["authorization"], "Bearer (hidden)");
    assert_eq!(one["requestHeaders"]["content-type"], "application/json");
    let sent: Value =
        serde_json::from_str(one["requestBody"].as_str().expect("a body")).expect("JSON");
    assert_eq!(sent["displayName"], "Wave 1");
    let answered: Value =
        serde_json::from_str(one["responseBody"].as_str().expect("a body")).expect("JSON");
    assert_eq!(answered["id"], json!(job));
    let bare = room
        .get("/_sandbox/requests?details=false")
        .await
        .expect(200);
    assert!(!bare.text.contains("requestBody") && !bare.text.contains("a-token"));
    for wrong in [
        "requests?status=x",
        "requests?top=0",
        "requests?colour=blue",
        "requests?details=maybe",
    ] {
        room.get(&format!("/_sandbox/{wrong}")).await.expect(400);
    }
    for missing in ["requests/0", "requests/99", "requests/x"] {
        room.get(&format!("/_sandbox/{missing}")).await.expect(404);
    }
}

#[tokio::test]
async fn the_state_comes_in_pages_and_filters() {
    let room = room().await;
    room.sandbox.preload_jobs(5, 7).expect("jobs");
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_job_status(&job, "failed")
        .expect("a status");
    let page = room.get("/_sandbox/state?top=4").await.expect(200).json();
    assert_eq!(
        (
            page["jobs"].as_array().map(Vec::len),
            &page["total"],
            &page["nextSkip"]
        ),
        (Some(4), &json!(6), &json!(4))
    );
    let rest = room
        .get("/_sandbox/state?top=4&skip=4")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (rest["jobs"].as_array().map(Vec::len), rest.get("nextSkip")),
        (Some(2), None)
    );
    for (query, count) in [
        ("status=failed", 1),
        ("status=submitted", 5),
        ("job=Wave%201", 1),
        (&format!("user={BERT}")[..], 1),
    ] {
        let found = room
            .get(&format!("/_sandbox/state?{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            found["jobs"].as_array().map(Vec::len),
            Some(count),
            "{query}"
        );
    }
    let own = room
        .get(&format!("/_sandbox/jobs?user={BERT}"))
        .await
        .expect(200)
        .json();
    assert_eq!(own["jobs"][0]["users"].as_array().map(Vec::len), Some(1));
    let users = room
        .get("/_sandbox/jobs/Preloaded%20batch%201?skip=5&top=5")
        .await
        .expect(200)
        .json();
    assert_eq!(
        (
            users["users"].as_array().map(Vec::len),
            &users["totalUsers"]
        ),
        (Some(2), &json!(7))
    );
    room.get("/_sandbox/state?status=asleep").await.expect(400);
    room.get("/_sandbox/state?job=nobody").await.expect(404);
}

#[tokio::test]
async fn an_exported_state_goes_on_in_another_sandbox() {
    let room = room_with(Sandbox::builder().seed(5).demo()).await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_user_outcome(
            ANNA,
            UserOutcome::fails()
                .with_error("EXCH-08", "On hold.")
                .in_workload("Exchange"),
        )
        .expect("a user");
    room.sandbox
        .set_job_status(&job, "inProgress")
        .expect("a status");
    room.map_user("ines@north.example").await;
    let source = "https://north.sharepoint.example/a";
    room.body("POST", TASKS, &site_task(source))
        .await
        .expect(200);
    room.sandbox
        .set_faults(vec![FaultRule::new("listJobs", Fault::EmptyBody).times(2)])
        .expect("a rule");
    room.get(JOBS).await.expect(200);
    room.advance(20 * MINUTE);
    let export = room.get("/_sandbox/export").await.expect(200).json();

    let other = self::room().await;
    put(&other, "import", export.clone()).await.expect(200);
    assert_eq!(
        other.get("/_sandbox/export").await.expect(200).json(),
        export
    );
    assert_eq!(
        other.get(JOBS).await.expect(200).text,
        "",
        "the rule fires a second time and no more"
    );
    other.get(JOBS).await.expect(200).json();
    // Both go on alike, down to the ids of what is created next.
    for room in [&room, &other] {
        room.sandbox.set_faults(Vec::new()).expect("no rules");
        room.sandbox
            .advance(Duration::from_secs(3 * DAY))
            .expect("time");
    }
    let next = (room.create("Wave 2").await, other.create("Wave 2").await);
    assert_eq!(next.0, next.1);
    assert_eq!(other.status(&job), "completedWithErrors");
    let text = |room: &Room, reply: Reply| reply.text.replace(&room.sandbox.base_url(), "");
    for path in [
        format!("{JOBS}?$top=100"),
        format!("{JOBS}/{job}/users"),
        format!("{TASKS}/getBySourceSiteUrl(sourceSiteUrl='{source}')"),
    ] {
        let (one, two) = (
            room.get(&path).await.expect(200),
            other.get(&path).await.expect(200),
        );
        assert_eq!(text(&room, one), text(&other, two), "{path}");
    }
    for (pointer, value) in [
        ("/state/version", json!(2)),
        ("/state/seed", json!("x")),
        ("/state/jobs/0/status", json!("asleep")),
        ("/state/jobs/0/created", json!("+20000-01-01T00:00:00Z")),
        ("/state/jobs/0/created", json!("1960-01-01T00:00:00Z")),
        ("/state/jobs/1/id", export["state"]["jobs"][0]["id"].clone()),
        ("/state/userMappings/0", json!({})),
        ("/state/colour", json!("blue")),
        ("/faults/0/rule/operation", json!("fly")),
    ] {
        let mut wrong = export.clone();
        match wrong.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => wrong["state"]["colour"] = value,
        }
        put(&other, "import", wrong).await.expect(400);
    }
    assert_eq!(
        other.status(&job),
        "completedWithErrors",
        "a refused import changes nothing"
    );
}

#[tokio::test]
async fn a_page_is_told_of_changes_as_they_happen() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let mut events = room
        .client
        .get(format!("{}/_sandbox/events", room.sandbox.base_url()))
        .send()
        .await
        .expect("a stream");
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let mut heard = String::new();
    let mut until = async |words: &str| {
        heard.clear();
        while !heard.contains(words) {
            let chunk = tokio::time::timeout(Duration::from_secs(30), events.chunk()).await;
            let chunk = chunk
                .unwrap_or_else(|_| panic!("never heard {words} in {heard}"))
                .expect("a stream");
            heard.push_str(&String::from_utf8_lossy(&chunk.expect("more")));
        }
    };
    until("\"status\":\"submitted\"").await;
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200);
    until("\"status\":\"validateSubmitted\"").await;
    until("event: log").await;
    room.advance(15 * MINUTE);
    until("\"Exchange\":\"vvv\"").await;
    room.sandbox
        .set_faults(vec![FaultRule::new("*", Fault::EmptyBody)])
        .expect("a rule");
    until("emptyBody").await;
    room.sandbox.shutdown().await;
    let ended = tokio::time::timeout(Duration::from_secs(30), async {
        while let Ok(Some(_)) = events.chunk().await {}
    })
    .await;
    assert!(ended.is_ok(), "the stream ends with the sandbox");
}

#[tokio::test]
async fn the_readme_names_every_flag_and_scenario_and_its_example_plays() {
    let readme = include_str!("../../README.md");
    let help = std::process::Command::new(PROGRAM)
        .arg("--help")
        .output()
        .expect("the program runs");
    let help = String::from_utf8(help.stdout).expect("text");
    let flags = help
        .split_whitespace()
        .filter(|word| word.starts_with("--"));
    let mut count = 0;
    for flag in flags.filter(|flag| !matches!(*flag, "--help" | "--version")) {
        assert!(readme.contains(&format!("`{flag}")), "{flag}");
        count += 1;
    }
    assert!(count > 15, "{help}");
    for name in SHIPPED {
        assert!(readme.contains(&format!("| `{name}` |")), "{name}");
    }
    let (_, rest) = readme.split_once("```toml\n").expect("an example");
    let (example, _) = rest.split_once("```").expect("its end");
    let room = room().await;
    room.sandbox
        .start_scenario(example)
        .expect("the example fits");
    room.advance(2 * DAY);
    assert!(
        room.sandbox
            .scenario_events()
            .iter()
            .all(|event| event.missed.is_none())
    );
    assert_eq!(room.status("Wave 1"), "completedWithErrors");
}
