//! The report: a table to look at, Markdown to keep, JSON to compute with.

use std::fs;
use std::path::Path;

use serde::Serialize;

use super::options::Load;
use super::summary::{Sum, Summary, Verdict};
use crate::Outcome;
use crate::machine::Machine;

/// The lines of a page between which the report belongs.
const BEGIN: &str = "<!-- bench socketio: begin -->\n";
const END: &str = "<!-- bench socketio: end -->";

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

    /// For a terminal: columns of even width.
    pub(crate) fn table(&self) -> String {
        let rows = self.rows();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            cells.max().unwrap_or(0)
        };
        let widths: [usize; HEADINGS.len()] = std::array::from_fn(width);
        let mut text = String::new();
        for row in &rows {
            for (cell, width) in row.iter().zip(widths) {
                text.push_str(cell);
                text.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
            }
            text.truncate(text.trim_end().len());
            text.push('\n');
        }
        text.push('\n');
        for verdict in &self.verdicts {
            text.push_str(&sentence(verdict));
            text.push('\n');
        }
        text
    }

    /// For a page.
    pub(crate) fn markdown(&self) -> String {
        let Machine {
            date,
            processor,
            cores,
            memory_gib,
            system,
            load,
        } = &self.machine;
        let mut text = format!(
            "Measured on {date}: {cores} cores of {processor}, {memory_gib} GiB, {system}; load {load} at the start.\n\n"
        );
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
        for (index, row) in self.rows().iter().enumerate() {
            text.push_str(&format!("| {} |\n", row.join(" | ")));
            if index == 0 {
                text.push_str(&format!("|---{}|\n", "|---:".repeat(HEADINGS.len() - 1)));
            }
        }
        text.push('\n');
        for verdict in &self.verdicts {
            text.push_str(&format!("- {}\n", sentence(verdict)));
        }
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

/// `all of 600000`, or how many and what share was lost.
fn spans(result: &Summary) -> String {
    let Some(sum) = &result.exported else {
        return "–".to_owned();
    };
    let Sum {
        spans, expected, ..
    } = *sum;
    if spans >= expected {
        return format!("all of {expected}");
    }
    let lost = (expected - spans) as f64 / expected as f64;
    format!("{spans} of {expected} (lost {:.2} %)", lost * 100.0)
}

fn sentence(verdict: &Verdict) -> String {
    let digits = if verdict.unit == "×" { 3 } else { 2 };
    let Verdict {
        what, unit, spread, ..
    } = verdict;
    let wanted = match (verdict.limit, verdict.holds()) {
        (Some(limit), Some(true)) => format!("; at most {limit} {unit} wanted: holds"),
        (Some(limit), _) => format!("; at most {limit} {unit} wanted: DOES NOT HOLD"),
        (None, _) => String::new(),
    };
    format!("{what}: {} {unit}{wanted}", spread.show(digits))
}

/// Replaces the report in `page`.
///
/// # Errors
/// A page that cannot be read or written, or has no place for it.
pub(crate) fn update(page: &Path, report: &str) -> Outcome {
    let failed = |error: std::io::Error| format!("{}: {error}", page.display());
    let text = fs::read_to_string(page).map_err(failed)?;
    let text = replaced(&text, report).ok_or_else(|| {
        format!(
            "{} has no lines `{}` and `{END}` for the report",
            page.display(),
            BEGIN.trim_end()
        )
    })?;
    fs::write(page, text).map_err(failed)
}

fn replaced(page: &str, report: &str) -> Option<String> {
    let (head, rest) = page.split_once(BEGIN)?;
    let (_, tail) = rest.split_once(END)?;
    Some(format!(
        "{head}{BEGIN}\n{}\n\n{END}{tail}",
        report.trim_end()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socketio::contestant::Contestant;
    use crate::socketio::round::{Exported, Measurement};

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
            verdicts: Verdict::all(&contestants, &rounds),
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
    fn columns_are_even() {
        let table = report().table();
        let column = |line: usize, word: &str| {
            let line = table.lines().nth(line).unwrap();
            let byte = line.find(word).unwrap();
            line[..byte].chars().count()
        };
        assert_eq!(column(0, "CPU"), column(1, "10.0"));
        assert_eq!(column(0, "spans"), column(2, "150"));
    }

    #[test]
    fn only_the_part_between_the_marks_is_replaced() {
        let page = format!("# Title\n{BEGIN}old\n{END}\nrest\n");
        let text = replaced(&page, "new\n").unwrap();
        assert_eq!(text, format!("# Title\n{BEGIN}\nnew\n\n{END}\nrest\n"));
        assert_eq!(replaced(&text, "new").unwrap(), text);
        assert_eq!(replaced("# Title\n", "new"), None);
    }

    #[test]
    fn the_data_can_be_read_again() {
        let json: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        assert_eq!(json["results"][1]["rounds"][0]["exported"]["spans"], 150);
    }
}
