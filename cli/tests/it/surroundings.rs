//! What goes wrong around the program: no home, a full disk, a reader that leaves, odd names, two runs on one record.

use std::fs;
use std::process::{Command, Stdio};

use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{Ran, Running, TOKEN, demo, program, ran, run, run_with_input};

/// Runs `script` by the shell, where `$XTMIG` is the program against `sandbox`.
fn shell(sandbox: &Sandbox, script: &str) -> Ran {
    let program = assert_cmd::cargo::cargo_bin!("xtmig");
    let output = Command::new("sh")
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("XTMIG_TOKEN", TOKEN)
        .env(
            "XTMIG",
            format!(
                "{} --base-url {} --utc",
                program.display(),
                sandbox.base_url()
            ),
        )
        .args(["-c", script])
        .output();
    ran(&output.expect("a shell"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_hides_nothing_that_was_done() {
    let sandbox = demo().await;
    if fs::metadata("/dev/full").is_err() {
        eprintln!("SKIPPED: this system has no /dev/full");
        return;
    }
    let script = "$XTMIG jobs cancel 'Demo inProgress' --yes --expect 1 >/dev/full";
    let full = shell(&sandbox, script);
    assert_eq!(full.code, 1, "{full:?}");
    for words in ["being cancelled  1", "what was sent stays sent"] {
        assert!(full.err.contains(words), "lacks {words}: {full:?}");
    }
    assert_eq!(sandbox.effects("cancelJob"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_that_cannot_grow_stops_the_run_and_is_right() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record");
    let users: Vec<_> = sandbox.job("Demo inProgress").expect("a job").users;
    let list = folder.path().join("list");
    let ids: Vec<_> = users.iter().map(|user| user.id.as_str()).collect();
    fs::write(&list, ids.join("\n")).expect("a file");
    let cancel = format!(
        "$XTMIG users cancel --job 'Demo inProgress' --from '{}' --record '{}' --yes --expect {} -o jsonl",
        list.display(),
        record.display(),
        ids.len()
    );
    // No file grows beyond 512 or 1,024 bytes, by the shell: some lines of the record.
    let full = shell(&sandbox, &format!("trap '' XFSZ; ulimit -f 1; {cancel}"));
    // All were sent before the first was written down, and were cancelled.
    assert_eq!(full.code, 1, "{full:?}");
    for words in [
        "the record does not have all who were cancelled",
        "can't read or write the record",
        "run the same command again",
    ] {
        assert!(full.err.contains(words), "lacks {words}: {full:?}");
    }
    let sent = sandbox.effects("cancelUser");
    let recorded = fs::read_to_string(&record).expect("a record");
    assert!(recorded.ends_with('\n'), "no line is torn: {recorded}");
    assert!(recorded.lines().count() <= usize::try_from(sent).expect("a number") + 1);
    assert!(recorded.lines().count() < ids.len(), "{recorded}");
    let again = shell(&sandbox, &cancel);
    assert_eq!(again.code, 0, "{again:?}");
    assert_eq!(again.out.lines().count(), ids.len(), "{again:?}");
    assert_eq!(sandbox.effects("cancelUser"), ids.len() as u64, "each once");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_runs_do_not_share_a_record() {
    let sandbox = demo().await;
    let folder = tempfile::tempdir().expect("a folder");
    let record = folder.path().join("record");
    let user = sandbox.job("Demo inProgress").expect("a job").users[0]
        .id
        .clone();
    let arguments = [
        "users",
        "cancel",
        "--job",
        "Demo inProgress",
        &user,
        "--record",
        record.to_str().expect("UTF-8"),
        "--yes",
        "--expect",
        "1",
    ];
    let slow = json!([{ "operation": "cancelUser", "fault": { "kind": "latency", "milliseconds": 3_000 } }]);
    sandbox
        .set_faults(serde_json::from_value(slow).expect("a rule"))
        .expect("rules");
    let first = Running::start(&sandbox, &arguments, None);
    while sandbox.effects("cancelUser") == 0 {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let second = run(&sandbox, &arguments);
    assert_eq!(second.code, 7, "{second:?}");
    assert!(
        second.err.contains("two runs cannot share one"),
        "{second:?}"
    );
    assert_eq!(first.end().0, 0);
    assert_eq!(sandbox.effects("cancelUser"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watch_ends_when_nobody_reads_it_any_more() {
    let sandbox = demo().await;
    // Its end is waited for, which does not come by itself: the jobs stand still.
    let watched = shell(
        &sandbox,
        "$XTMIG jobs watch -o jsonl --interval 1s | head -n 1",
    );
    assert_eq!(
        (watched.code, watched.out.lines().count()),
        (0, 1),
        "{watched:?}"
    );
    let listed = shell(&sandbox, "$XTMIG jobs list | head -n 1");
    assert_eq!(listed.out.lines().count(), 1, "{listed:?}");
    assert_eq!(listed.err, "", "{listed:?}");
}

/// A user without a home is one whom the system does not know; only root can be somebody else.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn without_a_home_everything_works_that_needs_none() {
    let sandbox = demo().await;
    let is_root = Command::new("id").arg("-u").output();
    if is_root.is_ok_and(|id| id.stdout != b"0\n") {
        eprintln!("SKIPPED: only root can run the program as somebody without a home");
        return;
    }
    let folder = tempfile::tempdir_in("/tmp").expect("a folder");
    let copy = folder.path().join("xtmig");
    fs::copy(assert_cmd::cargo::cargo_bin!("xtmig"), &copy).expect("a copy");
    for path in [folder.path(), &copy] {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(path, mode).expect("a mode");
    }
    let run = |arguments: &[&str]| {
        let output = Command::new("setpriv")
            .args(["--reuid", "54321", "--regid", "54321", "--clear-groups"])
            .arg(&copy)
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("XTMIG_TOKEN", TOKEN)
            .args(arguments)
            .stdin(Stdio::null())
            .output();
        ran(&output.expect("setpriv runs"))
    };
    let listed = run(&["--base-url", &sandbox.base_url(), "jobs", "list"]);
    assert_eq!(listed.code, 0, "{listed:?}");
    let profile = run(&["--profile", "source", "jobs", "list"]);
    assert!(
        profile.err.contains("  next: set XTMIG_CONFIG"),
        "{profile:?}"
    );
    let simulator = run(&["--sandbox", "jobs", "list"]);
    assert!(
        simulator.err.contains("  next: set XTMIG_STATE_DIR"),
        "{simulator:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_are_found_by_odd_names_and_what_is_suggested_for_them_can_be_pasted() {
    let sandbox = demo().await;
    for name in [
        "O’Brien's \"wave\" 🚀",
        "50 % #3 a?b/c&d=e",
        "-wave 1",
        "--yes",
        "$(touch pwned) `id`",
        "東京 支社",
        "%20",
        "a\\b",
    ] {
        let created = run(
            &sandbox,
            &[
                "jobs",
                "create",
                "--source-tenant",
                "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
                "--complete-after",
                "2030-01-01T00:00:00Z",
                "--workloads",
                "Teams",
                "--",
                name,
                "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
            ],
        );
        assert_eq!(created.code, 0, "{name:?}: {created:?}");
        let suggested = created
            .err
            .split("next: xtmig ")
            .nth(1)
            .expect("a suggestion");
        let pasted = Command::new("bash")
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("XTMIG_TOKEN", TOKEN)
            .arg("-c")
            .arg(format!(
                "{} -o jsonl {}",
                assert_cmd::cargo::cargo_bin!("xtmig").display(),
                suggested.trim()
            ))
            .output();
        let Ok(pasted) = pasted else {
            eprintln!("SKIPPED: there is no bash to paste into");
            return;
        };
        let pasted = ran(&pasted);
        assert_eq!(pasted.code, 0, "{name:?}: {suggested} {pasted:?}");
        let shown: Value = serde_json::from_str(&pasted.out).expect("one object");
        assert_eq!(shown["name"], name, "{pasted:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_job_is_created_under_a_name_that_steers_the_terminal() {
    let sandbox = demo().await;
    for name in ["two\nlines", "\u{1b}[31mred", "", " "] {
        let created = run(
            &sandbox,
            &[
                "jobs",
                "create",
                "--source-tenant",
                "5b0de6f1-27a4-4c55-9c37-6a8e1f4d2b90",
                "--complete-after",
                "2030-01-01T00:00:00Z",
                "--",
                name,
                "84c0d5ab-7e21-4936-bf1a-0d9e63c2f754",
            ],
        );
        assert_eq!(created.code, 2, "{name:?}: {created:?}");
    }
    assert_eq!(sandbox.requests().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_named_twice_is_touched_once() {
    let sandbox = demo().await;
    let id = sandbox.job("Demo inProgress").expect("a job").id.clone();
    let arguments = [
        "jobs",
        "cancel",
        "Demo inProgress",
        "demo INPROGRESS",
        &id,
        "--yes",
        "--expect",
        "1",
    ];
    let ran = run(&sandbox, &arguments);
    assert_eq!(ran.code, 0, "{ran:?}");
    let sent = sandbox.requests();
    let sent = sent.iter().filter(|request| request.method == "POST");
    assert_eq!(sent.count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_come_as_spreadsheets_and_powershell_write_them() {
    let sandbox = demo().await;
    let users: Vec<_> = sandbox.job("Demo inProgress").expect("a job").users;
    let (one, two) = (&users[0].id, &users[1].id);
    let table = format!("\u{feff}Name;Id\r\n\"Moreau, Ines\";{one}\r\nKeller;{two}\r\n");
    let arguments = [
        "users",
        "cancel",
        "--job",
        "Demo inProgress",
        "--from",
        "-",
        "--yes",
        "--expect",
        "2",
    ];
    let whole = run_with_input(&sandbox, &arguments, &table);
    assert_eq!(whole.code, 2, "no column is named: {whole:?}");
    assert!(
        whole
            .err
            .contains("name the column that is meant with --column"),
        "{whole:?}"
    );
    assert_eq!(sandbox.effects("cancelUser"), 0);
    let column = [&arguments[..], &["--column", "id"]].concat();
    let ran = run_with_input(&sandbox, &column, &table);
    assert_eq!((ran.code, sandbox.effects("cancelUser")), (0, 2), "{ran:?}");
}

#[test]
fn a_configuration_with_a_mistake_says_where_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.toml");
    let path = file.to_str().expect("UTF-8");
    for (text, words) in [
        (None, "cannot be read"),
        (
            Some("[profiles.a]\ntennant = 'x'\n"),
            "line 2: unknown field `tennant`",
        ),
        (Some("[profiles.a\n"), "line 1: "),
        (
            Some("[profiles.a]\ncredential = 'password'\n"),
            "line 2: unknown variant `password`",
        ),
        (
            Some("[profiles.a]\nbase-url = 'somewhere'\ntoken-variable = 'T'\n"),
            "is not an address",
        ),
        (Some("[profiles.b]\n"), "there is no profile a"),
    ] {
        let _ = fs::remove_file(&file);
        if let Some(text) = text {
            fs::write(&file, text).expect("a file");
        }
        let mut command = program();
        command
            .env("XTMIG_CONFIG", path)
            .env("T", TOKEN)
            .args(["--profile", "a", "jobs", "list"]);
        let ran = ran(&command.output().expect("it runs"));
        assert_eq!(ran.code, 2, "{text:?}: {ran:?}");
        assert!(
            ran.err.contains(words) && ran.err.contains("  next: "),
            "{text:?}: {ran:?}"
        );
    }
}
