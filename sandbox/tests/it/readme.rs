//! What the README promises.

use crate::program::PROGRAM;
use crate::scenarios::SHIPPED;
use crate::support::{ANNA, DAY, room};

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

#[tokio::test]
async fn every_control_endpoint_of_the_readme_exists() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme
        .split_once("| request | effect |")
        .expect("the table of endpoints");
    let (table, _) = rest.split_once("\n\n").expect("its end");
    let room = room().await;
    room.create("Wave1").await;
    let mut count = 0;
    for row in table.lines().filter(|row| row.starts_with("| `")) {
        let first = row.split('|').nth(1).expect("a request");
        for code in first.split('`').skip(1).step_by(2) {
            let (method, path) = code.split_once(' ').expect("a method and a path");
            let path = path
                .split('?')
                .next()
                .unwrap_or_default()
                .replace("{id or name}", "Wave1")
                .replace("users/{id}", &format!("users/{ANNA}"))
                .replace("{source}", "x");
            // What stands for a number or a name is not there, and says so in its own words.
            let path = path.replace("/NAME", "/none").replace("/N", "/7");
            if path == "events" {
                continue;
            }
            let reply = room
                .send(room.request(method, &format!("/_sandbox/{path}")))
                .await;
            let is_known = !reply.text.contains("there is no endpoint") && reply.status != 405;
            assert!(is_known, "{code}: {} {}", reply.status, reply.text);
            count += 1;
        }
    }
    assert!(count > 35, "{count} endpoints");
}
