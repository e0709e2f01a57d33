//! A process that is killed in the middle of a run, several times.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use msgraph_migrations_sandbox::{Fault, FaultRule, Sandbox};
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkOptions, Order, Record};

use super::{client, file, tenant};

const USERS: usize = 300;

/// The run that is killed: this test program itself, started again for this test alone.
#[tokio::test]
#[ignore = "runs as the child of the next test only"]
async fn child() {
    use futures_util::TryStreamExt;
    let variable = |name: &str| std::env::var(name).expect("the parent sets it");
    let (service, job) = (variable("KILLED_SERVICE"), variable("KILLED_JOB"));
    let record = Record::open(
        variable("KILLED_RECORD"),
        &service,
        &variable("KILLED_TENANT"),
    );
    let record = record.expect("a record");
    let users: Vec<String> = variable("KILLED_USERS")
        .split(' ')
        .map(str::to_owned)
        .collect();
    let client = msgraph_migrations::Client::builder(
        msgraph_migrations::AccessToken::new("killed").expect("a token"),
    )
    .endpoint(&service)
    .build()
    .expect("a client");
    let options = BulkOptions::new().order(Order::AsCompleted).record(&record);
    let mut run = Workflows::new(client).cancel_users(&job, users, options);
    while let Some(item) = run.try_next().await.expect("nothing stops it") {
        if item.outcome.is_ok_and(|outcome| outcome.is_settled()) {
            println!("reported {}", item.input);
        }
    }
}

fn start(
    sandbox: &Sandbox,
    job: &str,
    tenant: &str,
    users: &[String],
    record: &Path,
    out: &Path,
) -> Child {
    let out = std::fs::File::options()
        .create(true)
        .append(true)
        .open(out)
        .expect("a file");
    Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "bulk::killed::child", "--ignored", "--nocapture"])
        .env("KILLED_SERVICE", sandbox.base_url())
        .env("KILLED_JOB", job)
        .env("KILLED_TENANT", tenant)
        .env("KILLED_RECORD", record)
        .env("KILLED_USERS", users.join(" "))
        .stdout(out)
        .stderr(Stdio::null())
        .spawn()
        .expect("a child")
}

/// The users that a record names, by its lines.
fn recorded(record: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(record).unwrap_or_default();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    let item = |line: &str| {
        let line: serde_json::Value = serde_json::from_str(line).expect("a whole line");
        line["item"].as_str().map(str::to_owned)
    };
    whole.lines().filter_map(item).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_killed_again_and_again_reports_records_and_does_the_same() {
    let sandbox = Sandbox::builder()
        .faults(vec![
            FaultRule::new("cancelUser", Fault::Latency { milliseconds: 15 }),
            FaultRule::new("cancelUser", Fault::DropAfterEffect).with_probability(0.05),
        ])
        .start()
        .await
        .expect("a sandbox");
    let job = sandbox.preload_jobs(1, USERS).expect("a job").remove(0);
    let users: Vec<String> = sandbox
        .job(&job)
        .expect("the job")
        .users
        .into_iter()
        .map(|user| user.id)
        .collect();
    let (record, out) = (file("killed"), file("killed-out"));
    let tenant = tenant(&sandbox, &job).await;
    let mut kills = 0;
    loop {
        let before = recorded(&record);
        let sent = sandbox.requests().len();
        let mut child = start(&sandbox, &job, &tenant, &users, &record, &out);
        let started = Instant::now();
        let target = before.len() + 40;
        let is_over = loop {
            if let Some(status) = child.try_wait().expect("a child") {
                assert!(status.success(), "the child fails: {status}");
                break true;
            }
            assert!(started.elapsed() < Duration::from_mins(2), "it hangs");
            if kills < 6 && recorded(&record).len() >= target {
                // SIGKILL: nothing of the child gets to tidy up.
                child.kill().expect("a child");
                child.wait().expect("a child");
                break false;
            }
            tokio::time::sleep(Duration::from_millis(3)).await;
        };
        // Entry by entry: who is in the record was cancelled by the service, and is not asked for again.
        let state = sandbox.job(&job).expect("the job");
        let cancelled: BTreeSet<_> = state
            .users
            .iter()
            .filter(|user| user.cancelled)
            .map(|user| user.id.clone())
            .collect();
        let now = recorded(&record);
        assert!(now.is_superset(&before), "the record only grows");
        assert!(
            now.is_subset(&cancelled),
            "the record has nobody who is not cancelled"
        );
        for request in &sandbox.requests()[sent..] {
            if request.operation.as_deref() == Some("cancelUser") {
                let again = before.iter().find(|user| request.path.contains(*user));
                assert_eq!(again, None, "was done, and was asked for again");
            }
        }
        let told = std::fs::read_to_string(&out).expect("what the child said");
        for user in told
            .lines()
            .filter_map(|line| line.split("reported ").nth(1))
        {
            // A line of the child may be cut off as well; its user is then no whole id.
            if user.len() == 36 {
                assert!(
                    now.contains(user),
                    "{user} was reported and is not in the record"
                );
            }
        }
        if is_over && now.len() == USERS {
            break;
        }
        kills += 1;
        assert!(kills < 60, "it comes to an end");
    }
    assert!(kills >= 6, "{kills}");
    assert_eq!(
        sandbox.effects("cancelUser"),
        USERS as u64,
        "everybody was cancelled, and nobody twice"
    );
    println!("killed or run again {kills} times");
    let _ = client;
}
