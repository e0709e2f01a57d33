//! Workflows on the sandbox and on scripted servers, over real sockets.

mod adversary;
mod bulk;
mod jobs;
mod reconciliation;
mod reports;
mod rooms;
mod support;
mod virtual_time;
mod waiting;
