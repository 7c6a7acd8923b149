//! Adding fields to the first argument, for peers that read the carrier there.
//!
//! Only an object can take fields. A first argument of any other kind is sent as it is: such a
//! reply carries nothing, as the wire format says.

use std::fmt::{self, Write};

use aether_propagation::carrier::{CARRIER_KEY, REQUEST_ID_KEY};
use serde::ser::{
    Serialize, SerializeMap, SerializeStruct, SerializeTuple, SerializeTupleStruct, Serializer,
};
use socketioxide_core::parser::is_ser_tuple;

use super::forward::forward_scalars;
use super::outgoing::PayloadFields;

/// `data`, with `fields` in its first argument.
pub(super) struct Extended<'a, T: ?Sized> {
    data: &'a T,
    fields: &'a PayloadFields,
    is_tuple: bool,
}

impl<'a, T: ?Sized + Serialize> Extended<'a, T> {
    pub(super) fn new(data: &'a T, fields: &'a PayloadFields) -> Self {
        Self {
            data,
            fields,
            is_tuple: is_ser_tuple(data),
        }
    }
}

impl<T: ?Sized + Serialize> Serialize for Extended<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let target = if self.is_tuple {
            Target::FirstElement
        } else {
            Target::Value
        };
        self.data.serialize(Extend {
            ser: serializer,
            fields: self.fields,
            target,
        })
    }
}

/// What gets the fields.
#[derive(Clone, Copy)]
enum Target {
    Value,
    FirstElement,
}

/// Adds the fields to the object it is given, or to the first element of the tuple.
struct Extend<'a, S> {
    ser: S,
    fields: &'a PayloadFields,
    target: Target,
}

/// One argument on its way through [`Extend`].
struct Argument<'a, V: ?Sized> {
    value: &'a V,
    fields: &'a PayloadFields,
}

impl<V: ?Sized + Serialize> Serialize for Argument<'_, V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value.serialize(Extend {
            ser: serializer,
            fields: self.fields,
            target: Target::Value,
        })
    }
}

/// A tuple, object or struct being written; `fields` is taken when they are written.
struct Extending<'a, I> {
    inner: I,
    fields: Option<&'a PayloadFields>,
    /// The key just met is one of ours, and so its value is not written.
    skips: bool,
}

impl<'a, I> Extending<'a, I> {
    fn new(inner: I, fields: Option<&'a PayloadFields>) -> Self {
        Self {
            inner,
            fields,
            skips: false,
        }
    }

    /// Whether `key` is about to be added: an application that copies a request's payload into
    /// its answer would send it twice.
    fn replaces(&self, key: &str) -> bool {
        self.fields.is_some_and(|fields| {
            key == CARRIER_KEY || (key == REQUEST_ID_KEY && fields.request_id.is_some())
        })
    }
}

impl<'a, S: Serializer> Extend<'a, S> {
    /// The fields, if they go into a value of this kind.
    fn fields_for(&self, wanted: Target) -> Option<&'a PayloadFields> {
        let same = matches!(
            (self.target, wanted),
            (Target::Value, Target::Value) | (Target::FirstElement, Target::FirstElement)
        );
        same.then_some(self.fields)
    }
}

impl<'a, S: Serializer> Serializer for Extend<'a, S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = S::SerializeSeq;
    type SerializeTuple = Extending<'a, S::SerializeTuple>;
    type SerializeTupleStruct = Extending<'a, S::SerializeTupleStruct>;
    type SerializeTupleVariant = S::SerializeTupleVariant;
    type SerializeMap = Extending<'a, S::SerializeMap>;
    type SerializeStruct = Extending<'a, S::SerializeStruct>;
    type SerializeStructVariant = S::SerializeStructVariant;

    forward_scalars!();

    fn serialize_tuple(self, len: usize) -> Result<Self::SerializeTuple, S::Error> {
        let fields = self.fields_for(Target::FirstElement);
        Ok(Extending::new(self.ser.serialize_tuple(len)?, fields))
    }

    fn serialize_tuple_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeTupleStruct, S::Error> {
        let fields = self.fields_for(Target::FirstElement);
        let inner = self.ser.serialize_tuple_struct(name, len)?;
        Ok(Extending::new(inner, fields))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        let fields = self.fields_for(Target::Value);
        let added = fields.map_or(0, PayloadFields::len);
        let inner = self.ser.serialize_map(len.map(|len| len + added))?;
        Ok(Extending::new(inner, fields))
    }

    fn serialize_struct(
        self,
        name: &'static str,
        len: usize,
    ) -> Result<Self::SerializeStruct, S::Error> {
        // JSON that is written as it is, and numbers of any length, pretend to be structs.
        let fields = self
            .fields_for(Target::Value)
            .filter(|_| !name.starts_with("$serde_json::private::"));
        let added = fields.map_or(0, PayloadFields::len);
        let inner = self.ser.serialize_struct(name, len + added)?;
        Ok(Extending::new(inner, fields))
    }

    fn serialize_some<V: ?Sized + Serialize>(self, value: &V) -> Result<S::Ok, S::Error> {
        match self.target {
            Target::Value => self.ser.serialize_some(&Argument {
                value,
                fields: self.fields,
            }),
            Target::FirstElement => self.ser.serialize_some(value),
        }
    }

    fn serialize_newtype_struct<V: ?Sized + Serialize>(
        self,
        name: &'static str,
        value: &V,
    ) -> Result<S::Ok, S::Error> {
        match self.target {
            Target::Value => {
                let argument = Argument {
                    value,
                    fields: self.fields,
                };
                self.ser.serialize_newtype_struct(name, &argument)
            }
            Target::FirstElement => self.ser.serialize_newtype_struct(name, value),
        }
    }
}

impl<I: SerializeTuple> SerializeTuple for Extending<'_, I> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_element<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), I::Error> {
        match self.fields.take() {
            Some(fields) => self.inner.serialize_element(&Argument { value, fields }),
            None => self.inner.serialize_element(value),
        }
    }

    fn end(self) -> Result<I::Ok, I::Error> {
        self.inner.end()
    }
}

impl<I: SerializeTupleStruct> SerializeTupleStruct for Extending<'_, I> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_field<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), I::Error> {
        match self.fields.take() {
            Some(fields) => self.inner.serialize_field(&Argument { value, fields }),
            None => self.inner.serialize_field(value),
        }
    }

    fn end(self) -> Result<I::Ok, I::Error> {
        self.inner.end()
    }
}

impl<I: SerializeMap> SerializeMap for Extending<'_, I> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_key<V: ?Sized + Serialize>(&mut self, key: &V) -> Result<(), I::Error> {
        self.skips = self.fields.is_some() && self.replaces(&text(key));
        if self.skips {
            return Ok(());
        }
        self.inner.serialize_key(key)
    }

    fn serialize_value<V: ?Sized + Serialize>(&mut self, value: &V) -> Result<(), I::Error> {
        if std::mem::take(&mut self.skips) {
            return Ok(());
        }
        self.inner.serialize_value(value)
    }

    fn end(mut self) -> Result<I::Ok, I::Error> {
        if let Some(fields) = self.fields {
            self.inner.serialize_entry(CARRIER_KEY, &fields.carrier)?;
            if let Some(id) = &fields.request_id {
                self.inner.serialize_entry(REQUEST_ID_KEY, id)?;
            }
        }
        self.inner.end()
    }
}

/// A key as text; empty if it is none.
fn text(key: &(impl Serialize + ?Sized)) -> String {
    struct Shown<'a, K: ?Sized>(&'a K);
    impl<K: Serialize + ?Sized> fmt::Display for Shown<'_, K> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            self.0.serialize(f)
        }
    }
    let mut text = String::new();
    match write!(text, "{}", Shown(key)) {
        Ok(()) => text,
        Err(fmt::Error) => String::new(),
    }
}

impl<I: SerializeStruct> SerializeStruct for Extending<'_, I> {
    type Ok = I::Ok;
    type Error = I::Error;

    fn serialize_field<V: ?Sized + Serialize>(
        &mut self,
        key: &'static str,
        value: &V,
    ) -> Result<(), I::Error> {
        if self.replaces(key) {
            return self.inner.skip_field(key);
        }
        self.inner.serialize_field(key, value)
    }

    fn skip_field(&mut self, key: &'static str) -> Result<(), I::Error> {
        self.inner.skip_field(key)
    }

    fn end(mut self) -> Result<I::Ok, I::Error> {
        if let Some(fields) = self.fields {
            self.inner.serialize_field(CARRIER_KEY, &fields.carrier)?;
            if let Some(id) = &fields.request_id {
                self.inner.serialize_field(REQUEST_ID_KEY, id)?;
            }
        }
        self.inner.end()
    }
}

#[cfg(test)]
mod tests {
    use serde::Serialize;
    use serde_json::json;

    use super::*;
    use crate::socketio::outgoing::{PayloadCarrier, RequestId};

    #[derive(serde::Serialize)]
    struct Point {
        x: u8,
    }

    #[derive(serde::Serialize)]
    struct Wrapped(Point);

    fn extended(data: &(impl Serialize + ?Sized)) -> serde_json::Value {
        serde_json::from_str(&text_of(data)).unwrap()
    }

    fn text_of(data: &(impl Serialize + ?Sized)) -> String {
        let fields = PayloadFields {
            carrier: PayloadCarrier::default(),
            request_id: Some(RequestId::from_json("7")),
        };
        serde_json::to_string(&Extended::new(data, &fields)).unwrap()
    }

    #[test]
    fn objects_of_every_kind_get_the_fields() {
        let expected = json!({"x": 1, "_trace": {}, "_requestId": 7});
        assert_eq!(extended(&Point { x: 1 }), expected);
        assert_eq!(extended(&json!({"x": 1})), expected);
        assert_eq!(extended(&Some(Point { x: 1 })), expected);
        assert_eq!(extended(&json!({})), json!({"_trace": {}, "_requestId": 7}));
    }

    #[test]
    fn of_several_arguments_only_the_first() {
        assert_eq!(
            extended(&(Point { x: 1 }, Point { x: 2 })),
            json!([{"x": 1, "_trace": {}, "_requestId": 7}, {"x": 2}])
        );
        assert_eq!(
            extended(&("text", Point { x: 2 })),
            json!(["text", {"x": 2}])
        );
    }

    #[test]
    fn what_a_copied_payload_had_is_replaced() {
        #[derive(Serialize)]
        struct Copied {
            #[serde(rename = "_requestId")]
            id: &'static str,
            #[serde(rename = "_trace")]
            trace: u8,
            x: u8,
        }
        let copied = Copied {
            id: "old",
            trace: 0,
            x: 1,
        };
        let expected = r#"{"x":1,"_trace":{},"_requestId":7}"#;
        assert_eq!(text_of(&copied), expected);
        let copied = json!({"_requestId": [1], "_trace": {"b3": "0"}, "x": 1});
        assert_eq!(text_of(&copied), expected);
        let numbers = std::collections::BTreeMap::from([(1, "_trace")]);
        assert_eq!(
            text_of(&numbers),
            r#"{"1":"_trace","_trace":{},"_requestId":7}"#
        );
    }

    #[test]
    fn nothing_else_changes() {
        assert_eq!(extended("text"), json!("text"));
        assert_eq!(extended(&[1, 2]), json!([1, 2]));
        assert_eq!(extended(&vec![json!({})]), json!([{}]));
        assert_eq!(extended(&()), json!(null));
        #[derive(Serialize)]
        #[serde(rename = "$serde_json::private::RawValue")]
        struct Raw {
            #[serde(rename = "$serde_json::private::RawValue")]
            text: &'static str,
        }
        let raw = Raw { text: "{}" };
        assert_eq!(text_of(&raw), serde_json::to_string(&raw).unwrap());
        // What socketioxide takes for several arguments, but serializes as one.
        assert_eq!(extended(&Wrapped(Point { x: 1 })), json!({"x": 1}));
    }
}
