//! What the senders of a destination are told to do.

/// What the senders of a destination are told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Orders {
    #[default]
    Send,
    /// Send nothing until told otherwise; requests that are under way end.
    Pause,
    /// End without sending any more, and leave what waits to others.
    Leave,
    /// The process is about to end: no more waiting.
    End,
}

impl Orders {
    /// Whether nothing may be sent.
    pub(super) fn stays(self) -> bool {
        matches!(self, Self::Pause | Self::Leave)
    }
}
