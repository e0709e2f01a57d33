//! Making sure that a change is meant.

use std::io::{self, BufRead, IsTerminal, Write};

use crate::arguments::Confirmation;
use crate::exit::Failure;
use crate::output::{Output, escaped};

/// Asks for `name` to be typed, unless the command line says that `count` is what was expected.
///
/// Nothing has been sent that changes anything when this refuses.
pub fn confirm(
    confirmation: &Confirmation,
    count: usize,
    name: &str,
    output: &Output,
) -> Result<(), Failure> {
    if output.is_muted() {
        // Nothing will be sent, so that there is nothing to confirm.
        return Ok(());
    }
    if let Some(expected) = confirmation.expect
        && expected != count
    {
        return Err(Failure::usage(format!(
            "this would touch {count}, and {expected} were expected; nothing was sent"
        ))
        .because("what was expected and what was found are not the same")
        .next(format!(
            "check what is named above, then say --expect {count}"
        )));
    }
    if confirmation.yes {
        return Ok(());
    }
    if !io::stdin().is_terminal() {
        return Err(Failure::usage(
            "this changes something and nobody can be asked; nothing was sent",
        )
        .because("standard input is not a terminal, and the command line does not say --yes")
        .next(format!("say --yes --expect {count}")));
    }
    output.say(&format!("Type {name} to go on:"));
    let mut answer = String::new();
    let _ = io::stderr().flush();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| Failure::unexpected("the answer cannot be read", error))?;
    // What a terminal cannot show is typed as it is shown.
    if [name, &escaped(name)]
        .iter()
        .any(|name| answer.trim() == name.trim())
    {
        Ok(())
    } else {
        Err(Failure::usage("that was something else; nothing was sent")
            .because(format!("what was asked for is {name}"))
            .next("run the command again, or say --yes --expect N"))
    }
}
