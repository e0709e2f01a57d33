//! Actions seen through to their end.
