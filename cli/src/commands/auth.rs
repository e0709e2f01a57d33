//! `xtmig auth check`: who the token is for, and what it allows.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use msgraph_migrations::{Operation, operations};
use serde_json::{Value, json};

use super::rows::text_of;
use super::session::Session;
use crate::connection::config_file;
use crate::exit::{Exit, Failure};
use crate::output::Row;
use crate::time::distance;

/// What each command sends.
const COMMANDS: &[(&str, &[&Operation])] = &[
    ("jobs list, status, plan", &[&operations::LIST_JOBS]),
    (
        "jobs show, jobs watch",
        &[&operations::GET_JOB, &operations::LIST_USERS],
    ),
    (
        "jobs report, problems, users list",
        &[&operations::GET_JOB, &operations::LIST_USERS],
    ),
    ("jobs create, apply, resume", &[&operations::CREATE_JOB]),
    ("jobs validate", &[&operations::VALIDATE_JOB]),
    ("jobs migrate, jobs run, retry", &[&operations::MIGRATE_JOB]),
    ("jobs update, postpone", &[&operations::UPDATE_JOB]),
    ("jobs cancel", &[&operations::CANCEL_JOB]),
    ("jobs delete", &[&operations::DELETE_JOB]),
    ("users cancel", &[&operations::CANCEL_USER]),
    (
        "sharepoint show, find, watch",
        &[&operations::GET_SHAREPOINT_TASK],
    ),
    ("sharepoint create", &[&operations::CREATE_SHAREPOINT_TASK]),
    ("sharepoint cancel", &[&operations::CANCEL_SHAREPOINT_TASK]),
    (
        "mappings show, plan of mappings",
        &[
            &operations::GET_USER_MAPPING,
            &operations::GET_GROUP_MAPPING,
        ],
    ),
    (
        "mappings apply, mappings remove, apply of mappings",
        &[
            &operations::UPDATE_USER_MAPPINGS,
            &operations::UPDATE_GROUP_MAPPINGS,
        ],
    ),
];

/// A scope that includes another; the pages say of no other pair that it does.
const INCLUDED: (&str, &str) = (
    "CrossTenantContentMigration.Read.All",
    "CrossTenantContentMigration.ReadWrite.All",
);

pub async fn check(session: &mut Session<'_>) -> Result<Exit, Failure> {
    let secret = session.connection.credential.secret().await?;
    let claims = claims(&secret);
    drop(secret);
    let credential = session.connection.credential.to_string();
    let Some(claims) = claims else {
        let row = Row::new()
            .with("credential", credential)
            .with("who", Value::Null)
            .with("tenant", Value::Null)
            .with("expires", Value::Null)
            .with("scopes", Value::Null)
            .beside("kind", Value::Null)
            .beside("profile", text_of(session.connection.profile.as_deref()))
            .beside("missing", Value::Null);
        session.output.rows(&[row], "")?;
        session.output.say(
            "The token cannot be looked into from here; whether it allows a command, only the command tells.",
        );
        return Ok(Exit::Done);
    };
    let now = Utc::now();
    let expires = claims.expires;
    let missing: Vec<(&str, Vec<&str>)> = COMMANDS
        .iter()
        .map(|(command, operations)| (*command, missing(&claims.scopes, operations)))
        .filter(|(_, missing)| !missing.is_empty())
        .collect();
    let row = Row::new()
        .with("credential", credential)
        .with("who", text_of(claims.who.as_deref()))
        .with("tenant", text_of(claims.tenant.as_deref()))
        .shown_as(
            "expires",
            text_of(expires.map(|time| time.to_rfc3339()).as_deref()),
            expires.map_or(String::new(), |time| {
                format!(
                    "{} ({})",
                    session.output.zone().format(time),
                    distance(time, now)
                )
            }),
        )
        .with("scopes", json!(claims.scopes))
        .beside(
            "kind",
            if claims.is_application {
                "application"
            } else {
                "delegated"
            },
        )
        .beside("profile", text_of(session.connection.profile.as_deref()))
        .beside(
            "missing",
            missing
                .iter()
                .map(|(command, scopes)| ((*command).to_owned(), json!(scopes)))
                .collect::<serde_json::Map<_, _>>(),
        );
    session.output.rows(&[row], "")?;
    session
        .output
        .say("Read from the token itself, here and without verifying it; the service may judge otherwise.");
    for (command, scopes) in &missing {
        session.output.say(&format!(
            "not allowed: {command} (needs {})",
            scopes.join(" and ")
        ));
    }
    if !claims.is_application {
        session.output.say(
            "Somebody who is signed in also needs the role Microsoft 365 Migration Administrator or Global Administrator.",
        );
    }
    if let Ok(file) = config_file() {
        session
            .output
            .detail(&format!("profiles are read from {}", file.display()));
    }
    if let (Some(wanted), Some(found)) = (&session.connection.tenant, &claims.tenant)
        && looks_like_id(wanted)
        && !wanted.eq_ignore_ascii_case(found)
    {
        return Err(
            Failure::new(Exit::NotAllowed, "the token is for another tenant")
                .because(format!(
                    "the profile names {wanted}, and the token is for {found}"
                ))
                .next("sign in to the tenant of the profile"),
        );
    }
    if expires.is_some_and(|time| time <= now) {
        return Err(Failure::new(Exit::NotAllowed, "the token has expired")
            .because(expires.map_or(String::new(), |time| time.to_rfc3339()))
            .next("sign in again"));
    }
    Ok(Exit::Done)
}

/// What a token says of itself.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Claims {
    who: Option<String>,
    tenant: Option<String>,
    pub(super) scopes: Vec<String>,
    expires: Option<DateTime<Utc>>,
    is_application: bool,
}

/// The tenant that a token is for, if it says.
pub fn tenant_of(token: &str) -> Option<String> {
    claims(token)?.tenant
}

/// Reads the claims; none if the token is not one that holds any.
pub(super) fn claims(token: &str) -> Option<Claims> {
    let mut parts = token.split('.');
    let payload = parts.nth(1)?;
    parts.next()?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).ok()?;
    let claims: Value = serde_json::from_slice(&bytes).ok()?;
    let text = |name: &str| claims.get(name).and_then(Value::as_str).map(str::to_owned);
    let delegated = text("scp");
    let scopes: Vec<String> = if let Some(scopes) = &delegated {
        scopes.split_whitespace().map(str::to_owned).collect()
    } else {
        let roles = claims.get("roles").and_then(Value::as_array);
        let roles = roles.into_iter().flatten().filter_map(Value::as_str);
        roles.map(str::to_owned).collect()
    };
    let who = [
        "upn",
        "preferred_username",
        "unique_name",
        "app_displayname",
        "appid",
        "oid",
    ];
    Some(Claims {
        who: who.into_iter().find_map(text),
        tenant: text("tid"),
        scopes,
        expires: claims
            .get("exp")
            .and_then(Value::as_i64)
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0)),
        is_application: delegated.is_none(),
    })
}

/// The scopes that `operations` need and the token lacks.
pub(super) fn missing<'a>(scopes: &[String], operations: &[&'a Operation]) -> Vec<&'a str> {
    let has = |scope: &str| scopes.iter().any(|own| own.eq_ignore_ascii_case(scope));
    let mut missing: Vec<&str> = operations
        .iter()
        .map(|operation| operation.least_privileged_scope)
        .filter(|scope| !(has(scope) || *scope == INCLUDED.0 && has(INCLUDED.1)))
        .collect();
    missing.dedup();
    missing
}

fn looks_like_id(tenant: &str) -> bool {
    uuid::Uuid::parse_str(tenant).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        format!(
            "{}.{}.c2lnbmF0dXJl",
            part(&json!({"alg": "none"})),
            part(claims)
        )
    }

    #[test]
    fn claims_are_read_from_tokens_of_people_and_of_applications() {
        let person = json!({"upn": "ada@harborlane.example", "tid": "0a77b3c4", "exp": 1_800_000_000,
            "scp": "CrossTenantContentMigration.Read.All User.Read"});
        let found = claims(&token(&person)).expect("claims");
        assert_eq!(found.who.as_deref(), Some("ada@harborlane.example"));
        assert_eq!(found.scopes.len(), 2);
        assert!(!found.is_application);
        let application = json!({"appid": "f1", "tid": "0a77b3c4", "roles": ["A.Read"]});
        let found = claims(&token(&application)).expect("claims");
        assert!(found.is_application && found.expires.is_none());
        for odd in ["", "opaque", "a.b", "a.b.c", "a.!!.c", "..", "ä.ö.ü"] {
            assert_eq!(claims(odd), None, "{odd}");
        }
    }

    #[test]
    fn writing_jobs_includes_reading_them_and_nothing_else_includes_anything() {
        let scopes = |text: &str| vec![text.to_owned()];
        let jobs = [&operations::LIST_JOBS];
        let tasks = [&operations::GET_SHAREPOINT_TASK];
        assert!(missing(&scopes("CrossTenantContentMigration.ReadWrite.All"), &jobs).is_empty());
        assert_eq!(
            missing(&scopes("SharePointCrossTenantMigration.Manage.All"), &tasks),
            ["SharePointCrossTenantMigration.Read.All"]
        );
    }
}
