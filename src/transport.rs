//! What every request carries, and how it leaves.

use std::sync::{Arc, OnceLock};

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::header::{AUTHORIZATION, CONTENT_LENGTH, HeaderValue, USER_AGENT};
use reqwest::{Method, Request};

use crate::generated;
use crate::token::AccessToken;

pub(crate) const DEFAULT_USER_AGENT: &str =
    concat!("msgraph-migrations/", env!("CARGO_PKG_VERSION"));

/// What goes with one request, and what is known of it once it has left.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    token: AccessToken,
    client_request_id: String,
    departure: Arc<OnceLock<Departure>>,
}

/// Set just before the first byte is sent.
#[derive(Clone, Debug)]
pub(crate) struct Departure {
    /// The path as it was sent, without the query.
    pub path: String,
    /// The whole address, to see whether the answer came from there.
    pub url: reqwest::Url,
}

impl Transport {
    pub fn new(token: AccessToken, client_request_id: String) -> Self {
        Self {
            token,
            client_request_id,
            departure: Arc::default(),
        }
    }

    pub fn departure(&self) -> Option<&Departure> {
        self.departure.get()
    }

    fn prepare(&self, request: &mut Request) -> Result<(), reqwest::header::InvalidHeaderValue> {
        let client_request_id = HeaderValue::from_str(&self.client_request_id)?;
        let headers = request.headers_mut();
        headers.insert(AUTHORIZATION, self.token.header());
        headers.insert("client-request-id", client_request_id);
        headers
            .entry(USER_AGENT)
            .or_insert(HeaderValue::from_static(DEFAULT_USER_AGENT));
        // Graph answers 411 to an action without a length, and no HTTP/1.1 client sends one
        // unasked.
        if request.body().is_none() && request.method() == Method::POST {
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Ok(())
    }
}

impl ClientHooks<Transport> for generated::Client {
    async fn pre<E>(
        &self,
        request: &mut Request,
        _: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        self.inner()
            .prepare(request)
            .map_err(|error| progenitor_client::Error::Custom(error.to_string()))
    }

    async fn exec(
        &self,
        request: Request,
        _: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        let url = request.url().clone();
        let departure = Departure {
            path: url.path().to_owned(),
            url,
        };
        // Each transport serves one request, so this is the first time.
        let _ = self.inner().departure.set(departure);
        self.client().execute(request).await
    }
}
