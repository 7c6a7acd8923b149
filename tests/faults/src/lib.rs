//! What the fault tests are made of: the program itself as a process with queues on disk, backends
//! that are told how to behave, and a client that remembers what it was told.
//!
//! Run them with `cargo xtask test faults`, which builds the program first and names it in
//! `AETHER_SERVER`. After each fault the books are closed: every span that was accepted has arrived
//! at least once, none that was refused ever does, and the server's own counts say the same.
//!
//! | variable | what for | default |
//! |---|---|---|
//! | `AETHER_FAULTS_OUTAGE` | seconds that a backend is down | 60 |
//! | `AETHER_FAULTS_KILLS` | times that the server is killed | 50 |
//! | `AETHER_TEST_MOUNT` | `never`: go without the full disk, where this process may not mount | |
//! | `AETHER_FAKETIME` | libfaketime's library, for clocks that jump | |
#![allow(
    unreachable_pub,
    clippy::missing_panics_doc,
    clippy::must_use_candidate,
    clippy::unwrap_used,
    missing_debug_implementations,
    reason = "helpers of tests, which may fail"
)]

pub mod books;
pub mod load;
pub mod queue_file;
pub mod server;
#[path = "../../../crates/telemetry/tests/durable/sink.rs"]
pub mod sink;
#[path = "../../../crates/telemetry/tests/durable/small.rs"]
pub mod small;
pub mod status;

use std::time::{Duration, Instant};

/// Longer than anything takes that works.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Waits for a condition, looking often; says what it waited for when it never comes.
pub async fn wait_for<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < PATIENCE, "never happened: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A number that a variable may change.
pub fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| {
        text.parse()
            .unwrap_or_else(|_| panic!("{variable}={text} is no number"))
    })
}
