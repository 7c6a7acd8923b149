//! Compressed requests: bombs, and what only looks like compression.

use http::StatusCode;

use super::support::{post, three_spans};
use super::{PROTOBUF, deflate, gzip, message, relay, zstd};

async fn send(encoding: &str, body: Vec<u8>) -> (StatusCode, String) {
    let headers = [PROTOBUF, ("content-encoding", encoding)];
    let response = post(&relay().relay_router(), "/v1/traces", &headers, body).await;
    let status = response.status();
    let said = match status {
        StatusCode::OK => String::new(),
        _ => message(response).await,
    };
    (status, said)
}

#[tokio::test]
async fn bombs_stop_at_the_bound() {
    // 64 MiB of nothing, a thousand times the bound, in some ten kilobytes.
    let nothing = vec![0; 64 * 1024 * 1024];
    for (encoding, bomb) in [
        ("gzip", gzip(&nothing)),
        ("deflate", deflate(&nothing)),
        ("zstd", zstd(&nothing)),
    ] {
        let size = bomb.len();
        let (status, said) = send(encoding, bomb).await;
        if size <= 65_536 {
            assert!(said.contains("after decompression"), "{encoding}: {said}");
        }
        assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE, "{encoding}");
    }
}

#[tokio::test]
async fn a_zstd_frame_cannot_ask_for_a_large_window() {
    // A frame of nothing that announces a window of 2^41 bytes, and one of 128 MiB.
    for window in [0xf8, 0x88] {
        let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, window, 0x01, 0x00, 0x00];
        let (status, said) = send("zstd", frame.to_vec()).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{said}");
        assert!(said.contains("does not decompress"), "{said}");
    }
}

#[tokio::test]
async fn members_that_follow_each_other_are_one_body() {
    let spans = three_spans();
    let (first, second) = spans.split_at(20);
    let gzip = [gzip(first), gzip(second)].concat();
    let zstd = [zstd(first), zstd(second)].concat();
    for (encoding, body) in [("gzip", gzip), ("zstd", zstd)] {
        assert_eq!(send(encoding, body).await.0, StatusCode::OK, "{encoding}");
    }
}

#[tokio::test]
async fn what_is_cut_off_or_goes_on_is_malformed() {
    for (encoding, whole) in [
        ("gzip", gzip(&three_spans())),
        ("deflate", deflate(&three_spans())),
        ("zstd", zstd(&three_spans())),
    ] {
        let cut = whole[..whole.len() - 3].to_vec();
        let (status, said) = send(encoding, cut).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{encoding}: {said}");
        let more = [&whole[..], b"rubbish"].concat();
        let (status, said) = send(encoding, more).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{encoding}: {said}");
    }
}
