//! The sandbox over real sockets.

mod clients;
mod conformance;
mod control;
mod documented;
mod faults;
mod jobs;
mod load;
mod manners;
mod options;
mod program;
mod progress;
mod random;
mod rehearsal;
mod rules;
mod safety;
mod scenarios;
mod sharepoint;
mod spec;
mod support;
