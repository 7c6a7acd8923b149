//! What is in force, and the one way in which it changes.

use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use bytes::Bytes;
use serde_json::Value as Json;

use super::document::Document;
use super::propose::Proposal;
use super::{
    Environment, LiveChange, LiveConfig, LiveError, LiveProblem, LiveTerms, Movable, file,
};
use crate::config::{Given, Parsed, Text, read_all};
use crate::delivery::DryRun;
use crate::{Config, DestinationState, Signal};

pub(super) struct Inner {
    pub(super) given: Given,
    pub(super) environment: Arc<Environment>,
    /// The file, whether it exists or not.
    pub(super) path: Option<PathBuf>,
    pub(super) movable: Movable,
    /// Key of the marks: whoever sees one cannot try out what a secret may be.
    pub(super) key: ring::hmac::Key,
    pub(super) started: Started,
    pub(super) state: Mutex<State>,
    /// Whether a thread waits for destinations that are to be emptied.
    pub(super) emptying: AtomicBool,
    pub(super) this: Weak<Inner>,
}

/// What held at the start and cannot change before the next one.
pub(super) struct Started {
    pub(super) document: Document,
    pub(super) config: Config,
}

/// What is in force.
pub(super) struct State {
    pub(super) text: String,
    pub(super) document: Document,
    pub(super) parsed: Parsed,
}

impl Inner {
    /// No code panics while it holds the lock, so a poisoned state is still consistent.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a text as the file would be read.
    pub(super) fn read(&self, text: &str) -> Result<Parsed, crate::ConfigError> {
        let named = named(self.path.as_deref(), text);
        read_all(&self.given, &*self.environment, Some(named))
    }

    pub(super) fn etag(&self, text: &str) -> String {
        let tag = ring::hmac::sign(&self.key, text.as_bytes());
        let digits = tag
            .as_ref()
            .iter()
            .take(16)
            .map(|byte| format!("{byte:02x}"));
        format!("\"{}\"", digits.collect::<String>())
    }

    /// What the file on the disk says.
    pub(super) fn on_disk(&self) -> Result<Option<String>, LiveError> {
        let Some(path) = &self.path else {
            return Ok(None);
        };
        let text = file::read(path).map_err(|error| unreadable(path, &error))?;
        Ok(Some(text))
    }

    pub(super) fn change(
        &self,
        change: &LiveChange,
        terms: &LiveTerms,
        only_check: bool,
    ) -> Result<LiveConfig, LiveError> {
        let mut state = self.lock();
        if let Some(wanted) = &terms.if_match
            && !matches(wanted, &self.etag(&state.text))
        {
            return Err(LiveError::Outdated);
        }
        let disk = self.on_disk()?;
        let by_hand = disk.as_ref().is_some_and(|disk| *disk != state.text);
        let adopts = matches!(change, LiveChange::Reload | LiveChange::Restore(_));
        if by_hand && !adopts && !only_check {
            return Err(self.by_hand());
        }
        let proposal = self.propose(&state, change, disk.as_deref())?;
        let parsed = self.judge(&state, &proposal, terms.discard)?;
        let ready = self.movable.prepare(&parsed.config);
        let ready = ready.map_err(|remedy| proposal.wrong_as_a_whole(remedy))?;
        let Proposal { text, document, .. } = proposal;
        let next = State {
            text,
            document,
            parsed,
        };
        if only_check {
            return Ok(self.view(&next, &state));
        }
        if let Some(path) = &self.path {
            let before = disk.as_deref().unwrap_or_default();
            let saved = match change {
                LiveChange::Reload if by_hand => file::keep(path, &state.text),
                _ if next.text == before => Ok(()),
                _ => file::save(path, before, &next.text),
            };
            saved.map_err(|error| unwritable(path, &error))?;
        }
        self.movable
            .commit(ready, &next.parsed.config, terms.discard);
        *state = next;
        tracing::info!("telemetry: {}", told(change));
        let view = self.view(&state, &state);
        drop(state);
        self.empty();
        Ok(view)
    }

    pub(super) fn by_hand(&self) -> LiveError {
        let path = self.path.as_deref().unwrap_or(Path::new(""));
        LiveError::ByHand(format!(
            "{} was changed by hand and is not overwritten: apply it (POST config/reload, aetherterm telemetry config reload) or take it back (restore of version 0), then make the change again",
            path.display()
        ))
    }

    pub(super) fn dry_run(
        &self,
        routes: &[Json],
        signal: Signal,
        request: &Bytes,
    ) -> Result<Option<DryRun>, LiveError> {
        let parsed = {
            let state = self.lock();
            let change = LiveChange::Settings {
                destinations: None,
                routes: Some(routes.to_vec()),
            };
            let proposal = self.propose(&state, &change, None)?;
            self.judge(&state, &proposal, true)?
        };
        let run = self
            .movable
            .delivery
            .dry_run_of(&parsed.config, signal, request);
        run.map_err(|remedy| LiveError::Invalid(vec![whole(remedy)]))
    }

    /// A destination as it is, or as it would be.
    pub(super) fn destination(
        &self,
        name: &str,
        settings: Option<Json>,
    ) -> Result<crate::Destination, LiveError> {
        let state = self.lock();
        let find = |config: &Config| {
            let mut all = config.destinations.iter();
            all.find(|destination| destination.name == name).cloned()
        };
        let found = match settings {
            None => find(&state.parsed.config),
            Some(settings) => {
                let name = name.to_owned();
                let change = LiveChange::Destination { name, settings };
                let proposal = self.propose(&state, &change, None)?;
                find(&self.judge(&state, &proposal, true)?.config)
            }
        };
        found.ok_or_else(|| unknown(name))
    }
}

pub(super) fn named<'a>(path: Option<&'a Path>, text: &'a str) -> Text<'a> {
    let name = path.and_then(Path::file_name);
    let name = name.and_then(|name| name.to_str());
    Text {
        name: name.unwrap_or("telemetry.toml"),
        text,
    }
}

/// Whether the value of `If-Match` names a mark.
fn matches(wanted: &str, etag: &str) -> bool {
    let mut marks = wanted.split(',').map(str::trim);
    // Whatever compresses answers on the way may have made it a weak one.
    marks.any(|mark| mark == "*" || mark.trim_start_matches("W/") == etag)
}

pub(super) fn unknown(name: &str) -> LiveError {
    LiveError::Unknown(format!(
        "there is no destination {name}; GET config lists all of them"
    ))
}

pub(super) fn whole(remedy: String) -> LiveProblem {
    LiveProblem {
        pointer: String::new(),
        place: String::new(),
        value: String::new(),
        remedy,
    }
}

fn unreadable(path: &Path, error: &std::io::Error) -> LiveError {
    let path = path.display();
    LiveError::NotSaved(format!(
        "{path} cannot be read, and nothing was changed: {error}; it has to be a file that this process may read"
    ))
}

fn unwritable(path: &Path, error: &std::io::Error) -> LiveError {
    let path = path.display();
    LiveError::NotSaved(format!(
        "{path} cannot be written, and nothing was changed: {error}; its folder has to be one that this process may write to"
    ))
}

fn told(change: &LiveChange) -> String {
    match change {
        LiveChange::Settings { .. } => "destinations and rules were replaced".to_owned(),
        LiveChange::File(_) => "the file of settings was replaced".to_owned(),
        LiveChange::Destination { name, .. } => format!("the destination {name} was set"),
        LiveChange::Delete(name) => format!("the destination {name} was deleted"),
        LiveChange::State(name, DestinationState::Active) => {
            format!("the destination {name} is sent to")
        }
        LiveChange::State(name, DestinationState::Paused) => {
            format!("the destination {name} is paused")
        }
        LiveChange::State(name, DestinationState::Draining) => {
            format!("the destination {name} is emptied and then deleted")
        }
        LiveChange::Reload => "the file of settings was read again".to_owned(),
        LiveChange::Restore(number) => format!("version {number} of the settings was restored"),
    }
}

/// 32 random bytes.
pub(super) fn key() -> [u8; 32] {
    let mut key = [0; 32];
    // Where there is no randomness, marks still tell states apart.
    let _ = ring::rand::SecureRandom::fill(&ring::rand::SystemRandom::new(), &mut key);
    key
}
