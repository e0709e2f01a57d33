//! The calls as somebody writes them who has reqwest, serde and an afternoon.

use std::time::Duration;

use reqwest::Client;
use reqwest::header::CONTENT_LENGTH;
use serde::Deserialize;

use crate::{JOB, Made, Scenario};

#[derive(Deserialize)]
struct Cancelled {
    status: Option<String>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    value: Vec<User>,
    #[serde(rename = "@odata.nextLink")]
    next_link: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    id: String,
    last_updated_date_time: Option<String>,
    task_type: Option<String>,
    current_status: Vec<ServiceStatus>,
}

#[derive(Deserialize)]
struct ServiceStatus {
    service: String,
    status: String,
    message: Option<String>,
    errors: Vec<ServiceError>,
}

#[derive(Deserialize)]
struct ServiceError {
    code: Option<String>,
    message: Option<String>,
}

pub async fn run(origin: &str, token: &str, scenario: Scenario, times: usize) -> Made {
    let http = Client::builder()
        .timeout(Duration::from_secs(100))
        .build()?;
    let jobs = format!("{origin}/v1.0/solutions/migrations/crossTenantMigrationJobs");
    let mut read = 0;
    for _ in 0..times {
        read += match scenario {
            Scenario::Cancel => {
                let answer: Cancelled = http
                    .post(format!("{jobs}/{JOB}/cancel"))
                    .bearer_auth(token)
                    .header(CONTENT_LENGTH, 0)
                    .send()
                    .await?
                    .error_for_status()?
                    .json()
                    .await?;
                answer.status.map_or(0, |status| status.len())
                    + answer.message.map_or(0, |message| message.len())
            }
            Scenario::Users => {
                let page: Page = http
                    .get(format!("{jobs}/{JOB}/users"))
                    .bearer_auth(token)
                    .send()
                    .await?
                    .error_for_status()?
                    .json()
                    .await?;
                count(&page)
            }
        };
    }
    Ok(read)
}

fn count(page: &Page) -> usize {
    let errors = |status: &ServiceStatus| {
        status
            .errors
            .iter()
            .map(|error| {
                error.code.as_ref().map_or(0, String::len)
                    + error.message.as_ref().map_or(0, String::len)
            })
            .sum::<usize>()
    };
    page.next_link.as_ref().map_or(0, String::len)
        + page
            .value
            .iter()
            .map(|user| {
                user.id.len()
                    + user.last_updated_date_time.as_ref().map_or(0, String::len)
                    + user.task_type.as_ref().map_or(0, String::len)
                    + user
                        .current_status
                        .iter()
                        .map(|status| {
                            status.service.len()
                                + status.status.len()
                                + status.message.as_ref().map_or(0, String::len)
                                + errors(status)
                        })
                        .sum::<usize>()
            })
            .sum::<usize>()
}
