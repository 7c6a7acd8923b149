//! Picking fields of an event's arguments by name, without keeping anything else of them.

use std::borrow::Cow;
use std::fmt;

use opentelemetry::{Key, KeyValue};
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::attributes;
use super::custom::MAX_FIELD;

/// The names of wanted fields, with their attributes' keys.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(Cow<'static, str>, Key)>);

impl Fields {
    pub(super) fn add(&mut self, name: Cow<'static, str>, key: Key) {
        if self.find(&name).is_none() {
            self.0.push((name, key));
        }
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn find(&self, name: &str) -> Option<&Key> {
        let mut wanted = self.0.iter();
        wanted.find(|(own, _)| own == name).map(|(_, key)| key)
    }
}

/// Reads an array of arguments; the attributes of the first one that is an object. `skip` elements
/// in front are no arguments.
pub(super) struct Picker<'a> {
    pub(super) fields: &'a Fields,
    pub(super) skip: usize,
}

impl<'de> DeserializeSeed<'de> for Picker<'_> {
    type Value = Vec<KeyValue>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<KeyValue>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Picker<'_> {
    type Value = Vec<KeyValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the arguments of an event")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut arguments: A) -> Result<Vec<KeyValue>, A::Error> {
        let mut picked = None;
        for _ in 0..self.skip {
            arguments.next_element::<IgnoredAny>()?;
        }
        while picked.is_none() {
            match arguments.next_element_seed(Argument(self.fields))? {
                Some(found) => picked = found,
                None => break,
            }
        }
        while arguments.next_element::<IgnoredAny>()?.is_some() {}
        Ok(picked.unwrap_or_default())
    }
}

/// One argument: its picked fields if it is an object.
struct Argument<'a>(&'a Fields);

/// One field's value, if it is a scalar.
struct Scalar;

/// Passes over every kind of value as `None`, but for those that the visitor names itself.
macro_rules! ignore {
    ($($visit:ident: $type:ty),*) => {
        $(fn $visit<E: Error>(self, _: $type) -> Result<Self::Value, E> {
            Ok(None)
        })*
    };
}

impl<'de> DeserializeSeed<'de> for Argument<'_> {
    type Value = Option<Vec<KeyValue>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Argument<'_> {
    type Value = Option<Vec<KeyValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an argument")
    }

    ignore! { visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        let mut picked = Vec::new();
        while let Some(name) = object.next_key::<Cow<'de, str>>()? {
            match self.0.find(&name) {
                Some(key) => {
                    let value = object.next_value_seed(Scalar)?;
                    picked.extend(value.map(|value| KeyValue::new(key.clone(), value)));
                }
                None => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        Ok(Some(picked))
    }
}

impl<'de> DeserializeSeed<'de> for Scalar {
    type Value = Option<opentelemetry::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Scalar {
    type Value = Option<opentelemetry::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    /// Beyond 64 bits with a sign the digits are text.
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Some(match i64::try_from(value) {
            Ok(value) => value.into(),
            Err(_) => value.to_string().into(),
        }))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Some(value.into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Self::Value, E> {
        let value = attributes::truncate(value, MAX_FIELD).to_owned();
        Ok(Some(value.into()))
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Self::Value, A::Error> {
        while object.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn picked(text: &str) -> Vec<String> {
        let mut fields = Fields::default();
        for name in ["id", "n", "ok", "é"] {
            fields.add(name.into(), Key::new(name));
        }
        let picker = Picker {
            fields: &fields,
            skip: 1,
        };
        let mut json = serde_json::Deserializer::from_str(text);
        let list = picker.deserialize(&mut json).unwrap_or_default();
        list.iter()
            .map(|pair| format!("{}={}", pair.key, pair.value))
            .collect()
    }

    #[test]
    fn scalars_of_the_first_object_are_picked() {
        let event = json!(["id", 1, [{"id": "no"}], {"id": "a", "n": 1.5, "ok": true, "x": "no"}, {"id": "no"}]);
        assert_eq!(picked(&event.to_string()), ["id=a", "n=1.5", "ok=true"]);
        assert_eq!(picked(r#"["e",{"\u0069d":-1,"é":"é"}]"#), ["id=-1", "é=é"]);
        let big = json!(["e", {"n": u64::MAX}]).to_string();
        assert_eq!(picked(&big), ["n=18446744073709551615"]);
    }

    #[test]
    fn nothing_else_is() {
        for text in [
            "",
            "[]",
            r#"["e"]"#,
            r#"["e",1,null,true,"id"]"#,
            r#"["e",{"id":null,"n":[1],"ok":{"id":1}}]"#,
            r#"["e",{"id":"cut"#,
            r#"{"id":1}"#,
        ] {
            assert_eq!(picked(text), [""; 0], "{text}");
        }
        let long = json!(["e", {"id": "é".repeat(100)}]).to_string();
        assert_eq!(picked(&long), [format!("id={}", "é".repeat(64))]);
    }
}
