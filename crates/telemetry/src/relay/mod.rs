//! The door for browsers: OTLP over HTTP in, one batch for the delivery out.
//!
//! What a request may be and how it is answered follows
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>: protobuf or JSON, plain or compressed with
//! gzip or deflate, bounded as sent and after decompression; errors are a `google.rpc.Status` in
//! the request's own encoding. Who may send is the caller's business.

mod answer;
mod body;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use tokio::sync::Semaphore;

use crate::Signal;
use crate::delivery::{Batch, Delivery, FULL_RETRY_AFTER, Intake, Outcome, Source, Ticket};
use crate::otlp::partial::Partial;
use crate::otlp::{json, mark, validate, weight};
use answer::{Encoding, Refusal};
use body::Compression;

/// A body that has not arrived by then is given up.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Larger bodies and compressed ones are handled away from the runtime's own threads.
const INLINE_BYTES: usize = 64 * 1024;
/// How many requests are decoded at a time. Each may take some ten times its size meanwhile; the
/// others wait with their bodies alone.
const AT_A_TIME: usize = 4;
/// How much larger than the largest request one may be in memory once it is decoded. Real ones are
/// some five times as large.
const DECODED_FACTOR: usize = 16;
/// The resource attribute that says where relayed telemetry is from.
const SOURCE: (&str, &str) = ("aether.source", "browser");

#[derive(Debug)]
struct Relay {
    delivery: Arc<Delivery>,
    max_bytes: usize,
    name: Arc<str>,
    turns: Semaphore,
}

/// `POST /v1/{traces,logs,metrics}` into `delivery`.
pub(crate) fn router(delivery: Arc<Delivery>, max_bytes: usize) -> Router {
    let relay = Arc::new(Relay {
        delivery,
        max_bytes,
        name: Arc::from("relay"),
        turns: Semaphore::new(AT_A_TIME),
    });
    let mut router = Router::new();
    for signal in Signal::ALL {
        let handler = move |State(relay): State<Arc<Relay>>, request| async move {
            relay.handle(signal, request).await
        };
        router = router.route(signal.path(), post(handler));
    }
    router.with_state(relay)
}

/// The same routes with nothing behind them.
///
/// The answer is 404, which a client does not repeat: off means the receiver is not there. Taking
/// the telemetry and dropping it would tell the client that all is well.
pub(crate) fn disabled() -> Router {
    let mut router = Router::new();
    for signal in Signal::ALL {
        let handler = move |request: Request| async move {
            Refusal::disabled().answer(Encoding::of(&request).unwrap_or_default())
        };
        router = router.route(signal.path(), post(handler));
    }
    router
}

impl Relay {
    async fn handle(self: Arc<Self>, signal: Signal, request: Request) -> Response {
        let encoding = Encoding::of(&request);
        let answered = encoding.unwrap_or_default();
        match self.take(signal, encoding, request).await {
            Ok(partial) => answered.success(signal, &partial),
            Err(refusal) => {
                let counters = self.delivery.counters();
                counters.add(Outcome::Rejected, signal, &self.name, refusal.reason(), 1);
                refusal.answer(answered)
            }
        }
    }

    async fn take(
        self: &Arc<Self>,
        signal: Signal,
        encoding: Option<Encoding>,
        request: Request,
    ) -> Result<Partial, Refusal> {
        let encoding = encoding.ok_or_else(Refusal::unsupported_type)?;
        let compression = Compression::of(&request)?;
        let reading = body::read(request, self.max_bytes);
        let sent = tokio::time::timeout(BODY_TIMEOUT, reading)
            .await
            .map_err(|_| Refusal::timeout())??;
        if sent.is_empty() {
            return Ok(Partial::default());
        }
        if compression == Compression::None && sent.len() <= INLINE_BYTES {
            let taken = self.process(signal, encoding, compression, &sent)?;
            return taken.settled(signal).await;
        }
        // Fails only for a closed semaphore, which this one never is.
        let turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| Refusal::internal())?;
        let relay = Arc::clone(self);
        let work = move || relay.process(signal, encoding, compression, &sent);
        let taken = tokio::task::spawn_blocking(work).await;
        // Waiting for the disk takes neither processor nor much memory.
        drop(turn);
        let taken = taken.unwrap_or_else(|_| Err(Refusal::internal()))?;
        taken.settled(signal).await
    }

    fn process(
        &self,
        signal: Signal,
        encoding: Encoding,
        compression: Compression,
        sent: &Bytes,
    ) -> Result<Taken, Refusal> {
        let plain = body::decompress(compression, sent, self.max_bytes)?;
        let protobuf = match encoding {
            Encoding::Protobuf => plain,
            Encoding::Json => json::to_protobuf(signal, &plain)
                .map_err(Refusal::malformed)?
                .into(),
        };
        let malformed =
            |_| Refusal::malformed(format!("not an OTLP {signal} request: malformed protobuf"));
        let max_decoded = self.max_bytes.saturating_mul(DECODED_FACTOR);
        if !weight::fits(signal, &protobuf, max_decoded).map_err(malformed)? {
            return Err(Refusal::too_many_parts(max_decoded));
        }
        let marked = mark::mark(&protobuf, SOURCE.0, SOURCE.1).map_err(malformed)?;
        let body = Bytes::from(marked);
        let checked = validate::check(signal, &body).map_err(Refusal::malformed)?;
        let batch = Batch {
            signal,
            source: Source::Relay,
            items: checked.items,
            body,
        };
        Ok(Taken {
            items: batch.items,
            ticket: self.delivery.intake(&batch, checked.traces),
        })
    }
}

/// A request that the delivery has got.
struct Taken {
    items: u64,
    ticket: Ticket,
}

impl Taken {
    /// Waits until it is safe, where it has to be.
    async fn settled(self, signal: Signal) -> Result<Partial, Refusal> {
        match self.ticket.settled().await {
            Intake::Accepted => Ok(Partial::default()),
            Intake::NoDestination => Ok(Partial {
                rejected: self.items,
                message: format!(
                    "no destination takes {signal}; set OTEL_EXPORTER_OTLP_ENDPOINT on the server"
                ),
            }),
            Intake::Full => Err(Refusal::full(FULL_RETRY_AFTER)),
            Intake::NotWritten(reason) => Err(Refusal::not_written(reason, FULL_RETRY_AFTER)),
        }
    }
}
