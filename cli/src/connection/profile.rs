//! Profiles: which tenant, and how to sign in there.

use std::collections::BTreeMap;
use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;

use etcetera::BaseStrategy;
use serde::Deserialize;

use super::Kind;
use crate::arguments::{Api, ConnectionArguments};
use crate::exit::Failure;

/// Where the configuration file stands, for those who keep it elsewhere.
const CONFIG: &str = "XTMIG_CONFIG";

/// The configuration file.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Config {
    default_profile: Option<String>,
    #[serde(default)]
    profiles: BTreeMap<String, Profile>,
}

/// A tenant, and how to sign in there. It holds no secret, only where one is found.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Profile {
    /// Id or domain of the tenant.
    pub tenant: Option<String>,
    pub credential: Option<Kind>,
    /// Id of the application, or of a managed identity that was assigned.
    pub client_id: Option<String>,
    /// The variable that holds the client's secret; `AZURE_CLIENT_SECRET` unless given.
    pub secret_variable: Option<String>,
    /// File with the client's certificate and its key, in PEM.
    pub certificate: Option<PathBuf>,
    /// The variable that holds a token; `XTMIG_TOKEN` unless given.
    pub token_variable: Option<String>,
    /// The file that holds a token; it is read again when the service refuses the token.
    pub token_file: Option<PathBuf>,
    pub base_url: Option<String>,
    pub api: Option<Api>,
}

/// The profile that the command line or the configuration file chooses, if one does.
pub fn choose(arguments: &ConnectionArguments) -> Result<Option<(String, Profile)>, Failure> {
    if arguments.sandbox {
        return Ok(None);
    }
    let file = match config_file() {
        Ok(file) => file,
        // Without a home there is no such file, and none is needed unless a profile is asked for.
        Err(_) if arguments.profile.is_none() => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let config = match fs::read_to_string(&file) {
        Ok(text) => toml::from_str::<Config>(&text).map_err(|error| {
            let place = error.span().map_or(String::new(), |span| {
                let line = text[..span.start.min(text.len())].matches('\n').count() + 1;
                format!("line {line}: ")
            });
            Failure::usage(format!("{} cannot be read", file.display()))
                .because(format!("{place}{}", error.message()))
                .next("correct the file; the README of xtmig shows one")
        })?,
        // One that was named is meant.
        Err(error) if error.kind() == ErrorKind::NotFound && std::env::var_os(CONFIG).is_none() => {
            Config::default()
        }
        Err(error) => {
            return Err(Failure::usage(format!("{} cannot be read", file.display()))
                .because(error)
                .next(format!("correct it, or name another file in {CONFIG}")));
        }
    };
    let Some(name) = arguments.profile.clone().or(config.default_profile) else {
        return Ok(None);
    };
    if let Some(profile) = config.profiles.get(&name) {
        return Ok(Some((name, profile.clone())));
    }
    let known: Vec<_> = config.profiles.keys().map(String::as_str).collect();
    let known = if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    };
    Err(Failure::usage(format!("there is no profile {name}"))
        .because(format!("{} has {known}", file.display()))
        .next("name one of these, or add it to the file"))
}

/// Where the configuration file is looked for.
pub fn config_file() -> Result<PathBuf, Failure> {
    if let Some(file) = std::env::var_os(CONFIG) {
        return Ok(PathBuf::from(file));
    }
    let folders = etcetera::choose_base_strategy().map_err(|error| {
        Failure::unexpected("there is no home folder", error).next(format!("set {CONFIG}"))
    })?;
    Ok(folders.config_dir().join("xtmig").join("config.toml"))
}
