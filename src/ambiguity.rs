//! Finding out by reading what became of an action whose answer was lost.
