//! Where the documents disagree, a setting chooses the other side.

use msgraph_migrations_sandbox::{
    CancelInProgress, CompleteAfterGates, CreateStarts, EchoResources, PastCompleteAfter, Sandbox,
    Settings,
};
use serde_json::{Value, json};

use crate::support::{
    ANNA, BERT, CARA, DAY, GROUP_MAPPINGS, HOUR, JOBS, Room, TASKS, USER_MAPPINGS, room_with,
    site_task,
};

async fn with(change: impl FnOnce(&mut Settings)) -> Room {
    let mut settings = Settings::default();
    change(&mut settings);
    room_with(Sandbox::builder().settings(settings)).await
}

#[tokio::test]
async fn cancellations_can_be_answered_as_in_the_drafts() {
    let room = with(|settings| {
        settings.cancel_job_status = 200;
        settings.cancel_user_status = 200;
        settings.wrap_cancel_in_value = true;
        settings.cancel_answer_names_job = false;
    })
    .await;
    let job = room.create("Wave 1").await;
    let user = room
        .post(&format!("{JOBS}/{job}/users/{ANNA}/cancel"))
        .await
        .expect(200)
        .json();
    assert_eq!(user["value"]["status"], "Accepted");
    let reply = room
        .post(&format!("{JOBS}/{job}/cancel"))
        .await
        .expect(200)
        .json();
    let keys: Vec<&String> = reply["value"]
        .as_object()
        .expect("an object")
        .keys()
        .collect();
    assert_eq!(keys, ["message", "status"]);
}

#[tokio::test]
async fn creation_can_start_validation_or_migration() {
    for (starts, status, job_type) in [
        (CreateStarts::Nothing, "submitted", "validate"),
        (CreateStarts::Validation, "validateSubmitted", "validate"),
        (CreateStarts::Migration, "processing", "migrate"),
    ] {
        let room = with(|settings| settings.create_starts = starts).await;
        let reply = room
            .body("POST", JOBS, &room.new_job("Wave 1"))
            .await
            .expect(201)
            .json();
        assert_eq!(
            (reply["status"].as_str(), reply["jobType"].as_str()),
            (Some(status), Some(job_type))
        );
        let id = reply["id"].as_str().expect("an id");
        let expected = if starts == CreateStarts::Nothing {
            200
        } else {
            409
        };
        room.post(&format!("{JOBS}/{id}/validate"))
            .await
            .expect(expected);
    }
}

#[tokio::test]
async fn the_collection_can_validate() {
    let room = with(|settings| settings.collection_validate = true).await;
    let reply = room
        .body("POST", &format!("{JOBS}/validate"), &room.new_job("Wave 1"))
        .await
        .expect(201)
        .json();
    assert_eq!(
        (reply["status"].as_str(), reply["jobType"].as_str()),
        (Some("validateSubmitted"), Some("validate"))
    );
    let room = with(|_| {}).await;
    room.body("POST", &format!("{JOBS}/validate"), &room.new_job("Wave 1"))
        .await
        .expect(405);
}

#[tokio::test]
async fn a_job_can_be_held_to_a_hundred_users() {
    let room = with(|settings| settings.max_users_per_job = 100).await;
    for (count, status) in [(100, 201), (101, 422)] {
        let mut job = room.new_job(&format!("Wave of {count}"));
        let users: Vec<String> = (0..count)
            .map(|n| format!("00000000-0000-4000-8000-{n:012}"))
            .collect();
        job["resources"] = json!(users);
        room.body("POST", JOBS, &job).await.expect(status);
    }
}

#[tokio::test]
async fn a_date_in_the_past_can_be_refused() {
    for (past, created, updated) in [
        (PastCompleteAfter::Accept, 201, 204),
        (PastCompleteAfter::Refuse, 422, 422),
    ] {
        let room = with(|settings| settings.past_complete_after = past).await;
        let job = room.create("Wave 1").await;
        let mut late = room.new_job("Wave 2");
        late["completeAfterDateTime"] = json!(room.sandbox.now().to_rfc3339());
        let date = json!({"completeAfterDateTime": late["completeAfterDateTime"]});
        for (method, path, body, status) in [
            ("POST", JOBS.to_owned(), &late, created),
            ("PATCH", format!("{JOBS}/{job}"), &date, updated),
        ] {
            let reply = room.body(method, &path, body).await.expect(status);
            if status == 422 {
                assert_eq!(
                    reply.codes(),
                    ("BadArgument".into(), Some("minThresholdFailed".into()))
                );
                assert_eq!(
                    reply.message(),
                    "completeAfterDateTime must be greater than the current time."
                );
            }
        }
    }
}

#[tokio::test]
async fn a_date_that_has_passed_can_be_fixed() {
    for (refuse, status) in [(false, 204), (true, 409)] {
        let room = with(|settings| settings.refuse_late_update = refuse).await;
        let job = room.create("Wave 1").await;
        let path = format!("{JOBS}/{job}");
        let date = json!({"completeAfterDateTime": (room.sandbox.now() + chrono::TimeDelta::hours(2)).to_rfc3339()});
        room.sandbox
            .set_job_status(&job, "inProgress")
            .expect("a status");
        room.body("PATCH", &path, &date).await.expect(204);
        room.advance(2 * HOUR);
        assert_eq!(room.status(&job), "cuttingOver");
        room.body("PATCH", &path, &date).await.expect(status);
    }
}

#[tokio::test]
async fn the_date_can_hold_back_all_processing() {
    for (gate, status) in [
        (CompleteAfterGates::Cutover, "inProgress"),
        (CompleteAfterGates::Processing, "processing"),
    ] {
        let room = with(|settings| settings.complete_after_gates = gate).await;
        let job = room.create("Wave 1").await;
        room.sandbox
            .set_job_status(&job, "validatePassed")
            .expect("a status");
        room.post(&format!("{JOBS}/{job}/migrate"))
            .await
            .expect(200);
        room.advance(12 * HOUR);
        assert_eq!(room.status(&job), status);
        room.advance(DAY);
        assert_eq!(room.status(&job), "completed");
    }
}

#[tokio::test]
async fn a_migration_can_be_cancelled_never_or_until_it_cuts_over() {
    for (rule, before, after) in [
        (CancelInProgress::Never, 409, 409),
        (CancelInProgress::UntilCompleteAfter, 202, 409),
        (CancelInProgress::UntilCuttingOver, 202, 202),
    ] {
        let room = with(|settings| settings.cancel_in_progress = rule).await;
        let job = room.create("Wave 1").await;
        for (wait, status) in [(0, before), (2 * DAY, after)] {
            room.sandbox
                .set_job_status(&job, "inProgress")
                .expect("a status");
            room.sandbox.set_job_stalled(&job, true).expect("the job");
            room.advance(wait);
            room.post(&format!("{JOBS}/{job}/cancel"))
                .await
                .expect(status);
        }
    }
}

#[tokio::test]
async fn an_expired_validation_can_be_renewed_and_bind_retries() {
    let room = with(|settings| {
        settings.revalidate_expired = true;
        settings.expiry_binds_retry = true;
    })
    .await;
    let job = room.create("Wave 1").await;
    room.sandbox
        .set_job_status(&job, "validatePassed")
        .expect("a status");
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(409);
    room.advance(8 * DAY);
    room.post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(409);
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200);
    room.advance(HOUR);
    room.post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(200);
    room.sandbox
        .set_job_status(&job, "failed")
        .expect("a status");
    room.advance(8 * DAY);
    room.post(&format!("{JOBS}/{job}/migrate"))
        .await
        .expect(409);
}

#[tokio::test]
async fn answers_can_take_the_other_documented_shape() {
    let room = with(|settings| {
        settings.update_returns_job = true;
        settings.wrap_entity_in_value = true;
        settings.capitalised_statuses = true;
        settings.created_by = "2f7e9b04-1c6d-4a83-95f2-d8b30e4c7a61".into();
        settings.echo_resources = EchoResources::Always;
    })
    .await;
    let job = room.create("Wave 1").await;
    let path = format!("{JOBS}/{job}");
    let date = json!({"completeAfterDateTime": "2031-01-01T00:00:00Z"});
    assert_eq!(
        room.body("PATCH", &path, &date).await.expect(200).json()["id"],
        job.as_str()
    );
    let wrapped = room.get(&path).await.expect(200).json();
    assert_eq!(wrapped["value"]["status"], "Submitted");
    assert_eq!(
        wrapped["value"]["createdBy"],
        "2f7e9b04-1c6d-4a83-95f2-d8b30e4c7a61"
    );
    assert_eq!(wrapped["value"]["resources"], json!([ANNA, BERT, CARA]));
    let room = with(|settings| settings.echo_resources = EchoResources::Never).await;
    let reply = room
        .body("POST", JOBS, &room.new_job("Wave 1"))
        .await
        .expect(201)
        .json();
    assert_eq!(
        (&reply["resources"], &reply["resourceType"]),
        (&json!([]), &json!("users"))
    );
}

#[tokio::test]
async fn meetings_can_be_unknown_as_a_workload() {
    for (accept, status) in [(true, 201), (false, 400)] {
        let room = with(|settings| settings.accept_meeting_workload = accept).await;
        let mut job = room.new_job("Wave 1");
        job["workloads"] = json!(["Teams", "Exchange", "Meeting"]);
        room.body("POST", JOBS, &job).await.expect(status);
    }
}

#[tokio::test]
async fn a_deleted_job_can_vanish_and_a_half_finished_one_can_stay() {
    let room = with(|settings| {
        settings.deleted_jobs_vanish = true;
        settings.delete_completed_with_errors = false;
    })
    .await;
    let job = room.create("Wave 1").await;
    let path = format!("{JOBS}/{job}");
    room.sandbox
        .set_job_status(&job, "completedWithErrors")
        .expect("a status");
    room.delete(&path).await.expect(409);
    room.sandbox
        .set_job_status(&job, "completed")
        .expect("a status");
    room.delete(&path).await.expect(202);
    room.get(&path).await.expect(200);
    room.advance(DAY);
    room.get(&path).await.expect(404);
    assert_eq!(room.get(JOBS).await.expect(200).json()["value"], json!([]));
    assert_eq!(
        room.get(&format!("{JOBS}/$count")).await.expect(200).text,
        "0"
    );
}

#[tokio::test]
async fn the_largest_page_can_be_small() {
    let room = with(|settings| settings.max_page_size = 2).await;
    room.sandbox.preload_jobs(5, 1).expect("jobs");
    let page = room
        .get(&format!("{JOBS}?$top=100"))
        .await
        .expect(200)
        .json();
    assert_eq!(page["value"].as_array().map(Vec::len), Some(2));
    assert!(page["@odata.nextLink"].is_string());
}

#[tokio::test]
async fn sharepoint_answers_can_be_as_odd_as_the_samples() {
    let room = with(|settings| {
        settings.completed_literal = "success".into();
        settings.unpadded_task_dates = true;
        settings.mapping_answer_without_deleted = true;
        settings.staging_context = true;
    })
    .await;
    let task = room
        .body(
            "POST",
            TASKS,
            &site_task("https://north.sharepoint.example/a"),
        )
        .await
        .expect(200)
        .json();
    room.advance(DAY);
    let path = format!("{TASKS}/{}", task["id"].as_str().expect("an id"));
    let task = room.get(&path).await.expect(200).json();
    assert_eq!(task["status"], "success");
    assert_eq!(task["startedDateTime"], "2026-1-05T08:05:00.000Z");
    let group = "5b1a9e80-7d2c-4f36-a04b-c9d8e7f6a5b4";
    let put = json!({
        "sourceOrganizationId": group, "groupType": "m365Group", "sourceGroupIdentity": {"id": group},
        "targetGroupIdentity": {"id": group},
    });
    room.body(
        "PATCH",
        GROUP_MAPPINGS,
        &json!({"@context": "#$delta", "value": [put]}),
    )
    .await
    .expect(200);
    let found = room
        .get(&format!("{GROUP_MAPPINGS}(sourceGroupObjectId='{group}')"))
        .await
        .expect(200)
        .json();
    assert!(
        found["@odata.context"]
            .as_str()
            .expect("a context")
            .contains("/stagingbeta/")
    );
    room.map_user("a@north.example").await;
    let gone = json!({"@removed": {"reason": "deleted"}, "sourceUserIdentity": {"userPrincipalName": "a@north.example"}});
    let reply = room
        .body(
            "PATCH",
            USER_MAPPINGS,
            &json!({"@context": "#$delta", "value": [gone]}),
        )
        .await
        .expect(200)
        .json();
    assert_eq!(reply["value"][0].get("deleted"), None::<&Value>);
}

#[tokio::test]
async fn manage_can_be_made_to_include_reading() {
    for (includes, status) in [(false, 403), (true, 404)] {
        let settings = Settings {
            manage_allows_reading: includes,
            ..Settings::default()
        };
        let builder = Sandbox::builder()
            .settings(settings)
            .scopes(["SharePointCrossTenantMigration.Manage.All"]);
        let room = room_with(builder).await;
        let reply = room.get(&format!("{TASKS}/any")).await.expect(status);
        if status == 403 {
            assert_eq!(reply.message(), "Access denied");
        }
    }
}
