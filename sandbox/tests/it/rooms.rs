//! The rooms of the sandbox, and that the arrows between them point one way.

use std::path::Path;

use msgraph_migrations_checks::rooms::assert_arrows_point_down;

/// From the lowest to the highest; a room uses those before it, and none after it.
const ROOMS: [&str; 19] = [
    "clock",
    "answer",
    "body",
    "odata",
    "call",
    "operation",
    "settings",
    "faults",
    "access",
    "state",
    "scenario",
    "jobs",
    "sharepoint",
    "dispatch",
    "config",
    "engine",
    "wire",
    "sandbox",
    "builder",
];

/// The library itself, the program, and what belongs to the program alone.
const OUTSIDE: [&str; 3] = ["lib", "lines", "main"];

#[test]
fn every_room_uses_only_those_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let arrows = assert_arrows_point_down(&source, &ROOMS, &OUTSIDE);
    // The way of a request, so that a test that reads nothing doesn't pass.
    for (from, to) in [
        ("wire", "engine"),
        ("engine", "dispatch"),
        ("dispatch", "jobs"),
        ("dispatch", "sharepoint"),
        ("jobs", "state"),
        ("sharepoint", "state"),
    ] {
        assert!(arrows.contains(&(from.into(), to.into())), "{from} {to}");
    }
}
