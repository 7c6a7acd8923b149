//! Reading and decompressing a body, each within the bound.

use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use http::{HeaderMap, header};
use http_body_util::BodyExt;

use super::refusal::Refusal;

/// The largest window of a zstd frame, as a power of two: 8 MiB, which every decoder has to
/// support (<https://www.rfc-editor.org/rfc/rfc9659>). Larger ones would take more memory than any
/// request may have.
const ZSTD_WINDOW_LOG: u32 = 23;

/// Compression of a request, from `Content-Encoding`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    Gzip,
    Deflate,
    Zstd,
}

impl Compression {
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, Refusal> {
        let mut values = headers.get_all(header::CONTENT_ENCODING).iter();
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
            b"zstd" => Ok(Compression::Zstd),
            _ => Err(Refusal::unsupported_encoding()),
        }
    }
}

/// How many bytes of bodies may be held at a time, by all requests together: slow senders cannot
/// fill the memory, however many they are.
#[derive(Debug)]
pub(super) struct Room {
    left: AtomicUsize,
}

impl Room {
    pub(super) fn new(bytes: usize) -> Self {
        Self {
            left: AtomicUsize::new(bytes),
        }
    }

    fn take(&self, bytes: usize) -> bool {
        let take = |left: usize| left.checked_sub(bytes);
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, take);
        taken.is_ok()
    }
}

/// A part of the [`Room`], given back when dropped.
#[derive(Debug)]
pub(super) struct Held<'r> {
    room: &'r Room,
    bytes: usize,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.room.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

/// What a body may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    pub(super) bytes: usize,
    /// All of it has to be there by then.
    pub(super) time: Duration,
}

/// Reads the body as it was sent.
pub(super) async fn read<'r>(
    headers: &HeaderMap,
    body: Body,
    bound: Bound,
    room: &'r Room,
) -> Result<(Bytes, Held<'r>), Refusal> {
    let reading = read_all(headers, body, bound.bytes, room);
    let read = tokio::time::timeout(bound.time, reading).await;
    read.unwrap_or_else(|_| Err(Refusal::timeout()))
}

async fn read_all<'r>(
    headers: &HeaderMap,
    mut body: Body,
    max_bytes: usize,
    room: &'r Room,
) -> Result<(Bytes, Held<'r>), Refusal> {
    let announced = headers.get(header::CONTENT_LENGTH);
    let announced = announced.and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max_bytes as u64) {
        return Err(Refusal::too_large(max_bytes));
    }
    let mut held = Held { room, bytes: 0 };
    let mut whole = BytesMut::new();
    // Most bodies are one frame, which is not copied.
    let mut first = Bytes::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Refusal::interrupted())?;
        // Trailers say nothing here.
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if held.bytes + data.len() > max_bytes {
            return Err(Refusal::too_large(max_bytes));
        }
        if !room.take(data.len()) {
            return Err(Refusal::busy());
        }
        held.bytes += data.len();
        if first.is_empty() && whole.is_empty() {
            first = data;
        } else {
            if whole.is_empty() {
                // As much as is to come, so that nothing is moved again.
                let length = announced.and_then(|length| usize::try_from(length).ok());
                whole.reserve(length.unwrap_or(0).max(first.len() + data.len()));
                whole.extend_from_slice(&std::mem::take(&mut first));
            }
            whole.extend_from_slice(&data);
        }
    }
    let bytes = match whole.is_empty() {
        true => first,
        false => whole.freeze(),
    };
    Ok((bytes, held))
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
        Compression::Deflate => {
            let mut decoder = ZlibDecoder::new(&sent[..]);
            let plain = inflate(&mut decoder, max_bytes)?;
            // The format has one stream, and the decoder stops behind it.
            match decoder.total_in() == sent.len() as u64 {
                true => Ok(plain),
                false => Err(not_compressed()),
            }
        }
        Compression::Zstd => {
            let mut decoder =
                zstd::stream::read::Decoder::new(&sent[..]).map_err(|_| Refusal::internal())?;
            let bounded = decoder.window_log_max(ZSTD_WINDOW_LOG);
            bounded.map_err(|_| Refusal::internal())?;
            inflate(decoder, max_bytes)
        }
    }
}

fn inflate(decoder: impl Read, max_bytes: usize) -> Result<Bytes, Refusal> {
    let mut plain = Vec::new();
    decoder
        .take(max_bytes as u64 + 1)
        .read_to_end(&mut plain)
        .map_err(|_| not_compressed())?;
    if plain.len() > max_bytes {
        return Err(Refusal::too_large(max_bytes));
    }
    Ok(plain.into())
}

fn not_compressed() -> Refusal {
    Refusal::malformed("the body does not decompress".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUND: Bound = Bound {
        bytes: 100,
        time: Duration::from_secs(60),
    };

    #[tokio::test]
    async fn bodies_share_their_room_and_give_it_back() {
        let room = Room::new(10);
        let none = HeaderMap::new();
        let read = |text: &'static str| read(&none, Body::from(text), BOUND, &room);
        let (body, held) = read("eight by").await.unwrap();
        assert_eq!(&body[..], b"eight by");
        let refused = read("three").await.unwrap_err();
        assert_eq!(refused.reason(), "busy");
        drop(held);
        assert!(read("three").await.is_ok());
        assert_eq!(room.left.load(Ordering::Relaxed), 10);
    }

    #[tokio::test]
    async fn a_body_that_never_ends_is_given_up() {
        let room = Room::new(10);
        let none = HeaderMap::new();
        let endless = futures_util::stream::pending::<Result<Bytes, std::io::Error>>();
        let soon = Bound {
            time: Duration::from_millis(1),
            ..BOUND
        };
        let refused = read(&none, Body::from_stream(endless), soon, &room).await;
        assert_eq!(refused.unwrap_err().reason(), "timeout");
    }
}
