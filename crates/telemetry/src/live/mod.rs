//! Settings are changed while everything runs: destinations and rules, the choice among traces, the
//! relay, what pages are told.
//!
//! A change becomes a proposal ([`propose`]): the text that the file would have. It is read by the
//! same code as the file at the start, so both are judged alike; what it comes to is made ready
//! ([`movable`]); then it is written ([`file`]) and takes place. Only the last two change anything,
//! and the last one cannot fail.

mod comments;
mod document;
mod drain;
mod file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod inner;
mod json;
mod judge;
mod movable;
mod propose;
mod types;
mod view;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, Weak};

use bytes::Bytes;
use serde_json::Value as Json;

use crate::config::{Given, file_named, read_all};
use crate::delivery::DryRun;
use crate::{CheckReport, Config, DestinationState, Signal};
use document::Document;
pub use file::LiveVersion;
use inner::{Inner, Started, State, key, named};
pub(crate) use movable::Movable;
pub use types::{
    LiveChange, LiveConfig, LiveElsewhere, LiveError, LiveFile, LiveProblem, LiveTerms,
};

/// What stands for a secret that is known.
pub(crate) const MASK: &str = "****";

/// Answers for environment variables.
pub(crate) type Environment = dyn Fn(&str) -> Option<String> + Send + Sync;

/// The settings of a telemetry that runs, to be changed without a restart: destinations and rules, and
/// the whole file.
///
/// What it does blocks for as long as a file takes to be written: in a runtime, call it in
/// `spawn_blocking`.
///
/// ```
/// use aether_telemetry::Telemetry;
/// use serde_json::json;
///
/// # fn example(telemetry: &Telemetry) -> Result<(), aether_telemetry::LiveError> {
/// let live = telemetry.live();
/// live.set_destination("archive", json!({ "endpoint": "https://otlp.example.org" }))?;
/// live.set_routes(vec![json!({ "name": "errors", "when": { "status": "error" }, "to": ["archive"] })])?;
/// live.pause("archive")?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Live(Result<Arc<Inner>, Arc<str>>);

impl fmt::Debug for Live {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = self.0.as_ref().map(|inner| &inner.path);
        f.debug_tuple("Live").field(&path).finish()
    }
}

/// What a telemetry was started with.
pub(crate) struct Origin {
    pub(crate) given: Given,
    pub(crate) environment: Arc<Environment>,
    pub(crate) config: Config,
}

impl Live {
    /// Nothing can be changed, for this reason.
    pub(crate) fn off(why: &str) -> Self {
        Self(Err(Arc::from(why)))
    }

    /// Reads the file again. Where that fails, nothing can be changed until the next start.
    pub(crate) fn new(origin: Origin, movable: Movable) -> Self {
        let live = Self::read(origin, movable);
        live.unwrap_or_else(|why| {
            tracing::warn!("telemetry: settings cannot be changed while it runs: {why}");
            Self::off(&format!(
                "the file of settings could not be read again at the start: {why}"
            ))
        })
    }

    fn read(origin: Origin, movable: Movable) -> Result<Self, String> {
        let Origin {
            given,
            environment,
            config,
        } = origin;
        let path = file_named(&given, &*environment);
        let text = match &path {
            Some(path) => {
                file::read(path).map_err(|error| format!("{}: {error}", path.display()))?
            }
            None => String::new(),
        };
        let parsed = read_all(&given, &*environment, Some(named(path.as_deref(), &text)));
        let parsed = parsed.map_err(|error| error.to_string())?;
        let document = Document::parse(&text)?;
        let inner = Arc::new_cyclic(|this| Inner {
            given,
            environment,
            path,
            movable,
            key: ring::hmac::Key::new(ring::hmac::HMAC_SHA256, &key()),
            started: Started {
                document: document.clone(),
                config,
            },
            state: Mutex::new(State {
                text,
                document,
                parsed,
            }),
            emptying: AtomicBool::new(false),
            this: Weak::clone(this),
        });
        inner.empty();
        Ok(Self(Ok(inner)))
    }

    fn inner(&self) -> Result<&Arc<Inner>, LiveError> {
        self.0
            .as_ref()
            .map_err(|why| LiveError::Off(why.to_string()))
    }

    /// What is in force.
    ///
    /// # Errors
    /// [`LiveError::Off`].
    pub fn config(&self) -> Result<LiveConfig, LiveError> {
        let inner = self.inner()?;
        let state = inner.lock();
        Ok(inner.view(&state, &state))
    }

    /// The file in force, with masks for secrets, and its mark.
    ///
    /// # Errors
    /// [`LiveError::Off`].
    pub fn file(&self) -> Result<(String, String), LiveError> {
        let inner = self.inner()?;
        let state = inner.lock();
        Ok((state.document.masked(), inner.etag(&state.text)))
    }

    /// What a change would come to, without making it.
    ///
    /// # Errors
    /// As [`Live::apply`].
    pub fn check(&self, change: &LiveChange, terms: &LiveTerms) -> Result<LiveConfig, LiveError> {
        self.inner()?.change(change, terms, true)
    }

    /// Makes a change: checks all of it, writes the file, and lets it take place in one step.
    ///
    /// # Errors
    /// Why it was not made; then nothing changed.
    pub fn apply(&self, change: &LiveChange, terms: &LiveTerms) -> Result<LiveConfig, LiveError> {
        self.inner()?.change(change, terms, false)
    }

    /// Replaces a destination, or adds it; the keys are those of a `[[destination]]`.
    ///
    /// # Errors
    /// As [`Live::apply`].
    pub fn set_destination(&self, name: &str, settings: Json) -> Result<LiveConfig, LiveError> {
        let name = name.to_owned();
        let change = LiveChange::Destination { name, settings };
        self.apply(&change, &LiveTerms::default())
    }

    /// Replaces all rules of the file; the keys are those of a `[[route]]`.
    ///
    /// # Errors
    /// As [`Live::apply`].
    pub fn set_routes(&self, routes: Vec<Json>) -> Result<LiveConfig, LiveError> {
        let change = LiveChange::Settings {
            destinations: None,
            routes: Some(routes),
        };
        self.apply(&change, &LiveTerms::default())
    }

    /// Nothing is sent to a destination until it is resumed; what comes for it waits.
    ///
    /// # Errors
    /// As [`Live::apply`].
    pub fn pause(&self, name: &str) -> Result<LiveConfig, LiveError> {
        self.set_state(name, DestinationState::Paused)
    }

    /// Takes and sends again.
    ///
    /// # Errors
    /// As [`Live::apply`].
    pub fn resume(&self, name: &str) -> Result<LiveConfig, LiveError> {
        self.set_state(name, DestinationState::Active)
    }

    /// A destination takes nothing new; once what waits is sent, it is gone.
    ///
    /// # Errors
    /// As [`Live::apply`].
    pub fn drain(&self, name: &str) -> Result<LiveConfig, LiveError> {
        self.set_state(name, DestinationState::Draining)
    }

    fn set_state(&self, name: &str, state: DestinationState) -> Result<LiveConfig, LiveError> {
        let change = LiveChange::State(name.to_owned(), state);
        self.apply(&change, &LiveTerms::default())
    }

    /// A destination is gone. With `discard`, what waits for it is dropped and counted; without,
    /// nothing may be waiting.
    ///
    /// # Errors
    /// As [`Live::apply`].
    pub fn delete(&self, name: &str, discard: bool) -> Result<LiveConfig, LiveError> {
        let terms = LiveTerms {
            discard,
            ..LiveTerms::default()
        };
        self.apply(&LiveChange::Delete(name.to_owned()), &terms)
    }

    /// Earlier versions of the file, the latest first.
    ///
    /// # Errors
    /// [`LiveError::Off`].
    pub fn versions(&self) -> Result<Vec<LiveVersion>, LiveError> {
        Ok(self.inner()?.versions())
    }

    /// Where a request of OTLP protobuf would go by other rules; `None` where it is no such request.
    ///
    /// # Errors
    /// The rules cannot be used.
    pub fn dry_run(
        &self,
        routes: &[Json],
        signal: Signal,
        request: &Bytes,
    ) -> Result<Option<DryRun>, LiveError> {
        self.inner()?.dry_run(routes, signal, request)
    }

    /// Sends one item of each signal to a destination, as it is or as it would be with these
    /// settings, and says what was answered. Needs a tokio runtime.
    ///
    /// # Errors
    /// The settings cannot be used, or there is no such destination.
    pub async fn test(&self, name: &str, settings: Option<Json>) -> Result<CheckReport, LiveError> {
        let inner = Arc::clone(self.inner()?);
        let destination = inner.destination(name, settings)?;
        Ok(inner.movable.checker.run_one(destination).await)
    }
}

/// The rules of a text that is TOML.
pub(crate) fn routes(text: &str) -> Result<Vec<Json>, LiveError> {
    Ok(propose::parsed(text)?.routes())
}
