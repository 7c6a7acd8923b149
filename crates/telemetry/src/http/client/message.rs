//! Requests and responses, whoever's types they are.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Method, Request, Response, StatusCode, Uri, Version};

/// A request that [`client_layer`](super::client_layer) can trace: [`http::Request`] and
/// [`reqwest::Request`].
pub trait ClientRequest: sealed::Request {}

/// A response that [`client_layer`](super::client_layer) can trace: [`http::Response`] and
/// [`reqwest::Response`].
pub trait ClientResponse: sealed::Response {}

impl<T: sealed::Request> ClientRequest for T {}
impl<T: sealed::Response> ClientResponse for T {}

pub(super) mod sealed {
    use super::{HeaderMap, Method, StatusCode, Uri, Version};

    pub trait Request {
        fn method(&self) -> &Method;
        /// The absolute URL as far as the request tells.
        fn target(&self) -> Option<Uri>;
        fn headers_mut(&mut self) -> &mut HeaderMap;
    }

    pub trait Response {
        fn status(&self) -> StatusCode;
        fn version(&self) -> Version;
    }
}

impl<B> sealed::Request for Request<B> {
    fn method(&self) -> &Method {
        self.method()
    }

    fn target(&self) -> Option<Uri> {
        if self.uri().authority().is_some() {
            return Some(self.uri().clone());
        }
        // Low-level clients write the path alone to a connection that is there already.
        let host: Authority = self.headers().get(HOST)?.to_str().ok()?.parse().ok()?;
        let mut parts = self.uri().clone().into_parts();
        parts.authority = Some(host);
        parts.scheme.get_or_insert(Scheme::HTTP);
        Uri::from_parts(parts).ok()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

impl<B> sealed::Response for Response<B> {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn version(&self) -> Version {
        self.version()
    }
}

impl sealed::Request for reqwest::Request {
    fn method(&self) -> &Method {
        self.method()
    }

    fn target(&self) -> Option<Uri> {
        self.url().as_str().parse().ok()
    }

    fn headers_mut(&mut self) -> &mut HeaderMap {
        self.headers_mut()
    }
}

impl sealed::Response for reqwest::Response {
    fn status(&self) -> StatusCode {
        self.status()
    }

    fn version(&self) -> Version {
        self.version()
    }
}
