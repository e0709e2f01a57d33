//! What one writes in an hour: a loop, three attempts, and 409 means that it is cancelled already.

use std::collections::BTreeSet;
use std::error::Error;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::service::{Claims, Weekend};

const ATTEMPTS: u32 = 3;
const AT_ONCE: usize = 8;

pub async fn cancel_all(weekend: &Weekend) -> Result<Claims, Box<dyn Error>> {
    let http = reqwest::Client::builder().no_proxy().build()?;
    let jobs = format!(
        "{}/v1.0/solutions/migrations/crossTenantMigrationJobs",
        weekend.sandbox.base_url()
    );
    let users = weekend.by_user.iter().flat_map(|job| {
        let prefix = format!("{jobs}/{job}/users");
        let users = weekend.users(job).into_iter();
        users.map(move |user| (format!("{prefix}/{user}/cancel"), user))
    });
    let whole = weekend.whole.iter();
    let whole = whole.map(|job| (format!("{jobs}/{job}/cancel"), job.clone()));
    Ok(Claims {
        users: cancel(&http, users.collect()).await,
        jobs: cancel(&http, whole.collect()).await,
    })
}

/// Those that it believes to be cancelled.
async fn cancel(http: &reqwest::Client, items: Vec<(String, String)>) -> BTreeSet<String> {
    stream::iter(items)
        .map(|(url, id)| async move {
            for _ in 0..ATTEMPTS {
                match http.post(&url).bearer_auth("weekend").send().await {
                    Ok(answer) if answer.status().is_success() => return Some(id),
                    Ok(answer) if answer.status().as_u16() == 409 => return Some(id),
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
