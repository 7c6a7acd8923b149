//! Turning a stream of bytes into text, across chunk borders.

use std::str;

/// An incremental UTF-8 decoder.
///
/// A character may be split over two reads. The incomplete tail (at most three bytes) is held back until its rest
/// arrives, so no reader ever sees half a character. Bytes that can never become a character are replaced by U+FFFD, one
/// per maximal invalid part, as `String::from_utf8_lossy` does.
#[derive(Debug, Default)]
pub(crate) struct Utf8Decoder {
    tail: Vec<u8>,
}

impl Utf8Decoder {
    /// Appends the text that `bytes` completes to `out`.
    pub(crate) fn feed(&mut self, bytes: &[u8], out: &mut String) {
        if self.tail.is_empty() {
            let held = decode_prefix(bytes, out);
            self.tail.extend_from_slice(held);
        } else {
            let mut joined = std::mem::take(&mut self.tail);
            joined.extend_from_slice(bytes);
            let held = decode_prefix(&joined, out).len();
            joined.drain(..joined.len() - held);
            self.tail = joined;
        }
    }

    /// Ends the stream: an incomplete character becomes one U+FFFD.
    pub(crate) fn finish(&mut self, out: &mut String) {
        if !self.tail.is_empty() {
            self.tail.clear();
            out.push(char::REPLACEMENT_CHARACTER);
        }
    }
}

/// Decodes as much as is complete and returns the incomplete tail.
fn decode_prefix<'a>(mut bytes: &'a [u8], out: &mut String) -> &'a [u8] {
    loop {
        match str::from_utf8(bytes) {
            Ok(text) => {
                out.push_str(text);
                return &[];
            }
            Err(error) => {
                let (valid, rest) = bytes.split_at(error.valid_up_to());
                // Nothing is lost here: `valid` is UTF-8 by the meaning of `valid_up_to`.
                out.push_str(str::from_utf8(valid).unwrap_or_default());
                match error.error_len() {
                    None => return rest,
                    Some(len) => {
                        out.push(char::REPLACEMENT_CHARACTER);
                        bytes = &rest[len..];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `bytes` in pieces of `size` and ends the stream.
    fn decode_in_pieces(bytes: &[u8], size: usize) -> String {
        let mut decoder = Utf8Decoder::default();
        let mut out = String::new();
        for piece in bytes.chunks(size) {
            decoder.feed(piece, &mut out);
            assert!(decoder.tail.len() <= 3, "at most three bytes are held back");
        }
        decoder.finish(&mut out);
        out
    }

    #[test]
    fn pieces_of_any_size_give_what_the_whole_gives() {
        let cases: &[&[u8]] = &[
            b"",
            b"plain",
            "grüße, 日本語, 🦀 and \u{10ffff}".as_bytes(),
            b"\xff\xfe broken \xc3",
            b"\xf0\x9f\xa6 cut crab",
            b"\xe6\x97 then \xe6\x97\xa5",
            b"\xc0\xaf overlong, \xed\xa0\x80 surrogate",
            b"\xf0\x9f\xa6",
        ];
        for case in cases {
            let whole = String::from_utf8_lossy(case);
            for size in 1..=case.len().max(1) {
                assert_eq!(
                    decode_in_pieces(case, size),
                    whole,
                    "{case:?} in pieces of {size}"
                );
            }
        }
    }

    #[test]
    fn an_incomplete_character_waits_for_its_rest() {
        let mut decoder = Utf8Decoder::default();
        let mut out = String::new();
        let crab = "🦀".as_bytes();
        decoder.feed(&crab[..3], &mut out);
        assert_eq!(out, "");
        decoder.feed(&crab[3..], &mut out);
        assert_eq!(out, "🦀");
    }
}
