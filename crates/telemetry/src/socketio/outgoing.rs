//! What an emit adds to the application's arguments, and in which of the two places.

use aether_propagation::carrier::ReplyIds;
use aether_propagation::{SpanContext, b3};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// What one emit adds.
#[derive(Debug)]
pub(super) enum Addition {
    /// The receiver sees the plain arguments.
    Nothing,
    /// One argument more, to receivers that said they cut it.
    Trailing(TrailingCarrier),
    /// Fields in the first argument, to older peers that asked this way.
    Payload(PayloadFields),
}

/// `{"_trace":{"b3":…,"re":…}}`, as a trailing argument.
#[derive(Debug, Default)]
pub(super) struct TrailingCarrier {
    b3: Option<String>,
    re: Option<String>,
}

impl TrailingCarrier {
    /// `None` when there is nothing to say.
    pub(super) fn new(context: Option<&SpanContext>, re: &ReplyIds) -> Option<Self> {
        let re = (!re.is_empty()).then(|| {
            let mut list = String::with_capacity(16);
            re.write(&mut list);
            list
        });
        let b3 = context.map(single);
        (b3.is_some() || re.is_some()).then_some(Self { b3, re })
    }
}

impl Serialize for TrailingCarrier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Inner<'a>(&'a TrailingCarrier);
        impl Serialize for Inner<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let TrailingCarrier { b3, re } = self.0;
                let fields = usize::from(b3.is_some()) + usize::from(re.is_some());
                let mut map = serializer.serialize_map(Some(fields))?;
                if let Some(b3) = b3 {
                    map.serialize_entry(b3::SINGLE_HEADER, b3)?;
                }
                if let Some(re) = re {
                    map.serialize_entry("re", re)?;
                }
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(aether_propagation::carrier::CARRIER_KEY, &Inner(self))?;
        map.end()
    }
}

/// The fields `_trace` and `_requestId` of a reply to an older peer.
#[derive(Debug)]
pub(super) struct PayloadFields {
    pub(super) carrier: PayloadCarrier,
    pub(super) request_id: Option<RequestId>,
}

impl PayloadFields {
    /// How many fields these are.
    pub(super) fn len(&self) -> usize {
        1 + usize::from(self.request_id.is_some())
    }
}

/// `{"traceId":…,"spanId":…,"sampled":…,"b3":…}`: the older form beside the current one.
#[derive(Debug, Default)]
pub(super) struct PayloadCarrier(pub(super) Option<SpanContext>);

impl Serialize for PayloadCarrier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Some(context) = &self.0 else {
            return serializer.serialize_map(Some(0))?.end();
        };
        let mut map = serializer.serialize_map(Some(4))?;
        map.serialize_entry("traceId", context.trace_id.write_hex(&mut [0; 32]))?;
        map.serialize_entry("spanId", context.span_id.write_hex(&mut [0; 16]))?;
        map.serialize_entry("sampled", &(context.sampling.is_sampled() == Some(true)))?;
        map.serialize_entry(b3::SINGLE_HEADER, &single(context))?;
        map.end()
    }
}

/// A `_requestId`: repeated as it came, a string as a string and a number as a number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RequestId {
    Number(u64),
    Text(Box<str>),
}

impl RequestId {
    /// Reads the id from its raw JSON, which holds no escapes.
    pub(super) fn from_json(json: &str) -> Self {
        let quoted = json
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        match (quoted, json.parse()) {
            (None, Ok(number)) => Self::Number(number),
            (text, _) => Self::Text(text.unwrap_or(json).into()),
        }
    }
}

impl Serialize for RequestId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
        }
    }
}

fn single(context: &SpanContext) -> String {
    let mut header = String::with_capacity(68);
    b3::write_single(context, &mut header);
    header
}

#[cfg(test)]
mod tests {
    use aether_propagation::{Sampling, SpanId, TraceId};

    use super::*;

    fn context() -> SpanContext {
        SpanContext::new(
            TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
            SpanId::from_hex("00f067aa0ba902b7").unwrap(),
            Sampling::Accept,
        )
    }

    #[test]
    fn a_trailing_carrier_holds_context_and_answered_requests() {
        let re = ReplyIds::from(SpanId::from_hex("00f067aa0ba902b8").unwrap());
        let carrier = TrailingCarrier::new(Some(&context()), &re).unwrap();
        assert_eq!(
            serde_json::to_string(&carrier).unwrap(),
            r#"{"_trace":{"b3":"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1","re":"00f067aa0ba902b8"}}"#
        );
        assert!(TrailingCarrier::new(None, &ReplyIds::none()).is_none());
    }

    #[test]
    fn a_payload_carrier_holds_both_forms() {
        assert_eq!(
            serde_json::to_string(&PayloadCarrier(Some(context()))).unwrap(),
            r#"{"traceId":"4bf92f3577b34da6a3ce929d0e0e4736","spanId":"00f067aa0ba902b7","sampled":true,"b3":"4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-1"}"#
        );
    }

    #[test]
    fn request_ids_keep_their_type() {
        for json in ["7", "\"r-7\"", "\"7\""] {
            assert_eq!(
                serde_json::to_string(&RequestId::from_json(json)).unwrap(),
                json
            );
        }
    }
}
