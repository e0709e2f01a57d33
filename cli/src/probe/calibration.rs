//! What a record shows of a tenant, as settings of the simulator.

use std::collections::{BTreeMap, BTreeSet};

use msgraph_migrations_sandbox::{Fault, FaultRule, SandboxBuilder, Settings};
use serde_json::{Map, Value};

use super::answer::Answer;
use super::conformance::{self, Conformance};
use super::deviation::Deviation;
use super::evidence;
use super::record::Record;
use super::specification::Specification;

/// Answers that are as fast as the simulator itself need no delay.
const MIN_LATENCY: u64 = 20;

/// How to set the simulator.
#[derive(Clone, Debug)]
pub struct Calibration {
    pub settings: Settings,
    pub faults: Vec<FaultRule>,
    /// Requests per second.
    pub rate_limit: Option<f64>,
    /// The permissions that the caller has; all when absent.
    pub scopes: Option<Vec<String>>,
    /// What was set, and what could not be, for people.
    pub remarks: Vec<String>,
}

impl Calibration {
    /// The same simulator, set like this.
    pub fn of(self, builder: SandboxBuilder) -> SandboxBuilder {
        let mut builder = builder.settings(self.settings).faults(self.faults);
        if let Some(rate) = self.rate_limit {
            builder = builder.rate_limit(rate);
        }
        if let Some(scopes) = self.scopes {
            builder = builder.scopes(scopes);
        }
        builder
    }
}

/// Reads the settings out of a record.
pub fn calibrate(record: &Record) -> Result<Calibration, String> {
    let all = conformance::check(Specification::read()?, &record.answers)?;
    let deviations: Vec<&Deviation> = all
        .values()
        .flat_map(|checked| &checked.deviations)
        .collect();
    let mut made = Made::default();
    for deviation in &deviations {
        made.take(deviation, &all, &record.answers);
    }
    made.page_size(&record.answers);
    made.latencies(&record.answers);
    let rate_limit = rate_limit(&record.answers);
    if let Some(rate) = rate_limit {
        made.remarks
            .push(format!("rate limit: {rate} requests per second"));
    }
    let scopes = scopes(&record.answers);
    if let Some(scopes) = &scopes {
        made.remarks
            .push(format!("permissions: {}", scopes.join(", ")));
    }
    let shown = evidence::of(&record.answers, record.scopes.as_deref());
    made.settings.extend(shown.settings.clone());
    let settings: Settings = serde_json::from_value(Value::Object(made.settings.clone()))
        .map_err(|error| error.to_string())?;
    let mut remarks: Vec<String> = made
        .settings
        .iter()
        .map(|(name, value)| format!("setting: {name} = {value}"))
        .collect();
    remarks.extend(made.remarks);
    let open = shown.open();
    remarks.extend(
        shown
            .remarks
            .into_iter()
            .map(|remark| format!("seen: {remark}")),
    );
    remarks.push(open);
    Ok(Calibration {
        settings,
        faults: made.faults,
        rate_limit,
        scopes,
        remarks,
    })
}

#[derive(Default)]
struct Made {
    settings: Map<String, Value>,
    faults: Vec<FaultRule>,
    remarks: Vec<String>,
    seen: BTreeSet<(String, &'static str)>,
}

impl Made {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.settings.insert(name.to_owned(), value.into());
    }

    /// A fault of every answer of an operation, once.
    fn fault(&mut self, operation: &str, name: &'static str, fault: Fault) {
        if self.seen.insert((operation.to_owned(), name)) {
            self.remarks.push(format!("{operation}: {name}"));
            self.faults.push(FaultRule::new(operation, fault));
        }
    }

    fn take(
        &mut self,
        deviation: &Deviation,
        all: &BTreeMap<String, Conformance>,
        answers: &[Answer],
    ) {
        let operation = deviation.operation.as_str();
        let has = |name: &str| {
            let own = all.get(operation);
            own.is_some_and(|own| own.deviations.iter().any(|other| other.name == name))
        };
        match deviation.name {
            "wrappedInValue" => self.set("wrapEntityInValue", true),
            "createdByObjectId" => self.set("createdBy", deviation.found.as_str()),
            "resourcesEchoed" | "resourceTypeCasing" => self.set("echoResources", "always"),
            // Workloads in small letters, or members that no setting writes in capitals.
            "workloadCasing" => self.fault(operation, "oddCasing", Fault::OddCasing),
            "enumCasing" if has("workloadCasing") || !is_status(deviation) => {
                self.fault(operation, "oddCasing", Fault::OddCasing);
            }
            "enumCasing" if deviation.operation.contains("Sharepoint") => {
                self.fault(operation, "oddCasing", Fault::OddCasing);
            }
            "enumCasing" => self.set("capitalisedStatuses", true),
            "unknownEnumValue" if deviation.disagreement == Some("S3") => {
                self.set("completedLiteral", "success");
            }
            "unknownEnumValue" => {
                let is_marker = deviation.found == "unknownFutureValue";
                let others = all.get(operation).into_iter();
                let named = others
                    .flat_map(|own| &own.deviations)
                    .find(|other| {
                        other.name == deviation.name && other.found != "unknownFutureValue"
                    })
                    .map(|other| other.found.clone());
                let value = if is_marker {
                    named.unwrap_or_else(|| "unknownFutureValue".to_owned())
                } else {
                    deviation.found.clone()
                };
                let fault = Fault::UnknownEnumValue { value };
                self.fault(operation, "unknownEnumValue", fault);
            }
            "unknownMember" => self.fault(operation, "unknownMembers", Fault::UnknownMembers),
            "dateFormat" if deviation.disagreement.is_some() => {
                self.set("unpaddedTaskDates", true);
            }
            "contextVersion" if deviation.disagreement.is_some() => {
                self.set("stagingContext", true);
            }
            "emptyBody" => self.fault(operation, "emptyBody", Fault::EmptyBody),
            "unexpectedStatus" if is_vanished_job(deviation, answers) => {
                self.set("deletedJobsVanish", true);
            }
            "unexpectedStatus"
                if operation.contains("Sharepoint") && deviation.found.starts_with("422") =>
            {
                self.set("trustEstablished", false);
            }
            // The permissions and the page size are read from all answers together.
            "unexpectedStatus" if deviation.found.starts_with("403") => {}
            "defaultPageSize" => {}
            other => {
                let place = &deviation.pointer;
                self.remarks.push(format!(
                    "{operation}: nothing can be set for {other} at {place}"
                ));
            }
        }
    }

    /// The largest page that had another one after it.
    fn page_size(&mut self, answers: &[Answer]) {
        let default = Settings::default().max_page_size;
        let sizes = answers.iter().filter_map(|answer| {
            let items = answer.items()?.len();
            let top = answer.option("$top").and_then(|top| top.parse().ok());
            let asked: usize = top.unwrap_or(20);
            let is_less = answer.next_link().is_some() && items < asked;
            (is_less && answer.option("$skiptoken").is_none()).then_some(items)
        });
        if let Some(size) = sizes.max().filter(|size| (1..default).contains(size)) {
            self.set("maxPageSize", size);
        }
    }

    /// The middle of what each operation took, where it is worth a delay.
    fn latencies(&mut self, answers: &[Answer]) {
        let mut taken: BTreeMap<&str, Vec<u64>> = BTreeMap::new();
        // What came after a pause tells how long the pause was.
        let before = answers
            .iter()
            .take_while(|answer| answer.status != Some(429));
        for answer in before.filter(|answer| answer.status.is_some()) {
            let own = taken.entry(&answer.operation).or_default();
            own.push(answer.milliseconds);
        }
        for (operation, mut own) in taken {
            own.sort_unstable();
            let milliseconds = own[own.len() / 2];
            if milliseconds >= MIN_LATENCY {
                self.remarks
                    .push(format!("{operation}: {milliseconds} ms to answer"));
                let fault = Fault::Latency { milliseconds };
                self.faults.push(FaultRule::new(operation, fault));
            }
        }
    }
}

fn is_status(deviation: &Deviation) -> bool {
    deviation.pointer.ends_with("/status")
}

/// Whether a job that the list shows as deleted is not there when it is asked for.
fn is_vanished_job(deviation: &Deviation, answers: &[Answer]) -> bool {
    if deviation.operation != "getJob" || !deviation.found.starts_with("404") {
        return false;
    }
    let deleted = answers
        .iter()
        .filter_map(Answer::items)
        .flatten()
        .filter(|job| job["status"] == "deleted")
        .filter_map(|job| job["id"].as_str());
    let gone: BTreeSet<&str> = answers
        .iter()
        .filter(|answer| answer.status == Some(404) && answer.expected == 200)
        .filter_map(|answer| answer.url.split('?').next()?.rsplit('/').next())
        .collect();
    deleted.into_iter().any(|id| gone.contains(id))
}

/// How many requests passed before the first was throttled, by the time they took.
fn rate_limit(answers: &[Answer]) -> Option<f64> {
    let throttled = answers
        .iter()
        .filter(|answer| answer.status == Some(429))
        .count();
    if throttled == 0 {
        return None;
    }
    let passed = u32::try_from(answers.len() - throttled).ok()?;
    let taken: u64 = answers.iter().map(|answer| answer.milliseconds).sum();
    let seconds = (u32::try_from(taken).map_or(f64::MAX, f64::from) / 1000.0).max(1.0);
    Some((f64::from(passed) / seconds * 10.0).round().max(1.0) / 10.0)
}

/// The permissions, where any was missing.
fn scopes(answers: &[Answer]) -> Option<Vec<String>> {
    let is_refused = |answer: &&Answer| answer.status == Some(403);
    answers.iter().find(is_refused)?;
    let families = [
        (
            "/solutions/migrations/",
            "CrossTenantContentMigration.Read.All",
        ),
        (
            "/solutions/sharePoint/",
            "SharePointCrossTenantMigration.Read.All",
        ),
    ];
    let has = |path: &str| {
        let mut own = answers.iter().filter(|answer| answer.url.contains(path));
        own.any(|answer| answer.is_success() || answer.status == Some(404))
    };
    let held = families.iter().filter(|(path, _)| has(path));
    let held: Vec<String> = held.map(|(_, scope)| (*scope).to_owned()).collect();
    Some(held)
}
