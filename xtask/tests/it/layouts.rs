//! One page in three layouts states the same.

use crate::support::{Copy, drift, editions, fixtures, run, text};

#[test]
fn repository_page_rendered_page_and_copied_text_state_the_same_facts() {
    let repository = Copy::of("docs");
    let page = repository.file("api/cratejob-cancel.md");
    let web = fixtures().join("web");
    for (old, new) in [
        (page.clone(), web.join("cratejob-cancel.md")),
        (web.join("cratejob-cancel.md"), web.join("copied.txt")),
        (page, web.join("copied.txt")),
    ] {
        let run = editions(&old, &new);
        assert_eq!(
            run.new_keys(),
            Vec::<String>::new(),
            "{} and {}",
            old.display(),
            new.display()
        );
        assert_eq!(run.code, 0);
    }
}

#[test]
fn a_copied_page_about_a_type_states_the_same_as_the_repository_page() {
    let repository = Copy::of("docs");
    let page = repository.file("resources/cratejob.md");
    let copied = fixtures().join("web/copied-type.txt");
    let run = editions(&page, &copied);
    assert_eq!((run.code, run.new_keys()), (0, Vec::new()));
    let remarks = run.json()["remarks"].to_string();
    assert!(remarks.contains("methods were not compared"), "{remarks}");
}

#[test]
fn a_page_of_enumerations_is_compared_as_far_as_the_spec_has_them() {
    let copy = Copy::of("docs");
    copy.write(
        "api-reference/beta/resources/enums.md",
        "---\ntitle: Enumerations\ndoc_type: enumPageType\n---\n\n# Enumerations\n\n\
         ### crateSpeed values\n\n|Member|\n|:---|\n|slow|\n|express|\n|warp|\n|unknownFutureValue|\n\n\
         ### crateJobStatus values\n\n|Member|\n|:---|\n|waiting|\n|packing|\n|stopped|\n|unknownFutureValue|\n\n\
         ### planetKind values\n\n|Member|\n|:---|\n|gas|\n",
    );
    let run = drift(copy.path());
    assert_eq!(
        run.new_keys(),
        [
            "enums#stated:enum/crateSpeed/warp",
            "enums#unstated:enum/cratejobstatus/shipped"
        ]
    );
}

#[test]
fn a_page_of_a_version_that_the_spec_does_not_promise_is_noticed() {
    let copy = Copy::of("docs");
    let page =
        std::fs::read_to_string(copy.file("api/cratejob-findbylabel.md")).expect("a fixture");
    copy.write("api-reference/v1.0/api/cratejob-findbylabel.md", page);
    assert_eq!(
        drift(copy.path()).new_keys(),
        ["cratejob-findbylabel#stated:version/v1.0"]
    );
}

#[test]
fn included_permissions_are_followed_and_missing_ones_are_mentioned() {
    let with = Copy::of("docs");
    assert_eq!(
        drift(with.path()).json()["leftOpen"]
            .as_array()
            .map(Vec::len),
        Some(0)
    );
    let without = Copy::of("docs");
    std::fs::remove_dir_all(without.path().join("api-reference/beta/includes"))
        .expect("a copy can be removed");
    let run = drift(without.path());
    assert_eq!(run.code, 0, "{}", run.output);
    let report = run.json();
    let mut open: Vec<&str> = report["leftOpen"]
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|open| open["aspect"].as_str())
        .collect();
    open.sort_unstable();
    assert_eq!(open, ["permission", "role"]);
}

#[test]
fn a_draft_with_other_headings_and_an_error_table_is_read() {
    let copy = Copy::empty();
    copy.write(
        "draft.txt",
        "---\ntitle: Stop an order: by ID\ndoc_type: apiPageType\n---\n\n# Stop an order by ID\n\nTry it.\n\n\
         ### Permissions\n\n| Permission type | Permissions |\n| --- | --- |\n\
         | Delegated (personal Microsoft account) | N/A |\n\
         | Delegated (work or school account) | CrateRelocation.ReadWrite.All |\n\
         | Application | CrateRelocation.ReadWrite.All |\n\n\
         The caller is a Harbour Operations Administrator or Global Administrator.\n\n\
         ### Examples\n\n#### HTTP request\n\n```http\nPOST /solutions/relocations/crateJobs/{ID}/cancel\n```\n\n\
         #### Request headers\n\n|Name |Description |\n|:--|:--|\n|Authorization |Bearer {token}. |\n\n\
         #### Request Body\n\nNone.\n\n#### Response\n\nIf successful, this method returns `202 Accepted` and a \
         [crateCancelReceipt](../resources/cratecancelreceipt.md) in the response body.\n\n\
         ### Error Conditions for **Cancel** API\n\n| Scenario | Method | Code | Message |\n|---|---|---|---|\n\
         | The job does not exist | POST | 404 | There is no crateJob {ID}. |\n\
         | Wrong status | POST | 409 | The job must be `waiting` or `packing`, its status is wrong for this call |\n\
         | Too late | POST | 409 | The harbour has closed, six days have passed |\n\
         | A parameter is missing | POST | 400 | No {name}. |\n",
    );
    let run = drift(copy.path());
    assert_eq!(
        run.new_keys(),
        ["cratejob-cancel#stated:response/400"],
        "{}",
        run.output
    );
}

#[test]
fn malformed_rows_are_read_as_far_as_they_go_and_mentioned() {
    let copy = Copy::of("docs");
    copy.replace(
        "resources/cratejob.md",
        "|label|String|Name of the order.|",
        "|label|String|",
    );
    copy.replace(
        "resources/cratejob.md",
        "|id|String|Unique identifier. Read-only.|",
        "|id|String|Unique identifier. Read-only.|yes|",
    );
    copy.replace("resources/cratejob.md", "|remark|String|", "|remark||");
    let run = drift(copy.path());
    let remarks = run.json()["remarks"].to_string();
    assert!(remarks.contains("2 cells under 3 headings"), "{remarks}");
    assert!(remarks.contains("4 cells under 3 headings"), "{remarks}");
    assert!(remarks.contains("lacks its name or type"), "{remarks}");
    assert_eq!(run.new_keys(), ["cratejob#unstated:property/remark"]);
}

#[test]
fn pages_about_other_subjects_are_left_out_and_counted() {
    let copy = Copy::of("docs");
    copy.write(
        "api-reference/beta/api/drive-get.md",
        "# Get drive\n\n## HTTP request\n\n```http\nGET /drives/{id}\n```\n\n## Response\n\nIf successful, returns `200 OK`.\n",
    );
    copy.write(
        "concepts/whats-new.md",
        "# What's new\n\nEverything. See [crateJob](cratejob.md).\n",
    );
    copy.write("api-reference/beta/toc.yml", "items: []\n");
    let run = drift(copy.path());
    assert_eq!(run.code, 0, "{}", run.output);
    assert_eq!(run.json()["unrelated"], 2);
}

/// Pages that nothing can be made of, and the reason given.
const BROKEN: [(&str, &str); 5] = [
    (
        "---\ndoc_type: apiPageType\n---\n\n# crateJob: nothing\n\nWords.\n",
        "no request line",
    ),
    (
        "---\ndoc_type: resourcePageType\n---\n\n# crateThing resource type\n\nWords.\n",
        "neither a table of properties",
    ),
    ("## Only a second level\n\nWords.\n", "no title"),
    (
        "just some words\nwithout any form\n",
        "neither Markdown nor the text of a copied page",
    ),
    ("   \n", "empty"),
];

#[test]
fn a_page_of_ours_that_cannot_be_understood_is_reported_and_fails() {
    for (page, reason) in BROKEN {
        for place in [
            "api-reference/beta/resources/relocation-overview.md",
            "api-reference/beta/resources/cratecancelreceipt.md",
            "api-reference/beta/api/cratejob-ship.md",
        ] {
            let copy = Copy::of("docs");
            copy.write(place, page);
            let run = drift(copy.path());
            assert_eq!(run.code, 2, "{place}: {}", run.output);
            let unreadable = run.json()["unreadable"].to_string();
            assert!(
                unreadable.contains(reason) && unreadable.contains(place),
                "{place}: {unreadable}"
            );
            assert_eq!(run.new_keys(), Vec::<String>::new(), "{place}");
        }
    }
}

#[test]
fn a_page_of_ours_that_cannot_be_understood_hides_no_drift() {
    let copy = Copy::of("docs");
    copy.write("api-reference/beta/resources/relocation-overview.md", "  ");
    copy.replace(
        "api/cratejob-cancel.md",
        "a `202 Accepted` response",
        "a `200 OK` response",
    );
    let run = drift(copy.path());
    assert_eq!(run.code, 1, "{}", run.output);
    assert_eq!(run.json()["unreadable"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_page_of_others_that_cannot_be_understood_is_counted_and_does_not_fail() {
    for (page, reason) in BROKEN {
        for place in [
            "LICENSE.md",
            "api-reference/beta/resources/planet.md",
            "api-reference/v1.0/api/planet-orbit.md",
            "concepts/planets.md",
        ] {
            let copy = Copy::of("docs");
            copy.write(place, page);
            let run = drift(copy.path());
            assert_eq!(run.code, 0, "{place} ({reason}): {}", run.output);
            assert_eq!(run.json()["unrelatedUnreadable"], 1, "{place} ({reason})");
        }
    }
}

#[test]
fn a_run_that_compares_no_page_fails() {
    let empty = Copy::empty();
    let run = drift(empty.path());
    assert_eq!(run.code, 2);
    assert_eq!(run.json()["compared"], 0);
    let missing = crate::support::run(&["drift", text(&empty.path().join("nowhere"))]);
    assert_eq!(missing.code, 2);
    assert!(missing.errors.contains("cannot read"), "{}", missing.errors);
}

#[test]
fn single_pages_are_compared_without_missing_the_others() {
    let copy = Copy::of("docs");
    let page = copy.file("api/relocationsroot-post-cratejobs.md");
    let spec = fixtures().join("spec.yaml");
    let provenance = fixtures().join("provenance.yaml");
    let lone = Copy::empty();
    let lone_page = lone.path().join("relocationsroot-post-cratejobs.md");
    std::fs::copy(page, &lone_page).expect("a copy");
    let run = run(&[
        "drift",
        text(&lone_page),
        "--spec",
        text(&spec),
        "--provenance",
        text(&provenance),
        "--format",
        "json",
    ]);
    assert_eq!(
        (run.code, run.new_keys()),
        (0, Vec::new()),
        "{}{}",
        run.output,
        run.errors
    );
}
