//! The calls by this project's client.

use msgraph_migrations::{AccessToken, CancelOutcome, Client, ListOptions};

use crate::{JOB, Made, Scenario};

pub async fn run(origin: &str, token: &str, scenario: Scenario, times: usize) -> Made {
    let client = Client::builder(AccessToken::new(token)?)
        .endpoint(origin)
        .build()?;
    let mut read = 0;
    for _ in 0..times {
        read += match scenario {
            Scenario::Cancel => match client.cancel_job(JOB).await? {
                CancelOutcome::Accepted(answer) => {
                    answer.value().status.as_ref().map_or(0, String::len)
                }
                other => return Err(format!("{other:?}").into()),
            },
            Scenario::Users => {
                let page = client.list_users(JOB, ListOptions::new()).await?;
                if !page.deviations().is_empty() {
                    return Err("the answer deviates".into());
                }
                page.value().value.len()
            }
        };
    }
    Ok(read)
}
