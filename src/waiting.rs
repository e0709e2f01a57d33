//! Watching jobs and tasks until they end.
