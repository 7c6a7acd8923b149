//! Why an operation failed: `error.type` and the status of its span.

use std::borrow::Cow;

use socketioxide::{AckError, BroadcastError, EmitWithAckError, SendError, SocketError};

/// Why an operation failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// `error.type`: one of few names.
    pub(super) kind: &'static str,
    /// The status description. Never a part of what was sent or received.
    pub(super) description: Cow<'static, str>,
}

impl Failure {
    pub(super) fn new(kind: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self {
            kind,
            description: description.into(),
        }
    }
}

impl From<&AckError> for Failure {
    fn from(error: &AckError) -> Self {
        match error {
            AckError::Timeout => Self::new("timeout", "no acknowledgement in time"),
            AckError::Socket(error) => error.into(),
            AckError::Decode(_) => Self::new(
                "decode_error",
                "the acknowledgement is not of the expected type",
            ),
        }
    }
}

impl From<&SendError> for Failure {
    fn from(error: &SendError) -> Self {
        match error {
            SendError::Serialize(_) => encode_error(),
            SendError::Socket(error) => error.into(),
        }
    }
}

impl From<&SocketError> for Failure {
    fn from(error: &SocketError) -> Self {
        match error {
            SocketError::InternalChannelFull => {
                Self::new("queue_full", "the queue of the connection is full")
            }
            SocketError::Closed => Self::new("disconnected", "the connection is closed"),
        }
    }
}

impl From<&BroadcastError> for Failure {
    fn from(error: &BroadcastError) -> Self {
        match error {
            BroadcastError::Serialize(_) => encode_error(),
            BroadcastError::Adapter(_) => adapter_error(),
            BroadcastError::Socket(errors) => match errors.first() {
                Some(error) => error.into(),
                None => adapter_error(),
            },
        }
    }
}

impl From<&EmitWithAckError> for Failure {
    fn from(error: &EmitWithAckError) -> Self {
        match error {
            EmitWithAckError::Encode(_) => encode_error(),
            EmitWithAckError::Adapter(_) => adapter_error(),
        }
    }
}

/// What serializers say can quote the data, so it is not kept.
fn encode_error() -> Failure {
    Failure::new("encode_error", "the data could not be serialized")
}

fn adapter_error() -> Failure {
    Failure::new(
        "adapter_error",
        "the adapter could not reach the other nodes",
    )
}
