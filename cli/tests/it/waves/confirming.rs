//! The name of the wave is typed where somebody sits before a terminal.

use msgraph_migrations_sandbox::Sandbox;
use rexpect::session::spawn_command;

use super::{Folder, effects, start};
use crate::support::assert_only_read;
use crate::terminal::{PATIENCE, code};

#[tokio::test(flavor = "multi_thread")]
async fn applying_and_resuming_ask_for_the_name_of_the_wave() {
    let folder = Folder::new();
    folder.wave(2, "until = \"created\"");
    let sandbox = start(Sandbox::builder()).await;
    let open = |arguments: &[&str]| {
        let command = folder.process(&sandbox.base_url(), arguments);
        spawn_command(command, Some(PATIENCE)).expect("a terminal")
    };
    for (typed, expected, made) in [
        ("", 2, 0),
        ("alder", 2, 0),
        ("Alder 1", 2, 0),
        ("yes", 2, 0),
        ("Alder", 0, 1),
    ] {
        let mut session = open(&["apply", "wave.toml"]);
        session.exp_string("+ create").expect("the plan");
        session
            .exp_string("1 change: 1 to create")
            .expect("the counts");
        session
            .exp_string("Type Alder to go on:")
            .expect("the question");
        session.send_line(typed).expect("an answer");
        let said = session.exp_eof().expect("the end");
        assert_eq!(code(&session), expected, "{typed}: {said}");
        assert_eq!(effects(&sandbox)[0], made, "{typed}: {said}");
        if made == 0 {
            assert!(
                said.contains("that was something else; nothing was sent"),
                "{said}"
            );
            assert_only_read(&sandbox);
        }
    }
    // Nothing is asked where nothing is to be done.
    let mut session = open(&["apply", "wave.toml"]);
    let said = session.exp_eof().expect("the end");
    assert!(
        said.contains("Nothing to do") && !said.contains("Type "),
        "{said}"
    );
    assert_eq!(code(&session), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_at_the_question_sends_nothing() {
    let _listening = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
        .expect("the key can be listened for");
    let folder = Folder::new();
    folder.wave(2, "until = \"created\"");
    let sandbox = start(Sandbox::builder()).await;
    let command = folder.process(&sandbox.base_url(), &["apply", "wave.toml"]);
    let mut session = spawn_command(command, Some(PATIENCE)).expect("a terminal");
    session
        .exp_string("Type Alder to go on:")
        .expect("the question");
    session.send_control('c').expect("a key");
    session.exp_eof().expect("the end");
    let ended = session.process().wait().expect("it ends");
    assert!(
        matches!(ended, rexpect::process::WaitStatus::Signaled(..)),
        "{ended:?}"
    );
    assert_only_read(&sandbox);
}
