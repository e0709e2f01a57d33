//! `xtmig probe`: does the service do what the documents say?
//!
//! Arrows point one way: `questions` says what is asked, `asking` sends it, `answer` is what came. `comparison` holds
//! one answer against the `specification`, `behaviour` several against each other, and both name each `deviation`.
//! A `record` keeps answers whose values `replacing` has replaced, and `calibration` sets the simulator by
//! one, with what the `evidence` of its objects shows.

pub mod answer;
pub mod asking;
mod behaviour;
pub mod calibration;
mod comparison;
pub mod conformance;
pub mod deviation;
mod evidence;
pub mod questions;
pub mod record;
mod replacing;
pub mod specification;
mod url;
mod vocabulary;
mod words;
