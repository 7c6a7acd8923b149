//! An OTLP receiver that does exactly what it is told, one script line per request.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::wait_for;

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Act {
    /// A status, more header lines, and a body.
    Answer(u16, &'static str, Vec<u8>),
    /// The same, with a header made when the request is there.
    AnswerLater(u16, fn() -> String),
    /// The connection is reset after the request was read.
    Reset,
    /// The request is read and never answered.
    Hang,
}

pub fn status(status: u16) -> Act {
    Act::Answer(status, "", Vec::new())
}

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Received {
    pub at: Instant,
    /// Request line and header lines, lower case.
    pub head: String,
    pub body: Vec<u8>,
}

/// The receiver. What it was not told to expect is answered with 418 and found by
/// [`Backend::received`] holding more requests than the script.
#[derive(Debug)]
pub struct Backend {
    pub url: String,
    pub name: String,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Backend {
    /// Starts on a free port. After the script, every request is answered by `last`, or 418.
    pub async fn start(script: impl IntoIterator<Item = Act>, last: Option<Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let name = listener.local_addr().expect("an address").to_string();
        let received = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&received);
        let script: VecDeque<_> = script.into_iter().collect();
        let script = Arc::new(Mutex::new(script));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, log, last) = (Arc::clone(&script), Arc::clone(&log), last.clone());
                tokio::spawn(async move {
                    // The end of a connection is no news.
                    let _ = serve(stream, &script, last.as_ref(), &log).await;
                });
            }
        });
        Self {
            url: format!("http://{name}"),
            name,
            received,
        }
    }

    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// Waits until that many requests are there.
    pub async fn wait(&self, requests: usize) -> Vec<Received> {
        wait_for("the backend gets its requests", || {
            let received = self.received();
            (received.len() >= requests).then_some(received)
        })
        .await
    }
}

async fn serve(
    mut stream: TcpStream,
    script: &Mutex<VecDeque<Act>>,
    last: Option<&Act>,
    log: &Mutex<Vec<Received>>,
) -> io::Result<()> {
    loop {
        let request = read(&mut stream).await?;
        log.lock().unwrap().push(request);
        let act = script.lock().unwrap().pop_front();
        let act = act.or_else(|| last.cloned()).unwrap_or_else(|| status(418));
        let (status, headers, body) = match act {
            Act::Answer(status, headers, body) => (status, headers.to_owned(), body),
            Act::AnswerLater(status, headers) => (status, headers(), Vec::new()),
            Act::Reset => {
                // Unread or not, the peer gets RST instead of FIN.
                stream.set_zero_linger()?;
                return Ok(());
            }
            Act::Hang => std::future::pending().await,
        };
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await?;
        stream.write_all(&body).await?;
    }
}

async fn read(stream: &mut TcpStream) -> io::Result<Received> {
    let mut bytes = Vec::new();
    let split = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut bytes).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let mut body = bytes.split_off(split);
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a length"));
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(Received {
        at: Instant::now(),
        head,
        body,
    })
}
