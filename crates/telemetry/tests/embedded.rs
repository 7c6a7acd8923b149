//! From a span to the query API with nothing configured. Providers are global, so this file holds
//! one test.

mod support;

use aether_telemetry::Telemetry;
use opentelemetry::trace::{TraceContextExt, Tracer};
use opentelemetry::{Context, global};
use serde_json::Value;
use support::{PATIENCE, config, get, wait_for};
use tracing_subscriber::prelude::*;

fn parent(span: &Value) -> Option<&str> {
    span["references"].as_array()?.first()?["spanID"].as_str()
}

/// Spans of both APIs nest in one another, are in the store without anybody flushing, and a
/// shutdown hands over the rest.
#[test]
fn spans_reach_the_store() {
    // Built and used outside any runtime.
    let telemetry = Telemetry::builder()
        .default_service_name("embedded-test")
        .default_service_version("1.2.3")
        .config(config(&[]))
        .build()
        .unwrap();
    let trace_id = tracing::subscriber::with_default(
        tracing_subscriber::registry().with(telemetry.tracing_layer()),
        || {
            let tracer = global::tracer("app");
            let outer = Context::current_with_span(tracer.start("outer"));
            let _attached = outer.clone().attach();
            tracing::info_span!("inner", answer = 42).in_scope(|| {
                tracing::info!("it happened");
                tracing::debug_span!("too fine").in_scope(|| {
                    tracer.in_span("innermost", |_| {});
                });
            });
            // The transport's own spans say nothing about the application, but name the session.
            tracing::info_span!(target: "socketioxide::socket", "on_connect", sid = "secret")
                .in_scope(|| tracer.in_span("connected", |_| {}));
            outer.span().span_context().trace_id().to_string()
        },
    );

    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let spans = || telemetry.status().store.unwrap().spans;
        wait_for("the spans are in the store", || {
            (spans() == 4).then_some(())
        })
        .await;
        let path = format!("/traces/{trace_id}");
        let (_, found) = get(&telemetry.query_router(), &path).await;
        let trace = &found["data"][0];
        let named = |name: &str| {
            let spans = trace["spans"].as_array().unwrap();
            let found = spans.iter().find(|span| span["operationName"] == name);
            found.unwrap_or_else(|| panic!("no span {name}: {trace:#}"))
        };
        let (outer, inner, innermost) = (named("outer"), named("inner"), named("innermost"));
        assert_eq!(parent(outer), None);
        assert_eq!(parent(inner), outer["spanID"].as_str());
        assert_eq!(parent(innermost), inner["spanID"].as_str());
        assert_eq!(parent(named("connected")), outer["spanID"].as_str());
        let events = inner["logs"].as_array().unwrap();
        assert_eq!(events[0]["fields"][0]["value"], "it happened");
        let tags = inner["tags"].as_array().unwrap();
        assert!(
            tags.iter()
                .any(|tag| tag["key"] == "answer" && tag["value"] == 42)
        );

        let process = &trace["processes"]["p1"];
        assert_eq!(process["serviceName"], "embedded-test");
        let tags = process["tags"].as_array().unwrap();
        for key in [
            "service.version",
            "service.instance.id",
            "host.name",
            "process.pid",
            "telemetry.sdk.name",
        ] {
            assert!(tags.iter().any(|tag| tag["key"] == key), "{key}: {tags:?}");
        }

        global::tracer("app").in_span("last words", |_| {});
        let report = telemetry.shutdown(PATIENCE).await;
        assert!(report.is_complete() && report.stopped);
        assert_eq!(spans(), 5);
    });
}
