//! What one attempt came to.

use std::time::Duration;

use ::http::HeaderMap;

use crate::otlp::partial::Partial;

/// No text of a destination is repeated further than this, in characters.
const MAX_TEXT: usize = 200;

/// One attempt, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// What was answered: `HTTP 200 OK`, `gRPC UNAVAILABLE (14)`; empty where nothing was.
    pub(crate) status: String,
    /// Why the request was not taken.
    pub(crate) failure: Option<Failure>,
}

/// What to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The destination has it, or the part of it that it wanted.
    Delivered(Partial),
    /// Try again, not before the given time where the destination named one.
    Retry {
        reason: &'static str,
        after: Option<Duration>,
    },
    /// Smaller requests may be taken.
    TooLarge,
    /// It will never be taken.
    Refused { reason: &'static str },
}

/// What went wrong, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// What happened; may repeat a text of the destination. Holds no secrets.
    pub(crate) what: String,
    /// What to change.
    pub(crate) remedy: &'static str,
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.what, self.remedy)
    }
}

impl Answer {
    /// A failure described by its status and by what the destination said about it.
    pub(super) fn failed(
        verdict: Verdict,
        status: String,
        text: &str,
        remedy: &'static str,
    ) -> Self {
        let text = clean(text);
        let what = if text.is_empty() {
            status.clone()
        } else {
            format!("{status}, \"{text}\"")
        };
        Self {
            verdict,
            status,
            failure: Some(Failure { what, remedy }),
        }
    }

    /// The answer with every value of these headers masked: destinations like to repeat the key
    /// that they do not accept.
    pub(super) fn without(mut self, secrets: &HeaderMap) -> Self {
        let mut texts = Vec::new();
        if let Some(failure) = &mut self.failure {
            texts.push(&mut failure.what);
        }
        if let Verdict::Delivered(partial) = &mut self.verdict {
            texts.push(&mut partial.message);
        }
        for text in texts {
            for secret in secrets.values().filter_map(|value| value.to_str().ok()) {
                // The scheme of `Authorization` is no secret, and neither is a number such as a tenant.
                for part in secret.split_whitespace().filter(|part| part.len() >= 6) {
                    if text.contains(part) {
                        *text = text.replace(part, "****");
                    }
                }
            }
        }
        self
    }
}

/// A text of a destination, on one line and not longer than is useful.
pub(super) fn clean(text: &str) -> String {
    let words: Vec<_> = text
        .split(|c: char| c.is_whitespace() || c.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    words.join(" ").chars().take(MAX_TEXT).collect()
}
