//! What statuses and answers mean, without a service.

use msgraph_migrations::models::CrossTenantMigrationJobStatus as Status;
use serde_json::Value;

use crate::support::{program, ran};

fn explain(word: &str) -> Vec<Value> {
    let output = program().args(["explain", word, "-o", "json"]).output();
    let ran = ran(&output.expect("it runs"));
    assert_eq!(ran.code, 0, "{word}: {ran:?}");
    serde_json::from_str(&ran.out).expect("JSON")
}

#[test]
fn every_documented_status_of_a_job_is_explained() {
    for status in Status::DOCUMENTED {
        if *status == Status::UnknownFutureValue {
            continue;
        }
        let found = explain(status.as_str());
        let own = found
            .iter()
            .find(|entry| entry["of"] == "job" && entry["word"] == status.as_str());
        let own = own.unwrap_or_else(|| panic!("{status} is not explained"));
        for field in ["meaning", "next"] {
            assert!(
                own[field].as_str().is_some_and(|text| !text.is_empty()),
                "{status}: {own}"
            );
        }
    }
}

#[test]
fn a_409_says_that_nothing_stops() {
    let found = explain("409");
    assert!(
        found[0]["meaning"]
            .as_str()
            .is_some_and(|text| text.contains("stops nothing")),
        "{found:?}"
    );
    assert_eq!(explain("502")[0]["word"], "5xx");
}

#[test]
fn an_unknown_word_is_not_found() {
    let ran = ran(&program()
        .args(["explain", "flying"])
        .output()
        .expect("it runs"));
    assert_eq!((ran.code, ran.out.as_str()), (4, ""));
}
