use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::otlp::validate;
use crate::otlp::wire::{put_bytes, put_key, put_varint};

fn wrap(path: &[u32], mut inner: Vec<u8>) -> Vec<u8> {
    for number in path.iter().rev() {
        let mut outer = Vec::new();
        put_bytes(&mut outer, *number, &inner);
        inner = outer;
    }
    inner
}

fn empties(number: u32, count: usize) -> Vec<u8> {
    let mut out = Vec::new();
    for _ in 0..count {
        put_bytes(&mut out, number, &[]);
    }
    out
}

fn heavy(signal: Signal, request: &[u8], limit: usize) -> bool {
    survey(signal, request, limit) == Err(Unfit::Heavy)
}

#[test]
fn many_small_parts_weigh_more_than_their_bytes() {
    // Where empty messages can be repeated: resource spans, attributes, events, links, records.
    for (signal, path, number) in [
        (Signal::Traces, &[][..], 1),
        (Signal::Traces, &[1, 1], 1),
        (Signal::Traces, &[1, 2, 2], 11),
        (Signal::Traces, &[1, 2, 2], 13),
        (Signal::Logs, &[1, 2], 2),
        (Signal::Metrics, &[1, 2, 2, 5], 1),
    ] {
        let request = wrap(path, empties(number, 1000));
        let what = format!("{signal} {path:?} {number}");
        assert!(heavy(signal, &request, 40_000), "{what}");
        assert!(!heavy(signal, &request, 500_000), "{what}");
    }
    // Packed numbers, and texts.
    let buckets = wrap(&[1, 2, 2, 10, 1, 8, 2], vec![1; 10_000]);
    assert!(heavy(Signal::Metrics, &buckets, 40_000));
    let keys = wrap(&[1, 1, 3], empties(3, 1_000));
    assert!(heavy(Signal::Logs, &keys, 20_000));
}

#[test]
fn long_texts_and_unknown_fields_weigh_nothing_extra() {
    let request = wrap(&[1, 2, 2, 3], vec![b'n'; 10_000]);
    assert!(survey(Signal::Logs, &request, 1000).is_ok());
    let request = wrap(&[99], empties(1, 10_000));
    assert!(survey(Signal::Traces, &request, 0).is_ok());
}

#[test]
fn values_within_values_end_where_the_decoder_ends() {
    for signal in Signal::ALL {
        // Array 5, its values 1; the innermost is empty, or has a field that nobody knows.
        for innermost in [&b""[..], b"\xf8\x07\x01"] {
            let mut value = innermost.to_vec();
            let mut taken = 0;
            for _ in 0..60 {
                value = wrap(&[5, 1], value);
                let request = wrap(&[1, 1, 1, 2], value.clone());
                let ours = survey(signal, &request, usize::MAX).is_ok();
                let theirs = validate::check(signal, &Bytes::from(request)).is_ok();
                assert_eq!(ours, theirs);
                taken += u32::from(ours);
            }
            assert!((40..60).contains(&taken), "{taken}");
        }
    }
}

#[test]
fn what_it_finds() {
    let mut span = Vec::new();
    put_bytes(&mut span, 1, &[1; 16]);
    put_bytes(&mut span, 2, &[2; 8]);
    for (number, nanos) in [(7, 5u64), (8, 9)] {
        put_key(&mut span, number, 1);
        span.extend_from_slice(&nanos.to_le_bytes());
    }
    let two = [wrap(&[2], span.clone()), wrap(&[2], span)].concat();
    let request = [wrap(&[1, 2], two.clone()), wrap(&[1, 2], two)].concat();
    let found = Survey {
        items: 4,
        newest: Some(9),
    };
    assert_eq!(survey(Signal::Traces, &request, 10_000), Ok(found));
    let nothing = Survey {
        items: 0,
        newest: None,
    };
    assert_eq!(survey(Signal::Metrics, b"", 0), Ok(nothing));
}

#[test]
fn ids_of_a_wrong_length_are_named() {
    let span = |ids: &[(u32, usize)]| {
        let mut span = Vec::new();
        for (number, length) in ids {
            put_bytes(&mut span, *number, &vec![7; *length]);
        }
        wrap(&[1, 2, 2], span)
    };
    for (ids, told) in [
        (&[(1, 16), (2, 8), (4, 0)][..], None),
        (&[(1, 16), (2, 8), (4, 8)], None),
        (
            &[(2, 8)],
            Some("span 0 has a trace id of 0 bytes; it must have 16"),
        ),
        (
            &[(1, 15), (2, 8)],
            Some("span 0 has a trace id of 15 bytes; it must have 16"),
        ),
        (
            &[(1, 16), (1, 0), (2, 8)],
            Some("span 0 has a trace id of 0 bytes; it must have 16"),
        ),
        (
            &[(1, 16), (2, 9)],
            Some("span 0 has a span id of 9 bytes; it must have 8"),
        ),
        (
            &[(1, 16), (2, 8), (4, 1)],
            Some("span 0 has a parent span id of 1 bytes; it must have 8 or be empty"),
        ),
    ] {
        let told = told.map(|told| Unfit::Malformed(told.to_owned()));
        assert_eq!(survey(Signal::Traces, &span(ids), 10_000).err(), told);
    }
    let link = wrap(&[1, 2, 2, 9], vec![7; 3]);
    let told = Unfit::Malformed("a traceId has 3 bytes, which is no id".to_owned());
    assert_eq!(survey(Signal::Logs, &link, 10_000), Err(told));
}

/// Messages of any fields: mostly such as there are, with contents that fit or do not.
fn message(depth: u32) -> BoxedStrategy<Vec<u8>> {
    let number =
        prop_oneof![8 => 1u32..17, 1 => 17u32..40, 1 => Just((1 << 29) - 1), 1 => Just(1 << 29)];
    let scalar = prop_oneof![
        any::<u64>().prop_map(|value| (0, {
            let mut out = Vec::new();
            put_varint(&mut out, value);
            out
        })),
        any::<[u8; 8]>().prop_map(|bytes| (1, bytes.to_vec())),
        any::<[u8; 4]>().prop_map(|bytes| (5, bytes.to_vec())),
    ];
    let content = prop_oneof![
        4 => Just(Vec::new()),
        2 => prop_oneof![Just(8), Just(16)].prop_map(|length| vec![3; length]),
        2 => "[a-zäß]{0,9}".prop_map(String::into_bytes),
        1 => any::<Vec<u8>>(),
    ];
    let bytes = match depth {
        0 => content.boxed(),
        _ => prop_oneof![3 => message(depth - 1), 1 => content].boxed(),
    };
    let bytes = bytes.prop_map(|content| {
        let mut out = Vec::new();
        put_varint(&mut out, content.len() as u64);
        out.extend_from_slice(&content);
        (2, out)
    });
    let field = (number, prop_oneof![1 => scalar, 3 => bytes]);
    let field = field.prop_map(|(number, (wire_type, rest))| {
        let mut out = Vec::new();
        put_key(&mut out, number, wire_type);
        out.extend_from_slice(&rest);
        out
    });
    proptest::collection::vec(field, 0..4)
        .prop_map(|fields| fields.concat())
        .boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn it_takes_what_the_decoder_takes(request in message(6), signal in 0usize..3) {
        let signal = Signal::ALL[signal];
        let ours = survey(signal, &request, usize::MAX).map(|survey| survey.items);
        let theirs = validate::check(signal, &Bytes::copy_from_slice(&request));
        prop_assert_eq!(ours.as_ref().ok(), theirs.as_ref().ok(), "{:?} {:?}", ours, theirs);
    }
}
