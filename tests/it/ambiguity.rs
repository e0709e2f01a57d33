//! Actions whose answer was lost, found out by reading.
