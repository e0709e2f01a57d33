//! Watching jobs and tasks.
