//! Fifty jobs of two thousand users each: how long each command takes, as figures that nothing depends on.
//!
//! `cargo test -p xtmig --test it -- --ignored --nocapture large::`

use std::time::Instant;

use msgraph_migrations_sandbox::Sandbox;

use crate::support::run;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "prints figures, and takes a minute"]
async fn every_command_over_a_large_tenant() {
    let builder = Sandbox::builder().seed(7).max_users_per_job(2_000);
    let sandbox = builder.start().await.expect("a free port");
    let jobs = sandbox.preload_jobs(50, 2_000).expect("jobs");
    for job in &jobs[..10] {
        sandbox.set_job_status(job, "failed").expect("a status");
    }
    sandbox
        .set_job_status(&jobs[10], "inProgress")
        .expect("a status");
    let folder = tempfile::tempdir().expect("a folder");
    let (list, record) = (folder.path().join("list"), folder.path().join("record"));
    let users = sandbox.job(&jobs[10]).expect("a job").users;
    let ids: Vec<_> = users.iter().map(|user| user.id.as_str()).collect();
    std::fs::write(&list, ids.join("\n")).expect("a file");
    let (list, record) = (
        list.to_str().expect("UTF-8"),
        record.to_str().expect("UTF-8"),
    );
    let page = folder.path().join("page.html");
    let page = page.to_str().expect("UTF-8");
    let all: Vec<&str> = jobs.iter().map(String::as_str).collect();
    let cancel = [
        "users", "cancel", "--job", &jobs[10], "--from", list, "--record", record, "--yes",
        "--expect", "2000",
    ];
    let retry = [&["retry"], &all[..10], &["--yes", "--expect", "10"]].concat();
    for (what, arguments) in [
        ("--help", &["--help"][..]),
        ("status", &["status"]),
        ("jobs list", &["jobs", "list"]),
        (
            "users list, 2,000 users",
            &["users", "list", "--job", &jobs[0]],
        ),
        (
            "jobs report, one job",
            &["jobs", "report", &jobs[0], "--html", page],
        ),
        (
            "jobs report, 50 jobs",
            &[&["jobs", "report"], &all[..], &["--html", page]].concat(),
        ),
        ("problems, of all jobs", &["problems"]),
        ("users cancel, 2,000 users", &cancel),
        ("users cancel, once more by the record", &cancel),
        ("retry, 10 jobs", &retry),
        (
            "jobs watch, 50 jobs for 10 s",
            &["jobs", "watch", "--for", "10s", "-o", "jsonl"],
        ),
    ] {
        let (began, requests) = (Instant::now(), sandbox.requests().len());
        let ran = run(&sandbox, arguments);
        println!(
            "{what:40} {:6.2} s, {:5} requests, exit {}",
            began.elapsed().as_secs_f64(),
            sandbox.requests().len() - requests,
            ran.code
        );
        assert!(matches!(ran.code, 0 | 7), "{what}: {}", ran.err);
    }
}
