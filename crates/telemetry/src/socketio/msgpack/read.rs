//! Reading MessagePack, one value's head at a time.

/// The first bytes of a value: what it is, and its content unless that is made of values.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Head<'a> {
    Nil,
    Bool(bool),
    Signed(i64),
    Unsigned(u64),
    Float(f64),
    /// Not checked to be UTF-8.
    Text(&'a [u8]),
    /// Binary data, or an extension.
    Opaque,
    /// This many values follow.
    Array(u32),
    /// This many pairs of values follow.
    Map(u32),
}

/// A position in a document. Every read says `None` at its end, and from then on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(super) const fn position(&self) -> usize {
        self.at
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// What was read since `start`.
    pub(super) fn since(&self, start: usize) -> &'a [u8] {
        self.bytes.get(start..self.at).unwrap_or_default()
    }

    /// Reads a head, and the content of anything but arrays and maps.
    pub(super) fn head(&mut self) -> Option<Head<'a>> {
        let [marker] = self.array()?;
        Some(match marker {
            0x00..=0x7f => Head::Unsigned(marker.into()),
            0x80..=0x8f => Head::Map(u32::from(marker & 0x0f)),
            0x90..=0x9f => Head::Array(u32::from(marker & 0x0f)),
            0xa0..=0xbf => Head::Text(self.take(usize::from(marker & 0x1f))?),
            0xc0 => Head::Nil,
            // Never used by the specification.
            0xc1 => return None,
            0xc2 => Head::Bool(false),
            0xc3 => Head::Bool(true),
            0xc4 => self.opaque(1, 0)?,
            0xc5 => self.opaque(2, 0)?,
            0xc6 => self.opaque(4, 0)?,
            0xc7 => self.opaque(1, 1)?,
            0xc8 => self.opaque(2, 1)?,
            0xc9 => self.opaque(4, 1)?,
            0xca => Head::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Head::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Head::Unsigned(self.number(1)?),
            0xcd => Head::Unsigned(self.number(2)?),
            0xce => Head::Unsigned(self.number(4)?),
            0xcf => Head::Unsigned(self.number(8)?),
            0xd0 => Head::Signed(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Head::Signed(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Head::Signed(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Head::Signed(i64::from_be_bytes(self.array()?)),
            // Extensions of 1, 2, 4, 8 and 16 bytes, behind the byte of their type.
            0xd4..=0xd8 => {
                self.take(1 + (1 << (marker - 0xd4)))?;
                Head::Opaque
            }
            0xd9 => Head::Text(self.sized(1, 0)?),
            0xda => Head::Text(self.sized(2, 0)?),
            0xdb => Head::Text(self.sized(4, 0)?),
            0xdc => Head::Array(u16::from_be_bytes(self.array()?).into()),
            0xdd => Head::Array(u32::from_be_bytes(self.array()?)),
            0xde => Head::Map(u16::from_be_bytes(self.array()?).into()),
            0xdf => Head::Map(u32::from_be_bytes(self.array()?)),
            0xe0..=0xff => Head::Signed(i8::from_be_bytes([marker]).into()),
        })
    }

    /// Passes over one value. Depth costs nothing, and each step reads at least one byte, so a
    /// claimed length cannot make it run longer than the document.
    pub(super) fn skip(&mut self) -> Option<()> {
        let mut open = 1_u64;
        while open > 0 {
            open -= 1;
            match self.head()? {
                Head::Array(count) => open = open.saturating_add(count.into()),
                Head::Map(count) => open = open.saturating_add(2 * u64::from(count)),
                _ => {}
            }
        }
        Some(())
    }

    fn opaque(&mut self, width: usize, extra: usize) -> Option<Head<'a>> {
        self.sized(width, extra).map(|_| Head::Opaque)
    }

    /// As many bytes as the next `width` bytes say, and `extra`.
    fn sized(&mut self, width: usize, extra: usize) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number(width)?).ok()?;
        self.take(length.checked_add(extra)?)
    }

    fn number(&mut self, width: usize) -> Option<u64> {
        let bytes = self.take(width)?;
        Some(
            bytes
                .iter()
                .fold(0, |number, byte| number << 8 | u64::from(*byte)),
        )
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let end = self.at.checked_add(length)?;
        let bytes = self.bytes.get(self.at..end)?;
        self.at = end;
        Some(bytes)
    }
}

/// The first element of an event's array.
pub(in crate::socketio) fn event_name(data: &[u8]) -> Option<&str> {
    let mut reader = Reader::new(data);
    let Head::Array(1..) = reader.head()? else {
        return None;
    };
    match reader.head()? {
        Head::Text(name) => std::str::from_utf8(name).ok(),
        _ => None,
    }
}
