//! Actions seen through to their end.

mod adversary;
mod cancelling;
mod cancelling_others;
mod continuing;
mod run;
mod steps;
