//! Every operation and every status it documents, held against the specification.

use std::collections::BTreeSet;

use msgraph_migrations_checks::sets::assert_same;
use msgraph_migrations_sandbox::{
    Fault, FaultRule, PastCompleteAfter, RetryAfter, Sandbox, Settings,
};
use serde_json::{Value, json};

use crate::spec::Spec;
use crate::support::{
    ANNA, GROUP_MAPPINGS, JOBS, Reply, Room, TASKS, USER_MAPPINGS, group_task, room, room_with,
    site_task, user_task,
};

const GROUP: &str = "5b1a9e80-7d2c-4f36-a04b-c9d8e7f6a5b4";

/// Notes which answers were seen and that each fits the specification.
struct Witness {
    spec: Spec,
    seen: BTreeSet<(String, String)>,
}

impl Witness {
    #[track_caller]
    fn see(&mut self, operation: &str, status: u16, reply: Reply) -> Reply {
        let reply = reply.expect(status);
        let documented = self
            .spec
            .check(operation, status, &reply.text)
            .unwrap_or_else(|wrong| panic!("{wrong}"));
        assert!(
            reply.header("request-id").is_some() && reply.header("client-request-id").is_some()
        );
        self.seen.insert((operation.to_owned(), documented));
        reply
    }
}

/// A request that succeeds for each operation, against a room that [`furnish`] filled.
#[expect(
    clippy::too_many_lines,
    reason = "a table with a row for each operation"
)]
fn requests(
    room: &Room,
    job: &str,
    task: &str,
) -> Vec<(&'static str, &'static str, String, Option<Value>)> {
    let functions =
        |function: &str, name: &str, value: &str| format!("{TASKS}/{function}({name}='{value}')");
    let date = json!({"completeAfterDateTime": "2031-01-01T00:00:00Z"});
    let removal = |identity: &str, key: &str, value: &str| json!({"@context": "#$delta", "value": [{"@removed": {"reason": "deleted"}, identity: {key: value}}]});
    vec![
        ("listJobs", "GET", JOBS.into(), None),
        (
            "createJob",
            "POST",
            JOBS.into(),
            Some(room.new_job("Another")),
        ),
        ("getJob", "GET", format!("{JOBS}/{job}"), None),
        ("updateJob", "PATCH", format!("{JOBS}/{job}"), Some(date)),
        ("deleteJob", "DELETE", format!("{JOBS}/{job}"), None),
        ("cancelJob", "POST", format!("{JOBS}/{job}/cancel"), None),
        (
            "validateJob",
            "POST",
            format!("{JOBS}/{job}/validate"),
            None,
        ),
        ("migrateJob", "POST", format!("{JOBS}/{job}/migrate"), None),
        ("listUsers", "GET", format!("{JOBS}/{job}/users"), None),
        ("getUser", "GET", format!("{JOBS}/{job}/users/{ANNA}"), None),
        (
            "cancelUser",
            "POST",
            format!("{JOBS}/{job}/users/{ANNA}/cancel"),
            None,
        ),
        (
            "createSharepointTask",
            "POST",
            TASKS.into(),
            Some(user_task("ines@north.example")),
        ),
        ("getSharepointTask", "GET", format!("{TASKS}/{task}"), None),
        (
            "cancelSharepointTask",
            "POST",
            format!("{TASKS}/{task}/cancel"),
            None,
        ),
        (
            "getSharepointTaskBySourceUserPrincipalName",
            "GET",
            functions(
                "getBySourceUserPrincipalName",
                "sourcePrincipalName",
                "ines@north.example",
            ),
            None,
        ),
        (
            "getSharepointTaskBySourceSiteUrl",
            "GET",
            functions(
                "getBySourceSiteUrl",
                "sourceSiteUrl",
                "https://north.sharepoint.example/a",
            ),
            None,
        ),
        (
            "getSharepointTaskBySourceGroupMailNickname",
            "GET",
            functions(
                "getBySourceGroupMailNickname",
                "sourceGroupMailNickname",
                "projects",
            ),
            None,
        ),
        (
            "getUserMapping",
            "GET",
            format!("{USER_MAPPINGS}(sourceUserPrincipalName='ines@north.example')"),
            None,
        ),
        (
            "updateUserMappings",
            "PATCH",
            USER_MAPPINGS.into(),
            Some(removal(
                "sourceUserIdentity",
                "userPrincipalName",
                "ines@north.example",
            )),
        ),
        (
            "getGroupMapping",
            "GET",
            format!("{GROUP_MAPPINGS}(sourceGroupObjectId='{GROUP}')"),
            None,
        ),
        (
            "updateGroupMappings",
            "PATCH",
            GROUP_MAPPINGS.into(),
            Some(removal("sourceGroupIdentity", "id", GROUP)),
        ),
    ]
}

async fn send(room: &Room, method: &str, path: &str, body: Option<&Value>) -> Reply {
    match body {
        Some(body) => room.body(method, path, body).await,
        None => room.send(room.request(method, path)).await,
    }
}

/// Creates a job, mappings and three tasks; returns the ids of the job and of one task.
async fn furnish(room: &Room, witness: &mut Witness) -> (String, String) {
    let job = room.create("Wave 1").await;
    let user = json!({"@context": "#$delta", "value": [{
        "sourceOrganizationId": GROUP, "userType": "regularUser",
        "sourceUserIdentity": {"userPrincipalName": "ines@north.example"},
        "targetUserIdentity": {"userPrincipalName": "ines@south.example"},
        "targetUserMigrationData": {"email": "ines@south.example"},
    }]});
    let group = json!({"@context": "#$delta", "value": [{
        "sourceOrganizationId": GROUP, "groupType": "m365Group", "sourceGroupIdentity": {"id": GROUP},
        "targetGroupIdentity": {"id": GROUP}, "targetGroupMigrationData": {"mailNickname": "moved"},
    }]});
    witness.see(
        "updateUserMappings",
        200,
        room.body("PATCH", USER_MAPPINGS, &user).await,
    );
    witness.see(
        "updateGroupMappings",
        200,
        room.body("PATCH", GROUP_MAPPINGS, &group).await,
    );
    let mut last = String::new();
    for task in [
        user_task("ines@north.example"),
        site_task("https://north.sharepoint.example/a"),
        group_task("projects"),
    ] {
        let reply = witness.see(
            "createSharepointTask",
            200,
            room.body("POST", TASKS, &task).await,
        );
        reply.json()["id"]
            .as_str()
            .expect("an id")
            .clone_into(&mut last);
    }
    (job, last)
}

/// The status that lets the operation succeed.
fn ready_for(operation: &str) -> &'static str {
    match operation {
        "migrateJob" => "validatePassed",
        "deleteJob" => "completed",
        _ => "submitted",
    }
}

async fn successes(witness: &mut Witness) {
    let room = room().await;
    let (job, task) = furnish(&room, witness).await;
    for (operation, method, path, body) in requests(&room, &job, &task) {
        room.sandbox
            .set_job_status(&job, ready_for(operation))
            .expect("a status");
        let reply = send(&room, method, &path, body.as_ref()).await;
        let status = reply.status;
        assert!(status < 300, "{operation}: {}", reply.text);
        witness.see(operation, status, reply);
    }
    let drafts = Settings {
        cancel_user_status: 200,
        wrap_cancel_in_value: true,
        ..Settings::default()
    };
    let room = room_with(Sandbox::builder().settings(drafts)).await;
    let job = room.create("Wave 1").await;
    witness.see(
        "cancelUser",
        200,
        room.post(&format!("{JOBS}/{job}/users/{ANNA}/cancel"))
            .await,
    );
}

/// 429 and 503 come from in front of the service, 403 from missing scopes, 422 from a missing trust.
async fn refusals_of_every_operation(witness: &mut Witness) {
    let throttled = FaultRule::new(
        "*",
        Fault::Throttle {
            retry_after: RetryAfter::Seconds(1),
        },
    );
    let unavailable = FaultRule::new(
        "*",
        Fault::ServiceUnavailable {
            after_effect: false,
            retry_after: RetryAfter::None,
        },
    );
    for (builder, status) in [
        (Sandbox::builder().faults(vec![throttled]), 429),
        (Sandbox::builder().faults(vec![unavailable]), 503),
        (Sandbox::builder().scopes(["User.Read"]), 403),
        (Sandbox::builder().token("another"), 401),
    ] {
        let room = room_with(builder).await;
        for (operation, method, path, body) in requests(&room, "any", "any") {
            // Cancelling a task has no row for 403, so it counts as the default there.
            witness.see(
                operation,
                status,
                send(&room, method, &path, body.as_ref()).await,
            );
        }
    }
    let settings = Settings {
        trust_established: false,
        ..Settings::default()
    };
    let room = room_with(Sandbox::builder().settings(settings)).await;
    for (operation, method, path, body) in requests(&room, "any", "any") {
        if operation.contains("Sharepoint") {
            witness.see(
                operation,
                422,
                send(&room, method, &path, body.as_ref()).await,
            );
        }
    }
}

async fn refusals_of_jobs(witness: &mut Witness) {
    let room = room_with(Sandbox::builder().past_complete_after(PastCompleteAfter::Refuse)).await;
    let job = room.create("Wave 1").await;
    let path = format!("{JOBS}/{job}");
    witness.see(
        "createJob",
        422,
        room.body("POST", JOBS, &room.new_job("Wave 1")).await,
    );
    let past = json!({"completeAfterDateTime": "2001-01-01T00:00:00Z"});
    witness.see("updateJob", 422, room.body("PATCH", &path, &past).await);
    witness.see("deleteJob", 409, room.delete(&path).await);
    witness.see(
        "migrateJob",
        409,
        room.post(&format!("{path}/migrate")).await,
    );
    room.sandbox
        .set_job_status(&job, "cuttingOver")
        .expect("a status");
    witness.see("cancelJob", 409, room.post(&format!("{path}/cancel")).await);
    witness.see(
        "validateJob",
        409,
        room.post(&format!("{path}/validate")).await,
    );
    witness.see(
        "cancelUser",
        409,
        room.post(&format!("{path}/users/{ANNA}/cancel")).await,
    );
    witness.see(
        "validateJob",
        404,
        room.post(&format!("{JOBS}/none/validate")).await,
    );
    witness.see(
        "migrateJob",
        404,
        room.post(&format!("{JOBS}/none/migrate")).await,
    );
    witness.see(
        "cancelUser",
        404,
        room.post(&format!("{JOBS}/none/users/{ANNA}/cancel")).await,
    );
    witness.see(
        "cancelUser",
        404,
        room.post(&format!("{path}/users/nobody/cancel")).await,
    );
}

async fn refusals_of_sharepoint(witness: &mut Witness) {
    let room = room().await;
    let (_, task) = furnish(&room, witness).await;
    witness.see(
        "createSharepointTask",
        400,
        room.body("POST", TASKS, &json!({})).await,
    );
    witness.see(
        "getSharepointTask",
        400,
        room.get(&format!("{TASKS}('')")).await,
    );
    witness.see(
        "getSharepointTask",
        404,
        room.get(&format!("{TASKS}/none")).await,
    );
    witness.see(
        "cancelSharepointTask",
        400,
        room.post(&format!("{TASKS}('')/cancel")).await,
    );
    witness.see(
        "cancelSharepointTask",
        404,
        room.post(&format!("{TASKS}/none/cancel")).await,
    );
    room.advance(600);
    witness.see(
        "cancelSharepointTask",
        409,
        room.post(&format!("{TASKS}/{task}/cancel")).await,
    );
    for (operation, function, name) in [
        (
            "getSharepointTaskBySourceUserPrincipalName",
            "getBySourceUserPrincipalName",
            "sourcePrincipalName",
        ),
        (
            "getSharepointTaskBySourceSiteUrl",
            "getBySourceSiteUrl",
            "sourceSiteUrl",
        ),
        (
            "getSharepointTaskBySourceGroupMailNickname",
            "getBySourceGroupMailNickname",
            "sourceGroupMailNickname",
        ),
    ] {
        witness.see(
            operation,
            400,
            room.get(&format!("{TASKS}/{function}({name}='')")).await,
        );
        witness.see(
            operation,
            404,
            room.get(&format!("{TASKS}/{function}({name}='none')"))
                .await,
        );
    }
    let settings = Settings {
        same_farm: true,
        ..Settings::default()
    };
    let room = room_with(Sandbox::builder().settings(settings)).await;
    let reply = room
        .body(
            "POST",
            TASKS,
            &site_task("https://north.sharepoint.example/a"),
        )
        .await;
    witness.see("createSharepointTask", 501, reply);
}

#[tokio::test]
async fn every_documented_answer_is_given_and_fits_the_specification() {
    let mut witness = Witness {
        spec: Spec::load(),
        seen: BTreeSet::new(),
    };
    successes(&mut witness).await;
    refusals_of_every_operation(&mut witness).await;
    refusals_of_jobs(&mut witness).await;
    refusals_of_sharepoint(&mut witness).await;
    let documented: BTreeSet<(String, String)> = witness.spec.answers().cloned().collect();
    let shown = |set: &BTreeSet<(String, String)>| -> Vec<String> {
        let texts = set.iter();
        texts.map(|(id, status)| format!("{id} {status}")).collect()
    };
    assert_same(
        "answers that were given",
        shown(&witness.seen),
        shown(&documented),
        "the requests in sandbox/tests/it/conformance.rs, and the rules in sandbox/src/jobs/ and sandbox/src/sharepoint/",
    );
    println!(
        "{} operations, {} answers",
        witness.spec.operation_ids().len(),
        documented.len()
    );
}

#[tokio::test]
async fn jobs_users_and_tasks_fit_the_specification_in_every_status() {
    let witness = &mut Witness {
        spec: Spec::load(),
        seen: BTreeSet::new(),
    };
    let room = room_with(Sandbox::builder().demo()).await;
    for jump in [0, 30, 600, 3600, 86_400, 864_000] {
        room.advance(jump);
        let page = witness.see(
            "listJobs",
            200,
            room.get(&format!("{JOBS}?$top=50&$count=true")).await,
        );
        for job in page.json()["value"].as_array().expect("jobs") {
            let path = format!("{JOBS}/{}", job["id"].as_str().expect("an id"));
            witness.see("getJob", 200, room.get(&path).await);
            let users = witness.see(
                "listUsers",
                200,
                room.get(&format!("{path}/users?$top=5")).await,
            );
            let user = users.json()["value"][0]["id"]
                .as_str()
                .expect("an id")
                .to_owned();
            witness.see(
                "getUser",
                200,
                room.get(&format!("{path}/users/{user}")).await,
            );
        }
        for task in room.sandbox.tasks() {
            witness.see(
                "getSharepointTask",
                200,
                room.get(&format!("{TASKS}/{}", task.id)).await,
            );
        }
    }
}

#[tokio::test]
async fn the_examples_of_query_options_are_accepted_wherever_they_stand() {
    let mut witness = Witness {
        spec: Spec::load(),
        seen: BTreeSet::new(),
    };
    let room = room().await;
    let (job, task) = furnish(&room, &mut witness).await;
    let mut accepted = 0;
    for (operation, method, path, _) in requests(&room, &job, &task) {
        for (name, value) in witness.spec.query_examples(operation) {
            // A token is good only for whom it was issued to.
            if name == "$skiptoken" {
                continue;
            }
            assert_eq!(method, "GET", "{operation} takes {name}");
            let request = room.request(method, &path).query(&[(&name, &value)]);
            witness.see(operation, 200, room.send(request).await);
            accepted += 1;
        }
    }
    assert!(accepted > 12, "only {accepted} examples were found");
}
