//! The real program, against the simulator.

mod cancelling;
mod connecting;
mod exit_codes;
mod explaining;
mod fault_matrix;
mod faults;
mod help;
#[cfg(unix)]
mod interrupting;
mod jobs;
mod large;
mod output;
mod overview;
mod probe;
mod probe_calibration;
mod probe_evidence;
mod probe_record;
mod readme;
mod sharepoint;
mod simulator;
mod support;
#[cfg(unix)]
mod surroundings;
#[cfg(unix)]
mod terminal;
mod token_endpoint;
mod users_cancelling;
mod watching;
mod watching_gone;
mod waves;
mod what_if;
