//! What every scripted receiver needs: a script, a record of what came, and a port, with TLS or not.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use super::wait_for;

/// A script of acts `A`, and the requests `R` that came.
#[derive(Debug)]
pub struct Recorder<A, R> {
    script: Mutex<VecDeque<A>>,
    last: Option<A>,
    received: Mutex<Vec<R>>,
}

impl<A: Clone, R: Clone> Recorder<A, R> {
    pub fn new(script: impl IntoIterator<Item = A>, last: Option<A>) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(script.into_iter().collect()),
            last,
            received: Mutex::default(),
        })
    }

    /// A request is there: what happens to it, if that was said.
    pub fn record(&self, request: R) -> Option<A> {
        self.received.lock().unwrap().push(request);
        let act = self.script.lock().unwrap().pop_front();
        act.or_else(|| self.last.clone())
    }

    pub fn received(&self) -> Vec<R> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until that many requests are there.
    pub async fn wait(&self, requests: usize) -> Vec<R> {
        wait_for("the backend gets its requests", || {
            let received = self.received();
            (received.len() >= requests).then_some(received)
        })
        .await
    }
}

pub enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Gives every connection to `serve`; returns the address. Handshakes that fail are no requests.
pub async fn listen<F>(
    tls: Option<TlsAcceptor>,
    serve: impl Fn(Stream) -> F + Clone + Send + 'static,
) -> String
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let name = listener.local_addr().expect("an address").to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (serve, tls) = (serve.clone(), tls.clone());
            tokio::spawn(async move {
                let stream = match tls {
                    None => Stream::Plain(stream),
                    Some(tls) => match tls.accept(stream).await {
                        Ok(stream) => Stream::Tls(Box::new(stream)),
                        Err(_) => return,
                    },
                };
                serve(stream).await;
            });
        }
    });
    name
}
