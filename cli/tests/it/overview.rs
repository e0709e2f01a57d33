//! What gives an overview: `status`, `problems`, `retry`, `jobs report`.

use msgraph_migrations_sandbox::JobStatus;
use serde_json::Value;

use crate::support::{demo, run, yes};

#[tokio::test(flavor = "multi_thread")]
async fn status_tells_what_is_under_way_and_until_when_it_can_be_cancelled() {
    let sandbox = demo().await;
    let ran = run(&sandbox, &["status", "-o", "jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let rows: Vec<Value> = ran
        .out
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let of = |name: &str| rows.iter().find(|row| row["name"] == name);
    assert!(
        of("Demo completed").is_none() && of("Demo cancelled").is_none(),
        "{ran:?}"
    );
    assert_eq!(
        of("Demo cuttingOver").expect("a row")["cancellable"],
        "NO, it is too late"
    );
    assert_eq!(of("Demo submitted").expect("a row")["cancellable"], "yes");
    assert_eq!(of("Demo failed").expect("a row")["attention"], "it failed");
    assert_eq!(
        of("Demo adminActionRequired").expect("a row")["attention"],
        "an administrator has to act"
    );
    let table = run(&sandbox, &["status"]);
    // The demonstration has one job in each status.
    let open = JobStatus::ALL.len() - 4;
    assert!(
        table.err.contains(&format!(
            "under way or in need of attention: {open} jobs; over: 4"
        )),
        "{table:?}"
    );
    assert!(table.err.contains("next: xtmig "), "{table:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn problems_are_grouped_by_code_and_explained() {
    let sandbox = demo().await;
    let ran = run(&sandbox, &["problems", "-o", "jsonl"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(
        ran.out.lines().count() >= 27,
        "each user of each job: {ran:?}"
    );
    let table = run(&sandbox, &["problems", "Demo failed"]);
    assert_eq!(table.code, 0, "{table:?}");
    let lines: Vec<Vec<&str>> = table
        .out
        .lines()
        .map(|line| line.split_whitespace().collect())
        .collect();
    assert_eq!(lines.len(), 2, "one code: {table:?}");
    assert_eq!(
        &lines[1][..4],
        ["Demo", "failed", "SANDBOX-001", "25"],
        "{table:?}"
    );
    assert!(table.out.contains("The simulator let it fail"), "{table:?}");
    let none = run(&sandbox, &["problems", "Demo completed"]);
    assert!(none.err.contains("No user has a problem"), "{none:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_retry_does_what_the_status_allows_and_nothing_to_what_did_not_fail() {
    let sandbox = demo().await;
    let both = ["retry", "Demo failed", "Demo validateFailed"];
    let unasked = run(&sandbox, &both);
    assert_eq!(unasked.code, 2, "{unasked:?}");
    let ran = run(&sandbox, &yes(&both, 2));
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(
        (
            sandbox.effects("migrateJob"),
            sandbox.effects("validateJob")
        ),
        (1, 1)
    );
    let refused = run(&sandbox, &yes(&["retry", "Demo inProgress"], 1));
    assert_eq!(refused.code, 3, "{refused:?}");
    assert!(
        refused.err.contains("did not fail; nothing was sent"),
        "{refused:?}"
    );
    let rules = r#"[{"operation": "migrateJob", "fault": {"kind": "status", "status": 409}}]"#;
    sandbox
        .set_faults(serde_json::from_str(rules).expect("rules"))
        .expect("rules");
    sandbox
        .set_job_status("Demo validateFailed", "validateFailed")
        .expect("a job");
    let partly = run(
        &sandbox,
        &yes(
            &["retry", "Demo completedWithErrors", "Demo validateFailed"],
            2,
        ),
    );
    assert_eq!(partly.code, 9, "{partly:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_is_one_page_that_loads_nothing_and_takes_no_text_for_markup() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("report.html");
    let path = file.to_str().expect("UTF-8");
    let user = sandbox
        .job("Demo completedWithErrors")
        .expect("a job")
        .users[0]
        .id
        .clone();
    let odd = serde_json::json!([{ "operation": "listUsers", "count": 1, "fault": { "kind": "status", "status": 200,
        "body": { "value": [{ "id": user, "currentStatus": [{ "service": "Exchange", "status": "failed",
            "errors": [{ "code": "EXCH-07", "message": "</script><img src=x onerror=alert(1)>" }] },
            { "service": "Teams", "status": "wound up", "errors": [] }] }] } } }]);
    sandbox
        .set_faults(serde_json::from_value(odd).expect("rules"))
        .expect("rules");
    let ran = run(
        &sandbox,
        &["jobs", "report", "Demo completedWithErrors", "--html", path],
    );
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{ran:?}");
    let page = std::fs::read_to_string(&file).expect("a page");
    for expected in [
        "Demo completedWithErrors",
        "EXCH-07",
        "Exchange did not move the mailbox.",
        "wound up",
        "xtmig retry",
        "there is nothing to cancel any more",
        "&#60;/script&#62;&#60;img",
        "Timeline",
        &user,
    ] {
        assert!(page.contains(expected), "the page lacks {expected}");
    }
    for forbidden in [
        "<img", "<script", "http://", "https://", "<link", "@import", "url(",
    ] {
        assert!(!page.contains(forbidden), "the page has {forbidden}");
    }
    let both = run(
        &sandbox,
        &[
            "jobs",
            "report",
            "Demo failed",
            "Demo completed",
            "--html",
            "-",
        ],
    );
    assert!(
        both.out.contains("Migration report on 2 jobs"),
        "{}",
        both.err
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_has_a_line_for_each_workload_of_each_user() {
    let sandbox = demo().await;
    let ran = run(&sandbox, &["jobs", "report", "Demo failed", "--csv"]);
    assert_eq!(ran.code, 0, "{ran:?}");
    let mut csv = csv::Reader::from_reader(ran.out.as_bytes());
    let header: Vec<_> = csv
        .headers()
        .expect("a header")
        .iter()
        .map(str::to_owned)
        .collect();
    assert_eq!(
        header,
        [
            "job", "user", "workload", "status", "codes", "message", "errors", "meaning", "next"
        ]
    );
    let workloads: usize = sandbox
        .job("Demo failed")
        .expect("a job")
        .users
        .iter()
        .map(|user| user.workloads.len())
        .sum();
    assert_eq!(csv.records().count(), workloads);
    let table = run(&sandbox, &["jobs", "report", "Demo failed"]);
    assert!(
        table.out.contains("Demo failed") && table.err.contains("25 of 25 users have problems"),
        "{table:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_that_lacks_users_does_not_look_whole() {
    let sandbox = demo().await;
    let rules = r#"[{"operation": "listUsers", "fault": {"kind": "status", "status": 403}}]"#;
    sandbox
        .set_faults(serde_json::from_str(rules).expect("rules"))
        .expect("rules");
    let ran = run(&sandbox, &["jobs", "report", "Demo failed", "--html", "-"]);
    assert_eq!(ran.code, 9, "{ran:?}");
    assert!(
        ran.out.contains("NOT ALL could be read")
            && ran.out.contains("Reading the users broke off"),
        "{ran:?}"
    );
}
