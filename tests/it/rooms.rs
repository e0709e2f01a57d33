//! The rooms of the crate, and that the arrows between them point one way.

use std::path::Path;

use msgraph_migrations_checks::rooms::assert_arrows_point_down;

/// From the lowest to the highest; a room uses those before it, and none after it.
const ROOMS: [&str; 4] = ["models", "answers", "client", "calls"];

#[test]
fn every_room_uses_only_those_below_it() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let arrows = assert_arrows_point_down(&source, &ROOMS, &["lib"]);
    // A test that reads nothing would pass too.
    for (from, to) in [
        ("answers", "models"),
        ("client", "answers"),
        ("calls", "client"),
    ] {
        assert!(arrows.contains(&(from.into(), to.into())), "{from} {to}");
    }
}
