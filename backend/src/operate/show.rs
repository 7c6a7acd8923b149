//! Answers of the server as text for people.

use std::fmt::Write;

use serde_json::Value;

/// What telemetry does.
pub(super) fn status(status: &Value) -> String {
    let mut out = String::new();
    if status["enabled"] != true {
        let why = word(&status["off_because"]);
        let _ = write!(out, "telemetry is off: {why}");
        return out;
    }
    let _ = writeln!(out, "telemetry of {} is on", word(&status["service_name"]));
    for warning in list(&status["warnings"]) {
        let _ = writeln!(out, "warning: {}", word(warning));
    }
    for destination in list(&status["destinations"]) {
        self::destination(&mut out, destination);
    }
    let store = &status["store"];
    if store.is_object() {
        let _ = writeln!(
            out,
            "embedded store: {} traces, {} spans, {} of {}",
            count(&store["traces"]),
            count(&store["spans"]),
            bytes(&store["bytes"]),
            bytes(&store["max_bytes"])
        );
    }
    let storage = &status["storage"];
    if storage.is_object() {
        let _ = writeln!(
            out,
            "queues on disk: {} in {}",
            bytes(&storage["bytes"]),
            word(&storage["folder"])
        );
        let problem = word(&storage["problem"]);
        if !problem.is_empty() {
            let _ = writeln!(out, "   FAILING: {problem}");
        }
    }
    let tail = &status["tail"];
    if tail.is_object() {
        let _ = writeln!(
            out,
            "whole traces: {} held ({} spans, {} of {}), {} kept, {} dropped, {} decided early, {} spans late",
            count(&tail["traces"]),
            count(&tail["spans"]),
            bytes(&tail["bytes"]),
            bytes(&tail["max_bytes"]),
            count(&tail["kept"]),
            count(&tail["dropped"]),
            count(&tail["early"]),
            count(&tail["late"])
        );
    }
    let letters = &status["dead_letters"];
    if count(&letters["letters"]) > 0 {
        let _ = writeln!(
            out,
            "refused for good: {} requests, {}; see aetherterm telemetry dead-letters",
            count(&letters["letters"]),
            bytes(&letters["bytes"])
        );
    }
    for counted in list(&status["counts"]) {
        let reason = word(&counted["reason"]);
        let _ = writeln!(
            out,
            "{:>10} {} {} {}{}",
            count(&counted["value"]),
            word(&counted["outcome"]).to_lowercase(),
            word(&counted["signal"]),
            word(&counted["destination"]),
            if reason.is_empty() {
                String::new()
            } else {
                format!(" ({reason})")
            }
        );
    }
    out.truncate(out.trim_end().len());
    out
}

fn destination(out: &mut String, destination: &Value) {
    let queue = &destination["queue"];
    let signals: Vec<_> = list(&destination["signals"]).map(word).collect();
    let failures = count(&destination["failures"]);
    let state = if failures > 0 {
        format!("FAILING, {failures} times in a row")
    } else if destination["last_success_ms"].is_u64() {
        "working".to_owned()
    } else {
        "not used yet".to_owned()
    };
    let told = match word(&destination["state"]).as_str() {
        "paused" => "PAUSED, ",
        "draining" => "DRAINING, ",
        _ => "",
    };
    let _ = writeln!(
        out,
        "{} ({}): {told}{state}; {} items wait, {} of {}, the oldest for {} s",
        word(&destination["name"]),
        signals.join(", "),
        count(&queue["items"]),
        bytes(&queue["bytes"]),
        bytes(&queue["max_bytes"]),
        count(&queue["oldest_ms"]) / 1000
    );
    let circuit = word(&destination["circuit"]["state"]);
    if !matches!(circuit.as_str(), "" | "closed") {
        let _ = writeln!(out, "   circuit: {}", circuit.replace('_', " "));
    }
    let rates = &destination["rates"];
    if rates.is_object() {
        let rate = |key: &str| rates[key].as_f64().unwrap_or_default();
        let latency = &destination["latency"];
        let _ = write!(
            out,
            "   per second: {:.1} in, {:.1} out, {:.1} dropped, {:.1} requests repeated",
            rate("in"),
            rate("out"),
            rate("dropped"),
            rate("retries")
        );
        if let (Some(half), Some(most)) = (latency["p50_ms"].as_u64(), latency["p95_ms"].as_u64()) {
            let _ = write!(out, "; answers in {half} ms (95 of 100 in {most} ms)");
        }
        out.push('\n');
    }
    let error = word(&destination["last_error"]);
    if !error.is_empty() {
        let _ = writeln!(out, "   last failure: {error}");
    }
}

/// What was refused for good.
pub(super) fn letters(answer: &Value) -> String {
    let mut out = String::new();
    for letter in list(&answer["dead_letters"]) {
        let _ = writeln!(
            out,
            "{} {}: {} {}, {}\n   {}",
            word(&letter["id"]),
            word(&letter["destination"]),
            count(&letter["items"]),
            word(&letter["signal"]),
            bytes(&letter["bytes"]),
            word(&letter["message"])
        );
    }
    if out.is_empty() {
        return "there are no dead letters".to_owned();
    }
    out.truncate(out.trim_end().len());
    out
}

/// What became of many dead letters, and what was not done.
pub(super) fn replayed(answer: &Value) -> (String, Vec<String>) {
    let text = format!("{} queued again", count(&answer["queued"]));
    let mut failures = Vec::new();
    let (full, impossible) = (count(&answer["full"]), count(&answer["impossible"]));
    if full > 0 {
        failures.push(format!(
            "{full} found the queue of their destination full and stay dead letters; try again later"
        ));
    }
    if impossible > 0 {
        failures.push(format!(
            "{impossible} cannot be read, or their destination is not configured any more"
        ));
    }
    (text, failures)
}

/// What would be in force after a change.
pub(super) fn checked(answer: &Value) -> String {
    notes("this can be applied", answer)
}

/// What is in force after a change, where that says more than that it was made.
pub(super) fn changed(answer: &Value) -> String {
    notes("done", answer)
}

fn notes(done: &str, answer: &Value) -> String {
    let mut out = done.to_owned();
    let problem = word(&answer["file"]["problem"]);
    if !problem.is_empty() {
        let _ = write!(out, "\nnote: {problem}");
    }
    for warning in list(&answer["warnings"]) {
        let _ = write!(out, "\nwarning: {}", word(warning));
    }
    for key in list(&answer["restart"]) {
        let _ = write!(out, "\nholds after a restart: {}", word(key));
    }
    out
}

/// Earlier versions of the file.
pub(super) fn versions(answer: &Value) -> String {
    let names = |value: &Value| {
        let names: Vec<_> = list(value).map(word).collect();
        names.join(", ")
    };
    let lines = list(&answer["versions"]).map(|version| {
        format!(
            "{}: {}, {} destinations ({}), {} rules ({})",
            count(&version["number"]),
            bytes(&version["bytes"]),
            list(&version["destinations"]).count(),
            names(&version["destinations"]),
            list(&version["routes"]).count(),
            names(&version["routes"])
        )
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        return "there is no earlier version".to_owned();
    }
    lines.join("\n")
}

/// Where samples would go.
pub(super) fn runs(answer: &Value) -> String {
    let mut out = String::new();
    for run in list(&answer["runs"]) {
        let _ = writeln!(out, "{} ({})", word(&run["signal"]), word(&run["sample"]));
        for item in list(&run["items"]) {
            let names = |key: &str| {
                let names: Vec<_> = list(&item[key]).map(word).collect();
                names.join(", ")
            };
            let to = match word(&item["dropped_by"]).as_str() {
                "" if names("to").is_empty() => "nowhere".to_owned(),
                "" => names("to"),
                rule => format!("dropped by {rule}"),
            };
            let rules = match names("rules").as_str() {
                "" => "no rule".to_owned(),
                rules => rules.to_owned(),
            };
            let _ = writeln!(out, "   {} [{rules}] -> {to}", word(&item["name"]));
        }
        if count(&run["omitted"]) > 0 {
            let _ = writeln!(out, "   and {} more", count(&run["omitted"]));
        }
    }
    if out.is_empty() {
        return "there is no sample: nothing was sent since the start; give one with --sample"
            .to_owned();
    }
    out.truncate(out.trim_end().len());
    out
}

/// What a destination answered to a test.
pub(super) fn tested(answer: &Value) -> (String, Vec<String>) {
    let (mut lines, mut failures) = (Vec::new(), Vec::new());
    for result in list(&answer["results"]) {
        let line = format!(
            "{} {}: {}",
            word(&result["destination"]),
            word(&result["signal"]),
            word(&result["answer"])
        );
        let remedy = word(&result["remedy"]);
        match (result["accepted"] == true, remedy.as_str()) {
            (true, _) => lines.push(line),
            (false, "") => failures.push(line),
            (false, remedy) => failures.push(format!("{line}; {remedy}")),
        }
    }
    (lines.join("\n"), failures)
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// A text without characters that a terminal would obey: some of it is what destinations answered.
fn word(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    text.replace(char::is_control, " ")
}

fn count(value: &Value) -> u64 {
    value.as_u64().unwrap_or_default()
}

fn bytes(value: &Value) -> String {
    let bytes = count(value);
    match bytes {
        0..1024 => format!("{bytes} B"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_server_says_in_lines() {
        let answer = json!({
            "enabled": true, "service_name": "shop", "warnings": ["looks wrong"],
            "destinations": [{
                "name": "localhost:4318", "signals": ["traces"], "failures": 3, "last_error": "refused\u{1b}[2J",
                "queue": {"items": 40, "bytes": 2048, "max_bytes": 16_777_216, "oldest_ms": 61_000},
            }],
            "dead_letters": {"letters": 2, "bytes": 10},
            "counts": [{"outcome": "Dropped", "signal": "traces", "destination": "a:1", "reason": "http_400", "value": 7}],
        });
        assert_eq!(
            status(&answer),
            "telemetry of shop is on\n\
             warning: looks wrong\n\
             localhost:4318 (traces): FAILING, 3 times in a row; 40 items wait, 2 KiB of 16 MiB, the oldest for 61 s\n   \
             last failure: refused [2J\n\
             refused for good: 2 requests, 10 B; see aetherterm telemetry dead-letters\n         \
             7 dropped traces a:1 (http_400)"
        );
    }

    #[test]
    fn anything_can_be_shown() {
        for odd in [
            json!(null),
            json!(1),
            json!({"enabled": true, "counts": [null, 1], "store": {}}),
        ] {
            assert!(!status(&odd).is_empty());
            assert_eq!(letters(&odd), "there are no dead letters");
        }
        let (text, failures) = replayed(&json!({"queued": 1, "full": 2, "impossible": 3}));
        assert_eq!((text.as_str(), failures.len()), ("1 queued again", 2));
    }
}
