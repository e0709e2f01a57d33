//! Who may call what.

use crate::answer::GraphError;
use crate::call::Request;
use crate::config::Access;
use crate::operation::Operation;
use crate::settings::Settings;

/// Checks who calls and whether the request is one that HTTP allows.
pub(crate) fn admit(
    access: &Access,
    settings: &Settings,
    request: &Request,
    operation: Option<Operation>,
) -> Result<(), GraphError> {
    let bearer = request.authorization.as_deref().and_then(|header| {
        let (scheme, token) = header.split_once(' ')?;
        let token = token.trim();
        (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
    });
    let refusal = match (bearer, &access.token) {
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
    if let (Some(operation), Some(scopes)) = (operation, &access.scopes) {
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
