//! Handshakes and their end.

use std::sync::{Arc, Mutex};

use aether_telemetry::socketio::{
    SocketTelemetry, TracedEmit, traced, traced_connect, traced_disconnect,
};
use opentelemetry::trace::SpanKind;
use opentelemetry_sdk::trace::SpanData;
use serde_json::{Value, json};
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, Extension, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::socket::DisconnectReason;
use tokio::sync::mpsc;

use crate::client::Client;
use crate::server::{Observed, Server, serve};
use crate::spans::{Facts, Remote, until};

#[tokio::test]
async fn neither_middleware_nor_handler_see_the_carrier_and_the_span_covers_both() {
    let observed = Observed::new(SocketTelemetry::new());
    let seen: Arc<Mutex<Vec<Value>>> = Arc::default();
    let (middleware, handler) = (Arc::clone(&seen), Arc::clone(&seen));
    let span_id = || {
        use opentelemetry::trace::TraceContextExt;
        opentelemetry::Context::current()
            .span()
            .span_context()
            .span_id()
            .to_string()
    };
    let connect = traced_connect(
        observed.settings.clone(),
        async move |socket: SocketRef, Data(auth): Data<Value>| {
            handler.lock().unwrap().push(json!([auth, span_id()]));
            socket.emit("welcome", &()).ok();
        },
    )
    .with(async move |Data(auth): Data<Value>| {
        middleware.lock().unwrap().push(json!([auth, span_id()]));
        Ok::<_, std::convert::Infallible>(())
    });
    let server = observed.serve(connect).await;
    let remote = Remote::new(1);
    let auth = json!({"token": 1.50, "_trace": {"b3": remote.b3()}, "z": null});
    let mut client = Client::connect(server.port, "/", &auth).await;
    assert_eq!(
        client.event().await,
        json!(["welcome", null]),
        "and nothing about carriers"
    );

    let span = server.spans.named("connect /").await;
    assert_eq!(span.span_kind, SpanKind::Server);
    assert_eq!((span.trace(), span.parent()), (remote.trace, remote.span));
    assert_eq!(span.attribute("socketio.namespace").as_deref(), Some("/"));
    assert_eq!(
        span.attribute("socketio.transport").as_deref(),
        Some("websocket")
    );
    let own = json!({"token": 1.50, "z": null});
    assert_eq!(
        *seen.lock().unwrap(),
        [json!([own, span.id()]), json!([own, span.id()])]
    );
}

#[tokio::test]
async fn middlewares_run_in_the_usual_order_and_a_refusal_ends_the_span() {
    let observed = Observed::new(SocketTelemetry::new());
    let order: Arc<Mutex<Vec<u8>>> = Arc::default();
    let step = |number: u8, allow: bool| {
        let order = Arc::clone(&order);
        async move |socket: SocketRef| {
            order.lock().unwrap().push(number);
            socket.extensions.insert(number);
            if allow { Ok(()) } else { Err("go away") }
        }
    };
    let connect = traced_connect(
        observed.settings.clone(),
        async |Extension(_): Extension<u8>| {},
    )
    .with(step(1, false))
    .with(step(2, true));
    let server = observed.serve(connect).await;
    let mut client = Client::open(server.port, "/").await;
    client.join(&json!({})).await;
    let refusal = client.packet().await;
    assert_eq!(
        (refusal.head.as_str(), refusal.body),
        ("4", json!({"message": "go away"}))
    );
    assert_eq!(*order.lock().unwrap(), [2, 1]);
    let span = server.spans.named("connect /").await;
    assert_eq!(span.error().as_deref(), Some("rejected"));
    assert_eq!(server.io.sockets().len(), 0);
}

#[tokio::test]
async fn failures_of_a_connect_handler_are_told_apart() {
    async fn connect_to(case: &'static str) -> Option<String> {
        let observed = Observed::new(SocketTelemetry::new());
        let settings = observed.settings.clone();
        let server = match case {
            "extractor" => {
                observed
                    .serve(traced_connect(settings, async |_: Extension<u128>| {}))
                    .await
            }
            "panic" => {
                observed
                    .serve(traced_connect(settings, async || panic!("boom")))
                    .await
            }
            "error" => {
                observed
                    .serve(traced_connect(settings, async || Err::<(), _>("no")))
                    .await
            }
            _ => observed.serve(traced_connect(settings, async || {})).await,
        };
        let _client = Client::connect(server.port, "/", &json!({})).await;
        server.spans.named("connect /").await.error()
    }
    assert_eq!(
        connect_to("extractor").await.as_deref(),
        Some("extractor_error")
    );
    assert_eq!(connect_to("panic").await.as_deref(), Some("panic"));
    assert_eq!(connect_to("error").await.as_deref(), Some("handler_error"));
    assert_eq!(connect_to("none").await, None);
}

#[tokio::test]
async fn auth_without_carrier_is_left_as_it_is() {
    let observed = Observed::new(SocketTelemetry::new());
    let connect = traced_connect(
        observed.settings.clone(),
        async |socket: SocketRef, TryData(auth): TryData<Value>| {
            socket.emit("auth", &auth.ok()).ok();
        },
    );
    let server = observed.serve(connect).await;
    for auth in [
        json!({"a": {"_trace": 1}}),
        json!({}),
        json!([1]),
        json!("text"),
    ] {
        let mut client = Client::open(server.port, "/").await;
        client.join(&auth).await;
        client.packet().await;
        assert_eq!(client.event().await, json!(["auth", auth]));
    }
}

#[tokio::test]
async fn a_refused_carrier_in_auth_is_named_and_hidden() {
    let server = serve(|_| {}).await;
    let auth = json!({"_trace": {"b3": "nonsense", "accept": ["trailing"]}});
    let mut client = Client::connect(server.port, "/", &auth).await;
    client.is_quiet().await;
    let span = server.spans.named("connect /").await;
    assert_eq!(
        span.attribute("aether.propagation.error").as_deref(),
        Some("bad_trace_id")
    );
    assert_eq!(span.parent(), "0000000000000000");
}

#[tokio::test]
async fn the_applications_disconnect_handler_runs_and_connections_are_counted() {
    let observed = Observed::new(SocketTelemetry::new());
    let (send, mut reasons) = mpsc::unbounded_channel();
    let connect = traced_connect(observed.settings.clone(), async move |socket: SocketRef| {
        let send = send.clone();
        socket.on_disconnect(traced_disconnect(
            async move |socket: SocketRef, reason: DisconnectReason| {
                send.send((socket.id, reason)).ok();
            },
        ));
    });
    let server = observed.serve(connect).await;
    let first = Client::connect(server.port, "/", &json!({})).await;
    let mut second = Client::connect(server.port, "/", &json!({})).await;
    server.spans.several("connect /", 2).await;
    assert_eq!(server.metric("socketio.connections"), 2);
    first.close().await;
    assert!(reasons.recv().await.is_some());
    assert_eq!(server.metric("socketio.connections"), 1);
    second.send("41".to_owned()).await;
    let (_, reason) = reasons.recv().await.unwrap();
    assert_eq!(reason, DisconnectReason::ClientNSDisconnect);
    assert_eq!(server.metric("socketio.connections"), 0);
}

#[tokio::test]
async fn a_disconnect_handler_runs_in_a_span_of_the_connections_trace() {
    async fn end(how: &'static str) -> (Server, SpanData) {
        let observed = Observed::new(SocketTelemetry::new());
        let ends = async move |io: SocketIo, reason: DisconnectReason| {
            io.traced().emit("gone", &reason.to_string()).await.ok();
            assert_ne!(how, "panic");
            if how == "error" { Err("no") } else { Ok(()) }
        };
        let connect = traced_connect(observed.settings.clone(), async move |socket: SocketRef| {
            if how == "refused" {
                // Nobody has put one there.
                socket.on_disconnect(traced_disconnect(async |_: Extension<u8>| {}));
            } else {
                socket.on_disconnect(traced_disconnect(ends));
            }
        });
        let server = observed.serve(connect).await;
        let mut client = Client::plain(server.port).await;
        client.send("41".to_owned()).await;
        let span = server.spans.named("process disconnect").await;
        // Whatever happened, the socket has left its namespace.
        until(|| server.io.sockets().is_empty()).await;
        (server, span)
    }
    let (server, span) = end("well").await;
    let connect = server.spans.named("connect /").await;
    assert_eq!(
        (span.trace(), span.parent()),
        (connect.trace(), connect.id())
    );
    assert_eq!(
        span.attribute("socketio.disconnect.reason").as_deref(),
        Some("client_disconnect")
    );
    for (how, error) in [
        ("well", None),
        ("error", Some("handler_error")),
        ("panic", Some("panic")),
        ("refused", Some("extractor_error")),
    ] {
        assert_eq!(end(how).await.1.error().as_deref(), error, "{how}");
    }
}

#[tokio::test]
async fn a_disconnect_handler_set_by_a_middleware_stays() {
    let observed = Observed::new(SocketTelemetry::new());
    let (send, mut gone) = mpsc::unbounded_channel();
    let connect = traced_connect(observed.settings.clone(), async || {}).with(
        async move |socket: SocketRef| {
            let send = send.clone();
            socket.on_disconnect(traced_disconnect(async move || {
                send.send(()).ok();
            }));
            Ok::<_, std::convert::Infallible>(())
        },
    );
    let server = observed.serve(connect).await;
    let client = Client::connect(server.port, "/", &json!({})).await;
    client.close().await;
    assert_eq!(gone.recv().await, Some(()));
}

#[tokio::test]
async fn a_replaced_disconnect_handler_leaves_the_count_right() {
    let observed = Observed::new(SocketTelemetry::new());
    let connect = traced_connect(observed.settings.clone(), async |socket: SocketRef| {
        socket.on_disconnect(async || {});
    });
    let server = observed.serve(connect).await;
    let client = Client::connect(server.port, "/", &json!({})).await;
    server.spans.named("connect /").await;
    assert_eq!(server.metric("socketio.connections"), 1);
    client.close().await;
    until(|| server.metric("socketio.connections") == 0).await;
}

#[tokio::test]
async fn namespaces_are_apart_and_can_have_a_template() {
    let observed = Observed::new(SocketTelemetry::new());
    let settings = observed.settings.clone().namespace_template("/room/{id}");
    let server = observed.serve(async || {}).await;
    let handler = traced_connect(settings, async |socket: SocketRef| {
        socket.on("hi", traced(async |ack: AckSender| ack.send("hello")));
    });
    server.io.dyn_ns("/room/{id}", handler).unwrap();
    let auth = json!({"_trace": {"accept": ["trailing"]}});
    let mut client = Client::connect(server.port, "/room/4711", &auth).await;
    assert_eq!(
        client.event().await,
        json!(["_trace:ready", {"carrier": "trailing"}])
    );
    assert_eq!(client.call(json!(["hi"])).await, json!(["hello"]));
    server.spans.named("connect /room/{id}").await;
    let span = server.spans.named("process hi").await;
    assert_eq!(
        span.attribute("socketio.namespace").as_deref(),
        Some("/room/{id}")
    );
}
