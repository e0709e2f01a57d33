//! Actions seen through to their end.

mod cancelling;
mod run;
mod steps;
