//! Connections to the port: HTTP/1.1 and WebSockets.
//!
//! `axum::serve` waits for ever for the head of a request, so that whoever opens connections and
//! says little takes them all before any token was asked for. Here they have a time.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::serve::Listener;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{oneshot, watch};
use tower::ServiceExt;

/// Serves until `end`; returns once the requests that were open then are answered.
///
/// A connection on which the head of a request, the first or a next one, is not complete after
/// `head_timeout` is closed. Bodies, responses and WebSockets may take any time.
pub(crate) async fn serve(
    mut listener: TcpListener,
    router: Router,
    head_timeout: Duration,
    mut end: oneshot::Receiver<()>,
) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(head_timeout);
    // Every connection holds a receiver: the last one gone closes the channel.
    let (ending, ended) = watch::channel(false);
    loop {
        let (stream, peer) = tokio::select! {
            // Waits out what can go wrong, such as too many open files.
            accepted = Listener::accept(&mut listener) => accepted,
            _ = &mut end => break,
        };
        let connection = Connection {
            http: http.clone(),
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

struct Connection {
    http: http1::Builder,
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
        let (router, peer, mut ended) = (self.router, self.peer, self.ended);
        let service = service_fn(move |mut request: http::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo(peer));
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = self
            .http
            .serve_connection(TokioIo::new(stream), service)
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
