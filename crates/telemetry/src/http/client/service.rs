//! The client in its layer.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll};

use opentelemetry::trace::FutureExt;
use tower::Service;

use super::call::Call;
use super::describe::error_type;
use super::layer::Shared;
use super::message::{ClientRequest, ClientResponse};

/// A client in the layer of [`client_layer`](super::client_layer).
#[derive(Clone)]
pub struct HttpClientService<S> {
    inner: S,
    shared: Arc<Shared>,
}

impl<S> HttpClientService<S> {
    pub(super) fn new(inner: S, shared: Arc<Shared>) -> Self {
        Self { inner, shared }
    }
}

impl<S, Q> Service<Q> for HttpClientService<S>
where
    Q: ClientRequest,
    S: Service<Q>,
    S::Response: ClientResponse,
    S::Error: 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, task: &mut Task<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Q) -> Self::Future {
        let call = Call::start(&self.shared, &mut request);
        let context = call.context().clone();
        let future = {
            let _guard = context.clone().attach();
            self.inner.call(request)
        };
        let observed = async move {
            let result = future.await;
            match &result {
                Ok(response) => call.answered(response),
                Err(error) => call.failed(error_type(error)),
            }
            result
        };
        Box::pin(observed.with_context(context))
    }
}

impl<S> fmt::Debug for HttpClientService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientService").finish_non_exhaustive()
    }
}
