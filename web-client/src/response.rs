//! The answer's body: how much of a delivered batch the backend has thrown away.
//!
//! `Export{Trace,Logs,Metrics}ServiceResponse` share one shape: field 1 is `partial_success`, whose field 1
//! counts the rejected items. Such items must not be sent again, only counted.

/// Keys of the two fields: number 1, a nested message and a varint.
const PARTIAL: u8 = 1 << 3 | 2;
const REJECTED: u8 = 1 << 3;

/// Number of rejected items in an export response; 0 for a body that is empty or not protobuf.
///
/// Fields are expected in the order of their numbers, in which every implementation of protobuf writes them.
pub fn rejected(mut body: &[u8]) -> u32 {
    let mut count = 0;
    for key in [PARTIAL, REJECTED] {
        let Some((&first, rest)) = body.split_first() else {
            return 0;
        };
        if first != key {
            return 0;
        }
        body = rest;
        count = varint(&mut body);
    }
    u32::try_from(count).unwrap_or(0)
}

/// Takes a varint from the front of `bytes`; 0 if it has no end.
fn varint(bytes: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let Some((&byte, rest)) = bytes.split_first() else {
            return 0;
        };
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return value;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceResponse,
    };
    use prost::Message;

    fn body(rejected_spans: i64) -> Vec<u8> {
        let partial_success = Some(ExportTracePartialSuccess {
            rejected_spans,
            error_message: "full".into(),
        });
        ExportTraceServiceResponse { partial_success }.encode_to_vec()
    }

    #[test]
    fn reads_the_count_and_distrusts_the_rest() {
        assert_eq!(rejected(&body(3)), 3);
        assert_eq!(rejected(&body(0)), 0);
        assert_eq!(rejected(&body(-1)), 0);
        assert_eq!(rejected(b""), 0);
        assert_eq!(rejected(br#"{"partialSuccess":{}}"#), 0);
        assert_eq!(rejected(&[0x0a, 0xff, 0xff]), 0);
    }
}
