//! The same action many times.
