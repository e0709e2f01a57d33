//! The generated code, compared with the copies that somebody has read.

use std::fs;
use std::path::Path;

use crate::support::golden::assert_reviewed;

#[test]
fn the_generated_code_is_the_reviewed_one() {
    for name in ["models.rs", "client.rs"] {
        let generated = fs::read_to_string(Path::new(env!("OUT_DIR")).join(name));
        assert_reviewed(&generated.expect("the build wrote it"), name, "golden");
    }
}
