//! The rate controller reaches its goals over the matrix of limiters that the benchmark prints.

use std::fmt::Write;
use std::sync::LazyLock;

use crate::support::golden::assert_reviewed;

#[allow(dead_code, reason = "the benchmark prints more")]
#[path = "../../benches/rate_limits/matrix/mod.rs"]
pub mod matrix;

use matrix::cases::Verdict;

/// Others than those of the benchmark, so that neither is tuned to the other.
const SEEDS: [u64; 3] = [11, 20_261_121, 20_261_212];

/// What comes of each case with each seed; both tests read it.
static RUNS: LazyLock<Vec<(String, u64, Verdict)>> = LazyLock::new(|| {
    let mut runs = Vec::new();
    for mut case in matrix::cases::cases() {
        for seed in SEEDS {
            let verdict = case.judge(seed);
            runs.push((case.name.clone(), seed, verdict));
        }
    }
    runs
});

#[test]
fn the_rate_controller_reaches_its_goals_over_the_matrix_of_limiters() {
    let mut missed = Vec::new();
    for (case, seed, verdict) in &*RUNS {
        let outcome = &verdict.outcome;
        assert!(outcome.passed > 0, "{case}");
        assert_eq!(outcome.dishonoured, 0, "{case}: sent within a pause");
        if !verdict.passes {
            missed.push(format!(
                "{case}, seed {seed}: {:.1} s where {:.1} s are allowed, {:.1} % refused, {} times at most",
                outcome.seconds,
                verdict.bound,
                100.0 * outcome.refused_share(),
                outcome.max_refusals,
            ));
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}

/// A change of the controller that misses no goal still shows what it does: for better or worse, somebody reads it.
#[cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#[test]
fn what_the_rate_controller_does_over_the_matrix_is_as_reviewed() {
    let mut table = String::from(
        "How long a run takes, how many requests are refused, how often one of them at most, and how many are at\n\
         the service at once at most. Other systems' logarithms may differ in the last digit, and then the rest.\n\n",
    );
    for (case, seed, verdict) in &*RUNS {
        let outcome = &verdict.outcome;
        writeln!(
            table,
            "{case:<76} {seed:>8} {:>11.4} s {:>5} {:>3} {:>5}",
            outcome.seconds, outcome.refused, outcome.max_refusals, outcome.most_under_way,
        )
        .expect("a string");
    }
    assert_reviewed(&table, "rate_matrix.txt", "rate_matrix");
}
