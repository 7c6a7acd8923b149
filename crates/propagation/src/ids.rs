//! Trace and span ids: never zero, hexadecimal on the wire.

use core::fmt;
use core::num::{NonZeroU64, NonZeroU128};

use crate::hex;
use crate::reject::Reject;

/// A 128-bit trace id that is never zero.
///
/// ```
/// use aether_propagation::TraceId;
///
/// let id = TraceId::from_hex("a3ce929d0e0e4736").expect("64-bit ids are padded with zeros");
/// assert_eq!(id.to_string(), "0000000000000000a3ce929d0e0e4736");
/// assert_eq!(TraceId::from_hex("00000000000000000000000000000000"), None);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TraceId(NonZeroU128);

impl TraceId {
    /// The id of these 16 bytes, most significant first; `None` when all are zero.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Option<Self> {
        match NonZeroU128::new(u128::from_be_bytes(bytes)) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// Reads 32 hexadecimal digits, or 16 as B3 allows for 64-bit ids. Either case.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::parse(text.as_bytes()).ok()
    }

    /// As [`from_hex`](Self::from_hex), with the reason.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Reject> {
        let (high, low) = match text.len() {
            16 => (Some(0), hex::parse_u64(text)),
            32 => (hex::parse_u64(&text[..16]), hex::parse_u64(&text[16..])),
            _ => return Err(Reject::BadTraceId),
        };
        let (Some(high), Some(low)) = (high, low) else {
            return Err(Reject::BadTraceId);
        };
        let id = (u128::from(high) << 64) | u128::from(low);
        NonZeroU128::new(id).map(Self).ok_or(Reject::ZeroId)
    }

    /// The 16 bytes, most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0.get().to_be_bytes()
    }

    /// Writes 32 lower-case digits into `buffer` and returns them as text.
    pub fn write_hex(self, buffer: &mut [u8; 32]) -> &str {
        hex::encode(&self.to_bytes(), buffer);
        // Digits are ASCII, so this never takes the fallback.
        core::str::from_utf8(buffer).unwrap_or_default()
    }

    /// Appends 32 lower-case digits.
    pub fn push_hex(self, out: &mut String) {
        hex::push(&self.to_bytes(), out);
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write_hex(&mut [0; 32]))
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A 64-bit span id that is never zero.
///
/// ```
/// use aether_propagation::SpanId;
///
/// let id = SpanId::from_hex("00F067AA0BA902B7").expect("either case is read");
/// assert_eq!(id.write_hex(&mut [0; 16]), "00f067aa0ba902b7");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanId(NonZeroU64);

impl SpanId {
    /// The id of these 8 bytes, most significant first; `None` when all are zero.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Option<Self> {
        match NonZeroU64::new(u64::from_be_bytes(bytes)) {
            Some(id) => Some(Self(id)),
            None => None,
        }
    }

    /// Reads exactly 16 hexadecimal digits, either case.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        Self::parse(text.as_bytes()).ok()
    }

    /// As [`from_hex`](Self::from_hex), with the reason.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, Reject> {
        if text.len() != 16 {
            return Err(Reject::BadSpanId);
        }
        let id = hex::parse_u64(text).ok_or(Reject::BadSpanId)?;
        NonZeroU64::new(id).map(Self).ok_or(Reject::ZeroId)
    }

    /// Reads a parent span id. Zeros mean "no parent": some older tracers write them for a root span.
    pub(crate) fn parse_parent(text: &[u8]) -> Result<Option<Self>, Reject> {
        match Self::parse(text) {
            Ok(id) => Ok(Some(id)),
            Err(Reject::ZeroId) => Ok(None),
            Err(_) => Err(Reject::BadParentId),
        }
    }

    /// The 8 bytes, most significant first.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.get().to_be_bytes()
    }

    /// Writes 16 lower-case digits into `buffer` and returns them as text.
    pub fn write_hex(self, buffer: &mut [u8; 16]) -> &str {
        hex::encode(&self.to_bytes(), buffer);
        // Digits are ASCII, so this never takes the fallback.
        core::str::from_utf8(buffer).unwrap_or_default()
    }

    /// Appends 16 lower-case digits.
    pub fn push_hex(self, out: &mut String) {
        hex::push(&self.to_bytes(), out);
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.write_hex(&mut [0; 16]))
    }
}

impl fmt::Debug for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_text_agree() {
        let trace = TraceId::from_bytes([0xab; 16]).unwrap();
        assert_eq!(trace.to_string(), "ab".repeat(16));
        assert_eq!(TraceId::from_hex(&"AB".repeat(16)), Some(trace));
        assert_eq!(TraceId::from_bytes(trace.to_bytes()), Some(trace));
        let span = SpanId::from_bytes([0, 0, 0, 0, 0, 0, 0, 1]).unwrap();
        assert_eq!(format!("{span:?}"), "0000000000000001");
        assert_eq!(SpanId::from_hex("0000000000000001"), Some(span));
    }

    #[test]
    fn zero_is_no_id() {
        assert_eq!(TraceId::from_bytes([0; 16]), None);
        assert_eq!(SpanId::from_bytes([0; 8]), None);
        assert_eq!(TraceId::parse(&[b'0'; 32]), Err(Reject::ZeroId));
        assert_eq!(TraceId::parse(&[b'0'; 16]), Err(Reject::ZeroId));
        assert_eq!(SpanId::parse(&[b'0'; 16]), Err(Reject::ZeroId));
        assert_eq!(SpanId::parse_parent(&[b'0'; 16]), Ok(None));
    }

    #[test]
    fn only_whole_ids_are_read() {
        for bad in [
            "",
            "1",
            "00f067aa0ba902b",
            "00f067aa0ba902b70",
            "00f067aa0ba902b ",
            "ééééé",
        ] {
            assert_eq!(SpanId::from_hex(bad), None, "{bad:?}");
            assert_eq!(TraceId::from_hex(bad), None, "{bad:?}");
            assert_eq!(
                SpanId::parse_parent(bad.as_bytes()),
                Err(Reject::BadParentId),
                "{bad:?}"
            );
        }
        assert_eq!(TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e473g"), None);
        assert_eq!(TraceId::from_hex("gbf92f3577b34da6a3ce929d0e0e4736"), None);
    }
}
