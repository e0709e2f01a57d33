//! A plan as it is kept: what was wanted, what was seen, and what is to be done about it.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::plan::{Act, Change, Difference};
use super::seen::Seen;
use super::wanted::{Input, Wanted, hex, input};
use crate::exit::{Exit, Failure};

const FORMAT: &str = "xtmig plan";
const VERSION: u32 = 1;

/// A plan. It names people, and holds no secret.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Plan {
    format: String,
    version: u32,
    pub made: DateTime<Utc>,
    /// Where the tenant was read.
    pub service: String,
    /// The files that it was made from.
    pub inputs: Vec<Input>,
    pub difference: Difference,
    pub wanted: Wanted,
    pub seen: Seen,
    /// SHA-256 of all that stands above, so that a plan that was changed shows.
    digest: String,
}

impl Plan {
    pub fn new(
        service: &str,
        made: DateTime<Utc>,
        inputs: Vec<Input>,
        wanted: Wanted,
        seen: Seen,
        difference: Difference,
    ) -> Self {
        let mut plan = Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            made,
            service: service.to_owned(),
            inputs,
            difference,
            wanted,
            seen,
            digest: String::new(),
        };
        plan.digest = plan.digest_of_content();
        plan
    }

    fn digest_of_content(&self) -> String {
        let content = (
            self.made,
            &self.service,
            &self.inputs,
            &self.difference,
            &self.wanted,
            &self.seen,
        );
        // What cannot be written could not be read either.
        hex(&serde_json::to_vec(&content).unwrap_or_default())
    }

    /// A change of a job.
    pub fn change(&self, act: Act, job: &str) -> Option<&Change> {
        let mut changes = self.difference.changes.iter();
        changes.find(|change| change.act == act && change.name == job)
    }

    /// Whether the end of a migration is waited for.
    pub fn is_watched(&self) -> bool {
        let mut jobs = self.wanted.jobs.iter();
        jobs.any(|job| job.until == super::format::Until::Migrated)
    }

    /// Writes it for its owner's eyes.
    pub fn write(&self, file: &Path) -> Result<(), Failure> {
        let failed = |error: &dyn std::fmt::Display| {
            Failure::usage(format!("{} cannot be written", file.display()))
                .because(error)
                .next("name another file")
        };
        // Nobody means to write over the wave itself, or its list.
        match std::fs::read(file) {
            Ok(there) if !there.is_empty() && !is_plan(&there) => {
                return Err(failed(&"it is there, and it is no plan"));
            }
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(failed(&error));
            }
            _ => {}
        }
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| failed(&error))?;
        text.push(b'\n');
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        private(&mut options);
        options
            .open(file)
            .and_then(|mut to| to.write_all(&text))
            .map_err(|error| failed(&error))
    }

    pub fn read(file: &Path) -> Result<Self, Failure> {
        std::fs::read_to_string(file)
            .map_err(|error| error.to_string())
            .and_then(|text| Self::parse(&text))
            .map_err(|reason| {
                Failure::usage(format!(
                    "{} is no plan that can be used; nothing was sent",
                    file.display()
                ))
                .because(reason)
                .next("make one: xtmig plan WAVE --out FILE")
            })
    }

    /// The plan that a text holds, or why there is none that can be used.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plan: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if plan.format != FORMAT || plan.version != VERSION {
            return Err(format!(
                "it is {} of version {}, and this program reads version {VERSION}",
                plan.format, plan.version
            ));
        }
        if plan.digest != plan.digest_of_content() {
            return Err("it was changed after it was made".to_owned());
        }
        Ok(plan)
    }

    /// Refuses a plan whose files are others by now; says which of them are not here.
    pub fn check_inputs(&self) -> Result<Vec<&Path>, Failure> {
        let mut missing = Vec::new();
        for old in &self.inputs {
            if !old.file.exists() {
                missing.push(old.file.as_path());
                continue;
            }
            if input(&old.file)? != *old {
                return Err(stale(format!(
                    "{} is another than when it was planned",
                    old.file.display()
                )));
            }
        }
        Ok(missing)
    }
}

/// Whether it is a plan of any version, whatever became of it since.
fn is_plan(text: &[u8]) -> bool {
    #[derive(Deserialize)]
    struct Format {
        format: String,
    }
    serde_json::from_slice::<Format>(text).is_ok_and(|plan| plan.format == FORMAT)
}

/// The refusal of a plan that no longer fits.
pub fn stale(why: impl std::fmt::Display) -> Failure {
    Failure::new(
        Exit::Refused,
        "the plan no longer fits; nothing was sent that changes anything",
    )
    .because(why)
    .next("plan again, and look at what it shows")
}

/// Nobody else reads what is opened by these.
pub fn private(options: &mut OpenOptions) {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    #[cfg(not(unix))]
    let _ = options;
}
