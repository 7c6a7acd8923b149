//! Reading what a page sends, field by field, so that an error can name the field that is wrong.
//!
//! Unknown fields are ignored.

use serde_json::Value;

use super::protocol::{MAX_INPUT_BYTES, MAX_SIDE, Size, TerminalError};

/// Longest terminal id that is looked at, in bytes; real ones have 32.
const MAX_ID_BYTES: usize = 64;

/// A payload whose fields can be read with errors that name them.
#[derive(Debug)]
pub(crate) struct Payload<'a> {
    event: &'a str,
    fields: &'a serde_json::Map<String, Value>,
}

impl<'a> Payload<'a> {
    /// The payload of `event`, which must be an object.
    pub(crate) fn of(event: &'a str, value: &'a Value) -> Result<Self, TerminalError> {
        match value {
            Value::Object(fields) => Ok(Self { event, fields }),
            other => Err(TerminalError::bad_payload(format!(
                "{event}: the payload must be an object, not {}",
                kind(other)
            ))),
        }
    }

    /// The field `terminalId`.
    pub(crate) fn terminal_id(&self) -> Result<&'a str, TerminalError> {
        let id = self.text("terminalId")?;
        if id.is_empty() || id.len() > MAX_ID_BYTES {
            return Err(TerminalError::bad_payload(format!(
                "{}: field terminalId must have 1 to {MAX_ID_BYTES} bytes, not {}",
                self.event,
                id.len()
            )));
        }
        Ok(id)
    }

    /// The fields `cols` and `rows`.
    pub(crate) fn size(&self) -> Result<Size, TerminalError> {
        Ok(Size {
            cols: self.side("cols")?,
            rows: self.side("rows")?,
        })
    }

    /// The field `data`: what was typed, at most [`MAX_INPUT_BYTES`].
    pub(crate) fn input(&self) -> Result<&'a str, TerminalError> {
        let data = self.text("data")?;
        if data.len() > MAX_INPUT_BYTES {
            return Err(TerminalError::bad_payload(format!(
                "{}: field data has {} bytes, the most is {MAX_INPUT_BYTES}; send it in pieces",
                self.event,
                data.len()
            )));
        }
        Ok(data)
    }

    /// The field `seq`: the number of an output event.
    pub(crate) fn seq(&self) -> Result<u64, TerminalError> {
        let value = self.field("seq")?;
        value
            .as_u64()
            .ok_or_else(|| self.wrong("seq", "a whole number", value))
    }

    /// The optional field `flowControl`: whether the page sends `terminal:ack`. Default: it does not.
    pub(crate) fn acknowledges(&self) -> Result<bool, TerminalError> {
        match self.fields.get("flowControl") {
            None => Ok(false),
            Some(value) => value
                .as_bool()
                .ok_or_else(|| self.wrong("flowControl", "a boolean", value)),
        }
    }

    fn text(&self, name: &str) -> Result<&'a str, TerminalError> {
        let value = self.field(name)?;
        value
            .as_str()
            .ok_or_else(|| self.wrong(name, "a string", value))
    }

    fn side(&self, name: &str) -> Result<u16, TerminalError> {
        let value = self.field(name)?;
        let expected = || format!("a whole number from 1 to {MAX_SIDE}");
        match value.as_u64() {
            Some(side) if (1..=u64::from(MAX_SIDE)).contains(&side) => {
                u16::try_from(side).map_err(|_| self.wrong(name, &expected(), value))
            }
            _ => Err(self.wrong(name, &expected(), value)),
        }
    }

    fn field(&self, name: &str) -> Result<&'a Value, TerminalError> {
        self.fields.get(name).ok_or_else(|| {
            TerminalError::bad_payload(format!("{}: field {name} is missing", self.event))
        })
    }

    fn wrong(&self, name: &str, expected: &str, found: &Value) -> TerminalError {
        let found = match found {
            Value::Number(number) => number.to_string(),
            other => kind(other).to_owned(),
        };
        TerminalError::bad_payload(format!(
            "{}: field {name} must be {expected}, not {found}",
            self.event
        ))
    }
}

/// The name of a value's type. The value itself may be terminal content and is never repeated.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::protocol::ErrorCode;
    use super::*;

    #[test]
    fn good_payloads_are_read() {
        let value = json!({"terminalId": "t1", "cols": 80, "rows": 24, "data": "ls\r", "seq": 7, "more": true});
        let payload = Payload::of("terminal:input", &value).unwrap();
        assert_eq!(payload.terminal_id(), Ok("t1"));
        assert_eq!(payload.size(), Ok(Size { cols: 80, rows: 24 }));
        assert_eq!(payload.input(), Ok("ls\r"));
        assert_eq!(payload.seq(), Ok(7));
    }

    #[test]
    fn every_wrong_field_is_named() {
        let long = "x".repeat(MAX_INPUT_BYTES + 1);
        let cases = [
            (json!([1]), "the payload must be an object, not an array"),
            (json!(null), "the payload must be an object, not null"),
            (
                json!({"terminalId": "t", "rows": 1, "data": ""}),
                "field cols is missing",
            ),
            (
                json!({"terminalId": "t", "cols": "80", "rows": 1, "data": ""}),
                "field cols must be a whole number",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 0, "data": ""}),
                "field rows must be a whole number from 1 to 1000, not 0",
            ),
            (
                json!({"terminalId": "t", "cols": 1.5, "rows": 1, "data": ""}),
                "field cols must be a whole number from 1 to 1000, not 1.5",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 70_000, "data": ""}),
                "not 70000",
            ),
            (
                json!({"terminalId": 5, "cols": 80, "rows": 24, "data": ""}),
                "field terminalId must be a string, not 5",
            ),
            (
                json!({"terminalId": "", "cols": 80, "rows": 24, "data": ""}),
                "field terminalId must have 1 to 64 bytes",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 24, "data": {"secret": 1}}),
                "field data must be a string, not an object",
            ),
            (
                json!({"terminalId": "t", "cols": 80, "rows": 24, "data": long}),
                "field data has 262145 bytes, the most is 262144",
            ),
        ];
        for (value, expected) in cases {
            let result = Payload::of("some:event", &value).and_then(|payload| {
                payload
                    .terminal_id()
                    .and(payload.size())
                    .and(payload.input().map(|_| ()))
            });
            let error = result.expect_err(expected);
            assert_eq!(error.code, ErrorCode::BadPayload);
            assert!(
                error.message.starts_with("some:event: "),
                "{}",
                error.message
            );
            assert!(
                error.message.contains(expected),
                "{:?} should contain {expected:?}",
                error.message
            );
        }
    }
}
