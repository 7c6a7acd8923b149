//! What the server is told to do: flags, environment variables, defaults.
//!
//! Every setting is a variable and a flag of the same name; the flag wins. `docs/settings.md` lists them all.

mod otel;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_telemetry::{BuildError, Telemetry};
use clap::{Args, Parser, Subcommand};

pub use otel::OtelSettings;

use crate::check::Check;
use crate::connections::Bounds;
use crate::guard::{BadToken, Origin, Token};
use crate::operate::Operation;
use crate::terminal::{Limits, Shell};

/// How long a client may take nothing of what is sent to it.
const TAKING: Duration = Duration::from_secs(60);

/// A terminal in the browser, with its traces.
#[derive(Debug, Parser)]
#[command(
    name = "aetherterm",
    version,
    args_conflicts_with_subcommands = true,
    max_term_width = 120
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    settings: Settings,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the terminal page (also done without a command).
    Serve(Box<Settings>),
    /// What concerns telemetry alone.
    #[command(subcommand)]
    Telemetry(TelemetryCommand),
}

#[derive(Debug, Subcommand)]
enum TelemetryCommand {
    /// Sends one span, one log record and one metric to every configured backend and says what each answered. Exit
    /// code 0: all accepted; 1: not all; 2: nothing could be sent (wrong settings, telemetry off, or no backend).
    Check(Box<Check>),
    /// Asks a server that runs.
    #[command(flatten)]
    Operate(Box<Operation>),
}

/// What the program was asked to do.
#[derive(Debug)]
pub enum Task {
    /// To serve the terminal page.
    Serve(Box<Settings>),
    /// To check the backends of telemetry.
    Check(Box<Check>),
    /// To ask a server that runs.
    Operate(Box<Operation>),
}

impl Cli {
    /// The task with its settings, wherever they stood.
    pub fn into_task(self) -> Task {
        match self.command {
            Some(Command::Serve(settings)) => Task::Serve(settings),
            Some(Command::Telemetry(TelemetryCommand::Check(check))) => Task::Check(check),
            Some(Command::Telemetry(TelemetryCommand::Operate(operation))) => {
                Task::Operate(operation)
            }
            None => Task::Serve(Box::new(self.settings)),
        }
    }
}

/// Settings of `aetherterm serve`.
#[derive(Debug, Clone, Args)]
pub struct Settings {
    /// Address and port to listen on. Port 0 takes a free one; the ready line tells which.
    #[arg(
        long = "aetherterm-listen",
        alias = "listen",
        env = "AETHERTERM_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:57575"
    )]
    pub listen: SocketAddr,

    /// Secret that opens the page: 16 to 512 of letters, digits and `-._~` [default: random, printed in the ready
    /// line]. Other users of this machine can read flags: prefer the variable.
    #[arg(long = "aetherterm-token", alias = "token", env = "AETHERTERM_TOKEN", hide_env_values = true, value_name = "TEXT", value_parser = TokenParser)]
    pub token: Option<Token>,

    /// Program that terminals run, with arguments after spaces [default: $SHELL, else /bin/sh].
    #[arg(
        long = "aetherterm-shell",
        alias = "shell",
        env = "AETHERTERM_SHELL",
        value_name = "COMMAND"
    )]
    pub shell: Option<String>,

    /// Folder for what outlives a restart, created when set; only this user may read it [default: none]. Telemetry that
    /// waits for its backends is in `telemetry` inside; `telemetry.toml` is the file of settings unless another is named.
    #[arg(
        long = "aetherterm-data-dir",
        alias = "data-dir",
        env = "AETHERTERM_DATA_DIR",
        value_name = "FOLDER"
    )]
    pub data_dir: Option<PathBuf>,

    /// Folder of the built page, the one with index.html [default: www/dist or www beside the program, else www/dist of
    /// the source tree it was built from].
    #[arg(
        long = "aetherterm-web-dir",
        alias = "web-dir",
        env = "AETHERTERM_WEB_DIR",
        value_name = "FOLDER"
    )]
    pub web_dir: Option<PathBuf>,

    /// Origins under which people reach this server through a proxy or by a name, separated by commas
    /// (https://term.example.org). IP addresses and localhost need none [default: none].
    #[arg(long = "aetherterm-public-origins", alias = "public-origins", env = "AETHERTERM_PUBLIC_ORIGINS", value_name = "ORIGINS", value_delimiter = ',', value_parser = parse_origin)]
    pub public_origins: Vec<Origin>,

    /// Most terminals that run at the same time.
    #[arg(long = "aetherterm-max-terminals", env = "AETHERTERM_MAX_TERMINALS", value_name = "COUNT", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub max_terminals: u16,

    /// Most pages that are connected at the same time (1 to 65535).
    #[arg(long = "aetherterm-max-connections", env = "AETHERTERM_MAX_CONNECTIONS", value_name = "COUNT", default_value = "256", value_parser = clap::value_parser!(u16).range(1..))]
    pub max_connections: u16,

    /// Most connections at the same time besides the WebSockets of pages (16 to 65535).
    #[arg(long = "aetherterm-max-sockets", env = "AETHERTERM_MAX_SOCKETS", value_name = "COUNT", default_value = "512", value_parser = clap::value_parser!(u16).range(16..))]
    pub max_sockets: u16,

    /// Most of these connections from one address, or one /64 network of IPv6 (8 to 65535). Behind a proxy all come
    /// from its address: there, as many as AETHERTERM_MAX_SOCKETS [default: three quarters of AETHERTERM_MAX_SOCKETS].
    #[arg(long = "aetherterm-max-sockets-per-address", env = "AETHERTERM_MAX_SOCKETS_PER_ADDRESS", value_name = "COUNT", value_parser = clap::value_parser!(u16).range(8..))]
    pub max_sockets_per_address: Option<u16>,

    /// Output kept per terminal for pages that come back, in bytes (4096 to 16777216).
    #[arg(long = "aetherterm-scrollback-bytes", env = "AETHERTERM_SCROLLBACK_BYTES", value_name = "BYTES", default_value = "262144", value_parser = clap::value_parser!(u32).range(4096..=16_777_216))]
    pub scrollback_bytes: u32,

    /// How long a terminal without a page lives on, in seconds (1 to 604800).
    #[arg(long = "aetherterm-orphan-timeout", env = "AETHERTERM_ORPHAN_TIMEOUT", value_name = "SECONDS", default_value = "600", value_parser = clap::value_parser!(u32).range(1..=604_800))]
    pub orphan_timeout: u32,

    /// How long a connection may take to send the head of a request, in seconds (1 to 600). One that is slower, or idle
    /// for so long between requests, is closed; open WebSockets are not meant.
    #[arg(long = "aetherterm-header-timeout", env = "AETHERTERM_HEADER_TIMEOUT", value_name = "SECONDS", default_value = "30", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub header_timeout: u16,

    /// What is logged to standard error: a level (error, warn, info, debug, trace) or directives such as
    /// info,aetherterm_backend=debug.
    #[arg(
        long = "aetherterm-log",
        alias = "log",
        env = "AETHERTERM_LOG",
        value_name = "FILTER",
        default_value = "info"
    )]
    pub log: String,

    /// Telemetry settings.
    #[command(flatten)]
    pub otel: OtelSettings,
}

impl Settings {
    /// The defaults, whatever the environment says. For tests and for programs that build the app themselves.
    ///
    /// # Panics
    /// Never: the defaults are part of this program.
    pub fn defaults() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 57575)),
            token: None,
            shell: None,
            data_dir: None,
            web_dir: None,
            public_origins: Vec::new(),
            max_terminals: 32,
            max_connections: 256,
            max_sockets: 512,
            max_sockets_per_address: None,
            scrollback_bytes: 262_144,
            orphan_timeout: 600,
            header_timeout: 30,
            log: "info".into(),
            otel: OtelSettings::default(),
        }
    }

    /// The program that terminals run. It does not see the variables that hold telemetry's secrets, those included that
    /// a settings file refers to, once telemetry was started.
    pub fn shell(&self) -> Shell {
        Shell::from_setting(self.shell.as_deref()).hiding(self.otel.referred())
    }

    /// What terminals there may be.
    pub fn limits(&self) -> Limits {
        Limits {
            terminals: usize::from(self.max_terminals),
            // 32 bits fit everywhere this can run.
            scrollback: usize::try_from(self.scrollback_bytes).unwrap_or(usize::MAX),
            orphan_timeout: Duration::from_secs(self.orphan_timeout.into()),
        }
    }

    /// What a connection may do.
    pub(crate) fn bounds(&self) -> Bounds {
        let connections = usize::from(self.max_sockets);
        Bounds {
            connections,
            of_one_address: self
                .max_sockets_per_address
                .map_or(connections / 4 * 3, usize::from),
            head: Duration::from_secs(self.header_timeout.into()),
            taking: TAKING,
        }
    }

    /// Starts the telemetry that these settings ask for. Where it cannot use one of them, it is off and has said so on
    /// standard error; its status holds the reason.
    ///
    /// # Errors
    /// The same, where `AETHER_TELEMETRY_STRICT` asks for it.
    pub fn start_telemetry(&self) -> Result<Telemetry, BuildError> {
        let mut builder = self.otel.builder().panic_hook(true);
        if let Some(dir) = &self.data_dir {
            builder = builder
                .default_queue_folder(dir.join("telemetry"))
                .default_config_file(dir.join("telemetry.toml"));
        }
        builder.build()
    }

    /// Where the built page may be, best first.
    pub fn web_dirs(&self) -> Vec<PathBuf> {
        if let Some(dir) = &self.web_dir {
            return vec![dir.clone()];
        }
        let beside = std::env::current_exe()
            .ok()
            .and_then(|program| program.parent().map(Path::to_owned));
        let mut dirs = Vec::new();
        if let Some(beside) = beside {
            dirs.push(beside.join("www").join("dist"));
            dirs.push(beside.join("www"));
        }
        if let Some(root) = Path::new(env!("CARGO_MANIFEST_DIR")).parent() {
            dirs.push(root.join("www").join("dist"));
        }
        dirs
    }
}

/// Reads the token without ever repeating it: clap's own message about a wrong value shows the value, and a secret with
/// one letter too many is still a secret.
#[derive(Clone)]
pub(crate) struct TokenParser;

impl clap::builder::TypedValueParser for TokenParser {
    type Value = Token;

    fn parse_ref(
        &self,
        command: &clap::Command,
        _: Option<&clap::Arg>,
        value: &std::ffi::OsStr,
    ) -> Result<Token, clap::Error> {
        let token = value
            .to_str()
            .map_or(Err(BadToken::BadCharacter), Token::parse);
        token.map_err(|bad| {
            let message = format!(
                "invalid value '****' for '--aetherterm-token <TEXT>' (AETHERTERM_TOKEN): {bad}\n"
            );
            clap::Error::raw(clap::error::ErrorKind::ValueValidation, message).with_cmd(command)
        })
    }
}

fn parse_origin(text: &str) -> Result<Origin, String> {
    Origin::parse(text.trim()).ok_or_else(|| {
        "is not an origin; write scheme, host and, if it is not the usual one, port: https://term.example.org".into()
    })
}

#[cfg(test)]
mod tests;
