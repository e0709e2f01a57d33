//! What is tried: commands, the calls that are disturbed, and what goes wrong.

use serde_json::{Value, json};

/// A command, the call that is disturbed, and the call that reads back what became of it.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub command: &'static str,
    pub operation: &'static str,
    /// What shows, of a change, whether it took effect.
    pub read_back: Option<&'static str>,
    /// What was run before, while nothing was disturbed or everything was refused.
    pub before: Before,
}

/// What has happened before the command is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    Nothing,
    /// The job of the wave was created.
    Created,
    /// It was, and the wave has another date since.
    CreatedEarlier,
    /// The wave was applied, and the service refused to create its job.
    Refused,
}

const fn read(command: &'static str, operation: &'static str) -> Case {
    Case {
        command,
        operation,
        read_back: None,
        before: Before::Nothing,
    }
}

const fn change(command: &'static str, operation: &'static str, read: &'static str) -> Case {
    Case {
        command,
        operation,
        read_back: Some(read),
        before: Before::Nothing,
    }
}

pub const READS: &[Case] = &[
    read("jobs list", "listJobs"),
    read("jobs show Demo+failed", "getJob"),
    read("jobs watch --for 6s --interval 1s", "listJobs"),
    read("jobs watch Demo+failed --for 6s --interval 1s", "listJobs"),
    read("jobs report Demo+failed", "getJob"),
    read("jobs report Demo+failed --html -", "listUsers"),
    read("status", "listJobs"),
    read("problems", "listJobs"),
    read("problems Demo+failed", "listUsers"),
    read("users list --job Demo+failed", "listUsers"),
    read("users show --job Demo+inProgress USER", "getUser"),
    read("sharepoint show TASK", "getSharepointTask"),
    read(
        "sharepoint watch TASK --for 6s --interval 1s",
        "getSharepointTask",
    ),
    read(
        "sharepoint find --user completed@source.example",
        "getSharepointTaskBySourceUserPrincipalName",
    ),
    read(
        "sharepoint find --site https://source.sharepoint.example/sites/archive",
        "getSharepointTaskBySourceSiteUrl",
    ),
    read(
        "sharepoint find --group demo-group",
        "getSharepointTaskBySourceGroupMailNickname",
    ),
    read("mappings show users next@source.example", "getUserMapping"),
    read("mappings show groups one", "getGroupMapping"),
    read("plan wave.toml", "listJobs"),
    read("plan wave.toml", "getUserMapping"),
    Case {
        before: Before::Created,
        ..read("plan wave.toml", "listUsers")
    },
    read("probe", "listJobs"),
    read("probe", "getUser"),
];

pub const CHANGES: &[Case] = &[
    change(
        "jobs create Wave+3 --source-tenant TENANT --complete-after 2030-01-01T00:00:00Z --workloads Teams PERSON",
        "createJob",
        "getJob",
    ),
    change("jobs validate Demo+submitted", "validateJob", "getJob"),
    change(
        "jobs migrate Demo+validatePassed --yes --expect 1",
        "migrateJob",
        "getJob",
    ),
    change(
        "jobs update Demo+approved --complete-after 2030-01-01T00:00:00Z --yes --expect 1",
        "updateJob",
        "getJob",
    ),
    change(
        "postpone Demo+approved --by 2d --yes --expect 1",
        "updateJob",
        "getJob",
    ),
    change(
        "jobs cancel Demo+inProgress --yes --expect 1",
        "cancelJob",
        "getJob",
    ),
    change(
        "jobs cancel Demo+inProgress Demo+processing --yes --expect 2",
        "cancelJob",
        "getJob",
    ),
    change(
        "jobs delete Demo+completed --yes --expect 1",
        "deleteJob",
        "getJob",
    ),
    change("retry Demo+failed --yes --expect 1", "migrateJob", "getJob"),
    change(
        "retry Demo+validateFailed --yes --expect 1",
        "validateJob",
        "getJob",
    ),
    change(
        "retry Demo+failed Demo+validateFailed --yes --expect 2",
        "migrateJob",
        "getJob",
    ),
    change(
        "users cancel --job Demo+inProgress USER --yes --expect 1",
        "cancelUser",
        "getUser",
    ),
    change(
        "users cancel --job Demo+inProgress USER OTHER --yes --expect 2",
        "cancelUser",
        "getUser",
    ),
    change(
        "mappings remove users next@source.example --yes --expect 1",
        "updateUserMappings",
        "getUserMapping",
    ),
    change(
        "mappings apply groups --from - --yes --expect 2",
        "updateGroupMappings",
        "getGroupMapping",
    ),
    change(
        "sharepoint create --site https://source.example/a --to https://target.example/a \
         --target-host https://target.example --yes --expect 1",
        "createSharepointTask",
        "getSharepointTaskBySourceSiteUrl",
    ),
    change(
        "sharepoint cancel WAITING RUNNING --yes --expect 2",
        "cancelSharepointTask",
        "getSharepointTask",
    ),
    change(
        "sharepoint cancel WAITING --yes --expect 1",
        "cancelSharepointTask",
        "getSharepointTask",
    ),
    change(RUN, "createJob", "getJob"),
    change(RUN, "validateJob", "getJob"),
    change(RUN, "migrateJob", "getJob"),
];

/// Waves, which say of each change whether it was made in their journal too.
pub const WAVES: &[Case] = &[
    change(APPLY, "createJob", "getJob"),
    change(APPLY, "validateJob", "getJob"),
    change(APPLY, "updateUserMappings", "getUserMapping"),
    change(APPLY, "migrateJob", "getJob"),
    Case {
        before: Before::CreatedEarlier,
        ..change(
            "apply wave.toml --interval 1s --for 45s --yes --expect 1",
            "updateJob",
            "getJob",
        )
    },
    Case {
        before: Before::Refused,
        ..change(RESUME, "createJob", "getJob")
    },
    Case {
        before: Before::Refused,
        ..change(RESUME, "migrateJob", "getJob")
    },
];

const APPLY: &str = "apply wave.toml --interval 1s --for 45s --yes --expect 4";
const RESUME: &str = "resume RUN --interval 1s --for 45s --yes --expect 4";

pub const RUN: &str = "jobs run Wave+4 --source-tenant TENANT --complete-after 2026-01-06T20:00:00Z --workloads Teams PERSON \
     --interval 1s --for 45s --yes --expect 1";

/// What goes wrong, and for how many requests; none is for all.
pub fn faults() -> Vec<(&'static str, Value, Option<u32>)> {
    let status = |status: u16| json!({ "kind": "status", "status": status });
    vec![
        ("none", Value::Null, None),
        (
            "429 for an hour",
            json!({ "kind": "throttle", "retryAfter": { "seconds": 3600 } }),
            None,
        ),
        (
            "429 for a second",
            json!({ "kind": "throttle", "retryAfter": { "seconds": 1 } }),
            Some(1),
        ),
        (
            "503 for a second",
            json!({ "kind": "serviceUnavailable", "retryAfter": { "seconds": 1 } }),
            Some(1),
        ),
        ("500 always", json!({ "kind": "internalServerError" }), None),
        (
            "500 after the effect",
            json!({ "kind": "internalServerError", "afterEffect": true }),
            Some(1),
        ),
        (
            "504 after the effect",
            json!({ "kind": "gatewayTimeout", "afterEffect": true }),
            Some(1),
        ),
        (
            "dropped before the effect, once",
            json!({ "kind": "dropBeforeEffect" }),
            Some(1),
        ),
        (
            "dropped before the effect, always",
            json!({ "kind": "dropBeforeEffect" }),
            None,
        ),
        (
            "dropped after the effect, once",
            json!({ "kind": "dropAfterEffect" }),
            Some(1),
        ),
        ("body cut off", json!({ "kind": "truncateBody" }), Some(1)),
        ("body empty", json!({ "kind": "emptyBody" }), Some(1)),
        ("token expired", json!({ "kind": "tokenExpired" }), None),
        ("400", status(400), None),
        ("401", status(401), None),
        ("403", status(403), None),
        ("404", status(404), None),
        ("409", status(409), None),
        ("409, once", status(409), Some(1)),
        ("409, twice", status(409), Some(2)),
        ("418", status(418), None),
        ("422", status(422), None),
    ]
}
