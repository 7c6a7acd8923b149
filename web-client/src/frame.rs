//! Reading what the page hands in.
//!
//! A *frame* is one text and a list of numbers. All strings of a record are joined into the text, so that
//! JavaScript encodes them into WebAssembly memory with a single `encodeInto`; their lengths stand in the
//! number list, in the order in which they are read here. JavaScript counts UTF-16 units, so lengths are
//! units; as long as the text is pure ASCII (nearly always) they equal bytes and nothing has to be walked.
//!
//! Several records may follow each other in one frame, so that a span and the measurement taken with it
//! cost one crossing. A frame that does not add up is never trusted further: [`Frame::is_sound`] turns
//! false, and the record is dropped and counted.

/// Text and numbers of one or several records, read from front to back.
#[derive(Debug)]
pub struct Frame<'a> {
    text: &'a [u8],
    numbers: &'a [f64],
    ascii: bool,
    sound: bool,
}

impl<'a> Frame<'a> {
    /// A frame over `text` (UTF-8), which had `units` UTF-16 units, and its `numbers`.
    pub const fn new(text: &'a [u8], units: usize, numbers: &'a [f64]) -> Self {
        Self {
            text,
            numbers,
            ascii: text.len() == units,
            sound: true,
        }
    }

    /// Whether every read so far was within the frame.
    pub const fn is_sound(&self) -> bool {
        self.sound
    }

    /// Whether all numbers have been read.
    pub const fn is_finished(&self) -> bool {
        self.numbers.is_empty()
    }

    /// Marks the frame as one that cannot be understood.
    pub const fn reject(&mut self) {
        self.sound = false;
    }

    /// The next number; 0 and unsound at the end of the frame.
    pub fn number(&mut self) -> f64 {
        match self.numbers.split_first() {
            Some((&number, rest)) => {
                self.numbers = rest;
                number
            }
            None => {
                self.sound = false;
                0.0
            }
        }
    }

    /// The next number as a count or small code; negative and non-finite numbers become 0.
    pub fn count(&mut self) -> u32 {
        self.number() as u32
    }

    /// The next string, whose length is the next number.
    pub fn string(&mut self) -> &'a [u8] {
        let units = self.count();
        self.text(units)
    }

    /// The next `units` UTF-16 units of text, as UTF-8.
    pub fn text(&mut self, units: u32) -> &'a [u8] {
        let units = units as usize;
        let length = if self.ascii {
            Some(units)
        } else {
            byte_length(self.text, units)
        };
        match length.and_then(|length| self.text.split_at_checked(length)) {
            Some((head, rest)) => {
                self.text = rest;
                head
            }
            None => {
                self.sound = false;
                &[]
            }
        }
    }
}

/// Number of bytes that `units` UTF-16 units at the start of `text` take in UTF-8. `None` when the text is
/// shorter, or the count would cut a surrogate pair in two.
fn byte_length(text: &[u8], units: usize) -> Option<usize> {
    let mut left = units;
    let mut at = 0;
    while left > 0 {
        let (bytes, units) = match text.get(at)? {
            0..0x80 => (1, 1),
            0x80..0xe0 => (2, 1),
            0xe0..0xf0 => (3, 1),
            0xf0.. => (4, 2),
        };
        left = left.checked_sub(units)?;
        at += bytes;
    }
    Some(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn strings_come_back_whatever_they_contain(strings in prop::collection::vec(any::<String>(), 0..20)) {
            let text: String = strings.concat();
            let numbers: Vec<f64> = strings.iter().map(|s| s.encode_utf16().count() as f64).collect();
            let units = text.encode_utf16().count();
            let mut frame = Frame::new(text.as_bytes(), units, &numbers);
            for string in &strings {
                prop_assert_eq!(frame.string(), string.as_bytes());
            }
            prop_assert!(frame.is_sound() && frame.is_finished());
        }

        #[test]
        fn nonsense_is_noticed_and_harmless(text in any::<Vec<u8>>(), units in 0_usize..64, numbers in prop::collection::vec(any::<f64>(), 0..32)) {
            let mut frame = Frame::new(&text, units, &numbers);
            while !frame.is_finished() {
                frame.string();
            }
            frame.number();
            prop_assert!(!frame.is_sound());
        }
    }

    #[test]
    fn a_count_that_cuts_a_surrogate_pair_is_unsound() {
        let mut frame = Frame::new("a😀".as_bytes(), 3, &[2.0]);
        assert!(frame.string().is_empty());
        assert!(!frame.is_sound());
    }
}
