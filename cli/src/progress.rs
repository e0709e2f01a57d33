//! Progress on standard error: for people who wait longer than a second, and never in a pipe.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

/// Whoever waits less is not shown a bar.
const PATIENCE: Duration = Duration::from_secs(1);
const TICK: Duration = Duration::from_millis(120);

/// A bar that shows itself only when it takes long, and goes away when it is dropped.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Counts to `total`, or without an end where it is not known.
    pub fn new(output: &Output, what: &'static str, total: Option<usize>) -> Self {
        let bar = ProgressBar::with_draw_target(
            total.and_then(|total| u64::try_from(total).ok()),
            ProgressDrawTarget::hidden(),
        );
        let template = match total {
            Some(_) => "{msg} [{bar:30}] {pos} of {len}, {eta} left",
            None => "{spinner} {msg} {pos}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("## "));
        }
        bar.set_message(what);
        if output.shows_progress() {
            let shown = bar.downgrade();
            tokio::spawn(async move {
                tokio::time::sleep(PATIENCE).await;
                if let Some(bar) = shown.upgrade() {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    bar.enable_steady_tick(TICK);
                }
            });
        }
        Self { bar }
    }

    /// One more is done.
    pub fn step(&self) {
        self.bar.inc(1);
    }

    /// A handle for those who outlive this.
    pub fn handle(&self) -> ProgressBar {
        self.bar.clone()
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
