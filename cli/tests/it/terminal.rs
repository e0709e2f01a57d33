//! What somebody sees who sits before a terminal: questions, pictures, progress, colour.

use std::process::Command;

use msgraph_migrations_sandbox::Sandbox;
use rexpect::session::{PtySession, spawn_command};

use crate::support::{TOKEN, demo};

/// How long a terminal is waited for; far more than anything takes.
pub const PATIENCE: u64 = 60_000;

pub fn start(sandbox: &Sandbox, arguments: &[&str], variables: &[(&str, &str)]) -> PtySession {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("xtmig"));
    command
        .env_clear()
        .env("TZ", "UTC")
        .env("TERM", "xterm-256color")
        .env("XTMIG_TOKEN", TOKEN)
        .envs(variables.iter().copied())
        .args(["--base-url", &sandbox.base_url(), "--utc"])
        .args(arguments);
    spawn_command(command, Some(PATIENCE)).expect("a terminal")
}

pub fn code(session: &PtySession) -> i32 {
    use rexpect::process::WaitStatus;
    match session.process().wait().expect("it ends") {
        WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_asks_for_the_name_of_the_job() {
    let sandbox = demo().await;
    for (typed, expected, effects) in [
        ("Demo inprogress", 2, 0),
        ("", 2, 0),
        ("Demo inProgress", 0, 1),
    ] {
        let mut session = start(&sandbox, &["jobs", "cancel", "Demo inProgress"], &[]);
        session
            .exp_string("About to cancel:")
            .expect("what is touched");
        session
            .exp_string("Demo inProgress (inProgress, cutover ")
            .expect("the job");
        session
            .exp_string("Type Demo inProgress to go on:")
            .expect("the question");
        session.send_line(typed).expect("an answer");
        let said = session.exp_eof().expect("the end");
        assert_eq!(code(&session), expected, "{typed}: {said}");
        assert_eq!(sandbox.effects("cancelJob"), effects, "{typed}: {said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn several_jobs_and_users_are_counted_in_the_question() {
    let sandbox = demo().await;
    let mut session = start(
        &sandbox,
        &["jobs", "cancel", "Demo inProgress", "Demo approved"],
        &[],
    );
    session
        .exp_string("Type 2 jobs to go on:")
        .expect("the question");
    session.send_line("2 jobs").expect("an answer");
    session.exp_string("being cancelled").expect("the buckets");
    session.exp_eof().expect("the end");
    let user = sandbox.job("Demo processing").expect("a job").users[0]
        .id
        .clone();
    let mut session = start(
        &sandbox,
        &["users", "cancel", "--job", "Demo processing", &user],
        &[],
    );
    session
        .exp_string("About to cancel 1 user of:")
        .expect("how many");
    session.exp_string(&user).expect("who");
    session
        .exp_string("Type Demo processing to go on:")
        .expect("the question");
    session.send_line("no").expect("an answer");
    session.exp_eof().expect("the end");
    assert_eq!(code(&session), 2);
    assert_eq!(sandbox.effects("cancelUser"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_draws_a_picture_with_bars_and_leaves_the_cursor_as_it_was() {
    let sandbox = demo().await;
    let mut session = start(
        &sandbox,
        &["jobs", "watch", "Demo inProgress", "--interval", "1s"],
        &[],
    );
    session.exp_string("\u{1b}[?25l").expect("no cursor");
    session.exp_string("jobs under way").expect("a heading");
    session.exp_string("Exchange").expect("a workload");
    session.exp_string(">>>").expect("a bar");
    session
        .exp_string("Ctrl-C stops watching; the migrations go on")
        .expect("a hint");
    session.exp_string("\u{1b}[").expect("it is drawn again");
    session.send_control('c').expect("a key");
    session.exp_string("\u{1b}[?25h").expect("the cursor");
    session
        .exp_string("the migration GOES ON by itself: Demo inProgress")
        .expect("what goes on");
    session.exp_eof().expect("the end");
    assert_eq!(code(&session), 130);
}

#[tokio::test(flavor = "multi_thread")]
async fn colour_is_for_terminals_and_for_those_who_want_it() {
    let sandbox = demo().await;
    let red = "\u{1b}[1m\u{1b}[31m";
    for (variables, is_coloured) in [
        (&[][..], true),
        (&[("NO_COLOR", "1")], false),
        (&[("TERM", "dumb")], false),
    ] {
        let mut session = start(&sandbox, &["jobs", "show", "nothing"], variables);
        let said = session.exp_eof().expect("the end");
        assert_eq!(said.contains(red), is_coloured, "{variables:?}: {said:?}");
        assert_eq!(code(&session), 4);
    }
    let mut forced = crate::support::program();
    forced.env("CLICOLOR_FORCE", "1").args(["jobs", "list"]);
    let said = String::from_utf8(forced.output().expect("it runs").stderr).expect("UTF-8");
    assert!(said.contains('\u{1b}'), "{said:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_waits_longer_than_a_second_sees_how_far_it_is() {
    let sandbox = demo().await;
    let rules =
        r#"[{"operation": "listUsers", "fault": {"kind": "latency", "milliseconds": 3000}}]"#;
    sandbox
        .set_faults(serde_json::from_str(rules).expect("rules"))
        .expect("rules");
    let mut session = start(&sandbox, &["users", "list", "--job", "Demo failed"], &[]);
    session.exp_string("users read:").expect("progress");
    session.exp_string("SANDBOX-001").expect("the results");
    session.exp_eof().expect("the end");
    assert_eq!(code(&session), 0);
}
