//! The maintenance commands, run as a maintainer runs them.

mod adoption;
mod answers;
mod clones;
mod compatibility;
mod cosmetics;
mod dependencies;
mod deprecation;
mod documents;
mod hostile;
mod layouts;
mod ledger;
mod mutations;
mod nightly_workflow;
mod real_pages;
mod reports;
mod support;
