//! An OTLP receiver that speaks gRPC and does exactly what it is told, one script line per call.

use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use h2::Reason;
use h2::server::SendResponse;
use http::{HeaderMap, HeaderValue, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsAcceptor;

use crate::support::recorder::{Recorder, Stream, listen};

/// What happens to one call.
#[derive(Debug, Clone)]
pub enum Call {
    /// A message, and success in the trailers.
    Answer(Vec<u8>),
    /// No message: code, `grpc-message` and `grpc-status-details-bin` in the headers.
    Fail(u32, &'static str, &'static str),
    /// The same in trailers behind an empty message, as some servers do.
    FailLater(u32, &'static str),
    /// RESOURCE_EXHAUSTED for messages of more bytes, success for others.
    AtMost(usize),
    /// A proxy answers with this status.
    Http(u16),
    /// The call is reset after it was read.
    Reset,
    /// The call is read and never answered.
    Hang,
}

pub fn ok() -> Call {
    Call::Answer(Vec::new())
}

/// A call as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub at: Instant,
    pub path: String,
    pub headers: HeaderMap,
    /// Whether the frame says that the message is compressed.
    pub compressed: bool,
    pub message: Vec<u8>,
}

/// The receiver. A call that it was not told to expect is answered with UNIMPLEMENTED.
#[derive(Debug)]
pub struct GrpcBackend {
    pub url: String,
    pub name: String,
    recorder: Arc<Recorder<Call, Received>>,
}

impl GrpcBackend {
    /// Starts on a free port. After the script, every call is answered by `last`.
    pub async fn start(
        script: impl IntoIterator<Item = Call>,
        last: Option<Call>,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let recorder = Recorder::new(script, last);
        let log = Arc::clone(&recorder);
        let name = listen(tls, move |stream| {
            let log = Arc::clone(&log);
            async move {
                match stream {
                    Stream::Plain(stream) => serve(stream, log).await,
                    Stream::Tls(stream) => serve(stream, log).await,
                }
            }
        })
        .await;
        Self {
            url: format!("{scheme}://{name}"),
            name,
            recorder,
        }
    }

    pub fn received(&self) -> Vec<Received> {
        self.recorder.received()
    }

    /// Waits until that many calls are there.
    pub async fn wait(&self, calls: usize) -> Vec<Received> {
        self.recorder.wait(calls).await
    }
}

/// Serves a connection until it ends; how is no news.
async fn serve<S>(stream: S, log: Arc<Recorder<Call, Received>>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Ok(mut connection) = h2::server::handshake(stream).await else {
        return;
    };
    while let Some(Ok((request, respond))) = connection.accept().await {
        let log = Arc::clone(&log);
        tokio::spawn(async move {
            let received = read(request).await;
            let size = received.message.len();
            let act = log.record(received);
            let act = act.unwrap_or(Call::Fail(12, "not expected", ""));
            answer(act, size, respond).await;
        });
    }
}

async fn read(request: Request<h2::RecvStream>) -> Received {
    let (head, mut body) = request.into_parts();
    let mut bytes = Vec::new();
    while let Some(chunk) = body.data().await {
        let chunk = chunk.expect("a whole request");
        let _ = body.flow_control().release_capacity(chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    let length = u32::from_be_bytes(bytes[1..5].try_into().unwrap());
    assert_eq!(length as usize, bytes.len() - 5, "the frame is the body");
    Received {
        at: Instant::now(),
        path: head.uri.path().to_owned(),
        headers: head.headers,
        compressed: bytes[0] == 1,
        message: bytes.split_off(5),
    }
}

async fn answer(act: Call, size: usize, mut respond: SendResponse<Bytes>) {
    let head = |status: u16| {
        let head = Response::builder().status(status);
        head.header("content-type", "application/grpc")
    };
    let trailers = |code: u32, message: &'static str| {
        HeaderMap::from_iter(
            [
                ("grpc-status", HeaderValue::from(code)),
                ("grpc-message", HeaderValue::from_static(message)),
            ]
            .map(|(name, value)| (name.parse::<http::HeaderName>().unwrap(), value)),
        )
    };
    let (message, code, text) = match act {
        Call::Answer(message) => (message, 0, ""),
        Call::FailLater(code, text) => (Vec::new(), code, text),
        Call::AtMost(most) if size <= most => (Vec::new(), 0, ""),
        Call::AtMost(_) => (
            Vec::new(),
            8,
            "grpc: received message larger than max (9 vs. 8)",
        ),
        Call::Fail(code, text, details) => {
            let mut head = head(200)
                .header("grpc-status", code)
                .header("grpc-message", text);
            if !details.is_empty() {
                head = head.header("grpc-status-details-bin", details);
            }
            let _ = respond.send_response(head.body(()).unwrap(), true);
            return;
        }
        Call::Http(status) => {
            let head = Response::builder().status(status);
            let _ = respond.send_response(head.body(()).unwrap(), true);
            return;
        }
        Call::Reset => return respond.send_reset(Reason::INTERNAL_ERROR),
        Call::Hang => std::future::pending().await,
    };
    let mut framed = vec![0];
    framed.extend_from_slice(&u32::try_from(message.len()).unwrap().to_be_bytes());
    framed.extend_from_slice(&message);
    let Ok(mut stream) = respond.send_response(head(200).body(()).unwrap(), false) else {
        return;
    };
    let _ = stream.send_data(framed.into(), false);
    let _ = stream.send_trailers(trailers(code, text));
}
