//! A migration weekend as a file: `xtmig plan`, `apply`, `rehearse` and `resume`.
//!
//! Arrows point one way, from what carries out to what a file holds:
//!
//! ```text
//! format, mistakes <- reading, sheet <- people, mapping_sheet, wanted <- seen <- gathering, fixed <- plan <- moved, plan_file <- show, journal
//!     <- guard, mapping_run, reconcile <- carry_out <- running <- command, rehearse
//! ```

mod carry_out;
mod command;
mod example;
mod fixed;
mod format;
#[cfg(test)]
mod fuzz;
mod gathering;
mod guard;
mod journal;
mod mapping_run;
mod mapping_sheet;
mod mistakes;
mod moved;
mod people;
mod plan;
mod plan_file;
mod reading;
mod reconcile;
mod rehearse;
mod resolve;
mod running;
mod seen;
mod sheet;
mod show;
mod trouble;
mod wanted;

pub use command::{apply, plan, resume};
pub use example::write as init;
pub use format::Until;
pub use rehearse::run as rehearse;
