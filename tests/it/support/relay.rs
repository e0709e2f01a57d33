//! What stands between a client and the service: a proxy that tunnels, and an edge that speaks HTTP/2.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use super::tls::{Authority, Greeting, configuration};

/// Stops when dropped.
pub struct Relay {
    port: u16,
    task: JoinHandle<()>,
}

impl Relay {
    /// A proxy that opens tunnels to any address, which in these tests is on this machine.
    pub async fn proxy() -> Self {
        Self::start(|stream| async move {
            // Whoever breaks off breaks off both.
            let _ = tunnel(stream).await;
        })
        .await
    }

    /// An edge that takes HTTP/2 over TLS and asks the service at `origin` in HTTP/1.1, once for each request.
    pub async fn http2_edge(authority: &Authority, origin: String) -> Self {
        let greeting = Greeting {
            protocols: &["h2"],
            ..Greeting::default()
        };
        let certified = authority.certify("localhost");
        let acceptor = TlsAcceptor::from(Arc::new(configuration(&certified, &greeting)));
        let service = reqwest::Client::builder()
            .no_proxy()
            .http1_only()
            .pool_max_idle_per_host(0)
            .build()
            .expect("a client");
        Self::start(move |stream| {
            let (acceptor, service, origin) = (acceptor.clone(), service.clone(), origin.clone());
            async move {
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let Ok(mut connection) = h2::server::handshake(stream).await else {
                    return;
                };
                while let Some(Ok((request, respond))) = connection.accept().await {
                    tokio::spawn(forward(request, respond, service.clone(), origin.clone()));
                }
            }
        })
        .await
    }

    async fn start<F: Future<Output = ()> + Send + 'static>(
        serve: impl Fn(TcpStream) -> F + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream));
            }
        });
        Self { port, task }
    }

    pub fn origin(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}", self.port)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn tunnel(stream: TcpStream) -> std::io::Result<()> {
    let mut client = BufReader::new(stream);
    let mut first = String::new();
    client.read_line(&mut first).await?;
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        if client.read_line(&mut line).await? == 0 {
            return Ok(());
        }
    }
    let target = first.strip_prefix("CONNECT ");
    let target = target.and_then(|rest| rest.split(' ').next());
    let target = target.ok_or(std::io::ErrorKind::InvalidInput)?;
    let mut service = TcpStream::connect(target).await?;
    client.write_all(b"HTTP/1.1 200 Connected\r\n\r\n").await?;
    copy_bidirectional(&mut client, &mut service).await?;
    Ok(())
}

/// Hands on what the service answers; where it breaks off, the stream is reset.
async fn forward(
    request: http::Request<h2::RecvStream>,
    mut respond: h2::server::SendResponse<Bytes>,
    service: reqwest::Client,
    origin: String,
) {
    let (head, mut incoming) = request.into_parts();
    let mut body = Vec::new();
    while let Some(Ok(part)) = incoming.data().await {
        let _ = incoming.flow_control().release_capacity(part.len());
        body.extend_from_slice(&part);
    }
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let asked = service
        .request(head.method, format!("{origin}{path}"))
        .headers(head.headers)
        .body(body);
    let Ok(answer) = asked.send().await else {
        respond.send_reset(h2::Reason::INTERNAL_ERROR);
        return;
    };
    let mut response = http::Response::new(());
    *response.status_mut() = answer.status();
    *response.headers_mut() = answer.headers().clone();
    for hop_by_hop in ["connection", "transfer-encoding", "content-length"] {
        response.headers_mut().remove(hop_by_hop);
    }
    let Ok(mut outgoing) = respond.send_response(response, false) else {
        return;
    };
    let mut parts = answer.bytes_stream();
    while let Some(part) = parts.next().await {
        let Ok(part) = part else {
            outgoing.send_reset(h2::Reason::INTERNAL_ERROR);
            return;
        };
        let _ = outgoing.send_data(part, false);
    }
    let _ = outgoing.send_data(Bytes::new(), true);
}
