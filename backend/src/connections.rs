//! Connections to the port: HTTP/1.1 and WebSockets.
//!
//! `axum::serve` waits for ever for the head of a request, so that whoever opens connections and
//! says little takes them all before any token was asked for. Here they have a time, and there are so
//! many at most, in all and for one address; one more is told to come again, and counted.

mod places;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use opentelemetry::metrics::Counter;
use opentelemetry::{KeyValue, global};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot, watch};
use tokio::time::timeout;
use tokio_io_timeout::TimeoutStream;
use tower::ServiceExt;

use crate::guard::LogQuota;
use places::{Full, Place, Places};

/// What a connection may do.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How many there may be at a time, besides WebSockets.
    pub(crate) connections: usize,
    /// How many of them one address may have.
    pub(crate) of_one_address: usize,
    /// A connection on which the head of a request, the first or a next one, is not complete by then is
    /// closed.
    pub(crate) head: Duration,
    /// A connection, WebSockets included, that takes nothing of what is sent to it for so long is closed:
    /// whoever asks and never reads would keep its place without a token. As long as it takes something,
    /// answers may take any time, and so may bodies.
    pub(crate) taking: Duration,
}

/// Connections that are being told so at a time; those beyond are closed without a word.
const TOLD: usize = 64;
/// How long that may take.
const TELLING: Duration = Duration::from_secs(2);

impl Full {
    /// Which bound it was, in the metric.
    fn reason(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Address => "address",
        }
    }

    fn setting(self) -> &'static str {
        match self {
            Self::All => "AETHERTERM_MAX_SOCKETS",
            Self::Address => "AETHERTERM_MAX_SOCKETS_PER_ADDRESS",
        }
    }

    /// What those are told for whom there is no place.
    fn answer(self) -> String {
        let there_are = match self {
            Self::All => "there are as many connections as may be",
            Self::Address => "there are as many connections from this address as may be",
        };
        let body = format!("{there_are}; close some, or raise {}", self.setting());
        let length = body.len();
        format!(
            "HTTP/1.1 503 Service Unavailable\r\nretry-after: 5\r\nconnection: close\r\ncontent-type: text/plain\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    }
}

/// Serves until `end`; returns once the requests that were open then are answered.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    bounds: Bounds,
    mut end: oneshot::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(bounds.head);
    let places = Places::new(bounds.connections, bounds.of_one_address);
    let mut refusals = Refusals::new();
    // Every connection holds a receiver: the last one gone closes the channel.
    let (ending, ended) = watch::channel(false);
    loop {
        let (stream, peer) = tokio::select! {
            // Waits out what can go wrong, such as too many open files.
            accepted = Listener::accept(&mut listener) => accepted,
            _ = &mut end => break,
        };
        let place = match places.take(peer.ip()) {
            Ok(place) => place,
            Err(full) => {
                refusals.refuse(stream, peer, full);
                continue;
            }
        };
        let connection = Connection {
            _place: place,
            http: http.clone(),
            taking: bounds.taking,
            router: router.clone(),
            peer,
            ended: ended.clone(),
        };
        tokio::spawn(connection.serve(stream));
    }
    drop((listener, ended));
    // Fails where nobody is connected.
    let _ = ending.send(true);
    ending.closed().await;
}

/// Tells those for whom there is no place.
struct Refusals {
    telling: Arc<Semaphore>,
    refused: Counter<u64>,
    log: LogQuota,
}

impl Refusals {
    fn new() -> Self {
        let meter = global::meter("aetherterm");
        let refused = meter
            .u64_counter("aetherterm.connections.refused")
            .with_unit("{connection}")
            .with_description("Connections that were closed because there were too many");
        Self {
            telling: Arc::new(Semaphore::new(TOLD)),
            refused: refused.build(),
            log: LogQuota::default(),
        }
    }

    fn refuse(&mut self, stream: TcpStream, peer: SocketAddr, full: Full) {
        self.refused
            .add(1, &[KeyValue::new("reason", full.reason())]);
        if let Some(unwritten) = self.log.take(Instant::now()) {
            tracing::warn!(
                peer = %peer.ip(),
                unwritten,
                "a connection was refused, because there are as many as {} allows",
                full.setting()
            );
        }
        if let Ok(turn) = Arc::clone(&self.telling).try_acquire_owned() {
            tokio::spawn(async move {
                // Who does not want to hear it goes without.
                let _ = timeout(TELLING, tell(stream, full)).await;
                drop(turn);
            });
        }
    }
}

/// Answers whatever is asked. What was asked is read, because closing a connection with something
/// unread would take the answer away again.
async fn tell(mut stream: TcpStream, full: Full) -> std::io::Result<()> {
    stream.write_all(full.answer().as_bytes()).await?;
    stream.shutdown().await?;
    let mut asked = [0; 4096];
    while stream.read(&mut asked).await? > 0 {}
    Ok(())
}

struct Connection {
    /// Given back at the end, or when it becomes a WebSocket: of these there are as many as sessions.
    _place: Place,
    http: http1::Builder,
    taking: Duration,
    router: Router,
    peer: SocketAddr,
    ended: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // An echo is one small packet: it must not wait to be joined with a next one.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "a connection keeps its delay");
        }
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(self.taking));
        let (router, peer, mut ended) = (self.router, self.peer, self.ended);
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = self
            .http
            .serve_connection(TokioIo::new(Box::pin(stream)), service)
            .with_upgrades();
        let mut connection = std::pin::pin!(connection);
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = asked_to_end(&mut ended) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            // Whoever connects can cause this.
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

async fn asked_to_end(ended: &mut watch::Receiver<bool>) {
    // A sender that is gone has ended, too.
    drop(ended.wait_for(|ended| *ended).await);
}

#[cfg(test)]
mod tests {
    use axum::routing::get;

    use super::*;

    const ASKED: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";

    async fn answer(address: SocketAddr) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(ASKED).await.unwrap();
        let mut start = vec![0; 12];
        stream.read_exact(&mut start).await.unwrap();
        String::from_utf8(start).unwrap()
    }

    #[tokio::test]
    async fn who_takes_nothing_of_an_answer_loses_its_place() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // More than the system keeps for whoever does not read.
        let router = Router::new().route("/", get(async || "x".repeat(32 * 1024 * 1024)));
        let bounds = Bounds {
            connections: 1,
            of_one_address: 1,
            head: Duration::from_secs(600),
            taking: Duration::from_millis(200),
        };
        let (end, ended) = oneshot::channel();
        let server = tokio::spawn(serve(listener, router, bounds, ended));
        let mut silent = TcpStream::connect(address).await.unwrap();
        silent.write_all(ASKED).await.unwrap();
        silent.readable().await.unwrap();
        // Its answer has begun, so the one place is its own.
        let freed = async {
            while answer(address).await != "HTTP/1.1 200" {
                tokio::task::yield_now().await;
            }
        };
        let patience = Duration::from_secs(60);
        timeout(patience, freed).await.expect("the place is free");
        drop(silent);
        end.send(()).unwrap();
        timeout(patience, server).await.unwrap().unwrap();
    }
}
