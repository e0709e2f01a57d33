//! One call from its arguments to its judgement: token, pace, request, answer, and again if need be.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use progenitor_client::{ByteStream, Error as Bare, ResponseValue};
use tokio::time::Instant;
use tracing::{Instrument, debug, field};

use crate::answers::answer::Answer;
use crate::answers::error::{Earlier, Error, ErrorKind};
use crate::answers::judgement::{self, Failure, Fault, Pressure};
use crate::client::Client;
use crate::client::attempt::Attempt;
use crate::client::bare;
use crate::client::described::Describer;
use crate::client::endpoint::Version;
use crate::client::exchange::exchange;
use crate::client::rate_controller::Urgency;
use crate::client::rate_limits::{Held, Ticket};
use crate::client::token::{AccessToken, TokenError};
use crate::client::transport::Transport;
use crate::models::operation::Operation;

/// The end of a call that may take for ever; the library's clock cannot count much further.
const FAR_FUTURE: Duration = Duration::from_hours(24 * 365 * 30);

/// A page of a thousand users is read in place; what takes longer would keep a thread from other calls.
const MAX_READ_IN_PLACE: usize = 1024 * 1024;

/// A change that is sent later than this before the end of its call would be given up before its answer had
/// time to come, and leave a doubt that nobody but the caller's clock made.
const TIME_TO_ANSWER: Duration = Duration::from_secs(10);

impl Client {
    /// Checks, sends and judges one call.
    ///
    /// `send` calls one method of the generated client, and `judge` says what its answer means.
    pub(crate) async fn call<F, Sent, T>(
        &self,
        operation: &'static Operation,
        check: Result<(), String>,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(bare::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
        T: Send + 'static,
    {
        self.call_at(operation, None, check, send, judge).await
    }

    /// The same, to an address that the service gave, such as a next link, instead of the built one.
    pub(crate) async fn call_at<F, Sent, T>(
        &self,
        operation: &'static Operation,
        address: Option<&reqwest::Url>,
        check: Result<(), String>,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(bare::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
        T: Send + 'static,
    {
        let check = check.and_then(|()| self.extras.check());
        let own_id = self.extras.client_request_id.clone();
        let client_request_id = own_id.unwrap_or_else(|| {
            let id = uuid::Uuid::new_v4().hyphenated();
            (&*id.encode_lower(&mut uuid::Uuid::encode_buffer())).into()
        });
        // The path is the template: ids and names of people stay out of logs.
        let span = tracing::debug_span!(
            "graph call",
            operation = operation.id,
            method = operation.method,
            path = operation.path,
            client_request_id = &*client_request_id,
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
            match &call.client.extras.describer {
                Some(describer) => call.describe(describer, send, judge).await,
                None => call.run(send, judge).await,
            }
        }
        .instrument(span)
        .await
    }
}

/// Judges a large answer beside the threads on which other calls wait for theirs.
async fn judge_apart<T: Send + 'static>(
    judge: fn(Answer) -> Result<T, Failure>,
    answer: Answer,
) -> Result<T, Failure> {
    if answer.text.len() <= MAX_READ_IN_PLACE {
        return judge(answer);
    }
    let unread = answer.clone();
    let judged = tokio::task::spawn_blocking(move || judge(answer)).await;
    judged.unwrap_or_else(|error| {
        if let Ok(panic) = error.try_into_panic() {
            std::panic::resume_unwind(panic);
        }
        let fault = Fault {
            reason: "the runtime ended before the answer was read".to_owned(),
            is_incomplete: true,
        };
        Err(Failure::Unreadable(Box::new(unread), fault))
    })
}

struct Call<'a> {
    client: &'a Client,
    operation: &'static Operation,
    address: Option<&'a reqwest::Url>,
    client_request_id: Arc<str>,
}

impl Call<'_> {
    async fn run<F, Sent, T>(
        &self,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(bare::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
        T: Send + 'static,
    {
        let now = Instant::now();
        let deadline = now
            .checked_add(self.client.timeouts.total)
            .unwrap_or(now + FAR_FUTURE);
        let last_start = deadline.checked_sub(self.time_to_answer()).unwrap_or(now);
        let mut failed: Option<Error> = None;
        let mut refused_token = None;
        let mut token_was_renewed = false;
        let mut attempt = 0;
        loop {
            let earlier = Earlier::of(failed.as_ref());
            let token = match (self.token(last_start).await, failed.take()) {
                (Ok(token), before) => {
                    failed = before;
                    token
                }
                // What the service said tells more than that no other token could be had.
                (Err(none), Some(refused)) if refused_token.is_some() => {
                    return Err(refused.with_source(none.into_token_error()));
                }
                (Err(none), _) => {
                    return Err(self.failed(none.into_error(), "").after(attempt, earlier));
                }
            };
            // The source has no other token, so that there would be no other answer.
            if refused_token.take().is_some_and(|one| token == one)
                && let Some(error) = failed
            {
                return Err(error);
            }
            let ticket = match self.ticket(last_start).await {
                Ok(ticket) => ticket,
                // What came before tells more than that there is no time for another attempt.
                Err(error) => {
                    return Err(match (failed, error.retry_after()) {
                        (Some(failed), Some(wait)) => failed.with_retry_after(wait),
                        (failed, _) => failed.unwrap_or(error),
                    });
                }
            };
            attempt += 1;
            let span = tracing::debug_span!(
                "graph request",
                attempt,
                status = field::Empty,
                request_id = field::Empty,
            );
            let attempted = self
                .attempt(&token, (attempt, ticket), deadline, &span, &send, judge)
                .instrument(span.clone())
                .await;
            let error = match attempted {
                Ok(judged) => return Ok(judged),
                Err(error) => error.after(attempt, earlier),
            };
            // Not the error itself, whose path and message may name people.
            debug!(
                parent: &span,
                kind = ?error.kind(),
                may_have_taken_effect = error.may_have_taken_effect(),
                "request failed",
            );
            // A refused token was not looked at twice, so that this repeats nothing.
            if !token_was_renewed
                && error.refusal().is_some_and(judgement::is_unauthorized)
                && self.client.token.invalidate(&token)
            {
                token_was_renewed = true;
                refused_token = Some(token);
                failed = Some(error);
                continue;
            }
            let counted = attempt - u32::from(token_was_renewed);
            let left = last_start.saturating_duration_since(Instant::now());
            match self.client.retry.wait(&error, counted, fastrand::f64()) {
                Some(wait) if wait < left => {
                    debug!(?wait, "repeating the request");
                    tokio::time::sleep(wait).await;
                    failed = Some(error);
                }
                _ => return Err(error),
            }
        }
    }

    async fn attempt<F, Sent, T>(
        &self,
        token: &AccessToken,
        (number, ticket): (u32, Ticket),
        deadline: Instant,
        span: &tracing::Span,
        send: &F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(bare::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
        T: Send + 'static,
    {
        let left = deadline.saturating_duration_since(Instant::now());
        let transport = self.transport(token.clone(), self.client.timeouts.attempt.min(left));
        let bare = self.bare(&transport);
        let answer = exchange(
            &transport,
            self.operation,
            self.client.answer_limits,
            send(bare),
        )
        .await;
        self.tell(number, &answer);
        if let Ok(answer) = &answer {
            if !span.is_disabled() {
                span.record("status", answer.status.as_u16())
                    .record("request_id", answer.request_id());
            }
            match judgement::pressure(answer) {
                Pressure::Refused => ticket.refused(answer.retry_after()).await,
                Pressure::Passed => ticket.accepted().await,
                Pressure::Unknown => drop(ticket),
            }
        }
        let path = transport.sent_path().unwrap_or_default();
        let judged = match answer {
            Ok(answer) => judge_apart(judge, answer)
                .await
                .map_err(Error::from_failure),
            Err(error) => Err(error),
        };
        judged.map_err(|error| self.failed(error, &path))
    }

    /// Tells whoever wants to know of each request.
    fn tell(&self, number: u32, answer: &Result<Answer, Error>) {
        if let Some(observer) = &self.client.extras.attempts {
            let answered = answer.as_ref().ok();
            (observer.0)(&Attempt {
                operation: self.operation,
                number,
                client_request_id: &self.client_request_id,
                request_id: answered.and_then(Answer::request_id),
                status: answered.map(|answer| answer.status),
                was_sent: answer.as_ref().err().is_none_or(Error::was_sent),
            });
        }
    }

    /// How long before the end of the call its last request has to leave.
    fn time_to_answer(&self) -> Duration {
        let timeouts = &self.client.timeouts;
        if self.operation.method == "GET" {
            Duration::ZERO
        } else {
            TIME_TO_ANSWER.min(timeouts.attempt).min(timeouts.total / 2)
        }
    }

    /// Has the request described instead of sending it.
    async fn describe<F, Sent, T>(
        &self,
        describer: &Describer,
        send: F,
        judge: fn(Answer) -> Result<T, Failure>,
    ) -> Result<T, Error>
    where
        F: Fn(bare::Client) -> Sent,
        Sent: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
    {
        let transport = self
            .transport(AccessToken::none(), self.client.timeouts.attempt)
            .describe_to(describer);
        exchange(
            &transport,
            self.operation,
            self.client.answer_limits,
            send(self.bare(&transport)),
        )
        .await
        .and_then(|answer| judge(answer).map_err(Error::from_failure))
        .map_err(|error| self.failed(error, ""))
    }

    fn transport(&self, token: AccessToken, timeout: Duration) -> Transport {
        Transport::new(
            token,
            Arc::clone(&self.client_request_id),
            self.client.user_agent.clone(),
            timeout,
        )
        .to(self.address)
        .with_headers(&self.client.extras.headers)
    }

    fn bare(&self, transport: &Transport) -> bare::Client {
        let version = if self.operation.in_version_1 {
            self.client.version
        } else {
            Version::Beta
        };
        bare::Client::new_with_client(
            &self.client.endpoint.base(version),
            self.client.http.clone(),
            transport.clone(),
        )
    }

    async fn token(&self, last_start: Instant) -> Result<AccessToken, NoToken> {
        match tokio::time::timeout_at(last_start, self.client.token.token()).await {
            Ok(Ok(token)) => Ok(token),
            Ok(Err(error)) => Err(NoToken::Failed(error)),
            Err(_) => Err(NoToken::Late),
        }
    }

    /// Waits for the turn of a request that leaves before `last_start`.
    async fn ticket(&self, last_start: Instant) -> Result<Ticket, Error> {
        let left = last_start.saturating_duration_since(Instant::now());
        let urgency = if self.operation.is_cancellation() {
            Urgency::Urgent
        } else {
            Urgency::Ordinary
        };
        let family = self.operation.resource_family();
        let held = match self.client.rate_limits.acquire(family, urgency, left).await {
            Ok(ticket) => return Ok(ticket),
            Err(held) => held,
        };
        let error = match held {
            Held::Back { wait, cause } => Error::rate_limited(cause, wait),
            Held::Failed(error) => {
                let unusable = "the file of the shared rate limits cannot be used";
                Error::new(ErrorKind::Configuration, unusable).with_source(error)
            }
        };
        Err(self.failed(error, ""))
    }

    fn failed(&self, error: Error, path: &str) -> Error {
        error.on(self.operation, path, Some(&self.client_request_id))
    }
}

/// Why there is nothing to send a request with.
enum NoToken {
    Failed(TokenError),
    Late,
}

impl NoToken {
    const LATE: &str = "the token source gave no token in the time that the call may take";

    fn into_error(self) -> Error {
        match self {
            Self::Failed(error) => {
                Error::new(ErrorKind::Token, "the token source gave no token").with_source(error)
            }
            Self::Late => Error::new(ErrorKind::Token, Self::LATE),
        }
    }

    fn into_token_error(self) -> TokenError {
        match self {
            Self::Failed(error) => error,
            Self::Late => TokenError::new(Self::LATE),
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use futures_util::FutureExt;
    use reqwest::StatusCode;
    use reqwest::header::HeaderMap;

    use super::*;
    use crate::answers::answer::SentRequest;
    use crate::answers::limits::AnswerLimits;

    #[test]
    fn a_runtime_that_ends_while_a_huge_answer_is_read_leaves_it_unread_and_does_not_panic() {
        let answer = Answer {
            status: StatusCode::ACCEPTED,
            headers: HeaderMap::new(),
            text: Bytes::from(vec![b' '; MAX_READ_IN_PLACE + 1]),
            cut_short: None,
            request: SentRequest::example(),
            limits: AnswerLimits::new(),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .expect("a runtime");
        let handle = runtime.handle().clone();
        drop(runtime);
        let _inside = handle.enter();
        let judged = judge_apart(judgement::nothing, answer).now_or_never();
        let Some(Err(Failure::Unreadable(answer, fault))) = judged else {
            panic!("it was read");
        };
        assert_eq!(answer.status, StatusCode::ACCEPTED);
        assert!(fault.is_incomplete);
    }
}
