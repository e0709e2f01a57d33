//! The documented requests, sent as they stand; the answers have the documented shape.
//!
//! The samples are other people's text and not part of the repository; without them the tests say so and pass.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use msgraph_migrations_checks::sets::assert_same;
use msgraph_migrations_sandbox::Sandbox;
use serde_json::{Value, json};

use crate::support::{GROUP_MAPPINGS, Reply, Room, TASKS, USER_MAPPINGS, room_with};

struct Samples(PathBuf);

impl Samples {
    fn find() -> Option<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/examples");
        if folder.is_dir() {
            return Some(Self(folder));
        }
        println!("skipped: the documented samples are not beside the checkout");
        None
    }

    fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.0.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_str(&self.text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// The method and the path of a sample request.
    fn request(&self, name: &str) -> (String, String) {
        let text = self.text(name);
        let line = text.lines().next().expect("a request line");
        let (method, url) = line.split_once(' ').expect("a method and an address");
        let path = url
            .trim()
            .strip_prefix("https://graph.microsoft.com")
            .expect("Graph's address");
        (method.to_owned(), path.to_owned())
    }
}

fn keys(value: &Value) -> BTreeSet<&String> {
    value.as_object().expect("an object").keys().collect()
}

fn assert_keys(what: &str, answer: &Value, sample: &Value) {
    assert_same(
        &format!("members of the answer to {what}, and of the documented one"),
        keys(answer),
        keys(sample),
        "sandbox/src/jobs/view.rs or sandbox/src/sharepoint/",
    );
}

async fn send(room: &Room, (method, path): (String, String)) -> Reply {
    room.send(room.request(&method, &path)).await
}

/// The segment of a sample's path that stands `from_end` places before its last.
fn segment(samples: &Samples, name: &str, from_end: usize) -> String {
    let (_, path) = samples.request(name);
    path.rsplit('/')
        .nth(from_end)
        .expect("a longer path")
        .to_owned()
}

const COLLECTION: &str = "/beta/solutions/migrations/crossTenantMigrationJobs";

/// The jobs that the samples are about. Their names are the documented ids, which serve in place of their own.
struct Jobs {
    /// The job that is read.
    read: String,
    read_id: String,
    /// The job that is acted upon.
    acted: String,
    acted_id: String,
    /// A user of both.
    user: String,
}

impl Jobs {
    async fn create(room: &Room, samples: &Samples) -> Self {
        let read = segment(samples, "crosstenantmigrationjob-get__request.http", 0);
        let acted = segment(samples, "crosstenantmigrationjob-cancel__request.http", 1);
        let user = segment(samples, "crosstenantmigrationtask-get__request.http", 0);
        let mut body = samples.json("orchestrator_create_body_with_meeting.json");
        body["sourceTenantId"] = json!(user);
        body["resources"] = json!([user]);
        body["displayName"] = json!(read);
        let answer = room
            .body("POST", COLLECTION, &body)
            .await
            .expect(201)
            .json();
        let read_id = answer["id"].as_str().expect("an id").to_owned();
        let mut body = samples.json("migrationsroot-post-crosstenantmigrationjobs__request.json");
        body["displayName"] = json!(acted);
        let answer = room
            .body("POST", COLLECTION, &body)
            .await
            .expect(201)
            .json();
        let sample = samples.json("migrationsroot-post-crosstenantmigrationjobs__response.json");
        assert_keys("a created job", &answer, &sample);
        for same in [
            "jobType",
            "status",
            "message",
            "resourceType",
            "workloads",
            "resources",
        ] {
            assert_eq!(answer[same], sample[same], "{same}");
        }
        let acted_id = answer["id"].as_str().expect("an id").to_owned();
        room.sandbox
            .set_job_status(&read_id, "completed")
            .expect("a status");
        Self {
            read,
            read_id,
            acted,
            acted_id,
            user,
        }
    }
}

#[tokio::test]
async fn job_requests_of_the_documents_get_answers_of_the_documented_shape() {
    const WHOLE: &[&str] = &[
        "status",
        "jobType",
        "message",
        "resourceType",
        "resources",
        "workloads",
    ];
    let Some(samples) = Samples::find() else {
        return;
    };
    let room = room_with(Sandbox::builder()).await;
    let jobs = Jobs::create(&room, &samples).await;
    for (name, status_before, status, same) in [
        ("crosstenantmigrationjob-validate", "submitted", 200, WHOLE),
        (
            "crosstenantmigrationjob-migrate",
            "validatePassed",
            200,
            WHOLE,
        ),
        (
            "crosstenantmigrationjob-cancel",
            "validatePassed",
            202,
            &["status", "message"],
        ),
        ("crosstenantmigrationjob-get", "submitted", 200, &WHOLE[..5]),
        (
            "crosstenantmigrationtask-get",
            "submitted",
            200,
            &["id", "currentStatus"],
        ),
    ] {
        room.sandbox
            .set_job_status(&jobs.acted, status_before)
            .expect("a status");
        let request = samples.request(&format!("{name}__request.http"));
        let answer = send(&room, request).await.expect(status).json();
        let sample = samples.json(&format!("{name}__response.json"));
        assert_keys(name, &answer, &sample);
        for same in same {
            assert_eq!(answer[same], sample[same], "{name} {same}");
        }
        let fragment = |answer: &Value| {
            let context = answer["@odata.context"].as_str()?.split_once('#')?.1;
            Some(context.replace(&jobs.read_id, &jobs.read))
        };
        assert_eq!(fragment(&answer), fragment(&sample), "{name}");
    }
    // An update of the samples' date, which has passed, and a deletion.
    let update = samples.json("crosstenantmigrationjob-update__request.json");
    let path = format!("{COLLECTION}/{}", jobs.acted_id);
    room.body("PATCH", &path, &update).await.expect(204);
    room.sandbox
        .set_job_status(&jobs.acted, "cancelled")
        .expect("a status");
    let deletion = samples.request("migrationsroot-delete-crosstenantmigrationjobs__request.http");
    assert_eq!(send(&room, deletion).await.expect(202).text, "");
}

#[tokio::test]
async fn lists_and_user_cancellations_of_the_documents_get_answers_of_the_documented_shape() {
    let Some(samples) = Samples::find() else {
        return;
    };
    let room = room_with(Sandbox::builder()).await;
    let jobs = Jobs::create(&room, &samples).await;
    // The sample shows a next link, so there have to be more jobs than a page holds.
    room.sandbox.preload_jobs(30, 1).expect("jobs");
    for name in [
        "crosstenantmigrationjob-list-users",
        "migrationsroot-list-crosstenantmigrationjobs",
    ] {
        let answer = send(&room, samples.request(&format!("{name}__request.http")))
            .await
            .expect(200)
            .json();
        let sample = samples.json(&format!("{name}__response.json"));
        assert_keys(name, &answer, &sample);
        assert_keys(name, &answer["value"][0], &sample["value"][0]);
    }
    // The user of the sample is in the job that is read, so that one is cancelled here.
    room.sandbox
        .set_job_status(&jobs.read, "submitted")
        .expect("a status");
    let (method, path) = samples.request("crosstenantmigrationtask-cancel__request.http");
    assert!(path.contains(&jobs.user));
    let answer = send(&room, (method, path.replace(&jobs.acted, &jobs.read)))
        .await
        .expect(202)
        .json();
    let sample = samples.text("crosstenantmigrationtask-cancel__response.json");
    let sample: Value =
        serde_json::from_str(&sample.replace(&jobs.acted, &jobs.read)).expect("JSON");
    assert_eq!(answer, sample);
}

#[tokio::test]
async fn sharepoint_requests_of_the_documents_get_the_documented_answers() {
    let Some(samples) = Samples::find() else {
        return;
    };
    let room = room_with(Sandbox::builder().require_identity_map(false)).await;
    for number in [2, 4, 6, 8, 10, 12, 14] {
        let request = samples.json(&format!(
            "sharepointmigrationtask-update__{number:02}-request.json"
        ));
        let mut sample = samples.json(&format!(
            "sharepointmigrationtask-update__{:02}-response.json",
            number + 1
        ));
        let mut answer = room.body("POST", TASKS, &request).await.expect(200).json();
        let answer = answer.as_object_mut().expect("an object");
        answer.remove("@odata.context");
        assert_eq!(
            answer.remove("id").is_some(),
            sample
                .as_object_mut()
                .expect("an object")
                .remove("id")
                .is_some()
        );
        if number == 6 {
            // What the service looked up there is not in the request.
            assert_eq!(keys(&answer["parameters"]), keys(&sample["parameters"]));
            continue;
        }
        assert_eq!(Value::Object(answer.clone()), sample, "{number}");
    }
    room.advance(86_400);
    let answer = send(
        &room,
        samples.request("sharepointmigrationtask-getbysourcesiteurl__02-request.http"),
    )
    .await;
    let answer = answer.expect(200).json();
    let sample = samples.json("sharepointmigrationtask-getbysourcesiteurl__03-response.json");
    let missing: Vec<&String> = keys(&sample).difference(&keys(&answer)).copied().collect();
    assert_eq!((missing.len(), &answer["status"]), (0, &sample["status"]));
    for (family, path) in [("user", USER_MAPPINGS), ("group", GROUP_MAPPINGS)] {
        let mut request = samples.json(&format!(
            "sharepoint{family}identitymapping-update__02-request.json"
        ));
        let mut sample = samples.json(&format!(
            "sharepoint{family}identitymapping-update__03-response.json"
        ));
        let answer = room.body("PATCH", path, &request).await.expect(200).json();
        for side in ["targetUserIdentity", "targetUserMigrationData"] {
            // The published request and answer name different targets.
            sample["value"][0][side] = request["value"][0][side].clone();
        }
        if family == "group" {
            sample["value"][0]
                .as_object_mut()
                .expect("an object")
                .retain(|name, _| !name.contains("targetUser"));
        }
        assert_eq!(answer["value"], sample["value"], "{family}");
        request["value"].as_array_mut().expect("a list").pop();
        room.body("PATCH", path, &request).await.expect(200);
        let name = format!("sharepoint{family}identitymapping-get");
        let mut sample = samples.json(&format!("{name}__03-response.json"));
        let request = samples.request(&format!("{name}__02-request.http"));
        let answer = send(&room, request).await;
        let mut answer = answer.expect(200).json();
        for side in [
            "targetUserIdentity",
            "targetUserMigrationData",
            "@odata.context",
        ] {
            for object in [&mut answer, &mut sample] {
                object.as_object_mut().expect("an object").remove(side);
            }
        }
        assert_eq!(answer, sample, "{family}");
    }
}
