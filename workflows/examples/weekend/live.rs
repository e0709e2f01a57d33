//! What is shown while it goes on, and how long each part took.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// How many times the progress is told on the way.
const TOLD: usize = 15;

/// The progress of one kind of items.
#[derive(Clone)]
pub struct Live {
    what: &'static str,
    total: usize,
    started: Instant,
    ended: Arc<AtomicUsize>,
}

impl Live {
    pub fn new(what: &'static str, total: usize) -> Self {
        Self {
            what,
            total,
            started: Instant::now(),
            ended: Arc::default(),
        }
    }

    /// One more item is over.
    pub fn step(&self) {
        let ended = self.ended.fetch_add(1, Ordering::Relaxed) + 1;
        if ended.is_multiple_of(self.total.div_ceil(TOLD)) || ended == self.total {
            println!("{} {} of {}", self.head(), ended, self.total);
        }
    }

    /// The service wants a pause, if it does.
    pub fn pause(&self, pause: Option<Duration>) {
        if let Some(pause) = pause {
            println!("{} a pause of {pause:?}", self.head());
        }
    }

    /// Something about one item that is not cancelled.
    pub fn note(&self, item: &str, note: &dyn fmt::Display) -> Option<String> {
        println!("{} {item}: {note}", self.head());
        None
    }

    fn head(&self) -> String {
        let seconds = self.started.elapsed().as_secs_f64();
        format!("  {seconds:>5.1} s  {:<5}", self.what)
    }
}

/// How long each part took.
pub struct Phases {
    started: Instant,
    ended: Vec<(&'static str, usize, Duration)>,
}

impl Phases {
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            ended: Vec::new(),
        }
    }

    pub fn end(&mut self, name: &'static str, items: usize) {
        self.ended.push((name, items, self.started.elapsed()));
        self.started = Instant::now();
    }

    /// The table; the naive client only cancels, and looks at nothing afterwards.
    pub fn print(&self, naive: Duration) {
        println!("\nphase    items  workflows  naive client");
        for (index, (name, items, time)) in self.ended.iter().enumerate() {
            let beside = match index {
                0 => format!("{:.1} s", naive.as_secs_f64()),
                _ => "none".to_owned(),
            };
            let seconds = format!("{:.1} s", time.as_secs_f64());
            println!("{name:<8} {items:>5} {seconds:>10} {beside:>13}");
        }
    }
}
