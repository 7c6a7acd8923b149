//! The relay for browsers: OTLP over HTTP in, one batch for the delivery out.
//!
//! What a request may be and how it is answered follows
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp>: protobuf or JSON, plain or compressed with
//! gzip, deflate or zstd, bounded as sent and after decompression; errors are a `google.rpc.Status`
//! in the request's own encoding. On its way in a request passes the [`door`] (who may send), the
//! [`quota`], the [`body`], and becomes a batch.

mod address;
mod answer;
mod body;
mod clock;
mod cors;
mod door;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod keys;
mod quota;
mod refusal;
mod terms;
mod treat;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::{from_fn_with_state, map_request};
use axum::response::Response;
use axum::routing::post;
use bytes::Bytes;
use http::request::Parts;
use tokio::sync::Semaphore;

use crate::delivery::{Batch, Delivery, FULL_RETRY_AFTER, Intake, Outcome, Source, Ticket};
use crate::otlp::partial::Partial;
use crate::otlp::survey::{Unfit, survey};
use crate::otlp::{count, json};
use crate::{Config, Signal, linger};
use answer::Encoding;
use body::{Bound, Compression};
pub use door::Vouched;
use quota::Exceeded;
use refusal::Refusal;
pub(crate) use terms::Terms;
use treat::Stamp;

/// A body that has not arrived by then is given up.
const BODY_TIMEOUT: Duration = Duration::from_secs(30);
/// Larger bodies and compressed ones are handled away from the runtime's own threads. So many bytes
/// take less than a millisecond.
const INLINE_BYTES: usize = 256 * 1024;
/// How many requests are decoded at a time. Each may take some ten times its size meanwhile; the
/// others wait with their bodies alone.
const AT_A_TIME: usize = 4;
/// How much larger than the largest request one may be in memory once it is decoded. Real ones are
/// some five times as large.
const DECODED_FACTOR: usize = 16;
/// How many of the largest requests may arrive at a time; smaller ones in proportion.
const ARRIVING_FACTOR: usize = 32;

/// What the routes share.
#[derive(Debug)]
pub(crate) struct Relay {
    delivery: Arc<Delivery>,
    name: Arc<str>,
    turns: Semaphore,
    terms: RwLock<Arc<Terms>>,
}

impl Relay {
    /// # Errors
    /// A sentence, where the settings cannot be used.
    pub(crate) fn new(delivery: Arc<Delivery>, config: &Config) -> Result<Self, String> {
        Ok(Self {
            delivery,
            name: Arc::from("relay"),
            turns: Semaphore::new(AT_A_TIME),
            terms: RwLock::new(Arc::new(Terms::new(config)?)),
        })
    }

    fn terms(&self) -> Arc<Terms> {
        let terms = self.terms.read().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(&terms)
    }

    /// Makes the terms of other settings ready; `None` where they are those that hold.
    ///
    /// # Errors
    /// As [`Relay::new`].
    pub(crate) fn prepare(&self, config: &Config) -> Result<Option<Terms>, String> {
        let terms = self.terms();
        (!terms.are_of(config))
            .then(|| terms.changed(config))
            .transpose()
    }

    /// From now on requests are taken on these terms.
    pub(crate) fn commit(&self, terms: Terms) {
        let mut place = self.terms.write().unwrap_or_else(PoisonError::into_inner);
        *place = Arc::new(terms);
    }

    /// Whether a request to one of the routes is let in by a key, or is a browser's question
    /// whether one would be.
    pub(crate) fn admits(&self, parts: &Parts) -> bool {
        self.terms().door.admits(parts)
    }

    fn count(&self, outcome: Outcome, signal: Signal, reason: &'static str, value: u64) {
        let counters = self.delivery.counters();
        counters.add(outcome, signal, &self.name, reason, value);
    }
}

/// `POST /v1/{traces,logs,metrics}`, and `beside` behind the same door.
pub(crate) fn router(relay: Arc<Relay>, beside: Router) -> Router {
    let mut router = Router::new();
    for signal in Signal::ALL {
        let handler = move |State(relay): State<Arc<Relay>>, request| async move {
            relay.handle(signal, request).await
        };
        let wrong = move |State(relay): State<Arc<Relay>>, request: Request| async move {
            let refusal = Refusal::method();
            relay.count(Outcome::Rejected, signal, refusal.reason(), 1);
            refusal.answer(Encoding::of(request.headers()).unwrap_or_default())
        };
        router = router.route(signal.path(), post(handler).fallback(wrong));
    }
    router
        .with_state(Arc::clone(&relay))
        .merge(beside)
        .route_layer(from_fn_with_state(relay, cors::layer))
        .route_layer(map_request(linger::on_refusal))
}

/// The same routes with nothing behind them.
///
/// The answer is 404, which a client does not repeat: off means the receiver is not there. Taking
/// the telemetry and dropping it would tell the client that all is well.
pub(crate) fn disabled() -> Router {
    let mut router = Router::new();
    for signal in Signal::ALL {
        let handler = move |request: Request| async move {
            Refusal::disabled().answer(Encoding::of(request.headers()).unwrap_or_default())
        };
        router = router.route(signal.path(), post(handler));
    }
    router
}

impl Relay {
    async fn handle(self: Arc<Self>, signal: Signal, request: Request) -> Response {
        let encoding = Encoding::of(request.headers());
        let answered = encoding.unwrap_or_default();
        match self.take(signal, encoding, request).await {
            Ok(partial) => answered.success(signal, &partial),
            Err(refusal) => {
                self.count(Outcome::Rejected, signal, refusal.reason(), 1);
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
        let (parts, body) = request.into_parts();
        let compression = Compression::of(&parts.headers)?;
        let terms = self.terms();
        let address = terms.addresses.of(&parts);
        let stamp = terms.stamp(&parts, address);
        let sender = (stamp.client.clone(), address.map(address::neighbourhood));
        let entered = terms.quotas.enter(&sender, Instant::now());
        entered.map_err(|exceeded| match exceeded {
            Exceeded::Client(wait) => Refusal::client_quota(wait),
            Exceeded::Total(wait) => Refusal::total_quota(wait),
        })?;
        let bound = Bound {
            bytes: terms.max_bytes,
            time: BODY_TIMEOUT,
        };
        let (sent, held) = body::read(&parts.headers, body, bound, &terms.room).await?;
        terms.quotas.charge(&sender, sent.len(), Instant::now());
        if sent.is_empty() {
            return Ok(Partial::default());
        }
        let arrived = Arrived {
            signal,
            encoding,
            compression,
            sender,
            stamp,
            sent,
        };
        if compression == Compression::None && arrived.sent.len() <= INLINE_BYTES {
            let taken = self.process(&terms, &arrived)?;
            drop(held);
            return self.settled(signal, taken).await;
        }
        // Fails only for a closed semaphore, which this one never is.
        let turn = self
            .turns
            .acquire()
            .await
            .map_err(|_| Refusal::internal())?;
        let (relay, their) = (Arc::clone(self), Arc::clone(&terms));
        let work = move || relay.process(&their, &arrived);
        let taken = tokio::task::spawn_blocking(work).await;
        // Waiting for the disk takes neither processor nor much memory.
        drop((turn, held));
        let taken = taken.unwrap_or_else(|_| Err(Refusal::internal()))?;
        self.settled(signal, taken).await
    }

    async fn settled(&self, signal: Signal, taken: Taken) -> Result<Partial, Refusal> {
        let lost = taken.lost;
        let partial = taken.settled(signal).await?;
        self.count(Outcome::Dropped, signal, "cardinality", lost);
        Ok(partial)
    }

    fn process(&self, terms: &Terms, arrived: &Arrived) -> Result<Taken, Refusal> {
        let signal = arrived.signal;
        let plain = body::decompress(arrived.compression, &arrived.sent, terms.max_bytes)?;
        let more = plain.len().saturating_sub(arrived.sent.len());
        terms.quotas.charge(&arrived.sender, more, Instant::now());
        let protobuf = match arrived.encoding {
            Encoding::Protobuf => plain,
            Encoding::Json => json::to_protobuf(signal, &plain)
                .map_err(Refusal::malformed)?
                .into(),
        };
        let max_decoded = terms.max_bytes.saturating_mul(DECODED_FACTOR);
        let found = survey(signal, &protobuf, max_decoded).map_err(|unfit| match unfit {
            Unfit::Malformed(why) => Refusal::malformed(why),
            Unfit::Heavy => Refusal::too_many_parts(max_decoded),
        })?;
        let treated = terms
            .treatment
            .apply(signal, &protobuf, found.newest, &arrived.stamp);
        let malformed =
            |_| Refusal::malformed(format!("not an OTLP {signal} request: malformed protobuf"));
        let treated = treated.map_err(malformed)?;
        let body = Bytes::from(treated.body);
        // Points of metrics may have become fewer.
        let items = match signal {
            Signal::Metrics => count::items(signal, &body).map_err(malformed)?,
            _ => found.items,
        };
        let batch = Batch {
            signal,
            source: Source::Relay,
            items,
            body,
        };
        Ok(Taken {
            items: batch.items,
            lost: treated.lost,
            ticket: self.delivery.intake(&batch, None),
        })
    }
}

/// A request whose body is there.
struct Arrived {
    signal: Signal,
    encoding: Encoding,
    compression: Compression,
    sender: quota::Id,
    stamp: Stamp,
    sent: Bytes,
}

/// A request that the delivery has got.
struct Taken {
    items: u64,
    /// Data points that were dropped before.
    lost: u64,
    ticket: Ticket,
}

impl Taken {
    /// Waits until it is safe, where it has to be.
    async fn settled(self, signal: Signal) -> Result<Partial, Refusal> {
        match self.ticket.settled().await {
            Intake::Accepted if self.lost == 0 => Ok(Partial::default()),
            Intake::Accepted => Ok(Partial {
                rejected: self.lost,
                message: "an attribute of these data points has more different values than AETHER_TELEMETRY_RELAY_METRIC_VALUES allows, and they cannot be added up".to_owned(),
            }),
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
