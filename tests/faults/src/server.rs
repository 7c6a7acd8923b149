//! The program `aetherterm` as a process.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use serde_json::Value;

use crate::sink::Sink;
use crate::status::Status;
use crate::wait_for;

const TOKEN: &str = "0123456789abcdef-faults";

/// How a server is started, again and again on the same folder.
pub struct Setup {
    folder: PathBuf,
    settings: String,
    variables: Vec<(String, String)>,
}

impl Setup {
    /// Queues in a folder, and quick repetitions; `settings` stand before all destinations.
    pub fn new(folder: &Path, settings: &str) -> Self {
        let mut text = String::from(
            "store.mode = 'never'\nsampler.name = 'always_off'\n[retry]\ninitial_ms = 100\nmax_ms = 1000\n",
        );
        text.push_str(settings);
        text.push('\n');
        Self {
            folder: folder.to_owned(),
            settings: text,
            variables: Vec::new(),
        }
    }

    /// One more destination for traces, with more keys of its own.
    #[must_use]
    pub fn destination(mut self, name: &str, sink: &Sink, keys: &str) -> Self {
        let url = sink.url();
        let url = url.trim_end_matches("/v1/traces");
        writeln!(
            self.settings,
            "[[destination]]\nname = '{name}'\nendpoint = '{url}'\nsignals = ['traces']\ntimeout_ms = 2000\n{keys}"
        )
        .unwrap();
        self
    }

    /// Rules.
    #[must_use]
    pub fn routes(mut self, routes: &str) -> Self {
        self.settings.push_str(routes);
        self
    }

    /// A variable of the process.
    #[must_use]
    pub fn variable(mut self, name: &str, value: impl Into<String>) -> Self {
        self.variables.push((name.to_owned(), value.into()));
        self
    }

    /// Where the queues are.
    pub fn queue(&self) -> PathBuf {
        self.folder.join("telemetry")
    }

    fn command(&self, settings: &Path) -> Command {
        let program = std::env::var_os("AETHER_SERVER").expect(
            "AETHER_SERVER names the program: run these tests with `cargo xtask test faults`",
        );
        let mut command = Command::new(program);
        command
            .arg("serve")
            .env_clear()
            .envs(std::env::vars_os().filter(|(name, _)| name == "PATH" || name == "HOME"))
            .env("AETHERTERM_LISTEN", "127.0.0.1:0")
            .env("AETHERTERM_TOKEN", TOKEN)
            .env("AETHERTERM_DATA_DIR", &self.folder)
            .env("AETHER_TELEMETRY_CONFIG", settings)
            .env("AETHER_TELEMETRY_STRICT", "true")
            .envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Starts the program, and waits until it has read its queues.
    pub async fn start(&self) -> Server {
        let name = self.folder.file_name().unwrap().to_string_lossy();
        // Not in the folder: its disk may be full.
        let settings = tempfile::Builder::new()
            .prefix(&format!("{name}-"))
            .suffix(".toml")
            .tempfile()
            .unwrap();
        std::fs::write(settings.path(), &self.settings).unwrap();
        let mut child = self
            .command(settings.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let log = Arc::new(Mutex::new(String::new()));
        let stderr = child.stderr.take().unwrap();
        let reader = std::thread::spawn({
            let log = Arc::clone(&log);
            move || keep(stderr, &log)
        });
        let mut ready = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut ready).unwrap();
        let address = ready.strip_prefix("ready ");
        let address = address.and_then(|url| url.split("/?").next());
        let server = Server {
            url: address.unwrap_or_default().to_owned(),
            child,
            log,
            reader: Some(reader),
            client: client(),
        };
        assert!(!server.url.is_empty(), "no ready line; {}", server.log());
        wait_for("the queues are read", async || {
            (server.status().await.storage("state") != "opening").then_some(())
        })
        .await;
        server
    }
}

/// A running server. Killed when it is dropped.
pub struct Server {
    url: String,
    child: Child,
    log: Arc<Mutex<String>>,
    reader: Option<JoinHandle<()>>,
    client: reqwest::Client,
}

impl Server {
    /// Where traces are taken.
    pub fn traces(&self) -> String {
        format!("{}/v1/traces", self.url)
    }

    /// What it says about its telemetry.
    pub async fn status(&self) -> Status {
        let url = format!("{}/api/telemetry/status", self.url);
        let asked = self.client.get(url).bearer_auth(TOKEN).send().await;
        let answer = asked.unwrap_or_else(|error| panic!("{error:?}; {}", self.log()));
        assert_eq!(answer.status(), 200);
        let text = answer.text().await.unwrap();
        Status(serde_json::from_str::<Value>(&text).unwrap())
    }

    /// All that it has logged so far.
    pub fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends it as a power cut would, at once; what it has logged.
    pub fn kill(mut self) -> String {
        self.end();
        self.log()
    }

    fn end(&mut self) {
        // Fails only for a process that has ended, which is what is wanted.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads to the end, so that the program never waits for us to take its output.
fn keep(mut from: impl Read, log: &Mutex<String>) {
    let mut bytes = [0; 4096];
    while let Ok(read @ 1..) = from.read(&mut bytes) {
        let text = String::from_utf8_lossy(&bytes[..read]);
        log.lock().unwrap().push_str(&text);
    }
}

/// A client that may talk to the server.
pub fn client() -> reqwest::Client {
    // Fails where it is there already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = reqwest::Client::builder().tls_certs_only([]).no_proxy();
    builder.build().unwrap()
}

/// The header that lets a client in.
pub fn bearer() -> String {
    format!("Bearer {TOKEN}")
}
