//! Commands that need no service: the simulator, completions and manual pages.

use std::fs;
use std::path::Path;

use clap::CommandFactory;
use clap_mangen::Man;

use crate::arguments::{Arguments, SandboxArguments, SandboxCommand};
use crate::exit::{Exit, Failure};
use crate::output::{Output, put};
use crate::simulator;

pub async fn sandbox(arguments: SandboxArguments, output: &Output) -> Result<Exit, Failure> {
    let command = arguments.command.unwrap_or(SandboxCommand::Start {
        scenario: None,
        speed: simulator::SPEED,
        like: arguments.like,
    });
    match command {
        SandboxCommand::Start {
            scenario,
            speed,
            like,
        } => {
            if let Some(record) = &like {
                let calibration = simulator::calibration(record)?;
                for remark in &calibration.remarks {
                    output.say(remark);
                }
            }
            let url = simulator::start_with(scenario.as_deref(), speed, like.as_deref()).await?;
            put(format!("{url}\n").as_bytes())?;
        }
        SandboxCommand::Status => match simulator::running().await? {
            Some(url) => put(format!("{url}\n").as_bytes())?,
            None => {
                return Err(Failure::new(Exit::NotFound, "no simulator is running")
                    .because("none was started, or it was stopped")
                    .next("xtmig sandbox start"));
            }
        },
        SandboxCommand::Stop => {
            let was_running = simulator::stop().await?;
            output.say(if was_running {
                "stopped"
            } else {
                "no simulator was running"
            });
        }
        SandboxCommand::Serve {
            scenario,
            speed,
            like,
        } => {
            simulator::serve(scenario.as_deref(), speed, like.as_deref()).await?;
        }
    }
    Ok(Exit::Done)
}

pub fn completions(shell: clap_complete::Shell) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "xtmig", &mut script);
    put(&script).map(|()| Exit::Done)
}

/// Writes the manual pages into `folder`, or shows the first.
pub fn man(folder: Option<&Path>, output: &Output) -> Result<Exit, Failure> {
    let mut command = Arguments::command();
    command.build();
    let failed = |error: &dyn std::fmt::Display| {
        Failure::usage("the manual pages cannot be written")
            .because(error)
            .next("name another folder")
    };
    let Some(folder) = folder else {
        let mut page = Vec::new();
        Man::new(command)
            .render(&mut page)
            .map_err(|error| failed(&error))?;
        return put(&page).map(|()| Exit::Done);
    };
    fs::create_dir_all(folder).map_err(|error| failed(&error))?;
    clap_mangen::generate_to(command, folder).map_err(|error| failed(&error))?;
    output.say(&format!("written to {}", folder.display()));
    Ok(Exit::Done)
}
