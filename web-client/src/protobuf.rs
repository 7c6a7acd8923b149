//! Writing protobuf.
//!
//! Wire format: <https://protobuf.dev/programming-guides/encoding/>. A field is a key
//! (`number << 3 | wire type`) and a value. Fields that hold the type's default are left out, as proto3
//! asks; the `*_always` forms exist for members of a `oneof`, where leaving out would mean "not set".

const VARINT: u32 = 0;
const FIXED64: u32 = 1;
const LENGTH: u32 = 2;
const FIXED32: u32 = 5;

/// A growing protobuf message.
#[derive(Debug, Default, Clone)]
pub struct Writer {
    bytes: Vec<u8>,
}

/// Where a nested message began; handed back to [`Writer::end`].
#[derive(Debug)]
#[must_use = "a nested message must be ended"]
pub struct Nested(usize);

impl Writer {
    /// An empty message.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// What has been written so far.
    pub const fn as_bytes(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    /// Forgets what was written and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.bytes.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }

    fn key(&mut self, field: u32, wire: u32) {
        self.varint(u64::from(field << 3 | wire));
    }

    /// An unsigned integer, enum or boolean; nothing when zero.
    pub fn uint(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.uint_always(field, value);
        }
    }

    /// As [`Writer::uint`], written even when zero. Negative `int64` values are passed as their two's complement.
    pub fn uint_always(&mut self, field: u32, value: u64) {
        self.key(field, VARINT);
        self.varint(value);
    }

    /// A `fixed64`; nothing when zero.
    pub fn fixed64(&mut self, field: u32, value: u64) {
        if value != 0 {
            self.key(field, FIXED64);
            self.raw_fixed64(value);
        }
    }

    /// A `fixed32`; nothing when zero.
    pub fn fixed32(&mut self, field: u32, value: u32) {
        if value != 0 {
            self.key(field, FIXED32);
            self.bytes.extend_from_slice(&value.to_le_bytes());
        }
    }

    /// A `double`, always written.
    pub fn double_always(&mut self, field: u32, value: f64) {
        self.key(field, FIXED64);
        self.raw_fixed64(value.to_bits());
    }

    /// The eight bytes of a `fixed64` or `double`, as an element of a packed field.
    pub fn raw_fixed64(&mut self, bits: u64) {
        self.bytes.extend_from_slice(&bits.to_le_bytes());
    }

    /// A string or byte field; nothing when empty.
    pub fn bytes(&mut self, field: u32, value: &[u8]) {
        if !value.is_empty() {
            self.bytes_always(field, value);
        }
    }

    /// As [`Writer::bytes`], written even when empty.
    pub fn bytes_always(&mut self, field: u32, value: &[u8]) {
        self.key(field, LENGTH);
        self.varint(value.len() as u64);
        self.raw(value);
    }

    /// Bytes that are already encoded fields.
    pub fn raw(&mut self, encoded: &[u8]) {
        self.bytes.extend_from_slice(encoded);
    }

    /// Begins a nested message (or packed field): what follows is its content until [`Writer::end`].
    ///
    /// One byte is kept free for the length. Most nested messages here are shorter than 128 bytes, so
    /// writing them in place beats measuring everything twice.
    pub fn begin(&mut self, field: u32) -> Nested {
        self.key(field, LENGTH);
        self.bytes.push(0);
        Nested(self.bytes.len())
    }

    /// Ends a nested message and fills in its length.
    pub fn end(&mut self, Nested(start): Nested) {
        let Some(mut length) = self.bytes.len().checked_sub(start) else {
            return;
        };
        let mut at = start.wrapping_sub(1);
        while let Some(byte) = self.bytes.get_mut(at) {
            *byte = length as u8;
            length >>= 7;
            if length == 0 {
                return;
            }
            *byte |= 0x80;
            at += 1;
            // A longer length moves the content up by a byte.
            self.bytes.push(0);
            if let Some(content) = self.bytes.get_mut(at..)
                && !content.is_empty()
            {
                content.copy_within(..content.len() - 1, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::encoding;

    #[test]
    fn nested_lengths_of_every_width_are_correct() {
        for length in [0_usize, 1, 127, 128, 300, 16_383, 16_384, 2_097_152] {
            let content = vec![7; length];
            let mut writer = Writer::new();
            writer.uint(9, 1);
            let nested = writer.begin(3);
            writer.raw(&content);
            writer.end(nested);
            writer.uint(4, 5);
            let mut expected = Vec::new();
            encoding::uint64::encode(9, &1, &mut expected);
            encoding::bytes::encode(3, &content, &mut expected);
            encoding::uint64::encode(4, &5, &mut expected);
            assert!(writer.as_bytes() == expected, "length {length}");
        }
    }
}
