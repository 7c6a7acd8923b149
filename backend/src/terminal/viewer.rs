//! One socket that watches one terminal: what it has been sent, what it waits for, how far it is behind.

use std::collections::VecDeque;
use std::time::Duration;

use aether_telemetry::socketio::RequestContext;
use serde::Serialize;
use socketioxide::extract::SocketRef;
use socketioxide::socket::Sid;
use tokio::time::Instant;

use super::link::{self, Sent};
use super::protocol::Output;

/// Most requests that one output answers; the carrier has room for as many.
const MAX_PENDING: usize = 16;

/// How long an input may wait for the output it causes. Later output is taken as somebody else's: the page has given
/// up waiting by then (its timeout is the same five seconds).
const PENDING_FOR: Duration = Duration::from_secs(5);

/// Most bytes of output on the way to a page that acknowledges what it has drawn.
pub(crate) const WINDOW_BYTES: usize = 512 * 1024;

/// Output that a page has not yet acknowledged; see `terminal:ack`.
#[derive(Debug, Default)]
struct Window {
    sent: VecDeque<(u64, usize)>,
    bytes: usize,
}

impl Window {
    fn is_full(&self) -> bool {
        self.bytes >= WINDOW_BYTES
    }

    fn sent(&mut self, seq: u64, bytes: usize) {
        self.sent.push_back((seq, bytes));
        self.bytes += bytes;
    }

    fn acknowledged(&mut self, seq: u64) {
        while let Some(&(sent, bytes)) = self.sent.front()
            && sent <= seq
        {
            self.sent.pop_front();
            self.bytes -= bytes;
        }
    }
}

/// A socket that watches a terminal.
#[derive(Debug)]
pub(crate) struct Viewer {
    socket: SocketRef,
    /// Inputs of this socket that no output has answered yet, oldest first.
    pending: VecDeque<(Instant, RequestContext)>,
    /// The last output it has been sent, or that its replay held.
    seq: u64,
    slow: bool,
    /// Present when the page acknowledges output.
    window: Option<Window>,
    /// The `terminal:close` of this socket, to be answered by `terminal:closed`.
    pub(crate) closing: Option<RequestContext>,
}

impl Viewer {
    /// A viewer that already has everything up to `seq`.
    pub(crate) fn new(socket: SocketRef, seq: u64, acknowledges: bool) -> Self {
        let window = acknowledges.then(Window::default);
        Self {
            socket,
            pending: VecDeque::new(),
            seq,
            slow: false,
            window,
            closing: None,
        }
    }

    /// The socket's id.
    pub(crate) fn sid(&self) -> Sid {
        self.socket.id
    }

    /// Whether `seq` has still to be sent.
    pub(crate) fn lacks(&self, seq: u64) -> bool {
        self.seq < seq
    }

    /// Leaves out `seq`: this viewer is too slow for the others. The page sees the gap and attaches again.
    pub(crate) fn skip(&mut self, seq: u64) {
        self.seq = seq;
        self.slow = true;
    }

    /// Whether it was left behind and has not taken anything since. The others do not wait for it again.
    pub(crate) fn is_slow(&self) -> bool {
        self.slow
    }

    /// Notes an input of this socket, to be answered by the next output.
    pub(crate) fn typed(&mut self, request: RequestContext) {
        if self.pending.len() == MAX_PENDING {
            // The oldest has waited longest and is the parent of the answer: the middle ones are the ones to lose.
            self.pending.remove(1);
        }
        self.pending.push_back((Instant::now(), request));
    }

    /// Takes back the input noted last.
    pub(crate) fn untype(&mut self) {
        self.pending.pop_back();
    }

    /// Whether somebody at this socket waits for an echo.
    pub(crate) fn waits(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Notes that the page has drawn everything up to `seq`.
    pub(crate) fn acknowledged(&mut self, seq: u64) {
        if let Some(window) = &mut self.window {
            window.acknowledged(seq);
        }
    }

    /// Sends an output, as the answer to what was typed before it.
    pub(crate) fn send_output(&mut self, output: &Output<'_>) -> Sent {
        if self.window.as_ref().is_some_and(Window::is_full) {
            return Sent::Full;
        }
        let now = Instant::now();
        self.pending
            .retain(|(typed, _)| now.duration_since(*typed) < PENDING_FOR);
        let answered: Vec<RequestContext> = self
            .pending
            .iter()
            .map(|(_, request)| request.clone())
            .collect();
        let sent = link::emit(&self.socket, "terminal:output", output, &answered);
        if sent == Sent::Yes {
            self.pending.clear();
            self.seq = output.seq;
            self.slow = false;
            if let Some(window) = &mut self.window {
                window.sent(output.seq, output.data.len());
            }
        }
        sent
    }

    /// Sends any other event, as the answer to `request` if there is one.
    pub(crate) fn send<T: Serialize>(
        &self,
        event: &str,
        data: &T,
        request: Option<&RequestContext>,
    ) -> Sent {
        link::emit(
            &self.socket,
            event,
            data,
            request.map_or(&[], std::slice::from_ref),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_opens_with_acknowledgements() {
        let mut window = Window::default();
        for seq in 1..=4 {
            assert!(!window.is_full());
            window.sent(seq, WINDOW_BYTES / 4);
        }
        assert!(window.is_full());
        window.acknowledged(0);
        assert!(window.is_full(), "nothing new was acknowledged");
        window.acknowledged(2);
        assert_eq!(window.bytes, WINDOW_BYTES / 2);
        window.acknowledged(u64::MAX);
        assert_eq!((window.bytes, window.sent.len()), (0, 0));
    }
}
