//! Records in files.

use std::fs;
use std::io::Write;

use futures_util::TryStreamExt;
use msgraph_migrations_sandbox::Sandbox;
use msgraph_migrations_workflows::Workflows;
use msgraph_migrations_workflows::bulk::{BulkOptions, Record, RecordError, StopReason};

use super::{TENANT, client, file, requests, tenant};

const SERVICE: &str = "https://graph.microsoft.com";

#[tokio::test]
async fn the_record_of_a_rehearsal_is_an_error_in_production_and_sends_nothing() {
    let rehearsal = Sandbox::builder().start().await.expect("a sandbox");
    let job = rehearsal.preload_jobs(1, 3).expect("a job").remove(0);
    let users = |sandbox: &Sandbox, job: &str| -> Vec<String> {
        let users = sandbox.job(job).expect("the job").users;
        users.into_iter().map(|user| user.id).collect()
    };
    let file = file("rehearsal");
    let (service, tenant) = (rehearsal.base_url(), tenant(&rehearsal, &job).await);
    let record = Record::open(&file, &service, &tenant).expect("a record");
    let options = BulkOptions::new().record(&record);
    let done: Vec<_> = Workflows::new(client(&rehearsal))
        .cancel_users(&job, users(&rehearsal, &job), options)
        .try_collect()
        .await
        .expect("nothing stops it");
    assert_eq!((done.len(), record.len()), (3, 3));

    // The same seed, so that even the ids are the same; but it is another service.
    let production = Sandbox::builder().start().await.expect("a sandbox");
    let job = production.preload_jobs(1, 3).expect("a job").remove(0);
    let options = BulkOptions::new().record(&record);
    let stopped = Workflows::new(client(&production))
        .cancel_users(&job, users(&production, &job), options)
        .try_collect::<Vec<_>>()
        .await
        .expect_err("a mismatch");
    let StopReason::Record(error) = &stopped.reason else {
        panic!("{stopped}")
    };
    assert!(
        matches!(
            **error,
            RecordError::Mismatch {
                what: "service",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(stopped.unsent, 3);
    assert_eq!(requests(&production, "cancelUser"), 0);
    drop(record);
    let error = Record::open(&file, &production.base_url(), &tenant).expect_err("a mismatch");
    assert!(error.to_string().contains(&service), "{error}");
    let error = Record::open(&file, &service, TENANT).expect_err("a mismatch");
    assert!(
        matches!(error, RecordError::Mismatch { what: "tenant", .. }),
        "{error}"
    );
}

#[tokio::test]
async fn another_job_of_the_same_name_and_another_tenant_are_not_taken_for_the_first() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let jobs = sandbox.preload_jobs(2, 1).expect("jobs");
    let user = sandbox.job(&jobs[0]).expect("the job").users[0].id.clone();
    let record = Record::in_memory(&sandbox.base_url(), &tenant(&sandbox, &jobs[0]).await);
    let workflows = Workflows::new(client(&sandbox));
    for (job, expected) in [(&jobs[0], 1), (&jobs[0], 0), (&jobs[1], 1)] {
        let options = BulkOptions::new().record(&record);
        let run = workflows.cancel_users(job, [&user], options);
        let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
        assert_eq!(items.len(), expected, "{job}");
    }
    let elsewhere = Record::in_memory(&sandbox.base_url(), TENANT);
    let options = BulkOptions::new().record(&elsewhere);
    let run = workflows.cancel_users(&jobs[0], [&user], options);
    let stopped = run
        .try_collect::<Vec<_>>()
        .await
        .expect_err("another tenant");
    assert!(matches!(stopped.reason, StopReason::Record(_)), "{stopped}");
}

#[test]
fn two_writers_a_newer_version_and_what_is_no_record_are_errors() {
    let file = file("writers");
    let record = Record::open(&file, SERVICE, TENANT).expect("a record");
    let error = Record::open(&file, SERVICE, TENANT).expect_err("it is in use");
    assert!(matches!(error, RecordError::InUse(_)), "{error}");
    drop(record);
    drop(Record::open(&file, SERVICE, TENANT).expect("it is free"));

    let text = fs::read_to_string(&file).expect("a file");
    for (changed, expected) in [
        (text.replace("\"version\":1", "\"version\":2"), "version 2"),
        ("{\"something\":\"else\"}\n".to_owned(), "is no record"),
        ("weekend\n".to_owned(), "is no record"),
        (format!("{text}{{\"action\"\n{{}}\n"), "line 2"),
    ] {
        fs::write(&file, &changed).expect("a file");
        let error = Record::open(&file, SERVICE, TENANT).expect_err("it cannot be used");
        assert!(error.to_string().contains(expected), "{error}");
        assert_eq!(fs::read_to_string(&file).expect("a file"), changed);
    }
}

/// Somebody may name the list in place of the record, and a list need not end with a line break.
#[test]
fn a_file_that_holds_something_else_is_not_touched() {
    let file = file("wrong");
    drop(Record::open(&file, "https://other.example", TENANT).expect("a record"));
    let of_another = fs::read_to_string(&file).expect("a file");
    for text in [
        "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
        "user\r\n84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
        "{\"something\":\"else\"}",
        "{\"format\":\"msgraph-migrations recipe\",",
        "\n",
        "\0\0secret",
        &"x".repeat(100_000),
        &format!("{of_another}{{\"action\""),
        &format!("{of_another}{{}}\n{{\"action\""),
    ] {
        fs::write(&file, text).expect("a file");
        Record::open(&file, SERVICE, TENANT).expect_err("no record of this service");
        assert_eq!(fs::read_to_string(&file).expect("a file"), text);
    }
}

#[test]
fn a_line_that_was_cut_off_at_any_byte_is_removed_and_nothing_else() {
    let line =
        |item: &str| format!("{{\"action\":\"cancelUser\",\"job\":\"j\",\"item\":\"{item}\"}}\n");
    let file = file("torn");
    drop(Record::open(&file, SERVICE, TENANT).expect("a record"));
    let header = fs::read_to_string(&file).expect("a file");
    let whole = format!("{header}{}{}", line("a"), line("b"));
    for length in 0..=whole.len() {
        fs::write(&file, &whole[..length]).expect("a file");
        let record = Record::open(&file, SERVICE, TENANT).expect("a record");
        let lines = whole[..length].matches('\n').count();
        let last = whole[..length].rfind('\n').map_or(0, |end| end + 1);
        assert_eq!(record.cut_off(), (length - last) as u64, "{length}");
        assert_eq!(record.len(), lines.saturating_sub(1), "{length}");
        assert_eq!(
            record.contains("cancelUser", "j", "a"),
            lines > 1,
            "{length}"
        );
        drop(record);
        let mut found = fs::OpenOptions::new()
            .append(true)
            .open(&file)
            .expect("a file");
        found.write_all(line("c").as_bytes()).expect("room");
        let record = Record::open(&file, SERVICE, TENANT).expect("a record");
        assert!(record.contains("cancelUser", "j", "c"), "{length}");
    }
}

#[test]
fn what_a_power_cut_leaves_is_read_or_told_and_never_taken_for_done() {
    let line =
        |item: &str| format!("{{\"action\":\"cancelUser\",\"job\":\"j\",\"item\":\"{item}\"}}\n");
    let file = file("power");
    drop(Record::open(&file, SERVICE, TENANT).expect("a record"));
    let header = fs::read_to_string(&file).expect("a file");
    // Blocks that were promised and not written are zeros, and may hold any part of what came last.
    for (tail, expected) in [
        ("\0".repeat(4_096), Ok((1, 4_096))),
        (line("b").replace("}\n", ""), Ok((1, 43))),
        (format!("{}\0\0", line("b")), Ok((2, 2))),
        (format!("\0\0\0\n{}", line("b")), Err("line 3")),
        (line("b").replace("\"item\"", "\0\0\0\0\0\0"), Err("line 3")),
    ] {
        let text = format!("{header}{}{tail}", line("a"));
        fs::write(&file, &text).expect("a file");
        match (Record::open(&file, SERVICE, TENANT), expected) {
            (Ok(record), Ok((length, cut_off))) => {
                assert_eq!(
                    (record.len(), record.cut_off()),
                    (length, cut_off),
                    "{tail:?}"
                );
                assert!(record.contains("cancelUser", "j", "a"));
                record.sync().expect("a disk");
            }
            (Err(error), Err(told)) => {
                assert!(error.to_string().contains(told), "{error}");
                assert_eq!(fs::read_to_string(&file).expect("a file"), text);
            }
            (other, _) => panic!("{tail:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn lines_that_are_forced_to_the_disk_one_by_one_are_the_same_lines() {
    let sandbox = Sandbox::builder().start().await.expect("a sandbox");
    let job = sandbox.preload_jobs(1, 20).expect("a job").remove(0);
    let users = sandbox.job(&job).expect("the job").users;
    let file = file("forced");
    let tenant = tenant(&sandbox, &job).await;
    let record = Record::open(&file, &sandbox.base_url(), &tenant).expect("a record");
    let record = record.sync_each();
    let options = BulkOptions::new().record(&record);
    let workflows = Workflows::new(client(&sandbox));
    let run = workflows.cancel_users(&job, users.into_iter().map(|user| user.id), options);
    let items: Vec<_> = run.try_collect().await.expect("nothing stops it");
    assert_eq!((items.len(), record.len()), (20, 20));
    assert_eq!(
        fs::read_to_string(&file).expect("a file").lines().count(),
        21
    );
}

/// A device may have no end, and a folder no lines.
#[cfg(unix)]
#[test]
fn what_is_no_plain_file_is_no_record() {
    for path in ["/dev/zero", "/dev/full", "/dev/null"] {
        let error = Record::open(path, SERVICE, TENANT).expect_err("no file");
        assert!(matches!(error, RecordError::NotARecord(_)), "{error}");
    }
    let error = Record::open(std::env::temp_dir(), SERVICE, TENANT).expect_err("a folder");
    assert!(matches!(error, RecordError::Io { .. }), "{error}");
}
