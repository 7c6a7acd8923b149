//! Where and when it was measured.

use std::fs;
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

/// The machine and the moment.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    /// `2026-11-22`
    pub(crate) date: String,
    pub(crate) processor: String,
    pub(crate) cores: usize,
    pub(crate) memory_gib: u64,
    pub(crate) system: String,
    /// Runnable tasks in the minute before: what else the machine was doing.
    pub(crate) load: f64,
}

impl Machine {
    pub(crate) fn look() -> Self {
        let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let memory = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let kilobytes = field(&memory, "MemTotal").and_then(|text| text.split(' ').next());
        let kilobytes: u64 = kilobytes.and_then(|text| text.parse().ok()).unwrap_or(0);
        let first = load.split(' ').next();
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH);
        Self {
            date: date(seconds.map_or(0, |time| time.as_secs())),
            processor: field(&processors, "model name")
                .unwrap_or("unknown")
                .to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_gib: (kilobytes + 512 * 1024) / (1024 * 1024),
            system: format!("Linux {}", kernel.trim()),
            load: first.and_then(|text| text.parse().ok()).unwrap_or(0.0),
        }
    }
}

impl Machine {
    /// All of it, for a report.
    pub(crate) fn sentence(&self) -> String {
        let Self {
            date,
            processor,
            cores,
            memory_gib,
            system,
            load,
        } = self;
        format!(
            "Measured on {date}: {cores} cores of {processor}, {memory_gib} GiB, {system}; load {load} at the start."
        )
    }
}

/// The first line that a program prints, or `unknown`.
pub(crate) fn first_line(command: &mut Command) -> String {
    let output = command.output().ok().filter(|run| run.status.success());
    let text = output.map(|run| String::from_utf8_lossy(&run.stdout).into_owned());
    let line = text.as_deref().and_then(|text| text.lines().next());
    line.unwrap_or("unknown").trim().to_owned()
}

/// `model name : AMD EPYC` → `AMD EPYC`
fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = text.lines();
    let rest = lines.find_map(|line| line.strip_prefix(name))?;
    Some(rest.trim_start().strip_prefix(':')?.trim())
}

/// The day of a Unix time, in UTC. The calendar is counted from 0000-03-01, so that the leap day
/// is the last of its year; 400 years have 146 097 days.
fn date(seconds: u64) -> String {
    let days = seconds / 86_400 + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    // March is 0; five months of 31 and 30 days by turns have 153 days.
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year + next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_735_689_599, "2024-12-31"),
            (1_795_305_600, "2026-11-22"),
        ] {
            assert_eq!(date(seconds), day);
        }
    }

    #[test]
    fn fields_of_proc() {
        let text = "vendor_id\t: X\nmodel name\t: AMD EPYC\nmodel name\t: other\n";
        assert_eq!(field(text, "model name"), Some("AMD EPYC"));
        assert_eq!(field("MemTotal:  24 kB", "MemTotal"), Some("24 kB"));
        assert_eq!(field(text, "flags"), None);
    }
}
