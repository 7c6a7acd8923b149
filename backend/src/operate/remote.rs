//! The API of a server that runs, as a client sees it.

use std::time::Duration;

use clap::Args;
use reqwest::header::{ACCEPT, CONTENT_TYPE, ETAG, IF_MATCH};
use reqwest::{Client, Method, StatusCode, Url};
use serde_json::Value;

use crate::guard::Token;
use crate::settings::TokenParser;

/// Longest wait for an answer: a replay of many letters reads them all.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024 * 1024;

/// What the server answered: JSON, or null.
pub(super) type Answer = Result<Value, Failure>;

/// What is sent besides the path.
#[derive(Debug, Default)]
pub(super) struct Sent<'a> {
    pub(super) query: &'a [(&'a str, &'a str)],
    /// The state that a change was made from.
    pub(super) if_match: Option<&'a str>,
    /// A body with its type.
    pub(super) body: Option<(&'static str, String)>,
    /// The type that the answer is to have.
    pub(super) accept: Option<&'static str>,
}

/// An answer as it came.
#[derive(Debug)]
pub(super) struct Raw {
    pub(super) body: Vec<u8>,
    /// What the answer stands for, where it says so.
    pub(super) etag: Option<String>,
}

/// Which server is asked.
#[derive(Debug, Clone, Args)]
pub struct Server {
    /// Address of the server.
    #[arg(
        long,
        env = "AETHERTERM_SERVER",
        value_name = "URL",
        default_value = "http://127.0.0.1:57575"
    )]
    server: Url,

    /// The server's token. Other users of this machine can read flags: prefer the variable.
    #[arg(long = "aetherterm-token", alias = "token", env = "AETHERTERM_TOKEN", hide_env_values = true, value_name = "TEXT", value_parser = TokenParser)]
    token: Option<Token>,
}

/// Why something was not done.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) message: String,
    /// Whether the server knows this client and answered: the next request may work.
    pub(super) answered: bool,
}

impl Failure {
    fn unreachable(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            answered: false,
        }
    }
}

/// A server and the right to ask it.
#[derive(Debug)]
pub(super) struct Remote<'a> {
    client: Client,
    server: &'a Url,
    token: &'a Token,
}

impl Server {
    pub(super) fn connect(&self) -> Result<Remote<'_>, Failure> {
        if !matches!(self.server.scheme(), "http" | "https") {
            return Err(Failure::unreachable(format!(
                "{} is no address of a server; write http://host:port",
                self.server
            )));
        }
        let token = self.token.as_ref().ok_or_else(|| {
            Failure::unreachable(
                "set AETHERTERM_TOKEN to the server's token: it is in the address that the server printed at its start",
            )
        })?;
        // Fails where a provider has been chosen already, which is then used.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut client = Client::builder()
            .user_agent(concat!("aetherterm/", env!("CARGO_PKG_VERSION")))
            // A redirect would carry the token elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .timeout(PATIENCE);
        if self.server.scheme() == "http" {
            // The system's certificates need not exist then.
            client = client.tls_certs_only([]);
        }
        let client = client
            .build()
            .map_err(|error| Failure::unreachable(cause(&error)))?;
        Ok(Remote {
            client,
            server: &self.server,
            token,
        })
    }
}

impl Remote<'_> {
    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, query).await
    }

    pub(super) async fn post(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.ask(Method::POST, path, query).await
    }

    pub(super) async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, &[]).await
    }

    async fn ask(&self, method: Method, path: &str, query: &[(&str, &str)]) -> Answer {
        let sent = Sent {
            query,
            ..Sent::default()
        };
        self.send(method, path, sent).await
    }

    /// As [`Remote::raw`], with what JSON the answer is.
    pub(super) async fn send(&self, method: Method, path: &str, sent: Sent<'_>) -> Answer {
        let raw = self.raw(method, path, sent).await?;
        // Some answers have no body.
        Ok(serde_json::from_slice(&raw.body).unwrap_or_default())
    }

    pub(super) async fn raw(
        &self,
        method: Method,
        path: &str,
        sent: Sent<'_>,
    ) -> Result<Raw, Failure> {
        let mut url = self.server.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/api/telemetry/{path}"));
        url.query_pairs_mut().clear().extend_pairs(sent.query);
        let mut request = self.client.request(method, url);
        if let Some(marks) = sent.if_match {
            request = request.header(IF_MATCH, marks);
        }
        if let Some(accept) = sent.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some((kind, body)) = sent.body {
            request = request.header(CONTENT_TYPE, kind).body(body);
        }
        let response = request.bearer_auth(self.token.reveal()).send().await;
        let mut response = response.map_err(|error| self.broken(&error))?;
        let status = response.status();
        let etag = response.headers().get(ETAG);
        let etag = etag.and_then(|etag| etag.to_str().ok()).map(str::to_owned);
        let mut body = Vec::new();
        while let Some(part) = response
            .chunk()
            .await
            .map_err(|error| self.broken(&error))?
        {
            if body.len() + part.len() > MAX_ANSWER {
                return Err(Failure::unreachable(format!(
                    "{} answers with more than {MAX_ANSWER} bytes",
                    self.server
                )));
            }
            body.extend_from_slice(&part);
        }
        if status.is_success() {
            return Ok(Raw { body, etag });
        }
        let answer: Option<Value> = serde_json::from_slice(&body).ok();
        let detail = answer.as_ref().and_then(|answer| answer["detail"].as_str());
        Err(match detail {
            Some(detail) => Failure {
                message: detail.to_owned(),
                answered: true,
            },
            None if status == StatusCode::UNAUTHORIZED => Failure::unreachable(format!(
                "{} does not know this token; AETHERTERM_TOKEN has to be the one in the address that it printed at its start",
                self.server
            )),
            None => Failure::unreachable(format!(
                "{} answers {status}; is it an aetherterm server of this version?",
                self.server
            )),
        })
    }

    fn broken(&self, error: &reqwest::Error) -> Failure {
        Failure::unreachable(format!(
            "{} does not answer: {}; check that the server runs, and AETHERTERM_SERVER",
            self.server,
            cause(error)
        ))
    }
}

/// What is behind an error, without the address.
fn cause(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
