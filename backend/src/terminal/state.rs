//! What changes in a terminal, kept under one lock: its size, its output so far and who watches.

use aether_telemetry::socketio::RequestContext;
use socketioxide::extract::SocketRef;
use tokio::time::Instant;

use super::link::Sent;
use super::protocol::{CloseReason, Output, Size};
use super::scrollback::Scrollback;
use super::viewer::Viewer;

/// The part of a terminal that changes.
#[derive(Debug)]
pub(crate) struct State {
    pub(super) size: Size,
    /// The number of the last output; 0 before the first.
    pub(super) seq: u64,
    pub(super) scrollback: Scrollback,
    pub(super) viewers: Vec<Viewer>,
    /// Sockets that asked to close this terminal without watching it.
    pub(super) closers: Vec<(SocketRef, Option<RequestContext>)>,
    /// Since when nobody watches.
    pub(super) orphaned: Option<Instant>,
    /// Why it is being closed, once it is.
    pub(super) closing: Option<CloseReason>,
    /// The exit code, once the process has ended.
    pub(super) ended: Option<i32>,
    /// Bytes typed and printed so far.
    pub(super) typed: u64,
    pub(super) printed: u64,
}

/// How an output got through to the viewers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Delivery {
    /// Viewers that could not take it yet.
    pub(crate) behind: usize,
    /// Viewers in all.
    pub(crate) viewers: usize,
}

impl State {
    /// Forgets the viewers for which `gone` holds, and notes when none is left.
    pub(super) fn remove(&mut self, mut gone: impl FnMut(&mut Viewer) -> bool) {
        let had = self.viewers.len();
        self.viewers.retain_mut(|viewer| !gone(viewer));
        if had > 0 && self.viewers.is_empty() {
            self.orphaned = Some(Instant::now());
        }
    }

    /// Sends an output to every viewer that lacks it and has room for it.
    pub(super) fn offer(&mut self, output: &Output<'_>) -> Delivery {
        let seq = output.seq;
        let mut behind = 0;
        let somebody_keeps_up = self.viewers.iter().any(|viewer| !viewer.is_slow());
        self.remove(|viewer| {
            if !viewer.lacks(seq) {
                return false;
            }
            match viewer.send_output(output) {
                Sent::Yes => false,
                Sent::Full if somebody_keeps_up && viewer.is_slow() => {
                    viewer.skip(seq);
                    false
                }
                Sent::Full => {
                    behind += 1;
                    false
                }
                Sent::Gone => true,
            }
        });
        Delivery {
            behind,
            viewers: self.viewers.len(),
        }
    }

    /// Leaves the viewers that still lack `seq` behind.
    pub(super) fn skip(&mut self, seq: u64) {
        for viewer in self.viewers.iter_mut().filter(|viewer| viewer.lacks(seq)) {
            viewer.skip(seq);
        }
    }
}
