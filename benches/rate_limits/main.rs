#![allow(dead_code)]
mod cases;
mod limiters;
mod random;
#[path = "../../src/client/rate_controller/mod.rs"]
mod rate_controller;
mod simulation;
use simulation::Pacing;

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let seeds: u64 = std::env::args().nth(2).and_then(|s| s.parse().ok()).unwrap_or(3);
    let mut fails = 0;
    for mut case in cases::cases() {
        if !case.name.contains(&filter) { continue; }
        let verdicts: Vec<_> = (1..=seeds).map(|seed| cases::judge(&mut case, seed, |n| Pacing::Controlled(Box::new({ let _ = n; rate_controller::RateController::new(std::time::Duration::from_secs(900)) })))).collect();
        let passes = verdicts.iter().filter(|v| v.passes).count();
        let k = seeds as f64;
        let mean = |f: &dyn Fn(&cases::Verdict) -> f64| verdicts.iter().map(f).sum::<f64>() / k;
        fails += usize::from(passes < seeds as usize);
        println!("{:62} {:9.1} best {:8.1} bound {:8.1} refused {:5.1}% most {:2} dis {:3} pause {:4.0} {}{}", case.name, mean(&|v| v.seconds), mean(&|v| v.best), mean(&|v| v.bound), 100.0 * mean(&|v| v.outcome.refused_share()), verdicts.iter().map(|v| v.outcome.most_refusals).max().unwrap(), verdicts.iter().map(|v| v.outcome.dishonoured).sum::<usize>(), mean(&|v| v.outcome.last_pause), if passes == seeds as usize { "ok" } else { "FAIL" },
          if case.setup.clients > 1 { format!(" fastest/slowest {:.2}", mean(&|v| v.outcome.finished.iter().copied().fold(f64::INFINITY, f64::min) / v.seconds)) } else { String::new() });
    }
    println!("{fails} fail");
}
