//! Bodies that nobody reads to their end.
//!
//! A request may be answered before all of it is there: it is too large, or its sender may not send.
//! Where the connection is closed with data on its way, the system resets it, and a client that is
//! still sending sees a broken pipe instead of the answer. So what is left of a body is read and
//! dropped for a while, beside the answer: not for ever, because nobody has to listen to a flood.

use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::body::Body;
use axum::extract::Request;
use bytes::Bytes;
use http::header::EXPECT;
use http_body_util::BodyExt;
use tokio::runtime::Handle;

/// How much is read and dropped: as long as nobody sends gigabytes, everybody gets an answer.
const MOST_BYTES: usize = 64 * 1024 * 1024;
/// How long that may take.
const MOST_TIME: Duration = Duration::from_secs(20);

/// A request whose body is read to its end, or for a while, also where its handler does not.
pub(crate) async fn on_refusal(request: Request) -> Request {
    let waits = request.headers().contains_key(EXPECT);
    request.map(|body| {
        Body::new(Lingering {
            body,
            // Reading is what asks for a body whose sender waits for the word.
            unfinished: !waits,
        })
    })
}

/// A body that goes on being read once it is dropped.
#[derive(Debug)]
struct Lingering {
    body: Body,
    /// Whether there may be more, and it is on its way.
    unfinished: bool,
}

impl http_body::Body for Lingering {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, axum::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        self.unfinished = matches!(frame, Some(Ok(_)));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> http_body::SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lingering {
    fn drop(&mut self) {
        if !self.unfinished || http_body::Body::is_end_stream(&self.body) {
            return;
        }
        // Bodies come from connections, and those from a runtime; without one there is nothing to read.
        if let Ok(runtime) = Handle::try_current() {
            let body = std::mem::take(&mut self.body);
            runtime.spawn(tokio::time::timeout(MOST_TIME, drop_rest(body)));
        }
    }
}

async fn drop_rest(mut body: Body) {
    let mut left = MOST_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let bytes = frame.data_ref().map_or(0, Bytes::len);
        let Some(less) = left.checked_sub(bytes) else {
            return;
        };
        left = less;
    }
}
