//! The maintenance commands, run as a maintainer runs them.

mod clones;
mod cosmetics;
mod documents;
mod hostile;
mod layouts;
mod ledger;
mod mutations;
mod real_pages;
mod reports;
mod support;
