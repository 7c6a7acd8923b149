//! What the rounds come to.

use serde::Serialize;

use super::contestant::{Contestant, Mode};
use super::load::Load;
use super::round::{Measurement, megabytes};
use crate::stats::Spread;
use crate::verdict::Verdict;

/// What processor time, ours to the Collector's, we want at most: twice the spans.
const CPU: f64 = 0.5;
/// What memory we want at most: a third.
const MEMORY: f64 = 1.0 / 3.0;

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Summary {
    pub(crate) key: &'static str,
    pub(crate) name: &'static str,
    pub(crate) load: Load,
    pub(crate) mode: Mode,
    pub(crate) ours: bool,
    /// Processor time of the relay per span, µs.
    pub(crate) cpu_us: Spread,
    /// Spans for each second of processor time.
    pub(crate) spans_per_second: Spread,
    /// `None` where the load does not tell.
    pub(crate) p50_ms: Option<Spread>,
    pub(crate) p99_ms: Option<Spread>,
    /// Memory at the end of the load, MB.
    pub(crate) resident_mb: Spread,
    /// The most memory, MB.
    pub(crate) peak_mb: Spread,
    pub(crate) arrived: u64,
    pub(crate) expected: u64,
    /// Whether in every round just what was sent has arrived.
    pub(crate) same: bool,
    pub(crate) refused: u64,
    /// What each round showed.
    pub(crate) rounds: Vec<Measurement>,
}

impl Summary {
    /// `None` without a round.
    pub(crate) fn of(contestant: &Contestant, load: Load, rounds: &[Measurement]) -> Option<Self> {
        let spread = |value: fn(&Measurement) -> f64| Spread::of(rounds.iter().map(value));
        let measured = |value: fn(&Measurement) -> f64| {
            let timed = rounds.iter().all(|round| round.p99_ms > 0.0);
            spread(value).filter(|_| timed)
        };
        let sum = |value: fn(&Measurement) -> u64| rounds.iter().map(value).sum();
        Some(Self {
            key: contestant.key,
            name: contestant.name,
            load,
            mode: contestant.mode,
            ours: contestant.is_ours(),
            cpu_us: spread(|round| round.cpu_us)?,
            spans_per_second: spread(|round| 1e6 / round.cpu_us)?,
            p50_ms: measured(|round| round.p50_ms),
            p99_ms: measured(|round| round.p99_ms),
            resident_mb: spread(|round| megabytes(round.resident))?,
            peak_mb: spread(|round| megabytes(round.peak))?,
            arrived: sum(|round| round.arrived),
            expected: sum(|round| round.expected),
            same: rounds.iter().all(|round| round.same != Some(false)),
            refused: sum(|round| round.refused),
            rounds: rounds.to_vec(),
        })
    }
}

/// Ours beside the Collector, load by load and mode by mode.
pub(crate) fn verdicts(results: &[Summary]) -> Vec<Verdict> {
    let mut verdicts = Vec::new();
    for ours in results.iter().filter(|result| result.ours) {
        let peer = results
            .iter()
            .find(|other| !other.ours && other.load == ours.load && other.mode == ours.mode);
        let Some(peer) = peer else {
            continue;
        };
        let queue = match ours.mode {
            Mode::Disk => "queue on disk",
            Mode::Memory => "queue in memory",
        };
        let mut compare = |what: &str, value: fn(&Measurement) -> f64, limit| {
            let pairs = ours.rounds.iter().zip(&peer.rounds);
            let ratios = pairs.map(|(ours, peer)| value(ours) / value(peer));
            let what = format!("{what}, {queue}, {}, ours : Collector", ours.load.name());
            verdicts.extend(Spread::of(ratios).map(|spread| Verdict {
                what,
                unit: "×",
                spread,
                limit,
            }));
        };
        compare("CPU per span", |round| round.cpu_us, Some(CPU));
        compare("memory", |round| round.resident as f64, Some(MEMORY));
        compare("most memory", |round| round.peak as f64, None);
    }
    verdicts
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn round(cpu_us: f64, resident: u64) -> Measurement {
        Measurement {
            spans: 100,
            cpu_us,
            p50_ms: 1.0,
            p99_ms: 2.0,
            resident,
            peak: resident,
            arrived: 120,
            expected: 120,
            same: Some(true),
            refused: 0,
            requests: 3,
        }
    }

    #[test]
    fn ours_is_compared_with_the_collector_of_its_mode_and_load() {
        let keys = ["ours-disk", "collector-memory", "collector-disk"].map(str::to_owned);
        let contestants = Contestant::chosen(&keys).unwrap();
        let of = |index: usize, load, rounds: &[Measurement]| {
            Summary::of(contestants[index], load, rounds).unwrap()
        };
        let results = [
            of(0, Load::Telemetrygen, &[round(1.0, 10), round(3.0, 10)]),
            of(1, Load::Telemetrygen, &[round(1.0, 1)]),
            of(2, Load::Blast(5), &[round(1.0, 1)]),
            of(2, Load::Telemetrygen, &[round(4.0, 40), round(4.0, 20)]),
        ];
        let verdicts = verdicts(&results);
        assert_eq!(verdicts.len(), 3);
        let spread = verdicts[0].spread;
        assert_eq!((spread.min, spread.median, spread.max), (0.25, 0.5, 0.75));
        assert_eq!(verdicts[0].holds(), Some(true));
        assert_eq!(verdicts[1].holds(), Some(false));
    }
}
