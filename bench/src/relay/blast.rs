//! The load that is made here: requests in protobuf over a few connections, at an even pace.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::http::header::{CONTENT_TYPE, HOST};
use axum::http::{Request, StatusCode};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::load::Seen;
use super::template::Template;
use crate::Outcome;

/// How long a connection, and an answer, may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// Sends requests to one relay.
#[derive(Debug)]
pub(crate) struct Blaster {
    port: u16,
    template: Arc<Template>,
    connections: u32,
    /// Between two requests of one connection.
    pause: Duration,
    /// Number of the next request.
    next: Arc<AtomicU64>,
}

impl Blaster {
    /// Requests of `spans` each, `rate` spans per second together.
    pub(crate) fn new(port: u16, spans: u32, connections: u32, rate: u32) -> Self {
        let pause = f64::from(spans) * f64::from(connections) / f64::from(rate);
        Self {
            port,
            template: Arc::new(Template::new(spans)),
            connections,
            pause: Duration::from_secs_f64(pause),
            next: Arc::default(),
        }
    }

    /// Sends for so long, and waits for every answer.
    pub(crate) async fn run(&self, length: Duration) -> Outcome<Seen> {
        let begin = Instant::now();
        let mut connections = JoinSet::new();
        for index in 0..self.connections {
            let line = Line {
                port: self.port,
                template: Arc::clone(&self.template),
                next: Arc::clone(&self.next),
                // Not all at the same moment.
                due: begin + self.pause * index / self.connections,
                pause: self.pause,
                end: begin + length,
            };
            connections.spawn(line.run());
        }
        let mut all = Seen {
            ids: Some(0),
            ..Seen::default()
        };
        while let Some(seen) = connections.join_next().await {
            let seen = seen.map_err(|error| format!("the load broke off: {error}"))??;
            all.spans += seen.spans;
            all.refused += seen.refused;
            all.latencies_ms.extend(seen.latencies_ms);
            all.ids = all
                .ids
                .zip(seen.ids)
                .map(|(one, two)| one.wrapping_add(two));
        }
        Ok(all)
    }
}

/// One connection.
struct Line {
    port: u16,
    template: Arc<Template>,
    next: Arc<AtomicU64>,
    due: Instant,
    pause: Duration,
    end: Instant,
}

impl Line {
    async fn run(self) -> Outcome<Seen> {
        let mut seen = Seen::default();
        let mut ids = 0u64;
        let mut due = self.due;
        let mut line = self.connect().await?;
        while due < self.end {
            sleep_until(due).await;
            // Where the relay is slower than the pace, it sets the pace.
            due = (due + self.pause).max(Instant::now());
            let number = self.next.fetch_add(1, Ordering::Relaxed);
            let (body, sum) = self.template.request(number);
            let begin = Instant::now();
            match timeout(PATIENCE, self.send(&mut line, body.into())).await {
                Ok(Ok(StatusCode::OK)) => {
                    seen.spans += self.template.spans();
                    ids = ids.wrapping_add(sum);
                    seen.latencies_ms.push(begin.elapsed().as_secs_f64() * 1e3);
                }
                Ok(Ok(_)) => seen.refused += 1,
                Ok(Err(_)) | Err(_) => {
                    seen.refused += 1;
                    line = self.connect().await?;
                }
            }
        }
        seen.ids = Some(ids);
        Ok(seen)
    }

    async fn connect(&self) -> Outcome<SendRequest<Full<Bytes>>> {
        let failed = |what: String| format!("the load cannot connect: {what}");
        let connecting = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        let stream = timeout(PATIENCE, connecting)
            .await
            .map_err(|_| failed("no answer".to_owned()))?
            .map_err(|error| failed(error.to_string()))?;
        stream
            .set_nodelay(true)
            .map_err(|error| failed(error.to_string()))?;
        let (line, connection) = handshake(TokioIo::new(stream))
            .await
            .map_err(|error| failed(error.to_string()))?;
        // Ends with the connection, whose errors the requests tell.
        tokio::spawn(async move { connection.await.ok() });
        Ok(line)
    }

    async fn send(
        &self,
        line: &mut SendRequest<Full<Bytes>>,
        body: Bytes,
    ) -> Result<StatusCode, Box<dyn std::error::Error + Send + Sync>> {
        let request = Request::post("/v1/traces")
            .header(HOST, format!("127.0.0.1:{}", self.port))
            .header(CONTENT_TYPE, "application/x-protobuf")
            .body(Full::new(body))?;
        line.ready().await?;
        let response = line.send_request(request).await?;
        let status = response.status();
        response.into_body().collect().await?;
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::Sink;

    #[tokio::test]
    async fn what_was_acknowledged_is_what_arrived() {
        let sink = Sink::start().await.unwrap();
        let blaster = Blaster::new(sink.port(), 10, 2, 10_000);
        let mut spans = 0;
        let mut ids = 0u64;
        for _ in 0..2 {
            let seen = blaster.run(Duration::from_millis(20)).await.unwrap();
            assert_eq!(seen.refused, 0);
            assert_eq!(seen.latencies_ms.len() as u64 * 10, seen.spans);
            spans += seen.spans;
            ids = ids.wrapping_add(seen.ids.unwrap());
        }
        let arrived = sink.arrived();
        assert!(spans > 0);
        assert_eq!((arrived.count(|_| true), arrived.ids), (spans, ids));
    }
}
