//! The client that a command sends through.

use std::env;

use msgraph_migrations::{AccessToken, Client};

use crate::arguments::ConnectionArguments;
use crate::exit::{Exit, Failure};
use crate::output::Output;
use crate::simulator;

/// The variable that holds the bearer token; a command line could be read by others.
const TOKEN: &str = "XTMIG_TOKEN";

/// Sets the client up; nothing is sent to the service.
pub async fn client(arguments: &ConnectionArguments, output: &Output) -> Result<Client, Failure> {
    let (endpoint, token) = if arguments.sandbox {
        let url = simulator::ensure(output).await?;
        (Some(url), simulator::TOKEN.to_owned())
    } else {
        (arguments.base_url.clone(), token()?)
    };
    let token = AccessToken::new(token.trim()).map_err(|error| {
        Failure::new(Exit::NotAllowed, format!("{TOKEN} holds no token")).because(error)
    })?;
    let mut builder = Client::builder(token)
        .version(arguments.api.into())
        .application(concat!("xtmig/", env!("CARGO_PKG_VERSION")));
    if let Some(endpoint) = endpoint {
        output.detail(&format!("sending to {endpoint}"));
        builder = builder.endpoint(endpoint);
    }
    builder
        .build()
        .map_err(|error| Failure::usage("the client cannot be set up").because(error))
}

fn token() -> Result<String, Failure> {
    env::var(TOKEN).map_err(|_| {
        Failure::new(Exit::NotAllowed, "there is no token")
            .because(format!("{TOKEN} is not set"))
            .next(format!(
                "set {TOKEN} to a bearer token for Microsoft Graph, or try the command with --sandbox"
            ))
    })
}
