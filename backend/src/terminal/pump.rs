//! From the process to the sockets: gather, decode, number, send, and wait for those who cannot keep up.

use std::time::Duration;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep, sleep_until};

use super::decode::Utf8Decoder;
use super::farewell::Farewell;
use super::pace::{MAX_BATCH, Pace};
use super::session::Session;

/// How often a connection without room is tried again.
const RETRY: Duration = Duration::from_millis(5);

/// How long the others wait for a viewer that cannot keep up, before it is left behind.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long the end of a terminal is offered to connections without room.
const FAREWELL: Duration = Duration::from_secs(5);

/// Serves one terminal until its process has ended and everybody has been told.
///
/// Reading stops while the only viewer has no room, which in the end stops the program that prints.
pub(crate) async fn run(
    session: &Session,
    mut output: mpsc::Receiver<Vec<u8>>,
    exit: oneshot::Receiver<i32>,
) -> Farewell {
    let mut decoder = Utf8Decoder::default();
    let mut pace = Pace::default();
    let mut text = String::new();
    while let Some(batch) = gather(session, &mut output, &pace).await {
        for piece in batch.chunks(MAX_BATCH) {
            text.clear();
            decoder.feed(piece, &mut text);
            deliver(session, &text).await;
        }
        pace.sent(Instant::now());
    }
    text.clear();
    decoder.finish(&mut text);
    deliver(session, &text).await;
    // The reader always reports; without a report its thread has died, and the exit code is not known.
    session.end(exit.await.unwrap_or(-1))
}

/// Tells everybody that the terminal is no more.
pub(crate) async fn say_farewell(mut farewell: Farewell) {
    let started = Instant::now();
    while !farewell.say() && started.elapsed() < FAREWELL {
        sleep(RETRY).await;
    }
}

/// The next batch of output, `None` at the end.
async fn gather(
    session: &Session,
    output: &mut mpsc::Receiver<Vec<u8>>,
    pace: &Pace,
) -> Option<Vec<u8>> {
    let mut batch = output.recv().await?;
    loop {
        while batch.len() < MAX_BATCH {
            match output.try_recv() {
                Ok(more) => batch.extend_from_slice(&more),
                Err(_) => break,
            }
        }
        let Some(due) = pace.gather_until(Instant::now(), batch.len(), session.is_awaited()) else {
            return Some(batch);
        };
        tokio::select! {
            () = sleep_until(due) => {}
            () = session.changed() => {}
            more = output.recv(), if batch.len() < MAX_BATCH => match more {
                Some(more) => batch.extend_from_slice(&more),
                // The end; what was gathered is the last batch.
                None => return Some(batch),
            },
        }
    }
}

/// Sends `text` to every viewer, waiting for room.
async fn deliver(session: &Session, text: &str) {
    if text.is_empty() {
        return;
    }
    let seq = session.record(text);
    let started = Instant::now();
    loop {
        let delivery = session.offer(seq, text);
        if delivery.behind == 0 {
            return;
        }
        let others_wait = delivery.behind < delivery.viewers && started.elapsed() >= PATIENCE;
        if others_wait || session.is_closing() {
            session.skip(seq);
            return;
        }
        tokio::select! {
            () = sleep(RETRY) => {}
            () = session.changed() => {}
        }
    }
}
