//! Start and stop: the port, the ready line, the signals, the order in which things end.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_telemetry::Telemetry;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::app::{App, app};
use crate::connections;
use crate::guard::Token;
use crate::settings::Settings;

/// How long terminals may take to end.
const TERMINALS_END: Duration = Duration::from_secs(2);

/// How long open requests may take to end.
const REQUESTS_END: Duration = Duration::from_secs(1);

/// How long the last telemetry may take to be delivered.
const TELEMETRY_END: Duration = aether_telemetry::SHUTDOWN_TIMEOUT;

/// Why the server cannot run.
#[derive(Debug)]
pub enum ServeError {
    /// The address cannot be listened on.
    Listen(SocketAddr, io::Error),
    /// The data folder cannot be created.
    DataDir(PathBuf, io::Error),
    /// The system gives no random numbers for a token.
    Token(io::Error),
    /// Signals cannot be waited for.
    Signals(io::Error),
    /// The ready line cannot be written.
    Ready(io::Error),
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listen(address, error) if error.kind() == io::ErrorKind::AddrInUse => write!(
                f,
                "{address} is in use, perhaps by another aetherterm; stop it, or set AETHERTERM_LISTEN to another \
                 address (port 0 takes a free one)"
            ),
            Self::Listen(address, error) => {
                write!(
                    f,
                    "cannot listen on {address}: {error}; set AETHERTERM_LISTEN to an address of this machine"
                )
            }
            Self::DataDir(dir, error) => {
                write!(
                    f,
                    "AETHERTERM_DATA_DIR {} cannot be created: {error}",
                    dir.display()
                )
            }
            Self::Token(error) => {
                write!(
                    f,
                    "the system gives no random numbers: {error}; set AETHERTERM_TOKEN"
                )
            }
            Self::Signals(error) => write!(f, "cannot wait for signals: {error}"),
            Self::Ready(error) => {
                write!(f, "cannot write the ready line to standard output: {error}")
            }
        }
    }
}

impl std::error::Error for ServeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Listen(_, error)
            | Self::DataDir(_, error)
            | Self::Token(error)
            | Self::Signals(error)
            | Self::Ready(error) => Some(error),
        }
    }
}

/// Serves until SIGINT or SIGTERM. A second signal ends the process at once.
///
/// Prints one line to standard output when requests are answered: `ready http://127.0.0.1:57575/?token=…`.
///
/// # Errors
/// [`ServeError`], before anything is served.
pub async fn serve(mut settings: Settings, telemetry: Telemetry) -> Result<(), ServeError> {
    if let Some(dir) = &settings.data_dir {
        create_private(dir).map_err(|error| ServeError::DataDir(dir.clone(), error))?;
    }
    let stop = Stop::new().map_err(ServeError::Signals)?;
    let token = match settings.token.take() {
        Some(token) => token,
        None => Token::random().map_err(ServeError::Token)?,
    };
    let listen = |error| ServeError::Listen(settings.listen, error);
    let listener = TcpListener::bind(settings.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    if !address.ip().is_loopback() {
        tracing::warn!(
            %address,
            "listening beyond this machine: whoever has the token gets a shell, and without HTTPS in front the token \
             can be read on the way"
        );
    }
    settings.listen = address;
    let app = app(&settings, token.clone(), &telemetry);

    let (end, ended) = oneshot::channel::<()>();
    let server = connections::serve(listener, app.router.clone(), settings.bounds(), ended);
    let server = tokio::spawn(server);

    print_ready(address, &token).map_err(ServeError::Ready)?;
    stop.wait().await;
    tracing::info!("going down");
    stop_all(&app, end, server).await;
    let report = telemetry.shutdown(TELEMETRY_END).await;
    if !report.is_complete() {
        // Not through the log: its way out is what has just been closed.
        eprintln!("aetherterm: telemetry {report}");
    }
    Ok(())
}

async fn stop_all(app: &App, end: oneshot::Sender<()>, server: tokio::task::JoinHandle<()>) {
    app.shut_down(TERMINALS_END).await;
    // The server is gone already if nobody receives this.
    let _ = end.send(());
    match timeout(REQUESTS_END, server).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::warn!(%error, "the server's task failed"),
        Err(_) => tracing::debug!("some requests were still open"),
    }
}

/// Writes the one line that standard output ever gets.
fn print_ready(address: SocketAddr, token: &Token) -> io::Result<()> {
    // A person cannot open http://0.0.0.0/; the machine itself is reached by its loopback address.
    let shown = match address {
        SocketAddr::V4(address) if address.ip().is_unspecified() => {
            format!("127.0.0.1:{}", address.port())
        }
        SocketAddr::V6(address) if address.ip().is_unspecified() => {
            format!("[::1]:{}", address.port())
        }
        address => address.to_string(),
    };
    let mut out = io::stdout().lock();
    writeln!(out, "ready http://{shown}/?token={}", token.reveal())?;
    out.flush()
}

/// Creates a folder that only this user may read.
fn create_private(dir: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
}

/// The signals that end the server.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Waits for the first signal; from then on a second one ends the process at once.
    async fn wait(mut self) {
        self.next().await;
        tokio::spawn(async move {
            self.next().await;
            tracing::warn!("second signal: leaving at once");
            std::process::exit(130);
        });
    }
}
