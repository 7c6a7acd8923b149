//! The methods of `serde::Serializer` that only pass their value on, for adapters that change one
//! or two of the others.

/// Writes the passing-on methods of a `Serializer` whose inner serializer is `self.ser`.
macro_rules! forward_scalars {
    () => {
        forward_scalars! {
            serialize_bool: bool,
            serialize_i8: i8,
            serialize_i16: i16,
            serialize_i32: i32,
            serialize_i64: i64,
            serialize_i128: i128,
            serialize_u8: u8,
            serialize_u16: u16,
            serialize_u32: u32,
            serialize_u64: u64,
            serialize_u128: u128,
            serialize_f32: f32,
            serialize_f64: f64,
            serialize_char: char,
            serialize_str: &str,
            serialize_bytes: &[u8],
        }
    };
    ($($method:ident: $type:ty),+ $(,)?) => {
        $(fn $method(self, value: $type) -> Result<S::Ok, S::Error> {
            self.ser.$method(value)
        })+

        fn serialize_none(self) -> Result<S::Ok, S::Error> {
            self.ser.serialize_none()
        }
        fn serialize_unit(self) -> Result<S::Ok, S::Error> {
            self.ser.serialize_unit()
        }
        fn serialize_unit_struct(self, name: &'static str) -> Result<S::Ok, S::Error> {
            self.ser.serialize_unit_struct(name)
        }
        fn serialize_unit_variant(
            self,
            name: &'static str,
            index: u32,
            variant: &'static str,
        ) -> Result<S::Ok, S::Error> {
            self.ser.serialize_unit_variant(name, index, variant)
        }
        fn serialize_newtype_variant<V: ?Sized + serde::Serialize>(
            self,
            name: &'static str,
            index: u32,
            variant: &'static str,
            value: &V,
        ) -> Result<S::Ok, S::Error> {
            self.ser.serialize_newtype_variant(name, index, variant, value)
        }
        fn serialize_seq(self, len: Option<usize>) -> Result<Self::SerializeSeq, S::Error> {
            self.ser.serialize_seq(len)
        }
        fn serialize_tuple_variant(
            self,
            name: &'static str,
            index: u32,
            variant: &'static str,
            len: usize,
        ) -> Result<Self::SerializeTupleVariant, S::Error> {
            self.ser.serialize_tuple_variant(name, index, variant, len)
        }
        fn serialize_struct_variant(
            self,
            name: &'static str,
            index: u32,
            variant: &'static str,
            len: usize,
        ) -> Result<Self::SerializeStructVariant, S::Error> {
            self.ser.serialize_struct_variant(name, index, variant, len)
        }
        fn is_human_readable(&self) -> bool {
            self.ser.is_human_readable()
        }
    };
}

pub(super) use forward_scalars;
