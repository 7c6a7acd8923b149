//! The service around each request.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use http::{Request, Response};
use opentelemetry::trace::FutureExt;
use tower::Service;

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
    S: Service<Request<B>, Response = Response<R>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<R>, S::Error>> + Send>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        if self.shared.excludes(request.uri().path()) {
            return Box::pin(self.inner.call(request));
        }
        let exchange = Exchange::start(&self.shared, &request);
        let context = exchange.context().clone();
        let future = {
            let _guard = context.clone().attach();
            self.inner.call(request)
        };
        let observed = async move {
            let result = future.await;
            exchange.finish(result.as_ref().ok().map(Response::status));
            result
        };
        Box::pin(observed.with_context(context))
    }
}

impl<S> fmt::Debug for HttpService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpService").finish_non_exhaustive()
    }
}
