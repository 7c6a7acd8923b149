//! What handlers may be, and how each way to end shows in the span.

use std::fmt;

use aether_telemetry::socketio::{SocketTelemetry, traced, traced_connect};
use bytes::Bytes;
use opentelemetry::trace::{SpanKind, Status};
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, Data, Event, Extension, SocketRef, State, TryData};
use socketioxide::{SocketIo, TransportType};

use crate::client::Client;
use crate::server::{Observed, serve, serve_with};
use crate::spans::{Facts, Remote};

#[derive(Debug)]
struct Broken;

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the printer is on fire")
    }
}

async fn named_function(Data(text): Data<String>, ack: AckSender) -> Result<(), Broken> {
    if text == "good" {
        ack.send(&text).map_err(|_| Broken)
    } else {
        Err(Broken)
    }
}

#[tokio::test]
async fn an_error_fails_the_span_and_says_why() {
    let server = serve(|socket| socket.on("print", traced(named_function))).await;
    let mut client = Client::plain(server.port).await;
    assert_eq!(client.call(json!(["print", "good"])).await, json!(["good"]));
    client.emit(json!(["print", "bad"])).await;
    let spans = server.spans.several("process print", 2).await;
    assert_eq!(spans[0].error(), None);
    assert_eq!(spans[1].error().as_deref(), Some("handler_error"));
    assert_eq!(spans[1].status, Status::error("the printer is on fire"));
}

#[tokio::test]
async fn a_panic_fails_the_span_keeps_its_text_private_and_the_connection_open() {
    let server = serve(|socket| {
        socket.on(
            "boom",
            traced(async |Data(secret): Data<String>| {
                tokio::task::yield_now().await;
                panic!("{secret}");
            }),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["boom", "secret"])).await;
    let span = server.spans.named("process boom").await;
    assert_eq!(span.error().as_deref(), Some("panic"));
    assert!(!format!("{span:?}").contains("secret"), "{span:?}");
    client.is_quiet().await;
}

#[tokio::test]
async fn an_extractor_that_fails_is_named_and_the_handler_does_not_run() {
    let server = serve(|socket| {
        socket.on(
            "count",
            traced(async |Data(_): Data<u32>, ack: AckSender| ack.send("ran")),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["count", "secret"])).await;
    let span = server.spans.named("process count").await;
    assert_eq!(span.error().as_deref(), Some("extractor_error"));
    let Status::Error { description } = &span.status else {
        panic!("{span:?}")
    };
    assert!(description.contains("Data<u32>"), "{description}");
    assert!(!format!("{span:?}").contains("secret"), "{span:?}");
    client.is_quiet().await;
}

#[tokio::test]
async fn a_handler_that_is_dropped_ends_its_span_as_cancelled() {
    use std::sync::{Arc, Mutex};
    // A runtime of its own that is shut down while the handler waits for ever.
    let started = Arc::new(tokio::sync::Notify::new());
    let slot: Arc<Mutex<Option<crate::spans::Spans>>> = Arc::default();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (notify, spans) = (Arc::clone(&started), Arc::clone(&slot));
    runtime.spawn(async move {
        let server = serve(|socket| {
            socket.on(
                "wait",
                traced(async |socket: SocketRef| {
                    socket.emit("waiting", &()).ok();
                    std::future::pending::<()>().await;
                }),
            );
        })
        .await;
        *spans.lock().unwrap() = Some(server.spans.clone());
        let mut client = Client::plain(server.port).await;
        client.emit(json!(["wait"])).await;
        assert_eq!(client.event().await, json!(["waiting", null]));
        notify.notify_one();
        std::future::pending::<()>().await;
    });
    started.notified().await;
    runtime.shutdown_background();
    let spans = slot.lock().unwrap().clone().unwrap();
    assert_eq!(
        spans.named("process wait").await.error().as_deref(),
        Some("cancelled")
    );
}

#[tokio::test]
async fn every_number_of_extractors_works() {
    type S = SocketRef;
    type T = TransportType;
    type A = AckSender;
    let server = serve(|socket| {
        socket.extensions.insert(7_u8);
        socket.on("none", traced(async || {}));
        socket.on("one", traced(async |ack: A| ack.send("one")));
        socket.on(
            "five",
            traced(
                async |_: S,
                       Event(name): Event,
                       TryData(data): TryData<(u8, u8)>,
                       Extension(seven): Extension<u8>,
                       ack: A| { ack.send(&(name, data.ok(), seven)) },
            ),
        );
        socket.on(
            "sixteen",
            traced(
                async |_: S,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       _: T,
                       Data(data): Data<Value>,
                       ack: A| { ack.send(&data) },
            ),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["none"])).await;
    server.spans.named("process none").await;
    assert_eq!(client.call(json!(["one"])).await, json!(["one"]));
    assert_eq!(
        client.call(json!(["five", 1, 2])).await,
        json!(["five", [1, 2], 7])
    );
    assert_eq!(
        client.call(json!(["sixteen", {"a": 1}])).await,
        json!([{"a": 1}])
    );
}

#[tokio::test]
async fn every_kind_of_extractor_and_return_works() {
    let observed = Observed::new(SocketTelemetry::new());
    let options = SocketIo::builder().with_state(5_u8);
    let connect = traced_connect(
        observed.settings.clone(),
        async |socket: SocketRef, State(five): State<u8>, TryData(auth): TryData<Value>| {
            socket.on(
                "state",
                traced(async |State(state): State<u8>, ack: AckSender| ack.send(&state)),
            );
            socket.on(
                "binary",
                traced(
                    async |Data((text, bytes)): Data<(String, Bytes)>, ack: AckSender| {
                        ack.send(&(bytes, text))
                    },
                ),
            );
            socket.on(
                "bytes last",
                traced(async |ack: AckSender, Data(bytes): Data<Bytes>| {
                    ack.send(&bytes.len()).map_err(|error| error.to_string())
                }),
            );
            socket.on(
                "try",
                traced(async |TryData(number): TryData<u8>, ack: AckSender| {
                    ack.send(&number.is_ok()).ok();
                }),
            );
            socket.on_fallback(traced(
                async |Event(name): Event, Data(data): Data<Value>, ack: AckSender| {
                    ack.send(&(name, data))
                },
            ));
            (five == 5).then_some(()).ok_or_else(|| format!("{auth:?}"))
        },
    );
    let server = observed.serve_with(options, connect).await;
    let mut client = Client::plain(server.port).await;
    assert_eq!(client.call(json!(["state"])).await, json!([5]));
    assert_eq!(client.call(json!(["try", "text"])).await, json!([false]));
    assert_eq!(client.call(json!(["try", 7])).await, json!([true]));
    assert_eq!(
        client.call(json!(["other", {"a": 1}])).await,
        json!(["other", {"a": 1}])
    );
    let carrier = json!({"_trace": {"b3": Remote::new(1).b3()}});
    let bytes = json!({"_placeholder": true, "num": 0});
    for (id, event, head) in [
        (8, json!(["binary", "text", bytes, carrier]), "61-8"),
        (9, json!(["bytes last", bytes, carrier]), "39"),
    ] {
        client.send(format!("451-{id}{event}")).await;
        client.send_bytes(b"abc").await;
        let answer = client.packet().await;
        assert_eq!(answer.head, head);
        if id == 8 {
            assert_eq!(answer.attachments, [b"abc"]);
            assert_eq!(answer.body[1], json!("text"));
        } else {
            assert_eq!(answer.body, json!([3]));
        }
    }
    assert_eq!(server.spans.named("connect /").await.error(), None);
    for event in ["state", "binary", "bytes last", "try", "other"] {
        let span = server.spans.named(&format!("process {event}")).await;
        assert_eq!((span.error(), span.span_kind), (None, SpanKind::Server));
    }
}

#[tokio::test]
async fn a_fallback_handler_can_have_a_fixed_name() {
    let server = serve(|socket| {
        socket.on_fallback(
            traced(async |Event(name): Event, ack: AckSender| ack.send(&name)).named("unknown"),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    assert_eq!(client.call(json!(["made up"])).await, json!(["made up"]));
    let span = server.spans.named("process unknown").await;
    assert_eq!(
        span.attribute("messaging.destination.name").as_deref(),
        Some("unknown")
    );
}

#[tokio::test]
async fn a_declared_request_is_a_server_span() {
    let settings = aether_telemetry::socketio::SocketTelemetry::new().answers("ask", "answer");
    let server = serve_with(settings, |socket| socket.on("ask", traced(async || {}))).await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["ask"])).await;
    assert_eq!(
        server.spans.named("process ask").await.span_kind,
        SpanKind::Server
    );
}

#[tokio::test]
async fn a_traced_acknowledgement_is_noted_in_the_span() {
    let server = serve(|socket| {
        // The drop-in, by its other name.
        use aether_telemetry::socketio::extract::AckSender;
        let handler = async |ack: AckSender| ack.send("answer");
        socket.on("ask", traced(handler));
    })
    .await;
    let mut client = Client::plain(server.port).await;
    assert_eq!(client.call(json!(["ask"])).await, json!(["answer"]));
    client.emit(json!(["ask"])).await;
    let spans = server.spans.several("process ask", 2).await;
    let events: Vec<_> = spans
        .iter()
        .map(|span| {
            span.events
                .iter()
                .map(|event| &*event.name)
                .collect::<Vec<_>>()
        })
        .collect();
    assert_eq!(
        events,
        [vec!["ack"], vec![]],
        "without a wish for one there is none"
    );
}

#[tokio::test]
async fn a_long_event_name_is_shown_in_part() {
    let server = serve(|socket| socket.on_fallback(traced(async || {}))).await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["x".repeat(500)])).await;
    server
        .spans
        .named(&format!("process {}", "x".repeat(80)))
        .await;
}
