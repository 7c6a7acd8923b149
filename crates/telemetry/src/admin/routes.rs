//! Rules: replaced, and tried on samples.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::{post, put};
use axum::{Json, Router};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::body::{self, Given};
use super::config::{blocking, change, part};
use super::{Admin, Problem};
use crate::otlp::json::to_protobuf;
use crate::{DryRun, LiveChange, LiveError, LiveProblem, LiveTerms, Signal};

/// Samples of one dry run.
const MAX_SAMPLES: usize = 16;
/// The field by which a request of a signal is known, in the order of the signals.
const FIELDS: [&str; 3] = ["resourceSpans", "resourceLogs", "resourceMetrics"];

#[derive(Debug, Serialize)]
struct Runs {
    runs: Vec<Run>,
}

#[derive(Debug, Serialize)]
struct Run {
    signal: Signal,
    /// Whether it came with the request, or was seen by this program.
    sample: &'static str,
    #[serde(flatten)]
    report: DryRun,
}

pub(super) fn router() -> Router<Admin> {
    Router::new()
        .route("/routes", put(replace))
        .route("/routes/dry-run", post(dry_run))
}

async fn replace(
    State(admin): State<Admin>,
    headers: HeaderMap,
    body: Given,
) -> Result<Response, Problem> {
    let terms = LiveTerms {
        if_match: body::condition(&headers)?,
        discard: false,
    };
    let mut parts = object(body::json(&headers, body)?)?;
    let Some(routes) = part(&mut parts, "routes")? else {
        return Err(Problem::bad("expected an object with `routes`"));
    };
    let wanted = LiveChange::Settings {
        destinations: None,
        routes: Some(routes),
    };
    change(&admin, wanted, terms).await
}

async fn dry_run(
    State(admin): State<Admin>,
    headers: HeaderMap,
    body: Given,
) -> Result<Json<Runs>, Problem> {
    let body = body::json_if_any(&headers, body)?;
    let mut parts = object(body.unwrap_or_else(|| Value::Object(Map::new())))?;
    let routes = match parts.get("routes") {
        Some(Value::String(toml)) => {
            let routes = crate::live::routes(toml)?;
            parts.remove("routes");
            Some(routes)
        }
        _ => part(&mut parts, "routes")?,
    };
    let samples = match part(&mut parts, "samples")? {
        Some(samples) => given(&samples)?,
        None => {
            let seen = Signal::ALL.into_iter().filter_map(|signal| {
                let body = admin.telemetry.last_sample(signal)?;
                Some((signal, "seen", body))
            });
            seen.collect()
        }
    };
    if let Some(key) = parts.keys().next() {
        return Err(Problem::bad(format!(
            "there is no key `{key}`; there are `routes` and `samples`"
        )));
    }
    let telemetry = admin.telemetry.clone();
    let runs = blocking(&admin, move |live| {
        if let (Some(routes), true) = (&routes, samples.is_empty()) {
            // What is wrong with rules is told where there is nothing to try them on, too.
            let change = LiveChange::Settings {
                destinations: None,
                routes: Some(routes.clone()),
            };
            let terms = LiveTerms {
                discard: true,
                ..LiveTerms::default()
            };
            live.check(&change, &terms)?;
        }
        let mut runs = Vec::with_capacity(samples.len());
        for (index, (signal, sample, body)) in samples.into_iter().enumerate() {
            let report = match &routes {
                Some(routes) => live.dry_run(routes, signal, &body)?,
                None => telemetry.dry_run(signal, &body),
            };
            let report = report.ok_or_else(|| wrong(index, "this is no OTLP request"))?;
            runs.push(Run {
                signal,
                sample,
                report,
            });
        }
        Ok(runs)
    });
    Ok(Json(Runs { runs: runs.await? }))
}

fn object(json: Value) -> Result<Map<String, Value>, Problem> {
    match json {
        Value::Object(parts) => Ok(parts),
        _ => Err(Problem::bad("expected an object")),
    }
}

/// Samples of a request as protobuf, each with its signal.
fn given(samples: &[Value]) -> Result<Vec<(Signal, &'static str, Bytes)>, Problem> {
    if samples.len() > MAX_SAMPLES {
        let told = format!("there may be {MAX_SAMPLES} samples at most");
        return Err(Problem::bad(told));
    }
    let samples = samples.iter().enumerate().map(|(index, sample)| {
        let signal = Signal::ALL.into_iter();
        let signal = signal
            .zip(FIELDS)
            .find(|(_, field)| sample.get(field).is_some());
        let (signal, _) = signal.ok_or_else(|| {
            wrong(
                index,
                "expected an OTLP/JSON request with resourceSpans, resourceLogs or resourceMetrics",
            )
        })?;
        let body = to_protobuf(signal, sample.to_string().as_bytes());
        let body = body.map_err(|error| wrong(index, &error))?;
        Ok((signal, "given", Bytes::from(body)))
    });
    samples.collect()
}

fn wrong(index: usize, remedy: &str) -> LiveError {
    LiveError::Invalid(vec![LiveProblem {
        pointer: format!("/samples/{index}"),
        place: format!("sample {}", index + 1),
        value: String::new(),
        remedy: remedy.to_owned(),
    }])
}
