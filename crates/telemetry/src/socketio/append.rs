//! Adding one argument behind the application's own, without looking at those.
//!
//! `emit` takes one value: a tuple is several arguments, anything else is one. So is every value
//! here: a tuple gets one element more, anything else becomes a tuple of two. The arguments
//! themselves go straight to the serializer of the packet, so binary attachments stay attachments.

use serde::ser::{Serialize, SerializeTuple, SerializeTupleStruct, Serializer};
use socketioxide_core::parser::is_ser_tuple;

use super::forward::forward_scalars;

/// `data`, with `argument` behind it.
pub(super) struct Appended<'a, T: ?Sized, C> {
    data: &'a T,
    argument: &'a C,
    is_tuple: bool,
}

impl<'a, T: ?Sized + Serialize, C: Serialize> Appended<'a, T, C> {
    pub(super) fn new(data: &'a T, argument: &'a C) -> Self {
        Self {
            data,
            argument,
            is_tuple: is_ser_tuple(data),
        }
    }
}

impl<T: ?Sized + Serialize, C: Serialize> Serialize for Appended<'_, T, C> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.is_tuple {
            return self.data.serialize(Append {
                ser: serializer,
                argument: self.argument,
            });
        }
        let mut arguments = serializer.serialize_tuple(2)?;
        arguments.serialize_element(self.data)?;
        arguments.serialize_element(self.argument)?;
        arguments.end()
    }
}

/// Makes the outermost tuple one longer; passes everything else on.
struct Append<'a, S, C> {
    ser: S,
    argument: &'a C,
}

struct AppendTuple<'a, I, C> {
    inner: I,
    argument: &'a C,
}

impl<'a, S: Serializer, C: Serialize> Serializer for Append<'a, S, C> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = S::SerializeSeq;
    type SerializeTuple = AppendTuple<'a, S::SerializeTuple, C>;
    type SerializeTupleStruct = AppendTuple<'a, S::SerializeTupleStruct, C>;
    type SerializeTupleVariant = S::SerializeTupleVariant;
    type SerializeMap = S::SerializeMap;
    type SerializeStruct = S::SerializeStruct;
    type SerializeStructVariant = S::SerializeStructVariant;

    forward_scalars!();

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let inner = self.ser.serialize_tuple(len + 1)?;
        Ok(AppendTuple {
            inner,
            argument: self.argument,
        })
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let inner = self.ser.serialize_tuple_struct(name, len + 1)?;
        Ok(AppendTuple {
            inner,
            argument: self.argument,
        })
    }

    fn serialize_some<V: ?Sized + Serialize>(self, value: &V) -> Result<S::Ok, S::Error> {
        self.ser.serialize_some(value)
    }

    fn serialize_newtype_struct<V: ?Sized + Serialize>(
        self,
        name: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        self.ser.serialize_newtype_struct(name, value)
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        self.ser.serialize_map(len)
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        self.ser.serialize_struct(name, len)
    }
}

impl<I: SerializeTuple, C: Serialize> SerializeTuple for AppendTuple<'_, I, C> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_element<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), I::Error> {
        self.inner.serialize_element(value)
    }

    fn end(mut self) -> Result<I::Ok, I::Error> {
        self.inner.serialize_element(self.argument)?;
        self.inner.end()
    }
}

impl<I: SerializeTupleStruct, C: Serialize> SerializeTupleStruct for AppendTuple<'_, I, C> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_field<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), I::Error> {
        self.inner.serialize_field(value)
    }

    fn end(mut self) -> Result<I::Ok, I::Error> {
        self.inner.serialize_field(self.argument)?;
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;

    #[derive(serde::Serialize)]
    struct Point {
        x: u8,
    }

    #[derive(serde::Serialize)]
    struct Pair(u8, &'static str);

    fn appended(data: &(impl Serialize + ?Sized)) -> String {
        serde_json::to_string(&Appended::new(data, &json!({"_trace": {}}))).unwrap()
    }

    #[test]
    fn one_argument_becomes_two() {
        assert_eq!(appended("text"), r#"["text",{"_trace":{}}]"#);
        assert_eq!(appended(&Point { x: 1 }), r#"[{"x":1},{"_trace":{}}]"#);
        assert_eq!(appended(&vec![1, 2]), r#"[[1,2],{"_trace":{}}]"#);
        assert_eq!(appended(&Some((1, 2))), r#"[[1,2],{"_trace":{}}]"#);
        assert_eq!(appended(&json!([1, 2])), r#"[[1,2],{"_trace":{}}]"#);
    }

    #[test]
    fn several_arguments_become_one_more() {
        assert_eq!(appended(&(1, "b")), r#"[1,"b",{"_trace":{}}]"#);
        assert_eq!(appended(&[1, 2, 3]), r#"[1,2,3,{"_trace":{}}]"#);
        assert_eq!(appended(&Pair(1, "b")), r#"[1,"b",{"_trace":{}}]"#);
        assert_eq!(appended(&((1, 2), [3])), r#"[[1,2],[3],{"_trace":{}}]"#);
    }

    #[test]
    fn no_argument_becomes_what_the_packet_would_show_with_one_more() {
        // `()` is one argument, null, exactly as in a plain emit.
        assert_eq!(appended(&()), r#"[null,{"_trace":{}}]"#);
        let empty: [u8; 0] = [];
        assert_eq!(appended(&empty), r#"[{"_trace":{}}]"#);
    }
}
