//! Bodies that count what passes through them, frame by frame. Nothing is kept.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context as Task, Poll, ready};

use bytes::Buf;
use http::Method;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::exchange::Exchange;

pin_project! {
    /// The body of a request in the [layer](super::layer): the one that came, counted.
    pub struct RequestBody<B> {
        #[pin]
        inner: B,
        read: Option<Arc<AtomicU64>>,
    }
}

impl<B> RequestBody<B> {
    pub(super) fn new(inner: B, read: Option<Arc<AtomicU64>>) -> Self {
        Self { inner, read }
    }
}

impl<B: Body> Body for RequestBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let this = self.project();
        let frame = ready!(this.inner.poll_frame(task));
        if let (Some(Ok(frame)), Some(read)) = (&frame, this.read) {
            read.fetch_add(length(frame), Ordering::Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> fmt::Debug for RequestBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequestBody").finish_non_exhaustive()
    }
}

pin_project! {
    /// The body of a response in the [layer](super::layer): the service's own, counted. The span
    /// ends with it.
    pub struct ResponseBody<B> {
        #[pin]
        inner: B,
        observed: Option<Observed>,
    }
}

/// What is known of a response whose body is on its way. Dropped before the end of the body it
/// lets the exchange end as aborted.
struct Observed {
    exchange: Exchange,
    sent: u64,
    /// Length of the body where it is known before.
    length: Option<u64>,
}

impl<B: Body> ResponseBody<B> {
    /// Nothing of a body is sent in answer to HEAD, and an empty one may never be asked for.
    /// `promised` is the length that the response says, for bodies that do not know their own, such
    /// as files.
    pub(super) fn new(
        inner: B,
        mut exchange: Exchange,
        method: &Method,
        promised: Option<u64>,
    ) -> Self {
        if *method == Method::HEAD || inner.is_end_stream() {
            exchange.finish(0, None);
            return Self::unobserved(inner);
        }
        let length = inner.size_hint().exact().or(promised);
        Self {
            inner,
            observed: Some(Observed {
                exchange,
                sent: 0,
                length,
            }),
        }
    }

    pub(super) fn unobserved(inner: B) -> Self {
        Self {
            inner,
            observed: None,
        }
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Task<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let mut this = self.project();
        let Some(observed) = this.observed else {
            return this.inner.poll_frame(task);
        };
        let frame = {
            // What a streaming handler does while its body is made belongs to its trace.
            let _guard = observed.exchange.context().clone().attach();
            ready!(this.inner.as_mut().poll_frame(task))
        };
        let (last, error) = match &frame {
            Some(Ok(frame)) => {
                observed.sent += length(frame);
                // The connection need not ask again after the last frame.
                (this.inner.is_end_stream(), None)
            }
            Some(Err(_)) => (true, Some("body_error")),
            None => (true, None),
        };
        if last {
            observed.exchange.finish(observed.sent, error);
            *this.observed = None;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<B> fmt::Debug for ResponseBody<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseBody").finish_non_exhaustive()
    }
}

impl Drop for Observed {
    fn drop(&mut self) {
        // A connection may stop asking once it has as many bytes as were promised.
        let error = (self.length != Some(self.sent)).then(|| {
            if std::thread::panicking() {
                "panic"
            } else {
                "aborted"
            }
        });
        self.exchange.finish(self.sent, error);
    }
}

fn length<D: Buf>(frame: &Frame<D>) -> u64 {
    frame.data_ref().map_or(0, |data| data.remaining() as u64)
}
