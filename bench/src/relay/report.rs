//! The report: a table to look at, Markdown to keep, JSON to compute with.

use serde::Serialize;

use super::options::Settings;
use super::summary::Summary;
use crate::Outcome;
use crate::layout;
use crate::machine::Machine;
use crate::stats::Spread;
use crate::verdict::Verdict;

const HEADINGS: [&str; 8] = [
    "relay",
    "load",
    "spans per CPU second",
    "CPU µs/span",
    "ack p50 ms",
    "ack p99 ms",
    "RSS MB (peak)",
    "spans arrived",
];

/// Everything that was found out.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    pub(crate) versions: Vec<String>,
    pub(crate) settings: Settings,
    pub(crate) results: Vec<Summary>,
    pub(crate) verdicts: Vec<Verdict>,
}

impl Report {
    pub(crate) fn json(&self) -> Outcome<String> {
        serde_json::to_string_pretty(self).map_err(|error| format!("no JSON report: {error}"))
    }

    /// For a terminal.
    pub(crate) fn table(&self) -> String {
        layout::terminal(&self.rows(), &self.verdicts)
    }

    /// For a page.
    pub(crate) fn markdown(&self) -> String {
        let mut text = format!("{}\n\n", self.machine.sentence());
        for versions in &self.versions {
            text.push_str(&format!("- {versions}\n"));
        }
        let Settings {
            rounds,
            seconds,
            rate,
            connections,
            generators,
            compression,
        } = &self.settings;
        let compressed = match compression.as_str() {
            "none" => "sent on uncompressed".to_owned(),
            other => format!("sent on with {other}"),
        };
        text.push_str(&format!(
            "\n{rounds} rounds of {seconds} s at {rate} spans per second, {compressed}; {generators} processes of \
             telemetrygen, {connections} connections of the own load. Median (least–most) of the rounds.\n\n"
        ));
        text.push_str(&layout::markdown(&self.rows(), 2, &self.verdicts));
        text
    }

    fn rows(&self) -> Vec<[String; HEADINGS.len()]> {
        let mut rows = vec![HEADINGS.map(str::to_owned)];
        rows.extend(self.results.iter().map(|result| {
            [
                result.name.to_owned(),
                result.load.name(),
                result.spans_per_second.show(0),
                result.cpu_us.show(2),
                milliseconds(result.p50_ms),
                milliseconds(result.p99_ms),
                format!(
                    "{:.1} ({:.1})",
                    result.resident_mb.median, result.peak_mb.max
                ),
                arrived(result),
            ]
        }));
        rows
    }
}

fn milliseconds(spread: Option<Spread>) -> String {
    spread.map_or_else(|| "–".to_owned(), |spread| spread.show(1))
}

fn arrived(result: &Summary) -> String {
    let mut text = layout::arrived(result.arrived, result.expected);
    if result.arrived == result.expected && !result.same {
        text.push_str(", not the same");
    }
    if result.refused > 0 {
        text.push_str(&format!("; {} requests refused", result.refused));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relay::contestant::Contestant;
    use crate::relay::load::Load;
    use crate::relay::round::Measurement;
    use crate::relay::summary::{self, tests::round};

    fn report() -> Report {
        let keys = ["ours-memory".to_owned(), "collector-memory".to_owned()];
        let contestants = Contestant::chosen(&keys).unwrap();
        let lossy = Measurement {
            arrived: 60,
            refused: 2,
            ..round(4.0, 90_000_000)
        };
        let results = vec![
            Summary::of(contestants[0], Load::Blast(512), &[round(2.5, 50_000_000)]).unwrap(),
            Summary::of(contestants[1], Load::Blast(512), &[lossy]).unwrap(),
        ];
        Report {
            machine: Machine::look(),
            versions: vec!["rustc 1".to_owned()],
            settings: Settings {
                rounds: 1,
                seconds: 2,
                rate: 3,
                connections: 4,
                generators: 5,
                compression: "gzip".to_owned(),
            },
            verdicts: summary::verdicts(&results),
            results,
        }
    }

    #[test]
    fn losses_and_missed_limits_are_said() {
        let markdown = report().markdown();
        for part in [
            "| 60 of 120 (lost 50.00 %); 2 requests refused |",
            "| ours, queue in memory | own, 512 spans | 400000 (400000–400000) | 2.50 (2.50–2.50) |",
            "sent on with gzip",
            "own, 512 spans, ours : Collector: 0.625 (0.625–0.625) ×; at most 0.5 × wanted: DOES NOT HOLD",
        ] {
            assert!(markdown.contains(part), "{part} in {markdown}");
        }
    }

    #[test]
    fn the_data_can_be_read_again() {
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!(json["results"][1]["rounds"][0]["arrived"], 60);
    }
}
