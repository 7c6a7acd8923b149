//! The OpenTelemetry Collector: takes every signal over HTTP and gRPC, writes each to a file.
//!
//! It is read back by its file exporter, one OTLP message in JSON per line.

use std::fs;
use std::path::PathBuf;

use aether_telemetry::Signal;
use serde_json::Value;
use tempfile::TempDir;

use super::{READY, program};
use crate::otlp_json::{self, Point, Record};
use crate::ports;
use crate::process::{Process, StartError};
use crate::span::Span;
use crate::ways::Port;

const PROGRAM: &str = "AETHER_BACKEND_OTELCOL";

/// Where a collector is to listen, and what it is to demand.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// Port for OTLP over HTTP.
    pub http: u16,
    /// Port for OTLP over gRPC.
    pub grpc: u16,
    /// Without `authorization: Bearer <token>` it answers 401.
    pub token: Option<String>,
}

/// A running collector.
#[derive(Debug)]
pub struct Collector {
    plan: Plan,
    files: TempDir,
    process: Process,
}

impl Collector {
    /// Starts one on free ports.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start(token: Option<&str>) -> Self {
        ports::starting(async |[http, grpc]| {
            Self::start_as(Plan {
                http,
                grpc,
                token: token.map(str::to_owned),
            })
        })
        .await
    }

    /// Starts one as planned.
    ///
    /// # Errors
    /// Where a port was taken, or it did not start for another reason.
    pub fn start_as(plan: Plan) -> Result<Self, StartError> {
        let files = TempDir::with_prefix("aether-otelcol-")
            .map_err(|error| StartError::Failed(format!("no temporary folder: {error}")))?;
        let config = files.path().join("config.yaml");
        fs::write(&config, configuration(&plan, &files))
            .map_err(|error| StartError::Failed(format!("{}: {error}", config.display())))?;
        let config = format!("file:{}", config.display());
        let process = Process::start(&program(PROGRAM), &["--config", &config], READY)?;
        Ok(Self {
            plan,
            files,
            process,
        })
    }

    /// The base endpoint for one of its ports.
    #[must_use]
    pub fn endpoint(&self, port: Port) -> String {
        let port = match port {
            Port::Http => self.plan.http,
            Port::Grpc => self.plan.grpc,
        };
        format!("http://127.0.0.1:{port}")
    }

    /// The spans of one trace, so far.
    #[must_use]
    pub fn trace(&self, trace_id: &str) -> Vec<Span> {
        let messages = self.messages(Signal::Traces).into_iter();
        let spans = messages.flat_map(|message| otlp_json::spans(&message));
        spans.filter(|span| span.trace_id == trace_id).collect()
    }

    /// The log records of one trace, so far.
    #[must_use]
    pub fn records(&self, trace_id: &str) -> Vec<Record> {
        let messages = self.messages(Signal::Logs).into_iter();
        let records = messages.flat_map(|message| otlp_json::records(&message));
        records
            .filter(|record| record.trace_id == trace_id)
            .collect()
    }

    /// Every data point, so far.
    #[must_use]
    pub fn points(&self) -> Vec<Point> {
        let messages = self.messages(Signal::Metrics).into_iter();
        messages.flat_map(|m| otlp_json::points(&m)).collect()
    }

    /// The end of its log.
    #[must_use]
    pub fn log(&self) -> String {
        self.process.log()
    }

    fn messages(&self, signal: Signal) -> Vec<Value> {
        // The file is there from the start. A line that is still being written is none yet.
        let text = fs::read_to_string(output(&self.files, signal)).unwrap_or_default();
        let complete = text.rsplit_once('\n').map_or("", |(lines, _)| lines);
        let lines = complete.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("lines are JSON"))
            .collect()
    }
}

fn output(files: &TempDir, signal: Signal) -> PathBuf {
    files.path().join(format!("{signal}.jsonl"))
}

fn configuration(plan: &Plan, files: &TempDir) -> String {
    let Plan { http, grpc, token } = plan;
    let auth = match token {
        Some(_) => "\n        auth: {authenticator: bearertokenauth}",
        None => "",
    };
    let (extensions, names) = match token {
        Some(token) => (
            format!("extensions:\n  bearertokenauth: {{scheme: Bearer, token: '{token}'}}\n"),
            "bearertokenauth",
        ),
        None => (String::new(), ""),
    };
    let mut exporters = String::new();
    let mut pipelines = String::new();
    for signal in Signal::ALL {
        let path = output(files, signal);
        let path = path.display();
        exporters.push_str(&format!(
            "  file/{signal}: {{path: '{path}', flush_interval: 50ms}}\n"
        ));
        pipelines.push_str(&format!(
            "    {signal}: {{receivers: [otlp], exporters: [file/{signal}]}}\n"
        ));
    }
    format!(
        "\
{extensions}receivers:
  otlp:
    protocols:
      http:
        endpoint: 127.0.0.1:{http}{auth}
      grpc:
        endpoint: 127.0.0.1:{grpc}{auth}
exporters:
{exporters}service:
  extensions: [{names}]
  telemetry:
    metrics: {{level: none}}
  pipelines:
{pipelines}"
    )
}
