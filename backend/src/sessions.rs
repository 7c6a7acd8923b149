//! How many pages may be connected at a time.
//!
//! A Socket.IO session costs memory and, where it holds a WebSocket, an open file, for as long as it
//! lasts. Who has the token may open any number of them, by mistake too: a page that reloads itself,
//! a client that connects in a loop. Above the bound a handshake is answered 503; clients come again
//! by themselves.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, RETRY_AFTER};
use http::{StatusCode, Uri};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Where Socket.IO is served.
const PATH: &str = "/socket.io";

/// When a client that was refused is to come again, in seconds.
const COME_AGAIN: &str = "5";

/// Room for so many sessions.
#[derive(Debug, Clone)]
pub(crate) struct Sessions(Arc<Semaphore>);

/// A session's place. It lies in the head of the handshake, which Engine.IO keeps as long as the session lasts.
#[derive(Debug, Clone)]
struct Place {
    _held: Arc<OwnedSemaphorePermit>,
}

impl Sessions {
    pub(crate) fn new(most: u16) -> Self {
        Self(Arc::new(Semaphore::new(usize::from(most))))
    }
}

/// The middleware in front of Socket.IO.
pub(crate) async fn middleware(
    State(sessions): State<Sessions>,
    mut request: Request,
    next: Next,
) -> Response {
    if opens_session(request.uri()) {
        let Ok(held) = sessions.0.try_acquire_owned() else {
            tracing::debug!("a connection was refused: there are as many as there may be");
            return refusal();
        };
        let _held = Arc::new(held);
        request.extensions_mut().insert(Place { _held });
    }
    next.run(request).await
}

/// Requests of a session that is open name it.
fn opens_session(uri: &Uri) -> bool {
    let rest = uri.path().strip_prefix(PATH);
    let here = rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let mut query = uri.query().unwrap_or_default().split('&');
    here && !query.any(|pair| pair.starts_with("sid="))
}

fn refusal() -> Response {
    let body = serde_json::json!({
        "error": "too-many-connections",
        "message": "as many pages are connected as may be; close some, or raise AETHERTERM_MAX_CONNECTIONS"
    });
    let headers = [(RETRY_AFTER, COME_AGAIN), (CACHE_CONTROL, "no-store")];
    (StatusCode::SERVICE_UNAVAILABLE, headers, Json(body)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handshakes_are_known() {
        for (uri, opens) in [
            ("/socket.io/?EIO=4&transport=polling", true),
            ("/socket.io/?EIO=4&transport=websocket&t=1", true),
            ("/socket.io", true),
            ("/socket.io/?EIO=4&transport=websocket&sid=a", false),
            ("/socket.io/?sid=&EIO=4", false),
            ("/socket.iox/?EIO=4", false),
            ("/api/health", false),
        ] {
            assert_eq!(opens_session(&uri.parse().unwrap()), opens, "{uri}");
        }
    }
}
