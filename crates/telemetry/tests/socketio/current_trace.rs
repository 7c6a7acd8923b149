//! What a handler starts elsewhere belongs to its trace.

use aether_telemetry::socketio::{RequestContext, TracedEmit, traced};
use aether_telemetry::{InCurrentTrace, in_current_trace};
use opentelemetry::trace::TracerProvider;
use serde_json::json;
use socketioxide::extract::SocketRef;
use tokio::sync::mpsc;
use tracing_subscriber::layer::SubscriberExt;

use crate::client::Client;
use crate::server::{Server, serve};
use crate::spans::{Facts, Remote};

/// Spans made with `tracing` on this thread go where the server's go.
fn subscribe(server: &Server) -> tracing::subscriber::DefaultGuard {
    let layer = tracing_opentelemetry::layer().with_tracer(server.provider.tracer("tracing"));
    tracing::subscriber::set_default(tracing_subscriber::registry().with(layer))
}

#[tokio::test]
async fn spawned_tasks_in_spawned_tasks_belong_to_the_handler() {
    let server = serve(|socket| {
        socket.on(
            "go",
            traced(async |socket: SocketRef| {
                let inner = async move {
                    tokio::task::yield_now().await;
                    tracing::info_span!("inner").in_scope(|| tracing::info!("inside"));
                    assert!(RequestContext::current().is_some());
                    socket.traced().emit("went", &()).ok();
                };
                let outer = async move {
                    let span = tracing::info_span!("outer").entered();
                    tokio::spawn(inner.in_current_trace());
                    drop(span);
                };
                tokio::spawn(outer.in_current_trace());
                tokio::spawn(async { tracing::info_span!("stranger").in_scope(|| {}) });
            }),
        );
    })
    .await;
    let _guard = subscribe(&server);
    let mut client = Client::traced(server.port).await;
    let remote = Remote::new(1);
    client
        .emit(json!(["go", {"_trace": {"b3": remote.b3()}}]))
        .await;
    let event = client.event().await;
    let process = server.spans.named("process go").await;
    let outer = server.spans.named("outer").await;
    let inner = server.spans.named("inner").await;
    let send = server.spans.named("send went").await;
    assert_eq!(outer.parent(), process.id());
    assert_eq!((inner.parent(), inner.trace()), (outer.id(), remote.trace));
    assert_eq!(send.parent(), outer.id());
    let carrier = json!({"_trace": {"b3": send.b3(), "re": remote.span}});
    assert_eq!(event, json!(["went", null, carrier]));
    let stranger = server.spans.named("stranger").await;
    assert_ne!(stranger.trace(), process.trace());
}

#[tokio::test]
async fn blocking_work_and_callbacks_belong_to_the_handler() {
    let server = serve(|socket| {
        socket.on(
            "go",
            traced(async |socket: SocketRef| {
                let work = in_current_trace(move || socket.traced().emit("went", &()).is_ok());
                assert!(tokio::task::spawn_blocking(work).await.unwrap());
            }),
        );
    })
    .await;
    let mut client = Client::plain(server.port).await;
    client.emit(json!(["go"])).await;
    let process = server.spans.named("process go").await;
    let send = server.spans.named("send went").await;
    assert_eq!(process.error(), None);
    assert_eq!(
        (send.trace(), send.parent()),
        (process.trace(), process.id())
    );
}

#[tokio::test]
async fn a_request_that_was_handed_on_takes_work_into_its_trace() {
    let (jobs, mut queue) = mpsc::unbounded_channel::<RequestContext>();
    let server = serve(|_| {}).await;
    let mut client = Client::traced(server.port).await;
    let socket = server.io.sockets().remove(0);
    socket.on(
        "go",
        traced(async move || {
            jobs.send(RequestContext::current().unwrap())
                .map_err(|e| e.to_string())
        }),
    );
    let remote = Remote::new(1);
    client
        .emit(json!(["go", {"_trace": {"b3": remote.b3()}}]))
        .await;
    let request = queue.recv().await.unwrap();
    let process = server.spans.named("process go").await;
    let work = async { socket.traced().emit("went", &()) };
    request.scope(work).await.unwrap();
    let send = server.spans.named("send went").await;
    assert_eq!(send.parent(), process.id());
    assert_eq!(client.event().await[2]["_trace"]["re"], json!(remote.span));
    assert!(RequestContext::current().is_none());
}
