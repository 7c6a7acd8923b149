//! Which requests are left alone.

use std::fmt;
use std::sync::Arc;

use axum::extract::MatchedPath;
use http::{Method, Request, Uri};

/// Paths that make no spans unless set otherwise: what telemetry itself asks for, Socket.IO's
/// transport (polls and upgrades: its connections and events have spans of their own), the files
/// of a page, and questions after a server's health.
///
/// One that ends with `/` stands for everything below it; any other for itself and everything
/// below: `/health` covers `/health/live` and not `/healthy`.
pub const DEFAULT_EXCLUDED: &[&str] = &[
    "/socket.io/",
    "/v1/traces",
    "/v1/metrics",
    "/v1/logs",
    "/v1/config",
    "/jaeger/api/",
    "/assets/",
    "/health",
    "/healthz",
    "/livez",
    "/readyz",
];

/// Files of a page by the end of their name. They count where a GET or HEAD request matched none
/// of the app's own routes.
pub const DEFAULT_EXCLUDED_EXTENSIONS: &[&str] = &[
    "avif",
    "css",
    "gif",
    "ico",
    "jpeg",
    "jpg",
    "js",
    "map",
    "mjs",
    "otf",
    "png",
    "svg",
    "ttf",
    "wasm",
    "webmanifest",
    "webp",
    "woff",
    "woff2",
];

type Predicate = Arc<dyn Fn(&Method, &Uri) -> bool + Send + Sync>;

#[derive(Clone)]
pub(super) struct Excluded {
    pub(super) paths: Vec<Box<str>>,
    pub(super) extensions: Vec<Box<str>>,
    pub(super) predicates: Vec<Predicate>,
}

impl Default for Excluded {
    fn default() -> Self {
        let boxed = |list: &[&str]| list.iter().map(|&one| one.into()).collect();
        Self {
            paths: boxed(DEFAULT_EXCLUDED),
            extensions: boxed(DEFAULT_EXCLUDED_EXTENSIONS),
            predicates: Vec::new(),
        }
    }
}

impl Excluded {
    pub(super) fn covers<B>(&self, request: &Request<B>) -> bool {
        let path = request.uri().path();
        self.paths.iter().any(|excluded| is_below(path, excluded))
            || (self.is_file(path) && may_be_file(request))
            || self
                .predicates
                .iter()
                .any(|covers| covers(request.method(), request.uri()))
    }

    fn is_file(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or_default();
        let Some((_, extension)) = name.rsplit_once('.') else {
            return false;
        };
        self.extensions
            .iter()
            .any(|one| extension.eq_ignore_ascii_case(one))
    }
}

fn may_be_file<B>(request: &Request<B>) -> bool {
    matches!(*request.method(), Method::GET | Method::HEAD)
        && request.extensions().get::<MatchedPath>().is_none()
}

fn is_below(path: &str, excluded: &str) -> bool {
    let Some(rest) = path.strip_prefix(excluded) else {
        return false;
    };
    excluded.ends_with('/') || rest.is_empty() || rest.starts_with('/')
}

impl fmt::Debug for Excluded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Excluded")
            .field("paths", &self.paths)
            .field("extensions", &self.extensions)
            .field("predicates", &self.predicates.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(excluded: &Excluded, method: Method, path: &str) -> bool {
        let request = Request::builder().method(method).uri(path);
        excluded.covers(&request.body(()).unwrap())
    }

    #[test]
    fn paths_files_and_predicates() {
        let mut excluded = Excluded::default();
        for (path, expected) in [
            ("/health", true),
            ("/health/live", true),
            ("/healthy", false),
            ("/socket.io/?EIO=4&transport=polling", true),
            ("/socket.iox", false),
            ("/v1/traces", true),
            ("/v1/tracesque", false),
            ("/index.JS", true),
            ("/favicon.ico", true),
            ("/a.js/b", false),
            ("/api/report", false),
            ("/", false),
        ] {
            assert_eq!(covers(&excluded, Method::GET, path), expected, "{path}");
        }
        assert!(!covers(&excluded, Method::POST, "/upload.js"));
        excluded.predicates.push(Arc::new(|method, uri| {
            *method == Method::OPTIONS || uri.path().ends_with("/ping")
        }));
        assert!(covers(&excluded, Method::OPTIONS, "/api"));
        assert!(covers(&excluded, Method::GET, "/a/ping"));
        assert!(!covers(&excluded, Method::GET, "/api"));
    }
}
