//! How many different values an attribute of a metric has had. Each new one makes a series that a
//! backend keeps and charges for, and a page can be made to send any number of them.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

/// Attributes of metrics that are remembered. Of those beyond, no value is let through.
const MAX_ATTRIBUTES: usize = 1024;

/// The values so far, as hashes with a random key. They stay until the end of the process: a series
/// that a backend has once costs nothing more.
#[derive(Debug)]
pub(super) struct Series {
    limit: usize,
    hasher: RandomState,
    seen: Mutex<HashMap<u64, HashSet<u64>>>,
}

impl Series {
    pub(super) fn new(limit: u32) -> Self {
        Self {
            // 32 bits fit everywhere this can run.
            limit: limit as usize,
            hasher: RandomState::new(),
            seen: Mutex::default(),
        }
    }

    /// Whether a value may become, or is, a series of its own. Clients do not take each other's.
    pub(super) fn admits(&self, client: &str, metric: &str, key: &str, value: &[u8]) -> bool {
        let attribute = self.hasher.hash_one((client, metric, key));
        let value = self.hasher.hash_one(value);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() >= MAX_ATTRIBUTES && !seen.contains_key(&attribute) {
            return false;
        }
        let values = seen.entry(attribute).or_default();
        values.contains(&value) || (values.len() < self.limit && values.insert(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values_stay_and_new_ones_do_not_fit() {
        let series = Series::new(2);
        let admits = |metric: &str, value: &str| series.admits("", metric, "k", value.as_bytes());
        assert!(admits("m", "1") && admits("m", "2") && !admits("m", "3"));
        assert!(admits("m", "1"), "known");
        assert!(admits("n", "3"), "another metric");
        assert!(series.admits("shop", "m", "k", b"3"), "another client");
    }

    #[test]
    fn the_table_is_bounded() {
        let series = Series::new(1);
        let metrics = (0..MAX_ATTRIBUTES + 10).filter(|n| {
            let name = n.to_string();
            series.admits("", &name, "k", b"v")
        });
        assert_eq!(metrics.count(), MAX_ATTRIBUTES);
        assert!(series.admits("", "0", "k", b"v"), "those in it go on");
    }
}
