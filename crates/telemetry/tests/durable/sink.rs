//! A destination that takes spans and remembers which, in the mood it is told to be in.
#![allow(dead_code, reason = "each user takes its own part")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// How a destination answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It takes everything.
    Well,
    /// It takes everything after a while.
    Slow(Duration),
    /// It never answers.
    Hangs,
    /// It answers with a status.
    Status(u16),
    /// It asks to come back after so many seconds.
    Limited(u64),
    /// The same, as a date.
    LimitedUntil(u64),
    /// It takes one request in so many.
    Flapping(u64),
    /// It takes everything but the span of this number.
    AllBut(u64),
    /// It refuses requests with the span of this number, for good.
    Refuses(u64),
    /// It refuses requests of more bytes as too large.
    AtMost(usize),
}

#[derive(Debug)]
struct Inner {
    mood: Mood,
    requests: u64,
    /// Bytes of the largest request that was taken.
    largest: usize,
    /// How often each span came.
    spans: BTreeMap<u64, u64>,
    /// Until when it asked to be left alone.
    demand: Option<SystemTime>,
    /// Requests that came before.
    impatient: u64,
}

#[derive(Debug)]
pub struct Sink {
    address: SocketAddr,
    inner: Arc<Mutex<Inner>>,
    serving: Mutex<Option<JoinHandle<()>>>,
}

impl Sink {
    pub async fn start(mood: Mood) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            mood,
            requests: 0,
            largest: 0,
            spans: BTreeMap::new(),
            demand: None,
            impatient: 0,
        };
        let sink = Self {
            address: listener.local_addr().unwrap(),
            inner: Arc::new(Mutex::new(inner)),
            serving: Mutex::new(None),
        };
        sink.serve(listener);
        sink
    }

    fn serve(&self, listener: TcpListener) {
        let router = Router::new()
            .fallback(take)
            .with_state(Arc::clone(&self.inner));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        *self.serving.lock().unwrap() = Some(serving);
    }

    /// Nobody listens any more, and what was being answered is broken off.
    pub async fn down(&self) {
        let serving = self.serving.lock().unwrap().take();
        if let Some(serving) = serving {
            serving.abort();
            let _ = serving.await;
        }
        self.mood(Mood::Hangs);
    }

    /// The same address listens again.
    pub async fn back(&self) {
        self.back_as(Mood::Well).await;
    }

    /// The same address listens again, in a mood.
    pub async fn back_as(&self, mood: Mood) {
        self.mood(mood);
        self.serve(TcpListener::bind(self.address).await.unwrap());
    }

    pub fn mood(&self, mood: Mood) {
        self.inner.lock().unwrap().mood = mood;
    }

    /// Its address without a path.
    pub fn base(&self) -> String {
        format!("http://{}", self.address)
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1/traces", self.address)
    }

    pub fn name(&self) -> String {
        self.address.to_string()
    }

    pub fn requests(&self) -> u64 {
        self.inner.lock().unwrap().requests
    }

    /// Requests that came while it had asked to be left alone.
    pub fn impatient(&self) -> u64 {
        self.inner.lock().unwrap().impatient
    }

    /// Bytes of the largest request that was taken.
    pub fn largest(&self) -> usize {
        self.inner.lock().unwrap().largest
    }

    pub fn has_all(&self, numbers: &BTreeSet<u64>) -> bool {
        let inner = self.inner.lock().unwrap();
        numbers
            .iter()
            .all(|number| inner.spans.contains_key(number))
    }

    pub fn spans(&self) -> BTreeSet<u64> {
        self.inner.lock().unwrap().spans.keys().copied().collect()
    }

    pub fn duplicates(&self) -> u64 {
        let inner = self.inner.lock().unwrap();
        inner.spans.values().map(|times| times - 1).sum()
    }
}

async fn take(State(inner): State<Arc<Mutex<Inner>>>, body: Bytes) -> Response {
    let (mood, number) = {
        let mut inner = inner.lock().unwrap();
        inner.requests += 1;
        let now = SystemTime::now();
        inner.impatient += u64::from(inner.demand.is_some_and(|until| until > now));
        (inner.mood, inner.requests)
    };
    match mood {
        Mood::AtMost(bytes) if body.len() > bytes => {
            return StatusCode::PAYLOAD_TOO_LARGE.into_response();
        }
        Mood::Well | Mood::AllBut(_) | Mood::Refuses(_) | Mood::AtMost(_) => {}
        Mood::Slow(wait) => tokio::time::sleep(wait).await,
        Mood::Hangs => std::future::pending().await,
        Mood::Status(status) => {
            let status = StatusCode::from_u16(status).unwrap();
            return (status, "no such thing").into_response();
        }
        Mood::Limited(seconds) => {
            let until = SystemTime::now() + Duration::from_secs(seconds);
            return limited(&inner, until, seconds.to_string());
        }
        Mood::LimitedUntil(seconds) => {
            let text = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(seconds));
            // Dates have whole seconds.
            let until = httpdate::parse_http_date(&text).unwrap();
            return limited(&inner, until, text);
        }
        Mood::Flapping(of) if number.is_multiple_of(of) => {}
        Mood::Flapping(_) => return StatusCode::BAD_GATEWAY.into_response(),
    }
    let size = body.len();
    let request = ExportTraceServiceRequest::decode(body).unwrap();
    let resources = request.resource_spans.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans);
    let number = |span: Span| u64::from_be_bytes(span.span_id.try_into().unwrap()) - 1;
    let numbers: Vec<_> = spans.map(number).collect();
    if numbers.iter().any(|number| mood == Mood::AllBut(*number)) {
        return StatusCode::SERVICE_UNAVAILABLE.into_response();
    }
    if numbers.iter().any(|number| mood == Mood::Refuses(*number)) {
        return StatusCode::BAD_REQUEST.into_response();
    }
    let mut inner = inner.lock().unwrap();
    inner.largest = inner.largest.max(size);
    for number in numbers {
        *inner.spans.entry(number).or_default() += 1;
    }
    StatusCode::OK.into_response()
}

fn limited(inner: &Mutex<Inner>, until: SystemTime, retry_after: String) -> Response {
    let mut inner = inner.lock().unwrap();
    inner.demand = inner.demand.max(Some(until));
    let wait = [("retry-after", retry_after)];
    (StatusCode::TOO_MANY_REQUESTS, wait).into_response()
}
