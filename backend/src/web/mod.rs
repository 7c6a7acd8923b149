//! The page: files of the built front end, and `index.html` for the addresses that the page itself understands.

mod headers;

use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use axum::Extension;
use axum::extract::{Request, State};
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use http::{HeaderValue, Method, StatusCode, Uri};
use tower::ServiceExt;
use tower_http::services::ServeDir;

pub(crate) use headers::{page_policy, security_headers};

use crate::guard::{CheckedHost, is_program_path};

/// Files whose names change with their content: a browser need never ask for them again.
const HASHED: &str = "/assets/";

/// Longest path of a file that is looked for, in bytes: what file systems allow for one name. Asking
/// them for a longer one is an error of theirs and would be told as one of ours.
const MAX_FILE_PATH: usize = 255;

/// Where the built page is looked for.
#[derive(Debug)]
pub(crate) struct Page {
    dirs: Vec<PathBuf>,
    found: OnceLock<PathBuf>,
}

impl Page {
    /// A page in the first of `dirs` that has an `index.html`. It may be built later.
    pub(crate) fn new(dirs: Vec<PathBuf>) -> Self {
        Self {
            dirs,
            found: OnceLock::new(),
        }
    }

    /// The folder of the built page.
    pub(crate) fn dir(&self) -> Option<&Path> {
        if self.found.get().is_none()
            && let Some(dir) = self
                .dirs
                .iter()
                .find(|dir| dir.join("index.html").is_file())
        {
            // Another request may have been faster, with the same answer.
            let _ = self.found.set(dir.clone());
        }
        self.found.get().map(PathBuf::as_path)
    }

    /// What a person sees when there is no page.
    fn missing(&self) -> Response {
        let looked: String = self
            .dirs
            .iter()
            .map(|dir| {
                format!(
                    "<li><code>{}</code></li>",
                    crate::guard::escape(&dir.display().to_string())
                )
            })
            .collect();
        let page = include_str!("missing.html").replace("{looked}", &looked);
        (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response()
    }
}

/// Serves everything that is not an API.
pub(crate) async fn serve(
    State(page): State<Arc<Page>>,
    Extension(host): Extension<CheckedHost>,
    mut request: Request,
) -> Response {
    let path = request.uri().path();
    if is_program_path(path) {
        let body = serde_json::json!({ "error": "not_found", "message": "there is nothing under this address" });
        return (StatusCode::NOT_FOUND, axum::Json(body)).into_response();
    }
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let Some(dir) = page.dir() else {
        return page.missing();
    };
    let cache = if path.starts_with(HASHED) {
        "private, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let wants_file = is_file(path);
    if wants_file && path.len() > MAX_FILE_PATH {
        let headers = [(CACHE_CONTROL, "no-store")];
        return (StatusCode::NOT_FOUND, headers).into_response();
    }
    if !wants_file {
        *request.uri_mut() = Uri::from_static("/index.html");
    }
    let files = ServeDir::new(dir)
        .append_index_html_on_directories(false)
        .precompressed_br()
        .precompressed_gzip();
    // `ServeDir` answers I/O errors with 500 itself and cannot fail.
    let mut response = files.oneshot(request).await.into_response();
    let good = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    let headers = response.headers_mut();
    headers.insert(
        CACHE_CONTROL,
        HeaderValue::from_static(if good { cache } else { "no-store" }),
    );
    if let Ok(policy) = HeaderValue::try_from(page_policy(&host.0)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Whether a path names a file and not one of the page's own addresses, which have no dot in their last part.
fn is_file(path: &str) -> bool {
    path.starts_with(HASHED)
        || path
            .rsplit('/')
            .next()
            .is_some_and(|name| name.contains('.'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_addresses() {
        for file in [
            "/favicon.svg",
            "/assets/index-B3x.js",
            "/assets/none",
            "/deep/er/x.wasm",
            "/index.html",
        ] {
            assert!(is_file(file), "{file}");
        }
        for address in [
            "/",
            "/traces",
            "/traces/0af7651916cd43dd8448eb211c80319c",
            "/monitor",
            "/v1.2/monitor",
        ] {
            assert!(!is_file(address), "{address}");
        }
    }

    #[test]
    fn a_page_that_is_built_later_is_found() {
        let dir = std::env::temp_dir().join(format!("aetherterm-page-{}", std::process::id()));
        let page = Page::new(vec!["/no/such/folder".into(), dir.clone()]);
        assert_eq!(page.dir(), None);
        std::fs::create_dir_all(&dir).unwrap();
        std::fs::write(dir.join("index.html"), "<!doctype html>").unwrap();
        assert_eq!(page.dir(), Some(dir.as_path()));
        std::fs::remove_dir_all(&dir).unwrap();
    }
}
