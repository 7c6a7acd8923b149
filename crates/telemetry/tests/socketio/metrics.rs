//! Names, units and attributes of what is measured.

use aether_telemetry::socketio::{SocketTelemetry, TracedEmit, traced};
use serde_json::json;
use socketioxide::extract::{AckSender, SocketRef};

use crate::client::Client;
use crate::server::{Point, serve_with};

fn point(count: i64, attributes: &[(&str, &str)]) -> Point {
    let attributes = attributes
        .iter()
        .chain(&[("messaging.system", "socketio")])
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
    (attributes.collect(), count)
}

#[tokio::test]
async fn what_happens_is_measured() {
    let settings = SocketTelemetry::new()
        .namespace_template("/t")
        .new_traces_per_second(5);
    let server = serve_with(settings, |socket| {
        socket.on("fail", traced(async || Err::<(), _>("always")));
        socket.on("panic", traced(async || panic!("on request")));
        socket.on(
            "refuse",
            traced(async |_: socketioxide::extract::Extension<u8>| {}),
        );
        socket.on(
            "ask",
            traced(async |socket: SocketRef, ack: AckSender| {
                let emit = socket.traced().timeout(std::time::Duration::from_millis(5));
                let answer = emit.emit_with_ack::<_, ()>("question", &());
                answer.map_err(|error| error.to_string())?.await.ok();
                ack.send(&()).map_err(|error| error.to_string())
            }),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    for event in ["fail", "panic", "refuse"] {
        client.emit(json!([event])).await;
    }
    client.send("427[\"ask\"]".to_owned()).await;
    client.packet().await;
    assert_eq!(client.packet().await.head, "37");
    crate::spans::until(|| server.metric("messaging.process.duration") == 4).await;

    let process = |event, error: Option<&'static str>| {
        let mut attributes = vec![
            ("messaging.operation.name", "process"),
            ("messaging.destination.name", event),
            ("socketio.context", "none"),
        ];
        attributes.extend(error.map(|error| ("error.type", error)));
        point(1, &attributes)
    };
    let mut expected = vec![
        process("ask", None),
        process("fail", Some("handler_error")),
        process("panic", Some("panic")),
        process("refuse", Some("extractor_error")),
    ];
    expected.sort();
    assert_eq!(
        server.points("messaging.process.duration"),
        ("s".to_owned(), expected)
    );
    assert_eq!(
        server.points("messaging.client.operation.duration"),
        (
            "s".to_owned(),
            vec![point(
                1,
                &[
                    ("messaging.operation.name", "send"),
                    ("messaging.destination.name", "question"),
                    ("error.type", "timeout"),
                ]
            )]
        )
    );
    assert_eq!(
        server.points("socketio.connections"),
        (
            "{connection}".to_owned(),
            vec![point(1, &[("socketio.namespace", "/t")])]
        )
    );

    for _ in 0..50 {
        client.call(json!(["echo", "quick"])).await;
    }
    let (unit, points) = server.points("aether.socketio.unsampled_traces");
    assert_eq!(unit, "{trace}");
    let [(attributes, count)] = points.as_slice() else {
        panic!("{points:?}")
    };
    assert!((1..=45).contains(count), "{count}");
    let (expected, _) = point(
        0,
        &[
            ("messaging.destination.name", "echo"),
            ("reason", "rate_limit"),
        ],
    );
    assert_eq!(attributes, &expected);
}
