//! The calls by the client that the generator writes, without the layer above it.
//!
//! It is no public interface, so that the checked copy of it is built into this program.

use futures_util::TryStreamExt;
use msgraph_migrations::models::{
    CrossTenantMigrationCancelResponse, CrossTenantMigrationTaskCollectionResponse,
};
use progenitor_client::{ByteStream, ResponseValue};
use reqwest::header::HeaderValue;
use serde::de::DeserializeOwned;

use crate::client::transport::Transport;
use crate::generated;
use crate::{JOB, Made, Scenario};

pub async fn run(origin: &str, token: &str, scenario: Scenario, times: usize) -> Made {
    let transport = Transport {
        authorization: HeaderValue::from_str(&format!("Bearer {token}"))?,
    };
    let base = format!("{origin}/v1.0");
    let client = generated::Client::new_with_client(&base, reqwest::Client::new(), transport);
    let mut read = 0;
    for _ in 0..times {
        read += match scenario {
            Scenario::Cancel => {
                let answer: CrossTenantMigrationCancelResponse =
                    json(client.cancel_job(JOB).await?).await?;
                answer.status.map_or(0, |status| status.len())
            }
            Scenario::Users => {
                let page: CrossTenantMigrationTaskCollectionResponse =
                    json(client.list_users(JOB, None, None, None, None, None).await?).await?;
                page.value.len()
            }
        };
    }
    Ok(read)
}

async fn json<T: DeserializeOwned>(
    answer: ResponseValue<ByteStream>,
) -> Result<T, Box<dyn std::error::Error>> {
    let mut text = Vec::new();
    let mut body = answer.into_inner_stream();
    while let Some(chunk) = body.try_next().await? {
        text.extend_from_slice(&chunk);
    }
    Ok(serde_json::from_slice(&text)?)
}
