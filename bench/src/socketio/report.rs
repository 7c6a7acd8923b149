//! The report: a table to look at, Markdown to keep, JSON to compute with.

use serde::Serialize;

use super::options::Load;
use super::summary::Summary;
use crate::Outcome;
use crate::layout;
use crate::machine::Machine;
use crate::verdict::Verdict;

const HEADINGS: [&str; 7] = [
    "server",
    "CPU µs/event",
    "events/s",
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
    pub(crate) load: Load,
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
        let Load {
            rounds,
            sockets,
            in_flight,
            warm_up_events,
            events,
            seconds,
        } = self.load;
        text.push_str(&format!(
            "\n{rounds} rounds; {sockets} connections with {in_flight} unanswered events each; {events} events \
             or {seconds} s measured, after {warm_up_events} events to warm up. Median (least–most) of the rounds.\n\n"
        ));
        text.push_str(&layout::markdown(&self.rows(), 1, &self.verdicts));
        text
    }

    fn rows(&self) -> Vec<[String; HEADINGS.len()]> {
        let mut rows = vec![HEADINGS.map(str::to_owned)];
        rows.extend(self.results.iter().map(|result| {
            [
                result.name.to_owned(),
                result.cpu_us.show(1),
                result.events_per_second.show(0),
                result.p50_ms.show(2),
                result.p99_ms.show(2),
                format!(
                    "{:.1} ({:.1})",
                    result.resident_mb.median, result.peak_mb.max
                ),
                spans(result),
            ]
        }));
        rows
    }
}

/// `–` where nothing is traced.
fn spans(result: &Summary) -> String {
    let Some(sum) = &result.exported else {
        return "–".to_owned();
    };
    // Spans of connections may have the same name.
    layout::arrived(sum.spans.min(sum.expected), sum.expected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socketio::contestant::Contestant;
    use crate::socketio::round::{Exported, Measurement};
    use crate::socketio::summary;

    fn report() -> Report {
        let contestants = Contestant::chosen(&["rust-bare".into(), "rust-traced".into()]).unwrap();
        let measurement = |cpu_us, spans: Option<u64>| Measurement {
            events: 100,
            cpu_us,
            events_per_second: 5_000.0,
            p50_ms: 0.5,
            p99_ms: 2.0,
            resident: 10_000_000,
            peak: 12_000_000,
            exported: spans.map(|spans| Exported {
                spans,
                expected: 200,
                joined: 0,
                bytes_per_span: 300.0,
            }),
        };
        let rounds = [
            vec![measurement(10.0, None)],
            vec![measurement(14.0, Some(150))],
        ];
        Report {
            machine: Machine::look(),
            versions: vec!["rustc 1".to_owned()],
            load: Load {
                rounds: 1,
                sockets: 2,
                in_flight: 3,
                warm_up_events: 4,
                events: 5,
                seconds: 6,
            },
            verdicts: summary::verdicts(&contestants, &rounds),
            results: contestants
                .iter()
                .zip(&rounds)
                .filter_map(|(contestant, rounds)| Summary::of(contestant, rounds))
                .collect(),
        }
    }

    #[test]
    fn losses_and_missed_limits_are_said() {
        let markdown = report().markdown();
        assert!(markdown.contains("| 150 of 200 (lost 25.00 %) |"));
        assert!(markdown.contains("| axum + socketioxide | 10.0 (10.0–10.0) |"));
        assert!(markdown.contains("4.00 (4.00–4.00) µs; at most 3 µs wanted: DOES NOT HOLD"));
    }

    #[test]
    fn the_data_can_be_read_again() {
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!(json["results"][1]["rounds"][0]["exported"]["spans"], 150);
    }
}
