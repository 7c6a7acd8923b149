//! A client that sends spans, each once and in a request of its own, and remembers what it was told.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message;
use tokio::task::JoinHandle;

use crate::server::{Server, bearer, client};

/// What became of the spans that were sent, by number.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Answered 200.
    pub accepted: BTreeSet<u64>,
    /// Answered 503.
    pub refused: BTreeSet<u64>,
    /// Not answered: the server was killed meanwhile.
    pub open: BTreeSet<u64>,
}

/// What is sent.
#[derive(Clone, Copy)]
pub struct Shape {
    /// Length of the text in each span, in bytes.
    pub text: usize,
    /// What else is done to the span of a number.
    pub change: fn(u64, &mut Span),
}

/// Spans with so much text.
pub fn plain(text: usize) -> Shape {
    Shape {
        text,
        change: |_, _| {},
    }
}

/// All that a test sends: numbers go on where another server is sent to.
#[derive(Clone)]
pub struct Load {
    shape: Shape,
    next: Arc<AtomicU64>,
    ledger: Arc<Mutex<Ledger>>,
    client: reqwest::Client,
}

/// Senders that are at work.
pub struct Working {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    pub fn new(shape: Shape) -> Self {
        Self {
            shape,
            next: Arc::default(),
            ledger: Arc::default(),
            client: client(),
        }
    }

    /// What was told so far.
    pub fn ledger(&self) -> Ledger {
        self.ledger.lock().unwrap().clone()
    }

    /// How many spans were accepted so far.
    pub fn accepted(&self) -> usize {
        self.ledger.lock().unwrap().accepted.len()
    }

    /// Sends so many spans, one after the other.
    pub async fn send(&self, server: &Server, spans: usize) {
        for _ in 0..spans {
            let answered = self.one(&server.traces()).await;
            assert!(answered, "no answer; {}", server.log());
        }
    }

    /// Begins to send with so many senders, each with a pause between two spans, until it is told
    /// to stop or the server is gone.
    pub fn begin(&self, server: &Server, senders: usize, pause: Duration) -> Working {
        let stop = Arc::new(AtomicBool::new(false));
        let task = || {
            let (load, stop, url) = (self.clone(), Arc::clone(&stop), server.traces());
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(pause.max(Duration::from_micros(1)));
                ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
                while !stop.load(Ordering::Relaxed) {
                    ticks.tick().await;
                    if !load.one(&url).await {
                        return;
                    }
                }
            })
        };
        let tasks = (0..senders).map(|_| task()).collect();
        Working { stop, tasks }
    }

    /// Sends the next span; `false` where there was no answer.
    async fn one(&self, url: &str) -> bool {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let request = self.client.post(url).header("authorization", bearer());
        let request = request.header("content-type", "application/x-protobuf");
        let answer = request.body(self.shape.request(number)).send().await;
        let mut ledger = self.ledger.lock().unwrap();
        let Ok(answer) = answer else {
            ledger.open.insert(number);
            return false;
        };
        match answer.status().as_u16() {
            200 => ledger.accepted.insert(number),
            503 => {
                let wait = answer.headers().get("retry-after");
                let wait = wait.and_then(|wait| wait.to_str().ok()?.parse::<u64>().ok());
                assert!(wait.is_some_and(|wait| wait > 0), "503 without Retry-After");
                ledger.refused.insert(number)
            }
            other => panic!("span {number} was answered {other}"),
        };
        true
    }
}

impl Working {
    /// Waits until the senders have stopped.
    pub async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.ended().await;
    }

    /// Waits until the senders have ended, because the server is gone.
    pub async fn ended(self) {
        for task in self.tasks {
            task.await.unwrap();
        }
    }
}

impl Shape {
    fn request(&self, number: u64) -> Vec<u8> {
        let mut span = Span {
            trace_id: u128::from(number + 1).to_be_bytes().to_vec(),
            span_id: (number + 1).to_be_bytes().to_vec(),
            name: "x".repeat(self.text),
            start_time_unix_nano: 1_700_000_000_000_000_000,
            end_time_unix_nano: 1_700_000_000_001_500_000,
            ..Span::default()
        };
        (self.change)(number, &mut span);
        let scope = ScopeSpans {
            spans: vec![span],
            ..ScopeSpans::default()
        };
        let resource = ResourceSpans {
            scope_spans: vec![scope],
            ..ResourceSpans::default()
        };
        ExportTraceServiceRequest {
            resource_spans: vec![resource],
        }
        .encode_to_vec()
    }
}

/// An attribute.
pub fn text(key: &str, value: &str) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue {
            value: Some(Value::StringValue(value.to_owned())),
        }),
        ..KeyValue::default()
    }
}
