//! SharePoint tasks and identity maps.

use base64::Engine as _;
use msgraph_migrations_sandbox::{Sandbox, Settings};
use serde_json::{Value, json};

use crate::support::{
    DAY, GROUP_MAPPINGS, HOUR, MINUTE, Room, TASKS, USER_MAPPINGS, group_task, room, room_with,
    site_task, user_task,
};

async fn create(room: &Room, task: &Value) -> String {
    let reply = room.body("POST", TASKS, task).await.expect(200).json();
    assert_eq!(reply["status"], "notStarted");
    reply["id"].as_str().expect("an id").to_owned()
}

async fn status(room: &Room, id: &str) -> String {
    let task = room.get(&format!("{TASKS}/{id}")).await.expect(200).json();
    task["status"].as_str().expect("a status").to_owned()
}

#[tokio::test]
async fn a_task_goes_from_not_started_to_completed_and_is_found_by_its_source() {
    let room = room().await;
    room.map_user("ines@north.example").await;
    let site = "https://north.sharepoint.example/sites/IT & O'Brien";
    for (task, paths) in [
        (user_task("ines@north.example"), vec![
            "getBySourceUserPrincipalName(sourcePrincipalName='ines@north.example')".to_owned(),
            "GETBYSOURCEUSERPRINCIPALNAME(sourceprincipalname='INES%40north.example')".to_owned(),
            "microsoft.graph.getBySourceUserPrincipalName(sourcePrincipalName=@upn)?@upn='ines@north.example'".to_owned(),
        ]),
        (site_task(site), vec![
            "getBySourceSiteUrl(sourceSiteUrl='https://north.sharepoint.example/sites/IT%20&%20O''Brien')".to_owned(),
            "getBySourceSiteUrl(sourceSiteUrl='https%3A%2F%2Fnorth.sharepoint.example%2Fsites%2FIT%20%26%20O%27%27Brien')".to_owned(),
        ]),
        (group_task("projects"), vec![
            "getBySourceGroupMailNickname(sourceGroupMailNickname='projects')".to_owned(),
        ]),
    ] {
        let id = create(&room, &task).await;
        assert_eq!(status(&room, &id).await, "notStarted");
        room.advance(10 * MINUTE);
        assert_eq!(status(&room, &id).await, "inProgress");
        let reply = room.post(&format!("{TASKS}/{id}/cancel")).await.expect(409);
        assert_eq!(reply.message(), "Cannot process the cancel request because the task is in progress");
        room.advance(HOUR);
        for path in paths {
            let found = room.get(&format!("{TASKS}/{path}")).await.expect(200).json();
            assert_eq!(found["id"], id.as_str(), "{path}");
            assert_eq!(found["status"], "completed");
            assert_eq!(found["parameters"], task["parameters"]);
            assert!(found["finishedDateTime"].as_str() > found["startedDateTime"].as_str());
        }
        let by_parentheses = room.get(&format!("{TASKS}('{id}')?$select=id,status")).await.expect(200).json();
        assert_eq!(by_parentheses["status"], "completed");
        assert_eq!(by_parentheses.get("parameters"), None);
        room.post(&format!("{TASKS}/{id}/cancel")).await.expect(409);
    }
    assert_eq!(
        room.get(&format!("{TASKS}/$count")).await.expect(200).text,
        "3"
    );
}

#[tokio::test]
async fn a_task_waits_for_its_start_and_is_given_up_after_its_latest_start() {
    let room = room().await;
    let at = |days: i64| (room.sandbox.now() + chrono::TimeDelta::days(days)).to_rfc3339();
    let mut waiting = site_task("https://north.sharepoint.example/sites/waiting");
    waiting["parameters"]["preferredStartDateTime"] = json!(at(2));
    waiting["parameters"]["preferredLatestStartDateTime"] = json!(at(3));
    let waiting = create(&room, &waiting).await;
    // Its latest start has passed before it could be picked up.
    let mut late = site_task("https://north.sharepoint.example/sites/late");
    late["parameters"]["preferredLatestStartDateTime"] = json!(at(-1));
    let late = create(&room, &late).await;
    // This one passes while the task waits to be picked up.
    let mut missed = site_task("https://north.sharepoint.example/sites/missed");
    let soon = room.sandbox.now() + chrono::TimeDelta::minutes(1);
    missed["parameters"]["preferredLatestStartDateTime"] = json!(soon.to_rfc3339());
    let missed = create(&room, &missed).await;
    assert_eq!(status(&room, &missed).await, "notStarted");
    let cancelled = create(
        &room,
        &site_task("https://north.sharepoint.example/sites/cancelled"),
    )
    .await;
    assert_eq!(
        room.post(&format!("{TASKS}/{cancelled}/cancel"))
            .await
            .expect(204)
            .text,
        ""
    );
    room.advance(DAY);
    assert_eq!(status(&room, &waiting).await, "notStarted");
    assert_eq!(status(&room, &late).await, "cancelled");
    assert_eq!(status(&room, &missed).await, "cancelled");
    assert_eq!(status(&room, &cancelled).await, "cancelled");
    room.post(&format!("{TASKS}/{cancelled}/cancel"))
        .await
        .expect(409);
    room.advance(DAY + MINUTE);
    assert_eq!(status(&room, &waiting).await, "inProgress");
    room.advance(DAY);
    assert_eq!(status(&room, &waiting).await, "completed");
}

#[tokio::test]
async fn a_task_that_only_validates_is_answered_and_forgotten() {
    let room = room().await;
    let mut task = site_task("https://north.sharepoint.example/sites/IT");
    task["parameters"]["validateOnly"] = json!(true);
    let reply = room.body("POST", TASKS, &task).await.expect(200).json();
    assert_eq!(
        (reply["status"].as_str(), reply.get("id")),
        (Some("completed"), None)
    );
    assert!(room.sandbox.tasks().is_empty());
    assert_eq!(room.sandbox.effects("createSharepointTask"), 0);
}

#[tokio::test]
async fn a_task_by_object_ids_is_answered_with_the_names_behind_them() {
    let room = room().await;
    let source = "7d3c1b90-5a4e-4f26-8b17-93e0c2d4a6f8";
    let delta = json!({"@context": "#$delta", "value": [{
        "sourceOrganizationId": "3f5a7c19-2b4d-4e6f-8091-a2b3c4d5e6f7",
        "userType": "regularUser",
        "sourceUserIdentity": {"userPrincipalName": "ines@north.example", "id": source},
        "targetUserIdentity": {"userPrincipalName": "ines@south.example"},
    }]});
    room.body("PATCH", USER_MAPPINGS, &delta).await.expect(200);
    let mut task = user_task("unused");
    task["parameters"]["sourceUserIdentity"] = json!({"id": source});
    task["parameters"]["targetUserIdentity"] =
        json!({"id": "8e4d2ca1-6b5f-4037-9c28-a4f1d3e5b709"});
    task["parameters"]["targetDataLocationCode"] = Value::Null;
    let reply = room.body("POST", TASKS, &task).await.expect(200).json();
    assert_eq!(
        reply["parameters"]["sourceUserIdentity"],
        json!({"id": source, "userPrincipalName": "ines@north.example"})
    );
    assert_eq!(
        reply["parameters"]["targetUserIdentity"]["userPrincipalName"],
        "ines@south.example"
    );
    assert!(reply["parameters"]["targetDataLocationCode"].is_string());
}

#[tokio::test]
async fn a_failed_task_says_why_and_can_be_submitted_again() {
    let room = room().await;
    let source = "https://north.sharepoint.example/sites/IT";
    room.sandbox.set_source_fails(source, true);
    let first = create(&room, &site_task(source)).await;
    room.advance(DAY);
    let task = room
        .get(&format!("{TASKS}/{first}"))
        .await
        .expect(200)
        .json();
    assert_eq!(task["status"], "failed");
    assert!(task["error"]["code"].is_string());
    room.sandbox.set_source_fails(source, false);
    let second = create(&room, &site_task(source)).await;
    room.advance(DAY);
    let found = room
        .get(&format!(
            "{TASKS}/getBySourceSiteUrl(sourceSiteUrl='{source}')"
        ))
        .await
        .expect(200)
        .json();
    assert_eq!(
        (found["id"].as_str(), found["status"].as_str()),
        (Some(second.as_str()), Some("completed"))
    );
}

#[tokio::test]
async fn the_conditions_of_the_drafts_are_refused_with_their_codes() {
    let upn = "ines@north.example";
    let settings = Settings::default();
    for (settings, status, code) in [
        (
            Settings {
                trust_established: false,
                ..settings.clone()
            },
            422,
            "MnATrustNoSetupForPartner",
        ),
        (
            Settings {
                same_farm: true,
                ..settings.clone()
            },
            501,
            "MnAPartnersOnTheSameFarm",
        ),
        (
            Settings {
                users_without_onedrive: vec![upn.to_uppercase()],
                ..settings.clone()
            },
            422,
            "MnAOdbFailedToGetUrlForSourceUPN",
        ),
        (
            settings.clone(),
            422,
            "MnAIdentityMapEntryDoesNotExistsForSourceUPN",
        ),
    ] {
        let room = room_with(Sandbox::builder().settings(settings)).await;
        let reply = room
            .body("POST", TASKS, &user_task(upn))
            .await
            .expect(status);
        assert_eq!(reply.codes().0, code);
        assert!(room.sandbox.tasks().is_empty());
    }
    let room = room_with(Sandbox::builder().settings(Settings {
        trust_established: false,
        ..settings
    }))
    .await;
    for path in [
        format!("{TASKS}/any"),
        format!("{TASKS}/getBySourceSiteUrl(sourceSiteUrl='x')"),
    ] {
        let reply = room.get(&path).await.expect(422);
        assert_eq!(reply.codes().0, "MnATrustNoSetupForPartner");
    }
    room.post(&format!("{TASKS}/any/cancel")).await.expect(422);
    let room = room_with(Sandbox::builder().require_identity_map(false)).await;
    create(&room, &user_task(upn)).await;
}

#[tokio::test]
async fn parameters_that_make_no_sense_are_refused() {
    let room = room().await;
    let with = |mut task: Value, name: &str, value: Value| {
        if value.is_null() {
            task["parameters"]
                .as_object_mut()
                .expect("an object")
                .remove(name);
        } else {
            task["parameters"][name] = value;
        }
        task
    };
    let site = || site_task("https://north.sharepoint.example/sites/IT");
    let mut reversed = with(
        site(),
        "preferredStartDateTime",
        json!("2030-01-02T00:00:00Z"),
    );
    reversed["parameters"]["preferredLatestStartDateTime"] = json!("2030-01-02T00:00:00Z");
    for task in [
        json!({}),
        json!({"parameters": null}),
        json!({"parameters": {}}),
        with(
            site(),
            "@odata.type",
            json!("#microsoft.graph.sharePointMigrationTaskParameters"),
        ),
        with(site(), "sourceSiteUrl", Value::Null),
        with(site(), "targetSiteUrl", json!("")),
        with(
            site(),
            "targetOrganizationId",
            json!("3ef4e46d-13a3-4895-b6ea-a74a20hu728h"),
        ),
        with(
            site(),
            "preferredStartDateTime",
            json!("2025-7-18T09:08:04.451Z"),
        ),
        with(site(), "validateOnly", json!("yes")),
        with(site(), "sourceUserIdentity", json!({"id": "x"})),
        with(
            user_task("a@north.example"),
            "targetUserIdentity",
            Value::Null,
        ),
        with(
            user_task("a@north.example"),
            "sourceUserIdentity",
            json!({"displayName": "A"}),
        ),
        with(group_task("a"), "sourceGroupIdentity", json!({"id": "a"})),
        reversed,
    ] {
        room.body("POST", TASKS, &task).await.expect(400);
    }
    let reply = room
        .body("POST", TASKS, &with(site(), "sourceSiteUrl", Value::Null))
        .await
        .expect(400);
    assert_eq!(
        reply.message(),
        "Cannot process the request because the required parameter sourceSiteUrl is missing."
    );
    for path in [
        "getBySourceSiteUrl()",
        "getBySourceSiteUrl(sourceSiteUrl='')",
        "getBySourceUserPrincipalName(sourcePrincipalName=north)",
        "getBySourceSiteUrl",
    ] {
        room.get(&format!("{TASKS}/{path}")).await.expect(400);
    }
    room.post(&format!("{TASKS}//cancel")).await.expect(400);
    let missing = room.get(&format!("{TASKS}/unheard-of")).await.expect(404);
    assert_eq!(
        missing.message(),
        "The migration task unheard-of could not be found."
    );
}

#[tokio::test]
async fn mappings_are_put_and_removed_in_the_order_of_the_request() {
    let room = room().await;
    let organization = "3f5a7c19-2b4d-4e6f-8091-a2b3c4d5e6f7";
    let group = "5b1a9e80-7d2c-4f36-a04b-c9d8e7f6a5b4";
    let put = json!({
        "sourceOrganizationId": organization, "groupType": "m365Group",
        "sourceGroupIdentity": {"id": group}, "targetGroupIdentity": {"id": "6c2baf91-8e3d-4047-b15c-dae9f807b6c5"},
        "targetGroupMigrationData": {"mailNickname": "moved"},
    });
    let remove = json!({"@removed": {"reason": "deleted"}, "sourceGroupIdentity": {"id": group}});
    let delta = json!({"@context": "#$delta", "value": [put, remove]});
    let reply = room
        .body("PATCH", GROUP_MAPPINGS, &delta)
        .await
        .expect(200)
        .json();
    assert!(
        reply["@odata.context"]
            .as_str()
            .expect("a context")
            .ends_with("#solutions/sharePoint/migrations/crossOrganizationGroupMappings/$delta")
    );
    let id = reply["value"][0]["id"].as_str().expect("an id").to_owned();
    let bytes = base64::engine::general_purpose::STANDARD_NO_PAD
        .decode(&id)
        .expect("base64 without padding");
    assert_eq!(
        bytes,
        [&[1, 0, 0, 0, 2, 0, 0, 0], group.as_bytes()].concat()
    );
    assert_eq!(
        reply["value"][1],
        json!({"id": id, "sourceGroupIdentity": {"id": group}, "deleted": {"state": "deleted"}})
    );
    let path = format!("{GROUP_MAPPINGS}(sourceGroupObjectId='{group}')");
    room.get(&path).await.expect(404);
    room.body(
        "PATCH",
        GROUP_MAPPINGS,
        &json!({"@context": "#$delta", "value": [put]}),
    )
    .await
    .expect(200);
    let change = json!({"sourceGroupIdentity": {"id": group}, "groupType": "regularGroup"});
    room.body(
        "PATCH",
        GROUP_MAPPINGS,
        &json!({"@context": "#$delta", "value": [change]}),
    )
    .await
    .expect(200);
    let found = room.get(&path).await.expect(200).json();
    assert_eq!(
        (
            found["groupType"].as_str(),
            found["targetGroupMigrationData"]["mailNickname"].as_str()
        ),
        (Some("regularGroup"), Some("moved"))
    );
    assert_eq!(
        room.get(&format!("{GROUP_MAPPINGS}/$count"))
            .await
            .expect(200)
            .text,
        "1"
    );
}

#[tokio::test]
async fn a_delta_takes_effect_as_a_whole_or_not_at_all() {
    let room = room().await;
    room.map_user("kept@north.example").await;
    let item = |source: &str| {
        json!({
            "sourceOrganizationId": "3f5a7c19-2b4d-4e6f-8091-a2b3c4d5e6f7", "userType": "guestUser",
            "sourceUserIdentity": {"userPrincipalName": source},
            "targetUserIdentity": {"userPrincipalName": "x@south.example"},
        })
    };
    let many: Vec<Value> = (0..51)
        .map(|number| item(&format!("{number}@north.example")))
        .collect();
    let mut odd = item("odd@north.example");
    odd["userType"] = json!("robot");
    for value in [
        json!(many),
        json!([item("first@north.example"), odd]),
        json!([item("first@north.example"), {"sourceUserIdentity": {}}]),
        json!([item("first@north.example"), {"sourceUserIdentity": {"userPrincipalName": "new@north.example"}}]),
        json!("nothing"),
    ] {
        room.body(
            "PATCH",
            USER_MAPPINGS,
            &json!({"@context": "#$delta", "value": value}),
        )
        .await
        .expect(400);
    }
    room.body("PATCH", USER_MAPPINGS, &json!({"value": []}))
        .await
        .expect(400);
    assert_eq!(
        room.get(&format!("{USER_MAPPINGS}/$count"))
            .await
            .expect(200)
            .text,
        "1"
    );
    let fifty = json!({"@context": "#$delta", "value": many[..50]});
    room.body("PATCH", USER_MAPPINGS, &fifty).await.expect(200);
    let found = room
        .get(&format!(
            "{USER_MAPPINGS}(sourceUserPrincipalName='KEPT@north.example')?$select=userType"
        ))
        .await;
    assert_eq!(found.expect(200).json()["userType"], "regularUser");
    assert_eq!(
        room.get(&format!("{USER_MAPPINGS}/$count"))
            .await
            .expect(200)
            .text,
        "51"
    );
}

#[tokio::test]
async fn the_family_is_in_beta_only_and_has_no_lists() {
    let room = room().await;
    room.get(&TASKS.replace("beta", "v1.0")).await.expect(404);
    let reply = room.get(TASKS).await.expect(405);
    assert_eq!(reply.header("allow"), Some("POST"));
    assert_eq!(
        room.get(USER_MAPPINGS).await.expect(405).header("allow"),
        Some("PATCH")
    );
}
