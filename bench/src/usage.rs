//! Processor time and memory of a process, as Linux counts them.
//!
//! `man 5 proc_pid_stat`, `man 5 proc_pid_status`

use std::fs;
use std::time::Duration;

use crate::Outcome;

/// Length of a tick of `/proc`: Linux shows a hundred per second on every machine, whatever its
/// own clock does.
const TICK: Duration = Duration::from_millis(10);

/// Memory of a process, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now.
    pub(crate) resident: u64,
    /// The most that ever was.
    pub(crate) peak: u64,
}

/// Processor time of all threads, in user and system mode, since the process started.
pub(crate) fn processor_time(id: u32) -> Outcome<Duration> {
    let text = read(id, "stat")?;
    parse_ticks(&text)
        .map(|ticks| TICK * ticks)
        .ok_or_else(|| format!("/proc/{id}/stat has no processor time: {text}"))
}

pub(crate) fn memory(id: u32) -> Outcome<Memory> {
    let text = read(id, "status")?;
    let field = |name: &str| {
        parse_kilobytes(&text, name).ok_or_else(|| format!("/proc/{id}/status has no {name}"))
    };
    Ok(Memory {
        resident: field("VmRSS")?,
        peak: field("VmHWM")?,
    })
}

fn read(id: u32, file: &str) -> Outcome<String> {
    let path = format!("/proc/{id}/{file}");
    fs::read_to_string(&path).map_err(|error| format!("{path}: {error}; this needs Linux"))
}

/// `utime` and `stime`. They are counted from the closing bracket, because the name of the program
/// in front of it can hold anything.
fn parse_ticks(stat: &str) -> Option<u32> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_ascii_whitespace().skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let system: u32 = fields.next()?.parse().ok()?;
    user.checked_add(system)
}

/// `VmRSS:     1234 kB` in bytes.
fn parse_kilobytes(status: &str, name: &str) -> Option<u64> {
    let mut lines = status.lines();
    let value = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    let number: u64 = value.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(number * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_program_does_not_move_the_fields() {
        let rest = "S 1 1 1 0 -1 4194560 100 0 0 0 25 17 0 0 20 0 9 0 1 1 1";
        for name in ["node", "a) b", "1 2 3"] {
            assert_eq!(parse_ticks(&format!("42 ({name}) {rest}")), Some(42));
        }
        assert_eq!(parse_ticks("42 (node) S 1"), None);
    }

    #[test]
    fn memory_is_in_bytes() {
        let status = "Name:\tnode\nVmHWM:\t   2048 kB\nVmRSS:\t    1024 kB\n";
        assert_eq!(parse_kilobytes(status, "VmRSS"), Some(1024 * 1024));
        assert_eq!(parse_kilobytes(status, "VmHWM"), Some(2048 * 1024));
        assert_eq!(parse_kilobytes(status, "VmSwap"), None);
    }

    #[test]
    fn this_process_has_both() {
        let id = std::process::id();
        assert!(processor_time(id).is_ok());
        let memory = memory(id).unwrap();
        assert!(memory.resident > 0 && memory.peak >= memory.resident);
    }
}
