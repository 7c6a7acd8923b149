//! The program itself: its one line, its messages, its end.
#![allow(
    clippy::unwrap_used,
    reason = "a test ends where something is not as it should be"
)]

mod support;

use std::process::Stdio;
use std::time::Duration;

use serde_json::json;
use support::{Client, TOKEN};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_aetherterm"));
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("AETHERTERM_LISTEN", "127.0.0.1:0")
        .env("AETHERTERM_SHELL", "/bin/sh")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

struct Running {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    ready: String,
}

async fn start(command: &mut Command) -> Running {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = timeout(PATIENCE, lines.next_line())
        .await
        .expect("it is ready in time")
        .unwrap();
    Running {
        child,
        lines,
        ready: line.expect("one line"),
    }
}

impl Running {
    fn address(&self) -> std::net::SocketAddr {
        let url = self
            .ready
            .strip_prefix("ready http://")
            .expect("the ready line");
        url.split_once("/?token=")
            .expect("an address with a token")
            .0
            .parse()
            .unwrap()
    }

    /// Sends SIGTERM and gives the exit code and standard error. Nothing more may be on standard output.
    async fn stop(mut self) -> (Option<i32>, String) {
        let pid =
            rustix::process::Pid::from_raw(self.child.id().unwrap().try_into().unwrap()).unwrap();
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
        let mut log = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        timeout(PATIENCE, stderr.read_to_string(&mut log))
            .await
            .expect("it ends in time")
            .unwrap();
        let status = self.child.wait().await.unwrap();
        assert_eq!(self.lines.next_line().await.unwrap(), None, "one line only");
        (status.code(), log)
    }
}

/// Runs a program that should not start, and gives its exit code and what it says.
async fn failing(command: &mut Command) -> (Option<i32>, String) {
    let output = timeout(PATIENCE, command.output())
        .await
        .expect("it ends in time")
        .unwrap();
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "",
        "nothing on standard output"
    );
    (
        output.status.code(),
        String::from_utf8_lossy(&output.stderr).into_owned(),
    )
}

#[tokio::test]
async fn it_serves_shells_that_know_nothing_of_its_secrets_and_ends_when_told() {
    let mut command = program();
    command
        .env("AETHERTERM_TOKEN", TOKEN)
        .env("OTEL_EXPORTER_OTLP_HEADERS", "authorization=SECRET")
        .env("OTEL_SERVICE_NAME", "SECRET-too")
        .env("DD_API_KEY", "SECRET-key")
        .env("KEPT", "kept");
    let running = start(&mut command).await;
    assert!(
        running.ready.ends_with(&format!("/?token={TOKEN}")),
        "{}",
        running.ready
    );
    let mut client = Client::connect(running.address(), None).await;
    let id = client.create().await;
    client.type_in(&id, "env; echo end-$((1+1))\r").await;
    let output = client.output_until(&id, "end-2").await;
    assert!(output.contains("KEPT=kept") && output.contains("TERM=xterm-256color"));
    for secret in [TOKEN, "SECRET", "AETHERTERM_", "OTEL_", "DD_API_KEY"] {
        assert!(
            !output.contains(secret),
            "{secret} is in the shell's environment"
        );
    }
    let (code, log) = {
        let stop = running.stop();
        let told = client.wait_for("terminal:closed");
        let (stopped, told) = tokio::join!(stop, told);
        assert_eq!(
            told.data(),
            &json!({"terminalId": id, "reason": "shutdown", "exitCode": told.data()["exitCode"]})
        );
        stopped
    };
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains(TOKEN) && !log.contains("SECRET"), "{log}");
}

#[tokio::test]
async fn without_a_token_it_makes_one() {
    let (one, two) = (start(&mut program()).await, start(&mut program()).await);
    let token = |running: &Running| running.ready.split_once("token=").unwrap().1.to_owned();
    assert_eq!(token(&one).len(), 64);
    assert_ne!(token(&one), token(&two));
    assert_eq!(one.stop().await.0, Some(0));
    assert_eq!(two.stop().await.0, Some(0));
}

#[tokio::test]
async fn what_is_wrong_is_said_with_what_to_do() {
    let running = start(&mut program()).await;
    let taken = running.address().to_string();
    let cases = [
        (
            "AETHERTERM_LISTEN",
            taken.as_str(),
            &["is in use", "AETHERTERM_LISTEN"][..],
        ),
        ("AETHERTERM_LISTEN", "here", &["--aetherterm-listen"]),
        ("AETHERTERM_TOKEN", "tooshort", &["at least 16 characters"]),
        ("AETHERTERM_LOG", "=,=", &["AETHERTERM_LOG"]),
        (
            "AETHERTERM_DATA_DIR",
            "/dev/null/x",
            &["AETHERTERM_DATA_DIR", "/dev/null/x"],
        ),
        (
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            "nonsense",
            &["OTEL_EXPORTER_OTLP_ENDPOINT"],
        ),
    ];
    for (name, value, expected) in cases {
        let mut command = program();
        command
            .env("AETHER_TELEMETRY_STRICT", "true")
            .env(name, value);
        let (code, message) = failing(&mut command).await;
        assert!(
            matches!(code, Some(1 | 2)),
            "{name}={value} ends with {code:?}"
        );
        for part in expected {
            assert!(
                message.contains(part),
                "{name}={value}: {message:?} should contain {part:?}"
            );
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn a_wrong_setting_of_telemetry_is_said_and_the_terminal_works() {
    let mut command = program();
    command
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", "http://me:SECRET@box:14268")
        .env("AETHERTERM_TOKEN", TOKEN);
    let running = start(&mut command).await;
    let mut client = Client::connect(running.address(), None).await;
    let id = client.create().await;
    client.type_in(&id, "echo works-$((1+1))\r").await;
    client.output_until(&id, "works-2").await;
    let (code, log) = running.stop().await;
    assert_eq!(code, Some(0));
    assert!(log.contains("telemetry is off"), "{log}");
    assert!(
        log.contains("OTEL_EXPORTER_OTLP_ENDPOINT=http://****@box:14268"),
        "{log}"
    );
    assert!(!log.contains("SECRET"), "{log}");
}

#[tokio::test]
async fn what_a_settings_file_refers_to_stays_from_shells() {
    let name = format!("aetherterm-settings-{}.toml", std::process::id());
    let file = std::env::temp_dir().join(name);
    std::fs::write(
        &file,
        "exporter.otlp.headers.key = { env = \"KEY_OF_TEST\" }\nresource.service_name = \"named\"\n",
    )
    .unwrap();
    let mut command = program();
    command
        .env("AETHERTERM_TOKEN", TOKEN)
        .env("AETHER_TELEMETRY_CONFIG", &file)
        .env("KEY_OF_TEST", "SECRET")
        .env("KEPT", "kept");
    let running = start(&mut command).await;
    std::fs::remove_file(&file).unwrap();
    let mut client = Client::connect(running.address(), None).await;
    let id = client.create().await;
    client
        .type_in(&id, "echo ${KEPT}:${KEY_OF_TEST}:$((1+1))\r")
        .await;
    client.output_until(&id, "kept::2").await;
    assert_eq!(running.stop().await.0, Some(0));
}

#[tokio::test]
async fn it_works_without_telemetry() {
    for (name, value) in [("OTEL_ENABLED", "false"), ("OTEL_SDK_DISABLED", "true")] {
        let running = start(program().env(name, value).env("AETHERTERM_TOKEN", TOKEN)).await;
        let mut client = Client::connect(running.address(), None).await;
        let id = client.create().await;
        client.type_in(&id, "echo works-$((1+1))\r").await;
        client.output_until(&id, "works-2").await;
        assert_eq!(running.stop().await.0, Some(0));
    }
}

#[tokio::test]
async fn telemetry_that_cannot_be_delivered_is_said_in_time() {
    // A port that nobody listens on: it was free a moment ago.
    let nobody = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut command = program();
    command
        .env("AETHERTERM_TOKEN", TOKEN)
        .env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{nobody}"));
    let running = start(&mut command).await;
    let mut client = Client::connect(running.address(), None).await;
    client.create().await;
    let started = std::time::Instant::now();
    let (code, log) = running.stop().await;
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("not delivered") && log.contains("traces"),
        "{log}"
    );
    assert!(
        started.elapsed() < Duration::from_secs(10),
        "{:?}",
        started.elapsed()
    );
}
