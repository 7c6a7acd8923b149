use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;

use super::*;
use crate::otlp::testing::{attribute, text};

fn one(key: &str) -> Keys {
    Keys::One(key.as_bytes().into())
}

/// The attributes of a resource after some edits; what is not an attribute has to stay.
fn edited(before: Vec<KeyValue>, edits: &[Edit], key: Option<&[u8]>) -> Vec<KeyValue> {
    let resource = Resource {
        attributes: before,
        dropped_attributes_count: 7,
        ..Resource::default()
    };
    let mut out = Vec::new();
    let hasher = Hasher::new(key);
    let edits: Vec<_> = edits.iter().collect();
    let resource = resource.encode_to_vec();
    apply(&resource, &Holder::RESOURCE, &edits, &hasher, &mut out).unwrap();
    let after = Resource::decode(&*out).unwrap();
    assert_eq!(after.dropped_attributes_count, 7);
    after.attributes
}

#[test]
fn values_are_set_whether_they_were_there_or_not() {
    let edits = [
        Edit::Set(b"a"[..].into(), text_value(b"new")),
        Edit::Set(b"n"[..].into(), int_value(-5)),
        Edit::Set(b"t"[..].into(), bool_value(true)),
        Edit::Set(b"d"[..].into(), double_value(0.5)),
    ];
    let after = edited(vec![text("a", "old"), text("b", "kept")], &edits, None);
    let expected = [
        text("b", "kept"),
        text("a", "new"),
        attribute("n", Any::IntValue(-5)),
        attribute("t", Any::BoolValue(true)),
        attribute("d", Any::DoubleValue(0.5)),
    ];
    assert_eq!(after, expected);
}

#[test]
fn keys_that_match_are_deleted() {
    let like = Keys::Like(regex::bytes::Regex::new("^h\\.").unwrap());
    let edits = [Edit::Delete(one("a")), Edit::Delete(like)];
    let before = ["a", "h.1", "b", "h.2", "ah.3"].map(|key| text(key, "x"));
    let after = edited(before.to_vec(), &edits, None);
    assert_eq!(after, [text("b", "x"), text("ah.3", "x")]);
}

#[test]
fn a_hash_is_the_usual_one() {
    // From `printf abc | sha256sum`, and `printf abc | openssl dgst -sha256 -hmac key`.
    let plain = "ba7816bf8f01cfea414140de5dae2223";
    let keyed = "9c196e32dc0175f86f4b1cb89289d661";
    let edits = [Edit::Hash(one("a"))];
    let before = || vec![text("a", "abc"), text("b", "abc")];
    assert_eq!(
        edited(before(), &edits, None),
        [text("a", plain), text("b", "abc")]
    );
    assert_eq!(
        edited(before(), &edits, Some(b"key")),
        [text("a", keyed), text("b", "abc")]
    );
}

#[test]
fn numbers_are_hashed_as_they_are_written() {
    let edits = [Edit::Hash(one("a"))];
    let hashed = |value| edited(vec![attribute("a", value)], &edits, None);
    let number = hashed(Any::IntValue(12));
    assert_eq!(number, hashed(Any::StringValue("12".into())));
    assert_ne!(number, hashed(Any::IntValue(13)));
    let list = hashed(Any::BytesValue(vec![1, 2]));
    assert_ne!(list, hashed(Any::BytesValue(vec![1, 3])));
}

#[test]
fn edits_build_on_each_other() {
    let edits = [
        Edit::Set(b"a"[..].into(), text_value(b"abc")),
        Edit::Hash(one("a")),
    ];
    let after = edited(vec![], &edits, None);
    assert_eq!(after, [text("a", "ba7816bf8f01cfea414140de5dae2223")]);
}
