//! Hexadecimal without `core::fmt`, which would cost the browser client several kilobytes.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The value of one digit, either case.
const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

/// Reads up to 16 digits, either case. `None` when it is empty, longer, or holds anything else.
pub(crate) fn parse_u64(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    let mut value = 0u64;
    for &byte in text {
        // At most 16 digits of 4 bits each: the shift never loses a bit.
        value = (value << 4) | u64::from(digit(byte)?);
    }
    Some(value)
}

/// Writes two lower-case digits per byte; `out` holds exactly twice as many bytes as `bytes`.
pub(crate) fn encode(bytes: &[u8], out: &mut [u8]) {
    for (pair, byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 0x0f)];
    }
}

/// Appends two lower-case digits per byte.
pub(crate) fn push(bytes: &[u8], out: &mut String) {
    for byte in bytes {
        out.push(char::from(DIGITS[usize::from(byte >> 4)]));
        out.push(char::from(DIGITS[usize::from(byte & 0x0f)]));
    }
}

/// Whether every letter among the digits is lower case, as W3C trace context demands.
pub(crate) fn is_lower(text: &[u8]) -> bool {
    !text.iter().any(u8::is_ascii_uppercase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_both_cases_and_nothing_else() {
        assert_eq!(parse_u64(b"00f067aa0ba902b7"), Some(0x00f0_67aa_0ba9_02b7));
        assert_eq!(parse_u64(b"FFFFFFFFFFFFFFFF"), Some(u64::MAX));
        assert_eq!(parse_u64(b"0"), Some(0));
        for bad in ["", "g", "-1", "+1", " 1", "0x1", "é", "00000000000000000"] {
            assert_eq!(parse_u64(bad.as_bytes()), None, "{bad:?}");
        }
    }

    #[test]
    fn writes_lower_case() {
        let mut buffer = [0; 4];
        encode(&[0xab, 0x09], &mut buffer);
        assert_eq!(&buffer, b"ab09");
        let mut text = String::new();
        push(&[0xab, 0x09], &mut text);
        assert_eq!(text, "ab09");
    }
}
