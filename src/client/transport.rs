//! What every request carries, and how it leaves.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use progenitor_client::{ClientHooks, ClientInfo, OperationInfo};
use reqwest::header::{
    AUTHORIZATION, CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue, USER_AGENT,
};
use reqwest::{Method, Request, Url};

use crate::client::bare;
use crate::client::described::{DescribedRequest, Describer};
use crate::client::token::AccessToken;

pub(crate) const DEFAULT_USER_AGENT: &str =
    concat!("msgraph-migrations/", env!("CARGO_PKG_VERSION"));

pub(crate) const DESCRIBED: &str = "the request was described, as asked, and not sent";

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");

/// What goes with one request, and what is known of it once it was sent.
#[derive(Clone, Debug)]
pub(crate) struct Transport {
    token: AccessToken,
    client_request_id: Arc<str>,
    user_agent: HeaderValue,
    timeout: Duration,
    /// Where to send the request instead of the address that was built.
    address: Option<Url>,
    /// The path as it was sent, without the query; set just before the first byte leaves.
    sent_path: Arc<OnceLock<Arc<str>>>,
    /// The headers of the answer, which the generated client would copy.
    received: Arc<Mutex<HeaderMap>>,
    /// What the caller adds to the headers; never in the place of one that is set here.
    headers: Arc<HeaderMap>,
    /// To whom the request is described instead of being sent.
    describer: Option<Describer>,
}

impl Transport {
    pub fn new(
        token: AccessToken,
        client_request_id: Arc<str>,
        user_agent: HeaderValue,
        timeout: Duration,
    ) -> Self {
        Self {
            token,
            client_request_id,
            user_agent,
            timeout,
            address: None,
            sent_path: Arc::default(),
            received: Arc::default(),
            headers: Arc::default(),
            describer: None,
        }
    }

    /// Sends the request to an address that the service gave, if there is one.
    #[must_use]
    pub fn to(mut self, address: Option<&Url>) -> Self {
        self.address = address.cloned();
        self
    }

    /// Sends these headers too.
    #[must_use]
    pub fn with_headers(mut self, headers: &Arc<HeaderMap>) -> Self {
        self.headers.clone_from(headers);
        self
    }

    /// Describes the request instead of sending it.
    #[must_use]
    pub fn describe_to(mut self, describer: &Describer) -> Self {
        self.describer = Some(describer.clone());
        self
    }

    pub fn client_request_id(&self) -> Arc<str> {
        Arc::clone(&self.client_request_id)
    }

    /// The path of the request, once it was sent.
    pub fn sent_path(&self) -> Option<Arc<str>> {
        self.sent_path.get().cloned()
    }

    /// Takes the headers of the answer, once it came.
    pub fn take_headers(&self) -> HeaderMap {
        std::mem::take(&mut *self.received.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn prepare(&self, request: &mut Request) -> Result<(), reqwest::header::InvalidHeaderValue> {
        let client_request_id = HeaderValue::from_str(&self.client_request_id)?;
        if let Some(address) = &self.address {
            *request.url_mut() = address.clone();
        }
        *request.timeout_mut() = Some(self.timeout);
        let headers = request.headers_mut();
        for name in self.headers.keys() {
            headers.remove(name);
        }
        for (name, value) in &*self.headers {
            headers.append(name, value.clone());
        }
        headers.insert(AUTHORIZATION, self.token.header());
        headers.insert(CLIENT_REQUEST_ID, client_request_id);
        headers.insert(USER_AGENT, self.user_agent.clone());
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

impl ClientHooks<Transport> for bare::Client {
    async fn pre<E>(
        &self,
        request: &mut Request,
        _: &OperationInfo,
    ) -> Result<(), progenitor_client::Error<E>> {
        self.inner()
            .prepare(request)
            .map_err(|error| progenitor_client::Error::Custom(error.to_string()))?;
        match &self.inner().describer {
            // An error is the only way to keep the generated client from sending.
            Some(Describer(describe)) => {
                describe(&DescribedRequest::of(request));
                Err(progenitor_client::Error::Custom(DESCRIBED.to_owned()))
            }
            None => Ok(()),
        }
    }

    async fn exec(
        &self,
        request: Request,
        _: &OperationInfo,
    ) -> reqwest::Result<reqwest::Response> {
        // Each transport serves one request, so that it is not set before.
        let _ = self.inner().sent_path.set(request.url().path().into());
        let mut response = self.client().execute(request).await?;
        let headers = std::mem::take(response.headers_mut());
        *self
            .inner()
            .received
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = headers;
        Ok(response)
    }
}
