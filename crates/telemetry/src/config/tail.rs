//! Which traces are kept once they are known as a whole: `AETHER_TELEMETRY_TAIL_*`.

use std::time::Duration;

use super::parse;
use super::reader::Reader;

/// Traces are held back for a while and kept or dropped as a whole. A trace with an error is always
/// kept.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// How long after its first span a trace is decided on (`AETHER_TELEMETRY_TAIL_WAIT`,
    /// milliseconds). Default: 10 s.
    pub wait: Duration,
    /// Traces that took at least this long, from the first start to the last end, are kept
    /// (`AETHER_TELEMETRY_TAIL_SLOWER_THAN`, milliseconds). Default: none, duration does not matter.
    pub slower_than: Option<Duration>,
    /// Share of the other traces that is kept, 0 to 1, told by the trace id
    /// (`AETHER_TELEMETRY_TAIL_SHARE`). Default: 0.1.
    pub share: f64,
    /// Bound of what is held, in bytes; when it is full the oldest traces are decided on early
    /// (`AETHER_TELEMETRY_TAIL_BYTES`). Default: 64 MiB.
    pub bytes: usize,
}

impl Default for Tail {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(10),
            slower_than: None,
            share: 0.1,
            bytes: 64 * 1024 * 1024,
        }
    }
}

/// `None` where it is not switched on; what is set is checked all the same.
pub(super) fn read(reader: &mut Reader<'_>) -> Option<Tail> {
    let on = reader.value("AETHER_TELEMETRY_TAIL", parse::boolean);
    let wait = reader.value("AETHER_TELEMETRY_TAIL_WAIT", parse::milliseconds);
    let slower_than = reader.value("AETHER_TELEMETRY_TAIL_SLOWER_THAN", parse::milliseconds);
    let share = reader.value("AETHER_TELEMETRY_TAIL_SHARE", parse::ratio);
    let bytes = reader.value("AETHER_TELEMETRY_TAIL_BYTES", |text| {
        parse::bytes(text, 64 * 1024, 1 << 40)
    });
    let default = Tail::default();
    (on == Some(true)).then(|| Tail {
        wait: wait.unwrap_or(default.wait),
        slower_than,
        share: share.unwrap_or(default.share),
        bytes: bytes.unwrap_or(default.bytes),
    })
}
