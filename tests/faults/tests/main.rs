//! Faults, each with the program as a process, its queues on disk, and load. See the library.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod clock;
mod damage;
mod disk;
mod killed;
mod outages;
mod separate;
