//! Jaeger v2: takes traces, keeps them in memory, and is asked through its query API.

use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::{READY, program};
use crate::otlp_json;
use crate::ports;
use crate::process::{Process, StartError};
use crate::scenario::client;
use crate::span::Span;
use crate::traces_only::TraceBackend;
use crate::ways::Port;

const PROGRAM: &str = "AETHER_BACKEND_JAEGER";

/// A running Jaeger.
#[derive(Debug)]
pub struct Jaeger {
    ports: [u16; 4],
    client: reqwest::Client,
    _files: TempDir,
    process: Process,
}

impl Jaeger {
    /// Starts one on free ports.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start() -> Self {
        ports::starting(async |ports| Self::start_at(ports)).await
    }

    /// Starts one with OTLP over HTTP and gRPC, and queries over HTTP and gRPC, at these ports.
    ///
    /// # Errors
    /// Where a port was taken, or it did not start for another reason.
    pub fn start_at(ports: [u16; 4]) -> Result<Self, StartError> {
        let files = TempDir::with_prefix("aether-jaeger-")
            .map_err(|error| StartError::Failed(format!("no temporary folder: {error}")))?;
        let config = files.path().join("config.yaml");
        fs::write(&config, configuration(ports))
            .map_err(|error| StartError::Failed(format!("{}: {error}", config.display())))?;
        let config = format!("file:{}", config.display());
        Ok(Self {
            ports,
            client: client(),
            _files: files,
            process: Process::start(&program(PROGRAM), &["--config", &config], READY)?,
        })
    }

    /// Names of all services, by `/api/v3/services`.
    ///
    /// # Errors
    /// What it answered instead.
    pub async fn services(&self) -> Result<Vec<String>, String> {
        let answer = self.get("/api/v3/services").await?;
        let names = answer["services"].as_array().into_iter().flatten();
        Ok(names.filter_map(Value::as_str).map(str::to_owned).collect())
    }

    async fn get(&self, path: &str) -> Result<Value, String> {
        let url = format!("http://127.0.0.1:{}{path}", self.ports[2]);
        let response = self.client.get(&url).send().await;
        let response = response.map_err(|error| format!("{url}: {error}"))?;
        let status = response.status();
        let body = response
            .text()
            .await
            .map_err(|error| format!("{url}: {error}"))?;
        if !status.is_success() {
            return Err(format!("{url}: {status} {body}"));
        }
        serde_json::from_str(&body).map_err(|error| format!("{url}: {error} in {body}"))
    }
}

impl TraceBackend for Jaeger {
    fn endpoint(&self, port: Port) -> String {
        let port = match port {
            Port::Http => self.ports[0],
            Port::Grpc => self.ports[1],
        };
        format!("http://127.0.0.1:{port}")
    }

    /// By `/api/v3/traces/{id}`.
    async fn trace(&self, trace_id: &str) -> Result<Vec<Span>, String> {
        let answer = self.get(&format!("/api/v3/traces/{trace_id}")).await?;
        Ok(otlp_json::spans(&answer["result"]))
    }

    fn log(&self) -> String {
        self.process.log()
    }
}

fn configuration(ports: [u16; 4]) -> String {
    let [otlp_http, otlp_grpc, query_http, query_grpc] = ports;
    format!(
        "\
receivers:
  otlp:
    protocols:
      http: {{endpoint: '127.0.0.1:{otlp_http}'}}
      grpc: {{endpoint: '127.0.0.1:{otlp_grpc}'}}
exporters:
  jaeger_storage_exporter: {{trace_storage: memory}}
extensions:
  jaeger_storage:
    backends:
      memory: {{memory: {{max_traces: 1000}}}}
  jaeger_query:
    storage: {{traces: memory}}
    http: {{endpoint: '127.0.0.1:{query_http}'}}
    grpc: {{endpoint: '127.0.0.1:{query_grpc}'}}
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry:
    metrics: {{level: none}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [jaeger_storage_exporter]}}
"
    )
}
