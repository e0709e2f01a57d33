//! Has the library's build script generate the client.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

/// What the build made of the spec.
pub struct Built {
    /// The generated files, by name.
    pub files: Vec<(&'static str, String)>,
    /// Whether the written code compiles with it.
    pub compiles: bool,
}

/// Has the build script write the client, and compiles the library with it.
///
/// # Errors
/// Fails when the build script does not accept the spec.
pub fn generated_code(root: &Path) -> Result<Built, String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "check",
            "--quiet",
            "--package",
            "msgraph-migrations",
            "--message-format",
            "json-render-diagnostics",
        ])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run cargo: {error}"))?;
    let messages = String::from_utf8_lossy(&output.stdout);
    // A spec edit often asks for an edit of the written code as well; what was generated is known before.
    let folder = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .find_map(|message| out_dir(&message))
        .ok_or("the build script wrote nothing; its messages stand above")?;
    let files = ["models.rs", "client.rs"]
        .into_iter()
        .map(|name| {
            let file = folder.join(name);
            std::fs::read_to_string(&file)
                .map(|code| (name, code))
                .map_err(|error| format!("cannot read {}: {error}", file.display()))
        })
        .collect::<Result<_, _>>()?;
    Ok(Built {
        files,
        compiles: output.status.success(),
    })
}

fn out_dir(message: &Value) -> Option<PathBuf> {
    let of_library = message.get("reason")?.as_str()? == "build-script-executed"
        && message
            .get("package_id")?
            .as_str()?
            .contains("msgraph-migrations");
    let folder = message.get("out_dir")?.as_str()?;
    of_library.then(|| PathBuf::from(folder))
}
