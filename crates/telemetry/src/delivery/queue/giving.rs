//! How batches are given out to senders: one by one where they come one by one, several at a time where
//! several wait.

use std::time::{Duration, Instant};

use super::{LARGEST_GROUP, Queue, State};
use crate::delivery::waiting::Waiting;

impl Queue {
    /// As [`Queue::next_few`], one batch and at once.
    pub(in crate::delivery) async fn next(&self) -> Option<(u64, Waiting)> {
        self.next_few(0, Duration::ZERO).await?.pop()
    }

    /// Waits for the oldest batches that nobody has yet, and gives them out with their numbers; they
    /// stay here until [`Queue::finish`]. `None` once closed and all are given out.
    ///
    /// There are as many as fit into `room` bytes, at least one, and all are of one signal. Batches
    /// that come one by one go at once; those that come within `pause` of others being given out wait
    /// until it is over, or there are enough of them, so that they go together.
    pub(in crate::delivery) async fn next_few(
        &self,
        room: usize,
        pause: Duration,
    ) -> Option<Vec<(u64, Waiting)>> {
        loop {
            let changed = self.changed.notified();
            let due = {
                let mut state = self.lock();
                let state = &mut *state;
                while state.batches.get(state.given).is_some_and(|w| w.given) {
                    state.given += 1;
                }
                let (now, idle) = (Instant::now(), state.batches.len() > state.given);
                let due = state.given_at.map(|at| at + pause).filter(|due| *due > now);
                let ready = due.is_none() || state.closed || state.idle >= room.min(LARGEST_GROUP);
                if idle && ready {
                    let few = state.give(room);
                    state.given_at = Some(now);
                    // Batches that came together woke one sender only.
                    if state.batches.len() > state.given || state.closed {
                        self.changed.notify_one();
                    }
                    return Some(few);
                }
                if !idle && state.closed {
                    self.changed.notify_one();
                    return None;
                }
                due.filter(|_| idle)
            };
            match due {
                None => changed.await,
                Some(due) => {
                    // Either way there is something to look at.
                    let _ = tokio::time::timeout_at(due.into(), changed).await;
                }
            }
        }
    }

    /// Takes a batch back that was given out, for another sender.
    pub(in crate::delivery) fn take_back(&self, number: u64) {
        let mut state = self.lock();
        let state = &mut *state;
        let at = number.checked_sub(state.first);
        if let Some(at) = at.and_then(|at| usize::try_from(at).ok())
            && let Some(waiting) = state.batches.get_mut(at)
            && !waiting.done
        {
            waiting.given = false;
            let length = waiting.length();
            state.idle += length;
            state.given = state.given.min(at);
            self.changed.notify_one();
        }
    }
}

impl State {
    /// Gives out the batches behind those that are given already: one, and those of its signal behind
    /// it as long as there is room for all.
    fn give(&mut self, room: usize) -> Vec<(u64, Waiting)> {
        let mut few: Vec<(u64, Waiting)> = Vec::new();
        let mut bytes = 0usize;
        while let Some(waiting) = self.batches.get_mut(self.given) {
            let length = waiting.length();
            let fits = few.first().is_none_or(|(_, first)| {
                let apart = first.alone || waiting.alone || first.signal != waiting.signal;
                !apart && bytes.saturating_add(length) <= room
            });
            if waiting.given || !fits {
                break;
            }
            waiting.given = true;
            bytes += length;
            self.idle -= length;
            few.push((self.first + self.given as u64, waiting.clone()));
            self.given += 1;
        }
        few
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use bytes::Bytes;

    use super::*;
    use crate::Signal;
    use crate::delivery::{Batch, Source};

    const LONG: Duration = Duration::from_secs(3600);

    fn put(queue: &Queue, signal: Signal, bytes: usize) {
        queue.reserve(bytes).unwrap();
        let batch = Batch {
            signal,
            source: Source::Relay,
            items: 1,
            body: Bytes::from(vec![0; bytes]),
        };
        queue.put(batch).unwrap();
    }

    /// The numbers given out, where that needs no waiting.
    fn given(queue: &Queue, room: usize) -> Option<Vec<u64>> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .unwrap();
        let _inside = runtime.enter();
        let next = pin!(queue.next_few(room, LONG));
        match next.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(few) => few.map(|few| few.iter().map(|(number, _)| *number).collect()),
            Poll::Pending => None,
        }
    }

    #[test]
    fn the_first_goes_at_once_and_the_next_together() {
        let queue = Queue::new(usize::MAX);
        put(&queue, Signal::Traces, 10);
        assert_eq!(given(&queue, 100), Some(vec![0]));
        for _ in 0..3 {
            put(&queue, Signal::Traces, 30);
        }
        assert_eq!(given(&queue, 100), None, "they wait for more");
        put(&queue, Signal::Traces, 30);
        assert_eq!(
            given(&queue, 100),
            Some(vec![1, 2, 3]),
            "there is no room for more"
        );
        assert_eq!(given(&queue, 100), None);
        queue.close();
        assert_eq!(given(&queue, 100), Some(vec![4]), "nobody waits at the end");
        assert_eq!(given(&queue, 100), None);
    }

    #[test]
    fn signals_go_apart_and_what_is_larger_than_the_room_goes_alone() {
        let queue = Queue::new(usize::MAX);
        for (signal, bytes) in [
            (Signal::Traces, 10),
            (Signal::Traces, 10),
            (Signal::Logs, 10),
            (Signal::Logs, 500),
            (Signal::Logs, 10),
        ] {
            put(&queue, signal, bytes);
        }
        queue.close();
        for expected in [&[0, 1][..], &[2], &[3], &[4]] {
            assert_eq!(given(&queue, 100).as_deref(), Some(expected));
        }
    }

    #[test]
    fn what_was_taken_back_is_given_out_again() {
        let queue = Queue::new(usize::MAX);
        for _ in 0..3 {
            put(&queue, Signal::Traces, 10);
        }
        assert_eq!(given(&queue, 100), Some(vec![0, 1, 2]));
        queue.finish(0);
        for number in 0..3 {
            queue.take_back(number);
        }
        queue.close();
        assert_eq!(
            given(&queue, 100),
            Some(vec![1, 2]),
            "what is done stays done"
        );
        queue.finish(1);
        queue.finish(2);
        assert_eq!(queue.level().bytes, 0);
    }
}
