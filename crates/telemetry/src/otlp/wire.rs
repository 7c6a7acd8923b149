//! The protobuf wire format, read and written field by field.
//!
//! Used where a message only has to be counted or marked: unknown fields stay as they are and
//! nothing is copied that need not be. Grammar:
//! <https://protobuf.dev/programming-guides/encoding/>. Groups (wire types 3 and 4) do not occur
//! in OTLP and are refused.

/// The message is cut off or no protobuf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// The largest field number that there is.
const MAX_NUMBER: u32 = (1 << 29) - 1;

/// One field of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Field<'a> {
    /// Field number.
    pub(crate) number: u32,
    /// The content of a length-delimited field; `None` for numbers.
    pub(crate) content: Option<&'a [u8]>,
    /// The number of any other field.
    pub(crate) scalar: Option<Scalar>,
    /// The whole field, key included.
    pub(crate) raw: &'a [u8],
}

/// A number as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalar {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
}

impl Scalar {
    pub(crate) fn wire_type(self) -> u8 {
        match self {
            Self::Varint(_) => 0,
            Self::Fixed64(_) => 1,
            Self::Fixed32(_) => 5,
        }
    }

    /// Its bits, whatever they mean.
    pub(crate) fn bits(self) -> u64 {
        match self {
            Self::Varint(bits) | Self::Fixed64(bits) => bits,
            Self::Fixed32(bits) => u64::from(bits),
        }
    }

    #[inline]
    fn read(rest: &mut &[u8], wire_type: u8) -> Result<Self, Malformed> {
        match wire_type {
            0 => varint(rest).map(Self::Varint),
            1 => {
                let bytes = take(rest, 8)?.try_into().map_err(|_| Malformed)?;
                Ok(Self::Fixed64(u64::from_le_bytes(bytes)))
            }
            5 => {
                let bytes = take(rest, 4)?.try_into().map_err(|_| Malformed)?;
                Ok(Self::Fixed32(u32::from_le_bytes(bytes)))
            }
            _ => Err(Malformed),
        }
    }
}

/// The numbers of a packed field.
pub(crate) fn packed(
    mut block: &[u8],
    wire_type: u8,
) -> impl Iterator<Item = Result<Scalar, Malformed>> {
    std::iter::from_fn(move || {
        if block.is_empty() {
            return None;
        }
        let scalar = Scalar::read(&mut block, wire_type);
        if scalar.is_err() {
            block = &[];
        }
        Some(scalar)
    })
}

/// The fields of a message, in the order in which they were written.
#[derive(Debug, Clone)]
pub(crate) struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    pub(crate) fn new(message: &'a [u8]) -> Self {
        Self { rest: message }
    }

    #[inline(always)]
    fn read(&mut self) -> Result<Field<'a>, Malformed> {
        let start = self.rest;
        let mut rest = start;
        let key = varint(&mut rest)?;
        let number = u32::try_from(key >> 3).map_err(|_| Malformed)?;
        if number == 0 || number > MAX_NUMBER {
            return Err(Malformed);
        }
        // Masked to three bits, so the cast keeps everything.
        let (content, scalar) = match (key & 7) as u8 {
            2 => {
                let length = usize::try_from(varint(&mut rest)?).map_err(|_| Malformed)?;
                (Some(take(&mut rest, length)?), None)
            }
            wire_type => (None, Some(Scalar::read(&mut rest, wire_type)?)),
        };
        self.rest = rest;
        // `rest` is a tail of `start`, so the difference is the length of this field.
        let raw = &start[..start.len() - rest.len()];
        Ok(Field {
            number,
            content,
            scalar,
            raw,
        })
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<Field<'a>, Malformed>;

    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_err() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[inline]
fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], Malformed> {
    let (taken, tail) = rest.split_at_checked(length).ok_or(Malformed)?;
    *rest = tail;
    Ok(taken)
}

#[inline]
fn varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    // Nearly all keys and lengths are one byte.
    match rest.split_first() {
        Some((&byte, tail)) if byte < 0x80 => {
            *rest = tail;
            Ok(byte.into())
        }
        _ => long_varint(rest),
    }
}

fn long_varint(rest: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0u64;
    for index in 0..10 {
        let (&byte, tail) = rest.split_first().ok_or(Malformed)?;
        *rest = tail;
        // The tenth byte holds the 64th bit only.
        if index == 9 && byte > 1 {
            return Err(Malformed);
        }
        value |= u64::from(byte & 0x7f) << (index * 7);
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

/// Appends a base-128 number.
pub(crate) fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        // Masked to seven bits, so the cast keeps everything.
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Appends the key of a field: its number and wire type.
pub(crate) fn put_key(out: &mut Vec<u8>, number: u32, wire_type: u8) {
    put_varint(out, u64::from(number) << 3 | u64::from(wire_type));
}

/// Appends a length-delimited field.
pub(crate) fn put_bytes(out: &mut Vec<u8>, number: u32, content: &[u8]) {
    if number < 16 && content.len() < 0x80 {
        // Nearly always: one byte each for the key and the length.
        out.extend_from_slice(&[(number << 3 | 2) as u8, content.len() as u8]);
    } else {
        put_key(out, number, 2);
        put_varint(out, content.len() as u64);
    }
    out.extend_from_slice(content);
}

/// Appends a length-delimited field whose content `write` appends. Its length is known only then, so
/// a byte is kept free for it and the content moved where it takes more: that of 128 bytes and more.
pub(crate) fn put_message(out: &mut Vec<u8>, number: u32, write: impl FnOnce(&mut Vec<u8>)) {
    put_key(out, number, 2);
    let start = out.len();
    out.push(0);
    write(out);
    let length = out.len() - start - 1;
    if length < 0x80 {
        out[start] = length as u8;
        return;
    }
    let end = out.len();
    put_varint(out, length as u64);
    // The length now follows the content: it goes to the front, its first byte into the free one.
    let more = out.len() - end - 1;
    let mut prefix = [0; 10];
    prefix[..=more].copy_from_slice(&out[end..]);
    out.truncate(end + more);
    out.copy_within(start + 1..end, start + 1 + more);
    out[start..=start + more].copy_from_slice(&prefix[..=more]);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn varints_come_back(value: u64) {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            let mut rest = out.as_slice();
            prop_assert_eq!(varint(&mut rest), Ok(value));
            prop_assert!(rest.is_empty());
        }

        #[test]
        fn raw_fields_add_up_to_the_message(contents: Vec<(u8, Vec<u8>)>) {
            let mut message = Vec::new();
            for (number, content) in &contents {
                put_bytes(&mut message, u32::from(*number) + 1, content);
            }
            let mut joined = Vec::new();
            for field in Fields::new(&message) {
                joined.extend_from_slice(field.unwrap().raw);
            }
            prop_assert_eq!(joined, message);
        }

        #[test]
        fn a_message_is_a_field_with_its_length(content: Vec<u8>, number in 1u32..3000, repeat in 0usize..300) {
            let content = content.repeat(repeat);
            let (mut message, mut field) = (vec![7], vec![7]);
            put_message(&mut message, number, |out| out.extend_from_slice(&content));
            put_bytes(&mut field, number, &content);
            prop_assert_eq!(message, field);
        }

        #[test]
        fn arbitrary_bytes_end_without_a_panic(bytes: Vec<u8>) {
            let _ = Fields::new(&bytes).count();
        }
    }

    #[test]
    fn cut_off_and_foreign_messages_are_malformed() {
        for bad in [
            &b"\x0a\x05ab"[..],                              // five bytes announced, two there
            b"\x0a",                                         // no length
            b"\x09\x01",                                     // 64 bits announced
            b"\x0b",                                         // a group
            b"\x00\x01",                                     // field number 0
            b"\x80\x80\x80\x80\x10\x01",                     // field number 2^29
            b"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f", // more than 64 bits
        ] {
            assert!(Fields::new(bad).any(|f| f.is_err()), "{bad:?}");
        }
    }
}
