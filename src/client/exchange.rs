//! One request and its answer: sending, and telling the ways apart in which no answer comes.

use std::future::{Future, poll_fn};
use std::pin::Pin;

use bytes::{Bytes, BytesMut};
use futures_core::Stream;
use progenitor_client::{ByteStream, Error as Bare, ResponseValue};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_LENGTH, HeaderMap};

use crate::answers::answer::{Answer, CutShort, SentRequest};
use crate::answers::error::{Error, ErrorKind};
use crate::answers::limits::AnswerLimits;
use crate::client::transport::{DESCRIBED, Transport};
use crate::models::operation::Operation;

/// Sends by `send`, which is one method of the generated client, and reads the answer to its end.
pub(crate) async fn exchange<F>(
    transport: &Transport,
    operation: &'static Operation,
    limits: AnswerLimits,
    send: F,
) -> Result<Answer, Error>
where
    F: Future<Output = Result<ResponseValue<ByteStream>, Bare<()>>>,
{
    let result = send.await;
    let request = SentRequest {
        operation,
        path: transport.sent_path().unwrap_or_default(),
        client_request_id: transport.client_request_id(),
    };
    match result {
        Ok(response) => {
            let (status, headers) = (response.status(), transport.take_headers());
            Ok(answer(
                request,
                limits,
                status,
                headers,
                response.into_inner_stream(),
            )
            .await)
        }
        Err(Bare::UnexpectedResponse(response)) => {
            let (status, headers) = (response.status(), transport.take_headers());
            let body = Box::pin(response.bytes_stream());
            Ok(answer(request, limits, status, headers, body).await)
        }
        Err(Bare::Custom(reason)) if reason == DESCRIBED => {
            Err(Error::new(ErrorKind::DescribedOnly, DESCRIBED))
        }
        Err(Bare::CommunicationError(error)) => Err(unanswered(transport, error)),
        Err(
            error @ (Bare::InvalidRequest(_)
            | Bare::Custom(_)
            | Bare::InvalidUpgrade(_)
            | Bare::ErrorResponse(_)
            | Bare::ResponseBodyError(_)
            | Bare::InvalidResponsePayload(..)),
        ) => Err(match transport.sent_path() {
            None => Error::new(ErrorKind::InvalidRequest, "the request could not be built")
                .with_source(error),
            Some(_) => Error::new(ErrorKind::Interrupted, "the answer could not be taken in")
                .with_source(error),
        }),
    }
}

/// The HTTP client follows no redirects and repeats nothing, so that an error of building or connecting is
/// one of the only request there was, and before its first byte.
fn unanswered(transport: &Transport, error: reqwest::Error) -> Error {
    let error = error.without_url();
    let (kind, detail) = if transport.sent_path().is_none() || error.is_builder() {
        (ErrorKind::InvalidRequest, "the request could not be built")
    } else if error.is_connect() {
        (ErrorKind::Connect, "no connection to the service")
    } else if error.is_timeout() {
        (ErrorKind::Interrupted, "no answer in time")
    } else {
        (
            ErrorKind::Interrupted,
            "the connection broke before an answer came",
        )
    };
    Error::new(kind, detail).with_source(error)
}

type Body = Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send + Sync>>;

async fn answer(
    request: SentRequest,
    limits: AnswerLimits,
    status: StatusCode,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let length = headers.get(CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let (text, cut_short) = read(body, length, limits.body_bytes).await;
    Answer {
        status,
        headers,
        text,
        cut_short,
        request,
        limits,
    }
}

/// Reads the body to its end, into one piece of memory when `length`, what the headers say of it, is right; a body of
/// more than `most` bytes is cut rather than held in memory.
async fn read(mut stream: Body, length: Option<usize>, most: usize) -> (Bytes, Option<CutShort>) {
    let mut next = async || poll_fn(|context| stream.as_mut().poll_next(context)).await;
    // Most answers come in one piece, which need not be copied.
    let mut whole = Bytes::new();
    let mut pieces = BytesMut::new();
    loop {
        let held = whole.len() + pieces.len();
        let chunk = match next().await {
            None => return (joined(whole, pieces), None),
            Some(Ok(chunk)) => chunk,
            Some(Err(error)) => {
                let reason = CutShort::BrokenOff(error.without_url().to_string());
                return (joined(whole, pieces), Some(reason));
            }
        };
        if held + chunk.len() > most {
            let reason = CutShort::TooLong(most);
            return (joined(whole, pieces), Some(reason));
        }
        if held == 0 {
            whole = chunk;
            continue;
        }
        if pieces.is_empty() {
            let expected = length.unwrap_or(0).min(most);
            pieces.reserve(expected.max(held + chunk.len()));
            pieces.extend_from_slice(&std::mem::take(&mut whole));
        }
        pieces.extend_from_slice(&chunk);
    }
}

fn joined(whole: Bytes, pieces: BytesMut) -> Bytes {
    if pieces.is_empty() {
        whole
    } else {
        pieces.freeze()
    }
}
