//! The rate controller reaches its goals over the matrix of limiters that the benchmark prints.

use std::fmt::Write;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use crate::support::golden;

#[allow(dead_code, reason = "the benchmark prints more")]
#[path = "../../benches/rate_limits/matrix/mod.rs"]
pub mod matrix;

use matrix::cases::{Case, Verdict};

/// Others than those of the benchmark, so that neither is tuned to the other.
const SEEDS: [u64; 3] = [11, 20_261_121, 20_261_212];

struct Run {
    case: String,
    seed: u64,
    verdict: Verdict,
}

struct Runs {
    cases: Vec<Case>,
    done: Vec<Arc<Run>>,
}

/// What comes of each case with each seed. Both tests read it run by run, so that the first that is not as it was ends
/// a test: a mutant need not go through them all.
static RUNS: LazyLock<Mutex<Runs>> = LazyLock::new(|| {
    Mutex::new(Runs {
        cases: matrix::cases::cases(),
        done: Vec::new(),
    })
});

fn run(index: usize) -> Option<Arc<Run>> {
    let mut runs = RUNS.lock().unwrap_or_else(PoisonError::into_inner);
    while runs.done.len() <= index {
        let next = runs.done.len();
        let seed = SEEDS[next % SEEDS.len()];
        let case = runs.cases.get_mut(next / SEEDS.len())?;
        let verdict = case.judge(seed);
        let case = case.name.clone();
        runs.done.push(Arc::new(Run {
            case,
            seed,
            verdict,
        }));
    }
    Some(Arc::clone(&runs.done[index]))
}

#[test]
fn the_rate_controller_reaches_its_goals_over_the_matrix_of_limiters() {
    let mut missed = Vec::new();
    for run in (0..).map_while(run) {
        let Run {
            case,
            seed,
            verdict,
        } = &*run;
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
    const NAME: &str = "rate_matrix.txt";
    let mut table = String::from(
        "How long a run takes, how many requests are refused, how often one of them at most, and how many are at\n\
         the service at once at most. Other systems' logarithms may differ in the last digit, and then the rest.\n\n",
    );
    let reviewed = golden::reviewed(NAME);
    for run in (0..).map_while(run) {
        let Run {
            case,
            seed,
            verdict,
        } = &*run;
        let outcome = &verdict.outcome;
        writeln!(
            table,
            "{case:<76} {seed:>8} {:>11.4} s {:>5} {:>3} {:>5}",
            outcome.seconds, outcome.refused, outcome.max_refusals, outcome.most_under_way,
        )
        .expect("a string");
        if !golden::is_accepting() && !reviewed.starts_with(&table) {
            break;
        }
    }
    golden::assert_reviewed(&table, NAME, "rate_matrix");
}
