//! How to sign in: a token that is at hand, or one of the credentials of the Azure SDK.

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use azure_core::credentials::{Secret, TokenCredential};
use azure_core::http::{ClientOptions, ExponentialRetryOptions, RetryOptions};
use azure_identity::{
    AzureCliCredential, AzureCliCredentialOptions, ClientAssertionCredential,
    ClientAssertionCredentialOptions, ClientSecretCredential, ClientSecretCredentialOptions,
    ManagedIdentityCredential, ManagedIdentityCredentialOptions, UserAssignedId,
    WorkloadIdentityCredential, WorkloadIdentityCredentialOptions,
};
use clap::ValueEnum;
use msgraph_migrations::azure::AzureToken;
use msgraph_migrations::{
    AccessToken, Client, ClientBuilder, ExpiringToken, RefreshingToken, TokenError,
};
use serde::Deserialize;

use super::Profile;
use super::certificate::Certificate;
use crate::exit::{Exit, Failure};
use crate::simulator;

/// The variable that holds the bearer token; a command line could be read by others.
const TOKEN: &str = "XTMIG_TOKEN";
/// The variable that names a file with the bearer token.
const TOKEN_FILE: &str = "XTMIG_TOKEN_FILE";
const TENANT_ID: &str = "AZURE_TENANT_ID";
const CLIENT_ID: &str = "AZURE_CLIENT_ID";
const CLIENT_SECRET: &str = "AZURE_CLIENT_SECRET";
const CLIENT_CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const FEDERATED_TOKEN_FILE: &str = "AZURE_FEDERATED_TOKEN_FILE";
/// What tokens are asked for.
const SCOPE: &str = "https://graph.microsoft.com/.default";

/// How often a request for a token is repeated.
const MAX_REPEATS: u32 = 3;

/// A way to sign in.
#[expect(
    clippy::doc_markdown,
    reason = "what documents a value is its help, where backticks would be shown"
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A bearer token, from XTMIG_TOKEN or from the file that XTMIG_TOKEN_FILE names
    Token,
    /// What the variables AZURE_… hold: a client secret, a certificate, or a workload identity
    Environment,
    /// Whoever is signed in to the Azure CLI
    AzureCli,
    /// The managed identity of this machine
    ManagedIdentity,
    /// The workload identity of this Kubernetes pod
    WorkloadIdentity,
    /// An application with a secret
    ClientSecret,
    /// An application with a certificate
    Certificate,
}

/// Where tokens come from. Shows no secret.
pub enum Credential {
    /// Nowhere, since nothing is sent.
    None,
    /// The simulator takes any.
    Simulator,
    /// A token that is at hand, and what it was read from.
    Token { secret: String, variable: String },
    /// A file that is read again when the service refuses the token.
    File(PathBuf),
    /// A credential of the Azure SDK, and its name.
    Azure(Arc<dyn TokenCredential>, &'static str),
}

impl Credential {
    /// The credential that the command line, else the profile, else the environment chooses.
    pub fn choose(asked: Option<Kind>, profile: &Profile) -> Result<Self, Failure> {
        let kind = asked.or(profile.credential);
        match kind.unwrap_or_else(|| from_environment(profile)) {
            Kind::Token => token(profile),
            Kind::Environment => environment(profile),
            Kind::AzureCli => {
                let options = AzureCliCredentialOptions {
                    tenant_id: profile.tenant.clone(),
                    ..AzureCliCredentialOptions::default()
                };
                azure(AzureCliCredential::new(Some(options)), "the Azure CLI")
            }
            Kind::ManagedIdentity => {
                let options = ManagedIdentityCredentialOptions {
                    user_assigned_id: profile.client_id.clone().map(UserAssignedId::ClientId),
                    client_options: asking(),
                };
                azure(
                    ManagedIdentityCredential::new(Some(options)),
                    "the managed identity",
                )
            }
            Kind::WorkloadIdentity => {
                let options = WorkloadIdentityCredentialOptions {
                    credential_options: ClientAssertionCredentialOptions {
                        client_options: asking(),
                    },
                    client_id: profile.client_id.clone(),
                    tenant_id: profile.tenant.clone(),
                    ..WorkloadIdentityCredentialOptions::default()
                };
                azure(
                    WorkloadIdentityCredential::new(Some(options)),
                    "the workload identity",
                )
            }
            Kind::ClientSecret => {
                let variable = profile.secret_variable.as_deref().unwrap_or(CLIENT_SECRET);
                let secret = Secret::new(needed(None, variable)?);
                let (tenant, client) = application(profile)?;
                let options = ClientSecretCredentialOptions {
                    client_options: asking(),
                };
                azure(
                    ClientSecretCredential::new(&tenant, client, secret, Some(options)),
                    "the client secret",
                )
            }
            Kind::Certificate => {
                let file = match &profile.certificate {
                    Some(file) => file.clone(),
                    None => needed(None, CLIENT_CERTIFICATE)?.into(),
                };
                let (tenant, client) = application(profile)?;
                let certificate = Certificate::read(&file, &tenant, &client)?;
                let options = ClientAssertionCredentialOptions {
                    client_options: asking(),
                };
                azure(
                    ClientAssertionCredential::new(tenant, client, certificate, Some(options)),
                    "the certificate",
                )
            }
        }
    }

    /// Begins a client that takes its tokens from here.
    pub fn client(&self) -> Result<ClientBuilder, Failure> {
        Ok(match self {
            Self::None | Self::Simulator => Client::builder(held(simulator::TOKEN, "it")?),
            Self::Token { secret, variable } => Client::builder(held(secret.trim(), variable)?),
            Self::File(file) => {
                let file = file.clone();
                Client::builder(RefreshingToken::new(move || {
                    let read = read_token(&file);
                    async move {
                        let token = AccessToken::new(&read?)?;
                        Ok(ExpiringToken::new(token, None))
                    }
                }))
            }
            Self::Azure(credential, _) => Client::builder(AzureToken::new(Arc::clone(credential))),
        })
    }

    /// The token itself, to read what it says; it is never shown.
    pub async fn secret(&self) -> Result<String, Failure> {
        match self {
            Self::None | Self::Simulator => Ok(simulator::TOKEN.to_owned()),
            Self::Token { secret, .. } => Ok(secret.trim().to_owned()),
            Self::File(file) => {
                read_token(file).map_err(|error| not_signed_in(&self.to_string(), error))
            }
            Self::Azure(credential, name) => {
                let token = credential.get_token(&[SCOPE], None).await;
                let token = token.map_err(|error| not_signed_in(name, error))?;
                Ok(token.token.secret().to_owned())
            }
        }
    }

    /// Whether another token can be had when one is refused.
    pub fn is_renewable(&self) -> bool {
        matches!(self, Self::File(_) | Self::Azure(..))
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("nothing, since nothing is sent"),
            Self::Simulator => f.write_str("the simulator, which takes any token"),
            Self::Token { variable, .. } => write!(f, "the token in {variable}"),
            Self::File(file) => write!(f, "the token in {}", file.display()),
            Self::Azure(_, name) => f.write_str(name),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Credential({self})")
    }
}

/// How tokens are asked for: whoever sits before a screen does not wait a minute for an authority that is not there.
fn asking() -> ClientOptions {
    ClientOptions {
        retry: RetryOptions::exponential(ExponentialRetryOptions {
            max_retries: MAX_REPEATS,
            ..ExponentialRetryOptions::default()
        }),
        ..ClientOptions::default()
    }
}

fn azure<C: TokenCredential + 'static>(
    credential: azure_core::Result<Arc<C>>,
    name: &'static str,
) -> Result<Credential, Failure> {
    match credential {
        Ok(credential) => Ok(Credential::Azure(credential, name)),
        Err(error) => Err(not_signed_in(name, error)),
    }
}

fn not_signed_in(name: &str, why: impl fmt::Display) -> Failure {
    Failure::new(Exit::NotAllowed, format!("{name} gives no token"))
        .because(why)
        .next("sign in there, or choose another way with --credential or --profile")
}

/// What the environment is set up for, where nothing else is said.
fn from_environment(profile: &Profile) -> Kind {
    let is_set = |name: &str| env::var_os(name).is_some();
    if profile.token_variable.is_some() || profile.token_file.is_some() || is_set(TOKEN) {
        return Kind::Token;
    }
    if !is_set(TOKEN_FILE) && is_set(CLIENT_ID) {
        return Kind::Environment;
    }
    Kind::Token
}

fn token(profile: &Profile) -> Result<Credential, Failure> {
    let variable = profile.token_variable.as_deref().unwrap_or(TOKEN);
    if let Some(file) = &profile.token_file {
        return Ok(Credential::File(file.clone()));
    }
    if let Ok(secret) = env::var(variable) {
        return Ok(Credential::Token {
            secret,
            variable: variable.to_owned(),
        });
    }
    if let Some(file) = env::var_os(TOKEN_FILE) {
        return Ok(Credential::File(file.into()));
    }
    Err(Failure::new(Exit::NotAllowed, "there is no token")
        .because(format!("{variable} is not set"))
        .next(format!(
            "set {variable} to a bearer token for Microsoft Graph, sign in by --credential azure-cli, \
             or try the command with --sandbox"
        )))
}

/// A token that can be sent.
fn held(secret: &str, variable: &str) -> Result<AccessToken, Failure> {
    AccessToken::new(secret).map_err(|error| {
        Failure::new(Exit::NotAllowed, format!("{variable} holds no token"))
            .because(error)
            .next("set it to a bearer token for Microsoft Graph, without the word Bearer")
    })
}

fn read_token(file: &Path) -> Result<String, TokenError> {
    match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim().to_owned()),
        Err(error) => Err(TokenError::with_source(
            format!("{} cannot be read", file.display()),
            error,
        )),
    }
}

fn environment(profile: &Profile) -> Result<Credential, Failure> {
    let kind = [
        (CLIENT_SECRET, Kind::ClientSecret),
        (CLIENT_CERTIFICATE, Kind::Certificate),
        (FEDERATED_TOKEN_FILE, Kind::WorkloadIdentity),
    ]
    .into_iter()
    .find(|(variable, _)| env::var_os(variable).is_some());
    match kind {
        Some((_, kind)) => Credential::choose(Some(kind), profile),
        None => Err(
            Failure::new(Exit::NotAllowed, "the environment holds no credential")
                .because(format!(
                    "none of {CLIENT_SECRET}, {CLIENT_CERTIFICATE} and {FEDERATED_TOKEN_FILE} is set"
                ))
                .next(format!("set one of them, with {TENANT_ID} and {CLIENT_ID}")),
        ),
    }
}

/// Tenant and client id of an application.
fn application(profile: &Profile) -> Result<(String, String), Failure> {
    Ok((
        needed(profile.tenant.as_deref(), TENANT_ID)?,
        needed(profile.client_id.as_deref(), CLIENT_ID)?,
    ))
}

fn needed(known: Option<&str>, variable: &str) -> Result<String, Failure> {
    match known {
        Some(known) => Ok(known.to_owned()),
        None => env::var(variable).map_err(|_| {
            Failure::new(Exit::NotAllowed, "the credential is not complete")
                .because(format!("{variable} is not set"))
                .next(format!("set {variable}, or say it in the profile"))
        }),
    }
}
