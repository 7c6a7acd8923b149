//! Collecting spans and waiting for them.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use opentelemetry::trace::{SpanId, Status, TraceId};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::sync::Notify;

/// Longer than anything here takes; only a failing test waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Keeps every finished span and wakes who waits for one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spans {
    finished: Arc<Mutex<Vec<SpanData>>>,
    more: Arc<Notify>,
}

impl SpanExporter for Spans {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.finished.lock().unwrap().extend(batch);
        self.more.notify_waiters();
        Ok(())
    }
}

impl Spans {
    pub(crate) fn all(&self) -> Vec<SpanData> {
        self.finished.lock().unwrap().clone()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = self
            .all()
            .iter()
            .map(|span| span.name.to_string())
            .collect();
        names.sort();
        names
    }

    /// The first span of this name, as soon as it has ended.
    pub(crate) async fn named(&self, name: &str) -> SpanData {
        self.several(name, 1).await.remove(0)
    }

    /// The spans of this name, as soon as that many have ended.
    pub(crate) async fn several(&self, name: &str, count: usize) -> Vec<SpanData> {
        let wait = async {
            loop {
                let more = self.more.notified();
                tokio::pin!(more);
                more.as_mut().enable();
                let found: Vec<_> = self
                    .all()
                    .into_iter()
                    .filter(|span| span.name == name)
                    .collect();
                if found.len() >= count {
                    return found;
                }
                more.await;
            }
        };
        match tokio::time::timeout(PATIENCE, wait).await {
            Ok(found) => found,
            Err(_) => panic!("no {count} spans {name:?} among {:?}", self.names()),
        }
    }
}

/// Lets other tasks run until `condition` holds.
pub(crate) async fn until(condition: impl Fn() -> bool) {
    let wait = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, wait)
        .await
        .expect("the condition never held");
}

/// What tests ask a span.
pub(crate) trait Facts {
    fn attribute(&self, key: &str) -> Option<String>;
    fn trace(&self) -> String;
    fn id(&self) -> String;
    fn parent(&self) -> String;
    fn error(&self) -> Option<String>;
    /// Trace and span id and `-1`, as B3 writes them.
    fn b3(&self) -> String {
        format!("{}-{}-1", self.trace(), self.id())
    }
}

impl Facts for SpanData {
    fn attribute(&self, key: &str) -> Option<String> {
        let found = self
            .attributes
            .iter()
            .find(|attribute| attribute.key.as_str() == key);
        found.map(|attribute| attribute.value.to_string())
    }

    fn trace(&self) -> String {
        self.span_context.trace_id().to_string()
    }

    fn id(&self) -> String {
        self.span_context.span_id().to_string()
    }

    fn parent(&self) -> String {
        self.parent_span_id.to_string()
    }

    /// `error.type`, which must go with an error status and never without.
    fn error(&self) -> Option<String> {
        let error = self.attribute("error.type");
        assert_eq!(
            matches!(self.status, Status::Error { .. }),
            error.is_some(),
            "{self:?}"
        );
        error
    }
}

/// A context as a client would send it.
pub(crate) struct Remote {
    pub(crate) trace: String,
    pub(crate) span: String,
}

impl Remote {
    /// Ids made from `number`.
    pub(crate) fn new(number: u64) -> Self {
        Self {
            trace: TraceId::from(u128::from(number) + (1 << 100)).to_string(),
            span: SpanId::from(number + (1 << 40)).to_string(),
        }
    }

    pub(crate) fn b3(&self) -> String {
        format!("{}-{}-1", self.trace, self.span)
    }

    pub(crate) fn unsampled(&self) -> String {
        format!("{}-{}-0", self.trace, self.span)
    }
}
