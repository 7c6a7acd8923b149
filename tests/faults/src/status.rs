//! What a server says about its telemetry.

use serde_json::Value;

/// The answer of `/api/telemetry/status`.
#[derive(Debug)]
pub struct Status(pub Value);

impl Status {
    /// A text about the folder of the queues.
    pub fn storage(&self, field: &str) -> &str {
        self.0["storage"][field].as_str().unwrap_or_default()
    }

    /// A number about the folder of the queues.
    pub fn storage_number(&self, field: &str) -> u64 {
        let number = self.0["storage"][field].as_u64();
        number.unwrap_or_else(|| panic!("no {field}: {self:?}"))
    }

    /// A destination.
    pub fn destination(&self, name: &str) -> &Value {
        let all = self.0["destinations"].as_array().unwrap();
        let found = all.iter().find(|one| one["name"] == name);
        found.unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// `closed`, `open` or `half_open`.
    pub fn circuit(&self, name: &str) -> &str {
        let state = &self.destination(name)["circuit"]["state"];
        state.as_str().unwrap()
    }

    /// A number about a destination's queue.
    pub fn queue(&self, name: &str, field: &str) -> u64 {
        self.destination(name)["queue"][field].as_u64().unwrap()
    }

    /// The sum of a count over all signals; an empty reason stands for none.
    pub fn count(&self, outcome: &str, destination: &str, reason: &str) -> u64 {
        let counts = self.0["counts"].as_array().unwrap().iter();
        let counts = counts.filter(|count| {
            count["outcome"] == outcome
                && count["destination"] == destination
                && count["reason"] == reason
        });
        counts.map(|count| count["value"].as_u64().unwrap()).sum()
    }
}
