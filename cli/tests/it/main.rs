//! The real program, against the simulator.

mod cancelling;
mod exit_codes;
mod explaining;
mod jobs;
mod output;
mod simulator;
mod support;
