//! The names of events, as telemetry has them: short, shared, and not too many.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use super::attributes;

/// Different names that spans and metrics show. Programs have some dozens; with a fallback handler
/// a client can make up as many as it likes, and every one would be a time series of its own.
const MAX_NAMES: usize = 1000;

/// What all further events are called.
const OTHER: &str = "_OTHER";

/// Names seen so far.
#[derive(Debug, Default)]
pub(super) struct Names(RwLock<HashSet<Arc<str>>>);

impl Names {
    /// `name` as telemetry shows it. Nothing is allocated for a name that was seen before.
    pub(super) fn get(&self, name: &str) -> Arc<str> {
        let name = attributes::bounded(name);
        let names = self.0.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return Arc::clone(known);
        }
        drop(names);
        let mut names = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= MAX_NAMES && !names.contains(name) {
            return Arc::from(OTHER);
        }
        let name = Arc::<str>::from(name);
        names.insert(Arc::clone(&name));
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shared_short_and_limited() {
        let names = Names::default();
        assert!(Arc::ptr_eq(&names.get("say"), &names.get("say")));
        assert_eq!(names.get(&"é".repeat(100)).len(), 80);
        for index in 2..MAX_NAMES {
            assert_eq!(&*names.get(&index.to_string()), index.to_string());
        }
        assert_eq!(&*names.get("one more"), OTHER);
        assert_eq!(&*names.get("say"), "say");
    }
}
