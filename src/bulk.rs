//! The same action for many users, tasks or mappings.
