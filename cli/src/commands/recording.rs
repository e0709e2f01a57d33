//! Files that remember what is done.

use std::error::Error;
use std::path::Path;

use msgraph_migrations_workflows::bulk::{Record, RecordError, RunStopped};

use super::session::Session;
use crate::exit::{Exit, Failure};

/// Why a run stopped, down to what the system says.
pub fn why(stopped: &RunStopped) -> String {
    let mut text = stopped.to_string();
    let mut cause = Error::source(stopped);
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// Opens the record of what is done in a tenant.
pub fn open(session: &Session<'_>, file: &Path, tenant: Option<&str>) -> Result<Record, Failure> {
    let tenant = tenant
        .or(session.connection.tenant.as_deref())
        .ok_or_else(|| {
            Failure::usage(
                "a record is for one tenant, and which one is not known; nothing was sent",
            )
            .because("neither the service nor the profile names it")
            .next("use --profile with a tenant")
        })?;
    let record = Record::open(file, session.client().endpoint(), tenant).map_err(|error| {
        let why = Error::source(&error).map_or(String::new(), |why| format!(": {why}"));
        let exit = match error {
            RecordError::InUse(_) => Exit::TryLater,
            _ => Exit::Usage,
        };
        Failure::new(exit, "the record cannot be used; nothing was sent")
            .because(format!("{error}{why}"))
            .next("name another file, or run in the tenant that the record is for")
    })?;
    if !record.is_empty() {
        session
            .output
            .say(&format!("{} are done already, by the record", record.len()));
    }
    Ok(record)
}
