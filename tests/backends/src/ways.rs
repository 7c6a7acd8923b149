//! The ways telemetry can be sent: one line per protocol and compression.

/// Which of a receiver's ports a way uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// OTLP over HTTP, usually 4318.
    Http,
}

/// One way to send, as somebody would set it in the environment.
#[derive(Debug, Clone, Copy)]
pub struct Way {
    /// Shown when a test fails.
    pub name: &'static str,
    /// Where it goes.
    pub port: Port,
    /// What is set besides the endpoint.
    pub settings: &'static [(&'static str, &'static str)],
}

/// Every way the library offers. Tests go through all of them.
pub const WAYS: &[Way] = &[
    Way {
        name: "http/protobuf",
        port: Port::Http,
        settings: &[("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")],
    },
    Way {
        name: "http/protobuf with gzip",
        port: Port::Http,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ],
    },
];
