//! When gathered output is sent: at once after a quiet moment or a keystroke, in larger pieces while it pours.

use std::time::Duration;

use tokio::time::Instant;

/// Most bytes of terminal output in one event.
pub(crate) const MAX_BATCH: usize = 32 * 1024;

/// The shortest time between two events of one terminal, unless somebody waits for an echo.
///
/// With [`MAX_BATCH`] this also caps one terminal at 8 MiB/s, so that a flood in one leaves room for the others.
pub(crate) const INTERVAL: Duration = Duration::from_millis(4);

/// Decides when the next event of one terminal may go out.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    last: Option<Instant>,
}

impl Pace {
    /// How long to go on gathering, `None` meaning: send now.
    ///
    /// `waiting` says that somebody pressed a key and has seen nothing yet.
    pub(crate) fn gather_until(
        &self,
        now: Instant,
        gathered: usize,
        waiting: bool,
    ) -> Option<Instant> {
        let due = self.last? + INTERVAL;
        let may_wait = due > now && !waiting;
        // A full batch waits as well: this is what keeps a flood from taking the whole connection.
        (may_wait || (gathered >= MAX_BATCH && due > now)).then_some(due)
    }

    /// Notes that an event has gone out.
    pub(crate) fn sent(&mut self, now: Instant) {
        self.last = Some(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_decisions() {
        let sent = Instant::now();
        let fresh = Pace::default();
        let mut busy = Pace::default();
        busy.sent(sent);
        let soon = sent + INTERVAL / 2;
        let later = sent + INTERVAL * 2;
        let due = Some(sent + INTERVAL);
        let cases = [
            ("the first output ever", &fresh, soon, 1, false, None),
            ("after a quiet moment", &busy, later, 1, false, None),
            ("while it pours", &busy, soon, 1, false, due),
            ("an echo while it pours", &busy, soon, 1, true, None),
            (
                "a full batch waits for its turn",
                &busy,
                soon,
                MAX_BATCH,
                true,
                due,
            ),
            (
                "a full batch whose turn has come",
                &busy,
                later,
                MAX_BATCH,
                false,
                None,
            ),
        ];
        for (name, pace, now, gathered, waiting, expected) in cases {
            assert_eq!(
                pace.gather_until(now, gathered, waiting),
                expected,
                "{name}"
            );
        }
    }
}
