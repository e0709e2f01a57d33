//! `--resolve`: the object ids of user principal names, by Graph's `/users`.
//!
//! That call is not part of the migration APIs, nor of their specification: it is made here and nowhere in the library,
//! and needs `User.ReadBasic.All` or more in the target tenant.
//! <https://learn.microsoft.com/graph/api/user-get>

use std::collections::HashMap;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use msgraph_migrations::dependencies::reqwest;
use reqwest::header::RETRY_AFTER;
use reqwest::{StatusCode, Url};
use serde::Deserialize;

use super::people::is_object_id;
use crate::exit::{Exit, Failure};

/// How many requests are under way at once.
const CONCURRENCY: usize = 4;
/// How many times one is sent, and how long it may take.
const MAX_ATTEMPTS: u32 = 5;
const TIMEOUT: Duration = Duration::from_secs(30);
/// The longest that a pause is sat out.
const MAX_PAUSE: Duration = Duration::from_mins(2);

#[derive(Deserialize)]
struct User {
    id: String,
}

/// Looks names up; of those whom the tenant does not know, why not.
pub async fn look_up(
    endpoint: &str,
    token: &str,
    names: Vec<String>,
) -> Result<HashMap<String, Result<String, String>>, Failure> {
    let client = reqwest::Client::builder()
        .timeout(TIMEOUT)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .map_err(|error| Failure::unexpected("users cannot be looked up", error))?;
    let (client, endpoint, token) = (&client, endpoint, token);
    let mut found = HashMap::new();
    let mut answers = stream::iter(names.into_iter().map(|name| async move {
        let id = one(client, endpoint, token, &name).await?;
        Ok::<_, Failure>((name.to_lowercase(), id))
    }))
    .buffer_unordered(CONCURRENCY);
    while let Some(answer) = answers.next().await {
        let (name, id) = answer?;
        found.insert(name, id);
    }
    Ok(found)
}

async fn one(
    client: &reqwest::Client,
    endpoint: &str,
    token: &str,
    name: &str,
) -> Result<Result<String, String>, Failure> {
    let failed = |exit, why: String| {
        Failure::new(
            exit,
            format!("{name} cannot be looked up; nothing was sent that changes anything"),
        )
        .because(why)
        .next("name the object ids in a CSV instead, by [users.directory]")
    };
    let mut url = Url::parse(endpoint).map_err(|error| failed(Exit::Usage, error.to_string()))?;
    url.path_segments_mut()
        .map_err(|()| failed(Exit::Usage, format!("{endpoint} has no path")))?
        .pop_if_empty()
        .extend(["v1.0", "users", name]);
    url.set_query(Some("$select=id,userPrincipalName"));
    let mut attempt = 0;
    loop {
        attempt += 1;
        let sent = client
            .get(url.clone())
            .bearer_auth(token)
            .header("accept", "application/json")
            .header(
                "client-request-id",
                uuid::Uuid::new_v4().hyphenated().to_string(),
            )
            .send()
            .await;
        let answer = match sent {
            Ok(answer) => answer,
            Err(_) if attempt < MAX_ATTEMPTS => {
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            Err(error) => return Err(failed(Exit::TryLater, error.without_url().to_string())),
        };
        let status = answer.status();
        if is_passing(status) && attempt < MAX_ATTEMPTS {
            let pause = answer.headers().get(RETRY_AFTER);
            let pause = pause.and_then(|pause| pause.to_str().ok()?.parse::<f64>().ok());
            let pause = pause.and_then(|pause| Duration::try_from_secs_f64(pause).ok());
            let pause = pause.unwrap_or(Duration::from_secs(1 << attempt));
            tokio::time::sleep(pause.min(MAX_PAUSE)).await;
            continue;
        }
        return match status {
            StatusCode::OK => match answer.json::<User>().await {
                Ok(user) if is_object_id(&user.id) => Ok(Ok(user.id.to_lowercase())),
                Ok(user) => Err(failed(
                    Exit::Unexpected,
                    format!("the answer has {} for an id", user.id),
                )),
                Err(error) => Err(failed(Exit::Unexpected, error.without_url().to_string())),
            },
            StatusCode::NOT_FOUND => Ok(Err(format!("the tenant has no user {name}"))),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(failed(
                Exit::NotAllowed,
                format!("{status}: the token needs User.ReadBasic.All or more for that"),
            )),
            _ if is_passing(status) => Err(failed(Exit::TryLater, status.to_string())),
            _ => Err(failed(Exit::Unexpected, status.to_string())),
        };
    }
}

fn is_passing(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}
