//! How long it takes to get through a limit that nobody told of, over a matrix of limiters.
//!
//! Each line is a service and a goal, run with several seeds in virtual time. Lines with an own bound are
//! services that nothing is promised for, and lines without a goal are there to be read. `processes` then measures
//! in real time how eight processes divide one limit. Ends with a failure when a goal is missed.
//!
//! ```text
//! cargo bench --bench rate_limits                 # everything
//! cargo bench --bench rate_limits -- matrix 20    # with 20 seeds
//! cargo bench --bench rate_limits -- processes
//! ```

mod matrix;
mod processes;

use std::process::ExitCode;

use matrix::cases::{Verdict, cases};

const SEEDS: u64 = 5;

fn main() -> ExitCode {
    if let Some(worker) = processes::worker() {
        return worker;
    }
    let arguments: Vec<_> = std::env::args()
        .skip(1)
        .filter(|argument| !argument.starts_with("--"))
        .collect();
    let only = arguments.first().map(String::as_str);
    let seeds = arguments.get(1).and_then(|seeds| seeds.parse().ok());
    let mut passes = true;
    if matches!(only, None | Some("matrix")) {
        passes &= print_matrix(seeds.unwrap_or(SEEDS));
    }
    if matches!(only, None | Some("processes")) {
        passes &= processes::measure();
    }
    if passes {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn print_matrix(seeds: u64) -> bool {
    println!("seeds 1 to {seeds}; seconds are means, the refused are the most of any run");
    println!(
        "{:<76} {:>9} {:>9} {:>9} {:>8}  goal",
        "", "ideal", "time", "bound", "refused"
    );
    let mut missed = 0;
    for mut case in cases() {
        let verdicts: Vec<_> = (1..=seeds).map(|seed| case.judge(seed)).collect();
        let mean = |of: fn(&Verdict) -> f64| {
            #[expect(clippy::cast_precision_loss, reason = "a handful")]
            let count = verdicts.len() as f64;
            verdicts.iter().map(of).sum::<f64>() / count
        };
        let refused = verdicts
            .iter()
            .map(|verdict| 100.0 * verdict.outcome.refused_share())
            .fold(0.0, f64::max);
        let passed = verdicts.iter().filter(|verdict| verdict.passes).count();
        let bound = mean(|verdict| verdict.bound);
        let goal = match () {
            () if bound.is_infinite() => "(none)".to_owned(),
            () if passed == verdicts.len() && case.is_own => "reached (own bound)".to_owned(),
            () if passed == verdicts.len() => "reached".to_owned(),
            () => format!("MISSED by {} of {seeds}", verdicts.len() - passed),
        };
        let fairness = match case.setup.clients {
            1 => String::new(),
            _ => format!(
                "; slowest/fastest {:.2}",
                mean(|verdict| verdict.outcome.unfairness())
            ),
        };
        missed += usize::from(passed < verdicts.len());
        println!(
            "{:<76} {:>7.1} s {:>7.1} s {bound:>7.1} s {refused:>6.1} %  {goal}{fairness}",
            case.name,
            mean(|verdict| verdict.best),
            mean(|verdict| verdict.outcome.seconds),
        );
    }
    println!("{missed} goals missed");
    missed == 0
}
