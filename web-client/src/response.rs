//! The answer's body: how much of a delivered batch the backend has thrown away.
//!
//! `Export{Trace,Logs,Metrics}ServiceResponse` share one shape: field 1 is `partial_success`, whose field 1
//! counts the rejected items. Such items must not be sent again, only counted.

use crate::protobuf::{Fields, Value};

/// Number of rejected items in an export response; 0 for a body that is empty or not protobuf.
pub fn rejected(body: &[u8]) -> u32 {
    for (field, value) in Fields(body) {
        if let (1, Value::Bytes(partial)) = (field, value) {
            for (field, value) in Fields(partial) {
                if let (1, Value::Uint(count)) = (field, value) {
                    return u32::try_from(count).unwrap_or(0);
                }
            }
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
