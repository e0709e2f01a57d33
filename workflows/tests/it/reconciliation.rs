//! What became of an action whose answer was lost is found out by reading.

mod cases;
mod runs;
mod scripted;
mod stage;
