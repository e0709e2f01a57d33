//! Scenarios: what happens to the service while a rehearsal goes on, step by step in virtual time.

pub(crate) mod plan;
pub(crate) mod script;
pub(crate) mod shipped;
pub(crate) mod when;

use self::script::{ScenarioError, Script};

/// Reads a scenario by the name of a shipped one, or from the text of a file.
pub(crate) fn read(name_or_text: &str) -> Result<Script, ScenarioError> {
    if name_or_text.contains('\n') {
        return Script::parse(name_or_text);
    }
    if let Some(shipped) = shipped::find(name_or_text) {
        return Script::parse(shipped.text);
    }
    let names: Vec<&str> = shipped::ALL.iter().map(|one| one.name).collect();
    Err(ScenarioError {
        line: 1,
        reason: format!(
            "there is no scenario '{name_or_text}'; choose among {}",
            names.join(", ")
        ),
    })
}
