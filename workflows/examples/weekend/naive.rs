//! What one writes in an hour: a loop, three attempts, and 409 means that it is cancelled already.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::service::{Claims, Weekend};

const ATTEMPTS: u32 = 3;
const AT_ONCE: usize = 8;

pub async fn cancel_all(weekend: &Weekend) -> Result<Claims, Box<dyn Error>> {
    let jobs = "/v1.0/solutions/migrations/crossTenantMigrationJobs";
    let users = weekend.by_user.iter().flat_map(|job| {
        let users = weekend.users(job).into_iter();
        users.map(move |user| (format!("{jobs}/{job}/users/{user}/cancel"), user))
    });
    let whole = weekend.whole.iter();
    let whole = whole.map(|job| (format!("{jobs}/{job}/cancel"), job.clone()));
    let address = weekend.sandbox.address().to_string();
    Ok(Claims {
        users: cancel(&address, users.collect()).await,
        jobs: cancel(&address, whole.collect()).await,
    })
}

/// Those that it believes to be cancelled.
async fn cancel(address: &str, items: Vec<(String, String)>) -> BTreeSet<String> {
    stream::iter(items)
        .map(|(path, id)| async move {
            for _ in 0..ATTEMPTS {
                match post(address, &path).await {
                    Ok(200..300 | 409) => return Some(id),
                    _ => tokio::time::sleep(Duration::from_secs(1)).await,
                }
            }
            None
        })
        .buffer_unordered(AT_ONCE)
        .filter_map(std::future::ready)
        .collect()
        .await
}

/// The status of the answer.
async fn post(address: &str, path: &str) -> Result<u16, Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: {address}\r\nauthorization: Bearer weekend\r\n\
         content-length: 0\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    let status = answer.split(' ').nth(1).ok_or("no answer")?;
    Ok(status.parse()?)
}
