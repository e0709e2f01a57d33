//! The calls by the client that the generator writes, without the layer above it.
//!
//! It is no public interface, so that the checked copy of it is built into this program.

use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    CrossTenantMigrationCancelResponse, CrossTenantMigrationJob,
    CrossTenantMigrationTaskCollectionResponse,
};
use progenitor_client::{ByteStream, ResponseValue};
use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;

use crate::client::transport::Transport;
use crate::generated::Client;
use crate::{Caller, JOB, Made, Scenario};

pub struct Generated(Client);

impl Generated {
    pub fn new(origin: &str, token: &str) -> Made<Self> {
        let transport = Transport {
            authorization: HeaderValue::from_str(&format!("Bearer {token}"))?,
        };
        let base = format!("{origin}/v1.0");
        let client = Client::new_with_client(&base, reqwest::Client::new(), transport);
        Ok(Self(client))
    }
}

impl Caller for Generated {
    async fn call(&self, scenario: Scenario) -> Made<usize> {
        Ok(match scenario {
            Scenario::Cancel => {
                let answer: CrossTenantMigrationCancelResponse =
                    json(self.0.cancel_job(JOB).await?).await?;
                answer.status.map_or(0, |status| status.len())
            }
            Scenario::Get => {
                let job: CrossTenantMigrationJob = json(self.0.get_job(JOB, None).await?).await?;
                job.display_name.map_or(0, |name| name.len())
            }
            Scenario::Users => {
                let answer = self.0.list_users(JOB, None, None, None, None, None).await?;
                let page: CrossTenantMigrationTaskCollectionResponse = json(answer).await?;
                page.value.len()
            }
        })
    }
}

async fn json<T: DeserializeOwned>(answer: ResponseValue<ByteStream>) -> Made<T> {
    let mut text = Vec::new();
    let mut body = answer.into_inner_stream();
    while let Some(chunk) = body.try_next().await? {
        text.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&text)?)
}
