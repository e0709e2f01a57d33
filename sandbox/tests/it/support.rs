//! A plain HTTP client for the tests; it knows nothing of the API.

use msgraph_migrations_sandbox::{Sandbox, SandboxBuilder};
use reqwest::header::HeaderMap;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

pub const JOBS: &str = "/v1.0/solutions/migrations/crossTenantMigrationJobs";
pub const TASKS: &str = "/beta/solutions/sharePoint/migrations/crossOrganizationMigrationTasks";
pub const USER_MAPPINGS: &str =
    "/beta/solutions/sharePoint/migrations/crossOrganizationUserMappings";
pub const GROUP_MAPPINGS: &str =
    "/beta/solutions/sharePoint/migrations/crossOrganizationGroupMappings";

pub const MINUTE: u64 = 60;
pub const HOUR: u64 = 60 * MINUTE;
pub const DAY: u64 = 24 * HOUR;

/// Three users that the tests create jobs for.
pub const ANNA: &str = "0a8f3c51-6d2e-4b97-8f10-c35d7e9b2a41";
pub const BERT: &str = "1b9e4d62-7c3f-4a86-9e21-d46c8fa03b52";
pub const CARA: &str = "2cad5e73-8b40-4975-ad32-e57b90b14c63";

/// An answer, read to its end.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("not JSON ({error}): {}", self.text))
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The code of the error, and the specific one if there is one.
    #[track_caller]
    pub fn codes(&self) -> (String, Option<String>) {
        let json = self.json();
        let code = json["error"]["code"].as_str().expect("a code").to_owned();
        let detail = json["error"]["details"][0]["code"]
            .as_str()
            .map(str::to_owned);
        (code, detail)
    }

    #[track_caller]
    pub fn message(&self) -> String {
        self.json()["error"]["message"]
            .as_str()
            .expect("a message")
            .to_owned()
    }
}

/// What every client of these tests is built from.
///
/// Some of them speak TLS, so reqwest wants a provider of cryptography, even from those that don't.
pub fn http() -> reqwest::ClientBuilder {
    static PROVIDER: std::sync::Once = std::sync::Once::new();
    PROVIDER.call_once(|| {
        // It can only fail because there is one, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder().no_proxy()
}

/// A sandbox with a client.
pub struct Room {
    pub sandbox: Sandbox,
    pub client: reqwest::Client,
}

pub async fn room() -> Room {
    room_with(Sandbox::builder()).await
}

pub async fn room_with(builder: SandboxBuilder) -> Room {
    let sandbox = builder.start().await.expect("a free port on loopback");
    let client = http().build().expect("a plain client");
    Room { sandbox, client }
}

impl Room {
    /// A request with a token; a POST without a body says so.
    pub fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let url = format!("{}{path}", self.sandbox.base_url());
        let request = self
            .client
            .request(method.clone(), url)
            .bearer_auth("a-token");
        if method == Method::POST {
            request.header("content-length", "0")
        } else {
            request
        }
    }

    pub async fn send(&self, request: RequestBuilder) -> Reply {
        let response = request.send().await.expect("an answer");
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response.text().await.expect("a whole body");
        Reply {
            status,
            headers,
            text,
        }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str) -> Reply {
        self.send(self.request("POST", path)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.send(self.request("DELETE", path)).await
    }

    pub async fn body(&self, method: &str, path: &str, body: &Value) -> Reply {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let url = format!("{}{path}", self.sandbox.base_url());
        self.send(
            self.client
                .request(method, url)
                .bearer_auth("a-token")
                .json(body),
        )
        .await
    }

    /// Puts something in force at a control endpoint.
    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.body("PUT", &format!("/_sandbox/{path}"), &body).await
    }

    /// Creates a job for three users that cuts over in a day, and returns its id.
    pub async fn create(&self, name: &str) -> String {
        let reply = self
            .body("POST", JOBS, &self.new_job(name))
            .await
            .expect(201);
        reply.json()["id"].as_str().expect("an id").to_owned()
    }

    pub fn new_job(&self, name: &str) -> Value {
        let date = self.sandbox.now() + chrono_day();
        json!({
            "displayName": name,
            "completeAfterDateTime": date.to_rfc3339(),
            "sourceTenantId": "3f5a7c19-2b4d-4e6f-8091-a2b3c4d5e6f7",
            "exchangeSettings": {"sourceEndpoint": "north", "targetDeliveryDomain": "south.example"},
            "resourceType": "Users",
            "resources": [ANNA, BERT, CARA],
        })
    }

    pub fn advance(&self, seconds: u64) {
        self.sandbox
            .advance(std::time::Duration::from_secs(seconds))
            .expect("time within the calendar");
    }

    #[track_caller]
    pub fn status(&self, job: &str) -> &'static str {
        self.sandbox
            .job(job)
            .expect("the job exists")
            .status
            .as_str()
    }

    pub async fn map_user(&self, source: &str) {
        let delta = json!({"@context": "#$delta", "value": [{
            "sourceOrganizationId": "3f5a7c19-2b4d-4e6f-8091-a2b3c4d5e6f7",
            "userType": "regularUser",
            "sourceUserIdentity": {"userPrincipalName": source},
            "targetUserIdentity": {"userPrincipalName": format!("moved.{source}")},
            "targetUserMigrationData": {"email": format!("moved.{source}")},
        }]});
        self.body("PATCH", USER_MAPPINGS, &delta).await.expect(200);
    }
}

fn chrono_day() -> chrono::TimeDelta {
    chrono::TimeDelta::days(1)
}

pub fn user_task(source: &str) -> Value {
    json!({"parameters": {
        "@odata.type": "#microsoft.graph.sharePointUserMigrationTaskParameters",
        "targetOrganizationHost": "https://south-my.sharepoint.example",
        "sourceUserIdentity": {"userPrincipalName": source},
        "targetUserIdentity": {"userPrincipalName": format!("moved.{source}")},
    }})
}

pub fn site_task(source: &str) -> Value {
    json!({"parameters": {
        "@odata.type": "#microsoft.graph.sharePointSiteMigrationTaskParameters",
        "targetOrganizationHost": "https://south.sharepoint.example",
        "sourceSiteUrl": source,
        "targetSiteUrl": "https://south.sharepoint.example/sites/Moved",
    }})
}

pub fn group_task(source: &str) -> Value {
    json!({"parameters": {
        "@odata.type": "#microsoft.graph.sharePointGroupMigrationTaskParameters",
        "targetOrganizationHost": "https://south.sharepoint.example",
        "sourceGroupIdentity": {"mailNickname": source},
        "targetGroupIdentity": {"mailNickname": "moved"},
    }})
}

/// The status of each workload of a user.
pub async fn workloads(room: &Room, job: &str, user: &str) -> Vec<String> {
    let task = room
        .get(&format!("{JOBS}/{job}/users/{user}"))
        .await
        .expect(200)
        .json();
    let current = task["currentStatus"]
        .as_array()
        .expect("a status for each workload")
        .clone();
    current
        .iter()
        .map(|entry| entry["status"].as_str().expect("a status").to_owned())
        .collect()
}
