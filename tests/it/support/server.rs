//! A server that records requests byte for byte and answers as told.
//!
//! A web framework would tidy both up; these tests are about what really travels.

use std::sync::{Arc, Mutex};

use msgraph_migrations::{AccessToken, Client, ClientBuilder, RetryPolicy};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// What the client under test sends as its bearer token.
pub const SECRET: &str = "eyJ0.c2VjcmV0.test-token";

/// What the server does with each request.
#[derive(Clone)]
pub enum Reply {
    /// Writes these bytes and closes the connection.
    Raw(Vec<u8>),
    /// Closes the connection without a word.
    Hangup,
    /// Keeps the connection open and says nothing.
    Silence,
}

impl Reply {
    /// A whole answer with a length.
    pub fn new(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Self {
        let body = body.as_ref();
        let mut lines = vec![
            format!("HTTP/1.1 {status} Status"),
            "connection: close".to_owned(),
        ];
        if status != 204 {
            lines.push(format!("content-length: {}", body.len()));
        }
        lines.extend(
            headers
                .iter()
                .map(|(name, value)| format!("{name}: {value}")),
        );
        let text = lines.join("\r\n") + "\r\n";
        let mut bytes = (text + "\r\n").into_bytes();
        bytes.extend_from_slice(body);
        Self::Raw(bytes)
    }

    /// A whole answer with a JSON body and a request id.
    pub fn json(status: u16, body: impl AsRef<[u8]>) -> Self {
        Self::new(
            status,
            &[
                ("content-type", "application/json"),
                ("request-id", REQUEST_ID),
            ],
            body,
        )
    }
}

/// The request id of [`Reply::json`].
pub const REQUEST_ID: &str = "0c5b1d6e-93fa-4a27-8e40-b6d7f2a91c38";

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Path and query exactly as sent.
    pub target: String,
    /// Names in lower case, in order.
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, value)| value.as_str())
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("the client sends JSON")
    }

    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }
}

/// A server on a loopback port; it stops when dropped.
pub struct Server {
    address: String,
    requests: Arc<Mutex<Vec<Request>>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Answers every request in the same way.
    pub async fn start(reply: Reply) -> Self {
        Self::start_with(move |_| reply.clone()).await
    }

    /// Answers each request by `reply`.
    pub async fn start_with(reply: impl Fn(&Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a loopback port");
        let address = listener.local_addr().expect("an address").to_string();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (recorded, reply) = (Arc::clone(&requests), Arc::new(reply));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (recorded, reply) = (Arc::clone(&recorded), Arc::clone(&reply));
                tokio::spawn(async move { serve(stream, &recorded, &*reply).await });
            }
        });
        Self {
            address,
            requests,
            task,
        }
    }

    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A client that sends each request once, so that a test sees what one answer does.
    pub fn builder(&self) -> ClientBuilder {
        Client::builder(AccessToken::new(SECRET).expect("a token"))
            .endpoint(self.origin())
            .retry(RetryPolicy::never())
    }

    pub fn client(&self) -> Client {
        self.builder().build().expect("a client")
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests
            .lock()
            .expect("no panic in the server")
            .clone()
    }

    /// The one request that arrived.
    #[track_caller]
    pub fn request(&self) -> Request {
        let requests = self.requests();
        assert_eq!(requests.len(), 1, "{requests:?}");
        requests[0].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Answers one request.
pub async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    recorded: &Mutex<Vec<Request>>,
    reply: &(impl Fn(&Request) -> Reply + Sync),
) {
    let Some(request) = receive(&mut stream).await else {
        return;
    };
    let reply = reply(&request);
    recorded
        .lock()
        .expect("no panic in the server")
        .push(request);
    match reply {
        Reply::Raw(bytes) => {
            // The client may have gone, which is its right.
            let _ = stream.write_all(&bytes).await;
            let _ = stream.shutdown().await;
        }
        Reply::Hangup => {}
        Reply::Silence => {
            let _ = stream.read(&mut [0; 1]).await;
        }
    }
}

async fn receive(stream: &mut (impl AsyncRead + Unpin)) -> Option<Request> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
    let mut lines = head.split("\r\n");
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?.to_owned());
    let headers: Vec<_> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    let mut body = bytes.split_off(end);
    while body.len() < length {
        if stream.read_buf(&mut body).await.ok()? == 0 {
            return None;
        }
    }
    Some(Request {
        method,
        target,
        headers,
        body,
    })
}
