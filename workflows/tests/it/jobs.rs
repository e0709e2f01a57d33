//! Actions seen through to their end.

mod cancelling;
mod continuing;
mod run;
mod steps;
