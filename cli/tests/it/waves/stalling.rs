//! A job of the wave that stands still in a rehearsal.

use super::Folder;
use super::rehearsing::rehearse;

#[test]
fn a_scenario_stalls_a_job_of_the_wave_by_its_name() {
    let folder = Folder::new();
    folder.wave(2, "batch-size = 1\nuntil = \"migrated\"");
    let scenario = |job: &str| {
        format!(
            "name = \"Approval\"\nteaches = \"It.\"\n[[step]]\nat = \"+1h30m\"\njob = \"{job}\"\nstalled = true\nsay = \"Nobody approves.\"\n"
        )
    };
    folder.write("stall.toml", &scenario("Alder 2"));
    let played = rehearse(&folder, &["--scenario", "stall.toml", "--speed", "2000"]);
    assert_eq!(played.code, 9, "one of two: {played:?}");
    for words in [
        "time passes 'Alder 2' by; Nobody approves.",
        "still inProgress, with its cutover at 2030-12-14T20:00:00Z",
    ] {
        assert!(played.out.contains(words), "{words}: {}", played.out);
    }
    assert!(
        played.err.contains("Alder 2: nothing has changed for "),
        "{}",
        played.err
    );
    let completed = played
        .out
        .lines()
        .filter(|line| line.starts_with("Alder 1 ") && line.contains("completed"));
    assert_eq!(completed.count(), 1, "{}", played.out);

    folder.write("stall.toml", &scenario("Alder 3"));
    let refused = rehearse(&folder, &["--scenario", "stall.toml"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    assert!(
        refused.err.contains("line 3: there is no job 'Alder 3'"),
        "{}",
        refused.err
    );
}
