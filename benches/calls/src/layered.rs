//! The calls by this project's client.

use msgraph_migrations::{AccessToken, CancelOutcome, Client, GetOptions, ListOptions};

use crate::{Caller, JOB, Made, Scenario};

pub struct Layered(Client);

impl Layered {
    pub fn new(origin: &str, token: &str) -> Made<Self> {
        let client = Client::builder(AccessToken::new(token)?).endpoint(origin);
        Ok(Self(client.build()?))
    }
}

impl Caller for Layered {
    async fn call(&self, scenario: Scenario) -> Made<usize> {
        Ok(match scenario {
            Scenario::Cancel => match self.0.cancel_job(JOB).await? {
                CancelOutcome::Accepted(answer) => {
                    answer.value().status.as_ref().map_or(0, String::len)
                }
                other => return Err(format!("{other:?}").into()),
            },
            Scenario::Get => {
                let job = self.0.get_job(JOB, GetOptions::new()).await?;
                if !job.deviations().is_empty() {
                    return Err("the answer deviates".into());
                }
                job.value().display_name.as_ref().map_or(0, String::len)
            }
            Scenario::Users => {
                let page = self.0.list_users(JOB, ListOptions::new()).await?;
                if !page.deviations().is_empty() {
                    return Err("the answer deviates".into());
                }
                page.value().value.len()
            }
        })
    }
}
