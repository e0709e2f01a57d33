//! What the README promises.

use crate::program::PROGRAM;
use crate::scenarios::SHIPPED;
use crate::support::{DAY, room};

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
