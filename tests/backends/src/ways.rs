//! The ways telemetry can be sent: one line per protocol and compression.

use crate::payload::Encoding;

/// Which of a receiver's ports a way uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Port {
    /// OTLP over HTTP, usually 4318.
    Http,
    /// OTLP over gRPC, usually 4317.
    Grpc,
}

impl Port {
    /// What is set as the endpoint of traces alone, for a base endpoint at this port.
    #[must_use]
    pub fn of_traces(self, base: &str) -> String {
        match self {
            Port::Http => format!("{base}/v1/traces"),
            Port::Grpc => base.to_owned(),
        }
    }
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
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ],
    },
    Way {
        name: "http/protobuf with gzip",
        port: Port::Http,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ],
    },
    Way {
        name: "http/protobuf with zstd",
        port: Port::Http,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ],
    },
    Way {
        name: "http/json",
        port: Port::Http,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ],
    },
    Way {
        name: "http/json with gzip",
        port: Port::Http,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ],
    },
    Way {
        name: "http/json with zstd",
        port: Port::Http,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/json"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ],
    },
    Way {
        name: "grpc",
        port: Port::Grpc,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "none"),
        ],
    },
    Way {
        name: "grpc with gzip",
        port: Port::Grpc,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip"),
        ],
    },
    Way {
        name: "grpc with zstd",
        port: Port::Grpc,
        settings: &[
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "zstd"),
        ],
    },
];

/// All of them, each with one of both forms that pages may send.
pub fn with_encodings() -> impl Iterator<Item = (&'static Way, Encoding)> {
    let encodings = [Encoding::Protobuf, Encoding::Json].into_iter().cycle();
    WAYS.iter().zip(encodings)
}
