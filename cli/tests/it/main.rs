//! The real program, against the simulator.

mod cancelling;
mod connecting;
mod exit_codes;
mod explaining;
mod faults;
mod help;
mod jobs;
mod output;
mod overview;
mod readme;
mod sharepoint;
mod simulator;
mod support;
#[cfg(unix)]
mod terminal;
mod users_cancelling;
mod watching;
mod waves;
mod what_if;
