//! Generates the client and the models from `openapi/cross-tenant-migration.yaml`.
//!
//! The spec is faithful to Microsoft's documents and is not bent to please the generator. What the
//! generator cannot take is lowered in a copy (`build/lowering.rs`), and what it writes wrongly is
//! corrected in its output (`build/correction.rs`); each step is one function with its reason.

#[path = "build/builders.rs"]
mod builders;
#[path = "build/checks.rs"]
mod checks;
#[path = "build/correction.rs"]
mod correction;
#[path = "build/deprecation.rs"]
mod deprecation;
#[path = "build/document.rs"]
mod document;
#[path = "build/generation.rs"]
mod generation;
#[path = "build/lowering.rs"]
mod lowering;
#[path = "build/open_types.rs"]
mod open_types;
#[path = "build/operations.rs"]
mod operations;
#[path = "build/structure.rs"]
mod structure;
#[path = "build/walk.rs"]
mod walk;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const SPEC: &str = "openapi/cross-tenant-migration.yaml";

fn main() -> ExitCode {
    println!("cargo::rerun-if-changed={SPEC}");
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=build");
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Cargo shows this as the error of the build, without the script's output or a
            // backtrace.
            println!("cargo::error={error}");
            ExitCode::SUCCESS
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let out_dir = PathBuf::from(std::env::var("OUT_DIR")?);
    let document = document::Document::read(Path::new(SPEC))?;
    let generated = generation::generate(&document)?;
    std::fs::write(out_dir.join("models.rs"), generated.models)?;
    std::fs::write(out_dir.join("client.rs"), generated.client)?;
    Ok(())
}
