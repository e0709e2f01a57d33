//! What a page in a browser is told.

use std::time::Duration;

use msgraph_migrations_sandbox::{Fault, FaultRule};

use crate::support::{JOBS, MINUTE, room};

#[tokio::test]
async fn a_page_is_told_of_changes_as_they_happen() {
    let room = room().await;
    let job = room.create("Wave 1").await;
    let mut events = room
        .client
        .get(format!("{}/_sandbox/events", room.sandbox.base_url()))
        .send()
        .await
        .expect("a stream");
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    let mut heard = String::new();
    let mut until = async |words: &str| {
        heard.clear();
        while !heard.contains(words) {
            let chunk = tokio::time::timeout(Duration::from_secs(30), events.chunk()).await;
            let chunk = chunk
                .unwrap_or_else(|_| panic!("never heard {words} in {heard}"))
                .expect("a stream");
            heard.push_str(&String::from_utf8_lossy(&chunk.expect("more")));
        }
    };
    until("\"status\":\"submitted\"").await;
    room.post(&format!("{JOBS}/{job}/validate"))
        .await
        .expect(200);
    until("\"status\":\"validateSubmitted\"").await;
    until("event: log").await;
    room.advance(15 * MINUTE);
    until("\"Exchange\":\"vvv\"").await;
    room.sandbox
        .set_faults(vec![FaultRule::new("*", Fault::EmptyBody)])
        .expect("a rule");
    until("emptyBody").await;
    room.sandbox.shutdown().await;
    let ended = tokio::time::timeout(Duration::from_secs(30), async {
        while let Ok(Some(_)) = events.chunk().await {}
    })
    .await;
    assert!(ended.is_ok(), "the stream ends with the sandbox");
}
