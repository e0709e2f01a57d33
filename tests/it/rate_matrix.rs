//! The rate controller reaches its goals over the matrix of limiters that the benchmark prints.

#[allow(dead_code, reason = "the benchmark prints more")]
#[path = "../../benches/rate_limits/matrix/mod.rs"]
mod matrix;

/// Others than those of the benchmark, so that neither is tuned to the other.
const SEEDS: [u64; 3] = [11, 20_261_121, 20_261_212];

#[test]
fn the_rate_controller_reaches_its_goals_over_the_matrix_of_limiters() {
    let mut missed = Vec::new();
    for mut case in matrix::cases::cases() {
        for seed in SEEDS {
            let verdict = case.judge(seed);
            let outcome = &verdict.outcome;
            assert!(outcome.passed > 0, "{}", case.name);
            assert_eq!(outcome.dishonoured, 0, "{}: sent within a pause", case.name);
            if !verdict.passes {
                missed.push(format!(
                    "{}, seed {seed}: {:.1} s where {:.1} s are allowed, {:.1} % refused, {} times at most",
                    case.name,
                    outcome.seconds,
                    verdict.bound,
                    100.0 * outcome.refused_share(),
                    outcome.max_refusals,
                ));
            }
        }
    }
    assert!(missed.is_empty(), "{}", missed.join("\n"));
}
