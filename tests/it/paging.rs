//! Lists of any length.
