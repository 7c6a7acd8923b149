//! How many bytes an emit's arguments have, where that is cheap to know.
//!
//! The packet is made out of sight, and making it twice would cost as much again. Counting needs no
//! memory and stops early, so it is done for what most emits are: texts, numbers, binary data and
//! small objects of these.

use std::fmt;

use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeStruct, Serializer};
use serde::ser::{SerializeSeq, SerializeTuple, SerializeTupleStruct};

/// Values that are looked at before it gets too dear.
const MAX_VALUES: u32 = 64;

/// What the default parser puts in the place of binary data, without its number.
const PLACEHOLDER: usize = r#"{"_placeholder":true,"num":0}"#.len();

/// The bytes of `data` as JSON text, binary data beside it; `None` when it has more than
/// 64 values, or cannot be written.
pub(super) fn of(data: &(impl Serialize + ?Sized)) -> Option<usize> {
    let mut count = Count {
        bytes: 0,
        values: MAX_VALUES,
    };
    data.serialize(&mut count).ok()?;
    Some(count.bytes)
}

struct Count {
    bytes: usize,
    values: u32,
}

/// It is not worth it, or not possible.
#[derive(Debug)]
struct GivenUp;

impl fmt::Display for GivenUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not counted")
    }
}

impl std::error::Error for GivenUp {}

impl ser::Error for GivenUp {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

impl Count {
    fn add(&mut self, bytes: usize) -> Result<(), GivenUp> {
        self.values = self.values.checked_sub(1).ok_or(GivenUp)?;
        self.bytes = self.bytes.saturating_add(bytes);
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), GivenUp> {
        // Each loop is one the compiler does many bytes at a time.
        let count = |wanted: fn(&u8) -> bool| text.as_bytes().iter().filter(|b| wanted(b)).count();
        let marks = count(|byte| matches!(byte, b'"' | b'\\'));
        let controls = count(|byte| *byte < b' ');
        // `\n` and its like have two characters, all others six.
        let short = if controls == 0 {
            0
        } else {
            count(|byte| matches!(byte, b'\n' | b'\r' | b'\t' | 0x08 | 0x0c))
        };
        self.add(text.len() + 2 + marks + 5 * controls - 4 * short)
    }

    fn number(&mut self, number: u64, sign: usize) -> Result<(), GivenUp> {
        let digits = number.checked_ilog10().unwrap_or(0) as usize + 1;
        self.add(digits + sign)
    }

    fn float(&mut self, value: &impl Serialize) -> Result<(), GivenUp> {
        let text = serde_json::to_string(value).map_err(|_| GivenUp)?;
        self.add(text.len())
    }

    /// The start of a list or an object.
    const fn open(&mut self) -> Elements<'_> {
        Elements {
            count: self,
            first: true,
        }
    }
}

/// A list or an object that is being counted.
struct Elements<'a> {
    count: &'a mut Count,
    first: bool,
}

impl Elements<'_> {
    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), GivenUp> {
        if !std::mem::take(&mut self.first) {
            self.count.bytes += 1;
        }
        value.serialize(&mut *self.count)
    }

    fn close(self) -> Result<(), GivenUp> {
        self.count.add(2)
    }
}

macro_rules! integers {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), GivenUp> {
            self.number(u64::from(value.unsigned_abs()), usize::from(value < 0))
        })*
    };
}

macro_rules! naturals {
    ($($method:ident: $type:ty),*) => {
        $(fn $method(self, value: $type) -> Result<(), GivenUp> {
            self.number(u64::from(value), 0)
        })*
    };
}

impl<'a> Serializer for &'a mut Count {
    type Ok = ();
    type Error = GivenUp;
    type SerializeSeq = Elements<'a>;
    type SerializeTuple = Elements<'a>;
    type SerializeTupleStruct = Elements<'a>;
    type SerializeTupleVariant = Impossible<(), GivenUp>;
    type SerializeMap = Elements<'a>;
    type SerializeStruct = Elements<'a>;
    type SerializeStructVariant = Impossible<(), GivenUp>;

    integers! { serialize_i8: i8, serialize_i16: i16, serialize_i32: i32, serialize_i64: i64 }
    naturals! { serialize_u8: u8, serialize_u16: u16, serialize_u32: u32, serialize_u64: u64 }

    fn serialize_bool(self, value: bool) -> Result<(), GivenUp> {
        self.add(if value { 4 } else { 5 })
    }
    fn serialize_f32(self, value: f32) -> Result<(), GivenUp> {
        self.float(&value)
    }
    fn serialize_f64(self, value: f64) -> Result<(), GivenUp> {
        self.float(&value)
    }
    fn serialize_char(self, value: char) -> Result<(), GivenUp> {
        self.text(value.encode_utf8(&mut [0; 4]))
    }
    fn serialize_str(self, text: &str) -> Result<(), GivenUp> {
        self.text(text)
    }
    fn serialize_bytes(self, bytes: &[u8]) -> Result<(), GivenUp> {
        self.add(bytes.len() + PLACEHOLDER)
    }
    fn serialize_none(self) -> Result<(), GivenUp> {
        self.add(4)
    }
    fn serialize_some<T: ?Sized + Serialize>(self, value: &T) -> Result<(), GivenUp> {
        value.serialize(self)
    }
    fn serialize_unit(self) -> Result<(), GivenUp> {
        self.add(4)
    }
    fn serialize_unit_struct(self, _: &'static str) -> Result<(), GivenUp> {
        self.add(4)
    }
    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<(), GivenUp> {
        self.text(variant)
    }
    fn serialize_newtype_struct<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<(), GivenUp> {
        value.serialize(self)
    }
    fn serialize_newtype_variant<T: ?Sized + Serialize>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), GivenUp> {
        // The braces and the colon.
        self.bytes += 3;
        self.text(variant)?;
        value.serialize(self)
    }
    fn serialize_seq(self, _: Option<usize>) -> Result<Elements<'a>, GivenUp> {
        Ok(self.open())
    }
    fn serialize_tuple(self, _: usize) -> Result<Elements<'a>, GivenUp> {
        Ok(self.open())
    }
    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Elements<'a>, GivenUp> {
        Ok(self.open())
    }
    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, GivenUp> {
        Err(GivenUp)
    }
    fn serialize_map(self, _: Option<usize>) -> Result<Elements<'a>, GivenUp> {
        Ok(self.open())
    }
    fn serialize_struct(self, name: &'static str, _: usize) -> Result<Elements<'a>, GivenUp> {
        // JSON that is written as it is, and numbers of any length, pretend to be structs.
        if name.starts_with("$serde_json::private::") {
            return Err(GivenUp);
        }
        Ok(self.open())
    }
    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, GivenUp> {
        Err(GivenUp)
    }
    fn collect_str<T: ?Sized + fmt::Display>(self, _: &T) -> Result<(), GivenUp> {
        Err(GivenUp)
    }
}

macro_rules! lists {
    ($($list:ident: $method:ident),*) => {
        $(impl $list for Elements<'_> {
            type Ok = ();
            type Error = GivenUp;
            fn $method<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), GivenUp> {
                self.value(value)
            }
            fn end(self) -> Result<(), GivenUp> {
                self.close()
            }
        })*
    };
}

lists! {
    SerializeSeq: serialize_element,
    SerializeTuple: serialize_element,
    SerializeTupleStruct: serialize_field
}

impl SerializeMap for Elements<'_> {
    type Ok = ();
    type Error = GivenUp;

    fn serialize_key<T: ?Sized + Serialize>(&mut self, key: &T) -> Result<(), GivenUp> {
        self.value(key)?;
        self.count.bytes += 1;
        Ok(())
    }
    fn serialize_value<T: ?Sized + Serialize>(&mut self, value: &T) -> Result<(), GivenUp> {
        value.serialize(&mut *self.count)
    }
    fn end(self) -> Result<(), GivenUp> {
        self.close()
    }
}

impl SerializeStruct for Elements<'_> {
    type Ok = ();
    type Error = GivenUp;

    fn serialize_field<T: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), GivenUp> {
        self.value(key)?;
        self.count.bytes += 1;
        value.serialize(&mut *self.count)
    }
    fn end(self) -> Result<(), GivenUp> {
        self.close()
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use serde_json::json;

    use super::*;

    #[test]
    fn the_count_is_the_length_of_the_json() {
        #[derive(serde::Serialize)]
        enum Kind {
            Plain,
            With(u8),
        }
        fn check(data: impl Serialize) {
            let text = serde_json::to_string(&data).unwrap();
            assert_eq!(of(&data), Some(text.len()), "{text}");
        }
        for number in [0, 9, 10, 255, i64::MAX, i64::MIN, -1] {
            check(number);
        }
        check(u64::MAX);
        check((1.5, -0.25_f32, 1e300, true, false));
        check(("a\"b\\c\n\u{1b}[31m\u{7f}é", 'x', '\t'));
        check(((), None::<u8>, Some(3), [0_u8; 0]));
        check((Kind::Plain, Kind::With(7)));
        check(json!({"a": [1, {"b": {}}], "c": null, "": "d"}));
    }

    #[test]
    fn binary_data_counts_once() {
        let text = r#"{"_placeholder":true,"num":0}"#.len();
        assert_eq!(of(&Bytes::from_static(b"abc")), Some(text + 3));
    }

    #[test]
    fn what_is_large_or_odd_is_given_up() {
        assert_eq!(of(&vec![0; 100]), None);
        struct Unsendable;
        impl Serialize for Unsendable {
            fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
                Err(ser::Error::custom("no"))
            }
        }
        assert_eq!(of(&Unsendable), None);
    }
}
