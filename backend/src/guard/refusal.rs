//! What the guard answers.

use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, LOCATION, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

/// Why a request is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// No `Host` header, several, or an unreadable one.
    NoHost,
    /// A host name that is not this server's.
    ForeignHost,
    /// The page behind the request has another origin.
    ForeignOrigin,
    /// The browser says that another site is behind the request.
    CrossSite,
    /// No token.
    NoToken,
    /// A token, but not this server's.
    WrongToken,
}

impl Refusal {
    /// For the log and for programs.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::NoHost => "no_host",
            Self::ForeignHost => "foreign_host",
            Self::ForeignOrigin => "foreign_origin",
            Self::CrossSite => "cross_site",
            Self::NoToken => "no_token",
            Self::WrongToken => "wrong_token",
        }
    }

    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::NoHost => StatusCode::BAD_REQUEST,
            Self::ForeignHost | Self::ForeignOrigin | Self::CrossSite => StatusCode::FORBIDDEN,
            Self::NoToken | Self::WrongToken => StatusCode::UNAUTHORIZED,
        }
    }

    /// For people: what is wrong and what to do.
    fn message(self) -> &'static str {
        match self {
            Self::NoHost => "The request must have one Host header.",
            Self::ForeignHost => {
                "This server is not known under this name. If it should be, add its address to \
                 AETHERTERM_PUBLIC_ORIGINS."
            }
            Self::ForeignOrigin => {
                "The request comes from a page of another origin. If that page is this server behind a proxy, add its \
                 origin to AETHERTERM_PUBLIC_ORIGINS."
            }
            Self::CrossSite => "The request comes from a page of another site.",
            Self::NoToken | Self::WrongToken => {
                "This needs the token. Open the address that aetherterm printed when it started (the line that begins \
                 with \"ready\"), or send it as Authorization: Bearer."
            }
        }
    }

    pub(crate) fn respond(self, html: bool) -> Response {
        let mut response = if html {
            let page = include_str!("refused.html").replace("{message}", &escape(self.message()));
            (self.status(), Html(page)).into_response()
        } else {
            let body = serde_json::json!({ "error": self.code(), "message": self.message() });
            (self.status(), axum::Json(body)).into_response()
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.status() == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// The way in for a person whose address had the token in it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// The cookie to set, if the token was right.
    pub(crate) cookie: Option<String>,
    /// Where to go on: the same address without the token.
    pub(crate) location: String,
    /// Go on by a page instead of a redirect.
    pub(crate) by_page: bool,
}

impl IntoResponse for Entry {
    fn into_response(self) -> Response {
        let mut response = if self.by_page {
            let page = include_str!("entered.html").replace("{location}", &escape(&self.location));
            Html(page).into_response()
        } else {
            let mut response = StatusCode::SEE_OTHER.into_response();
            match HeaderValue::try_from(self.location) {
                Ok(location) => response.headers_mut().insert(LOCATION, location),
                Err(_) => return StatusCode::BAD_REQUEST.into_response(),
            };
            response
        };
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if let Some(cookie) = self
            .cookie
            .and_then(|cookie| HeaderValue::try_from(cookie).ok())
        {
            headers.insert(SET_COOKIE, cookie);
        }
        response
    }
}

/// Escapes text for HTML, in attributes too.
pub(crate) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}
