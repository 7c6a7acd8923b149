//! The intake as an HTTP client, which is how the SDK's exporters reach it.

use std::future::Future;
use std::io::Read;
use std::pin::Pin;
use std::sync::Weak;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use opentelemetry_http::{HttpClient, HttpError};

use super::{Batch, Delivery, Intake, Source, Ticket};
use crate::Signal;
use crate::otlp::limit::Limit;

/// Hands what an exporter of the SDK would send to the intake.
///
/// The SDK polls the future on threads of its own, outside any runtime: what is left to wait for is
/// the disk, where queues are durable, and that needs none. The reference is weak, because global providers outlive us.
#[derive(Debug)]
pub(crate) struct IntakeClient {
    pub(crate) signal: Signal,
    /// What the SDK does not limit by itself.
    pub(crate) limit: Option<Limit>,
    pub(crate) delivery: Weak<Delivery>,
}

impl IntakeClient {
    fn take(&self, request: Request<Bytes>) -> Result<Ticket, HttpError> {
        let delivery = self
            .delivery
            .upgrade()
            .ok_or("telemetry was shut down; the batch is lost")?;
        let encoding = request.headers().get(header::CONTENT_ENCODING);
        let body = match encoding.map(header::HeaderValue::as_bytes) {
            None => request.into_body(),
            // The exporter compresses when OTEL_EXPORTER_OTLP_COMPRESSION says so; what happens
            // on the wire is decided per destination.
            Some(b"gzip") => {
                let mut plain = Vec::new();
                flate2::read::GzDecoder::new(&request.body()[..]).read_to_end(&mut plain)?;
                plain.into()
            }
            Some(_) => return Err("the exporter used an unknown compression".into()),
        };
        let body = match self.limit {
            Some(limit) => limit.apply(&body)?.into(),
            None => body,
        };
        let items = Delivery::items(self.signal, &body).ok_or("the exporter made no protobuf")?;
        let batch = Batch {
            signal: self.signal,
            source: Source::Own,
            items,
            body,
        };
        Ok(delivery.intake(&batch, None))
    }
}

impl HttpClient for IntakeClient {
    fn send_bytes<'client, 'answer>(
        &'client self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'answer>>
    where
        'client: 'answer,
        Self: 'answer,
    {
        let ticket = self.take(request);
        Box::pin(async move {
            let status = match ticket?.settled().await {
                // No destination is counted already and no reason to complain every few seconds.
                Intake::Accepted | Intake::NoDestination => StatusCode::OK,
                Intake::Full | Intake::NotWritten(_) => StatusCode::SERVICE_UNAVAILABLE,
            };
            let mut response = Response::new(Bytes::new());
            *response.status_mut() = status;
            Ok(response)
        })
    }
}
