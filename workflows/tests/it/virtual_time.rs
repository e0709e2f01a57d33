//! Hours that pass in moments, beside real sockets.

use std::pin::pin;
use std::time::Duration;

/// Polls `future` to its end while the paused clock flies.
///
/// A paused clock would leap to the next timeout whenever nothing is to be done, even while an answer is
/// on its way. So its leaps are held back, and it is moved on only when nothing has happened for a while
/// of real time.
pub async fn while_time_flies<T>(future: impl Future<Output = T>) -> T {
    // As long as a blocking task runs, the clock does not move by itself.
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let holding = tokio::task::spawn_blocking(move || {
        let _ = wait.recv();
    });
    let mut future = pin!(future);
    let mut step = Duration::from_millis(100);
    let output = 'run: loop {
        for _ in 0..12 {
            if let Some(output) = futures_util::FutureExt::now_or_never(future.as_mut()) {
                break 'run output;
            }
            std::thread::sleep(Duration::from_micros(300));
            for _ in 0..20 {
                tokio::task::yield_now().await;
            }
        }
        tokio::time::advance(step).await;
        step = (step * 2).min(Duration::from_secs(20));
    };
    drop(done);
    let _ = holding.await;
    output
}
