//! The client that a command sends through.

mod certificate;
mod credential;
mod profile;

use std::time::Duration;

use msgraph_migrations::Client;

pub use credential::{Credential, Kind};
pub use profile::{Profile, config_file};

use crate::arguments::ConnectionArguments;
use crate::exit::Failure;
use crate::output::Output;
use crate::simulator;

/// How long a call may take with its repetitions; whoever sits before a screen does not wait longer.
const TOTAL_TIMEOUT: Duration = Duration::from_mins(2);

/// The way to the service.
#[derive(Debug)]
pub struct Connection {
    pub client: Client,
    pub credential: Credential,
    /// The profile that was used, if one was.
    pub profile: Option<String>,
    /// The tenant that the profile names, if it does.
    pub tenant: Option<String>,
}

/// Sets the client up; nothing is sent to the service.
pub async fn connect(
    arguments: &ConnectionArguments,
    output: &Output,
) -> Result<Connection, Failure> {
    let chosen = profile::choose(arguments)?;
    let (name, profile) = chosen.map_or((None, Profile::default()), |(name, profile)| {
        (Some(name), profile)
    });
    let (endpoint, credential) = if arguments.sandbox {
        (
            Some(simulator::ensure(output).await?),
            Credential::Simulator,
        )
    } else if arguments.what_if {
        // Nothing is sent, so that nobody has to sign in.
        (endpoint(arguments, &profile), Credential::None)
    } else {
        let credential = Credential::choose(arguments.credential, &profile)?;
        (endpoint(arguments, &profile), credential)
    };
    output.detail(&format!("signing in by {credential}"));
    let mut builder = credential
        .client()?
        .version(arguments.api.or(profile.api).unwrap_or_default().into())
        .total_timeout(TOTAL_TIMEOUT)
        .application(concat!("xtmig/", env!("CARGO_PKG_VERSION")));
    if let Some(endpoint) = endpoint {
        output.detail(&format!("sending to {endpoint}"));
        builder = builder.endpoint(endpoint);
    }
    let client = builder.build().map_err(|error| {
        Failure::usage("the client cannot be set up")
            .because(error)
            .next("correct --base-url, or base-url in the profile")
    })?;
    Ok(Connection {
        client,
        credential,
        profile: name,
        tenant: profile.tenant,
    })
}

fn endpoint(arguments: &ConnectionArguments, profile: &Profile) -> Option<String> {
    arguments
        .base_url
        .clone()
        .or_else(|| profile.base_url.clone())
}
