//! One call from its arguments to its judgement: token, pace, request, answer, and again if need be.

use std::future::Future;
use std::time::Duration;

use progenitor_client::{ByteStream, Error as Bare, ResponseValue};
use tokio::time::Instant;
use tracing::{Instrument, debug, field};

use crate::answer::Answer;
use crate::client::Client;
use crate::endpoint::Version;
use crate::error::{Earlier, Error, ErrorKind};
use crate::exchange::exchange;
use crate::generated;
use crate::judgement::{self, Failure};
use crate::operation::Operation;
use crate::request_check::Check;
use crate::token::AccessToken;
use crate::transport::Transport;

impl Client {
    /// Checks, sends and judges one call.
    ///
    /// `send` calls one method of the generated client, and `judge` says what its answer means.
    pub(crate) async fn call<F, Sent, T>(
        &self,
        operation: &Operation,
        check: Check,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(generated::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
    {
        self.call_at(operation, None, check, send, judge).await
    }

    /// The same, to an address that the service gave, such as a next link, instead of the built one.
    pub(crate) async fn call_at<F, Sent, T>(
        &self,
        operation: &Operation,
        address: Option<&reqwest::Url>,
        check: Check,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(generated::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
    {
        let client_request_id = uuid::Uuid::new_v4().to_string();
        let span = tracing::debug_span!(
            "graph call",
            operation = operation.id,
            method = operation.method,
            path = operation.path,
            client_request_id,
            attempt = field::Empty,
            status = field::Empty,
            request_id = field::Empty,
        );
        let call = Call {
            client: self,
            operation,
            address,
            client_request_id,
        };
        async move {
            check
                .map_err(|reason| call.failed(Error::new(ErrorKind::InvalidRequest, reason), ""))?;
            call.run(send, judge).await
        }
        .instrument(span)
        .await
    }
}

struct Call<'a> {
    client: &'a Client,
    operation: &'a Operation,
    address: Option<&'a reqwest::Url>,
    client_request_id: String,
}

impl Call<'_> {
    async fn run<F, Sent, T>(
        &self,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(generated::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
    {
        let deadline = Instant::now() + self.client.timeouts.total;
        let mut token_was_renewed = false;
        let mut earlier = Earlier::default();
        let mut attempt = 0;
        loop {
            attempt += 1;
            tracing::Span::current().record("attempt", attempt);
            let token = self
                .token()
                .await
                .map_err(|error| error.after(attempt, earlier))?;
            let error = match self.attempt(&token, deadline, &send, judge).await {
                Ok(judged) => return Ok(judged),
                Err(error) => error.after(attempt, earlier),
            };
            debug!(%error, "attempt failed");
            earlier = Earlier {
                was_sent: error.was_sent(),
                in_doubt: error.may_have_taken_effect(),
            };
            // A refused token was not looked at twice, so that this repeats nothing.
            if !token_was_renewed
                && error.refusal().is_some_and(judgement::is_unauthorized)
                && self.client.token.invalidate(&token)
            {
                token_was_renewed = true;
                continue;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.client.retry.wait(&error, attempt, fastrand::f64()) {
                Some(wait) if wait < left => tokio::time::sleep(wait).await,
                _ => return Err(error),
            }
        }
    }

    async fn attempt<F, Sent, T>(
        &self,
        token: &AccessToken,
        deadline: Instant,
        send: &F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(generated::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
    {
        let left = || deadline.saturating_duration_since(Instant::now());
        let departure = self.client.pace.depart(left()).await.map_err(|wait| {
            let held_back = "the service asked for a pause that is longer than this call may take";
            self.failed(
                Error::new(ErrorKind::HeldBack, held_back).with_retry_after(wait),
                "",
            )
        })?;
        let timeout = self
            .client
            .timeouts
            .attempt
            .min(left())
            .max(Duration::from_millis(1));
        let transport =
            Transport::new(token.clone(), self.client_request_id.clone(), timeout).to(self.address);
        let version = if self.operation.in_version_1 {
            self.client.version
        } else {
            Version::Beta
        };
        let bare = generated::Client::new_with_client(
            &self.client.endpoint.base(version),
            self.client.http.clone(),
            transport.clone(),
        );
        let answer = exchange(&transport, send(bare)).await;
        if let Ok(answer) = &answer {
            tracing::Span::current()
                .record("status", answer.status.as_u16())
                .record("request_id", answer.request_id());
            if judgement::is_throttling(answer.status) {
                self.client.pace.throttled(departure, answer.retry_after());
            } else {
                self.client.pace.passed(departure);
            }
        }
        let path = transport.departure().unwrap_or_default();
        answer
            .and_then(|answer| judge(answer).map_err(Error::from_failure))
            .map_err(|error| self.failed(error, path))
    }

    async fn token(&self) -> Result<AccessToken, Error> {
        self.client.token.token().await.map_err(|error| {
            let failed = Error::new(ErrorKind::Token, "the token source gave no token");
            self.failed(failed.with_source(error), "")
        })
    }

    fn failed(&self, error: Error, path: &str) -> Error {
        error.on(self.operation, path, &self.client_request_id)
    }
}
