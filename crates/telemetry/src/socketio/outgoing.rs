//! What an emit adds to the application's arguments, and in which of the two places.

use aether_propagation::carrier::{CARRIER_KEY, MAX_CARRIER_BYTES, ReplyIds};
use aether_propagation::{Format, SpanContext, b3, w3c};
use opentelemetry::Context;
use opentelemetry::trace::TraceContextExt;
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::context;
use crate::pipeline::Formats;

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

/// `{"_trace":{"b3":…,"re":…}}`, as a trailing argument; with other formats their fields.
#[derive(Debug, Default)]
pub(super) struct TrailingCarrier {
    b3: Option<String>,
    traceparent: Option<String>,
    re: Option<String>,
    tracestate: Option<String>,
    baggage: Option<String>,
}

impl TrailingCarrier {
    /// The carrier of `context`'s span; `None` when there is nothing to say.
    pub(super) fn new(context: &Context, formats: &Formats, re: &ReplyIds) -> Option<Self> {
        let re = (!re.is_empty()).then(|| {
            let mut list = String::with_capacity(16);
            re.write(&mut list);
            list
        });
        let mut carrier = Self {
            re,
            ..Self::default()
        };
        let span = context.span();
        let span = span.span_context();
        if let Some(wire) = context::to_wire(span) {
            for format in &formats.write {
                match format {
                    Format::B3Single | Format::B3Multi => carrier.b3 = Some(single(&wire)),
                    Format::TraceContext => {
                        let mut header = String::with_capacity(55);
                        w3c::write_traceparent(&wire, &mut header);
                        carrier.traceparent = Some(header);
                    }
                }
            }
            if carrier.traceparent.is_some() {
                let state = Some(span.trace_state().header()).filter(|state| !state.is_empty());
                carrier.tracestate = carrier.if_it_fits(w3c::TRACESTATE_HEADER, state);
            }
        }
        if formats.writes_baggage {
            let baggage = context::baggage_header(context);
            carrier.baggage = carrier.if_it_fits(w3c::BAGGAGE_HEADER, baggage);
        }
        let says_something = carrier.fields().any(|(_, value)| value.is_some());
        says_something.then_some(carrier)
    }

    fn fields(&self) -> impl Iterator<Item = (&'static str, Option<&String>)> {
        [
            (b3::SINGLE_HEADER, self.b3.as_ref()),
            (w3c::TRACEPARENT_HEADER, self.traceparent.as_ref()),
            ("re", self.re.as_ref()),
            (w3c::TRACESTATE_HEADER, self.tracestate.as_ref()),
            (w3c::BAGGAGE_HEADER, self.baggage.as_ref()),
        ]
        .into_iter()
    }

    /// `value`, unless receivers would refuse a carrier with it.
    fn if_it_fits(&self, name: &str, value: Option<String>) -> Option<String> {
        // Quotes, colon and comma; what is escaped counts twice.
        let member = |name: &str, value: &str| {
            let escaped = value.bytes().filter(|byte| matches!(byte, b'"' | b'\\'));
            name.len() + value.len() + escaped.count() + 6
        };
        let there: usize = self
            .fields()
            .filter_map(|(name, value)| Some(member(name, value?)))
            .sum();
        value.filter(|value| 2 + there + member(name, value) <= MAX_CARRIER_BYTES)
    }
}

impl Serialize for TrailingCarrier {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        struct Inner<'a>(&'a TrailingCarrier);
        impl Serialize for Inner<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let count = self.0.fields().filter(|(_, value)| value.is_some()).count();
                let mut map = serializer.serialize_map(Some(count))?;
                for (name, value) in self.0.fields() {
                    if let Some(value) = value {
                        map.serialize_entry(name, value)?;
                    }
                }
                map.end()
            }
        }
        let mut map = serializer.serialize_map(Some(1))?;
        map.serialize_entry(CARRIER_KEY, &Inner(self))?;
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
    use crate::config::{Propagator, Propagators};

    fn context() -> SpanContext {
        SpanContext::new(
            TraceId::from_hex("4bf92f3577b34da6a3ce929d0e0e4736").unwrap(),
            SpanId::from_hex("00f067aa0ba902b7").unwrap(),
            Sampling::Accept,
        )
    }

    const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
    const SPAN: &str = "00f067aa0ba902b7";

    fn trailing(inject: &[Propagator], state: &str, baggage: &str, re: &ReplyIds) -> String {
        let remote = context::remote(&context(), true, Some(state));
        let parent = context::with_baggage(context::parent_context(remote), Some(baggage));
        let formats = Formats::new(&Propagators {
            inject: inject.to_vec(),
            extract: Vec::new(),
        });
        let carrier = TrailingCarrier::new(&parent, &formats, re);
        carrier.map_or(String::new(), |carrier| {
            serde_json::to_string(&carrier).unwrap()
        })
    }

    #[test]
    fn a_trailing_carrier_holds_context_and_answered_requests() {
        let re = ReplyIds::from(SpanId::from_hex("00f067aa0ba902b8").unwrap());
        let b3 = format!(r#""b3":"{TRACE}-{SPAN}-1""#);
        let w3c = format!(r#""traceparent":"00-{TRACE}-{SPAN}-01""#);
        let answers = r#""re":"00f067aa0ba902b8""#;
        for (inject, fields) in [
            (&[Propagator::B3][..], format!("{b3},{answers}")),
            (&[Propagator::B3Multi], format!("{b3},{answers}")),
            (
                &[Propagator::TraceContext],
                format!(r#"{w3c},{answers},"tracestate":"a=b""#),
            ),
            (
                &[
                    Propagator::TraceContext,
                    Propagator::B3,
                    Propagator::Baggage,
                ],
                format!(r#"{b3},{w3c},{answers},"tracestate":"a=b","baggage":"k=v""#),
            ),
            (&[], answers.to_owned()),
        ] {
            assert_eq!(
                trailing(inject, "a=b", "k=v", &re),
                format!(r#"{{"_trace":{{{fields}}}}}"#),
                "{inject:?}"
            );
        }
        assert_eq!(trailing(&[], "", "", &ReplyIds::none()), "");
    }

    #[test]
    fn state_that_does_not_fit_stays_at_home() {
        let state = format!("a={}", "s".repeat(250));
        let baggage = format!("k={}", "v".repeat(250));
        let both = [Propagator::TraceContext, Propagator::Baggage];
        let text = trailing(&both, &state, &baggage, &ReplyIds::none());
        assert!(text.contains(&state) && !text.contains(&baggage), "{text}");
        let sound = aether_propagation::carrier::cut_trailing;
        let event = format!(r#"["e",{text}]"#);
        assert!(sound(&event).unwrap().parse().unwrap().tracestate.is_some());
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
