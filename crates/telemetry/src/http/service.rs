//! The service around each request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, Request, Response};
use http_body::Body;
use opentelemetry::trace::FutureExt;
use tower::Service;

use super::body::{RequestBody, ResponseBody};
use super::exchange::Exchange;
use super::layer::Shared;

/// A service in the [layer](super::layer).
#[derive(Clone)]
pub struct HttpService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> HttpService<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, B, R> Service<Request<B>> for HttpService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>>,
    S::Future: Send + 'static,
    R: Body,
{
    type Response = Response<ResponseBody<R>>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.shared.settings.excluded.covers(&request) {
            let request = request.map(|body| RequestBody::new(body, None));
            let future = self.inner.call(request);
            return Box::pin(async { Ok(future.await?.map(ResponseBody::unobserved)) });
        }
        let mut exchange = Exchange::start(&self.shared, &request);
        let context = exchange.context().clone();
        let method = request.method().clone();
        let request = request.map(|body| RequestBody::new(body, Some(exchange.read())));
        let future = {
            let _guard = context.clone().attach();
            self.inner.call(request)
        };
        let observed = async move {
            match future.await {
                Ok(response) => {
                    exchange.answered(response.status());
                    let promised = promised(response.headers());
                    Ok(response.map(|body| ResponseBody::new(body, exchange, &method, promised)))
                }
                Err(error) => {
                    exchange.finish(0, Some("service_error"));
                    Err(error)
                }
            }
        };
        Box::pin(observed.with_context(context))
    }
}

/// The length of a body as its response says it.
fn promised(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

impl<S> fmt::Debug for HttpService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").finish_non_exhaustive()
    }
}
