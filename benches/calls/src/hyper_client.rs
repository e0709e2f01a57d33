//! The calls on hyper alone, for whom even reqwest is too much: no timeout, no redirect, no proxy.

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH};
use hyper::{Method, Request};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use serde::de::DeserializeOwned;

use crate::answers::{Cancelled, Job, Page};
use crate::{Caller, JOB, Made, Scenario};

pub struct OnHyper {
    http: Client<HttpConnector, Empty<Bytes>>,
    job: String,
    authorization: String,
}

impl OnHyper {
    pub fn new(origin: &str, token: &str) -> Self {
        Self {
            http: Client::builder(TokioExecutor::new()).build_http(),
            job: format!("{origin}/v1.0/solutions/migrations/crossTenantMigrationJobs/{JOB}"),
            authorization: format!("Bearer {token}"),
        }
    }

    async fn send<T: DeserializeOwned>(&self, method: Method, path: &str) -> Made<T> {
        let mut request = Request::builder()
            .uri(format!("{}{path}", self.job))
            .header(AUTHORIZATION, &self.authorization);
        if method == Method::POST {
            request = request.header(CONTENT_LENGTH, 0);
        }
        let answer = self
            .http
            .request(request.method(method).body(Empty::new())?);
        let answer = answer.await?;
        if !answer.status().is_success() {
            return Err(answer.status().to_string().into());
        }
        let body = answer.into_body().collect().await?.to_bytes();
        Ok(serde_json::from_slice(&body)?)
    }
}

impl Caller for OnHyper {
    async fn call(&self, scenario: Scenario) -> Made<usize> {
        Ok(match scenario {
            Scenario::Cancel => {
                let answer: Cancelled = self.send(Method::POST, "/cancel").await?;
                answer.count()
            }
            Scenario::Get => self.send::<Job>(Method::GET, "").await?.count(),
            Scenario::Users => self.send::<Page>(Method::GET, "/users").await?.count(),
        })
    }
}
