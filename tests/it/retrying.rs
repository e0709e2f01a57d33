//! Requests that are sent again, and those that are not.
