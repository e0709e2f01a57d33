//! Who may call what.

use crate::access::Access;
use crate::answer::GraphError;
use crate::call::Request;
use crate::operation::Operation;
use crate::settings::Settings;

/// The token of a request, if it has one.
pub(crate) fn bearer(request: &Request) -> Option<&str> {
    let (scheme, token) = request.authorization.as_deref()?.split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// The refusal of a token that was good once, with the challenge that tells a client to get another.
pub(crate) fn expired() -> GraphError {
    // {"access_token":{"nbf":{"essential":true,"value":"1767600000"}}}
    const CLAIMS: &str =
        "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzY3NjAwMDAwIn19fQ==";
    GraphError::new(
        401,
        "InvalidAuthenticationToken",
        "Lifetime validation failed, the token is expired.",
    )
    .with_header(
        "www-authenticate",
        format!(
            "Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"{CLAIMS}\""
        ),
    )
}

/// Checks who calls and whether the request is one that HTTP allows.
pub(crate) fn admit(
    access: &Access,
    settings: &Settings,
    request: &Request,
    operation: Option<Operation>,
) -> Result<(), GraphError> {
    if operation.is_some_and(Operation::is_public) {
        return Ok(());
    }
    let refusal = match (bearer(request), &access.token) {
        (None, _) => Some("Access token is empty."),
        (Some(given), Some(expected)) if given != expected => {
            Some("Access token validation failure.")
        }
        (Some(_), _) => None,
    };
    if let Some(message) = refusal {
        return Err(GraphError::new(401, "InvalidAuthenticationToken", message)
            .with_header("www-authenticate", "Bearer realm=\"\""));
    }
    // The requests within a batch are held against the scopes, each by itself.
    let own = operation.filter(|operation| *operation != Operation::Batch);
    if let (Some(operation), Some(scopes)) = (own, &access.scopes) {
        let wanted = scopes_of(operation, settings);
        let has = |scope: &&str| scopes.iter().any(|given| given.eq_ignore_ascii_case(scope));
        if !wanted.iter().any(has) {
            return Err(if operation.is_of_jobs() {
                GraphError::new(
                    403,
                    "Authorization_RequestDenied",
                    "Insufficient privileges to complete the operation.",
                )
            } else {
                GraphError::new(403, "accessDenied", "Access denied")
            });
        }
    }
    if request.method == "POST" && !request.has_length {
        return Err(GraphError::new(
            411,
            "LengthRequired",
            "A POST request needs the header 'Content-Length', even without a body.",
        ));
    }
    Ok(())
}

/// The scopes of which any one allows the operation.
fn scopes_of(operation: Operation, settings: &Settings) -> &'static [&'static str] {
    const JOBS_READ: &str = "CrossTenantContentMigration.Read.All";
    const JOBS_WRITE: &str = "CrossTenantContentMigration.ReadWrite.All";
    const TASKS_READ: &str = "SharePointCrossTenantMigration.Read.All";
    const TASKS_MANAGE: &str = "SharePointCrossTenantMigration.Manage.All";
    match (operation.is_of_jobs(), operation.reads()) {
        (true, true) => &[JOBS_READ, JOBS_WRITE],
        (true, false) => &[JOBS_WRITE],
        (false, true) if settings.manage_allows_reading => &[TASKS_READ, TASKS_MANAGE],
        (false, true) => &[TASKS_READ],
        (false, false) => &[TASKS_MANAGE],
    }
}
