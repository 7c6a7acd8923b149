//! Whether every configured destination takes what is sent there.
//!
//! One span, one log record and one metric go to each destination directly, past queues and
//! retries, by the same code that sends everything else: what passes here passes there.

mod report;
mod sample;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use bytes::Bytes;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use tokio::task::JoinSet;

use crate::config::{Destination, Endpoint};
use crate::delivery::transport::{Answer, Clients, Transport, Verdict};
use crate::{Config, Signal};

pub use report::{CheckReport, Checked};

/// How often a connection that broke is tried. With TLS 1.3 a destination complains about a client
/// while the request is on its way, and the complaint may be lost in the noise of the end.
const ATTEMPTS: usize = 2;

/// All that a check needs, kept by a telemetry that runs.
#[derive(Debug)]
pub(crate) struct Checker {
    enabled: bool,
    /// What holds at the moment.
    current: Mutex<Current>,
    resource: Resource,
}

#[derive(Debug)]
struct Current {
    warnings: Vec<String>,
    destinations: Vec<Destination>,
}

impl Current {
    fn of(config: &Config) -> Self {
        Self {
            warnings: config.warnings.clone(),
            destinations: config.destinations.clone(),
        }
    }
}

impl Checker {
    pub(crate) fn new(config: &Config, resource: Resource) -> Self {
        Self {
            enabled: config.enabled,
            current: Mutex::new(Current::of(config)),
            resource,
        }
    }

    /// Other destinations hold from now on.
    pub(crate) fn set(&self, config: &Config) {
        *self.lock() = Current::of(config);
    }

    /// What looks like a mistake in the settings that hold.
    pub(crate) fn warnings(&self) -> Vec<String> {
        self.lock().warnings.clone()
    }

    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    fn lock(&self) -> MutexGuard<'_, Current> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks one destination, which need not be one that holds.
    pub(crate) async fn run_one(&self, destination: Destination) -> CheckReport {
        self.ask(vec![destination], Vec::new()).await
    }

    /// Asks all destinations at once. Takes as long as the slowest, its timeout at most twice.
    pub(crate) async fn run(&self) -> CheckReport {
        let (destinations, warnings) = {
            let current = self.lock();
            (current.destinations.clone(), current.warnings.clone())
        };
        self.ask(destinations, warnings).await
    }

    async fn ask(&self, destinations: Vec<Destination>, warnings: Vec<String>) -> CheckReport {
        let trace = RandomIdGenerator::default().new_trace_id();
        let mut report = CheckReport {
            enabled: self.enabled,
            problem: None,
            warnings,
            service_name: sample::service_name(&self.resource),
            trace_id: trace.to_string(),
            results: Vec::new(),
        };
        if !self.enabled {
            return report;
        }
        // Clients of their own, so that a connection that is open already proves nothing.
        let mut clients = Clients::default();
        let mut asked = JoinSet::new();
        for destination in &destinations {
            for (signal, endpoint) in &destination.endpoints {
                let place = report.results.len();
                let mut result = Checked::new(&destination.name, *signal, endpoint);
                match Transport::new(endpoint, *signal, &mut clients) {
                    Ok(transport) => {
                        let request = sample::request(*signal, &self.resource, trace);
                        asked.spawn(async move { (place, ask(&transport, &request).await) });
                    }
                    Err(problem) => result.answer = problem,
                }
                report.results.push(result);
            }
        }
        // A task that panicked would leave its result as it was: not accepted.
        while let Some(answered) = asked.join_next().await {
            if let Ok((place, asked)) = answered
                && let Some(result) = report.results.get_mut(place)
            {
                result.fill(asked);
            }
        }
        report
    }
}

/// What came of one request.
#[derive(Debug)]
struct Asked {
    bytes: usize,
    duration_ms: u64,
    /// `None` where the request could not be encoded.
    answer: Option<Answer>,
}

async fn ask(transport: &Transport, request: &Bytes) -> Asked {
    let begin = Instant::now();
    let mut bytes = 0;
    let mut answer = None;
    if let Some(wire) = transport.encode(request) {
        bytes = wire.len();
        for _ in 0..ATTEMPTS {
            let last = answer.insert(transport.send(&wire).await);
            let broken = matches!(
                last.verdict,
                Verdict::Retry {
                    reason: "connection",
                    ..
                }
            );
            if !broken {
                break;
            }
        }
    }
    Asked {
        bytes,
        duration_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
        answer,
    }
}

impl Checked {
    fn new(destination: &str, signal: Signal, endpoint: &Endpoint) -> Self {
        Self {
            destination: destination.to_owned(),
            signal,
            endpoint: endpoint.masked_url(),
            protocol: endpoint.protocol.as_str(),
            compression: endpoint.compression.as_str(),
            accepted: false,
            bytes: 0,
            duration_ms: 0,
            answer: "nothing was sent".to_owned(),
            remedy: None,
        }
    }

    fn fill(&mut self, asked: Asked) {
        self.bytes = asked.bytes;
        self.duration_ms = asked.duration_ms;
        let Some(answer) = asked.answer else {
            return;
        };
        if let Some(failure) = answer.failure {
            self.answer = failure.what;
            self.remedy = Some(failure.remedy.to_owned());
            return;
        }
        let Verdict::Delivered(partial) = answer.verdict else {
            self.answer = answer.status;
            return;
        };
        self.accepted = partial.rejected == 0;
        self.answer = answer.status;
        if !partial.message.is_empty() {
            self.answer = format!("{}, \"{}\"", self.answer, partial.message);
        }
        if !self.accepted {
            self.remedy = Some(
                "the destination answered, but did not take the item; its message says why"
                    .to_owned(),
            );
        }
    }
}
