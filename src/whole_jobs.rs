//! Whole jobs: actions that are seen through to their end.
