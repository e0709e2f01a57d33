//! The terminal that a watch is shown on: changes scroll by above a picture that is drawn anew.

use chrono::Utc;
use console::Term;

use super::frame::frame;
use super::state::State;
use crate::exit::Failure;
use crate::output::{escaped, put};

/// Where changes and the picture go.
#[derive(Debug)]
pub struct Screen {
    /// None where nobody looks at a terminal: then only the changes are told.
    terminal: Option<Term>,
    /// How many lines the picture has.
    drawn: usize,
}

impl Screen {
    pub fn new(is_live: bool) -> Self {
        let terminal = is_live.then(Term::buffered_stdout);
        if let Some(terminal) = &terminal {
            // A terminal that cannot hide its cursor shows it.
            let _ = terminal.hide_cursor();
        }
        Self { terminal, drawn: 0 }
    }

    /// Tells of a change, above the picture.
    pub fn tell(&mut self, line: &str, state: &State) -> Result<(), Failure> {
        let Some(terminal) = self.terminal.clone() else {
            return put(format!("{}\n", escaped(line)).as_bytes());
        };
        self.wipe();
        let written = terminal.write_line(&escaped(line));
        self.draw(state);
        written.map_err(|error| Failure::unexpected("the terminal cannot be written to", error))
    }

    /// Draws the picture in the place of the one before.
    pub fn draw(&mut self, state: &State) {
        let Some(terminal) = self.terminal.clone() else {
            return;
        };
        self.wipe();
        let (height, width) = terminal.size();
        let lines = frame(
            state,
            usize::from(width).saturating_sub(1),
            usize::from(height).saturating_sub(1),
            Utc::now(),
        );
        for line in &lines {
            let line = if is_coloured() {
                line.clone()
            } else {
                anstream::adapter::strip_str(line).to_string()
            };
            // With the terminal gone there is nobody to tell; the watch goes on for whom it notifies.
            let _ = terminal.write_line(&line);
        }
        self.drawn = lines.len();
        let _ = terminal.flush();
    }

    /// Leaves the last picture standing, with the cursor below.
    pub fn leave(&mut self) {
        if let Some(terminal) = &self.terminal {
            let _ = terminal.show_cursor();
            let _ = terminal.flush();
        }
    }

    fn wipe(&mut self) {
        if let Some(terminal) = self.terminal.as_ref().filter(|_| self.drawn > 0) {
            let _ = terminal.move_cursor_up(self.drawn);
            let _ = terminal.clear_to_end_of_screen();
            self.drawn = 0;
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.leave();
    }
}

fn is_coloured() -> bool {
    use anstream::ColorChoice;
    anstream::AutoStream::choice(&std::io::stdout()) != ColorChoice::Never
}
