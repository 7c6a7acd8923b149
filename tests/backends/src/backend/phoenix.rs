//! Arize Phoenix: takes traces, keeps them in SQLite, and is asked through its REST API.
//!
//! It keeps no resources, and no kind of a span: those fields of a [`Span`] stay empty.

use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::program;
use crate::otlp_json;
use crate::ports;
use crate::process::{Process, StartError};
use crate::scenario::client;
use crate::span::Span;
use crate::traces_only::TraceBackend;
use crate::wait::eventually;
use crate::ways::Port;

/// Names a Python that has it.
const PYTHON: &str = "AETHER_BACKEND_PHOENIX";
/// What it logs once both ports are open.
const READY: &str = "Uvicorn running on";
/// What it logs where the port for gRPC is taken; gRPC has words of its own for that.
const GRPC_PORT_TAKEN: &str = "Failed to bind to address";
/// Spans on one page of an answer, at most.
const PAGE_SIZE: usize = 1000;

/// It is more than a receiver. All that is not needed here is off: what would call other hosts,
/// what runs programs, and what lets others ask for that.
const SETTINGS: [(&str, &str); 13] = [
    ("PHOENIX_HOST", "127.0.0.1"),
    ("PHOENIX_TELEMETRY_ENABLED", "false"),
    ("PHOENIX_ALLOW_EXTERNAL_RESOURCES", "false"),
    ("PHOENIX_DISABLE_AGENT_ASSISTANT", "true"),
    ("PHOENIX_AGENTS_DISABLE_BASH", "true"),
    ("PHOENIX_AGENTS_DISABLE_WEB_ACCESS", "true"),
    ("PHOENIX_AGENTS_DISABLE_GITHUB", "true"),
    ("PHOENIX_AGENTS_ENABLE_MCP_CODE_MODE", "false"),
    ("PHOENIX_ENABLE_MCP_SERVER", "false"),
    ("PHOENIX_ENABLE_MCP_CODE_MODE", "false"),
    ("PHOENIX_ALLOWED_SANDBOX_PROVIDERS", "NONE"),
    ("PHOENIX_LOG_MIGRATIONS", "false"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
];

/// A running Phoenix. Dropping it ends it and removes its files, in this order.
#[derive(Debug)]
pub struct Phoenix {
    ports: [u16; 2],
    client: reqwest::Client,
    process: Process,
    _files: TempDir,
}

impl Phoenix {
    /// Starts one on free ports, and waits until it says that it is healthy.
    ///
    /// # Panics
    /// Where it does not start.
    pub async fn start() -> Self {
        let phoenix = ports::starting(async |ports| Self::start_at(ports)).await;
        eventually("Phoenix is healthy", async || {
            phoenix.get("/healthz").await.map(drop)
        })
        .await;
        phoenix
    }

    /// Starts one with HTTP (OTLP, queries and all else) and OTLP over gRPC at these ports.
    ///
    /// # Errors
    /// Where a port was taken, or it did not start for another reason.
    pub fn start_at(ports: [u16; 2]) -> Result<Self, StartError> {
        let files = TempDir::with_prefix("aether-phoenix-")
            .map_err(|error| StartError::Failed(format!("no temporary folder: {error}")))?;
        let [http, grpc] = ports;
        let mut command = Command::new(program(PYTHON));
        command.arg(script()).arg("serve");
        // Nothing that is set for another Phoenix.
        command.env_clear().envs(SETTINGS);
        command
            .env("HOME", files.path())
            .env("PHOENIX_WORKING_DIR", files.path())
            .env("PHOENIX_PORT", http.to_string())
            .env("PHOENIX_GRPC_PORT", grpc.to_string());
        let process = Process::run(&mut command, READY).map_err(|error| match error {
            StartError::Failed(log) if log.contains(GRPC_PORT_TAKEN) => StartError::PortTaken(log),
            error => error,
        })?;
        Ok(Self {
            ports,
            client: client(),
            process,
            _files: files,
        })
    }

    /// The number of one of its ports.
    #[must_use]
    pub fn port(&self, port: Port) -> u16 {
        match port {
            Port::Http => self.ports[0],
            Port::Grpc => self.ports[1],
        }
    }

    async fn get(&self, path: &str) -> Result<String, String> {
        let url = format!("{}{path}", self.endpoint(Port::Http));
        let response = self.client.get(&url).send().await;
        let response = response.map_err(|error| format!("{url}: {error}"))?;
        let status = response.status();
        let body = response.text().await;
        let body = body.map_err(|error| format!("{url}: {error}"))?;
        match status.is_success() {
            true => Ok(body),
            false => Err(format!("{url}: {status} {body}")),
        }
    }
}

impl TraceBackend for Phoenix {
    fn endpoint(&self, port: Port) -> String {
        format!("http://127.0.0.1:{}", self.port(port))
    }

    /// By `/v1/projects/default/spans/otlpv1`.
    async fn trace(&self, trace_id: &str) -> Result<Vec<Span>, String> {
        let path =
            format!("/v1/projects/default/spans/otlpv1?trace_id={trace_id}&limit={PAGE_SIZE}");
        let body = self.get(&path).await?;
        let answer: Value =
            serde_json::from_str(&body).map_err(|error| format!("{path}: {error} in {body}"))?;
        if !answer["next_cursor"].is_null() {
            return Err(format!("{path}: more than {PAGE_SIZE} spans"));
        }
        Ok(spans(&answer))
    }

    fn log(&self) -> String {
        self.process.log()
    }
}

/// Starts it on the loopback address only.
fn script() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("phoenix/serve.py")
}

/// Its answer is a list of spans in OTLP's JSON, but with names as in the protobuf definition, and
/// with every kind of value in each value, all but one of them null.
fn spans(answer: &Value) -> Vec<Span> {
    let spans = camel_case(&answer["data"]);
    let found = otlp_json::spans(&json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}));
    let without_kind = |span| Span {
        // It says `SPAN_KIND_INTERNAL` for each, whatever it was sent.
        kind: String::new(),
        ..span
    };
    found.into_iter().map(without_kind).collect()
}

/// `{"span_id": "ab", "flags": null}` → `{"spanId": "ab"}`, at every depth.
fn camel_case(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(camel_case).collect(),
        Value::Object(fields) => {
            let set = fields.iter().filter(|(_, value)| !value.is_null());
            set.map(|(name, value)| (camel_name(name), camel_case(value)))
                .collect()
        }
        other => other.clone(),
    }
}

fn camel_name(name: &str) -> String {
    let mut words = name.split('_');
    let mut text = words.next().unwrap_or_default().to_owned();
    for word in words {
        let mut letters = word.chars();
        text.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        text.push_str(letters.as_str());
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_becomes_spans() {
        let answer = json!({"next_cursor": null, "data": [{
            "trace_id": "ab", "span_id": "cd", "parent_span_id": null, "name": "n",
            "kind": "SPAN_KIND_INTERNAL", "status": {"code": 2, "message": null},
            "start_time_unix_nano": 5, "end_time_unix_nano": 7, "flags": null,
            "attributes": [{"key": "snake_case", "value": {
                "array_value": null, "bool_value": null, "int_value": 9_007_199_254_740_993_i64,
            }}],
            "events": [{"name": "late_one", "attributes": []}],
        }]});
        let expected = Span {
            trace_id: "ab".to_owned(),
            span_id: "cd".to_owned(),
            name: "n".to_owned(),
            start: 5,
            end: 7,
            attributes: [("snake_case".to_owned(), json!(9_007_199_254_740_993_i64))].into(),
            events: vec!["late_one".to_owned()],
            failed: true,
            ..Span::default()
        };
        assert_eq!(spans(&answer), [expected]);
    }
}
