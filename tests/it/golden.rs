//! The generated code, compared with the copies that somebody has read.

use std::fs;
use std::path::Path;

#[test]
fn the_generated_code_is_the_reviewed_one() {
    for name in ["models.rs", "client.rs"] {
        compare(name);
    }
}

fn compare(name: &str) {
    let generated =
        fs::read_to_string(Path::new(env!("OUT_DIR")).join(name)).expect("the build wrote it");
    let golden = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("ACCEPT_GOLDEN").is_some() {
        fs::write(&golden, generated).expect("the golden copy can be written");
        return;
    }
    let reviewed = fs::read_to_string(&golden).unwrap_or_default();
    let differs = generated
        .lines()
        .zip(reviewed.lines())
        .position(|(new, old)| new != old);
    assert!(
        generated == reviewed,
        "the generated code differs from {} from line {} on; read the difference and accept it with \
         `ACCEPT_GOLDEN=1 cargo test --test it golden`",
        golden.display(),
        differs.map_or_else(
            || "the shorter one's end".to_owned(),
            |line| (line + 1).to_string()
        ),
    );
}
