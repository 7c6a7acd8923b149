//! The two kinds of load.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::Serialize;

use super::blast::Blaster;
use super::generator;
use super::options::Options;
use crate::Outcome;

/// What is put on a relay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Load {
    /// The Collector project's own generator, with its default of 100 spans in a request.
    Telemetrygen,
    /// Requests of so many spans, made here.
    Blast(u32),
}

impl FromStr for Load {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "telemetrygen" {
            return Ok(Self::Telemetrygen);
        }
        let spans = text.strip_prefix("blast:").and_then(|n| n.parse().ok());
        let spans = spans.filter(|spans| (1..=5_000).contains(spans));
        spans.map(Self::Blast).ok_or_else(|| {
            format!(
                "`{text}` is no load: telemetrygen, or blast:N with 1 to 5000 spans in a request"
            )
        })
    }
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Telemetrygen => f.write_str("telemetrygen"),
            Self::Blast(spans) => write!(f, "blast:{spans}"),
        }
    }
}

impl Load {
    /// For the table.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Telemetrygen => "telemetrygen, 100 spans".to_owned(),
            Self::Blast(spans) => format!("own, {spans} spans"),
        }
    }
}

/// What a load came to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Seen {
    /// Spans that were acknowledged; with telemetrygen, those it made.
    pub(crate) spans: u64,
    /// Their ids, added up; `None` where nobody knows them.
    pub(crate) ids: Option<u64>,
    /// Requests that were refused or not answered.
    pub(crate) refused: u64,
    /// From sending a request to its answer, in milliseconds; empty where nobody has measured it.
    pub(crate) latencies_ms: Vec<f64>,
}

/// A load made ready for one relay.
#[derive(Debug)]
pub(crate) enum Sender<'o> {
    Telemetrygen(&'o Options, u16),
    Blast(Box<Blaster>),
}

impl<'o> Sender<'o> {
    pub(crate) fn new(load: Load, port: u16, options: &'o Options) -> Self {
        match load {
            Load::Telemetrygen => Self::Telemetrygen(options, port),
            Load::Blast(spans) => {
                let (connections, rate) = (options.connections, options.rate);
                Self::Blast(Box::new(Blaster::new(port, spans, connections, rate)))
            }
        }
    }

    /// Sends for so long and waits for every answer.
    pub(crate) async fn phase(&mut self, length: Duration) -> Outcome<Seen> {
        match self {
            Self::Telemetrygen(options, port) => generator::run(options, *port, length).await,
            Self::Blast(blaster) => blaster.run(length).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loads_are_written_as_they_are_read() {
        for load in [Load::Telemetrygen, Load::Blast(512)] {
            assert_eq!(load.to_string().parse(), Ok(load));
        }
        for wrong in ["", "blast", "blast:0", "blast:many", "blast:99999"] {
            assert!(wrong.parse::<Load>().unwrap_err().contains("no load"));
        }
    }
}
