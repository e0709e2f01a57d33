//! Scenarios: those that come with the sandbox, those of one's own, and those that are refused.

use msgraph_migrations_sandbox::Sandbox;
use serde_json::Value;

use crate::program::PROGRAM;
use crate::support::{ANNA, DAY, HOUR, JOBS, MINUTE, room, room_with};

pub const SHIPPED: [&str; 7] = [
    "friday-night",
    "late-cancel",
    "lost-answers",
    "stalled-approval",
    "token-expiry",
    "bad-identities",
    "service-trouble",
];

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
            "there is no job 'Nobody'; if it is created later, name it in 'expects'",
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

/// The sandbox went down with its stack, and with it every rehearsal.
#[tokio::test]
async fn a_scenario_that_is_nested_without_end_is_refused_and_ends_nothing() {
    let room = room().await;
    for depth in [20, 79, 80, 200, 10_000] {
        for (open, close) in [("[", "]"), ("{a=", "}")] {
            let text = format!(
                "name = \"x\"\nteaches = \"y\"\nsettings = {}1{}\n",
                open.repeat(depth),
                close.repeat(depth)
            );
            let refused = room.sandbox.start_scenario(&text).expect_err("nonsense");
            assert!(refused.to_string().chars().count() < 600, "{refused}");
        }
    }
    let nasty = room
        .sandbox
        .start_scenario("a\u{1b}[2J\u{202e}b")
        .expect_err("no name");
    assert!(
        !nasty.to_string().contains(['\u{1b}', '\u{202e}']),
        "{nasty:?}"
    );
    room.create("Wave 1").await;
}
