//! Changes some fields of a message and leaves all others as they were written.

use super::wire::{Field, put_bytes, put_key};

/// A message on its way through: every field is told to stay, to go, or to become another one.
///
/// Nothing is copied until something changes, and then what stays is copied in runs.
#[derive(Debug)]
pub(crate) struct Splice<'m> {
    message: &'m [u8],
    /// Bytes that have been told about.
    told: usize,
    /// Bytes that are in `out`, or were left out.
    done: usize,
    out: Vec<u8>,
    changed: bool,
}

impl<'m> Splice<'m> {
    pub(crate) fn new(message: &'m [u8]) -> Self {
        Self {
            message,
            told: 0,
            done: 0,
            out: Vec::new(),
            changed: false,
        }
    }

    /// The next field stays.
    pub(crate) fn keep(&mut self, field: &Field<'_>) {
        self.told += field.raw.len();
    }

    /// The next field goes.
    pub(crate) fn skip(&mut self, field: &Field<'_>) {
        self.flush();
        self.told += field.raw.len();
        self.done = self.told;
        self.changed = true;
    }

    /// The next field, of bytes, gets another content.
    pub(crate) fn replace(&mut self, field: &Field<'_>, content: &[u8]) {
        self.skip(field);
        put_bytes(&mut self.out, field.number, content);
    }

    /// As [`Splice::replace`] where there is another content; else it stays.
    pub(crate) fn become_or_keep(&mut self, field: &Field<'_>, content: Option<&[u8]>) {
        match content {
            Some(content) => self.replace(field, content),
            None => self.keep(field),
        }
    }

    /// The next field, of 64 bits, gets another value.
    pub(crate) fn replace_fixed64(&mut self, field: &Field<'_>, value: u64) {
        self.skip(field);
        put_key(&mut self.out, field.number, 1);
        self.out.extend_from_slice(&value.to_le_bytes());
    }

    /// Puts more behind the fields so far.
    pub(crate) fn append(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.flush();
        self.changed = true;
        write(&mut self.out);
    }

    /// The message, where it is another one than before.
    pub(crate) fn finish(mut self) -> Option<Vec<u8>> {
        if !self.changed {
            return None;
        }
        self.told = self.message.len();
        self.flush();
        Some(self.out)
    }

    fn flush(&mut self) {
        if self.out.capacity() == 0 {
            // About as long as before, so that it is not moved again and again.
            self.out.reserve(self.message.len());
        }
        // Fields are told about in order and only once, so both are within the message.
        self.out
            .extend_from_slice(&self.message[self.done..self.told]);
        self.done = self.told;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::otlp::wire::Fields;
    use proptest::prelude::*;

    #[derive(Debug, Clone, Copy)]
    enum Fate {
        Keep,
        Skip,
        Replace,
    }

    fn fate() -> impl Strategy<Value = Fate> {
        prop_oneof![Just(Fate::Keep), Just(Fate::Skip), Just(Fate::Replace)]
    }

    proptest! {
        #[test]
        fn what_comes_out_is_what_was_told(
            fields in proptest::collection::vec((1u32..40, any::<Vec<u8>>(), fate()), 0..12),
            more: bool,
        ) {
            let (mut message, mut expected) = (Vec::new(), Vec::new());
            for (number, content, fate) in &fields {
                put_bytes(&mut message, *number, content);
                match fate {
                    Fate::Keep => put_bytes(&mut expected, *number, content),
                    Fate::Skip => {}
                    Fate::Replace => put_bytes(&mut expected, *number, b"new"),
                }
            }
            let mut splice = Splice::new(&message);
            for (field, (_, _, fate)) in Fields::new(&message).zip(&fields) {
                let field = field.unwrap();
                match fate {
                    Fate::Keep => splice.keep(&field),
                    Fate::Skip => splice.skip(&field),
                    Fate::Replace => splice.replace(&field, b"new"),
                }
            }
            if more {
                splice.append(|out| out.push(7));
                expected.push(7);
            }
            let same = !more && fields.iter().all(|(_, _, fate)| matches!(fate, Fate::Keep));
            prop_assert_eq!(splice.finish(), (!same).then_some(expected));
        }
    }
}
