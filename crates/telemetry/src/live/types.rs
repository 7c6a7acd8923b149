//! What a change of settings is, and what comes of it.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;

use serde::Serialize;
use serde_json::Value as Json;

use crate::{DestinationState, Signal};

/// A change of settings, for [`Live::apply`](super::Live::apply).
///
/// Destinations and rules are JSON objects with the keys that a `[[destination]]` and a `[[route]]`
/// have in the file.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LiveChange {
    /// All destinations, all rules, or both; `None` leaves them as they are.
    Settings {
        /// All destinations of the file.
        destinations: Option<Vec<Json>>,
        /// All rules of the file.
        routes: Option<Vec<Json>>,
    },
    /// The whole file, as TOML.
    File(String),
    /// One destination: replaced, or added behind the others.
    Destination {
        /// Its name.
        name: String,
        /// Its keys; `name` may be left out.
        settings: Json,
    },
    /// One destination is deleted.
    Delete(String),
    /// One destination is to be sent to, to wait, or to be emptied and then deleted.
    State(String, DestinationState),
    /// The file as it is on the disk now, which somebody may have changed by hand.
    Reload,
    /// An earlier version of the file; 0 is what is in force, for a file that was changed by hand.
    Restore(u32),
}

/// On which terms a change is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LiveTerms {
    /// The [`LiveFile::etag`] that the change was made from, several with commas, or `*` for any.
    /// `None`: any.
    pub if_match: Option<String>,
    /// Whether what waits for a destination that goes is dropped, and counted with the reason
    /// `deleted`. Default: no, such a change is refused.
    pub discard: bool,
}

/// Destinations and rules as they are, without secrets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LiveConfig {
    /// The file that they stand in, as it is; of a change that was only checked nothing is in it.
    pub file: LiveFile,
    /// The destinations of the file: objects with its keys, and `name`.
    pub destinations: Vec<Json>,
    /// The rules of the file.
    pub routes: Vec<Json>,
    /// What rules may send to.
    pub names: Vec<String>,
    /// Destinations of the environment and the program, which are changed there.
    pub elsewhere: Vec<LiveElsewhere>,
    /// Names of the program's rules, which come before those of the file.
    pub rules_of_program: Vec<String>,
    /// Destinations that nothing is sent to.
    pub paused: BTreeSet<String>,
    /// Destinations that take nothing new and will be gone.
    pub draining: BTreeSet<String>,
    /// What is understood and looks like a mistake, one sentence each.
    pub warnings: Vec<String>,
    /// Keys of the file, and sentences about what follows from destinations, that hold only after a
    /// restart.
    pub restart: Vec<String>,
}

/// The file of settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveFile {
    /// Where it is; `None` where there is none, and changes hold until the process ends.
    pub path: Option<PathBuf>,
    /// Stands for what is in force; another one after every change, and after a restart.
    pub etag: String,
    /// Whether what is in force stands in the file.
    pub saved: bool,
    /// Whether the file on the disk says something else, which is not in force.
    pub changed_by_hand: bool,
    /// Why changes are not saved, or cannot be made, and what to do about it.
    pub problem: Option<String>,
}

/// A destination that does not stand in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveElsewhere {
    /// Its name.
    pub name: String,
    /// Its first address, without secrets.
    pub endpoint: String,
    /// What is sent there.
    pub signals: Vec<Signal>,
}

/// One thing that is wrong with a change. Holds no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LiveProblem {
    /// Where it is in the JSON of the change (RFC 6901), `/destinations/1/timeout_ms`; empty where
    /// it is nowhere in it.
    pub pointer: String,
    /// The same in words: `destination 2: timeout_ms`, for a whole file with its line.
    pub place: String,
    /// The value, with whatever may be a secret masked.
    pub value: String,
    /// What is wrong and what is allowed.
    pub remedy: String,
}

/// Why a change was not made. Nothing changed then.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LiveError {
    /// It cannot be used; these are all the reasons.
    Invalid(Vec<LiveProblem>),
    /// It was made from another state than the one in force.
    Outdated,
    /// The file was changed by hand since it was read.
    ByHand(String),
    /// Something still waits for a destination that would be gone.
    Waiting(String),
    /// There is no destination, or no version, of that name.
    Unknown(String),
    /// The file cannot be read or written.
    NotSaved(String),
    /// Telemetry does not run, or does not read its settings from where they can be changed.
    Off(String),
}

impl fmt::Display for LiveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(problems) => {
                f.write_str("this cannot be used, and nothing was changed")?;
                problems.iter().try_for_each(|problem| {
                    let LiveProblem { place, value, remedy, .. } = problem;
                    let separator = if value.is_empty() { "" } else { "=" };
                    let colon = if place.is_empty() { "" } else { ": " };
                    write!(f, "\n{place}{separator}{value}{colon}{remedy}")
                })
            }
            Self::Outdated => f.write_str(
                "somebody changed the settings since they were read, and nothing was changed; read them again, and make the change anew",
            ),
            Self::ByHand(text)
            | Self::Waiting(text)
            | Self::Unknown(text)
            | Self::NotSaved(text)
            | Self::Off(text) => f.write_str(text),
        }
    }
}

impl std::error::Error for LiveError {}
