//! `--sandbox`: a simulator in the background, whose state commands share.

use crate::support::{Ran, program, ran};

fn run(folder: &std::path::Path, arguments: &[&str]) -> Ran {
    let mut command = program();
    command.env("XTMIG_STATE_DIR", folder).args(arguments);
    ran(&command.output().expect("it runs"))
}

#[test]
fn commands_share_the_state_of_the_simulator_until_it_is_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    assert_eq!(run(&["sandbox", "status"]).code, 4);
    let first = run(&["--sandbox", "jobs", "validate", "Demo submitted"]);
    assert_eq!(first.code, 0, "{first:?}");
    assert!(first.err.contains("started a simulator"), "{first:?}");
    let url = run(&["sandbox", "status"]).out;
    assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    assert_eq!(run(&["sandbox", "start"]).out, url, "it runs already");
    let second = run(&["--sandbox", "jobs", "show", "Demo submitted", "-o", "json"]);
    assert!(second.out.contains("validate"), "{second:?}");
    assert!(!second.err.contains("started"), "{second:?}");
    assert_eq!(run(&["sandbox", "stop"]).code, 0);
    assert_eq!(run(&["sandbox", "status"]).code, 4);
    assert!(
        run(&["sandbox", "stop"])
            .err
            .contains("no simulator was running")
    );
}

#[test]
fn a_scenario_is_played_by_name_or_from_a_file_and_a_wrong_one_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| run(folder.path(), arguments);
    let wrong = run(&["sandbox", "start", "--scenario", "no-such-scenario"]);
    assert_eq!(wrong.code, 2, "{wrong:?}");
    assert!(wrong.err.contains("choose among friday-night"), "{wrong:?}");
    let started = run(&["sandbox", "start", "--scenario", "late-cancel"]);
    assert_eq!(started.code, 0, "{started:?}");
    let jobs = run(&["--sandbox", "jobs", "list"]);
    assert!(jobs.out.contains("Late wave"), "{jobs:?}");
    let again = run(&["sandbox", "start", "--scenario", "friday-night"]);
    assert_eq!(again.code, 3, "{again:?}");
    assert_eq!(run(&["sandbox", "stop"]).code, 0);
}
