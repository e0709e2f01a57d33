//! How many calls of a run are under way at once.

/// With how many calls a run begins.
const INITIAL: usize = 4;
/// How many calls have to come back before one more is under way at once.
const CALLS_PER_STEP: usize = 4;

/// Grows from a few to the bound as answers come.
///
/// A service that throttles refuses all requests that are under way when it has had enough, so that a
/// run that begins with all of them at once would begin with as many refusals.
pub(crate) struct SlowStart {
    bound: usize,
    returned: usize,
}

impl SlowStart {
    pub fn new(bound: usize) -> Self {
        Self {
            bound: bound.max(1),
            returned: 0,
        }
    }

    pub fn returned(&mut self) {
        self.returned = self.returned.saturating_add(1);
    }

    /// Begins again.
    pub fn restart(&mut self) {
        self.returned = 0;
    }

    pub fn width(&self) -> usize {
        self.bound.min(INITIAL + self.returned / CALLS_PER_STEP)
    }
}

#[cfg(test)]
mod tests {
    use super::SlowStart;

    #[test]
    fn a_run_begins_narrow_and_never_gets_wider_than_its_bound() {
        for bound in [0, 1, 3, 4, 16, 64] {
            let mut start = SlowStart::new(bound);
            assert!(start.width() <= 4, "{bound}");
            let widths: Vec<_> = (0..1_000)
                .map(|_| {
                    start.returned();
                    start.width()
                })
                .collect();
            assert!(widths.is_sorted(), "{bound}");
            assert_eq!(widths.last(), Some(&bound.max(1)), "{bound}");
            start.restart();
            assert!(start.width() <= 4, "{bound}");
        }
    }
}
