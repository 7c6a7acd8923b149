//! An OTLP receiver that does exactly what it is told, one script line per request.

use std::io;
use std::sync::Arc;
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsAcceptor;

use super::recorder::{Recorder, Stream, listen};

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Act {
    /// A status, more header lines, and a body.
    Answer(u16, &'static str, Vec<u8>),
    /// The same, with a header made when the request is there.
    AnswerLater(u16, fn() -> String),
    /// 413 for bodies of more bytes, 200 for others.
    AtMost(usize),
    /// A status and the beginning of a body that never ends.
    Stall(u16),
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
    recorder: Arc<Recorder<Act, Received>>,
}

impl Backend {
    /// Starts on a free port. After the script, every request is answered by `last`, or 418.
    pub async fn start(script: impl IntoIterator<Item = Act>, last: Option<Act>) -> Self {
        Self::listen(script, last, None).await
    }

    /// The same behind TLS. Handshakes that fail are no requests.
    pub async fn start_tls(
        script: impl IntoIterator<Item = Act>,
        last: Option<Act>,
        tls: TlsAcceptor,
    ) -> Self {
        Self::listen(script, last, Some(tls)).await
    }

    async fn listen(
        script: impl IntoIterator<Item = Act>,
        last: Option<Act>,
        tls: Option<TlsAcceptor>,
    ) -> Self {
        let scheme = if tls.is_some() { "https" } else { "http" };
        let recorder = Recorder::new(script, last);
        let log = Arc::clone(&recorder);
        let name = listen(tls, move |stream| {
            let log = Arc::clone(&log);
            // The end of a connection is no news.
            async move { drop(serve(stream, &log).await) }
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

    /// Waits until that many requests are there.
    pub async fn wait(&self, requests: usize) -> Vec<Received> {
        self.recorder.wait(requests).await
    }
}

impl Stream {
    async fn read(&mut self, bytes: &mut Vec<u8>) -> io::Result<()> {
        let read = match self {
            Self::Plain(stream) => stream.read_buf(bytes).await?,
            Self::Tls(stream) => stream.read_buf(bytes).await?,
        };
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        Ok(())
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(bytes).await,
            Self::Tls(stream) => {
                stream.write_all(bytes).await?;
                stream.flush().await
            }
        }
    }

    /// Unread or not, the peer gets RST instead of FIN.
    fn reset(self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.set_zero_linger(),
            Self::Tls(stream) => stream.get_ref().0.set_zero_linger(),
        }
    }
}

async fn serve(mut stream: Stream, log: &Recorder<Act, Received>) -> io::Result<()> {
    loop {
        let request = read(&mut stream).await?;
        let size = request.body.len();
        let act = log.record(request).unwrap_or_else(|| status(418));
        let (status, headers, body) = match act {
            Act::Answer(status, headers, body) => (status, headers.to_owned(), body),
            Act::AnswerLater(status, headers) => (status, headers(), Vec::new()),
            Act::AtMost(most) => {
                let status = if size > most { 413 } else { 200 };
                (status, String::new(), Vec::new())
            }
            Act::Stall(status) => {
                let head = format!("HTTP/1.1 {status} Scripted\r\ncontent-length: 9\r\n\r\n12345");
                stream.write(head.as_bytes()).await?;
                std::future::pending().await
            }
            Act::Reset => return stream.reset(),
            Act::Hang => std::future::pending().await,
        };
        let head = format!(
            "HTTP/1.1 {status} Scripted\r\n{headers}content-length: {}\r\n\r\n",
            body.len()
        );
        stream.write(head.as_bytes()).await?;
        stream.write(&body).await?;
    }
}

async fn read(stream: &mut Stream) -> io::Result<Received> {
    let mut bytes = Vec::new();
    let split = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        stream.read(&mut bytes).await?;
    };
    let mut body = bytes.split_off(split);
    let head = String::from_utf8_lossy(&bytes).to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().expect("a length"));
    while body.len() < length {
        stream.read(&mut body).await?;
    }
    Ok(Received {
        at: Instant::now(),
        head,
        body,
    })
}
