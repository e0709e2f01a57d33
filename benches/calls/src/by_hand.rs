//! The calls as somebody writes them who has reqwest, serde and an afternoon.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_LENGTH;
use serde::de::DeserializeOwned;

use crate::answers::{Cancelled, Job, Page};
use crate::{Caller, JOB, Made, Scenario};

pub struct ByHand {
    http: Client,
    job: String,
    token: String,
}

impl ByHand {
    pub fn new(origin: &str, token: &str) -> Made<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(100))
            .build()?;
        Ok(Self {
            http,
            job: format!("{origin}/v1.0/solutions/migrations/crossTenantMigrationJobs/{JOB}"),
            token: token.to_owned(),
        })
    }

    async fn get<T: DeserializeOwned>(&self, url: String) -> Made<T> {
        let request = self.http.get(url).bearer_auth(&self.token);
        let answer = request.send().await?.error_for_status()?;
        Ok(answer.json().await?)
    }
}

impl Caller for ByHand {
    async fn call(&self, scenario: Scenario) -> Made<usize> {
        Ok(match scenario {
            Scenario::Cancel => {
                let request = self.http.post(format!("{}/cancel", self.job));
                let request = request.bearer_auth(&self.token).header(CONTENT_LENGTH, 0);
                let answer = request.send().await?.error_for_status()?;
                answer.json::<Cancelled>().await?.count()
            }
            Scenario::Get => self.get::<Job>(self.job.clone()).await?.count(),
            Scenario::Users => {
                let url = format!("{}/users", self.job);
                self.get::<Page>(url).await?.count()
            }
        })
    }
}
