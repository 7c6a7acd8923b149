//! What the rounds come to.

use serde::Serialize;

use super::contestant::Contestant;
use super::round::{Measurement, megabytes};
use crate::stats::Spread;
use crate::verdict::Verdict;

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    /// Processor time of the server per acknowledged event, µs.
    pub(crate) cpu_us: Spread,
    pub(crate) events_per_second: Spread,
    pub(crate) p50_ms: Spread,
    pub(crate) p99_ms: Spread,
    /// Memory after the load, MB.
    pub(crate) resident_mb: Spread,
    /// The most memory, MB.
    pub(crate) peak_mb: Spread,
    pub(crate) exported: Option<Sum>,
    /// What each round showed.
    pub(crate) rounds: Vec<Measurement>,
}

/// The spans of all rounds.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub(crate) struct Sum {
    pub(crate) spans: u64,
    pub(crate) expected: u64,
    pub(crate) joined: u64,
    pub(crate) bytes_per_span: f64,
}

impl Summary {
    /// `None` without a round.
    pub(crate) fn of(contestant: &Contestant, rounds: &[Measurement]) -> Option<Self> {
        let spread = |value: fn(&Measurement) -> f64| Spread::of(rounds.iter().map(value));
        Some(Self {
            key: contestant.key,
            name: contestant.name,
            cpu_us: spread(|round| round.cpu_us)?,
            events_per_second: spread(|round| round.events_per_second)?,
            p50_ms: spread(|round| round.p50_ms)?,
            p99_ms: spread(|round| round.p99_ms)?,
            resident_mb: spread(|round| megabytes(round.resident))?,
            peak_mb: spread(|round| megabytes(round.peak))?,
            exported: Sum::of(rounds),
            rounds: rounds.to_vec(),
        })
    }
}

impl Sum {
    fn of(rounds: &[Measurement]) -> Option<Self> {
        let exported = rounds.iter().filter_map(|round| round.exported.as_ref());
        let bytes = Spread::of(exported.clone().map(|round| round.bytes_per_span))?;
        Some(Self {
            spans: exported.clone().map(|round| round.spans).sum(),
            expected: exported.clone().map(|round| round.expected).sum(),
            joined: exported.map(|round| round.joined).sum(),
            bytes_per_span: bytes.median,
        })
    }
}

/// How two measurements of a round become one number.
enum Compared {
    Ratio,
    Difference,
}

/// Every comparison whose contestants both took part.
pub(crate) fn verdicts(contestants: &[&Contestant], rounds: &[Vec<Measurement>]) -> Vec<Verdict> {
    let of = |key: &str| {
        let index = contestants.iter().position(|one| one.key == key)?;
        rounds.get(index)
    };
    let verdict = |what: &str, compared, (one, other), value: fn(&Measurement) -> f64, limit| {
        let pairs = of(one)?.iter().zip(of(other)?);
        let numbers = pairs.map(|(one, other)| compared_as(&compared, value(one), value(other)));
        Some(Verdict {
            what: what.to_owned(),
            unit: match compared {
                Compared::Ratio => "×",
                Compared::Difference => "µs",
            },
            spread: Spread::of(numbers)?,
            limit,
        })
    };
    [
        verdict(
            "CPU per event, ours traced : Node traced",
            Compared::Ratio,
            ("rust-traced", "node-traced"),
            |round| round.cpu_us,
            Some(0.5),
        ),
        verdict(
            "CPU per event that tracing adds, ours",
            Compared::Difference,
            ("rust-traced", "rust-bare"),
            |round| round.cpu_us,
            Some(3.0),
        ),
        verdict(
            "CPU per event that tracing adds, Node",
            Compared::Difference,
            ("node-traced", "node-bare"),
            |round| round.cpu_us,
            None,
        ),
        verdict(
            "Memory after the load, ours traced : Node traced",
            Compared::Ratio,
            ("rust-traced", "node-traced"),
            |round| round.resident as f64,
            Some(0.5),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn compared_as(compared: &Compared, one: f64, other: f64) -> f64 {
    match compared {
        Compared::Ratio => one / other,
        Compared::Difference => one - other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(cpu_us: f64, resident: u64) -> Measurement {
        Measurement {
            events: 10,
            cpu_us,
            events_per_second: 1.0,
            p50_ms: 1.0,
            p99_ms: 1.0,
            resident,
            peak: resident,
            exported: None,
        }
    }

    #[test]
    fn contestants_are_compared_within_a_round() {
        let keys = [
            "rust-bare".into(),
            "rust-traced".into(),
            "node-traced".into(),
        ];
        let contestants = Contestant::chosen(&keys).unwrap();
        let rounds = [
            vec![round(10.0, 1), round(20.0, 1)],
            vec![round(12.0, 30), round(23.0, 30)],
            vec![round(24.0, 100), round(92.0, 100)],
        ];
        let verdicts = super::verdicts(&contestants, &rounds);
        assert_eq!(verdicts.len(), 3, "nothing is said about who was left out");
        let spreads: Vec<_> = verdicts.iter().map(|one| one.spread).collect();
        assert_eq!((spreads[0].min, spreads[0].max), (0.25, 0.5));
        assert_eq!((spreads[1].min, spreads[1].max), (2.0, 3.0));
        assert_eq!(spreads[2].median, 0.3);
        assert!(verdicts.iter().all(|one| one.holds() == Some(true)));
    }
}
