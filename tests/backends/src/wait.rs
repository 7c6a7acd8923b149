//! Waiting for something to become true.

use std::time::{Duration, Instant};

/// How long a backend may take to show what it was sent. Far above what it takes, because a
/// machine that runs other things must not make a test fail.
pub const PATIENCE: Duration = Duration::from_secs(30);
const BETWEEN_LOOKS: Duration = Duration::from_millis(50);

/// Looks again and again until `look` finds something, and returns it.
///
/// # Panics
/// With `what` and the last thing `look` said, once [`PATIENCE`] is over.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Result<T, String>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(reason) if Instant::now() >= end => {
                panic!("{what}: not within {PATIENCE:?}; at last: {reason}")
            }
            Err(_) => tokio::time::sleep(BETWEEN_LOOKS).await,
        }
    }
}
