//! Reading and decompressing a body, each within the bound.

use std::io::Read;

use axum::extract::Request;
use bytes::Bytes;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::header;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::answer::Refusal;

/// Compression of a request, from `Content-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Deflate,
}

impl Compression {
    pub(super) fn of(request: &Request) -> Result<Self, Refusal> {
        let mut values = request.headers().get_all(header::CONTENT_ENCODING).iter();
        let Some(value) = values.next() else {
            return Ok(Compression::None);
        };
        if values.next().is_some() {
            return Err(Refusal::unsupported_encoding());
        }
        match value.as_bytes().to_ascii_lowercase().as_slice() {
            b"" | b"identity" => Ok(Compression::None),
            b"gzip" | b"x-gzip" => Ok(Compression::Gzip),
            b"deflate" => Ok(Compression::Deflate),
            _ => Err(Refusal::unsupported_encoding()),
        }
    }
}

/// Reads the body as it was sent.
pub(super) async fn read(request: Request, max_bytes: usize) -> Result<Bytes, Refusal> {
    let announced = request.headers().get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max_bytes as u64) {
        return Err(Refusal::too_large(max_bytes));
    }
    let body = Limited::new(request.into_body(), max_bytes);
    match body.collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::too_large(max_bytes)),
        Err(_) => Err(Refusal::interrupted()),
    }
}

/// Decompresses, and stops one byte behind the bound.
pub(super) fn decompress(
    compression: Compression,
    sent: &Bytes,
    max_bytes: usize,
) -> Result<Bytes, Refusal> {
    match compression {
        Compression::None => Ok(sent.clone()),
        Compression::Gzip => inflate(MultiGzDecoder::new(&sent[..]), max_bytes),
        Compression::Deflate => inflate(ZlibDecoder::new(&sent[..]), max_bytes),
    }
}

fn inflate(decoder: impl Read, max_bytes: usize) -> Result<Bytes, Refusal> {
    let mut plain = Vec::new();
    decoder
        .take(max_bytes as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|_| Refusal::malformed("the body does not decompress".to_owned()))?;
    if plain.len() > max_bytes {
        return Err(Refusal::too_large(max_bytes));
    }
    Ok(plain.into())
}
