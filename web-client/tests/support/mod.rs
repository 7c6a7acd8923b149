//! Writing frames as the TypeScript side does.

#![allow(dead_code)] // Each test file uses a part.

use aether_web_client::Signal;
use aether_web_client::client::Client;
use aether_web_client::frame::Frame;
use aether_web_client::queue::Mode;
use prost::Message;

pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
pub(crate) const SPAN: &str = "00f067aa0ba902b7";
pub(crate) const NOW: f64 = 1_795_345_363_963.25;

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    String(String),
    Double(f64),
    Int(i64),
    Bool(bool),
    Array(Vec<Value>),
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Builder {
    text: String,
    numbers: Vec<f64>,
}

impl Builder {
    pub(crate) fn number(mut self, number: f64) -> Self {
        self.numbers.push(number);
        self
    }

    pub(crate) fn string(mut self, string: &str) -> Self {
        self.numbers.push(string.encode_utf16().count() as f64);
        self.text.push_str(string);
        self
    }

    pub(crate) fn attributes(mut self, attributes: &[(String, Value)]) -> Self {
        self.numbers.push(attributes.len() as f64);
        for (key, value) in attributes {
            self.text.push_str(key);
            self = self.value(key.encode_utf16().count() as f64 * 8.0, value);
        }
        self
    }

    fn value(self, meta: f64, value: &Value) -> Self {
        match value {
            Value::String(text) => self.number(meta).string(text),
            Value::Double(number) => self.number(meta + 1.0).number(*number),
            Value::Int(number) => self.number(meta + 2.0).number(*number as f64),
            Value::Bool(truth) => self.number(meta + 3.0).number(f64::from(u8::from(*truth))),
            Value::Array(elements) => {
                let head = self.number(meta + 4.0).number(elements.len() as f64);
                elements
                    .iter()
                    .fold(head, |builder, element| builder.value(0.0, element))
            }
        }
    }

    pub(crate) fn frame<T>(&self, read: impl FnOnce(&mut Frame<'_>) -> T) -> T {
        let units = self.text.encode_utf16().count();
        read(&mut Frame::new(self.text.as_bytes(), units, &self.numbers))
    }
}

/// A span without anything optional.
pub(crate) fn plain_span(name: &str) -> Builder {
    let ids = Builder::default()
        .number(0.0)
        .string(TRACE)
        .string(SPAN)
        .string("");
    let head = ids
        .number(257.0)
        .string(name)
        .number(1.0)
        .number(NOW)
        .number(1.5);
    let empty = head
        .number(0.0)
        .number(0.0)
        .number(0.0)
        .number(0.0)
        .number(0.0)
        .number(0.0);
    empty.number(0.0)
}

pub(crate) fn client(limit: usize, delay: f64) -> Client {
    let settings = Builder::default()
        .number(4.0)
        .number(limit as f64)
        .number(delay);
    let resource = [("service.name".to_owned(), Value::String("page".to_owned()))];
    let frame = settings
        .string("scope")
        .string("1.2.3")
        .attributes(&resource);
    let mut client = Client::new();
    frame.frame(|frame| client.record(frame, NOW));
    client
}

/// Everything of one signal that is waiting, decoded; all signals are answered with success.
pub(crate) fn drain<T: Message + Default>(client: &mut Client, signal: Signal) -> Vec<T> {
    let mut requests = Vec::new();
    while let Some(taken) = client.take(Mode::Flush, usize::MAX, NOW) {
        if taken.signal == signal {
            requests.push(T::decode(client.request()).expect("valid OTLP"));
        }
        client.answered(taken.id, 200, -1.0, 0.5, b"", NOW);
    }
    requests
}
