//! From a request in protobuf to the body that a destination wants.

use std::io::Write;

use bytes::Bytes;
use flate2::write::GzEncoder;

use crate::Signal;
use crate::config::{Compression, Endpoint, Protocol};
use crate::otlp::to_json;

/// Zstandard's own default; about as quick as no compression and smaller than gzip.
const ZSTD_LEVEL: i32 = 3;

/// `None` where the request is malformed. Protobuf is passed on as the bytes it is.
pub(super) fn encode(endpoint: &Endpoint, signal: Signal, request: &Bytes) -> Option<Bytes> {
    let plain = match endpoint.protocol {
        Protocol::HttpProtobuf | Protocol::Grpc => request.clone(),
        Protocol::HttpJson => to_json::to_json(signal, request).ok()?.into(),
    };
    let compressed = compress(endpoint.compression, &plain)?;
    Some(if endpoint.protocol == Protocol::Grpc {
        super::grpc::frame(&compressed, endpoint.compression != Compression::None)?
    } else {
        compressed
    })
}

/// Writing to memory does not fail; should it ever, nothing that claims to be compressed is sent.
fn compress(compression: Compression, plain: &Bytes) -> Option<Bytes> {
    match compression {
        Compression::None => Some(plain.clone()),
        Compression::Gzip => {
            let buffer = Vec::with_capacity(plain.len() / 4);
            let mut encoder = GzEncoder::new(buffer, flate2::Compression::default());
            encoder.write_all(plain).ok()?;
            Some(encoder.finish().ok()?.into())
        }
        Compression::Zstd => Some(zstd::bulk::compress(plain, ZSTD_LEVEL).ok()?.into()),
    }
}
