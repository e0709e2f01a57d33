//! Words of the service among our own.

use msgraph_migrations::OneLine;

/// Longer than a name or a message of the service, and short enough for a report.
const MAX_CHARACTERS: usize = 1_000;

/// Words of the service on one line.
pub(crate) fn line(text: &str) -> OneLine<'_> {
    OneLine(text, MAX_CHARACTERS)
}
